"""Which cases are a plain mail: of those, and of no others, suites make cases of their own."""

from __future__ import annotations

import re
from collections.abc import Iterator

from sluicegate.model import Case, Mail

__all__ = ["is_template", "not_plain", "own_address", "was_made"]


def is_template(case: Case) -> bool:
    """Whether a case is a plain mail with one answer to expect."""
    return case.given.mail is not None and next(_bars(case), None) is None


def not_plain(case: Case) -> str:
    """What keeps a case with a mail from being one that attacks are made of, as the case file says it; else empty."""
    if case.given.mail is None:
        return ""
    return next(_bars(case), "") or ("given.model" if case.given.model is not None else "")


def was_made(case: Case) -> bool:
    """Whether a suite made it of another case, as its id and tags say: an attack, a clean mail, planted data."""
    words = tuple(f"{tag}-" for tag in case.tags[:2])
    return case.tags[:1] in _MADE and _MADE_ID.fullmatch(case.id) is not None and case.id.startswith(words)


def _bars(case: Case) -> Iterator[str]:
    """What a case with a mail says besides, of which no other mail can be made."""
    given, mail = case.given, case.given.mail
    named = ("faults", "inputs", "at_once", "crash_after_write", "flags")
    yield from (f"given.{name}" for name in named if getattr(given, name))
    if given.times != 1:
        yield "given.deliveries"
    if mail is None or not mail.body:
        yield "a mail without a body"
    if mail is None or own_address(mail) is None:
        yield "a mail without one sender's address"
    if case.input is not None:
        yield "input"
    if case.expect.outcome not in (None, "answer"):
        yield f"expect.outcome: {case.expect.outcome}"
    if case.expect.canaries:
        yield "expect.canaries"
    if any(snippet.poisoned for snippet in given.snippets):
        yield "a poisoned snippet"
    if given.model is not None and given.model.tool_calls:
        yield "given.model.tool_calls"


def own_address(mail: Mail) -> str | None:
    """The bare address of who wrote; None where it cannot be told without doubt."""
    found = _SENDER.fullmatch(mail.sender or "")
    return (found[1] or found[2]) if found else None


_SENDER = re.compile(r"[^<>@,;\"()]*<([^\s<>@,;\"()]+@[\w.\-]+)>|([^\s<>@,;\"()]+@[\w.\-]+)")
_MADE = (("attack",), ("clean",), ("pii",))
_MADE_ID = re.compile(r"[\w-]+-[0-9a-f]{8}")
