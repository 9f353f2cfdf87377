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
from collections.abc import Iterable, Sequence

from pivot_core.code import scopes
from pivot_core.code.opening import ScopeWriter
from pivot_core.code.stream import BOUND, CAUGHT, IMPORT, QUIET, READ
from pivot_core.code.vocabulary import MUTATORS, OF_CODE

_WORD = re.compile(r"[^\W\d]\w*")
_VARIABLE = re.compile(r"_*[A-Za-z][\w.\-]{0,60}", re.ASCII)
_VARIABLES = re.compile(r"\$\{?_*[A-Za-z]\w*|\b[A-Z][A-Z0-9_]+", re.ASCII)
_SPECIAL_NAME = re.compile(r"__[a-z_]+__")
_QUERIED_BY_PARTS = re.compile(r"([-+*/%<>=!&|(,]|\b(and|or|not|in))\s*@$")
_NAMED = re.compile(r"[^\W\d]\w*(\.[^\W\d]\w*)*[.:][^\W\d]\w*")
# A word of a command, or what stands in one after "python" and its options, or after a ``{sys.executable}``.
_FILE = r"((?:\./)?(?:[^\W\d]\w*/)*[^\W\d]\w*\.py)"
_PROGRAM = re.compile(
    rf"^{_FILE}$|(?:^\s+|python[\w.]*\s+(?:-\w+\s+)*){_FILE}(?=\s|$)"
    r"|(?:^\s*|python[\w.]*\s+(?:-\w+\s+)*)-m\s+([^\W\d][\w.]*)"
)
_QUERIED = re.compile(r"(?<!\w)@([^\W\d]\w*)")  # a variable in a pandas query: ``x > @LIMIT``


