"""What goes on from one look at a project to the next, for who looks after each keystroke.

Nothing in it is taken for granted: what was read of a file holds for as long as the file has the signature
that it had, and every look asks for the signatures of all files. So an answer is that of a look without it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pivot_core.artifacts.packages import Before
from pivot_core.code.live import LiveGraph
from pivot_core.status import LastLook
from pivot_core.store.state import Records

if TYPE_CHECKING:
    from pivot_core.artifacts.hashing import Seen
    from pivot_core.store.lock import ReadBefore


class Memory:
    """Of one project."""

    def __init__(self) -> None:
        self.forget()

    def forget(self) -> None:
        """Begin anew: after an error it may have been left half way."""
        self.code = LiveGraph()
        self.files: Seen = {}
        self.locks: ReadBefore = {}
        self.packages = Before()
        self.records = Records()
        self.look = LastLook()
