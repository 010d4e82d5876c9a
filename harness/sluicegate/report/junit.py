"""The verdict and its cases as JUnit XML: a test case per case, with failure, error and skipped kept apart."""

from __future__ import annotations

import re
import zlib
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from sluicegate.frozen import frozen
from sluicegate.model import Finding, Status, SuiteResult, Verdict
from sluicegate.report.criterion import CriterionView
from sluicegate.report.figures import plain, said
from sluicegate.report.suites import SuiteView
from sluicegate.report.view import ReasonView, VerdictView, view_of

__all__ = ["JUnitCase", "JUnitCases", "render_junit"]

_State = Literal["passed", "failure", "error", "skipped"]

_RESULTS: dict[str, _State] = {
    "pass": "passed",
    "fail": "failure",
    "error": "error",
    "crashed": "error",
    "missing": "error",
    "not_applicable": "skipped",
    "skipped": "skipped",
}
_UNKNOWN = frozenset({Status.NO_DATA, Status.ERROR, Status.VOID})
_MOST_FINDINGS = 20
_PIECE_BYTES = 65_536
_BLOCK_CASES = 64
_MOST_ALIKE = 1000
_PLAIN = re.compile(r"[A-Za-z0-9_.:/~-]+")
_SHORT = 100


@frozen
class JUnitCase:
    """One check on one case."""

    suite: str
    check: str
    case_id: str
    result: str
    """pass | fail | error | crashed | missing | not_applicable | skipped; any other word is an error."""
    findings: Sequence[Finding] = ()


class JUnitCases:
    """What is written of the cases, in any order and any number.

    It waits compressed, by suite, because the counts of a suite stand before its cases.
    """

    def __init__(self, cases: Iterable[JUnitCase] = ()) -> None:
        self.suites: dict[str, _Suite] = {}
        self._plain: dict[tuple[tuple[str, str], ...], list[_Words]] = {}
        for case in cases:
            self.add(case)

    def add(self, case: JUnitCase) -> None:
        """One check on one case, with what it found."""
        self._suite(case.suite).add(_RESULTS.get(case.result, "error"), _case(case))

    def add_plain(self, case_id: str, results: Mapping[str, str]) -> None:
        """Every check on one case that found nothing, by name: only the id differs from case to case."""
        key = tuple(results.items())
        words = self._plain.get(key)
        if words is None:
            words = self._worded(results)
            if len(self._plain) < _MOST_ALIKE:
                self._plain[key] = words
        # Most ids need nothing done to them.
        name = f'"{case_id}"' if len(case_id) <= _SHORT and _PLAIN.fullmatch(case_id) else _attribute(case_id)
        for suite, states, around in words:
            suite.add_several(states, name.join(around))

    def _worded(self, results: Mapping[str, str]) -> list[_Words]:
        """By suite: the states of its checks, and what is written before, between and after the ids."""
        found: dict[str, tuple[_Suite, list[_State], list[str]]] = {}
        for check, result in results.items():
            case = JUnitCase(suite=check.partition(".")[0], check=check, case_id="", result=result)
            _, states, around = found.setdefault(case.suite, (self._suite(case.suite), [], [""]))
            head = f"    <testcase classname={_attribute(_classname(case))} name="
            around[-1] += head
            around.append(_case(case)[len(head) + len(_attribute("")) :])
            states.append(_RESULTS.get(result, "error"))
        return [(suite, tuple(states), around) for suite, states, around in found.values()]

    def _suite(self, name: str) -> _Suite:
        suite = self.suites.get(name)
        if suite is None:
            suite = self.suites[name] = _Suite()
        return suite


def render_junit(verdict: Verdict, cases: JUnitCases | Iterable[JUnitCase] = ()) -> Iterator[bytes]:
    """The document in pieces, once. First the verdict, a test case per criterion and per suite; then every case."""
    taken = cases if isinstance(cases, JUnitCases) else JUnitCases(cases)
    suites = {"verdict": [_of_verdict(verdict, view_of(verdict))]}
    for name, suite in taken.suites.items():
        suites.setdefault(name, []).append(suite)
    yield b'<?xml version="1.0" encoding="utf-8"?>\n'
    total = _figures([suite for parts in suites.values() for suite in parts])
    yield f"<testsuites name={_attribute(f'sluicegate {verdict.plan}')} {total}>\n".encode()
    for name, parts in suites.items():
        when = _attribute(verdict.issued_at[:19])
        yield f"  <testsuite name={_attribute(name)} {_figures(parts)} timestamp={when}>\n".encode()
        for suite in parts:
            yield from suite.pieces()
        yield b"  </testsuite>\n"
    yield b"</testsuites>\n"


@dataclass(slots=True)
class _Suite:
    """The cases of one suite, compressed, and how many of each state."""

    _counts: Counter[_State] = field(default_factory=Counter)
    _alike: Counter[tuple[_State, ...]] = field(default_factory=Counter)
    """How often states came together, of cases that are not counted yet."""
    _packer: zlib._Compress = field(default_factory=lambda: zlib.compressobj(1))
    _packed: list[bytes] = field(default_factory=list)
    _waiting: list[str] = field(default_factory=list)

    def add(self, state: _State, text: str) -> None:
        self.add_several((state,), text)

    def add_several(self, states: tuple[_State, ...], text: str) -> None:
        self._alike[states] += 1
        self._waiting.append(text)
        if len(self._waiting) == _BLOCK_CASES:
            self._pack()

    @property
    def counts(self) -> Counter[_State]:
        self._count()
        return self._counts

    def pieces(self) -> Iterator[bytes]:
        self._pack()
        self._packed.append(self._packer.flush())
        unpacker = zlib.decompressobj()
        for packed in self._packed:
            rest = packed
            while rest:
                yield unpacker.decompress(rest, _PIECE_BYTES)
                rest = unpacker.unconsumed_tail
        yield unpacker.flush()

    def _count(self) -> None:
        for states, times in self._alike.items():
            for state in states:
                self._counts[state] += times
        self._alike.clear()

    def _pack(self) -> None:
        self._count()
        if packed := self._packer.compress("".join(self._waiting).encode()):
            self._packed.append(packed)
        self._waiting.clear()


