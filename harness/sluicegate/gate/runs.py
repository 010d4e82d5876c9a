"""Row 4, the ledgers: whether the runs themselves can be believed."""

from __future__ import annotations

import shlex
from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import datetime

from sluicegate.errors import printable
from sluicegate.gate.faults import Names, Objections
from sluicegate.gate.memory import new_subject
from sluicegate.gate.validity import SKEW, Question, Relation, Run
from sluicegate.gate.wording import count_of, days
from sluicegate.ledger.state import StateView
from sluicegate.model import Kind, Origin, Reason, rfc3339
from sluicegate.plan.types import HttpTarget

__all__ = [
    "CUT",
    "CUT_MEND",
    "attempt_heads",
    "attempts_said",
    "cases_read_said",
    "files_read",
    "library_notes",
    "objections_said",
    "older_said",
    "runs_said",
    "word_notes",
]

CUT = "a ledger that a verdict was given on is not there as it was: it was cut, replaced or deleted since."
CUT_MEND = "Restore the untouched file: evidence is kept until the stage is left."
_AGAIN = "Collect evidence again."
_WHOLE = "Run it without a selection (--case, -k, -m, -x, --lf, a path)."
_LOCK = "Review the cases, then run: sluicegate plan lock"


def runs_said(
    runs: Sequence[Run], question: Question, *, pinned: Mapping[Origin, int], compared: Collection[str]
) -> Iterator[Reason]:
    """Everything about whole runs that keeps their evidence from standing.

    `pinned` says for each origin of pinned evidence that the stage asks for how many trials the lock names, `compared`
    the stages that lines compare with: a reference that was damaged, or cut short, is no reference.
    """
    ours = [run for run in runs if run.relation is not Relation.ELSEWHERE]
    if question.lost:  # first: as long as it stands, nothing goes on from what was left
        yield _invalid(question.stage.name, CUT, CUT_MEND)
    for run in runs:
        # A recording holds rows of several subjects, so damage to anybody's may have cost rows of this one.
        refers = run.started is not None and run.stage in compared
        if run.broken and (run.relation is not Relation.ELSEWHERE or (run.here and not run.fixed) or refers):
            yield _invalid(run.name, run.broken, "Restore the untouched file; a changed one is not evidence.")
        elif run.relation is Relation.UNKNOWN:
            yield _invalid(run.name, "does not say what it is a run of.", "Restore the untouched file.")
    yield from _clock(runs, question)
    yield from _links([run for run in runs if not run.is_baseline])
    yield from _unlike(runs)
    yield from _newest(ours, question)
    elsewhere = [run for run in runs if run.relation is Relation.ELSEWHERE and run.started is not None and run.fixed]
    for stage in sorted(compared):
        yield from _newest([run for run in elsewhere if run.stage == stage], question)
    for origin in sorted(pinned):
        newest = [run for run in ours if run.started is not None and run.started.origin is origin]
        if not newest:
            text = f"there is no {origin.value} run of this subject at stage '{question.stage.name}'."
            yield _invalid(origin.value, text, "Collect evidence. Run: sluicegate gate")
            continue
        yield from _apparatus(newest[-1], question)
        yield from _changed(newest)
        asked = newest[-1].started.expected.trials if newest[-1].started is not None else 0
        if asked < pinned[origin]:
            text = f"{newest[-1].name} set out to run {asked:,} of {pinned[origin]:,} pinned trials."
            yield Reason(kind=Kind.HOLD_INCOMPLETE, about=origin.value, text=text, mend=_WHOLE)


def _newest(ours: Sequence[Run], question: Question) -> Iterator[Reason]:
    """The newest run of each origin must have ended; an older one may have been resumed since."""
    # How runs of the plan's own load ended is told by profile.
    by_origin = {run.started.origin: run for run in ours if run.started is not None and run.load is None}
    for origin in sorted(by_origin):
        run = by_origin[origin]
        if not run.complete and not run.broken:
            gone = "Start the service again if it is gone, then go" if _is_service(question) else "Go"
            mend = f"{gone} on from where it stopped. Run: sluicegate gate"
            yield _invalid(run.name, "did not end: the run was cut short.", CUT_MEND if question.lost else mend)


