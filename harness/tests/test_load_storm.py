"""Faults of a load profile: judged in the requests that met one, and a storm that struck nobody holds."""

from __future__ import annotations

import sys
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from sluicegate.ledger.load_shard import LoadRequest, ShardReader
from sluicegate.ledger.shard_writer import ShardWriter
from sluicegate.model import Estimate, Fault, Kind, Observation, Verdict, from_micros, rfc3339
from sluicegate.session.load_account import account, has_met

sys.path.insert(0, str(Path(__file__).parent))
from load_gate_world import LoadWorld, ok

sys.path.pop(0)

STORM = (
    "steady: {arrivals: constant, rate: 100/s, for: 4 s, "
    "faults: [{kind: rate_limit, from: 0s, until: 4s, share: 10 %, retry_after: 1s}]}"
)
LATENCY = "latency: {from: load, at: p95, promote: 100 ms, alert: 300 ms}"
FALLBACK = "fallback.correct_rate: {from: load, promote: 90 %, alert: 80 %, min: 15}"
ADDRESS = 'pipeline: {http: "http://127.0.0.1:9/draft"}'
CALLABLE = 'pipeline: {callable: "bot:answer", capabilities: [model]}\nprices: {m: {input: $1, output: $1}}'


def call(run_id: str, at: datetime, status: int = 200, **detail: Any) -> dict[str, Any]:
    """A call as the model server logs it."""
    said = {"status": status, "prompt_digest": "p", "input_tokens": 1, "output_tokens": 1, **detail}
    return {"run_id": run_id, "double": "model", "action": "m", "at": rfc3339(at), "detail": said}


class StormWorld(LoadWorld):
    """A callable that was stood up, and what its doubles saw."""

    def write(self) -> None:
        super().write()
        path = self.root / "plan.yaml"
        path.write_text(path.read_text().replace(ADDRESS, CALLABLE))
        (self.root / "bot.py").write_text("def answer(asked, context):\n    return {}\n")
        self.lock()

    def stormed(self, is_struck: Callable[[int], bool], *, waits_s: float = 1.2, calls: int = 1) -> Verdict:
        """The verdict on one run; whoever was struck is turned away for a second, and comes again after so long.

        Everybody makes so many calls besides.
        """
        folder = self.shards(ok)
        (path,) = folder.glob("*of*.jsonl")
        served = ShardWriter(folder / "served.jsonl")
        served.append("opened", {"version": 2, "profile": "steady", "at": 0})
        requests = [line for line in ShardReader(path) if isinstance(line, LoadRequest)]
        for request in requests:
            run_id, at, struck = request.run_id, from_micros(request.intended), is_struck(request.i)
            seen = [call(run_id, at, 429, fault="rate_limit", retry_after="1")] if struck else []
            seen += [call(run_id, at + timedelta(seconds=waits_s if struck else 0))] * calls
            line = {"run_id": run_id, "case": request.case, "at": request.intended, "took": 50_000}
            served.append(
                "served",
                {
                    **line,
                    "calls": {"m": len(seen)},
                    "struck": {"rate_limit model m": 1} if struck else {},
                    "observations": seen,
                },
            )
        served.close({"at": 0, "served": len(requests), "lost": 0})
        self.took_in(folder)
        return self.verdict()


@pytest.mark.parametrize(("waits_s", "kind"), [(1.2, Kind.PROMOTE), (0.1, Kind.HOLD_BELOW_TARGET)])
def test_who_met_no_fault_fell_back_from_none(tmp_path: Path, waits_s: float, kind: Kind) -> None:
    """One request in ten was turned away. What the others did says nothing of how that was taken."""
    world = StormWorld(root=tmp_path, profiles=[STORM], criteria=[FALLBACK])

    verdict = world.stormed(lambda i: i % 10 == 0, waits_s=waits_s)

    (result,) = verdict.criteria
    assert verdict.kind is kind, verdict.reasons
    assert isinstance(result.measured, Estimate)
    assert result.measured.n == 40


def test_who_breaks_a_law_without_a_fault_is_counted(tmp_path: Path) -> None:
    """Nine calls with one prompt are too many, in fine weather too."""
    line = FALLBACK.replace("alert: 80 %", "alert: 80 %, rollback: 50 %")
    world = StormWorld(root=tmp_path, live=True, profiles=[STORM], criteria=[line])

    assert world.stormed(lambda i: i % 10 == 0, calls=9).kind is Kind.ROLLBACK_THRESHOLD


@pytest.mark.parametrize(
    ("other", "kind"),
    [
        ("kind: rate_limit, model: m", Kind.PROMOTE),
        ("kind: rate_limit, model: n", Kind.HOLD_INVALID_EVIDENCE),
        ("kind: timeout", Kind.HOLD_INVALID_EVIDENCE),
        ("kind: rate_limit, target: retriever", Kind.HOLD_INVALID_EVIDENCE),
    ],
)
def test_every_fault_of_a_storm_has_to_meet_a_call(tmp_path: Path, other: str, kind: Kind) -> None:
    """A model that nobody asks, a double that nobody calls, a share too small: that weather was never seen."""
    storm = STORM.replace("faults: [", f"faults: [{{{other}, from: 0s, until: 4s, share: 1 %}}, ")
    world = StormWorld(root=tmp_path, profiles=[storm], criteria=[LATENCY])

    assert world.stormed(lambda i: i % 10 == 0).kind is kind


def test_a_storm_that_struck_nobody_holds(tmp_path: Path) -> None:
    """Nothing failed, so the latency of a storm is that of fine weather."""
    world = StormWorld(root=tmp_path, profiles=[STORM], criteria=[LATENCY])

    assert world.stormed(lambda _: False).kind is Kind.HOLD_INVALID_EVIDENCE


@pytest.mark.parametrize(
    ("script", "double", "action", "protocol", "is_met"),
    [
        (Fault(kind="cut", target="tool:orders"), "tool", "orders", None, True),
        (Fault(kind="cut", target="tool:orders"), "tool", "customers", None, False),
        (Fault(kind="cut", target="tool:my orders"), "tool", "my orders", None, True),
        (Fault(kind="cut", target="tool:my"), "tool", "my orders", None, False),
        (Fault(kind="timeout", target="retriever"), "retriever", "search", None, True),
        (Fault(kind="timeout", target="embedding"), "model", "e-3", "openai.embeddings", True),
        (Fault(kind="timeout", target="embedding"), "model", "e-3", "openai.chat", False),
        (Fault(kind="timeout"), "model", "e-3", "openai.embeddings", False),
        (Fault(kind="timeout", model="a b"), "model", "a b", "openai.chat", True),
        (Fault(kind="slow", model="a b"), "model", "a b", "openai.chat", False),
    ],
)
def test_a_fault_is_met_by_calls_of_its_own_double(
    script: Fault, double: str, action: str, protocol: str | None, is_met: bool
) -> None:
    """As scripts name doubles: embeddings are asked of the model server and are none of its answers."""
    kind = "timeout" if script.kind == "slow" else script.kind
    seen = Observation(
        run_id="r",
        double=double,
        action=action,
        at="2026-01-01T00:00:00Z",
        detail={"fault": kind, "protocol": protocol},
    )

    assert has_met(script, account([seen], (), lambda *_, **__: 0)["struck"]) is is_met
