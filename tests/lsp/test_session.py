"""A long session: after any edits the server says what a new one would say, and needs no more than before.

PIVOT_EDITS=10000 for the exhaustive form, which takes some minutes.
"""

from __future__ import annotations

import itertools
import os
import random
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest

from pivot_core.project import Project as Root
from pivot_lsp.answers import Known
from pivot_lsp.lint.engine import Linter
from pivot_lsp.lint.rules import RULES
from pivot_lsp.source.sources import Sources
from pivot_lsp.verdicts import look

if TYPE_CHECKING:
    from collections.abc import Iterator

    from conftest import Project, Raw

EDITS = int(os.environ.get("PIVOT_EDITS", "200"))
NAMES = ("helpers.py", "stages.py", "pipeline.py")
PIECES = [
    "", "    ", '"""', "(", ")", "#", "x = 1", "else:", "@", "\\", "def f():", "    pass",
    "from helpers import *",
    "import pipeline", "pipeline.register(stages.clean, name='again')", "# räume 🏠", "\tx", "\x0c",
    "helpers = 1",
    "    return text.upper()", "def normalise(text): return text", "import stages as helpers",
]  # fmt: skip
PIECES += [line for rule in RULES for one in rule.invalid for line in one.text.split("\n")]


class Edit(NamedTuple):
    """Another text for a stretch of a text; columns in UTF-16 units, as the protocol has them."""

    start: tuple[int, int]
    end: tuple[int, int]
    text: str


def edit_of(text: str, chance: random.Random) -> tuple[Edit, str]:
    """Something that somebody may type, and the text after it."""
    lines = text.split("\n")
    first = chance.randrange(len(lines))
    kind = chance.randrange(4)
    if kind == 0:  # a line more
        start, end, new = (first, 0), (first, 0), chance.choice(PIECES) + "\n"
    elif kind == 1:  # another line
        start, end, new = (first, 0), (first, len(lines[first])), chance.choice(PIECES)
    elif kind == 2:  # some lines less
        last = min(first + chance.randrange(1, 3), len(lines) - 1)
        start, end, new = (first, 0), (last, 0), ""
    else:  # some characters
        at = chance.randrange(len(lines[first]) + 1)
        start = (first, at)
        end = (first, min(at + chance.randrange(2), len(lines[first])))
        new = chance.choice(["a", ".", '"', "", "/", " ", "🏠", "\n    "])
    before = "\n".join([*lines[: start[0]], lines[start[0]][: start[1]]])
    after = "\n".join([lines[end[0]][end[1] :], *lines[end[0] + 1 :]])
    return Edit(_units(lines, start), _units(lines, end), new), before + new + after


def _units(lines: list[str], at: tuple[int, int]) -> tuple[int, int]:
    return at[0], len(lines[at[0]][: at[1]].encode("utf-16-le")) // 2


