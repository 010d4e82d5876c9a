"""The mail sink: what an SMTP client sends, byte for byte, each message with the run it belongs to."""

from __future__ import annotations

import asyncio
import base64
import smtplib
import socket
import subprocess
import sys
import threading
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from hashlib import sha256
from pathlib import Path
from typing import Any

import httpx
import jsonschema
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from sluicegate.doubles import Doubles
from sluicegate.doubles.mail_data import DATA_LIMIT, Data, Inbound, LineEndings
from sluicegate.doubles.mail_envelope import argument
from sluicegate.doubles.mail_sink import KEPT_BYTES
from sluicegate.errors import InputError
from sluicegate.model import Case, Expect, Given, Mail, Observation
from sluicegate.runner.drive import _LISTENING

sys.path.insert(0, str(Path(__file__).parent))
from doubles_world import SCHEMAS

sys.path.pop(0)

RUN, OTHER = "00112233445566aa", "ffeeddccbbaa9988"
MESSAGE = b"From: shop@acme.example\r\nTo: ann@mail.example\r\nSubject: Hello\r\n\r\nYour order.\r\n"
HELLO = b"EHLO x\r\nMAIL FROM:<shop@acme.example>\r\nRCPT TO:<ann@mail.example>\r\nDATA\r\n"
SMUGGLED = (
    b"MAIL FROM:<evil@attacker.test>\r\nRCPT TO:<evil@attacker.test>\r\nDATA\r\nSubject: 2\r\n\r\nsecond\r\n.\r\n"
)


@asynccontextmanager
async def sink(mode: LineEndings = "strict", **options: Any) -> AsyncIterator[Doubles]:
    """Doubles with a mail sink; every thread and socket is gone at the end."""
    doubles = Doubles(mail=mode, **options)
    await doubles.start()
    try:
        yield doubles
    finally:
        await doubles.stop()


def place(endpoints: Mapping[str, str]) -> tuple[str, int]:
    host, _, port = endpoints["SLUICEGATE_SMTP"].rpartition(":")
    return host, int(port)


async def told(doubles: Doubles, run_id: str = RUN) -> list[Observation]:
    """What belongs to the run, which ends; every observation keeps its published schema."""
    seen = list(doubles.close_run(run_id))
    for item in seen:
        jsonschema.validate(item.detail, SCHEMAS["mail"])
    return seen


def content(seen: Observation) -> bytes:
    return base64.b64decode(str(seen.detail["data_base64"]))


def deliver(where: tuple[str, int], *recipients: str, message: bytes = MESSAGE, **options: Any) -> None:
    """What a user's own code does, and nothing more."""
    with smtplib.SMTP(*where, **options) as client:
        client.sendmail("shop@acme.example", recipients or ["ann@mail.example"], message)


def spoken(where: tuple[str, int], sent: bytes, *, waits: bool = True) -> bytes:
    """Bytes as they are, in one piece; all answers up to the end of the connection."""
    with socket.create_connection(where, timeout=10) as raw:
        raw.sendall(sent)
        if not waits:
            return b""
        raw.shutdown(socket.SHUT_WR)
        answers = b""
        while piece := raw.recv(65_536):
            answers += piece
        return answers


async def in_thread(work: Callable[..., Any], *arguments: Any, **named: Any) -> Any:
    return await asyncio.to_thread(work, *arguments, **named)


async def alone(sent: bytes, mode: LineEndings = "strict") -> list[Observation]:
    """What these bytes leave behind on the port of a run."""
    async with sink(mode) as doubles:
        await in_thread(spoken, place(doubles.open_run(RUN, Case(id="c"))), sent)
        return await told(doubles)


