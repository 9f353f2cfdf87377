"""A real Emacs with eglot in a terminal, set up as documented; see install.sh for where it comes from."""

from __future__ import annotations

import shutil
import subprocess
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from conftest import Desk, Terminal

EMACS = shutil.which("emacs")
EGLOT = "(progn (package-initialize) (require 'eglot))"  # a package of its own for Emacs 28

# In a new home it would compile itself for minutes, and show what it warns of.
AS_IT_IS = "(setq native-comp-deferred-compilation nil native-comp-jit-compilation nil)"


def test_a_person_sees_what_is_wrong_fixes_it_and_runs_the_stage(
    desk: Desk, terminal: Callable[..., Terminal], elisp: str
) -> None:
    if EMACS is None or subprocess.run([EMACS, "--batch", "--eval", EGLOT], capture_output=True).returncode:
        pytest.skip("no Emacs with eglot here: tests/editors/install.sh gets one on Debian")
    (desk.home / ".emacs").write_text(elisp)
    early = desk.home / ".emacs.d" / "early-init.el"
    early.parent.mkdir()
    early.write_text(AS_IT_IS)
    emacs = terminal(EMACS, "-nw", "stages.py")
    emacs.until("def shout")
    emacs.press("M-x", "eglot", "Enter")
    mistake = "ends in /, which only a DirectoryOut does"
    emacs.press_until(mistake, "M-x", "flymake-goto-next-error", "Enter", back="C-g")
    emacs.press("M-x", "eglot-code-actions", "Enter")
    emacs.until('(default write "loud.txt")')
    emacs.press("Enter")
    emacs.until('outputs.Out("loud.txt", loaders.Text())')
    emacs.press("C-x", "C-s")
    emacs.until("Wrote ")
    assert 'outputs.Out("loud.txt", loaders.Text())' in desk.text("stages.py")

    emacs.press("M-<")
    emacs.press("C-s", "shout", "Enter")
    emacs.until("L6")
    # When pipeline.py has been read again.
    emacs.press_until("(default Run · never run)", "M-x", "eglot-code-actions", "Enter", back="C-g")
    emacs.press("Enter")
    emacs.until("Pivot: shout ran in ")
    assert desk.text("loud.txt") == "HELLO"
    emacs.press("C-x", "C-c")
    emacs.until_ended()
    assert not desk.has_servers()
