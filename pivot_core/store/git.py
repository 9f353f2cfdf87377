"""What the project's git repository says, asked of the ``git`` program. Nothing is changed in it."""

from __future__ import annotations

import subprocess
from pathlib import Path

from pivot_core.errors import UsageError


class Git:
    """The repository that ``root``, a project's folder, is in. Paths are the project's logical ones."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def commit(self, revision: str = "HEAD") -> str:
        """The commit that a revision means, whole. Raises UsageError if there is none, or no repository."""
        if revision.startswith("-"):
            raise UsageError(f"{revision!r} is no git revision")
        # (`^{commit}`: a tag of a commit means the commit, and a name that is a file means nothing.)
        found = self._call("rev-parse", "--verify", "--quiet", "--end-of-options", f"{revision}^{{commit}}")
        if found is None:
            self._require_repository()
            raise UsageError(
                f"git knows no revision {revision!r}\n    give a commit, a branch or a tag: see git log"
            )
        return found.decode().strip()

    def head(self) -> str | None:
        """The commit that is checked out; None without one, or without a repository or git."""
        try:
            return self.commit()
        except UsageError:
            return None

    def knows(self, revision: str) -> bool:
        """Whether a revision means a commit."""
        try:
            return bool(self.commit(revision))
        except UsageError:
            return False

    def heads(self) -> list[str]:
        """The commits at the head of every branch, tag and stash, and the one checked out; none without a
        repository. Raises UsageError if there is one that git doesn't read: it may be somebody else's."""
        if not any((folder / ".git").exists() for folder in (self._root, *self._root.parents)):
            return []
        listed = self._call("for-each-ref", "--format=%(objectname)^{commit}")
        if listed is None:
            raise UsageError(
                "git can't read the repository here, so what its branches refer to isn't known\n"
                "    see what git status says"
            )
        # Tags of things that are no commits are left out; entries of the stash are the commits of its log.
        asked = ["HEAD", *listed.decode().split()]
        stashed = self._call("reflog", "show", "--format=%H", "refs/stash", "--")
        found = [self._call("rev-parse", "--verify", "--quiet", name) for name in asked]
        commits = [commit.decode().strip() for commit in found if commit is not None]
        return list(dict.fromkeys([*commits, *(stashed or b"").decode().split()]))

    def branches_and_tags(self) -> list[str]:
        """The names of branches and tags; none without a repository, or without git."""
        try:
            listed = self._call("for-each-ref", "--format=%(refname:short)", "refs/heads", "refs/tags")
        except UsageError:
            return []
        return [] if listed is None else listed.decode(errors="replace").split()

    def is_there(self) -> bool:
        """Whether there is a repository, and git."""
        try:
            return self._call("rev-parse", "--git-dir") is not None
        except UsageError:
            return False

    def read(self, commit: str, path: str) -> bytes | None:
        """A file's content in a commit; None if it isn't in it."""
        return self._call("cat-file", "blob", f"{commit}:./{path}")

    def names(self, commit: str, folder: str) -> list[str]:
        """The names of the files in a folder, in a commit. Raises UsageError if git can't read that."""
        found = self._call("ls-tree", "--name-only", "-z", commit, f"./{folder}/")
        if found is None:
            raise _damaged(commit, folder)
        return [Path(name).name for name in found.decode("utf-8", "replace").split("\0") if name]

    def read_all(self, commit: str, folder: str) -> dict[str, bytes]:
        """All files in a folder (not below it), by name, in a commit: with one more process for all. Raises
        UsageError if git lacks one of them."""
        names = [name for name in self.names(commit, folder) if "\n" not in name]
        asked = "".join(f"{commit}:./{folder}/{name}\n" for name in names)
        answer = self._call("cat-file", "--batch", given=asked.encode()) or b""
        found: dict[str, bytes] = {}
        for name in names:
            head, _, answer = answer.partition(b"\n")  # "<object> blob <size>", or "<asked> missing"
            words = head.split()
            if words[-1:] in ([b"missing"], []):
                raise _damaged(commit, f"{folder}/{name}")
            if words[1] == b"blob":
                size = int(words[2])
                found[name], answer = answer[:size], answer[size + 1 :]
        return found

    def _require_repository(self) -> None:
        if not self.is_there():
            raise UsageError(
                f"{self._root} is in no git repository, so there is nothing to compare with\n"
                "    make one with: git init"
            )

    def _call(self, *words: str, given: bytes | None = None) -> bytes | None:
        """What git prints; None if it fails. Raises UsageError where there is no git."""
        try:
            done = subprocess.run(
                ["git", "-C", str(self._root), *words], input=given, capture_output=True, check=False
            )
        except FileNotFoundError:
            raise UsageError("git isn't installed, or not on the PATH") from None
        return done.stdout if done.returncode == 0 else None


def _damaged(commit: str, path: str) -> UsageError:
    return UsageError(f"git can't read {path} of {commit[:12]}\n    see what git fsck says")
