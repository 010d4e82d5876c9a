"""The tracing suite: the id given with a request is found again wherever the request leaves a mark.

Read from what the doubles followed: headers of calls, log lines, spans. The output is read where the plan says its id
stands, else in the usual places: `correlation_id`, `trace_id`, `request_id`, `run_id` or `traceparent` of `metadata`,
`structured`, or `structured.meta`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from hashlib import sha256

from sluicegate.checks.carrying import Carries, Given, carries, lists_ids, trace_of
from sluicegate.checks.check import Check, CheckConfig, NotJudged, Problem, Suite, finding, is_crash, nothing_known
from sluicegate.checks.model_calls import declares_model, model_calls, whole_log
from sluicegate.checks.rules import output_path
from sluicegate.checks.values import seen as shown
from sluicegate.model import Case, CrashKind, Finding, Json, Observation, Output, Provenance, Severity, Trial, Witness
from sluicegate.model.paths import MISSING
from sluicegate.plan.types import CorrelationSpec

__all__ = ["CHECKS", "SAMPLE", "SINKS", "SUITE", "Sink", "followed", "ids_said"]

SAMPLE = 5
"""Sound cases that are delivered twice, so that an id kept from the first delivery shows in the second."""
_MOST_NAMED = 10
"""Findings of one sink and trial; the rest is counted."""
_ID_CHARS = 200
"""Of a value that is an id or traceparent."""
_CALLS = {"model": "model call", "tool": "tool call", "retriever": "retrieval"}
_ID_NAMES = ("correlation_id", "trace_id", "request_id", "run_id", "traceparent")
_SAID = {
    Carries.NONE: "carries no id",
    Carries.UNKNOWN: "carries an id of its own making",
    Carries.EARLIER: "carries the id of another delivery",
    Carries.ANOTHER: "carries the id of another request",
}
_NOT_GIVEN = "no id was given that could be followed: the answers are recorded, or nobody listened"
_ANYWHERE = CorrelationSpec()


@dataclass(slots=True)
class Sink:
    """Where ids were looked for in one trial, and what was missing."""

    carried: int = 0
    should: int = 0
    lost: list[tuple[Carries, Problem]] = field(default_factory=list)

    def count(self, word: Carries, problem: Problem) -> None:
        """One place that should carry the id; `problem` says what is wrong where it does not."""
        self.should += 1
        if word is Carries.OWN:
            self.carried += 1
        else:
            self.lost.append((word, problem))


def followed(cases: Sequence[Case], seed: int) -> list[Case]:
    """Every case, and a few sound ones delivered twice as `<id>~again`, chosen under a seed by their content."""
    asked = [case for case in cases if case.given.flags is None]  # which asks for whom a flag is on, and for no answer
    sound = [case for case in asked if _is_plain(case)]
    chosen = sorted(sound, key=lambda case: sha256(f"{seed}\0{case.digest()}".encode()).hexdigest())[:SAMPLE]
    return [*asked, *sorted(map(_again, chosen), key=lambda case: case.id)]


def _again(case: Case) -> Case:
    """What a first answer must say need not be in a second: a pipeline may answer from what it kept, and say so."""
    given, expect = replace(case.given, deliveries=2), replace(case.expect, must=())
    return replace(case, id=f"{case.id}~again", given=given, expect=expect)


def _is_plain(case: Case) -> bool:
    given = case.given
    return not (given.faults or given.inputs or given.deliveries > 1 or case.expect.outcome == "error")


def _spec(config: CheckConfig) -> CorrelationSpec:
    return config.correlation or _ANYWHERE


def _given(trial: Trial) -> list[Observation]:
    """What was given, by delivery. Raises NotJudged where nothing was, or nothing is known of the pipeline."""
    if (unknown := nothing_known(trial)) is not None:
        raise NotJudged(unknown, lost=True)
    given = [item for item in trial.observations if item.double == "trace" and item.action == "given"]
    if not given:
        raise NotJudged(_NOT_GIVEN)
    whole_log(trial)
    return given


def _word(detail: Mapping[str, Json]) -> Carries:
    try:
        return Carries(str(detail.get("carries")))
    except ValueError:
        raise NotJudged("the log does not say which id was carried", lost=True) from None


def _calls(trial: Trial, config: CheckConfig) -> Sink:
    """Headers of model calls, tool calls and retrievals."""
    _given(trial)
    if declares_model(config) is None:
        model_calls(trial)  # raises where the pipeline reports calls that nobody saw
    sink = Sink()
    for double, name in _CALLS.items():
        calls = [item for item in trial.observations if item.double == double]
        for at, call in enumerate(calls):
            correlation = call.detail.get("correlation")
            word = _word(correlation if isinstance(correlation, Mapping) else {})
            told = correlation.get("traceparent") if isinstance(correlation, Mapping) else None
            problem = Problem(
                place=f"$.observations.{double}[{at}]",
                expected=f"{name} {at + 1} of {len(calls)} {_SAID.get(word, '')}",
                seen=f"'{call.action}'" + (f", traceparent {told}" if told else ", no traceparent"),
                mend=_call_mend(_spec(config).header),
            )
            sink.count(word, problem)
    if not sink.should:
        raise NotJudged("the pipeline made no call")
    return sink


def _call_mend(header: str | None) -> str:
    return f"Send the id given with the request as {header or 'traceparent'} on each call, retries and fallbacks too."


def _logs(trial: Trial, config: CheckConfig) -> Sink:
    """Log records of a callable, lines of a command's standard error, log records over OTLP."""
    given, wanted = _given(trial), "logs" in _spec(config).sinks
    lines = [item for item in trial.observations if item.double == "log"]
    if not lines and not any(item.detail.get("logs") for item in given):
        raise NotJudged("log lines of this pipeline are not seen; it can send them as OTLP logs", lost=wanted)
    _whole(trial, "log", none_of_its_own=not lines)
    sink = Sink()
    if not lines:
        if not wanted:
            raise NotJudged("the pipeline logged nothing")
        problem = Problem(place="$.observations.log", expected="no line was logged", mend="Log each request.")
        sink.count(Carries.NONE, problem)
    place = _spec(config).log_field
    for at, line in enumerate(lines):
        word = _word(line.detail)
        problem = Problem(
            place=f"$.observations.log[{at}]",
            expected=f"log line {at + 1} of {len(lines)} {_SAID.get(word, '')}",
            seen=f"{line.action}: {line.detail.get('line')}",
            mend=f"Put the id into {place or 'every line'}: a filter or formatter that reads a context variable.",
        )
        sink.count(word, problem)
    return sink


