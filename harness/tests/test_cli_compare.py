"""`sluicegate compare`: what two runs show, what they do not, and that nothing missing is counted or passed over."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from sluicegate.cli.app import cli
from sluicegate.cli.errors import exit_code_of
from sluicegate.model import Crash, CrashKind, Output, Trial
from sluicegate.plan.lock import Lock, LockedStage, LockedSuite, lock_bytes, lock_path
from sluicegate.plan.reader import read_plan
from sluicegate.session.compared_runs import NotComparable
from sluicegate.testing.builders import a_case, a_ledger, a_rollout

ALIKE = {"fingerprint": {"engine": "1", "seed": "7", "metric right": "a"}}
CASES = 40


def ran(
    path: Path,
    passes: Callable[[int, int], bool | None],
    *,
    cases: int = CASES,
    repeats: int = 1,
    changed: int | None = None,
    **said: Any,
) -> Path:
    """A run in which case n at repeat r passes, fails, or crashed (None)."""
    trials = []
    for n in range(cases):
        must = {"must": [{"field": "content", "contains": "yes"}]}
        case = a_case(f"c{n:02}", slice=("acme", "zenith")[n % 2], expect=must)
        case = replace(case, input="another") if n == changed else case
        for repeat in range(repeats):
            held = passes(n, repeat)
            error = Crash(kind=CrashKind.TIMEOUT, message="late ann@private.test") if held is None else None
            output = Output(content=None if held is None else "yes" if held else "no", error=error)
            trials.append(Trial(case=case, repeat=repeat, outputs=(output,)))
    return a_ledger(path, trials, **{**ALIKE, "subject": str(path.stem[0]) * 64, **said})


def compared(*args: object, width: int = 80) -> Result:
    return CliRunner().invoke(cli, ["compare", *map(str, args)], env={"COLUMNS": str(width), "PYTHONUTF8": "1"})


def said(*args: object) -> tuple[int, Mapping[str, Any]]:
    done = compared(*args, "--format", "json")
    return done.exit_code, json.loads(done.stdout)


@pytest.fixture
def base(tmp_path: Path) -> Path:
    """Half of the cases pass."""
    return ran(tmp_path / "base.jsonl", lambda n, _: n % 4 < 2)


@pytest.fixture
def better(tmp_path: Path) -> Path:
    """All but two pass; one of them did before."""
    return ran(tmp_path / "candidate.jsonl", lambda n, _: n not in (0, 2))


def test_flips_are_listed_and_the_exit_says_what_is_shown(base: Path, better: Path) -> None:
    code, found = said(base, better)
    (metric,) = found["metrics"]
    assert (code, found["outcome"]) == (0, "better")
    assert [flip["case"] for flip in metric["broken"]] == ["c00"]
    assert len(metric["fixed"]) == 19
    assert metric["always_failing"] == ["c00", "c02"]
    assert metric["difference"]["value"] == pytest.approx(18 / 40)
    assert metric["difference"]["low"] > 0
    assert metric["mcnemar_p"] < 0.001
    assert metric["tango"]["low"] > 0
    assert [each["slice"] for each in metric["slices"]] == ["acme", "zenith"]
    assert said(better, base)[0] == 20
    assert said(base, base)[0] == 10


@pytest.mark.parametrize(
    ("wish", "code"),
    [
        (["--better-than", "15 percent"], 0),
        (["--better-than", "80 percent"], 10),
        (["--better-than", "10 points"], 0),
        (["--better-than", "40 points"], 10),
        (["--no-worse-than", "1 points"], 0),
        (["--no-broken"], 20),
    ],
)
def test_a_wish_needs_its_bound(base: Path, better: Path, wish: list[str], code: int) -> None:
    """The estimate is 90 percent and 45 points better; its bound is less."""
    assert said(base, better, *wish)[0] == code


def test_equal_runs_are_no_worse_by_what_the_cases_can_tell(base: Path) -> None:
    assert said(base, base, "--no-worse-than", "15 points")[0] == 0
    assert said(base, base, "--no-worse-than", "2 points")[0] == 10


@pytest.mark.parametrize("gap", ["crash in the base", "crash in the candidate", "missing", "repeat missing"])
def test_a_trial_without_a_partner_is_told_and_nothing_better_is_claimed(tmp_path: Path, gap: str) -> None:
    """All others are better beyond doubt; still exit 30, and the gap counts on neither side."""
    once: Callable[[int, int], bool | None] = lambda n, _: None if n == 39 and gap.endswith("base") else False  # noqa: E731
    twice: Callable[[int, int], bool | None] = lambda n, _: None if n == 39 and gap.endswith("candidate") else True  # noqa: E731
    base = ran(tmp_path / "base.jsonl", once)
    cases, repeats = (39 if gap == "missing" else CASES), (2 if gap == "repeat missing" else 1)
    candidate = ran(tmp_path / "candidate.jsonl", twice, cases=cases, repeats=repeats)
    for wish in ([], ["--no-worse-than", "10 points"], ["--better-than", "1 points"]):
        code, found = said(base, candidate, *wish)
        (metric,) = found["metrics"]
        assert (code, metric["outcome"]) == (30, "incomplete")
        assert {each["case"] for each in metric["unpaired"]} >= {"c39"}
        assert metric["base"] == 0.0
        assert metric["candidate"] == 1.0
    assert said(candidate, base)[0] == 20, "worse is said all the same"
    text = compared(base, candidate)
    assert "counted on neither side" in text.stdout
    assert "private.test" not in text.stdout


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"fingerprint": {**ALIKE["fingerprint"], "seed": "8"}}, "seed"),
        ({"fingerprint": {"engine": "1", "seed": "7", "metric right": "b"}}, "metric right"),
        ({"fingerprint": {"engine": "1", "seed": "7"}}, "metric right"),
        ({"fingerprint": {}, "apparatus": "9" * 64, "lock_digest": "9" * 64}, "lock_digest"),
        ({"changed": 7}, "dataset: other content under the same id in c07"),
        ({"closed": False}, "did not end"),
    ],
)
def test_runs_that_were_not_measured_alike_are_refused_and_the_field_is_named(
    tmp_path: Path, base: Path, changes: dict[str, Any], named: str
) -> None:
    other = ran(tmp_path / "candidate.jsonl", lambda n, _: True, **changes)
    done = compared(base, other)
    assert isinstance(done.exception, NotComparable)
    assert named in str(done.exception)
    assert exit_code_of(done.exception) == 30


def test_a_tampered_ledger_is_refused(base: Path, better: Path) -> None:
    better.write_bytes(better.read_bytes().replace(b'"content":"no"', b'"content":"yes"', 1))
    assert "changed" in str(compared(base, better).exception)


def test_repeats_are_means_of_their_case(tmp_path: Path) -> None:
    """Twenty repeats of 10 cases show no more than 10 cases; pass^k tells what the mean hides."""
    base = ran(tmp_path / "base.jsonl", lambda n, r: (n + r) % 4 != 0, cases=10, repeats=20)
    candidate = ran(tmp_path / "candidate.jsonl", lambda n, r: n != 3, cases=10, repeats=20)
    code, found = said(base, candidate)
    (metric,) = found["metrics"]
    assert code == 10
    assert metric["cases"] == 10
    assert metric["always_failing"] == ["c03"]
    assert metric["pass_k"] == {"k": 20, "base": 0.0, "candidate": pytest.approx(0.9)}
    assert metric["mcnemar_p"] is None
    assert metric["tango"] is None


def test_a_slice_that_got_worse_is_worse(tmp_path: Path) -> None:
    """The whole is better; one of two shops lost what it had."""
    base = ran(tmp_path / "base.jsonl", lambda n, _: n % 2 == 0 and n < 40, cases=120)
    candidate = ran(tmp_path / "candidate.jsonl", lambda n, _: n % 2 == 1, cases=120)
    code, found = said(base, candidate)
    assert found["metrics"][0]["difference"]["low"] > 0
    assert code == 20
    assert [each["slice"] for each in found["metrics"][0]["slices"] if each["worse"]] == ["acme"]


def test_known_failures_are_named_and_change_no_figure(tmp_path: Path, base: Path, better: Path) -> None:
    known = tmp_path / "known.yaml"
    known.write_text("known_failures:\n  - {case: c00, owner: ann, expires: 2030-01-31, reason: upstream}\n")
    at = ("--known-failures", known, "--no-broken", "--now")
    plain = said(base, better)[1]["metrics"][0]
    code, found = said(base, better, *at, "2030-01-31T23:00:00Z")
    assert code == 0
    assert found["metrics"][0]["broken"][0]["known"] == "known: ann, until 2030-01-31, upstream"
    assert found["metrics"][0]["difference"] == plain["difference"]
    code, found = said(base, better, *at, "2030-02-01T00:00:00Z")
    assert code == 20
    assert "expired on 2030-01-31" in " ".join(found["notes"])
    known.write_text("known_failures:\n  - {case: c00, expires: soon}\n  - {case: c00, owner: a, reason: b}\n")
    told = str(compared(base, better, *at[:2]).exception)
    assert all(word in told for word in ("owner", "reason", "'soon' is no day", "expires"))


def test_values_without_limits_are_compared_by_t_and_fieller(tmp_path: Path) -> None:
    def ledger(name: str, factor: float) -> Path:
        trials = [
            Trial(case=a_case(f"c{n}"), outputs=(Output(content="x", latency_ms=(100.0 + n) * factor),))
            for n in range(30)
        ]
        return a_ledger(tmp_path / f"{name}.jsonl", trials, **ALIKE, subject=name[0] * 64)

    base, candidate = ledger("base", 1.0), ledger("candidate", 0.8)
    code, found = said(base, candidate, "--metric", "latency", "--better-than", "15 percent")
    assert (code, found["metrics"][0]["ratio"]["method"]) == (0, "fieller")
    assert said(candidate, base, "--metric", "latency")[0] == 20
    assert "Write percent" in str(
        compared(base, candidate, "--metric", "latency", "--better-than", "2 points").exception
    )


@pytest.mark.parametrize(
    ("args", "told"),
    [
        (["--metric", "latencyy"], "Did you mean 'latency'?"),
        (["--metric", "uptime"], "not measured from the cases"),
        (["--from", "golden"], "holds no golden run"),
    ],
)
def test_a_mistake_is_told_with_its_mend(base: Path, args: list[str], told: str) -> None:
    assert told in str(compared(base, base, *args).exception)


@pytest.mark.parametrize("args", [["--better-than", "5 %"], ["--confidence", "100 %"], ["--confidence", "95"]])
def test_an_option_that_says_nothing_clear_is_refused(base: Path, args: list[str]) -> None:
    assert compared(base, base, *args).exit_code == 2


def test_no_line_is_wider_than_the_terminal_and_markdown_opens_nothing(tmp_path: Path) -> None:
    evil = "<img src=x>|`[a](b)`\x1b[31m" + "w" * 90
    trials = [Trial(case=a_case(evil), outputs=(Output(content="a"),))]
    base = a_ledger(tmp_path / "b.jsonl", trials, **ALIKE)
    must = {"must": [{"field": "content", "contains": "yes"}]}
    more = [*trials, Trial(case=a_case("c2" + evil, expect=must), outputs=(Output(content="no"),))]
    candidate = a_ledger(tmp_path / "c.jsonl", more, **ALIKE)
    text = compared(base, candidate).stdout
    assert max(map(len, text.splitlines())) <= 80
    assert "\x1b" not in text
    marked = compared(base, candidate, "--format", "markdown").stdout
    assert "<img" not in marked
    assert "`" not in marked


def test_attacks_that_suites_made_are_no_cases_of_yours(tmp_path: Path) -> None:
    """The gate asks them for no success, and neither does a comparison: they would water down what got worse."""
    for name, text in a_rollout().items():
        (tmp_path / name).write_text(text)
    plan = tmp_path / "rollout.yaml"
    base = ran(tmp_path / "base.jsonl", lambda n, _: True, cases=400, stage="preflight")
    candidate = ran(tmp_path / "candidate.jsonl", lambda n, _: n >= 20, cases=400, stage="preflight")
    pinned = {suite: LockedSuite(checks=(), cases=(), repeats=1) for suite in ("cases", "recipients")}
    for n in range(400):
        suite = "cases" if n < CASES else "recipients"
        pinned[suite] = replace(pinned[suite], cases=(*pinned[suite].cases, (f"c{n:02}", "0" * 64)))
    lock = Lock(plan_digest=read_plan(plan).digest, stages={"preflight": LockedStage(suites=pinned)})
    lock_path(plan).write_bytes(lock_bytes(lock))

    asked = ("--plan", plan, "--metric", "draft.success_rate", "--no-worse-than", "12 points")
    code, found = said(base, candidate, *asked)

    (metric,) = found["metrics"]
    assert (code, metric["difference"]["value"]) == (20, -0.5)
