"""Which files outside of the project are somebody's data or code, of all that a stage opens there.

Nobody looks whether they change, so it is said when a stage reads one.
"""

from __future__ import annotations

import os
import sys
import sysconfig
import tempfile
from pathlib import Path
from typing import Final

_OF_THE_SYSTEM: Final = (
    *("/bin", "/dev", "/etc", "/lib", "/lib64", "/proc", "/run", "/sbin", "/snap", "/sys", "/usr", "/var"),
    *("/Applications", "/Library", "/System", "/private"),
)
_OF_PYTHON: Final = {sys.prefix, sys.base_prefix, sys.exec_prefix, *sysconfig.get_paths().values()}
_OF_OURS: Final = str(Path(__file__).parents[1])


class Foreign:
    """What counts for the project at ``root`` (with a separator at its end)."""

    def __init__(self, root: str) -> None:
        passed = [root, *_OF_THE_SYSTEM, *_OF_PYTHON, _OF_OURS]
        temporary = os.path.realpath(tempfile.gettempdir())
        if not root.startswith(temporary + os.sep):
            passed.append(temporary)
        self._passed = tuple(path.rstrip(os.sep) + os.sep for path in passed)

    def counts(self, full: str) -> bool:
        """Not what is nobody's in particular: of the system, of Python and its packages, in a hidden folder,
        or temporary."""
        return not full.startswith(self._passed) and "-packages/" not in full and "/." not in full

    def modules(self) -> dict[str, str]:
        """The files of top-level modules that were imported from there, by name."""
        found = {}
        for name, module in list(sys.modules.items()):
            file = getattr(module, "__file__", None) if "." not in name else None
            if isinstance(file, str) and self.counts(full := os.path.abspath(file)):  # noqa: PTH100
                found[name] = full
        return found
