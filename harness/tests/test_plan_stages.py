"""Stages: what each may say, and that all it asks for can be fed."""

from __future__ import annotations

import sys
from fractions import Fraction
from pathlib import Path

import pytest

from sluicegate.plan.types import Exposure, Requires, RollbackSpec, Stage

sys.path.insert(0, str(Path(__file__).parent))
from plan_texts import a_plan, faults_of, read, sole_fault

BARE = """\
schema_version: 1
name: shop
pipeline: shop.drafts:draft_reply
subject: {code: {git: HEAD}}
"""
UPTIME = "criteria: {uptime: {from: live, alert: 90 %}}"


def stage(more: str) -> Stage:
    """The one stage of a plan."""
    return read(a_plan(stages=f"stages:\n  - {{name: ten, {more}}}\n")).stages[0]


def refused(more: str, *, head: str | None = None) -> list[str]:
    """The faults of a plan of one stage, without their places."""
    stages = f"stages:\n  - {{{more}}}\n"
    text = a_plan(stages=stages) if head is None else a_plan(head=head, stages=stages)
    return [fault.partition(": ")[2] for fault in faults_of(text)]


# What a stage says


def test_exposure_has_live_percent_and_settings_of_any_shape() -> None:
    """`percent: 10` is its own unit; the rest is passed on."""
    found = stage(
        f"exposure: {{live: true, percent: 10, businesses: 2, flags: {{a: true, b: [0.7, x]}}}}, {UPTIME}"
    ).exposure

    settings = {"businesses": 2, "flags": {"a": True, "b": [0.7, "x"]}}
    assert found == Exposure(live=True, percent=Fraction(1, 10), settings=settings)
    assert stage(f"exposure: {{live: true, percent: 0.5 %}}, {UPTIME}").exposure.percent == Fraction(1, 200)


def test_exposure_names_what_was_meant() -> None:
    """A slip of a key of ours is no setting of the user's: it is told by its nearest name, and nothing as missing."""
    faults = refused(f"name: t, exposure: {{lve: true, precent: 10, Variables: {{A: b}}}}, {UPTIME}")

    assert [(f"'{slip}'" in said, f"Write '{meant}'" in said) for slip, meant, said in zip(
        ("lve", "precent", "Variables"), ("live", "percent", "variables"), faults, strict=False
    )] == [(True, True)] * 3  # fmt: skip
    assert not any("lacks 'live'" in said for said in faults)
    assert stage(f"exposure: {{live: true, level: 3, cohort: a, perks: b}}, {UPTIME}").exposure.settings


def test_a_configuration_that_does_not_go_live_is_no_evidence() -> None:
    """What the cases ran with, the live stage after them sets too; what only stages before traffic set is theirs."""
    sets = "variables: {MODE: careful, PART: x}"
    two = f"stages:\n  - {{name: a, exposure: {{live: false, {sets}}}, requires: {{tests: true}}}}\n"
    live = "  - {{name: b, exposure: {{live: true{more}}}, {uptime}}}\n"
    (fault,) = faults_of(a_plan(stages=two + live.format(more=", variables: {PART: x}", uptime=UPTIME)))
    between = "  - {name: c, exposure: {live: false}, requires: {tests: true}}\n"

    assert "stage 'a' measures with MODE=careful, and 'b'" in fault
    assert "Set MODE at 'b' too" in fault
    assert read(a_plan(stages=two + live.format(more=", variables: {PART: y, MODE: careful}", uptime=UPTIME)))
    assert read(a_plan(stages=two + between + live.format(more="", uptime=UPTIME)))


def test_exposure_variables_are_set_in_an_environment() -> None:
    """Names of variables with a text each; refused by name where they are none, and where no environment can be set."""
    assert stage(f"exposure: {{live: true, variables: {{ARM: base}}}}, {UPTIME}").exposure.variables == {"ARM": "base"}
    (odd,) = refused(f"name: t, exposure: {{live: true, variables: {{1-2: base}}}}, {UPTIME}")
    (text,) = refused(f"name: t, exposure: {{live: true, variables: base}}, {UPTIME}")
    head = BARE.replace("shop.drafts:draft_reply", "{http: 'http://127.0.0.1:8000/'}") + "state: s.jsonl\n"
    (served,) = refused(f"name: t, exposure: {{live: true, variables: {{ARM: base}}}}, {UPTIME}", head=head)

    assert "'1-2' is no name of an environment variable" in odd
    assert "variables" in text
    assert "sets variables, which reach callables and commands only" in served


