"""One stream of canonical tokens with the free names (slots) they use. Standard library only."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from pivot_core.code.scopes import Variable

# What a slot is used for; 0 is any other use of its value.
CALL: Final = 1  # it is called
IMPORT: Final = 2  # an import statement executes the module it names
LITERAL: Final = 4  # a dynamic function that is used with a literal, so nothing is hidden
DECORATOR: Final = 8
BASE: Final = 16  # base class or metaclass
HANDED: Final = 32  # handed to something's ``register``
QUIET: Final = 64  # the same expression is written elsewhere: no mark in the tokens
BOUND: Final = 128  # an import that binds a name of the module
READ: Final = 256  # mentioned in quotes only
TALK: Final = 512  # its value is only printed or logged
CAUGHT: Final = 1024  # an import, of which something catches the failure

Effect = tuple[str, str, str]


class Stream:
    """Tokens being written. ``slots``, ``flags`` and ``lines`` run in parallel.

    ``effects`` are (kind, chain, by) of what the code changes: "store" the object the chain leads to,
    "call", "method" and "decorate" by calling it, "pass" by handing it to the call ``by`` that stands alone,
    "give" to one whose value is used, "use" a call by which only some objects change, "bound" by having a
    method of it that changes it, "augment" what a name stands for, "bind" a global name, "relay" a parameter
    to the call, "replace" whatever the call is given the name of, "own" an attribute of the class by one of
    its methods (``by``: "class" if all objects share it). "another" changes nothing: the attribute ``by`` of
    the class is another name for the chain.
    ``environment`` are (chain, template): the chain is a mapping like ``os.environ`` if it resolves to one;
    in the template every other part between NULs is the chain of a constant, or empty. ``imports`` are
    (function, prefix, line) of imports by a name that isn't literal. ``candidates`` could name a variable.
    ``named`` are texts that could name a function or a program of the project, with their lines.
    """

    __slots__ = (
        "candidates",
        "effects",
        "environment",
        "flags",
        "imports",
        "lines",
        "named",
        "slots",
        "tokens",
        "variables",
    )

    def __init__(self) -> None:
        self.tokens: list[str] = []
        self.slots: list[str] = []
        self.flags: list[int] = []
        self.lines: list[int] = []
        self.effects: list[Effect] = []
        self.environment: list[tuple[str, str]] = []
        self.imports: list[tuple[str, str, int]] = []
        self.candidates: list[str] = []
        self.named: list[tuple[str, int]] = []
        self.variables: list[tuple[int, Variable]] = []

    def is_text(self) -> None:
        """It isn't evaluated."""
        self.flags = [flags & ~CALL for flags in self.flags]
        self.effects.clear()

    def encoded(self) -> bytes:
        unsaid = ~(QUIET | CAUGHT)  # what is written elsewhere
        spelled = [f"{chain} {flags & unsaid}" for chain, flags in zip(self.slots, self.flags, strict=True)]
        return "\x1f".join([*self.tokens, "\x1e", *spelled]).encode("utf-8", "surrogatepass")

    def form(self) -> bytes:
        return "\x1f".join(self.tokens).encode("utf-8", "surrogatepass")
