"""What is sent is JSON, whatever an editor has sent."""

from __future__ import annotations

import json

import msgspec
import pytest

from pivot_lsp.wire import encode


@pytest.mark.parametrize("text", ["", "plain", "é\u2028\U0001f600", '"\\\n\x00', "\ud83d", "\ude00\ud83d"])
def test_any_text_comes_through(text: str) -> None:
    plain = {"text": text, text: [1, None, True]}
    assert json.loads(encode(plain)) == plain
    within = msgspec.Raw(encode([plain, plain]))
    assert json.loads(encode({"id": text, "result": within})) == {"id": text, "result": [plain, plain]}


@pytest.mark.parametrize("data", [object(), {"\ud83d": object()}])
def test_what_is_no_json_is_refused(data: object) -> None:
    with pytest.raises(TypeError):
        encode(data)
