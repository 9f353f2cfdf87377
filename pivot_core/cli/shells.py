"""What shells need to complete words as they are typed: click's own scripts, mended for bash and fish.

In bash, ``train@iris`` is three words to the completion and ``out dir/`` two; what is offered has to be
quoted and cut for that. In fish, a description ends at its first comma.
"""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING, NamedTuple

from click.shell_completion import BashComplete, FishComplete, add_completion_class, split_arg_string

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

_BASH = """\
%(complete_func)s() {
    local IFS=$'\\n' line
    COMPREPLY=()
    for line in $(env COMP_LINE="${COMP_LINE:0:COMP_POINT}" COMP_WORDBREAKS="$COMP_WORDBREAKS" \\
        %(complete_var)s=bash_complete "$1"); do
        case $line in
            dir,*) compopt -o dirnames ;;
            file,*) compopt -o default ;;
            plain,*) COMPREPLY+=("${line#plain,}") ;;
        esac
    done
}
complete -o nosort -F %(complete_func)s %(prog_name)s
"""
# Characters that can stand as they are in a word of a shell.
_SPECIAL = re.compile(r"([^\w@%+=:,./-])")


class Typed(NamedTuple):
    """The word under the cursor, as it stands there. ``quote``: what it begins with, if that isn't closed."""

    text: str
    quote: str


class Bash(BashComplete):
    """The whole line goes to Python, which knows its words better than the script can."""

    source_template = _BASH

    def get_completion_args(self) -> tuple[list[str], str]:
        line = os.environ["COMP_LINE"]
        words = split_arg_string(line)
        incomplete = words.pop() if last_word(line).text and words else ""
        return words[1:], incomplete

    def format_completion(self, item: CompletionItem[str]) -> str:
        typed = last_word(os.environ["COMP_LINE"])
        if item.type != "plain" or typed.quote:
            return f"{item.type},{item.value}"
        # Bash replaces only what follows the last character that breaks words.
        breaks = set(os.environ.get("COMP_WORDBREAKS", "")) & set("@=:")
        kept = max((typed.text.rfind(one) for one in breaks), default=-1) + 1
        option = typed.text[: typed.text.find("=") + 1] if typed.text.startswith("--") else ""
        quoted = option + _SPECIAL.sub(r"\\\1", item.value)
        return f"plain,{quoted[kept:]}"


class Fish(FishComplete):
    """A description may have commas."""

    source_template = FishComplete.source_template.replace('string split ","', 'string split --max 1 ","')


def last_word(line: str) -> Typed:
    """What follows the last blank that neither a quote nor a backslash keeps in a word."""
    start, quote, escaped = 0, "", False
    for place, char in enumerate(line):
        if escaped:
            escaped = False
        elif char == "\\" and quote != "'":
            escaped = True
        elif quote:
            quote = "" if char == quote else quote
        elif char in "'\"":
            quote = char
        elif char.isspace():
            start = place + 1
    text = line[start:]
    return Typed(text, quote if text.startswith(quote) else "")


def register() -> None:
    """Let click use these."""
    add_completion_class(Bash)
    add_completion_class(Fish)
