"""`load:` of a plan: typed profiles, all faults at once, a criterion for each profile, notes before anything runs."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator
from ruamel.yaml import YAML

from sluicegate.errors import InputError
from sluicegate.gate.linter import lint
from sluicegate.model import Origin
from sluicegate.plan.load import Arrival, Profile, Step, profile_digest
from sluicegate.plan.load_reading import LOAD_KEYS, PROFILE_KEYS
from sluicegate.plan.reader import read_plan_bytes
from sluicegate.plan.schema import plan_schema
from sluicegate.plan.types import Plan
from sluicegate.session.linting import checked_plan

sys.path.insert(0, str(Path(__file__).parent))
from load_gate_world import LoadWorld

sys.path.pop(0)

TEXT = """\
schema_version: 1
name: shop
pipeline: {{http: "{url}"}}
subject: {{release: "1"}}
cases: cases.jsonl
seed: 7
load:
  profiles:
{profiles}
stages:
  - name: first
    exposure: {{live: false}}
    criteria:
{criteria}
"""
FIFTY = "fifty: {users: 50, for: 60 s}"
ERRORS = "errors.rate: {from: load, promote: 1 %, alert: 5 %}"


def text(*profiles: str, criteria: tuple[str, ...] = (ERRORS,), url: str = "http://127.0.0.1:8000/draft") -> str:
    """A plan with these profiles and criteria, a line each."""
    return TEXT.format(
        url=url,
        profiles="\n".join(f"    {line}" for line in profiles),
        criteria="\n".join(f"      {line}" for line in criteria),
    )


def plan(*profiles: str, **how: object) -> Plan:
    """The same, read."""
    return read_plan_bytes(text(*profiles, **how).encode(), Path("plan.yaml"))  # type: ignore[arg-type]


def faults(*profiles: str, **how: object) -> list[str]:
    """Everything wrong with it."""
    with pytest.raises(InputError) as error:
        plan(*profiles, **how)
    return [str(fault) for fault in error.value.faults]


def profile(line: str) -> Profile:
    """The one profile of a plan that says no more."""
    read = plan(line).load
    assert read is not None
    return read.profiles[0]


class TestReading:
    """Every shape becomes steps; numbers carry their units."""

    @pytest.mark.parametrize(
        ("line", "arrival", "steps"),
        [
            (FIFTY, None, (Step(for_s=60, users=50),)),
            ("x: {rate: 20/s, for: 1m}", Arrival.POISSON, (Step(for_s=60, rate=20),)),
            (
                "x: {arrivals: constant, rate: 600/min, to: 20 per second, for: 1500ms}",
                Arrival.CONSTANT,
                (Step(for_s=1.5, rate=10, to_rate=20),),
            ),
            ("x: {arrivals: gamma, variation: 3, rate: 2/s, for: 9 s}", Arrival.GAMMA, (Step(for_s=9, rate=2),)),
            (
                "x: {stages: [{users: 10, for: 30 s}, {users: 50, for: 30 s}]}",
                None,
                (Step(for_s=30, users=10), Step(for_s=30, users=50)),
            ),
            (
                "x: {spike: {base: 5/s, peak: 50/s, before: 2 s, for: 1 s, after: 3 s}}",
                Arrival.POISSON,
                (Step(for_s=2, rate=5), Step(for_s=1, rate=50), Step(for_s=3, rate=5)),
            ),
            (
                "x: {soak: {rate: 10/s, ramp: 30 s, for: 1h}}",
                Arrival.POISSON,
                (Step(for_s=30, rate=0, to_rate=10), Step(for_s=3600, rate=10)),
            ),
            ("x: {trace: traffic.jsonl, speed: 2}", Arrival.TRACE, ()),
        ],
    )
    def test_shapes(self, line: str, arrival: Arrival | None, steps: tuple[Step, ...]) -> None:
        """Users wait for their answers, a rate waits for nobody, and the default spacing is Poisson."""
        read = profile(line)

        assert read.arrival is arrival
        assert read.steps == steps

    def test_the_rest(self) -> None:
        """Warm-up, objective, cap, sample; the plan's seed, unless the profile has one."""
        read = profile(
            "x: {rate: 5/s, for: 60 s, warm_up: 5 s, cool_down: 1 s, objective: {latency: 2 s, ttft: 500 ms}, "
            "in_flight: 9, max_lag: 50 ms, sample: 10 %}"
        )

        assert (read.warm_up_s, read.cool_down_s, read.in_flight, read.max_lag_ms) == (5, 1, 9, 50)
        assert (read.objective_ms, read.objective_ttft_ms, read.sample, read.seed) == (2000, 500, 0.1, 7)
        assert profile("x: {rate: 5/s, for: 60 s, seed: 3, objective: 2 s}").seed == 3

    @pytest.mark.parametrize(
        ("line", "said"),
        [
            ("x: {users: 5, rate: 20/s, for: 9 s}", "has users and a rate"),
            ("x: {rate: 20, for: 9 s}", "'20' is no rate. Write 20/s"),
            ("x: {rate: 20/s, for: 9}", "'9' is not a duration"),
            ("x: {users: 5}", "lacks 'for'"),
            ("x: {for: 5 s}", "says no load"),
            ("x: {arrivels: poisson, rate: 2/s, for: 9 s}", "Did you mean 'arrivals'?"),
            ("x: {arrivals: poison, rate: 2/s, for: 9 s}", "Did you mean 'poisson'?"),
            ("x: {users: 5, for: 9 s, arrivals: poisson}", "'arrivals' belongs to a rate"),
            ("x: {users: 5, for: 9 s, in_flight: 3}", "'in_flight' belongs to a rate"),
            ("x: {rate: 5/s, for: 9 s, pause: 1 s}", "'pause' belongs to users"),
            ("x: {rate: 5/s, for: 9 s, arrivals: gamma}", "lacks 'variation'"),
            ("x: {rate: 5/s, for: 9 s, warm_up: 9 s}", "measures nothing"),
            ("x: {rate: 0/s, for: 9 s}", "nothing would be sent"),
            ("x: {stages: [{users: 1, for: 9 s}, {rate: 1/s, for: 9 s}]}", "has users and rates"),
            ("x: {spike: {base: 9/s, peak: 5/s, before: 1 s, for: 1 s, after: 1 s}}", "is not above 'base'"),
            ("'a b': {users: 1, for: 9 s}", "cannot be a file name"),
            ('"a\\nb": {users: 1, for: 9 s}', "load profile 'a\\nb': cannot be a file name"),
            ("x: {rate: 1e9/s, for: 9 s}", "'1e9/s' is no rate. Write it in plain digits, nine at most: 20/s"),
            ("x: {rate: 1000000000000/s, for: 9 s}", "Write it in plain digits, nine at most: 20/s"),
            ("x: {rate: 30 per day, for: 9 s}", "'30 per day' is no rate. Write 30/s or 600/min."),
            ("x: {stages: []}", "'stages' is an empty list; expected a list of steps."),
            ("x: {stages: {users: 1, for: 9 s}}", "'stages' is a mapping; expected a list of steps."),
        ],
    )
    def test_mistakes(self, line: str, said: str) -> None:
        """Each with its line and its mend."""
        found = faults(line)

        assert any(said in fault and fault.startswith("plan.yaml:9: ") for fault in found), found
        assert not any("\n" in fault for fault in found)

    def test_all_at_once(self) -> None:
        """Two profiles, four mistakes, one answer."""
        found = faults("a: {users: 5, rate: 20, for: 9}", "b: {arrivels: gamma, rate: 2/s, for: 9 s}")

        assert len(found) >= 4
        assert {fault.split(":")[1] for fault in found} == {"9", "10"}

    def test_no_production(self) -> None:
        """An address that is neither loopback nor named is refused before anything is sent."""
        assert any("nor named as a test target" in fault for fault in faults(FIFTY, url="https://shop.example.com/x"))
        allowed = text(FIFTY, url="https://shop.example.com/x").replace(
            "load:\n", "load:\n  allow: [shop.example.com]\n"
        )
        assert read_plan_bytes(allowed.encode(), Path("plan.yaml")).load is not None

    def test_the_schema_knows_the_same_words(self) -> None:
        """No key is known to one and unknown to the other, and sound profiles are sound to both."""
        schema = plan_schema()
        assert set(schema["properties"]["load"]["properties"]) - {"<<"} == set(LOAD_KEYS)
        assert set(schema["$defs"]["profile"]["properties"]) - {"<<"} == set(PROFILE_KEYS)
        sound = text(
            FIFTY,
            "b: {rate: 2/s, for: 9 s, objective: {ttft: 1 s}, max_lag: 5 ms}",
            criteria=("latency: [{from: load, at: p95, promote: 1 s, alert: 2 s, profile: [fifty, b]}]",),
        )
        read_plan_bytes(sound.encode(), Path("plan.yaml"))
        value = json.loads(json.dumps(YAML(typ="safe", pure=True).load(sound)))
        assert [error.message for error in Draft202012Validator(schema).iter_errors(value)] == []


