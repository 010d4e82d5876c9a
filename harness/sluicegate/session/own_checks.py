"""A user's own check: any callable of case and output, asked so that it can neither raise nor lie by type."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from sluicegate.checks.masking import masked
from sluicegate.errors import Fault, InputError
from sluicegate.model import Finding, Severity, Trial, Witness

__all__ = ["OwnCheck", "own_check"]


@dataclass(frozen=True, slots=True)
class OwnCheck:
    """A named callable `(case, output) -> bool | Finding | iterable of Finding`."""

    name: str
    function: Callable[..., Any]

    def ask(self, trial: Trial, *, crashed: bool) -> tuple[str, tuple[Finding, ...], str]:
        """Result (pass, fail, error), findings, and what raised. A crashed trial fails without being asked."""
        if crashed:
            error = next(output.error for output in trial.outputs if output.error is not None)
            return "fail", (self._finding(trial, f"the pipeline crashed: {error.kind.value}", error.message),), ""
        try:
            answer = self.function(trial.case, trial.output)
            if answer is True:
                return "pass", (), ""
            if answer is False:
                return "fail", (self._finding(trial, f"{self.name} does not hold", ""),), ""
            findings = self._findings(trial, answer)
        except (Exception, SystemExit) as raised:  # noqa: BLE001 - a check may raise anything, and must not end the run
            return "error", (), masked(f"{type(raised).__name__}: {raised}", limit=200)
        failed = any(found.severity is not Severity.WARNING for found in findings)
        return ("fail" if failed else "pass"), findings, ""

    def _findings(self, trial: Trial, answer: Any) -> tuple[Finding, ...]:
        given = [answer] if isinstance(answer, Finding) else answer
        if given is None or isinstance(given, (str, bytes, Mapping)) or not isinstance(given, Iterable):
            if inspect.iscoroutine(given):
                given.close()
                raise TypeError("the check is async; checks are plain functions")
            raise TypeError(f"the check answered {_brief(given)}; expected True, False, a Finding or findings")
        findings = tuple(given)
        for item in findings:
            if not isinstance(item, Finding):
                raise TypeError(f"the check gave {type(item).__name__} among its findings; expected Finding")
        return findings

    def _finding(self, trial: Trial, message: str, excerpt: str) -> Finding:
        shown = excerpt or (trial.output.content or "")
        return Finding(
            check=self.name,
            case_id=trial.case.id,
            repeat=trial.repeat,
            message=message,
            excerpt=masked(shown),
            witness=Witness.SELF_REPORTED,
        )


def _brief(given: Any) -> str:
    """`None`, `1 (int)`: what was answered, in a few words."""
    return "None" if given is None else f"{masked(repr(given), limit=60)} ({type(given).__name__})"


def own_check(given: object) -> OwnCheck:
    """The check a user gave. Raises InputError for something that cannot be called."""
    if not callable(given):
        what = f"{given!r} is no check."
        raise InputError(Fault(where="checks", what=what[:200], mend="Give a function of (case, output), or a name."))
    name = getattr(given, "__name__", type(given).__name__)
    if inspect.iscoroutinefunction(given):
        what = f"{name} is async; checks are plain functions."
        raise InputError(Fault(where="checks", what=what[:200], mend="Write def instead of async def."))
    return OwnCheck("check" if name == "<lambda>" else name, given)
