"""`sluicegate` on a machine whose clock runs apart by SHIFTED_S seconds: a world of last week is written in order."""

from __future__ import annotations

import os
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import sluicegate.model
from sluicegate.model import clock

__all__ = ["program", "shifted_by"]

_VARIABLE = "SHIFTED_S"


def shifted_by(span: timedelta) -> dict[str, str]:
    """The environment of a machine whose clock is so far ahead; behind, where it is negative."""
    return {_VARIABLE: str(span.total_seconds())}


def program(folder: Path) -> Path:
    """A program `sluicegate` in that folder, which obeys the environment."""
    made = folder / "sluicegate"
    made.write_text(f'#!/bin/sh\nexec {sys.executable} {Path(__file__)} "$@"\n')
    made.chmod(0o755)
    return made


def _main() -> None:
    shift = timedelta(seconds=float(os.environ.get(_VARIABLE, "0")))
    apart_ns, real_ns = int(shift.total_seconds() * 1e9), time.time_ns
    time.time_ns = lambda: real_ns() + apart_ns
    clock.now_utc = sluicegate.model.now_utc = lambda: datetime.now(UTC) + shift

    from sluicegate.cli import main

    sys.argv[0] = "sluicegate"
    main()


if __name__ == "__main__":
    _main()
