"""Edits at random, and after each the question: does who remembers the look before see what a new look sees?

    python tests/fuzz/looks.py [--count 1000] [--seed 0] [--trust files|locks|records|code|verdicts]

A project is typed in, saved, changed on the disk behind the editor's back, run by another process, its
records and its state are tampered with. Each time the verdicts with all reasons must be those of an engine
without a memory. ``--trust`` breaks the memory on purpose: then there must be differences, else this would
prove nothing.
"""

from __future__ import annotations

import argparse
import ast
import logging
import os
import random
import shutil
import subprocess
import sys
import tempfile
import textwrap
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

from pivot_core.artifacts.hashing import FileHashes
from pivot_core.code.graph import CodeGraph
from pivot_core.memory import Memory
from pivot_core.project import Project
from pivot_core.status import LastLook
from pivot_core.store.lock import Locks
from pivot_core.store.state import Records
from pivot_lsp.answers import Answer, Known
from pivot_lsp.verdicts import look

FILES = {
    "pipeline.py": """
        from pivot_core import Pipeline
        from steps import one, two
        import plugins

        pipeline = Pipeline("p")
        pipeline.register(one.clean)
        pipeline.register(one.count, params=one.Params(size=2))
        pipeline.register(one.listed)
        for name in ("a", "b"):
            pipeline.register(two.each, name=f"each@{name}", deps={"text": "clean.txt"},
                              outs={"return": f"each/{name}.txt"})
        pipeline.register(two.tree)
        pipeline.register(two.last)
        pipeline.register(two.kept)
        """,
    "helpers.py": '''
        """Helpers."""
        import math
        SIZE = 3
        TABLE = {}

        def normalise(text):
            """About it."""
            return text.strip().lower()

        def size(text, more=SIZE):
            return math.floor(len(text) + more)

        class Box:
            def __init__(self, text):
                self.text = text

            def show(self):
                return normalise(self.text)
        ''',
    "plugins.py": """
        from helpers import TABLE

        def add(function):
            TABLE[function.__name__] = function
            return function

        @add
        def shout(text):
            return text.upper()
        """,
    "lib/__init__.py": "",
    "lib/words.py": """
        import os
        from helpers import SIZE
        NAME = "PIVOT_FUZZ_A"

        def words(text):
            return text.split() * SIZE

        def flag():
            return os.environ.get(NAME, "")
        """,
    "steps/__init__.py": "",
    "steps/one.py": """
        import os
        from pathlib import Path
        from typing import Annotated
        from pivot_core import StageParams, loaders, outputs
        import helpers
        from lib import words

        Text = loaders.Text

        class Params(StageParams):
            size: int = 1

        def clean(
            raw: Annotated[str, outputs.Dep("data/raw.txt", Text())],
        ) -> Annotated[str, outputs.Out("clean.txt", Text())]:
            return helpers.normalise(raw) + words.flag()

        def count(
            text: Annotated[str, outputs.Dep("clean.txt", Text())],
            params: Params,
        ) -> Annotated[str, outputs.Out("count.txt", Text())]:
            notes = Path("data/notes.txt")
            more = notes.read_text() if notes.exists() else ""
            return str(helpers.size(text, params.size)) + more

        def listed() -> Annotated[str, outputs.Out("listed.txt", Text())]:
            return " ".join(sorted(os.listdir("data/many")))
        """,
    "steps/two.py": """
        import pickle
        from pathlib import Path
        from typing import Annotated
        from pivot_core import loaders, outputs
        from helpers import Box, TABLE
        from lib.words import words
        from steps.one import Text

        def each(
            text: Annotated[str, outputs.Dep("data/raw.txt", Text())],
        ) -> Annotated[str, outputs.Out("each.txt", Text())]:
            return "".join(words(text))

        def tree(
            a: Annotated[str, outputs.Dep("each/a.txt", Text())],
        ) -> Annotated[Path, outputs.DirectoryOut("tree/", loaders.PathOnly())]:
            folder = Path("tree")
            folder.mkdir(exist_ok=True)
            for number in range(3):
                (folder / f"{number}.txt").write_text(a[:number])
            return folder

        def last(
            tree: Annotated[Path, outputs.Dep("tree/", loaders.PathOnly())],
            count: Annotated[str, outputs.Dep("count.txt", Text())],
        ) -> Annotated[Box, outputs.Out("box.pkl", loaders.Pickle())]:
            return Box(TABLE["shout"](count))

        def kept(
            box: Annotated[Box, outputs.Dep("box.pkl", loaders.Pickle())],
        ) -> Annotated[str, outputs.Metric("kept.txt", Text())]:
            return box.show()
        """,
    "data/raw.txt": "Hello World",
    "data/notes.txt": "notes",
    "data/many/x": "x",
}
SOURCES = [path for path in FILES if path.endswith(".py")]
SWAPS = [
    ("strip()", "rstrip()"),
    ("lower()", "upper()"),
    ("SIZE = 3", "SIZE = 4"),
    ("math.floor", "math.ceil"),
    ("import math", "import math, statistics"),
    ("About it.", "All about it."),
    ("TABLE = {}", "TABLE = dict()"),
    ("@add\n", ""),
    ("def shout", "def whisper"),
    ("return function", "function('')\n    return function"),
    ('"PIVOT_FUZZ_A"', '"PIVOT_FUZZ_B"'),
    ("os.environ.get(NAME", "os.environ.get('PIVOT_' + NAME"),
    ("text.split()", "list(text)"),
    ("size: int = 1", "size: int = 5"),
    ("import helpers\n", "import helpers, extra\n"),
    ("from lib import words", "from lib import words, more"),
    ("helpers.normalise(raw)", "getattr(helpers, 'normalise')(raw)"),
    ("helpers.normalise(raw)", "extra.f(raw)"),
    ("a[:number]", "a[:number + 1]"),
    ("normalise(self.text)", "normalise(self.text) + '!'"),
    ("Params(size=2)", "Params(size=3)"),
    ('("a", "b")', '("a", "b", "c")'),
    ("from helpers import Box, TABLE", "from helpers import *"),
    ("def size(", "# note\n\ndef size("),
    ("def words(", "def unused(): pass\n\ndef words("),
    ("def flag():", "def flag(:"),
    ("Text = loaders.Text", "Text = loaders.Text  # it is"),
]
COMING = ("extra.py", "lib/more.py", "extra/__init__.py", "steps/helpers.py", "helpers/x.py", "src/extra.py")
SETTINGS = {
    "params.yaml": ["", "count:\n  size: 7\n", "count: [\n"],
    ".pivot/config.yaml": ["", "packages: exact\n", "nonsense: 1\n"],
}
WORDS = ["x", "(", ")", "\n", " ", "#", "'", "    pass\n", "SIZE", "import os\n", "1", ".", "def f(): pass\n"]
STATEMENTS = [
    "import os",
    "import helpers",
    "from lib import words, more",
    "from helpers import size as sized",
    "from helpers import *",
    "def flag(): return SIZE",
    "def extra(text, size=SIZE): return text",
    "def len(text): return 2",
    "SIZE = 5",
    "extra = 1",
    "class Box: pass",
    "__all__ = ['Box', 'SIZE', 'extra']",
    "@add\ndef whisper(text): return text",
]
TRUSTED = ("files", "locks", "records", "code", "verdicts")
Move = Callable[["World"], str]


