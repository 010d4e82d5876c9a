"""The schema suite on whole outputs: contract, case rules, emptiness, truncation, language."""

from __future__ import annotations

from dataclasses import replace

import pytest

from sluicegate.checks import CHECKS, CheckConfig, compile_contract, rule_faults, run_check
from sluicegate.checks.rules import rule_holds
from sluicegate.checks.success import success
from sluicegate.model import Case, Crash, CrashKind, Expect, Given, Mail, Message, Output, Rule, ToolCall, Trial

ORDER = compile_contract(
    {
        "type": "object",
        "required": ["id"],
        "additionalProperties": False,
        "properties": {"id": {"type": "string"}},
    }
)


def judged(check: str, *outputs: Output, config: CheckConfig | None = None, case: Case | None = None):
    return run_check(CHECKS[check], Trial(case=case or Case(id="c-1"), outputs=outputs), config or CheckConfig())


def messages(outcome):
    return [(found.place, found.message) for found in outcome.findings]


def test_without_a_contract_nothing_is_valid():
    """A check that has nothing to judge by does not pass; it says what is missing."""
    outcome = judged("schema.valid", Output(structured={"id": "1"}))

    assert outcome.result == "not_applicable"
    assert outcome.reason == "no contract: the plan names none under `schemas`"


def test_each_field_is_judged_by_its_own_contract():
    """structured by one, content by another; places begin at the output."""
    config = CheckConfig(
        contracts={"structured": ORDER, "content": compile_contract({"type": "string", "maxLength": 2})}
    )

    outcome = judged("schema.valid", Output(structured={"id": 1}, content="abc"), config=config)

    assert messages(outcome) == [
        ("$.content", "must have at most 2 characters"),
        ("$.structured.id", "must be text"),
    ]


@pytest.mark.parametrize(
    ("content", "found"),
    [
        ('{"id": "1"}', []),
        ('{"id": "1"', ["must be JSON; it is cut off: 1 JSON bracket is still open at the end"]),
        ('{"id": "1', ["must be JSON; it is cut off: a JSON string is still open at the end"]),
        ('Sure! {"id": "1"}', ["must be JSON and nothing else"]),
        ('```json\n{"id": "1"}\n```', ["must be JSON and nothing else"]),
        ('{"id": NaN}', ["must be JSON and nothing else"]),
        ('{"id": "1", "id": "2"}', ["must not hold a key twice in one object: readers disagree about which counts"]),
        ("[" * 100_000, ["must be JSON; it is cut off: 100000 JSON brackets are still open at the end"]),
        ("", ["must be JSON and nothing else"]),
    ],
)
def test_json_in_the_text_is_read_strictly(content, found):
    """A contract for an object on `content` reads the text as JSON; cut off is told apart from wrong."""
    outcome = judged("schema.valid", Output(content=content), config=CheckConfig(contracts={"content": ORDER}))

    assert [finding.message for finding in outcome.findings] == found


@pytest.mark.parametrize(
    "check", ["schema.valid", "schema.must", "schema.not_empty", "schema.whole", "schema.language"]
)
def test_a_crash_is_no_answer(check):
    """A crash fails every check that applies: failures stay in the denominator."""
    case = Case(id="c-1", given=Given(locale="en"), expect=Expect(must=(Rule(field="content", contains="a"),)))
    crash = Output(error=Crash(kind=CrashKind.TIMEOUT, message="no answer in 30 s"))

    outcome = judged(check, crash, config=CheckConfig(contracts={"structured": ORDER}), case=case)

    assert outcome.result == "fail"
    assert messages(outcome) == [("$.error", "an answer was expected; the pipeline crashed (timeout)")]
    assert outcome.findings[0].excerpt == "no answer in 30 s"


@pytest.mark.parametrize("kind", [CrashKind.NOT_RECORDED, CrashKind.NOT_SENT])
def test_a_pipeline_that_was_never_called_has_not_failed(kind):
    """Where nothing is known of the pipeline the answer is `error`: it holds, and blames nobody."""
    outcome = judged("schema.not_empty", Output(error=Crash(kind=kind, message="no row for c-1")))

    assert outcome.result == "error"
    assert outcome.reason == "no row for c-1"