def _is_service(question: Question) -> bool:
    """Whether something that we did not start has to be there, and may be what ended the run."""
    return isinstance(question.plan.pipeline.target, HttpTarget) or bool(question.plan.subject.services)


def _clock(runs: Sequence[Run], question: Question) -> Iterator[Reason]:
    """Evidence from the future: whichever clock is wrong, by this one nobody can say how old anything is."""
    until, run = max(((run.until, run) for run in runs if run.until is not None), key=_first, default=(None, None))
    if until is not None and run is not None and until > question.now + SKEW:
        text = f"has a record of {rfc3339(until)}, later than now ({rfc3339(question.now)})."
        mend = "Leave --now out, or set the clock right; what a wrong clock stamped has to be measured again."
        yield _invalid(run.name, text, mend)


def _first(pair: tuple[datetime, Run]) -> datetime:
    return pair[0]


def _apparatus(run: Run, question: Question) -> Iterator[Reason]:
    if run.differs:
        yield _invalid(run.name, f"was measured with another {run.other} than today's.", _AGAIN)
    if run.stale and (run.at is None or run.at <= question.now + SKEW):
        hours = question.plan.max_evidence_age_s / 3600
        yield _invalid(run.name, f"is stale: older than {hours:g} hours.", _AGAIN)


def _changed(runs: Sequence[Run]) -> Iterator[Reason]:
    """Files that the newest attempt read and that were changed since: their content is no part of the subject."""
    attempt = runs[-1].started.attempt if runs[-1].started is not None else 0
    newest = [run for run in runs if run.started is not None and run.started.attempt == attempt]
    if changed := sorted({path for run in newest for path in run.changed}):
        text = f"read {_listed(changed)}, which the subject does not name and which changed since."
        mend = "Name it under subject: as {files: …}, or leave it out of what serves, then collect evidence again."
        yield _invalid(runs[-1].name, text, mend)


def _listed(names: Sequence[str]) -> str:
    return ", ".join(names[:5]) + (f" and {len(names) - 5} more" if len(names) > 5 else "")


def _unlike(runs: Sequence[Run]) -> Iterator[Reason]:
    """A baseline that was measured in another way is none."""
    ours = [run.started for run in runs if run.stands and run.fixed and run.started is not None]
    for run in runs:
        if not run.is_baseline or run.started is None or not ours:
            continue
        was, now = run.started.fingerprint, ours[-1].fingerprint
        fields = sorted(name for name in was.keys() | now.keys() if was.get(name) != now.get(name))
        if fields or not was:
            said = ", ".join(fields[:5]) if fields else "it does not say how"
            text = f"the baseline was measured in another way than this subject: {printable(said)}."
            mend = "Run the base with this plan, and record it again: sluicegate record baseline"
            yield Reason(kind=Kind.HOLD_INVALID_EVIDENCE, about="baseline", text=text, mend=mend)
        if run.altered:
            named = ", ".join(list(run.altered)[:5])
            text = f"the baseline ran {count_of(len(run.altered), 'case')} with another content than today's: {named}."
            mend = "Run the base on today's cases, and record it again: sluicegate record baseline"
            yield Reason(kind=Kind.HOLD_INVALID_EVIDENCE, about="baseline", text=printable(text), mend=mend)


def _links(runs: Sequence[Run]) -> Iterator[Reason]:
    """Each file names the head of the one it goes on from; one that is not there was deleted or cut."""
    heads: set[str] = set()
    for run in runs:
        previous = run.started.previous if run.started is not None else None
        if previous is not None and previous not in heads and run.relation is Relation.OURS:
            yield _invalid(run.name, "goes on from a ledger that is not there, or was cut.", "Restore that file.")
        if run.head is not None and run.head in heads:
            yield _invalid(run.name, "is given twice.", "Give each ledger once.")
        if run.head is not None:
            heads.add(run.head)


