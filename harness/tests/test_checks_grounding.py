"""Suite grounding: evidence is what crossed the boundary, contradictions are incidents, and the rest is counted."""

from __future__ import annotations

from typing import Any

import pytest

from sluicegate.checks import CHECKS, SUITES, CheckConfig, Result, run_check
from sluicegate.checks.check import CheckOutcome
from sluicegate.checks.contribution import Contribution
from sluicegate.checks.grounding_measures import COUNTED, DRAFTS, measured_recall
from sluicegate.checks.measures import measure
from sluicegate.checks.pii_measures import Recall
from sluicegate.grounding.evaluation import counted_by_sort, drafts
from sluicegate.model import Case, Crash, CrashKind, NotMeasured, Observation, Output, Severity, Trial, Witness, decode
from sluicegate.plan.metrics import BUILT_IN

RECORD = {"order_id": "1002", "status": "packed", "total": "62.57 EUR", "due": "2026-02-05"}
GIVEN = {
    "mail": {"sender": "Ann Reed <ann@mail.test>", "subject": "Order 1002", "body": "Where is order 1002?"},
    "now": "2026-01-29T09:00:00Z",
    "tool_results": [{"tool": "order", "arguments": {"order_id": "1002"}, "result": RECORD}],
    "snippets": [
        {"id": "s1", "text": "You may return items within 30 days."},
        {"id": "s2", "text": "We open at 9:00 every day."},
    ],
}


def case(**more: Any) -> Case:
    return decode(Case, {"id": "c", "given": GIVEN, **more})


def call(double: str, action: str, **detail: Any) -> Observation:
    return Observation(run_id="0" * 16, double=double, action=action, at="2026-01-29T09:00:00Z", detail=detail)


ASKED = call("tool", "order", arguments={"order_id": "1002"}, status=200, writes=False)
FOUND = call("retriever", "search", query="q", k=3, returned=["s1", "s2"], status=200)
PROMPT = call("model", "m", protocol="chat", status=200, carried={"snippets": ["s1"]})


def trial(text: str, *seen: Observation, of: Case | None = None, **more: Any) -> Trial:
    return Trial(case=of or case(), outputs=(Output(content=text, **more),), observations=seen)


def asked(name: str, of: Trial) -> CheckOutcome:
    return run_check(CHECKS[f"grounding.{name}"], of, CheckConfig())


def counted(name: str, of: Trial) -> Any:
    return measure(BUILT_IN[name], of, {}, CheckConfig())


def test_a_contradicted_claim_is_an_incident_and_another_records_value_is_confirmed() -> None:
    """With what was claimed, and what the record says; one unit of the metric. A mere difference is for a human."""
    wrong = trial("Your order 1002 has shipped.", ASKED)
    (found,) = asked("claims", wrong).findings

    assert (found.severity, found.witness, found.place) == (Severity.INCIDENT, Witness.PATTERN, "$.content")
    assert "tools.order[0].status is 'packed'" in found.excerpt
    assert counted("grounding.hallucinations", wrong) == Contribution(k=1, n=1)
    assert CHECKS["grounding.claims"].zero_tolerance

    both = case(given={**GIVEN, "record": {"orders": [RECORD, {**RECORD, "order_id": "1003", "total": "19.00 EUR"}]}})
    swapped = trial("Your order 1002 comes to 19.00 EUR. It has shipped.", of=both)
    assert {item.witness for item in asked("claims", swapped).findings} == {Witness.CLAIM, Witness.PATTERN}


def test_what_is_no_incident_confirms_none_beside_it() -> None:
    """A quotation that nobody wrote, an insight that refers to nothing: errors, and no proof of a claim."""
    quoted = trial("You wrote: “please leave it with my neighbour”. Order 1002 has shipped.", ASKED)
    found = [item for name in ("claims", "quotes") for item in asked(name, quoted).findings]
    assert [item.witness.confirms for item in found] == [False, False]