def _spans(trial: Trial, config: CheckConfig) -> Sink:
    """Spans that came to the receiver, and that each delivery has one where the plan wants them."""
    given, wanted = _given(trial), "spans" in _spec(config).sinks
    spans = [item for item in trial.observations if item.double == "span"]
    _whole(trial, "span", none_of_its_own=not spans)
    if not spans and not wanted:
        raise NotJudged("no span came to OTEL_EXPORTER_OTLP_ENDPOINT")
    sink = Sink()
    for at, span in enumerate(spans):
        word = _word(span.detail)
        problem = Problem(
            place=f"$.observations.span[{at}]",
            expected=f"span {at + 1} of {len(spans)} {_SAID.get(word, '')}",
            seen=f"'{span.action}' of trace {span.detail.get('trace')}",
            mend="Begin every span under the context that the request's traceparent names.",
        )
        sink.count(word, problem)
    traces = {span.detail.get("trace") for span in spans}
    for number, trace in sorted(_traces(given).items()) if wanted else ():
        if trace not in traces:
            problem = Problem(
                place="$.observations.span",
                expected=f"delivery {number + 1} has no span in its trace",
                mend="Export a span for each request to OTEL_EXPORTER_OTLP_ENDPOINT, and before the answer.",
            )
            sink.count(Carries.NONE, problem)
    return sink


def _traces(given: Sequence[Observation]) -> dict[int, str]:
    found: dict[int, str] = {}
    for item in given:
        number, known = item.detail.get("delivery"), trace_of(str(item.detail.get("traceparent")))
        if isinstance(number, int) and known is not None:
            found[number] = known[0]
    return found


def _whole(trial: Trial, kind: str, *, none_of_its_own: bool) -> None:
    """Raise NotJudged where what came was not read, not kept, or could be this trial's and names no run."""
    for item in trial.observations:
        if item.double != "trace" or item.action != "answered":
            continue
        if item.detail.get("refused"):
            raise NotJudged(f"what came cannot be read: {item.detail['refused']}", lost=True)
        if (_mapping(item, "not_kept").get(kind) or 0) > 0:
            raise NotJudged(f"more came than is kept: {kind}", lost=True)
        if none_of_its_own and (_mapping(item, "strays").get(kind) or 0) > 0:
            raise NotJudged(f"what came meanwhile names no request, and nothing this one: {kind}", lost=True)


def _mapping(item: Observation, key: str) -> Mapping[str, Json]:
    held = item.detail.get(key)
    return held if isinstance(held, Mapping) else {}


