"""Looks for what is wrong around a project: its interpreter, its file system, its cache, records and state.

No code of the project is run. Each check says what it found and, if that isn't well, what to do.
"""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterable, Iterator
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import msgspec

from pivot_core.config import load_config
from pivot_core.engine import Engine
from pivot_core.errors import PivotError
from pivot_core.execute.failure import of_the_system
from pivot_core.store.atomic import is_scratch, scratch_path
from pivot_core.store.cache import ContentCache
from pivot_core.store.digests import is_digest
from pivot_core.store.garbage import SET_ASIDE
from pivot_core.store.links import Linker
from pivot_core.store.lock import Locks, UnreadableLock
from pivot_core.store.network import is_network, kind_of
from pivot_core.store.state import FILES, State

if TYPE_CHECKING:
    from pivot_core.project import Project

_LOW_BYTES = 2_000_000_000
_SAMPLE = 200  # objects of the cache whose content is read, unless all are
_SHOWN = 5  # names of what is told about
_IGNORED = ("cache/", "state.lmdb/", "tmp/", "replaced/")


class Finding(msgspec.Struct, frozen=True):
    """What one check found. ``hint``: what to do about it."""

    check: str
    level: Literal["ok", "warning", "error"]
    text: str
    hint: str = ""


def examine(project: Project, *, whole_cache: bool = False) -> Iterator[Finding]:
    """All checks. ``whole_cache``: read every object of the cache, instead of a sample."""
    yield _interpreter()
    yield from _settings(project)
    yield from _file_system(project)
    yield from _links(project)
    yield from _ignored(project)
    yield from _records(project)
    yield from _cache(project, whole_cache)
    yield _state(project)
    yield from _leftovers(project)


def _interpreter() -> Finding:
    found = ".".join(map(str, sys.version_info[:3]))
    return Finding("Python", "ok", f"{found} ({sys.executable}), pivot-core {version('pivot-core')}")


def _settings(project: Project) -> Iterator[Finding]:
    try:
        load_config(project)
    except PivotError as error:
        message, _, hint = str(error).partition("\n")
        yield Finding("settings", "error", message, hint.strip())
    if not project.pipeline_file.is_file():
        yield Finding("pipeline.py", "error", "there is none", "write one, or: pivot-core init")


def _file_system(project: Project) -> Iterator[Finding]:
    try:
        project.check_own()
    except PivotError as error:
        message, _, hint = str(error).partition("\n")
        yield Finding("file system", "error", message, hint.strip())
        return
    try:
        project.scratch.mkdir(parents=True, exist_ok=True)
        probe = scratch_path(project.scratch)
        probe.write_bytes(b"x")
    except OSError as error:
        yield Finding(
            "file system",
            "error",
            f"can't write in .pivot: {of_the_system(error, project.root)}",
            "runs need to: see whether the disk is full, and whether you may write there",
        )
        return
    try:
        yield from _abilities(project, probe)
    finally:
        probe.unlink(missing_ok=True)
    free = shutil.disk_usage(project.root).free
    if free < _LOW_BYTES:
        text = f"{free / 1e9:.1f} GB are free"
        yield Finding("disk", "warning", text, "pivot-core gc drops cache content that nothing refers to")
    else:
        yield Finding("disk", "ok", f"{free / 1e9:.0f} GB are free")


def _abilities(project: Project, probe: Path) -> Iterator[Finding]:
    other = scratch_path(project.scratch)
    method = Linker().place(probe, other, "reflink")
    other.unlink()
    text = "copies share their content (reflinks)" if method == "reflink" else "copies take room of their own"
    kind = kind_of(project.root)
    yield Finding("file system", "ok", f"{kind or 'unknown'}: {text}")
    if is_network(kind):
        hint = "have one run at a time, or keep the project on a local disk"
        yield Finding("file system", "warning", f"{kind} is a network file system: locks may not hold", hint)
    if Path(str(probe).swapcase()).exists():
        hint = "two outputs whose names differ in case only are one file here"
        yield Finding("file system", "warning", "it ignores case", hint)


def _links(project: Project) -> Iterator[Finding]:
    """Whether outputs can come from the cache in the way that the settings wish for."""
    try:
        wished = load_config(project).cache.mode
        if wished in ("auto", "copy"):
            return
        project.cache.mkdir(parents=True, exist_ok=True)
        here, there = scratch_path(project.cache), scratch_path(project.root)
        here.write_bytes(b"x")
        try:
            method = Linker().place(here, there, wished)
        finally:
            here.unlink()
            there.unlink(missing_ok=True)
    except (PivotError, OSError):
        return  # another check tells
    if method != wished:
        text = f"cache.mode is {wished}, which can't be from the cache to here: outputs come as copies"
        hint = "have .pivot/cache on the file system of the project, or set cache.mode to auto"
        yield Finding("settings", "warning", text, hint)