def test_an_expected_error_is_an_answer():
    """Where the case expects an error, one the pipeline reports is right, and one it dies of is not."""
    case = Case(id="c-1", expect=Expect(outcome="error"))

    assert (
        judged("schema.not_empty", Output(error=Crash(kind=CrashKind.REPORTED, message="x")), case=case).result
        == "pass"
    )
    assert judged("schema.not_empty", Output(error=Crash(kind=CrashKind.DIED, message="x")), case=case).result == "fail"


def test_every_delivery_is_judged():
    """The second delivery's answer has the same contract; its finding says which it was."""
    config = CheckConfig(contracts={"structured": ORDER})

    outcome = judged("schema.valid", Output(structured={"id": "1"}), Output(structured={}), config=config)

    assert messages(outcome) == [("$.structured", "lacks 'id' (delivery 2)")]


@pytest.mark.parametrize(
    "output",
    [
        Output(content="ok"), Output(structured={"a": 1}), Output(structured=0), Output(mail=Mail(body="hi")),
        Output(messages=(Message(role="assistant", content="hi"),)), Output(tools_called=(ToolCall(name="t"),)),
    ],
)  # fmt: skip
def test_an_answer_is_not_empty(output):
    """Text, a structure, a mail, a turn of a chat or a tool call is an answer."""
    assert judged("schema.not_empty", output).result == "pass"


@pytest.mark.parametrize(
    "output",
    [
        Output(), Output(content=""), Output(content=" \n\t"), Output(content="\u200b\ufeff\u2060"),
        Output(structured={}), Output(structured=[]), Output(structured=""), Output(mail=Mail(body=" ")),
        Output(messages=(Message(role="user", content="hi"),)),
    ],
)  # fmt: skip
def test_blanks_are_no_answer(output):
    """Invisible characters and empty containers say nothing."""
    assert judged("schema.not_empty", output).result == "fail"


@pytest.mark.parametrize(
    "output",
    [
        Output(content="…", metadata={"finish_reason": "length"}),
        Output(content="x", metadata={"stop_reason": "max_tokens"}),
        Output(content="x", metadata={"finishReason": "MAX_TOKENS"}),
        Output(content="```python\nprint(1)"),
        Output(content='{"a": ["b"'),
        Output(content='[{"a": "b\\"'),
    ],
)
def test_truncation_is_detected(output):
    """By the model's own word, an open code block, or JSON that never ends."""
    assert judged("schema.whole", output).result == "fail"


@pytest.mark.parametrize(
    "output",
    [
        Output(content="Done.", metadata={"finish_reason": "stop"}),
        Output(content="```\na\n```"),
        Output(content='{"a": "]"}'),
        Output(content="[1] see the source"),
        Output(content='[Sale] screens of 5" and more'),
        Output(content="{name} is a placeholder"),
        Output(content="Use `{` and `[`"),
        Output(content=None),
        Output(content="x", metadata={"finish_reason": 7}),
    ],
)
def test_whole_answers_are_not_called_cut(output):
    """Brackets in a sentence, and reasons that are no text, say nothing."""
    assert judged("schema.whole", output).result == "pass"


@pytest.mark.parametrize(
    ("given", "content", "result"),
    [
        (Given(locale="ru-RU"), "Тренды недели: OpenAI и Google выпустили GPT-5 и Gemini.", "pass"),
        (Given(locale="ru"), "Trends of the week were led by chips.", "fail"),
        (Given(locale="en_US"), "Trends of the week were led by chips.", "pass"),
        (Given(locale="en"), "Тренды недели определили чипы.", "fail"),
        (Given(locale="auto", command="/analyze keywords нейросети"), "Trends of the week were led by chips.", "fail"),
        (Given(command="какие новости о чипах сегодня?"), "Главное о чипах за сегодня.", "pass"),
        (Given(mail=Mail(body="Where is my order 1001, please?")), "Ваш заказ уже отправлен.", "fail"),
        (Given(locale="en"), "OK", "pass"),
        (Given(locale="en"), "https://пример.рф/очень/длинный/путь — see the link above", "pass"),
        (Given(command="/trends 24h"), "Тренды недели определили чипы.", "not_applicable"),
        (Given(locale="uk"), "Trends of the week were led by chips.", "fail"),
        (Given(locale="zh"), "Trends of the week were led by chips.", "not_applicable"),
    ],
)
def test_the_answer_is_in_the_language_of_the_request(given, content, result):
    """Told by script; what cannot be told is not applicable, and shown as such."""
    assert judged("schema.language", Output(content=content), case=Case(id="c-1", given=given)).result == result


