"""Gathers what :func:`pivot_core.decide.decide` decides on: the four facts of each stage, as they are now."""

from __future__ import annotations

import os
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

from blake3 import blake3

from pivot_core.decide import Facts
from pivot_core.types import PROGRAM, Lock, Reason

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

    from pivot_core.artifacts.hashing import FileHashes
    from pivot_core.artifacts.packages import PackageVersions
    from pivot_core.code.index import CodeIndex
    from pivot_core.project import Project
    from pivot_core.types import CodeFact, StageSpec, UnitChange, Widening


class Gatherer:
    """The present facts of stages. ``definitions`` maps a stage to the digest of its definition.

    ``strict``: bug-fix releases of packages count, too.
    """

    def __init__(
        self,
        project: Project,
        code: CodeIndex,
        hashes: FileHashes,
        packages: PackageVersions,
        definitions: Mapping[str, str],
        strict: bool,
    ) -> None:
        self._project = project
        self._code = code
        self._hashes = hashes
        self._packages = packages
        self._definitions = definitions
        self._strict = strict
        self._environment = dict(os.environ)  # which decodes each name anew whenever it is gone through

    def prefetch(self, paths: Iterable[str]) -> dict[str, str | None]:
        """Look at all files of many stages at once, which is cheaper than one by one."""
        return self._hashes.known(paths)

    def around(self) -> object:
        """What any facts may rest on, besides code, files and records; the same while these are."""
        return self._environment, self._packages.signature(), self._strict

    def code(self, spec: StageSpec, record: Lock | Reason | None) -> CodeFact:
        """The stage's code. It has its units if the record has another fingerprint: they tell why."""
        code = self._code.fact(spec)
        if isinstance(record, Lock) and record.code != code.fingerprint:
            return self._code.whole(spec)
        return code

    def facts(self, spec: StageSpec, record: Lock | Reason | None) -> Facts:
        """The facts of one stage; ``units`` of its code as in :meth:`code`."""
        lock, code = record if isinstance(record, Lock) else None, self.code(spec, record)
        digests = self._hashes.known(spec.paths)
        return Facts(
            code=code,
            definition=self._definitions[spec.name],
            defined_at=(spec.path, spec.line),
            deps={dep.path: digests[dep.path] for dep in spec.deps},
            discovered=self.discovered(lock.discovered) if lock is not None else {},
            environment={
                name: _fingerprint(self._environment[name])
                for name in _counted(self._environment, code.environment)
            },
            packages=self._packages.of(code.packages),
            params=spec.params,
            outs={out.path: digests[out.path] for out in spec.outs},
            strict=self._strict,
        )

    def whole_code(self, spec: StageSpec) -> CodeFact:
        """The stage's code with all its units, as a lock file keeps them."""
        return self._code.whole(spec)

    def keep_texts(self, spec: StageSpec) -> None:
        """Keep the source of the stage's code for :meth:`changes`."""
        self._code.keep_texts(spec)

    def changes(self, spec: StageSpec, lock: Lock) -> list[UnitChange]:
        """What became of the stage's code since the lock was written."""
        return self._code.changes(spec, lock.units)

    def widened(self, spec: StageSpec) -> tuple[Widening, ...]:
        """Where the stage's code can't be followed."""
        return self._code.whole(spec).widened

    def decides(self, spec: StageSpec, path: str, line: int) -> bool:
        """Whether what the top-level statement at a place does can reach the stage."""
        return self._code.decides(spec, path, line)

    def keeps(self, path: str, line: int) -> bool:
        """Whether the function or class at a place may keep what it reads for later calls."""
        return self._code.keeps(path, line)

    def knows(self, path: str) -> bool:
        """Whether a source file is one that the code graph follows."""
        return self._code.knows(path)

    def discovered(self, paths: Iterable[str]) -> dict[str, str | None]:
        """Digests of files, listings of folders (``data/``) and variables (``$NAME``) that were read by
        other means than what the stage declares and its code says; and of classes that came out of pickles:
        the fingerprint of the project's (``@module:name``), the version of a package (``@package``); and of
        programs of the project that were started (``@module:__main__``)."""
        return {path: self._digest(path) for path in paths}

    def _digest(self, path: str) -> str | None:
        if path.startswith("$"):
            value = self._environment.get(path[1:])
            return None if value is None else _fingerprint(value)
        if path.startswith("@"):
            module, colon, name = path[1:].partition(":")
            return self._code.of_class(module, name).fingerprint if colon else self._version(module)
        return self._hashes.listing(path) if path.endswith("/") else self._hashes.known((path,))[path]

    def untold(self, spec: StageSpec, code: CodeFact, reads: Iterable[str]) -> set[str]:
        """What was read without the variables and classes that the code's text tells of anyway."""
        reads = set(reads)
        for program in [path for path in reads if path.endswith(PROGRAM)]:
            file = self._code.file_of(program[1 : -len(PROGRAM)])
            reads.discard(program if file is None else file)  # followed as code, or no module of ours
        variables = [path[1:] for path in reads if path[0] == "$"]
        classes = {path for path in reads if path[0] == "@"}
        told = {f"${name}" for name in _counted(variables, code.environment)}
        return (reads - told - classes) | self._untold_classes(spec, code, classes)

    def _untold_classes(self, spec: StageSpec, code: CodeFact, classes: Iterable[str]) -> set[str]:
        """``@module:Class`` for the project's, with all packages behind them; ``@package`` for the others."""
        found: set[str] = set()
        packages: set[str] = set()
        units = self._code.whole(spec).units if classes else {}
        for path in classes:
            module, _, qualname = path[1:].partition(":")
            name = qualname.partition(".")[0]
            if path.endswith(PROGRAM):
                found.add(path)
                packages.update(self._code.of_class(module, name).packages)
            elif not self._code.has_module(module):
                packages.add(module.partition(".")[0])
            elif f"{module}.{name}" not in units:
                found.add(f"@{module}:{name}")
                packages.update(self._code.of_class(module, name).packages)
        return found | {f"@{package}" for package in self._packages.of(packages - {*code.packages})}

    def _version(self, package: str) -> str | None:
        return self._packages.of((package,)).get(package)

    def counts(self, code: CodeFact, path: str) -> bool:
        """Whether a file outside of the project is code of a package that the stage's code names."""
        return self._packages.has(code.packages, path)

    def unpickled(self, discovered: Iterable[str]) -> list[CodeFact]:
        """The code of the project's classes that came out of pickles."""
        classes = (path[1:].partition(":") for path in discovered if path[0] == "@")
        return [self._code.of_class(module, name) for module, colon, name in classes if colon]

    def changed_since(self, facts: Facts) -> list[str]:
        """Inputs and source files that are no longer what ``facts`` says."""
        for path in facts.deps:
            self._hashes.forget(path)
        now = self._hashes.known(facts.deps)  # None also for what has become something that can't be read
        return [path for path, was in facts.deps.items() if now[path] != was]

    def outdated(self, codes: Iterable[CodeFact], loaded: Mapping[str, str]) -> list[str]:
        """Files of the stage's code that a worker ran in another version than the fingerprint's."""
        paths = dict.fromkeys(path for code in codes for path in code.modules)
        return [path for path in paths if path in loaded and loaded[path] != self._hashes.digest(path)]

    def missing(self, spec: StageSpec, made: Mapping[str, str]) -> tuple[Reason, ...]:
        """One reason for each input that no stage makes (``made``: output -> stage) and that isn't there, or
        can't be read."""
        found = []
        digests = self._hashes.known(dep.path for dep in spec.deps)
        for dep in spec.deps:
            if digests[dep.path] is None and not _made(dep.path, made):
                from pivot_core.artifacts.places import dep_place

                place = dep_place(self._project.root, spec, dep)
                fault = self._hashes.fault(dep.path)
                if fault is None:
                    why = self._why_none(dep.path)
                    found.append(Reason("input", dep.path, why, place.path, place.line))
                else:
                    why = f"can't be used ({fault})"
                    found.append(Reason("unreadable", dep.path, why, place.path, place.line))
        return tuple(found)

    def _why_none(self, path: str) -> str:
        """Of an input that isn't there: something else may be."""
        place = self._project.root / path.rstrip("/")
        if path.endswith("/") and place.is_file():
            return "is a file and no folder"
        return "is a link to what isn't there" if place.is_symlink() else "isn't there, and no stage makes it"


