"""Which holes of the standard library's mail code this interpreter has: tried in memory, no version compared.

Distributions mend old versions and new versions reopen holes, so only trying tells. Each probe is small and total.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

from sluicegate.frozen import frozen
from sluicegate.mail.wire import escaped

__all__ = ["Hole", "profile", "says"]


@frozen
class Hole:
    """One way the standard library turns a harmless-looking value into another mail."""

    name: str
    present: bool
    says: str
    """What it means for who sends with this interpreter."""
    seen: str
    """The bytes or exception of the probe, printable."""


@cache
def profile() -> tuple[Hole, ...]:
    """Every probe, tried once in this process."""
    return tuple(_tried(name, says, probe) for name, (says, probe) in _PROBES.items())


def says(name: str) -> str | None:
    """What a hole of this name means; None for one that is not known here."""
    return _PROBES[name][0] if name in _PROBES else None


def _tried(name: str, says: str, probe: Callable[[], tuple[bool, str | bytes]]) -> Hole:
    try:
        present, seen = probe()
    except Exception as error:  # noqa: BLE001 - a refusal is what a mended library does
        present, seen = False, f"{type(error).__name__}: {error}"
    return Hole(name=name, present=present, says=says, seen=escaped(seen))


def _modern(field: str, value: str, policy: str = "default") -> bytes:
    from email import policy as policies
    from email.message import EmailMessage

    made = EmailMessage(policy=getattr(policies, policy))
    made[field] = value
    made.set_content("x")
    return made.as_bytes()


def _legacy(field: str, value: str) -> bytes:
    from email.message import Message

    made = Message()
    made[field] = value
    made.set_payload("x")
    return made.as_bytes()


def _subject_word() -> tuple[bool, bytes]:
    raw = _modern("Subject", "=?utf-8?q?Hi=0D=0ABcc:_x=40probe.test?=", "SMTP")
    return b"\nBcc:" in raw, raw


def _subject_end() -> tuple[bool, bytes]:
    raw = _modern("Subject", "Hi\n")
    return raw.startswith(b"Subject: Hi\n\n"), raw


def _name_word() -> tuple[bool, bytes]:
    raw = _modern("To", "=?utf-8?q?x=40probe.test=2C?= A <a@probe.test>")
    return b"x@probe.test," in raw, raw


def _long_name() -> tuple[bool, bytes]:
    raw = _modern("To", f'"{"A" * 70}, x@probe.test, {"A" * 70}" <a@probe.test>')
    return raw.split(b"<")[0].count(b'"') < 2, raw


def _bytes_behind() -> tuple[bool, bytes]:
    from email.message import Message

    made = Message()
    made["Subject"] = "Hi\nBcc : x@probe.test"
    raw = made.as_bytes()
    try:
        made.as_string()
    except Exception:  # noqa: BLE001 - whatever it refuses with
        return b"\nBcc :" in raw, raw
    return False, raw


def _generator() -> tuple[bool, bytes]:
    from email.message import Message

    made = Message()
    made["Subject"] = "Hi\nBcc : x@probe.test"
    raw = made.as_string().encode()
    return b"\nBcc :" in raw, raw


def _header_name() -> tuple[bool, bytes]:
    raw = _legacy("X-A: 1\r\nBcc", "x@probe.test")
    return b"\r\nBcc:" in raw, raw


def _file_name() -> tuple[bool, bytes]:
    from email import policy
    from email.message import EmailMessage

    made = EmailMessage(policy=policy.SMTP)
    made.set_content("x")
    made.add_attachment(b"x", maintype="application", subtype="pdf", filename="=?utf-8?q?a=0ABcc:_x?=")
    raw = made.as_bytes()
    return b"a\nBcc:" in raw or b"\nBcc:" in raw, raw


def _lenient() -> tuple[bool, str]:
    from email.utils import getaddresses

    read = getaddresses(["a@probe.test)x@probe.test"])
    return len(read) > 1 or not any(address == "" for _, address in read), repr(read)


def _no_strict() -> tuple[bool, str]:
    import inspect
    from email.utils import getaddresses

    return "strict" not in inspect.signature(getaddresses).parameters, str(inspect.signature(getaddresses))


def _hostile_group() -> tuple[bool, str]:
    from email.message import EmailMessage

    made = EmailMessage()
    try:
        made["To"] = "team: x@probe.test; A <a@probe.test>"
        return False, repr(made["To"].addresses)
    except Exception as error:  # noqa: BLE001 - the exception is the hole
        return not isinstance(error, ValueError), f"{type(error).__name__}: {error}"


def _bare_cr() -> tuple[bool, bytes]:
    import smtplib

    fix = getattr(smtplib, "_fix_eols", None)
    raw = b"" if fix is None else fix("Subject: Hi\rBcc: x@probe.test").encode()
    return b"\r\nBcc" in raw, raw


def _command() -> tuple[bool, bytes]:
    import smtplib

    class Client(smtplib.SMTP):
        """Keeps what it would send."""

        said = b""

        def send(self, s: object) -> None:
            self.said = str(s).encode()

    client = Client(local_hostname="probe.invalid")
    client.putcmd("rcpt", "TO:<a@probe.test>\r\nDATA")
    return b"\r\nDATA" in client.said, client.said


def _idna() -> tuple[bool, bytes]:
    raw = "probe\u200b.test".encode("idna")
    return raw == b"probe.test", raw


def _resent() -> tuple[bool, str]:
    from email import message_from_bytes

    from sluicegate.mail.posting import posted

    raw = b"From: a@probe.test\r\nTo: a@probe.test\r\nResent-Date: x\r\nResent-To: x@probe.test\r\n\r\n"
    done = posted(lambda client: client.send_message(message_from_bytes(raw)))
    rcpt = [one for sent in done.sent for one in sent.envelope.rcpt]
    return any("x@probe" in one for one in rcpt), repr(rcpt)


_PROBES: dict[str, tuple[str, Callable[[], tuple[bool, str | bytes]]]] = {
    "subject_encoded_word": ("an encoded word in a subject becomes a header of its own", _subject_word),
    "subject_line_end": ("a line end behind a subject ends the headers", _subject_end),
    "name_encoded_word": ("an encoded word in a display name becomes a recipient", _name_word),
    "name_folded": ("a long quoted display name loses its quotes when folded", _long_name),
    "bytes_unchecked": ("as_bytes and send_message write what as_string refuses", _bytes_behind),
    "string_unchecked": ("as_string writes a header that holds a line end", _generator),
    "header_name_line_end": ("a header name with a line end is written as it is", _header_name),
    "file_name_encoded_word": ("an encoded word in a file name becomes a line end in a part", _file_name),
    "addresses_lenient": ("getaddresses finds addresses in what is no address list", _lenient),
    "addresses_not_strict": ("getaddresses has no strict reading", _no_strict),
    "group_raises": (
        "a group before an address raises no ValueError, and guards that expect one break",
        _hostile_group,
    ),
    "bare_cr_promoted": ("smtplib makes a bare CR of a text a line end", _bare_cr),
    "command_line_end": ("smtplib writes a line end within a command", _command),
    "idna_drops_invisible": ("the idna codec drops invisible characters of a domain", _idna),
    "resent_reroutes": ("send_message delivers to Resent-To alone", _resent),
}
