"""What a deploy step asks of a verdict before it acts: mine, of this step, fresh, not used up, and then the decision.

Anything but exit 0 blocks; only a verdict that matches in full can say roll back.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta

from sluicegate.errors import Fault, InputError, printable
from sluicegate.frozen import frozen
from sluicegate.ledger import Acknowledged, Attempt, Entered, FileRead, RolledBack, StateView, VerdictGiven
from sluicegate.ledger.state import STATE_SKEW
from sluicegate.model import Decision, Kind, Reason, Verdict, parse_time, read_verdict, verdict_hash

__all__ = ["VerifyResult", "verify_verdict"]

_SKEW = timedelta(seconds=5)
"""Clocks of two machines in good order differ by less."""

_MOST_FILES = 5
_READ_MEND = (
    "Put back what was measured, or measure anew: sluicegate gate PLAN. Named under subject: as {files: …}, a change "
    "of it is a new subject at once."
)


@frozen
class VerifyResult:
    """What the deploy step may do, and why."""

    decision: Decision
    kind: Kind
    exit_code: int
    """0 go on, 20 roll back, anything else blocks."""
    text: str
    """First line: the decision. Each refused field follows with what was expected and what was seen."""


def verify_verdict(
    raw: bytes,
    *,
    plan_digest: str,
    lock_digest: str,
    subject: str | None,
    from_stage: str,
    to_stage: str | None,
    max_age_s: float | None,
    now: datetime,
    state: StateView | None,
    clock: datetime | None = None,
    content_of: Callable[[str], str] | None = None,
) -> VerifyResult:
    """The decision these bytes carry for this step, or a hold that names each field that does not fit.

    Nothing but `raw` is read. `plan_digest` and `lock_digest` are of plan and lock as the protected branch has them,
    `subject` is what is about to serve, or None where it cannot be told, which takes nothing from a rollback (a bad
    build may have taken down what says its version); `from_stage` and `to_stage` (None after the last) are the step
    about to be taken. `max_age_s` is the consumer's own limit beside the verdict's `valid_until`, `now` the time of
    asking, `state` the state file as read, or None when the plan names none, `clock` the consumer's clock where `now`
    is not its time: a verdict judged as of a time still to come is acted upon by nobody. `content_of` says what a file
    under the plan's folder holds now: those that the pipeline read must be what they were, or where it is None are
    not asked about.
    """
    try:
        raw, verdict = _read(raw)
    except InputError as error:
        said = [str(fault) for fault in error.faults]
        return _refused(said, "Judge again, and pass the verdict on unchanged.")
    asked = {
        "subject": (subject or "the digest of what serves, given none", verdict.subject),
        "plan_digest": (plan_digest, verdict.plan_digest),
        "lock_digest": (lock_digest, verdict.lock_digest),
        "from_stage": (from_stage, verdict.from_stage),
        "to_stage": (to_stage, verdict.to_stage),
    }
    untold = subject is None and verdict.decision is Decision.ROLLBACK
    if untold:
        del asked["subject"]
    foreign = [_differs(name, *pair) for name, pair in asked.items() if pair[0] != pair[1]]
    if foreign:
        return _refused(foreign, "This verdict is about something else: judge what is about to serve.")
    stale = _staleness(verdict, now, max_age_s, clock=clock or now, latest=None if state is None else state.latest)
    changed = () if content_of is None else tuple(_read_since(verdict, content_of))
    if stale or changed:
        return _refused((*stale, *changed[:_MOST_FILES]), _READ_MEND if changed else "Judge again.")
    if state is not None:
        unknown = state.missing or state.broken is not None
        if (unknown or state.backwards is not None) and verdict.decision is not Decision.ROLLBACK:
            said = [str(state.broken or state.backwards or f"state: expected {state.path}, seen no such file")]
            return _refused(said, "Restore the state file from its protected place.", Kind.HOLD_NO_STATE)
        if used := _used_up(raw, verdict, state, whole=not unknown):
            return _refused(used, "Judge again; the newest verdict counts.")
    return _accepted(verdict, now, checked_state=state is not None, untold=untold)


def _read(raw: bytes) -> tuple[bytes, Verdict]:
    """The verdict, and the bytes that are it. Raises InputError.

    Only the canonical bytes are a verdict. A line break behind them, as editors and shells leave one, is cut from a
    rollback, since broken evidence never turns one into a hold; whatever else says go on or stay is refused with it.
    """
    try:
        return raw, read_verdict(raw)
    except InputError:
        bare = raw.rstrip(b"\r\n")
        if bare == raw:
            raise
        verdict = read_verdict(bare)
    if verdict.decision is Decision.ROLLBACK:
        return bare, verdict
    what = "a line break was added behind the verdict: its bytes are not those the gate wrote."
    raise InputError(Fault(where="verdict", what=what, mend="Copy the file as it is; an editor or echo adds one."))


def _differs(name: str, expected: str | None, seen: str | None) -> str:
    return f"{name}: expected {expected or 'none'}, seen {seen or 'none'}"


def _staleness(
    verdict: Verdict, now: datetime, max_age_s: float | None, *, clock: datetime, latest: datetime | None
) -> list[str]:
    # A rollback does not grow old: it stands until someone acknowledges it.
    if verdict.decision is Decision.ROLLBACK:
        return []
    issued, until = parse_time(verdict.issued_at), parse_time(verdict.valid_until)
    if issued > (soonest := min(now, clock)) + _SKEW:
        return [f"issued_at: expected at most {_short(soonest)}, seen {_short(issued)}, which lies in the future"]
    if latest is not None and latest > now + STATE_SKEW:
        seen = f"seen {_short(now)}: the clock is behind"
        return [f"now: expected at least {_short(latest)}, the last record of the state file, {seen}"]
    stale = []
    if now > until:
        stale.append(f"valid_until: expired {_span(now - until)} ago, at {_short(until)}")
    if max_age_s is not None and now - issued > timedelta(seconds=max_age_s):
        stale.append(f"age: expected at most {_span(timedelta(seconds=max_age_s))}, seen {_span(now - issued)}")
    return stale


def _read_since(verdict: Verdict, content_of: Callable[[str], str]) -> Iterator[str]:
    """Files that the pipeline read while it was measured and that are not the same any more."""
    if verdict.decision is Decision.ROLLBACK:
        return  # which stands, whatever was changed since
    for path, was in sorted(verdict.files_read.items()):
        now = content_of(path)
        if now == was:
            continue
        if was == FileRead.ABSENT:
            said = "was looked for in vain when it was measured, and is there now"
        elif now == FileRead.ABSENT:
            said = "was read when it was measured, and is not there now"
        else:
            said = "was read when it was measured, and holds something else now"
        yield f"{path}: {said}; the subject does not name it"


def _used_up(raw: bytes, verdict: Verdict, state: StateView, *, whole: bool) -> list[str]:
    mine = verdict_hash(raw)
    places = [
        place for place, event in enumerate(state.events) if isinstance(event, VerdictGiven) and event.hash == mine
    ]
    if not places:
        # Of a damaged file the record may be the lost part, and a rollback is not lost with it.
        return [f"state: expected a record of verdict {mine[:12]}, seen none"] if whole else []
    if differing := [each for place in places for each in _misrecorded(verdict, state.events[place])]:
        return list(dict.fromkeys(differing))
    for event in state.events[places[-1] + 1 :]:
        if (seen := _ending(verdict, mine, event)) is not None:
            return [f"state: expected verdict {mine[:12]} to be the last word, seen {seen} after it"]
    return []


def _misrecorded(verdict: Verdict, event: object) -> list[str]:
    """What the state file says of this verdict that the verdict does not: then one of the two was made up."""
    names = ("decision", "kind", "from_stage", "to_stage", "subject")
    pairs = ((name, getattr(verdict, name), getattr(event, name)) for name in names)
    return [_differs(f"state's record of {name}", said, seen) for name, said, seen in pairs if said != seen]


def _ending(verdict: Verdict, mine: str, event: object) -> str | None:
    """What this later event is called, when it takes the verdict's force away."""
    standing = verdict.decision is Decision.ROLLBACK
    match event:
        case VerdictGiven() if not standing and event.hash != mine:
            return f"verdict {event.hash[:12]}"
        case Attempt() if not standing and (event.stage, event.subject) == (verdict.from_stage, verdict.subject):
            return f"attempt {event.attempt} at {event.stage}, begun at {event.at},"
        case Entered() if not standing and (event.stage, event.subject) == (verdict.to_stage, verdict.subject):
            return f"the entry of {event.stage} at {event.at}"
        case RolledBack() if not standing or event.subject == verdict.subject:
            return f"the rollback of {event.stage} at {event.at}"
        case Acknowledged() if standing:
            # Later verdicts do not call a rollback back; a human who has seen it does.
            return f"its acknowledgement at {event.at}"
    return None