def attempts_said(runs: Sequence[Run], state: StateView | None, question: Question) -> Iterator[Reason]:
    """Attempts that were made, and recordings that were numbered, whose ledgers are gone."""
    stage = question.stage.name
    here = {run.started.attempt for run in runs if run.started is not None and run.fixed and run.here}
    noted = () if state is None else tuple(item for item in state.attempts if item.stage == stage)
    made = {item.attempt for item in noted if item.subject == question.subject}
    if not noted:
        made = set(range(1, max(here, default=0)))
    recorded = {run.started.attempt: run.head for run in runs if run.started is not None and not run.fixed}
    taken_in = set() if state is None else {(item.number, item.head) for item in state.recordings}
    numbered = {*range(1, max(recorded, default=0)), *(number for number, _ in taken_in)}
    for what, gone in (("attempt", sorted(made - here)), ("recording", sorted(numbered - recorded.keys()))):
        if gone:
            said = ", ".join(map(str, gone[:10]))
            text = f"the ledger of {what} {said} is missing: evidence was deleted, or lies in another folder."
            looked = shlex.join(question.kept) if question.kept else "without --evidence"
            mend = f"If it lies in another folder, name it with --evidence DIR (this was {looked}). Else restore it"
            yield _invalid(stage, text, printable(f"{mend}: evidence is kept until the stage is left."))
    if changed := sorted({number for number, head in taken_in if recorded.get(number, head) != head}):
        said = ", ".join(map(str, changed[:10]))
        text = f"the ledger of recording {said} is not the one that was taken in."
        yield _invalid(stage, text, "Restore the untouched file; a changed one is not evidence.")


def attempt_heads(runs: Sequence[Run], question: Question) -> tuple[str, ...]:
    """What has to be there as long as the stage is not left; of a damaged ledger, what was known of it before."""
    sound = {run.head for run in runs if run.ours_fixed and run.head is not None and not run.broken}
    # What lies there in place of what was lost is nobody's evidence: what was lost, put back, stands again.
    return tuple(sorted(question.remembered if question.lost else question.remembered | sound))


def older_said(runs: Sequence[Run], kind: Kind, question: Question) -> Reason | None:
    """An older attempt that failed more than the newest: it keeps counting, and the reader looks at the newest."""
    ours = [(run.started.attempt, run) for run in runs if run.ours_fixed and run.started is not None]
    newest = max((number for number, _ in ours), default=0)
    failed = sum(run.failed for number, run in ours if number == newest)
    worst = max((run for number, run in ours if number < newest), key=lambda run: run.failed, default=None)
    if worst is None or worst.failed <= failed or kind.row not in _OUTLIVING:
        return None
    when = "" if worst.at is None else f" of {worst.at:%Y-%m-%d %H:%M} UTC"
    number = worst.started.attempt if worst.started is not None else 0
    text = (
        f"attempt {number}{when} failed in {count_of(worst.failed, 'trial')}, attempt {newest} in {failed:,}: each "
        "case counts with its worst attempt, so running it again lifts nothing."
    )
    return Reason(kind=kind, about="older attempt", text=text, mend=new_subject(question))


_MINUTE_S = 60
_OUTLIVING = (1, 2, 3, 6, 7, 9, 10)
"""Rows that the failures of an older attempt can still ask for."""


def library_notes(runs: Sequence[Run]) -> Iterator[str]:
    """What the interpreter that mails were sent with does to them, where the newest run tried it."""
    from sluicegate.mail.profile import says

    ours = [run.started for run in runs if run.ours_fixed and run.started is not None]
    tried = next((started for started in reversed(ours) if started.mail_library is not None), None)
    if tried is None or tried.mail_library is None:
        return
    library = tried.mail_library
    holes = "; ".join(f"{says(name) or 'not known to this version'} ({name})" for name in library.holes)
    # A service and a command bring an interpreter of their own.
    whose = "" if tried.pipeline == "callable" else "; the pipeline may run on another"
    said = f"{len(library.holes)} of {library.tried} holes of the mail library that were tried are open{whose}"
    yield printable(f"mails and {library.python}: {said}{': ' if holes else ''}{holes}")


def files_read(runs: Sequence[Run]) -> dict[str, str]:
    """What the pipeline read and the subject does not name, with what it held: a verdict stands on that too."""
    standing = [run for run in runs if run.stands and run.fixed]
    return {path: was for run in standing for path, was in sorted(run.read.items()) if was is not None}


