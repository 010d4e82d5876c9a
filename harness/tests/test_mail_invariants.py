"""I1 to I7: what an honest mail holds and each attack breaks, told with place and witness."""

from __future__ import annotations

import pytest

from sluicegate.mail.invariants import Allowed, Envelope, broken
from sluicegate.mail.judged import received
from sluicegate.mail.wire import read

NAMES = ("From", "To", "Subject", "MIME-Version", "Content-Type", "Content-Transfer-Encoding")
ALLOWED = Allowed(recipients=("alice@ok.test",), sender="shop@ok.test", header_names=NAMES, sentinel="X-Tail")
ENVELOPE = Envelope(mail_from="<shop@ok.test>", mail_parameters=("SIZE=100",), rcpt=("<alice@ok.test>",))


def mail(
    *,
    to="Alice <alice@ok.test>",
    subject="Hi",
    sender="Shop <shop@ok.test>",
    more="",
    kind="text/plain",
    body="Hello\r\n",
):
    """The bytes of a mail; texts may be anything."""
    text = f"From: {sender}\r\nTo: {to}\r\nSubject: {subject}\r\n{more}MIME-Version: 1.0\r\n"
    text += f"Content-Type: {kind}\r\nX-Tail: end\r\n\r\n{body}"
    return text.encode("utf-8", "surrogatepass")


def invariants(data, envelope=ENVELOPE, allowed=ALLOWED):
    """Which invariants are broken."""
    return {one.invariant for one in broken(envelope, read(data), allowed)}


def with_names(*names):
    return Allowed(
        recipients=("alice@ok.test",), sender="shop@ok.test", header_names=(*NAMES, *names), sentinel="X-Tail"
    )


PART = (
    "--b\r\nContent-Type: text/plain\r\n\r\nx\r\n--b\r\nContent-Type: application/pdf\r\n"
    "Content-Disposition: attachment; {}\r\n\r\nx\r\n--b--\r\n"
)
MIXED = "multipart/mixed; boundary=b"
FORWARDED = (
    "--b\r\nContent-Type: text/plain\r\n\r\nsee below\r\n--b\r\nContent-Type: message/rfc822\r\n\r\n"
    "From: x@other.test\r\nTo: y@other.test\r\nBcc: z@other.test\r\nResent-To: q@other.test\r\n"
    "Subject: s\r\nSubject: t\r\n\r\nhello\r\n--b--\r\n"
)

CLEAN = {
    "plain": {},
    "comma in quotes": {"to": '"Smith, Alice" <alice@ok.test>'},
    "rtl name": {"to": "=?utf-8?b?2YXYrdmF2K8=?= <alice@ok.test>"},
    "comment": {"to": "alice@ok.test (Alice (Sales))"},
    "name is the address": {"to": '"alice@ok.test" <alice@ok.test>'},
    "group": {"to": "Friends: alice@ok.test;"},
    "words of headers": {
        "subject": "Re: Bcc: policy update",
        "body": "Bcc: is a header.\r\nTo: or not\r\n.\r\nFrom here\r\n",
    },
    "percent": {"subject": "Save 100%0d deals (%0a SKU)"},
    "folded words": {"subject": "=?utf-8?q?caf=C3?=\r\n =?utf-8?q?=A9?= and more\r\n\tand more"},
    "emoji and flag": {"subject": "=?utf-8?b?8J+PtPCfgafwn4GiIOKdpO+4jyDwn5Go4oCN8J+RqeKAjfCfkac=?="},
    "persian joiner": {"subject": "=?utf-8?b?2YXbjOKAjNiu2YjYp9mH2YU=?="},
    "balanced embedding": {"subject": "=?utf-8?b?4oCr16nXnNeV150g4oCs?="},
    "8bit body": {"body": "Grüße \U0001f389\r\n"},
    "form feed and escape in a body": {"body": "a\x0cb\x1b[1m\r\n"},
    "dots": {"body": ".\r\n..\r\n.x\r\n"},
    "mime headers quoted in a body": {"body": "Dear all,\r\n\r\nContent-Type: text/html is a header.\r\n"},
    "attachment": {"kind": MIXED, "body": PART.format('filename="Invoice (2024), final.pdf"')},
    "attachment with a long name": {
        "kind": MIXED,
        "body": PART.format("filename*0*=utf-8''%E8%AB%8B; filename*1=\"x.pdf\""),
    },
    "attachment with a fallback name": {
        "kind": MIXED,
        "body": PART.format("filename=\"e.pdf\"; filename*=utf-8''%e2%82%ac.pdf"),
    },
    "attached mail": {"kind": MIXED, "body": FORWARDED},
    "closed archive": {"kind": MIXED, "body": PART.format('filename="backup.2024.tar.gz"')},
}