class TestCriteria:
    """Load is judged profile by profile."""

    TWO = (FIFTY, "ten: {users: 10, for: 60 s, objective: 1 s}")

    def test_each_profile_for_itself(self) -> None:
        """One line of the plan is a criterion for each; incidents are counted over all of them."""
        read = plan(*self.TWO, criteria=(ERRORS, "crashes: {from: load, promote: 0, max_rate: 1 %}"))

        assert [(each.metric.name, each.profile, each.unit) for each in read.stages[0].criteria] == [
            ("errors.rate", "fifty", "request"),
            ("errors.rate", "ten", "request"),
            ("crashes", None, "request"),
        ]

    def test_named_profiles_and_lists(self) -> None:
        """A metric may have several criteria: live and load, or other lines for another profile."""
        line = (
            "latency: [{from: suite, at: p95, promote: 1 s, alert: 2 s}, "
            "{from: load, at: p95, promote: 3 s, alert: 4 s, profile: ten}]"
        )
        read = plan(*self.TWO, criteria=(line,))

        assert [(each.origins, each.profile) for each in read.stages[0].criteria] == [
            ((Origin.SUITE,), None),
            ((Origin.LOAD,), "ten"),
        ]

    @pytest.mark.parametrize(
        ("line", "said"),
        [
            ("errors.rate: {from: load, promote: 1 %, alert: 5 %, profile: fifti}", "Did you mean 'fifty'?"),
            ("errors.rate: {from: suite, promote: 1 %, alert: 5 %, profile: ten}", "'profile' belongs to load"),
            ("goodput: {from: load, promote: 95 %, alert: 90 %}", "profile 'fifty', and the profile has no objective"),
            ("goodput: {from: suite, promote: 95 %, alert: 90 %}", "It is measured under load"),
        ],
    )
    def test_mistakes(self, line: str, said: str) -> None:
        """What no profile can answer is a fault of the plan."""
        assert any(said in fault for fault in faults(*self.TWO, criteria=(line,)))

    @pytest.mark.parametrize(
        "line",
        ["budget.spend: {from: load, promote: $6.50/day}", "routing.expert_calls: {from: load, promote: 20 per day}"],
    )
    def test_a_cap_of_a_day_is_none_of_a_run(self, line: str) -> None:
        """What one run costs is no word on a day; days have to be asked for."""
        assert any("day" in fault for fault in faults(*self.TWO, criteria=(line,)))
        for said in (line.replace("/day", "").replace(" per day", ""), line.replace("}", ", unit: day}")):
            assert plan(*self.TWO, criteria=(said,)).stages[0].criteria

    def test_load_is_no_suite(self) -> None:
        """`requires: {suites: [load]}` says where load is asked for instead."""
        asked = text(FIFTY).replace("    criteria:", "    requires: {suites: [load]}\n    criteria:")
        with pytest.raises(InputError, match="Load is judged by criteria from: load"):
            read_plan_bytes(asked.encode(), Path("plan.yaml"))

    def test_a_changed_profile_is_another_one(self) -> None:
        """Its digest is of all it says."""
        digests = {
            profile_digest(profile(f"x: {{rate: 20/s, for: 9 s{more}}}"))
            for more in ("", ", seed: 2", ", warm_up: 1 s", ", objective: 1 s", ", sample: 50 %", ", in_flight: 2")
        }
        assert len(digests) == 6


