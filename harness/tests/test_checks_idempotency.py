"""The idempotency suite: the same message twice makes one draft and one side effect."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest

from sluicegate.checks import CHECKS, SUITES, CheckConfig, run_check
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
    Message,
    ModelScript,
    Observation,
    Output,
    ScriptedToolCall,
    Severity,
    ToolCall,
    ToolResult,
    Trial,
    Witness,
)
from sluicegate.plan.types import ToolSpec

STORE = ToolSpec(name="draft_store", method="PUT", path="/drafts/{id}", writes=True)
LOOKUP = ToolSpec(name="draft_lookup", method="GET", path="/drafts/{id}")
CONFIG = CheckConfig(tools=(STORE, LOOKUP))
TWICE = Case(id="m-1~twice", given=Given(deliveries=2))
DRAFT = Output(mail=Mail(to=("a@b.test",), subject="Re", body="Shipped."), structured={"draft_id": "d-1"})


def saw(tool: str, status: int | None = 201, **arguments) -> Observation:
    detail = {"arguments": arguments, **({"status": status} if status is not None else {})}
    return Observation(run_id="0" * 16, double="tool", action=tool, at="2025-01-01T00:00:00Z", detail=detail)


def once(*observations: Observation, config: CheckConfig = CONFIG, outputs: tuple[Output, ...] = (DRAFT, DRAFT)):
    return run_check(CHECKS["idempotency.once"], Trial(case=TWICE, outputs=outputs, observations=observations), config)


def same(*outputs: Output):
    return run_check(CHECKS["idempotency.same"], Trial(case=TWICE, outputs=outputs), CheckConfig())


def test_one_write_for_two_deliveries_passes():
    """Looked up, stored, looked up again."""
    assert once(saw("draft_lookup", 404), saw("draft_store", id="m-1"), saw("draft_lookup", 200)).result == "pass"


@pytest.mark.parametrize("second", [{"id": "m-1"}, {"id": "other"}, {"id": "m-1", "body": "new text"}])
def test_a_second_write_is_an_incident(second):
    """The same record, another record or another text: a second effect, seen on the wire."""
    outcome = once(saw("draft_store", id="m-1"), saw("draft_store", 200, **second))

    (finding,) = outcome.findings
    assert outcome.result == "fail"
    assert finding.message == "the same message must write to 'draft_store' once; it wrote 2 times"
    assert (finding.severity, finding.witness) == (Severity.INCIDENT, Witness.WIRE)


@pytest.mark.parametrize("body", [True, 7, "A-1", [1, 2], None])
def test_a_body_that_is_no_object_is_a_write_as_well(body):
    """Two of them are two effects, whatever was sent."""
    wrote = replace(saw("draft_store"), detail={"arguments": body, "status": 201})

    assert [item.severity for item in once(wrote, wrote).findings] == [Severity.INCIDENT]


def test_a_write_that_failed_had_no_effect():
    """A refused call and its repetition are one effect; an unknown answer counts as an effect."""
    assert once(saw("draft_store", 500), saw("draft_store", 429), saw("draft_store", 201)).result == "pass"
    assert once(saw("draft_store", None), saw("draft_store", 201)).result == "fail"
    refused = replace(saw("draft_store"), detail={"status": None, "fault": "refused_connection"})
    assert once(refused, saw("draft_store", 201)).result == "pass"


REFUND = ToolSpec(name="refund", path="/refunds", writes=True, key="order_id")
KEYED = CheckConfig(tools=(REFUND,))
BOTH = Expect(calls=(CallLimit(target="tool:refund", least=2),))
ORDERS = Case(
    id="m-2~twice",
    input={"text": "Refund order A-1, and 2 too", "orders": [2]},
    given=Given(deliveries=2),
    expect=BOTH,
)


def refunded(*seen: Observation, case: Case = ORDERS):
    return run_check(CHECKS["idempotency.once"], Trial(case=case, outputs=(DRAFT, DRAFT), observations=seen), KEYED)


def test_the_plans_key_tells_intended_effects_apart():
    """Two refunds for the two orders of the message are two effects; the same order twice is not."""
    assert refunded(saw("refund", order_id="A-1"), saw("refund", order_id=2)).result == "pass"
    (finding,) = refunded(
        saw("refund", order_id="A-1"), saw("refund", order_id="2"), saw("refund", order_id="A-1")
    ).findings
    assert finding.message == "the same message must write to 'refund' once; it wrote 2 times"


@pytest.mark.parametrize(
    "source",
    [
        Given(mail=Mail(body="For order A-1 and order A-2.")),
        Given(tool_results=(ToolResult(tool="orders", result=[{"id": "A-1"}, {"id": "A-2"}]),)),
        Given(model=ModelScript(replies=('{"orders": ["A-1", "A-2"]}',))),
    ],
)
def test_a_key_may_come_from_wherever_the_case_has_it(source):
    """The mail, an answer of a tool, a reply of the model, where so many effects are expected."""
    case = Case(id="m", given=replace(source, deliveries=2), expect=BOTH)
    keys = ("A-1", "A-2")

    assert refunded(*(saw("refund", order_id=key) for key in keys), case=case).result == "pass"
    assert refunded(*(saw("refund", order_id=key) for key in (*keys, "order")), case=case).result == "fail"


@pytest.mark.parametrize(
    "given",
    [
        Given(tool_results=(ToolResult(tool="orders", result=[{"id": "A-1"}, {"id": "A-2"}]),)),
        Given(
            model=ModelScript(
                tool_calls=tuple(
                    ScriptedToolCall(turn=1, name="refund", arguments={"order_id": key}) for key in ("A-1", "A-2")
                )
            )
        ),
    ],
)
def test_effects_apart_are_named_by_tools_or_by_the_script(given):
    """What a tool answers, and what the model is scripted to call, names each effect by a whole value."""
    case = Case(id="m", given=replace(given, deliveries=2))

    assert refunded(saw("refund", order_id="A-1"), saw("refund", order_id="A-2"), case=case).result == "pass"
    assert refunded(saw("refund", order_id="A-1"), saw("refund", order_id="A"), case=case).result == "fail"


@pytest.mark.parametrize("keys", [("please", "send"), (1, 2), ("1", "2"), ("ann", "please send 2 of them")])
def test_a_word_of_the_message_hides_no_second_effect(keys):
    """The number of the delivery, another word each time, another field: any of them stands in some message."""
    said = {"customer": "ann", "order": 1, "quantity": 2, "message": "please send 2 of them"}
    case = Case(id="m", input=said, given=Given(deliveries=2))

    (finding,) = refunded(*(saw("refund", order_id=key) for key in keys), case=case).findings

    assert finding.message == "the same message must write to 'refund' once; it wrote 2 times"
    assert "the case does not name them as effects of their own" in finding.excerpt
    assert finding.severity == Severity.INCIDENT


@pytest.mark.parametrize("keys", [("9f1c", "77ab"), ("A-1", "77ab"), ("A-1.1", "A-1.2"), (7, 8), (["A-1", "x"], "A-1")])
def test_a_fresh_key_for_each_delivery_hides_no_second_effect(keys):
    """What nobody gave tells no effects apart: a new uuid, a counter, the message's id with a number behind it."""
    outcome = refunded(*(saw("refund", order_id=key) for key in keys))

    (finding,) = outcome.findings
    assert finding.message == "the same message must write to 'refund' once; it wrote 2 times"
    assert "is not in the case" in finding.excerpt
    assert (finding.severity, finding.witness) == (Severity.INCIDENT, Witness.WIRE)


