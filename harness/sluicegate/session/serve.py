"""The broker's job when pytest asks: one stage's run, and at its end the verdict, decided where no user code ever was.

`sluicegate.broker` starts `compose` in a process of its own, with the configuration as JSON.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from sluicegate.broker.catalogue import Catalogue
from sluicegate.errors import Fault, InputError
from sluicegate.model import Json
from sluicegate.session.stage_run import StageRun
from sluicegate.session.workspace import Workspace

if TYPE_CHECKING:
    from sluicegate.session.judged import Judged

__all__ = ["GatedRun", "compose"]


async def compose(config: Mapping[str, Json]) -> GatedRun:
    """The job for a plan, or for a reference pipeline where none is given.

    `config`: `plan` or `reference`, and `stage`, `evidence`, `shards`, `cases`, `failed`, `junit`, `screen` (width,
    colour, ascii). Raises InputError for anything that is wrong with plan, lock, stage, cases or selection.
    """
    workspace, stage_name = _workspace(config)
    stage = workspace.stage(stage_name, where="--sluicegate-stage")
    run = StageRun(workspace, stage, shards=int(config.get("shards", 1)))
    run.select(frozenset(config.get("cases", ())), failed=bool(config.get("failed")))
    # Now, when the user is told at once; after the run it would be too late.
    _ = run.workspace.subject
    return GatedRun(run, config)


def _workspace(config: Mapping[str, Json]) -> tuple[Workspace, str | None]:
    evidence = Path(config["evidence"]) if config.get("evidence") else None
    if config.get("plan"):
        return Workspace(Path(config["plan"]), evidence=evidence), config.get("stage")
    from sluicegate.session.demo import demonstration

    if evidence is None:
        raise InputError(Fault(where="evidence", what="a reference pipeline needs a folder to write to."))
    shown = demonstration(str(config["reference"]), None, evidence)
    return shown.workspace, shown.reference.stage


class GatedRun:
    """A stage's run as the broker serves it."""

    def __init__(self, run: StageRun, config: Mapping[str, Json]) -> None:
        self._run = run
        self._config = config
        self.begin = run.begin
        self.ask = run.ask
        self.test = run.test
        self.status = run.status
        self.produce = run.produce
        self.checked = run.checked
        self.open_shard = run.open_shard
        self.close_shard = run.close_shard

    @property
    def catalogue(self) -> Catalogue:
        """The finished trials."""
        return self._run.catalogue

    async def close(self, *, complete: bool) -> Mapping[str, Json]:
        """Close the ledgers, judge, write verdict and reports; `text` is what a terminal shows.

        A run that was only described, for `--collect-only`, leaves nothing.
        """
        run = self._run
        if not run.is_begun:
            return {}
        await run.finish(complete=complete)
        return await asyncio.to_thread(self._judged)

    def _judged(self) -> Mapping[str, Json]:
        from sluicegate.session.judge import judge

        run = self._run
        judged = judge(run.workspace, run.stage)
        if self._config.get("junit"):
            _copy(judged.written["junit.xml"], Path(self._config["junit"]))
        fault = [str(run.fault)] if run.fault is not None else []
        return {
            "text": self._shown(judged),
            "kind": judged.verdict.kind.value,
            "exit_code": judged.verdict.exit_code,
            "notes": [*fault, *run.notes],
            "recorded": run.fault is None,
        }

    def _shown(self, judged: Judged) -> str:
        from sluicegate.report.terminal import render_terminal
        from sluicegate.session.reports import shown_verdict

        run, screen = self._run, self._config.get("screen", {})
        width, colour, ascii_only = screen.get("width", 80), bool(screen.get("colour")), bool(screen.get("ascii"))
        if not self._config.get("plan"):
            # The folder of a reference pipeline is gone when the session ends: its reports are not worth naming.
            return render_terminal(judged.verdict, width=width, colour=colour, ascii_only=ascii_only)
        return shown_verdict(
            judged, run.workspace, run.stage, "text", width=width, colour=colour, ascii_only=ascii_only
        )


def _copy(written: Path, wanted: Path) -> None:
    try:
        wanted.parent.mkdir(parents=True, exist_ok=True)
        wanted.write_bytes(written.read_bytes())
    except OSError as error:
        what = f"the JUnit file cannot be written: {error.strerror}."
        raise InputError(Fault(where=str(wanted), what=what, mend="Give a path you can write.")) from None
