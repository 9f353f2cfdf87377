"""The same synthetic pipeline, written for each tool.

Each stage reads a small input of its own and the outputs of the stages before it (see ``TOPOLOGIES``), calls
a helper of its own in ``helpers.py`` (the same text for every tool) and writes one small output. A stage's
body also appends the stage's name to ``runs.log``: what really ran is counted there, whatever a tool says.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

CONSTANT = 7  # in each helper; another one changes that stage's result


@dataclass(frozen=True)
class Stage:
    """One stage: its number, and the numbers of the stages whose outputs it reads."""

    number: int
    upstream: tuple[int, ...]

    @property
    def name(self) -> str:
        return f"s{self.number:04d}"

    @property
    def helper(self) -> str:
        return f"h{self.number:04d}"

    @property
    def input(self) -> str:
        return f"data/in_{self.number:04d}.txt"

    @property
    def output(self) -> str:
        return output_of(self.number)

    @property
    def reads(self) -> list[str]:
        return [self.input, *(output_of(number) for number in self.upstream)]


def output_of(number: int) -> str:
    """The path of a stage's output."""
    return f"out/s{number:04d}.txt"


def layers(count: int, width: int = 10) -> list[Stage]:
    """``count`` stages in layers of ``width``, upstream first."""
    stages = []
    for number in range(count):
        layer, column = divmod(number, width)
        above = (layer - 1) * width
        reads = {above + column, above + (column + 1) % width} if layer else set()
        stages.append(Stage(number, tuple(sorted(reads))))
    return stages


def chain(count: int) -> list[Stage]:
    """Each stage reads the output of the one before it: nothing can run at once."""
    return [Stage(number, (number - 1,) if number else ()) for number in range(count)]


def wide(count: int) -> list[Stage]:
    """No stage reads another's output."""
    return [Stage(number, ()) for number in range(count)]


TOPOLOGIES: dict[str, Callable[[int], list[Stage]]] = {"layered": layers, "chain": chain, "wide": wide}


# --- what all tools share ------------------------------------------------------------------------


def input_text(number: int, version: int = 0) -> str:
    """The input of a stage. Versions 0 to 9 have one size."""
    return f"row {number} alpha beta gamma {number * 7919 % 1000} version {version}\n"


def _helpers(stages: list[Stage]) -> str:
    common = 'def common(text: str) -> str:\n    return " ".join(text.split())\n'
    return "\n\n".join([common, *(_helper(stage) for stage in stages)])


def _helper(stage: Stage) -> str:
    return (
        f"def {stage.helper}(text: str) -> str:\n"
        f"    # remark {stage.number}:\n"
        f"    words = common(text).split(' ')\n"
        f'    return f"{{len(words)}}:{{words[-1][-20:]}}|{{{CONSTANT} + {stage.number}}}"\n'
    )


def _body(stage: Stage, reads: list[str], returns: str) -> str:
    """The lines of a stage's function; ``reads`` are expressions that give text."""
    text = " + ' ' + ".join(reads)
    return (
        f'    with open("runs.log", "a") as log:\n'
        f'        log.write("{stage.name}\\n")\n'
        f"    {returns.format(f'helpers.{stage.helper}({text})')}\n"
    )


def _common(root: Path, stages: list[Stage]) -> None:
    for folder in ("data", "out"):
        (root / folder).mkdir(parents=True)
    (root / "helpers.py").write_text(_helpers(stages))
    for stage in stages:
        (root / stage.input).write_text(input_text(stage.number))


def expected(root: Path, stages: list[Stage]) -> dict[str, str]:
    """What each output must be, with the tree as it is now: output path -> text."""
    names: dict[str, object] = {}
    exec(compile((root / "helpers.py").read_text(), "helpers.py", "exec"), names)
    made: dict[str, str] = {}
    for stage in stages:
        texts = [(root / stage.input).read_text(), *(made[path] for path in stage.reads[1:])]
        helper = names[stage.helper]
        assert callable(helper)
        made[stage.output] = helper(" ".join(texts))
    return made


# --- edits ---------------------------------------------------------------------------------------


def edit_helper(root: Path, stage: Stage, constant: int) -> None:
    """Give a stage's helper another constant.

    The size of ``helpers.py`` must differ between versions that are compiled in the same second:
    CPython trusts a .pyc whose source has the same size and the same second of modification.
    """
    _edit(root / "helpers.py", rf"\{{\d+ \+ {stage.number}\}}", f"{{{constant} + {stage.number}}}")


def edit_comment(root: Path, stage: Stage, version: int) -> None:
    """Give the comment in a stage's helper another text."""
    _edit(root / "helpers.py", rf"# remark {stage.number}:.*", f"# remark {stage.number}:{'!' * version}")