@pytest.mark.parametrize(
    "seen",
    [
        (),
        (call("tool", "order", arguments={"order_id": "1002"}, status=500, writes=False),),
        (call("tool", "order", arguments={"order_id": "1003"}, status=200, writes=False),),
        (call("tool", "order", arguments={"order_id": "1002"}, status=200, writes=False, aborted=True),),
        (call("tool", "order", arguments={"order_id": "1002"}, status=200, writes=False, fault="cut"),),
        (call("tool", "order", arguments={"order_id": "1002"}, status=200, writes=True),),
    ],
)
def test_only_what_a_tool_really_gave_is_evidence(seen: tuple[Observation, ...]) -> None:
    """No call, a failed one, one for another order, one nobody waited for, a broken answer, a write: no record."""
    assert asked("claims", trial("Your order 1002 is packed.", *seen)).result is Result.NOT_APPLICABLE
    assert asked("claims", trial("Your order 1002 is packed.", ASKED)).result is Result.PASS


def test_what_the_pipeline_claims_it_was_given_is_no_evidence() -> None:
    """Its own account of a tool call supports nothing."""
    said = decode(
        Output,
        {
            "content": "It has shipped.",
            "tools_called": [{"name": "order", "result": {"order_id": "1002", "status": "shipped"}}],
        },
    )
    assert asked("claims", Trial(case=case(), outputs=(said,), observations=())).result is Result.NOT_APPLICABLE
    assert asked("claims", Trial(case=case(), outputs=(said,), observations=(ASKED,))).result is Result.FAIL


def test_a_snippet_is_evidence_once_it_stood_in_a_prompt() -> None:
    """Returned and left out of the prompt, it attests nothing; without a look at prompts, returned is enough."""
    text = "We open at 9:00 every day."
    assert counted("grounding.evidence_coverage", trial(text, FOUND)) == Contribution(k=1, n=1)
    assert counted(
        "grounding.evidence_coverage", trial("You may return items within 30 days.", FOUND, PROMPT)
    ) == Contribution(k=1, n=1)
    assert counted("grounding.evidence_coverage", trial("Come on 9 March.", FOUND, PROMPT)) == Contribution(k=0, n=1)


def test_a_fact_without_tool_data_is_an_incident_where_a_verification_is_expected() -> None:
    """Asking is right, repeating the customer's number too; a state, a day or an amount is not."""
    expected = case(expect={"outcome": "verification"})
    asks = trial("Please send us the e-mail address of order 1002.", of=expected)
    states = trial("Your order 1002 has shipped.", of=expected)

    assert asked("template", asks).result is Result.PASS
    assert asked("template", states).result is Result.FAIL
    assert not any(item.witness.confirms for item in asked("template", states).findings)
    assert counted("grounding.hallucinations", states) == Contribution(k=1, n=1)
    assert asked("template", trial("It has shipped.", ASKED)).result is Result.NOT_APPLICABLE
    assert counted("draft.verification_rate", asks) == Contribution(k=1, n=1)
    assert counted("draft.verification_rate", trial("Your order 1002 is packed.", ASKED)) == Contribution(k=0, n=1)


def test_a_quotation_that_nobody_wrote_fails_and_is_no_incident() -> None:
    """It lowers the coverage."""
    wrong = trial("You wrote: “please leave it with my neighbour”.", ASKED)
    right = trial("You wrote: “Where is order 1002?”", ASKED)

    assert asked("quotes", wrong).result is Result.FAIL
    assert asked("quotes", right).result is Result.PASS
    assert counted("grounding.evidence_coverage", wrong) == Contribution(k=0, n=1)
    assert counted("grounding.hallucinations", wrong) == Contribution(k=0, n=1)


def test_insights_refer_to_evidence_that_was_returned() -> None:
    """A reference that leads nowhere and a piece nobody returned fail; both are not covered."""
    pieces = [
        {"id": "1", "snippet": "You may return items within 30 days."},
        {"id": "2", "snippet": "Elephants are blue."},
    ]
    insights = [
        {"text": "Items may be returned within 30 days.", "evidence_refs": ["1"]},
        {"text": "Elephants are blue.", "evidence_refs": ["2"]},
        {"text": "Items may be returned.", "evidence_refs": ["9"]},
    ]
    answer = trial("", FOUND, structured={"insights": insights, "evidence": pieces})

    assert [item.place for item in asked("refs", answer).findings] == [
        "$.structured.insights[1]",
        "$.structured.insights[2]",
    ]
    assert counted("grounding.evidence_coverage", answer) == Contribution(k=1, n=3)


