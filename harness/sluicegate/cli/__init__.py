"""The command line: parse, call a session, write, exit."""

from __future__ import annotations

__all__ = ["main"]


def main() -> None:
    """Entry point of `sluicegate`."""
    from sluicegate.cli.app import run

    run()