def test_requires() -> None:
    """Suites, tests, prerequisites, attestations and an approval; one word may stand for a list of one."""
    found = stage(
        "exposure: {live: false}, requires: {suites: schema, tests: true, prerequisites: [a, b], attestations: audit, "
        "approval: release manager}"
    )

    assert found.requires == Requires(
        suites=("schema",), tests=True, prerequisites=("a", "b"), attestations=("audit",), approval="release manager"
    )


def test_bake_is_a_time_or_stable_days() -> None:
    """Never both."""
    assert (stage(f"exposure: {{live: true}}, {UPTIME}, bake: 48h").bake_s) == 172_800
    days = stage(f"exposure: {{live: true}}, {UPTIME}, bake: 7 stable days")
    assert (days.bake_s, days.stable_days) == (0, 7)
    assert stage(f"exposure: {{live: true}}, {UPTIME}, bake: 1 stable day").stable_days == 1


def test_rollback_is_a_time_and_commands() -> None:
    """Commands are argument lists; a word that looks like a value stays a word."""
    found = stage(
        "exposure: {live: false}, requires: {tests: true}, "
        'rollback: {within: 20m, steps: [[./flag, set, x, "false", 1.50], [./done, true]], on_failed_tests: true}'
    )

    steps = (("./flag", "set", "x", "false", "1.50"), ("./done", "true"))
    assert found.rollback == RollbackSpec(within_s=1200, steps=steps, on_failed_tests=True)


def test_stages_follow_one_another() -> None:
    """The next stage is exactly one; the last has none."""
    plan = read(
        a_plan(stages=f"stages:\n  - {{name: a, exposure: {{live: true}}, {UPTIME}}}\n"
                      f"  - {{name: b, exposure: {{live: true}}, {UPTIME}}}\n")
    )  # fmt: skip

    assert [one.name for one in plan.stages] == ["a", "b"]
    assert plan.next_stage("a") == plan.stage("b")
    assert plan.next_stage("b") is None
    assert [one.line for one in plan.stages] == [11, 12]
    with pytest.raises(KeyError):
        plan.stage("c")


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ("exposure: {live: false}, requires: {tests: true}", "stages[0]: lacks 'name'. Write - name: preflight."),
        ("name: ../x, exposure: {live: false}, requires: {tests: true}",
         "stage '../x': '../x' cannot be a file name. Use up to 64 letters, digits, '.', '_' and '-'."),
        ("name: recorded, exposure: {live: false}, requires: {tests: true}",
         "stage 'recorded': 'recorded' means something else to Sluicegate. Name it otherwise, e.g. recorded-stage."),
        ("name: t, requires: {tests: true}",
         "stage 't': lacks 'exposure'. Write exposure: {live: false} or {live: true, percent: 10}."),
        ("name: t, exposure: {percent: 10}, requires: {tests: true}",
         "stage 't': exposure: lacks 'live'. Write live: true or live: false."),
        ("name: t, exposure: {live: 1}, requires: {tests: true}",
         "stage 't': exposure: 'live' is '1'. Write true or false."),
        ("name: t, exposure: {live: false, percent: 10}, requires: {tests: true}",
         "stage 't': exposure: 'percent' is above 0 and 'live' is false. Write live: true, or remove percent."),
        ("name: t, exposure: {live: false, percent: 110}, requires: {tests: true}",
         "stage 't': exposure: percent: '110 %' is outside 0 % to 100 %. Write a share of the whole."),
        ("name: t, exposure: live, requires: {tests: true}", "stage 't': exposure is 'live'; expected a mapping."),
        ("name: t, exposure: {live: false}, requires: {tests: true, suites: [schma]}",
         "stage 't': requires: unknown suite 'schma'. Did you mean 'schema'?"),
        ("name: t, exposure: {live: false}, requires: {tests: true, suites: [zzz]}",
         ("stage 't': requires: unknown suite 'zzz'. Suites: schema, pii, headers, recipients, injection, tools, "
         "grounding, retrieval, fallback, budget, routing, idempotency, tracing, rollout, prerequisites, format, "
         "golden.")),
        ("name: t, exposure: {live: false}, requires: {tests: true, suites: []}",
         "stage 't': requires: 'suites' is an empty list. Write suites: [schema]."),
        ("name: t, exposure: {live: false}, requires: {tests: true, suites: {schema: 1}}",
         "stage 't': requires: 'suites' holds a mapping; expected text. suites: [schema]"),
        ("name: t, exposure: {live: false}, requires: {tests: true}, bake: 48",
         "stage 't': bake: '48' is not a duration. Write 48h, or 7 stable days."),
        ("name: t, exposure: {live: false}, requires: {tests: true}, bake: 1500ms",
         "stage 't': 'bake' is '1500ms'; expected whole seconds."),
        ("name: t, exposure: {live: false}, requires: {tests: true}, bake: 0 stable days",
         "stage 't': 'bake' is 0 stable days. Write at least 1, or remove it."),
        ("name: t, exposure: {live: false}, requires: {tests: true}, bake: [48h]",
         "stage 't': 'bake' is a list; expected a duration."),
        ("name: t, exposure: {live: false}, requires: {tests: true}, rollback: {steps: ./flag off}",
         ("stage 't': rollback: 'steps' is './flag off'; expected a list of commands. "
         'Write steps: [[./ops/flag, set, emailRagEnabled, "false"]].')),
        ("name: t, exposure: {live: false}, requires: {tests: true}, rollback: {steps: [./flag off]}",
         ("stage 't': rollback: a step is './flag off'; expected a list of words. "
         'Write steps: [[./ops/flag, set, emailRagEnabled, "false"]].')),
        ("name: t, exposure: {live: false}, requires: {tests: true}, rollback: {steps: [[./flag, [off]]]}", None),
        ("name: t, exposure: {live: false}, requires: {tests: true}, suites: [schema]",
         "stage 't': unknown key 'suites'. Write 'requires: {suites: […]}'."),
    ],
)  # fmt: skip
def test_stages_that_cannot_be_read(more: str, said: str | None) -> None:
    """Each is refused with what was seen and what to write."""
    found = refused(more)

    assert found == ([said] if said is not None else found)
    assert found


