"""The retrieval suite: what was asked of the retriever, what of its answers reached a model, and what became of none.

An output may name the snippets it rests on: `metadata.snippets`, their ids or how many they are.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

from sluicegate.checks.asked import misasked
from sluicegate.checks.check import Check, CheckConfig, NotJudged, Problem, Suite, always, finding, is_crash
from sluicegate.checks.model_calls import declares_model
from sluicegate.checks.poison import obeyed
from sluicegate.checks.quoting import Quotes
from sluicegate.checks.retrieval_told import told
from sluicegate.checks.retriever_log import (
    declares_retrieval,
    delivered,
    got,
    in_prompts,
    normal,
    now_of,
    outside,
    own_texts,
    prompts_of,
    retrievals,
    whole,
)
from sluicegate.model import (
    Asked,
    Capability,
    Case,
    Finding,
    Observation,
    Snippet,
    Trial,
    Witness,
    digest_of,
)

__all__ = ["CHECKS", "SUITE"]

_PLACE = "$.observations.retriever"
_PROMPT = "$.observations.model"
_NOTHING = Asked()
_SLACK = 0.25
_SLACK_MS = 250.0
"""What a busy machine adds to a wait is less than the larger of the two."""
_EARLY = 0.5
"""Of the time allowed: who hangs up before gives up too soon. What connecting takes of it, the log does not see."""
_TOLD = 5
"""Snippets or calls that a check names; the others are like them."""


def _asked(trial: Trial, _config: CheckConfig) -> Iterator[Finding]:
    """Each retrieval asks for the language, sources and window of the case, and for no more than it may."""
    for problem in misasked(trial.case, retrievals(trial)):
        yield finding("retrieval.asked", trial, problem, witness=Witness.WIRE)


def _fit(trial: Trial, config: CheckConfig) -> Iterator[Finding]:
    """What a prompt or an answer holds was returned in this run and passes the case's filters, whoever applies them."""
    calls = retrievals(trial)
    prompts, had = prompts_of(trial, config), got(calls)
    asked, now = trial.case.expect.retrieval or _NOTHING, now_of(trial, calls)
    wrong: dict[str, str] = {}
    for snippet in trial.case.given.snippets:
        if snippet.id not in had:
            wrong[snippet.id] = "no retrieval of this run returned it"
        elif (failed := outside(snippet, asked, now)) is not None:
            wrong[snippet.id] = f"it is outside the {failed} asked for"
    found = list(_misfits(trial, wrong, prompts)) if wrong else []
    yield from found
    if not found and (unseen := declares_model(config)) is not None:
        raise NotJudged(unseen)  # the answers are well; of prompts nobody can tell


def _misfits(
    trial: Trial, wrong: Mapping[str, str], prompts: Sequence[tuple[Observation, Mapping[str, int]]]
) -> Iterator[Finding]:
    """The snippets of `wrong`, which says why each is, that stand in a prompt, or else in an answer."""
    case = trial.case
    excused = [item.text for item in case.given.snippets if item.id not in wrong]
    quotes = Quotes(case, trial.outputs)
    for snippet in case.given.snippets:
        if (why := wrong.get(snippet.id)) is None:
            continue
        if _stands_in(snippet, excused) or _stands_in(snippet, own_texts(case)):
            continue
        at = next((call for call, carried in prompts if snippet.id in carried), None)
        if at is not None:
            yield _misfit(trial, snippet, why, f"a prompt to {at.action}")
        elif (part := _part_in(prompts, snippet, quotes, excused)) is not None:
            yield _misfit(trial, snippet, why, part)
        elif (quoted := quotes.of(snippet.text, excused, case.expect.canaries)) is not None:
            yield _misfit(trial, snippet, why, *_quoted(quoted))


def _part_in(
    prompts: Sequence[tuple[Observation, Mapping[str, int]]], snippet: Snippet, quotes: Quotes, excused: Sequence[str]
) -> str | None:
    """The prompt in which a part of the snippet stands: a run of its words is as much its own as the whole."""
    for call, _ in prompts:
        told = call.detail["carried"].get("quoted") or {}
        words = quotes.asked(snippet.text, told.get(snippet.id) or (), excused)
        if words is not None:
            return f"a prompt to {call.action}, as '{words}'"
    return None


def _quoted(quoted: tuple[int, str]) -> tuple[str, int]:
    delivery, words = quoted
    return f"the answer, in no prompt, as '{words}'", delivery


