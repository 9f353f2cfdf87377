"""The values in a metrics file, by name: ``{"a": {"b": 1}}`` is ``a.b`` = 1."""

from __future__ import annotations

import csv
import json
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from pivot_core.errors import PivotError

if TYPE_CHECKING:
    from collections.abc import Iterator

Value = str | int | float | bool | None


class NotNumbers(PivotError):  # noqa: N818 - named for what it is
    """A file that no values can be read from."""


def read(path: str, data: bytes) -> dict[str, Value]:
    """The values in a file, by the kind that its suffix tells: YAML, CSV or TSV (the last row), else JSON.

    Raises NotNumbers.
    """
    suffix = PurePosixPath(path).suffix.lower()
    try:
        text = data.decode("utf-8-sig")
        if suffix in (".csv", ".tsv"):
            return _last_row(text, "\t" if suffix == ".tsv" else ",")
        return flatten(_yaml(text) if suffix in (".yaml", ".yml") else json.loads(text))
    except (ValueError, RecursionError, csv.Error) as error:
        raise NotNumbers(f"{path} can't be read as values: {error}") from error


def flatten(value: object) -> dict[str, Value]:
    """Nested mappings and lists as one mapping; a single value is named ``value``."""
    return dict(_flat("", value))


def _flat(name: str, value: object) -> Iterator[tuple[str, Value]]:
    items: Iterator[tuple[object, object]] | None = None
    if isinstance(value, dict):
        items = iter(value.items())
    elif isinstance(value, list):
        items = iter(enumerate(value))
    if items is None:
        known = value is None or isinstance(value, str | int | float | bool)
        yield name or "value", value if known else str(value)  # type: ignore[misc]  # known says so
        return
    for key, inner in items:
        yield from _flat(f"{name}.{key}" if name else f"{key}", inner)


def _last_row(text: str, delimiter: str) -> dict[str, Value]:
    rows = list(csv.DictReader(text.splitlines(), delimiter=delimiter))
    return {name: _number(cell) for name, cell in rows[-1].items() if name} if rows else {}


def _number(cell: str | None) -> Value:
    for kind in (int, float):
        try:
            return kind(cell or "")
        except ValueError:
            continue
    return cell


def _yaml(text: str) -> object:
    import yaml

    try:
        return yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise ValueError(str(error)) from error