def test_one_effect_under_a_key_of_its_own_making_is_one():
    """A digest of the message is as good a key as any, where there is one effect."""
    assert refunded(saw("refund", order_id="9f1c")).result == "pass"


@pytest.mark.parametrize("arguments", [{}, {"order_id": None}, {"order_id": ""}, {"order": "A-1"}])
def test_a_write_without_the_declared_key_is_a_finding(arguments):
    """Even where it is the only one: nobody could tell its repetition from another effect."""
    (finding,) = refunded(saw("refund", **arguments)).findings

    assert finding.message == "a write to 'refund' must carry 'order_id', the key the plan names"
    assert (finding.severity, finding.witness) == (Severity.ERROR, Witness.WIRE)


def test_a_second_effect_without_the_key_is_an_incident_too():
    """Not carrying the key is no way around it."""
    found = refunded(saw("refund", order_id="A-1"), saw("refund")).findings

    assert {finding.severity for finding in found} == {Severity.ERROR, Severity.INCIDENT}


def test_a_write_too_large_to_keep_is_no_pass():
    """Its key is not on record; beside an effect that was seen twice it changes nothing."""
    large = Observation(run_id="0" * 16, double="tool", action="refund", at="", detail={"arguments_digest": "ab"})

    assert refunded(large).result == "error"
    assert refunded(large, saw("refund", order_id=2), saw("refund", order_id=2)).result == "fail"


