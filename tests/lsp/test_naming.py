"""A fix writes names that mean what it wants, with an import where there is none."""

from __future__ import annotations

import pytest

from pivot_lsp.lint.fixes import Change, applied
from pivot_lsp.lint.naming import named
from pivot_lsp.source.module import Module

JSON = "pivot_core.loaders.JSON"


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("import pivot_core\n", "pivot_core.loaders.JSON"),
        ("import pivot_core.loaders\n", "pivot_core.loaders.JSON"),
        ("import pivot_core as pc\nfrom pivot_core import loaders as l\n", "l.JSON"),
        ("from pivot_core import loaders\nfrom pivot_core.loaders import JSON\n", "JSON"),
    ],
)
def test_the_shortest_of_the_names_that_are_there_is_used(text: str, name: str) -> None:
    assert named(Module("stages.py", text), JSON) == (name, [])


@pytest.mark.parametrize(
    ("text", "name", "added"),
    [
        ("import os\n", "loaders.JSON", "from pivot_core import loaders\n"),
        # For type checkers only, now and then, or of something else.
        (
            "import os\nif TYPE_CHECKING:\n    from pivot_core.loaders import JSON\n",
            "loaders.JSON",
            "from pivot_core import loaders\n",
        ),
        ("import os\nloaders = {}\n", "JSON", "from pivot_core.loaders import JSON\n"),
        ("from pivot_core import loaders\nloaders = {}\n", "JSON", "from pivot_core.loaders import JSON\n"),
    ],
)
def test_without_one_it_is_imported(text: str, name: str, added: str) -> None:
    module = Module("stages.py", text)
    found = named(module, JSON)
    assert found is not None and found.text == name
    made = applied(text, [Change(edit.at.path, edit.at.absolute, edit.text) for edit in found.edits])
    assert made.splitlines(keepends=True)[1] == added


def test_where_all_names_are_taken_there_is_none() -> None:
    assert named(Module("stages.py", "loaders = 1\ndef JSON(): ...\n"), JSON) is None