def _outputs(trial: Trial, config: CheckConfig) -> Sink:
    """Every output, errors that are reported too."""
    traces = _traces(_given(trial))
    run_id = next((trace[:16] for trace in traces.values()), "")
    place = _spec(config).output_field
    sink = Sink()
    for number, output in enumerate(trial.outputs):
        of = "" if len(trial.outputs) == 1 else f" of delivery {number + 1}"
        if output.error is not None and output.error.kind is not CrashKind.REPORTED:
            if is_crash(output, trial.case):
                expected = f"the output{of} never came; the pipeline crashed ({output.error.kind})"
                sink.count(Carries.NONE, Problem(place="$.error", expected=expected, seen=output.error.message))
            continue
        at, value = _id_in(output, place)
        own = Given(run_id=run_id, traces=traces, under_way=(number,))
        word = carries([value], own, is_place=True) if value is not None else Carries.NONE
        said = _SAID.get(word, "")
        if word is Carries.OWN and value is not None and lists_ids(value, own):
            word, said = Carries.UNKNOWN, "lists other ids beside its own, and points to no request"
        others = _others(trial, number)
        if at not in others:
            sink.count(word, _in_output(at, of, said, value))
        for place in others:
            said = _SAID[Carries.ANOTHER]
            sink.count(Carries.ANOTHER, _in_output(place, of, said, ids_said(output).get(place)))
    return sink


def _in_output(at: str, of: str, said: str, value: str | None) -> Problem:
    return Problem(
        place=f"$.{at}",
        expected=f"the output{of} {said}",
        seen="nothing" if value is None else shown(value),
        mend=f"Return the id given with the request as {at}, with errors and kept answers too.",
    )


def ids_said(output: Output) -> dict[str, str]:
    """By place, every id by which a fresh answer names its request.

    A kept answer, and one inside another as `structured.meta`, may name the request that made it.
    """
    if output.provenance not in (Provenance.LIVE, Provenance.MOCKED):
        return {}
    places = [(prefix, held) for prefix, held in _usual(output) if "." not in prefix]
    return {
        f"{prefix}.{name}": held[name][:_ID_CHARS]
        for prefix, held in places
        for name in _ID_NAMES
        if isinstance(held.get(name), str)
    }


def _others(trial: Trial, number: int) -> list[str]:
    """Places of an answer that name another request, as who knows all requests of the run saw it."""
    closed = [item for item in trial.observations if item.double == "trace" and item.action == "answered"]
    named = [item.detail.get("others") for item in closed if item.detail.get("delivery") == number]
    return [str(place) for places in named if isinstance(places, (list, tuple)) for place in places]


def _id_in(output: Output, place: str | None) -> tuple[str, str | None]:
    """Where the id of an output stands, and what stands there."""
    if place is not None:
        value = output_path(place).get(output)
        return place, None if value is MISSING or value is None else str(value)
    for prefix, held in _usual(output):
        for name in _ID_NAMES:
            if held.get(name) is not None:
                return f"{prefix}.{name}", str(held[name])
    return "metadata.correlation_id", None


def _usual(output: Output) -> Iterator[tuple[str, Mapping[str, Json]]]:
    yield "metadata", output.metadata
    structured = output.structured
    if isinstance(structured, Mapping):
        yield "structured", structured
        for name in ("meta", "metadata"):
            if isinstance(inner := structured.get(name), Mapping):
                yield f"structured.{name}", inner


_Look = Callable[[Trial, CheckConfig], Sink]

SINKS: Mapping[str, _Look] = {"calls": _calls, "logs": _logs, "spans": _spans, "output": _outputs}
"""By the word a plan uses."""

_TITLES = {
    "calls": "Every model call, tool call and retrieval carries the id of its request.",
    "logs": "Every log line carries the id of its request.",
    "spans": "Every span belongs to the trace of its request.",
    "output": "Every output carries the id of its request.",
}


def _asking(name: str) -> Callable[[Trial, CheckConfig], Iterator[Finding]]:
    check, look = f"tracing.{name}", SINKS[name]
    witness = Witness.STRUCTURE if name == "output" else Witness.WIRE

    def run(trial: Trial, config: CheckConfig) -> Iterator[Finding]:
        lost = look(trial, config).lost
        for word, problem in lost[:_MOST_NAMED]:
            # Two requests under one id are worse than a request without one.
            severity = Severity.INCIDENT if word is Carries.ANOTHER else Severity.ERROR
            yield finding(check, trial, problem, severity=severity, witness=witness)
        if (rest := len(lost) - _MOST_NAMED) > 0:
            problem = Problem(place="$.observations", expected=f"and {rest:,} more carry no id, or a wrong one")
            yield finding(check, trial, problem, witness=witness)

    return run


CHECKS: tuple[Check, ...] = tuple(
    Check(name=f"tracing.{name}", suite="tracing", title=_TITLES[name], run=_asking(name)) for name in SINKS
)

SUITE = Suite(
    name="tracing",
    title="The id given with a request is found on its calls, log lines, spans and output.",
    checks=tuple(check.name for check in CHECKS),
    cases=followed,
)