class TestNotes:
    """`plan check` says beforehand what load will not show."""

    def test_what_is_noted(self) -> None:
        """A profile nobody judges, a cap that must drop, a run too short for its min."""
        read = plan(
            FIFTY,
            "fast: {rate: 100/s, for: 2 s, in_flight: 10, objective: 1 s}",
            criteria=("errors.rate: {from: load, promote: 1 %, alert: 5 %, min: 5000, profile: fast}",),
        )
        notes = "\n".join(note.text for note in lint(read))

        assert "profile 'fifty' is judged by no criterion" in notes
        assert "in_flight is 10: the rest is dropped" in notes
        assert "min: 5000 is more than a run of 'fast' has: about 200 requests" in notes

    @pytest.mark.parametrize(("origins", "is_noted"), [("load", True), ("[suite, load]", False)])
    def test_what_no_double_sees_around_an_address(self, origins: str, *, is_noted: bool) -> None:
        """Sent ever so often, load says nothing of it."""
        line = f"fallback.correct_rate: {{from: {origins}, promote: 95 %, alert: 90 %, min: 50}}"
        notes = [note.text for note in lint(plan(FIFTY, criteria=(line,)))]

        assert any("no double stands around an address" in note for note in notes) is is_noted

    def test_load_without_profiles(self) -> None:
        """Recorded load stays what it was: allowed, and noted."""
        bare = text(FIFTY).replace("load:\n  profiles:\n    fifty: {users: 50, for: 60 s}\n", "")
        notes = lint(read_plan_bytes(bare.encode(), Path("plan.yaml")))

        assert any("the plan has no load: profiles" in note.text for note in notes)

    def test_the_lock_notices_a_changed_profile(self, tmp_path: Path) -> None:
        """The plan's digest is in the lock, and profiles stand in the plan."""
        world = LoadWorld(root=tmp_path)
        before = world.workspace.lock_digest
        world.profiles = ("steady: {arrivals: constant, rate: 90/s, for: 4 s, objective: 200 ms}",)
        world.write()

        assert world.workspace.lock_digest != before


