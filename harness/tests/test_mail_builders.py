"""Builders: the careful one sends nothing a reader can misread or sends nothing; the others send as programs do."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sluicegate.mail.addresses import path
from sluicegate.mail.builders import BUILDERS, Draft, built
from sluicegate.mail.invariants import Allowed, broken
from sluicegate.mail.lists import address_list
from sluicegate.mail.parts import parts
from sluicegate.mail.posting import heard
from sluicegate.mail.transcript import commands_broken
from sluicegate.mail.wire import decoded, read, unfolded
from sluicegate.mail.words import spoken
from sluicegate.model.case import Attachment, Mail

SHOP = "shop@ok.test"
CAREFUL = BUILDERS["careful"].build


def draft(to=("alice@ok.test",), names=(), sentinel="X-Tail", **fields):
    return Draft(
        mail=Mail(**{"to": to, "subject": "Hi", "body": "Hello\n", **fields}),
        sender=SHOP,
        names=names,
        sentinel=sentinel,
    )


def faults(posted, *recipients):
    allowed = Allowed(recipients=recipients or ("alice@ok.test",), sender=SHOP, sentinel="X-Tail")
    said = commands_broken(posted.commands) if posted.commands else []
    return said + [one for sent in posted.sent for one in broken(sent.envelope, read(sent.data), allowed)]


def value(data, name):
    return spoken(decoded(unfolded(read(data).values(name)[0].value)))


@pytest.mark.parametrize("name", BUILDERS)
def test_a_plain_draft_is_one_honest_mail_by_every_builder(name):
    """Nothing special goes in, nothing is told."""
    posted = BUILDERS[name].build(draft(attachments=(Attachment(name="a.pdf", text="x"),)))

    assert (posted.refused, len(posted.sent)) == ("", 1)
    assert [path(one).address for one in posted.sent[0].envelope.rcpt] == ["alice@ok.test"]
    assert faults(posted) == []


_any = st.text(max_size=80) | st.text("aé会\u202e\r\n\0=?:@,;<>\"' \u2028\U0001f389", max_size=120)
_names = _any | st.sampled_from(["Smith, John", "محمد", 'John "JJ" Smith', "=?utf-8?q?x=40y.test=2C?=", "a" * 300])
_allowed = ["alice@ok.test", "o'neil+x@ok.test", '"a b"@ok.test', "jürgen@münchen.test"]


@settings(max_examples=300)
@given(
    st.lists(st.sampled_from(_allowed), min_size=1, max_size=3),
    st.lists(_names, max_size=3),
    _any,
    _any | st.text(max_size=3000),
    st.none() | _any,
    st.lists(st.builds(Attachment, name=_any, media_type=_any, text=_any), max_size=2),
    st.dictionaries(_any | st.sampled_from(["X-Ticket", "Bcc", "List-Id"]), _any, max_size=2),
)
def test_the_careful_builder_never_breaks_an_invariant(to, names, subject, body, html, attachments, headers):
    """Whatever a draft says, what it sends to allowed recipients is an honest mail; or it refuses."""
    one = draft(
        tuple(to), tuple(names), subject=subject, body=body, html=html, attachments=tuple(attachments), headers=headers
    )

    assert faults(CAREFUL(one), *_allowed) == []


@settings(max_examples=200)
@given(st.text(st.characters(exclude_categories=("Cc", "Cs", "Cf", "Zl", "Zp", "Mn", "Me", "Cn", "Co")), max_size=200))
def test_what_a_person_may_write_is_sent_and_comes_back_as_it_was(text):
    """No letter of any script is refused or changed: subject, name and body."""
    name = "".join(ch for ch in text if ch not in "@\uff20\ufe6b").strip()
    posted = CAREFUL(draft(names=(name,), subject=text, body=text))

    assert posted.refused == ""
    data = posted.sent[0].data
    assert value(data, "subject") == text.strip(" ") or value(data, "subject") == text
    shown = address_list(decoded(unfolded(read(data).values("to")[0].value))).mailboxes[0].name
    assert shown.split() == name.split() or name.strip("'") == "alice@ok.test"
    assert parts(read(data))[0].text.rstrip("\r\n") == text.rstrip("\r\n")


@pytest.mark.parametrize(
    "fields",
    [
        {"subject": "Hi\r\nBcc: x@y.test"},
        {"subject": "Hi\u2028there"},
        {"names": ("evil@x.test, Alice",)},
        {"names": ("Alice\u202e",)},
        {"to": ("evil@x.test, alice@ok.test)",)},
        {"to": ("=?utf-8?q?evil=40x.test?=@ok.test",)},
        {"to": ()},
        {"body": "a\0b"},
        {"headers": {"Bcc": "x@y.test"}},
        {"headers": {"Resent-To": "x@y.test"}},
        {"headers": {"X-A: 1\r\nBcc": "x@y.test"}},
        {"attachments": (Attachment(name="../../x"),)},
        {"attachments": (Attachment(name="inv\u202efdp.exe"),)},
        {"attachments": (Attachment(name="=?utf-8?q?a=0Ab?="),)},
    ],
)
def test_the_careful_builder_refuses_what_cannot_be_said_safely(fields):
    """With the reason, without an exception."""
    posted = CAREFUL(draft(**fields))

    assert posted.sent == ()
    assert posted.refused.startswith("careful: ")


def test_the_careful_builder_says_bytes_that_look_encoded_as_they_are():
    """A subject that is an encoded word for somebody else is shown, not decoded."""
    text = "=?utf-8?q?Hi=0D=0ABcc:_x=40y.test?="
    posted = CAREFUL(draft(subject=text))

    assert faults(posted) == []
    assert value(posted.sent[0].data, "subject") == text


@pytest.mark.parametrize(
    ("name", "fields", "invariant"),
    [
        ("template", {"subject": "Hi\r\nBcc: evil@x.test"}, "I2"),
        ("template_by_headers", {"subject": "Hi\r\nBcc: evil@x.test"}, "I1"),
        ("template_by_headers", {"headers": {"Resent-Date": "x", "Resent-To": "evil@x.test"}}, "I1"),
        ("legacy", {"names": ("evil@x.test, Alice",)}, "I1"),
        ("legacy", {"headers": {"X-A: 1\r\nBcc": "evil@x.test"}}, "I2"),
        ("modern", {"names": ("X <evil@x.test>, Alice",)}, "I1"),
        ("modern", {"headers": {"Bcc": "evil@x.test"}}, "I1"),
        ("as_drafted", {"to": ("evil%x.test@ok.test",)}, "I1"),
        ("by_the_book", {"to": ('"evil@x.test y"@ok.test',)}, "I1"),
        ("by_the_book", {"reply_to": ("evil@x.test",)}, "I4"),
        ("by_the_book", {"attachments": (Attachment(name="=?utf-8?q?a=0ABcc:_x?=", text="x"),)}, "I5"),
    ],
)
def test_a_careless_builder_is_caught_on_the_wire(name, fields, invariant):
    """What each of them is known for, by measurement, breaks an invariant, or the library refuses it."""
    posted = BUILDERS[name].build(draft(**fields))

    assert posted.refused or invariant in {one.invariant for one in faults(posted)}


@settings(max_examples=60)
@given(_any, _any, _names, _any, _any)
def test_no_draft_makes_a_builder_raise(to, subject, name, file_name, header):
    """Whatever a library raises is its refusal."""
    one = draft(
        (to,), (name,), subject=subject, attachments=(Attachment(name=file_name, text=name),), headers={header: subject}
    )

    assert set(built(one)) == set(BUILDERS)


def test_a_client_is_heard_as_a_strict_server_hears_it():
    """Dots are unstuffed, only CRLF.CRLF ends a mail, what follows are commands."""
    said = heard(
        b"EHLO x\r\nMAIL FROM:<a@b.test>\r\nRCPT TO:<c@d.test>\r\nDATA\r\nSubject: x\r\n\r\n..\r\n\n.\r\n..y\r\n.\r\n"
        b"MAIL FROM:<e@f.test>\r\nDATA\r\n.\r\nQUIT"
    )

    assert [sent.data for sent in said.sent] == [b"Subject: x\r\n\r\n.\r\n\n.\r\n.y\r\n", b""]
    assert [sent.envelope.messages for sent in said.sent] == [2, 2]
    assert said.commands[-1] == "QUIT"
