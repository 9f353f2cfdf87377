"""Asks the code graph from another process, as another machine would: a folder a line in, JSON out."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from blake3 import blake3

from pivot_core.code.graph import CodeGraph
from pivot_core.code.sources import Sources
from pivot_core.project import Project


class Cache(dict[str, bytes]):
    put = dict.__setitem__


def main() -> None:
    for line in sys.stdin:
        root = Path(line.rstrip("\n"))

        def digest(logical: str, root: Path = root) -> str | None:
            path = root / logical
            return blake3(path.read_bytes()).hexdigest() if path.is_file() else None

        fact = CodeGraph(Sources(Project(root), digest), Cache()).stage([("stages", "s")])
        said = {
            "fingerprint": fact.fingerprint,
            "units": {name: unit.hash for name, unit in fact.units.items()},
            "packages": fact.packages,
            "widened": [f"{each.path}:{each.line} {each.to}" for each in fact.widened],
        }
        print(json.dumps(said), flush=True)


if __name__ == "__main__":
    main()
