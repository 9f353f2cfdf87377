"""What calls, subscripts and attributes say beyond their form: effects, variables, dynamic access."""

# ruff: noqa: SIM905  # long lists of words read better as text
# ruff: noqa: N802  # handlers are named after the kinds of nodes
from __future__ import annotations

import ast
import re
from collections.abc import Sequence
from typing import Final

from pivot_core.code.composed import prefix_of, template
from pivot_core.code.expressions import (
    IMPORTING,
    REACHES_INTO,
    Method,
    bottom_name,
    calls_on_the_way,
    constant_import,
    last_name,
)
from pivot_core.code.scopes import Scope, import_chains
from pivot_core.code.stream import CALL, HANDED, IMPORT, LITERAL, QUIET, READ
from pivot_core.code.vocabulary import ATTRIBUTES, MUTATORS, PRINTING, REPLACING, TALKING
from pivot_core.code.writer import Writer

_SPECIAL: Final = frozenset(
    """
    getattr hasattr exec eval compile import_module __import__ find_spec resolve_name run_module
    vars locals dir
    """.split()
)
_SEES_LOCALS: Final = frozenset(
    """
    locals vars dir eval exec _getframe currentframe stack query sql evaluate f_locals
    """.split()
)


_DOTTED: Final = re.compile(r"[^\W\d]\w*(\.[^\W\d]\w*)*")
_NAMES_OF_MODULES: Final = {
    "__globals__": "FunctionType.__globals__",
    "f_globals": "FrameType.f_globals",
}
_PLACES: Final = (ast.Attribute, ast.Subscript)


