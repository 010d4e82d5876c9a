"""The snippets an answer names, held against those that the retriever returned."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence

from sluicegate.checks.check import CheckConfig, NotJudged, Problem, finding
from sluicegate.checks.retriever_log import got, retrievals, whole
from sluicegate.model import Finding, Output, Provenance, Trial, Witness

__all__ = ["told"]

_TOLD = 5
"""Snippets that are named; the others are like them."""


def told(trial: Trial, _config: CheckConfig) -> Iterator[Finding]:
    """The snippets an answer names were returned in this run, to a caller who was still there.

    An answer said to be kept may rest on those of another run: where this run's retrievals gave others, it is unknown.
    """
    calls = retrievals(trial)
    had = got(calls)
    claims, kept = _claims(trial.outputs), _claims(trial.outputs, kept=True) if any(map(whole, calls)) else []
    if not claims and not kept:
        raise NotJudged("the pipeline does not say which snippets its answer rests on")
    found = False
    for delivery, claim in claims:
        if (said := _not_given(claim, had)) is None:
            continue
        found = True
        problem = Problem(
            place="$.metadata.snippets",
            expected="an answer may name only snippets that it was given",
            seen=f"the answer names {said}; the log shows {_these(had)}",
            mend="Name the snippets that stand in the prompt, after the budget has dropped some.",
        )
        yield finding("retrieval.told", trial, problem, delivery=delivery, witness=Witness.CLAIM)
    for delivery, claim in kept if not found else ():
        if (said := _not_given(claim, had)) is not None:
            which = f"the answer is said to be {trial.outputs[delivery].provenance}, and names {said}"
            raise NotJudged(f"{which}; the retrievals of this run returned {_these(had)}", lost=True)


def _not_given(claim: int | list[str], had: Collection[str]) -> str | None:
    """What a claim names beyond the snippets that were had, in words."""
    if isinstance(claim, int):
        return f"{claim} snippets" if claim > len(had) else None
    return ", ".join(f"'{name}'" for name in [each for each in claim if each not in had][:_TOLD]) or None


def _these(had: Collection[str]) -> str:
    return ", ".join(sorted(had)[:_TOLD]) or "none"


def _claims(outputs: Sequence[Output], *, kept: bool = False) -> list[tuple[int, int | list[str]]]:
    """Delivery, and the ids or the number of snippets that its answer names: a live one's, or a kept one's."""
    claims: list[tuple[int, int | list[str]]] = []
    for delivery, output in enumerate(outputs):
        said = output.metadata.get("snippets")
        if output.error is not None or (output.provenance is not Provenance.LIVE) is not kept:
            continue
        if isinstance(said, int) and not isinstance(said, bool):
            claims.append((delivery, said))
        elif isinstance(said, (list, tuple)):
            claims.append((delivery, [str(item.get("id") if isinstance(item, Mapping) else item) for item in said]))
    return claims
