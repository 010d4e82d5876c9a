"""What a pipeline tells of itself while it answers: spans and log records over OTLP/HTTP, and lines its process logged.

Each is tied to a run by the address it was sent to, else by its trace id. What fits no run is counted, never guessed.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from types import MappingProxyType

from sluicegate.checks.carrying import Carries, carries, ids_in
from sluicegate.checks.masking import masked
from sluicegate.doubles.answer import Answer, json_answer
from sluicegate.doubles.bodies import read_json
from sluicegate.doubles.correlation import ID_HEADERS, TRACEPARENT
from sluicegate.doubles.following import Closed, Followed, is_id_name, word_of
from sluicegate.doubles.otlp_protobuf import read_protobuf
from sluicegate.doubles.runs import Run, Runs
from sluicegate.errors import MissingExtraError
from sluicegate.model import Json, LogLine, from_micros, rfc3339
from sluicegate.model.otlp import LogRecord, Span, SpanError, log_records_of, spans_of
from sluicegate.plan.types import CorrelationSpec

__all__ = ["Telemetry"]

_PREFIX = "/otlp"
_PROTOBUF = "application/x-protobuf"
_WAIT_S = 1.0
"""For the spans of an answered delivery, at most."""
_QUIET_S = 0.25
"""Without another span; batches are sent every tenth of a second."""
_STEP_S = 0.02
_TRIED = 8
"""Deliveries waited for before a pipeline that has sent nothing is taken for one that sends no spans."""
_LATEST_US = 253_402_300_799_000_000


class Telemetry:
    """The receiver at `/otlp`, and the account of every followed run."""

    def __init__(
        self, runs: Runs, spec: CorrelationSpec, clock: Callable[[], datetime], *, unmasked: bool = False
    ) -> None:
        self._runs = runs
        self._spec = spec
        self._clock = clock
        self._unmasked = unmasked
        self._followed: dict[str, Followed] = {}
        self._closed = Closed()
        self._answered = 0
        self.received = 0
        """Spans and log records that came at all."""
        self.late = 0
        """Those of runs that had ended."""
        self.unattributed = 0
        """Those that fit no run."""

    def variables(self, base: str) -> dict[str, str]:
        """What exporters read; `base` is the address of the doubles, with or without a run."""
        return {"OTEL_EXPORTER_OTLP_ENDPOINT": f"{base}{_PREFIX}"}

    def settings(self) -> dict[str, str]:
        """How exporters are to send, beside where to."""
        # Batches of the usual five seconds would come long after their run has ended.
        delays = {"OTEL_BSP_SCHEDULE_DELAY": "100", "OTEL_BLRP_SCHEDULE_DELAY": "100"}
        return {"OTEL_EXPORTER_OTLP_PROTOCOL": "http/protobuf", **delays}

    def owns(self, path: str) -> bool:
        """Whether a request to `path`, without its run, is an upload."""
        return path.startswith(f"{_PREFIX}/")

    # -- what the runner says

    def given(self, run_id: str, delivery: int, traceparent: str, logs: str) -> None:
        """A delivery is about to begin with this id; `logs` says how its log lines are seen, empty: they are not."""
        if (followed := self._of(run_id)) is not None:
            followed.begin(delivery, traceparent, logs, self._now())

    def logged(self, run_id: str, delivery: int, lines: Sequence[LogLine], more: int = 0) -> None:
        """Lines the process logged in this delivery; `more` were not kept."""
        followed = self._of(run_id)
        if followed is None:
            return
        for line in lines:
            if line.among:
                followed.stray(line)
                continue
            followed.line(line, word_of(line, followed.given, self._spec.log_field, self.knows), delivery)
        followed.lines += more

    async def answered(self, run_id: str, delivery: int, said: Mapping[str, str] = MappingProxyType({})) -> None:
        """A delivery has its answer: wait a moment for what exporters still hold, and close its account.

        `said` are the ids the answer names, by place; those of other requests are told with the account.
        """
        followed = self._of(run_id)
        if followed is None:
            return
        self._answered += 1
        loop = asyncio.get_running_loop()
        due = loop.time() + _WAIT_S
        while loop.time() < due and not self._has_come(followed, delivery, loop.time()):  # noqa: ASYNC110 - for silence
            await asyncio.sleep(_STEP_S)
        given = followed.given
        others = [place for place, text in said.items() if carries([text], given, knows=self.knows) is Carries.ANOTHER]
        followed.end(delivery, self._now(), others)

    def close(self, run_id: str) -> None:
        """The run has ended."""
        self._followed.pop(run_id, None)
        self._closed.add(run_id)

    def knows(self, run_id: str) -> bool:
        """Whether that is the id of a run, open or ended."""
        return self._runs.named(run_id) is not None or run_id in self._closed

    def carried(self, run: Run, headers: Mapping[str, str]) -> Carries:
        """What a call carries in its headers; a traceparent decides, unless another request's id stands beside it."""
        wanted = self._spec.header
        if wanted is None:
            wanted = TRACEPARENT if TRACEPARENT in headers else None
        names = ID_HEADERS if wanted is None else (wanted,)
        values = [headers[name] for name in names if name in headers]
        followed = self._of(run.run_id)
        if followed is None:
            return Carries.NONE
        beside = [headers[name] for name in ID_HEADERS if name in headers]
        if carries(beside, followed.given, knows=self.knows) is Carries.ANOTHER:
            return Carries.ANOTHER
        return carries(values, followed.given, is_place=True, knows=self.knows)

    # -- what exporters send

    def answer(self, run_id: str | None, method: str, path: str, content_type: str, body: bytes | None) -> Answer:
        """Take an upload, or say why it cannot be read."""
        kind = path.removeprefix(f"{_PREFIX}/v1/")
        if kind not in ("traces", "logs", "metrics") or method != "POST":
            return json_answer({"error": f"no such route: {method} {path[:200]}"}, status=404)
        is_protobuf = content_type.startswith(_PROTOBUF)
        if kind != "metrics":  # which say nothing about one request
            try:
                self._take(run_id, kind, body, is_protobuf=is_protobuf)
            except MissingExtraError as missing:
                return self._refused(run_id, str(missing), 415)
            except (SpanError, ValueError, TypeError, AttributeError) as error:
                return self._refused(run_id, f"the upload {error}", 400)
        return Answer(content_type=_PROTOBUF) if is_protobuf else json_answer({})

    def _take(self, run_id: str | None, kind: str, body: bytes | None, *, is_protobuf: bool) -> None:
        if body is None:
            raise ValueError("is too large")
        plain: Json = read_protobuf(kind, body) if is_protobuf else read_json(body)
        if kind == "traces":
            for span in list(spans_of(plain)):
                self._span(run_id, span)
        else:
            for record in list(log_records_of(plain)):
                self._record(run_id, record)

    def _refused(self, run_id: str | None, why: str, status: int) -> Answer:
        why = masked(why, 400)
        for followed in self._meanwhile(run_id):
            followed.refused = why
        return json_answer({"error": why}, status=status)

    def _span(self, run_id: str | None, span: Span) -> None:
        self.received += 1
        owner = self._owner(run_id, (span.trace_id,), "span")
        if owner is None:
            return
        owner.last_s = asyncio.get_running_loop().time()
        word = carries([span.trace_id], owner.given, is_place=True, knows=self.knows)
        beside = [str(value) for name, value in span.attributes.items() if is_id_name(name)]
        if carries(beside, owner.given, knows=self.knows) is Carries.ANOTHER:
            word = Carries.ANOTHER
        ids = {"trace": span.trace_id, "span": span.span_id, "parent": span.parent_id}
        owner.span(span.name, ids, word, self._at(span.start_ns))

    def _record(self, run_id: str | None, record: LogRecord) -> None:
        self.received += 1
        texts = {str(name): str(value) for name, value in record.attributes.items()}
        owner = self._owner(run_id, (record.trace_id or "", *texts.values(), record.text), "log")
        if owner is None:
            return
        fields = {**texts, **({"trace_id": record.trace_id} if record.trace_id else {})}
        logger = str(record.resource.get("service.name") or "otlp")
        line = LogLine(text=record.text, at=self._at(record.at_ns), logger=logger, level=record.level, fields=fields)
        owner.line(line, word_of(line, owner.given, self._spec.log_field, self.knows), None)

    def _owner(self, run_id: str | None, texts: Iterable[str], kind: str) -> Followed | None:
        """The run something belongs to; what belongs to none is counted, for itself and with every run under way."""
        ids = (found[:16] for text in texts for found in ids_in(text))
        named = run_id or next(filter(self.knows, ids), "")
        if (followed := self._of(named)) is not None:
            return followed
        if named in self._closed:
            self.late += 1
            return None
        self.unattributed += 1
        for each in self._meanwhile(None):
            each.strays[kind] = each.strays.get(kind, 0) + 1
        return None

    def _meanwhile(self, run_id: str | None) -> list[Followed]:
        if run_id is None:
            return list(self._followed.values())
        followed = self._of(run_id)
        return [followed] if followed is not None else []

    def _of(self, run_id: str) -> Followed | None:
        known = self._followed.get(run_id)
        if known is None and (run := self._runs.named(run_id)) is not None:
            known = self._followed[run_id] = Followed(run, self._unmasked)
        return known

    def _has_come(self, followed: Followed, delivery: int, now_s: float) -> bool:
        """Whether nothing more is to be expected from exporters."""
        if delivery in followed.rooted:
            return True
        if not self.received:
            return self._answered > _TRIED
        return bool(followed.spans) and now_s - followed.last_s > _QUIET_S

    def _now(self) -> str:
        return rfc3339(self._clock())

    def _at(self, nanos: int) -> str:
        micros = nanos // 1000
        return rfc3339(from_micros(micros)) if 0 < micros <= _LATEST_US else self._now()
