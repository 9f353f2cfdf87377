"""Where a path stands in the source: read from the text, only once there is a problem to report."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from pivot_core.artifacts.paths import logical
from pivot_core.types import DepSpec, OutSpec, Place, StageSpec

if TYPE_CHECKING:
    import ast


def dep_place(root: Path, spec: StageSpec, dep: DepSpec) -> Place:
    """The line of the parameter's annotation that has the path; else the registration."""
    return Places(root).dep(spec, dep)


def out_place(root: Path, spec: StageSpec, out: OutSpec) -> Place:
    """The line of the return annotation or TypedDict field that has the path; else the registration."""
    return Places(root).out(spec, out)


class Places:
    """The same for many: every file is parsed once."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._modules: dict[str, ast.Module | None] = {}

    def dep(self, spec: StageSpec, dep: DepSpec) -> Place:
        """The line of the parameter's annotation that has the path; else the registration."""
        function = self._function(spec)
        if function is not None:
            arguments = function.args
            for argument in (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs):
                if argument.arg == dep.param and argument.annotation is not None:
                    return self._find(spec.path, argument.annotation, dep.path, "", set()) or spec.registered
        return spec.registered

    def out(self, spec: StageSpec, out: OutSpec) -> Place:
        """The line of the return annotation or TypedDict field that has the path; else the registration."""
        function = self._function(spec)
        if function is None or function.returns is None:
            return spec.registered
        return self._find(spec.path, function.returns, out.path, out.key, set()) or spec.registered

    def _find(
        self, file: str, expression: ast.expr, path: str, key: str, seen: set[tuple[str, str]]
    ) -> Place | None:
        """``path`` as text in the expression, or in what the names in it stand for."""
        import ast

        for node in ast.walk(expression):
            if not isinstance(node, ast.Constant) or not isinstance(node.value, str):
                continue
            if logical(node.value) == path:
                return Place(file, node.lineno)
        for node in ast.walk(expression):
            if isinstance(node, ast.Name):
                found = self._find_behind(file, node.id, path, key, seen)
                if found is not None:
                    return found
        return None

    def _find_behind(
        self, file: str, name: str, path: str, key: str, seen: set[tuple[str, str]]
    ) -> Place | None:
        import ast

        if (file, name) in seen:
            return None
        seen.add((file, name))
        for node in getattr(self._module(file), "body", ()):
            expressions: list[ast.expr] = []
            if isinstance(node, ast.ClassDef) and node.name == name:
                expressions = [*_fields(node, key), *node.bases]
            elif isinstance(node, (ast.Assign, ast.AnnAssign)) and name in _targets(node):
                expressions = [node.value] if node.value is not None else []
            elif isinstance(node, ast.ImportFrom):
                found = self._find_imported(file, node, name, path, key, seen)
                if found is not None:
                    return found
            for expression in expressions:
                found = self._find(file, expression, path, key, seen)
                if found is not None:
                    return found
        return None

    def _find_imported(
        self, file: str, node: ast.ImportFrom, name: str, path: str, key: str, seen: set[tuple[str, str]]
    ) -> Place | None:
        for alias in node.names:
            if (alias.asname or alias.name) == name:
                other = self._file_of(file, node.module or "", node.level)
                return None if other is None else self._find_behind(other, alias.name, path, key, seen)
        return None

    def _file_of(self, importer: str, module: str, level: int) -> str | None:
        """The project file of a module, by the path that an import statement in ``importer`` means."""
        tail = module.replace(".", "/")
        if level:
            folder = Path(importer).parents[level - 1] if level <= len(Path(importer).parents) else None
            bases = [] if folder is None else [folder]
        else:
            bases = [Path(), Path("src")]
        for base in bases:
            for candidate in (
                (base / f"{tail}.py") if tail else base / "__init__.py",
                base / tail / "__init__.py",
            ):
                if (self._root / candidate).is_file():
                    return candidate.as_posix()
        return None

    def _function(self, spec: StageSpec) -> ast.FunctionDef | ast.AsyncFunctionDef | None:
        import ast

        nodes: list[ast.stmt] = list(getattr(self._module(spec.path), "body", ()))
        for part in spec.qualname.split("."):
            named = [
                node
                for node in nodes
                if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef))
                and node.name == part
            ]
            if not named:
                return None
            found = named[-1]
            nodes = found.body
        return None if isinstance(found, ast.ClassDef) else found

    def _module(self, file: str) -> ast.Module | None:
        """None for a file that can't be read or parsed: then there is no better place to tell."""
        import ast

        if file not in self._modules:
            try:
                self._modules[file] = ast.parse((self._root / file).read_bytes())
            except (OSError, SyntaxError, ValueError):
                self._modules[file] = None
        return self._modules[file]


def _fields(node: ast.ClassDef, key: str) -> list[ast.expr]:
    """The annotations of the class's fields; of the one that is ``key`` only, if it says."""
    import ast

    return [
        item.annotation
        for item in node.body
        if isinstance(item, ast.AnnAssign)
        and isinstance(item.target, ast.Name)
        and (not key or item.target.id == key)
    ]


def _targets(node: ast.Assign | ast.AnnAssign) -> set[str]:
    import ast

    targets = node.targets if isinstance(node, ast.Assign) else [node.target]
    return {target.id for target in targets if isinstance(target, ast.Name)}