@pytest.mark.parametrize(
    ("pipeline", "said"),
    [
        ("bot:answer", "load profile 'storm': faults[0]: kind is 'rate_limt', unknown for model. Did you mean"),
        ('{http: "http://127.0.0.1:9/draft"}', "load profile 'storm': has faults or redelivered messages, and an add"),
    ],
)
def test_faults_that_no_double_can_play_are_faults_of_the_plan(tmp_path: Path, pipeline: str, said: str) -> None:
    """Not of the minute in which load is sent."""
    storm = "storm: {users: 2, for: 9s, faults: [{kind: rate_limt, from: 1s, until: 2s}]}"
    found = text(storm).replace('{http: "http://127.0.0.1:8000/draft"}', pipeline)
    (tmp_path / "plan.yaml").write_text(found, encoding="utf-8")
    (tmp_path / "cases.jsonl").write_text('{"id": "a", "input": "x"}\n', encoding="utf-8")
    (tmp_path / "bot.py").write_text("def answer(input): return 'fine'\n", encoding="utf-8")

    with pytest.raises(InputError) as error:
        checked_plan(tmp_path / "plan.yaml")

    assert any(str(fault).startswith(f"{tmp_path}/plan.yaml: {said}") for fault in error.value.faults)


def test_a_short_peak_is_no_thousand_under_way() -> None:
    """No more are under way than there are."""
    notes = [note.text for note in lint(plan("x: {spike: {base: 5/s, peak: 60/s, before: 2s, for: 2s, after: 2s}}"))]

    assert not any("under way" in note for note in notes)
    assert any("under way" in note.text for note in lint(plan("x: {rate: 60/s, for: 60s}")))