def test_a_piece_that_a_tool_gave_was_returned() -> None:
    """A stored answer shown again has its evidence with it; where the tool was not asked, nothing returned it."""
    stored = {"text": "Items may be returned within 30 days.", "evidence": ["1"]}
    piece = {"id": "1", "snippet": "You may return items within 30 days."}
    answer = {"insights": [stored], "evidence": [piece]}
    kept = case(given={"tool_results": [{"tool": "answer", "arguments": {"key": "k"}, "result": {"answer": answer}}]})
    asks = call("tool", "answer", arguments={"key": "k"}, status=200, writes=False)

    assert asked("refs", trial("", asks, of=kept, structured=answer)).result is Result.PASS
    assert asked("refs", trial("", of=kept, structured=answer)).result is Result.FAIL


@pytest.mark.parametrize(
    ("snippet", "result"),
    [
        ("You may return items [hidden] 30 days.", Result.PASS),
        ("<PERSON> may return items within 30 days.", Result.PASS),
        ("You may return items within ***.", Result.PASS),
        ("You may return items [hidden] 90 days.", Result.FAIL),
        ("within 30 days [hidden] You may return items", Result.FAIL),
        ("[hidden]", Result.FAIL),
    ],
)
def test_a_piece_may_be_masked_and_nothing_else(snippet: str, result: Result) -> None:
    """What a mask stands for is short, and around it every word is as it was returned."""
    insight = {"text": "You may return items.", "evidence": ["1"]}
    answer = {"insights": [insight], "evidence": [{"id": "1", "snippet": snippet}]}

    assert asked("refs", trial("", FOUND, structured=answer)).result is result


def test_a_piece_that_the_customer_wrote_was_returned_by_nobody() -> None:
    """A request proves nothing, as an insight's evidence neither."""
    asks = case(given={"mail": {"sender": "Ann Reed <ann@mail.test>", "body": "Items may be returned within 90 days."}})
    insight = {"text": "Items may be returned within 90 days.", "evidence": ["1"]}
    piece = {"id": "1", "snippet": "Items may be returned within 90 days."}
    answer = {"insights": [insight], "evidence": [piece]}

    assert asked("refs", trial("", of=asks, structured=answer)).result is Result.FAIL


def test_free_text_is_advisory() -> None:
    """Warnings alone: the check passes."""
    outcome = asked("text", trial("Elephants dance on frozen rivers of chocolate tonight.", FOUND))
    assert outcome.result is Result.PASS
    assert {item.severity for item in outcome.findings} == {Severity.WARNING}


def test_where_nothing_is_known_nothing_is_passed() -> None:
    """No answer recorded, and a log that is cut, hold; a crash shows no incident and not its absence."""
    lost = Trial(case=case(), outputs=(Output(error=Crash(kind=CrashKind.NOT_RECORDED, message="no row")),))
    cut = trial("Your order 1002 is packed.", ASKED, call("tool", "x", dropped=3))
    crashed = Trial(
        case=case(), outputs=(Output(error=Crash(kind=CrashKind.TIMEOUT, message="late")),), observations=(ASKED,)
    )

    assert {
        asked(name.partition(".")[2], lost).result for name in SUITES["grounding"].checks if "template" not in name
    } == {Result.ERROR}
    assert asked("claims", cut).result is Result.ERROR
    assert isinstance(counted("grounding.hallucinations", crashed), NotMeasured)


def test_a_cut_log_hides_no_contradiction() -> None:
    """What was seen is wrong whatever else there was."""
    assert (
        asked("claims", trial("Your order 1002 has shipped.", ASKED, call("tool", "x", dropped=3))).result
        is Result.FAIL
    )


def test_the_suite_takes_cases_with_something_to_rest_on() -> None:
    """Tool results, snippets, records, contexts, and those that must do without."""
    bare = Case(id="bare", input="Hello")
    chosen = SUITES["grounding"].cases(
        [case(), bare, decode(Case, {"id": "v", "expect": {"outcome": "verification"}})], 0
    )
    assert [item.id for item in chosen] == ["c", "v"]


def test_the_recall_of_the_detector_is_measured_by_what_is_wrong() -> None:
    """On held-out templates, as the package says: counted here anew. The lowest sort decides, and it is below one."""
    assert counted_by_sort(drafts(DRAFTS)) == COUNTED
    recall = measured_recall()
    assert isinstance(recall, Recall)
    assert 0.9 < recall.at_least < 1
    assert set(recall.by_kind) == {"state", "amount", "date", "name"}
