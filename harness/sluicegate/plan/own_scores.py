"""`score:` of a plan's own metric: which scorer, what it reads, and from where on a proportion holds."""

from __future__ import annotations

import re
from fractions import Fraction

from sluicegate.errors import InputError, nearest
from sluicegate.model.paths import parse_path
from sluicegate.plan.document import ScalarNode
from sluicegate.plan.scoring import BUILT_IN_SCORERS, ScoreSpec
from sluicegate.plan.table import Table
from sluicegate.plan.types import MetricKind
from sluicegate.plan.units import UnitError, share

__all__ = ["SCORE_KEYS", "read_score"]

SCORE_KEYS = ("by", "field", "expected", "tolerance", "fields", "passes")
_OWN = re.compile(r"[A-Za-z_][\w.]*:[A-Za-z_][\w.]*")
_OF = {"tolerance": "numeric", "fields": "fields"}
"""Keys that belong to one scorer."""


def read_score(table: Table, kind: MetricKind) -> ScoreSpec | None:
    """`score: exact`, `score: my.module:metric`, or a mapping with `by`."""
    node = table.node("score")
    if isinstance(node, ScalarNode):
        by = table.text("score")
        return ScoreSpec(by=by) if _is_known(table, "score", by) else None
    settings = table.table("score", SCORE_KEYS)
    if settings is None or not settings.is_mapping:
        return None
    settings.needs("by", f"Write one of {', '.join(BUILT_IN_SCORERS)}, or module:attribute.")
    by = settings.text("by")
    if not by or not _is_known(settings, "by", by):
        return None
    for key in ("field", "expected", *_OF):
        if key in settings and (":" in by or _OF.get(key, by) != by):
            settings.fault(key, f"'{key}' says nothing to {by}.", "Remove it.")
    if "passes" in settings and kind is not MetricKind.PROPORTION:
        settings.fault("passes", f"'passes' belongs to a proportion, and this is {kind.value}.", "Remove it.")
    for key in ("field", "expected"):
        _check_path(settings, key, settings.optional_text(key))
    fields = settings.texts("fields", example="fields: [order, customer.name]", repeated=True)
    for name in fields:
        _check_path(settings, "fields", name)
    tolerance, relative = settings.parsed("tolerance", _tolerance) or (Fraction(0), False)
    passes = settings.parsed("passes", share)
    return ScoreSpec(
        by=by,
        field=settings.optional_text("field"),
        expected=settings.optional_text("expected"),
        tolerance=tolerance,
        relative=relative,
        fields=fields,
        passes=Fraction(1) if passes is None else passes,
    )


def _is_known(table: Table, key: str, by: str) -> bool:
    if by in BUILT_IN_SCORERS or _OWN.fullmatch(by):
        return True
    known = f"Write one of {', '.join(BUILT_IN_SCORERS)}, or module:attribute."
    # Nothing here knows what a text means; who wants that names a callable of their own.
    mend = "Write words (it compares words, not meaning), or module:attribute." if by == "semantic" else ""
    table.fault(key, f"'{by}' is no scorer.", mend or nearest(by, BUILT_IN_SCORERS) or known)
    return False


def _check_path(table: Table, key: str, path: str | None) -> None:
    if path is None:
        return
    try:
        parse_path(path)
    except InputError as error:
        table.fault(key, error.faults[0].what, error.faults[0].mend)


def _tolerance(text: str) -> tuple[Fraction, bool]:
    """`0.01`, or `5 %` of the expected number. Raises UnitError."""
    found = re.fullmatch(r"([0-9]{1,12}(?:\.[0-9]{1,9})?)\s*(%|percent)?", text.strip())
    if found is None:
        raise UnitError(f"'{text}' is no tolerance.", "Write 0.01, or 5 % of the expected number.")
    return (Fraction(found[1]) / 100, True) if found[2] else (Fraction(found[1]), False)
