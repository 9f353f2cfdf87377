"""Completes artifact paths, stages, loaders and rule codes, also in a line that can't be parsed yet."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from lsprotocol import types

from pivot_lsp.positions import width
from pivot_lsp.source.scopes import Defined

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from pivot_lsp.documents import Document
    from pivot_lsp.session import Session

_PATH = re.compile(
    r"""\b(Dep|Out|Metric|Plot|IncrementalOut|DirectoryOut)\(\s*(?:path\s*=\s*)?[rRuU]?["']([^"'\n]*)$"""
)
_OTHER_PATH = re.compile(r"""\b(deps|outs)\s*=\s*\{[^{}]*:\s*[rRuU]?["']([^"'\n]*)$""")
_STAGE = re.compile(r"\.register\(\s*((?:\w+\.)*)(\w*)$")
_CALL_LINES = 8  # a call can begin so many lines above
_LOADER = re.compile(r"\bloaders\.(\w*)$")
_CODE = re.compile(r"#\s*pivot:\s*ignore\[(?:[^\]]*,)?\s*(\w*)$")
_MOST = 200  # files of one folder: a list that nobody reads to its end


def register(session: Session) -> None:
    server = session.server

    @server.feature(
        types.TEXT_DOCUMENT_COMPLETION,
        types.CompletionOptions(trigger_characters=['"', "'", "/", ".", "[", "("]),
    )
    async def complete(params: types.CompletionParams) -> list[types.CompletionItem]:
        document = session.documents.get(params.text_document.uri)
        if document is None:
            return []
        line, character = params.position.line, params.position.character
        text = document.lines.line(line + 1)
        column = document.lines.column(line + 1, character, session.encoding)
        before = text.encode("utf-8", "surrogatepass")[:column].decode("utf-8", "surrogatepass")
        above = [document.lines.line(number) for number in range(max(line + 1 - _CALL_LINES, 1), line + 1)]
        end = document.lines.units_before(line + 1, len(before), session.encoding)
        return [
            types.CompletionItem(
                word,
                kind=kind,
                detail=detail,
                filter_text=word,
                text_edit=types.TextEdit(
                    types.Range(
                        types.Position(line, end - width(typed, session.encoding)), types.Position(line, end)
                    ),
                    word,
                ),
            )
            for word, kind, detail, typed in _candidates(session, document, "\n".join([*above, before]))
        ]


Candidate = tuple[str, types.CompletionItemKind, str, str]


def _candidates(session: Session, document: Document, before: str) -> Iterator[Candidate]:
    if (found := _PATH.search(before)) is not None:
        yield from _paths(session, document, found.group(1) == "Dep", found.group(2))
    elif (found := _OTHER_PATH.search(before)) is not None:
        yield from _paths(session, document, found.group(1) == "deps", found.group(2))
    elif (found := _STAGE.search(before)) is not None:
        yield from _stages(session, document, *found.groups())
    elif (found := _LOADER.search(before)) is not None:
        for name, doc in _loaders():
            yield name, types.CompletionItemKind.Class, doc, found.group(1)
    elif (found := _CODE.search(before)) is not None:
        from pivot_lsp.lint.rules import RULES

        for rule in RULES:
            yield rule.code, types.CompletionItemKind.Constant, rule.name, found.group(1)


def _paths(session: Session, document: Document, reads: bool, typed: str) -> Iterator[Candidate]:
    home = session.linters.home(document.path)
    project = home.linter.sources.project
    if project is None or typed.startswith(("/", "..")):
        return
    made: set[str] = set()
    if reads:
        from pivot_lsp.mentions import mentions

        for mention in mentions(home.linter.sources):
            if not mention.is_input and mention.path not in made:
                made.add(mention.path)
                names = ", ".join(dict.fromkeys(stage.name or "?" for stage in mention.stages))
                yield mention.path, types.CompletionItemKind.File, f"made by {names or 'a stage'}", typed
    for path, is_folder in _beside(project.root, typed):
        if path not in made and (is_folder or reads):
            kind = types.CompletionItemKind.Folder if is_folder else types.CompletionItemKind.File
            yield path, kind, "in the project", typed


def _stages(session: Session, document: Document, prefix: str, typed: str) -> Iterator[Candidate]:
    """Functions that look like stages, by the names that the module has for them. ``prefix``: that of their
    module, with its dot."""
    home = session.linters.home(document.path)
    sources, own = home.linter.sources, home.module
    if own is None:
        return
    known = {id(stage.function.node) for stage in sources.stages if stage.function is not None}
    for module in sources.modules:
        for function in module.functions:
            name = function.node.name
            bound = sources.find(own, (*prefix.split(".")[:-1], name))
            if (
                bound is not None
                and isinstance(bound.binding, Defined)
                and bound.binding.node is function.node
            ):
                detail = "is a stage already" if id(function.node) in known else "looks like a stage"
                yield name, types.CompletionItemKind.Function, detail, typed


def _beside(root: Path, typed: str) -> Iterator[tuple[str, bool]]:
    """Files and folders in the folder that is typed."""
    folder = typed.rpartition("/")[0]
    prefix = f"{folder}/" if folder else ""
    if any(part.startswith(".") for part in prefix.split("/")):
        return
    try:
        entries = sorted((root / folder).iterdir())
    except OSError:
        return
    for entry in entries[:_MOST]:
        if not entry.name.startswith(("__pycache__", ".")) and entry.suffix != ".py":
            yield (f"{prefix}{entry.name}/", True) if entry.is_dir() else (f"{prefix}{entry.name}", False)


def _loaders() -> Iterator[tuple[str, str]]:
    from pivot_core import loaders

    for name, value in vars(loaders).items():
        is_one = isinstance(value, type) and issubclass(value, (loaders.Reader, loaders.Writer))
        if is_one and value.__module__ == loaders.__name__:
            yield name, (value.__doc__ or "").partition("\n")[0]
