"""Whether what an answer says stands in the records it was made from.

A text becomes typed claims with their places (`extraction`), JSON becomes records of facts with paths (`index`), and
each claim is bound to the record its sentence speaks of (`binding`). Pure, and without a model.
"""

from __future__ import annotations

from sluicegate.grounding.binding import judge
from sluicegate.grounding.claims import Claim, Judgement, Kind, Ruling
from sluicegate.grounding.index import Evidence, Source

__all__ = ["Claim", "Evidence", "Judgement", "Kind", "Ruling", "Source", "judge"]