def test_without_writing_tools_it_is_not_applicable():
    """Nothing has a side effect that could be counted."""
    outcome = once(saw("draft_lookup"), config=CheckConfig(tools=(LOOKUP,)))

    assert (outcome.result, outcome.reason) == ("not_applicable", "no tool of the plan is declared with writes: true")


def test_unseen_side_effects_are_not_called_none():
    """No observation at all is no evidence; calls the pipeline reports and nobody saw are lost evidence."""
    reporting = Output(content="ok", tools_called=(ToolCall(name="draft_store"),))

    assert once().result == "not_applicable"
    assert once(outputs=(reporting, reporting)).result == "error"
    dropped = Observation(run_id="0" * 16, double="tool", action="dropped", at="", detail={"dropped": 9})
    assert once(saw("draft_store"), dropped).result == "error"
    assert once(saw("draft_store"), saw("draft_store"), dropped).result == "fail"


SAID = Output(structured={"outcome": "answer", "text": "Shipped today."})
MARKED = replace(SAID, metadata={"duplicate": True})
NAMED = Output(structured={"draft_id": "d", "text": "Shipped today."})


def test_duplicates_alone_show_nothing_of_the_first_answer():
    """Nobody has seen what they repeat, unless they name it or give no text; after a crash that is as it should be."""
    assert same(MARKED, MARKED).result == "error"
    assert (
        same(replace(NAMED, metadata={"duplicate": True}), replace(NAMED, metadata={"duplicate": True})).result
        == "pass"
    )
    assert same(Output(structured={"duplicate": True}), Output(structured={"duplicate": True})).result == "pass"
    crashed = Case(id="m", given=Given(deliveries=2, crash_after_write=True))
    assert run_check(CHECKS["idempotency.same"], Trial(case=crashed, outputs=(MARKED, MARKED)), CONFIG).result == "pass"


@pytest.mark.parametrize("again", [SAID, Output(structured={"outcome": "duplicate"}), Output(content="Shipped today.")])
def test_a_duplicate_gives_the_text_as_it_was_or_not_at_all(again):
    """Its state may be another, and its text may stand elsewhere."""
    assert same(SAID, replace(again, metadata={"duplicate": True})).result == "pass"


@pytest.mark.parametrize(
    "again",
    [
        DRAFT,
        Output(mail=DRAFT.mail, structured={"draft_id": "d-1", "at": "later"}),
        Output(content="Already drafted.", metadata={"duplicate": True, "draft_id": "d-1"}),
        Output(structured={"duplicate": True}),
    ],
)
def test_the_same_draft_again_passes(again):
    """Repeated as it was, or marked as a duplicate."""
    assert same(DRAFT, again).result == "pass"