class TestWhatIsKept:
    @pytest.mark.asyncio
    async def test_a_message_as_smtplib_sends_it(self) -> None:
        """Envelope, bytes and commands; the dot that SMTP puts before a dot is gone again, and nothing else."""
        message = MESSAGE + b".hidden\r\n..two\r\n"
        async with sink() as doubles:
            await in_thread(deliver, place(doubles.open_run(RUN, Case(id="c"))), message=message)
            (seen,) = await told(doubles)

        assert (seen.double, seen.action) == ("mail", "message")
        assert content(seen) == message
        assert seen.detail["data_digest"] == sha256(message).hexdigest()
        assert (seen.detail["mail_from"], seen.detail["rcpt"]) == ("<shop@acme.example>", ["<ann@mail.example>"])
        assert seen.detail["mail_parameters"] == [f"size={len(message)}"]
        assert [line.split(" ")[0].lower() for line in seen.detail["transcript"]] == [
            "ehlo", "mail", "rcpt", "data", "quit"
        ]  # fmt: skip
        assert (seen.detail["refused"], seen.detail["correlation"]) == ([], {"run": "port"})

    @pytest.mark.asyncio
    @pytest.mark.parametrize(
        "sent",
        [
            b'<"a b"@mail.example>',
            b'<"evil@attacker.test> ORCPT=x"@mail.example>',
            b"<a@mail.example>,<evil@attacker.test>",
            b"a@mail.example, evil@attacker.test",
            b"<@relay.example:a@mail.example>",
            b"<A@Mail.Example.>",
            b"<a@mail.example>\r",
            b"<a@mail.example>\x00<evil@attacker.test>",
            b"<caf\xc3\xa9@mail.example>",
            b"<\xff\xfe@mail.example>",
            b"<>",
            b"",
            b"<a@mail.example> \x0b",
        ],
    )
    async def test_a_recipient_is_the_argument_as_sent(self, sent: bytes) -> None:
        """Nothing is parsed, folded, cut or looked up: one character stands for each byte, so all come back."""
        (seen,) = await alone(HELLO.replace(b"<ann@mail.example>", sent) + MESSAGE + b".\r\nQUIT\r\n")

        (kept,), (parameters,) = seen.detail["rcpt"], seen.detail["rcpt_parameters"]
        assert " ".join([kept, *parameters]).encode("latin-1") == sent
        assert f"RCPT TO:{sent.decode('latin-1')}" in seen.detail["transcript"]

    @pytest.mark.parametrize(
        ("sent", "said", "parameters"),
        [
            ("FROM:<a@b.test> SIZE=10 BODY=8BITMIME", "<a@b.test>", ["SIZE=10", "BODY=8BITMIME"]),
            ("from: <a@b.test>", " <a@b.test>", []),
            ('FROM:<"a> b"@c.test> SIZE=1', '<"a> b"@c.test>', ["SIZE=1"]),
            ("FROM:<a@b.test>SIZE=1", "<a@b.test>SIZE=1", []),
            ('FROM:<a"b@c.test> SIZE=1', '<a"b@c.test> SIZE=1', []),
            ("FROM:a@b.test SIZE=1", "a@b.test SIZE=1", []),
        ],
    )
    def test_parameters_are_what_follows_a_path(self, sent: str, said: str, parameters: list[str]) -> None:
        """Where nobody can say where the address ends, all of it is the address."""
        assert argument("MAIL", sent) == (said, parameters)

    @pytest.mark.asyncio
    async def test_a_bare_line_ending_within_a_message_is_kept(self) -> None:
        """Bare CR, bare LF and NUL stand in the evidence as they came."""
        body = b"Subject: a\nBcc: b\r\n\r\none\rtwo\x00\n..three\r\n"
        (seen,) = await alone(HELLO + body + b".\r\n")

        assert content(seen) == body

    @pytest.mark.asyncio
    async def test_smtputf8_and_8bitmime_are_offered(self) -> None:
        """So that a client that can send them does, and the parameters say so."""
        async with sink() as doubles:
            where = place(doubles.open_run(RUN, Case(id="c")))

            def send() -> dict[str, str]:
                with smtplib.SMTP(*where) as client:
                    client.ehlo()
                    options = ["SMTPUTF8", "BODY=8BITMIME"]
                    client.sendmail("é@acme.example", ["ü@mail.example"], "Subject: é\r\n\r\né\r\n".encode(), options)
                    return client.esmtp_features

            offered = await in_thread(send)
            (seen,) = await told(doubles)

        assert {"smtputf8", "8bitmime", "size", "auth"} <= offered.keys()
        assert seen.detail["rcpt"][0].encode("latin-1").decode() == "<ü@mail.example>"
        assert {"SMTPUTF8", "BODY=8BITMIME"} <= set(seen.detail["mail_parameters"])

    @pytest.mark.asyncio
    async def test_no_password_is_kept(self) -> None:
        """Any user is welcome; what AUTH carries stands nowhere."""
        async with sink() as doubles:
            where = place(doubles.open_run(RUN, Case(id="c")))

            def send() -> None:
                for method in ("PLAIN", "LOGIN"):
                    with smtplib.SMTP(*where) as client:
                        client.ehlo()
                        client.esmtp_features["auth"] = method
                        client.login("mailer", "s3cret-word")
                        client.sendmail("a@b.test", ["c@d.test"], MESSAGE)

            await in_thread(send)
            seen = await told(doubles)

        kept = str(seen)
        assert [item.action for item in seen] == ["message", "message"]
        assert "s3cret-word" not in kept
        assert base64.b64encode(b"s3cret-word").decode() not in kept
        assert "AUTH PLAIN [elided]" in seen[0].detail["transcript"]


