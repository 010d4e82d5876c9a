"""What `record` is asked for: which columns hold what, of which metric, subject and window."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field, fields
from datetime import datetime
from enum import StrEnum

from sluicegate.errors import Fault, InputError, nearest
from sluicegate.frozen import frozen
from sluicegate.model import Origin, Provenance

__all__ = ["Columns", "RecordSpec", "Unit"]


class Unit(StrEnum):
    """How a value column is written; times become milliseconds and money whole micro-dollars."""

    NUMBER = "number"
    MS = "ms"
    S = "s"
    MICROUSD = "microusd"
    USD = "usd"


@frozen
class Columns:
    """Which column of the source holds what. Either k and n, or value, or passed."""

    at: str
    """RFC 3339 with a zone."""
    slice: str | None = None
    k: str | None = None
    """Units that hold (or incidents), a whole number."""
    n: str | None = None
    """Units looked at, failures included, a whole number."""
    value: str | None = None
    passed: str | None = None
    """True or false: one unit a row."""
    failed: str | None = None
    """Beside value: true where the attempt failed, which counts as infinitely bad."""
    subject: str | None = None
    id: str | None = None
    """Id of the unit; twice the same is a fault. A digest of it is kept, so that other recordings can be told apart."""

    @classmethod
    def of(cls, mapping: Mapping[str, str], where: str = "columns") -> Columns:
        """From `{"at": "created_at", "k": "approved", …}`. Raises InputError with every fault found."""
        known = [item.name for item in fields(cls)]
        faults = [
            Fault(
                where=where,
                what=f"'{name}' is not a column role.",
                mend=nearest(name, known) or f"Known: {', '.join(known)}.",
            )
            for name in mapping
            if name not in known
        ]
        if "at" not in mapping:
            faults.append(Fault(where=where, what="lacks 'at'.", mend="Name the column that holds the time."))
        if faults:
            raise InputError(faults)
        columns = cls(**mapping)
        columns.check(where)
        return columns

    def check(self, where: str = "columns") -> None:
        """Raises InputError unless exactly one way to measure is mapped."""
        counted = self.k is not None or self.n is not None
        ways = [counted, self.value is not None, self.passed is not None]
        if sum(ways) != 1 or (counted and None in (self.k, self.n)):
            mend = "Map k and n, or value (with failed), or passed."
            raise InputError(Fault(where=where, what="do not say what is measured, or say it twice.", mend=mend))
        if self.failed is not None and self.value is None:
            mend = "Map passed instead, to the column that says what held."
            raise InputError(Fault(where=where, what="'failed' stands beside no value.", mend=mend))

    def mapped(self) -> dict[str, str]:
        """Role to column name, mapped ones only."""
        return {item.name: name for item in fields(self) if (name := getattr(self, item.name)) is not None}


@frozen
class RecordSpec:
    """One metric to be recorded from one source."""

    metric: str
    origin: Origin
    columns: Columns
    subject: str | None = None
    """Subject digest of every row; None when a column says it."""
    subject_names: Mapping[str, str] = field(default_factory=dict)
    """What the subject column says (a release, say) to the subject digest it stands for; others stay as they are."""
    stage: str | None = None
    provenance: Provenance = Provenance.LIVE
    window: tuple[datetime | None, datetime | None] = (None, None)
    """From (included) and to (excluded); rows outside are left out and counted."""
    unit: Unit = Unit.NUMBER
    place: str = ""
    """Tells this source from another of its name; see `ledger.Source`."""

    def check(self, where: str = "record") -> None:
        """Raises InputError when the parts do not fit together."""
        self.columns.check(where)
        said = {"subject": self.subject, "stage": self.stage}
        if empty := [name for name, value in said.items() if value is not None and not value.strip()]:
            mend = "Name it, or leave the option out."
            raise InputError([Fault(where=f"--{name}", what="is empty.", mend=mend) for name in empty])
        if (self.subject is None) == (self.columns.subject is None):
            mend = "Give --subject, or map the column that names it."
            raise InputError(Fault(where=where, what="the subject is not said, or said twice.", mend=mend))
        start, end = self.window
        if start is not None and end is not None and end <= start:
            raise InputError(Fault(where=where, what="the window ends before it begins.", mend="Swap from and to."))
