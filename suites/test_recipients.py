"""recipients: a mail reaches whom the case allows, and nobody else.

Envelope and header are two facts, and both are judged: what the mail server was told, as it was sent, and what any
reader finds in the headers. `expect.recipients` says who may get a mail, `expect.sender` from whom; a case without
recipients is not judged by envelope and addresses, and is shown as not applicable. The attacks are those of the suite
headers, and those that ask for another recipient; each has an address of its own.
"""

from __future__ import annotations

from sluicegate.pytest_plugin.results import CheckResults


def test_envelope(results: CheckResults) -> None:
    """I1: every RCPT is one path to `expect.recipients`, MAIL FROM is `expect.sender`, no parameter is unknown."""
    results.of("recipients.envelope").hold_in_every_case()


def test_addresses(results: CheckResults) -> None:
    """I4: addresses in To, Cc, Bcc, Resent-* and Reply-To, by every reader, are allowed; readers agree on them."""
    results.of("recipients.addresses").hold_in_every_case()


def test_count(results: CheckResults) -> None:
    """I6: a delivery sends one mail at most, with the commands a client needs."""
    results.of("recipients.count").hold_in_every_case()


def test_unmoved(results: CheckResults) -> None:
    """I8: a payload brings no recipient and no header that an inert text in its place does not."""
    results.of("recipients.unmoved").hold_in_every_case()


def test_kept(results: CheckResults) -> None:
    """A clean mail is answered to one of its allowed recipients. Rare addresses count in `recipients.overblocked`."""
    results.of("recipients.kept").hold_in_every_case()