ENDS = (
    b"\n.\n", b"\n.\r\n", b"\r\n.\n", b"\r.\r", b"\r.\r\n", b"\r\n.\r", b"\n.\r", b"\r.\n",
    b"\r\n\x00.\r\n", b"\r\n.\x00\r\n",
)  # fmt: skip
"""What one server or another has taken for the end of a message, besides CRLF.CRLF."""


class TestEndsOfData:
    @pytest.mark.asyncio
    @pytest.mark.parametrize("end", ENDS, ids=repr)
    async def test_strict_reads_on_past_every_other_end(self, end: bytes) -> None:
        """One message, with the sequence and all that follows inside it."""
        sent = HELLO + b"Subject: 1\r\n\r\nfirst" + end + SMUGGLED + b"QUIT\r\n"
        (seen,) = await alone(sent)

        assert b"evil@attacker.test" in content(seen)
        assert seen.detail["ended_by"] == "\r\n.\r\n"

    @pytest.mark.asyncio
    @pytest.mark.parametrize("end", ENDS, ids=repr)
    async def test_lenient_shows_what_was_smuggled(self, end: bytes) -> None:
        """Two messages of one connection, the second with an envelope of its own."""
        sent = HELLO + b"Subject: 1\r\n\r\nfirst" + end + SMUGGLED + b"QUIT\r\n"
        first, second = await alone(sent, "lenient")

        assert [first.detail["transaction"], second.detail["transaction"]] == [1, 2]
        assert [first.detail["connection"], second.detail["connection"]] == [1, 1]
        assert (content(first)[:17], first.detail["ended_by"]) == (b"Subject: 1\r\n\r\nfir", end.decode("latin-1"))
        assert second.detail["rcpt"] == ["<evil@attacker.test>"]
        assert content(second) == b"Subject: 2\r\n\r\nsecond\r\n"

    @pytest.mark.asyncio
    @pytest.mark.parametrize("mode", ["strict", "lenient"])
    async def test_what_smtplib_makes_of_a_hostile_body(self, mode: LineEndings) -> None:
        """It puts a dot before a dot after LF, and not after a bare CR: that one shows itself to the lenient sink."""
        async with sink(mode) as doubles:
            where = place(doubles.open_run(RUN, Case(id="c")))
            for end in (b"\r\n.\r\n", b"\n.\n", b"\r.\r\n"):
                with suppress(smtplib.SMTPResponseException):  # it meets the answers to commands it knows nothing of
                    await in_thread(deliver, where, message=b"Subject: 1\r\n\r\nfirst" + end + SMUGGLED)
            await quiet(doubles)
            seen = await told(doubles)

        messages = [item for item in seen if item.action == "message"]
        assert len(messages) == {"strict": 3, "lenient": 4}[mode]
        assert (
            sum(item.detail["rcpt"] == ["<evil@attacker.test>"] for item in messages)
            == {"strict": 0, "lenient": 1}[mode]
        )

    @given(
        st.lists(st.sampled_from([b"\r", b"\n", b"\r\n", b".", b"..", b"a", b"\x00", b"\r\n.\r"]), max_size=12),
        st.integers(1, 5),
    )
    @example([b"\r\n.\r"], 1)
    @example([b".", b"\r\n"], 3)
    def test_strict_gives_back_what_a_careful_client_stuffed(self, pieces: list[bytes], step: int) -> None:
        """Whatever the message, and however it is cut into packets."""
        message = b"".join(pieces) + b"\r\n"
        # A careful client sees the line endings that SMTP knows.
        stuffed = (b"\r\n" + message).replace(b"\r\n.", b"\r\n..")[2:] + b".\r\n"
        data = read(stuffed + b"NOOP\r\n", step, "strict")

        assert (data.content, data.size_bytes, data.ended_by) == (message, len(message), b"\r\n.\r\n")

    @given(st.binary(max_size=60), st.integers(1, 7), st.sampled_from(["strict", "lenient"]))
    def test_any_bytes_are_read_to_their_end(self, sent: bytes, step: int, mode: LineEndings) -> None:
        """No byte raises; and packets change nothing."""
        one, many = read(sent, step, mode), read(sent, max(1, len(sent)), mode)

        assert (one.content, one.digest, one.ended_by) == (many.content, many.digest, many.ended_by)


