"""The mail draft contract: a person could send the draft as it stands."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sluicegate.checks import CHECKS, CheckConfig, compile_contract, run_check
from sluicegate.checks.mail_draft import address_problem
from sluicegate.checks.placeholders import placeholders
from sluicegate.model import Attachment, Case, Given, Mail, Output, Trial

DRAFT: dict[str, Any] = {
    "to": ["Alice Smith <alice@shop.test>"],
    "subject": "Re: Your order 1001",
    "body": "Dear Alice,\n\nyour order 1001 was shipped on 3 May. See [1] and [Order 1001].\n\nBest regards,",
}


def told(draft: Any, *, locale: str = "en", **settings: Any):
    contract = compile_contract({"contract": "mail-draft", **settings})
    case = Case(id="m-1", given=Given(locale=locale))
    return [(problem.place, problem.expected) for problem in contract.problems(draft, case)]


def test_a_sound_draft_breaks_no_rule():
    """As an object, and as a Mail in the output."""
    config = CheckConfig(contracts={"mail": compile_contract("mail-draft")})
    mail = Mail(to=("alice@shop.test",), subject=DRAFT["subject"], body=DRAFT["body"])

    outcome = run_check(CHECKS["schema.valid"], Trial(case=Case(id="m-1"), outputs=(Output(mail=mail),)), config)

    assert told(DRAFT) == []
    assert outcome.result == "pass"


@pytest.mark.parametrize("field", ["to", "subject", "body"])
def test_required_fields(field):
    """Recipient, subject and body are there."""
    draft = {name: value for name, value in DRAFT.items() if name != field}

    assert told(draft) == [("$", f"lacks '{field}'")]


def test_a_missing_mail_is_told():
    """A pipeline that should draft and returns only text."""
    config = CheckConfig(contracts={"mail": compile_contract("mail-draft")})

    outcome = run_check(CHECKS["schema.valid"], Trial(case=Case(id="m-1"), outputs=(Output(content="hi"),)), config)

    assert [(found.place, found.message) for found in outcome.findings] == [
        ("$.mail", "is missing, and has a contract")
    ]


@pytest.mark.parametrize("field", ["tracking_pixel", "Subject", "tos"])
def test_extra_fields(field):
    """A draft has the fields of a mail and no others."""
    assert told({**DRAFT, field: "x"}) == [(f"$.{field}", "is a field the contract does not have")]


def test_recipients_that_are_records_are_told():
    """Addresses are text."""
    assert told({**DRAFT, "to": [{"name": "Alice", "address": "alice@shop.test"}]})


@pytest.mark.parametrize(
    "address",
    [
        "alice@shop.test", "Alice <alice@shop.test>", '"Smith, Alice" <alice@shop.test>', "<alice@shop.test>",
        "a.b+c@sub.shop.test", "o'brien@shop.test", "Müller <m@bücher.test>", " alice@shop.test ",
    ],
)  # fmt: skip
def test_ordinary_addresses_parse(address):
    """What people and mail programs write."""
    assert address_problem(address) is None


@pytest.mark.parametrize(
    "address",
    [
        "", "alice", "@shop.test", "alice@", "alice@shop", "alice@@shop.test", "alice@shop..test", "a b@shop.test",
        "alice@shop.test, eve@evil.test", "alice@shop.test;eve@evil.test", "eve@evil.test, Alice <alice@shop.test>",
        "Alice <alice@shop.test> <eve@evil.test>", "alice@shop.test\r\nBcc: eve@evil.test", "alice@shop.test\n",
        "alice@shop.test\u2028eve@evil.test", "@evil.test:alice@shop.test", "alice%evil.test@", "alice@-shop.test",
        "alice@[127.0.0.1]", "x" * 65 + "@shop.test", "a@" + "b" * 250 + ".test", "alice@shop.test\0", "a\\@b@c.test",
        '"Alice" alice@shop.test', "Alice, Bob <alice@shop.test>", "group: alice@shop.test;",
    ],
)  # fmt: skip
def test_what_mail_programs_read_differently_is_refused(address):
    """One entry is one address, and every reader agrees which."""
    assert address_problem(address) is not None


def test_no_recipient_is_told():
    """An empty list sends to nobody."""
    assert ("$.to", "must name a recipient") in told({**DRAFT, "to": []})


@pytest.mark.parametrize(
    "subject", ["Re: order\r\nBcc: eve@evil.test", "Re:\norder", "a\x00b", "a\u2028b", "a\x85b", "a\x0bb", "\x1b[31m"]
)
def test_a_subject_without_control_characters(subject):
    """No line break of any reader, no control character."""
    assert ("$.subject", "must not hold control characters or line breaks") in told({**DRAFT, "subject": subject})


@pytest.mark.parametrize("field", ["subject", "body"])
@pytest.mark.parametrize("text", ["", "  ", "\n\t"])
def test_subject_and_body_are_not_blank(field, text):
    """Blanks are nothing."""
    assert (f"$.{field}", "must not be blank") in told({**DRAFT, field: text})


def test_header_lengths():
    """A header line has at most 998 bytes (RFC 5322), name included; a subject 200 characters."""
    assert told({**DRAFT, "headers": {"X-Ticket": "1" * 988}}) == []
    assert told({**DRAFT, "headers": {"X-Ticket": "1" * 989}}) == [
        ('$.headers["X-Ticket"]', "must fit a header line of 998 bytes")
    ]
    assert told({**DRAFT, "subject": "é" * 201}) == [("$.subject", "must have at most 200 characters")]


@pytest.mark.parametrize("name", ["X Ticket", "X-Ticket:", "Bcc\r\nTo", "", "Té"])
def test_header_names_are_names(name):
    """Visible ASCII without a colon."""
    assert any("must be a header name" in expected for _, expected in told({**DRAFT, "headers": {name: "1"}}))


def test_sizes():
    """Recipients, body and attachments have limits, and limits are settings."""
    many = [f"a{number}@shop.test" for number in range(101)]
    big = [{"name": "a.pdf", "size_bytes": 25_000_001}]

    assert told({**DRAFT, "to": many}) == [("$", "must have at most 100 recipients")]
    assert told({**DRAFT, "to": many}, max_recipients=200) == []
    assert told({**DRAFT, "body": "a" * 100_001}) == [("$.body", "must have at most 100000 characters")]
    assert told({**DRAFT, "attachments": big}) == [("$.attachments", "must hold at most 25000000 bytes")]


def test_attachment_names_carry_no_path():
    """Neither a folder nor a line break."""
    config = CheckConfig(contracts={"mail": compile_contract("mail-draft")})
    for name in ("../../etc/passwd", "a\r\nb.pdf", "c:\\x.pdf"):
        mail = Mail(to=("a@b.test",), subject="s", body="b", attachments=(Attachment(name=name),))
        outcome = run_check(CHECKS["schema.valid"], Trial(case=Case(id="m"), outputs=(Output(mail=mail),)), config)
        assert [found.place for found in outcome.findings] == ["$.mail.attachments[0].name"]


@pytest.mark.parametrize(
    "text",
    [
        "{{name}}", "{{ customer.first_name }}", "{name}", "{order_id}", "${name}", "{% if vip %}", "<%= name %>",
        "%(name)s", "[ORDER_ID]", "[Your Name]", "[Customer Name]", "[insert date here]", "[NAME]", "[date]",
        "[order number]", "<ORDER_ID>", "<NAME>", "<your name>", "__NAME__", "Dear None,", "Hello undefined,",
        "Здравствуйте, None", "[имя]", "[номер заказа]", "[Ваше имя]", "Lorem ipsum dolor",
    ],
)  # fmt: skip
def test_unresolved_placeholders(text):
    """What a template or a model left unfilled is found."""
    assert placeholders(f"About {text} we say") or placeholders(text)
    assert ("$.body", "must not hold a placeholder that nobody filled in") in told(
        {**DRAFT, "body": f"Please see\n{text}\nbelow"}
    )


@pytest.mark.parametrize(
    "text",
    [
        "[1]", "[Order 1001]", "[Order #1001]", "[EXTERNAL]", "[FAQ]", "[image: logo]", "see [our page](https://shop.test)",
        "array[i]", "a < b and b > c", "<alice@shop.test>", "100% sure", "5 % discount", "{}", "None of these", "[...]",
        "[sic]", "[URGENT] Re: order", "(see above)", "<br>", "$5", "\\{name}", "Name: Alice", "[x] done", "[Update]",
    ],
)  # fmt: skip
def test_ordinary_brackets_are_no_placeholders(text):
    """A clean draft is not refused for its brackets."""
    assert placeholders(f"About {text} we say.") == []


def test_language_of_the_draft():
    """The body is in the language of the request."""
    russian = {**DRAFT, "body": "Здравствуйте! Ваш заказ 1001 отправлен 3 мая."}

    assert told(russian, locale="en") == [("$.body", "must be in the language of the request (en)")]
    assert told(russian, locale="ru") == []


def test_language_is_told_once():
    """The contract judges the mail's language, so the language check leaves the mail alone."""
    config = CheckConfig(contracts={"mail": compile_contract("mail-draft")})
    mail = Mail(to=("a@b.test",), subject="Ваш заказ", body="Здравствуйте! Ваш заказ отправлен.")
    trial = Trial(case=Case(id="m", given=Given(locale="en")), outputs=(Output(mail=mail),))

    assert run_check(CHECKS["schema.valid"], trial, config).result == "fail"
    assert run_check(CHECKS["schema.language"], trial, config).result == "pass"
    assert run_check(CHECKS["schema.language"], trial, CheckConfig()).result == "fail"


@settings(max_examples=60, deadline=None)
@given(
    st.dictionaries(
        st.sampled_from(["to", "cc", "subject", "body", "html", "headers", "attachments", "from", "x"]),
        st.recursive(
            st.none() | st.text(max_size=20) | st.floats() | st.booleans(),
            lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
            max_leaves=5,
        ),
    )
)
def test_the_contract_is_total(draft):
    """Any object whatever is judged without an exception."""
    assert all(where.startswith("$") for where, _ in told(draft))


def test_attachments_that_are_no_objects_are_told_once():
    """By the schema; the other rules pass over them."""
    assert told({**DRAFT, "attachments": ["a.pdf"]}) == [("$.attachments[0]", "must be an object")]
