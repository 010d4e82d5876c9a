"""Where packaged data lives. Nobody else computes a path into the package."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path

__all__ = ["VERSION", "data"]

VERSION = "0.1.0"
"""As the installed package says; written here since asking its metadata costs more than judging a hundred cases."""


def data(room: str, *parts: str) -> Path:
    """The path of a packaged file: `data("fixtures", "email_rag", "plan.yaml")`.

    Raises FileNotFoundError when the installed package does not hold it.
    """
    # A checkout keeps some rooms elsewhere. `importlib.resources` says the same, and loads a reader of zip files first.
    path = Path(import_module(f"sluicegate.{room}").__path__[0], *parts)
    if not path.exists():
        raise FileNotFoundError(f"sluicegate.{room}: no packaged file {'/'.join(parts)}")
    return path
