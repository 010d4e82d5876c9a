"""A plan with load profiles, and shards as generators leave them, written without sending anything."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from sluicegate.ledger.load_shard import SHARD_VERSION, shard_name
from sluicegate.ledger.shard_writer import ShardWriter
from sluicegate.model import Verdict, now_utc, to_micros
from sluicegate.plan.arrivals import arrivals, lasts_us
from sluicegate.plan.load import Profile, sampled
from sluicegate.runner.identity import identity
from sluicegate.session.judge import decide
from sluicegate.session.load import profile_named, take_shards
from sluicegate.session.load_cases import load_cases
from sluicegate.session.load_evidence import LoadRan
from sluicegate.session.load_identity import load_digest
from sluicegate.session.lock import build_lock, write_lock
from sluicegate.session.record import enter
from sluicegate.session.workspace import Workspace

__all__ = ["CASES", "PLAN", "Answer", "LoadWorld", "ok", "unreachable"]

CASES = [
    {"id": "one", "input": {"order": 1}, "slice": "acme"},
    {
        "id": "two",
        "input": {"order": 2},
        "slice": "zenith",
        "expect": {"must": [{"field": "content", "contains": "2"}]},
    },
]

PLAN = """\
schema_version: 1
name: shop
state: rollout/state.jsonl
timezone: UTC
pipeline: {{http: "http://127.0.0.1:9/draft"}}
subject: {{release: "{release}"}}
cases: cases.jsonl
load:
  profiles:
{profiles}
stages:
  - name: first
    exposure: {{live: {live}}}
    criteria:
{criteria}
  - {{name: last, exposure: {{live: false}}, criteria: {{crashes: {{from: suite, promote: 0, max_rate: 5 %}}}}}}