def _edit(path: Path, pattern: str, replacement: str) -> None:
    text, found = re.subn(pattern, replacement, path.read_text(), count=1)
    assert found == 1, pattern
    path.write_text(text)


# --- the tools -----------------------------------------------------------------------------------


def for_pivot(root: Path, stages: list[Stage]) -> None:
    """A TypedDict and a function for each stage, registered in ``pipeline.py``."""
    _common(root, stages)
    parts = [
        "from typing import Annotated, TypedDict\n\n"
        "from pivot_core import Pipeline, loaders, outputs\n\nimport helpers\n"
    ]
    for stage in stages:
        arguments = [
            f'    d{i}: Annotated[str, outputs.Dep("{path}", loaders.Text())],\n'
            for i, path in enumerate(stage.reads)
        ]
        made = f"O{stage.number:04d}"
        parts.append(
            f"class {made}(TypedDict):\n"
            f'    out: Annotated[str, outputs.Out("{stage.output}", loaders.Text())]\n\n\n'
            f"def {stage.name}(\n{''.join(arguments)}) -> {made}:\n"
            + _body(stage, [f"d{i}" for i in range(len(stage.reads))], f"return {made}(out={{}})")
        )
    registered = "".join(f"pipeline.register({stage.name})\n" for stage in stages)
    parts.append(f'pipeline = Pipeline("benchmark")\n{registered}')
    (root / "pipeline.py").write_text("\n\n".join(parts))


def _plain_functions(root: Path, stages: list[Stage]) -> None:
    """``stages.py``: a function for each stage that opens its files by itself."""
    _common(root, stages)
    parts = ["import pathlib\n\nimport helpers\n"]
    for stage in stages:
        reads = [f'pathlib.Path("{path}").read_text()' for path in stage.reads]
        writes = f'pathlib.Path("{stage.output}").write_text({{}})'
        parts.append(f"def {stage.name}() -> None:\n" + _body(stage, reads, writes))
    (root / "stages.py").write_text("\n\n".join(parts))
    (root / "run_stage.py").write_text("import sys\n\nimport stages\n\ngetattr(stages, sys.argv[1])()\n")


def for_doit(root: Path, stages: list[Stage]) -> None:
    """Python actions in doit's own process; the code files are declared as file_dep."""
    _plain_functions(root, stages)
    rows = "".join(f"    ({stage.name!r}, {stage.reads!r}),\n" for stage in stages)
    (root / "dodo.py").write_text(
        f'import stages\n\nDOIT_CONFIG = {{"verbosity": 0}}\nROWS = [\n{rows}]\n\n\n'
        "def task_s():\n"
        "    for name, reads in ROWS:\n"
        "        yield {\n"
        '            "name": name,\n'
        '            "actions": [getattr(stages, name)],\n'
        '            "file_dep": [*reads, "stages.py", "helpers.py"],\n'
        '            "targets": [f"out/{name}.txt"],\n'
        "        }\n"
    )


def for_make(root: Path, stages: list[Stage]) -> None:
    """A Python process for each stage; the code files are prerequisites."""
    _plain_functions(root, stages)
    _makefile(root, stages, "stages.py helpers.py", "python3 run_stage.py {0.name}")


def for_make_sh(root: Path, stages: list[Stage]) -> None:
    """A shell's built-in commands only: what make itself costs, and one sh for each stage.

    The output is a copy of the stage's own input.
    """
    _common(root, stages)
    body = 'echo {0.name} >> runs.log; read -r x < {0.input}; echo "$$x" > $@'
    _makefile(root, stages, "helpers.py", body)


def _makefile(root: Path, stages: list[Stage], code: str, body: str) -> None:
    rules = "".join(f"{s.output}: {' '.join(s.reads)} {code}\n\t@{body.format(s)}\n" for s in stages)
    goal = f".PHONY: all\nall: {' '.join(stage.output for stage in stages)}\n"
    (root / "Makefile").write_text(goal + rules)


def for_dvc(root: Path, stages: list[Stage]) -> None:
    """A Python process for each stage; the code files are declared as deps."""
    _plain_functions(root, stages)
    lines = ["stages:"]
    for stage in stages:
        lines += [f"  {stage.name}:", f"    cmd: python3 run_stage.py {stage.name}", "    deps:"]
        lines += [f"    - {path}" for path in (*stage.reads, "stages.py", "helpers.py")]
        lines += ["    outs:", f"    - {stage.output}"]
    (root / "dvc.yaml").write_text("\n".join(lines) + "\n")


def expected_copies(root: Path, stages: list[Stage]) -> dict[str, str]:
    """What each output of :func:`for_make_sh` must be."""
    return {stage.output: (root / stage.input).read_text() for stage in stages}
