"""Lines of definitions, for messages: found by parsing the file, so only when there is one to write."""

from __future__ import annotations

import linecache
import re
import sys
from inspect import unwrap
from pathlib import Path
from typing import TYPE_CHECKING

from pivot_core.types import Place

if TYPE_CHECKING:
    import ast
    from collections.abc import Callable
    from types import CodeType

    from pivot_core.define.mistakes import At
    from pivot_core.pipeline import Registration
    from pivot_core.project import Project

_DEF = re.compile(r"\s*(?:async\s+)?def\b")


def code_of(func: Callable[..., object]) -> CodeType | None:
    """The code of a function written in Python, behind its decorators."""
    code: CodeType | None = getattr(unwrap(func), "__code__", None)
    return code


class Places:
    """Places in the files of one project."""

    def __init__(self, project: Project) -> None:
        self._project = project
        self._logical: dict[str, str | None] = {}
        self._trees: dict[str, ast.Module | None] = {}

    def logical(self, file: str) -> str | None:
        """The logical path of a source file; None for one that isn't the project's own."""
        if file not in self._logical:
            path = Path(file)
            own = self._project.is_own(path)
            self._logical[file] = path.relative_to(self._project.root).as_posix() if own else None
        return self._logical[file]

    def of_def(self, func: Callable[..., object]) -> Place | None:
        """Where the ``def`` of a function is (not its first decorator); None outside the project."""
        code = code_of(func)
        path = None if code is None else self.logical(code.co_filename)
        return None if code is None or path is None else Place(path, _def_line(code))

    def of_call(self, registration: Registration) -> Place:
        """Where ``register`` was called (the pipeline file as a whole if that is outside the project)."""
        path = self.logical(registration.file)
        return Place(self._project.pipeline_file.name) if path is None else Place(path, registration.line)

    def find(self, at: At, registration: Registration) -> Place:
        """The nearest place that can be told."""
        if at.what == "call":
            return self.of_call(registration)
        if at.what == "field" and at.owner is not None:
            place = self._of_field(at.owner, at.name)
        else:
            place = self._in_def(at, registration.func)
        return place or self.of_def(registration.func) or self.of_call(registration)

    def _in_def(self, at: At, func: Callable[..., object]) -> Place | None:
        code = code_of(func)
        path = None if code is None else self.logical(code.co_filename)
        if code is None or path is None:
            return None
        node = self._function(code)
        if node is None:
            return None
        if at.what == "returns" and node.returns is not None:
            return Place(path, node.returns.lineno)
        if at.what == "parameter":
            arguments = node.args
            every = [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs]
            every += [extra for extra in (arguments.vararg, arguments.kwarg) if extra is not None]
            return next((Place(path, one.lineno) for one in every if one.arg == at.name), None)
        return None

    def _function(self, code: CodeType) -> ast.FunctionDef | ast.AsyncFunctionDef | None:
        import ast

        tree = self._tree(code.co_filename)
        for node in ast.walk(tree) if tree is not None else ():
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name == code.co_name:
                first = min([node.lineno, *(one.lineno for one in node.decorator_list)])
                if first == code.co_firstlineno:
                    return node
        return None

    def _of_field(self, owner: type, field: str) -> Place | None:
        """The line of a TypedDict's field, in the class or a base; else that of the class."""
        import ast

        file = getattr(sys.modules.get(owner.__module__), "__file__", None)
        if file is None or (path := self.logical(file)) is None or (tree := self._tree(file)) is None:
            return None
        node = next(
            (one for one in ast.walk(tree) if isinstance(one, ast.ClassDef) and one.name == owner.__name__),
            None,
        )
        if node is None:
            return None
        for line in node.body:
            if (
                isinstance(line, ast.AnnAssign)
                and isinstance(line.target, ast.Name)
                and line.target.id == field
            ):
                return Place(path, line.lineno)
        bases = [base for base in getattr(owner, "__orig_bases__", ()) if field in _annotated(base)]
        return self._of_field(bases[0], field) if bases else Place(path, node.lineno)

    def _tree(self, file: str) -> ast.Module | None:
        if file not in self._trees:
            import ast

            try:
                self._trees[file] = ast.parse("".join(linecache.getlines(file)))
            except SyntaxError:  # edited since it was imported
                self._trees[file] = None
        return self._trees[file]


def _def_line(code: CodeType) -> int:
    """A decorated function's code begins at its first decorator; the def is further down."""
    lines = linecache.getlines(code.co_filename)[code.co_firstlineno - 1 :]
    if not lines or not lines[0].lstrip().startswith("@"):
        return code.co_firstlineno
    return next(
        (code.co_firstlineno + n for n, line in enumerate(lines) if _DEF.match(line)), code.co_firstlineno
    )


def _annotated(cls: object) -> tuple[str, ...]:
    return tuple(getattr(cls, "__required_keys__", ())) + tuple(getattr(cls, "__optional_keys__", ()))
