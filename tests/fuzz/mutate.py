"""Edits of source text: such as can change what code does, and such as can't."""

from __future__ import annotations

import ast
import copy
import random
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from typing import TypeVar

Mutator = Callable[[ast.Module, random.Random], bool]
N = TypeVar("N", bound=ast.AST)


def mutated(text: str, rng: random.Random, others: list[str]) -> tuple[str, str] | None:
    """The text with one edit, and the edit's name; None if this one can't be made here.

    ``others`` are modules of the project, for edits that reach into another one.
    """
    tree = ast.parse(text)
    names = list(MUTATORS)
    name = rng.choice(names)
    if name == "patch another module":
        return text + _patch(rng, others), name
    if not MUTATORS[name](tree, rng):
        return None
    edited = ast.unparse(ast.fix_missing_locations(tree))
    return (edited, name) if edited != ast.unparse(ast.parse(text)) else None


# --- edits that can change what it does ----------------------------------------------------------


def _constant(tree: ast.Module, rng: random.Random) -> bool:
    node = _any(tree, rng, ast.Constant, lambda node: not isinstance(node.value, type(...)))
    if node is None:
        return False
    match node.value:
        case bool() as value:
            node.value = not value
        case int() | float() as value:
            node.value = rng.choice(
                [value + 1, -value, float(value) if isinstance(value, int) else int(value)]
            )
        case str() as value:
            node.value = rng.choice([value + "x", value[1:], value.swapcase()])
        case bytes() as value:
            node.value = value + b"x"
        case _:
            node.value = 0
    return True


def _operator(tree: ast.Module, rng: random.Random) -> bool:
    node = _any(tree, rng, (ast.BinOp, ast.Compare, ast.BoolOp, ast.AugAssign))
    match node:
        case ast.Compare():
            swaps = {
                ast.Eq: ast.NotEq,
                ast.Lt: ast.LtE,
                ast.Gt: ast.GtE,
                ast.In: ast.NotIn,
                ast.Is: ast.IsNot,
            }
            swaps |= {new: old for old, new in swaps.items()}
            node.ops[0] = swaps[type(node.ops[0])]()
        case ast.BoolOp():
            node.op = ast.And() if isinstance(node.op, ast.Or) else ast.Or()
        case ast.BinOp() | ast.AugAssign():
            node.op = ast.Sub() if isinstance(node.op, ast.Add) else ast.Add()
        case _:
            return False
    return True


def _condition(tree: ast.Module, rng: random.Random) -> bool:
    node = _any(tree, rng, (ast.If, ast.While, ast.IfExp))
    if node is None:
        return False
    node.test = ast.UnaryOp(ast.Not(), node.test)
    return True


def _delete(tree: ast.Module, rng: random.Random) -> bool:
    block = _block(tree, rng)
    if not block:
        return False
    block[rng.randrange(len(block))] = ast.Pass()
    return True


def _swap_statements(tree: ast.Module, rng: random.Random) -> bool:
    block = _block(tree, rng) if rng.random() < 0.5 else tree.body
    if len(block) < 2:
        return False
    place = rng.randrange(len(block) - 1)
    block[place], block[place + 1] = block[place + 1], block[place]
    return True


def _swap_branches(tree: ast.Module, rng: random.Random) -> bool:
    node = _any(tree, rng, ast.If, lambda node: bool(node.orelse))
    if node is None:
        return False
    node.body, node.orelse = node.orelse, node.body
    return True


def _arguments(tree: ast.Module, rng: random.Random) -> bool:
    node = _any(tree, rng, ast.Call, lambda node: len(node.args) + len(node.keywords) > 0)
    if node is None:
        return False
    if len(node.args) > 1 and rng.random() < 0.6:
        node.args.reverse()
    elif node.keywords:
        node.keywords.pop(rng.randrange(len(node.keywords)))
    else:
        node.args.pop()
    return True


def _default(tree: ast.Module, rng: random.Random) -> bool:
    node = _any(tree, rng, ast.arguments, lambda node: bool(node.defaults or any(node.kw_defaults)))
    if node is None:
        return False
    if node.defaults:
        node.defaults[rng.randrange(len(node.defaults))] = ast.Constant(rng.choice([None, 1, "x"]))
    else:
        node.kw_defaults = [value and ast.Constant(rng.choice([None, 1, "x"])) for value in node.kw_defaults]
    return True


def _decorator(tree: ast.Module, rng: random.Random) -> bool:
    kinds = (ast.FunctionDef, ast.ClassDef)
    node = _any(tree, rng, kinds, lambda node: bool(node.decorator_list))
    if node is None:
        return False
    node.decorator_list.pop(rng.randrange(len(node.decorator_list)))
    return True


def _bases(tree: ast.Module, rng: random.Random) -> bool:
    node = _any(tree, rng, ast.ClassDef, lambda node: bool(node.bases))
    if node is None:
        return False
    if len(node.bases) > 1:
        node.bases.reverse()
    else:
        node.bases.clear()
    return True


def _attribute(tree: ast.Module, rng: random.Random) -> bool:
    node = _any(tree, rng, ast.Attribute)
    other = _any(tree, rng, ast.Attribute)
    if node is None or other is None:
        return False
    node.attr = other.attr
    return True