class Different(Exception):  # noqa: N818 - it is no error of ours to handle
    """Who remembers says something else."""


class World:
    """The project, what the editor has of it, and who remembers. ``memory`` is never told what happens."""

    def __init__(self, root: Path, seed: int) -> None:
        self.root = root
        self.rng = random.Random(seed)
        self.buffers: dict[str, str] = {}
        self.readable: dict[str, str] = {}  # of each buffer, the last text without a syntax error
        self.older: list[tuple[Path, bytes]] = []  # records that there were
        self.mend()
        self.memory = Memory()
        self.opened: frozenset[str] | None = None

    def mend(self) -> None:
        """All files as they were at first; nothing is open."""
        self.buffers.clear()
        self.readable.clear()
        for path in (*COMING, *SETTINGS):
            (self.root / path).unlink(missing_ok=True)
        for path, text in FILES.items():
            if (self.root / path).is_symlink():
                (self.root / path).unlink()
            self.write(path, textwrap.dedent(text).lstrip("\n"))

    def write(self, path: str, text: str) -> None:
        (self.root / path).parent.mkdir(parents=True, exist_ok=True)
        (self.root / path).write_text(text)

    def text(self, path: str) -> str | None:
        try:
            return (self.root / path).read_text() if (self.root / path).is_file() else None
        except (OSError, ValueError):
            return None

    def pivot(self, *args: str) -> None:
        """In another process, whether or not it can."""
        command = [sys.executable, "-m", "pivot_core", *args, "-q"]
        subprocess.run(command, cwd=self.root, check=False, capture_output=True)
        for path in sorted((self.root / ".pivot/stages").glob("*.lock")):
            self.older.append((path, path.read_bytes()))
        del self.older[:-40]

    def overlay(self) -> dict[str, str]:
        """As the language server has it."""
        return {path: text for path, text in self.readable.items() if self.text(path) != text}

    def compare(self) -> Answer:
        """The verdicts. Raises Different where who remembers is wrong."""
        project, overlay = Project(self.root), self.overlay()
        if self.rng.random() < 0.1:  # a file was opened or closed
            self.opened = frozenset(path for path in SOURCES if self.rng.random() < 0.5)
        kept, new = look(project, overlay, self.memory, self.opened), look(project, overlay)
        # Of two reasons why there are no verdicts, either may be found first.
        if kept != new and (isinstance(kept, Known) or isinstance(new, Known)):
            raise Different("\n".join(_told(kept, new)))
        return new


