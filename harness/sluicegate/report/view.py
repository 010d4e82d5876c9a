"""A verdict in words: the same ones in the terminal, Markdown, HTML and JUnit."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace

from sluicegate.frozen import frozen
from sluicegate.gate.wording import count_of
from sluicegate.model import Decision, Finding, Kind, Reason, Verdict
from sluicegate.report.criterion import CriterionView, Mark, as_shown, criterion_view
from sluicegate.report.figures import advice, command, moment, plain, said, short
from sluicegate.report.loads import LoadView, load_view
from sluicegate.report.suites import SuiteView, suite_view, sum_of

__all__ = ["FindingView", "ReasonView", "VerdictView", "view_of"]


_MOST_ALIKE = 3
_MOST_NAMED = 20
_CRASH = "$.error"
_LONGEST_SEEN = 500
"""Of a crash, which is told whole: its last words count."""
_MOST_CAUSES = 3
_NOT_APPLICABLE = (
    "not applicable: the case or the pipeline gives the check nothing to judge; it counts as neither passed nor failed"
)


@frozen
class FindingView:
    """One finding, safe to show."""

    check: str
    case: str
    repeat: int
    place: str
    message: str
    excerpt: str
    severity: str
    witness: str
    mend: str
    findings: int = 1
    """How many it stands for, itself among them."""


@frozen
class ReasonView:
    """One line of why."""

    mark: Mark
    kind: str
    about: str
    text: str
    mend: str
    rerun: str
    finding: FindingView | None
    adds: str = ""
    """The reason's own words, where they say more than its finding does."""
    alike: tuple[str, ...] = ()
    """Further cases with the same finding, named once each."""
    beside: tuple[str, ...] = ()
    """Further checks that fail for the same reason in the same case."""
    cases: int = 0
    """Cases with the same finding, where more were counted than are named."""

    @property
    def also(self) -> str:
        """`the same in 24 more cases: a, b, c …`; empty without any."""
        more = max(len(self.alike), self.cases - 1)
        if more <= 0:
            return ""
        named = ", ".join(self.alike[:_MOST_ALIKE]) + (" …" if more > min(len(self.alike), _MOST_ALIKE) else "")
        return f"the same in {count_of(more, 'more case')}{f': {named}' if self.alike else ''}"

    @property
    def also_fails(self) -> str:
        """`also fails: schema.language, schema.must`; empty without any."""
        return f"also fails: {', '.join(self.beside)}" if self.beside else ""


@frozen
class VerdictView:
    """Everything a report says, in words and in order."""

    decision: str
    """`PROMOTE`, `COMPLETE`, `HOLD`, `ROLLBACK`."""
    cause: str
    """`insufficient`, `below target`; empty for promote and complete."""
    plan: str
    step: str
    attempt: int
    subject: str
    plan_hash: str
    evidence: str
    issued: str
    valid_until: str
    reasons: tuple[ReasonView, ...]
    criteria: tuple[CriterionView, ...]
    suites: tuple[SuiteView, ...]
    all_suites: SuiteView | None
    """The sum; None without suites."""
    found: tuple[Finding, ...]
    """As the verdict holds them: masking hundreds takes longer than all the rest, and not every report shows them."""
    findings_total: int
    rollback_steps: tuple[str, ...]
    notes: tuple[str, ...]
    loads: tuple[LoadView, ...]
    next: str
    """What to do next: the mend of the weightiest reason that has one, with the criterion it is about."""
    causes: tuple[ReasonView, ...]
    """The first few findings that have a case to run again, each another one; none under a pass."""
    first_mend: str
    """That mend as the reason itself says it."""
    parts: Mapping[str, str]
    """Full digests and parts by name."""

    @property
    def other_reasons(self) -> tuple[ReasonView, ...]:
        """Reasons that no criterion's own line tells already."""
        told = {criterion.name.partition(" ")[0] for criterion in self.criteria}
        return tuple(reason for reason in self.reasons if reason.finding is not None or reason.about not in told)

    @property
    def more_findings(self) -> int:
        """Findings the ledger holds beyond those of the verdict."""
        return max(0, self.findings_total - len(self.found))

    def findings(self) -> tuple[FindingView, ...]:
        """The verdict's findings, safe to show; of those that differ in their case alone the first few, and a count."""
        return tuple(_folded(self.found))


