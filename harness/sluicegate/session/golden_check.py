"""Whether golden sets are what they should be: sound, without duplicates, unseen in training, as pinned."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path, PurePath

from sluicegate.checks import rule_faults
from sluicegate.errors import Fault, InputError
from sluicegate.frozen import frozen
from sluicegate.model import Case, digest_of
from sluicegate.plan.cases import PROPOSED, each_case
from sluicegate.session.stage_cases import case_files
from sluicegate.session.workspace import Workspace
from sluicegate.sets.leakage import Unseen
from sluicegate.sets.manifest import UNSLICED, SetEntry, drift, manifest_of, manifest_path
from sluicegate.sets.near import near_duplicates
from sluicegate.sets.sameness import Shingles, asked_key, asks, shingles
from sluicegate.sets.training import TrainRow, train_rows

__all__ = ["LookedAt", "SetFault", "check_sets", "golden_of", "leaks", "set_beside", "sets_of"]

NEAR = 0.9
"""The Jaccard index from which two cases are near-duplicates."""
_PLANS = (".yaml", ".yml")


@frozen
class SetFault:
    """One thing wrong with a set."""

    kind: str
    """case | duplicate | near_duplicate | leak | drift | manifest"""
    where: str
    what: str
    mend: str = ""
    case_id: str | None = None

    def __str__(self) -> str:
        said = f"'{self.case_id}' {self.what}" if self.case_id is not None else self.what
        return str(Fault(where=self.where, what=said, mend=self.mend))


@dataclass(slots=True)
class LookedAt:
    """What was seen of some files of cases."""

    faults: list[SetFault] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    slices: dict[str, Counter[str]] = field(default_factory=dict)
    """File to slice to cases; the empty name counts those without one."""
    awaiting: int = 0
    trained: int = 0
    """Training examples compared with."""

    def add(self, other: LookedAt) -> None:
        """What was seen of another set as well."""
        self.faults += other.faults
        self.notes += other.notes
        self.slices |= other.slices
        self.awaiting += other.awaiting
        self.trained = max(self.trained, other.trained)

    @property
    def cases(self) -> int:
        """Of all files."""
        return sum(sum(counts.values()) for counts in self.slices.values())


@dataclass(slots=True)
class _Set:
    """The cases of all files together, a few hundred bytes each."""

    ids: list[str] = field(default_factory=list)
    places: list[str] = field(default_factory=list)
    asked: list[Shingles] = field(default_factory=list)
    unseen: Unseen | None = field(default_factory=Unseen)
    """None where there is no training to compare with: it takes as much room as the rest."""
    alike: dict[str, set[int]] = field(default_factory=dict)
    """Case id to the groups of near-duplicates on purpose that it is in."""

    def on_purpose(self, first: str, second: str) -> bool:
        return bool(self.alike.get(first, set()) & self.alike.get(second, set()))


def sets_of(paths: Sequence[Path]) -> tuple[list[list[Path]], dict[str, tuple[str, ...]]]:
    """The case files that are meant, set by set, and the slices a plan names.

    Files and folders given together are one set. A plan has two, its golden sets and its cases: one id may be in both.
    Raises InputError, for a plan its PlanError.
    """
    together: dict[Path, None] = {}
    found: list[list[Path]] = []
    slices: dict[str, tuple[str, ...]] = {}
    for path in paths:
        if path.suffix in _PLANS:
            workspace = Workspace(path)
            plan = workspace.plan
            for patterns in (plan.golden, plan.cases):
                files = [file.path for file in case_files(patterns, workspace.base)]
                if files and files not in found:
                    found.append(files)
            slices.update(plan.slices)
        elif path.is_dir():
            held = sorted(path.glob("*.jsonl"))
            if not held:
                raise InputError(Fault(where=str(path), what="Holds no file of cases.", mend="Name a *.jsonl file."))
            together.update(dict.fromkeys(held))
        else:
            together[path] = None
    return [*([list(together)] if together else []), *found], slices


def golden_of(paths: Sequence[Path]) -> list[Path]:
    """The golden sets that are meant, as `sets_of`; of a plan only its golden sets, which there must be."""
    found: dict[Path, None] = {}
    for path in paths:
        if path.suffix in _PLANS:
            workspace = Workspace(path)
            if not workspace.plan.golden:
                what, mend = "The plan names no golden set.", "Name the sets that no row may be of: --golden PATH."
                raise InputError(Fault(where=str(path), what=what, mend=mend))
            found.update((file.path, None) for file in case_files(workspace.plan.golden, workspace.base))
        else:
            found.update((file, None) for files in sets_of([path])[0] for file in files)
    return list(found)


def set_beside(plan: Path, to: Path) -> list[Path]:
    """The other files of the set of the plan, its golden ones or its cases, that `to` is or will be a part of.

    Raises PlanError.
    """
    workspace = Workspace(plan)
    base, meant = workspace.base.resolve(), to.resolve()
    name = meant.relative_to(base) if meant.is_relative_to(base) else meant
    for patterns in (workspace.plan.golden, workspace.plan.cases):
        found = {path.resolve(): path for pattern in patterns for path in base.glob(pattern) if path.is_file()}
        # A file that is still to be written is of the set whose pattern it will match.
        if meant in found or any(
            name.match(pattern) and len(name.parts) == len(PurePath(pattern).parts) for pattern in patterns
        ):
            return [path for resolved, path in sorted(found.items()) if resolved != meant]
    return []


def check_sets(files: Sequence[Path], *, train: Sequence[Path] = (), near: float = NEAR) -> LookedAt:
    """Look at the files as one set. Never raises for what they hold: every fault is in the result."""
    seen, looked = _Set(), LookedAt()
    entries = {file: _entry(file, looked) for file in files}
    for number, group in enumerate(group for entry in entries.values() if entry for group in entry[1].alike):
        for case_id in group:
            seen.alike.setdefault(case_id, set()).add(number)
    trained = [*train, *(entry[0].parent / name for entry in entries.values() if entry for name in entry[1].train)]
    if not trained:
        seen.unseen = None
    _read(files, seen, looked)
    looked.faults += _near(seen, near)
    for file, entry in entries.items():
        _compare(file, entry, looked)
    looked.faults += _leaks(seen, trained, near, looked)
    looked.faults.sort(key=_line)
    return looked


def _line(fault: SetFault) -> tuple[str, int]:
    """In the order of the files' lines; what is of a whole file first."""
    file, _, line = fault.where.rpartition(":")
    return (file, int(line)) if line.isdecimal() else (fault.where, 0)


