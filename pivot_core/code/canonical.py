"""AST -> canonical tokens: what the code means, without how it is written. Standard library only.

The same on every Python version: only fields that are set are written, no positions, adjacent strings
merged, constants by type and value. ``pass``, docstrings and other bare constants, import statements and
annotations of functions and of their variables don't count. Local variables are numbered in order
of their first occurrence.

A statement is written to four streams, each with the free names it uses (its *slots*):

    head   what is evaluated where the statement stands, so for a module's statement while it is imported
    body   the bodies of functions
    notes  annotations of functions and of module variables
    docs   docstrings and other bare strings (text only)

A slot is one chain ``name.attribute.attribute``; in the tokens there is only a mark for it, so that the same
function reached by another spelling gives the same tokens.
"""

# ruff: noqa: N802, N815  # handlers are named after the kinds of nodes
from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterable, Sequence
from typing import Final

from pivot_core.code import scopes
from pivot_core.code.calls import CallReader
from pivot_core.code.scopes import Scope, Variable
from pivot_core.code.stream import BASE, BOUND, DECORATOR, IMPORT, QUIET, Stream

_SKIPPED: Final = frozenset({"ctx", "type_comment", "kind", "type_ignores"})
_WORD = re.compile(r"[^\W\d]\w*")
_BLOCKS: Final = frozenset({"body", "orelse", "finalbody"})
_SLOT: Final = "$"

Handler = Callable[[ast.AST], None]


