"""Targets that end connections without a word, flood, or look quick: what a generator makes of their bytes."""

from __future__ import annotations

import socket
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from sluicegate.ledger.load_shard import LoadRequest
from sluicegate.model import Case, CrashKind
from sluicegate.pipelines.stream import EventFold
from sluicegate.plan.load import Arrival, Profile, Step, TraceArrival

sys.path.insert(0, str(Path(__file__).parent))
import load_world
from load_world import engines, job_file, shards

sys.path.pop(0)

ANSWER = b'HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 18\r\n\r\n{"content":"fine"}'
STREAM = b"HTTP/1.1 200 OK\r\ncontent-type: Text/Event-Stream\r\n\r\n"
ONE = Profile(name="one", steps=(Step(for_s=1.0, rate=1.0),), arrival=Arrival.CONSTANT)
FORTY = Profile(name="forty", steps=(Step(for_s=2.0, rate=20.0),), arrival=Arrival.CONSTANT)
Act = Callable[[socket.socket], object]


def piece(text: str) -> bytes:
    """An event of a stream."""
    return b'data: {"choices":[{"index":0,"delta":{"content":"' + text.encode() + b'"}}]}\n\n'


@contextmanager
def target(act: Act) -> Iterator[str]:
    """An address whose every connection is asked once, answered by `act`, and closed."""

    def serve(connection: socket.socket) -> None:
        with connection:
            try:
                while b"\r\n\r\n" not in connection.recv(1 << 16):
                    pass
                act(connection)
            except OSError:
                return

    def accept() -> None:
        while True:
            try:
                connection, _ = listening.accept()
            except OSError:
                return
            threading.Thread(target=serve, args=(connection,), daemon=True).start()

    with socket.create_server(("127.0.0.1", 0)) as listening:
        threading.Thread(target=accept, daemon=True).start()
        yield f"http://127.0.0.1:{listening.getsockname()[1]}/"
        listening.shutdown(socket.SHUT_RDWR)


def asked(folder: Path, act: Act, profile: Profile = ONE, **more: object) -> list[LoadRequest]:
    """Every request of a profile at such a target, in their order."""
    with target(act) as url:
        assert engines([job_file(folder, url, profile, cases=(Case(id="one"),), timeout_s=5.0, **more)]) == ""
    ((_, requests),) = shards(folder)
    return requests


def flood(head: bytes, more: bytes) -> Act:
    """Never ends."""

    def act(connection: socket.socket) -> None:
        connection.sendall(head)
        while True:
            connection.sendall(more)

    return act


@pytest.mark.parametrize(
    ("act", "kind"),
    [
        (flood(b"HTTP/1.1 200 OK\r\n", b"x-a: " + b"a" * 65_000 + b"\r\n"), CrashKind.GARBAGE),
        (flood(b"HTTP/1.1 200 OK\r\nx-a: ", b"a" * 65_000), CrashKind.GARBAGE),
        (flood(STREAM, b"a" * 65_000), CrashKind.TOO_LARGE),
    ],
)
def test_what_never_ends_is_given_up_by_its_size(tmp_path: Path, act: Act, kind: CrashKind) -> None:
    """A head, or a line of a stream, without an end fills no memory until the time-out."""
    (request,) = asked(tmp_path, act)

    assert request.error is not None
    assert request.error.kind is kind
    assert request.start is not None
    assert request.end is not None
    assert request.end - request.start < 4_000_000


def test_a_target_that_ends_connections_without_a_word_is_not_taken_for_an_outage(tmp_path: Path) -> None:
    """Two requests are lost to connections that had ended, and from then on none is kept; none is sent twice."""
    sent = []

    def act(connection: socket.socket) -> None:
        sent.append(connection)
        connection.sendall(ANSWER)
        time.sleep(0.06)  # longer than the gap: the next request comes by a connection that is about to end

    requests = asked(tmp_path, act, FORTY)

    lost = sum(request.status != "ok" for request in requests)
    assert lost <= 2
    assert len(sent) == len(requests) - lost


def test_the_first_token_is_one_that_can_be_seen(tmp_path: Path) -> None:
    """Spaces at once, and the answer later: the first content is that of the answer. The media type has no case."""

    def act(connection: socket.socket) -> None:
        connection.sendall(STREAM + piece(" ") + piece("\u200b"))
        time.sleep(0.4)
        connection.sendall(piece("on its way") + piece(" ") + b"data: [DONE]\n\n")

    (request,) = asked(tmp_path, act)

    assert request.status == "ok"
    assert request.first is not None
    assert request.first - request.intended > 350_000
    assert request.pieces in (1, 2)
    assert request.output is not None
    assert request.output.content == " \u200bon its way "


def test_spaces_alone_are_no_first_token() -> None:
    """Nothing that can be seen has come; what has, is kept as it was."""
    fold = EventFold()
    fold.feed(piece(" ") + piece(r"\n"))

    assert (fold.has_text, fold.pieces, fold.content) == (False, 0, " \n")


@pytest.mark.parametrize("at_us", [0, 10_000])
def test_arrivals_wait_for_no_answer(tmp_path: Path, at_us: int) -> None:
    """A hundred arrivals, at once or one after the other; the target answers nobody before it has them all."""
    everybody = threading.Barrier(100)
    trace = tuple(TraceArrival(at_us=number * at_us) for number in range(100))
    profile = Profile(name="all", arrival=Arrival.TRACE, trace="traffic.jsonl")

    def act(connection: socket.socket) -> None:
        everybody.wait(4.0)
        connection.sendall(ANSWER)

    requests = asked(tmp_path, act, profile, trace=trace)

    assert [request.status for request in requests] == ["ok"] * 100
    assert [request.intended - requests[0].intended for request in requests] == [one.at_us for one in trace]


_INTERRUPTED = """
import sluicegate.load.engine as engine
real = engine.perf_counter
engine.perf_counter = lambda: real() + (sys._getframe(1).f_code.co_name == "ask_next")
"""
"""A second passes between the loop of a user and its request."""


def test_no_user_begins_after_the_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine that turns to something else just then holds no run back."""
    monkeypatch.setattr(load_world, "_ENGINES", load_world._ENGINES.replace("\ndef one", _INTERRUPTED + "\ndef one"))
    two = Profile(name="two", steps=(Step(for_s=0.5, users=2),))
    assert engines([job_file(tmp_path, "http://127.0.0.1:9/", two, cases=(Case(id="one"),))]) == ""

    ((reader, requests),) = shards(tmp_path)
    assert requests
    assert max(request.intended for request in requests) < reader.opened.start_us + reader.opened.lasts_us