@pytest.mark.parametrize(
    ("first", "again", "place"),
    [
        (DRAFT, Output(mail=DRAFT.mail, structured={"draft_id": "d-2"}), "$.draft_id"),
        (DRAFT, replace(DRAFT, mail=Mail(to=("a@b.test",), subject="Re", body="Shipped!")), "$.mail"),
        (Output(content="one"), Output(content="two"), "$.content"),
        (Output(structured={"a": 1}), Output(structured={"a": 2}), "$.structured"),
        (DRAFT, Output(mail=Mail(body="other"), metadata={"duplicate": True}), "$.mail"),
        (NAMED, Output(structured={"draft_id": "d", "duplicate": True, "text": "Refunded twice."}), "$.structured"),
    ],
)  # fmt: skip
def test_another_draft_is_an_incident(first, again, place):
    """Another id, another text under the same id, another answer."""
    outcome = same(first, again)

    (finding,) = outcome.findings
    assert outcome.result == "fail"
    assert finding.place == place
    assert finding.message == "the same message must give the same draft again (delivery 2)"
    assert (finding.severity, finding.witness) == (Severity.INCIDENT, Witness.STRUCTURE)


@pytest.mark.parametrize(
    "again", [replace(SAID, structured={"text": "Refunded you twice."}), Output(content="Already answered.")]
)
def test_a_duplicate_with_a_text_of_its_own_is_suspected(again):
    """It may be another draft, or a word about the first one: that holds, and takes no build back."""
    (finding,) = same(SAID, replace(again, metadata={"duplicate": True})).findings

    assert (finding.severity, finding.witness) == (Severity.INCIDENT, Witness.PATTERN)


def test_the_finding_shows_where_the_drafts_differ():
    """The field, and the text on both sides of the first difference."""
    (finding,) = same(DRAFT, Output(mail=Mail(to=("a@b.test",), subject="Re", body="Shipped now."))).findings

    assert finding.excerpt == "body: 'Shipped.' became 'Shipped now.'"


def test_a_crash_shows_nothing_about_drafts():
    """It fails the check as an error, not as an incident."""
    outcome = same(DRAFT, Output(error=Crash(kind=CrashKind.DIED, message="exit 1")))

    assert outcome.result == "fail"
    assert [finding.severity for finding in outcome.findings] == [Severity.ERROR]


def test_a_case_delivered_once_is_not_applicable():
    """Only a repetition shows anything."""
    trial = Trial(case=Case(id="m-1"), outputs=(DRAFT,))

    assert run_check(CHECKS["idempotency.same"], trial, CONFIG).result == "not_applicable"


def test_cases_are_a_seeded_sample_delivered_again():
    """At most 25, chosen by content under a seed, whatever the order they are given in."""
    cases = [Case(id=f"m-{number}", input=number) for number in range(200)]
    shuffled = random.Random(3).sample(cases, len(cases))

    derived = SUITES["idempotency"].cases(cases, 7)

    twice = [case for case in derived if case.id.endswith("~twice")]
    assert len(twice) == 25
    assert all(case.given == Given(deliveries=2) for case in twice)
    assert {case.id for case in derived} == {case.id for case in SUITES["idempotency"].cases(shuffled, 7)}
    assert {case.id for case in derived} != {case.id for case in SUITES["idempotency"].cases(cases, 8)}


def test_ten_of_them_come_at_once_and_after_a_crash_as_well():
    """Two together; and one that is broken off when a tool has written, with two more behind it to compare."""
    derived = SUITES["idempotency"].cases([Case(id=f"m-{number}", input=number) for number in range(200)], 7)
    words = {word: [case for case in derived if case.id.endswith(f"~{word}")] for word in ("at-once", "after-crash")}
    bases = [{case.id.partition("~")[0] for case in cases} for cases in words.values()]

    assert len(bases[0]) == 10
    assert bases[0] == bases[1] < {case.id.partition("~")[0] for case in derived if case.id.endswith("~twice")}
    assert {case.given for case in words["at-once"]} == {Given(deliveries=2, at_once=True)}
    assert {case.given for case in words["after-crash"]} == {Given(deliveries=3, crash_after_write=True)}


