"""What links in a project lead to outside of it: the files and folders that a watcher has to look at, too."""

from __future__ import annotations

import os
from typing import NamedTuple

_FOLDERS_AT_MOST = 1_000  # below one link; a watcher of more would cost the system too much


class Beyond(NamedTuple):
    """Real paths outside the project, each with what the project calls it."""

    files: dict[str, str]
    folders: dict[str, str]

    @property
    def watched(self) -> set[str]:
        """The folders to watch: also those that linked files are in."""
        around = {os.path.dirname(path) for path in self.files}  # noqa: PTH120 - thousands of texts
        return {folder for folder in (*self.folders, *around) if os.path.isdir(folder)}  # noqa: PTH112

    def name(self, path: str) -> str | None:
        """What the project calls a real path; None if it isn't linked to."""
        folder, _, name = path.rpartition(os.sep)
        if folder in self.folders:
            return f"{self.folders[folder]}/{name}"
        return self.files.get(path)


def beyond(root: str, links: list[str]) -> Beyond:
    """Where links (absolute paths in the project) lead, as far as that is outside of the folder ``root``."""
    found = Beyond({}, {})
    for link in links:
        real, name = os.path.realpath(link), os.path.relpath(link, root)
        if real == root or real.startswith(root + os.sep) or root.startswith(real + os.sep):
            continue
        if not os.path.isdir(real):  # noqa: PTH112
            found.files[real] = name
            continue
        for number, (folder, below, _) in enumerate(os.walk(real)):
            if number == _FOLDERS_AT_MOST:
                break
            below[:] = [each for each in below if not each.startswith(".")]
            found.folders[folder] = f"{name}{folder[len(real) :]}"
    return found