def _misfit(trial: Trial, snippet: Snippet, why: str, where: str, delivery: int = 0) -> Finding:
    mend = "Look again at language, source and time of what the retriever returns, before it is used."
    if why.startswith("no "):
        mend = "Keep a retrieval under all it was asked with, tenant and filters too; claim nothing that was left."
    problem = Problem(
        place=_PROMPT if "prompt to" in where else "$",
        expected="a snippet that is used must have been returned in this run and fit what the case asks for",
        seen=f"'{snippet.id}' stands in {where}; {why}",
        mend=mend,
    )
    return finding("retrieval.fit", trial, problem, delivery=delivery, witness=Witness.WIRE)


def _stands_in(snippet: Snippet, texts: Sequence[str]) -> bool:
    return any(snippet.text in text for text in texts)


def _distinct(trial: Trial, config: CheckConfig) -> Iterator[Finding]:
    """Of snippets that say the same, a prompt holds one."""
    had = got(retrievals(trial))
    twins: dict[str, list[Snippet]] = {}
    for snippet in trial.case.given.snippets:
        if snippet.id in had:
            twins.setdefault(normal(snippet.text), []).append(snippet)
    groups = [group for group in twins.values() if len(group) > 1]
    if not groups:
        return
    others = own_texts(trial.case)
    for call, carried in in_prompts(trial, config):
        for group in groups:
            # Snippets of one text are carried together, and counted once.
            times = sum({item.text: carried[item.id] for item in group if item.id in carried}.values())
            if times > 1 and not any(_stands_in(item, others) for item in group):
                names = ", ".join(f"'{item.id}'" for item in group[:_TOLD])
                problem = Problem(
                    place=_PROMPT,
                    expected="duplicates among the snippets must be dropped before the prompt",
                    seen=f"the text of {names} stands {times} times in a prompt to {call.action}",
                    mend="Compare texts without blanks and letter case, and keep the best of each.",
                )
                yield finding("retrieval.distinct", trial, problem, witness=Witness.WIRE)
                return


def _again(trial: Trial, _config: CheckConfig) -> Iterator[Finding]:
    """What was answered is not asked again: each question once a delivery, a cached one too."""
    calls = retrievals(trial)
    limits = [limit.most for limit in trial.case.expect.calls if limit.target == "retriever"]
    most = min((limit for limit in limits if limit is not None), default=None)
    times = Counter(_question(call) for call in calls if whole(call))
    allowed = len(trial.outputs)
    worst = max(times.values(), default=0)
    if worst > allowed:
        cached = any(call.detail.get("cache") == "hit" for call in calls)
        seen = f"the same was asked {worst} times in {_deliveries(trial)}{', from the cache' if cached else ''}"
        mend = "Keep the answer for as long as the request lives; a cache hit is as good as any other."
        expected = "a retrieval that was answered must not be asked again"
        yield _at_retriever("retrieval.again", trial, Problem(place=_PLACE, expected=expected, seen=seen, mend=mend))
    if most is not None and len(calls) > most:
        expected = f"the retriever may be asked {most} times"
        mend = "Answer from what is kept."
        seen = f"the log shows {len(calls)}"
        yield _at_retriever("retrieval.again", trial, Problem(place=_PLACE, expected=expected, seen=seen, mend=mend))


def _question(call: Observation) -> str:
    """What tells two questions apart. A time that moves with the clock does not: the window is taken by its length."""
    filters = dict(call.detail.get("filters") or {})
    if "window_s" in filters:
        filters.pop("since", None)
        filters.pop("until", None)
    return digest_of([normal(str(call.detail.get("query"))), call.detail.get("k"), filters])


def _deliveries(trial: Trial) -> str:
    return "one delivery" if len(trial.outputs) == 1 else f"{len(trial.outputs)} deliveries"


def _timeout(trial: Trial, _config: CheckConfig) -> Iterator[Finding]:
    """A late retrieval is left when its time is over, and one that is not late is waited for."""
    limit = (trial.case.expect.retrieval or _NOTHING).timeout_ms or 0.0
    late = limit + max(_SLACK_MS, limit * _SLACK)
    held_up_ms = 0.0
    for number, call in enumerate(retrievals(trial), 1):
        taken, left = _times(call)
        waited, held_ms = taken if left is None else left, float(call.detail.get("late_ms") or 0.0)
        if left is not None and left < limit * _EARLY:
            missed_ms = limit * _EARLY - left
            said = f"retrieval {number} of {taken:.0f} ms was left after {left:.0f} ms"
        elif waited > late:
            missed_ms = waited - late
            how = "waited for to the end" if left is None else f"left after {left:.0f} ms"
            said = f"retrieval {number} took {taken:.0f} ms and was {how}"
        else:
            continue
        if missed_ms <= held_ms:
            held_up_ms = max(held_up_ms, held_ms)
            continue
        problem = Problem(
            place=f"{_PLACE}.latency_ms",
            expected=f"a retrieval must be left after {limit:g} ms, neither much later nor much earlier",
            seen=said,
            mend="Put one time-out around the whole retrieval, and go on without it.",
        )
        yield _at_retriever("retrieval.timeout", trial, problem)
        return
    if held_up_ms:
        said = "too busy to say when a retrieval was left: give it a quieter one"
        raise NotJudged(f"this machine was {held_up_ms:.0f} ms late meanwhile, {said}", lost=True)