def _accepted(verdict: Verdict, now: datetime, *, checked_state: bool, untold: bool) -> VerifyResult:
    step = f"{verdict.from_stage} → {verdict.to_stage}" if verdict.to_stage else verdict.from_stage
    said = f"{verdict.kind}: {step}, issued {_span(now - parse_time(verdict.issued_at))} ago"
    lines = [said]
    if verdict.exit_code != 0:
        lines += [f"  {reason.about}: {_why(reason)}" for reason in verdict.reasons[:5]]
    if verdict.decision is Decision.ROLLBACK and verdict.rollback_steps:
        lines.append(f"  {len(verdict.rollback_steps)} rollback steps are in the report")
    if untold:
        lines.append(f"  subject not compared: none was given; the verdict is about {verdict.subject[:12]}")
    if not checked_state:
        lines.append("  replay not checked: the plan names no state file")
    text = printable("\n".join(lines))
    return VerifyResult(decision=verdict.decision, kind=verdict.kind, exit_code=verdict.exit_code, text=text)


def _why(reason: Reason) -> str:
    """The reason's own words; of one that rests on a finding its case and what was found."""
    found = reason.finding
    if found is None or found.case_id in reason.text:
        return reason.text
    return f"case {found.case_id}: {found.message}; {reason.text}"


def _refused(said: Sequence[str], mend: str, kind: Kind = Kind.HOLD_INVALID_EVIDENCE) -> VerifyResult:
    lines = [f"{kind}: the verdict does not fit this step", *(f"  {line}" for line in said), f"  {mend}"]
    return VerifyResult(decision=kind.decision, kind=kind, exit_code=kind.exit_code, text=printable("\n".join(lines)))


def _short(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M:%S} UTC"


def _span(length: timedelta) -> str:
    """`14 minutes`, `3 hours`, `2 days`: the largest unit that holds at least two, seconds otherwise."""
    seconds = max(0, round(length.total_seconds()))
    for name, size in (("days", 86_400), ("hours", 3_600), ("minutes", 60)):
        if seconds >= 2 * size:
            return f"{seconds // size} {name}"
    return f"{seconds} second{'s' * (seconds != 1)}"
