"""Where packaged data lives. Nobody else computes a path into the package."""

from __future__ import annotations

from importlib import metadata
from importlib.resources import files
from pathlib import Path

__all__ = ["VERSION", "data", "suite_files"]

VERSION = metadata.version("sluicegate")


def data(room: str, *parts: str) -> Path:
    """The path of a packaged file: `data("fixtures", "email_rag", "plan.yaml")`.

    Raises FileNotFoundError when the installed package does not hold it.
    """
    path = Path(str(files(f"sluicegate.{room}").joinpath(*parts)))
    if not path.exists():
        raise FileNotFoundError(f"sluicegate.{room}: no packaged file {'/'.join(parts)}")
    return path


def suite_files() -> dict[str, Path]:
    """Every bundled suite by name: `{"schema": …/test_schema.py, …}`."""
    root = data("suites")
    return {path.stem.removeprefix("test_"): path for path in sorted(root.glob("test_*.py"))}
