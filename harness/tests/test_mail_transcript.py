"""A client's commands are a regular language; what stands in a command that is none was meant for another one."""

from __future__ import annotations

import pytest

from sluicegate.mail.transcript import END_OF_DATA, commands_broken

HELLO, FROM, TO = "EHLO client.test", "MAIL FROM:<a@ok.test> SIZE=10 BODY=8BITMIME", "RCPT TO:<b@ok.test>"


@pytest.mark.parametrize(
    ("lines", "messages"),
    [
        ([HELLO, FROM, TO, "DATA", "QUIT"], 1),
        (
            [
                "ehlo x",
                "mail FROM:<a@ok.test> size=3",
                "rcpt TO:<b@ok.test>",
                "rcpt TO:<c@ok.test>",
                "data",
                "rset",
                "quit",
            ],
            1,
        ),
        ([HELLO, "HELO x", FROM, TO, "DATA"], 1),
        ([HELLO, "STARTTLS", HELLO, "AUTH PLAIN AGEAYg==", FROM, TO, "DATA", "QUIT"], 1),
        ([HELLO, FROM, TO, "DATA", FROM, TO, TO, "DATA", "RSET", "NOOP", FROM, TO, "DATA", "QUIT"], 3),
        ([HELLO, FROM, TO, "BDAT 100", "BDAT 0 LAST", "QUIT"], 1),
        ([HELLO, FROM, TO, "RSET", "QUIT"], 0),
        ([HELLO, FROM, TO, "QUIT"], 0),
        ([HELLO, FROM, "QUIT"], 0),
        ([HELLO, "QUIT"], 0),
        ([], 0),
    ],
)
def test_what_clients_say_is_heard_without_alarm(lines, messages):
    """One mail, several over one connection, refused ones, pipelined or not, in any case of letters."""
    assert commands_broken(lines, messages=messages) == []


@pytest.mark.parametrize(
    ("lines", "invariant"),
    [
        ([HELLO, FROM, TO, "DATA", "MAIL FROM:<x@y.test>", "RCPT TO:<evil@x.test>", "DATA", "QUIT"], "I6"),
        ([HELLO, "MAIL FROM:<a@ok.test> SIZE=100\r\nRCPT TO:<evil@x.test>", TO, "DATA"], "I1"),
        ([HELLO, FROM, "RCPT TO:<b@ok.test>\0", "DATA"], "I1"),
        ([HELLO, FROM, TO, "DATA", "Subject: injected", "QUIT"], "I1"),
        ([HELLO, FROM, TO, "DATA", "", "QUIT"], "I1"),
        ([HELLO, "DATA"], "I6"),
        ([HELLO, TO, FROM, "DATA"], "I6"),
        ([HELLO, FROM, TO, FROM, TO, "DATA"], "I6"),
        ([HELLO, FROM, TO + "x" * 3000, "DATA"], "I1"),
        ([HELLO, "EXPN all", FROM, TO, "DATA"], "I1"),
        (["EHLO a b", FROM, TO, "DATA"], "I1"),
    ],
)
def test_a_conversation_no_client_needs_is_told(lines, invariant):
    """Injected commands, a second mail, an order that skips a step."""
    assert invariant in {one.invariant for one in commands_broken(lines)}


def test_every_other_end_of_data_is_seen_and_the_lone_dot_is_none():
    """Fourteen ways servers have ended a mail; a dot between true line ends was unstuffed."""
    for end in (
        b"\n.\r\n",
        b"\n.\n",
        b"\r.\r\n",
        b"\r.\r",
        b"\r\n.\n",
        b"\r\n.\r",
        b"\n.\r",
        b"\r.\n",
        b"\r\n\0.\r\n",
        b"\r\n.\0\r\n",
        b"\r\n.\r\r\n",
        b"\r\r\n.\r\n",
        b"\r\r\n.\r\r\n",
        b"\n\r.\r\n",
    ):
        assert END_OF_DATA.search(b"x" + end + b"MAIL FROM:<x>"), end
    for honest in (b"x\r\n.\r\ny", b"x\r\n..\r\ny", b"x.\r\n", b"x\r\n.y\r\n"):
        assert END_OF_DATA.search(honest) is None


def test_a_long_conversation_is_judged_in_linear_time():
    """A word of a hundred thousand commands, broken only at its end."""
    from time import process_time

    began = process_time()
    assert commands_broken([HELLO, *[FROM, *[TO] * 50, "DATA"] * 1000, "DATA"], messages=1000)
    assert process_time() - began < 5
