"""What clients give to our commands and requests, read into records; and which project they mean."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Protocol, TypeVar

import msgspec
from pygls.exceptions import JsonRpcInvalidParams

from pivot_core.errors import UsageError
from pivot_core.project import Project
from pivot_lsp.documents import project_of

if TYPE_CHECKING:
    from pivot_lsp.session import Session

T = TypeVar("T")


class Params(Protocol):
    """The params of a request of ours: pygls makes a named tuple of them, if they are an object."""

    def _asdict(self) -> dict[str, object]: ...


def of_command(arguments: tuple[object, ...], kind: type[T]) -> T:
    """The one argument of a command, or its default. Raises JsonRpcInvalidParams."""
    return _read(arguments[0] if arguments else {}, kind)


def of_request(params: Params | None, kind: type[T]) -> T:
    """The params of a request of ours. Raises JsonRpcInvalidParams."""
    return _read(
        params._asdict() if params is not None and hasattr(params, "_asdict") else params or {}, kind
    )


def _read(given: object, kind: type[T]) -> T:
    try:
        return msgspec.convert(given, kind)
    except msgspec.ValidationError as error:
        raise JsonRpcInvalidParams(str(error)) from error


def project(session: Session, root: str | None) -> Project:
    """The project at a root; without one, the only project that there are open documents of.

    Raises JsonRpcInvalidParams.
    """
    if root is None:
        return _only(session)
    try:
        found = Project.find(Path(root))
    except (UsageError, OSError, ValueError) as error:
        raise JsonRpcInvalidParams(str(error)) from error
    if found.root != Path(root).resolve():
        raise JsonRpcInvalidParams(f"{root} isn't the root of a project; that is {found.root}")
    return found


def _only(session: Session) -> Project:
    roots = {found.root: found for document in session.documents if (found := project_of(document.path))}
    if len(roots) != 1:
        what = (
            "no project is open" if not roots else f"several projects are open: {', '.join(map(str, roots))}"
        )
        raise JsonRpcInvalidParams(f"{what}; say which one is meant, as its root")
    return next(iter(roots.values()))