OUTPUT = Output(
    content="Order AB-1001 was shipped.",
    structured={"items": [{"price": 3.0, "tags": ["a", "b"]}], "ok": True, "odd key": None},
    mail=Mail(to=("a@b.test",), subject="Re: order"),
    metadata={"draft": 7},
)


@pytest.mark.parametrize(
    "rule",
    [
        Rule(field="content", contains="1001"), Rule(field="content", matches=r"AB-\d+"),
        Rule(field="mail.subject", equals="Re: order"), Rule(field="structured.items[0].price", equals=3),
        Rule(field="structured.items[0].tags", contains="a"), Rule(field="structured.items[0].tags", equals=["a", "b"]),
        Rule(field="structured.ok", equals=True), Rule(field='structured["odd key"]', equals=None),
        Rule(field="mail.to", contains="a@b"), Rule(field="$.metadata.draft", matches="^7$"),
        Rule(field="structured.items[-1]", equals={"tags": ("a", "b"), "price": 3}),
    ],
)  # fmt: skip
def test_rules_that_hold(rule):
    """Paths, the three operators, and JSON equality."""
    case = Case(id="c-1", expect=Expect(must=(rule,)))
    forbidding = Case(id="c-1", expect=Expect(must_not=(rule,)))

    assert judged("schema.must", OUTPUT, case=case).result == "pass"
    assert judged("schema.must", OUTPUT, case=forbidding).result == "fail"


@pytest.mark.parametrize(
    "rule",
    [
        Rule(field="content", contains="1002"), Rule(field="content", matches="^AB"),
        Rule(field="mail.body", contains="a"),
        Rule(field="structured.ok", equals=1), Rule(field="structured.items[0].price", equals=True),
        Rule(field="structured.items[1]", equals=None), Rule(field="structured.nothing", equals=None),
        Rule(field="structured.items", matches="a"), Rule(field="content", equals="Order"),
    ],
)  # fmt: skip
def test_rules_that_do_not_hold(rule):
    """What is not there holds nothing, and true is not 1."""
    case = Case(id="c-1", expect=Expect(must=(rule,)))
    forbidding = Case(id="c-1", expect=Expect(must_not=(rule,)))

    assert judged("schema.must", OUTPUT, case=case).result == "fail"
    assert judged("schema.must", OUTPUT, case=forbidding).result == "pass"


def test_a_rule_tells_what_was_seen():
    """The rule as message, the value as excerpt, the place in the output."""
    case = Case(id="c-1", expect=Expect(must=(Rule(field="mail.subject", contains="1001"),)))

    (finding,) = judged("schema.must", OUTPUT, case=case).findings

    assert (finding.place, finding.message, finding.excerpt) == ("$.mail.subject", "must contain '1001'", "Re: order")


@pytest.mark.parametrize(
    "expect",
    [
        {"must": (Rule(field="structured.items[0]", contains="price"),)},
        {"must_not": (Rule(field="structured.items[0]", contains="x"),)},
    ],
)
def test_what_cannot_be_read_keeps_no_rule(expect):
    """Neither a must nor a must_not passes on something it cannot read."""
    assert judged("schema.must", OUTPUT, case=Case(id="c-1", expect=Expect(**expect))).result == "fail"


def test_a_text_too_long_to_search_fails_both_ways():
    """Hostile length is a violation, never a pass."""
    huge = Output(content="a" * 1_000_001)
    rule = Rule(field="content", matches="secret")

    assert judged("schema.must", huge, case=Case(id="c", expect=Expect(must_not=(rule,)))).result == "fail"
    assert judged("schema.must", huge, case=Case(id="c", expect=Expect(must=(rule,)))).result == "fail"
    assert rule_holds(rule, huge) is None