def leaks(cases: Iterable[tuple[str, Case]], train: Sequence[Path], near: float = NEAR) -> list[SetFault]:
    """Where one of `cases` (place and case) is found in training files. Files that cannot be read are faults too."""
    seen = _Set()
    for place, case in cases:
        _add(seen, place, case)
    return list(_leaks(seen, train, near, LookedAt()))


def _entry(file: Path, looked: LookedAt) -> tuple[Path, SetEntry] | None:
    path = manifest_path(file)
    if path is None:
        if file.exists():
            mend = f"Run: sluicegate golden pin {file} --origin TEXT"
            looked.notes.append(f"{file} has no manifest, so nothing says what it should be. {mend}")
        return None
    try:
        entry = manifest_of(path).sets.get(file.name)
    except InputError as error:
        looked.faults += [
            SetFault(kind="manifest", where=fault.where, what=fault.what, mend=fault.mend) for fault in error.faults
        ]
        return None
    if entry is None:
        what = f"names no set '{file.name}'."
        looked.faults.append(
            SetFault(kind="manifest", where=str(path), what=what, mend=f"Run: sluicegate golden pin {file}")
        )
        return None
    return path, entry


def _read(files: Sequence[Path], seen: _Set, looked: LookedAt) -> None:
    faults: list[Fault] = []
    first: dict[int, tuple[int, str]] = {}
    looked.slices = {str(file): Counter() for file in files}
    for place, case in each_case(files, faults):
        looked.slices[place.rpartition(":")[0]][case.slice or UNSLICED] += 1
        looked.awaiting += case.review == PROPOSED
        looked.faults += _unsound(place, case)
        known = first.get(key := asked_key(asks(case)))
        if known is None or seen.on_purpose(case.id, seen.ids[known[0]]):
            first.setdefault(key, (len(seen.ids), digest_of(case.expect)))
            _add(seen, place, case)
            continue
        what = f"asks the same as '{seen.ids[known[0]]}' at {seen.places[known[0]]}"
        if known[1] != digest_of(case.expect):
            what += ", and expects something else"
        looked.faults.append(
            SetFault(kind="duplicate", where=place, case_id=case.id, what=f"{what}.", mend="Keep one of them.")
        )
    looked.faults[:0] = [SetFault(kind="case", where=fault.where, what=fault.what, mend=fault.mend) for fault in faults]


