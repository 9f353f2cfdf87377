"""The decision: a pure function of four facts. No I/O, and nothing of ours but the shared types."""

from pivot_core.decide.verdict import Facts as Facts
from pivot_core.decide.verdict import decide as decide
