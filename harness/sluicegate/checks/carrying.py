"""Whether a text carries the id its request was given: its own, another's, or none."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import field
from enum import StrEnum

from sluicegate.frozen import frozen

__all__ = ["Carries", "Given", "carries", "ids_in", "lists_ids", "trace_of"]


class Carries(StrEnum):
    """What a call, log line, span or output carries, the worst first."""

    ANOTHER = "another"
    """The id of another request: two requests become one."""
    EARLIER = "earlier"
    """The id of another delivery of the same case."""
    OWN = "own"
    UNKNOWN = "unknown"
    """An id stands where the id belongs, and nobody gave it."""
    NONE = "none"


@frozen
class Given:
    """The ids one run was given."""

    run_id: str
    traces: Mapping[int, str] = field(default_factory=dict)
    """Delivery to its trace id; each begins with the run id."""
    under_way: Collection[int] | None = None
    """Deliveries that have begun and not been answered; None does not tell them apart."""


_IDS = re.compile(r"(?<![0-9a-f])(?:[0-9a-f]{32}|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|[0-9a-f]{16})(?![0-9a-f])")
_XRAY = re.compile(r"(?<![0-9a-f])1-([0-9a-f]{8})-([0-9a-f]{24})(?![0-9a-f])")
_TRACEPARENT = re.compile(r"[0-9a-f]{2}-([0-9a-f]{32})-([0-9a-f]{16})-[0-9a-f]{2}")
_SPANS = re.compile(r"(?<![0-9a-f])([0-9a-f]{32})(?:-[0-9a-f]{16}|-[0-9a-f]{1,2}(?![0-9a-f]))+")
_NOTHING = frozenset({"", "-", "0", "none", "null", "unknown", "0" * 16, "0" * 32})
"""What libraries write where there is no id."""


def trace_of(traceparent: str) -> tuple[str, str] | None:
    """Trace id and span id of a W3C traceparent, or None."""
    match = _TRACEPARENT.match(traceparent)
    return (match[1], match[2]) if match else None


def ids_in(text: str) -> list[str]:
    """Every run id and trace id that may stand in a text, in small letters and without hyphens."""
    plain = _XRAY.sub(r"\1\2", text.lower())  # how x-amzn-trace-id writes a trace
    return [match.replace("-", "") for match in _IDS.findall(plain)]


def lists_ids(text: str, given: Given) -> bool:
    """Whether ids of nobody known stand beside those of the run: a list of ids points to no request.

    The span behind a trace, as in a traceparent, is part of it.
    """
    alone = _SPANS.sub(r"\1", text.lower())
    return any(each[:16] != given.run_id for each in ids_in(alone))


def _nobody(_run_id: str) -> bool:
    return False


def carries(
    texts: Iterable[str], given: Given, *, is_place: bool = False, knows: Callable[[str], bool] = _nobody
) -> Carries:
    """What `texts` carry together. `is_place`: they stand where the id belongs, so any other id is a wrong one.

    An id may be a run id, a trace id, also written as a UUID, or a traceparent; capitals do not matter. `knows` says
    of 16 digits whether they are the id of another run.
    """
    found = {_one(text.lower(), given, is_place, knows) for text in texts}
    return next((word for word in Carries if word in found), Carries.NONE)


def _one(text: str, given: Given, is_place: bool, knows: Callable[[str], bool]) -> Carries:
    found = {_of(each, given, knows) for each in ids_in(text)}
    if given.run_id and given.run_id in text and not found & {Carries.EARLIER, Carries.ANOTHER}:
        return Carries.OWN
    for word in (Carries.ANOTHER, Carries.EARLIER, Carries.OWN):
        if word in found:
            return word
    return Carries.UNKNOWN if is_place and text.strip() not in _NOTHING else Carries.NONE


def _of(found: str, given: Given, knows: Callable[[str], bool]) -> Carries:
    if found[:16] == given.run_id:
        delivery = next((number for number, trace in given.traces.items() if trace == found), None)
        is_now = delivery is None or given.under_way is None or delivery in given.under_way
        return Carries.OWN if is_now else Carries.EARLIER
    return Carries.ANOTHER if knows(found[:16]) else Carries.NONE
