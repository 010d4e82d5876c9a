"""`faults:` and `doubles:` of a load profile: what the doubles do wrong while load runs, and how long they take."""

from __future__ import annotations

from fractions import Fraction

from sluicegate.model import Fault
from sluicegate.model.load import Spell
from sluicegate.plan.document import SequenceNode
from sluicegate.plan.table import Table, said
from sluicegate.plan.units import duration, share

__all__ = ["MEDIAN_KEYS", "SPELL_KEYS", "read_medians", "read_spells"]

MEDIAN_KEYS = ("model", "tool", "retriever")

SPELL_KEYS = (
    "kind",
    "target",
    "model",
    "from",
    "until",
    "share",
    "status",
    "delay",
    "gap",
    "retry_after",
)
_EXAMPLE = "faults: [{kind: rate_limit, from: 5 s, until: 10 s, retry_after: 500 ms}]"
_LONGEST_S = 7 * 86_400


def read_spells(profile: Table, key: str = "faults") -> tuple[Spell, ...]:
    """The spells of a profile, each with its beginning and its end. Which double can play which is asked later."""
    node = profile.node(key)
    if node is None:
        return ()
    if not isinstance(node, SequenceNode) or not node.items:
        profile.fault(key, f"'{key}' is {said(node)}; expected a list of faults.", f"Write {_EXAMPLE}.")
        return ()
    label = f"{profile.label}: {key}"
    tables = [Table(item, f"{label}[{index}]", profile.faults, SPELL_KEYS) for index, item in enumerate(node.items)]
    return tuple(_spell(table) for table in tables if table.is_mapping)


def read_medians(profile: Table, key: str = "doubles") -> dict[str, float]:
    """`doubles: {model: 800 ms}`: median answer times in milliseconds, by the double that takes so long."""
    table = profile.table(key, MEDIAN_KEYS)
    if table is None:
        return {}
    found = {name: _milliseconds(table, name) for name in MEDIAN_KEYS if name in table}
    return {name: value for name, value in found.items() if value is not None}


def _spell(table: Table) -> Spell:
    table.needs("kind", "Write e.g. kind: rate_limit.")
    table.needs("until", "Say when it is over: until: 10 s after the load began.")
    from_s, until_s = _seconds(table, "from") or 0.0, _seconds(table, "until")
    if until_s is not None and until_s <= from_s:
        table.fault("until", f"ends at {until_s:g} s, and begins at {from_s:g} s.", "Let it end later than it begins.")
    met = table.parsed("share", share)
    if met is not None and not 0 < met <= 1:
        table.fault("share", f"'share' is {float(met):.0%} of the calls.", "Write above 0 %, and 100 % at most.")
    fault = Fault(
        kind=table.text("kind"),
        target=table.text("target", "model"),
        model=table.optional_text("model"),
        status=table.optional_whole("status", low=500, high=599),
        delay_ms=_milliseconds(table, "delay"),
        gap_ms=_milliseconds(table, "gap"),
        retry_after_s=_seconds(table, "retry_after"),
    )
    return Spell(fault=fault, from_s=from_s, until_s=until_s or 0.0, share=float(1 if met is None else met))


def _seconds(table: Table, key: str) -> float | None:
    value = table.parsed(key, duration)
    if value is None:
        return None
    if not 0 <= value <= _LONGEST_S:
        table.fault(key, f"'{key}' is {float(value):g} s; expected 0 s to 7 days.")
        return None
    return float(value)


def _milliseconds(table: Table, key: str) -> float | None:
    value = _seconds(table, key)
    return None if value is None else float(Fraction(value) * 1000)