def _add(seen: _Set, place: str, case: Case) -> None:
    seen.ids.append(case.id)
    seen.places.append(place)
    seen.asked.append(shingles(asks(case)))
    if seen.unseen is not None:
        seen.unseen.add(case)


def _unsound(place: str, case: Case) -> Iterator[SetFault]:
    for name in ("must", "must_not"):
        for rule in getattr(case.expect, name):
            for fault in rule_faults(rule, place):
                yield SetFault(kind="case", where=place, case_id=case.id, what=f"{name}: {fault.what}", mend=fault.mend)
    if len(set(case.tags)) != len(case.tags) or not all(tag.strip() for tag in case.tags):
        what = "names a tag twice, or an empty one."
        yield SetFault(kind="case", where=place, case_id=case.id, what=what, mend="Name each tag once.")


def _near(seen: _Set, threshold: float) -> Iterator[SetFault]:
    for twin in near_duplicates(seen.asked, threshold):
        here, there = seen.ids[twin.index], seen.ids[twin.like]
        if seen.on_purpose(here, there):
            continue
        what = f"is {twin.likeness:.0%} like '{there}' at {seen.places[twin.like]}: it measures hardly anything new."
        mend = "Keep one, make them differ, or name both in a group `alike` of the manifest."
        yield SetFault(kind="near_duplicate", where=seen.places[twin.index], case_id=here, what=what, mend=mend)


def _compare(file: Path, entry: tuple[Path, SetEntry] | None, looked: LookedAt) -> None:
    unread = (fault.where for fault in looked.faults if fault.kind == "case" and fault.case_id is None)
    if entry is None or any(where in (str(file), "") or where.rpartition(":")[0] == str(file) for where in unread):
        return  # a file that cannot be read whole has no counts to compare
    digest = sha256(file.read_bytes()).hexdigest()
    for said in drift(entry[1], looked.slices[str(file)], digest):
        mend = f"If the change is meant, run: sluicegate golden pin {file}"
        looked.faults.append(SetFault(kind="drift", where=str(file), what=said, mend=mend))


def _leaks(seen: _Set, train: Sequence[Path], threshold: float, looked: LookedAt) -> Iterator[SetFault]:
    for path in dict.fromkeys(train):
        rows: list[TrainRow] = []
        try:
            rows += train_rows(path)
        except InputError as error:
            for item in error.faults:
                yield SetFault(kind="leak", where=item.where, what=item.what, mend=item.mend)
            continue
        looked.trained += len(rows)
        for position, number, what in seen.unseen.find(rows, threshold) if seen.unseen is not None else ():
            yield _leak(seen, number, rows[position], what)


def _leak(seen: _Set, number: int, row: TrainRow, what: str) -> SetFault:
    said = f"was seen in training: {what} in {row.where}."
    mend = "Take it out of one of the two: a program knows the answers it was shown."
    return SetFault(kind="leak", where=seen.places[number], case_id=seen.ids[number], what=said, mend=mend)
