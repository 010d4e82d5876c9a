"""Calibrating a judge model against people's labels, and what a judge says of many statements: a number for reading.

No opinion of a model reaches a verdict.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path

from sluicegate.checks.prices import prices_of
from sluicegate.errors import Fault, InputError
from sluicegate.frozen import frozen
from sluicegate.model import Json, NotMeasured
from sluicegate.opinions.asking import Budget, Endpoint, Judge, Judged, Store
from sluicegate.opinions.calibration import Calibration, calibrated, read_calibration, write_calibration
from sluicegate.opinions.questions import judge_program, read_questions
from sluicegate.stats.agreement import corrected_rate, exact, kappa
from sluicegate.stats.interval import Interval

__all__ = ["Asked", "calibrate", "figures_of", "rate", "told"]

Figure = tuple[float, Interval]


@frozen
class Asked:
    """Which judge, where its answers are kept, and what it may take."""

    model: str
    program: Path | None
    store: Path
    calls: int
    microusd: int | None
    seed: int = 0

    def judge(self) -> Judge:
        """Raises InputError for a program that is none, a model without price, or no endpoint."""
        if self.model.strip() != self.model or not self.model:
            raise InputError(Fault(where="--model", what=f"'{self.model}' is no name of a model."))
        return Judge(
            judge_program(self.program),
            self.model,
            endpoint=Endpoint.of(),
            store=Store(self.store),
            budget=Budget(calls=self.calls, microusd=self.microusd),
            price_of=prices_of({}),
        )


def calibrate(asked: Asked, labels: Path, out: Path, *, days: int, now: datetime) -> tuple[Calibration, Judged]:
    """Ask the judge about every label, and write what it is worth. Raises InputError; then nothing is written."""
    questions = read_questions(labels, labelled=True)
    judge = asked.judge()
    judged = asyncio.run(judge.ask(questions, seed=asked.seed))
    record = calibrated(judge, questions, judged, labels=labels.read_bytes(), now=now, days=days)
    try:
        write_calibration(record, out)
    except OSError as error:
        raise InputError(Fault(where=str(out), what=f"cannot be written: {error.strerror}.")) from None
    return record, judged


def figures_of(record: Calibration) -> Mapping[str, Figure | NotMeasured]:
    """Sensitivity, specificity and kappa with their intervals, from the counts."""
    of = record.agreement
    return {
        "sensitivity": _share(of.true_positive, of.positives),
        "specificity": _share(of.true_negative, of.negatives),
        "kappa": kappa(of),
    }


def rate(asked: Asked, statements: Path, calibration: Path | None, *, now: datetime) -> dict[str, Json]:
    """What the judge says of every statement: share flagged and, where a calibration holds, the share behind it.

    `advisory` says why the figures bind nobody; `void` why there are none. Raises InputError.
    """
    questions = read_questions(statements)
    record = read_calibration(calibration) if calibration is not None else None
    judge = asked.judge()
    judged = asyncio.run(judge.ask(questions, seed=asked.seed))
    why = "nobody has calibrated it" if record is None else record.objection(judge, now)
    void = _void(judged)
    said: dict[str, Json] = {
        "model": judge.model,
        "program": judge.program.digest,
        "statements": len(questions),
        "calls": judged.calls,
        "spent_microusd": judged.spent_microusd,
        "controls_fooled": list(judged.fooled),
        "void": void,
        "advisory": why or None,
        "opinions": [
            {"id": opinion.id, "supported": opinion.supported, "quote": opinion.quote, "why": opinion.why}
            for opinion in judged.opinions
        ],
    }
    if void is None:
        said["flagged"] = told(_share(judged.flagged, len(questions)))
        if record is not None and not why:
            said["corrected"] = told(corrected_rate(judged.flagged, len(questions), record.agreement))
    return said


def _void(judged: Judged) -> str | None:
    """Why a run gives no figure: fooled by a statement that is wrong for sure, or silent on some."""
    if judged.fooled:
        return f"the judge was fooled by {len(judged.fooled)} of its controls, which are wrong for sure"
    if judged.silent:
        first = judged.silent[0]
        return f"{len(judged.silent)} statements got no opinion, the first, '{first.id}': {first.why}"
    return None


def _share(k: int, n: int) -> Figure | NotMeasured:
    interval = exact(k, n)
    return interval if isinstance(interval, NotMeasured) else (k / n, interval)


def told(figure: Figure | NotMeasured) -> Json:
    """A figure with its bounds, or why there is none, as JSON."""
    if isinstance(figure, NotMeasured):
        return {"not_measured": figure.reason}
    value, interval = figure
    return {"value": value, "low": interval.low, "high": interval.high, "method": interval.method}
