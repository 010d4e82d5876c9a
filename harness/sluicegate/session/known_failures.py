"""Failures that somebody knows of and has taken on, until a day: a file beside the cases, reviewed like them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from pathlib import Path

from sluicegate.checks.masking import masked
from sluicegate.errors import Fault, InputError, nearest
from sluicegate.frozen import frozen
from sluicegate.plan.document import SequenceNode, parse_document
from sluicegate.plan.table import Faults, Table, said

__all__ = ["KnownFailure", "known_failures", "standing", "strangers"]

_KEYS = ("case", "owner", "expires", "reason", "metric")
_MEND = "Write: known_failures: [{case: order-7, owner: ann, expires: 2099-01-31, reason: the date format}]"
_LONGEST = 120


@frozen
class KnownFailure:
    """One case that may fail until a day."""

    case: str
    owner: str
    expires: date
    """The last day on which it stands, in UTC."""
    reason: str
    metric: str | None = None
    """Only for this metric; None for all."""

    def __str__(self) -> str:
        return (
            f"known: {masked(self.owner, _LONGEST)}, until {self.expires.isoformat()}, {masked(self.reason, _LONGEST)}"
        )


def known_failures(path: Path) -> tuple[KnownFailure, ...]:
    """Read the file. Raises InputError with every fault: an entry without owner, reason or day, a case named twice."""
    try:
        data = path.read_bytes()
    except OSError as error:
        raise InputError(Fault(where=str(path), what=f"cannot be read: {error.strerror}.", mend=_MEND)) from None
    root, found = parse_document(data, str(path))
    faults = Faults(str(path))
    for fault in found:
        faults.found.setdefault(fault, 0)
    table = Table(root, "the file", faults, ("known_failures",))
    node = table.node("known_failures")
    entries: list[KnownFailure] = []
    if not isinstance(node, SequenceNode):
        faults.add(root.line, f"known_failures is {'missing' if node is None else said(node)}; expected a list.", _MEND)
    else:
        seen: set[tuple[str, str | None]] = set()
        for item in node.items:
            read = _entry(Table(item, "known failure", faults, _KEYS))
            if read is not None and (read.case, read.metric) in seen:
                faults.add(item.line, f"'{read.case}' stands here twice.", "Keep one.")
            if read is not None:
                seen.add((read.case, read.metric))
                entries.append(read)
    if faults.found:
        raise InputError(faults.in_order())
    return tuple(entries)


def standing(
    entries: tuple[KnownFailure, ...], metric: str, now: datetime
) -> tuple[Mapping[str, str], tuple[KnownFailure, ...]]:
    """Case to what is known of it, for one metric today; and the entries whose day is past, which stand no more."""
    ours = [each for each in entries if each.metric in (None, metric)]
    past = tuple(each for each in ours if each.expires < now.date())
    return {each.case: str(each) for each in ours if each not in past}, past


def strangers(entries: tuple[KnownFailure, ...], cases: Mapping[str, object]) -> list[str]:
    """Entries about cases that neither run has, as notes."""
    return [
        f"known failure '{each.case}' is no case of these runs. {nearest(each.case, cases)}".rstrip()
        for each in entries
        if each.case not in cases
    ]


def _entry(table: Table) -> KnownFailure | None:
    if not table.is_mapping:
        return None
    for key, mend in (("case", "Name its id."), ("owner", "Say who has taken it on."), ("reason", "Say why it fails.")):
        table.needs(key, mend)
    table.needs("expires", "Give a day: expires: 2099-01-31")
    try:
        expires = date.fromisoformat(table.text("expires"))
    except ValueError:
        if "expires" in table:
            table.fault("expires", f"'{table.text('expires')}' is no day.", "Write 2099-01-31.")
        return None
    given = {key: table.text(key) for key in ("case", "owner", "reason")}
    if not all(given.values()):
        return None
    return KnownFailure(expires=expires, metric=table.optional_text("metric"), **given)