def view_of(verdict: Verdict) -> VerdictView:
    """The words of a verdict."""
    reasons = _shown_first(_grouped(verdict.reasons), verdict.kind)
    passes = verdict.exit_code == 0
    first = next((reason for reason in verdict.reasons if reason.mend or (reason.rerun and not passes)), None)
    suites = tuple(suite_view(suite) for suite in verdict.suites)
    return VerdictView(
        decision=verdict.decision.value.upper(),
        cause=verdict.kind.value.partition(".")[2].replace("_", " "),
        plan=plain(verdict.plan),
        step=" → ".join(plain(stage) for stage in (verdict.from_stage, verdict.to_stage) if stage),
        attempt=verdict.attempt,
        subject=short(verdict.subject),
        plan_hash=short(verdict.plan_digest),
        evidence=_evidence(verdict.evidence_heads),
        issued=moment(verdict.issued_at),
        valid_until=moment(verdict.valid_until),
        reasons=reasons,
        criteria=tuple(map(criterion_view, verdict.criteria)),
        suites=suites,
        all_suites=sum_of(suites) if suites else None,
        found=verdict.findings,
        findings_total=verdict.findings_total,
        rollback_steps=tuple(map(command, verdict.rollback_steps)),
        notes=(*map(said, verdict.notes), *((_NOT_APPLICABLE,) if any(each.not_applicable for each in suites) else ())),
        loads=tuple(map(load_view, verdict.loads)),
        next="" if first is None else _next(first, {result.metric for result in verdict.criteria}),
        causes=() if passes else _causes(reasons),
        first_mend="" if first is None else advice(first.mend),
        parts=_parts(verdict),
    )


def _next(reason: Reason, criteria: Collection[str]) -> str:
    """The mend as an instruction that stands alone."""
    mend = advice(reason.mend or _MEND_FOUND)
    told = reason.finding is not None or reason.kind.decision is Decision.ROLLBACK
    if told or reason.about not in criteria or mend.startswith("sluicegate "):
        return mend
    return f"{plain(reason.about)}: {mend[0].lower()}{mend[1:]}"


_MEND_FOUND = "Mend what was found and serve a new subject."


def _causes(reasons: Sequence[ReasonView]) -> tuple[ReasonView, ...]:
    """The first few findings that can be run again; one crash once, in a case of the user's rather than in a copy."""
    causes: dict[object, ReasonView] = {}
    for reason in reasons:
        if (found := reason.finding) is None or not reason.rerun:
            continue
        crash = found.place == _CRASH and found.excerpt
        key = crash or (found.check, found.case, found.place, found.message)
        if key not in causes or (crash and _is_copy(causes[key]) and not _is_copy(reason)):
            causes[key] = reason
    return tuple(causes.values())[:_MOST_CAUSES]


def _is_copy(reason: ReasonView) -> bool:
    return reason.finding is not None and "~" in reason.finding.case


def _evidence(heads: Sequence[str]) -> str:
    """The first ledger's head and how many there are besides; all of them stand in the report's last table."""
    more = f" +{len(heads) - 1}" if len(heads) > 1 else ""
    return f"{short(heads[0])}{more}" if heads else "none"


def _parts(verdict: Verdict) -> dict[str, str]:
    known = {
        "subject": verdict.subject,
        **{f"subject · {name}": value for name, value in verdict.subject_parts.items()},
        "apparatus (plan, lock, cases, engine)": verdict.apparatus,
        "plan": verdict.plan_digest,
        "lock": verdict.lock_digest,
        "state head": verdict.state_head or "none",
        "previous verdict": verdict.previous_verdict or "none",
        **{f"evidence {number}": head for number, head in enumerate(verdict.evidence_heads, start=1)},
        "engine": verdict.engine,
    }
    return {plain(name): plain(value) for name, value in known.items()}


