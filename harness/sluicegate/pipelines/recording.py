"""Outputs that exist already, replayed by case id: JSON lines, or OTLP/JSON traces."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from sluicegate.errors import Fault, InputError
from sluicegate.model import Capability, Case, CrashKind, Output, Provenance, RunContext
from sluicegate.pipelines.conversion import MAX_BYTES
from sluicegate.pipelines.crashes import crash
from sluicegate.pipelines.recorded_rows import RecordedRows
from sluicegate.pipelines.recorded_traces import RecordedTraces
from sluicegate.plan.types import RecordingTarget

__all__ = ["RecordingPipeline"]

_FORMATS = ("jsonl", "otlp")
_MAX_FILES = 1 << 16


class RecordingPipeline:
    """Answers each case with its recorded row: the n-th row of a case id is repeat n.

    Opening reads every file once and keeps where each row stands; answers are read from disk. An answer carries the
    latency, usage and cost that were recorded, and is marked `replayed`. Raises InputError, with file and line, for
    patterns that match nothing, rows that cannot be read, rows without a case id and rows recorded twice.
    """

    def __init__(
        self,
        target: RecordingTarget,
        *,
        base: Path,
        capabilities: Iterable[Capability] = (),
        max_bytes: int = MAX_BYTES,
    ) -> None:
        self.capabilities = frozenset(capabilities)
        if target.format not in _FORMATS:
            what = f"format '{target.format}' is unknown."
            raise InputError(Fault(where="pipeline.recording", what=what, mend=f"Write {' or '.join(_FORMATS)}."))
        kind = RecordedRows if target.format == "jsonl" else RecordedTraces
        self._recorded: RecordedRows | RecordedTraces = kind(target, max_bytes=max_bytes)
        self._paths = target.paths
        self._base = base
        self._opened = False
        self._asked = 0

    async def open(self) -> None:
        """Read the files once. Raises InputError with every fault found (the first twenty of a file)."""
        if not self._opened:
            self._recorded.read(_files(self._paths, self._base), self._base)
            self._opened = True

    async def call(self, case: Case, context: RunContext) -> Output:
        """What was recorded for this case at this repeat and delivery."""
        await self.open()
        number = context.repeat * case.given.times + context.delivery
        output = self._recorded.output(case.id, number)
        if output is None:
            rows = f"its row number {number + 1}" if number else "no row"
            said = f"The recording has {'not ' if number else ''}{rows} for case {case.id}."
            return crash(CrashKind.NOT_RECORDED, said)
        self._asked += 1
        kept = output.provenance if output.provenance is Provenance.MOCKED else Provenance.REPLAYED
        return replace(output, provenance=kept)

    async def aclose(self) -> None:
        """Close the files."""
        self._recorded.close()

    def notes(self) -> tuple[str, ...]:
        """How much of the recording nobody asked for."""
        if not isinstance(self._recorded, RecordedRows):
            return ()
        rest, every = len(self._recorded) - self._asked, len(self._recorded)
        said = "recorded rows were not asked for: no case of that id, or no such repeat of it, was run"
        return (f"{rest} of {every} {said}",) if rest > 0 else ()


def _files(patterns: Iterable[str], base: Path) -> list[Path]:
    found: dict[Path, None] = {}
    faults: list[Fault] = []
    for pattern in patterns:
        root = Path(pattern)
        matched = [root] if root.is_absolute() and root.is_file() else sorted(base.glob(pattern)) if pattern else []
        files = [path for path in matched if path.is_file()]
        if not files:
            what = f"'{pattern}' matches no file in {base}."
            faults.append(Fault(where="pipeline.recording", what=what, mend="Record first, or correct the pattern."))
        found.update(dict.fromkeys(files))
    if len(found) > _MAX_FILES:
        what = f"the patterns match {len(found):,} files; at most {_MAX_FILES:,} are read."
        faults.append(Fault(where="pipeline.recording", what=what, mend="Join them."))
    if faults:
        raise InputError(faults)
    return list(found)