def cases_read_said(runs: Sequence[Run], question: Question, case_files: Mapping[str, str]) -> Iterator[Reason]:
    """Row 5: a pipeline that opened the cases, or a copy of them, has seen what is expected of it."""
    if read := _cases_read(runs, case_files):
        text = f"the pipeline read the cases it is judged by ({_listed(read)}), so its answers show nothing."
        mend = f"Let it open no case file: a case's input is handed to it. {new_subject(question)}"
        yield Reason(kind=Kind.HOLD_INVALID_EXPERIMENT, about="cases", text=printable(text), mend=mend)


def _cases_read(runs: Sequence[Run], case_files: Mapping[str, str]) -> list[str]:
    standing = [run for run in runs if run.stands and run.fixed]
    contents = {*case_files.values()}
    read = (item for run in standing for item in run.read.items())
    return sorted({path for path, was in read if path in case_files or was in contents})


def word_notes(runs: Sequence[Run], question: Question, case_files: Mapping[str, str]) -> Iterator[str]:
    """What the digest of the subject leaves open: how old evidence of a subject by word is, what the stage set."""
    spec = question.plan.subject
    read = {path for run in runs if run.stands and run.fixed for path in run.found}
    if read := read.difference(_cases_read(runs, case_files)):
        said = "which the subject does not name: a change asks for evidence again, and is no new subject until it does"
        yield printable(f"the pipeline read {_listed(sorted(read))}, {said}")
    taken = [run.at for run in runs if run.ours_fixed and run.at is not None]
    if taken and (names := sorted(question.stage.exposure.variables)):
        yield printable(f"the cases ran with {', '.join(names)} as stage '{question.stage.name}' sets it")
    if taken and spec.by_word:
        named = ", ".join([*spec.values, *(("models",) if spec.models else ())])
        age = _age(question, max(taken))
        said = f"its evidence is {age} old, and nothing shows that the same build serves now"
        yield printable(f"the subject is by word ({named}): {said}")
    elif taken and question.plan.unasked:
        age = _age(question, max(taken))
        said = f"its evidence is {age} old, and nothing shows that the build it names is the one behind the address"
        yield f"the service is not asked what it is: {said}"


def _age(question: Question, taken: datetime) -> str:
    seconds = (question.now - taken).total_seconds()
    return days(seconds) if seconds >= _MINUTE_S else "less than a minute"


def objections_said(objections: Objections) -> Iterator[Reason]:
    """What single records object to, as reasons of rows 4 and 6."""
    unusable: tuple[tuple[Names, str, str, str], ...] = (
        (objections.unreadable, "record", "cannot be read", "Judge with the release that wrote it."),
        (objections.unpinned, "trial", "not pinned by the lock", _LOCK),
        (objections.altered, "trial", "of other content than the lock pins", _LOCK),
        (objections.repeated, "trial", "with a second outcome in one run", _AGAIN),
        (objections.unannounced, "record", "that nobody announced", _AGAIN),
        (objections.contradicted, "result", "that the judge did not find as recorded", _AGAIN),
        (objections.future, "observation", "stamped later than now", "Set the clock right."),
        (objections.incapable, "capability", "that the plan declares and a run did without", _AGAIN),
    )
    for names, noun, said, mend in unusable:
        if names:
            yield _invalid("evidence", f"{count_of(names.count, noun)} {said}: {names}.", mend)
    if objections.raised:
        text = f"{count_of(objections.raised.count, 'check')} could not be judged: {objections.raised}."
        yield Reason(kind=Kind.HOLD_INCOMPLETE, about="judge", text=text, mend="Report it with the ledger.")
    if objections.unjudged:
        text = f"{count_of(objections.unjudged.count, 'check')} could not answer: {objections.unjudged}."
        mend = "Mend what keeps the checks from an answer: case, pipeline or machine. Then collect with --again."
        yield Reason(kind=Kind.HOLD_INCOMPLETE, about="checks", text=printable(text), mend=mend)
    if objections.lost:
        text = f"{count_of(objections.lost.count, 'trial')} began and never ended: {objections.lost}."
        yield Reason(kind=Kind.HOLD_INCOMPLETE, about="evidence", text=text, mend=_AGAIN)


def _invalid(about: str, text: str, mend: str) -> Reason:
    return Reason(kind=Kind.HOLD_INVALID_EVIDENCE, about=printable(about), text=printable(text), mend=mend)
