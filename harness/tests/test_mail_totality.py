"""The judge is total: no bytes make it raise or hang, and what it says of them can be shown."""

from __future__ import annotations

import gc
import os
import random
from time import process_time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sluicegate.mail.invariants import Allowed, Envelope, broken
from sluicegate.mail.parts import parts
from sluicegate.mail.wire import read

RULES = (
    Allowed(
        recipients=("a@b.test",), sender="s@b.test", header_names=("From", "To", "Subject"), sentinel="X-Tail", parts=1
    ),
    Allowed(recipients=None, required=()),
    Allowed(recipients=(), smtputf8=True, messages=0),
)
PIECES = [
    b"\r\n",
    b"\n",
    b"\r",
    b"\0",
    b" ",
    b"\t",
    b":",
    b";",
    b",",
    b"<",
    b">",
    b"@",
    b'"',
    b"(",
    b")",
    b"\\",
    b"[",
    b"]",
    b"--",
    b"*",
    b"'",
    b"=?utf-8?q?",
    b"?=",
    b"=?x?b?",
    b"=0D=0A",
    b"To: ",
    b"From: ",
    b"Bcc : ",
    b"Subject: ",
    b"a@b.test",
    b"xn--",
    b"%e2",
    b"Content-Type: multipart/mixed; boundary=x\r\n",
    b"message/rfc822",
    b"boundary=",
    b"filename*0*=utf-8''%",
    b"name=",
    b"charset=utf-7",
    b"charset=idna",
    b"Content-Transfer-Encoding: base64\r\n",
    b"\r\n.\r\n",
    b"\xff",
    b"\xed\xa0\x80",
    b"\xe2\x80\xa8",
    b"\x85",
    b"\x0c",
    "\u202e".encode(),
    "é".encode(),
    "\U000e0041".encode(),
]
SEEDS = [
    (
        b"From: A <a@b.test>\r\nTo: b@c.test\r\nSubject: =?utf-8?q?x?=\r\n y\r\nMIME-Version: 1.0\r\n"
        b"Content-Type: text/plain\r\n\r\nhello\r\n"
    ),
    (
        b'To: "x, y" <a@b.test>, g: c@d.test;\r\nContent-Type: multipart/mixed; boundary="x"\r\n\r\n--x\r\n'
        b"Content-Disposition: attachment; filename*0*=utf-8''a; filename*1=\"b\"\r\n\r\nx\r\n--x\r\n"
        b"Content-Type: message/rfc822\r\n\r\nSubject: z\r\n\r\nq\r\n--x--\r\n"
    ),
]


def judged(data: bytes, turn: int) -> None:
    envelope = Envelope(
        mail_from=data[:40].decode("utf-8", "surrogateescape"), rcpt=tuple(data[40:120].decode("latin-1").split(","))
    )
    message = read(data)
    for one in broken(envelope, message, RULES[turn % 3]):
        assert one.invariant in {"I1", "I2", "I3", "I4", "I5", "I6", "I7"}
        assert one.witness.isprintable()
    for part in parts(message):
        assert isinstance(part.text, str)


@settings(max_examples=300)
@given(st.binary(max_size=200) | st.lists(st.sampled_from(PIECES), max_size=40).map(b"".join), st.integers(0, 2))
def test_any_bytes_are_judged(data, turn):
    """Random bytes, and bytes made of all that means something in a mail."""
    judged(data, turn)


@pytest.mark.slow
def test_mutated_mails_are_judged():
    """A mail with pieces put in, cut out and doubled; SLUICEGATE_MUTATIONS says how many."""
    chance = random.Random(7)
    for turn in range(int(os.environ.get("SLUICEGATE_MUTATIONS", "5000"))):
        data = bytearray(chance.choice(SEEDS))
        for _ in range(chance.randint(1, 6)):
            at = chance.randint(0, len(data))
            data[at : at + chance.choice((0, 0, 1, 5, 40))] = chance.choice(PIECES)
        judged(bytes(data), turn)


HOSTILE = {
    "names": b"To:\r\n" * 12_000,
    "folds": b"Subject: x" + b"\r\n x" * 20_000,
    "blank folds": b"Subject: x" + b"\r\n " * 20_000,
    "recipients": b"To: " + b"a@b.test," * 8_000,
    "open quotes": b'To: "' + b'\\"' * 30_000,
    "open comments": b"To: " + b"(" * 60_000,
    "angles": b"To: " + b"<@a," * 15_000,
    "words": b"Subject: " + b"=?a?q?b?= " * 6_000,
    "open words": b"Subject: " + b"=?" * 30_000,
    "parameters": b"Content-Type: a/b" + b"; name*0*=x" * 6_000,
    "boundaries": b"Content-Type: multipart/mixed; boundary=x\r\n\r\n" + b"--x\r\n" * 12_000,
    "nesting": b"Content-Type: message/rfc822\r\n\r\n" * 2_000,
    "carriage returns": b"\r" * 60_000,
    "line feeds": b"\n" * 60_000,
    "long line": b"x" * 60_000,
    "dots": b"\r\n" + b"\n." * 30_000,
}


@pytest.mark.parametrize("data", HOSTILE.values(), ids=HOSTILE)
def test_no_mail_takes_longer_than_its_length_allows(data):
    """Four times the bytes take about four times as long."""

    def taken(mail: bytes) -> float:
        best = 60.0
        gc.disable()  # a collection looks at all that other tests left, and says nothing of this mail
        try:
            for _ in range(2):
                began = process_time()
                judged(mail, 1)
                best = min(best, process_time() - began)
        finally:
            gc.enable()
        return best

    assert taken(data) < 11 * max(taken(data[: len(data) // 4]), 0.02)  # quadratic would be sixteen
