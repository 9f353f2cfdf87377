"""Where a project is, and where Pivot keeps its own files in it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from pivot_core.errors import UsageError
from pivot_core.store.network import state_folder

PIPELINE_MODULE = "pipeline"
PIPELINE_FILE, PARAMS_FILE = "pipeline.py", "params.yaml"

# Folders below the root that hold other people's code, or none.
_FOREIGN = frozenset({"site-packages", "dist-packages", "node_modules", "__pycache__"})


@dataclass(frozen=True)
class Project:
    """The layout of one project. ``root`` is absolute and resolved; ``start`` is where it was looked for
    from (None: the root): paths that a person types are relative to that."""

    root: Path
    start: Path | None = None

    @classmethod
    def find(cls, start: Path) -> Project:
        """The nearest folder upwards from ``start`` with ``.pivot/``, else with ``pipeline.py``.

        Raises UsageError where there is neither.
        """
        start = start.resolve()
        for marker in (".pivot", PIPELINE_FILE):
            for folder in (start, *start.parents):
                if (folder / marker).exists():
                    return cls(folder, start)
        raise UsageError(
            f"no pipeline here: neither {start} nor a folder above it has a .pivot/ folder or a pipeline.py\n"
            "    start one with: pivot-core init"
        )

    @cached_property
    def search_path(self) -> tuple[Path, ...]:
        """Folders that stage modules are imported from, first wins: the root, then ``src/``."""
        src = self.root / "src"
        return (self.root, src) if src.is_dir() else (self.root,)

    def is_own(self, path: Path) -> bool:
        """Whether an absolute path lies in the project and isn't foreign (``.venv/``, ``node_modules/``)."""
        try:
            parts = path.relative_to(self.root).parts
        except ValueError:
            return False
        folders = parts[:-1]
        if any(part in _FOREIGN or part.startswith(".") for part in folders):
            return False
        # A virtual environment may have any name.
        return not (folders and (self.root / folders[0] / "pyvenv.cfg").exists())

    def check_own(self) -> None:
        """Raises UsageError if a link has taken the place of what Pivot writes: it may have come with the
        project, and lead anywhere. (``.pivot`` and its cache may be links.)"""
        for path in (self.scratch, self.locks, self.replaced, self.claims):
            if path.is_symlink():
                raise UsageError(
                    f"{path.relative_to(self.root)} is a link, and Pivot would write wherever it leads\n"
                    "    remove it (.pivot itself may be a link, and .pivot/cache)"
                )

    @property
    def pipeline_file(self) -> Path:
        return self.root / PIPELINE_FILE

    @property
    def params_file(self) -> Path:
        return self.root / PARAMS_FILE

    @property
    def home(self) -> Path:
        return self.root / ".pivot"

    @property
    def locks(self) -> Path:
        return self.home / "stages"

    @property
    def cache(self) -> Path:
        return self.home / "cache"

    @cached_property
    def state(self) -> Path:
        """The state database; elsewhere if the project is on a network file system."""
        return state_folder(self.home) or self.home / "state.lmdb"

    @property
    def scratch(self) -> Path:
        """Half-made files, on the file system of the cache; nothing in it is ever read back."""
        return self.home / "tmp"

    @property
    def claims(self) -> Path:
        """What runs lock to share the work."""
        return self.scratch / "runs"

    @property
    def replaced(self) -> Path:
        """What stood in the place of an output and wasn't made by Pivot: moved here, never deleted."""
        return self.home / "replaced"

    @property
    def config_file(self) -> Path:
        return self.home / "config.yaml"
