"""Following a request's id through one run: what was given, and what told of it again."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from sluicegate.checks.carrying import Carries, Given, carries, trace_of
from sluicegate.checks.masking import masked
from sluicegate.doubles.prompts import whole_text
from sluicegate.model import Json, LogLine

if TYPE_CHECKING:
    from sluicegate.doubles.runs import Run

__all__ = ["ID_FIELDS", "MOST_LINES", "MOST_SPANS", "Closed", "Followed", "is_id_name", "word_of"]

MOST_SPANS = 500
MOST_LINES = 500
"""Kept of one run; what comes after is counted."""
_CLOSED = 4096
_SHOWN = 200
_WHOLE = 16_000

ID_FIELDS = (
    "correlation_id",
    "correlationid",
    "trace_id",
    "traceid",
    "traceparent",
    "request_id",
    "run_id",
    "oteltraceid",
)
"""Names, in small letters, under which a log line usually carries an id."""


class Closed:
    """Ids of runs that have ended, the last few thousand: whose id a stray one is can still be said."""

    def __init__(self) -> None:
        self._order: deque[str] = deque()
        self._known: set[str] = set()

    def __contains__(self, run_id: object) -> bool:
        return run_id in self._known

    def add(self, run_id: str) -> None:
        """Remember it, and forget the oldest."""
        if run_id not in self._known:
            self._order.append(run_id)
            self._known.add(run_id)
        if len(self._order) > _CLOSED:
            self._known.discard(self._order.popleft())


@dataclass(slots=True)
class Followed:
    """What has been told of one run so far."""

    run: Run
    unmasked: bool = False
    """Log lines are kept as they were, for who judges the personal data in them."""
    traces: dict[int, str] = field(default_factory=dict)
    """Delivery to the trace id it was given."""
    parents: dict[str, int] = field(default_factory=dict)
    """Span id that a delivery was given, which its first span names as parent, to the delivery."""
    under_way: set[int] = field(default_factory=set)
    rooted: set[int] = field(default_factory=set)
    """Deliveries whose first span has come; it ends last, so nothing more is to be waited for."""
    spans: int = 0
    lines: int = 0
    last_s: float = 0.0
    """When the last span came, on the loop's clock."""
    strays: dict[str, int] = field(default_factory=dict)
    """Spans and log records that came meanwhile and belong to no run, by kind."""
    refused: str = ""
    """Why an upload that came meanwhile could not be read."""

    @property
    def given(self) -> Given:
        """The ids as checks know them."""
        # Without deliveries the run was opened by hand, and every trace that begins with its id is its own.
        return Given(run_id=self.run.run_id, traces=self.traces, under_way=self.under_way if self.traces else None)

    def begin(self, delivery: int, traceparent: str, logs: str, at: str) -> None:
        """A delivery is given its id."""
        known = trace_of(traceparent)
        if known is not None:
            self.traces[delivery], _ = known
            self.parents[known[1]] = delivery
        self.under_way.add(delivery)
        detail: dict[str, Json] = {"traceparent": traceparent, "delivery": delivery, "logs": logs or None}
        self.run.see("trace", "given", at, detail)

    def end(self, delivery: int, at: str, others: Sequence[str] = ()) -> None:
        """A delivery has been answered, and its spans have come or will not be waited for.

        `others` are the places of the answer that name another request.
        """
        self.under_way.discard(delivery)
        detail: dict[str, Json] = {"delivery": delivery}
        if others:
            detail["others"] = list(others)
        if self.strays:
            detail["strays"] = dict(self.strays)
        if self.refused:
            detail["refused"] = self.refused
        dropped = {"span": max(0, self.spans - MOST_SPANS), "log": max(0, self.lines - MOST_LINES)}
        if any(dropped.values()):
            detail["not_kept"] = dropped
        self.run.see("trace", "answered", at, detail)

    def span(self, name: str, ids: Mapping[str, str | None], word: Carries, at: str) -> None:
        """A span came; `ids` are trace, span and parent."""
        self.spans += 1
        delivery = self.parents.get(ids.get("parent") or "")
        if delivery is not None and word is Carries.OWN:
            self.rooted.add(delivery)
        if self.spans <= MOST_SPANS:
            told: dict[str, Json] = {key: value for key, value in ids.items() if value}
            self.run.see("span", masked(name, 100), at, {**told, "carries": word.value})

    def line(self, line: LogLine, word: Carries, delivery: int | None) -> None:
        """A log line came."""
        self.lines += 1
        if self.lines <= MOST_LINES:
            detail: dict[str, Json] = {"carries": word.value}
            detail |= _whole(line) if self.unmasked else {"line": masked(line.text, _SHOWN)}
            if line.level:
                detail["level"] = masked(line.level, 20)
            if delivery is not None:
                detail["delivery"] = delivery
            self.run.see("log", masked(line.logger, 100), line.at, detail)

    def stray(self, line: LogLine) -> None:
        """A log line came that any run under way may have written: only what stands in it may say whose it is."""
        if self.unmasked:
            self.run.see("trace", "stray", line.at, {"among": line.among, **_whole(line)})


def _whole(line: LogLine) -> dict[str, Json]:
    """A line as it was written, as far as it is kept."""
    detail: dict[str, Json] = {"line": whole_text(line.text[:_WHOLE]), "unmasked": True}
    # What a handler has written into the line stands there already.
    beside = {name: value for name, value in line.fields.items() if value and value not in line.text}
    if beside:
        detail["fields"] = {masked(name, 100): whole_text(value[:_WHOLE]) for name, value in beside.items()}
    if len(line.text) > _WHOLE or any(len(value) > _WHOLE for value in beside.values()):
        detail["line_cut"] = True
    return detail


def word_of(line: LogLine, given: Given, log_field: str | None, knows: Callable[[str], bool]) -> Carries:
    """What a log line carries: at the field the plan names, else anywhere in it.

    Another request's id is the wrong one wherever it stands.
    """
    fields, anywhere = line.fields, carries(_texts(line), given, knows=knows)
    if log_field is not None:
        found = fields.get(log_field)
        if anywhere is Carries.ANOTHER or found is None:
            return Carries.ANOTHER if anywhere is Carries.ANOTHER else Carries.NONE
        return carries([found], given, is_place=True, knows=knows)
    named = [value for name, value in fields.items() if is_id_name(name)]
    said = {anywhere, carries(named, given, is_place=True, knows=knows)}
    return next(word for word in Carries if word in said)


def is_id_name(name: str) -> bool:
    """Whether a field or attribute of this name usually holds the id of its request: `request_id`, `http.request.id`.

    `parent_request_id` holds that of another, as it should.
    """
    parts = name.lower().replace("-", "_").split(".")
    return parts[-1] in ID_FIELDS or "_".join(parts[-2:]) in ID_FIELDS


def _texts(line: LogLine) -> Iterable[str]:
    yield line.text
    yield from line.fields.values()
