"""One cell of a source as a count, a flag or a number; never a guess."""

from __future__ import annotations

import math
import re
from decimal import Decimal, InvalidOperation

from sluicegate.checks.masking import masked
from sluicegate.sources.columns import Unit

__all__ = ["CellError", "flag", "identifier", "number", "said", "whole"]

_WHOLE = re.compile(r"[+-]?[0-9]{1,18}")
_POINT_NOUGHT = re.compile(r"([+-]?[0-9]+)\.0+")
_EXACT = 1 << 53
"""From here on a float stands for several whole numbers."""
_FLAGS = {"true": True, "t": True, "yes": True, "1": True, "false": False, "f": False, "no": False, "0": False}


class CellError(Exception):
    """A cell that cannot be used. `args` are what was seen and the mend."""


def whole(cell: object, name: str) -> int:
    """A count, 0 or more; 3.0 and true are none."""
    if type(cell) is str and _WHOLE.fullmatch(cell):
        cell = int(cell)
    if type(cell) is not int:
        what = f"{name} is missing." if cell is None else f"{name} is {said(cell)}; expected a whole number."
        raise CellError(what, "Record counts, not rates.")
    if not 0 <= cell < _EXACT:
        raise CellError(f"{name} is {said(cell)}; expected 0 or more.", "")
    return cell


def identifier(cell: object) -> str:
    """The id of a unit as one text, whatever the source makes of it: 7, 7.0 and "7" are one unit."""
    if isinstance(cell, bytes):
        return cell.hex()
    if cell is None or (isinstance(cell, str) and not cell.strip()):
        raise CellError("the unit has no id.", "Give each unit its id.")
    if isinstance(cell, bool) or not isinstance(cell, (str, int, float)):
        raise CellError(f"the id is {said(cell)}; expected text or a whole number.", "")
    if isinstance(cell, float):
        if not cell.is_integer() or abs(cell) >= _EXACT:
            mend = "Export ids as text or whole numbers."
            raise CellError(f"the id is the number {said(cell)}, which no two sources write alike.", mend)
        return str(int(cell))
    text = str(cell).strip()
    found = _POINT_NOUGHT.fullmatch(text)
    return found[1] if found else text


def flag(cell: object, name: str) -> bool:
    """True or false, or one of the words and digits that say so."""
    if isinstance(cell, bool):
        return cell
    answer = _FLAGS.get(str(cell).lower()) if isinstance(cell, (str, int)) else None
    if answer is None:
        raise CellError(
            f"{name} is {said(cell)}; expected true or false.", "A unit whose result is unknown is no unit."
        )
    return answer


def number(cell: object, unit: Unit) -> float:
    """A finite value in the unit of the metric: milliseconds, whole micro-dollars, or as it stands."""
    if cell is None:
        raise CellError("the value is missing.", "Map 'failed' to say that an attempt failed.")
    if isinstance(cell, bool) or not isinstance(cell, (str, int, float)):
        raise CellError(f"the value is {said(cell)}; expected a number.", "")
    try:
        # Decimal would also read 1_000 and digits of other scripts.
        exact = Decimal(str(cell) if str(cell).isascii() and "_" not in str(cell) else "")
    except InvalidOperation:
        raise CellError(f"the value is '{said(cell)}'; expected a number.", "") from None
    if not exact.is_finite() or not math.isfinite(float(exact)):
        raise CellError(f"the value is {said(cell)}, which is no number.", "Leave the row out, or map 'failed'.")
    if exact < 0 and unit is not Unit.NUMBER:
        raise CellError(f"the value is {said(cell)} {unit}; expected 0 or more.", "")
    return float(_scaled(exact, cell, unit))


def _scaled(exact: Decimal, cell: object, unit: Unit) -> Decimal:
    if unit is Unit.USD:
        # Prices of single tokens are finer than a micro-dollar; half to even, as sums of many stay true.
        return (exact * 1_000_000).to_integral_value()
    if unit is Unit.MICROUSD and exact != exact.to_integral_value():
        raise CellError(
            f"the value is {said(cell)} micro-dollars; expected a whole number.", "Is the column in dollars?"
        )
    return exact * 1000 if unit is Unit.S else exact


def said(value: object) -> str:
    """A cell as a fault may quote it: masked, printable, short."""
    return masked(str(value), 60)