def _name(tree: ast.Module, rng: random.Random) -> bool:
    """Another name of the same module in its place: another helper, constant or variable."""
    node = _any(tree, rng, ast.Name, lambda node: isinstance(node.ctx, ast.Load))
    other = _any(tree, rng, ast.Name, lambda node: isinstance(node.ctx, ast.Load))
    if node is None or other is None:
        return False
    node.id = other.id
    return True


def _return(tree: ast.Module, rng: random.Random) -> bool:
    node = _any(tree, rng, ast.Return)
    if node is None:
        return False
    node.value = None
    return True


def _import(tree: ast.Module, rng: random.Random) -> bool:
    """Another name from the same import, or none."""
    node = _any(tree, rng, ast.ImportFrom, lambda node: len(node.names) > 1)
    if node is None:
        return False
    one, other = rng.sample(node.names, 2)
    one.name, one.asname = other.name, one.asname or one.name
    return True


def _handler(tree: ast.Module, rng: random.Random) -> bool:
    node = _any(tree, rng, ast.ExceptHandler)
    if node is None:
        return False
    if rng.random() < 0.5:
        node.type = ast.Name("ZeroDivisionError", ast.Load())
    else:
        node.body = [ast.Raise()]
    return True


def _rebind(tree: ast.Module, rng: random.Random) -> bool:
    """A later statement gives a name of the module another value."""
    names = [node.name for node in tree.body if isinstance(node, ast.FunctionDef | ast.ClassDef)]
    names += [node.targets[0].id for node in tree.body if _binds_name(node)]
    if not names:
        return False
    name = rng.choice(names)
    text = rng.choice(
        [
            f"{name} = None",
            f"{name} = (lambda old: lambda *args, **words: old(*args, **words) and None)({name})",
            f"{name}.__doc__ = 'other'",
            f"{name}.__call__ = None",
            f"globals()[{name!r}] = 0",
            f"for _each in [1]:\n    {name} = _each",
            f"try:\n    {name} = {name}()\nexcept Exception:\n    {name} = 3",
        ]
    )
    tree.body.extend(ast.parse(text).body)
    return True


_CHANGES = (
    "{0}.clear()",
    "{0}.pop({0} and next(iter({0})), None)",
    "{0} and {0}.popitem()",
    "{0} *= 0",
    "_other = {0}\n_other.clear()",
    "def _empty(it):\n    it.clear()\n_empty({0})",
    "list(map(lambda it: it.clear(), [{0}]))",
)


def _container(tree: ast.Module, rng: random.Random) -> bool:
    """A later statement changes a table of the module in place."""
    kinds = ast.Dict | ast.List | ast.Set | ast.ListComp | ast.DictComp
    names = [node.targets[0].id for node in tree.body if _binds_name(node) and isinstance(node.value, kinds)]
    if not names:
        return False
    name = rng.choice(names)
    change = rng.choice(_CHANGES)
    body = "\n".join("    " + line for line in change.format(name).splitlines())
    tree.body.extend(ast.parse(f"try:\n{body}\nexcept Exception:\n    pass").body)
    return True


def _binds_name(node: ast.stmt) -> bool:
    return isinstance(node, ast.Assign) and len(node.targets) == 1 and isinstance(node.targets[0], ast.Name)


def _patch(rng: random.Random, others: list[str]) -> str:
    """Code that replaces something in another module when it is imported."""
    module = rng.choice(others)
    how = rng.choice(
        [
            "setattr(_other, _name, None)",
            "_other.__dict__[_name] = None",
            "vars(_other).pop(_name)",
        ]
    )
    index = rng.randrange(40)
    return (
        f"\n\ntry:\n    import {module}\n    import sys\n    _other = sys.modules[{module!r}]\n"
        f"    _name = sorted(n for n in vars(_other) if not n.startswith('__'))[{index}]\n    {how}\n"
        "except Exception:\n    pass\n"
    )


MUTATORS: dict[str, Mutator] = {
    "constant": _constant,
    "operator": _operator,
    "condition": _condition,
    "delete a statement": _delete,
    "swap statements": _swap_statements,
    "swap branches": _swap_branches,
    "arguments": _arguments,
    "default": _default,
    "decorator": _decorator,
    "bases": _bases,
    "attribute": _attribute,
    "name": _name,
    "return": _return,
    "import": _import,
    "handler": _handler,
    "rebind": _rebind,
    "change a table": _container,
    "patch another module": lambda tree, rng: True,
}


def _any(
    tree: ast.AST,
    rng: random.Random,
    kind: type[N] | tuple[type[N], ...],
    fits: Callable[[N], bool] = lambda _: True,
) -> N | None:
    found = [node for node in ast.walk(tree) if isinstance(node, kind) and fits(node)]
    return rng.choice(found) if found else None


def _block(tree: ast.Module, rng: random.Random) -> list[ast.stmt]:
    blocks = [tree.body] if tree.body else []
    for node in ast.walk(tree):
        if node is not tree:
            blocks += [
                part
                for name in ("body", "orelse")
                if isinstance(part := getattr(node, name, None), list) and part
            ]
    return rng.choice(blocks) if blocks else []


