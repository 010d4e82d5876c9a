"""Which run a mail belongs to: by its port, by what it says of itself, by what only one case knows."""

from __future__ import annotations

import re
from collections.abc import Iterator

from sluicegate.doubles.correlation import By
from sluicegate.doubles.runs import RUN_ID, Run, Runs
from sluicegate.frozen import frozen

__all__ = ["Mailed", "belonging"]

_BLANK = re.compile(rb"\r?\n\r?\n")
_HEADER = re.compile(rb"^x-sluicegate-run:[ \t]*([!-~]{1,100})[ \t]*\r?$", re.IGNORECASE | re.MULTILINE)
_TRACE = re.compile(
    rb"^traceparent:[ \t]*[0-9a-f]{2}-([0-9a-f]{16})[0-9a-f]{16}-[0-9a-f]{16}-[0-9a-f]{2}[ \t]*\r?$",
    re.IGNORECASE | re.MULTILINE,
)
_ADDRESS = re.compile(r"[^\s<>\"(),;:@]{1,256}@[^\s<>\"(),;:@]{1,256}")
_HEAD_LIMIT = 256_000


@frozen
class Mailed:
    """What a transaction tells of itself."""

    port: str | None = None
    """The run whose own port was called."""
    login: str | None = None
    helo: str = ""
    recipients: tuple[str, ...] = ()
    """As they were sent."""
    content: bytes = b""


def belonging(runs: Runs, mailed: Mailed) -> tuple[str | None, Run | None, By]:
    """The id of a run that it names, if any, the open run it belongs to, if any, and what said so.

    A mail that names two runs belongs to none; what fits two open runs fits none.
    """
    named = list(_named(runs, mailed))
    if len({run_id for run_id, _ in named}) > 1:
        return None, None, "nothing"
    if named:
        run_id, by = named[0]
        return run_id, runs.named(run_id), by
    if fitting := runs.marked(b"\0".join(_texts(mailed.content))):
        return (None, fitting[0], "canary") if len(fitting) == 1 else (None, None, "nothing")
    if fitting := [run for run in runs if _knows(run, mailed.recipients)]:
        return (None, fitting[0], "recipient") if len(fitting) == 1 else (None, None, "nothing")
    alone = runs.alone()
    return None, alone, "nothing" if alone is None else "lane"


def _named(runs: Runs, mailed: Mailed) -> Iterator[tuple[str, By]]:
    """Every run it names; what may be anything else, a trace or the name of a host, only where such a run is open."""
    if mailed.port is not None:
        yield mailed.port, "port"
    if mailed.login is not None and RUN_ID.fullmatch(mailed.login):
        yield mailed.login, "login"
    blank = _BLANK.search(mailed.content[:_HEAD_LIMIT])
    head = mailed.content[: blank.start() if blank is not None else _HEAD_LIMIT]
    for found in _HEADER.finditer(head):
        yield found[1].decode(), "header"
    for found in _TRACE.finditer(head):
        if runs.named(found[1].decode()) is not None:
            yield found[1].decode(), "traceparent"
    if runs.named(mailed.helo[:16]) is not None and mailed.helo[16:17] in ("", "."):
        yield mailed.helo[:16], "helo"


def _texts(content: bytes) -> Iterator[bytes]:
    """As sent, and decoded where a part says how it is encoded."""
    yield content
    if b"content-transfer-encoding:" not in content.lower():
        return
    from email import message_from_bytes

    try:
        for part in message_from_bytes(content).walk():
            if isinstance(decoded := part.get_payload(decode=True), bytes):
                yield decoded
    except Exception:  # noqa: BLE001 - a mail that no parser reads names nobody
        return


def _knows(run: Run, recipients: tuple[str, ...]) -> bool:
    """Whether one of the recipients is the case's own: expected there, or the one who wrote."""
    mail, expected = run.case.given.mail, run.case.expect.recipients or ()
    own = [*expected, *((mail.sender or "", *mail.reply_to) if mail is not None else ())]
    return not _addresses(own).isdisjoint(_addresses(recipients))


def _addresses(texts: list[str] | tuple[str, ...]) -> set[str]:
    return {found[0].casefold() for text in texts for found in _ADDRESS.finditer(text)}