class CallWriter(Writer):
    """The part of the writer that looks at calls."""

    def __init__(self, walrus: bool = True, originals: dict[str, str] | None = None) -> None:
        super().__init__(walrus, originals)
        self.methods: list[Method] = []  # around, at most one
        self.classes: list[str] = []  # names of the classes around, outside of functions
        self.unit = ""  # the function or class of the module around

    def on_Call(self, node: ast.Call) -> None:
        chain = self.chain(node.func)
        last = self._last(node.func, chain)
        self.out.tokens.append("Call")
        if last in _SEES_LOCALS:
            self.freeze()
        if last == "vars" and node.args and (of := self.chain(node.args[0])):
            self.slot(of + ("" if of.endswith(":") else ".") + "__dict__", QUIET | READ, node)
        if chain is None:
            self._unknown_call(node)
        elif last in _SPECIAL and self._special(node, chain, last):
            return
        else:
            self.slot(chain, CALL, node)
            if last in MUTATORS and isinstance(node.func, ast.Attribute):
                self.out.effects.append(("method", chain, ""))
            self._given(node, chain)
            if not self.depth:
                self.out.effects.append(("use", chain, ""))
            elif any(self._is_parameter(arg) for arg in node.args):
                self.out.effects.append(("relay", chain, ""))
        if last in ("setattr", "delattr") and node.args:
            self.notice_store(node.args[0])
        if last == "format":
            self.notice_made_up(node)
        if last == "patch" or (last in REPLACING and isinstance(node.func, ast.Attribute)):
            self._notice_replaced(node, chain)
        self._arguments(node, last)
        self._notice_getenv(node, chain, last)

    def _notice_replaced(self, node: ast.Call, chain: str | None) -> None:
        """``mock.patch("helpers.f", g)``: what is replaced is named in a text."""
        prefix, whole = prefix_of(node.args[0]) if node.args else ("", False)
        if whole and _DOTTED.fullmatch(prefix):
            module, _, attributes = prefix.partition(".")
            self.out.effects.append(("store", f"@{module}:{attributes}", ""))
        elif not whole and chain is not None:
            self.out.effects.append(("replace", chain, ""))

    def _unknown_call(self, node: ast.Call) -> None:
        self.visit(node.func)
        getter = node.func  # ``getattr(T, "append")(1)``
        if isinstance(getter, ast.Call) and getter.args and last_name(getter.func) == "getattr":
            owner = self._part_of(getter.args[0])
            if owner is not None:
                self.out.effects.append(("bound", owner + ("?" if owner.endswith(":") else ".?"), ""))
        if not self.depth:
            self.flags.add("unknown_call")
            maker = self.bottom(node.func)  # ``C().fill(T)``
            if maker is not None:
                self._given(node, maker)

    def _arguments(self, node: ast.Call, last: str) -> None:
        self.out.tokens.append("(")
        args: Sequence[ast.expr] = node.args
        if args and last == "register" and isinstance(node.func, ast.Attribute):
            handed = self.chain(args[0])
            if handed is not None:
                self.slot(handed, HANDED, args[0])
                args = args[1:]
        for arg in args:
            self.visit(arg)
        for keyword in node.keywords:
            self.out.tokens.append(f"{keyword.arg}=")
            self.visit(keyword.value)
            if keyword.arg == "use_attribute_docstrings":
                self.flags.add("reads_docs")
        self.out.tokens.append(")")

    def _last(self, node: ast.expr, chain: str | None) -> str:
        """The name of what is called, as it was called where it was imported from."""
        if isinstance(node, ast.Name) and chain is not None:
            return self.originals.get(chain) or chain.replace(":", ".").rpartition(".")[2]
        return last_name(node)

    # --- functions that look things up by name ---------------------------------------------------

    def _special(self, node: ast.Call, chain: str, last: str) -> bool:
        """Handle a dynamic function whose argument is literal; True when all of it is written."""
        args = node.args
        if last in ("getattr", "hasattr") and chain == last and len(args) >= 2:
            return self._literal_attribute(node, chain)
        if last in ("exec", "eval", "compile") and args and isinstance(args[0], ast.Constant):
            harmless = self.quoted(args[0]) and last == "eval"
            self.slot(chain, CALL | LITERAL if harmless else CALL, node)
            self._arguments(node, last)
            return True
        if last in IMPORTING:
            self.slot(chain, CALL | LITERAL, node)
            self._import(node, chain)
            self._arguments(node, last)
            return True
        if last in ("vars", "locals", "dir") and not args and not self.depth:
            self.slot("globals", QUIET, node)
        return False

    def _literal_attribute(self, node: ast.Call, chain: str) -> bool:
        key = node.args[1]
        owner = self.chain(node.args[0])
        if owner is None or not isinstance(key, ast.Constant) or not isinstance(key.value, str):
            return False
        if not key.value.isidentifier():
            return False
        self.slot(chain, CALL, node)
        self.notice_attribute(key.value, node)
        self.slot(owner + ("" if owner.endswith(":") else ".") + key.value, 0, node)
        self.items(node.args[2:])
        return True

    def _import(self, node: ast.Call, chain: str) -> None:
        """``import_module("x")`` stands for the module; any other name for all that may be meant."""
        if not node.args:
            self.out.imports.append((chain, "", node.lineno))
            return
        prefix, whole = prefix_of(node.args[0])
        prefix = prefix.replace(":", ".")  # as pkgutil.resolve_name spells it
        if chain.endswith("__import__") and self._import_with(node, prefix if whole else ""):
            return
        package = next((word.value for word in node.keywords if word.arg == "package"), None)
        if package is None and len(node.args) > 1 and not chain.endswith("__import__"):
            package = node.args[1]
        if prefix.startswith(".") and isinstance(package, ast.Constant) and isinstance(package.value, str):
            prefix = f"{package.value}{prefix}" if prefix[1:2] != "." else ""
            whole = whole and bool(prefix)
        if whole:
            first, _, rest = prefix.partition(".") if prefix[:1] != "." else (prefix, "", "")
            self.slot(f"@{first}:{rest}", QUIET, node)
        else:
            self.out.imports.append((chain, prefix, node.lineno))

    def _import_with(self, node: ast.Call, name: str) -> bool:
        """``__import__(name, …, fromlist, level)``: True when that isn't a plain import of names."""
        given = dict(zip(("name", "globals", "locals", "fromlist", "level"), node.args, strict=False))
        given.update({word.arg: word.value for word in node.keywords if word.arg})
        names, level = given.get("fromlist"), given.get("level", ast.Constant(0))
        if not isinstance(level, ast.Constant) or level.value != 0:
            self.out.imports.append(("__import__", "", node.lineno))
            return True
        for part in names.elts if name and isinstance(names, ast.List | ast.Tuple) else ():
            if isinstance(part, ast.Constant) and isinstance(part.value, str):
                self.slot(f"@{name}:{part.value}", QUIET, node)
        return False

    def quoted(self, node: ast.Constant) -> bool:
        """Names in code that is given as text; whether nothing but names can be behind it."""
        if not isinstance(node.value, str):
            return False
        try:
            tree = ast.parse(node.value)
        except (SyntaxError, ValueError):
            return False
        harmless = True
        parts: list[ast.AST] = [tree]
        while parts:
            part = parts.pop()
            chain = self.chain(part)
            if chain is not None:
                self.slot(chain, QUIET | READ, node)
                harmless = harmless and chain not in _SPECIAL
            elif isinstance(part, ast.Import | ast.ImportFrom):
                for _, imported, executed in import_chains(part):
                    self.slot(executed, QUIET | IMPORT, node)
                    self.slot(imported, QUIET, node)
                harmless = False
            else:
                if isinstance(part, ast.Call) and (name := constant_import(part)):
                    self.slot(f"@{name}:", QUIET, node)
                parts.extend(ast.iter_child_nodes(part))
        return harmless

    # --- what code changes -----------------------------------------------------------------------

    def notice_statement(self, call: ast.Call) -> None:
        """``X.append()``, ``f(X)``: a call whose value nobody takes is there for what it changes."""
        chain = self.chain(call.func)
        last = self._last(call.func, chain)
        if chain is not None:
            if last not in TALKING:
                self.out.effects.append(("call", chain, ""))
        elif isinstance(call.func, ast.Attribute):
            self.notice_store(call.func.value)
        elif isinstance(call.func, ast.Call):  # ``bus.on("a")(f)``
            self.notice_statement(call.func)
        for arg in [*call.args, *(keyword.value for keyword in call.keywords)]:
            self._pass(arg, chain or "")
        for arg in call.args:
            if (isinstance(arg, ast.Call) and last_name(arg.func) in ("globals", "locals", "vars")) or (
                last == "exec" and isinstance(arg, ast.Attribute)
            ):
                self.notice_store(arg)
        for keyword in call.keywords:
            if keyword.arg == "file":  # print() changes nothing else
                self.notice_store(keyword.value)

    def _pass(self, arg: ast.expr, callee: str) -> None:
        """An object is handed to a call; so are those in ``[A, B]``, and in ``map(f, [A, B])`` to f."""
        passed = self._part_of(arg)
        if passed is not None:
            self.out.effects.append(("pass", passed, callee))
        elif isinstance(arg, ast.List | ast.Tuple | ast.Set):
            for element in arg.elts:
                self._pass(element, callee)
        elif isinstance(arg, ast.Call):
            calling = last_name(arg.func) in ("map", "filter") and len(arg.args) > 1
            function = (self.chain(arg.args[0]) or "") if calling else callee
            for inner in arg.args[1:] if calling else arg.args:
                if calling or isinstance(inner, ast.Call):
                    self._pass(inner, function)

    def notice_operator(self, node: ast.expr) -> None:
        """``first >> second``: an operation whose value nobody takes is there for what it changes."""
        while isinstance(node, ast.BinOp):
            for side in (node.left, node.right):
                part = self._part_of(side)
                if part is not None:
                    self.out.effects.append(("store", part, ""))
            node = node.left

    def only_talks(self, call: ast.Call) -> bool:
        """``log.error(…)``, ``print(…)``"""
        last = last_name(call.func)
        if isinstance(call.func, ast.Attribute) and last in TALKING:
            return True
        return last in PRINTING and all(keyword.arg != "file" for keyword in call.keywords)

    def _is_parameter(self, node: ast.expr) -> bool:
        if not isinstance(node, ast.Name):
            return False
        scope = self.find(node.id)
        return scope is not None and scope.kind == "function" and node.id in scope.fixed

    def _part_of(self, node: ast.expr) -> str | None:
        """The chain that an expression is a part of: ``T`` of ``T["a"].b``, not of ``T.copy()``."""
        while isinstance(node, ast.Subscript | ast.Attribute | ast.Starred):
            chain = self.chain(node)
            if chain is not None:
                return chain
            node = node.value
        return self.chain(node)

    def notice_another(self, target: ast.expr, value: ast.expr) -> None:
        """``t = T`` in a class, ``self.t = T`` in a method: the attribute is another name."""
        chain = self._part_of(value)
        if chain is None or len(self.classes) != 1:
            return
        if isinstance(target, ast.Attribute) and self.depth and self._is_own(target.value):
            self.out.effects.append(("another", chain, target.attr))
        elif isinstance(target, ast.Name) and not self.depth and self.scopes[-1].kind == "class":
            self.out.effects.append(("another", chain, target.id))

    def _given(self, call: ast.Call, callee: str) -> None:
        """``x = f(T)``: f may change T."""
        for arg in [*call.args, *(keyword.value for keyword in call.keywords)]:
            chain = self._part_of(arg)
            if chain is not None:
                self.out.effects.append(("give", chain, callee))
        for keyword in call.keywords:
            if keyword.arg == "out":  # ``np.add(A, 1, out=A)``
                self.notice_store(keyword.value)

    def notice_store(self, node: ast.AST, outer: bool = False) -> None:
        """Something inside the object at the bottom of ``a.b[0].c`` is changed. ``outer``: it is the place
        itself that is set, so one step less deep."""
        deep = isinstance(node.value if outer and isinstance(node, _PLACES) else node, REACHES_INTO)
        for call in calls_on_the_way(node):
            if not self.scopes and (giver := self.chain(call.func)) is not None:
                self.out.effects.append(("store", giver, "deep"))  # ``find("a").k = 1``
            for arg in call.args:  # ``vars(helpers)["x"] = 1``
                part = self._part_of(arg)
                if part is not None:
                    self.out.effects.append(("store", part, "deep"))
                elif last_name(call.func) == "type" and self._is_own(arg):
                    self.out.effects.append(("store", self.methods[-1].owner, ""))
        chain = self.bottom(node)
        if chain is not None:
            self.out.effects.append(("store", chain, "deep" if deep else ""))
            return
        name = bottom_name(node)
        scope = self.find(name) if name else None
        if scope is None:
            return
        method = self.methods[-1] if self.methods else None
        if method is not None and name == method.parameter:
            self._notice_own(node, method, deep)
        else:
            self._notice_behind(name, scope)
        if scope is not next((each for each in reversed(self.scopes) if each.kind == "function"), None):
            self.flags.add("keeps_state")  # what a closure remembers

    def notice_augmented(self, name: str) -> None:
        """``rows += [1]`` changes a list in place, whatever else it is called."""
        scope = self.find(name) if self.scopes else None
        if scope is None or (scope.kind == "class" and name not in scope.done):
            self.out.effects.append(("augment", name, ""))
        elif scope.kind == "function":
            self._notice_behind(name, scope)

    def _is_own(self, node: ast.AST) -> bool:
        """``self`` of the method around."""
        return bool(self.methods) and isinstance(node, ast.Name) and node.id == self.methods[-1].parameter

    def _notice_own(self, node: ast.AST, method: Method, deep: bool) -> None:
        """A method changes its object, or something that all objects of the class share."""
        shared = method.is_class(node, deep)
        attribute = method.attribute(node)
        if attribute and attribute != "__class__" and (shared or deep):
            self.out.effects.append(("own", f"{method.owner}.{attribute}", "class" if shared else ""))
        elif shared:
            self.out.effects.append(("store", method.owner, "deep"))
        if not method.of_class:
            self.flags.add("changes_arguments")
            if method.name not in ("__init__", "__new__", "__post_init__"):
                self.flags.add("keeps_state")

    def _notice_behind(self, name: str, scope: Scope) -> None:
        """``rows = TABLE["rows"]``, then ``rows.append(1)``"""
        for chain in sorted(scope.behind(name)):
            first, dot, rest = chain.partition(".")
            owner = self.find(first)
            if chain in scope.fixed:
                if scope.kind == "function":
                    self.flags.add("changes_arguments")
                if chain in scope.defaults:
                    self.out.effects.append(("store", self.unit, ""))
            elif owner is None:
                self.out.effects.append(("store", chain, "deep"))
            elif first in owner.imports:
                base = owner.imports[first]
                self.out.effects.append(("store", base + (dot if base[-1] != ":" else "") + rest, "deep"))
            elif owner is not scope:
                self._notice_behind(first, owner)

    def bottom(self, node: ast.AST) -> str | None:
        """The chain at the bottom of ``chain[0].attribute.call()``, None where that is local or no name."""
        while isinstance(node, REACHES_INTO):
            chain = self.chain(node)
            if chain is not None:
                return chain
            node = node.func if isinstance(node, ast.Call) else node.value
        return self.chain(node)

    # --- what code reads -------------------------------------------------------------------------

    def notice_attribute(self, name: str, node: ast.AST) -> None:
        reads = ATTRIBUTES.get(name)
        if reads is not None and not self.talking:
            self.flags.add(f"reads_{reads}")
        if name in _SEES_LOCALS:
            self.freeze()
        if name in _NAMES_OF_MODULES:
            self.slot(f"@types:{_NAMES_OF_MODULES[name]}", QUIET, node)

    def notice_made_up(self, node: ast.expr) -> None:
        """``"__d" + name``: the name of anything that only Python itself names so."""
        beginning, whole = prefix_of(node)
        if beginning.startswith("__") and not whole:
            found = {reads for name, reads in ATTRIBUTES.items() if name.startswith(beginning)}
            if beginning == "__":  # of an operator, say
                found.discard("source")
            self.flags.update(f"reads_{reads}" for reads in found)

    def freeze(self) -> None:
        """Something may look at the local variables by name: keep their names."""
        for scope in self.scopes:
            scope.frozen = True
            for variable in scope.variables.values():
                variable.frozen = True

    def notice_key(self, mapping: ast.expr, key: ast.expr) -> None:
        """``mapping["KEY"]``: an environment variable if the mapping turns out to be ``os.environ``, a module
        if it is ``sys.modules``."""
        chain = self.chain(mapping)
        if chain is not None:
            name = template(key, self.chain)
            if name.strip("\0"):
                self.out.environment.append((chain, name))

    def notice_set_variable(self, mapping: ast.expr) -> None:
        """``os.environ["KEY"] = x`` reads none, ``sys.modules["m"] = x`` gives none."""
        chain = self.chain(mapping)
        if chain is not None and last_name(mapping) in ("environ", "modules"):
            self.out.environment.append((chain, ""))

    def on_Compare(self, node: ast.Compare) -> None:
        self.out.tokens.append("Compare")
        self.visit(node.left)
        for operator, right in zip(node.ops, node.comparators, strict=True):
            self.out.tokens.append(type(operator).__name__)
            self.visit(right)
        self.out.tokens.append(")")
        if isinstance(node.ops[0], ast.In | ast.NotIn):
            self.notice_key(node.comparators[0], node.left)

    def _notice_getenv(self, node: ast.Call, chain: str | None, last: str) -> None:
        if not node.args:
            return
        if last in ("get", "pop", "setdefault", "__getitem__") and isinstance(node.func, ast.Attribute):
            self.notice_key(node.func.value, node.args[0])
        elif chain is not None and (isinstance(node.func, ast.Name) or last in ("getenv", "getenvb")):
            self.notice_key(node.func, node.args[0])