class Session:
    """An editor that asks by hand. ``texts``: of its buffers; ``good``: the last ones that Python takes."""

    def __init__(self, raw: Raw, project: Project) -> None:
        self.raw = raw
        self.project = project
        self.texts = {name: project.text(name) for name in NAMES}
        self.good = dict(self.texts)
        self.saved = dict(self.texts)
        self._numbers = itertools.count(2)
        self._versions = itertools.count(2)
        for name, text in self.texts.items():
            item = {"uri": project.uri(name), "languageId": "python", "version": 1, "text": text}
            raw.send("textDocument/didOpen", {"textDocument": item})
        while self.ask("pivot/pipeline", {"root": str(project.root)})["state"] != "known":
            pass

    def ask(self, method: str, params: object) -> Any:  # noqa: ANN401 - what an answer holds
        number = next(self._numbers)
        self.raw.send(method, params, number)
        while (message := self.raw.receive()).get("id") != number:
            pass
        return message["result"]

    def type(self, name: str, chance: random.Random) -> None:
        """Edit a buffer; from time to time all of it, since mistakes pile up."""
        base = chance.choices(("texts", "good", "saved"), (20, 2, 1))[0]
        change: dict[str, object]
        if base == "texts":
            edit, text = edit_of(self.texts[name], chance)
            places = ({"line": line, "character": column} for line, column in (edit.start, edit.end))
            change = {"range": dict(zip(("start", "end"), places, strict=True)), "text": edit.text}
        else:
            text = {"good": self.good, "saved": self.saved}[base][name]
            change = {"text": text}
        document = {"uri": self.project.uri(name), "version": next(self._versions)}
        self.raw.send("textDocument/didChange", {"textDocument": document, "contentChanges": [change]})
        self.texts[name] = text
        linter = Linter(Sources(None))
        linter.sources.put(name, text)
        if linter.sources.module(name) is not None:
            self.good[name] = text

    def findings(self, name: str) -> list[tuple[object, ...]]:
        document = {"textDocument": {"uri": self.project.uri(name)}}
        items = self.ask("textDocument/diagnostic", document)["items"]
        return sorted(
            (item["code"], *_ends(item["range"]), item["message"]) for item in items if "code" in item
        )

    def findings_anew(self, name: str) -> list[tuple[object, ...]]:
        """What a new linter finds."""
        linter = Linter(Sources(Root(self.project.root)))
        for other, text in self.good.items():
            linter.sources.put(other, text)
        module = linter.sources.module(name)
        assert module is not None
        lines = module.lines
        return sorted(
            (
                one.code,
                one.span.line - 1,
                lines.units(one.span.line, one.span.column, "utf-16"),
                one.span.end_line - 1,
                lines.units(one.span.end_line, one.span.end_column, "utf-16"),
                f"{one.message}\n{one.hint}",
            )
            for one in linter.findings(name)
        )

    def verdicts(self) -> list[tuple[object, ...]]:
        found = self.ask("pivot/pipeline", {"root": str(self.project.root)})["stages"]
        return [
            (
                one["name"],
                one["state"],
                [(why["kind"], why["subject"], why["detail"]) for why in one["reasons"]],
            )
            for one in found
        ]

    def verdicts_anew(self) -> list[tuple[object, ...]]:
        overlay = {name: text for name, text in self.good.items() if text != self.saved[name]}
        answer = look(Root(self.project.root), overlay)
        assert isinstance(answer, Known)
        return [
            (
                one.spec.name,
                one.verdict.state,
                [(why.kind, why.subject, why.detail) for why in one.verdict.reasons],
            )
            for one in answer.stages
        ]

    def costs(self) -> tuple[int, int, int]:
        """Memory in bytes, open files and threads of the server."""
        process = Path(f"/proc/{self.raw.process.pid}")
        status = (process / "status").read_text()
        memory, threads = (int(status.partition(f"{name}:")[2].split()[0]) for name in ("VmRSS", "Threads"))
        return memory * 1024, len(list((process / "fd").iterdir())), threads


def _ends(found: dict[str, dict[str, int]]) -> Iterator[int]:
    for end in ("start", "end"):
        yield from (found[end]["line"], found[end]["character"])


@pytest.mark.timeout(60 + EDITS)
def test_after_each_edit_it_says_what_a_new_one_would_say_and_nothing_grows(ran: Project, raw: Raw) -> None:
    chance = random.Random(EDITS)
    session = Session(raw, ran)
    compared = 0
    before = (0, 0, 0)
    for number in range(EDITS):
        name = chance.choice(NAMES)
        session.type(name, chance)
        if session.texts[name] == session.good[name]:
            assert session.findings(name) == session.findings_anew(name), session.texts
            compared += 1
        if number % 10 == 0:
            assert session.verdicts() == session.verdicts_anew(), session.texts
        if number == EDITS // 4:
            before = session.costs()
    after = session.costs()
    print(f"{EDITS} edits, {compared} compared: memory, files, threads {before} -> {after}")
    assert compared > EDITS // 10
    assert after[0] - before[0] < 20_000_000
    assert after[1] <= before[1]
    assert after[2] <= before[2]
