"""The email-rag pipeline that sends its replies itself: what stands on the wire, and to whom it goes."""

from __future__ import annotations

import asyncio
import base64
import email
import email.policy
import re
import sys
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from sluicegate import RunContext
from sluicegate.doubles import Doubles, Latencies
from sluicegate.fixtures.email_rag.client import connected
from sluicegate.fixtures.email_rag.outcome import DraftError
from sluicegate.fixtures.email_rag.pipeline import EmailPipeline
from sluicegate.fixtures.email_rag.sending import HEADERS, Letter
from sluicegate.model import Case, Observation
from sluicegate.pipelines.inputs import canonical_input

sys.path.insert(0, str(Path(__file__).parent))
from email_world import CASES, PLAN, SETTINGS, tagged

sys.path.pop(0)

RUN = "00112233445566aa"
AT_ONCE = replace(SETTINGS, sends_by="smtp", replies_at_once=True)
BY_HAND = replace(SETTINGS, sends_by="smtp")


async def seen(
    case: Case, *asked: Mapping[str, Any], settings: Any = AT_ONCE, deliveries: int = 1
) -> list[Observation]:
    """The mails of a case, after which the steps of a review may follow."""
    doubles = Doubles(tools=PLAN.tools, latencies=Latencies(model_ms=0, tool_ms=0, retriever_ms=0), mail="strict")
    await doubles.start()
    try:
        context = RunContext(run_id=RUN, traceparent=f"00-{RUN}{RUN}-{RUN}-01", endpoints=doubles.open_run(RUN, case))
        async with connected(context, settings) as client:
            for _ in range(deliveries):
                await EmailPipeline(client, canonical_input(case), settings).run()
            for step in asked:
                await EmailPipeline.review_class(client, step).run()
        mails = [item for item in doubles.close_run(RUN) if item.double == "mail"]
    finally:
        await doubles.stop()
    assert (doubles.unattributed, doubles.late) == (0, 0)
    return mails


def content(mail: Observation) -> bytes:
    return base64.b64decode(str(mail.detail["data_base64"]))


def written(mail: Mapping[str, Any], recipient: str = "ann@mail.example") -> Letter:
    at = datetime(2026, 1, 29, tzinfo=UTC)
    return Letter(mail, sender="service@email-rag.example", recipient=recipient, message_id="m", now=at)


@pytest.mark.asyncio
async def test_a_reply_goes_to_who_wrote_and_to_nobody_else() -> None:
    """One message with one recipient, from the address of the business; its text is the draft's."""
    case = next(case for case in CASES if case.given.mail is not None and case.expect.outcome == "answer")
    (mail,) = await seen(case)

    assert case.given.mail is not None
    address = re.findall(r"<(.+)>", case.given.mail.sender or "")[-1]
    read = email.message_from_bytes(content(mail), policy=email.policy.SMTP)
    assert (mail.action, mail.detail["rcpt"]) == ("message", [f"<{address}>"])
    assert mail.detail["mail_from"] == "<service@email-rag.example>"
    assert {name.lower() for name in read} <= HEADERS
    assert [str(item.addr_spec) for item in read["To"].addresses] == [address]


@pytest.mark.asyncio
async def test_delivered_twice_it_is_sent_once() -> None:
    """The store knows that it went out."""
    case = next(case for case in CASES if case.given.mail is not None and case.expect.outcome == "answer")

    assert len(await seen(case, deliveries=2)) == 1


@pytest.mark.asyncio
async def test_by_hand_it_goes_out_when_a_person_has_approved_it() -> None:
    """Not before, and not for a program."""
    case = next(case for case in CASES if case.given.mail is not None and case.expect.outcome == "answer")
    assert case.given.mail is not None
    message = {"message_id": case.given.mail.message_id}
    program, person = ({**message, "action": "approve", "by": by} for by in ("bot@acme.example", "eva@acme.example"))
    send = {**message, "action": "send"}

    assert await seen(case, program, send, settings=BY_HAND) == []
    assert len(await seen(case, program, send, person, send, send, settings=BY_HAND)) == 1


@pytest.mark.asyncio
async def test_hostile_mails_leave_sound_messages() -> None:
    """Injected headers and recipients of the golden cases: one recipient, no header beyond the list, no bare ending."""
    hostile = tagged("crlf-subject", "crlf-by-hand", "recipient-guard", "recipient-bypass")
    mails = [mail for case in hostile for mail in await seen(case)]

    assert len(mails) == len(hostile) == 42
    for mail in mails:
        data = content(mail)
        assert len(mail.detail["rcpt"]) == 1
        assert "evil" not in mail.detail["rcpt"][0]
        assert not re.search(rb"\r(?!\n)|(?<!\r)\n|\x00", data)
        assert {name.lower() for name in email.message_from_bytes(data)} <= HEADERS


_HOSTILE = st.text(st.sampled_from('a=?q_:,;<>@"\\()\r\n\t\x00\x0b\x0c\x1c\x85\u2028\u202eé\ud800. '), max_size=40)


@given(_HOSTILE, _HOSTILE, _HOSTILE)
@example("=?utf-8?q?Hi=0D=0ABcc:_evil@attacker.test?=", "\r.\r\nMAIL FROM:<a@b.test>", "a\r\nBcc: evil@attacker.test")
@example("Hi\nBcc : evil@attacker.test", "\n.\n", "=?utf-8?q?a=0ABcc:_evil=40attacker.test?=")
def test_no_text_becomes_a_header(subject: str, body: str, name: str) -> None:
    """Whatever the model writes: the same headers, each once, line by line as every reader sees them."""
    letter = written({"subject": subject, "body": body, "attachments": [{"name": name, "text": body}]})
    data = letter.content()

    head = re.split(rb"\r\n\r\n", data, maxsplit=1)[0]
    names = [line.partition(b":")[0].lower().decode() for line in head.split(b"\r\n") if line[:1] not in b" \t"]
    assert set(names) <= HEADERS
    assert len(set(names)) == len(names)
    assert not re.search(rb"\r(?!\n)|(?<!\r)\n|\x00", data)
    assert max(map(len, data.split(b"\r\n"))) <= 998
    (attached,) = email.message_from_bytes(data, policy=email.policy.SMTP).iter_attachments()
    assert re.fullmatch(r"[A-Za-z0-9_-]{1,60}\.txt", attached.get_filename() or "")


@pytest.mark.parametrize(
    "address",
    ["a@b.test, evil@attacker.test", '"evil@attacker.test y"@b.test', "a@b.test\r\nRCPT TO:<evil@attacker.test>",
     "=?q?evil=40attacker.test?=@b.test", "evil%attacker.test@b.test", "a@b", "",
     "ä@b.test", "a@bücher.test", "a@@b.test"],
)  # fmt: skip
def test_an_address_that_could_be_read_in_two_ways_gets_nothing(address: str) -> None:
    """No mail is better than one to whom it may concern."""
    with pytest.raises(DraftError, match="no plain address"):
        written({"subject": "s", "body": "b"}, address).content()


def test_a_server_that_is_not_there_is_an_outcome() -> None:
    """As one that refuses is: a code, and no traceback."""
    from sluicegate.fixtures.email_rag.sending import send

    with pytest.raises(DraftError, match="ConnectionRefusedError"):
        asyncio.run(send("127.0.0.1:1", written({"subject": "s", "body": "b"})))
