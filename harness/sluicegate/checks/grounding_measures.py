"""The metrics of suite grounding: contradicted claims by case, attested statements, and drafts that ask to verify.

What they read by is loaded with the first trial, as the suite's checks are.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from fractions import Fraction
from functools import lru_cache
from typing import TYPE_CHECKING

from sluicegate.checks.check import CheckConfig, NotJudged
from sluicegate.checks.contribution import Contribution, Measured
from sluicegate.checks.pii_measures import Recall
from sluicegate.checks.suite_answers import Measure, incidents
from sluicegate.model import NotMeasured, Trial
from sluicegate.stats import binomial

if TYPE_CHECKING:
    from sluicegate.checks.grounded import Given, Said
    from sluicegate.grounding.claims import Judgement

__all__ = ["COUNTED", "DRAFTS", "MEASURED", "RECALL", "measured_recall"]

_INCIDENTS = ("grounding.claims", "grounding.template")
"""A claim that is contradicted, or a fact stated without data."""
_LEAST_SUPPORT = 0.5
DRAFTS = 420
"""Of the held-out set, for the recall."""
COUNTED: Mapping[str, tuple[int, int]] = {"date": (138, 139), "name": (82, 82), "amount": (106, 106), "state": (93, 93)}
"""Wrong values found in those drafts, of how many: `grounding.evaluation.counted_by_sort(drafts(DRAFTS))`.

They depend on nothing but this package, and a test counts them anew: a verdict need not, which takes seconds.
"""


@lru_cache(maxsize=1)
def measured_recall() -> Recall | NotMeasured:
    """Wrong values found in the packaged set of reply mails, by what is wrong, the lowest deciding."""
    bounds: dict[str, float] = {}
    for sort, (k, n) in COUNTED.items():
        low = binomial.lower_bound(k, n)
        if isinstance(low, NotMeasured):
            return NotMeasured(reason=f"the detector's recall of a wrong {sort} is not measured: {low.reason}")
        bounds[sort] = low
    worst = min(bounds, key=lambda sort: (bounds[sort], sort))
    # Rounded down, so that no bound is better than what was measured.
    at_least = Fraction(int(bounds[worst] * 10_000), 10_000)
    k, n = COUNTED[worst]
    said = f"recall {float(at_least):.4g} at least, of a wrong {worst} ({k} of {n} found)"
    return Recall(at_least=at_least, said=said, by_kind=dict(COUNTED))


RECALL: Mapping[str, Callable[[], Recall | NotMeasured]] = {"grounding.hallucinations": measured_recall}
"""Metrics of incidents whose detector is measured where they are judged."""


def _coverage(trial: Trial, _results: Mapping[str, str], _config: CheckConfig) -> Measured:
    """Attested statements, of those that claim something: insights, else sentences with claims or quotations."""
    from sluicegate.checks.held_claims import judged
    from sluicegate.checks.insights import insights_of

    try:
        given, texts = judged(trial)
    except NotJudged as unknown:
        return NotMeasured(reason=f"{unknown} (case {trial.case.id})")
    insights = [item for output in trial.outputs for item in insights_of(output.structured, given.returned)]
    if insights:
        k = sum(not item.unresolved and not item.invented and item.support.score >= _LEAST_SUPPORT for item in insights)
        return Contribution(k=k, n=len(insights))
    answers = [held for said, items in texts for held in _statements(said, items, given)]
    return Contribution(k=sum(answers), n=len(answers)) if answers else None


def _statements(said: Said, items: list[Judgement], given: Given) -> list[bool]:
    """Of each sentence that claims or quotes something, whether all of it is attested; what is general is not asked."""
    from sluicegate.grounding.claims import Kind
    from sluicegate.grounding.quotes import quotes_in, unresolved
    from sluicegate.grounding.sentences import sentences

    sources = [text for _, text in (*given.evidence.texts, *given.evidence.requests)]
    sources += [fact.raw for record in given.evidence.records for fact in record.facts if fact.raw]
    quotes = list(quotes_in(said.text))
    held: list[bool] = []
    for start, end in sentences(said.text):
        own = [item for item in items if start <= item.claim.start < end and item.claim.kind is not Kind.NAME]
        quoted = [unresolved(said.text[at:to], sources) for at, to in quotes if start <= at < end]
        if own or quoted:
            held.append(all(map(_is_attested, own)) and not any(quoted))
    return held


def _is_attested(item: Judgement) -> bool:
    """Supported; or said as no fact: denied, told of the reader, a rule for everybody."""
    from sluicegate.grounding.claims import Ruling

    return item.ruling is Ruling.SUPPORTED or (item.ruling is Ruling.UNATTESTED and item.rule != "")


def _verifications(trial: Trial, _results: Mapping[str, str], _config: CheckConfig) -> Measured:
    """Drafts that ask the customer for details, read from the text; a crash is no draft."""
    from sluicegate.checks.grounded import said_by
    from sluicegate.grounding.verification import asks_to_verify

    answers = list(said_by(trial))
    if not answers:
        return None
    last = max(said.delivery for said in answers)
    return Contribution(k=int(any(asks_to_verify(said.text) for said in answers if said.delivery == last)), n=1)


MEASURED: Mapping[str, Measure] = {
    "grounding.hallucinations": incidents(*_INCIDENTS),
    "grounding.evidence_coverage": _coverage,
    "draft.verification_rate": _verifications,
}
"""By metric name."""
