"""Every check of every trial of an attempt, for its JUnit file."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from sluicegate.errors import InputError
from sluicegate.ledger import RESULTS, Checked, LedgerReader, Record, entry, read_ledger
from sluicegate.report.junit import JUnitCase, JUnitCases
from sluicegate.session.tallies import SeenIds

__all__ = ["CaseReport"]


_TOGETHER = 16
"""Records heard before they are taken: in turn with judging them it would cost more."""


class CaseReport:
    """What the newest of an attempt's ledgers that has a check says of it: a later one may have checked it again.

    The ledger of an attempt that has only one is overheard while the judge reads it, so that it is read once.
    """

    def __init__(self, ledgers: Sequence[Path]) -> None:
        self._ledgers = ledgers
        self._cases = JUnitCases()
        self._told = SeenIds() if len(ledgers) > 1 else None
        self._is_heard = False

    def reader(self, path: Path) -> LedgerReader:
        """The ledger at `path`, for the judge."""
        if self._ledgers != [path]:
            return read_ledger(path)
        self._is_heard = True
        return _Overheard(path, self)

    def cases(self) -> JUnitCases:
        """All of them, once the judge has read."""
        if not self._is_heard:
            for path in reversed(self._ledgers):
                for record in read_ledger(path):
                    self.take(record)
        return self._cases

    def take(self, record: Record) -> None:
        """One record; results that cannot be read are left to the judge to object to."""
        if record.kind != Checked.KIND:
            return
        try:
            self._take(record)
        except (InputError, TypeError, KeyError, AttributeError):
            return

    def _take(self, record: Record) -> None:
        body = record.body
        case_id, repeat, results = body["case_id"], body["repeat"], body["results"]
        # The hot path: most checks find nothing, and what was written of them needs no types.
        if type(case_id) is str and type(repeat) is int and not body["findings"] and _are_results(results):
            name = _name(case_id, repeat)
            self._cases.add_plain(name, self._new(results, name))
            return
        checked = entry(record)
        assert isinstance(checked, Checked)  # noqa: S101 - the kind was looked at
        name = _name(checked.case_id, checked.repeat)
        for check, result in self._new(checked.results, name).items():
            found = [item for item in checked.findings if item.check == check]
            suite = check.partition(".")[0]
            self._cases.add(JUnitCase(suite=suite, check=check, case_id=name, result=result, findings=found))

    def _new(self, results: Mapping[str, str], name: str) -> Mapping[str, str]:
        """Those that no newer ledger has told."""
        told = self._told
        if told is None:
            return results
        return {check: result for check, result in results.items() if told.add(f"{check}\0{name}")}


class _Overheard(LedgerReader):
    """A ledger whose records the report hears as well."""

    def __init__(self, path: Path, report: CaseReport) -> None:
        super().__init__(path)
        self._report = report

    def __iter__(self) -> Iterator[Record]:
        heard: list[Record] = []
        try:
            for record in super().__iter__():
                if record.kind == Checked.KIND:
                    heard.append(record)
                if len(heard) == _TOGETHER:
                    self._hand_on(heard)
                yield record
        finally:
            self._hand_on(heard)

    def _hand_on(self, heard: list[Record]) -> None:
        for record in heard:
            self._report.take(record)
        heard.clear()


def _are_results(results: object) -> bool:
    return type(results) is dict and RESULTS.issuperset(results.values())


def _name(case_id: str, repeat: int) -> str:
    return f"{case_id} (repeat {repeat})" if repeat else case_id
