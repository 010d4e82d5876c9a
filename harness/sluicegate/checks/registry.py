"""Every built-in check and suite by name, and the one place where a check is run."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import lru_cache
from types import MappingProxyType

from sluicegate.checks import (
    budget,
    fallback,
    grounding,
    headers,
    idempotency,
    injection,
    pii,
    recipients,
    retrieval,
    rollout,
    routing,
    schema,
    tools,
    tracing,
)
from sluicegate.checks import format as telegram_format
from sluicegate.checks.check import (
    Check,
    CheckConfig,
    CheckOutcome,
    NotJudged,
    Result,
    Suite,
    always,
    needs_nothing,
    unmet,
)
from sluicegate.checks.masking import masked
from sluicegate.errors import Fault, InputError, nearest
from sluicegate.model import Capability, Case, Finding, Severity, Trial

__all__ = ["CHECKS", "SUITES", "Check", "CheckConfig", "CheckOutcome", "Suite", "resolve", "run_check"]

_ROOMS = (
    schema,
    idempotency,
    budget,
    retrieval,
    routing,
    fallback,
    telegram_format,
    rollout,
    tracing,
    injection,
    tools,
    headers,
    recipients,
    pii,
    grounding,
)

SUITES: Mapping[str, Suite] = MappingProxyType({room.SUITE.name: room.SUITE for room in _ROOMS})
"""The built-in suites by name."""

CHECKS: Mapping[str, Check] = MappingProxyType({check.name: check for room in _ROOMS for check in room.CHECKS})
"""The built-in checks by name, in the order of their suites."""


def run_check(check: Check, trial: Trial, config: CheckConfig) -> CheckOutcome:
    """One check on one trial. Total: what raises is the result `error`, never a pass and never an exception."""
    try:
        reason = _why_not(check, trial.case, config)
        if reason is not None:
            return _not_applicable(reason)
        found = tuple(check.run(trial, config))
    except NotJudged as unknown:
        if unknown.lost:
            return _unknown(check, trial, masked(str(unknown)))
        return CheckOutcome(result=Result.NOT_APPLICABLE, reason=masked(str(unknown)))
    except Exception as error:  # noqa: BLE001 - the border between a check and the run: it becomes a typed answer
        return _unknown(check, trial, masked(f"the check raised {type(error).__name__}: {error}"))
    if not found:
        return _PASSED
    findings = tuple(sorted(dict.fromkeys(found), key=Finding.sort_key))
    failed = any(item.severity is not Severity.WARNING for item in findings)
    return CheckOutcome(result=Result.FAIL if failed else Result.PASS, findings=findings)


def resolve(names: Iterable[str]) -> list[Check]:
    """The checks of those names, a suite's name standing for all of its checks. Raises InputError for every other."""
    found: dict[str, Check] = {}
    faults: list[Fault] = []
    for name in names:
        wanted = SUITES[name].checks if name in SUITES else (name,)
        if name not in SUITES and name not in CHECKS:
            known = [*SUITES, *CHECKS]
            mend = nearest(name, known) or f"Built in are {', '.join(known)}."
            faults.append(Fault(where="checks", what=f"no check or suite is called '{name}'.", mend=mend))
            continue
        found |= {each: CHECKS[each] for each in wanted}
    if faults:
        raise InputError(faults)
    return list(found.values())


_PASSED = CheckOutcome(result=Result.PASS)
_NO_CAPABILITIES: frozenset[Capability] = frozenset()


@lru_cache(maxsize=64)
def _not_applicable(reason: str) -> CheckOutcome:
    return CheckOutcome(result=Result.NOT_APPLICABLE, reason=reason)


def _why_not(check: Check, case: Case, config: CheckConfig) -> str | None:
    # Runs for every check of every trial: what most checks do not ask is not called.
    if check.ready is not needs_nothing and (reason := check.ready(config)) is not None:
        return reason
    if case.needs and config.capabilities is not None and (reason := unmet(case, config.capabilities)) is not None:
        return reason
    return None if check.applies is always else check.applies(case, config.capabilities or _NO_CAPABILITIES)


def _unknown(check: Check, trial: Trial, reason: str) -> CheckOutcome:
    told = Finding(
        check=check.name,
        case_id=trial.case.id,
        repeat=trial.repeat,
        message="could not be judged; nothing is known about this answer",
        excerpt=reason,
        severity=Severity.WARNING,
    )
    return CheckOutcome(result=Result.ERROR, findings=(told,), reason=reason)
