"""``pivot-core config``: show and set what ``.pivot/config.yaml`` says."""

from __future__ import annotations

import click
import msgspec

from pivot_core import settings
from pivot_core.cli.options import Common, common_options
from pivot_core.execute.pool import cores
from pivot_core.settings import Setting

_WORDS = {"list": 0, "get": 1, "set": 2, "unset": 1}  # how many words follow
_SHAPES = {"list": "", "get": " KEY", "set": " KEY VALUE", "unset": " KEY"}


class ConfigDocument(msgspec.Struct, frozen=True, kw_only=True):
    """``config … --json``: the settings that were asked for."""

    schema: int = 1
    root: str
    settings: tuple[Setting, ...]


def _keys(ctx: click.Context, param: click.Parameter, typed: str) -> list[str]:
    return [] if ctx.params.get("words") else [key for key in settings.KEYS if key.startswith(typed)]


@click.command()
@click.argument("action", type=click.Choice(list(_WORDS)))
@click.argument("words", nargs=-1, metavar="[KEY [VALUE]]", shell_complete=_keys)
@common_options
def command(common: Common, action: str, words: tuple[str, ...]) -> int:
    """Show and set settings of the project.

    They are in .pivot/config.yaml. "list" shows all, with the defaults; "get" shows one, and nothing else;
    "set" writes one: comments and order of the file stay, and a wrong value leaves it as it is. "unset" takes
    one out: the default counts again.

    \b
    Examples:
      pivot-core config list
      pivot-core config get cache.mode
      pivot-core config set cache.mode symlink
      pivot-core config set resources.gpu 2
      pivot-core config unset jobs
    """
    if len(words) != _WORDS[action]:
        raise click.UsageError(f"it is: pivot-core config {action}{_SHAPES[action]}")
    project = common.project()
    if action == "list":
        found = settings.settings(project)
    elif action == "get":
        found = [settings.get(project, words[0])]
    elif action == "set":
        found = [settings.set_value(project, *words)]
    else:
        found = settings.unset(project, words[0])
    if common.json:
        common.out.json(ConfigDocument(root=str(project.root), settings=tuple(found)))
    elif action == "get":
        common.out.line(_text(found[0]))
    elif action == "list" or not common.quiet:
        for item in found:
            common.out.line(f"{item.key} = {_text(item)}{common.out.paint(_default(item), 'dim')}")
    return 0


def _default(item: Setting) -> str:
    if item.is_set:
        return ""
    return "  (default: the cores)" if item.value is None else "  (default)"


def _text(item: Setting) -> str:
    if item.value is None:  # only jobs can be
        return str(cores())
    return item.value if isinstance(item.value, str) else msgspec.json.encode(item.value).decode()
