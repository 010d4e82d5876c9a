"""A user's scorers run in a process of their own: whatever they do, each trial is scored or said to have no score."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest

from sluicegate.checks.scorers import SCORED_AS
from sluicegate.errors import InputError
from sluicegate.ledger import Checked
from sluicegate.model import Crash, CrashKind, Output, Trial
from sluicegate.plan.scoring import ScoreSpec
from sluicegate.plan.types import Better, Metric, MetricKind, Scale
from sluicegate.session import own_scorers as room
from sluicegate.session.own_scorers import OwnScorers
from sluicegate.sources.scorers import scorer_digests
from sluicegate.testing.builders import a_case

SOURCE = """
import os, sys, time

print("printed while imported")


def fine(output):
    print("printed while scored")
    return len(output.content) / 10


def moody(case, output):
    if case.id == "raises":
        raise KeyError("no such thing")
    if case.id == "exits":
        sys.exit(0)
    if case.id == "dies":
        os._exit(3)
    if case.id == "hangs":
        time.sleep(60)
    return case.id == "fine" or float("nan")
"""


def metric(name: str, target: str) -> Metric:
    score = ScoreSpec(by=target)
    return Metric(
        name=name, kind=MetricKind.DISTRIBUTION, better=Better.HIGHER, scale=Scale.RATIO, unit="case", score=score
    )


def scored(folder: Path, names: list[str], *metrics: Metric) -> list[Checked]:
    """Trials by the names of their cases, each answered with `12345`; `crashed` did not answer."""
    (folder / "mine.py").write_text(SOURCE)
    said: list[Checked] = []

    async def score() -> None:
        scorers = OwnScorers(metrics, folder, said.append)
        await scorers.start()
        try:
            crash = Crash(kind=CrashKind.TIMEOUT, message="late")
            for name in names:
                output = Output(error=crash) if name == "crashed" else Output(content="12345")
                scorers.take([Trial(case=a_case(name), outputs=(output,))])
            await scorers.finish()
        finally:
            await scorers.aclose()

    asyncio.run(score())
    return said


def test_every_trial_is_scored_or_said_to_have_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Raising, exiting, dying, hanging and NaN cost that trial its score, and no other trial; none is a 0."""
    monkeypatch.setattr(room, "_SCORE_S", 5.0)
    names = ["fine", "raises", "exits", "dies", "hangs", "nan", "crashed", "fine2"]
    said = scored(tmp_path, names, metric("length", "mine:fine"), metric("mood", "mine:moody"))

    by_case = {each.case_id: each for each in said}
    assert list(by_case) == names
    for name in names:
        checked = by_case[name]
        assert checked.self_reported
        if name == "crashed":
            assert set(checked.results.values()) == {"not_applicable"}
            assert not checked.scores
            continue
        assert checked.scores["length"] == 0.5, "one scorer's fault is not another's"
        good = name == "fine"
        assert checked.results[f"{SCORED_AS}mood"] == ("pass" if good else "error")
        assert ("mood" in checked.scores) is good
        assert bool(checked.findings) is not good
    assert "KeyError" in by_case["raises"].findings[0].excerpt
    assert "exit code 3" in by_case["dies"].findings[0].excerpt


def test_a_scorer_that_is_not_there_is_told_before_a_case_runs(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"metric 'm': mine .* has no attribute 'fien'.*'fine'"):
        scored(tmp_path, [], metric("m", "mine:fien"))


def test_another_scorer_is_another_measure(tmp_path: Path) -> None:
    """The digest of its file is part of what two runs must have in common."""

    built_in = replace(metric("b", "exact"), score=ScoreSpec(by="exact"))
    plan = SimpleNamespace(metrics={"m": metric("m", "mine:fine"), "b": built_in})
    (tmp_path / "mine.py").write_text(SOURCE)
    before = scorer_digests(plan, tmp_path)  # type: ignore[arg-type]
    (tmp_path / "mine.py").write_text(SOURCE + "\n")
    after = scorer_digests(plan, tmp_path)  # type: ignore[arg-type]
    assert before.keys() == after.keys() == {"m"}
    assert before != after


def test_what_a_scorer_imports_is_part_of_the_measure(tmp_path: Path) -> None:
    """Wherever in a file it is imported, however far below, packages and relative names too; no library is."""
    plan = SimpleNamespace(metrics={"m": metric("m", "mine.top:fine")})
    files = {
        "mine/__init__.py": "",
        "mine/top.py": "import json, unknown_library\nfrom . import near\nfrom mine.part import low\n",
        "mine/near.py": "def same(a, b):\n    from shared import far\n    return far(a, b)\n",
        "mine/part/__init__.py": "",
        "mine/part/low.py": "from ..deep import down\n",
        "mine/deep.py": "import mine.top\ndown = 1\n",
        "shared.py": "def far(a, b): return a == b\n",
        "json.py": "",
        "aside.py": "",
    }
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)

    def digest() -> str:
        return scorer_digests(plan, tmp_path)["m"]  # type: ignore[arg-type]

    for name, text in files.items():
        before = digest()
        (tmp_path / name).write_text(text + "\n")
        assert (digest() != before) is (name != "aside.py"), name