def test_a_copy_is_a_message_of_its_own():
    """Its deliveries share an id that neither the case nor another copy has; nothing else of it changes."""
    mail = Mail(message_id="<m1@shop.test>", sender="a@b.test", headers={"Message-ID": "<m1@shop.test>"})
    case = Case(id="c", input={"message_id": "m1", "n": 7}, given=Given(mail=mail))

    copies = SUITES["idempotency"].cases([case], 0)

    words = [copy.id.partition("~")[2] for copy in copies]
    assert [copy.input for copy in copies] == [{"message_id": f"m1.{word}", "n": 7} for word in words]
    ids = [f"<m1.{word}@shop.test>" for word in words]
    assert [copy.given.mail for copy in copies] == [
        replace(mail, message_id=own, headers={"Message-ID": own}) for own in ids
    ]


def test_an_id_that_the_case_says_elsewhere_stays():
    """A script that names it, or what is expected of the answer, would no longer be about this message."""
    case = Case(id="c", input={"message_id": "m1", "text": "about m1"})

    assert {copy.input["message_id"] for copy in SUITES["idempotency"].cases([case], 0)} == {"m1"}


@pytest.mark.parametrize(
    ("given", "how", "mend"),
    [
        (Given(deliveries=2, at_once=True), " delivered 2 times at once", "Claim the message's id"),
        (Given(deliveries=3, crash_after_write=True), " delivered again after a crash", "Look up what was written"),
    ],
)
def test_a_finding_says_how_the_message_came(given, how, mend):
    """The race and the crash have other causes than a repetition, and other mends."""
    trial = Trial(case=Case(id="m", given=given), outputs=(DRAFT, DRAFT), observations=(saw("draft_store"),) * 2)

    (finding,) = run_check(CHECKS["idempotency.once"], trial, CONFIG).findings

    assert finding.message == f"the same message{how} must write to 'draft_store' once; it wrote 2 times"
    assert finding.mend.startswith(mend)


def test_cases_with_scripted_failures_are_left_out():
    """There the first delivery may rightly have no effect."""
    broken = Case(id="a", given=Given(faults=(Fault(kind="timeout"),)))
    refused = Case(id="b", expect=Expect(outcome="error"))

    derived = [case.id for case in SUITES["idempotency"].cases([broken, refused, Case(id="c")], 0)]

    assert derived == ["c~twice", "c~at-once", "c~after-crash"]


def test_capabilities_of_the_case_are_asked_first():
    """A case whose needs the pipeline does not declare is shown as such."""
    trial = Trial(case=Case(id="m", needs=(Capability.MAIL,), given=Given(deliveries=2)), outputs=(DRAFT, DRAFT))
    outcome = run_check(CHECKS["idempotency.same"], trial, CheckConfig(capabilities=frozenset()))

    assert (outcome.result, outcome.reason) == ("not_applicable", "the pipeline does not declare mail")


@pytest.mark.parametrize(
    ("first", "again", "excerpt"),
    [
        (Output(structured={"a": {"b": 1}}), Output(structured={"a": {"b": [2]}}), "a: b: 1 became a list of 1"),
        (Output(structured={"a": 1}), Output(), "an object with a became null"),
        (Output(content="one"), Output(content="one", structured={"a": 1}), "null became an object with a"),
        (Output(content="one", structured={"a": 1}), Output(content="one", structured={"a": 2}), "a: 1 became 2"),
        (Output(structured={"draft_id": 7, "n": 1}), Output(structured={"draft_id": 7, "n": 2}), "n: 1 became 2"),
    ],
)  # fmt: skip
def test_structured_answers_are_compared_whatever_stands_beside_them(first, again, excerpt):
    """A program reads them, where a reader sees the text."""
    (finding,) = same(first, again).findings

    assert (finding.place, finding.excerpt) == ("$.structured", excerpt)


