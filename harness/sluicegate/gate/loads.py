"""Runs of the plan's load profiles: which of them a criterion counts, and what keeps one from being believed.

No line of a criterion is asked here: what a run did not do (begin, end, send what it was to) holds, whatever the
numbers of the rest say, and never rolls back.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import timedelta

from sluicegate.errors import printable
from sluicegate.gate.counting import Channel
from sluicegate.gate.faults import Names
from sluicegate.gate.reading import Measured
from sluicegate.gate.validity import SKEW, Question, Relation, Run
from sluicegate.gate.wording import count_of, days
from sluicegate.ledger.loads import LoadRun
from sluicegate.model import Kind, Origin, Reason
from sluicegate.model.load_result import LoadResult
from sluicegate.plan.types import Criterion

_COUNT_FAILURES = ("errors.rate", "crashes", "goodput", "draft.success_rate")
"""A quantile of latencies says nothing of the failures beyond it."""

__all__ = ["counts_for", "is_of_profile", "loads_said", "loads_shown", "names_today", "profile_of", "sent_the_same"]


def profile_of(run: Run) -> str:
    """The load profile of a run; empty where it has none."""
    return "" if run.load is None else run.load.profile


def is_of_profile(criterion: Criterion, run: Run, today: Mapping[str, str]) -> bool:
    """Whether load evidence of this run is what the criterion asks for: its profile, as the plan has it today.

    What is sent decides. Of a profile that sends it no more, the one that does today is the same, whatever its name,
    and another objective is another question for goodput alone: no line that was crossed is forgotten by either.
    """
    if criterion.profile is None:
        return True
    if not sent_the_same(run.load, criterion.profile, today):
        return False
    asks_objective = criterion.metric.name == "goodput"
    return not asks_objective or (run.load is not None and run.load.digest == today.get(criterion.profile))


def sent_the_same(load: LoadRun | None, name: str, today: Mapping[str, str]) -> bool:
    """Whether a load run sent what the profile of that name sends today, under it or a name that sends it no more."""
    if load is None or name not in today:
        return False
    sent = load.digest.partition(":")[0]
    if name != load.profile and today.get(load.profile, "").partition(":")[0] == sent:
        return False
    return today[name].partition(":")[0] == sent


def names_today(run: Run, today: Mapping[str, str]) -> list[str]:
    """Profiles of today that send what a load run was to send, or bear its name."""
    return [name for name in today if name == profile_of(run) or sent_the_same(run.load, name, today)]


def counts_for(channel: Channel, block: Measured, run: Run, today: Mapping[str, str]) -> bool:
    """The same for a block of measurements; what the profile was before, or nobody says of which it is, is foreign."""
    if block.origin is not Origin.LOAD or is_of_profile(channel.criterion, run, today):
        return True
    if profile_of(run) in ("", channel.criterion.profile) and block.rows is not None:
        channel.foreign += sum(block.rows.n)
    return False


def loads_shown(runs: Sequence[Run], question: Question) -> tuple[LoadResult, ...]:
    """The newest run of each profile that the stage asks for, as the report draws it."""
    return tuple(
        LoadResult(
            profile=name,
            number=run.started.attempt,
            complete=run.complete,
            tally=run.account.tally,
            objective_ms=run.load.objective_ms,
            objective_ttft_ms=run.load.objective_ttft_ms,
        )
        for name in _asked(question)
        if (run := _newest(runs, name, question)) is not None
        and run.account is not None
        and run.started is not None
        and run.load is not None
    )


def loads_said(
    runs: Sequence[Run],
    question: Question,
    *,
    compared: Collection[str],
    wrong: Mapping[int, Names],
    void: Collection[int],
) -> Iterator[Reason]:
    """Rows 4, 6 and 7: what the newest run of each profile lacks that the stage asks for, or compares with.

    `wrong` names answers that failed and no criterion counts, by the number of their run; `void` are runs by number.
    """
    told = {run.started.nonce for run in runs if run.started is not None and run.account is not None}
    for name in _asked(question):
        yield from _orphans_said(runs, name, told, question)
        for stage in sorted(compared):
            there = [run for run in runs if run.relation is Relation.ELSEWHERE and run.stage == stage]
            if (other := _newest_of(there, name, question)) is not None:
                yield from _run_said(other, name)
        run = _newest(runs, name, question)
        if run is None:
            before = any(_is_ours(each) and profile_of(each) == name for each in runs)
            text = f"profile '{name}' was {'changed since it was' if before else 'never'} run with this subject."
            yield _reason(Kind.HOLD_INCOMPLETE, name, text, "Send it. Run: sluicegate load")
        else:
            limit = timedelta(seconds=question.plan.max_evidence_age_s)
            if run.at is not None and run.at < question.now - limit - SKEW:
                text = f"{run.name} is stale: older than {days(limit.total_seconds())}."
                yield _reason(Kind.HOLD_INVALID_EVIDENCE, name, text)
            elif run.at is not None and run.at > question.now + SKEW:
                yield _reason(Kind.HOLD_INVALID_EVIDENCE, name, f"{run.name} is of a time that is still to come.")
            yield from _run_said(run, name)
            yield from _uncounted(run, name, question)
        for each in runs:
            # Failures of an older run keep counting, as those of suites do; not what today's measure did not see.
            stands = each is run or (each.stands and each.number not in void)
            if each.number in wrong and stands and _is_ours(each) and _is_today_s(each, name, question):
                yield _wrong(each, name, wrong[each.number])


def _wrong(run: Run, name: str, names: Names) -> Reason:
    """Answers that a check found wrong, or crashes, where no criterion of the stage would notice."""
    text = f"{run.name}: {count_of(names.count, 'answer')} failed, and no criterion counts that: {names}."
    mend = f"Mend what the findings show, or let a criterion count it: draft.success_rate, from: load, profile: {name}."
    return Reason(kind=Kind.HOLD_FAILED, about="load", text=printable(text), mend=printable(mend))


def _orphans_said(runs: Sequence[Run], name: str, told: Collection[str], question: Question) -> Iterator[Reason]:
    """Runs whose command was killed before it took in what their generators saw; the newest is spoken of anyhow."""
    newest = _newest(runs, name, question)
    for run in runs:
        if run is newest or run.started is None or run.account is not None or run.started.nonce in told:
            continue
        if _is_ours(run) and _is_today_s(run, name, question):
            text = f"{run.name} did not end, and nobody has looked at what it measured."
            mend = "The next run takes in what it left. Run: sluicegate load"
            yield _reason(Kind.HOLD_INVALID_EVIDENCE, name, text, mend)


def _uncounted(run: Run, name: str, question: Question) -> Iterator[Reason]:
    """Requests that failed, and no criterion counts a failure: what nothing came back for would be left out."""
    tally = None if run.account is None else run.account.tally
    failed = 0 if tally is None else tally.errors + tally.incomplete + tally.dropped
    asked = (c for c in question.stage.criteria if Origin.LOAD in c.origins and c.profile in (None, name))
    if failed and not any(criterion.metric.name in _COUNT_FAILURES for criterion in asked):
        text = f"{run.name}: {count_of(failed, 'request')} failed, and no criterion from load counts a failure."
        mend = "Let a criterion say how many may: errors.rate, crashes, goodput or draft.success_rate."
        yield Reason(kind=Kind.HOLD_FAILED, about="load", text=printable(text), mend=mend)


def _run_said(run: Run, name: str) -> Iterator[Reason]:
    account = run.account
    if account is None:
        if not run.broken:
            yield _reason(Kind.HOLD_INVALID_EVIDENCE, name, f"{run.name} did not end: it was cut short.")
        return
    tally = account.tally
    for what in account.broken:
        yield _reason(Kind.HOLD_INVALID_EVIDENCE, name, f"{run.name}: {what}.")
    if not tally.measured:
        asked = f"of {count_of(tally.sent, 'request')}, all in warm-up or cool-down" if tally.sent else "at all"
        text = f"{run.name} measured no request {asked}: that nothing was slow shows nothing."
        yield _reason(Kind.HOLD_INCOMPLETE, name, text)
    elif not run.complete and not run.broken and not account.broken:
        yield _reason(Kind.HOLD_INVALID_EVIDENCE, name, f"{run.name} did not end: it was cut short.")
    if tally.dropped:
        dropped = count_of(tally.dropped, "arrival")
        text = f"{run.name}: {dropped} of {tally.planned or tally.sent:,} never sent, for too many were under way."
        mend = "Let the target keep up; or raise in_flight of the profile, if so many may wait. Run: sluicegate load"
        yield _reason(Kind.HOLD_INCOMPLETE, name, text, mend)
    if tally.unsent:
        text = f"{run.name}: {count_of(tally.unsent, 'request')} could not be sent: the case does not fit the request."
        mend = "Mend the request of the pipeline, or these cases. Run: sluicegate load"
        yield _reason(Kind.HOLD_INCOMPLETE, name, text, mend)


def _asked(question: Question) -> list[str]:
    """Every profile that a criterion of the stage asks for; those that name none ask for all."""
    load = question.plan.load
    every = () if load is None else tuple(profile.name for profile in load.profiles)
    found: dict[str, None] = {}
    for criterion in question.stage.criteria:
        if Origin.LOAD in criterion.origins:
            found.update(dict.fromkeys(every if criterion.profile is None else (criterion.profile,)))
    return list(found)


def _newest(runs: Sequence[Run], name: str, question: Question) -> Run | None:
    """The newest run of the profile as it is today, with this subject at this stage."""
    return _newest_of([run for run in runs if _is_ours(run)], name, question)


def _newest_of(runs: Sequence[Run], name: str, question: Question) -> Run | None:
    found = [run for run in runs if _is_today_s(run, name, question)]
    # By when it was sent: one that was sent elsewhere may be taken in later. Of the same time, what came last.
    return max(reversed(found), key=lambda run: (run.at is not None, run.at), default=None)


def _is_today_s(run: Run, name: str, question: Question) -> bool:
    """Whether it is of this profile as it is today."""
    return sent_the_same(run.load, name, question.load_digests)


def _is_ours(run: Run) -> bool:
    return run.relation is Relation.OURS and run.load is not None


def _reason(kind: Kind, name: str, text: str, mend: str = "Send it anew. Run: sluicegate load") -> Reason:
    return Reason(kind=kind, about="load", text=printable(text), mend=f"{mend} --profile {name}")
