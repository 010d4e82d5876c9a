"""The laws of the grounding suite: what an answer says of a record is what the record says.

An incident is a claim that its record contradicts, and a fact stated where no tool gave any. It is confirmed only where
the claim is proven to be of another record or of somebody else's (`grounding.proof`): a false alarm takes a good build
back. What is merely attested nowhere lowers `grounding.evidence_coverage`, and is shown.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence

from sluicegate.checks.check import CheckConfig, NotJudged, Problem, finding, nothing_known
from sluicegate.checks.grounded import Given, Said, given_to, said_by
from sluicegate.checks.insights import Insight, insights_of
from sluicegate.checks.model_calls import whole_log
from sluicegate.grounding.binding import judge
from sluicegate.grounding.claims import Judgement, Kind, Ruling
from sluicegate.grounding.quotes import quotes_in, unresolved
from sluicegate.grounding.sentences import sentences
from sluicegate.grounding.speech import is_general
from sluicegate.grounding.support import content_words, supported_by
from sluicegate.model import Finding, Severity, Trial, Witness

__all__ = ["LAWS", "judged"]

_TOLD = 5
"""Findings of one check on one trial; the others are like them."""
_FACTS = frozenset({Kind.STATUS, Kind.MONEY, Kind.DATE, Kind.IDENTIFIER})
"""What a verification template does not state of anybody's order."""
_REASONS = {
    "field": "its record says otherwise",
    "another_record": "that is another record's value",
    "another_key": "that is told by a record with another key than the one asked for",
    "another_owner": "the record belongs to somebody else",
    "text": "the sentence was given with another value",
}
_LAST: list[tuple[Trial, tuple[Given, list[tuple[Said, list[Judgement]]]]]] = []
"""One trial at most."""
_LEAST_SUPPORT = 0.5
"""Of the content words of a sentence: below it, a reader should look."""


def judged(trial: Trial) -> tuple[Given, list[tuple[Said, list[Judgement]]]]:
    """Every claim of every text of a trial. Raises NotJudged where nothing is known of the pipeline.

    Checks and measurements of one trial ask one after the other: the last answer is kept.
    """
    if _LAST and _LAST[0][0] is trial:
        return _LAST[0][1]
    if (unknown := nothing_known(trial)) is not None:
        raise NotJudged(unknown, lost=True)
    given = given_to(trial)
    texts = [
        (said, judge(said.text, given.evidence, language=given.language, today=given.today, party=given.party))
        for said in said_by(trial)
    ]
    _LAST[:] = [(trial, (given, texts))]
    return given, texts


def _claims(trial: Trial, _config: CheckConfig) -> Iterator[Finding]:
    """No claim says otherwise than the record it speaks of."""
    given, texts = judged(trial)
    if not given.evidence.records and not given.evidence.texts:
        whole_log(trial)
        raise NotJudged("no tool gave a record in this run, and no retriever a text")
    wrong = [(said, item) for said, items in texts for item in items if item.ruling is Ruling.CONTRADICTED]
    for said, item in sorted(wrong, key=lambda told: not told[1].exact)[:_TOLD]:
        problem = Problem(
            place=said.place,
            expected=f"a claim must agree with what it was made from; {_REASONS.get(item.rule, item.rule)}",
            seen=f"{_claimed(said, item)}; {item.path} is '{item.expected}'",
            mend="Fill in values of the record that is named; compare the draft with the tool result.",
        )
        yield finding(
            "grounding.claims",
            trial,
            problem,
            delivery=said.delivery,
            severity=Severity.INCIDENT,
            witness=Witness.CLAIM if item.exact else Witness.PATTERN,
        )
    if not wrong:
        whole_log(trial)
        yield from _unattested(trial, texts)


def _unattested(trial: Trial, texts: Sequence[tuple[Said, list[Judgement]]]) -> Iterator[Finding]:
    for said, items in texts:
        unknown = [item for item in items if item.ruling is Ruling.UNATTESTED and item.rule == ""]
        if unknown:
            problem = Problem(
                place=said.place,
                expected="a claim should stand in what the answer was made from",
                seen=", ".join(_claimed(said, item) for item in unknown[:_TOLD]),
                mend="Let the prompt hold what the answer needs, or leave it out of the answer.",
            )
            yield finding(
                "grounding.claims",
                trial,
                problem,
                delivery=said.delivery,
                severity=Severity.WARNING,
                witness=Witness.CLAIM,
            )


def _claimed(said: Said, item: Judgement) -> str:
    claim = item.claim
    return f"{claim.kind} '{said.text[claim.start : claim.end]}' at {claim.start} to {claim.end}"


def _template(trial: Trial, _config: CheckConfig) -> Iterator[Finding]:
    """Without tool data an answer asks, and states no fact of anybody's order."""
    given, texts = judged(trial)
    found: list[Finding] = []
    for said, items in texts:
        for item in items:
            if item.claim.kind not in _FACTS or _is_allowed(item, said, given):
                continue
            problem = Problem(
                place=said.place,
                expected="a fact must not be stated where no tool gave data about it",
                seen=_claimed(said, item),
                mend="Answer with the verification template where the tools gave nothing.",
            )
            found.append(
                finding(
                    "grounding.template",
                    trial,
                    problem,
                    delivery=said.delivery,
                    severity=Severity.INCIDENT,
                    witness=Witness.PATTERN,
                )
            )
    yield from found[:_TOLD]
    if not found:
        whole_log(trial)


