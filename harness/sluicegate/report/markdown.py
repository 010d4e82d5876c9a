"""The verdict as a step summary: Markdown in which foreign text can open nothing and close nothing."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from typing import TypeVar

from sluicegate.model import Verdict
from sluicegate.report.criterion import CriterionView
from sluicegate.report.figures import parted
from sluicegate.report.suites import SuiteView
from sluicegate.report.view import FindingView, ReasonView, VerdictView, view_of

__all__ = ["MAX_SUMMARY_BYTES", "escaped", "render_markdown"]

T = TypeVar("T")

MAX_SUMMARY_BYTES = 1_048_576
"""What GitHub takes as one step's summary."""

_ROOM_FOR_END = 400

# Everything that means something to CommonMark, GitHub, MathJax, Liquid or a workflow runner, as an entity: an entity
# is text and cannot be structure. Spaces, letters, digits, marks that open nothing and other scripts stay, and so do
# an underscore within a word and a colon before a space or between digits.
_MEANS_SOMETHING = re.compile(r"[&<>`|\\*~^$\[\]{}!#@\"+]|(?<![^\W_])_|_(?![^\W_])|(?<!\d):(?!\s|$)|:(?![\d\s]|$)")
_OPENS_LIST = re.compile(r"^(\d{0,9})([.)\-=])(?=\s|$|[\-=])")
# What GitHub links after Markdown is done, outside of code: @name, #1, scheme://, www. A word joiner parts the halves.
_LINKED = re.compile(r"[@#](?=\w)|:(?=//)|(?<=[Ww][Ww][Ww])(?=\.)")


def escaped(text: str) -> str:
    """Foreign text as Markdown that shows it and does nothing else. One line in, one line out."""
    return _as_entities(_LINKED.sub(lambda found: f"{found[0]}\u2060", text))


def _as_entities(text: str) -> str:
    text = _MEANS_SOMETHING.sub(lambda found: f"&#{ord(found[0])};", " ".join(text.split()))
    return _OPENS_LIST.sub(lambda found: f"{found[1]}&#{ord(found[2])};", text)


def _code(text: str) -> str:
    # Not backticks: entities are not read inside them, so a backtick in the text would end the span. What stands in
    # code is linked by nobody and copied by everybody, so no word joiner gets in.
    return f"<code>{_as_entities(text)}</code>" if text else ""


def render_markdown(verdict: Verdict, *, limit_bytes: int = MAX_SUMMARY_BYTES) -> str:
    """The verdict in at most `limit_bytes` of UTF-8; findings that do not fit are counted, never just missing."""
    view = view_of(verdict)
    page = _Page(limit_bytes)
    page.add(_head(view))
    if view.reasons and view.decision not in ("PROMOTE", "COMPLETE"):
        page.rows("### Why", "", view.reasons, _reason, noun="reasons")
    if view.decision == "ROLLBACK" and view.rollback_steps:
        page.rows("### Roll back with", "", view.rollback_steps, lambda step: f"1. {_code(step)}\n", noun="steps")
    page.rows("### Criteria", _CRITERIA, view.criteria, _criterion, noun="criteria")
    page.rows("### Suites", _SUITES, view.suites, _suite, noun="suites")
    for load in view.loads:
        head = f"{escaped(load.head)}\n\n{''.join(f'- {escaped(fact)}{chr(10)}' for fact in load.facts)}\n"
        columns = f"| {' | '.join(load.header)} |\n|{'--:|' * len(load.header)}\n"
        page.rows(f"### Load: {escaped(load.name)}", head + columns, load.rows, _load_row, noun="stretches")
    page.rows(
        "### Findings",
        _FINDINGS,
        view.findings(),
        _finding,
        noun="findings",
        more=view.more_findings,
        stands_for=_found,
    )
    page.rows("### Notes", "", view.notes, lambda note: f"- {escaped(note)}\n", noun="notes")
    return page.text()


def _one(_item: object) -> int:
    return 1


