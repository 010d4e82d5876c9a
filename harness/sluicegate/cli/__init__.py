"""The command line: parse, call a session, write, exit."""

from __future__ import annotations

__all__ = ["main"]


def main() -> None:
    """Entry point of `sluicegate`."""
    import gc

    from sluicegate.cli.app import run

    # As in the broker: a trial leaves hundreds of objects and few cycles, and looking for those took a twentieth of a
    # gate over many cases.
    gc.set_threshold(20_000, 20, 20)
    run()
