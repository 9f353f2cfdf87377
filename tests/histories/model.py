"""A project as data, and its source text written in one of many ways that all say the same.

What a stage rests on is known here without reading any source: ``World.key`` gives equal keys where nothing
may run again. ``Module.style`` is only about looks: comments, order, how imports are written.
"""

from __future__ import annotations

import copy
import random
from dataclasses import dataclass, field

LIBRARIES = ("base", "middle", "pkg/__init__", "pkg/deep", "top")  # each may import those before it
STAGES = ("work", "steps/later")
FORMS = (
    "def",
    "lambda",
    "callable",
    "static",
    "partial",
    "cached",
    "default",
    "table",
    "byname",
    "decorated",
    "generator",
    "match",
    "dispatch",
    "dataclass",
    "closure",
    "property",
    "format",
)
OUTPUTS = ("text", "tree", "file")


@dataclass
class Const:
    name: str
    module: str
    value: int


@dataclass
class Helper:
    """A function of a number: ``x * factor`` and what others make of ``x``, modulo ``modulus``."""

    name: str
    module: str
    form: str
    factor: int
    modulus: int
    consts: list[str]
    helpers: list[str]
    fails: bool = False


@dataclass
class Stage:
    """``deps`` are paths of inputs, or names of stages whose output is read."""

    name: str
    function: str
    module: str
    deps: list[str]
    helpers: list[str]
    size: int | None
    kind: str
    folder: str
    reads: list[str] = field(default_factory=list)

    @property
    def out(self) -> str:
        return f"{self.folder}/{self.function}" + ("/" if self.kind == "tree" else ".txt")


@dataclass
class World:
    consts: dict[str, Const]
    helpers: dict[str, Helper]
    stages: dict[str, Stage]
    styles: dict[str, int]
    patches: list[str]
    data: dict[str, str | None]
    sizes: dict[str, int]  # in params.yaml
    variables: dict[str, str]
    broken: str | None = None  # a module with a syntax error

    def copy(self) -> World:
        return copy.deepcopy(self)

    # --- what is known of it ---------------------------------------------------------------------

    def closure(self, stage: Stage) -> list[str]:
        """The helpers behind a stage."""
        found: list[str] = []
        waiting = list(stage.helpers)
        while waiting:
            name = waiting.pop()
            if name not in found:
                found.append(name)
                waiting += self.helpers[name].helpers
        return sorted(found)

    def key(self, stage: Stage, contents: dict[str, object]) -> str:
        """Of all that a stage rests on. ``contents``: of what it declares that it reads."""
        helpers = [self.helpers[name] for name in self.closure(stage)]
        consts = sorted({name for helper in helpers for name in helper.consts})
        parts: list[object] = [
            stage.function,
            stage.module,
            stage.deps,
            stage.helpers,
            stage.kind,
            stage.out,
            stage.reads,
            self.sizes.get(stage.name, stage.size),
            helpers,
            [self.consts[name] for name in consts],
            [contents[dep] for dep in stage.deps],
            [self.stages[dep].kind for dep in stage.deps if dep in self.stages],  # which decides the loader
            [self._read(read) for read in stage.reads],
        ]
        if self.patches or any(helper.form == "byname" for helper in helpers):
            # The order of imports counts then, and who has which name.
            parts += [self.patches, self.consts, self.helpers, self.stages, self.styles]
        return repr(parts)

    def _read(self, read: str) -> object:
        kind, _, name = read.partition(":")
        if kind == "env":
            return self.variables.get(name)
        if kind == "list":
            return sorted(
                path for path, text in self.data.items() if path.startswith(name) and text is not None
            )
        return self.data.get(name)

    # --- its text --------------------------------------------------------------------------------

    def files(self) -> dict[str, str]:
        found = {f"{module}.py": self._library(module) for module in LIBRARIES}
        found |= {f"{module}.py": self._stages(module) for module in STAGES}
        found["steps/__init__.py"] = ""
        found["pipeline.py"] = self._pipeline()
        found["patches.py"] = self._patches()
        if self.sizes:
            found["params.yaml"] = "".join(
                f"{name!r}:\n  size: {size}\n" for name, size in sorted(self.sizes.items())
            )
        if self.broken:
            found[f"{self.broken}.py"] += "\ndef broken(:\n"
        return found | {path: text for path, text in self.data.items() if text is not None}

    def _library(self, module: str) -> str:
        writer = Writer(self, module, plain=bool(self.patches))
        for const in self.consts.values():
            if const.module == module:
                writer.const(const)
        for helper in self.helpers.values():
            if helper.module == module:
                writer.helper(helper)
        return writer.text()

    def _stages(self, module: str) -> str:
        writer = Writer(self, module, plain=bool(self.patches))
        for stage in self.stages.values():
            if stage.module == module:
                writer.stage(stage)
        return writer.text()

    def _pipeline(self) -> str:
        rng = random.Random(self.styles.get("pipeline", 0))
        lines = ["from pivot_core import Pipeline", *(["import patches"] if self.patches else [])]
        lines += [f"import {dotted(module)}" for module in STAGES]
        lines += ["", 'pipeline = Pipeline("p")']
        for stage in self.stages.values():
            what = f"{dotted(stage.module)}.{stage.function}"
            given = (
                f", params={dotted(stage.module)}.Params(size={stage.size})" if stage.size is not None else ""
            )
            given += f', name="{stage.name}"' if stage.name != stage.function or rng.random() < 0.3 else ""
            lines += ["# register it", ""][: rng.randrange(3)]
            lines.append(f"pipeline.register({what}{given})")
        return "\n".join(lines) + "\n"

    def _patches(self) -> str:
        modules = sorted({patch.rpartition(" = ")[0].rpartition(".")[0] for patch in self.patches})
        return "\n".join([*(f"import {module}" for module in modules), *self.patches, ""])


