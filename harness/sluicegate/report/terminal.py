"""The verdict on a terminal: few words, real numbers, what to do next."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterable, Iterator, Mapping, Sequence

from sluicegate.gate.wording import count_of
from sluicegate.model import Verdict
from sluicegate.report.columns import columns, command_lines, cut, pack, pad
from sluicegate.report.criterion import NOT_MEASURED, CriterionView, Mark
from sluicegate.report.figures import parted, plain
from sluicegate.report.loads import load_lines
from sluicegate.report.suites import SuiteView
from sluicegate.report.view import FindingView, ReasonView, VerdictView, view_of

__all__ = ["render_terminal"]

_INDENT = 5
_IDLE = re.compile(
    r"suite (?P<suite>\S+): (?P<count>[\d,]+) checks? not applicable, (?:most often )?because (?P<why>.+)"
)
_MOST_REASONS = 8
_THEN = "let the deploy step ask, take the step, and say that it was taken"
_NARROWEST = 40

_BOLD, _DIM, _GREEN, _YELLOW, _RED = "1", "2", "32", "33", "31"
_DECIDED = {"PROMOTE": _GREEN, "COMPLETE": _GREEN, "HOLD": _YELLOW, "ROLLBACK": _RED}
_MARKED = {Mark.PASS: _GREEN, Mark.OPEN: _YELLOW, Mark.FAIL: _RED}
_ASCII = {
    "✓": "ok", "–": "--", "✗": "XX", "→": "->", "·": "|", "…": "...", "≥": ">=", "≤": "<=", "×": "x",
}  # fmt: skip


def render_terminal(
    verdict: Verdict,
    *,
    width: int = 80,
    colour: bool = False,
    ascii_only: bool = False,
    paths: Mapping[str, str] | None = None,
    then: Sequence[Sequence[str]] = (),
    aside: bool = False,
) -> str:
    """The gate's last words, ending in a newline.

    Fits `width` columns; a command that does not is continued with a backslash, so that it can be pasted. Nothing is
    said by colour alone. `ascii_only` is for terminals and logs that hold no other characters. `paths` says where the
    reports were written, by what they are: `{"report": "….html"}`. `then` are the commands that follow a pass, each as
    the words a shell reads. `aside` is a verdict on single cases, which is no attempt at the stage.
    """
    page = _Page(view_of(verdict), max(width, _NARROWEST), ascii_only=ascii_only, aside=aside)
    lines = [_inert(_painted(line, colour=colour)) for line in page.lines(paths or {}, then)]
    return "\n".join(lines) + "\n"


_Line = Sequence[tuple[str, str]]
"""Pieces of text with their style."""


def _painted(line: _Line, *, colour: bool) -> str:
    text = "".join(f"\x1b[{style}m{piece}\x1b[0m" if colour and style and piece else piece for piece, style in line)
    return text if colour else text.rstrip()


def _inert(line: str) -> str:
    """No workflow command: GitHub's runner obeys a line of a log that begins, after blanks, with two colons."""
    said = line.lstrip(" ")
    return line[: -len(said) - 1] + "\\" + said if said.startswith("::") and said != line else line


def _quoted(word: str) -> str:
    """As a shell reads it; `…` stands for what is still to be filled in."""
    filled = word.replace("…", "x")
    return word if shlex.quote(filled) == filled else shlex.quote(word)


def _says(message: str, excerpt: str) -> bool:
    """Whether a message quotes the excerpt as words of its own: `A1013` does not say 1013."""
    return re.search(rf"(?<!\w){re.escape(excerpt)}(?!\w)", message) is not None