def files_of(specs: Iterable[StageSpec], records: Iterable[Lock | Reason | None]) -> list[str]:
    """The paths whose content the facts of stages tell."""
    paths = {path for spec in specs for path in spec.paths}
    for record in records:
        if isinstance(record, Lock):
            paths.update(path for path in record.discovered if path[0] not in "$@" and path[-1] != "/")
    return sorted(paths)


def _made(path: str, made: Mapping[str, str]) -> bool:
    """Whether a stage makes the path, something in it, or a folder around it."""
    if path in made:
        return True
    folder = path.rstrip("/") + "/"
    return any(out.startswith(folder) or (out.endswith("/") and path.startswith(out)) for out in made)


def _counted(variables: Collection[str], names: Iterable[str]) -> list[str]:
    """Those of the variables that are among the names, or that one of them matches: ``APP_*``."""
    exact = frozenset(names)
    patterns = [name for name in exact if "*" in name]
    if not patterns:
        return [name for name in exact if name in variables]
    return [
        variable
        for variable in variables
        if variable in exact or any(fnmatchcase(variable, pattern) for pattern in patterns)
    ]


def _fingerprint(value: str) -> str:
    """A digest of a variable's value: lock files are in git, and values can be secrets."""
    return blake3(value.encode("utf-8", "surrogateescape")).hexdigest(length=16)
