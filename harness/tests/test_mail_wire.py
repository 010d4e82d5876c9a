"""Headers by four readers: an honest mail is the same for all of them, every trick with line ends divides them."""

from __future__ import annotations

import pytest

from sluicegate.mail.wire import READERS, escaped, read, unfolded

HONEST = b"From: a@b.test\r\nTo: c@d.test\r\nSubject: one\r\n two\r\n\tthree\r\n\r\nbody\r\n"


@pytest.mark.parametrize(
    "data",
    [
        HONEST,
        b"",
        b"\r\n",
        b"\r\nonly a body\r\n",
        b"Subject: no body",
        b"Subject:\r\n\r\n",
        b"X-Long: " + b" ".join([b"word"] * 200).replace(b"d wordword", b"d\r\n word") + b"\r\n\r\n",
        "Subject: Grüße \U0001f389 会議\r\nTo: ü@münchen.test\r\n\r\n".encode(),
        "Subject: Å\r\n\r\n".encode(),  # its second byte is NEL in Latin-1
        b"Subject: a\r\n\r\nBcc: in the body\n.\n",
        b"DKIM-Signature: v=1; a=rsa-sha256; b=abc\r\n\tdef==\r\nReceived: from x (y)\r\n\tby z; Tue\r\n\r\n",
    ],
)
def test_an_honest_header_block_is_the_same_for_every_reader(data):
    """Folding, colons in values, raw UTF-8 and anything in the body divide nobody."""
    message = read(data)

    assert message.agreed
    assert [reading.reader for reading in message.readings] == list(READERS)


@pytest.mark.parametrize(
    ("value", "who"),
    [
        (b"Hi\nBcc: x@y.test", {"crlf"}),
        (b"Hi\rBcc: x@y.test", {"crlf", "lf"}),
        (b"Hi\r\r\nBcc: x@y.test", {"stdlib", "splitlines"}),
        (b"Hi\x0bBcc: x@y.test", {"splitlines"}),
        (b"Hi\x0cBcc: x@y.test", {"splitlines"}),
        (b"Hi\x1cBcc: x@y.test", {"splitlines"}),
        (b"Hi\x1dBcc: x@y.test", {"splitlines"}),
        (b"Hi\x1eBcc: x@y.test", {"splitlines"}),
        (b"Hi\xc2\x85Bcc: x@y.test", {"splitlines"}),
        (b"Hi\xe2\x80\xa8Bcc: x@y.test", {"splitlines"}),
        (b"Hi\xe2\x80\xa9Bcc: x@y.test", {"splitlines"}),
        (b"Hi\r\nBcc : x@y.test", {"stdlib"}),
        (b"Hi\r\nno field", {"stdlib"}),
        (b"Hi\n\nbody", {"lf", "stdlib", "splitlines"}),
        (b"Hi\r\rbody", {"stdlib", "splitlines"}),
    ],
)
def test_a_line_end_that_only_some_readers_know_divides_them(value, who):
    """Who sees other names, or another end, than the majority or the strict reader is told apart."""
    message = read(b"From: a@b.test\r\nSubject: " + value + b"\r\nX-Tail: end\r\n\r\nbody\r\n")

    assert not message.agreed
    strict = message.readings[0]
    if "crlf" in who:
        assert b"bcc" not in strict.names
        assert any(b"bcc" in reading.names for reading in message.readings)
    else:
        assert {one.reader for one in message.readings if one.names != strict.names or one.early or one.failed} == who


@pytest.mark.parametrize("value", [b"Hi\n\nbody", b"Hi\r\rbody", b"Hi\x0b\x0bbody"])
def test_an_end_of_the_headers_that_only_some_see_divides_them(value):
    """The names are the same for all; what follows is body for some and header for others."""
    message = read(b"From: a@b.test\r\nSubject: " + value + b"\r\n\r\n")

    assert len({reading.names for reading in message.readings}) == 1
    assert not message.agreed


def test_a_header_keeps_its_bytes_its_name_in_lower_case_and_its_place():
    """What stands there can be shown as it stands."""
    message = read(b"From: x\r\nSUBJECT:  a\r\n b \r\n\r\nbody")
    header = message.headers[1]

    assert (header.name, header.value, header.at) == (b"subject", b"  a\r\n b ", 9)
    assert unfolded(header.value) == b"a b"
    assert message.body == b"body"
    assert message.head + message.body == message.data


def test_a_fold_of_white_space_alone_is_told():
    """Some readers take it for the blank line."""
    assert read(b"Subject: a\r\n \t\r\n b\r\n\r\n").blank_fold
    assert not read(HONEST).blank_fold


def test_a_witness_is_one_printable_line():
    """Line ends, controls, bidi and broken UTF-8 are made visible, long ones cut."""
    assert escaped(b"a\r\nb\t\x1b\xff") == "a\\r\\nb\\t\\x1b\\xff"
    assert escaped("a\u202eb\u2028") == "a\\u202eb\\u2028"
    assert len(escaped("\U000e0041" * 500)) <= 120


def test_names_are_lowered_in_ascii_only():
    """A Kelvin sign is no k, so a look-alike name stays a stranger."""
    assert read("To\u212a: x\r\n\r\n".encode()).headers[0].name == "to\u212a".encode()
    assert not read("To\u212a: x\r\n\r\n".encode()).headers[0].proper
