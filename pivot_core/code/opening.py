"""Writing functions, classes and comprehensions: what opens a scope. Standard library only."""

# ruff: noqa: N802, N815  # handlers are named after the kinds of nodes
from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence

from pivot_core.code import scopes
from pivot_core.code.calls import CallWriter
from pivot_core.code.expressions import Method
from pivot_core.code.scopes import Scope
from pivot_core.code.stream import BASE, DECORATOR, QUIET


class ScopeWriter(CallWriter):
    """The part of the writer that enters scopes."""

    def __init__(self, walrus: bool = True, originals: dict[str, str] | None = None) -> None:
        super().__init__(walrus, originals)
        self.shared: list[frozenset[str]] = []  # of each, the attributes that its objects share

    # --- functions and classes -------------------------------------------------------------------

    def on_FunctionDef(self, node: scopes.Function) -> None:
        outside = self.out
        outside.tokens.append(type(node).__name__)
        self._own_name(node.name)
        self._decorators(node.decorator_list)
        entered = self._hinted(node) or self._type_parameters(node)
        self._parameters(node.args, node.name)
        if node.returns is not None:
            self._note(f"{node.name}->", node.returns)
        if not self.depth:
            self.out = self.body
            self.unit = self.classes[0] if self.classes else node.name
            self.out.tokens.append(".".join([*self.classes, node.name]))
        method = self._method(node)
        if method:
            self.methods.append(method)
        scope = scopes.function_scope(node, self.walrus)
        if not self.depth:
            scope.defaults = scopes.kept_defaults(node.args)
        self._inside(scope, node.body)
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

    def _method(self, node: scopes.Function) -> Method | None:
        """What the function is of the classes around."""
        args = [*node.args.posonlyargs, *node.args.args]
        if not self.classes or self.depth or not args:
            return None
        of_class = args[0].arg in ("cls", "mcs", "mcls", "metacls")
        return Method(node.name, self.classes[0], args[0].arg, of_class, self.shared[-1])

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
        if self.walrus and any(isinstance(part, ast.NamedExpr) for part in ast.walk(annotation)):
            self.flags.add("unknown_decorator")  # what it says counts
        self.annotation(annotation)
        self.out = outside

    def annotation(self, node: ast.expr) -> None:
        """An annotation; one in quotes means the same as the expression in it. Where all are kept as text,
        the spelling is what is kept."""
        if self.quoted_hints:
            self.out.tokens.append("quoted")
        self.spelled = self.quoted_hints
        self.visit(node)
        self.spelled = False
        for part in _quoted_types(node):
            self.quoted(part)

    def _type_parameters(self, node: ast.AST) -> int:
        """Enter the scope of ``def f[T](…)``; how many scopes were entered."""
        params: list[ast.AST] = getattr(node, "type_params", None) or []
        if not params:
            return 0
        self.scopes.append(Scope("parameters", names={str(getattr(param, "name", "")) for param in params}))
        self.items(params)
        return 1

    def _hinted(self, node: scopes.Function) -> int:
        """Enter the scope of type parameters that are no more than part of the annotations, if they are."""
        names = {getattr(param, "name", "") for param in getattr(node, "type_params", ())}
        valued = [*node.body, *node.decorator_list, *node.args.defaults, *filter(None, node.args.kw_defaults)]
        parts = (part for each in valued for part in ast.walk(each))
        if not names or any(isinstance(part, ast.Name) and part.id in names for part in parts):
            return 0
        before, self.out = self.out, self.notes
        entered = self._type_parameters(node)
        self.out = before
        return entered

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
            self.shared.append(shared_attributes(node))
        self.scopes.append(scopes.class_scope(node, self.walrus))
        self.block(node.body)
        self.scopes.pop()
        if not self.depth:
            self.classes.pop()
            self.shared.pop()
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


def _is_mutable(node: ast.expr | None) -> bool:
    return isinstance(
        node, ast.List | ast.Dict | ast.Set | ast.ListComp | ast.DictComp | ast.SetComp | ast.Call
    )


def shared_attributes(node: ast.ClassDef) -> frozenset[str]:
    """Attributes of a class's objects that are one object for all of them, and can be changed in place."""
    found = {
        target.id
        for part in node.body
        if isinstance(part, ast.Assign) and (_is_mutable(part.value) or isinstance(part.value, ast.Name))
        for target in part.targets
        if isinstance(target, ast.Name)
    }
    found |= {
        part.target.id
        for part in node.body
        if isinstance(part, ast.AnnAssign) and isinstance(part.target, ast.Name)
        if part.value is not None and not isinstance(part.value, ast.Call) and _is_mutable(part.value)
    }
    if found:  # what an object is given for itself isn't shared
        stores = (part for part in ast.walk(node) if isinstance(part, ast.Attribute))
        found -= {part.attr for part in stores if isinstance(part.ctx, ast.Store)}
    return frozenset(found)


def _quoted_types(node: ast.AST) -> Iterator[ast.Constant]:
    """Strings that stand where a type is meant, so not in ``Literal["a"]`` nor in ``Annotated``'s extras."""
    if isinstance(node, ast.Constant):
        if isinstance(node.value, str):
            yield node
    elif isinstance(node, ast.Subscript):
        special = node.value.attr if isinstance(node.value, ast.Attribute) else getattr(node.value, "id", "")
        inner: ast.AST = node.slice
        if special == "Annotated" and isinstance(inner, ast.Tuple):
            inner = inner.elts[0]
        if special != "Literal":
            yield from _quoted_types(inner)
    elif isinstance(node, ast.BinOp | ast.Tuple | ast.List):
        for child in ast.iter_child_nodes(node):
            yield from _quoted_types(child)
