"""What CI systems read: JUnit reports, and GitHub's annotations."""

from __future__ import annotations

from xml.etree import ElementTree


def broken(words) -> None:
    words.write(
        {"helpers.py": "def shout(text):\n    print('a\\x00b')\n    raise ValueError('<no> & \\x07')\n"}
    )


def test_a_junit_report_has_each_stage_with_its_outcome(words):
    broken(words)
    ended = words.call("run", "--junit", "out/results.xml")
    assert ended.returncode == 1
    root = ElementTree.parse(words.root / "out/results.xml").getroot()
    assert root.attrib | {"time": ""} == {
        "tests": "3",
        "failures": "1",
        "errors": "1",
        "skipped": "0",
        "time": "",
    }
    cases = {case.get("name"): case for case in root.iter("testcase")}
    assert list(cases["read"]) == []
    failure = cases["loud"].find("failure")
    assert failure is not None
    assert (failure.get("type"), failure.get("message")) == ("ValueError", "<no> & \ufffd")
    assert "helpers.py" in (failure.text or "")
    assert (cases["loud"].get("file"), cases["loud"].get("line")) == ("helpers.py", "3")
    assert cases["loud"].findtext("system-out") == "so loud\na\ufffdb\n"
    error = cases["count"].find("error")
    assert error is not None
    assert error.get("message") == "loud failed"
    assert "ValueError" in ended.stdout


def test_a_fresh_stage_is_skipped_in_a_junit_report(words):
    words.ok("run")
    words.ok("run", "--frozen", "--junit", "results.xml")
    suite = ElementTree.parse(words.root / "results.xml").getroot()[0]
    assert (suite.get("tests"), suite.get("skipped")) == ("3", "3")


def test_on_github_failures_are_annotations_at_their_line(words):
    """The project is in a folder of the repository."""
    broken(words)
    env = {"GITHUB_ACTIONS": "true", "GITHUB_WORKSPACE": str(words.root.parent)}
    said = words.call("run", **env).stdout.splitlines()
    where = f"file={words.root.name}/helpers.py,line=3,title=loud failed"
    assert f"::error {where}::ValueError: <no> & \\x07" in said
    assert not [line for line in words.call("run").stdout.splitlines() if line.startswith("::")]
    said = words.call("status", "--check", **env).stdout.splitlines()
    assert [line for line in said if line.startswith("::error") and "title=count isn't fresh" in line]
    words.write({"pipeline.py": "from pivot_core import Pipeline\npipeline = Pipeline('x')\n1 +\n"})
    said = words.call("run", **env).stdout.splitlines()
    assert [line for line in said if line.startswith(f"::error file={words.root.name}/pipeline.py,line=3")]


def test_on_github_only_what_is_stale_itself_is_an_annotation(words):
    words.ok("run")
    words.edit("helpers.py", '"!"', '"?"')
    for args in (["status", "--check"], ["run", "--frozen"]):
        said = words.call(*args, GITHUB_ACTIONS="true").stdout.splitlines()
        titles = [
            line.partition("title=")[2].partition("::")[0] for line in said if line.startswith("::error")
        ]
        assert titles == ["loud isn't fresh"]
