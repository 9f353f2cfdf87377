"""Edits ``.pivot/config.yaml`` as a person would: comments, order and layout of the rest stay."""

from __future__ import annotations

import io
import re
from typing import TYPE_CHECKING

import msgspec

from pivot_core.config import Config, load_config, parse
from pivot_core.errors import InvalidPipeline, UsageError
from pivot_core.store.atomic import write_bytes

if TYPE_CHECKING:
    import yaml

    from pivot_core.project import Project
    from pivot_core.types import JSON

KEYS = ("cache.mode", "packages", "jobs")
RESOURCE = "resources."
_INDENTED = re.compile(r"^( +)[^\s#-]", re.MULTILINE)


class Setting(msgspec.Struct, frozen=True):
    """One key and its value. ``is_set``: the file says so; else it is the default."""

    key: str
    value: JSON
    is_set: bool


def settings(project: Project) -> list[Setting]:
    """All settings that there are, in a fixed order. Raises InvalidPipeline where the file is wrong."""
    config = load_config(project)
    written = _written(project)
    every = [*KEYS, *(RESOURCE + name for name in config.resources)]
    return [Setting(key, _value(config, key), _has(written, key)) for key in every]


def get(project: Project, key: str) -> Setting:
    """One setting. Raises UsageError if there is no such key."""
    for setting in settings(project):
        if setting.key == key:
            return setting
    raise UsageError(_unknown(key))


def set_value(project: Project, key: str, text: str) -> Setting:
    """Write ``text``, read as YAML, as the value of ``key``. The file is made if there is none.

    Raises UsageError, and leaves the file as it is, if there is no such key or it can't have that value.
    """
    from ruamel.yaml import YAML
    from ruamel.yaml.comments import CommentedMap
    from ruamel.yaml.error import YAMLError

    _check(project, key)
    yaml = YAML()
    yaml.preserve_quotes = True
    before = _text(project)
    if indented := _INDENTED.search(before):
        yaml.indent(mapping=len(indented[1]))
    try:
        document = yaml.load(before)
        value = YAML(typ="safe").load(text)
    except YAMLError as error:
        raise UsageError(f"{key}: {text!r} is not a YAML value\n    quote it, as in 'a: b'") from error
    fresh = document is None
    content = CommentedMap() if fresh else document
    place, *rest = key.split(".", 1)
    if rest:
        inner = content.get(place)
        if not isinstance(inner, dict):
            content[place] = inner = CommentedMap()
        inner[rest[0]] = value
    else:
        content[place] = value
    stream = io.StringIO()
    yaml.dump(content, stream)
    # A file of comments only isn't a document to ruamel: what was there stays above.
    kept = before.rstrip("\n") + "\n" if fresh and before.strip() else ""
    after = kept + stream.getvalue()
    try:
        parse(after, key)
    except InvalidPipeline as error:
        raise UsageError(f"{text!r} is no value of {key}\n    {error.problems[0].message}") from error
    write_bytes(project.config_file, after.encode())
    return get(project, key)


def unset(project: Project, key: str) -> list[Setting]:
    """Take ``key`` out of the file, and its line with it; what is left of it: its default, if it has one.

    Raises UsageError if there is no such key, InvalidPipeline if the file is wrong already.
    """
    _check(project, key)
    if _has(_written(project), key):
        write_bytes(project.config_file, _without(_text(project), key).encode())
    return [get(project, key)] if key in KEYS else []


def _without(text: str, key: str) -> str:
    """By lines: comments stay with what they are about, and in a tree they belong to what is above."""
    import yaml

    place, *rest = key.split(".", 1)
    around: yaml.Node | None = yaml.compose(text, Loader=yaml.SafeLoader)
    name, value = _entry(around, place)
    if rest and len(value.value) > 1:
        around = value
        name, value = _entry(around, rest[0])
    if isinstance(around, yaml.MappingNode) and around.flow_style:  # ``{gpu: 1, memory: 2}``
        return _without_in_flow(text, place, *rest)
    while isinstance(value, yaml.MappingNode) and not value.flow_style:
        value = value.value[0][1]  # a block ends only where the next one begins
    lines = text.splitlines(keepends=True)
    return "".join([*lines[: name.start_mark.line], *lines[value.end_mark.line + 1 :]])


def _entry(mapping: yaml.Node | None, name: str) -> tuple[yaml.Node, yaml.Node]:
    entries = mapping.value if mapping is not None else []
    return next((key, value) for key, value in entries if key.value == name)


def _without_in_flow(text: str, place: str, inside: str | None = None) -> str:
    from ruamel.yaml import YAML

    editor = YAML()
    editor.preserve_quotes = True
    document = editor.load(text)
    if inside is None or len(document[place]) == 1:
        del document[place]
    else:
        del document[place][inside]
    stream = io.StringIO()
    editor.dump(document, stream)
    return stream.getvalue()


def _check(project: Project, key: str) -> None:
    if key not in KEYS and not (key.startswith(RESOURCE) and key != RESOURCE):
        raise UsageError(_unknown(key))
    load_config(project)  # a file that is wrong already is told by its line, and not touched


def _text(project: Project) -> str:
    try:
        return project.config_file.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        return ""


def _written(project: Project) -> dict[str, JSON]:
    import yaml

    content: dict[str, JSON] = yaml.safe_load(_text(project)) or {}
    return content


def _value(config: Config, key: str) -> JSON:
    plain: JSON = msgspec.to_builtins(config)
    for part in key.split(".", 1):
        assert isinstance(plain, dict)
        plain = plain[part]
    return plain


def _has(written: dict[str, JSON], key: str) -> bool:
    plain: JSON = written
    for part in key.split(".", 1):
        if not isinstance(plain, dict) or part not in plain:
            return False
        plain = plain[part]
    return True


def _unknown(key: str) -> str:
    return f"no setting is called {key!r}\n    the keys are: {', '.join(KEYS)}, resources.<name>"
