"""Which rules count: ``[tool.pivot.lint]`` in ``pyproject.toml``.

[tool.pivot.lint]
select = ["PVT"]                          # codes, or what they begin with; default: all
ignore = ["PVT402"]
per-file-ignores = { "notebooks/*" = ["PVT3"] }
"""

from __future__ import annotations

import tomllib
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

import msgspec

from pivot_core.errors import UsageError

if TYPE_CHECKING:
    from pathlib import Path


class LintConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename="kebab"):
    """The settings; those of a project are the same for the editor and the command line."""

    select: tuple[str, ...] = ("PVT",)
    ignore: tuple[str, ...] = ()
    per_file_ignores: dict[str, tuple[str, ...]] = {}

    def selects(self, code: str, path: str) -> bool:
        """Whether a rule counts in a file (by its logical path)."""
        ignored = list(self.ignore)
        for pattern, codes in self.per_file_ignores.items():
            if fnmatchcase(path, pattern):
                ignored += codes
        return code.startswith(self.select) and not code.startswith(tuple(ignored))


def load_config(root: Path) -> LintConfig:
    """The settings of the project at ``root``. Raises UsageError with the file and what is wrong in it."""
    file = root / "pyproject.toml"
    try:
        table = tomllib.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return LintConfig()
    except (OSError, ValueError) as error:  # TOML's and Unicode's errors are ValueErrors
        raise UsageError(f"{file}: can't be read: {error}") from error
    tool = table.get("tool")
    pivot = tool.get("pivot") if isinstance(tool, dict) else None
    settings = pivot.get("lint", {}) if isinstance(pivot, dict) else {}
    try:
        return msgspec.convert(settings, LintConfig)
    except msgspec.ValidationError as error:
        raise UsageError(f"{file}: [tool.pivot.lint]: {error}") from error
