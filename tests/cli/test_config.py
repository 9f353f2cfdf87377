"""``.pivot/config.yaml``: defaults, typed values, and mistakes with their line."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from pivot_core.config import CacheConfig, Config, load_config
from pivot_core.errors import InvalidPipeline
from pivot_core.project import Project

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def project(tmp_path: Path) -> Project:
    (tmp_path / ".pivot").mkdir()
    return Project(tmp_path)


def test_a_project_without_a_config_file_has_the_defaults(project: Project) -> None:
    assert load_config(project) == Config(cache=CacheConfig(mode="auto"), jobs=None, resources={})


def test_every_key_is_read_as_its_type(project: Project) -> None:
    project.config_file.write_text(
        "cache:\n  mode: copy\npackages: exact\njobs: 3\nresources:\n  gpu: 2\n  memory: 1.5\n"
    )
    assert load_config(project) == Config(
        cache=CacheConfig(mode="copy"), packages="exact", jobs=3, resources={"gpu": 2, "memory": 1.5}
    )


@pytest.mark.parametrize(
    ("text", "line", "word"),
    [
        ("jobs: 2\n\ncahce: {}\n", 3, "unknown key 'cahce'"),
        ("cache:\n  # a comment\n  mood: copy\n", 3, "unknown key 'cache.mood'"),
        ("cache:\n  mode: magic\n", 2, "cache.mode"),
        ("jobs: many\n", 1, "jobs"),
        ("packages: minor\n", 1, "packages"),
        ("jobs: 0\n", 1, "jobs"),
        ("jobs: 1\nresources:\n  gpu: lots\n", 2, "resources"),
        ("jobs: 1\njobs: [\n", 3, "not valid YAML"),
        ("- jobs\n", 1, "object"),
    ],
)
def test_a_mistake_names_the_line_and_the_key(project: Project, text: str, line: int, word: str) -> None:
    project.config_file.write_text(text)
    with pytest.raises(InvalidPipeline) as caught:
        load_config(project)
    assert str(caught.value).startswith(f".pivot/config.yaml:{line}: ")
    assert word in str(caught.value)


def test_no_yaml_parser_is_imported_for_a_file_of_comments_only(project: Project) -> None:
    project.config_file.write_text("# cache:\n#   mode: copy\n\n")
    script = (
        "import sys; from pathlib import Path; from pivot_core.config import load_config; "
        "from pivot_core.project import Project; load_config(Project(Path(sys.argv[1]))); "
        "sys.exit('yaml' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", script, project.root], check=False).returncode == 0