@pytest.mark.parametrize("fields", CLEAN.values(), ids=CLEAN)
def test_an_honest_mail_breaks_nothing(fields):
    """No alarm for what people write, in whatever script."""
    assert broken(ENVELOPE, read(mail(**fields)), ALLOWED) == []


def test_an_international_mail_breaks_nothing_when_it_is_allowed():
    """Raw UTF-8 in headers, and addresses beyond ASCII, under SMTPUTF8."""
    data = mail(to="Jürgen <jürgen@münchen.test>", subject="Grüße 会議 مرحبا", sender="Läden <shop@ok.test>")
    envelope = Envelope(mail_from="<shop@ok.test>", mail_parameters=("SMTPUTF8",), rcpt=("<jürgen@münchen.test>",))
    allowed = Allowed(recipients=("jürgen@xn--mnchen-3ya.test",), sender="shop@ok.test", sentinel="X-Tail")

    assert broken(envelope, read(data), allowed) == []
    assert {one.invariant for one in broken(ENVELOPE, read(data), ALLOWED)} >= {"I4", "I5"}


def test_trace_headers_of_a_relay_break_nothing():
    """Long Received, DKIM and ARC headers, when no list of names is given."""
    trace = (
        "Received: from a.test (b.test [192.0.2.1])\r\n\tby c.test with ESMTPS id x; Tue, 1 Jan 2030 00:00:00 +0000\r\n"
    )
    trace += (
        "DKIM-Signature: v=1; a=rsa-sha256; d=ok.test; h=From:To;\r\n\tb="
        + "Zm9v" * 18
        + "\r\n\t "
        + "YmFy=?" * 12
        + "\r\n"
    )
    allowed = Allowed(recipients=("alice@ok.test",), sender="shop@ok.test")

    assert broken(ENVELOPE, read(trace.encode() * 3 + mail()), allowed) == []


