"""The words of load that plan, doubles and evidence share."""

from __future__ import annotations

from sluicegate.frozen import frozen
from sluicegate.model.case import Fault

__all__ = ["Spell"]


@frozen
class Spell:
    """A fault that stands for a while, counted from the beginning of the load."""

    fault: Fault
    """Without `on_call` and `times`: the clock says when it strikes."""
    from_s: float
    until_s: float
    share: float = 1.0
    """Of the calls that come meanwhile; above 0, at most 1."""
