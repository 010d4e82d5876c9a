"""Mails as side effects: the same message delivered again is answered to the same people once."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from sluicegate.checks.check import Problem
from sluicegate.model import Observation, Trial

__all__ = ["sent_again", "sent_any"]

_NAMED = 3


def sent_any(trial: Trial) -> bool:
    """Whether the mail server took a mail."""
    return any(_is_whole(item) for item in trial.observations)


def sent_again(trial: Trial, how: str, mend: str) -> Iterator[Problem]:
    """More mails than one message may cause: than the case says, else a second one to the same recipients.

    A text made anew for each delivery is a mail of its own to whoever gets it, so texts tell no two mails apart. `how`
    is how the message came again.
    """
    if trial.case.given.inputs:
        return  # several messages: nobody says which of them a mail is about
    mails = [item for item in trial.observations if _is_whole(item)]
    limits = [limit.most for limit in trial.case.expect.calls if limit.target == "mail" and limit.most is not None]
    if limits:
        if len(mails) > min(limits):
            yield _problem(f"must send {min(limits)} mails at most; it sent {len(mails)}", len(mails), how, mend)
        return
    counts: dict[tuple[str, ...], int] = {}
    for item in mails:
        told = tuple(sorted(_told(item.detail)))
        counts[told] = counts.get(told, 0) + 1
    for told, count in counts.items():
        if count > 1:
            many = f"{', '.join(told[:_NAMED])}{' …' if len(told) > _NAMED else ''}"
            said = f"{count} to {many}; where one answer is several mails, say so: expect.calls, target mail, most"
            yield _problem(f"must be answered to the same recipients once; it was {count} times", said, how, mend)


def _problem(what: str, said: object, how: str, mend: str) -> Problem:
    return Problem(place="$.observations.mail", expected=f"the same message{how} {what}", seen=str(said), mend=mend)


def _is_whole(item: Observation) -> bool:
    return item.double == "mail" and item.action == "message"


def _told(detail: Mapping[str, object]) -> list[str]:
    recipients = detail.get("rcpt")
    return [str(each) for each in recipients] if isinstance(recipients, (list, tuple)) else []
