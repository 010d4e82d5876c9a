"""No telemetry, no look-ups, no network: whatever a user runs, nothing but this machine is ever spoken to."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

_GUARD = '''
"""Loaded by every Python process of a guarded run, before anything else: notes and refuses what leaves the machine."""

import os
import sys

_SEEN = os.environ["SLUICEGATE_TEST_SEEN"]
_HOME = ("", "localhost", "::1", "0.0.0.0", "::")


def _local(host):
    said = host.decode() if isinstance(host, bytes) else host
    return said is None or said in _HOME or said.startswith("127.")


def _note(line):
    with open(_SEEN, "a") as file:
        file.write(f"{line} in {sys.argv!r}\\n")


def _hook(event, arguments):
    if event in ("socket.connect", "socket.sendto", "socket.sendmsg"):
        address = arguments[-1]
        if isinstance(address, tuple) and not _local(address[0]):
            _note(f"{event} {address}")
            raise OSError(f"refused: {address}")
    elif event in ("socket.getaddrinfo", "socket.gethostbyname", "socket.gethostbyaddr"):
        if not _local(arguments[0]):
            _note(f"{event} {arguments[0]}")
            raise OSError(f"refused: {arguments[0]}")


sys.addaudithook(_hook)
_note("guarded")
'''

_DOOR = "from sluicegate.cli import main; main()"
_ENDED = (0, 10, 20, 30, 40)

Guarded = tuple[Path, dict[str, str]]


@pytest.fixture
def guarded(tmp_path: Path) -> Guarded:
    """The file that the guard writes, and the environment that puts it into every Python process."""
    site = tmp_path / "guard"
    site.mkdir()
    (site / "sitecustomize.py").write_text(_GUARD)
    seen = tmp_path / "seen"
    path = os.pathsep.join(filter(None, [str(site), os.environ.get("PYTHONPATH")]))
    return seen, {**os.environ, "PYTHONPATH": path, "SLUICEGATE_TEST_SEEN": str(seen)}


def _run(words: Sequence[str], guarded: Guarded, folder: Path, ended: Sequence[int] = _ENDED) -> None:
    done = subprocess.run(
        [sys.executable, *words], cwd=folder, env=guarded[1], capture_output=True, text=True, check=False, timeout=240
    )
    assert done.returncode in ended, f"{words}: {done.stdout}{done.stderr}"


def _attempts(guarded: Guarded) -> list[str]:
    lines = guarded[0].read_text().splitlines()
    assert any(line.startswith("guarded") for line in lines), "the guard was not loaded"
    return [line for line in lines if not line.startswith("guarded")]


@pytest.mark.parametrize(
    "attempt",
    [
        "socket.create_connection(('192.0.2.1', 80), timeout=1)",
        "socket.getaddrinfo('sluicegate.invalid', 443)",
        "socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b'x', ('192.0.2.1', 53))",
        "urllib.request.urlopen('http://sluicegate.invalid/')",
    ],
)
def test_the_guard_sees_and_refuses_what_leaves_the_machine(attempt: str, guarded: Guarded, tmp_path: Path) -> None:
    """A guard that sees nothing would prove nothing."""
    code = f"import socket, urllib.request\ntry:\n    {attempt}\nexcept OSError:\n    pass"

    _run(["-c", code], guarded, tmp_path)

    assert len(_attempts(guarded)) == 1


def test_the_guard_lets_this_machine_speak_to_itself(guarded: Guarded, tmp_path: Path) -> None:
    """The doubles are servers on loopback."""
    code = "import socket\ns = socket.create_server(('127.0.0.1', 0))\nsocket.create_connection(s.getsockname())"

    _run(["-c", code], guarded, tmp_path)

    assert _attempts(guarded) == []


def test_a_rollout_from_init_to_report_speaks_to_nobody(guarded: Guarded, tmp_path: Path) -> None:
    """init, plan check, plan lock, gate, judge, status, pytest, report: no attempt in any of their processes."""
    _run(["-c", _DOOR, "init", "bot"], guarded, tmp_path)
    folder = tmp_path / "bot"
    for words in (
        ["plan", "check", "rollout.yaml"],
        ["plan", "lock", "rollout.yaml"],
        ["gate", "rollout.yaml"],
        ["judge", "rollout.yaml"],
        ["status", "rollout.yaml"],
    ):
        _run(["-c", _DOOR, *words], guarded, folder)
    pytest_words = ["-m", "pytest", "-q", "-p", "no:cacheprovider", "--sluicegate-plan", "rollout.yaml"]
    _run(pytest_words, guarded, folder, ended=(0, 1))
    verdict = str(next((folder / ".sluicegate").rglob("verdict.json")).relative_to(folder))
    for shape in ("text", "json", "markdown", "junit", "html"):
        _run(["-c", _DOOR, "report", verdict, "--format", shape], guarded, folder)

    assert _attempts(guarded) == []


def test_the_demonstration_speaks_to_nobody(guarded: Guarded, tmp_path: Path) -> None:
    """A reference pipeline with its model, retriever and tools: all of them stand on loopback."""
    _run(["-c", _DOOR, "demo", "--evidence", str(tmp_path / "evidence")], guarded, tmp_path)

    assert _attempts(guarded) == []


def test_an_evaluation_speaks_to_nobody(guarded: Guarded, tmp_path: Path) -> None:
    """`import sluicegate` and `evaluate`, with a ledger and without."""
    code = (
        "import sluicegate\n"
        "async def answer(input):\n    return input\n"
        "cases = [{'id': str(n), 'input': 'x'} for n in range(3)]\n"
        "for ledger in (None, 'run.jsonl'):\n"
        "    sluicegate.evaluate(answer, cases, ['schema'], ledger=ledger)\n"
    )

    _run(["-c", code], guarded, tmp_path)

    assert _attempts(guarded) == []


_DETECTORS = """
from sluicegate.mail.builders import Draft, built
from sluicegate.mail.invariants import Allowed, broken
from sluicegate.mail.profile import profile
from sluicegate.mail.wire import read
from sluicegate.model import Mail
from sluicegate.pii.evaluation import sentences
from sluicegate.pii.known import KnownValues
from sluicegate.pii.scan import Scanner
from sluicegate.text.decoders import Search
from sluicegate.text.invisible import hidden
from sluicegate.text.links import KINDS, links
from sluicegate.text.lookalike import skeleton

texts = [item.text for item in sentences(1, each=1)][::9]
texts.append("ann@mail.co.uk bob@shop.museum x@y.unknown https://example.com/a?b http://\u03b1.test 192.0.2.1 fe80::1")
scanner, known, search = Scanner(), KnownValues(["Ann Lee", "+49 151 23456789"]), Search(["ZQ7f3a9c51KW"])
found = 0
for text in texts:
    found += len(scanner.examine(text).hits) + len(list(known.hits(text))) + len(search.find(text))
    found += len(hidden(text)) + sum(len(links(text, kind)) for kind in KINDS) + len(skeleton(text))
    mail = Mail(to=("ann@mail.test",), subject=text[:200], body=text)
    for posted in built(Draft(mail=mail, sender="s@shop.test")).values():
        for sent in posted.sent:
            found += len(broken(sent.envelope, read(sent.data), Allowed(recipients=("ann@mail.test",))))
assert found > len(texts) and profile(), found
"""


def test_no_detector_speaks_to_anybody(guarded: Guarded, tmp_path: Path) -> None:
    """Personal data, secrets, links, mails by every builder, the platform: all on this machine."""
    _run(["-c", _DETECTORS], guarded, tmp_path, ended=(0,))

    assert _attempts(guarded) == []
