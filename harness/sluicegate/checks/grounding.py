"""The grounding suite: which checks it has, and which cases it puts to them.

What the checks ask stands in `held_claims`, with patterns that take a tenth of a second to compile: loaded with the
first trial, since every verdict knows this suite and few ask for it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from sluicegate.checks.check import Check, CheckConfig, Suite, always
from sluicegate.model import Capability, Case, Finding, Trial

__all__ = ["CHECKS", "SUITE"]


def _asks(name: str) -> Callable[[Trial, CheckConfig], Iterable[Finding]]:
    def run(trial: Trial, config: CheckConfig) -> Iterable[Finding]:
        from sluicegate.checks.held_claims import LAWS

        return LAWS[name](trial, config)

    return run


def _without_data(case: Case, _capabilities: frozenset[Capability]) -> str | None:
    return None if case.expect.outcome == "verification" else "the case does not expect a verification"


def _grounded(cases: Sequence[Case], _seed: int) -> list[Case]:
    """The cases with something to rest on, and those that must do without."""
    return [
        case
        for case in cases
        if case.given.tool_results
        or case.given.snippets
        or case.given.record
        or case.given.job
        or case.context
        or case.retrieval_context
        or case.expect.outcome == "verification"
    ]


def _warmed() -> None:
    import sluicegate.checks.held_claims  # noqa: F401 - loaded before the first answer is timed


CHECKS: tuple[Check, ...] = tuple(
    Check(
        name=f"grounding.{name}",
        suite="grounding",
        title=title,
        run=_asks(name),
        applies=applies,
        zero_tolerance=incident,
    )
    for name, title, applies, incident in (
        ("claims", "No claim says otherwise than the record it speaks of.", always, True),
        ("template", "Without tool data no fact is stated.", _without_data, True),
        ("quotes", "Quotations stand word for word in what was given.", always, False),
        ("refs", "Insights refer to evidence that was returned.", always, False),
        ("text", "Sentences follow from what was given (advisory).", always, False),
    )
)

SUITE = Suite(
    name="grounding",
    title="What an answer says stands in what it was made from.",
    checks=tuple(check.name for check in CHECKS),
    cases=_grounded,
    warmed=_warmed,
)
