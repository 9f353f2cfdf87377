"""A real Helix in a terminal, set up as the documentation says; see install.sh for where it comes from."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from conftest import Desk, Terminal

FETCHED = Path(__file__).with_name(".helix") / "hx"
HELIX = shutil.which("hx") or (str(FETCHED) if FETCHED.exists() else None)


@pytest.mark.skipif(HELIX is None, reason="no Helix here: tests/editors/install.sh gets one on Debian")
def test_a_person_sees_what_is_wrong_fixes_it_and_runs_the_stage(
    desk: Desk, terminal: Callable[..., Terminal], languages: str
) -> None:
    settings = desk.home / ".config" / "helix"
    settings.mkdir(parents=True)
    (settings / "languages.toml").write_text(languages)
    helix = terminal(HELIX, "stages.py")
    helix.until("● 1")
    helix.press("8", "g", "g", "f", '"', "l")
    helix.until("ends in /, which only a DirectoryOut does")
    helix.press("Space", "a")
    helix.until('write "loud.txt"')
    helix.press("Enter")
    helix.until('outputs.Out("loud.txt", loaders.Text())')
    helix.press(":", "w", "Enter")
    helix.until("'stages.py' written")
    assert 'outputs.Out("loud.txt", loaders.Text())' in desk.text("stages.py")

    helix.press("6", "g", "g", "w", "l")
    # When pipeline.py has been read again.
    helix.press_until("Run · never run", "Space", "a", back="Escape")
    helix.press("Enter")
    helix.until("Pivot: shout ran in ")
    assert desk.text("loud.txt") == "HELLO"
    helix.press("Space", "k")
    helix.until("shout · fresh")
    helix.press(":", "q", "Enter")
    helix.until_ended()
    assert not desk.has_servers()
