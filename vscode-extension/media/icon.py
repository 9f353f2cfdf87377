"""Draws icon.png: three stages and what flows between them, one of them stale. `python media/icon.py`"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from matplotlib import image

SIZE, FINER = 256, 4
INK, LINE = np.array([24, 36, 56]), np.array([146, 164, 190])
FRESH, STALE = np.array([64, 201, 162]), np.array([255, 179, 71])


def main() -> None:
    span = (np.arange(SIZE * FINER) + 0.5) / FINER
    x, y = np.meshgrid(span, span)
    picture = np.zeros((*x.shape, 4))
    fill(picture, rounded(x, y), INK)
    for start in ((72, 72), (72, 184)):
        fill(picture, segment(x, y, start, (186, 128)) - 8, LINE)
    for centre, radius, colour in (
        ((72, 72), 30, FRESH),
        ((72, 184), 30, FRESH),
        ((186, 128), 38, STALE),
    ):
        distance = np.hypot(x - centre[0], y - centre[1])
        fill(picture, distance - radius - 9, INK)
        fill(picture, distance - radius, colour)
    fine = picture.reshape(SIZE, FINER, SIZE, FINER, 4).mean(axis=(1, 3))
    image.imsave(Path(__file__).with_name("icon.png"), fine / 255, metadata={"Software": None})


def fill(picture: np.ndarray, distance: np.ndarray, colour: np.ndarray) -> None:
    """Paint where the distance to the shape is negative."""
    picture[distance < 0] = (*colour, 255)


def rounded(x: np.ndarray, y: np.ndarray, radius: float = 56) -> np.ndarray:
    outside = [np.maximum(np.abs(axis - SIZE / 2) - SIZE / 2 + radius, 0) for axis in (x, y)]
    return np.hypot(*outside) - radius


def segment(x: np.ndarray, y: np.ndarray, start: tuple[int, int], end: tuple[int, int]) -> np.ndarray:
    along = np.array(end) - start
    share = np.clip(((x - start[0]) * along[0] + (y - start[1]) * along[1]) / (along @ along), 0, 1)
    return np.hypot(x - start[0] - share * along[0], y - start[1] - share * along[1])


if __name__ == "__main__":
    main()