def dotted(module: str) -> str:
    return module.removesuffix("/__init__").replace("/", ".")


class Writer:
    """One module's text. ``plain``: write imports in one way only, since they have effects."""

    def __init__(self, world: World, module: str, plain: bool) -> None:
        self._world = world
        self._module = module
        self._rng = random.Random(world.styles.get(module, 0))
        # Single dispatch reads hints.
        self._hints = ["", "" if any(each.form == "dispatch" for each in world.helpers.values()) else ": int"]
        self._plain = plain
        self._imports: dict[str, str] = {}
        self._consts: list[str] = []
        self._definitions: list[str] = []

    def const(self, const: Const) -> None:
        value = self._rng.choice([str(const.value), f"{const.value:#x}", f"({const.value})"])
        hint = self._rng.choice(self._hints)
        self._consts.append(f"{const.name}{hint} = {value}")

    def helper(self, helper: Helper) -> None:
        x, name, factor = "x", helper.name, helper.factor
        local = self._rng.choice(["made", "value", "number"])
        consts = [self._name(self._world.consts[each]) for each in helper.consts]
        calls = [self._name(self._world.helpers[each]) for each in helper.helpers]
        sum_ = " + ".join([f"{x} * {factor}", *consts, *(f"{call}({x})" for call in calls)])
        expression = f"({sum_}) % {helper.modulus}"
        doc = self._rng.choice(["", f'    """{self._rng.choice(["About it.", "What it does."])}"""\n'])
        fails = '    raise ValueError("not yet")\n' if helper.fails else ""
        body = f"{doc}{fails}    {local} = {expression}\n    return {local}\n"
        inner = body.replace("    ", "        ")
        form = helper.form
        if form == "def":
            hint = self._rng.choice(self._hints)
            text = f"def {name}({x}{hint}):\n{body}"
        elif form == "lambda" and not fails:
            text = f"{name} = lambda {x}: {expression}\n"
        elif form == "callable":
            text = f"class Call_{name}:\n    def __call__(self, {x}):\n{inner}\n{name} = Call_{name}()\n"
        elif form == "static":
            text = f"class In_{name}:\n    @staticmethod\n    def go({x}):\n{inner}\n{name} = In_{name}.go\n"
        elif form == "partial":
            self._imports["functools"] = "import functools"
            later = body.replace(f"{x} * {factor}", f"{x} * by")
            text = f"def with_{name}(by, {x}):\n{later}\n{name} = functools.partial(with_{name}, {factor})\n"
        elif form == "cached":
            self._imports["functools"] = "import functools"
            text = f"@functools.cache\ndef {name}({x}):\n{body}"
        elif form == "default":
            given = ", ".join([x, f"by={factor}", *(f"c{at}={each}" for at, each in enumerate(consts))])
            sum_ = " + ".join(
                [f"{x} * by", *(f"c{at}" for at in range(len(consts))), *(f"{call}({x})" for call in calls)]
            )
            text = f"def {name}({given}):\n{doc}{fails}    return ({sum_}) % {helper.modulus}\n"
        elif form == "table":
            text = f"def in_{name}({x}):\n{body}\nTABLE_{name} = {{'go': in_{name}}}\n\n"
            text += f"def {name}({x}):\n    return TABLE_{name}['go']({x})\n"
        elif form == "byname":
            self._imports["sys"] = "import sys"
            text = f"def in_{name}({x}):\n{body}\n"
            text += f"def {name}({x}):\n    return globals()['in_' + {name!r}]({x})\n"
        elif form == "decorated":
            text = (
                f"def more_{name}(function):\n    def inner({x}):\n        return function({x}) + {factor}\n"
            )
            text += f"    return inner\n\n@more_{name}\ndef {name}({x}):\n{body}"
        elif form == "generator":
            text = f"def each_{name}({x}):\n{body.replace('return ', 'yield ')}\n"
            text += f"def {name}({x}):\n    return sum(each_{name}({x}))\n"
        elif form == "match":
            text = f"def {name}({x}):\n    match {x} % 2:\n        case 0:\n            return {factor}\n"
            text += f"        case _:\n            pass\n{body.removeprefix(doc)}"
        elif form == "dispatch":
            self._imports["functools"] = "import functools"
            text = f"@functools.singledispatch\ndef {name}(given):\n    raise TypeError(given)\n\n"
            text += f"@{name}.register\ndef of_int_{name}({x}: int):\n{body}"
        elif form == "dataclass":
            self._imports["dataclasses"] = "import dataclasses"
            text = f"@dataclasses.dataclass\nclass Data_{name}:\n    {x}: int\n    by: int = {factor}\n\n"
            later = inner.replace(f"{x} * {factor}", f"{x} * self.by")
            text += f"    def go(self, {x}):\n{later}\n"
            text += f"def {name}({x}):\n    return Data_{name}({x}).go({x})\n"
        elif form == "closure":
            text = (
                f"def make_{name}(by):\n    def inner({x}):\n{inner.replace(f'{x} * {factor}', f'{x} * by')}"
            )
            text += f"    return inner\n\n{name} = make_{name}({factor})\n"
        elif form == "property":
            text = f"class Has_{name}:\n    def __init__(self, {x}):\n        self.{x} = {x}\n\n"
            text += f"    @property\n    def made(self):\n        {x} = self.{x}\n{inner}\n"
            text += f"def {name}({x}):\n    return Has_{name}({x}).made\n"
        elif form == "format":
            text = f"class Shown_{name}(int):\n    def __format__({x}, spec):\n"
            text += f"{inner.replace('return ', 'return str(')[:-1]})\n\n"
            text += f"def {name}({x}):\n    return int(f'{{Shown_{name}({x}):d}}')\n"
        else:
            text = f"def {name}({x}):\n{body}"
        self._definitions.append(text)

    def stage(self, stage: Stage) -> None:
        world = self._world
        self._imports |= {
            "typing": "from typing import Annotated",
            "pathlib": "from pathlib import Path",
            "os": "import os",
            "pivot": "from pivot_core import StageParams, loaders, outputs",
        }
        params, calls = [], [self._name(world.helpers[each]) for each in stage.helpers]
        for at, dep in enumerate(stage.deps):
            other = world.stages.get(dep)
            is_path = other is not None and other.kind != "text"
            kind, loader = ("Path", "PathOnly") if is_path else ("str", "Text")
            path = other.out if other is not None else dep
            params.append(f'    d{at}: Annotated[{kind}, outputs.Dep("{path}", loaders.{loader}())],\n')
        if stage.size is not None:
            params.append("    params: Params,\n")
        out = {"text": "Out", "tree": "DirectoryOut", "file": "Out"}[stage.kind]
        kind, loader = ("str", "Text") if stage.kind == "text" else ("Path", "PathOnly")
        lines = ["x = " + ("params.size" if stage.size is not None else "1")]
        lines += [f"x += number(d{at})" for at in range(len(stage.deps))]
        for read in stage.reads:
            what, _, name = read.partition(":")
            if what == "env":
                lines.append(f'x += number(os.environ.get("{name}", ""))')
            elif what == "list":
                lines.append(f'x += number(str(sorted(os.listdir("{name}"))))')
            else:
                lines.append(f'x += number(Path("{name}")) if Path("{name}").exists() else 0')
        lines += [f"x += {call}(x)" for call in calls]
        if stage.kind == "tree":
            lines += [f'Path("{stage.out}").mkdir(parents=True, exist_ok=True)']
            lines += [
                f'for at in range(x % 3 + 1):\n        Path(f"{stage.out}{{at}}.txt").write_text(str(x + at))'
            ]
            lines += [f'return Path("{stage.out}")']
        elif stage.kind == "file":
            lines += [f'Path("{stage.out}").write_text(str(x))', f'return Path("{stage.out}")']
        else:
            lines += ["return str(x)"]
        doc = self._rng.choice(["", '    """A stage."""\n'])
        head = f"def {stage.function}(\n{''.join(params)}) -> Annotated[{kind}, outputs.{out}"
        text = f'{head}("{stage.out}", loaders.{loader}())]:\n{doc}' + "".join(
            f"    {line}\n" for line in lines
        )
        self._definitions.append(text)
        self._consts = [_COMMON]

    def text(self) -> str:
        rng = self._rng
        if not self._plain:
            rng.shuffle(self._definitions)
            rng.shuffle(self._consts)
        imports = list(self._imports.values())
        if rng.random() < 0.3:
            self._definitions.append(f"def unused_{rng.randrange(100)}():\n    return {rng.randrange(100)}\n")
        comment = [f"# note {rng.randrange(1000)}"] if rng.random() < 0.7 else []
        return "\n".join([*comment, *imports, "", *self._consts, "", *self._definitions])

    def _name(self, what: Const | Helper) -> str:
        """How this module calls it, having imported it."""
        if what.module == self._module:
            return what.name
        module, rng = dotted(what.module), self._rng
        style = "plain" if self._plain else rng.choice(["plain", "from", "as", "module as"])
        if style == "plain":
            self._imports[module] = f"import {module}"
            return f"{module}.{what.name}"
        if style == "from":
            self._imports[f"{module}:{what.name}"] = f"from {module} import {what.name}"
            return what.name
        if style == "as":
            self._imports[f"{module}:{what.name}:as"] = f"from {module} import {what.name} as its_{what.name}"
            return f"its_{what.name}"
        short = f"as_{module.replace('.', '_')}"
        self._imports[short] = f"import {module} as {short}"
        return f"{short}.{what.name}"