def _is_allowed(item: Judgement, said: Said, given: Given) -> bool:
    """What the request or a snippet says may be repeated, and a rule for everybody is no fact of an order."""
    if item.rule in ("request", "verbatim", "text", "negated", "reported"):
        return True
    claim = item.claim
    if claim.kind is Kind.IDENTIFIER and any(
        str(claim.value) in text.casefold() for _, text in given.evidence.requests
    ):
        return True
    start, end = next((span for span in sentences(said.text) if span[0] <= claim.start < span[1]), (0, 0))
    return claim.negated or claim.bound != "" or is_general(said.text[start:end])


def _quotes(trial: Trial, _config: CheckConfig) -> Iterator[Finding]:
    """What stands between quotation marks stands so in what was given."""
    if (unknown := nothing_known(trial)) is not None:
        raise NotJudged(unknown, lost=True)
    given = given_to(trial)
    sources = [text for _, text in (*given.evidence.texts, *given.evidence.requests)]
    sources += [fact.raw for record in given.evidence.records for fact in record.facts if fact.raw]
    found: list[Finding] = []
    quoted = 0
    for said in said_by(trial):
        for start, end in quotes_in(said.text):
            quoted += 1
            if unresolved(said.text[start:end], sources):
                problem = Problem(
                    place=said.place,
                    expected="a quotation must stand word for word in what was given",
                    seen=f"'{said.text[start:end]}' at {start} to {end}",
                    mend="Copy quotations from the source by code, or write them without quotation marks.",
                )
                found.append(
                    finding("grounding.quotes", trial, problem, delivery=said.delivery, witness=Witness.PATTERN)
                )
    if not quoted:
        raise NotJudged("nothing is quoted")
    yield from found[:_TOLD]


def _refs(trial: Trial, _config: CheckConfig) -> Iterator[Finding]:
    """Each insight refers to evidence that exists, was returned, and speaks of the same."""
    if (unknown := nothing_known(trial)) is not None:
        raise NotJudged(unknown, lost=True)
    given = given_to(trial)
    asked = 0
    for delivery, output in enumerate(trial.outputs):
        for insight in insights_of(output.structured, given.returned):
            asked += 1
            told = _wrong_refs(insight)
            if told is not None:
                expected, severity = told
                problem = Problem(
                    place=insight.place,
                    expected=expected,
                    seen=insight.text,
                    mend="Refer to the piece the insight was drawn from.",
                )
                yield finding(
                    "grounding.refs", trial, problem, delivery=delivery, severity=severity, witness=Witness.PATTERN
                )
    if not asked:
        raise NotJudged("the answer has no insights with evidence")


def _wrong_refs(insight: Insight) -> tuple[str, Severity] | None:
    if insight.unresolved:
        return "an insight must refer to a piece of evidence of the answer", Severity.ERROR
    if insight.invented:
        return "evidence must be what the retriever or a tool returned", Severity.ERROR
    if insight.support.score < _LEAST_SUPPORT:
        return (
            f"an insight should speak of its evidence; {insight.support.score:.0%} of its words stand there",
            Severity.WARNING,
        )
    return None


def _text(trial: Trial, _config: CheckConfig) -> Iterator[Finding]:
    """Advisory: sentences whose words stand nowhere, or that deny what was given."""
    if (unknown := nothing_known(trial)) is not None:
        raise NotJudged(unknown, lost=True)
    given = given_to(trial)
    if not given.evidence.texts:
        raise NotJudged("no text was given to hold the answer against")
    sources = [text for _, text in (*given.evidence.texts, *given.evidence.requests)]
    sources += [f"{fact.field} {fact.raw}" for record in given.evidence.records for fact in record.facts]
    for said in said_by(trial):
        for start, end in sentences(said.text):
            sentence = said.text[start:end]
            if len(content_words(sentence)) < _TOLD:
                continue
            support = supported_by(sentence, sources)
            why = (
                "the source denies it"
                if support.denied
                else f"the source says {support.opposite}"
                if support.opposite
                else ""
            )
            if support.score < _LEAST_SUPPORT or why:
                problem = Problem(
                    place=said.place,
                    expected="a sentence should follow from what was given",
                    seen=f"'{sentence}' ({why or f'{support.score:.0%} of its words stand there'})",
                    mend="Look at it; this check is advisory.",
                )
                yield finding(
                    "grounding.text",
                    trial,
                    problem,
                    delivery=said.delivery,
                    severity=Severity.WARNING,
                    witness=Witness.OPINION,
                )


LAWS: Mapping[str, Callable[[Trial, CheckConfig], Iterator[Finding]]] = {
    "claims": _claims,
    "template": _template,
    "quotes": _quotes,
    "refs": _refs,
    "text": _text,
}
"""What the checks of the suite ask, by their names in it."""