def _ignored(project: Project) -> Iterator[Finding]:
    ignore = project.home / ".gitignore"
    lines = ignore.read_text().split() if ignore.is_file() else []
    missing = [name for name in _IGNORED if name not in lines]
    if missing and any((parent / ".git").exists() for parent in (project.root, *project.root.parents)):
        text = f".pivot/.gitignore lacks {' '.join(missing)}"
        yield Finding("git", "warning", text, "add these lines, so that local files stay out of git")


def _records(project: Project) -> Iterator[Finding]:
    locks = Locks(project.locks)
    names = locks.names()
    wrong = 0
    for stage, lock in locks.read_all(names).items():
        if isinstance(lock, UnreadableLock):
            wrong += 1
            hint = "take one side of it with git, or remove it and run the stage"
            yield Finding("lock files", "error", f"{stage}: {lock.why}", hint)
    if not wrong:
        yield Finding("lock files", "ok", f"{len(names)} can be read")
    if of_none := _of_no_stage(project, names):
        shown = ", ".join(of_none[:_SHOWN]) + (", …" if len(of_none) > _SHOWN else "")
        text = f"{len(of_none)} of stages that pipeline.py doesn't have: {shown}"
        file = locks.path_of(of_none[0]).relative_to(project.root)
        rest = " and so on" if len(of_none) > 1 else ""
        hint = f"renamed or removed? then remove {file}{rest}: gc drops what only these refer to"
        yield Finding("lock files", "ok", text, hint)


def _of_no_stage(project: Project, names: Iterable[str]) -> list[str]:
    """Those of stages that there aren't (any more); none where the pipeline as it is now isn't known."""
    try:
        with Engine(project, readonly=True, load=False) as engine:
            stages = {spec.name for spec in engine.definition().stages}
    except PivotError:
        return []
    return sorted(set(names) - stages)


def _cache(project: Project, whole: bool) -> Iterator[Finding]:
    cache = ContentCache(project.cache, project.scratch)
    objects = sorted((cache.root / "files").glob("??/*"))
    digests = [path.parent.name + path.name for path in objects]
    step = 1 if whole else max(1, len(digests) // _SAMPLE)
    looked_at = [digest for digest in digests if is_digest(digest)][::step]
    damaged = 0
    for digest in looked_at:
        if not cache.check(digest):
            damaged += 1
            text = f"{digest} was changed by somebody, or by a fault of the disk, and was set aside"
            yield Finding("cache", "error", text, "nothing: its stage makes it again when it is needed")
    if not damaged:
        size = sum(path.lstat().st_size for path in objects)
        text = (
            f"{_count(len(objects), 'object')}, {size / 1e9:.2f} GB; {len(looked_at)} were read and are right"
        )
        yield Finding("cache", "ok", text)


def _state(project: Project) -> Finding:
    if not project.state.exists():
        return Finding("state", "ok", "none yet")
    with State(project.state, readonly=True) as state:
        known = sum(1 for _ in state.scan(FILES))
        trouble = state.trouble()
    if trouble is not None:
        what, _, hint = trouble.partition("\n")
        hint = hint.strip() or "nothing has to be done: results are right, commands are slower; or remove it"
        return Finding("state", "warning", f"the database {what}", hint)
    where = "" if project.state.is_relative_to(project.home) else f" (in {project.state}, on a local disk)"
    return Finding("state", "ok", f"digests of {known} files are known{where}")


def _leftovers(project: Project) -> Iterator[Finding]:
    there = list(project.scratch.iterdir()) if project.scratch.is_dir() else []
    old = [path for path in there if is_scratch(path.name)]
    if old:
        text = f"{_count(len(old), 'half-made file')} of runs that were killed"
        yield Finding("leftovers", "ok", f"{text}; they go after a day")
    number, size = ContentCache(project.cache, project.scratch).set_aside()
    if number:
        text = f".pivot/cache/damaged has {_count(number, 'damaged object')}, {size / 1e9:.2f} GB"
        yield Finding("leftovers", "ok", text, SET_ASIDE)
    kept = sum(1 for path in project.replaced.rglob("*") if path.is_file())
    if kept:
        hint = "take back what you need, and remove the folder"
        yield Finding("leftovers", "ok", f".pivot/replaced has {_count(kept, 'file')} of yours", hint)


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
