"""The flags file, read by the real flagd provider of OpenFeature: what is written there means what the case says."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from openfeature import api
from openfeature.contrib.provider.flagd import FlagdProvider
from openfeature.contrib.provider.flagd.config import ResolverType
from openfeature.evaluation_context import EvaluationContext

from sluicegate.doubles.flags import FlagFile, flagd_flag
from sluicegate.fixtures.flag_rollout.switch import Switch
from sluicegate.model import parse_time

WINDOW = {"since": "2026-01-05T18:00:00Z", "until": "2026-01-06T18:00:00Z"}
Ask = Callable[..., set[int]]


def a_change(**more: Any) -> dict[str, Any]:
    return {
        "flag": "rag", "percent": 100, "salt": None, "off_units": [], "off_cohort": None, "killed": False, **more,
    }  # fmt: skip


@pytest.fixture
def ask(tmp_path: Path) -> Iterator[Ask]:
    """Sets the flags and answers for which of so many units the first is on, once the change has arrived."""
    file = FlagFile(tmp_path / "flags.json")
    provider = FlagdProvider(resolver_type=ResolverType.FILE, offline_flag_source_path=str(file.path), deadline_ms=20)
    domain = f"test-{tmp_path.name}"
    api.set_provider(provider, domain=domain)
    client = api.get_client(domain=domain)
    marks = iter(range(100))

    def asked(*changes: dict[str, Any], size: int = 400, default: bool = False, at: str | None = None) -> set[int]:
        mark = f"mark-{next(marks)}"
        for change in (*changes, a_change(flag=mark)):
            assert asyncio.run(file.change(change)) is None
        until = time.monotonic() + 20
        while not client.get_boolean_value(mark, False, EvaluationContext(targeting_key="u")):
            assert time.monotonic() < until
            time.sleep(0.01)
        attributes = {} if at is None else {"enabled_at": parse_time(at).timestamp()}
        return {
            number
            for number in range(size)
            if client.get_boolean_value(
                changes[0]["flag"], default, EvaluationContext(targeting_key=f"u-{number}", attributes=attributes)
            )
        }

    yield asked
    provider.shutdown()


def test_percentages_are_bounded_and_each_set_holds_the_former(ask: Ask) -> None:
    """0 % is nobody, 0.5 % can be said, 100 % is everybody."""
    sets = [ask(a_change(percent=percent)) for percent in (0, 0.5, 5, 50, 100)]

    assert sets[0] == set()
    assert len(sets[-1]) == 400
    assert all(lower <= upper for lower, upper in pairwise(sets))
    assert 0 < len(ask(a_change(percent=0.5), size=3000)) < 60


def test_a_rollback_is_off_whatever_the_caller_takes_for_its_default(ask: Ask) -> None:
    """An explicit variant; the state DISABLED would return the default of the code."""
    killed = a_change(killed=True)

    assert ask(killed, default=True) == ask(killed, default=False) == set()
    assert flagd_flag(killed)["state"] == "ENABLED"


def test_units_and_cohorts_are_taken_back_alone(ask: Ask) -> None:
    """The window is half open; who has no time of enabling is in none."""
    cohort = a_change(off_cohort=WINDOW)

    assert ask(a_change(off_units=["u-1", "u-2"]), size=4) == {0, 3}
    for at, on in (("since", False), ("until", True)):
        assert bool(ask(cohort, size=1, at=WINDOW[at])) is on
    assert ask(cohort, size=1, at="2026-01-06T17:59:59Z") == set()
    assert ask(cohort, size=1, at="2026-01-05T17:59:59Z") == {0}
    assert ask(cohort, size=1) == {0}


def test_flags_draw_apart_unless_they_share_a_salt(ask: Ask) -> None:
    """By default flagd digests the flag's name too."""
    one, other = (ask(a_change(flag=flag, percent=50)) for flag in ("one", "other"))
    first, second = (ask(a_change(flag=flag, percent=50, salt="pilot")) for flag in ("first", "second"))

    assert one != other
    assert first == second
    assert 150 < len(first) < 250


def test_golden_buckets_of_flagd(ask: Ask) -> None:
    """Written down once: a new version of its digest would deal everybody anew."""
    assert ask(a_change(flag="rag_pinned", percent=25), size=40) == GOLDEN


def test_a_file_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    """And the old one stays."""
    file = FlagFile(tmp_path / "flags.json")
    file.path.with_name("flags.json.new").mkdir()

    said = asyncio.run(file.change(a_change()))

    assert said is not None
    assert "cannot be written" in said
    assert json.loads(file.path.read_bytes()) == {"flags": {}}


def test_the_reference_switch_writes_what_the_harness_would(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Flags of the team's own registry stand in a file beside."""
    monkeypatch.setenv("SLUICEGATE_FLAGS_FILE", str(tmp_path / "flags.json"))
    (tmp_path / "flags.json").write_text('{"flags": {}}')

    Switch()(a_change(percent=5))
    Switch()(a_change(flag="own_drafts"))

    assert json.loads((tmp_path / "flags.json").read_bytes()) == {"flags": {"rag": flagd_flag(a_change(percent=5))}}
    assert json.loads((tmp_path / "registry.json").read_bytes()) == {"own_drafts": a_change(flag="own_drafts")}


GOLDEN = {0, 3, 5, 13, 14, 17, 19, 26, 27, 28, 35}
