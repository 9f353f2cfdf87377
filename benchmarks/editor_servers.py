"""The language servers: how each is found and started."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path

import peers

_HERE = Path(__file__).parent


@dataclass(frozen=True)
class Server:
    """``command`` is what is started; the first word is a program that :meth:`find` looks for, or ours."""

    name: str
    how: str
    command: tuple[str, ...]

    def find(self) -> list[str] | None:
        """The command line; None if the program isn't there. Its own environment goes first: so that the
        pinned version is measured, and not another one that is installed for development."""
        program = self.command[0]
        if program == "python":
            return [sys.executable, *self.command[1:]]
        for folder in (peers.environment_of("servers") / "bin", Path(sys.executable).parent):
            if (folder / program).exists():
                return [str(folder / program), *self.command[1:]]
        return None


SERVERS = (
    Server("Pivot", "lint, and verdicts on all stages", ("python", "-m", "pivot_lsp")),
    Server("ruff", "lint", ("ruff", "server")),
    Server("ty", "types", ("ty", "server")),
    Server("pyrefly", "types", ("pyrefly", "lsp")),
    Server(
        "pygls",
        "the library that Pivot's server is built with; says the same, whatever the text is",
        ("python", str(_HERE / "editor_floor.py")),
    ),
)