def read(sent: bytes, step: int, mode: LineEndings, *, kept: int = 10_000, limit: int = DATA_LIMIT) -> Data:
    """Data that comes in packets of `step` bytes."""
    pieces = iter([sent[at : at + step] for at in range(0, len(sent), step)])

    async def more() -> bytes:
        return next(pieces, b"")

    return asyncio.run(Inbound(more, mode).data(kept=kept, limit=limit))


class TestBounds:
    def test_data_past_the_limit_is_read_to_its_end_and_not_kept(self) -> None:
        """Its beginning and its size are told; what follows it is found again."""
        data = read(b"x" * 5_000 + b"\r\n.\r\n", 100, "strict", kept=50, limit=1_000)

        assert data.is_too_large
        assert (data.content, data.size_bytes, data.digest) == (b"x" * 50, 5_002, "")

    @pytest.mark.asyncio
    async def test_a_large_message_is_told_by_its_beginning_and_digest(self) -> None:
        """Nobody judges half a message for a whole one: `truncated` says so."""
        large = b"Subject: x\r\n\r\n" + b"y" * (2 * KEPT_BYTES) + b"\r\n"
        (seen,) = await alone(HELLO + large + b".\r\nQUIT\r\n")

        assert seen.detail["truncated"] is True
        assert content(seen) == large[:KEPT_BYTES]
        assert (seen.detail["size_bytes"], seen.detail["data_digest"]) == (len(large), sha256(large).hexdigest())

    @pytest.mark.asyncio
    async def test_many_large_messages_fill_no_memory(self) -> None:
        """Of one run no more than eight megabytes are kept; sizes and digests of all."""
        large = b"y" * KEPT_BYTES + b"\r\n.\r\n"
        more = HELLO.partition(b"\r\n")[2]
        seen = await alone(HELLO + large + 9 * (more + large))

        assert len(seen) == 10
        assert sum(len(content(item)) for item in seen) == 8_000_000
        assert seen[-1].detail["truncated"] is True
        assert len({item.detail["data_digest"] for item in seen}) == 1

    @pytest.mark.asyncio
    async def test_what_is_too_large_is_refused_and_the_refusal_kept(self) -> None:
        """A size that is announced, and a command line that does not end."""
        announced = HELLO.replace(b"example>\r\nRCPT", b"example> SIZE=%d\r\nRCPT" % (DATA_LIMIT + 1), 1)
        (large,) = await alone(announced + b"QUIT\r\n")
        (long,) = await alone(HELLO.replace(b"RCPT", b"NOOP " + b"x" * 200_000 + b"\r\nRCPT") + MESSAGE + b".\r\n")

        assert (large.action, large.detail["refused"][0][:3]) == ("unfinished", "552")
        assert (long.action, long.detail["refused"]) == ("message", ["500 5.5.2 line too long"])
        assert max(map(len, long.detail["transcript"])) < 2_000

    @pytest.mark.asyncio
    async def test_recipients_past_a_thousand_are_refused(self) -> None:
        """As any server does, with a number of its own."""
        many = b"".join(b"RCPT TO:<a%d@mail.example>\r\n" % number for number in range(1_001))
        (seen,) = await alone(HELLO.replace(b"RCPT TO:<ann@mail.example>\r\n", many) + MESSAGE + b".\r\n")

        assert len(seen.detail["rcpt"]) == 1_000
        assert seen.detail["refused"] == ["452 4.5.3 too many recipients"]