@pytest.mark.parametrize("stages", ["stages: []\n", "stages: {a: 1}\n", "stages: [x]\n", "stages:\n"])
def test_a_plan_has_stages(stages: str) -> None:
    """None, or none that is a mapping, is a fault."""
    assert faults_of(a_plan(stages=stages))


def test_stage_names_are_unique() -> None:
    """State, reports and references go by them."""
    one = f"  - {{name: a, exposure: {{live: true}}, {UPTIME}}}\n"

    assert sole_fault(a_plan(stages=f"stages:\n{one}{one}")) == (
        "plan.yaml:12: stage 'a' is written twice; first on line 11. Rename one."
    )


# What feeds it


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ("name: t, exposure: {live: false}",
         "stage 't' asks for nothing: no criterion, no suite, no tests. Add criteria:, or requires: {suites: […]}."),
        ("name: t, exposure: {live: true}, requires: {tests: true}",
         "stage 't' is live and has no criterion from: live. Add one, or write live: false."),
        ("name: t, exposure: {live: false}, criteria: {uptime: {from: live, alert: 90 %}}",
         "uptime is never fed at stage 't' from live. Write exposure: {live: true}, or take it from: suite."),
        ("name: t, exposure: {live: false}, criteria: {schema.valid_rate: {from: suite, alert: 90 %}}",
         "schema.valid_rate is never fed at stage 't' from suite. Add 'schema' to its requires: {suites: […]}."),
        ("name: t, exposure: {live: false}, criteria: {errors.rate: {from: golden, alert: 9 %}}",
         "errors.rate is never fed at stage 't' from golden. Add golden: golden/*.jsonl to the plan."),
        ("name: t, exposure: {live: false}, requires: {suites: [golden]}",
         "stage 't' requires golden, and the plan names no golden set. Add golden: golden/*.jsonl to the plan."),
        ((f"name: t, exposure: {{live: true}}, {UPTIME[:-1]}, data.coverage: "
         "{from: live, rollback: {drop: 5 points, than: later}}}"),
         "data.coverage: than: later is no stage before 't'. Write one of: baseline, previous."),
        ((f"name: t, exposure: {{live: true}}, {UPTIME[:-1]}, data.coverage: "
         "{from: live, rollback: {drop: 5 points, than: previous}}}"),
         "data.coverage: than: previous at the first stage, 't'. Write than: baseline."),
    ],
)  # fmt: skip
def test_every_criterion_is_fed(more: str, said: str) -> None:
    """By a required suite, by cases, by golden sets, or by live exposure."""
    assert refused(more) == [said]