class _Page:
    """Blocks of text within a budget of bytes."""

    def __init__(self, limit_bytes: int) -> None:
        self._left = limit_bytes - _ROOM_FOR_END
        self._blocks: list[str] = []

    def add(self, block: str) -> bool:
        size = len(block.encode())
        if size > self._left:
            return False
        self._left -= size
        self._blocks.append(block)
        return True

    def rows(
        self,
        title: str,
        header: str,
        items: Sequence[T],
        write: Callable[[T], str],
        *,
        noun: str,
        more: int = 0,
        stands_for: Callable[[T], int] = _one,
    ) -> None:
        """A titled block of rows; its last line counts what those that do not fit stand for, and `more` never here."""
        if not items and not more:
            return
        shown = 0
        if self.add(f"\n{title}\n\n{header}"):
            for item in items:
                if not self.add(write(item)):
                    break
                shown += 1
        if missing := sum(map(stands_for, items[shown:])) + more:
            self._left -= self._ends(f"\n{missing:,} more {noun} not shown.\n")

    def _ends(self, block: str) -> int:
        self._blocks.append(block)
        return len(block.encode())

    def text(self) -> str:
        return "".join(self._blocks)


def _found(finding: FindingView) -> int:
    return finding.findings


def _head(view: VerdictView) -> str:
    cause = f": {view.cause}" if view.cause else ""
    bound = {
        "subject": view.subject,
        "plan": view.plan_hash,
        "evidence": view.evidence,
        "valid until": view.valid_until,
    }
    lines = [
        f"## {view.decision}{cause}",
        "",
        f"**{escaped(view.plan)}** · {escaped(view.step)} · attempt {view.attempt}",
        "",
        " · ".join(f"{name} {_code(value)}" for name, value in bound.items()),
    ]
    if view.next:
        lines += ["", f"**Next:** {_advice(view.next)}"]
    return "\n".join(lines) + "\n"


def _reason(reason: ReasonView) -> str:
    finding = reason.finding
    told = [reason.text] if finding is None else [finding.message, reason.adds, reason.also, reason.also_fails]
    about = reason.about if finding is None else finding.check
    lines = [f"- {reason.mark} **{escaped(about)}** {_where(finding)}{_joined(told)}"]
    if finding is not None and finding.excerpt:
        lines.append(f"  - seen {_code(finding.excerpt)}")
    if reason.mend:
        lines.append(f"  - {_advice(reason.mend)}")
    if reason.rerun:
        lines.append(f"  - rerun {_code(reason.rerun)}")
    return "\n".join(lines) + "\n"


def _where(finding: FindingView | None) -> str:
    if finding is None:
        return ""
    repeat = f" repeat {finding.repeat}" if finding.repeat else ""
    return f"case {_code(finding.case)}{repeat} at {_code(finding.place)} · "


def _advice(text: str) -> str:
    """A sentence as text, the command at its end as code."""
    prose, command = parted(text)
    return " ".join(filter(None, (escaped(prose), _code(command))))


def _joined(told: Iterable[str]) -> str:
    return " · ".join(escaped(text) for text in told if text)


_CRITERIA = "| | criterion | value | evidence | lines | shown | status |\n|---|---|--:|---|---|---|---|\n"


def _criterion(criterion: CriterionView) -> str:
    lines = "<br>".join(escaped(line.text) for line in criterion.lines)
    told = (escaped(criterion.proof), _advice(criterion.flip), escaped(criterion.left_out))
    proof = "<br>".join(filter(None, told))
    value, evidence = escaped(criterion.value), escaped(f"{criterion.evidence}, {criterion.origins}")
    row = f"| {criterion.mark} | {escaped(criterion.name)} | {value} | {evidence} | {lines} | {proof} |"
    rows = [f"{row} {criterion.status} |"]
    rows += [
        f"| {part.mark} | · {escaped(part.name)} | {escaped(part.value)} | {escaped(part.evidence)} |"
        f" | {escaped(part.interval)} | {part.status} |"
        for part in criterion.slices
    ]
    return "\n".join(rows) + "\n"


_SUITES = (
    "| | suite | checks | failed | crashed | skipped | missing | not applicable |\n|---|---|--:|--:|--:|--:|--:|--:|\n"
)


def _suite(suite: SuiteView) -> str:
    counts = (suite.planned, suite.failed, suite.crashed, suite.skipped, suite.missing, suite.not_applicable)
    name = f"{escaped(suite.name)}{' (self-reported)' if suite.self_reported else ''}"
    return f"| {suite.mark} | {name} | {' | '.join(f'{count:,}' for count in counts)} |\n"


def _load_row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(map(escaped, cells))} |\n"


_FINDINGS = "| severity | check | case | place | finding | seen |\n|---|---|---|---|---|---|\n"


def _finding(finding: FindingView) -> str:
    case = f"{finding.case} (repeat {finding.repeat})" if finding.repeat else finding.case
    cells = [escaped(finding.severity), escaped(finding.check), _code(case), _code(finding.place)]
    return f"| {' | '.join([*cells, escaped(finding.message), _code(finding.excerpt)])} |\n"
