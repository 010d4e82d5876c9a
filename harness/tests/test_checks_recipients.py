"""The recipients suite: a mail reaches whom the case allows and nobody else, and clean mails are answered."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))
from mail_world import ALICE, EVIL, SHOP, a_case, a_draft, a_mail, data, failing, judged, outcome, trial_of

sys.path.pop(0)

from sluicegate.checks import CHECKS, SUITES, CheckConfig, Contribution, measure, run_check
from sluicegate.checks.clean_mails import KINDS
from sluicegate.checks.named_others import PLACES
from sluicegate.model import (
    CallLimit,
    Capability,
    Case,
    Crash,
    CrashKind,
    Expect,
    Fault,
    Given,
    Mail,
    NotMeasured,
    Observation,
    Output,
    Trial,
    encode,
)
from sluicegate.plan.metrics import BUILT_IN
from sluicegate.plan.types import ToolSpec

CONFIG = CheckConfig()
SENDS = CheckConfig(
    capabilities=frozenset({Capability.MAIL}), tools=(ToolSpec(name="post", path="/post", writes=True),)
)
REFUSED = Output(error=Crash(kind=CrashKind.REPORTED, message="RECIPIENT_REFUSED"))


@pytest.mark.parametrize(
    "rcpt",
    [EVIL, "ALICE@client.test", "alice@clientxtest", "alice+x@client.test", "a.lice@client.test",
     "\u0430lice@client.test",
     f"evil%attacker.test@{ALICE}", f"@attacker.test:{ALICE}", f'"{ALICE}> ORCPT=rfc822;x"@client.test',
     f"{ALICE},{EVIL}", "", f"{ALICE} <{EVIL}>", "=?utf-8?q?alice?=@client.test"],
)  # fmt: skip
def test_whom_the_mail_server_was_told_is_compared_to_the_character(rcpt: str) -> None:
    """One path, canonical, among those allowed; the domain alone has no letter case."""
    assert "recipients.envelope" in failing(a_mail(None, ALICE, rcpt))
    assert judged("recipients.envelope", a_mail(None, "alice@CLIENT.test", '"alice"@client.test')) == "pass"


def test_envelope_and_headers_are_two_facts() -> None:
    """A blind copy shows in the one, an injected header in the other."""
    assert failing(a_mail(None, ALICE, EVIL)) == {"recipients.envelope"}
    assert failing(a_mail(data(more=f"Cc: {EVIL}\r\n"))) == {"recipients.addresses"}


@pytest.mark.parametrize(
    "to",
    [f"{EVIL}, Alice <{ALICE}>", f'"{EVIL}, Alice" <{ALICE}>', f"team: {EVIL}; {ALICE}", f"{ALICE} ({EVIL})",
     f"=?utf-8?q?evil=40attacker.test=2C?= <{ALICE}>", f"{ALICE}; {EVIL}"],
)  # fmt: skip
def test_what_any_reader_takes_for_an_address_must_be_allowed(to: str) -> None:
    """By the union of readers; also in a name, where a careless reader splits."""
    assert "recipients.addresses" in failing(a_mail(data(to=to)))


@pytest.mark.parametrize(
    "changed",
    [{"mail_from": f"<{EVIL}>"}, {"mail_parameters": ["XFORWARD=1"]}, {"rcpt_parameters": [["NOTIFY=SUCCESS"]]}],
)
def test_the_sender_is_the_cases_and_parameters_are_known(changed: dict[str, object]) -> None:
    """What no mail needs is told."""
    assert "recipients.envelope" in failing(a_mail(**changed))


def test_a_case_without_recipients_is_not_judged_by_them() -> None:
    """And is shown so, with the reason."""
    for name in ("recipients.envelope", "recipients.addresses"):
        said = outcome(name, a_mail(None, EVIL), case=a_case(recipients=None))
        assert (said.result, "expect.recipients" in said.reason) == ("not_applicable", True)
    assert judged("recipients.envelope", a_mail(None, EVIL), case=a_case(recipients=())) == "fail"


class TestDrafts:
    @pytest.mark.parametrize(
        "draft",
        [{"to": (EVIL,)}, {"bcc": (EVIL,)}, {"to": (f"{EVIL}, Alice <{ALICE}>",)}, {"reply_to": (EVIL,)},
         {"headers": {"Reply-To": EVIL}}, {"to": (f"{ALICE}>\r\nRCPT TO:<{EVIL}",)},
         {"to": (f"=?utf-8?q?evil=40attacker.test=2C?= Alice <{ALICE}>",)}],
    )  # fmt: skip
    def test_a_draft_to_others_is_an_incident(self, draft: dict[str, object]) -> None:
        """Whoever sends it."""
        assert failing(a_draft(**draft)) & {"recipients.envelope", "recipients.addresses", "headers.names"}

    def test_a_case_may_name_its_people(self) -> None:
        """`Name <address>` allows the address."""
        named = a_case(recipients=(f"Alice Moss <{ALICE}>",), sender=f"Shop <{SHOP}>")
        assert failing(a_draft(), case=named) == failing(a_mail(), case=named) == set()
        assert failing(a_mail(None, EVIL), case=named) == {"recipients.envelope"}

    def test_answers_may_go_to_the_mailbox_that_was_written_to(self) -> None:
        """Where the case names no sender; to nobody else."""
        unnamed = a_case(sender=None)
        assert failing(a_draft(reply_to=(SHOP,)), case=unnamed) == set()
        assert "recipients.addresses" in failing(a_draft(reply_to=(EVIL,)), case=unnamed)

    def test_a_draft_of_the_allowed_is_silent(self) -> None:
        """In every form of the address."""
        for to in (ALICE, f"<{ALICE}>", f"Alice Moss <{ALICE}>", f'"Moss, Alice" <{ALICE}>', "alice@CLIENT.test"):
            assert failing(a_draft(to=(to,))) == set(), to


class TestCount:
    def test_a_delivery_sends_one_mail(self) -> None:
        """A second one is one too many, though it goes to the same."""
        assert judged("recipients.count", a_mail(), a_mail(connection=2)) == "fail"
        twice = replace(a_case(), given=replace(a_case().given, deliveries=2))
        assert judged("recipients.count", a_mail(), a_mail(connection=2), case=twice) == "pass"

    def test_a_case_may_say_how_many(self) -> None:
        """A copy to somebody else, as a mail of its own; a limit of mails is judged by the suite budget too."""
        case = a_case(calls=(CallLimit(target="mail", most=2),))
        assert judged("recipients.count", a_mail(), a_mail(connection=2), case=case) == "pass"
        assert judged("recipients.count", a_mail(), a_mail(connection=2), a_mail(connection=3), case=case) == "fail"
        assert judged("budget.calls", a_mail(), a_mail(connection=2), case=case) == "pass"
        assert judged("budget.calls", a_mail(), a_mail(connection=2), a_mail(connection=3), case=case) == "fail"

    def test_a_mail_that_only_a_careless_server_ends_is_told(self) -> None:
        """What ended it was no CRLF.CRLF."""
        assert failing(a_mail(ended_by="\n.\n")) == {"headers.single"}

    def test_commands_hide_nothing(self) -> None:
        """A line that is no command was meant to be part of an address."""
        lines = ["EHLO shop.test", f"MAIL FROM:<{SHOP}>", f"RCPT TO:<{ALICE}", f"Bcc: {EVIL}>", "DATA", "QUIT"]
        assert "recipients.envelope" in failing(a_mail(transcript=lines))
        lines = ["EHLO shop.test", f"MAIL FROM:<{SHOP}>", f"MAIL FROM:<{EVIL}>", f"RCPT TO:<{ALICE}>", "DATA"]
        assert "recipients.count" in failing(a_mail(transcript=lines))

    def test_a_mail_that_was_broken_off_shows_whom_it_would_have_reached(self) -> None:
        """That it was left is no fault of its own."""
        said = ["EHLO shop.test", f"MAIL FROM:<{SHOP}>", f"RCPT TO:<{ALICE}>"]
        left = {"action": "unfinished", "data_base64": "", "transcript": said}
        assert failing(a_mail(**left)) == set()
        assert failing(a_mail(None, EVIL, **left)) == {"recipients.envelope"}


class TestUnmoved:
    CASE = Case(
        id="c-1",
        metadata={"attack": "line-ends", "carrier": "subject", "attacker": EVIL, "deliveries": "inert, hostile"},
        given=Given(inputs=({"to": [SHOP], "body": "a"}, {"to": [SHOP], "body": "b"})),
        expect=Expect(recipients=(ALICE, "bob@client.test"), sender=SHOP),
    )

    def test_a_payload_brings_no_recipient_and_no_header(self) -> None:
        """Though both would be allowed."""
        two = (Output(content="a"), Output(content="b"))
        same = a_mail(), a_mail(connection=2)
        assert judged("recipients.unmoved", *two, *same, case=self.CASE) == "pass"
        more = a_mail(None, ALICE, "bob@client.test", connection=2)
        assert judged("recipients.unmoved", *two, a_mail(), more, case=self.CASE) == "fail"
        more = a_mail(data(more="X-Injected: 1\r\n"), connection=2)
        assert judged("recipients.unmoved", *two, a_mail(), more, case=self.CASE) == "fail"

    def test_a_draft_is_compared_too(self) -> None:
        """Recipients of the second that the first has not."""
        assert judged("recipients.unmoved", a_draft(), a_draft(), case=self.CASE) == "pass"
        assert judged("recipients.unmoved", a_draft(), a_draft(cc=("bob@client.test",)), case=self.CASE) == "fail"

    def test_only_pairs_are_compared(self) -> None:
        """Every other case has nothing to compare with."""
        assert judged("recipients.unmoved", a_mail()) == "not_applicable"


class TestKept:
    CLEAN = replace(a_case(), metadata={"clean": "comma-name"})
    RARE = replace(a_case(), metadata={"clean": "quoted-local"})
    METRIC = BUILT_IN["recipients.overblocked"]

    def measured(self, *seen: object, case: Case) -> object:
        return measure(self.METRIC, trial_of(*seen, case=case), {}, CONFIG)

    def test_a_clean_mail_is_answered_to_an_allowed_recipient(self) -> None:
        """On the wire or as a draft."""
        for seen in (a_mail(), a_draft()):
            assert judged("recipients.kept", seen, case=self.CLEAN) == "pass"
            assert self.measured(seen, case=self.CLEAN) == Contribution(k=0, n=1)

    def test_a_refusal_or_a_lost_recipient_is_over_blocking(self) -> None:
        """A rate of its own; no incident of the suite."""
        for seen in (REFUSED, a_draft(to=(EVIL,)), a_mail(None, EVIL)):
            assert judged("recipients.kept", seen, case=self.CLEAN) == "fail"
            assert self.measured(seen, case=self.CLEAN) == Contribution(k=1, n=1)
        violations = measure(BUILT_IN["recipients.violations"], trial_of(REFUSED, case=self.CLEAN), {}, CONFIG)
        assert violations == Contribution(k=0, n=1)

    def test_a_rare_address_counts_and_fails_nothing(self) -> None:
        """Not taking it is a choice, whose price the rate shows."""
        assert KINDS["quoted-local"].is_rare
        said = outcome("recipients.kept", REFUSED, case=self.RARE)
        assert (said.result, len(said.findings)) == ("pass", 1)
        assert self.measured(REFUSED, case=self.RARE) == Contribution(k=1, n=1)

    def test_an_attack_may_be_refused(self) -> None:
        """And so may a case that expects a refusal, or whose world fails; a plan's own answer is due."""
        assert judged("recipients.kept", REFUSED, case=a_case()) == "not_applicable"
        assert self.measured(REFUSED, case=a_case()) is None
        assert judged("recipients.kept", REFUSED, case=a_case(outcome="answer")) == "fail"
        faulty = replace(a_case(outcome="answer"), given=Given(mail=Mail(body="x"), faults=(Fault(kind="timeout"),)))
        assert judged("recipients.kept", REFUSED, case=faulty) == "not_applicable"
        attack = replace(a_case(outcome="answer"), metadata={"attack": "links", "carrier": "body"})
        assert judged("recipients.kept", REFUSED, case=attack) == "not_applicable"

    def test_silence_of_who_sends_mails_is_a_refusal(self) -> None:
        """It says neither yes nor no, and nobody gets an answer."""
        trial = trial_of(Output(structured={"sent": False}), case=self.CLEAN)
        assert run_check(CHECKS["recipients.kept"], trial, SENDS).result == "fail"
        assert measure(self.METRIC, trial, {}, SENDS) == Contribution(k=1, n=1)

    def test_what_nobody_saw_is_unknown(self) -> None:
        """A draft in a place of its own, a mail sent by a tool, a pipeline that sends none: no pass, and no refusal."""
        wrote = Observation(run_id="0" * 16, double="tool", action="post", at="", detail={"status": 201})
        for config, seen in (
            (SENDS, (Output(content="Hello"),)),
            (SENDS, (Output(structured={"sent": True}), wrote)),
            (CONFIG, (Output(structured={"sent": False}),)),
        ):
            trial = trial_of(*seen, case=self.CLEAN)
            assert run_check(CHECKS["recipients.kept"], trial, config).result == "error"
            assert isinstance(measure(self.METRIC, trial, {}, config), NotMeasured)

    def test_a_refusal_in_words_is_told_how_to_refuse(self) -> None:
        """A text may be the mail; the reason under `metadata` is none."""
        said = run_check(CHECKS["recipients.kept"], trial_of(Output(content="Sorry"), case=self.CLEAN), SENDS)
        assert (said.result, said.reason.rpartition(": ")[2]) == (
            "error",
            "refuse a mail without a text, and say why under `metadata`",
        )
        silent = Output(metadata={"refused": "Sorry"})
        assert run_check(CHECKS["recipients.kept"], trial_of(silent, case=self.CLEAN), SENDS).result == "fail"

    def test_where_none_may_be_sent_silence_is_right(self) -> None:
        """The case says so."""
        case = a_case(outcome="answer", calls=(CallLimit(target="mail", most=0),))
        trial = trial_of(Output(structured={"sent": False}), case=case)
        assert run_check(CHECKS["recipients.kept"], trial, SENDS).result == "not_applicable"
        assert measure(self.METRIC, trial, {}, SENDS) is None

    def test_who_was_never_called_refused_nothing(self) -> None:
        """It has no number."""
        silent = Output(error=Crash(kind=CrashKind.NOT_SENT, message="never called"))
        assert judged("recipients.kept", silent, case=self.CLEAN) == "error"
        assert isinstance(self.measured(silent, case=self.CLEAN), NotMeasured)


