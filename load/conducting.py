"""How the processes of one test agree: the first tells every worker its part, and hears when each is done."""

from __future__ import annotations

import os
import secrets
import signal
import sys
import time
from typing import Any

import gevent
from locust.env import Environment
from locust.runners import STATE_MISSING, MasterRunner

from sluicegate.errors import InputError
from sluicegate.ledger import LedgerError
from sluicegate.load.asking import Asker
from sluicegate.load.engine import Engine, Part, planned_of
from sluicegate.load.jobs import PLAIN, digest_of_job, plain_job, read_job
from sluicegate.load.shapes import Standing
from sluicegate.plan.arrivals import lasts_us
from sluicegate.plan.load import LoadJob

__all__ = ["DONE", "GO", "READY", "REFUSED", "START", "Conductor"]

START = "sluicegate_start"
"""To a worker: the job and its part of the run, to make ready for."""
READY = "sluicegate_ready"
"""From a worker: it could begin."""
GO = "sluicegate_go"
"""To a worker: when the profile begins."""
DONE = "sluicegate_done"
"""From a worker: how its part ended."""

COMPLETE, REFUSED, STOPPED, BROKEN = 0, 3, 4, 5
"""Exit codes: every share sent and written; nothing sent; stopped before the end; a worker was lost or full."""

_AHEAD_S, _AHEAD_OF_MANY_S = 0.05, 0.5
"""How long after it is told a profile begins: every worker is to have heard it by then."""
_READY_WITHIN_S = 60.0
_GRACE_S = 15.0
_WORKERS_WAIT_S = 60
_LOOK_S = 1.0