@pytest.mark.parametrize(
    ("again", "place"),
    [
        (Output(), "$.content"),
        (Output(mail=Mail(body="No refund.")), "$.mail"),
        (Output(structured={"text": "We owe you nothing."}), "$.content"),
        (Output(content="Refunded.", messages=(Message(role="assistant", content="Twice."),)), "$.messages"),
        (Output(content="Refunded.", metadata={"telegram": {"text": "Twice.", "buttons": []}}), "$.metadata.telegram"),
    ],
)
def test_an_answer_in_another_place_or_none_is_another_answer(again, place):
    """Nothing, a mail, an object or a message where the first delivery had a text, or beside it."""
    (finding,) = same(Output(content="Refunded."), again).findings

    assert finding.place == place


def test_what_is_of_one_delivery_is_not_compared():
    """Ids of the request, time, cost and origin differ by their nature, wherever they stand."""
    seen = saw("draft_store")
    first = Output(
        content="ok", structured={"meta": {"trace": seen.run_id, "latency_ms": 3, "usage": {"a": 1}}, "n": 1}
    )
    later = Output(content="ok", structured={"meta": {"latency_ms": 9, "provenance": "cached"}, "n": 1})

    trial = Trial(case=TWICE, outputs=(first, later), observations=(seen,))
    assert run_check(CHECKS["idempotency.same"], trial, CheckConfig()).result == "pass"


def test_values_that_cannot_be_compared_differ():
    """What is no JSON value is not taken for the same."""
    assert same(Output(structured=object()), Output(structured={1, 2})).result == "fail"


def test_a_write_without_arguments_is_still_a_write():
    """A body the double could not read does not hide the effect."""
    bare = Observation(run_id="0" * 16, double="tool", action="refund", at="", detail={"status": 200, "raw": "x"})

    incident, keyless = refunded(bare, bare).findings

    assert (incident.excerpt, keyless.excerpt) == ("last call: no arguments", "2 without: no arguments")


def test_one_id_without_any_text_is_one_draft():
    """Where only the id is returned, the id decides."""
    assert same(Output(structured={"draft_id": 7}), Output(metadata={"draft_id": 7})).result == "pass"


# Mails


def mailed(*recipients: str, action: str = "message", text: str = "") -> Observation:
    told = {"rcpt": [f"<{one}>" for one in recipients], "data_base64": text}
    return Observation(run_id="0" * 16, double="mail", action=action, at="2025-01-01T00:00:00Z", detail=told)


MAILS = CheckConfig(capabilities=frozenset({Capability.MAIL}))


def test_a_second_mail_is_an_incident_whatever_it_says():
    """Each delivery answers the customer again: seen on the wire, also where a tool's write was made once."""
    twice = [mailed("a@b.test", text="QQ=="), mailed("a@b.test", text="Qg==")]
    for config, more in ((MAILS, []), (CONFIG, [saw("draft_store", id="m-1")])):
        outcome = once(*more, *twice, config=config)
        (finding,) = outcome.findings
        assert outcome.result == "fail"
        assert finding.message == "the same message must be answered to the same recipients once; it was 2 times"
        assert (finding.severity, finding.witness) == (Severity.INCIDENT, Witness.WIRE)


def test_mails_that_one_message_causes():
    """One to each who is told, and one that was broken off on the way, are no second answer; nor is what is allowed."""
    sound = [mailed("a@b.test"), mailed("desk@b.test"), mailed("a@b.test", action="unfinished")]
    assert once(*sound, config=MAILS).result == "pass"
    assert once(saw("draft_lookup"), config=MAILS).result == "not_applicable"
    allowed = replace(TWICE, expect=Expect(calls=(CallLimit(target="mail", most=2),)))
    for count, result in ((2, "pass"), (3, "fail")):
        trial = Trial(case=allowed, outputs=(DRAFT, DRAFT), observations=(mailed("a@b.test"),) * count)
        assert run_check(CHECKS["idempotency.once"], trial, MAILS).result == result