# --- what happens ------------------------------------------------------------------------------


def type_something(world: World) -> str:
    rng, path = world.rng, world.rng.choice(SOURCES)
    text = world.buffers.get(path)
    if text is None:
        text = world.text(path) or ""
    if rng.random() < 0.5:
        text = _swapped(rng, text)
    elif rng.random() < 0.4 and _is_readable(text):
        text = _rearranged(rng, text)
    elif rng.random() < 0.3:
        text = world.readable.get(path, text)
    else:
        at = rng.randrange(len(text) + 1)
        end = min(len(text), at + rng.choice((0, 0, 0, 1, 5)))
        text = text[:at] + rng.choice(WORDS) + text[end:]
    world.buffers[path] = text
    if _is_readable(text):
        world.readable[path] = text
    return f"typed in {path}"


def save(world: World) -> str:
    if not world.buffers:
        return "nothing to save"
    path = world.rng.choice(sorted(world.buffers))
    if world.rng.random() < 0.5:
        world.write(path, world.buffers[path])
    else:  # as many editors do
        world.write("new.tmp", world.buffers[path])
        (world.root / path).parent.mkdir(exist_ok=True)
        (world.root / "new.tmp").replace(world.root / path)
    return f"saved {path}"


def close(world: World) -> str:
    if not world.buffers:
        return "nothing to close"
    path = world.rng.choice(sorted(world.buffers))
    del world.buffers[path]
    world.readable.pop(path, None)
    return f"closed {path}"


def change_a_source(world: World) -> str:
    path = world.rng.choice(SOURCES)
    return _change(world, path, _swapped(world.rng, world.text(path) or ""))


def restore_a_source(world: World) -> str:
    path = world.rng.choice(SOURCES)
    world.write(path, textwrap.dedent(FILES[path]).lstrip("\n"))
    return f"restored {path}"


def come_or_go(world: World) -> str:
    path = world.rng.choice(COMING)
    target = world.root / path
    if target.exists():
        target.unlink()
        return f"{path} went"
    if target.parent.is_file() or (world.root / path.partition("/")[0]).is_file():
        return f"{path} can't come"
    world.write(path, world.rng.choice(["def f(x): return x\n", "from helpers import *\nf = normalise\n"]))
    return f"{path} came"


