"""Where floors meet: what a pipeline is to a runner, and what a recorder is to both."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from typing import Protocol

from sluicegate.frozen import frozen
from sluicegate.model.case import Capability, Case
from sluicegate.model.often import made_often
from sluicegate.model.output import Observation, Output, Trial

__all__ = ["Boundary", "Pipeline", "Recorder", "RunContext"]


@made_often
@frozen
class RunContext:
    """What a pipeline is told about the run it serves."""

    run_id: str
    """Attribution id: 16 hexadecimal digits, unique per trial of a run."""
    traceparent: str
    """W3C trace context whose trace id begins with the run id."""
    endpoints: Mapping[str, str] = field(default_factory=dict)
    """Doubles for this run by variable name, e.g. OPENAI_BASE_URL, with `/r/<run id>` in the path."""
    now: str | None = None
    delivery: int = 0
    repeat: int = 0
    """Which repeat of the case this is; a recording answers with the row of that repeat."""


class Pipeline(Protocol):
    """Anything that answers cases. Never raises for the pipeline's own failure: that is an Output with `error`.

    It may have a `begin(case, context, landed)`, which saves a runner the task around `call`: it returns at once what
    can be cancelled, and later calls `landed` with the Output and its milliseconds, once, or never after a `cancel`.
    """

    capabilities: frozenset[Capability]

    async def call(self, case: Case, context: RunContext) -> Output:
        """Answer one delivery of one case within the adapter's time-out."""
        ...

    async def aclose(self) -> None:
        """Give back every connection, thread and child process."""
        ...


class Recorder(Protocol):
    """Where trials go as they happen.

    It may have a `commit()`; then what is told before it need be on disk only when it returns. The runner calls it
    before it begins what it intends, and before it shows a trial to its checks.
    """

    def intend(self, case: Case, repeat: int, run_id: str) -> None:
        """Written before the first delivery."""
        ...

    def record(self, trial: Trial, run_id: str) -> None:
        """Written after the last delivery."""
        ...


class Boundary(Protocol):
    """The doubles around a pipeline, as the runner sees them.

    It may have a `when_written(run_id, tell)`, which calls `tell` once, as soon as a tool of the run has written, and
    a `listens(run_id)`, asked when the last delivery is answered and again that many seconds later: how long the run
    is to stay open for what still comes. 0 closes it. And a `goes_on(run_id, delivery)`, told before each delivery but
    the first: all earlier ones have been answered.
    """

    def open_run(self, run_id: str, case: Case) -> Mapping[str, str]:
        """Script the doubles for this run and name its endpoints by variable."""
        ...

    def close_run(self, run_id: str) -> tuple[Observation, ...]:
        """Everything attributed to this run, in order of arrival; the run's script and log are dropped."""
        ...
