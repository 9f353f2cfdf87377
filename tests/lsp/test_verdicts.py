"""The verdicts beside the event loop: a keystroke costs what it is in, though nothing was edited before."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest

from pivot_core.code import statements
from pivot_core.project import Project as Root
from pivot_lsp.answers import Known
from pivot_lsp.verdicts import Verdicts

if TYPE_CHECKING:
    from collections.abc import Awaitable, Iterator

    from conftest import Project

    from pivot_lsp.answers import Answer


class Editor:
    """What is open in it; ``read`` is every text that its keystrokes had parsed."""

    def __init__(self, project: Project, executor: ThreadPoolExecutor) -> None:
        self.buffers: dict[str, str] = {}
        self.opened: frozenset[str] = frozenset()
        self.executor = executor
        self.failed: list[BaseException] = []
        self.verdicts = Verdicts(
            Root(project.root),
            lambda: self.buffers,
            lambda: self.opened,
            executor,
            lambda answer: None,
            lambda: None,
            self.failed.append,
            _unseen,
        )

    async def look(self) -> Known:
        self.verdicts.outdated()
        answer = await self.verdicts.current()
        await asyncio.wrap_future(self.executor.submit(int))  # what it looks at after that is over, too
        assert isinstance(answer, Known)
        assert not self.failed
        return answer


async def _unseen(looked: Awaitable[Answer]) -> Answer:
    return await looked


@pytest.fixture
def executor() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(1) as found:
        yield found


@pytest.mark.asyncio
async def test_a_keystroke_in_a_file_that_is_as_it_was_saved_costs_one_statement(
    project: Project, executor: ThreadPoolExecutor, monkeypatch: pytest.MonkeyPatch
) -> None:
    project.pivot("run")
    editor = Editor(project, executor)
    editor.opened = frozenset(["helpers.py"])
    await editor.look()
    parsed: list[str] = []
    parse = statements.parse
    monkeypatch.setattr(statements, "parse", lambda text, *flags: parsed.append(text) or parse(text, *flags))

    stages = project.text("stages.py")
    edited = stages.replace("len(text)", "len(text) + 1")
    editor.opened = frozenset(["helpers.py", "stages.py"])
    await editor.look()  # it was opened: it is read once, not to be waited for
    assert parsed.pop(0) == stages
    for buffers in ({"stages.py": edited}, {}, {"stages.py": edited}, {}):
        parsed.clear()
        editor.buffers = buffers
        states = [item.verdict.state for item in (await editor.look()).stages]
        assert states == ["fresh", "stale" if buffers else "fresh"]
        assert 0 < sum(map(len, parsed)) < len(stages) / 2
