"""Whether recordings overlap in time without saying which rows are one unit."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import compress

from sluicegate.errors import printable
from sluicegate.gate.distinct import Columns, Span
from sluicegate.gate.wording import count_of
from sluicegate.model import NotMeasured

__all__ = ["unclear"]

_Reach = tuple[int, int, bool]
"""First and last time, and whether every row has an id."""


def unclear(columns: Columns, grouped: Mapping[str, Sequence[Span]]) -> NotMeasured | None:
    """Why some rows may be units counted already; None when all are shown to be distinct."""
    if columns.conflicts:
        disagreeing = len(columns.conflicts)
        said = f"{count_of(disagreeing, 'unit')} {'is' if disagreeing == 1 else 'are'}"
        reason = f"{said} recorded with different results or sizes"
        mend = "Both records stay for this subject: serve a new one, and record each unit once its result is final"
        return NotMeasured(reason=reason, mend=f"{mend} (--until leaves out an hour that still fills).")
    if all(span.named for spans in grouped.values() for span in spans):
        return None
    grouped = _by_naming(grouped)
    if len(grouped) < 2:
        return None
    reaches = {source: _reaches(columns, spans) for source, spans in grouped.items()}
    if not _touch([reach for each in reaches.values() for reach in _whole_reach(each)]):
        return None
    for one, other in _pairs(reaches):
        if _overlap(reaches[one], reaches[other]):
            names = sorted(_shown(grouped[source]) for source in (one, other))
            said = " and ".join(names if names[0] != names[1] else [f"two files named {names[0]}"])
            return NotMeasured(
                reason=f"{said} overlap in time without unit ids: their units cannot be told apart",
                mend="Record both files again, under the same names, with --column id=NAME.",
            )
    return None


def _by_naming(grouped: Mapping[str, Sequence[Span]]) -> dict[str, list[Span]]:
    """A source that was recorded with ids and without is two: nothing says which row is which unit."""
    found: dict[str, list[Span]] = {}
    for source, spans in grouped.items():
        for span in spans:
            found.setdefault(f"{source}\0{span.named}", []).append(span)
    return found


def _whole_reach(reaches: Mapping[tuple[int, bool], _Reach]) -> list[_Reach]:
    """From the first to the last row of a source; nothing where it has none left."""
    if not reaches:
        return []
    return [(min(first for first, _, _ in reaches.values()), max(last for _, last, _ in reaches.values()), False)]


def _touch(reaches: list[_Reach]) -> bool:
    """Whether any two stretches of time do."""
    latest: int | None = None
    for first, last, _ in sorted(reaches):
        if latest is not None and first <= latest:
            return True
        latest = last
    return False


def _pairs(reaches: Mapping[str, object]) -> Iterator[tuple[str, str]]:
    ordered = sorted(reaches)
    return ((one, other) for place, one in enumerate(ordered) for other in ordered[place + 1 :])


def _reaches(columns: Columns, spans: Sequence[Span]) -> dict[tuple[int, bool], _Reach]:
    """The stretch of time of each slice, apart for rows with an id and without."""
    series, reaches = columns.series, dict[tuple[int, bool], _Reach]()
    for span in spans:
        place = slice(span.start, span.stop)
        marks = columns.dropped[place].translate(_TURNED)
        named = span.named
        for index, at in compress(zip(series.slice_index[place], series.at_us[place], strict=True), marks):
            first, last, _ = reaches.get((index, named), (at, at, named))
            reaches[index, named] = (min(first, at), max(last, at), named)
    return reaches


def _overlap(one: Mapping[tuple[int, bool], _Reach], other: Mapping[tuple[int, bool], _Reach]) -> bool:
    """Whether some row of one, of the same slice or of none, may be a row of the other."""
    return any(
        begin <= last and first <= end and not (named and also)
        for (index, _), (begin, end, named) in one.items()
        for (place, _), (first, last, also) in other.items()
        if index == place or min(index, place) < 0
    )


def _shown(spans: Sequence[Span]) -> str:
    return printable(min(span.upload.source.partition("\0")[0] for span in spans))


_TURNED = bytes([1]) + bytes(255)
"""Translates 'left out' into 'kept'."""
