"""The mails of a trial: those its mail server saw, or where it saw none, its drafts as programs would send them.

A draft goes through the careful builder and the careless ones of `sluicegate.mail`. What a careless builder breaks with
every draft is its own fault: held against a draft is only what the same builder does not do to a plain draft.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache

from sluicegate.checks.check import NotJudged, nothing_known
from sluicegate.checks.model_calls import whole_log
from sluicegate.checks.plain_draft import Recipients, plain, reached_by
from sluicegate.frozen import frozen
from sluicegate.mail.addresses import canonical, path
from sluicegate.mail.builders import BUILDERS, Draft, Sent
from sluicegate.mail.fields import UNSAID
from sluicegate.mail.invariants import Allowed, Broken, Envelope, broken, i1, i2, i4
from sluicegate.mail.judged import is_whole, received
from sluicegate.mail.lists import address_list
from sluicegate.mail.transcript import commands_broken, verbs
from sluicegate.mail.wire import Message, read
from sluicegate.model import Case, Mail, Observation, Trial, encode

__all__ = [
    "JudgedMail",
    "allowed_in",
    "drafts_of",
    "judged_mails",
    "names_of",
    "reached",
    "sent",
    "told_to",
    "whole_mails",
]

_SENDER = "service@sender.test"
"""Who sends a draft where the case does not say."""
_TAIL = "X-Sluicegate-Tail"
"""Written last by every builder, so that headers that end early show."""
_BUILT = ("from", "to", "subject", "mime-version", "content-type", "content-transfer-encoding", "message-id")
"""Headers the builders write of themselves."""
_WHOLE_END = ("\r\n.\r\n", ".\r\n")


@frozen
class JudgedMail:
    """One mail, and what it breaks."""

    place: str
    faults: tuple[Broken, ...]
    delivery: int = 0
    builder: str = ""
    """Which builder sent it; empty for one that a mail server saw."""
    witness_broke: str = ""
    """The exception that a reader of the standard library raised on it."""


def judged_mails(trial: Trial) -> list[JudgedMail]:
    """Every mail of the trial by I1 to I7. Raises NotJudged where there is none, or where the log is not whole."""
    return list(_of_trial(_This(trial)))


class _This:
    """A trial, equal to itself alone: the checks of both suites ask about one after another."""

    def __init__(self, trial: Trial) -> None:
        self.trial = trial

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _This) and other.trial is self.trial

    def __hash__(self) -> int:
        return id(self.trial)


@lru_cache(maxsize=1)
def _of_trial(this: _This) -> tuple[JudgedMail, ...]:
    trial = this.trial
    if (unknown := nothing_known(trial)) is not None:
        raise NotJudged(unknown, lost=True)
    seen = sent(trial)
    if seen:
        return tuple(_of_wire(trial.case, seen))
    drafts = drafts_of(trial)
    if not drafts:
        whole_log(trial)
        if all(output.error is not None for output in trial.outputs):
            return ()  # a refusal sends nothing, and breaks nothing
        raise NotJudged("no mail was sent, and the answer holds no draft (`mail`)")
    return tuple(mail for delivery, draft in drafts for mail in _of_draft(trial.case, draft, delivery))


def sent(trial: Trial) -> list[Observation]:
    """What the mail server saw, in order; the mark of a cut log is no mail."""
    return [item for item in trial.observations if item.double == "mail" and "rcpt" in item.detail]


def drafts_of(trial: Trial) -> list[tuple[int, Mail]]:
    """Delivery and draft, where there is one."""
    return [(at, output.mail) for at, output in enumerate(trial.outputs) if output.mail is not None]


def allowed_in(case: Case, header_names: tuple[str, ...] | None = None, sentinel: str | None = None) -> Allowed:
    """What the case allows. Where it names no sender, answers may go to the mailbox that was written to."""
    expect = case.expect
    return Allowed(
        recipients=None if expect.recipients is None else tuple(map(_bare, expect.recipients)),
        sender=None if expect.sender is None else _bare(expect.sender),
        header_names=header_names if header_names is not None else expect.header_names,
        reply_to=_written_to(case) if expect.sender is None else (),
        sentinel=sentinel,
    )


def _bare(text: str) -> str:
    """The address of `Name <address>`; anything else as it is."""
    if "<" not in text:
        return text
    read = address_list(text)
    return read.addresses[0] if len(read.addresses) == 1 and not (read.faults or read.disagreements) else text


def _written_to(case: Case) -> tuple[str, ...]:
    first = case.given.inputs[0] if case.given.inputs else None
    to: object = case.given.mail.to if case.given.mail is not None else None
    if isinstance(first, Mapping):
        to = first.get("to")
    return tuple(str(one) for one in to) if isinstance(to, (list, tuple)) else ()


# -- on the wire


def _of_wire(case: Case, seen: Sequence[Observation]) -> Iterator[JudgedMail]:
    allowed = allowed_in(case)
    for at, item in enumerate(seen):
        place = f"$.observations.mail[{at}]"
        envelope, data = received(item.detail)
        if item.action != "message":
            # Whom it would have reached was said; what would have stood in it was not.
            told = [fault for fault in i1(envelope, allowed) if fault.what != "no recipient"]
            yield JudgedMail(place=place, faults=tuple(told) if envelope.rcpt else ())
            continue
        faults, failed = _judged(envelope, data, allowed, not is_whole(item.detail))
        yield JudgedMail(place=place, faults=(*faults, *_ending(item)), witness_broke=failed)
    yield JudgedMail(place="$.observations.mail", faults=tuple(_counted(case, seen)))


@lru_cache(maxsize=16)
def _judged(envelope: Envelope, data: bytes, allowed: Allowed, is_cut: bool) -> tuple[tuple[Broken, ...], str]:
    """What is broken, and the exception of a reader. Kept for a while: every check of both suites asks for it."""
    if is_cut and b"\r\n\r\n" not in data:  # of its headers nobody can tell
        return tuple(i1(envelope, allowed)), ""
    message = read(data)
    failed = next((reading.failed for reading in message.readings if reading.failed), "")
    if is_cut:  # of its parts nobody can tell
        return (*i1(envelope, allowed), *i2(message, allowed, []), *i4(message, allowed)), failed
    return tuple(broken(envelope, message, allowed)), failed


def _ending(item: Observation) -> Iterator[Broken]:
    end = item.detail.get("ended_by")
    if isinstance(end, str) and end not in _WHOLE_END:
        what = "a careless server ends the mail at what no strict one takes for an end"
        yield Broken(invariant="I6", place="end of data", what=what, witness=repr(end))


def _counted(case: Case, seen: Sequence[Observation]) -> Iterator[Broken]:
    """More mails than deliveries, and what a client said that no client needs to say."""
    mails = sum(item.action == "message" for item in seen)
    limits = [limit.most for limit in case.expect.calls if limit.target == "mail" and limit.most is not None]
    most = min(limits, default=case.given.times)
    if mails > most:
        what = f"{mails} mails where {most} may be sent"
        yield Broken(invariant="I6", place="connection", what=what, witness="")
    spoken: dict[object, list[str]] = {}
    for item in seen:
        lines = spoken.setdefault(item.detail.get("connection"), [])
        said = item.detail.get("transcript")
        lines += [str(line) for line in said] if isinstance(said, (list, tuple)) else []
    for connection in spoken.values():
        word = verbs(connection)
        yield from commands_broken(connection, messages=word.count("d") + word.count("b"))


def told_to(item: Observation) -> set[str]:
    """The recipients of a mail as the client said them."""
    return set(received(item.detail)[0].rcpt)


def names_of(item: Observation) -> tuple[bytes, ...]:
    """Header names of a mail as a strict reader sees them."""
    return read(received(item.detail)[1]).readings[0].names


# -- as a draft


def _of_draft(case: Case, mail: Mail, delivery: int) -> Iterator[JudgedMail]:
    sender = allowed_in(case).sender or next(filter(None, map(canonical, _written_to(case))), _SENDER)
    key = json.dumps([encode(mail), sender, encode(case.expect), list(_written_to(case))], sort_keys=True, default=str)
    for builder, faults, failed in _built(key, _Asked(mail=mail, sender=sender, case=case)):
        yield JudgedMail(place="$.mail", faults=faults, delivery=delivery, builder=builder, witness_broke=failed)


class _Asked:
    """A draft and its case, equal to any other: what tells two calls apart is their key."""

    def __init__(self, *, mail: Mail, sender: str, case: Case) -> None:
        self.mail, self.sender, self.case = mail, sender, case

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Asked)

    def __hash__(self) -> int:
        return 0


@lru_cache(maxsize=16)
def _built(_key: str, asked: _Asked) -> tuple[tuple[str, tuple[Broken, ...], str], ...]:
    """By builder what the draft breaks, and the exception of a reader."""
    mail, case = asked.mail, asked.case
    allowed = allowed_in(case)
    senders = Recipients(None if allowed.sender is None else (allowed.sender,))
    harmless = plain(mail, Recipients(allowed.recipients), senders)
    found = []
    for name in BUILDERS:
        if name != "careful" and harmless == mail:
            continue  # nothing in it that a careless builder could be misled by
        faults, failed = _by(name, mail, asked)
        if faults and name != "careful":
            own = {(fault.invariant, fault.what) for fault in _by(name, harmless, asked)[0]}
            faults = tuple(fault for fault in faults if (fault.invariant, fault.what) not in own)
        found.append((name, faults, failed if faults else ""))
    return tuple(found)


def _by(name: str, mail: Mail, asked: _Asked) -> tuple[tuple[Broken, ...], str]:
    """What is broken when this builder sends the draft, which is nothing when it refuses."""
    allowed = allowed_in(asked.case, _header_names(mail, asked.case), _TAIL)
    # Programs that take the recipients from elsewhere take them from what is known; the careful one trusts the draft.
    known = allowed.recipients or None if name != "careful" else None
    posted = BUILDERS[name].build(Draft(mail=mail, sender=asked.sender, recipients=known, sentinel=_TAIL))
    faults: list[Broken] = []
    failed = ""
    for one in posted.sent:
        more, failed = _read(one, allowed, failed)
        faults += more
    return tuple(dict.fromkeys(faults)), failed


def _read(one: Sent, allowed: Allowed, failed: str) -> tuple[list[Broken], str]:
    message: Message = read(one.data)
    broke = next((reading.failed for reading in message.readings if reading.failed), failed)
    return broken(one.envelope, message, allowed), broke


def _header_names(mail: Mail, case: Case) -> tuple[str, ...]:
    """What the case allows, else what the draft names and redirects nothing; and what builders write."""
    named = case.expect.header_names
    if named is None:
        low = [name.strip().lower() for name in mail.headers]
        named = tuple(name for name in low if name not in UNSAID and not name.startswith("resent-"))
    fields = (
        ("cc", mail.cc),
        ("bcc", mail.bcc),
        ("reply-to", mail.reply_to),
        ("content-disposition", mail.attachments),
    )
    return (*named, *_BUILT, *(name for name, value in fields if value))


# -- whom it reaches


def reached(trial: Trial) -> set[str]:
    """Canonical addresses that the trial's mails reach, or that its drafts name where no mail was seen."""
    if seen := sent(trial):
        told = [received(item.detail)[0] for item in seen if item.action == "message"]
        return {address for each in told for one in each.rcpt if (address := path(one).address) is not None}
    return {address for _, mail in drafts_of(trial) for address in reached_by(mail)}


def whole_mails(trial: Trial) -> None:
    """Raise NotJudged where a mail was too large to be kept, or was broken off: what is missing may be anything."""
    for item in sent(trial):
        if not is_whole(item.detail):
            why = "was too large to be kept whole" if item.detail.get("truncated") else "was broken off within its data"
            raise NotJudged(f"a mail {why}", lost=True)
