"""Driving a pipeline: who is called when, how many at once, and what it took."""

from sluicegate.runner.drive import clock_of, drive
from sluicegate.runner.identity import identity
from sluicegate.runner.interrupts import interruptible
from sluicegate.runner.progress import Progress

__all__ = ["Progress", "clock_of", "drive", "identity", "interruptible"]
