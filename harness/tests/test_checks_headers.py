"""The headers suite: a mail is one mail to every reader, with the headers it may have and no others."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

sys.path.insert(0, str(Path(__file__).parent))
from mail_world import ALICE, EVIL, SHOP, a_case, a_draft, a_mail, data, failing, judged, outcome, trial_of

sys.path.pop(0)

from sluicegate.checks import CheckConfig, Contribution, measure
from sluicegate.checks.plain_draft import Recipients, plain
from sluicegate.model import Attachment, Crash, CrashKind, Mail, NotMeasured, Observation, Output
from sluicegate.plan.metrics import BUILT_IN

CONFIG = CheckConfig()


def cut() -> Observation:
    return Observation(run_id="0" * 16, double="mail", action="dropped", at="", detail={"dropped": 1})


def test_an_honest_mail_is_silent() -> None:
    """On the wire, and as a draft by every builder."""
    assert failing(a_mail()) == set()
    assert failing(a_draft()) == set()
    assert (
        failing(a_draft(to=(f'"Smith, John" <{ALICE}>',), subject="订单 \u05e9\u05dc\u05d5\u05dd 👩\u200d👧")) == set()
    )


@pytest.mark.parametrize(
    ("raw", "check"),
    [
        (data(more=f"Bcc: {ALICE}\r\n"), "headers.names"),
        (data(subject=f"Hi\nX-A: {ALICE}"), "headers.names"),
        (data(subject=f"Hi\x0bX-A: {ALICE}"), "headers.names"),
        (data(subject=f"Hi\u2028X-A: {ALICE}"), "headers.names"),
        (data(more=f"To: {ALICE}\r\n"), "headers.names"),
        (data(subject="Hi\r\n \r\nX: y"), "headers.names"),
        (data(subject="Hi\n\nBODY"), "headers.names"),
        (data(subject="Hi\r\n\r\nnew"), "headers.whole"),
        (data(body="a\rb\r\n"), "headers.bytes"),
        (data(body="a\nb\r\n"), "headers.bytes"),
        (data(body="a\0b\r\n"), "headers.bytes"),
        (data(body="x" * 999 + "\r\n"), "headers.bytes"),
        (data(subject="größe"), "headers.bytes"),
        (data(body="a\n.\nMAIL FROM:<x@y.test>\r\n"), "headers.single"),
        (data(subject="=?utf-8?q?Hi=0D=0ABcc:?="), "headers.shown"),
        (data(subject="=?utf-8?b?4oCuZmRwLmV4ZQ==?="), "headers.shown"),
    ],
)
def test_what_readers_read_in_two_ways_is_an_incident(raw: bytes, check: str) -> None:
    """By the bytes alone; the witness is the wire."""
    assert check in failing(a_mail(raw))
    found = outcome(check, a_mail(raw)).findings[0]
    assert (found.severity, found.witness) == ("incident", "wire")
    assert found.place == "$.observations.mail[0]"


def test_names_beyond_those_the_case_allows_fail() -> None:
    """`expect.header_names`, in any case of letters; without it, what redirects fails all the same."""
    named = a_case(header_names=("From", "TO", "Subject", "mime-version", "Content-Type"))
    assert judged("headers.names", a_mail(), case=named) == "pass"
    assert judged("headers.names", a_mail(data(more="X-Mailer: x\r\n")), case=named) == "fail"
    assert judged("headers.names", a_mail(data(more="X-Mailer: x\r\n"))) == "pass"
    assert judged("headers.names", a_mail(data(more=f"Resent-To: {ALICE}\r\n"))) == "fail"


def test_a_reader_that_raises_is_a_disagreement(monkeypatch: pytest.MonkeyPatch) -> None:
    """The standard library is a witness: its exception on hostile bytes is a violation, and named."""
    from email.parser import BytesHeaderParser

    def raises(*_: object, **__: object) -> None:
        raise AttributeError("no such thing")

    monkeypatch.setattr(BytesHeaderParser, "parsebytes", raises)
    raw = data(subject="a mail of this test alone")
    assert judged("headers.names", a_mail(raw)) == "fail"
    assert "judge-parse: AttributeError" in outcome("headers.names", a_mail(raw)).findings[0].excerpt


def test_a_judge_that_raises_knows_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither a pass nor a violation: the metric has no number, and that holds."""

    def raises(*_: object, **__: object) -> None:
        raise RuntimeError("a fault of ours")

    monkeypatch.setattr("sluicegate.checks.mails.broken", raises)
    mail = a_mail(data(subject="another mail of this test alone"))
    assert judged("headers.names", mail) == "error"
    measured = measure(BUILT_IN["headers.violations"], trial_of(mail), {}, CONFIG)
    assert isinstance(measured, NotMeasured)
    assert "could not be judged" in measured.reason