@pytest.mark.parametrize(
    ("more", "said"),
    [
        (f"name: t, exposure: {{live: true}}, {UPTIME}",
         "stage 't' is live and the plan has no 'state'. Add state: rollout/state.jsonl to the plan."),
        ("name: t, exposure: {live: false}, requires: {suites: [idempotency]}",
         "stage 't' requires idempotency, and the plan names no cases. Add cases: cases/*.jsonl to the plan."),
        ("name: t, exposure: {live: false}, requires: {tests: true}, bake: 7 stable days",
         "stage 't' counts stable days, which are days of a zone. Add timezone: Europe/Istanbul to the plan."),
        ("name: t, exposure: {live: false}, criteria: {errors.rate: {from: suite, alert: 9 %}}",
         "errors.rate is never fed at stage 't' from suite. Add cases: cases/*.jsonl to the plan, or require a suite."),
    ],
)  # fmt: skip
def test_the_plan_gives_what_its_stages_need(more: str, said: str) -> None:
    """State, cases, a zone."""
    assert refused(more, head=BARE) == [said]


def test_a_schema_suite_needs_a_contract() -> None:
    """Without one it would judge nothing and pass."""
    more = "name: t, exposure: {live: false}, requires: {suites: [schema]}"

    assert refused(more, head=BARE + "cases: c.jsonl\n") == [
        (
            "stage 't' requires schema, and the plan names no contract. "
            "Add schemas: {structured: reply.schema.json} to the plan."
        )
    ]


@pytest.mark.parametrize(
    "more",
    [
        "exposure: {live: false}, criteria: {latency: {from: load, at: p95, alert: 5 s}}",
        "exposure: {live: false}, criteria: {errors.rate: {from: suite, alert: 9 %}}",
        "exposure: {live: false}, criteria: {errors.rate: {from: [golden, suite], alert: 9 %}}",
        (
            "exposure: {live: false}, requires: {suites: [prerequisites]},"
            " criteria: {prerequisite.columns: {from: suite, alert: 9 %}}"
        ),
        "exposure: {live: true}, criteria: {schema.valid_rate: {from: [suite, live], alert: 9 %}}",
        "exposure: {live: false}, requires: {tests: true}",
    ],
)
def test_one_feeding_origin_is_enough(more: str) -> None:
    """Load and live are handed over; an absent suite may be required, and holds."""
    assert stage(more).name == "ten"


def test_queries_feed_live_criteria_only() -> None:
    """SQL, Prometheus and traces measure what is live."""
    metrics = "metrics:\n  m: {kind: proportion, better: higher, unit: x, sql: {query: q}}\n"
    stages = "stages:\n  - {name: t, exposure: {live: false}, criteria: {m: {from: [suite, golden], alert: 9 %}}}\n"

    assert sole_fault(a_plan(metrics + "golden: g.jsonl\n", stages=stages)) == (
        "plan.yaml:14: m is never fed at stage 't' from suite. sql measures what is live: write from: live."
    )


def test_references_name_stages_before() -> None:
    """A misspelt one gets the nearest name."""
    stages = "stages:\n"
    stages += f"  - {{name: setup, exposure: {{live: true}}, {UPTIME}}}\n"
    stages += "  - {name: b, exposure: {live: true}, "
    stages += "criteria: {uptime: {from: live, rollback: {drop: 9 points, than: REF}}}}\n"

    for known in ("setup", "previous", "baseline"):
        assert faults_of(a_plan(stages=stages.replace("REF", known))) == []
    assert sole_fault(a_plan(stages=stages.replace("REF", "setpu"))) == (
        "plan.yaml:12: uptime: than: setpu is no stage before 'b'. Did you mean 'setup'?"
    )


def test_suites_make_their_cases_of_the_plan_s_own() -> None:
    """A golden set alone is asked as it is; and a suite of that name is known."""
    requires = "requires: {suites: [golden, budget]}"
    said = refused(f"name: t, exposure: {{live: false}}, {requires}", head=BARE + "golden: g.jsonl\n")

    assert said == ["stage 't' requires budget, and the plan names no cases. Add cases: cases/*.jsonl to the plan."]
