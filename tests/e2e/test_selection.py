"""Which stages a run takes: named, only, forced, foreseen, frozen."""

from __future__ import annotations


def test_a_named_stage_brings_what_it_needs(chain):
    assert chain.run("second").outcomes == {"first": "ran", "second": "ran"}


def test_only_leaves_what_it_needs_alone(chain):
    chain.run()
    chain.edit("helpers.py", "text.upper()", "text.title()")
    assert chain.run("second", "--only").outcomes == {"second": "skipped"}


def test_force_makes_the_named_stage_again_and_no_other(chain):
    chain.run()
    assert chain.run("second", "--force").outcomes == {"first": "skipped", "second": "ran"}


def test_a_dry_run_tells_and_touches_nothing(chain):
    assert chain.run("--dry-run").outcomes == {"first": "ran", "second": "ran", "other": "ran"}
    assert not (chain.root / "out.txt").exists()
    assert set(chain.states().values()) == {"never_run"}


def test_a_dry_run_foresees_what_comes_from_the_cache(chain):
    """And what would be fresh once that is back in place; the run itself ends the same way."""
    chain.run()
    chain.edit("helpers.py", '"!"', '"?"')
    assert chain.run("--dry-run").outcomes == {"first": "skipped", "second": "ran", "other": "skipped"}
    chain.run()
    chain.edit("helpers.py", '"?"', '"!"')
    (chain.root / "mid.txt").unlink()
    foreseen = chain.run("--dry-run").outcomes
    assert foreseen == {"first": "restored", "second": "restored", "other": "skipped"}
    assert not (chain.root / "mid.txt").exists()
    assert chain.run().outcomes == foreseen
    (chain.root / "mid.txt").unlink()
    assert chain.run("--dry-run").outcomes == {"first": "restored", "second": "skipped", "other": "skipped"}
    assert chain.run("--dry-run", "--force", "second").outcomes == {"first": "restored", "second": "ran"}


def test_a_dry_run_knows_nothing_of_what_comes_after_a_stage_that_would_run(chain):
    chain.run()
    (chain.root / "in.txt").write_text("three")
    assert chain.run("--dry-run").outcomes == {"first": "ran", "second": "ran", "other": "ran"}


def test_frozen_restores_but_runs_nothing(chain):
    chain.run()
    (chain.root / "out.txt").unlink()
    assert chain.run("--frozen").outcomes["second"] == "restored"
    chain.edit("helpers.py", '"!"', '"?"')
    ended = chain.run("--frozen", ok=False)
    assert ended.code == 1
    assert ended.outcomes == {"first": "skipped", "second": "blocked", "other": "skipped"}
    assert chain.read("out.txt") == "ONE TWO!"


def test_an_unknown_name_is_refused_with_the_nearest(chain):
    ended = chain.call("run", "secnd")
    assert ended.code == 2
    assert "second" in ended.stderr


def test_a_target_may_be_an_output_or_a_pattern(chain):
    assert chain.run("mid.txt").outcomes == {"first": "ran"}
    assert chain.run("o*.txt").outcomes == {"first": "skipped", "second": "ran", "other": "ran"}
    (chain.root / "sub").mkdir()
    assert chain.run("-C", "sub", "../out.txt").outcomes == {"first": "skipped", "second": "skipped"}
    assert chain.run("sec*", "--force").outcomes == {"first": "skipped", "second": "ran"}
    refused = chain.call("run", "in.txt")
    assert refused.code == 2
    assert "in.txt: it is an input" in refused.stderr