@pytest.mark.parametrize(
    ("rule", "says"),
    [
        (Rule(field="contents", contains="a"), "Did you mean 'content'?"),
        (Rule(field="content", matches="("), "is broken"),
        (Rule(field="content", matches=r"(?=(a+)+$)b"), "could take for ever"),
        (Rule(field="content", contains="a", matches="b"), "Keep one of"),
        (Rule(field="content[", contains="a"), "cannot be read"),
        (Rule(field="mail.subjct", contains="a"), "Did you mean 'subject'?"),
        (Rule(field="$.mail.attachments[0].mediatype", equals="a"), "Did you mean 'media_type'?"),
        (Rule(field="tools_called.name", equals="a"), "Write tools_called[0].name"),
        (Rule(field="content.text", equals="a"), "nothing stands below content"),
        (Rule(field="error.kind.name", equals="a"), "nothing stands below error.kind"),
        (Rule(field="usage.tokens", equals=3), "there is no 'tokens' in usage"),
    ],
)
def test_a_rule_that_cannot_be_used_is_a_fault(rule, says):
    """Found when cases are read; and were it not, the check answers `error`, not pass or fail."""
    (fault,) = rule_faults(rule, "cases.jsonl:7")

    assert fault.where == "cases.jsonl:7"
    assert says in str(fault)
    if rule.matches != "b":
        assert judged("schema.must", OUTPUT, case=Case(id="c", expect=Expect(must=(rule,)))).result == "error"


@pytest.mark.parametrize(
    "field",
    [
        "structured.any[3].thing", "metadata.any.thing", "mail.headers.X-Any", "mail.to[0]",
        "tools_called[0].arguments.q", "tools_called.0.arguments.q", "messages[-1].content",
        "usage.input_tokens?", "provenance",
    ],
)  # fmt: skip
def test_a_path_that_an_output_may_have_is_none(field):
    """A JSON value may hold anything; whatever is ours is known."""
    assert rule_faults(Rule(field=field, contains="a"), "") == []


def test_an_answer_where_an_error_is_right_is_a_failure():
    """The case says that this must not be answered: what answers it keeps no rule, and is no success."""
    case = Case(id="c", expect=Expect(outcome="error"))
    said = Crash(kind=CrashKind.REPORTED, message="no")
    config = CheckConfig(contracts={})

    answered = judged("schema.must", Output(content="Of course!"), case=case)
    assert messages(answered) == [("$.error", "must be an error: the case expects one")]
    assert judged("schema.must", Output(error=said), case=case).result == "pass"
    some = judged("schema.must", Output(content="The last one."), Output(error=said), case=case)
    assert some.result == "pass"  # of a crowd at a limit, those who came too late
    assert success(Trial(case=case, outputs=(Output(content="Of course!"),)), config) is False
    assert success(Trial(case=replace(case, expect=Expect(outcome="answer")), outputs=(Output(),)), config) is not False


def test_a_case_without_rules_is_not_applicable():
    """Nothing was asked, so nothing is said to pass."""
    assert judged("schema.must", OUTPUT).result == "not_applicable"


@pytest.mark.parametrize(
    ("given", "asked", "result"),
    [
        (Given(locale="auto"), "какие новости о чипах сегодня?", "fail"),
        (Given(locale="auto"), {"text": "какие новости о чипах сегодня?"}, "fail"),
        (Given(locale="auto"), {"rows": [1]}, "not_applicable"),
        (Given(), "Переведи на английский: новости о чипах", "not_applicable"),
    ],
)
def test_free_input_tells_a_language_only_when_asked_to(given, asked, result):
    """A text to be translated is no request for its own language."""
    case = Case(id="c-1", input=asked, given=given)

    assert judged("schema.language", Output(content="The news of today is about chips."), case=case).result == result


def test_a_contract_reads_any_field():
    """Reported tool calls and metadata too, as they are recorded."""
    calls = compile_contract({"type": "array", "maxItems": 1})
    config = CheckConfig(contracts={"tools_called": calls})
    output = Output(content="x", tools_called=(ToolCall(name="a"), ToolCall(name="b")))

    assert messages(judged("schema.valid", output, config=config)) == [("$.tools_called", "must have at most 1 items")]


def test_text_that_is_no_text_is_told():
    """A pipeline in the same process may return anything."""
    config = CheckConfig(contracts={"content": ORDER})

    assert messages(judged("schema.valid", Output(content=7), config=config)) == [("$.content", "must be text")]
