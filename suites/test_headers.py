"""headers: a mail is one mail to every reader, with the headers it may have and no others.

Judged are the bytes that the mail server got, by a reader of our own and by the standard library as a witness; where
no mail was seen, the draft of the answer as a careful program and seven careless ones send it here. Beside the plan's
own cases, attacks are made of those with a plain mail (line ends, encoded words, file names, SMTP in a text …, each by
every way in), and clean mails that are unusual and rightful. `expect.header_names` names what a mail may have; without
it, a header that redirects is refused all the same.
"""

from __future__ import annotations

from sluicegate.pytest_plugin.results import CheckResults


def test_names(results: CheckResults) -> None:
    """I2: four readers see the same header names, within `expect.header_names`; From, To and Subject stand once."""
    results.of("headers.names").hold_in_every_case()


def test_whole(results: CheckResults) -> None:
    """I3: to no reader the headers end before their last, nor does the body begin with one."""
    results.of("headers.whole").hold_in_every_case()


def test_bytes(results: CheckResults) -> None:
    """I5: no bare CR or LF, no NUL, no line above 998 octets, no control in a header, ASCII unless SMTPUTF8."""
    results.of("headers.bytes").hold_in_every_case()


def test_single(results: CheckResults) -> None:
    """I6: nothing in a mail ends it for a server that takes other line ends, and its parts can be read."""
    results.of("headers.single").hold_in_every_case()


def test_shown(results: CheckResults) -> None:
    """I7: subject, names and file names hold no control, separator or unbalanced bidi character."""
    results.of("headers.shown").hold_in_every_case()
