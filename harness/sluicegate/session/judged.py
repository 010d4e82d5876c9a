"""What a judgement leaves: a verdict, and where it lies."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from sluicegate.frozen import frozen
from sluicegate.model import Verdict

__all__ = ["Judged"]


@frozen
class Judged:
    """A verdict and where it was written."""

    verdict: Verdict
    raw: bytes
    """Canonical JSON; what a deploy step verifies."""
    folder: Path
    written: Mapping[str, Path]
    """The verdict and each report by file name; what could not be written is missing."""
    unwritten: tuple[str, ...] = ()
    """Why, one line for each file that could not be written."""
