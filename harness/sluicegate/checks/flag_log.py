"""What the answers about flags were, read from the record of a trial."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any

from sluicegate.checks.check import NotJudged
from sluicegate.frozen import frozen
from sluicegate.model import FlagScript, FlagStep, FlagUnit, Trial

__all__ = ["Answer", "FlagLog", "Probe", "at", "flag_log", "named", "place"]

_NAMED = 5
"""Units a finding names; the others are counted."""


@frozen
class Answer:
    """Everybody was asked for once."""

    step: int
    flag: str
    process: int
    default: bool
    """The caller's."""
    on: int
    """Bit n is unit n."""


@frozen
class Probe:
    """Some units of a rollback's scope were asked for while it was awaited."""

    flag: str
    process: int
    answered_ms: float
    units: int
    on: int
    """How many of them."""


@frozen
class FlagLog:
    """One trial's account: what was set, asked and said, with the harness's own times in ms since its begin."""

    script: FlagScript
    units: tuple[FlagUnit, ...]
    answers: tuple[Answer, ...]
    probes: Mapping[int, tuple[Probe, ...]]
    """By step."""
    decided_ms: Mapping[int, float]
    """When each step was decided."""
    unsettled: frozenset[int]
    """Steps that had not arrived in every process when everybody was asked."""

    @property
    def processes(self) -> int:
        """How many answered."""
        return len({answer.process for answer in self.answers})

    def on(self, step: int, flag: str) -> int:
        """Who was on at a step: the first process's first answer, with the default off."""
        return next(self.said(step, flag, default=False)).on

    def said(self, step: int, flag: str, *, default: bool) -> Iterator[Answer]:
        """The answers with one default, in the order they were given."""
        asked = (step, flag, default)
        return (answer for answer in self.answers if (answer.step, answer.flag, answer.default) == asked)

    def grants(self) -> Iterator[tuple[int, FlagStep]]:
        """Steps that take nobody back, by number."""
        return ((number, step) for number, step in enumerate(self.script.steps) if not step.removes)

    def rollbacks(self) -> Iterator[tuple[int, FlagStep]]:
        """Steps that are rollbacks, by number."""
        return ((number, step) for number, step in enumerate(self.script.steps) if step.within_s is not None)

    def scope(self, step: FlagStep) -> int:
        """Who is in the scope of what the step takes back."""
        return sum(1 << number for number, unit in enumerate(self.units) if step.takes_back(unit))


def flag_log(trial: Trial) -> FlagLog:
    """Raises NotJudged where the record does not hold an answer to every question."""
    script = trial.case.given.flags
    seen = [item for item in trial.observations if item.double == "flags"]
    if script is None or not seen:
        raise NotJudged("no flag was set in this trial, so nothing is known of it", lost=True)
    answers: list[Answer] = []
    probes: dict[int, list[Probe]] = {}
    decided_ms: dict[int, float] = {}
    unsettled = set()
    for item in seen:
        detail: Mapping[str, Any] = item.detail
        step = int(detail["step"])
        if item.action == "answer":
            answers.append(_answer(step, detail))
        elif item.action == "probe":
            probes.setdefault(step, []).append(_probe(detail))
        elif item.action == "set":
            decided_ms.setdefault(step, float(detail["decided_ms"]))
        elif item.action == "settled" and not detail["settled"]:
            unsettled.add(step)
    log = FlagLog(
        script=script,
        units=_everyone(script),
        # Processes answer at once, in no order; one of them, asked again, keeps its own.
        answers=tuple(sorted(answers, key=lambda answer: (answer.step, answer.process))),
        probes={step: tuple(found) for step, found in probes.items()},
        decided_ms=decided_ms,
        unsettled=frozenset(unsettled),
    )
    _whole(log)
    return log


@lru_cache(maxsize=32)
def _everyone(script: FlagScript) -> tuple[FlagUnit, ...]:
    return script.everyone()


def _answer(step: int, detail: Mapping[str, Any]) -> Answer:
    on = int(detail["who"], 16)
    return Answer(step=step, flag=detail["flag"], process=detail["process"], default=detail["default"], on=on)


def _probe(detail: Mapping[str, Any]) -> Probe:
    return Probe(
        flag=detail["flag"],
        process=detail["process"],
        answered_ms=float(detail["answered_ms"]),
        units=detail["units"],
        on=detail["on"],
    )


def _whole(log: FlagLog) -> None:
    """Every step, every flag, both defaults: a law cannot be shown on part of the answers."""
    asked = {(answer.step, answer.flag, answer.default) for answer in log.answers}
    wanted = {
        (step, flag, default)
        for step in range(len(log.script.steps))
        for flag in log.script.flags
        for default in (False, True)
    }
    if missing := sorted(wanted - asked):
        step, flag, default = missing[0]
        what = f"everybody's answer about {flag} at step {step + 1} (default {str(default).lower()})"
        raise NotJudged(f"the record does not hold {what}", lost=True)


def named(units: Sequence[FlagUnit], who: int) -> str:
    """The first of them by name, the others counted."""
    ids = [unit.id for number, unit in enumerate(units) if who >> number & 1]
    more = f" and {len(ids) - _NAMED} more" if len(ids) > _NAMED else ""
    return f"{', '.join(ids[:_NAMED])}{more}"


def at(log: FlagLog, number: int, flag: str) -> str:
    """`rag_drafts at 25 % (step 3)`."""
    return f"{flag} at {log.script.steps[number].percent:g} % (step {number + 1})"


def place(number: int) -> str:
    """The step, as a path into the case."""
    return f"$.given.flags.steps[{number}]"
