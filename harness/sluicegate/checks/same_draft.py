"""Whether a second answer to the same message gives the first one's draft."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from sluicegate.checks.check import Problem
from sluicegate.checks.values import seen
from sluicegate.model import Json, Output, canonical, encode

__all__ = ["differences", "is_notice", "repeats_unseen"]

_PASSING = frozenset(
    (
        "run_id", "trace_id", "span_id", "request_id", "correlation_id", "traceparent", "delivery",
        "latency_ms", "ttft_ms", "elapsed_ms", "duration_ms", "took_ms",
        "usage", "cost_microusd", "provenance", "cached", "duplicate",
    )
)  # fmt: skip
"""Names of what is of one delivery by its nature: ids of the request, times taken, what it cost, where it is from."""
_LONGEST_ID = 80
_DEEPEST = 50


def differences(first: Output, later: Output, ids: frozenset[str]) -> Iterator[Problem]:
    """The first part in which the answers differ: the draft's id, then everything a reader or a program is told.

    An answer marked `duplicate` may leave out the draft, whose text it then gives as it was or not at all; and one
    that names the same draft may leave out what it does not repeat, and say in a place of its own that it does.
    """
    drafts = _mark(first, "draft_id"), _mark(later, "draft_id")
    if None not in drafts and not _alike(*drafts):
        yield _different("draft_id", *drafts)
        return
    excused = _mark(later, "duplicate") is True
    same_draft = None not in drafts
    parts_of = list(_parts(first, later, ids))
    said = {text for _, was, _ in parts_of for _, text in _sentences(was)} if excused else set()
    for name, was, now in parts_of:
        if excused and (name != "mail" or not now):
            if (other := _other_text(said, was, now, is_named=same_draft)) is not None:
                yield _different(name, *other)
                return
            continue
        if same_draft:
            if not was or not now:
                continue
            parts = _shared(was, now)
        else:
            parts = was, now
        if not _alike(*parts):
            yield _different(name, *parts)
            return


def is_notice(answer: Output) -> bool:
    """Whether it is marked a duplicate of a draft it does not name: its text may be a word about the first one."""
    return _mark(answer, "duplicate") is True and _mark(answer, "draft_id") is None


def repeats_unseen(answers: Sequence[Output]) -> bool:
    """Whether each is marked a duplicate and gives a text of no named draft: of what, nobody has seen."""
    return all(map(is_notice, answers)) and any(
        text for answer in answers for _, part, _ in _parts(answer, answer, frozenset()) for text in _sentences(part)
    )


def _other_text(said: set[str], was: Any, now: Any, *, is_named: bool) -> tuple[str | None, str] | None:
    """A text of a duplicate that the first answer does not hold, and what stood in its place.

    Of a draft that is named, only what stands where the draft has another text: elsewhere it is a word about it.
    """
    places = dict(_sentences(was))
    for place, text in _sentences(now):
        if text not in said and (place in places or not is_named):
            return places.get(place), text
    return None


def _sentences(value: Any, place: tuple[str | int, ...] = ()) -> Iterator[tuple[tuple[str | int, ...], str]]:
    """Texts of two words and more, with their places: fewer are a state or an id."""
    if isinstance(value, str):
        if len(value.split(maxsplit=1)) > 1:
            yield place, value
    elif len(place) < _DEEPEST and isinstance(value, (Mapping, list, tuple)):
        for step, item in value.items() if isinstance(value, Mapping) else enumerate(value):
            yield from _sentences(item, (*place, step))


def _parts(first: Output, later: Output, ids: frozenset[str]) -> Iterator[tuple[str, Any, Any]]:
    """Each part of two answers, nothing as None, without what differs from delivery to delivery by its nature."""
    for name in ("mail", "content", "structured"):
        was, now = (encode(getattr(output, name)) for output in (first, later))
        yield name, _lasting(was, ids), _lasting(now, ids)
    was, now = ([encode(item) for item in output.messages if item.role == "assistant"] for output in (first, later))
    yield "messages", _lasting(was, ids), _lasting(now, ids)
    for name in ("telegram", "message"):
        yield f"metadata.{name}", _lasting(first.metadata.get(name), ids), _lasting(later.metadata.get(name), ids)


def _lasting(value: Any, ids: frozenset[str], depth: int = 0) -> Any:
    """A value without what is of one delivery only; nothing, however it is written, is None."""
    if isinstance(value, Mapping) and depth < _DEEPEST:
        kept = {
            key: _lasting(item, ids, depth + 1)
            for key, item in value.items()
            if not (isinstance(key, str) and key.casefold() in _PASSING) and not _is_id(item, ids)
        }
        return kept or None
    if isinstance(value, (list, tuple)) and depth < _DEEPEST:
        return [_lasting(item, ids, depth + 1) for item in value] or None
    return None if isinstance(value, str) and not value else value


def _is_id(value: Any, ids: frozenset[str]) -> bool:
    return isinstance(value, str) and len(value) < _LONGEST_ID and any(each in value for each in ids)


def _shared(was: Any, now: Any) -> tuple[Any, Any]:
    """Of two objects the members that both have."""
    if isinstance(was, Mapping) and isinstance(now, Mapping):
        names = was.keys() & now.keys()
        return {name: was[name] for name in names}, {name: now[name] for name in names}
    return was, now


def _mark(output: Output, name: str) -> Json:
    """`draft_id` or `duplicate` where pipelines put it: in structured or in metadata."""
    for place in (output.structured, output.metadata):
        if isinstance(place, Mapping) and place.get(name) is not None:
            return place[name]
    return None


def _alike(was: Any, now: Any) -> bool:
    try:
        return bool(was == now) or canonical(was) == canonical(now)
    except TypeError:
        return False


def _different(name: str, was: Any, now: Any) -> Problem:
    return Problem(
        place=f"$.{name}",
        expected="the same message must give the same draft again",
        seen=_first_difference(was, now),
        mend="Return the stored draft, or leave its text out and mark the answer with metadata.duplicate: true.",
    )


def _first_difference(was: Any, now: Any) -> str:
    if isinstance(was, Mapping) and isinstance(now, Mapping):
        for key in sorted({*was, *now}, key=seen):
            if not _alike(was.get(key), now.get(key)):
                return f"{seen(key)}: {_first_difference(was.get(key), now.get(key))}"
    if isinstance(was, str) and isinstance(now, str):
        same = next((at for at, (a, b) in enumerate(zip(was, now, strict=False)) if a != b), min(len(was), len(now)))
        start = max(0, same - 20)
        return f"'{was[start : same + 60]}' became '{now[start : same + 60]}'"
    return f"{seen(was)} became {seen(now)}"
