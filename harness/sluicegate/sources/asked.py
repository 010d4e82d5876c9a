"""What a running service, or a command, says of what serves: its version, commit or digest."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from pathlib import Path
from queue import Empty, SimpleQueue
from threading import Thread
from typing import IO

from sluicegate.errors import Fault, InputError, printable
from sluicegate.model import digest_bytes

__all__ = ["said_by_command", "said_by_service"]

_TIMEOUT_S = 10.0
_MAX_BYTES = 1_000_000
_TAIL = 1_000
"""Bytes of what a command complains of that are kept."""
_SHOWN = 100
_PAGES = ("text/html", "application/xhtml+xml")
_MARKS = (b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff")
"""Byte order marks: of UTF-8, and of UTF-16 both ways."""


def said_by_service(url: str, part: str) -> str:
    """What GET `url` answers now. Raises InputError when it does not answer in time with 200 and a text, no page."""
    # In a thread: a time-out of the socket begins anew with every byte, and a service may drip for ever.
    answers: SimpleQueue[bytes | str] = SimpleQueue()
    Thread(target=_ask, args=(url, answers), name="sluicegate-subject", daemon=True).start()
    try:
        answer = answers.get(timeout=_TIMEOUT_S)
    except Empty:
        answer = f"no whole answer within {_TIMEOUT_S:g} s"
    if isinstance(answer, str):
        mend = "Start the service, or correct the address: what serves has to be known."
        raise InputError(Fault(where=f"subject.{part}", what=f"{url} did not say: {answer.rstrip('.')}.", mend=mend))
    return _read(answer, url, part)


def _ask(url: str, answers: SimpleQueue[bytes | str]) -> None:
    """Put the body of an answer of 200, or why there is none."""
    # Imported here: most plans ask no service, and every start would pay for it.
    from http.client import HTTPException, IncompleteRead
    from urllib.request import HTTPRedirectHandler, ProxyHandler, Request, build_opener

    class Direct(HTTPRedirectHandler):
        """A login page somewhere else says nothing of the service."""

        def redirect_request(self, *args: object) -> None:
            return None

    try:
        request = Request(url, headers={"accept": "application/json, text/plain"})  # noqa: S310 - the plan takes http(s) only
        with build_opener(ProxyHandler({}), Direct()).open(request, timeout=_TIMEOUT_S) as answer:
            if answer.status != 200:  # 203 is a proxy's word, 204 and 206 are no whole answer
                answers.put(f"HTTP {answer.status}; expected 200")
                return
            if answer.headers.get_content_type() in _PAGES:
                answers.put(f"it answers with a page ({answer.headers.get_content_type()})")
                return
            raw: bytes = answer.read(_MAX_BYTES + 1)
            if len(raw) <= _MAX_BYTES and answer.length:
                raise IncompleteRead(raw, answer.length)
            answers.put(raw)
    except (OSError, HTTPException, ValueError) as error:
        # urllib wraps what the socket said; what it said is what a reader can act on.
        reason = getattr(error, "reason", None)
        said = str(reason.strerror or reason) if isinstance(reason, OSError) else str(error)
        answers.put(printable(said)[:200])


def said_by_command(argv: Sequence[str], part: str, base: Path) -> str:
    """What a command prints, run in the plan's folder. Raises InputError when it fails, or prints nothing."""
    shown = " ".join(argv)
    where, mend = f"subject.{part}", "Let it print a version, a commit or a digest, and exit with 0."
    try:
        process = subprocess.Popen(  # noqa: S603 - argument list, no shell; the plan's author named it
            list(argv), cwd=base, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE
        )
    except (OSError, ValueError) as error:
        raise InputError(Fault(where=where, what=f"'{shown}' cannot be asked: {error}.", mend=mend)) from None
    # In threads: a child of the command may keep its output open for ever, and so may what it prints.
    said: SimpleQueue[bytes] = SimpleQueue()
    complained: SimpleQueue[bytes] = SimpleQueue()
    for hear, stream, kept in ((_hear, process.stdout, said), (_hear_out, process.stderr, complained)):
        Thread(target=hear, args=(stream, kept), name="sluicegate-subject", daemon=True).start()
    try:
        raw = said.get(timeout=_TIMEOUT_S)
        if len(raw) > _MAX_BYTES:
            process.kill()
        code = process.wait(_TIMEOUT_S)
    except (Empty, subprocess.TimeoutExpired):
        process.kill()
        process.wait()
        what = f"'{shown}' cannot be asked: no answer in time."
        raise InputError(Fault(where=where, what=what, mend=mend)) from None
    if code != 0 and len(raw) <= _MAX_BYTES:
        last = printable(_last(complained).decode(errors="replace").strip()[-200:])
        raise InputError(Fault(where=where, what=f"'{shown}' exited with {code}. {last}".rstrip(), mend=mend))
    return _read(raw, f"'{shown}'", part)


def _hear(stream: IO[bytes], kept: SimpleQueue[bytes]) -> None:
    """Put the beginning of what is said, one byte more than may be at most."""
    with stream:
        kept.put(stream.read(_MAX_BYTES + 1))


def _hear_out(stream: IO[bytes], kept: SimpleQueue[bytes]) -> None:
    """Put the end of what is said, however long it is."""
    with stream:
        tail = b""
        while more := stream.read(_TAIL):
            tail = (tail + more)[-_TAIL:]
        kept.put(tail)


def _last(complained: SimpleQueue[bytes]) -> bytes:
    try:
        return complained.get(timeout=1.0)
    except Empty:
        return b""


def _read(raw: bytes, said_by: str, part: str) -> str:
    """A short line as it stands, anything else as its digest."""
    text = raw.strip()
    if objection := _objection(raw, text):
        mend = "Let it say a version, a commit or a digest as plain text or JSON."
        raise InputError(Fault(where=f"subject.{part}", what=f"{said_by} {objection}.", mend=mend))
    if len(text) <= _SHOWN and text.isascii() and text.decode().isprintable():
        return text.decode()
    return f"sha256:{digest_bytes(text)}"


def _objection(raw: bytes, text: bytes) -> str:
    """Why this is nobody's version; empty where it may be one."""
    if not text:
        return "said nothing"
    if len(raw) > _MAX_BYTES:
        return "said more than a version"
    if text.startswith(_MARKS):
        return "begins with a byte order mark, which is part of no version"
    if text.startswith(b"<"):
        return "answered with a page"
    try:
        text.decode()
    except UnicodeDecodeError:
        return "answered with something that is no UTF-8 text"
    return "" if b"\0" not in text else "answered with something that is no text"