def change_data(world: World) -> str:
    path = world.rng.choice(
        ["data/raw.txt", "data/notes.txt", "clean.txt", "count.txt", "tree/1.txt", "each/a.txt", "box.pkl"]
    )
    target, chance = world.root / path, world.rng.random()
    if chance < 0.25:
        target.unlink(missing_ok=True)
        return f"{path} went"
    if chance < 0.35 and target.parent.is_dir():
        target.unlink(missing_ok=True)
        others = [other for other in ("data/raw.txt", "helpers.py", "nowhere") if other != path]
        target.symlink_to(world.root / world.rng.choice(others))
        return f"{path} is a link"
    return _change(world, path, world.rng.choice(["Hello World", "hello world", "notes", "", "others"]))


def change_a_folder(world: World) -> str:
    target = world.root / "data/many" / world.rng.choice("xyz")
    if target.exists():
        target.unlink()
    elif target.parent.is_dir():
        target.write_text("")
    return f"{target.name} came or went"


def tamper_with_a_record(world: World) -> str:
    found, rng = sorted((world.root / ".pivot/stages").glob("*.lock")), world.rng
    if not found:
        return "no record"
    path, chance = rng.choice(found), rng.random()
    if chance < 0.2:
        path.unlink()
    elif chance < 0.3:
        path.write_text("<<<<<<< ours\n" + path.read_text())
    elif chance < 0.6 and world.older:
        path, data = rng.choice(world.older)
        path.write_bytes(data)
    else:
        at = path.read_text()
        digits = [place for place, char in enumerate(at) if char in "0123456789"]
        place = rng.choice(digits)
        return _change(world, path.relative_to(world.root).as_posix(), at[:place] + "7" + at[place + 1 :])
    return f"tampered with {path.name}"


def change_settings(world: World) -> str:
    path, texts = world.rng.choice(list(SETTINGS.items()))
    return _change(world, path, world.rng.choice(texts))


def set_a_variable(world: World) -> str:
    name = world.rng.choice(["PIVOT_FUZZ_A", "PIVOT_FUZZ_B", "PIVOT_PIVOT_FUZZ_A"])
    if world.rng.random() < 0.4:
        os.environ.pop(name, None)
    else:
        os.environ[name] = world.rng.choice("12")
    return f"set {name}"


def run(world: World) -> str:
    world.pivot("run", "-k", "-j", "1")
    return "a run"


def commit(world: World) -> str:
    world.pivot("commit")
    return "a commit"


def load(world: World) -> str:
    world.pivot("status")
    return "pipeline.py was read"


def lose_the_state(world: World) -> str:
    state = world.root / ".pivot/state.lmdb"
    if world.rng.random() < 0.5:
        shutil.rmtree(state, ignore_errors=True)
        return "no state"
    if (state / "data.mdb").exists():
        (state / "data.mdb").write_bytes(b"\0" * 8192)
    return "a damaged state"


def break_the_project(world: World) -> str:
    path = world.root / world.rng.choice(["pipeline.py", "helpers.py", "lib/words.py"])
    path.unlink(missing_ok=True)
    if world.rng.random() < 0.5:
        os.mkfifo(path)
    world.compare()
    path.unlink(missing_ok=True)
    relative = path.relative_to(world.root).as_posix()
    world.write(relative, textwrap.dedent(FILES[relative]).lstrip("\n"))
    return f"broke {relative}"


def mend(world: World) -> str:
    world.mend()
    world.pivot("run", "-k")
    return "all was mended, and a run"


def rest(world: World) -> str:
    """What is that old can be remembered."""
    time.sleep(0.03)
    return "a rest"


MOVES: dict[Move, int] = {
    type_something: 100,
    save: 12,
    close: 6,
    change_a_source: 10,
    restore_a_source: 12,
    come_or_go: 5,
    change_data: 12,
    change_a_folder: 4,
    tamper_with_a_record: 8,
    change_settings: 3,
    set_a_variable: 5,
    run: 2,
    mend: 5,
    commit: 1,
    load: 2,
    lose_the_state: 1,
    break_the_project: 2,
    rest: 60,
}


def _change(world: World, path: str, text: str) -> str:
    """Another text in place; half of the time so that size and mtime stay, as far as they can."""
    target = world.root / path
    if target.is_dir() or target.parent.is_file():
        return f"{path} can't be changed"
    before = target.stat() if target.exists() else None
    world.write(path, text)
    if before is not None and world.rng.random() < 0.5:
        os.utime(target, ns=(before.st_atime_ns, before.st_mtime_ns))
    return f"changed {path}"