class TestConnections:
    @pytest.mark.asyncio
    async def test_a_connection_that_is_used_again(self) -> None:
        """Each transaction is told, with its number, and with its own commands."""
        async with sink() as doubles:
            where = place(doubles.open_run(RUN, Case(id="c")))

            def send() -> None:
                with smtplib.SMTP(*where) as client:
                    client.sendmail("a@b.test", ["one@d.test"], MESSAGE)
                    client.sendmail("a@b.test", ["two@d.test"], MESSAGE)
                deliver(where, "three@d.test")

            await in_thread(send)
            seen = [item.detail for item in await told(doubles)]

        assert [(item["connection"], item["transaction"]) for item in seen] == [(1, 1), (1, 2), (2, 1)]
        assert [item["rcpt"] for item in seen] == [["<one@d.test>"], ["<two@d.test>"], ["<three@d.test>"]]
        assert [line.split(" ")[0] for line in seen[1]["transcript"]] == ["mail", "rcpt", "data", "QUIT"]

    @pytest.mark.asyncio
    async def test_commands_that_do_not_wait_for_answers(self) -> None:
        """Pipelined, and with the connection closed behind them before the first answer: all are read."""
        async with sink() as doubles:
            where = place(doubles.open_run(RUN, Case(id="c")))
            more = HELLO.partition(b"\r\n")[2]
            await in_thread(spoken, where, HELLO + MESSAGE + b".\r\n" + more + MESSAGE + b".\r\nQUIT\r\n", waits=False)
            await quiet(doubles)
            seen = await told(doubles)

        assert [item.action for item in seen] == ["message", "message"]

    @pytest.mark.asyncio
    async def test_a_client_that_hangs_up_in_the_middle(self) -> None:
        """No message, but its recipients were named: told as unfinished, with what came."""
        (seen,) = await alone(HELLO + b"Subject: half\r\n\r\nand then")

        assert (seen.action, seen.detail["rcpt"], seen.detail["ended_by"]) == ("unfinished", ["<ann@mail.example>"], "")
        assert content(seen) == b"Subject: half\r\n\r\nand then"

    @pytest.mark.asyncio
    async def test_a_transaction_that_is_left(self) -> None:
        """By RSET, or by another greeting: whom it named is told all the same."""
        more = HELLO.partition(b"\r\n")[2]
        begun = HELLO.removesuffix(b"DATA\r\n") + b"RSET\r\n" + more.removesuffix(b"DATA\r\n") + b"EHLO y\r\n"
        seen = await alone(begun + more + MESSAGE + b".\r\n")

        assert [item.action for item in seen] == ["unfinished", "unfinished", "message"]
        assert [item.detail["transaction"] for item in seen] == [1, 2, 3]

    @pytest.mark.asyncio
    async def test_hostile_bytes_are_evidence_and_no_trouble(self) -> None:
        """Controls, no UTF-8, commands nobody knows, commands out of order: refused in words, and kept."""
        (seen,) = await alone(
            b"\xff\xfe\x00\r\nRCPT TO:<a@b.test>\r\nDATA\r\nMAIL a@b.test\r\nVRFY root\r\nEXPN staff\r\nSTARTTLS\r\n"
            + HELLO.replace(b"RCPT", b"MAIL FROM:<x@y.test>\r\nRCPT")
            + MESSAGE
            + b".\r\n\x1b[31m\r\n\n"
        )

        assert [word[:3] for word in seen.detail["refused"]] == ["500", "503", "503", "501", "503", "500", "500"]
        assert seen.detail["transcript"][0] == "\xff\xfe\x00"
        assert seen.detail["transcript"][-2:] == ["\x1b[31m", "\n"]
        assert seen.detail["mail_from"] == "<shop@acme.example>"

    @pytest.mark.asyncio
    async def test_a_command_behind_a_bare_line_feed_is_obeyed_and_shown(self) -> None:
        """Injected into an address, it names another recipient: the line keeps the ending it had."""
        (seen,) = await alone(
            HELLO.replace(b"mail.example>", b"mail.example>\nRCPT TO:<evil@attacker.test>") + MESSAGE + b".\r\n"
        )

        assert seen.detail["rcpt"] == ["<ann@mail.example>", "<evil@attacker.test>"]
        assert "RCPT TO:<ann@mail.example>\n" in seen.detail["transcript"]

    @pytest.mark.asyncio
    async def test_nothing_but_refused_commands_is_told(self) -> None:
        """Somebody tried to speak; who only looked whether anybody is there did not."""
        async with sink() as doubles:
            where = place(doubles.open_run(RUN, Case(id="c")))
            await in_thread(spoken, where, b"")
            await in_thread(spoken, where, b"EHLO x\r\nQUIT\r\n")
            await in_thread(spoken, where, b"GET / HTTP/1.1\r\n\r\n")
            (seen,) = await told(doubles)

        assert (seen.action, seen.detail["rcpt"]) == ("unfinished", [])
        assert seen.detail["transcript"][0] == "GET / HTTP/1.1"


