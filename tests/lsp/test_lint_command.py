"""``pivot-lsp lint``: what it prints, and how it ends."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from pivot_lsp import cli
from pivot_lsp.lint import formats

WITHOUT_PYGLS = "import sys; sys.modules['pygls'] = None; from pivot_lsp.server import main; main()"

TWICE = """\
from pivot_core import Pipeline
import stages

pipeline = Pipeline("häuser 🏠")
pipeline.register(stages.train)
x = "🏠"; pipeline.register(stages.train)
"""


def lint(folder: Path, *args: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", WITHOUT_PYGLS, "lint", *args],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=30,
    )


def write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def test_findings_are_told_with_their_place_and_what_to_do(tmp_path: Path) -> None:
    write(tmp_path / "pipeline.py", TWICE)
    done = lint(tmp_path)
    assert done.returncode == 1
    assert done.stdout == (
        "pipeline.py:6:28: PVT106 two stages are named 'train'\n"
        '    give this one another name, such as name="train@2"\n'
        "    see pipeline.py:5:19: the first stage named 'train'\n"
        "1 finding\n"
    )


def test_json_is_one_document(tmp_path: Path) -> None:
    write(tmp_path / "pipeline.py", TWICE)
    done = lint(tmp_path, "--format", "json", "pipeline.py")
    document = json.loads(done.stdout)
    assert (done.returncode, document["schema"], document["unreadable"]) == (1, 1, [])
    (found,) = document["findings"]
    assert (found["code"], found["name"], found["severity"]) == ("PVT106", "same-name", "error")
    assert found["where"] == {"path": "pipeline.py", "line": 6, "column": 28, "end_line": 6, "end_column": 40}


def test_nothing_found_ends_with_0(tmp_path: Path) -> None:
    write(tmp_path / "ordinary.py", "print(lambda: 1)\n")
    done = lint(tmp_path)
    assert (done.returncode, done.stdout, done.stderr) == (0, "nothing found\n", "")


def test_code_of_others_is_left_alone(tmp_path: Path) -> None:
    for folder in ("env", ".hidden", "node_modules", "lib/site-packages"):
        write(tmp_path / folder / "pipeline.py", TWICE)
    write(tmp_path / "env" / "pyvenv.cfg", "")
    assert lint(tmp_path).returncode == 0


def test_a_file_that_cannot_be_parsed_is_named_and_the_rest_is_looked_at(tmp_path: Path) -> None:
    write(tmp_path / "broken.py", "import pivot_core\ndef f(:\n")
    write(tmp_path / "pipeline.py", TWICE)
    done = lint(tmp_path)
    assert (done.returncode, done.stdout.splitlines()[-1]) == (1, "1 finding")
    assert done.stderr.startswith("broken.py:2: not looked at: ")


def test_a_path_that_is_not_there_is_wrong_usage(tmp_path: Path) -> None:
    done = lint(tmp_path, "absent")
    assert done.returncode == 2
    assert "absent" in done.stderr


def test_sarif_has_the_rules_the_places_and_the_related_places(tmp_path: Path) -> None:
    write(tmp_path / "pipeline.py", TWICE)
    log = json.loads(lint(tmp_path, "--format", "sarif").stdout)
    (run,) = log["runs"]
    (result,) = run["results"]
    assert (log["version"], run["columnKind"]) == ("2.1.0", "unicodeCodePoints")
    assert [rule["id"] for rule in run["tool"]["driver"]["rules"]] == [result["ruleId"]] == ["PVT106"]
    place = result["locations"][0]["physicalLocation"]
    assert place["artifactLocation"] == {"uri": "pipeline.py"}
    assert place["region"] == {"startLine": 6, "startColumn": 28, "endLine": 6, "endColumn": 40}
    assert result["relatedLocations"][0]["physicalLocation"]["region"]["startLine"] == 5


def test_sarif_names_files_as_uris(tmp_path: Path) -> None:
    write(tmp_path / "50% é" / "a:b c.py", TWICE)
    for given in (".", str(tmp_path)):
        (run,) = json.loads(lint(tmp_path, "--format", "sarif", given).stdout)["runs"]
        (found,) = run["results"]
        (place, related) = (found["locations"][0], found["relatedLocations"][0])
        path = "50%25%20%C3%A9/a%3Ab%20c.py"
        wanted = path if given == "." else f"{tmp_path.as_uri()}/{path}"
        for where in (place, related):
            assert where["physicalLocation"]["artifactLocation"]["uri"] == wanted


def test_github_gets_an_annotation_on_one_line(tmp_path: Path) -> None:
    write(tmp_path / "pipeline.py", TWICE)
    done = lint(tmp_path, "--format", "github")
    assert done.returncode == 1
    assert done.stdout == (
        "::error file=pipeline.py,line=6,endLine=6,title=PVT106,col=28,endColumn=40::"
        "two stages are named 'train'%0Agive this one another name, such as name=\"train@2\"\n"
    )


def test_github_gets_what_separates_its_fields_escaped(tmp_path: Path) -> None:
    write(tmp_path / "a,b:50%.py", TWICE.replace("stages.train", "stages.train, name='1%0Ax'"))
    done = lint(tmp_path, "--format", "github")
    (line,) = done.stdout.splitlines()
    assert line.startswith("::error file=a%2Cb%3A50%25.py,line=6,")
    assert "two stages are named '1%250Ax'%0A" in line


def test_pyproject_chooses_the_rules(tmp_path: Path) -> None:
    write(tmp_path / "pipeline.py", TWICE)
    write(tmp_path / "pyproject.toml", "[tool.pivot.lint]\nselect = ['PVT2']\n")
    assert lint(tmp_path).returncode == 0
    write(tmp_path / "pyproject.toml", "[tool.pivot.lint.per-file-ignores]\n'pipe*' = ['PVT1']\n")
    assert lint(tmp_path).returncode == 0
    write(tmp_path / "pyproject.toml", "[tool.pivot.lint]\nignore = ['PVT402']\n")
    assert lint(tmp_path).returncode == 1


def test_settings_that_are_wrong_are_told_with_their_file(tmp_path: Path) -> None:
    write(tmp_path / "pipeline.py", TWICE)
    write(tmp_path / "pyproject.toml", "[tool.pivot.lint]\nselekt = ['PVT2']\n")
    done = lint(tmp_path)
    assert done.returncode == 2
    assert "pyproject.toml: [tool.pivot.lint]: " in done.stderr
    assert "selekt" in done.stderr


def test_two_files_of_a_project_are_seen_together(tmp_path: Path) -> None:
    """The pipeline is registered in one file, and in another through an import."""
    write(
        tmp_path / "pipeline.py", "from pivot_core import Pipeline\n\npipeline = Pipeline('x')\nimport more\n"
    )
    write(
        tmp_path / "more.py",
        "from pipeline import pipeline\nimport stages\npipeline.register(stages.train)\n",
    )
    write(
        tmp_path / "stages.py",
        "from typing import Annotated\nfrom pivot_core.outputs import Metric\n\n\n"
        "def train() -> Annotated[float, Metric('score.json')]: ...\n",
    )
    assert lint(tmp_path).returncode == 0
    with (tmp_path / "pipeline.py").open("a") as file:
        file.write("import stages\npipeline.register(stages.train)\n")
    assert lint(tmp_path, "more.py").stdout.startswith("more.py:3:19: PVT106 two stages are named 'train'")


def test_files_that_are_looked_at_together_know_each_other(tmp_path: Path) -> None:
    """As in an editor that has them open: one of two scripts registers what the other defines."""
    write(tmp_path / "pipeline.py", "from pivot_core import Pipeline\npipeline = Pipeline('demo')\n")
    write(
        tmp_path / "a.py",
        "from typing import Annotated\nfrom pivot_core.outputs import Metric\n\n\n"
        "def train() -> Annotated[float, Metric('score.json')]: ...\n",
    )
    write(tmp_path / "b.py", "from a import train\nfrom pipeline import pipeline\npipeline.register(train)\n")
    alone = lint(tmp_path, "a.py")
    assert "a.py:5:5: PVT108 train looks like a stage, but is registered nowhere" in alone.stdout
    assert lint(tmp_path).stdout == "nothing found\n"


def test_a_file_that_a_stage_was_seen_to_read_is_told_until_it_is_declared(tmp_path: Path) -> None:
    """Its name is a parameter's value: only the run could tell."""
    write(tmp_path / "config.json", "{}")
    write(
        tmp_path / "pipeline.py",
        """\
from pathlib import Path
from typing import Annotated

from pivot_core import Pipeline, StageParams, loaders, outputs


class Params(StageParams):
    name: str = "config"


def train(
    params: Params,
) -> Annotated[str, outputs.Out("model.txt", loaders.Text())]:
    return Path(params.name + ".json").read_text()


pipeline = Pipeline("demo")
pipeline.register(train)
""",
    )
    assert lint(tmp_path).stdout == "nothing found\n"
    run = [sys.executable, "-m", "pivot_core", "run", "-q"]
    subprocess.run(run, cwd=tmp_path, check=True, timeout=60)
    assert "PVT306 train read config.json undeclared when it last ran" in lint(tmp_path).stdout
    text = (tmp_path / "pipeline.py").read_text(encoding="utf-8")
    declared = 'config: Annotated[Path, outputs.Dep("config.json", loaders.PathOnly())],\n    params: Params'
    write(tmp_path / "pipeline.py", text.replace("params: Params", declared, 1))
    assert lint(tmp_path).stdout == "nothing found\n"


