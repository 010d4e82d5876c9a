"""What a judge is worth: its opinions against people's, bound to model and prompt, for a time."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path

from sluicegate.errors import Fault, InputError
from sluicegate.frozen import frozen
from sluicegate.model import canonical, decode, digest_bytes, encode, parse, parse_time, rfc3339
from sluicegate.opinions.asking import Judge, Judged
from sluicegate.opinions.questions import Question
from sluicegate.stats.agreement import Agreement

__all__ = ["Calibration", "calibrated", "read_calibration", "write_calibration"]


@frozen
class Calibration:
    """How often a judge agrees with people. Positive is what it is there to flag: a statement that is not supported.

    Only counts are kept; every figure is computed from them again.
    """

    schema_version: int
    model: str
    program: str
    """Digest of the program."""
    labels: str
    """SHA-256 of the file of labels."""
    labelled_by: tuple[str, ...]
    true_positive: int
    false_negative: int
    false_positive: int
    true_negative: int
    at: str
    expires: str

    @property
    def agreement(self) -> Agreement:
        """The counts."""
        return Agreement(
            true_positive=self.true_positive, false_negative=self.false_negative, false_positive=self.false_positive,
            true_negative=self.true_negative,
        )  # fmt: skip

    def objection(self, judge: Judge, now: datetime) -> str:
        """Why it says nothing of this judge now; empty where it does."""
        if self.model != judge.model:
            return f"it is of the model {self.model}, and {judge.model} is asked"
        if self.program != judge.program.digest:
            return "it is of another program: instructions or examples have changed"
        if not parse_time(self.at) <= now < parse_time(self.expires):
            return f"it holds from {self.at} to {self.expires}"
        return ""


def calibrated(
    judge: Judge, questions: Sequence[Question], judged: Judged, *, labels: bytes, now: datetime, days: int
) -> Calibration:
    """The record of a run over labelled questions. Raises InputError for one that proves nothing.

    A question without an opinion proves nothing of the others: left out, the hard ones would be missing.
    """
    faults = []
    if judged.fooled:
        what = f"the judge was fooled by {len(judged.fooled)} of its controls, which are wrong for sure."
        faults.append(Fault(where="controls", what=what, mend="Use another model, or mend the program."))
    if judged.silent:
        first = judged.silent[0]
        what = f"{len(judged.silent)} of {len(questions)} got no opinion, the first, '{first.id}': {first.why}."
        faults.append(Fault(where="labels", what=what, mend="Run it again: answers so far are stored."))
    counts = {(supported, found): 0 for supported in (True, False) for found in (True, False)}
    for question, opinion in zip(questions, judged.opinions, strict=True):
        if opinion.supported is not None:
            counts[bool(question.supported), opinion.supported] += 1
    for supported, word in ((True, "supported"), (False, "unsupported")):
        if not any(question.supported is supported for question in questions):
            mend = "Label statements of both kinds."
            faults.append(Fault(where="labels", what=f"none is {word}.", mend=mend))
    if faults:
        raise InputError(faults)
    return Calibration(
        schema_version=1,
        model=judge.model,
        program=judge.program.digest,
        labels=digest_bytes(labels),
        labelled_by=tuple(sorted({str(question.by) for question in questions})),
        true_positive=counts[False, False],
        false_negative=counts[False, True],
        false_positive=counts[True, False],
        true_negative=counts[True, True],
        at=rfc3339(now),
        expires=rfc3339(now + timedelta(days=days)),
    )


def write_calibration(record: Calibration, path: Path) -> None:
    """As one line of canonical JSON."""
    path.write_bytes(canonical(encode(record)) + b"\n")


def read_calibration(path: Path) -> Calibration:
    """A record as it was written. Raises InputError."""
    mend = "Make it with: sluicegate opinion calibrate LABELS --model MODEL"
    try:
        record = decode(Calibration, parse(path.read_bytes()), str(path))
        _ = record.agreement, parse_time(record.at), parse_time(record.expires)
    except OSError as error:
        raise InputError(Fault(where=str(path), what=f"cannot be read: {error.strerror}.", mend=mend)) from None
    except ValueError as error:
        raise InputError(Fault(where=str(path), what=f"is no calibration: {error}.", mend=mend)) from None
    if record.schema_version != 1:
        what = f"is of version {record.schema_version}, and this version reads 1."
        raise InputError(Fault(where=str(path), what=what, mend=mend))
    return record
