"""A ledger's records read: bytes that the chain vouches for, as the values that `records` writes."""

from __future__ import annotations

from collections.abc import Mapping

from sluicegate.errors import Fault, InputError, nearest
from sluicegate.ledger.chain import Record
from sluicegate.ledger.loads import LoadAccount
from sluicegate.ledger.measurements import Measurements
from sluicegate.ledger.records import (
    RESULTS,
    SCHEMA_VERSION,
    Attestation,
    Checked,
    Entry,
    FileRead,
    Intent,
    Outcome,
    RunClosed,
    RunStarted,
    Shard,
    Stray,
    TestRun,
    Void,
)
from sluicegate.model import Json, decode
from sluicegate.model.often import maker

__all__ = ["entry"]

_KINDS: Mapping[str, type[Entry]] = {
    kind.KIND: kind
    for kind in (
        *(RunStarted, Intent, Outcome, Checked, TestRun, Shard, Stray, FileRead),
        *(Attestation, Void, LoadAccount, RunClosed),
    )
}


def entry(record: Record, where: str = "") -> Entry:
    """A verified record as its typed value. Raises InputError at `where` for an unknown kind or a wrong field.

    A good hash says that nobody changed the record, not that whoever wrote it was right.
    """
    kind, body = _KINDS.get(record.kind), record.body
    if kind is Checked and (plain := _plain(body)) is not None:
        return plain
    if kind is None:
        if record.kind == Measurements.KIND:
            return Measurements.read(body, where)
        known = [*_KINDS, Measurements.KIND]
        raise InputError(
            Fault(where=where, what=f"'{record.kind}' is no kind of record.", mend=nearest(record.kind, known))
        )
    if kind is Intent:
        return decode(Intent, body, where)
    if kind is Void:
        body = {_VOID.get(key, key): value for key, value in body.items()}
    value = decode(kind, body, where)
    if isinstance(value, Outcome):
        if not value.outputs:
            raise InputError(Fault(where=where, what=f"the outcome of '{value.case_id}' holds no output."))
    elif isinstance(value, Checked):
        if not RESULTS.issuperset(value.results.values()):
            seen = ", ".join(sorted(set(value.results.values()) - RESULTS))
            raise InputError(Fault(where=where, what=f"'{seen}' is no result of a check."))
        if len(_met) < _MOST_MET:
            _met.setdefault(tuple(value.results.items()), value.results)
    elif isinstance(value, RunStarted) and value.schema_version != SCHEMA_VERSION:
        what = f"schema_version is {value.schema_version}; this release reads {SCHEMA_VERSION}."
        raise InputError(Fault(where=where, what=what, mend="Judge it with the release that wrote it."))
    return value


def _plain(body: Mapping[str, Json]) -> Checked | None:
    """What most say: results that were met before, which share one mapping, and nothing else. None for any other."""
    try:
        results = _met.get(tuple(body["results"].items()))
        case_id, repeat, self_reported = body["case_id"], body["repeat"], body["self_reported"]
        if results is None or body["findings"] != [] or len(body) != _FIELDS_OF_PLAIN:
            return None
    except (KeyError, TypeError, AttributeError):
        return None
    if type(case_id) is not str or type(repeat) is not int or type(self_reported) is not bool:
        return None
    return _checked(case_id=case_id, repeat=repeat, results=results, self_reported=self_reported)


_checked = maker(Checked)
_FIELDS_OF_PLAIN = 5
_met: dict[tuple[tuple[str, str], ...], Mapping[str, str]] = {}
"""Results of trials, by what they say."""
_MOST_MET = 1000
_VOID = {"from": "begins", "to": "ends"}