def _times(call: Observation) -> tuple[float, float | None]:
    """How long the answer would have taken, and when the caller hung up. Raises NotJudged where neither is logged."""
    taken, left = call.detail.get("latency_ms"), call.detail.get("aborted_after_ms")
    if call.detail.get("refused"):
        return 0.0, None
    if not isinstance(taken, (int, float)) or (call.detail.get("aborted") and not isinstance(left, (int, float))):
        raise NotJudged("the log does not say how long a retrieval took", lost=True)
    return float(taken), float(left) if isinstance(left, (int, float)) else None


def _without(trial: Trial, _config: CheckConfig) -> Iterator[Finding]:
    """Where the retriever gave nothing, there is an answer all the same."""
    calls = retrievals(trial)
    if not calls or any(whole(call) and call.detail.get("returned") for call in calls):
        return
    for delivery, output in enumerate(trial.outputs):
        if not is_crash(output, trial.case) or output.error is None:
            continue
        problem = Problem(
            place="$.error",
            expected="the retriever gave nothing; an answer without it is expected",
            seen=f"{_fate(calls[-1])}; the pipeline ended with {output.error.kind}: {output.error.message}",
            mend="Catch what a retrieval raises, its time-out too, and go on with no snippets.",
        )
        yield finding("retrieval.without", trial, problem, delivery=delivery, witness=Witness.WIRE)


def _fate(call: Observation) -> str:
    """What became of a retrieval that gave nothing."""
    if call.detail.get("aborted"):
        return f"it was left after {call.detail.get('aborted_after_ms', '?')} ms"
    if (fault := call.detail.get("fault")) is not None:
        return f"it failed ({fault})"
    return "it found nothing" if delivered(call) else f"it answered {call.detail.get('status')}"


def _at_retriever(check: str, trial: Trial, problem: Problem) -> Finding:
    return finding(check, trial, problem, witness=Witness.WIRE)


def _says_what(case: Case, _capabilities: frozenset[Capability]) -> str | None:
    return None if case.expect.retrieval is not None else "the case does not say what a retrieval must ask for"


def _has_snippets(case: Case, _capabilities: frozenset[Capability]) -> str | None:
    return None if case.given.snippets else "there is nothing to retrieve in this case"


def _says_when(case: Case, _capabilities: frozenset[Capability]) -> str | None:
    asked = case.expect.retrieval
    return None if asked is not None and asked.timeout_ms is not None else "the case sets no time for a retrieval"


def _has_poison(case: Case, _capabilities: frozenset[Capability]) -> str | None:
    return None if any(item.poisoned for item in case.given.snippets) else "no snippet is poisoned in this case"


def _retrieving(cases: Sequence[Case], _seed: int) -> list[Case]:
    """The cases that speak of retrieval: they say what is asked, give snippets, or script the retriever."""
    return [
        case
        for case in cases
        if case.expect.retrieval is not None
        or case.given.snippets
        or case.given.retrieval is not None
        or any(fault.target == "retriever" for fault in case.given.faults)
    ]


CHECKS: tuple[Check, ...] = tuple(
    Check(name=f"retrieval.{name}", suite="retrieval", title=title, run=run, applies=applies, ready=declares_retrieval)
    for name, title, run, applies in (
        ("asked", "Retrievals ask for the language, sources, window and number of the case.", _asked, _says_what),
        ("fit", "Only what was returned, and fits, reaches a prompt or an answer.", _fit, _has_snippets),
        ("distinct", "Duplicates are dropped before the prompt.", _distinct, _has_snippets),
        ("again", "What was answered is not asked again.", _again, always),
        ("timeout", "A late retrieval is left in time.", _timeout, _says_when),
        ("without", "Without snippets there is an answer all the same.", _without, always),
        ("poisoned", "What a snippet commands is not done.", obeyed, _has_poison),
        ("told", "The snippets an answer names are those it was given.", told, always),
    )
)

SUITE = Suite(
    name="retrieval",
    title="What is retrieved is asked for rightly, fits, comes in time, and commands nothing.",
    checks=tuple(check.name for check in CHECKS),
    cases=_retrieving,
)
