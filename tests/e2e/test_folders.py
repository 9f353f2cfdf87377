"""Which files of a folder changed is told where it can be, and no verdict rests on it."""

from __future__ import annotations

import json
import shutil

import pytest

SINCE = "changed since the last run"


@pytest.fixture
def images(project):
    for name in "acd":
        project.write(f"images/{name}.png", name)
    project.pipeline(
        """
        def split(
            images: Annotated[Path, outputs.Dep("images/", loaders.PathOnly())],
        ) -> Annotated[Path, outputs.DirectoryOut("parts/")]:
            for path in sorted(images.iterdir()):
                (Path("parts") / path.name).write_text(path.read_text() * 2)
            return Path("parts")

        def gather(
            parts: Annotated[Path, outputs.Dep("parts/", loaders.PathOnly())],
        ) -> Annotated[str, outputs.Out("all.txt", Text)]:
            return ",".join(path.read_text() for path in sorted(parts.iterdir()))

        pipeline = Pipeline("p")
        pipeline.register(split)
        pipeline.register(gather)
        """
    )
    project.run()
    return project


def change(project):
    project.write("images/a.png", "A")
    project.write("images/b.png", "b")
    (project.root / "images/c.png").unlink()


def detail(project, stage):
    (reason,) = project.status()[stage]["reasons"]
    return reason["detail"]


def test_the_files_of_an_input_that_changed_are_told_by_each_command(images):
    change(images)
    said = f"images/ {SINCE} (3 files: a.png changed, b.png added, c.png removed)"
    assert said in images.call("status").stdout
    assert said in images.call("status", "--explain").stdout
    assert said in images.call("commit", "-n", "split").stdout
    assert said in images.call("run", "-n", "--explain").stdout
    ran = images.run()
    assert [
        f"{reason['subject']} {reason['detail']}" for end in ran.of("stage_end") for reason in end["reasons"]
    ] == [
        said,
        said.replace("images", "parts"),
    ]
    assert set(images.states().values()) == {"fresh"}


def test_so_are_those_of_an_output_that_somebody_edited(images):
    images.write("parts/e.png", "mine")
    assert detail(images, "split") == "isn't what the stage wrote (e.png added)"


def test_of_many_files_the_first_are_named(images):
    for number in range(5):
        images.write(f"images/{number}.png", "")
    assert detail(images, "split") == f"{SINCE} (5 files: 0.png added, 1.png added, 2.png added, and 2 more)"


@pytest.mark.parametrize("how", ["removed", "damaged"])
def test_without_the_former_listing_the_folder_is_told_and_the_verdict_is_the_same(images, how):
    lock = json.loads(images.read(".pivot/stages/split.lock"))
    digest = lock["deps"]["images/"]
    listing = images.root / f".pivot/cache/files/{digest[:2]}/{digest[2:]}"
    listing.chmod(0o644)
    if how == "removed":
        shutil.rmtree(images.root / ".pivot/cache")
    else:
        listing.write_bytes(listing.read_bytes().replace(b"c.png", b"x.png"))
    assert set(images.states().values()) == {"fresh"}
    change(images)
    assert detail(images, "split") == SINCE
    assert images.run().outcomes == {"split": "ran", "gather": "ran"}


def test_a_listing_in_the_cache_is_no_result_to_restore(images):
    """The folder that was read becomes one that is written: of that the cache has no file."""
    shutil.rmtree(images.root / "images")
    images.pipeline(
        """
        def images() -> Annotated[Path, outputs.DirectoryOut("images/")]:
            for name in "acd":
                (Path("images") / f"{name}.png").write_text(name)
            return Path("images")

        pipeline = Pipeline("p")
        pipeline.register(images)
        """
    )
    assert images.run().outcomes == {"images": "ran"}
    assert images.states() == {"images": "fresh"}


def test_a_name_that_only_the_environment_cannot_tell_is_not_called_wrong(images):
    images.write("images/größe.png", "")
    plain = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    said = images.call("status", "split", env=plain).stdout
    assert "in this environment's encoding (ascii); set LC_ALL=C.UTF-8" in said
    assert "rename" not in said
    assert detail(images, "split") == f"{SINCE} (größe.png added)"
