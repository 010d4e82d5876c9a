"""The headers suite: a mail is one mail to every reader, with the headers it may have and no others.

Judged are the bytes that the mail server got (I2, I3, I5 to I7 of `sluicegate.mail`), or where it got none, the draft
as programs would send it. Whom a mail reaches is the suite `recipients`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING

from sluicegate.checks.check import Check, CheckConfig, Problem, Suite, always, finding
from sluicegate.checks.injected import HEADERS
from sluicegate.checks.model_calls import whole_log
from sluicegate.model import Case, Finding, Severity, Trial, Witness

if TYPE_CHECKING:
    from sluicegate.checks.mails import JudgedMail
    from sluicegate.mail.judged import Broken

__all__ = ["CHECKS", "SUITE", "broken_by", "is_told"]

_TOLD = 8
"""Of one trial and one check; the others are like them."""


def broken_by(check: str, trial: Trial, mend: str, is_asked: Callable[[Broken], bool]) -> Iterator[Finding]:
    """What the trial's mails break of the invariants asked for. Raises NotJudged where not all of it was seen."""
    # Here, because reading mails takes as long to load as most other suites together.
    from sluicegate.checks.mails import judged_mails, whole_mails

    kinds: dict[tuple[str, int, str, str], list[tuple[JudgedMail, Broken]]] = {}
    for mail in judged_mails(trial):
        for fault in filter(is_asked, mail.faults):
            kinds.setdefault((mail.place, mail.delivery, fault.invariant, fault.what), []).append((mail, fault))
    for alike in list(kinds.values())[:_TOLD]:
        yield _finding(check, trial, alike, mend)
    if not kinds:
        whole_log(trial)
        whole_mails(trial)


def _finding(check: str, trial: Trial, alike: Sequence[tuple[JudgedMail, Broken]], mend: str) -> Finding:
    """One kind of fault of one mail, however many builders of its draft show it."""
    mail, fault = alike[0]
    builders = ", ".join(dict.fromkeys(each.builder for each, _ in alike if each.builder))
    sender = f"as sent by the builder {builders}: " if builders else ""
    broke = next((f" (judge-parse: {each.witness_broke})" for each, _ in alike if each.witness_broke), "")
    problem = Problem(
        place=mail.place,
        expected=f"{fault.invariant}: {_LAWS[fault.invariant]}",
        seen=f"{sender}{fault.place}: {fault.what}{broke}: {fault.witness}",
        mend=mend,
    )
    witness = Witness.STRUCTURE if mail.builder else Witness.WIRE
    return finding(check, trial, problem, delivery=mail.delivery, severity=Severity.INCIDENT, witness=witness)


_LAWS = {
    "I1": "every RCPT and MAIL FROM must be one address that the case allows",
    "I2": "four readers must see the same headers, and none beyond those allowed",
    "I3": "no reader may see the headers end early",
    "I4": "every address that any reader finds in a header must be allowed, and readers must agree",
    "I5": "a mail must have no bare CR, LF or NUL, no line above 998 octets, and ASCII headers unless SMTPUTF8",
    "I6": "one delivery must send one mail",
    "I7": "what a header shows must hold no control, separator or unbalanced bidi character; file names are honest",
}


def _of(*invariants: str) -> Callable[[str, str], Callable[[Trial, CheckConfig], Iterator[Finding]]]:
    def made(check: str, mend: str) -> Callable[[Trial, CheckConfig], Iterator[Finding]]:
        def run(trial: Trial, _config: CheckConfig) -> Iterator[Finding]:
            return broken_by(check, trial, mend, lambda fault: fault.invariant in invariants and not is_told(fault))

        return run

    return made


def is_told(fault: Broken) -> bool:
    """Whether a fault lies in the conversation and not in the mail: whom one reaches by it is the other suite's."""
    return fault.invariant == "I1" or fault.place.startswith("command") or fault.place == "connection"


def _with_attacks(cases: Sequence[Case], seed: int) -> list[Case]:
    """The plan's cases, the attacks on those with a plain mail, and clean mails of the same care."""
    from sluicegate.checks.attacks import attacked
    from sluicegate.checks.clean_mails import clean_mails

    return [*cases, *attacked(cases, seed, HEADERS), *clean_mails(cases, seed)]


_ONE_LINE = (
    "Take out controls, separators and encoded words of what becomes a header, and look at the bytes last of all."
)

CHECKS: tuple[Check, ...] = tuple(
    Check(
        name=f"headers.{name}",
        suite="headers",
        title=title,
        run=_of(invariant)(f"headers.{name}", mend),
        applies=always,
        zero_tolerance=True,
    )
    for name, invariant, title, mend in (
        ("names", "I2", "Every reader sees the same headers, and only those a mail may have.", _ONE_LINE),
        ("whole", "I3", "The headers do not end early.", _ONE_LINE),
        ("bytes", "I5", "No bare CR, LF or NUL, no line too long, no control in a header.", _ONE_LINE),
        (
            "single",
            "I6",
            "No mail hides in a mail.",
            "End lines with CRLF alone, and stuff dots after every kind of line end.",
        ),
        ("shown", "I7", "What headers and file names show is what they are.", _ONE_LINE),
    )
)

SUITE = Suite(
    name="headers",
    title="A mail is one mail to every reader, with the headers it may have.",
    checks=tuple(check.name for check in CHECKS),
    cases=_with_attacks,
)