_COMMON = """
class Params(StageParams):
    size: int = 1

def number(text):
    if isinstance(text, Path):
        found = [text] if text.is_file() else sorted(text.iterdir())
        text = " ".join(each.name + each.read_text() for each in found)
    return sum(map(ord, text)) + len(text)
"""


def new(rng: random.Random) -> World:
    """A small project: every stage reads inputs or earlier stages, every helper those before it."""
    consts = {f"K{at}": Const(f"K{at}", "base" if at < 2 else "middle", rng.randrange(50)) for at in range(4)}
    helpers: dict[str, Helper] = {}
    for at in range(8):
        module = LIBRARIES[at * len(LIBRARIES) // 8]
        reachable = [
            each.name for each in consts.values() if at * len(LIBRARIES) // 8 > 0 or each.module == "base"
        ]
        helpers[f"h{at}"] = Helper(
            name=f"h{at}",
            module=module,
            form=rng.choice(FORMS),
            factor=rng.randrange(1, 20),
            modulus=rng.choice([3, 1000, 9973]),
            consts=rng.sample(reachable, rng.randrange(min(3, len(reachable) + 1))),
            helpers=rng.sample(sorted(helpers), rng.randrange(min(3, at + 1))),
        )
    inputs = ["data/a.txt", "data/b.txt", "data/many/"]
    stages: dict[str, Stage] = {}
    for at in range(rng.randrange(4, 7)):
        sources = [*inputs[:2], *stages]
        stages[f"s{at}"] = Stage(
            name=f"s{at}",
            function=f"s{at}",
            module=STAGES[at % 2],
            deps=rng.sample(sources, rng.randrange(1, 3)),
            helpers=rng.sample(sorted(helpers), rng.randrange(1, 3)),
            size=rng.choice([None, 1, 2]),
            kind=rng.choice(["text", "text", *OUTPUTS]),
            folder=rng.choice(["out", "made"]),
            reads=rng.sample(READS, rng.choice([0, 0, 0, 1, 2])),
        )
    data: dict[str, str | None] = {
        "data/a.txt": "one",
        "data/b.txt": "two",
        "data/many/x": "x",
        "data/many/z": "z",
    }
    return World(consts, helpers, stages, {}, [], data, {}, {})


READS = ["env:PIVOT_H_A", "env:PIVOT_H_B", "file:data/notes.txt", "file:data/a.txt", "list:data/many"]
