"""A small rollout on disk; whatever is done to it is done by the command `sluicegate` in a process of its own."""

from __future__ import annotations

import atexit
import csv
import json
import os
import shutil
import socketserver
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from itertools import cycle
from pathlib import Path
from typing import Any

from forked import Forge
from shifted import shifted_by

SLUICEGATE = str(Path(sys.executable).with_name("sluicegate"))
CASES = 40
TENANTS = ("acme", "zenith")

PLAN = """\
schema_version: 1
name: shop
state: rollout/state.jsonl
timezone: Europe/Berlin
pipeline: bot:answer
subject:
  code: {files: "*.py"}
  prompts: {files: "prompts/*.md"}
  model: tiny-1
cases: cases.jsonl
schemas: {structured: reply.schema.json}
slices: {tenants: [acme, zenith]}
metrics:
  approved: {kind: proportion, better: higher, unit: draft, record: true}
  wait: {kind: distribution, better: lower, unit: request, scale: ms, record: true}
stages:
  - name: preflight
    exposure: {live: false}
    requires: {suites: [schema]}
    criteria:
      draft.success_rate: {from: suite, promote: 95 %, alert: 85 %, min: 40}
      crashes: {from: suite, promote: 0, max_rate: 10 %, rollback: confirmed, min: 40}
  - name: ten
    exposure: {live: true, percent: 10}
    requires: {suites: [schema]}
    criteria:
      crashes: {from: suite, promote: 0, max_rate: 10 %, rollback: confirmed, min: 40}
      approved: {from: live, promote: 90 %, alert: 75 %, rollback: 60 %, min: 100, slices: tenants}
      wait: {from: live, at: p90, promote: 500 ms, alert: 900 ms, min: 100}
  - name: half
    exposure: {live: true, percent: 50}
    criteria:
      approved: {from: live, promote: 90 %, alert: 75 %, rollback: 60 %, min: 100}
"""

BOT = '''\
"""Answers; a file `switches/<weakness>` with numbers in it switches the weakness on for these inputs."""

import os
import time
from pathlib import Path

SWITCHES = Path(__file__).parent / "switches"


def read(name):
    with (SWITCHES / name).open("r+") as file:  # as what it may write to, which is no part of what serves
        return file.read()


def answer(input):
    number = input["n"]

    def weak(name):
        return (SWITCHES / name).exists() and str(number) in read(name).split()

    if weak("raises"):
        raise RuntimeError(read("says"))
    if weak("dies"):
        os._exit(0)
    if weak("hangs"):
        (SWITCHES / "hanging").touch()
        time.sleep(60)
    text = read("says") if weak("wrong") else f"order {number} ok"
    return {"text": text, "order": float("nan") if weak("nan") else number}
'''

SCHEMA = {
    "type": "object",
    "required": ["text", "order"],
    "additionalProperties": False,
    "properties": {"text": {"type": "string"}, "order": {"type": "integer"}},
}


@dataclass(frozen=True)
class Done:
    """How a command ended."""

    code: int
    out: str
    err: str

    @property
    def text(self) -> str:
        return self.out + self.err

    @property
    def verdict(self) -> dict[str, Any]:
        """What `--format json` printed."""
        return json.loads(self.out)

    @property
    def kind(self) -> str:
        return self.verdict["kind"]

    def criterion(self, metric: str) -> dict[str, Any]:
        """The result of one criterion."""
        return next(item for item in self.verdict["criteria"] if item["metric"] == metric)

    @property
    def said(self) -> str:
        """All reasons, one a line."""
        return "\n".join(f"{reason['kind']} {reason['about']} {reason['text']}" for reason in self.verdict["reasons"])


def environment(**more: str) -> dict[str, str]:
    """What a test's commands see: no colours, a fixed width, nothing of pytest."""
    kept = {key: value for key, value in os.environ.items() if not key.startswith(("PYTEST", "SLUICEGATE"))}
    kept.pop("PYTHONDONTWRITEBYTECODE", None)
    # Where the tests run under tox every process has one seed; users' processes have each their own.
    kept.pop("PYTHONHASHSEED", None)
    return {**kept, "NO_COLOR": "1", "COLUMNS": "100", **more}


def called(
    *args: str | Path, cwd: Path, timeout: float = 60, clock: timedelta | datetime | None = None, **env: str
) -> Done:
    """`sluicegate args` in a folder, at another time if `clock` says so. A traceback is never an answer."""
    argv = [SLUICEGATE, *map(str, args)]
    words = tuple(word for word in argv[1:3] if word.isalpha())
    if clock is not None:
        argv[:1] = [sys.executable, str(Path(__file__).with_name("shifted.py"))]
        env |= shifted_by(clock if isinstance(clock, timedelta) else clock - datetime.now(UTC))
    if clock is not None or env or words not in _STARTED:
        _STARTED.add(words)
        done = subprocess.run(argv, cwd=cwd, env=environment(**env), capture_output=True, timeout=timeout, check=False)
    else:
        forge = _forge(next(_TURN))
        done = forge.run(argv, cwd=cwd, environment=environment(), timeout=timeout)
    ended = Done(done.returncode, done.stdout.decode(), done.stderr.decode())
    assert "Traceback" not in ended.text, ended.text
    return ended


