"""How wide a line may be for whoever reads along."""

from __future__ import annotations

import os
import shutil

__all__ = ["screen_width", "width_told"]

_NARROWEST, _WIDEST, _USUAL = 20, 500, 80


def width_told() -> int | None:
    """What `COLUMNS` says, in characters from 20 to 500; None where it says no whole number above 0."""
    try:
        told = int(os.environ.get("COLUMNS", ""))
    except ValueError:
        return None
    return _within(told) if told > 0 else None


def screen_width() -> int:
    """What `COLUMNS` says, else the terminal, else 80: characters from 20 to 500."""
    told = width_told()
    # shutil reads COLUMNS too: what is no width there, is none here.
    return _within(shutil.get_terminal_size((_USUAL, 24)).columns) if told is None else told


def _within(width: int) -> int:
    return min(max(width, _NARROWEST), _WIDEST)