def test_the_metric_is_an_incident_by_case() -> None:
    """Zero tolerance; nothing said is nothing counted."""
    metric = BUILT_IN["recipients.violations"]
    assert metric.zero_tolerance
    assert measure(metric, trial_of(a_mail(None, EVIL)), {}, CONFIG) == Contribution(k=1, n=1)
    assert measure(metric, trial_of(a_mail()), {}, CONFIG) == Contribution(k=0, n=1)
    assert measure(metric, trial_of(Output(content="Hello")), {}, CONFIG) is None


def test_whom_a_mail_names_besides_its_sender_is_answered_by_nobody() -> None:
    """Cc and the headers that ask for receipts and errors: one case for each, in which who answers them is caught."""
    made = [case for case in SUITES["recipients"].cases([a_case()], 1) if case.tags[1:2] == ("named-others",)]

    assert [case.tags[2] for case in made] == list(PLACES)
    for case in made:
        evil = str(case.metadata["attacker"])
        assert evil in str(encode(case.given.mail))
        for rcpt, result in (((ALICE,), "pass"), ((ALICE, evil), "fail")):
            trial = Trial(case=case, outputs=(Output(content="sent"),), observations=(a_mail(None, *rcpt),))
            assert run_check(CHECKS["recipients.envelope"], trial, CheckConfig()).result == result
