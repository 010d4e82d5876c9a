"""Failing cases of a run into a golden set, or into the next training rows: proposed, and never into both."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from sluicegate.checks.plain_mails import was_made
from sluicegate.errors import Fault, InputError, nearest, printable
from sluicegate.model import Case
from sluicegate.plan.cases import PROPOSED, read_cases
from sluicegate.session.golden_check import leaks
from sluicegate.session.golden_failing import Failing
from sluicegate.session.golden_rows import Pinned, repinned, write_rows
from sluicegate.sets.manifest import manifest_of, manifest_path
from sluicegate.sets.sameness import asked_key, asks

__all__ = ["Added", "add_golden", "add_training"]


@dataclass(slots=True)
class Added:
    """What became of the failing cases."""

    added: list[str] = field(default_factory=list)
    known: list[str] = field(default_factory=list)
    """They stand there already, by id or by what they ask."""
    made: list[str] = field(default_factory=list)
    """Suites make them in each run: attacks, and copies of cases that stand there already."""
    refused: list[str] = field(default_factory=list)
    """Sentences: why a case was not taken."""
    unanswered: list[str] = field(default_factory=list)
    """Ids of training rows without a right answer yet."""
    pinned: Pinned | None = None


def add_golden(failing: Sequence[Failing], to: Path, *, beside: Sequence[Path] = (), only: Sequence[str] = ()) -> Added:
    """Append failing cases to the golden set `to`, each awaiting review, and let its manifest follow.

    `beside` are the other files of the set that `to` is a part of, as `set_beside` gives them. Cases that the set has
    already are left, and those that suites make of cases, unless `only` names them; one that was seen in training is
    refused. Raises InputError.
    """
    chosen, added = _chosen(failing, only), Added()
    if not only:
        chosen = _unmade(chosen, [to, *beside], added)
    manifest = manifest_path(to)
    entry = manifest_of(manifest).sets.get(to.name) if manifest is not None else None
    if manifest is not None and entry is not None and entry.train:
        chosen = _unseen(chosen, [manifest.parent / name for name in entry.train], added)
    cases = _new(chosen, [to, *beside], added, suffix=".failed")
    _append(to, cases, added)
    added.pinned = repinned(to) if cases else None
    return added


def add_training(
    failing: Sequence[Failing], to: Path, golden: Sequence[Path], *, only: Sequence[str] = (), near: float = 0.9
) -> Added:
    """Append failing cases to the training rows `to`, refusing what is golden: by its run, its id or what it asks.

    `golden` are the sets nothing may leak from. Raises InputError.
    """
    chosen, added = _chosen(failing, only), Added()
    for item in chosen:
        if item.is_golden:
            added.refused.append(f"'{item.case.id}' was run as a golden case")
    cases = _new([item for item in chosen if not item.is_golden], [to], added)
    held = list(read_cases(golden))
    ids, asked = {case.id for case in held}, {asked_key(asks(case)): case.id for case in held}
    fresh: list[Case] = []
    for case in cases:
        twin = case.id if case.id in ids else asked.get(asked_key(asks(case)))
        if twin is None:
            fresh.append(case)
        else:
            added.refused.append(f"'{case.id}' is golden, as '{twin}'")
    fresh = _unlike(fresh, golden, near, added)
    added.unanswered = [case.id for case in fresh if case.expected_output is None]
    _append(to, fresh, added)
    return added


def _chosen(failing: Sequence[Failing], only: Sequence[str]) -> list[Failing]:
    known = {item.case.id: item for item in failing}
    if strangers := [case_id for case_id in only if case_id not in known]:
        mend = nearest(strangers[0], known) or f"Failing are {', '.join(list(known)[:5]) or 'none'}."
        what = f"no case '{printable(strangers[0])}' failed in the run."
        raise InputError(Fault(where="--case", what=what, mend=mend))
    return [item for item in failing if not only or item.case.id in only]


def _unmade(chosen: Sequence[Failing], files: Sequence[Path], added: Added) -> list[Failing]:
    ids = {case.id for case in read_cases(_written(files))}
    copied = {item.case.id for item in chosen if "~" in item.case.id and item.case.id.partition("~")[0] in ids}
    added.made = [item.case.id for item in chosen if item.case.id in copied or was_made(item.case)]
    left = set(added.made)
    return [item for item in chosen if item.case.id not in left]


def _written(files: Sequence[Path]) -> list[Path]:
    return [path for path in files if path.exists() and path.stat().st_size]


def _new(chosen: Sequence[Failing], files: Sequence[Path], added: Added, *, suffix: str = "") -> list[Case]:
    """As cases that await review; those that the files have already are noted.

    `suffix` makes the id another than that of the case which failed: a plan may go on running both.
    """
    held = list(read_cases(_written(files)))
    ids, asked = {case.id for case in held}, {asked_key(asks(case)) for case in held}
    cases: list[Case] = []
    for item in chosen:
        case = _proposed(item)
        key = asked_key(asks(case))
        if key in asked or (not suffix and case.id in ids):
            added.known.append(case.id)
            continue
        base = f"{case.id[:180]}{suffix}"
        made, number = base, 1
        while made in ids:
            number += 1
            made = f"{base}-{number}"
        ids.add(made)
        asked.add(key)
        cases.append(replace(case, id=made))
    return cases


def _proposed(item: Failing) -> Case:
    """The case with where it comes from. What a suite derived from another has a '~' in its id, which no file may."""
    started = item.started
    said = {
        "from": "run",
        "ledger": item.ledger.name,
        "run_id": item.run_id,
        "origin": started.origin.value,
        "stage": started.stage,
        "attempt": started.attempt,
        "subject": started.subject,
        "at": started.at,
        "failed": list(item.reasons),
    }
    return replace(item.case, id=item.case.id.replace("~", "."), review=PROPOSED, provenance=said)


def _unseen(chosen: Sequence[Failing], train: Sequence[Path], added: Added) -> list[Failing]:
    found = leaks(((item.case.id, item.case) for item in chosen), train)
    if unreadable := [fault for fault in found if fault.case_id is None]:
        raise InputError(Fault(where=item.where, what=item.what, mend=item.mend) for item in unreadable)
    seen = {fault.case_id for fault in found}
    added.refused += [f"'{item.case.id}' was seen in training" for item in chosen if item.case.id in seen]
    return [item for item in chosen if item.case.id not in seen]


def _unlike(cases: Sequence[Case], golden: Sequence[Path], near: float, added: Added) -> list[Case]:
    """Without those that a golden case is nearly the same as."""
    found = leaks(((case.id, case) for case in cases), golden, near)
    seen = {fault.case_id for fault in found}
    added.refused += [f"'{case.id}' is nearly a golden case" for case in cases if case.id in seen]
    return [case for case in cases if case.id not in seen]


def _append(to: Path, cases: Sequence[Case], added: Added) -> None:
    if not cases:
        return
    write_rows(to, cases, after=to.read_bytes() if to.exists() else b"")
    added.added = [case.id for case in cases]
