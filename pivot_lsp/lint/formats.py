"""How findings are printed: for people, for programs, for code scanning, for GitHub Actions."""

from __future__ import annotations

from importlib.metadata import version
from pathlib import PurePath
from typing import TYPE_CHECKING
from urllib.parse import quote

import msgspec

from pivot_lsp.lint.rules import RULES

if TYPE_CHECKING:
    from collections.abc import Callable

    from pivot_lsp.lint.report import Entry, Report, Where
    from pivot_lsp.lint.rule import Rule, Severity

_SARIF = "https://json.schemastore.org/sarif-2.1.0.json"
_LEVELS: dict[Severity, str] = {"error": "error", "warning": "warning", "info": "note"}
_COMMANDS: dict[Severity, str] = {"error": "error", "warning": "warning", "info": "notice"}


def as_text(report: Report) -> str:
    """A finding on two lines, as compilers print theirs; then how many there are."""
    lines = [f"{path}: fixed\n" for path in report.fixed] + [_text(entry) for entry in report.findings]
    count = len(report.findings)
    total = "nothing found" if count == 0 else "1 finding" if count == 1 else f"{count} findings"
    return "".join(lines) + total + "\n"


def as_json(report: Report) -> str:
    """The report as it is."""
    return msgspec.json.format(msgspec.json.encode(report)).decode() + "\n"


def as_sarif(report: Report) -> str:
    """SARIF 2.1.0, which code scanning reads. Columns count characters."""
    used = {entry.code for entry in report.findings}
    driver = {
        "name": "pivot-lsp",
        "version": version("pivot-core"),
        "rules": [_sarif_rule(rule) for rule in RULES if rule.code in used],
    }
    run = {
        "tool": {"driver": driver},
        "columnKind": "unicodeCodePoints",
        "results": [_sarif_result(entry) for entry in report.findings],
    }
    log = {"$schema": _SARIF, "version": "2.1.0", "runs": [run]}
    return msgspec.json.format(msgspec.json.encode(log)).decode() + "\n"


def as_github(report: Report) -> str:
    """Workflow commands: annotations beside the lines of a pull request, if run in the repository's root."""
    return "".join(map(_github, report.findings))


FORMATS: dict[str, Callable[[Report], str]] = {
    "text": as_text,
    "json": as_json,
    "sarif": as_sarif,
    "github": as_github,
}


def _text(entry: Entry) -> str:
    where = entry.where
    lines = [f"{where.path}:{where.line}:{where.column}: {entry.code} {entry.message}", f"    {entry.hint}"]
    lines += [
        f"    see {other.where.path}:{other.where.line}:{other.where.column}: {other.message}"
        for other in entry.related
    ]
    return "\n".join(lines) + "\n"


def _sarif_rule(rule: Rule) -> dict[str, object]:
    summary, _, _ = rule.docs.partition("\n")
    return {
        "id": rule.code,
        "name": rule.name,
        "shortDescription": {"text": summary},
        "fullDescription": {"text": rule.docs.strip()},
        "defaultConfiguration": {"level": _LEVELS[rule.severity]},
    }


def _sarif_result(entry: Entry) -> dict[str, object]:
    related = [
        {"id": number, "message": {"text": other.message}, **_sarif_place(other.where)}
        for number, other in enumerate(entry.related)
    ]
    return {
        "ruleId": entry.code,
        "level": _LEVELS[entry.severity],
        "message": {"text": f"{entry.message}\n{entry.hint}"},
        "locations": [_sarif_place(entry.where)],
        **({"relatedLocations": related} if related else {}),
    }


def _sarif_place(where: Where) -> dict[str, object]:
    region = {
        "startLine": where.line,
        "startColumn": where.column,
        "endLine": where.end_line,
        "endColumn": where.end_column,
    }
    return {"physicalLocation": {"artifactLocation": {"uri": _uri(where.path)}, "region": region}}


def _uri(path: str) -> str:
    """A path as code scanning wants it: what URIs don't hold is escaped, and one that isn't relative has a
    scheme."""
    pure = PurePath(path)
    # A colon in the first part of a relative one would make that a scheme.
    return pure.as_uri() if pure.is_absolute() else quote(pure.as_posix(), safe="/")


def _github(entry: Entry) -> str:
    where = entry.where
    place = {"file": where.path, "line": where.line, "endLine": where.end_line, "title": entry.code}
    if where.line == where.end_line:
        place |= {"col": where.column, "endColumn": where.end_column}
    properties = ",".join(f"{name}={_property(str(value))}" for name, value in place.items())
    text = _data(f"{entry.message}\n{entry.hint}")
    return f"::{_COMMANDS[entry.severity]} {properties}::{text}\n"


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