ATTACKS = {
    "crlf": ({"subject": "Hi\r\nBcc: evil@x.test"}, {"I2", "I4"}),
    "lf": ({"subject": "Hi\nBcc: evil@x.test"}, {"I2", "I4", "I5"}),
    "cr": ({"subject": "Hi\rBcc: evil@x.test"}, {"I2", "I5"}),
    "blank before the colon": ({"subject": "Hi\r\nBcc : evil@x.test"}, {"I2", "I3", "I4"}),
    "cr cr lf": ({"subject": "Hi\r\r\nBcc: evil@x.test"}, {"I2", "I3", "I5"}),
    "vertical tab": ({"subject": "Hi\x0bBcc: evil@x.test"}, {"I2", "I5", "I7"}),
    "nel": ({"subject": "Hi\x85Bcc: evil@x.test"}, {"I2", "I5", "I7"}),
    "line separator": ({"subject": "Hi\u2028Bcc: evil@x.test"}, {"I2", "I5", "I7"}),
    "headers end": ({"subject": "Hi\r\n\r\nBODY"}, {"I3"}),
    "headers end for some": ({"subject": "Hi\n\nBODY"}, {"I2", "I3", "I5"}),
    "blank fold": ({"subject": "Hi\r\n \r\n BODY"}, {"I2"}),
    "another reply path": ({"more": "Reply-To: evil@x.test\r\n"}, {"I2", "I4"}),
    "rerouted": ({"more": "Resent-Date: x\r\nResent-To: evil@x.test\r\n"}, {"I2", "I4"}),
    "two recipients' headers": ({"more": "To: alice@ok.test\r\n"}, {"I2"}),
    "name of another script": ({"more": "B\u0441c: evil@x.test\r\n"}, {"I2", "I5"}),
    "recipient in a name": ({"to": "evil@x.test, Alice <alice@ok.test>"}, {"I4"}),
    "recipient in an encoded name": ({"to": "=?utf-8?q?evil=40x.test=2C?= Alice <alice@ok.test>"}, {"I4"}),
    "recipient in a group": ({"to": "team: evil@x.test; Alice <alice@ok.test>"}, {"I4"}),
    "recipient in a comment": ({"to": "alice@ok.test (evil@x.test)"}, {"I4"}),
    "look-alike domain": ({"to": "alice@xn--k-xbb.test"}, {"I4"}),
    "other author": ({"sender": "Boss <ceo@ok.test>"}, {"I4"}),
    "encoded line end": ({"subject": "=?utf-8?q?Hi=0D=0ABcc:_evil=40x.test?="}, {"I7"}),
    "encoded line end over words": ({"subject": "=?utf-8?b?SGkN?=\r\n =?utf-8?b?CkJjYzo=?="}, {"I7"}),
    "unknown character set": ({"subject": "=?x?q?Hi=0ABcc?="}, {"I7"}),
    "encoded surrogate": ({"subject": "=?utf-8?q?=ED=A0=80?="}, {"I7"}),
    "override": ({"to": "=?utf-8?b?4oCuZWNpbEE=?= <alice@ok.test>"}, {"I7"}),
    "tags": ({"to": "=?utf-8?b?QfOggaLzoIGj86CBow==?= <alice@ok.test>"}, {"I7"}),
    "nul": ({"body": "a\0b\r\n"}, {"I5"}),
    "smuggled": ({"body": "a\n.\r\nMAIL FROM:<x>\r\n"}, {"I5", "I6"}),
    "smuggled after cr": ({"body": "a\r.\r\nMAIL FROM:<x>\r\n"}, {"I5", "I6"}),
    "smuggled after nul": ({"body": "a\r\n\0.\r\nMAIL FROM:<x>\r\n"}, {"I5", "I6"}),
    "long line": ({"body": "a" * 999 + "\r\n"}, {"I5"}),
    "long header": ({"subject": "a" * 999}, {"I5"}),
    "raw utf-8": ({"subject": "Grüße"}, {"I5"}),
    "file name twice": ({"kind": MIXED, "body": PART.format('filename="a.txt"; filename="b.exe"')}, {"I7"}),
    "file name overridden": ({"kind": MIXED, "body": PART.format("filename*=utf-8''inv%E2%80%AEfdp.exe")}, {"I7"}),
    "file name with a line end": ({"kind": MIXED, "body": PART.format('filename="=?utf-8?q?a=0ABcc?="')}, {"I7"}),
    "file name with a path": ({"kind": MIXED, "body": PART.format('filename="../../etc/passwd"')}, {"I7"}),
    "program as a document": ({"kind": MIXED, "body": PART.format('filename="invoice.pdf.exe"')}, {"I7"}),
    "line end in a part": ({"kind": MIXED, "body": PART.format('filename="a\nBcc: x"')}, {"I2", "I5"}),
}


@pytest.mark.parametrize(("fields", "expected"), ATTACKS.values(), ids=ATTACKS)
def test_each_attack_breaks_its_invariants(fields, expected):
    """Every invariant that sees the attack says so."""
    assert invariants(mail(**fields)) >= expected


@pytest.mark.parametrize(
    ("envelope", "place"),
    [
        (Envelope(mail_from="<shop@ok.test>", rcpt=("<alice@ok.test>", "<evil@x.test>")), "RCPT 2"),
        (Envelope(mail_from="<shop@ok.test>", rcpt=("<ALICE@ok.test>",)), "RCPT 1"),
        (Envelope(mail_from="<shop@ok.test>", rcpt=("<alice+x@ok.test>",)), "RCPT 1"),
        (Envelope(mail_from="<shop@ok.test>", rcpt=("<evil%x.test@ok.test>",)), "RCPT 1"),
        (Envelope(mail_from="<shop@ok.test>", rcpt=("<@x.test:alice@ok.test>",)), "RCPT 1"),
        (Envelope(mail_from="<shop@ok.test>", rcpt=('<"alice@ok.test> X"@x.test>',)), "RCPT 1"),
        (Envelope(mail_from="<shop@ok.test>", rcpt=("<>",)), "RCPT 1"),
        (Envelope(mail_from="<shop@ok.test>", rcpt=("<alice@ok.test> NOTIFY=NEVER",)), "RCPT 1"),
        (Envelope(mail_from="<shop@ok.test>", rcpt=("<alice@ok.test>",), rcpt_parameters=(("ORCPT=x",),)), "RCPT 1"),
        (Envelope(mail_from="<shop@ok.test>", rcpt=("<alice@o\u200bk.test>",)), "RCPT 1"),
        (Envelope(mail_from="<evil@x.test>", rcpt=("<alice@ok.test>",)), "MAIL FROM"),
        (Envelope(mail_from="<>", rcpt=("<alice@ok.test>",)), "MAIL FROM"),
        (Envelope(mail_from="<shop@ok.test> RET=FULL", rcpt=("<alice@ok.test>",)), "MAIL FROM"),
        (Envelope(mail_from="<shop@ok.test>"), "RCPT"),
    ],
)
def test_an_envelope_that_is_not_the_allowed_one_breaks_i1(envelope, place):
    """Exact recipients, exact sender, no parameter that no mail needs."""
    assert ("I1", place) in {(one.invariant, one.place) for one in broken(envelope, read(mail()), ALLOWED)}