class _Page:
    def __init__(self, view: VerdictView, width: int, *, ascii_only: bool, aside: bool) -> None:
        self._view = view
        self._run = "kept aside" if aside else f"attempt {view.attempt}"
        self._width = width
        self._ascii_only = ascii_only

    def lines(self, paths: Mapping[str, str], then: Sequence[Sequence[str]]) -> Iterator[_Line]:
        yield from self._head()
        judged = (self._reasons(), self._rollback(), self._criteria(), self._suites(), self._loads())
        for block in (*judged, self._notes()):
            for place, line in enumerate(block):
                if place == 0:
                    yield []
                yield line
        yield []
        if self._view.next or then:
            first, *rest = self._advice(self._view.next or _THEN, 1, label="next: ")
            yield [(" ", ""), ("next:", _BOLD), (first[-1][0].removeprefix("next:"), "")]
            yield from rest
        yield from self._causes()
        for words in () if self._view.next else then:
            shown = [self._text(plain(word, 1_000)) for word in words]
            yield from ([(line, "")] for line in command_lines(shown, self._width, _INDENT))
        for name, path in paths.items():
            # A path is there to be copied, so it is never broken.
            for text in pack([plain(name), self._text(plain(path, 1_000))], self._width - 1, " ", cutting=False):
                yield [(" ", ""), (text, _DIM)]

    def _causes(self) -> Iterator[_Line]:
        """What was found, a few of it: case, finding, and the command that runs only that case."""
        for reason in self._view.causes:
            if reason.finding is not None:
                found = reason.finding
                told = f"{found.case}  {found.check}: {found.message}"
                yield from self._wrapped(told, _INDENT)
                yield from self._command(reason.rerun, _INDENT + 2)

    def _text(self, text: str) -> str:
        """`text` in the characters this terminal has."""
        if not self._ascii_only:
            return text
        for character, instead in _ASCII.items():
            text = text.replace(character, instead)
        return text.encode("ascii", "backslashreplace").decode()

    def _head(self) -> Iterator[_Line]:
        view = self._view
        decision, cause = view.decision, f"  {view.cause}" if view.cause else ""
        right = self._text(f"{view.plan} · {view.step} · {self._run}")
        left = f" {decision}{cause}"
        gap = self._width - columns(left) - columns(right)
        style = f"{_BOLD};{_DECIDED[decision]}"
        if gap >= 2:
            yield [(f" {decision}", style), (cause, _BOLD), (" " * gap, ""), (right, "")]
        else:
            yield [(f" {decision}", style), (cause, _BOLD)]
            yield from self._plainly([right], 1)
        bound = [f"subject {view.subject}", f"plan {view.plan_hash}", f"evidence {view.evidence}"]
        yield from self._plainly([*bound, f"valid until {view.valid_until}"], 1, _DIM)

    def _reasons(self) -> Iterator[_Line]:
        # A pass has no reasons to show; its criteria show what was met.
        if self._view.decision in ("PROMOTE", "COMPLETE"):
            return
        reasons = self._view.other_reasons
        for reason in reasons[:_MOST_REASONS]:
            yield from self._reason(reason)
        if (more := len(reasons) - _MOST_REASONS) > 0:
            yield from self._plainly([f"{count_of(more, 'more reason')} in the report"], _INDENT, _DIM)
        if self._view.more_findings:
            told = f"{self._view.findings_total:,} findings in all, {len(self._view.found):,} of them in the report"
            yield from self._plainly([told], _INDENT, _DIM)

    def _reason(self, reason: ReasonView) -> Iterator[_Line]:
        if reason.finding is None:
            yield from self._marked(reason.mark, reason.about, [])
            yield from self._wrapped(reason.text, _INDENT)
        else:
            yield from self._finding(reason, reason.finding)
        if reason.mend and reason.mend != self._view.first_mend:
            yield from self._advice(reason.mend, _INDENT)
        if reason.rerun:
            yield from self._labelled("rerun:", reason.rerun, "", _INDENT)

    def _finding(self, reason: ReasonView, finding: FindingView) -> Iterator[_Line]:
        repeat = f"repeat {finding.repeat}" if finding.repeat else ""
        cells = [f"case {finding.case}", repeat, f"at {finding.place}", finding.severity]
        yield from self._marked(reason.mark, finding.check, [cell for cell in cells if cell])
        yield from self._wrapped(finding.message, _INDENT)
        if finding.excerpt and not _says(finding.message, finding.excerpt):
            yield from self._wrapped(f"seen: {finding.excerpt}", _INDENT)
        for more in (reason.adds, reason.also, reason.also_fails):
            if more:
                yield from self._wrapped(more, _INDENT)

    def _rollback(self) -> Iterator[_Line]:
        if self._view.decision != "ROLLBACK" or not self._view.rollback_steps:
            return
        yield [(" roll back with:", _BOLD)]
        for step in self._view.rollback_steps:
            yield from self._command(step, _INDENT)

    def _criteria(self) -> Iterator[_Line]:
        names = [columns(self._text(criterion.name)) for criterion in self._view.criteria]
        values = [columns(self._text(item.value)) for item in self._view.criteria if item.value != NOT_MEASURED]
        name_width = min(max(names, default=0), 32)
        value_width = min(max(values, default=0), 14)
        for criterion in self._view.criteria:
            yield from self._criterion(criterion, name_width, value_width)

    def _criterion(self, criterion: CriterionView, name_width: int, value_width: int) -> Iterator[_Line]:
        passed = criterion.mark is Mark.PASS
        unknown = criterion.value == NOT_MEASURED
        evidence = criterion.origins if unknown else f"{criterion.evidence}, {criterion.origins}"
        lines = [criterion.target] if passed else [criterion.status, *(line.text for line in criterion.lines)]
        rest = [evidence, *lines, criterion.proof]
        cells = [pad(self._text(criterion.value), value_width), *filter(None, rest)]
        yield from self._marked(criterion.mark, criterion.name, cells, name_width)
        if unknown:
            yield from self._wrapped(criterion.evidence, _INDENT)
        if criterion.slices and not passed:
            told = [f"{part.name} {part.value}, {part.evidence}, {part.status}" for part in criterion.slices]
            yield from self._plainly(told, _INDENT)
        if criterion.left_out:
            yield from self._wrapped(criterion.left_out, _INDENT)
        if criterion.flip and not passed:
            yield from self._advice(criterion.flip, _INDENT)

    def _suites(self) -> Iterator[_Line]:
        whole = self._view.all_suites
        if whole is None:
            return
        yield from self._suite(whole)
        for suite in self._view.suites:
            if suite.mark is not Mark.PASS:
                yield from self._plainly([suite.name, *suite.text.split(", ")], _INDENT)

    def _suite(self, whole: SuiteView) -> Iterator[_Line]:
        words = [f"{whole.name},", *whole.text.split(" ")]
        first = f" {self._text(whole.mark)} "
        for place, line in enumerate(pack([self._text(word) for word in words], self._width - len(first), " ")):
            yield [(first, _MARKED[whole.mark]), (line, "")] if place == 0 else [(" " * len(first), ""), (line, "")]

    def _loads(self) -> Iterator[_Line]:
        for view in self._view.loads:
            lines = load_lines(view, self._width)
            yield [(self._text(lines[0]), _BOLD)]
            yield from ([(self._text(line), "")] for line in lines[1:])

    def _notes(self) -> Iterator[_Line]:
        for line in self._noted():
            yield [(text, style or _DIM) for text, style in line]

    def _noted(self) -> Iterator[_Line]:
        """Each note; what several suites had nothing to judge by is one of them, a line a suite."""
        idle = [told for note in self._view.notes if (told := _IDLE.fullmatch(note))]
        if len(idle) < 2:
            idle = []
        said_so = {told.string for told in idle}
        for note in self._view.notes:
            if note not in said_so:
                yield from self._advice(note, 1, label="note: ")
        if not idle:
            return
        yield from self._wrapped("most often because", _INDENT)
        heads = [f"{told['suite']} {told['count']}" for told in idle]
        width = max(columns(self._text(head)) for head in heads)
        for head, told in zip(heads, idle, strict=True):
            lead = _INDENT + width + 2
            for place, line in enumerate(pack(self._text(told["why"]).split(" "), self._width - lead, " ")):
                yield [(" " * _INDENT + pad(self._text(head), width + 2) if place == 0 else " " * lead, ""), (line, "")]

    def _marked(self, mark: Mark, name: str, cells: Sequence[str], name_width: int = 0) -> Iterator[_Line]:
        """A marked line: the name, then cells, wrapped between cells under the first of them."""
        first, name = f" {self._text(mark)} ", self._text(name)
        hang = len(first) + max(name_width, 0 if name_width else columns(name)) + 2
        if hang > self._width // 2:
            hang = _INDENT
        packed = list(pack([self._text(cell) for cell in cells], self._width - hang))
        fits = len(first) + columns(name) + 2 <= hang
        head = [(first, _MARKED[mark]), (cut(name, self._width - len(first)), _BOLD)]
        if not packed or not fits:
            yield head
        for place, line in enumerate(packed):
            lead = hang - len(first) - columns(name)
            yield [*head, (" " * lead, ""), (line, "")] if fits and place == 0 else [(" " * hang, ""), (line, "")]

    def _plainly(self, cells: Iterable[str], indent: int, style: str = "") -> Iterator[_Line]:
        for line in pack([self._text(cell) for cell in cells], self._width - indent):
            yield [(" " * indent, ""), (line, style)]

    def _wrapped(self, text: str, indent: int) -> Iterator[_Line]:
        for line in pack(self._text(text).split(" "), self._width - indent, " "):
            yield [(" " * indent, ""), (line, "")]

    def _labelled(self, label: str, text: str, style: str, indent: int = 1) -> Iterator[_Line]:
        """`rerun: …`: on one line where it fits, else a command continued below, or prose wrapped below."""
        label, text = self._text(label), self._text(text)
        if indent + columns(label) + 1 + columns(text) <= self._width:
            yield [(" " * indent, ""), (label, style), (" ", ""), (text, "")]
            return
        yield [(" " * indent, ""), (label, style)]
        yield from self._command(text, indent + 2)

    def _advice(self, text: str, indent: int, *, label: str = "") -> Iterator[_Line]:
        """Prose wrapped between words; a command at its end, where it does not fit, on lines of its own."""
        whole = f"{label}{text}"
        prose, command = parted(whole)
        if not command or not prose or indent + columns(self._text(whole)) <= self._width:
            yield from self._wrapped(whole, indent)
            return
        yield from self._wrapped(prose, indent)
        yield from self._command(command, indent + 2)

    def _command(self, text: str, indent: int) -> Iterator[_Line]:
        """A command broken between its words, so that what is pasted is what was meant."""
        text = self._text(text)
        try:
            words = [_quoted(word) for word in shlex.split(text)]
        except ValueError:
            words = []
        if " ".join(words) != text:
            # Not plain shell words: a sentence, or quoting of another kind.
            yield from self._wrapped(text, indent)
            return
        yield from ([(line, "")] for line in command_lines(words, self._width, indent))
