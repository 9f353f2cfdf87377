"""The bytes of a Python file as text, as Python itself reads them (PEP 263)."""

from __future__ import annotations

import re

_UTF_8 = "utf-8"
_MARK = b"\xef\xbb\xbf"
_WIDE_MARKS = (b"\xff\xfe", b"\xfe\xff")
_CODING = re.compile(rb"^[ \t\f]*#.*?coding[:=][ \t]*([-\w.]+)")
_BLANK = re.compile(rb"^[ \t\f]*(?:[#\r\n]|$)")
_LINE_END = re.compile(rb"\r\n?|\n")
# What Python takes for these two whatever follows: Emacs writes `utf-8-unix`.
_NAMES = (("utf-8", _UTF_8), ("latin-1", "latin-1"), ("iso-8859-1", "latin-1"), ("iso-latin-1", "latin-1"))
_SAVE = "save it as UTF-8"
_NAME = f"{_SAVE}, or name its encoding in a comment in line 1, such as # coding: cp1252"
_UNNAME = f"{_SAVE}, and take out the comment in line {{}} that names an encoding"


class NotTextError(ValueError):
    """Bytes that Python doesn't take as text. ``line``: where, from 1; ``why``; ``hint``: what to do."""

    def __init__(self, line: int, why: str, hint: str) -> None:
        super().__init__(why)
        self.line = line
        self.why = why
        self.hint = hint


def decode(data: bytes) -> str:
    """By a byte order mark, else a comment in one of the first two lines, else UTF-8. Raises NotTextError."""
    content = data.removeprefix(_MARK)
    line, named = _named(content)
    encoding = _normal(named)
    if encoding != _UTF_8 and len(content) < len(data):
        why = f"it begins with the mark of UTF-8, but names {named} as its encoding"
        raise NotTextError(line, why, _UNNAME.format(line))
    try:
        text = content.decode(encoding)
    except UnicodeDecodeError as error:
        why = f"not {named or 'UTF-8'} (byte 0x{content[error.start]:02x})"
        hint = _NAME if not named else _SAVE if encoding == _UTF_8 else _UNNAME.format(line)
        if not named and content.startswith(_WIDE_MARKS):
            why, hint = "not UTF-8, but UTF-16", _SAVE
        raise NotTextError(_line(content, error.start), why, hint) from None
    except (LookupError, ValueError):  # no encoding, or none of text
        raise NotTextError(line, f"Python has no encoding {named}", _UNNAME.format(line)) from None
    if (place := content.find(b"\0")) >= 0:
        why, hint = "it has a null character", "no Python file may have one: take it out"
        raise NotTextError(_line(content, place), why, hint)
    return text


def encoding_of(data: bytes) -> str:
    """By what text is written again that was decoded from these bytes."""
    return f"{_UTF_8}-sig" if data.startswith(_MARK) else _normal(_named(data)[1])


def _named(content: bytes) -> tuple[int, str]:
    """The encoding that a file names, and in which line; "" if it names none."""
    for number, line in enumerate(_LINE_END.split(content, 2)[:2], 1):
        if found := _CODING.match(line):
            return number, found[1].decode()
        if not _BLANK.match(line):
            break
    return 1, ""


def _normal(name: str) -> str:
    """An encoding as Python understands its name."""
    plain = name[:12].lower().replace("_", "-")
    found = (known for start, known in _NAMES if plain == start or plain.startswith(f"{start}-"))
    return next(found, name) or _UTF_8


def _line(content: bytes, place: int) -> int:
    return 1 + len(_LINE_END.findall(content[:place]))