@settings(deadline=None, max_examples=60)
@given(st.binary(max_size=300), st.text(max_size=30), st.text(max_size=30))
def test_no_bytes_and_no_draft_are_beyond_the_judges(raw: bytes, one: str, two: str) -> None:
    """Whatever was sent or drafted, each check has an answer."""
    failing(a_mail(raw, one))
    file = Attachment(name=two, text=one)
    failing(
        a_draft(to=(one,), cc=(f"{two} <{ALICE}>",), subject=two, body=one, headers={two: one}, attachments=(file,))
    )


class TestDrafts:
    @pytest.mark.parametrize(
        ("draft", "check"),
        [
            ({"subject": f"Hi\r\nBcc: {EVIL}"}, "headers.names"),
            ({"subject": "Hi\r\nX-Injected: 1"}, "headers.names"),
            ({"headers": {"Bcc": ALICE}}, "headers.names"),
            ({"headers": {"X-A: 1\r\nBcc": ALICE}}, "headers.names"),
            ({"subject": "Hi\r\n\r\nBODY"}, "headers.whole"),
            ({"subject": "Hi\0"}, "headers.bytes"),
            ({"attachments": (Attachment(name="=?utf-8?q?a=0ABcc:_x?=.pdf", text="x"),)}, "headers.bytes"),
            ({"attachments": (Attachment(name="invoice\u202efdp.exe", text="x"),)}, "headers.shown"),
        ],
    )
    def test_a_draft_is_judged_as_programs_would_send_it(self, draft: dict[str, object], check: str) -> None:
        """The finding names the builder."""
        assert check in failing(a_draft(**draft))
        found = outcome(check, a_draft(**draft)).findings[0]
        assert found.place == "$.mail"
        assert found.excerpt.startswith("as sent by the builder ")

    def test_what_a_builder_does_to_every_draft_is_its_own_fault(self) -> None:
        """A subject beyond ASCII breaks a template that writes it raw; the draft is well."""
        quoted = f'"Smith, John" <{ALICE}>'
        assert failing(a_draft(to=(quoted,), subject="Größe 3")) == set()
        assert failing(a_draft(to=(f'"Ann 😀" <{ALICE}>',))) == set()
        beyond = "ann@bücher.test"
        assert failing(a_draft(to=(f'"Moss, Ann" <{beyond}>',)), case=a_case(recipients=(beyond,))) == set()

    def test_a_plain_draft_is_its_own_plain_form(self) -> None:
        """And what could be read in two ways is not."""
        people, sender = Recipients((ALICE, "ann@bücher.test")), Recipients((SHOP,))
        for to in (ALICE, f"<{ALICE}>", f"Alice Moss <{ALICE}>", "alice@CLIENT.test", "Ann <ann@bücher.test>"):
            draft = Mail(to=(to,), subject="Re: Größe (3) = ?", body="a\r\nb\n..\n")
            assert plain(draft, people, sender) == draft, to
        for to in (EVIL, f"{ALICE} ()", f"{ALICE}, {EVIL}", f"x@y.test <{ALICE}>"):
            draft = Mail(to=(to,), subject="Re: x", body="a")
            assert plain(draft, people, sender) != draft, to
            assert plain(plain(draft, people, sender), people, sender) == plain(draft, people, sender)
        assert failing(a_draft(subject="Größe 3", body="a\nb\n" + "word " * 300)) == set()

    def test_a_mail_that_was_seen_is_judged_and_no_draft_of_it(self) -> None:
        """What went out is known."""
        assert failing(a_mail(), a_draft(subject=f"Hi\r\nBcc: {EVIL}")) == set()

    def test_only_its_own_headers_are_a_drafts_to_name(self) -> None:
        """A header of the draft that redirects nothing is its own, unless the case names what there may be."""
        draft = a_draft(headers={"X-Ticket": "7"})
        assert judged("headers.names", draft) == "pass"
        assert judged("headers.names", draft, case=a_case(header_names=("From", "To", "Subject"))) == "fail"
        assert judged("headers.names", a_draft(), case=a_case(header_names=("From", "To", "Subject"))) == "pass"


