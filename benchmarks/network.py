"""G10: outbound connection attempts of a whole rollout, counted by the guard of the project's own tests."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from benchmarks.side_by_side import Goal, verdicts

__all__ = ["measure"]

_JOURNEYS = ("test_a_rollout", "test_the_demonstration", "test_an_evaluation")
_TEST = Path(__file__).parents[1] / "harness" / "tests" / "test_network_guard.py"


def measure() -> list[Goal]:
    """Lines the guard wrote in the processes of every journey; raises SystemExit when a journey itself failed."""
    with tempfile.TemporaryDirectory() as folder:
        words = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--basetemp", folder, str(_TEST)]
        done = subprocess.run(words, cwd=_TEST.parents[2], capture_output=True, text=True, check=False)
        # pytest links each folder under a second name.
        journeys = {path.resolve() for name in _JOURNEYS for path in Path(folder).glob(f"{name}*/seen")}
        lines = [line for path in journeys for line in path.read_text().splitlines()]
    attempts = [line for line in lines if not line.startswith("guarded")]
    print("\n".join([f"network: {len(lines) - len(attempts)} processes guarded", *attempts]))
    if len(journeys) != len(_JOURNEYS) or (done.returncode and not attempts):
        raise SystemExit(done.stdout[-4000:])
    return [Goal("G10", "outbound connection attempts, init to report, demo, evaluate", len(attempts), 0, unit="")]


def main(_arguments: Sequence[str]) -> int:
    """`python -m benchmarks.network`."""
    return verdicts(measure())


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