def test_a_file_that_is_no_text_is_not_looked_at_and_it_says_why_and_where(tmp_path: Path) -> None:
    (tmp_path / "stages.py").write_bytes("import pivot_core\nX = 'ä'\n".encode("latin-1"))
    done = lint(tmp_path)
    assert done.returncode == 0
    assert done.stderr.startswith("stages.py:2: not looked at: not UTF-8 (byte 0xe4); save it as UTF-8")


def test_a_fix_keeps_the_encoding_that_the_file_names(tmp_path: Path) -> None:
    """Also where what is above the comment that names it couldn't be read without."""
    before = """\
# häuser
# -*- coding: latin-1-unix -*-
from typing import Annotated
from pivot_core import loaders, outputs


def s(text: Annotated[str, outputs.Dep("ä/../a.txt", loaders.Text())]) -> Annotated[
    str, outputs.DirectoryOut("ä", loaders.Text())
]: ...
"""
    (tmp_path / "stages.py").write_bytes(before.encode("latin-1"))
    assert "stages.py: fixed" in lint(tmp_path, "--fix").stdout
    fixed = (tmp_path / "stages.py").read_bytes()
    assert fixed == before.replace('DirectoryOut("ä"', 'DirectoryOut("ä/"').encode("latin-1")


def test_help_names_the_formats_that_there_are() -> None:
    assert set(cli.FORMATS) == formats.FORMATS.keys()