def _grouped(reasons: Sequence[Reason]) -> tuple[ReasonView, ...]:
    """Reasons in their order, one finding told once.

    What another check says of the same case and the same cause is named under the first; so is a reason that differs
    from an earlier one in its case alone.
    """
    first: dict[object, ReasonView] = {}
    told: dict[object, object] = {}
    for number, reason in enumerate(reasons):
        found = reason.finding
        if found is None:
            first[number] = _reason(reason)
            continue
        # A crash is worded by each check in its own way; what was raised is the same.
        why = found.excerpt if found.place == _CRASH and found.excerpt else found.message
        cause = (found.case_id, found.repeat, found.place, why)
        key = told.setdefault(cause, (reason.kind, *_likeness(found)))
        first[key] = _joined(first[key], reason) if key in first else _reason(reason)
    return tuple(first.values())


def _shown_first(reasons: tuple[ReasonView, ...], kind: Kind) -> tuple[ReasonView, ...]:
    """What was found, where the run is only not whole: whoever runs one case again wants to see that case."""
    if kind is not Kind.HOLD_INCOMPLETE:
        return reasons
    return tuple(sorted(reasons, key=lambda reason: reason.finding is None))


def _joined(known: ReasonView, reason: Reason) -> ReasonView:
    """The same cause in another case, or found by another check."""
    view = _reason(reason)
    if known.finding is None or view.finding is None:
        return known
    if view.finding.check not in (*known.beside, known.finding.check):
        return replace(known, beside=(*known.beside, view.finding.check))
    if view.finding.case not in (*known.alike, known.finding.case):
        return replace(known, alike=(*known.alike, view.finding.case))
    return known


def _reason(reason: Reason) -> ReasonView:
    passes = reason.kind.row == 12
    told = reason.finding is not None and reason.text.endswith(reason.finding.message)
    return ReasonView(
        mark=Mark.PASS if passes else Mark.OPEN if reason.kind.row >= 4 and reason.finding is None else Mark.FAIL,
        kind=reason.kind.value,
        about=plain(reason.about),
        text=said(as_shown(reason.text)),
        mend=advice(reason.mend),
        rerun=plain(reason.rerun, 2_000),
        finding=None if reason.finding is None else _finding(reason.finding),
        adds="" if told else said(reason.text),
        cases=reason.cases,
    )


def _likeness(finding: Finding) -> tuple[object, ...]:
    """What findings have in common that say the same, of the third call as of the first, and of whatever case."""
    place, message = _NUMBERED.sub("[]", finding.place), _COUNTED.sub("…", finding.message)
    return finding.check, finding.severity, place, message


_NUMBERED = re.compile(r"\[\d+\]")
_COUNTED = re.compile(r"\b\d[\d,]* of \d[\d,]*\b|(?<=delivery )\d+")


def _folded(found: Sequence[Finding]) -> Iterator[FindingView]:
    """Each in its place, but of more than a few alike the last one shown stands for the rest."""
    alike: dict[object, list[Finding]] = {}
    for finding in found:
        alike.setdefault(_likeness(finding), []).append(finding)
    shown: Counter[object] = Counter()
    for finding in found:
        key = _likeness(finding)
        shown[key] += 1
        rest = alike[key][_MOST_ALIKE:]
        if shown[key] < _MOST_ALIKE or not rest:
            yield _finding(finding)
        elif shown[key] == _MOST_ALIKE:
            cases = list(dict.fromkeys(plain(each.case_id) for each in rest))
            named = ", ".join(cases[:_MOST_NAMED]) + (" …" if len(cases) > _MOST_NAMED else "")
            more = f"and {len(rest):,} more like it, in {count_of(len(cases), 'case')}: {named}"
            view = _finding(finding)
            yield replace(view, message=f"{view.message}; {more}", findings=1 + len(rest))


def _finding(finding: Finding) -> FindingView:
    return FindingView(
        check=plain(finding.check),
        case=plain(finding.case_id),
        repeat=finding.repeat,
        place=said(finding.place, 160),
        message=said(finding.message),
        excerpt=said(finding.excerpt, _LONGEST_SEEN if finding.place == _CRASH else 200),
        severity=finding.severity.value,
        witness=finding.witness.value.replace("_", " "),
        mend=advice(finding.mend),
    )
