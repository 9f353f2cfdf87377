"""Which releases of a package count as another one."""

from __future__ import annotations

import re

# PEP 440: epoch, release numbers, and what tells of a version that isn't a plain release.
_VERSION = re.compile(r"(?:(?P<epoch>\d+)!)?(?P<numbers>\d+(?:\.\d+)*)(?P<rest>[^,\s]*)")
_POST = re.compile(r"\.post\d+")


def feature_release(versions: str) -> str:
    """The versions without what only tells bug-fix releases apart: ``2.2.3`` is a release of ``2.2``.

    Of ``0.4.1`` all three numbers count, since packages below 1 keep no such promise; and all of a version
    that is no plain release (``2.3.0rc1``, ``1.0+local``). ``versions`` may name several distributions, as in
    ``a 1.0, b 2.1``.
    """
    return ", ".join(_feature(item) for item in versions.split(", "))


def _feature(item: str) -> str:
    name, _, version = item.rpartition(" ")
    found = _VERSION.fullmatch(version)
    if found is None or (found["rest"] and not _POST.fullmatch(found["rest"])):
        return item
    numbers = [int(number) for number in found["numbers"].split(".")]
    count = 2 if numbers[0] else 3
    kept = ".".join(map(str, [*numbers, 0, 0][:count]))
    return f"{name} {int(found['epoch'] or 0)}!{kept}"
