"""What a plain YAML scalar means, and which ones mean different things to different readers."""

from __future__ import annotations

import re

__all__ = ["plain_value", "surprise"]

_CONSTANTS: dict[str, bool | None] = {"": None, "~": None, "null": None, "Null": None, "NULL": None} | {
    word: truth for truth, words in ((True, "true True TRUE"), (False, "false False FALSE")) for word in words.split()
}
_INTEGER = re.compile(r"[-+]?[0-9]+")
_DECIMAL = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?")
_TRUTH_1_1 = re.compile(r"(?i:yes|on|no|off)")
_SEXAGESIMAL = re.compile(r"[-+]?[0-9][0-9_]*(?::[0-5]?[0-9])+(?:\.[0-9_]*)?")
_PADDED = re.compile(r"[-+]?0[0-9_]+")
_BASED = re.compile(r"[-+]?0[xob][0-9a-fA-F_]+")
_GROUPED = re.compile(r"[-+]?[0-9][0-9_]*_[0-9_]*(?:\.[0-9_]*)?")
_NOT_FINITE = re.compile(r"(?i:[-+]?\.inf|\.nan)")


def plain_value(text: str, *, plain: bool) -> bool | int | float | str | None:
    """The value of a scalar under the YAML 1.2 core schema."""
    if not plain:
        return text
    if text in _CONSTANTS:
        return _CONSTANTS[text]
    if _INTEGER.fullmatch(text):
        return int(text) if len(text) <= 300 else text
    if _DECIMAL.fullmatch(text):
        number = float(text)
        return number if abs(number) != float("inf") else text
    return text


def surprise(text: str) -> tuple[str, str] | None:
    """What YAML readers disagree about in a plain scalar, and the mend."""
    if _TRUTH_1_1.fullmatch(text):
        truth = "true" if text.lower() in {"yes", "on"} else "false"
        what = f"'{text}' is a truth value to YAML 1.1 and text to YAML 1.2."
        return what, f'Write {truth}, or quote it: "{text}".'
    return None if text[0] not in "+-.0123456789" else _numeric_surprise(text)


def _numeric_surprise(text: str) -> tuple[str, str] | None:
    if _SEXAGESIMAL.fullmatch(text):
        return f"'{text}' is a number in base 60 to YAML 1.1 and text to YAML 1.2.", f'Quote it: "{text}".'
    if _PADDED.fullmatch(text):
        digits = text.replace("_", "").lstrip("+-0") or "0"
        return f"'{text}' is octal to YAML 1.1 and decimal to YAML 1.2.", f'Write {digits}, or quote it: "{text}".'
    if _BASED.fullmatch(text):
        return f"'{text}' is a number to some YAML readers and text to others.", "Write it in decimal, or quote it."
    if _GROUPED.fullmatch(text):
        return f"'{text}' is a number to YAML 1.1 and text to YAML 1.2.", f"Write {text.replace('_', '')}, or quote it."
    if _NOT_FINITE.fullmatch(text):
        return f"'{text}' is not a finite number.", "Write a number."
    return None
