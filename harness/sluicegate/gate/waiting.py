"""A trial on its way to be judged: the case it is of, what came back, and what was said of it so far."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from sluicegate.checks import CheckConfig
from sluicegate.checks.message_ids import request_word
from sluicegate.checks.scorers import SCORED_AS
from sluicegate.checks.success import success
from sluicegate.gate.validity import Run
from sluicegate.ledger.records import Outcome
from sluicegate.model import Case, CrashKind, Finding, Trial, Witness

__all__ = ["UNTOLD", "Held", "Waiting", "nobody_answered", "out_of_reach", "said_of", "self_reported", "worse"]

_NOBODY = frozenset({CrashKind.UNREACHABLE, CrashKind.DIED})


@dataclass(slots=True, kw_only=True)
class Held:
    """A case of this run, until its last outcome."""

    case: Case
    number: int | None
    """Of a pinned case."""
    sound: bool
    """Its content is the pinned one, or nothing is pinned for this run."""
    left: int
    own: Callable[[str], Case] | None = None
    """Under load: the case with a request's own message ids."""

    def case_of(self, run_id: str) -> Case:
        """The case as this run was asked it."""
        return self.case if self.own is None else self.own(request_word(run_id))


UNTOLD: Mapping[str, Any] = {}
"""What all that wait were told at first, the same for all: nobody writes into it."""


@dataclass(slots=True, kw_only=True)
class Waiting:
    """An outcome on its way to be judged."""

    held: Held
    outcome: Outcome
    number: int | None
    """Of a pinned trial."""
    at_us: int
    run: Run
    results: Mapping[str, str] = field(default_factory=lambda: UNTOLD)
    findings: tuple[Finding, ...] = ()
    """What the user's own checks say."""
    scores: Mapping[str, float] = field(default_factory=lambda: UNTOLD)
    """What the user's own scorers say, by metric."""
    challenge: str = ""
    """Hash of the record that brought the results: whoever wrote them could not know what it would be."""

    def told(self, results: Mapping[str, str], findings: Sequence[Finding], challenge: str) -> None:
        """Take results. Of two for one check the worse stays."""
        if self.results:
            both = dict(self.results)
            both |= {name: worse(both.get(name), result) for name, result in results.items()}
            results = both
        self.results = results
        if findings:
            self.findings += tuple(findings)
        self.challenge = challenge

    def failed(self, trial: Trial, config: CheckConfig) -> bool:
        """Whether it failed a check, or was no success: asked of trials that nothing counts any more."""
        return "fail" in self.results.values() or success(trial, config, self.results) is False

    def scored(self, scores: Mapping[str, float]) -> None:
        """Take scores. Two that differ are none: the metric then lacks its number, and holds."""
        for metric, score in scores.items():
            if self.scores.get(metric, score) != score:
                self.results = {**self.results, SCORED_AS + metric: "error"}
        self.scores = {**scores, **self.scores}


_WEIGHT = {"not_applicable": 0, "pass": 1, "error": 2, "fail": 3}


def worse(one: str | None, other: str) -> str:
    """The worse of two results; None is none."""
    return other if one is None or _WEIGHT[other] > _WEIGHT[one] else one


def self_reported(finding: Finding) -> Finding:
    """The finding as its user's word, whatever it says of itself."""
    return replace(finding, witness=Witness.SELF_REPORTED)


def said_of(case_id: str, repeat: int) -> str:
    """A trial by name."""
    return f"{case_id} (repeat {repeat})" if repeat else case_id


def out_of_reach(trial: Trial) -> bool:
    """Whether an endpoint gave no answer: a case for a human, for what serves may be well and the way to it not."""
    return CrashKind.UNREACHABLE in _kinds(trial)


def nobody_answered(trial: Trial) -> bool:
    """Whether there was no connection, or the process ended."""
    return not _NOBODY.isdisjoint(_kinds(trial))


def _kinds(trial: Trial) -> list[CrashKind]:
    return [output.error.kind for output in trial.outputs if output.error is not None]
