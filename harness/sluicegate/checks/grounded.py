"""What an answer may rest on, as it crossed the boundary: results a tool really gave, snippets that reached a prompt.

The observations say which call was answered; what it was answered is in the case. What the pipeline says it was given
is no evidence.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from sluicegate.checks.sender import sender_of
from sluicegate.frozen import frozen
from sluicegate.grounding.index import Evidence, Source
from sluicegate.grounding.owners import Party
from sluicegate.model import Case, Json, Observation, Output, ToolResult, Trial, encode, parse_time

__all__ = ["Given", "Said", "given_to", "said_by"]

_UNHARMED = (None, "slow")
"""Faults under which an answer arrives as it is."""
_LEAST_WORDS = 3
_LAST: list[tuple[Trial, Given]] = []
"""One trial at most."""


@frozen
class Said:
    """A text of an answer."""

    place: str
    text: str
    delivery: int = 0


@frozen
class Given:
    """What one trial's answers may rest on."""

    evidence: Evidence
    tools: bool
    """A tool that only reads gave a record."""
    returned: tuple[str, ...]
    """Texts a piece of evidence may come from: snippets, results of tools, records and contexts; no request."""
    language: str
    today: date | None
    party: Party


def given_to(trial: Trial) -> Given:
    """The evidence of a trial. Its checks ask one after the other: the last answer is kept."""
    for known, given in _LAST:
        if known is trial:
            return given
    given = _given_to(trial)
    _LAST[:] = [(trial, given)]
    return given


def _given_to(trial: Trial) -> Given:
    case = trial.case
    tools = list(_tool_results(trial))
    sources = [*tools, *_snippets(trial), *_own(case)]
    return Given(
        evidence=Evidence(sources),
        tools=bool(tools),
        returned=tuple(text for source in sources if not source.request for text in _texts_in(source.value)),
        language=(case.given.locale or "en")[:2].lower(),
        today=parse_time(case.given.now).date() if case.given.now else None,
        party=sender_of(case),
    )


def said_by(trial: Trial) -> Iterator[Said]:
    """The texts of every answer, each once: content, mail, and the longer texts of what is structured."""
    for delivery, output in enumerate(trial.outputs):
        if output.error is not None:
            continue
        seen: set[str] = set()
        for place, text in _texts(output):
            if text.strip() and text not in seen:
                seen.add(text)
                yield Said(place=place, text=text, delivery=delivery)


def _texts(output: Output) -> Iterator[tuple[str, str]]:
    mail = output.mail
    if mail is not None:
        yield "$.mail.subject", mail.subject or ""
        yield "$.mail.body", mail.body or ""
    yield "$.content", output.content or ""
    for place, text in _leaves(output.structured):
        if len(text.split()) >= _LEAST_WORDS:
            yield f"$.structured{place}", text


def _leaves(value: Json, place: str = "") -> Iterator[tuple[str, str]]:
    waiting: list[tuple[str, Json]] = [(place, value)]
    while waiting:
        where, item = waiting.pop()
        if isinstance(item, str):
            yield where, item
        elif isinstance(item, dict):
            waiting += [(f"{where}.{name}", inner) for name, inner in reversed(item.items())]
        elif isinstance(item, list):
            waiting += [(f"{where}[{at}]", inner) for at, inner in reversed(list(enumerate(item)))]


def _tool_results(trial: Trial) -> Iterator[Source]:
    """What the case's tools answered to calls that were made, waited for and not broken; a write's tells nothing."""
    calls: dict[int, list[dict[str, Json]]] = {}
    results: dict[int, ToolResult] = {}
    for call in trial.observations:
        if call.double != "tool" or call.detail.get("writes") or not _came(call):
            continue
        arguments = call.detail.get("arguments")
        known = arguments if isinstance(arguments, dict) else {}
        result = trial.case.given.answer_of(call.action, known)
        if result is not None:
            results.setdefault(id(result), result)
            calls.setdefault(id(result), []).append(known)
    counted: dict[str, int] = {}
    for which, result in results.items():
        at = counted.get(result.tool, 0)
        counted[result.tool] = at + 1
        # Of several calls with one answer, the one that wanted it counts.
        told = str(encode(result.result))
        fits = (known for known in calls[which] if any(str(value) in told for value in known.values() if value))
        yield Source(path=f"tools.{result.tool}[{at}]", value=encode(result.result), asked=next(fits, calls[which][0]))


def _came(call: Observation) -> bool:
    return call.detail.get("status") == 200 and not call.detail.get("aborted") and call.detail.get("fault") in _UNHARMED


def _snippets(trial: Trial) -> Iterator[Source]:
    """Snippets that were returned, and stood in a prompt where the model server tells."""
    returned = {
        str(name)
        for call in trial.observations
        if call.double == "retriever" and _came(call)
        for name in call.detail.get("returned") or ()
    }
    prompts = [
        item.detail["carried"] for item in trial.observations if item.double == "model" and "carried" in item.detail
    ]
    if prompts:
        stood = {
            str(name) for carried in prompts for name in (*carried.get("snippets", ()), *carried.get("quoted", {}))
        }
        returned &= stood
    for snippet in trial.case.given.snippets:
        if snippet.id in returned:
            yield Source(path=f"snippets.{snippet.id}", value=snippet.text)


def _own(case: Case) -> Iterator[Source]:
    """What the pipeline was given with its input: records are evidence, what a person wrote may be repeated."""
    given = case.given
    for name, record in (("record", given.record), ("job", given.job)):
        if record:
            yield Source(path=name, value=encode(record))
    for name, texts in (("context", case.context), ("retrieval_context", case.retrieval_context)):
        for at, text in enumerate(texts):
            yield Source(path=f"{name}[{at}]", value=text)
    for name, value in (
        ("input", case.input),
        ("inputs", given.inputs),
        ("mail", given.mail),
        ("command", given.command),
    ):
        if value:
            said = "\n".join(_spoken(encode(value)))
            told = value if isinstance(value, (list, tuple)) else (value,)
            asked = {field: text for item in told if isinstance(item, dict) for field, text in item.items()}
            yield Source(path=name, value=said, request=True, asked=asked)


def _texts_in(value: Json) -> Iterator[str]:
    yield from (text for _, text in _leaves(value))


def _spoken(value: Json) -> Iterator[str]:
    """Texts and numbers of an input; a key of a mapping is nothing anybody said."""
    if isinstance(value, dict):
        for item in value.values():
            yield from _spoken(item)
    elif isinstance(value, list):
        for item in value:
            yield from _spoken(item)
    elif isinstance(value, str):
        yield value
    elif isinstance(value, (int, float)) and not isinstance(value, bool):
        yield str(value)