_Words = tuple[_Suite, tuple[_State, ...], list[str]]


def _figures(suites: Sequence[_Suite]) -> str:
    sums: Counter[_State] = Counter()
    for suite in suites:
        sums.update(suite.counts)
    failures, errors, skipped = sums["failure"], sums["error"], sums["skipped"]
    return f'tests="{sums.total()}" failures="{failures}" errors="{errors}" skipped="{skipped}"'


def _of_verdict(verdict: Verdict, view: VerdictView) -> _Suite:
    suite = _Suite()
    passes = view.decision in ("PROMOTE", "COMPLETE")
    headline = f"{view.decision} {view.cause}".strip()
    if view.reasons and (first := view.reasons[0].finding) is not None:
        headline = f"{headline}: {first.check} [{first.case}] {first.message}"
    why = [line for reason in view.reasons for line in _why(reason)] + ([f"next: {view.next}"] if view.next else [])
    state: _State = "passed" if passes else "failure"
    suite.add(state, _element("verdict", view.step, state, message=headline, kind=verdict.kind.value, told=why))
    for result, criterion in zip(verdict.criteria, view.criteria, strict=True):
        state = _criterion_state(result.status)
        said_of = f"{criterion.value}, {criterion.evidence}, {criterion.status}"
        details = _details(criterion)
        kind = result.kind.value
        suite.add(state, _element("criterion", criterion.name, state, message=said_of, kind=kind, told=details))
    for counted, one in zip(verdict.suites, view.suites, strict=True):
        state = _suite_state(counted)
        suite.add(state, _element("suite", one.name, state, message=one.text, kind="suite", told=_counts(one)))
    return suite


def _why(reason: ReasonView) -> Iterator[str]:
    finding = reason.finding
    if finding is None:
        yield f"{reason.about}: {reason.text}"
    else:
        yield f"{finding.check} [{finding.case}] {finding.place}: {finding.message}"
        yield from filter(None, (reason.also, reason.also_fails))
    if reason.rerun:
        yield f"rerun: {reason.rerun}"


def _criterion_state(status: Status) -> _State:
    if status is Status.PASS:
        return "passed"
    if status is Status.NOT_APPLICABLE:
        return "skipped"
    return "error" if status in _UNKNOWN else "failure"


def _suite_state(suite: SuiteResult) -> _State:
    if suite.failed:
        return "failure"
    # Nothing unproven may look green, and JUnit readers show skipped as green.
    return "error" if suite.crashed or suite.missing or suite.skipped or not suite.run else "passed"


def _details(criterion: CriterionView) -> list[str]:
    told = [line.text for line in criterion.lines]
    told += [text for text in (criterion.proof, criterion.flip, criterion.left_out) if text]
    return told + [f"{part.name}: {part.value}, {part.evidence}, {part.status}" for part in criterion.slices]


def _counts(suite: SuiteView) -> list[str]:
    return [f"{suite.crashed:,} crashed, {suite.missing:,} missing, {suite.skipped:,} skipped"]


def _case(case: JUnitCase) -> str:
    state = _RESULTS.get(case.result, "error")
    name = _classname(case)
    if state == "passed":
        return f"    <testcase classname={_attribute(name)} name={_attribute(case.case_id)}/>\n"
    findings = case.findings[:_MOST_FINDINGS]
    told = [f"{said(item.place, 160)}: {said(item.message)} {said(item.excerpt, 500)}".rstrip() for item in findings]
    if len(case.findings) > _MOST_FINDINGS:
        told.append(f"{len(case.findings) - _MOST_FINDINGS:,} more findings")
    message = said(case.findings[0].message) if case.findings else plain(case.result.replace("_", " "))
    return _element(name, case.case_id, state, message=message, kind=case.result, told=told)


def _classname(case: JUnitCase) -> str:
    return case.check if "." in case.check else f"{case.suite}.{case.check}"


def _element(classname: str, name: str, state: _State, *, message: str, kind: str, told: Sequence[str]) -> str:
    head = f"    <testcase classname={_attribute(classname)} name={_attribute(name)}"
    body = _escaped("\n".join(told))
    if state == "passed":
        return f"{head}>\n      <system-out>{body}</system-out>\n    </testcase>\n" if told else f"{head}/>\n"
    typed = "" if state == "skipped" else f" type={_attribute(kind)}"
    return f"{head}>\n      <{state} message={_attribute(message)}{typed}>{body}</{state}>\n    </testcase>\n"


def _attribute(text: str) -> str:
    """Quoted, on one line, and without any character that XML 1.0 cannot hold."""
    # Not by xml.sax, which loads a web client to read documents.
    text = _escaped(plain(text, 500)).replace("\n", "&#10;").replace("\r", "&#13;").replace("\t", "&#9;")
    if '"' not in text:
        return f'"{text}"'
    return f"'{text}'" if "'" not in text else f'"{text.replace(chr(34), "&quot;")}"'


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace(">", "&gt;").replace("<", "&lt;")
