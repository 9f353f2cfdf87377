"""From a stage's record to its call, and from its result to its outputs."""

from __future__ import annotations

import sys

import msgspec
import pytest

from pivot_core.define.bind import bind
from pivot_core.errors import PivotError

STAGES = """
class P(StageParams):
    times: int = 2
    limit: float = float("inf")

class R(TypedDict):
    twice: Out
    size: Annotated[int, outputs.Metric("size.json")]

def s(text: In, p: P) -> R:
    return {"twice": text * p.times, "size": len(text)}
"""


def bound(folder, stages, register="stages.s"):
    spec = folder.stage(stages, register)
    return bind(getattr(sys.modules["stages"], spec.qualname), spec)


def test_a_stage_is_called_with_what_its_record_says(folder):
    binding = bound(folder, STAGES, "stages.s, params=stages.P(times=3), deps={'text': 'other.txt'}")
    folder.write("other.txt", "ab")
    result = binding.split_result(binding.function(**binding.load_arguments()))
    assert result == {"twice": "ababab", "size": 2}
    assert [(out.key, out.path, out.kind) for out in binding.outs] == [
        ("twice", "out.txt", "out"),
        ("size", "size.json", "metric"),
    ]


def test_a_record_survives_being_sent_as_json(folder):
    spec = folder.stage(STAGES)
    spec = msgspec.json.decode(msgspec.json.encode(spec), type=type(spec))
    folder.write("in.txt", "ab")
    arguments = bind(sys.modules["stages"].s, spec).load_arguments()
    assert arguments["p"] == sys.modules["stages"].P()


def test_a_single_output_has_an_empty_key(folder):
    binding = bound(folder, "def s(text: In) -> Out: ...\n")
    assert binding.split_result({"a": 1}) == {"": {"a": 1}}


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ({"twice": ""}, "didn't return its output 'size'"),
        ({"twice": "", "size": 1, "other": 2}, "returned 'other', which it doesn't declare"),
        ({"twice": "", "sise": 1}, "'size'; s returned 'sise'"),
        (None, "returned None, but declares the outputs 'twice', 'size'"),
        (("", 1), "returned a tuple"),
    ],
)
def test_a_result_that_is_not_what_was_declared_is_an_error(folder, value, message):
    with pytest.raises(PivotError, match=message):
        bound(folder, STAGES).split_result(value)


def test_a_reader_that_fails_says_what_it_read(folder):
    binding = bound(folder, "def s(x: Annotated[dict, outputs.Dep('a.json', loaders.JSON())]) -> Out: ...\n")
    folder.write("a.json", "{")
    with pytest.raises(ValueError, match="Expecting") as caught:
        binding.load_arguments()
    assert caught.value.__notes__ == ["while JSON read a.json for parameter 'x' of s"]


def test_an_incremental_parameter_is_the_empty_value_until_there_is_something(folder):
    binding = bound(
        folder,
        """
        def s(
            old: Annotated[dict, outputs.IncrementalOut("x.json", loaders.JSON())],
            file: Annotated[Path, outputs.IncrementalOut("x.db", loaders.PathOnly())],
        ) -> R: ...

        class R(TypedDict):
            new: Annotated[dict, outputs.IncrementalOut("x.json", loaders.JSON())]
            file: Annotated[Path, outputs.IncrementalOut("x.db", loaders.PathOnly())]
        """.replace("-> R", '-> "R"'),
    )
    first = binding.load_arguments()
    folder.write("x.json", '{"a": 1}')
    second = binding.load_arguments()
    assert (first["old"], second["old"]) == ({}, {"a": 1})
    assert str(first["file"]) == "x.db"


def test_a_function_that_changed_since_it_was_defined_is_an_error(folder):
    spec = folder.stage("def s(text: In) -> Out: ...\ndef t(other: In) -> Out: ...\n")
    with pytest.raises(PivotError, match="changed since"):
        bind(sys.modules["stages"].t, spec)
