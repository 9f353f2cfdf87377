"""The linters of the open projects, which are read beside the event loop."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from pivot_core.project import Project as Root
from pivot_lsp.linters import Linters

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from pathlib import Path

    from conftest import Project

    from pivot_lsp.linters import Prepared


async def _unseen(root: Path, work: Awaitable[Prepared]) -> Prepared:
    return await work


@pytest.mark.parametrize(
    "meanwhile",
    [
        lambda linters, root: linters.changed(None),
        lambda linters, root: linters.changed(root / "pyproject.toml"),
        lambda linters, root: linters.forget(root),
    ],
    ids=["anything changes", "its settings change", "it is closed"],
)
@pytest.mark.asyncio
async def test_a_project_that_is_read_while_something_happens_is_read_again(
    project: Project, meanwhile: Callable[[Linters, Path], None]
) -> None:
    tasks: list[asyncio.Task[None]] = []
    linters = Linters(lambda root: None, lambda: None, lambda text: None, tasks.append, _unseen)
    root = Root(project.root)
    first = asyncio.ensure_future(linters.of(root))
    await asyncio.sleep(0)
    assert len(tasks) == 1
    assert not tasks[0].done()
    meanwhile(linters, project.root)
    second = await linters.of(root)
    await first
    await asyncio.gather(*tasks)
    assert len(tasks) == 2
    assert await linters.of(root) is second
    assert linters.roots == [project.root]