# --- edits that can't ----------------------------------------------------------------------------


NEW_TEXT = frozenset({"unused definitions", "a main block", "type hints"})


def cosmetic(text: str, rng: random.Random) -> Iterator[tuple[str, str]]:
    """The text written otherwise, and how. The ways in NEW_TEXT add something that isn't used."""
    yield ast.unparse(ast.parse(text)), "written anew"
    yield _commented(text, rng), "comments and blank lines"
    yield (
        text + "\n\ndef _nobody_calls_this(x=1):\n    return x\n\n\nclass _NorThis:\n    y = 2\n",
        "unused definitions",
    )
    yield text + "\n\nif __name__ == '__main__':\n    print('hello')\n", "a main block"
    yield "\n" * 3 + text if not text.startswith(("from __future__", "#")) else text + "\n\n", "moved lines"
    for length, quotes in ((60, "single"), (100, "double"), (200, "preserve")):
        formatted = _formatted(text, length, quotes)
        if _documentation(formatted) == _documentation(text):  # a formatter indents it anew
            yield formatted, f"formatted, {length} columns, {quotes} quotes"
    renamed = _renamed_locals(text, rng)
    if renamed is not None:
        yield renamed, "a local renamed"
    yield _hinted(text, rng), "type hints"


def _formatted(text: str, length: int, quotes: str) -> str:
    options = ["--isolated", "--line-length", str(length), "--config", f"format.quote-style='{quotes}'"]
    command = [sys.executable, "-m", "ruff", "format", *options, "-"]
    done = subprocess.run(command, input=text, capture_output=True, text=True, check=False)
    return done.stdout if done.returncode == 0 else text


def _documentation(text: str) -> list[str | None]:
    kinds = ast.Module | ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef
    return [
        ast.get_docstring(node, clean=False) for node in ast.walk(ast.parse(text)) if isinstance(node, kinds)
    ]


def _commented(text: str, rng: random.Random) -> str:
    """Comments before statements of the module, and after them where a line is a whole statement."""
    lines = text.splitlines()
    for node in reversed(ast.parse(text).body):
        first = min([node.lineno, *(each.lineno for each in getattr(node, "decorator_list", []))])
        if rng.random() < 0.5 and not lines[first - 1].startswith(("#", " ")) and ";" not in lines[first - 1]:
            lines[first - 1 : first - 1] = ["", f"# note {rng.random()}", ""]
    return "\n".join(lines) + "\n  # the end\n"


_PLAIN = re.compile(r"^[a-z_]{2,}$")


def _renamed_locals(text: str, rng: random.Random) -> str | None:
    """One variable of a simple function gets another name, that no text of the definition mentions."""
    tree = ast.parse(text)
    functions = [
        (node, unit)
        for unit in tree.body
        for node in ast.walk(unit)
        if isinstance(node, ast.FunctionDef) and _is_simple(node)
    ]
    rng.shuffle(functions)
    for function, unit in functions:
        parameters = {arg.arg for arg in ast.walk(function.args) if isinstance(arg, ast.arg)}
        stored = {
            n.id for n in ast.walk(function) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)
        }
        texts = {n.value for n in ast.walk(unit) if isinstance(n, ast.Constant) and isinstance(n.value, str)}
        usable = sorted(n for n in stored - parameters if _PLAIN.match(n) and not any(n in t for t in texts))
        if usable:
            name = rng.choice(usable)
            for node in ast.walk(function):
                if isinstance(node, ast.Name) and node.id == name:
                    node.id = f"{name}_renamed"
            return ast.unparse(tree)
    return None


_BINDING = (
    ast.ClassDef,
    ast.DictComp,
    ast.ExceptHandler,
    ast.FunctionDef,
    ast.GeneratorExp,
    ast.Global,
    ast.Import,
    ast.ImportFrom,
    ast.JoinedStr,
    ast.Lambda,
    ast.ListComp,
    ast.Match,
    ast.NamedExpr,
    ast.Nonlocal,
    ast.SetComp,
)


def _is_simple(function: ast.FunctionDef) -> bool:
    """Nothing in it binds or sees names in another way than by assignment."""
    inside = [node for node in ast.walk(function) if node is not function]
    names = {node.id for node in inside if isinstance(node, ast.Name)}
    names |= {node.attr for node in inside if isinstance(node, ast.Attribute)}
    seeing = {"locals", "vars", "eval", "exec", "dir", "f_code", "f_back", "query"}
    return not any(isinstance(node, _BINDING) for node in inside) and names.isdisjoint(seeing)


def _hinted(text: str, rng: random.Random) -> str:
    """A hint for a return value that has none, in functions without decorators."""
    tree = copy.deepcopy(ast.parse(text))
    functions = [
        node
        for node in tree.body
        if isinstance(node, ast.FunctionDef) and node.returns is None and not node.decorator_list
    ]
    if functions:
        rng.choice(functions).returns = ast.Name("object", ast.Load())
    return ast.unparse(tree)