class Canonical(ScopeWriter):
    """The whole writer: names, constants and statements."""

    def __init__(self, walrus: bool = True, originals: dict[str, str] | None = None) -> None:
        super().__init__(walrus, originals)
        self._write_operation = self._generic(ast.BinOp)
        self._write_augmented = self._generic(ast.AugAssign)

    def on_Name(self, node: ast.Name) -> None:
        self.name(node.id, node, type(node.ctx) is not ast.Load)

    def on_Attribute(self, node: ast.Attribute) -> None:
        chain = self.chain(node)
        stored = type(node.ctx) is not ast.Load
        if chain is not None:
            self.slot(chain, 0, node)
            if stored:
                self.out.effects.append(("store", chain, ""))
            elif not self.depth and node.attr in MUTATORS:  # ``map(T.append, …)``
                self.out.effects.append(("bound", chain, ""))
        else:
            if node.attr in OF_CODE and isinstance(node.value, ast.Attribute):  # ``f.__code__.co_argcount``
                self.visit(node.value.value)
                self.out.tokens.append("." + node.value.attr)
            else:
                self.visit(node.value)
            self.out.tokens.append("." + node.attr)
            if stored:
                self.notice_store(node, outer=True)
            elif node.attr in MUTATORS:  # ``T["a"].append``, called here or by whom it is given to
                self.notice_store(node.value)
                if not self.depth and (owner := self.bottom(node.value)) is not None:
                    self.out.effects.append(("bound", owner + ("?" if owner.endswith(":") else ".?"), ""))
        self.notice_attribute(node.attr, node)

    def on_Subscript(self, node: ast.Subscript) -> None:
        self.out.tokens.append("Subscript")
        self.visit(node.value)
        self.visit(node.slice)
        if type(node.ctx) is not ast.Load:
            self.notice_store(node, outer=True)
            self.notice_set_variable(node.value)
        else:
            self.notice_key(node.value, node.slice)

    def on_BinOp(self, node: ast.BinOp) -> None:
        self.notice_made_up(node)
        self._write_operation(node)

    # --- constants -------------------------------------------------------------------------------

    def on_Constant(self, node: ast.Constant) -> None:
        value = node.value
        if isinstance(value, str):
            self._text(value, node)
        elif type(value) is int:
            self.out.tokens.append(f"i{value:x}")
        else:
            self.out.tokens.append(f"{type(value).__name__}:{value!r}")

    def _text(self, text: str, node: ast.AST) -> None:
        self.out.tokens.append(f"s{len(text)}:{text}")
        if self.depth:
            self.words.update(_WORD.findall(text))
        if self.out is not self.notes:
            self._notice_named(text, node)
        for name in _SPECIAL_NAME.findall(text) if "__" in text else ():
            self.notice_attribute(name, node)
        if _VARIABLE.fullmatch(text):
            self.out.candidates.append(text)
        else:
            self.out.candidates += _VARIABLES.findall(text)
        if "@" in text:
            for name in _QUERIED.findall(text):
                if self.find(name) is None:
                    self.slot(name, QUIET | READ, node)
            if _QUERIED_BY_PARTS.search(text):
                self.slot("globals", QUIET, node)

    def _notice_named(self, text: str, node: ast.AST) -> None:
        """What could be the name of a function, a file of code, or a word of a command for Python."""
        found = []
        if self.option == "-c":
            self.quoted(ast.copy_location(ast.Constant(text), node))
        elif self.option == "-m" and all(map(str.isidentifier, text.split("."))):
            found.append(f"-m {text}")
        elif _NAMED.fullmatch(text):
            found.append(text)
        if ".py" in text or "-m" in text:
            found += [f"-m {name}" if name else file or path for file, path, name in _PROGRAM.findall(text)]
        self.out.named += [(each, getattr(node, "lineno", 0)) for each in found]
        self.option = text

    def on_JoinedStr(self, node: ast.JoinedStr) -> None:
        """An f-string: text between values merged, empty text and an empty format left out."""
        tokens = self.out.tokens
        parts = _merged(node.values)
        if all(isinstance(part, str) for part in parts):
            self._text("".join(part for part in parts if isinstance(part, str)), node)
            return
        self.notice_made_up(node)
        tokens.append("JoinedStr")
        for part in parts:
            if isinstance(part, str):
                self._text(part, node)
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

    def on_Nonlocal(self, node: ast.Nonlocal) -> None:
        """Its effect is in how the names resolve, and in what is remembered between calls."""
        self.flags.add("keeps_state")

    def on_Yield(self, node: ast.Yield) -> None:
        self.flags.add("keeps_state")
        self.out.tokens.append("Yield")
        if node.value is not None:
            self.visit(node.value)
        self.out.tokens.append(")")

    def on_Expr(self, node: ast.Expr) -> None:
        value = node.value
        if type(value) is ast.Constant:
            if type(value.value) is str:
                # Where it stands decides whether it documents something, and what.
                place = f"{'.'.join(self.classes)} {len(self.scopes)} {len(self.out.tokens)}"
                self.docs.tokens.append(f"{place} {value.value}")
            return
        self.out.tokens.append("Expr")
        if type(value) is ast.Call:
            self.notice_statement(value)
            self.talking = self.only_talks(value)
        elif type(value) is ast.BinOp:
            self.notice_operator(value)
        elif isinstance(value, ast.Subscript | ast.Attribute) and not self.scopes:
            self.flags.add("unknown_call")  # ``counts["a"]`` of a defaultdict, ``plugin.property``
            self.notice_store(value)
        self.visit(value)
        self.talking = False

    def on_AnnAssign(self, node: ast.AnnAssign) -> None:
        """``x: T = v`` is ``x = v``: functions never evaluate T, a class keeps it, a module may be asked."""
        in_class = bool(self.scopes) and self.scopes[-1].kind == "class"
        if in_class:
            self.out.tokens.append("AnnAssign")
            if isinstance(node.target, ast.Name):
                self.out.candidates.append(node.target.id)
            self.annotation(node.annotation)
            self.visit(node.target)
        elif not self.depth:
            with_label, self.out = self.out, self.notes
            self.visit(node.target)
            self.annotation(node.annotation)
            self.out = with_label
        if node.value is not None:
            self.notice_another(node.target, node.value)
            self.out.tokens.append("Assign.targets[")
            self.visit(node.target)
            self.out.tokens.append("].value")
            self.visit(node.value)
            self.out.tokens.append(")")

    def on_Assign(self, node: ast.Assign) -> None:
        self.out.tokens.append("Assign.targets[")
        in_class = bool(self.scopes) and self.scopes[-1].kind == "class"
        for target in node.targets:
            self.notice_another(target, node.value)
            self.visit(target)
            if in_class and isinstance(target, ast.Name):
                self.out.candidates.append(target.id)
        self.out.tokens.append("].value")
        if type(node.value) is ast.BinOp and isinstance(node.value.op, ast.LShift | ast.RShift):
            self.notice_operator(node.value)  # ``flow = first >> second``
        self.visit(node.value)
        self.out.tokens.append(")")

    def on_AugAssign(self, node: ast.AugAssign) -> None:
        if isinstance(node.target, ast.Name):
            self.notice_augmented(node.target.id)
        self._write_augmented(node)

    def on_Try(self, node: ast.Try | ast.TryStar) -> None:
        if node.handlers:
            self.caught |= imports_in(node.body)
        self._generic(type(node))(node)

    on_TryStar = on_Try

    def on_With(self, node: ast.With) -> None:
        calls = (part for item in node.items for part in ast.walk(item.context_expr))
        if any(isinstance(part, ast.Name | ast.Attribute) and _last(part) == "suppress" for part in calls):
            self.caught |= imports_in(node.body)
        self._generic(ast.With)(node)

    def on_Import(self, node: ast.Import | ast.ImportFrom) -> None:
        for name, chain, executed in scopes.import_chains(node):
            self.slot(executed, IMPORT | QUIET | (CAUGHT if node in self.caught else 0), node)
            scope = self.find(name) if self.scopes else None
            if scope is not None and scope.kind == "class":
                self.slot(chain, 0, node)  # others can reach it through the class
            elif scope is not None and name not in scope.imports:
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


def imports_in(body: Iterable[ast.stmt]) -> set[ast.AST]:
    parts = (part for node in body for part in ast.walk(node))
    return {part for part in parts if isinstance(part, ast.Import | ast.ImportFrom)}


def _last(node: ast.Name | ast.Attribute) -> str:
    return node.id if isinstance(node, ast.Name) else node.attr


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
