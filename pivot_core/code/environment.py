"""Which environment variables code can read, from how their names are put together. Nothing is read here.

A name that the code spells out is told. One with a literal beginning is told as a pattern, ``APP_*``. Of any
other, the parts that can't be told may be any text of the code, as it is or in capitals: ``env("db_url")``
reads ``DB_URL`` somewhere below. A guess too many does no harm unless such a variable is set.
"""

# ruff: noqa: SIM905  # long lists of words read better as text
from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from typing import Final

ANY: Final = "*"  # the template of a name of which nothing can be told

_TOLD: Final = 2  # characters of a literal beginning that make a pattern
_SEPARATORS: Final = re.compile(r"[.\-]")

# Different in every session or on every machine: what a text has to spell out to mean one of them.
_SESSION: Final = frozenset(
    """
    COLUMNS CONTENT DISPLAY EDITOR HOME HOST HOSTNAME LANG LANGUAGE LINES LOGNAME MAIL OLDPWD PAGER PATH PS1
    PWD SESSION SHELL SHLVL TERM TMPDIR TMP TEMP USER USERNAME VIRTUAL_ENV
    """.split()
)


def composed(template: str, constant: Callable[[str], str]) -> str:
    """The name that a template of the summary gives, with ``*`` for what can't be told."""
    parts = template.split("\0")
    for place in range(1, len(parts), 2):
        parts[place] = (constant(parts[place]) if parts[place] else "") or ANY
    return re.sub(r"\*+", ANY, "".join(parts))


def is_told(name: str) -> bool:
    """Whether it is a name, or a pattern that begins with enough of one."""
    return ANY not in name or name.index(ANY) >= _TOLD


def guessed(templates: Iterable[str], candidates: Iterable[str]) -> Iterator[str]:
    """The names and patterns that texts of the code make of templates."""
    beginnings = set(_beginnings(candidates))
    for template in templates:
        for beginning in beginnings:
            yield template.replace(ANY, beginning, 1)


def _beginnings(candidates: Iterable[str]) -> Iterator[str]:
    for text in candidates:
        spelled = text.lstrip("${")
        capitals = _SEPARATORS.sub("_", spelled).upper()
        for name in (spelled, capitals):
            if name == spelled or name not in _SESSION:
                yield name + ANY if name.endswith("_") else name


def expanded(candidates: Iterable[str]) -> Iterator[str]:
    """What a shell puts in the place of ``$NAME`` or ``${NAME}``."""
    return (text.lstrip("${") for text in candidates if text[0] == "$")