"""
LIVE = "satisfaction: {from: live, at: mean, promote: 3, mode: point}"


@dataclass(slots=True, kw_only=True)
class Answer:
    """What came of one request."""

    took_ms: float = 50.0
    status: str = "ok"
    http: int | None = 200
    content: str = "order 1 and 2"
    structured: Mapping[str, Any] | None = None
    kind: str = ""
    lag_ms: float = 0.0
    first_ms: float | None = None
    usage: Mapping[str, int] | None = None
    cost: int | None = None


def ok(_: int) -> Answer:
    """A good answer in 50 ms."""
    return Answer()


def unreachable(_: int) -> Answer:
    """Nobody there."""
    return Answer(status="error", http=None, kind="unreachable", took_ms=1.0)


@dataclass(slots=True, kw_only=True)
class LoadWorld:
    """A rollout whose only evidence is load."""

    root: Path
    profiles: Iterable[str] = ("steady: {arrivals: constant, rate: 100/s, for: 4 s, objective: 200 ms}",)
    criteria: Iterable[str] = ("latency: {from: load, at: p95, promote: 100 ms, alert: 300 ms, rollback: 1 s}",)
    live: bool = False
    more: str = ""
    release: str = "1"
    runs: int = 0
    start: datetime = field(default_factory=lambda: now_utc() - timedelta(minutes=2))

    _read: Workspace | None = None
    """The plan as it was written last."""

    def __post_init__(self) -> None:
        self.root.mkdir(parents=True, exist_ok=True)
        (self.root / "cases.jsonl").write_text("".join(json.dumps(case) + "\n" for case in CASES), encoding="utf-8")
        self.write()
        if self.live:
            enter(self.workspace, "first", now=self.start - timedelta(minutes=1))

    def write(self) -> None:
        """The plan as it now is, and its lock."""
        wanted = [*self.criteria, *([LIVE] if self.live else [])]
        text = PLAN.format(
            profiles="".join(f"    {line}\n" for line in self.profiles).rstrip("\n"),
            criteria="".join(f"      {line}\n" for line in wanted).rstrip("\n"),
            live=str(self.live).lower(),
            release=self.release,
        )
        (self.root / "plan.yaml").write_text(text + self.more, encoding="utf-8")
        self.lock()

    def lock(self) -> None:
        """What lies there as it is now."""
        self._read = None
        write_lock(self.workspace, build_lock(self.workspace))

    def serve(self, release: str) -> None:
        """Another build from now on."""
        self.release = release
        self.write()

    @property
    def workspace(self) -> Workspace:
        self._read = self._read or Workspace(self.root / "plan.yaml")
        return self._read

    def profile(self, name: str = "steady") -> Profile:
        return profile_named(self.workspace.plan, name)

    def shards(
        self,
        answer: Callable[[int], Answer] = ok,
        *,
        profile: str = "steady",
        users: int = 0,
        of: int = 1,
        killed: Iterable[int] = (),
        lost: Iterable[int] = (),
        leave_out: Iterable[int] = (),
        twice: Iterable[int] = (),
        complete: bool = True,
        clock_ms: Callable[[int], float] = lambda _: 0.5,
        edit: Callable[[dict[str, Any]], object] = lambda _: None,
    ) -> Path:
        """A folder of shards of one run. Of a closed profile `users` requests, evenly over its length.

        `edit` changes any line, before the shard is closed: the bytes agree, whatever they say.
        """
        self.runs += 1
        found, folder = self.profile(profile), self.root / f"shards-{self.runs}"
        folder.mkdir()
        lasts = lasts_us(found)
        offsets = list(arrivals(found)) if found.arrival is not None else [n * lasts // users for n in range(users)]
        run, nonce = f"{self.runs:016x}", f"{self.runs:032x}"
        start_us = to_micros(self.start + timedelta(seconds=10 * self.runs))
        left = set(leave_out)
        for worker in range(of):
            mine = [i for i in range(worker, len(offsets), of) if i not in left]
            opened = {
                "version": SHARD_VERSION, "run": run, "nonce": nonce, "profile": profile, "job": "0" * 64,
                "subject": self.workspace.subject, "asked": self.asked(profile),
                "worker": worker, "of": of, "start_us": start_us, "lasts_us": lasts,
                "seed": found.seed, "target": "POST http://127.0.0.1:9/draft", "engine": "0", "locust": "2",
            }  # fmt: skip
            if found.arrival is not None:
                opened["planned"] = len(offsets[worker::of])
            edit(opened)
            if worker in set(lost):
                continue
            writer = ShardWriter(folder / shard_name(run, worker, of))
            writer.append("opened", opened)
            lines = [self._line(i, start_us + offsets[i], nonce + run, found, answer(i)) for i in mine]
            lines += [line for line in lines if line["i"] in set(twice)]
            for line in lines:
                edit(line)
            for line in lines:
                writer.append("request", line)
            for second in range(lasts // 1_000_000):
                lag = {"at": start_us + second * 1_000_000, "worst": round(clock_ms(second) * 1000), "in_flight": 1}
                if edit(lag) is not False:
                    writer.append("lag", lag)
            if worker in set(killed):
                writer.flush()
                continue
            counts = {status: sum(line["status"] == status for line in lines) for status in _STATUSES}
            total = {"requests": len(lines), **counts, "worst_lag": 0}
            writer.close({"at": start_us + lasts, "complete": complete, **total})
        return folder

    def _line(self, i: int, intended: int, key: str, profile: Profile, answer: Answer) -> dict[str, Any]:
        case, repeat = CASES[i % len(CASES)]["id"], i // len(CASES)
        run_id = identity(key, str(case), repeat)[0]
        line: dict[str, Any] = {
            "i": i, "case": case, "repeat": repeat, "run_id": run_id, "intended": intended, "status": answer.status
        }  # fmt: skip
        if answer.status == "dropped":
            return line
        end_ms = max(answer.lag_ms, answer.took_ms)
        line |= {"start": intended + round(answer.lag_ms * 1000), "end": intended + round(end_ms * 1000)}
        error = {"kind": answer.kind, "message": "as the generator saw it"} if answer.kind else None
        said = {"http": answer.http, "error": error, "usage": answer.usage, "cost": answer.cost}
        line |= {key: value for key, value in said.items() if value is not None}
        if answer.first_ms is not None:
            line["first"] = intended + round(answer.first_ms * 1000)
        if sampled(run_id, profile.sample):
            good = {"content": answer.content} | ({"structured": answer.structured} if answer.structured else {})
            line["output"] = {"error": error} if error else good
        return line

    def asked(self, profile: str = "steady") -> str:
        """What the profile asks today."""
        plan, base = self.workspace.plan, self.workspace.base
        return load_digest(plan, base, self.profile(profile), load_cases(plan, base))

    def took_in(self, folder: Path) -> LoadRan:
        """The shards as evidence."""
        return take_shards(self.workspace, folder, stage=self.workspace.stage("first"))

    def ran(self, answer: Callable[[int], Answer] = ok, **how: Any) -> LoadRan:
        """One run, taken in."""
        return self.took_in(self.shards(answer, **how))

    def verdict(self) -> Verdict:
        workspace = self.workspace
        return decide(workspace, workspace.stage("first"))


_STATUSES = ("ok", "incomplete", "error", "dropped")
