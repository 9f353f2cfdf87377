"""What holds for all tests: their order, and which are enough for another set of versions."""

from __future__ import annotations

import pytest

# Each takes long: begun last, they would be waited for by workers with nothing to do.
LONG = ("torture", "fuzz", "test_lint_packages.py", "test_demo.py", "editors")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--first-cases",
        action="store_true",
        help="of a test with many cases only the first: whether what it uses works with these versions",
    )


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    items.sort(key=lambda item: not any(part in LONG for part in item.path.parts))
    if config.getoption("--first-cases"):
        first: dict[str, pytest.Item] = {}
        for item in items:
            first.setdefault(_test(item), item)
        config.hook.pytest_deselected(items=items[len(first) :])
        items[:] = first.values()


def _test(item: pytest.Item) -> str:
    """Its name without the case; but how Python reads code differs between its versions, case by case."""
    return item.nodeid if item.nodeid.startswith("tests/code/test_edits") else item.nodeid.partition("[")[0]
