"""Locust's processes as `sluicegate load` starts them."""

from __future__ import annotations

import socket
import sys
from contextlib import suppress
from pathlib import Path

from sluicegate.model import Case
from sluicegate.plan.load import Arrival, LoadJob, Profile, Step
from sluicegate.plan.types import HttpTarget
from sluicegate.session.load_generators import Ended, generate

sys.path.insert(0, str(Path(__file__).parent))
from load_world import shards, target

sys.path.pop(0)

LOCUSTS_OWN_PORT = 5557


def test_two_loads_on_one_machine_do_not_meet(tmp_path: Path) -> None:
    """Where another master has Locust's own port, generators that share a load find each other all the same."""
    profile, ended = Profile(name="p", steps=(Step(for_s=1, rate=20),), arrival=Arrival.CONSTANT), Ended()
    with target() as address, socket.socket() as other:
        with suppress(OSError):  # somebody has it already
            other.bind(("0.0.0.0", LOCUSTS_OWN_PORT))
            other.listen()
        job = LoadJob(
            nonce="ab" * 16,
            target=HttpTarget(url=f"{address}/ok"),
            profile=profile,
            cases=(Case(id="ok"),),
            shards=str(tmp_path / "shards"),
            timeout_s=3.0,
        )
        generate(job, ended, workers=2, web=False, tell=None, lasts_s=1.0)

    assert (ended.said, ended.refused) == ([], [])
    assert [reader.broken for reader, _ in shards(tmp_path)] == [None, None]
    assert sum(len(requests) for _, requests in shards(tmp_path)) == 20