async def quiet(doubles: Doubles) -> None:
    """Every connection has come to its end."""
    assert doubles.mail is not None
    await asyncio.sleep(0.02)
    while doubles.mail._conversations:
        await asyncio.sleep(0.01)


ENCODED = b"Content-Transfer-Encoding: base64\r\n\r\n" + base64.b64encode(b"so: CANARY-7731!") + b"\r\n"


class TestWhose:
    @pytest.mark.asyncio
    async def test_each_run_has_a_port_of_its_own(self) -> None:
        """A client that knows host and port alone is known by them."""
        async with sink() as doubles:
            one, two = (place(doubles.open_run(run, Case(id=run))) for run in (RUN, OTHER))
            await in_thread(deliver, two, "two@mail.example")
            await in_thread(deliver, one, "one@mail.example")
            seen = [await told(doubles, run) for run in (RUN, OTHER)]

        assert one != two
        assert [item.detail["rcpt"] for (item,) in seen] == [["<one@mail.example>"], ["<two@mail.example>"]]
        assert doubles.unattributed == doubles.late == 0

    @pytest.mark.asyncio
    @pytest.mark.parametrize(
        ("by", "options", "message"),
        [
            ("header", {}, f"X-Sluicegate-Run: {RUN}\r\n".encode() + MESSAGE),
            ("traceparent", {}, f"traceparent: 00-{RUN}{RUN}-{RUN}-01\r\n".encode() + MESSAGE),
            ("helo", {"local_hostname": f"{RUN}.runs.example"}, MESSAGE),
            ("canary", {}, MESSAGE + b"CANARY-7731\r\n"),
            ("canary", {}, ENCODED),
            ("recipient", {}, MESSAGE),
        ],
    )  # fmt: skip
    async def test_a_mail_at_the_port_of_all_says_whose_it_is(
        self, by: str, options: dict[str, str], message: bytes
    ) -> None:
        """By a header, a trace, a host name, a canary, or an address that one case alone knows; kept as it is."""
        own = Case(id="own", expect=Expect(canaries=("CANARY-7731",)))
        if by == "recipient":
            own = Case(id="own", given=Given(mail=Mail(sender="Ann <Ann@mail.example>")))
        async with sink() as doubles:
            doubles.open_run(RUN, own)
            doubles.open_run(OTHER, Case(id="other", expect=Expect(recipients=("bob@mail.example",))))
            await in_thread(deliver, place(doubles.environment()), message=message, **options)
            (seen,) = await told(doubles)

        assert seen.detail["correlation"] == {"run": by}
        assert content(seen) == message
        assert doubles.unattributed == 0

    @pytest.mark.asyncio
    async def test_a_user_may_say_which_run_it_is(self) -> None:
        """`login(run_id, anything)` at the port of all."""
        async with sink() as doubles:
            doubles.open_run(RUN, Case(id="c"))
            doubles.open_run(OTHER, Case(id="d"))

            def send() -> None:
                with smtplib.SMTP(*place(doubles.environment())) as client:
                    client.login(RUN, "x")
                    client.sendmail("a@b.test", ["c@d.test"], MESSAGE)

            await in_thread(send)
            (seen,) = await told(doubles)

        assert seen.detail["correlation"] == {"run": "login"}

    @pytest.mark.asyncio
    async def test_in_a_lane_it_is_the_only_one(self) -> None:
        """A client that knows nothing is known where one case is answered at a time."""
        async with sink(lane=True) as doubles:
            doubles.open_run(RUN, Case(id="c"))
            await in_thread(deliver, place(doubles.environment()))
            (seen,) = await told(doubles)

        assert seen.detail["correlation"] == {"run": "lane"}

    @pytest.mark.asyncio
    async def test_what_says_nothing_belongs_to_nobody_and_is_counted(self) -> None:
        """Also what fits two, and what names two: evidence is incomplete, and holds."""
        noticed: list[tuple[str, str]] = []
        shared = Expect(recipients=("ann@mail.example",), canaries=("CANARY-7731",))
        async with sink(noticed=lambda why, seen: noticed.append((why, seen.action))) as doubles:
            common, own = place(doubles.environment()), place(doubles.open_run(RUN, Case(id="c", expect=shared)))
            doubles.open_run(OTHER, Case(id="d", expect=shared))
            await in_thread(deliver, common, "nobody@mail.example")
            await in_thread(deliver, common, "ann@mail.example")
            await in_thread(deliver, common, message=MESSAGE + b"CANARY-7731\r\n")
            await in_thread(deliver, own, message=f"X-Sluicegate-Run: {OTHER}\r\n".encode() + MESSAGE)
            seen = [*await told(doubles), *await told(doubles, OTHER)]

        assert seen == []
        assert doubles.unattributed == 4
        assert noticed[0] == ("unattributed", "SMTP message to <***@m***>")
        assert next(item.detail["rcpt"] for item in doubles.strays) == ["<nobody@mail.example>"]

    @pytest.mark.asyncio
    async def test_a_mail_after_the_answer_is_late(self) -> None:
        """At the run's own port, which nobody else has yet; the client is told, and the trial that ended is not."""
        async with sink() as doubles:
            where = place(doubles.open_run(RUN, Case(id="c")))
            await told(doubles)
            doubles.open_run(OTHER, Case(id="d"))
            with pytest.raises(smtplib.SMTPDataError, match="the run is over"):
                await in_thread(deliver, where)
            seen = await told(doubles, OTHER)

        assert (seen, doubles.late, doubles.unattributed) == ([], 1, 0)

    @pytest.mark.asyncio
    async def test_a_run_that_ends_in_the_middle_of_a_mail(self) -> None:
        """Whom it named is told; what still comes is late."""
        async with sink() as doubles:
            where = place(doubles.open_run(RUN, Case(id="c")))
            with socket.create_connection(where, timeout=10) as raw:
                await in_thread(raw.sendall, HELLO)
                while b"354" not in await in_thread(raw.recv, 1000):
                    pass
                (seen,) = await told(doubles)
                await in_thread(raw.sendall, MESSAGE + b".\r\n")
                answer = await in_thread(raw.recv, 1000)

        assert (seen.action, seen.detail["rcpt"]) == ("unfinished", ["<ann@mail.example>"])
        assert answer.startswith(b"554")
        assert doubles.late == 1

    @pytest.mark.asyncio
    async def test_ports_are_lent_in_turn(self) -> None:
        """The one given back longest ago goes first, so that late mail meets nobody else's run for long."""
        async with sink(at_once=2) as doubles:
            lent = []
            for _ in range(200):
                lent.append(place(doubles.open_run(RUN, Case(id="c"))))
                await told(doubles)
            allowed = doubles.mail.addresses if doubles.mail is not None else ()

        assert len(set(lent)) == 162
        assert lent[:38] == lent[162:]
        assert {f"{host}:{port}" for host, port in lent} <= set(allowed)

    @pytest.mark.asyncio
    async def test_more_runs_than_ports(self) -> None:
        """Those without one are given the port of all: some always rest, so that late mail is known for late."""
        async with sink(at_once=1) as doubles:
            places = [place(doubles.open_run(f"{number:016x}", Case(id=str(number)))) for number in range(170)]
            common = place(doubles.environment())

        assert len(set(places)) == 130
        assert places.count(common) == 41

    @pytest.mark.asyncio
    async def test_every_run_that_is_open_at_once_has_a_port(self) -> None:
        """Those under way, and those that have answered and are listened to: a fast pipeline has many of these."""
        async with sink(at_once=32) as doubles:
            ids = [f"{number:016x}" for number in range(32 + _LISTENING)]
            places = {place(doubles.open_run(each, Case(id=each))) for each in ids}

        assert len(places) == len(ids)