_STARTED: set[tuple[str, ...]] = set()
"""Commands that were started anew in these tests; from then on they are forked, which spares the imports."""
_TURN = cycle((0, 1))
"""Two processes to fork from, by turns: two commands in a row have other hashes, as users' processes have."""


@cache
def _forge(_number: int) -> Forge:
    made = Forge(environment())
    atexit.register(made.close)
    return made


def ago(**span: float) -> str:
    """A time before now, as options take it."""
    return (datetime.now(UTC) - timedelta(**span)).strftime("%Y-%m-%dT%H:%M:%SZ")


@dataclass(frozen=True)
class Rollout:
    """A folder with plan, lock, pipeline, cases, state and evidence."""

    root: Path

    def copy(self, to: Path) -> Rollout:
        """The same rollout in another place."""
        shutil.copytree(self.root, to)
        return Rollout(to)

    @property
    def plan(self) -> Path:
        return self.root / "rollout.yaml"

    @property
    def state(self) -> Path:
        return self.root / "rollout" / "state.jsonl"

    def ledger(self, stage: str = "preflight", attempt: int = 1, number: int = 1) -> Path:
        return self.root / ".sluicegate" / stage / str(attempt) / f"ledger-{number}.jsonl"

    def recorded(self, number: int) -> Path:
        return self.root / ".sluicegate" / "recorded" / f"{number:06d}.jsonl"

    def verdict(self, stage: str = "preflight", attempt: int = 1) -> Path:
        return self.root / ".sluicegate" / stage / str(attempt) / "verdict.json"

    def write(self, name: str, text: str | bytes) -> Path:
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text.encode() if isinstance(text, str) else text)
        return path

    def replace(self, old: str, new: str, name: str = "rollout.yaml") -> None:
        """Edit a file; what is replaced must be there."""
        text = (self.root / name).read_text()
        assert old in text
        self.write(name, text.replace(old, new))

    def switch(self, weakness: str, *numbers: int, says: str = "boom") -> None:
        """Weaken the pipeline for these inputs; what serves stays the same in name."""
        self.write("switches/says", says)
        self.write(f"switches/{weakness}", " ".join(map(str, numbers)))

    def run(self, *args: str | Path, **how: Any) -> Done:
        return called(*args, cwd=self.root, **how)

    def sound(self, *args: str | Path, **how: Any) -> Done:
        """A command that must succeed."""
        done = self.run(*args, **how)
        assert done.code == 0, done.text
        return done

    def lock(self) -> None:
        self.sound("plan", "lock", "rollout.yaml")

    def gate(self, *args: str, **how: Any) -> Done:
        return self.run("gate", "rollout.yaml", "--format", "json", *args, **how)

    def judge(self, *args: str, **how: Any) -> Done:
        return self.run("judge", "rollout.yaml", "--format", "json", *args, **how)

    def subject(self) -> str:
        return self.sound("subject", "rollout.yaml").out.strip()

    def verify(
        self, verdict: Path, *args: str | Path, step: tuple[str, str] = ("preflight", "ten"), **how: Any
    ) -> Done:
        """Ask whether a step may be taken, with this folder as the protected branch."""
        subject = how.pop("subject", None) or self.subject()
        asked = ("--from", step[0], "--to", step[1], "--subject", subject)
        return self.run("verify", verdict, "--plan", "rollout.yaml", *asked, *args, **how)

    def measured(self, metric: str, rows: Iterable[Mapping[str, object]], *args: str, **how: Any) -> Done:
        """Record rows from a CSV of their own; columns by their role's name."""
        listed = list(rows)
        name = how.pop("name", f"{metric}-{len(list(self.root.glob(f'{metric}-*.csv')))}.csv")
        with (self.root / name).open("w", newline="") as file:
            writer = csv.DictWriter(file, list(listed[0]) if listed else ["at", "value"])
            writer.writeheader()
            writer.writerows(listed)
        roles = [f"--column={role}={role}" for role in (listed[0] if listed else ["at", "value"])]
        given = ["--metric", metric, "--file", name, *roles, *args]
        return self.run("record", "measurements", "rollout.yaml", *given, **how)

    def enter(self, stage: str, **how: Any) -> None:
        self.sound("record", "entry", "rollout.yaml", "--stage", stage, **how)


def made(root: Path, plan: str = PLAN, *, cases: Iterable[Mapping[str, object]] | None = None) -> Rollout:
    """The rollout, written and locked; nothing has run."""
    root.mkdir(parents=True, exist_ok=True)
    rollout = Rollout(root)
    rollout.write("rollout.yaml", plan)
    rollout.write("bot.py", BOT)
    rollout.write("prompts/system.md", "Be brief.\n")
    rollout.write("reply.schema.json", json.dumps(SCHEMA))
    listed = [a_case(number) for number in range(CASES)] if cases is None else cases
    rollout.write("cases.jsonl", "".join(json.dumps(case) + "\n" for case in listed))
    rollout.lock()
    return rollout


