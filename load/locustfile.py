"""Run as `locust -f load/locustfile.py`: with the web page or `--headless`, with `--processes`, as master and workers.

With `--plan` and `--load-profile` (or a `--job`, as `sluicegate load` gives it) every process takes its share of the
profile, and the run ends by itself. Without, Locust's own `-u`, `-r`, `-t` and `--host` say how many users ask where.
Either way each process writes a shard of raw samples into `--shards`.

In a file of one's own: `from sluicegate.load.locustfile import *`.
"""

from __future__ import annotations

import os
import sys
from typing import Any

import gevent
from locust import User, events
from locust.env import Environment
from locust.runners import MasterRunner, WorkerRunner

from sluicegate.errors import InputError
from sluicegate.load.conducting import DONE, GO, READY, REFUSED, START, Conductor
from sluicegate.load.jobs import given_job, read_job

__all__ = ["Asking"]

_ASKED: dict[int, Conductor] = {}
"""The conductor of each environment of this process: one, but where tests make more."""


def _ask(user: Any) -> None:
    """One request, where users are what Locust was asked for."""
    engine = conductor(user.environment).users
    if engine is None:
        gevent.sleep(0.1)
    else:
        engine.ask_next()


class Asking(User):  # type: ignore[misc] # Locust is not typed where it is not installed
    """Asks the next case, waits for the answer, asks again; stands still while a profile is under way."""

    tasks = (_ask,)


def conductor(environment: Environment) -> Conductor:
    """What conducts this environment's runs."""
    return _ASKED[id(environment)]


def _options(parser: Any, **_: Any) -> None:
    where = {"include_in_web_ui": False}
    parser.add_argument("--plan", env_var="SLUICEGATE_PLAN", metavar="PLAN", help="a plan with load:", **where)
    parser.add_argument("--load-profile", metavar="NAME", help="one of the plan's profiles", **where)
    parser.add_argument("--job", env_var="SLUICEGATE_LOAD_JOB", help="what sluicegate load hands over", **where)
    parser.add_argument("--cases", metavar="FILE", help="without a plan: cases to ask, JSONL", **where)
    parser.add_argument("--shards", default="load-shards", metavar="DIR", help="where raw samples go", **where)
    parser.add_argument(
        "--allow", action="append", metavar="HOST", help="without a plan: a test target besides loopback", **where
    )


def _begin(environment: Environment, runner: Any, **_: Any) -> None:
    """Wire one environment. A job that cannot be done ends the process here, before anything is sent."""
    options, is_worker = environment.parsed_options, isinstance(runner, WorkerRunner)
    conducting = _ASKED[id(environment)] = Conductor(environment)
    if not isinstance(runner, MasterRunner):
        # Before anything is read, which takes its time: a master may call meanwhile.
        runner.register_message(START, conducting.on_start)
        runner.register_message(GO, conducting.on_go)
    try:
        # What `--processes` forked reads it only to end with the rest: Locust would leave it waiting for a minute.
        said = None if is_worker and not options.processes else given_job(options)
        job = None if said is None else (said, read_job(said))
    except InputError as error:
        if not is_worker:
            sys.stderr.write(f"{error}\n")
        sys.exit(REFUSED)
    if job is not None and not is_worker:
        conducting.take(job)
    if options.job and not is_worker:
        gevent.spawn(conducting.end_with, os.getppid())
    if not isinstance(runner, WorkerRunner):
        runner.register_message(READY, conducting.on_ready)
        runner.register_message(DONE, conducting.on_done)
        environment.events.test_start.add_listener(conducting.on_test_start)
    environment.events.test_stop.add_listener(conducting.on_test_stop)
    environment.events.quitting.add_listener(conducting.on_quitting)


events.init_command_line_parser.add_listener(_options)
events.init.add_listener(_begin)
