"""G10: outbound connection attempts of a whole rollout, counted by the guard of the project's own tests."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from benchmarks.side_by_side import Goal, verdicts

__all__ = ["measure"]

_TEST = Path(__file__).parents[1] / "harness" / "tests" / "test_network_guard.py"


def measure() -> list[Goal]:
    """0 when the guard saw nothing in any process; its test fails with what it saw otherwise, shown."""
    words = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(_TEST)]
    done = subprocess.run(words, cwd=_TEST.parents[2], capture_output=True, text=True, check=False)
    if done.returncode:
        print(done.stdout[-4000:])
    failed = done.returncode != 0
    return [Goal("G10", "outbound connection attempts, init to report and demo", float(failed), 0, unit="")]


def main(_arguments: Sequence[str]) -> int:
    """`python -m benchmarks.network`."""
    return verdicts(measure())


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