class Conductor:
    """One environment's runs: on a master what its workers do, on a worker its own engine, alone both."""

    def __init__(self, environment: Environment) -> None:
        self._environment = environment
        self._job: tuple[bytes, LoadJob] | None = None
        """None where users are as many as Locust is asked for, and on a worker, which is told."""
        self._engine: Engine | None = None
        self._awaited: list[str | None] = []
        """The workers of this run; None is this process, which works alone."""
        self._ended: dict[str, str] = {}
        """How each ended, by its name."""
        self._deadline = 0.0
        self._ready: set[str] = set()
        self._went = False
        self._prepared: tuple[bytes, LoadJob, dict[str, Any]] | None = None
        """On a worker: the job and its part, but for the time."""
        self._was_started = self._is_running = False

    def take(self, job: tuple[bytes, LoadJob]) -> None:
        """Master or alone: this is to be done, and the run ends with it."""
        self._job, environment = job, self._environment
        environment.shape_class = Standing(self.is_over)
        environment.shape_class.runner = environment.runner
        environment.parsed_options.expect_workers_max_wait = (
            environment.parsed_options.expect_workers_max_wait or _WORKERS_WAIT_S
        )
        # Locust hears SIGTERM only after a shape has ended: until then it would end without a word.
        if environment.parsed_options.headless:
            gevent.signal_handler(signal.SIGTERM, self._on_sigterm)

    @property
    def users(self) -> Engine | None:
        """The engine that Locust's own users ask through, once it is there."""
        return self._engine if self._engine is not None and self._engine.job.profile.name == PLAIN else None

    def is_over(self) -> bool:
        """Whether every worker that is still there has said how it ended, or the last moment to do so has passed."""
        if not self._is_running:
            return False
        self._go_when_ready()
        return len(self._ended) + len(self._lost()) >= len(self._awaited) or time.monotonic() > self._deadline

    def end_with(self, parent: int) -> None:
        """Stop when the process that started this one has gone: nobody would take in what is measured then."""
        while os.getppid() == parent:
            gevent.sleep(_LOOK_S)
        self._on_sigterm()

    def on_test_start(self, environment: Environment, **_: Any) -> None:
        """Master or alone: tell each worker its part."""
        runner: Any = environment.runner
        try:
            said, job = self._job or self._plain(environment)
        except InputError as error:
            self._refuse(error)
            gevent.spawn(runner.quit)
            return
        if self._job is None:  # what Locust's users have under way when they are to go is waited for
            environment.stop_timeout = environment.stop_timeout or job.timeout_s
        workers = [client.id for client in _active(runner)] if isinstance(runner, MasterRunner) else [None]
        run = secrets.token_hex(8)
        self._awaited, self._ended, self._ready, self._went = workers, {}, set(), False
        self._was_started = self._is_running = True
        lasts_s = lasts_us(job.profile, job.trace) / 1e6
        self._deadline = time.monotonic() + _READY_WITHIN_S + lasts_s + job.timeout_s + _GRACE_S
        for worker, client_id in enumerate(workers):
            part = {"run": run, "worker": worker, "of": len(workers)}
            runner.send_message(START, {"job": said, "part": part}, client_id=client_id)

    def on_start(self, environment: Environment, msg: Any, **_: Any) -> None:
        """Worker or alone: make ready, so that nothing but the time is missing."""
        said, part = msg.data["job"], msg.data["part"]
        runner: Any = environment.runner
        try:
            job = read_job(said)
            Asker(job)
            self._prepared = said, job, {**part, "planned": planned_of(job, part["worker"], part["of"])}
        except InputError as error:
            self._refuse(error)
            self._tell("refused")
            return
        runner.send_message(READY, None)

    def on_ready(self, msg: Any, **_: Any) -> None:
        """Master or alone: one more worker could begin."""
        self._ready.add(msg.node_id)
        self._go_when_ready()

    def on_go(self, environment: Environment, msg: Any, **_: Any) -> None:
        """Worker or alone: begin at the time that is told."""
        if self._prepared is None:
            return
        said, job, part = self._prepared
        try:
            part_then = Part(**part, start_us=msg.data)
            fire = environment.events.request.fire
            self._engine = Engine(job, digest_of_job(said), part_then, fire=fire, broken=self._break)
        except InputError as error:
            self._refuse(error)
            self._tell("refused")
            return
        if self.users is not None:
            self._engine.watch()
        else:
            gevent.spawn(self._run, self._engine)

    def on_done(self, msg: Any, **_: Any) -> None:
        """Master or alone: one more worker has ended."""
        self._ended[msg.node_id] = str(msg.data)
        if msg.data == "broken":
            self._environment.process_exit_code = BROKEN
            runner: Any = self._environment.runner
            gevent.spawn(runner.quit)

    def on_test_stop(self, environment: Environment, **_: Any) -> None:
        """Locust's own users have gone: that is how their run ends. A profile ends early here, or has ended."""
        self._finish(complete=self.users is not None)
        self._is_running = False

    def on_quitting(self, environment: Environment, **_: Any) -> None:
        """The process ends: what is not over is stopped, and the exit code says how it went."""
        self._finish(complete=False)
        if environment.process_exit_code is None and self._was_started and self._job is not None:
            environment.process_exit_code = self._code()

    def _go_when_ready(self) -> None:
        """Tell the time once every worker is ready, lost or has refused."""
        missing = len(self._awaited) - len(self._ready | self._ended.keys() | set(self._lost()))
        if self._went or missing or not self._ready:
            return
        self._went = True
        runner: Any = self._environment.runner
        ahead_s = _AHEAD_OF_MANY_S if len(self._awaited) > 1 else _AHEAD_S
        runner.send_message(GO, time.time_ns() // 1000 + round(ahead_s * 1e6))

    def _on_sigterm(self) -> None:
        if not self._was_started:
            sys.exit(STOPPED)
        self._finish(complete=False)
        self._deadline = 0.0

    def _run(self, engine: Engine) -> None:
        if engine.run():
            self._tell("complete")

    def _break(self, error: LedgerError) -> None:
        """What is measured from here on could not be kept: no evidence, and no reason to go on."""
        sys.stderr.write(f"error: {error}\n")
        self._tell("broken")

    def _finish(self, *, complete: bool) -> None:
        if self._engine is not None and self._engine.finish(complete=complete):
            self._tell("complete" if complete else "stopped")

    def _tell(self, how: str) -> None:
        runner: Any = self._environment.runner
        runner.send_message(DONE, how)

    def _refuse(self, error: InputError) -> None:
        sys.stderr.write(f"{error}\n")
        self._environment.process_exit_code = REFUSED

    def _plain(self, environment: Environment) -> tuple[bytes, LoadJob]:
        said = plain_job(environment.parsed_options, environment.host)
        return said, read_job(said)

    def _code(self) -> int:
        said = self._ended.values()
        if "refused" in said:
            return REFUSED
        if "stopped" in said:
            return STOPPED
        return COMPLETE if len(said) >= len(self._awaited) else BROKEN

    def _lost(self) -> list[str]:
        """Workers that Locust has not heard of for three heartbeats."""
        clients: Any = getattr(self._environment.runner, "clients", {})
        named = [name for name in self._awaited if name is not None and name not in self._ended]
        return [name for name in named if name not in clients or clients[name].state == STATE_MISSING]


def _active(runner: MasterRunner) -> list[Any]:
    return [*runner.clients.ready, *runner.clients.running, *runner.clients.spawning]