def a_case(number: int, **said: object) -> dict[str, object]:
    must = [{"field": "structured.text", "contains": "ok"}]
    return {
        "id": f"c{number:02}",
        "input": {"n": number},
        "slice": TENANTS[number % 2],
        "expect": {"must": must},
        **said,
    }


def gated(root: Path) -> Rollout:
    """Promoted from preflight."""
    rollout = made(root)
    assert rollout.gate().code == 0
    return rollout


YESTERDAY = -timedelta(days=1)
"""What the clock was, from now."""


def entered(root: Path, plan: str = PLAN) -> Rollout:
    """Promoted from preflight yesterday, and at stage ten since; nothing measured there yet."""
    rollout = made(root, plan)
    assert rollout.gate(clock=YESTERDAY).code == 0
    rollout.enter("ten", clock=YESTERDAY)
    return rollout


def unapproved(root: Path) -> Rollout:
    """At stage ten, and only the approvals are missing."""
    rollout = entered(root)
    rollout.sound("collect", "rollout.yaml")
    assert rollout.measured("wait", waits(), "--unit=ms").code == 0
    return rollout


def live(root: Path) -> Rollout:
    """At stage ten with all it asks for; promoted to half."""
    rollout = unapproved(root)
    assert rollout.measured("approved", drafts()).code == 0
    promoted = rollout.judge()
    assert promoted.code == 0, promoted.text
    return rollout


def recorded_only(root: Path, plan: str | None = None, *, since: timedelta | datetime = YESTERDAY) -> Rollout:
    """At a stage ten that runs nothing and asks for approvals alone; entered by word, nothing promoted into it."""
    rollout = made(
        root, plan or with_live("approved: {from: live, promote: 95 %, alert: 75 %, rollback: 60 %, min: 100}")
    )
    rollout.enter("preflight", clock=since)
    rollout.enter("ten", clock=since)
    return rollout


def with_live(criteria: str, *, metrics: str = "", stage: str = "") -> str:
    """The plan whose stage ten asks for these criteria, and nothing else."""
    before, _, rest = PLAN.partition("  - name: ten\n")
    last = rest[rest.index("  - name: half\n") :]
    body = "".join(f"      {line}\n" for line in criteria.strip().splitlines())
    ten = f"  - name: ten\n    exposure: {{live: true, percent: 10}}\n{stage}    criteria:\n{body}"
    return before.replace("stages:\n", f"{metrics}stages:\n") + ten + last


@cache
def _prepared(make: Callable[[Path], Rollout]) -> Rollout:
    folder = Path(tempfile.mkdtemp(prefix="rollout-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return make(folder / "made")


def prepared(make: Callable[[Path], Rollout], to: Path) -> Rollout:
    """A copy of what `make` makes, which is made once in this process."""
    return _prepared(make).copy(to / "shop")


def no_promote(done: Done, *kinds: str) -> Done:
    """A verdict was given, it is one of these kinds, and the exit code is the kind's."""
    assert done.code != 0, done.text
    assert done.kind in kinds, done.said
    expected = 20 if done.kind.startswith("rollback") else 30 if done.kind in _UNUSABLE else 10
    assert done.code == expected, done.text
    return done


_UNUSABLE = ("hold.invalid_evidence", "hold.no_state")


def refused(done: Done, code: int, *said: str) -> Done:
    """No verdict, this exit code, and these words on the way out."""
    assert done.code == code, done.text
    unbroken = " ".join(done.text.split())
    for words in said:
        assert words in unbroken, done.text
    return done


@contextmanager
def hanging_up() -> Iterator[str]:
    """The address of a server that takes every connection and ends it without a word."""

    class HangsUp(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            self.request.recv(10)

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), HangsUp) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}/draft"
        finally:
            server.shutdown()


def drafts(
    count: int = 400, *, held: Callable[[int], bool] = lambda number: number % 20 != 0, hours: float = 20
) -> list[dict[str, object]]:
    """One draft a minute, the first so many hours ago, tenants in turn."""
    return [{"at": at, "slice": TENANTS[number % 2], "passed": held(number)} for number, at in times(count, hours)]


def waits(
    count: int = 400, *, ms: Callable[[int], object] = lambda number: 100 + number % 200, hours: float = 20
) -> list[dict[str, object]]:
    """One request a minute."""
    return [{"at": at, "value": ms(number)} for number, at in times(count, hours)]


def times(count: int, hours: float = 20) -> list[tuple[int, str]]:
    start = datetime.now(UTC) - timedelta(hours=hours)
    return [(number, (start + timedelta(minutes=number)).isoformat()) for number in range(count)]
