"""A user's own scorers while the cases run: each trial is scored in a process of its own, and the score is recorded."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import orjson

from sluicegate.checks.scorers import SCORED_AS
from sluicegate.errors import Fault, InputError
from sluicegate.ledger import Checked
from sluicegate.model import Finding, Origin, Output, Severity, Trial, Witness, encode
from sluicegate.pipelines.line_process import EndedError, LineProcess, TooLongError
from sluicegate.plan.types import Better, Metric, Plan, Stage
from sluicegate.session.stage_cases import StageCases

__all__ = ["OwnScorers", "own_scorers"]

_MAX_BYTES = 1 << 20
_LOAD_S = 120.0
_SCORE_S = 120.0


class OwnScorers:
    """Takes trials as they end, in order, and hands their scores on; used from one event loop."""

    def __init__(
        self,
        metrics: Sequence[Metric],
        base: Path,
        say: Callable[[Checked], None],
        counts: Callable[[str], bool] = lambda case_id: True,
    ) -> None:
        """`counts` says by its id whether metrics read a case; the others have no score, and that is no finding."""
        self._metrics = metrics
        self._counts = counts
        self._base = base
        self._say = say
        self._process = LineProcess(_MAX_BYTES)
        self._trials: asyncio.Queue[Trial] = asyncio.Queue()
        self._worker: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Start the process and load every scorer there. Raises InputError."""
        if not self._metrics:
            return
        answer = await self._begun()
        if "faults" in answer:
            await self._process.end()
            raise InputError([Fault(**fault) for fault in answer["faults"]])
        self._worker = asyncio.create_task(self._work())

    def take(self, trials: Sequence[Trial]) -> None:
        """Trials that have ended."""
        if self._worker is not None:
            for trial in trials:
                self._trials.put_nowait(trial)

    async def finish(self) -> None:
        """Wait for the last score; then the process goes. Raises what recording raised."""
        if self._worker is None:
            return
        drained = asyncio.ensure_future(self._trials.join())
        await asyncio.wait([drained, self._worker], return_when=asyncio.FIRST_COMPLETED)
        drained.cancel()
        if self._worker.done():
            self._worker.result()

    async def aclose(self) -> None:
        """End everything, scored or not."""
        if self._worker is not None:
            self._worker.cancel()
            await asyncio.wait([self._worker])
        await self._process.end()

    async def _begun(self) -> dict[str, Any]:
        targets = {metric.name: metric.score.by for metric in self._metrics if metric.score is not None}
        argv = [sys.executable, "-P", "-m", "sluicegate.pipelines.scoring_host"]
        await self._process.start(argv, self._base, dict(os.environ))
        try:
            return await self._asked({"load": targets}, _LOAD_S)
        except (EndedError, TooLongError, TimeoutError):
            how = await self._process.how()
            fault = {"where": "metrics", "what": f"the scorers' process ended while they were imported: {how}."}
            return {"faults": [fault]}

    async def _work(self) -> None:
        while True:
            trial = await self._trials.get()
            try:
                self._say(await self._scored(trial))
            finally:
                self._trials.task_done()

    async def _scored(self, trial: Trial) -> Checked:
        results: dict[str, str] = {}
        scores: dict[str, float] = {}
        findings: list[Finding] = []
        for metric in self._metrics:
            name = SCORED_AS + metric.name
            if trial.crashed or not self._counts(trial.case.id):
                results[name] = "not_applicable"
                continue
            worst = max if metric.better is Better.LOWER else min
            try:
                scores[metric.name] = worst([await self._score(metric, trial, output) for output in trial.outputs])
                results[name] = "pass"
            except _NoScoreError as error:
                results[name] = "error"
                findings.append(_finding(metric, trial, str(error)))
        return Checked(
            case_id=trial.case.id,
            repeat=trial.repeat,
            results=results,
            findings=tuple(findings),
            self_reported=True,
            scores=scores,
        )

    async def _score(self, metric: Metric, trial: Trial, output: Output) -> float:
        asked = {"metric": metric.name, "case": encode(trial.case), "output": encode(output)}
        try:
            if not self._process.ready and "faults" in await self._begun():
                raise _NoScoreError("its process cannot be started again")
            answer = await self._asked(asked, _SCORE_S)
        except TimeoutError:
            await self._process.end()
            raise _NoScoreError(f"it gave no score within {_SCORE_S:.0f} s") from None
        except (EndedError, TooLongError):
            how = await self._process.how()
            await self._process.end()
            raise _NoScoreError(f"it ended its process: {how}") from None
        if "score" not in answer:
            raise _NoScoreError(str(answer.get("error", "it gave no score")))
        return float(answer["score"])

    async def _asked(self, asked: Mapping[str, Any], within_s: float) -> dict[str, Any]:
        line = await asyncio.wait_for(self._process.ask(orjson.dumps(asked) + b"\n", only=False), within_s)
        answer: dict[str, Any] = orjson.loads(line)
        return answer


class _NoScoreError(Exception):
    """Why there is no score."""


def _finding(metric: Metric, trial: Trial, why: str) -> Finding:
    from sluicegate.checks.masking import masked

    return Finding(
        check=SCORED_AS + metric.name,
        case_id=trial.case.id,
        repeat=trial.repeat,
        message="the scorer gave no score",
        excerpt=masked(why),
        severity=Severity.WARNING,
        witness=Witness.SELF_REPORTED,
        mend="Mend the scorer; an error is no 0.",
    )


@asynccontextmanager
async def own_scorers(
    plan: Plan, stage: Stage, cases: StageCases, origin: Origin, *, base: Path, say: Callable[[Checked], None]
) -> AsyncIterator[OwnScorers]:
    """The user's scorers that a run of this origin asks, loaded; without any nothing is started. Raises InputError.

    Those of the stage's criteria from this origin, and those that no criterion of the plan reads. They are asked of
    `cases` that the user wrote and copies of these, as the metrics are: an attack has no right answer of theirs.
    """
    named = {criterion.metric.name for each in plan.stages for criterion in each.criteria}
    read = {criterion.metric.name for criterion in stage.criteria if origin in criterion.origins}
    metrics = [
        metric
        for name, metric in plan.metrics.items()
        if metric.score is not None and metric.score.is_own and (name in read or name not in named)
    ]
    scorers = OwnScorers(metrics, base, say, lambda case_id: origin is not Origin.SUITE or cases.is_own(case_id))
    await scorers.start()
    try:
        yield scorers
    finally:
        await scorers.aclose()
