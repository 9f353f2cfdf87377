"""``.pivot/config.yaml``: the settings of one project, all optional.

``cache.mode``: how outputs come back from the cache (``auto``: a reflink
where the file system can, else a copy; ``reflink``, ``hardlink``, ``symlink``, ``copy``);
``packages``: which other versions of a package make a stage stale, ``feature`` releases or any (``exact``);
``jobs``: how many stages run at once (unset: one a core); ``resources``: capacities that stages share.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Annotated, Literal, get_args

import msgspec

from pivot_core.errors import InvalidPipeline
from pivot_core.types import Problem

if TYPE_CHECKING:
    from pathlib import Path

    import yaml

    from pivot_core.project import Project

CacheMode = Literal["auto", "reflink", "hardlink", "symlink", "copy"]
Releases = Literal["feature", "exact"]
_VALUES = {
    "cache": "must be a mapping: {mode: copy}",
    "cache.mode": f"must be one of {', '.join(get_args(CacheMode))}",
    "packages": f"must be one of {', '.join(get_args(Releases))}",
    "jobs": "must be a whole number, 1 or more",
    "resources": "must have numbers by name, 0 or more: {gpu: 2}",
}
Capacity = Annotated[float, msgspec.Meta(ge=0)]


class CacheConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    mode: CacheMode = "auto"


class Config(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    cache: CacheConfig = CacheConfig()
    packages: Releases = "feature"
    jobs: Annotated[int, msgspec.Meta(ge=1)] | None = None
    resources: dict[str, Capacity] = {}


def load_config(project: Project) -> Config:
    """The project's settings. Raises InvalidPipeline for an unknown key or a wrong value."""
    path = project.config_file
    try:
        text = path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        return Config()
    except UnicodeDecodeError as error:
        raise _wrong(_shown(path, project), 0, f"not UTF-8 text ({error})") from error
    if not _has_settings(text):
        return Config()
    return parse(text, _shown(path, project))


def _has_settings(text: str) -> bool:
    """False for a file of comments only, as ``init`` writes it: then nobody pays for a YAML parser."""
    return any(line.strip() and not line.lstrip().startswith("#") for line in text.splitlines())


def parse(text: str, shown: str) -> Config:
    """The settings in a text. Raises InvalidPipeline, which calls the file ``shown``."""
    import yaml

    try:
        tree = yaml.compose(text, Loader=yaml.SafeLoader)
        content = yaml.safe_load(text)
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise _wrong(shown, line, f"not valid YAML: {error.problem}") from error
    except yaml.YAMLError as error:
        raise _wrong(shown, 0, f"not valid YAML: {error}") from error
    try:
        return msgspec.convert({} if content is None else content, Config)
    except msgspec.ValidationError as error:
        raise _explained(str(error), tree, shown) from error


def _explained(message: str, tree: yaml.Node | None, shown: str) -> InvalidPipeline:
    """msgspec says what and where (``$.cache.mode``); the YAML nodes know the line of that."""
    what, _, where = message.partition(" - at ")
    keys = [key for key in where.strip("`$").replace("[...]", "").split(".") if key]
    unknown = re.search(r"unknown field `(.*)`", what)
    if unknown:
        what = f"unknown key {'.'.join([*keys, unknown[1]])!r}"
        keys.append(unknown[1])
    elif keys:
        name = ".".join(keys)
        what = f"{name} {_VALUES[name]}" if name in _VALUES else f"{name}: {what}"
    return _wrong(
        shown, _line(tree, keys), what, "the keys are: cache.mode, packages, jobs, resources.<name>"
    )


def _wrong(shown: str, line: int, what: str, hint: str = "mend it there or just above") -> InvalidPipeline:
    return InvalidPipeline([Problem(shown, line, what, hint)])


def _line(node: yaml.Node | None, keys: list[str]) -> int:
    """The 1-based line of the deepest of ``keys`` that is there."""
    from yaml import MappingNode

    line = node.start_mark.line + 1 if node is not None else 1
    for key in keys:
        entries = node.value if isinstance(node, MappingNode) else []
        found = [(name, value) for name, value in entries if name.value == key]
        if not found:
            break
        line, node = found[0][0].start_mark.line + 1, found[0][1]
    return line


def _shown(path: Path, project: Project) -> str:
    return path.relative_to(project.root).as_posix()