class Canonical(CallReader):
    """Writes statements of one module. ``begin`` a statement, then ``statement``, then ``finish``."""

    def __init__(self, walrus: bool = True) -> None:
        self.walrus = walrus
        self.scopes: list[Scope] = []
        self.depth = 0  # of functions around
        self.classes: list[str] = []  # names of the classes around, outside of functions
        self.methods: list[tuple[str, str]] = []  # (class, first parameter) of the class methods around
        self._handlers: dict[type[ast.AST], Handler] = {}
        self.begin()

    def begin(self) -> None:
        self.head, self.body, self.notes, self.docs = Stream(), Stream(), Stream(), Stream()
        self.out = self.head
        self.words: set[str] = set()
        self.flags: set[str] = set()

    def finish(self) -> None:
        """Choose the names of local variables: a number, or the name where a string could refer to it."""
        numbers: dict[Variable, str] = {}
        for stream in (self.head, self.body, self.notes):
            tokens = stream.tokens
            for place, variable in stream.variables:
                token = numbers.get(variable)
                if token is None:
                    kept = variable.frozen or variable.name in self.words
                    token = f"={variable.name}" if kept else f"%{len(numbers)}"
                    numbers[variable] = token
                tokens[place] = token

    # --- walking ---------------------------------------------------------------------------------

    def visit(self, node: ast.AST) -> None:
        kind = type(node)
        handler = self._handlers.get(kind)
        if handler is None:
            handler = self._handlers[kind] = getattr(self, "on_" + kind.__name__, None) or self._generic(kind)
        handler(node)

    def _generic(self, kind: type[ast.AST]) -> Handler:
        """Writer of a kind of node that needs no special care."""
        name = kind.__name__
        fields = tuple((field, "." + field) for field in kind._fields if field not in _SKIPPED)
        if not fields:
            return lambda node: self.out.tokens.append(name)

        def write(node: ast.AST) -> None:
            self.out.tokens.append(name)
            for field, label in fields:
                value = getattr(node, field, None)
                if value is None or (value.__class__ is list and not value):
                    continue
                self.out.tokens.append(label)
                if isinstance(value, ast.AST):
                    self.visit(value)
                elif not isinstance(value, list):
                    self.out.tokens.append(str(value))
                elif field in _BLOCKS and kind is not ast.Lambda:
                    self.block(value)
                else:
                    self.items(value)
            self.out.tokens.append(")")

        return write

    def items(self, nodes: Sequence[object]) -> None:
        self.out.tokens.append("[")
        for node in nodes:
            if isinstance(node, ast.AST):
                self.visit(node)
            else:
                self.out.tokens.append(str(node))
        self.out.tokens.append("]")

    def block(self, body: Iterable[ast.stmt]) -> None:
        tokens = self.out.tokens
        tokens.append("[")
        scope = self.scopes[-1] if self.scopes else None
        for node in body:
            self.visit(node)
            if scope is not None and scope.kind == "class":
                names, _ = scopes.bound_names(node, self.walrus)
                if not isinstance(node, ast.If | ast.Try):
                    scope.done |= names
        tokens.append("]")

    # --- names -----------------------------------------------------------------------------------

    def find(self, name: str) -> Scope | None:
        """The scope that binds ``name`` as seen from here, None when it is a name of the module."""
        innermost = True
        for scope in reversed(self.scopes):
            if scope.kind != "class" or innermost:
                if name in scope.globals:
                    return None
                if name in scope.names:
                    return scope
            innermost = False
        return None

    def chain(self, node: ast.AST) -> str | None:
        """``name.attribute…`` when the expression is that and the name isn't local; a local import counts."""
        attributes: list[str] = []
        while type(node) is ast.Attribute:
            attributes.append(node.attr)
            node = node.value
        if type(node) is not ast.Name:
            return None
        base = node.id
        if self.scopes and (scope := self.find(base)) is not None:
            imported = scope.imports.get(base)
            if imported is None:
                return None
            base = imported
        if not attributes:
            return base
        attributes.reverse()
        rest = ".".join(attributes)
        return base + rest if base[-1] == ":" else f"{base}.{rest}"

    def slot(self, chain: str, flags: int, node: ast.AST) -> None:
        out = self.out
        if not flags & QUIET:
            out.tokens.append(_SLOT)
        out.slots.append(chain)
        out.flags.append(flags)
        out.lines.append(getattr(node, "lineno", 0))

    def local(self, name: str, scope: Scope) -> None:
        out = self.out
        if name in scope.fixed or scope.kind in ("class", "parameters"):
            out.tokens.append("=" + name)
            return
        variable = scope.variable(name)
        variable.frozen = variable.frozen or scope.frozen
        out.variables.append((len(out.tokens), variable))
        out.tokens.append("")

    def name(self, name: str, node: ast.AST, stored: bool, flags: int = 0) -> None:
        scope = self.find(name) if self.scopes else None
        if scope is None:
            self._module_name(name, node, stored, flags)
        elif name in scope.imports:
            self.slot(scope.imports[name], flags, node)
        else:
            self.local(name, scope)
            if scope.kind == "class" and not stored and name not in scope.done:
                self._around_class(name, node, flags)

    def _module_name(self, name: str, node: ast.AST, stored: bool, flags: int) -> None:
        if not stored:
            self.slot(name, flags, node)
            self.notice_name(name)
        elif self.scopes:
            self.slot(name, flags, node)  # after ``global``
            self.out.effects.append(("bind", name, ""))
        else:
            self.out.tokens.append("=" + name)

    def _around_class(self, name: str, node: ast.AST, flags: int) -> None:
        """A class body may read an outer name before it binds its own of the same name."""
        inner = self.scopes.pop()
        try:
            self.name(name, node, False, flags)
        finally:
            self.scopes.append(inner)

    def on_Name(self, node: ast.Name) -> None:
        self.name(node.id, node, type(node.ctx) is not ast.Load)

    def on_Attribute(self, node: ast.Attribute) -> None:
        chain = self.chain(node)
        stored = type(node.ctx) is not ast.Load
        if chain is not None:
            self.slot(chain, 0, node)
            if stored:
                self.out.effects.append(("store", chain, ""))
        else:
            self.visit(node.value)
            self.out.tokens.append("." + node.attr)
            if stored:
                self.notice_store(node)
        self.notice_attribute(node.attr)

    def on_Subscript(self, node: ast.Subscript) -> None:
        self.out.tokens.append("Subscript")
        self.visit(node.value)
        self.visit(node.slice)
        if type(node.ctx) is not ast.Load:
            self.notice_store(node)
        else:
            self.notice_key(node.value, node.slice)

    # --- constants -------------------------------------------------------------------------------

    def on_Constant(self, node: ast.Constant) -> None:
        value = node.value
        if isinstance(value, str):
            self._text(value)
        elif type(value) is int:
            self.out.tokens.append(f"i{value:x}")
        else:
            self.out.tokens.append(f"{type(value).__name__}:{value!r}")

    def _text(self, text: str) -> None:
        self.out.tokens.append(f"s{len(text)}:{text}")
        if self.depth:
            self.words.update(_WORD.findall(text))
            if text.startswith("__"):
                self.notice_attribute(text)

    def on_JoinedStr(self, node: ast.JoinedStr) -> None:
        """An f-string: text between values merged, empty text and an empty format left out."""
        tokens = self.out.tokens
        parts = _merged(node.values)
        if all(isinstance(part, str) for part in parts):
            self._text("".join(part for part in parts if isinstance(part, str)))
            return
        tokens.append("JoinedStr")
        for part in parts:
            if isinstance(part, str):
                self._text(part)
            else:
                self.visit(part)
        tokens.append(")")

    def on_FormattedValue(self, node: ast.FormattedValue) -> None:
        self.out.tokens.append(f"FormattedValue{node.conversion}")
        self.visit(node.value)
        if isinstance(node.format_spec, ast.JoinedStr) and _merged(node.format_spec.values):
            self.visit(node.format_spec)
        self.out.tokens.append(")")

    # --- statements ------------------------------------------------------------------------------

    def on_Pass(self, node: ast.Pass) -> None:
        """Says nothing."""

    def on_Global(self, node: ast.AST) -> None:
        """Its effect is in how the names resolve."""

    on_Nonlocal = on_Global

    def on_Expr(self, node: ast.Expr) -> None:
        value = node.value
        if type(value) is ast.Constant:
            if type(value.value) is str:
                self.docs.tokens.append(f"{'.'.join(self.classes)} {len(self.scopes)} {value.value}")
            return
        self.out.tokens.append("Expr")
        if type(value) is ast.Call:
            self.notice_statement(value)
        self.visit(value)

    def on_AnnAssign(self, node: ast.AnnAssign) -> None:
        """``x: T = v`` is ``x = v``: functions never evaluate T, a class keeps it, a module may be asked."""
        in_class = bool(self.scopes) and self.scopes[-1].kind == "class"
        if in_class:
            self.out.tokens.append("AnnAssign")
            self.annotation(node.annotation)
            self.visit(node.target)
        elif not self.depth:
            with_label, self.out = self.out, self.notes
            self.visit(node.target)
            self.annotation(node.annotation)
            self.out = with_label
        if node.value is not None:
            self.out.tokens.append("Assign.targets[")
            self.visit(node.target)
            self.out.tokens.append("].value")
            self.visit(node.value)
            self.out.tokens.append(")")

    def on_Assign(self, node: ast.Assign) -> None:
        self.out.tokens.append("Assign.targets[")
        for target in node.targets:
            self.visit(target)
        self.out.tokens.append("].value")
        self.visit(node.value)
        self.out.tokens.append(")")
        self.notice_alias(node)

    def on_Import(self, node: ast.Import | ast.ImportFrom) -> None:
        for name, chain, executed in scopes.import_chains(node):
            self.slot(executed, IMPORT | QUIET, node)
            scope = self.find(name) if self.scopes else None
            if scope is not None and name not in scope.imports:
                self.out.tokens.append("import")
                self.local(name, scope)
                self.slot(chain, 0, node)
            elif scope is None and self.depth:
                self.slot(name, 0, node)  # after ``global``
                self.slot(chain, 0, node)
                self.out.effects.append(("bind", name, ""))
            elif scope is None:
                self.out.tokens.append(f"import ={name}")
                self.slot(chain, BOUND, node)

    on_ImportFrom = on_Import

    def on_ExceptHandler(self, node: ast.ExceptHandler) -> None:
        self.out.tokens.append("ExceptHandler")
        if node.type is not None:
            self.visit(node.type)
        if node.name:
            self.name(node.name, node, True)
        self.block(node.body)

    def on_MatchAs(self, node: ast.MatchAs) -> None:
        self.out.tokens.append("MatchAs")
        if node.pattern is not None:
            self.visit(node.pattern)
        self._capture(node.name, node)

    def on_MatchStar(self, node: ast.MatchStar) -> None:
        self.out.tokens.append("MatchStar")
        self._capture(node.name, node)

    def on_MatchMapping(self, node: ast.MatchMapping) -> None:
        self.out.tokens.append("MatchMapping")
        self.items(node.keys)
        self.items(node.patterns)
        self._capture(node.rest, node)

    def _capture(self, name: str | None, node: ast.AST) -> None:
        if name:
            self.name(name, node, True)
        self.out.tokens.append(")")

    # --- functions and classes -------------------------------------------------------------------

    def on_FunctionDef(self, node: scopes.Function) -> None:
        outside = self.out
        outside.tokens.append(type(node).__name__)
        self._own_name(node.name)
        self._decorators(node.decorator_list)
        entered = self._type_parameters(node)
        self._parameters(node.args, node.name)
        if node.returns is not None:
            self._note(f"{node.name}->", node.returns)
        if not self.depth:
            self.out = self.body
            self.out.tokens.append(".".join([*self.classes, node.name]))
        method = self._class_method(node)
        if method:
            self.methods.append(method)
        self._inside(scopes.function_scope(node, self.walrus), node.body)
        if method:
            self.methods.pop()
        self.out = outside
        outside.tokens.append(")")
        del self.scopes[len(self.scopes) - entered :]

    on_AsyncFunctionDef = on_FunctionDef

    def _inside(self, scope: Scope, body: Sequence[ast.stmt]) -> None:
        self.scopes.append(scope)
        self.depth += 1
        self.block(body)
        self.depth -= 1
        self.scopes.pop()

    def _own_name(self, name: str) -> None:
        """The name of a def or class is seen at run time, so it is kept."""
        self.out.tokens.append("=" + name)
        if self.scopes and self.find(name) is None:
            self.slot(name, 0, ast.Pass())
            self.out.effects.append(("bind", name, ""))

    def _class_method(self, node: scopes.Function) -> tuple[str, str] | None:
        """(class, parameter) when the function changes its class through its first parameter."""
        args = [*node.args.posonlyargs, *node.args.args]
        if not self.classes or self.depth or not args or args[0].arg not in ("cls", "mcs", "mcls", "metacls"):
            return None
        return self.classes[0], args[0].arg

    def on_Lambda(self, node: ast.Lambda) -> None:
        self.out.tokens.append("Lambda")
        self._parameters(node.args, "lambda")
        self.scopes.append(scopes.lambda_scope(node, self.walrus))
        self.depth += 1
        self.visit(node.body)
        self.depth -= 1
        self.scopes.pop()
        self.out.tokens.append(")")

    def _parameters(self, args: ast.arguments, function: str) -> None:
        tokens = self.out.tokens
        tokens.append("(")
        for label, some in (("/", args.posonlyargs), ("", args.args), ("*", args.kwonlyargs)):
            tokens.extend(label + arg.arg for arg in some)
        if args.vararg:
            tokens.append("*=" + args.vararg.arg)
        if args.kwarg:
            tokens.append("**=" + args.kwarg.arg)
        if args.defaults or args.kw_defaults:
            self.items(args.defaults)
            self.items(args.kw_defaults)
        for arg in scopes.parameters(args):
            if arg.annotation is not None:
                self._note(f"{function}({arg.arg}", arg.annotation)

    def _note(self, label: str, annotation: ast.expr) -> None:
        outside, self.out = self.out, self.notes
        self.out.tokens.append(label)
        self.annotation(annotation)
        self.out = outside

    def annotation(self, node: ast.expr) -> None:
        """An annotation; one in quotes means the same as the expression in it."""
        self.visit(node)
        for part in ast.walk(node):
            if isinstance(part, ast.Constant) and isinstance(part.value, str):
                self.quoted(part)

    def _type_parameters(self, node: ast.AST) -> int:
        """Enter the scope of ``def f[T](…)``; how many scopes were entered."""
        params: list[ast.AST] = getattr(node, "type_params", None) or []
        if not params:
            return 0
        self.scopes.append(Scope("parameters", names={str(getattr(param, "name", "")) for param in params}))
        self.items(params)
        return 1

    def on_TypeAlias(self, node: ast.AST) -> None:
        self.out.tokens.append("TypeAlias")
        self.visit(node.name)  # type: ignore[attr-defined]  # Python 3.12
        entered = self._type_parameters(node)
        self.visit(node.value)  # type: ignore[attr-defined]
        self.out.tokens.append(")")
        del self.scopes[len(self.scopes) - entered :]

    def on_ClassDef(self, node: ast.ClassDef) -> None:
        self.out.tokens.append("ClassDef")
        self._own_name(node.name)
        self._decorators(node.decorator_list)
        entered = self._type_parameters(node)
        for base in node.bases:
            self._flagged(base, BASE)
        for keyword in node.keywords:
            self.out.tokens.append(f"{keyword.arg}=")
            self._flagged(keyword.value, BASE)
        if not self.depth:
            self.classes.append(node.name)
        self.scopes.append(scopes.class_scope(node, self.walrus))
        self.block(node.body)
        self.scopes.pop()
        if not self.depth:
            self.classes.pop()
        self.out.tokens.append(")")
        del self.scopes[len(self.scopes) - entered :]

    def _flagged(self, node: ast.expr, flags: int) -> None:
        inner = node.value if isinstance(node, ast.Subscript) else node
        chain = self.chain(inner)
        if chain is None:
            self.flags.add("unknown_call")
        else:
            self.slot(chain, flags | QUIET, node)
        self.visit(node)

    def _decorators(self, decorators: Sequence[ast.expr]) -> None:
        for node in decorators:
            self.out.tokens.append("@")
            inner = node.func if isinstance(node, ast.Call) else node
            chain = self.chain(inner)
            if chain is not None:
                self.slot(chain, DECORATOR | QUIET, node)
                self.out.effects.append(("decorate", chain, ""))
            elif not (isinstance(inner, ast.Attribute) and inner.attr in ("setter", "getter", "deleter")):
                self.flags |= {"unknown_call", "unknown_decorator"}
                self.notice_store(inner)
            self.visit(node)

    # --- comprehensions --------------------------------------------------------------------------

    def on_ListComp(self, node: scopes.Comprehension) -> None:
        tokens = self.out.tokens
        tokens.append(type(node).__name__)
        self.visit(node.generators[0].iter)
        self.scopes.append(scopes.comprehension_scope(node))
        for place, generator in enumerate(node.generators):
            tokens.append(f"for{generator.is_async}")
            if place:
                self.visit(generator.iter)
            self.visit(generator.target)
            self.items(generator.ifs)
        if isinstance(node, ast.DictComp):
            self.visit(node.key)
            if node.value is not None:
                self.visit(node.value)
        else:
            self.visit(node.elt)
        self.scopes.pop()
        tokens.append(")")

    on_SetComp = on_GeneratorExp = on_DictComp = on_ListComp


def _merged(values: Sequence[ast.expr]) -> list[str | ast.expr]:
    parts: list[str | ast.expr] = []
    for value in values:
        if isinstance(value, ast.Constant) and isinstance(value.value, str):
            if not value.value:
                continue
            if parts and isinstance(parts[-1], str):
                parts[-1] += value.value
                continue
            parts.append(value.value)
        else:
            parts.append(value)
    return parts


def canonical(text: str) -> bytes:
    """Canonical bytes of a whole source text, its free names by their own spelling (for comparisons)."""
    writer = Canonical()
    writer.block(ast.parse(text).body)
    writer.finish()
    return b"\n--\n".join(stream.encoded() for stream in (writer.head, writer.body, writer.notes))
