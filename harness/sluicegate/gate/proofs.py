"""What people vouch for, and what only time proves: prerequisites, attestations, approval, bake time."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime, timedelta

from sluicegate.errors import printable
from sluicegate.frozen import frozen
from sluicegate.gate.commands import gate_command, recording_command
from sluicegate.gate.counting import Channel
from sluicegate.gate.cuts import TIME_UNITS_S
from sluicegate.gate.reading import UnreadableError
from sluicegate.gate.validity import SKEW, Question
from sluicegate.gate.wording import days
from sluicegate.ledger.records import Attestation
from sluicegate.model import Kind, Origin, Reason, parse_time, to_micros

__all__ = ["Proof", "bake_said", "proof_of", "proofs_said", "stale_said"]


@frozen
class Proof:
    """An attestation with its times read."""

    said: Attestation
    at: datetime
    expires: datetime | None


def proof_of(said: Attestation) -> Proof:
    """Raises UnreadableError for a time that is none."""
    try:
        expires = None if said.expires is None else parse_time(said.expires)
        return Proof(said=said, at=parse_time(said.at), expires=expires)
    except ValueError as error:
        raise UnreadableError(f"has an unreadable time ({error})") from None


def proofs_said(proofs: Sequence[Proof], question: Question) -> Iterator[Reason]:
    """Rows 8 and 11: what the stage asks to be vouched for and nobody does."""
    requires = question.stage.requires
    for name in (*requires.prerequisites, *requires.attestations):
        yield from _missing(name, Kind.HOLD_PREREQUISITE, proofs, question)
    if requires.approval is not None:
        yield from _missing(requires.approval, Kind.HOLD_APPROVAL, proofs, question)


def bake_said(question: Question, since: datetime | None) -> Iterator[Reason]:
    """Row 9: the stage has not stood long enough."""
    bake_s = question.stage.bake_s
    if not bake_s or since is None:
        return
    left_s = bake_s - (question.now - since).total_seconds()
    if left_s > 0:
        text = f"the stage bakes for {days(bake_s)}; {days(left_s)} are left."
        # To the minute, rounded up: judged then, it has baked.
        over = (since + timedelta(seconds=bake_s, minutes=1, microseconds=-1)).astimezone(UTC)
        mend = f"Judge again after {over:%Y-%m-%d %H:%M} UTC. Run: {gate_command(question)}"
        yield Reason(kind=Kind.HOLD_INSUFFICIENT, about="bake", text=text, mend=mend)


def stale_said(channel: Channel, question: Question) -> Iterator[Reason]:
    """Row 4: live evidence that ended long ago says nothing of what is served now."""
    metric, seen = channel.criterion.metric, channel.growing.at_us
    unit_s = TIME_UNITS_S.get(channel.criterion.unit or metric.unit, 0)
    if Origin.LIVE not in channel.criterion.origins or not len(seen):
        return
    age_s = (to_micros(question.now) - seen[-1]) // 1_000_000
    # A day is stamped with its beginning.
    if age_s > question.plan.max_evidence_age_s + metric.matures_after_s + unit_s:
        limit = days(question.plan.max_evidence_age_s)
        text = f"the newest live {metric.unit} is {days(age_s)} old; max_evidence_age is {limit}."
        mend = "Record newer measurements; a source that went silent proves nothing."
        yield Reason(kind=Kind.HOLD_INVALID_EVIDENCE, about=metric.name, text=text, mend=mend)


def _missing(name: str, kind: Kind, proofs: Iterable[Proof], question: Question) -> Iterator[Reason]:
    approves = kind is Kind.HOLD_APPROVAL
    named = [proof for proof in proofs if _names(proof.said, name, approves=approves)]
    objections = [_objection(proof, question, approves=approves) for proof in named]
    if "" in objections:
        return
    # The newest says best what is still wrong.
    newest = max(range(len(named)), key=lambda index: named[index].at, default=None)
    what = "approval" if approves else "attestation"
    text = f"no {what} '{name}'" if newest is None else f"{what} '{name}' {objections[newest]}"
    mend = f"Run: {recording_command(question, 'attestation', f'--name {shlex.quote(name)} --by … --statement …')}"
    yield Reason(kind=kind, about=printable(name), text=printable(f"{text}."), mend=mend)


def _names(said: Attestation, name: str, *, approves: bool) -> bool:
    """An approval is recorded under the role that gives it, or as `approval` by that role."""
    return said.name == name or (approves and said.name == "approval" and said.by == name)


def _objection(proof: Proof, question: Question, *, approves: bool) -> str:
    """Why an attestation does not count here; empty when it does.

    A table stands whatever serves, so an attestation may be for any subject; an approval is of one subject, at a stage.
    """
    said = proof.said
    if said.subject != question.subject and (said.subject is not None or approves):
        return "names no subject" if said.subject is None else "is about another subject"
    if said.stage not in (None, question.stage.name):
        return f"is about stage '{said.stage}'"
    if approves and said.stage is None and question.entered_at is not None and proof.at < question.entered_at:
        return "was given before this stage was entered"
    if proof.at > question.now + SKEW:
        return "is dated later than now"
    if proof.expires is not None and proof.expires <= question.now:
        return f"expired at {said.expires}"
    return ""