class TestServed:
    @pytest.mark.asyncio
    async def test_the_log_of_a_service_has_the_mails(self) -> None:
        """The control API opens a run with its address, reads its mails, and ends it; what comes then is late."""
        async with sink(controlled=True) as doubles:
            base = doubles.environment()["OPENAI_BASE_URL"].removesuffix("/v1")
            async with httpx.AsyncClient(base_url=base) as client:
                opened = (await client.put(f"/_runs/{RUN}", json={})).json()
                where = place(opened["environment"])
                await in_thread(deliver, where)
                await in_thread(deliver, place(doubles.environment()), "nobody@mail.example")
                read = (await client.get(f"/_runs/{RUN}")).json()
                ended = (await client.delete(f"/_runs/{RUN}")).json()
                with pytest.raises(smtplib.SMTPDataError):
                    await in_thread(deliver, where)
                listed = (await client.get("/_runs")).json()

                lent = set()
                for _ in range(200):
                    opened = (await client.put(f"/_runs/{RUN}", json={})).json()
                    lent.add(opened["environment"]["SLUICEGATE_SMTP"])
                    await client.delete(f"/_runs/{RUN}")

        assert len(lent) == 192  # each comes back and is lent again
        assert read["calls"] == {"mail": 1}
        assert [base64.b64decode(seen["detail"]["data_base64"]) for seen in read["observations"]] == [MESSAGE]
        assert ended == read
        assert (listed["unattributed"], listed["late"]) == (1, 1)
        assert listed["strays"][0]["detail"]["rcpt"] == ["<nobody@mail.example>"]

    def test_a_service_ends_at_a_signal_to_its_process(self) -> None:
        """With a client in the middle of a mail; and `--smtp-port` says where."""
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        door = [sys.executable, "-c", "from sluicegate.cli import main; main()", "doubles", "serve"]
        process = subprocess.Popen([*door, "--smtp-port", str(port)], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        try:
            assert process.stdout is not None
            said = b""
            while f"SLUICEGATE_SMTP=127.0.0.1:{port}".encode() not in said:
                said = process.stdout.readline()
                assert said
            with socket.create_connection(("127.0.0.1", port), timeout=10) as raw:
                raw.sendall(HELLO)
                process.terminate()
                _, told = process.communicate(timeout=20)
        finally:
            process.kill()
            process.wait()

        assert process.returncode == 0
        assert b"Traceback" not in told
        assert b"never retrieved" not in told


class TestLife:
    def test_a_mode_that_is_none_is_said_at_once(self) -> None:
        """And not when the first mail comes."""
        with pytest.raises(ValueError, match="line endings are strict or lenient, not 'lax'"):
            Doubles(mail="lax")  # type: ignore[arg-type]

    @pytest.mark.asyncio
    async def test_nothing_is_left(self) -> None:
        """No thread, no task and no port, with a client in the middle of a message."""
        threads = set(threading.enumerate())
        async with sink() as doubles:
            where = place(doubles.open_run(RUN, Case(id="c")))
            raw = socket.create_connection(where, timeout=10)
            raw.sendall(HELLO)
            await asyncio.sleep(0.05)
        raw.close()

        assert set(threading.enumerate()) == threads
        assert asyncio.all_tasks() == {asyncio.current_task()}
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(where, timeout=1)

    @pytest.mark.asyncio
    async def test_two_at_once_have_ports_of_their_own(self) -> None:
        """As workers of pytest-xdist have."""
        async with sink() as one, sink() as two:
            assert one.mail is not None
            assert two.mail is not None
            assert not set(one.mail.addresses) & set(two.mail.addresses)
            assert all(address.startswith("127.0.0.1:") for address in (*one.mail.addresses, *two.mail.addresses))

    @pytest.mark.asyncio
    async def test_a_port_in_use_is_said_with_its_option(self) -> None:
        """And nothing is left listening."""
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))
            taken.listen()
            doubles = Doubles(mail="strict", mail_port=taken.getsockname()[1])
            with pytest.raises(InputError, match=r"is in use\. Choose another with --smtp-port"):
                await doubles.start()

    @pytest.mark.asyncio
    async def test_without_it_there_is_no_address(self) -> None:
        """A pipeline that sends no mail pays for no server."""
        doubles = Doubles()
        await doubles.start()
        try:
            assert "SLUICEGATE_SMTP" not in {**doubles.environment(), **doubles.open_run(RUN, Case(id="c"))}
        finally:
            await doubles.stop()
