"""Jobs for broker processes under test: an echo of some cases, as slow, as broken and as closed as asked."""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path

from sluicegate.broker.broker import Broker
from sluicegate.broker.catalogue import Catalogue
from sluicegate.broker.earlier import take_over
from sluicegate.errors import Fault, InputError
from sluicegate.ledger import Checked, Expected, RunStarted, resume
from sluicegate.model import Case, Finding, Origin, Output, encode
from sluicegate.runner import drive


def started(count: int, previous: str | None = None) -> RunStarted:
    return RunStarted(
        schema_version=1,
        nonce="n",
        at="2026-01-01T00:00:00Z",
        origin=Origin.SUITE,
        stage="s",
        attempt=1,
        subject="s",
        apparatus="a",
        plan_digest="p",
        lock_digest="l",
        engine="e",
        previous=previous,
        pipeline="callable",
        expected=Expected(cases=count, trials=count, ids_digest="i"),
    )


def examine(trial) -> Checked:
    fails = trial.case.id.endswith("7")
    finding = Finding(check="own.seven", case_id=trial.case.id, message="is a seven")
    return Checked(
        case_id=trial.case.id,
        repeat=trial.repeat,
        results={"own.seven": "fail" if fails else "pass"},
        findings=(finding,) if fails else (),
    )


class Echo:
    capabilities = frozenset()

    def __init__(self, wait_s: float) -> None:
        self._wait_s = wait_s

    async def call(self, case, context) -> Output:
        await asyncio.sleep(self._wait_s)
        return Output(content=f"{case.input} from {os.getpid()}")

    async def aclose(self) -> None:
        pass


class Job:
    """`{"ledger": …, "count": …, "wait_s": …, "fail": …, "earlier": […]}`."""

    def __init__(self, config) -> None:
        self.count = config["count"]
        self.wait_s = config.get("wait_s", 0)
        self.fail = config.get("fail")
        self.earlier = [Path(path) for path in config.get("earlier", [])]
        self.catalogue = Catalogue(lambda case: ["even" if int(case.id[1:]) % 2 == 0 else "odd"])
        self.resumed = resume(self.earlier)
        self.broker = Broker(
            Path(config["ledger"]),
            started(self.count, self.resumed.head),
            examine=examine,
            catalogue=self.catalogue,
            resumed=(self.resumed.run, len(self.resumed.crashed)),
        )
        self.checked = self.broker.checked
        self.test = self.broker.test
        self.open_shard = self.broker.open_shard
        self.close_shard = self.broker.close_shard
        self.produced = 0

    def status(self):
        return {"counts": encode(self.broker.counts), "produced_times": self.produced, "pid": os.getpid()}

    async def produce(self, stop) -> None:
        self.produced += 1
        if self.fail == "produce":
            raise InputError(Fault(where="plan.yaml:3", what="the pipeline cannot be loaded.", mend="Mend it."))
        await take_over(self.broker, self.catalogue, self.earlier)
        trials = ((Case(id=f"c{n}", input={"n": n}), 0) for n in range(self.count))
        await drive(
            Echo(self.wait_s), self.resumed.remaining(trials), recorder=self.broker, nonce="n", concurrency=4, stop=stop
        )

    async def close(self, *, complete: bool):
        closed = self.broker.close(complete=complete)
        return {"complete": closed.complete, "head": self.broker.head, "counts": encode(closed.counts)}


async def echo(config) -> Job:
    if config.get("fail") == "compose":
        raise InputError(Fault(where="plan.yaml:1", what="is no plan.", mend="Write one."))
    if config.get("fail") == "die":
        sys.exit(7)
    print("noise on stdout comes after the answer")
    return Job(config)
