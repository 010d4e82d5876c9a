"""What stands around a pipeline whose flags the cases set: a flags file, a switch, and a second process."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path

from sluicegate.doubles.flags import VARIABLE, FlagFile
from sluicegate.errors import Fault, InputError
from sluicegate.model import Boundary, FlagSwitch, Json, Pipeline
from sluicegate.pipelines.build import Ears, make_pipeline
from sluicegate.pipelines.switch import CallableSwitch, CommandSwitch
from sluicegate.plan.types import CallableTarget, CommandTarget, HttpTarget, PipelineSpec, RecordingTarget
from sluicegate.runner.flags import Flagged

__all__ = ["Flagging"]


class Flagging:
    """A folder with the flags file, there before the pipeline is and gone after it."""

    def __init__(self, spec: PipelineSpec, base: Path) -> None:
        """Raises InputError for a pipeline that nobody can set a flag for."""
        _check_reach(spec)
        self._spec = spec
        self._base = base
        self._folder = Path(tempfile.mkdtemp(prefix="sluicegate-flags-"))
        self._file = FlagFile(self._folder / "flags.json")
        self.environment: Mapping[str, str] = {VARIABLE: str(self._file.path)}
        """What pipeline and switch find the file by."""

    def around(
        self,
        pipeline: Pipeline,
        boundary: Boundary | None,
        endpoints: Mapping[str, str],
        *,
        noticed: Callable[[str, str | None], None] | None = None,
        switched: Callable[[], None] | None = None,
    ) -> Flagged:
        """The pipeline with its switch, and a second process of it where it is ours to start.

        `switched` is called after each change that a switch of the user's own has made.
        """
        another = partial(make_pipeline, self._spec, base=self._base, endpoints=endpoints, ears=Ears(noticed=noticed))
        return Flagged(
            pipeline,
            another=another if isinstance(self._spec.target, (CallableTarget, CommandTarget)) else None,
            switch=_Heard(self._switch(), switched) if self._spec.switch is not None and switched else self._switch(),
            boundary=boundary,
            endpoints=self.environment,
        )

    def clear(self) -> None:
        """Remove the folder."""
        shutil.rmtree(self._folder, ignore_errors=True)

    def _switch(self) -> FlagSwitch:
        spec = self._spec
        environment = {**spec.environment, **self.environment}
        match spec.switch:
            case CallableTarget(target=target):
                return CallableSwitch(target, base=self._base, environment=environment, timeout_s=spec.timeout_s)
            case CommandTarget(argv=argv):
                return CommandSwitch(argv, base=self._base, environment=environment, timeout_s=spec.timeout_s)
            case _:
                return self._file


class _Heard:
    """A switch, and somebody who is told of each change."""

    def __init__(self, switch: FlagSwitch, switched: Callable[[], None]) -> None:
        self.by = switch.by
        self._switch = switch
        self._switched = switched

    async def open(self) -> None:
        await self._switch.open()

    async def change(self, change: Mapping[str, Json]) -> str | None:
        fault = await self._switch.change(change)
        self._switched()
        return fault

    async def aclose(self) -> None:
        await self._switch.aclose()


def _check_reach(spec: PipelineSpec) -> None:
    if isinstance(spec.target, RecordingTarget):
        what = "declares flags, and a recording cannot be asked for whom a flag is on."
        raise InputError(Fault(where="pipeline", what=what, mend="Take flags out of its capabilities."))
    if isinstance(spec.target, HttpTarget) and spec.switch is None:
        what = "declares flags, and a service that is running already cannot be told where the flags file is."
        raise InputError(Fault(where="pipeline", what=what, mend="Write switch: what sets a flag for the service."))
