"""`prices:` of a plan: what a model's tokens cost, and which models are the expert ones."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction

from sluicegate.plan.document import Entry
from sluicegate.plan.table import Faults, Table
from sluicegate.plan.types import ModelPrice, Scale
from sluicegate.plan.units import UnitError, amount

__all__ = ["PRICE_KEYS", "read_prices"]

PRICE_KEYS = ("input", "output", "cached", "expert")
_EXAMPLE = "{input: $0.15, output: $0.60}"


def read_prices(table: Table | None) -> Mapping[str, ModelPrice]:
    """`prices:`: model name to dollars per million tokens; without `input` and `output`, what the table says."""
    if table is None:
        return {}
    return {name: _price(name, entry, table.faults) for name, entry in table.items()}


def _price(name: str, entry: Entry, faults: Faults) -> ModelPrice:
    table = Table(entry.node, f"price of '{name}'", faults, PRICE_KEYS)
    priced = [key for key in ("input", "output") if key in table]
    if len(priced) == 1 or ("cached" in table and not priced):
        table.fault(None, "lacks a side: input and output are priced together.", f"Write {name}: {_EXAMPLE}.")
    if table.is_mapping and not list(table):
        table.fault(None, "is empty.", f"Write {name}: {_EXAMPLE}.")
    return ModelPrice(
        input=_dollars(table, "input"),
        output=_dollars(table, "output"),
        cached=_dollars(table, "cached"),
        expert=table.flag("expert"),
    )


def _dollars(table: Table, key: str) -> Fraction | None:
    """Dollars per million tokens, which are as many micro-dollars a token."""
    value = table.parsed(key, _per_million)
    if value is not None and value < 0:
        table.fault(key, f"'{key}' is below zero.", "Write dollars per million tokens: $0.15.")
        return None
    return value


def _per_million(text: str) -> Fraction:
    try:
        return amount(text, Scale.MICROUSD) / 1_000_000
    except UnitError as fault:
        raise UnitError(fault.what, "Write dollars per million tokens: $0.15.") from None