def _swapped(rng: random.Random, text: str) -> str:
    fitting = [pair for pair in SWAPS if pair[0] in text or pair[1] in text]
    if not fitting:
        return text + "\n"
    one, other = rng.choice(fitting)
    return text.replace(one, other, 1) if one in text and rng.random() < 0.6 else text.replace(other, one, 1)


def _rearranged(rng: random.Random, text: str) -> str:
    """A statement comes, or goes."""
    lines, body = text.splitlines(keepends=True), ast.parse(text).body
    spans = [(node.lineno - 1, node.end_lineno) for node in body]
    first, last = rng.choice([*spans, (len(lines), len(lines))])
    coming = "" if rng.random() < 0.4 else f"{rng.choice(STATEMENTS)}\n"
    return "".join([*lines[:first], coming, *lines[first if coming else last :]])


def _is_readable(text: str) -> bool:
    try:
        ast.parse(text)
    except (SyntaxError, ValueError):
        return False
    return True


def _told(kept: Answer, new: Answer) -> list[str]:
    if not isinstance(kept, Known) or not isinstance(new, Known):
        return [f"remembered: {str(kept)[:200]}", f"new: {str(new)[:200]}"]
    pairs = [pair for pair in zip(kept.stages, new.stages, strict=False) if pair[0] != pair[1]]
    told = [
        f"{name:>10} {one.spec.name}: {one.verdict} {one.last_run} {one.code}"
        for pair in pairs[:2]
        for name, one in zip(("remembered", "new"), pair, strict=True)
    ]
    return told or [f"remembered: {kept.outdated} {kept.name}", f"new: {new.outdated} {new.name}"]


# --- memories that are wrong -------------------------------------------------------------------


def trust(what: str) -> None:
    """Have the memory believe what it read once, and never look again."""
    if what == "files":
        FileHashes._seen_before = lambda self, logical: self._seen.get(  # type: ignore[method-assign]
            f"{self._root}/{logical}", (b"", None)
        )[1]
    elif what == "records":
        Records.hold = lambda self, signature: None  # type: ignore[method-assign]
    elif what == "code":
        CodeGraph.follow = lambda self, sources, summaries: True  # type: ignore[method-assign]
    elif what == "verdicts":
        LastLook.__setattr__ = _but_verdicts  # type: ignore[method-assign,assignment]
    else:
        read = Locks._read

        def trusting(self: Locks, stage: str, folder: str) -> object:
            before = self._before.get(stage) if self._before is not None else None
            return before.found if before is not None else read(self, stage, folder)

        Locks._read = trusting  # type: ignore[method-assign,assignment]


def _but_verdicts(self: LastLook, name: str, value: object) -> None:
    if name != "judged" or "judged" not in vars(self):
        object.__setattr__(self, name, value)


def main() -> int:
    options = _options()
    if options.trust:
        trust(options.trust)
    os.environ.pop("PIVOT_FUZZ_A", None)
    logging.disable()  # of damaged states
    with tempfile.TemporaryDirectory(prefix="pivot-looks-") as folder:
        world = World(Path(folder).resolve() / "project", options.seed)
        world.pivot("run")
        happened: list[str] = []
        states: Counter[str] = Counter()
        for number in range(options.count):
            move = world.rng.choices(list(MOVES), list(MOVES.values()))[0]
            happened.append(move.__name__)
            try:
                happened[-1] = move(world)
                states.update(_states(world.compare()))
            except Different as error:
                print(f"seed {options.seed}, edit {number + 1}: {'; '.join(happened[-8:])}\n{error}")
                return 1
    print(f"{options.count} edits: {dict(states)}")
    return 0


def _states(answer: Answer) -> list[str]:
    if isinstance(answer, Known):
        return [stage.verdict.state for stage in answer.stages]
    return [type(answer).__name__]


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description="Does who remembers the look before see what a new look sees?"
    )
    parser.add_argument("--count", type=int, default=1000, metavar="N", help="edits (default: 1000)")
    parser.add_argument("--seed", type=int, default=0, metavar="N")
    parser.add_argument("--trust", choices=TRUSTED)
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
