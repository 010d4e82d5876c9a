"""What a client may say to a mail server: its commands as a regular language, and what hides one mail in another.

A command is judged alone (its line) and in its order (the word of all verbs). The order is a regular expression over
one letter for each verb, so judging is linear.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from sluicegate.mail.judged import Broken, found

__all__ = ["END_OF_DATA", "commands_broken", "verbs"]

END_OF_DATA = re.compile(
    rb"(?:\r\n|\r|\n)\0?\.\0?(?:\r\r\n|\r\n\0|\r(?!\n)|(?<!\r)\n)"
    rb"|(?:(?<!\r)\n|\r(?!\n)|\r\r\n|\n\r)\0?\.\0?\r\n|\r\n\0\.\0?\r\n|\r\n\.\0\r\n"
)
"""A dot alone on its line for a server that takes other line ends than CRLF; the true one cannot stand in a mail."""

_LETTERS = {
    "EHLO": "h", "HELO": "h", "STARTTLS": "t", "AUTH": "a", "MAIL": "m", "RCPT": "r", "DATA": "d", "BDAT": "b",
    "RSET": "x", "NOOP": "n", "QUIT": "q", "VRFY": "v", "HELP": "n",
}  # fmt: skip
_CONVERSATION = re.compile(
    r"[hn]*(?:t[hn]+)?(?:a[hn]*)?(?:[xnv]|h(?!$)|mn*(?:x|(?:rn*)+(?:d|b+|x|(?=q|$))|(?=q|$)))*+q?n*"
)
"""Greeting, perhaps TLS and a login, any number of mails, good-bye."""

_LINE = re.compile(
    r"(?:EHLO|HELO)[ ][!-~]{1,255}|STARTTLS|AUTH[ ][ -~]*|MAIL[ ]FROM:[ ]?.*|RCPT[ ]TO:[ ]?.*"
    r"|DATA|BDAT[ ][0-9]+(?:[ ]LAST)?|RSET|NOOP(?:[ ][ -~]*)?|QUIT|VRFY[ ].+|HELP(?:[ ][ -~]*)?",
    re.IGNORECASE,
)
_LONGEST = {"AUTH": 12_288, "MAIL": 2_048, "RCPT": 2_048}


def verbs(lines: Sequence[str]) -> str:
    """One letter for each command, `?` for what is none."""
    return "".join(_LETTERS.get(line.split(" ", 1)[0].strip().upper(), "?") for line in lines)


def commands_broken(lines: Sequence[str], *, messages: int = 1) -> list[Broken]:
    """What is wrong with a client's commands, their line ends removed, the mails themselves left out.

    A line that is no command is I1 (it was meant to be part of an address or a size), too many mails are I6.
    """
    faults: list[Broken] = []
    for place, line in enumerate(lines, start=1):
        verb = line.split(" ", 1)[0].upper()
        where = f"command {place}"
        if any(ch in line for ch in "\r\n\0"):
            faults.append(found("I1", where, "a line end or NUL within a command", line))
        elif not _LINE.fullmatch(line.rstrip(" ")):
            faults.append(found("I1", where, "no command of the protocol", line))
        elif len(line) > _LONGEST.get(verb, 512):
            faults.append(found("I1", where, "a command that is too long", line))
    word = verbs(lines)
    if "?" not in word and not _CONVERSATION.fullmatch(word):
        faults.append(found("I6", "commands", "an order of commands no client needs", " ".join(lines[:40])))
    sent = len(re.findall(r"d|b+", word))
    if sent != messages:
        faults.append(found("I6", "commands", f"{sent} mails where {messages} may be sent", " ".join(lines[:40])))
    return faults
