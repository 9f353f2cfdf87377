"""Bytes are read as Python reads them, and what it refuses is told with its line and what to do."""

from __future__ import annotations

import pytest

from pivot_core.code.encoding import NotTextError, decode, encoding_of

MARK = b"\xef\xbb\xbf"
UMLAUT = "\nx = 'ä'\n"

TAKEN = [
    (b"x = 1", "x = 1"),
    (UMLAUT.encode(), UMLAUT),
    (MARK + UMLAUT.encode(), UMLAUT),
    *(
        (f"{comment}{UMLAUT}".encode(codec), f"{comment}{UMLAUT}")
        for comment, codec in [
            ("# -*- coding: latin-1 -*-", "latin-1"),
            ("# -*- coding: latin-1-unix -*-", "latin-1"),
            ("# coding: ISO_8859_1", "latin-1"),
            ("# -*- coding: utf-8-unix -*-", "utf-8"),
            ("#!/bin/sh\n# vim: set fileencoding=cp1252 :", "cp1252"),
            ("\f# coding=utf8", "utf-8"),
            ("# häuser, coding: latin-1", "latin-1"),
            ("x = 1\n# coding: latin-1", "utf-8"),
            ("# a\rf(encoding=latin)", "utf-8"),
            ("# coding: utf-7", "utf-7"),
        ]
    ),
    (MARK + b"# coding: UTF_8\nx = 1", "# coding: UTF_8\nx = 1"),
]
REFUSED = [
    (UMLAUT.encode("latin-1"), 2, "not UTF-8 (byte 0xe4)", "such as # coding: cp1252"),
    (b"a = 1\rb = 2\r\nc = '\xff'", 3, "not UTF-8 (byte 0xff)", "save it as UTF-8, or"),
    (b"# coding: utf-8\nx = '\xe4'", 2, "not utf-8 (byte 0xe4)", "save it as UTF-8"),
    (b"# coding: ascii" + UMLAUT.encode(), 2, "not ascii (byte 0xc3)", "the comment in line 1"),
    (b"#!/bin/sh\n# coding: foo-8\nx = 1", 2, "Python has no encoding foo-8", "the comment in line 2"),
    (b"# coding: hex\nx = 1", 1, "Python has no encoding hex", "the comment in line 1"),
    (MARK + b"# coding: latin-1\nx = 1", 1, "it begins with the mark of UTF-8, but names latin-1", "line 1"),
    (MARK + b"# coding: utf8\nx = 1", 1, "it begins with the mark of UTF-8, but names utf8", "line 1"),
    (UMLAUT.encode("utf-16"), 1, "not UTF-8, but UTF-16", "save it as UTF-8"),
    (b"x = 1\n\ny = '\0'\n", 3, "it has a null character", "take it out"),
]


@pytest.mark.parametrize(("data", "text"), TAKEN)
def test_what_python_takes_is_read_as_it_reads_it(data: bytes, text: str) -> None:
    assert decode(data) == text
    assert text.encode(encoding_of(data)) == data
    assert compile(data, "x.py", "exec") == compile(text, "x.py", "exec")


@pytest.mark.parametrize(("data", "line", "why", "hint"), REFUSED)
def test_what_python_refuses_is_refused_and_told(data: bytes, line: int, why: str, hint: str) -> None:
    with pytest.raises(NotTextError) as caught:
        decode(data)
    assert caught.value.line == line
    assert caught.value.why.startswith(why)
    assert hint in caught.value.hint
    with pytest.raises((SyntaxError, ValueError)):
        compile(data, "x.py", "exec")
