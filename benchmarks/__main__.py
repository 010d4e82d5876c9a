"""`python -m benchmarks [NAME …]`: every figure beside its goal; exit 1 when one is not met."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path

from benchmarks.side_by_side import verdicts

_FIRST = ("evaluation", "replay", "http_adapter", "rooms", "network")
_NOT_MEASURING = ("__init__", "__main__", "load_target", "load_users", "side_by_side", "workload")


def _names() -> list[str]:
    """Every room here that measures."""
    found = [path.stem for path in sorted(Path(__file__).parent.glob("*.py")) if path.stem not in _NOT_MEASURING]
    return [*_FIRST, *(name for name in found if name not in _FIRST)]


def main(asked: Sequence[str]) -> int:
    """Run the named benchmarks, or all; each room's `measure()` gives its goals."""
    goals = []
    for name in asked or _names():
        print(f"{name} …", file=sys.stderr, flush=True)
        room = import_module(f"benchmarks.{name}")
        if hasattr(room, "measure"):
            goals += room.measure()
        else:
            print(f"{name} has no measure(); run it alone: python -m benchmarks.{name}", file=sys.stderr)
    return verdicts(goals)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
