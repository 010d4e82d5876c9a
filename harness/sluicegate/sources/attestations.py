"""What a person vouches for: an audit passed, feedback reviewed, a drill done, an approval given."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from datetime import datetime
from typing import Any

from sluicegate.checks.masking import mask_secrets, masked
from sluicegate.errors import Fault, InputError, nearest, printable
from sluicegate.ledger import Attestation
from sluicegate.model import Json, parse_time, rfc3339

__all__ = ["attestation_of", "is_left_open"]

_MAX_TEXT = 2_000


def attestation_of(given: Mapping[str, Json], where: str, *, now: datetime) -> Attestation:
    """An attestation from named texts; `at` defaults to now. Raises InputError with every fault found."""
    known = [item.name for item in fields(Attestation)]
    faults = [
        Fault(where=where, what=f"has an unknown key '{key}'.", mend=nearest(str(key), known))
        for key in given
        if key not in known
    ]
    texts = {name: _text(given.get(name), name, where, faults) for name in known}
    faults += [
        Fault(where=where, what=f"lacks '{name}'.", mend=f"Say {asked}.")
        for name, asked in _ASKED.items()
        if given.get(name) is None
    ]
    at = _time(texts["at"], "at", where, faults) or now
    expires = _time(texts["expires"], "expires", where, faults)
    faults += [
        Fault(where=where, what=f"'{name}' is '{said}', a place that was left open.", mend=f"Say {asked}.")
        for name, asked in _ASKED.items()
        if (said := texts[name]) is not None and is_left_open(said)
    ]
    if at > now:
        faults.append(Fault(where=where, what=f"'at' {texts['at']} lies in the future.", mend="Attest what was done."))
    if expires is not None and expires <= at:
        faults.append(Fault(where=where, what=f"'expires' {texts['expires']} is not after 'at'.", mend=""))
    if faults:
        raise InputError(faults)
    times: dict[str, Any] = {"at": rfc3339(at), "expires": None if expires is None else rfc3339(expires)}
    return Attestation(**{**texts, **times})


def is_left_open(text: str) -> bool:
    """Whether it says no more than the place where somebody was to write: `…`, `NAME`, `<who>`."""
    said = text.strip()
    return not said.strip(".…?_-") or said in _PLACES or (said[0] == "<" and said[-1] == ">")


_PLACES = ("NAME", "WHO", "TEXT", "REASON", "STATEMENT")
_ASKED = {"name": "which attestation the plan asks for", "by": "who attests", "statement": "what was done or seen"}


def _text(value: Json, name: str, where: str, faults: list[Fault]) -> str | None:
    if value is None:
        return None
    if not isinstance(value, str):
        faults.append(Fault(where=where, what=f"'{name}' is {masked(repr(value))}; expected text."))
    elif not value.strip():
        faults.append(Fault(where=where, what=f"'{name}' is empty."))
    elif len(value) > _MAX_TEXT:
        what = f"'{name}' has {len(value):,} characters; at most {_MAX_TEXT:,}."
        faults.append(Fault(where=where, what=what, mend="Attest the digest of the document instead."))
    elif printable(value) != value:
        what = f"'{name}' holds characters that do not print: {masked(value)}."
        faults.append(Fault(where=where, what=what, mend="Write plain text."))
    else:
        return mask_secrets(value.strip(), mails=name == "statement")
    return None


def _time(text: str | None, name: str, where: str, faults: list[Fault]) -> datetime | None:
    if text is None:
        return None
    try:
        return parse_time(text)
    except ValueError:
        what = f"'{name}' is '{text}'; expected an RFC 3339 time with a zone."
        faults.append(Fault(where=where, what=what, mend="Write it like 2026-01-29T14:00:00Z."))
        return None
