"""What model calls cost: the plan's own prices, else the installed price table; each request in whole micro-dollars.

A request is priced exactly and rounded up, a part of a micro-dollar counting whole; then requests are summed. So a sum
is never less than what was spent, and never more than one micro-dollar a request above it.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from fractions import Fraction
from functools import cache, lru_cache
from hashlib import sha256
from math import ceil, lcm
from pathlib import Path

from sluicegate.checks.check import PriceOf
from sluicegate.model import parse_time
from sluicegate.plan.types import ModelPrice

__all__ = ["how_to_price", "price_table", "prices_of"]

_PACKAGE = "genai_prices"


def prices_of(own: Mapping[str, ModelPrice]) -> PriceOf:
    """The price of a request by model name, in micro-dollars; None for a model nobody has a price for.

    The table knows models by their names and dated snapshots, and what they cost at the time of the request (`at`, RFC
    3339); without a time, what they cost now.
    """
    known = {name: _in_wholes(price) for name, price in own.items()}

    def price_of(
        model: str, input_tokens: int, output_tokens: int, *, cached_tokens: int = 0, at: str | None = None
    ) -> int | None:
        rates = known.get(model)
        if rates is None:
            return _by_table(model, input_tokens, output_tokens, cached_tokens, None if at is None else _minute(at))
        fresh, cached, output, whole = rates
        return -(-((input_tokens - cached_tokens) * fresh + cached_tokens * cached + output_tokens * output) // whole)

    return price_of


def _in_wholes(price: ModelPrice) -> tuple[int, int, int, int] | None:
    """Input, cached and output rate as multiples of a common part of a micro-dollar, and how many parts are one."""
    if price.input is None or price.output is None:
        return None
    rates = (price.input, price.input if price.cached is None else price.cached, price.output)
    whole = lcm(*(rate.denominator for rate in rates))
    fresh, cached, output = (int(rate * whole) for rate in rates)
    return fresh, cached, output, whole


def how_to_price(model: str) -> str:
    """What to do about a model without a price: the line to type."""
    own = f"Write in the plan: prices: {{{model}: {{input: $…, output: $…}}}} (dollars per million tokens)"
    return f"{own}." if price_table() is not None else f"{own}, or run: pip install 'sluicegate[prices]'"


@cache
def price_table() -> str | None:
    """Version and digest of the installed price table, or None. It is a part of what measures."""
    from importlib.metadata import PackageNotFoundError, version
    from importlib.util import find_spec

    found = find_spec(_PACKAGE)
    if found is None or found.origin is None:
        return None
    try:
        named = version(_PACKAGE)
    except PackageNotFoundError:
        named = "unknown"
    content = Path(found.origin).with_name("data.py").read_bytes()
    return f"{_PACKAGE} {named} sha256:{sha256(content).hexdigest()}"


@lru_cache(maxsize=4096)
def _by_table(
    model: str, input_tokens: int, output_tokens: int, cached_tokens: int, when: datetime | None
) -> int | None:
    try:
        from genai_prices import Usage, calc_price
    except ImportError:
        return None
    usage = Usage(input_tokens=input_tokens, output_tokens=output_tokens, cache_read_tokens=cached_tokens or None)
    try:
        dollars = calc_price(usage, model_ref=model, genai_request_timestamp=when).total_price
    except (LookupError, ValueError):
        return None
    return ceil(Fraction(dollars) * 1_000_000)


def _minute(at: str) -> datetime:
    """Prices change by the day, some by the hour; never within a minute."""
    return parse_time(at).replace(second=0, microsecond=0)