def test_a_quoted_recipient_is_the_recipient():
    """Quoting that says nothing, and the case of a domain, make no other mailbox."""
    envelope = Envelope(mail_from="<shop@OK.test>", rcpt=('<"alice"@ok.TEST>',))

    assert broken(envelope, read(mail()), ALLOWED) == []


def test_more_mails_than_allowed_break_i6():
    """One run sends as many as its case says."""
    two = Envelope(mail_from="<shop@ok.test>", rcpt=("<alice@ok.test>",), messages=2)

    assert invariants(mail(), envelope=two) == {"I6"}


def test_an_injected_part_breaks_i6():
    """A body that closes its part and opens another changes the number of parts."""
    allowed = Allowed(recipients=None, required=(), parts=2)
    honest = mail(kind=MIXED, body=PART.format("filename=a.pdf"))

    assert invariants(honest, None, allowed) == set()
    assert invariants(honest.replace(b"x\r\n--b\r\n", b"x\r\n--b\r\n\r\nmore\r\n--b\r\n", 1), None, allowed) == {"I6"}


@pytest.mark.parametrize("line", ["Bcc: evil@attacker.test", "reply-to: evil@attacker.test", "Resent-To: e@x.test"])
def test_a_header_of_a_mail_in_the_head_of_a_part_breaks_i2(line):
    """A file name that breaks its line writes such a one; whoever takes the part apart may send it on."""
    honest = mail(kind=MIXED, body=PART.format("filename=a.pdf"))
    injected = mail(kind=MIXED, body=PART.format(f'filename="a"\r\n{line}'))
    allowed = Allowed(recipients=None, required=())

    assert invariants(honest, None, allowed) == set()
    assert "I2" in invariants(injected, None, allowed)


def test_a_header_that_redirects_must_be_named():
    """Without a list of names all are allowed, but for those that send a mail or its answers elsewhere."""
    open_ = Allowed(recipients=("alice@ok.test",), sender="shop@ok.test")

    assert (
        invariants(mail(more="X-Ticket: 7\r\nList-Id: <a.ok.test>\r\nReply-To: shop@ok.test\r\n"), allowed=open_)
        == set()
    )
    for name in ("Bcc", "Resent-To", "Errors-To", "Disposition-Notification-To"):
        assert "I2" in invariants(mail(more=f"{name}: alice@ok.test\r\n"), allowed=open_)
    assert invariants(mail(more="Bcc: alice@ok.test\r\n"), allowed=with_names("bcc")) == set()


def test_a_witness_is_printable():
    """What is shown of hostile bytes steers no terminal."""
    for one in broken(ENVELOPE, read(mail(subject="Hi\r\nBcc: \x1b[2J\u202e\x00")), ALLOWED):
        assert one.witness.isprintable()
        assert one.place.isprintable()


def test_a_tree_beyond_its_bounds_is_told():
    """A mail nested past all reading hides what lies deeper."""
    nested = "".join(
        f"--b{level}\r\nContent-Type: multipart/mixed; boundary=b{level + 1}\r\n\r\n" for level in range(50)
    )

    assert "I6" in invariants(mail(kind="multipart/mixed; boundary=b0", body=nested))


def test_an_observation_of_the_mail_sink_is_an_envelope():
    """Its texts hold a character for each byte; a byte that is no UTF-8 is no address."""
    said = {
        "mail_from": "<shop@ok.test>",
        "mail_parameters": ["SMTPUTF8"],
        "rcpt": ["<j\xc3\xbcrgen@ok.test>", "<\xff@ok.test>"],
        "rcpt_parameters": [[], ["NOTIFY=NEVER"]],
        "data_base64": "YQ0K",
    }
    envelope, data = received(said)

    assert data == b"a\r\n"
    assert envelope.rcpt[0] == "<jürgen@ok.test>"
    faults = broken(envelope, read(data), Allowed(recipients=("jürgen@ok.test",), required=()))
    assert {(one.invariant, one.place) for one in faults} == {("I1", "RCPT 2"), ("I2", "headers")}
    assert received({})[0].rcpt == ()