class TestNotJudged:
    def test_nothing_sent_and_nothing_drafted_says_so(self) -> None:
        """Not applicable, with the reason; never silently green."""
        said = outcome("headers.names", Output(content="Hello"))
        assert (said.result, said.reason) == (
            "not_applicable",
            "no mail was sent, and the answer holds no draft (`mail`)",
        )

    def test_a_refusal_breaks_nothing(self) -> None:
        """It sends nothing."""
        refused = Output(error=Crash(kind=CrashKind.REPORTED, message="REFUSED"))
        assert judged("headers.names", refused) == "pass"
        assert measure(BUILT_IN["headers.violations"], trial_of(refused), {}, CONFIG) == Contribution(k=0, n=1)

    def test_a_crash_shows_nothing(self) -> None:
        """Neither an incident nor its absence."""
        crashed = Output(error=Crash(kind=CrashKind.TIMEOUT, message="too late"))
        assert isinstance(measure(BUILT_IN["headers.violations"], trial_of(crashed), {}, CONFIG), NotMeasured)

    def test_a_cut_log_hides_no_incident_and_is_no_pass(self) -> None:
        """Seen is seen; not all seen is unknown."""
        assert judged("headers.names", a_mail(), cut()) == "error"
        assert judged("headers.names", a_mail(data(more=f"Bcc: {ALICE}\r\n")), cut()) == "fail"
        assert judged("headers.names", cut()) == "error"

    def test_a_mail_too_large_to_be_kept_is_no_pass(self) -> None:
        """Its beginning is judged; of the rest nobody can tell."""
        assert judged("headers.bytes", a_mail(truncated=True)) == "error"
        assert judged("headers.names", a_mail(data(more=f"Bcc: {ALICE}\r\n"), truncated=True)) == "fail"


def test_the_metric_is_an_incident_by_case() -> None:
    """One for a case, however much is broken in it."""
    metric = BUILT_IN["headers.violations"]
    assert metric.available
    assert metric.zero_tolerance
    assert measure(metric, trial_of(a_mail()), {}, CONFIG) == Contribution(k=0, n=1)
    assert measure(metric, trial_of(a_mail(data(subject="Hi\nBcc: x\0"))), {}, CONFIG) == Contribution(k=1, n=1)
    assert measure(metric, trial_of(Output(content="Hello")), {}, CONFIG) is None


def test_every_invariant_is_some_checks() -> None:
    """I1 to I7: none is found and told by nobody."""
    hostile = (
        a_mail(data(to=EVIL, subject="Hi\0\x0b=?utf-8?q?=0D?=\r\n\r\nContent-Type: text/html"), EVIL),
        a_mail(data(body="\n.\n")),
    )
    assert {name.partition(":")[0] for name in _laws(*hostile)} == {"I1", "I2", "I3", "I4", "I5", "I6", "I7"}


def _laws(*seen: Observation) -> set[str]:
    names = [*(f"headers.{name}" for name in ("names", "whole", "bytes", "single", "shown")), "recipients.envelope",
             "recipients.addresses", "recipients.count"]  # fmt: skip
    return {found.message for name in names for found in outcome(name, *seen).findings}


def test_findings_show_no_control_and_no_address() -> None:
    """Witnesses are escaped and masked."""
    for name in ("headers.names", "headers.bytes", "headers.shown"):
        for found in outcome(name, a_mail(data(subject=f"Hi\x1b[2J\u202e{EVIL}\nBcc: {EVIL}"))).findings:
            assert found.excerpt.isprintable()
            assert EVIL not in found.excerpt


def test_a_draft_is_sent_from_the_cases_sender_or_the_mailbox_written_to() -> None:
    """And a draft that sets another From than the case allows is told."""
    assert "recipients.addresses" in failing(a_draft(sender=f"Shop <{EVIL}>"))
    assert failing(a_draft(sender=f"Shop <{SHOP}>")) == set()
    assert failing(a_draft(sender="anybody@else.test"), case=a_case(sender=None)) == set()
