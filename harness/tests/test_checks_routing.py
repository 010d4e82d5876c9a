"""The routing suite: the decision table, the experiment and the claims, read from the log of the model server."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sluicegate.checks import CHECKS, SUITES, CheckConfig, Contribution, Result, measure, run_check
from sluicegate.checks.prices import prices_of
from sluicegate.checks.routing import SAMPLE, again
from sluicegate.fixtures.content_router.budget import BudgetController, Day, DayStore
from sluicegate.fixtures.content_router.defects import ROUTERS
from sluicegate.fixtures.content_router.rules import Rules, drawn
from sluicegate.model import (
    Capability,
    Case,
    Crash,
    CrashKind,
    Expect,
    Fault,
    Given,
    NotMeasured,
    Observation,
    Output,
    Rule,
    Trial,
)
from sluicegate.plan.metrics import BUILT_IN

CONFIG = CheckConfig(
    capabilities=frozenset({Capability.MODEL}), price_of=prices_of({}), expert_models=frozenset({"gpt-4o"})
)
CORE, EXPERT = "gpt-4o-mini", "gpt-4o"
TEXTS = {"A": "Ask.", "B": "Count."}


def call(model: str, **detail: object) -> Observation:
    said = {"model": model, "protocol": "openai.chat", "status": 200, "marks": [], **detail}
    return Observation(run_id="0" * 16, double="model", action=model, at="", detail=said)


def said(model: str | None = None, route: str | None = None, arm: str | None = None, **more: Any) -> Output:
    structured = {"hook_variant": arm} if arm else {}
    return Output(content="ok", model=model, route=route, structured=structured, **more)


def a_trial(*seen: Observation, outputs: tuple[Output, ...] = (), given: Given | None = None, **expect: Any) -> Trial:
    case = Case(id="c-1", given=given or Given(), expect=Expect(**expect))
    return Trial(case=case, outputs=outputs or (said(),), observations=seen)


def asked(check: str, trial: Trial, config: CheckConfig = CONFIG) -> tuple[Result, str]:
    outcome = run_check(CHECKS[check], trial, config)
    return outcome.result, " | ".join(f"{item.message}: {item.excerpt}" for item in outcome.findings) or outcome.reason


# The decision table


@pytest.mark.parametrize(
    ("wanted", "called", "result"),
    [
        ((CORE,), (CORE,), Result.PASS),
        ((CORE,), (CORE, CORE), Result.PASS),
        ((CORE,), (EXPERT,), Result.FAIL),
        ((EXPERT, CORE), (EXPERT, CORE), Result.PASS),
        ((EXPERT, CORE), (CORE, EXPERT), Result.FAIL),
        ((), (), Result.PASS),
        ((), (CORE,), Result.FAIL),
        ((CORE,), (), Result.FAIL),
    ],
)
def test_the_models_called_are_compared_in_their_order(
    wanted: tuple[str, ...], called: tuple[str, ...], result: Result
) -> None:
    """Calls of one model in a row count as one; none is an answer too."""
    assert asked("routing.order", a_trial(*map(call, called), model_order=wanted))[0] is result


def test_a_wrong_model_is_named_with_the_right_one() -> None:
    """The rule, and what the log shows."""
    assert asked("routing.order", a_trial(call(EXPERT), model_order=(CORE,))) == (
        Result.FAIL,
        "the models called must be gpt-4o-mini: the log shows gpt-4o",
    )


def test_where_a_model_fails_or_all_come_at_once_there_is_no_order() -> None:
    """Those are for other suites; embeddings are not routed at all."""
    failing = Given(faults=(Fault(kind="server_error"),))
    embedding = call("embedder", protocol="openai.embeddings")

    assert asked("routing.order", a_trial(call(EXPERT), given=failing, model_order=(CORE,)))[0] is Result.NOT_APPLICABLE
    at_once = Given(at_once=True, inputs=({}, {}))
    assert asked("routing.order", a_trial(call(EXPERT), given=at_once, model_order=()))[0] is Result.NOT_APPLICABLE
    assert asked("routing.order", a_trial(embedding, call(CORE), model_order=(CORE,)))[0] is Result.PASS


def test_a_pipeline_that_goes_elsewhere_is_not_judged() -> None:
    """It names a model and no call arrived: the base URL is the likely cause, and it holds."""
    result, why = asked("routing.order", a_trial(outputs=(said(CORE),), model_order=()))

    assert result is Result.ERROR
    assert "does it use the base URL given?" in why


# The path


def test_the_legacy_path_leaves_no_line_of_the_new_one() -> None:
    """Rules on route, model and metadata are the path; rules on the text are the schema suite's."""
    rules = {
        "must": (Rule(field="route", equals="legacy"), Rule(field="content", contains="never")),
        "must_not": (Rule(field="metadata.log", contains="[PHASE4]"),),
    }

    quiet = said(route="legacy", metadata={"log": ["sent"]})
    assert asked("routing.path", a_trial(outputs=(quiet,), **rules))[0] is Result.PASS
    loud = said(route="legacy", metadata={"log": ["sent", "[PHASE4] route=core"]})
    assert asked("routing.path", a_trial(outputs=(loud,), **rules))[0] is Result.FAIL
    assert asked("routing.path", a_trial(outputs=(said(route="core"),), **rules))[0] is Result.FAIL
    assert asked("routing.path", a_trial(must=(rules["must"][1],)))[0] is Result.NOT_APPLICABLE
    crash = Output(error=Crash(kind=CrashKind.TIMEOUT, message="30 s"))
    assert asked("routing.path", a_trial(outputs=(crash,), **rules))[0] is Result.FAIL


# Claims


@pytest.mark.parametrize(
    ("outputs", "called", "result"),
    [
        ((said(CORE, "core"),), (CORE,), Result.PASS),
        ((said(CORE, "core"),), (EXPERT,), Result.FAIL),
        ((said(EXPERT, "expert"),), (EXPERT,), Result.PASS),
        ((said(EXPERT, "core"),), (EXPERT,), Result.FAIL),
        ((said(CORE, "expert"),), (CORE,), Result.FAIL),
        ((said(CORE, "legacy"),), (CORE,), Result.PASS),
        ((said(CORE), said(CORE)), (CORE, EXPERT), Result.FAIL),
        ((said(CORE), said(EXPERT)), (EXPERT, CORE), Result.PASS),
        ((said(CORE, "core"),), (EXPERT, CORE), Result.PASS),
        ((said(),), (CORE,), Result.NOT_APPLICABLE),
    ],
)
def test_model_and_route_named_are_those_of_the_log(
    outputs: tuple[Output, ...], called: tuple[str, ...], result: Result
) -> None:
    """Each answer that names a model needs a call of it; what else was called is no lie."""
    assert asked("routing.claims", a_trial(*map(call, called), outputs=outputs))[0] is result


def test_a_lie_is_told_with_the_log_beside_it() -> None:
    """The pipeline says X; the log shows Y. A call that failed gave no answer to name."""
    trial = a_trial(call(EXPERT), call(CORE, status=500), outputs=(said(CORE),))

    assert (
        "the pipeline says gpt-4o-mini in 1 answer; the log shows gpt-4o answering 1 call"
        in asked("routing.claims", trial)[1]
    )


def test_an_expert_that_is_asked_for_embeddings_is_asked() -> None:
    """It is dear by any door; embeddings of other models are no calls for text."""
    hidden, plain = call(EXPERT, protocol="openai.embeddings"), call("embed-small", protocol="openai.embeddings")
    wanted = {"model_order": (CORE,)}

    assert asked("routing.order", a_trial(plain, call(CORE), **wanted))[0] is Result.PASS
    assert "gpt-4o → gpt-4o-mini" in asked("routing.order", a_trial(hidden, call(CORE), **wanted))[1]
    assert of("routing.expert_share", a_trial(hidden, call(CORE))) == Contribution(k=1, n=1)
    assert of("routing.expert_calls", a_trial(hidden, call(CORE))) == Contribution(value=1.0)


def test_a_model_named_in_the_metadata_is_one_of_the_log() -> None:
    """Whoever reads the metadata takes it for the author; of recordings without a log nobody can tell."""
    lies, true = (Output(content="ok", metadata={"model": name}) for name in ("gpt-9", CORE))

    assert "the pipeline says gpt-9 in its metadata" in asked("routing.claims", a_trial(call(CORE), outputs=(lies,)))[1]
    assert asked("routing.claims", a_trial(call(CORE), outputs=(true,)))[0] is Result.PASS
    assert asked("routing.claims", a_trial(outputs=(lies,)))[0] is Result.PASS


# Experiments


@pytest.mark.parametrize(
    ("arms", "arm", "marks", "result"),
    [
        (("A", "B"), "A", ["Ask."], Result.PASS),
        (("A", "B"), None, [], Result.PASS),
        (("A", "B"), "A", [], Result.FAIL),
        (("A", "B"), "A", ["Count."], Result.FAIL),
        (("A", "B"), "A", ["Ask.", "Count."], Result.FAIL),
        (("A", "B"), None, ["Ask."], Result.FAIL),
        (("A",), "B", ["Count."], Result.FAIL),
        ((), None, [], Result.PASS),
        ((), "A", ["Ask."], Result.FAIL),
        ((), None, ["Ask."], Result.FAIL),
    ],
)
def test_an_arm_is_allowed_and_its_text_is_in_the_prompt(
    arms: tuple[str, ...], arm: str | None, marks: list[str], result: Result
) -> None:
    """Only eligible cases, only their arms; the text of the arm named and of no other."""
    trial = a_trial(call(CORE, marks=marks), outputs=(said(arm=arm),), arms=arms, arm_texts=TEXTS)

    assert asked("routing.arms", trial)[0] is result


def test_another_arm_s_text_is_found_however_it_is_spelt() -> None:
    """The double tells what stood there but for case and blanks; the arm's own text must stand there as it is."""
    other = a_trial(
        call(CORE, marks=["Ask."], nearly=["Count."]), outputs=(said(arm="A"),), arms=("A", "B"), arm_texts=TEXTS
    )
    own = a_trial(call(CORE, nearly=["Ask."]), outputs=(said(arm="A"),), arms=("A", "B"), arm_texts=TEXTS)

    assert "'Count.' stands in a prompt" in asked("routing.arms", other)[1]
    assert "stands in no prompt" in asked("routing.arms", own)[1]


def test_the_arm_may_stand_in_metadata_and_without_texts_only_it_is_judged() -> None:
    """Pipelines put it where they put it."""
    output = Output(content="ok", metadata={"experiment_arm": "C"})

    assert asked("routing.arms", a_trial(outputs=(output,), arms=("C",)))[0] is Result.PASS
    assert asked("routing.arms", a_trial(outputs=(output,), arms=("A",)))[0] is Result.FAIL
    assert asked("routing.arms", a_trial(outputs=(output,)))[0] is Result.NOT_APPLICABLE


def test_the_same_job_keeps_its_arm() -> None:
    """Over the deliveries of one case; different jobs may differ."""
    twice = Given(deliveries=2)

    def sticky(*arms: str | None, given: Given = twice) -> Result:
        trial = a_trial(outputs=tuple(said(arm=arm) for arm in arms), given=given, arms=("A", "B"))
        return asked("routing.sticky", trial)[0]

    assert (sticky("A", "A"), sticky(None, None)) == (Result.PASS, Result.PASS)
    assert (sticky("A", "B"), sticky("A", None)) == (Result.FAIL, Result.FAIL)
    assert sticky("A", "B", given=Given(inputs=({}, {}))) is Result.NOT_APPLICABLE
    assert sticky("A", given=Given()) is Result.NOT_APPLICABLE


def test_the_suite_delivers_some_cases_of_an_experiment_again() -> None:
    """At most a sample, the same under the same seed; everything else as it stands."""
    plain = [Case(id=f"p-{n}") for n in range(5)]
    eligible = [Case(id=f"e-{n}", expect=Expect(arms=("A", "B"))) for n in range(60)]
    made = again([*plain, *eligible], 7)

    assert made[:65] == [*plain, *eligible]
    assert len(made) == 65 + SAMPLE
    assert {case.given.deliveries for case in made[65:]} == {2}
    assert all(case.id.endswith("~again") for case in made[65:])
    assert made == again([*eligible, *plain], 7)[60:65] + made[5:]
    assert SUITES["routing"].cases([*plain, *eligible], 8) != made


# Metrics


def of(name: str, trial: Trial) -> object:
    return measure(BUILT_IN[name], trial, {}, CONFIG)


def test_routing_is_correct_where_every_check_that_applies_passes() -> None:
    """One wrong model, one false name or one stray arm, and it is not; a case without any law is not asked."""
    laws = {"model_order": (CORE,), "arms": ()}

    assert of("routing.correct_rate", a_trial(call(CORE), outputs=(said(CORE),), **laws)) == Contribution(k=1, n=1)
    assert of("routing.correct_rate", a_trial(call(EXPERT), outputs=(said(EXPERT),), **laws)) == Contribution(k=0, n=1)
    assert of("routing.correct_rate", a_trial(call(CORE), outputs=(said(CORE, arm="A"),), **laws)) == Contribution(n=1)
    assert of("routing.correct_rate", a_trial(call(CORE))) is None


def test_the_expert_share_counts_cases_of_one_delivery_that_call_a_model() -> None:
    """Crowds are about the cap."""
    assert of("routing.expert_share", a_trial(call(EXPERT))) == Contribution(k=1, n=1)
    assert of("routing.expert_share", a_trial(call(CORE))) == Contribution(k=0, n=1)
    assert of("routing.expert_share", a_trial()) is None
    assert of("routing.expert_share", a_trial(call(EXPERT), outputs=(said(), said()))) is None


def test_assignment_share_and_balance_count_each_case_once() -> None:
    """Of eligible cases those assigned; of those assigned each with its arm."""
    assigned, not_assigned = a_trial(outputs=(said(arm="B"),), arms=("A", "B")), a_trial(arms=("A", "B"))
    twice = a_trial(outputs=(said(arm="B"), said(arm="B")), arms=("A", "B"))
    crashed = Output(error=Crash(kind=CrashKind.DIED, message="gone"))

    assert of("experiment.assignment_share", assigned) == Contribution(k=1, n=1)
    assert of("experiment.assignment_share", not_assigned) == Contribution(k=0, n=1)
    assert of("experiment.assignment_share", a_trial(arms=())) is None
    assert of("experiment.assignment_share", twice) is None
    assert isinstance(of("experiment.assignment_share", a_trial(outputs=(crashed,), arms=("A",))), NotMeasured)
    refused = Output(error=Crash(kind=CrashKind.REPORTED, message="BUDGET_EXCEEDED"))
    assert of("experiment.assignment_share", a_trial(outputs=(refused,), arms=("A",), outcome="error")) is None
    assert of("experiment.balance", assigned) == Contribution(value=0.0, arm="B")
    assert of("experiment.balance", not_assigned) is None
    assert of("experiment.balance", twice) is None


# Properties of the reference pipeline: the rules


_SLOTS = ("deep_dive", "framework", "research", "practical_tip", "myth_busting", "news", "question")
_JOBS = st.fixed_dictionaries(
    {
        "id": st.text(max_size=20),
        "kind": st.sampled_from(["thread", "reply", "single"]),
        "slot": st.sampled_from(_SLOTS),
        "slot_performance": st.none() | st.floats(0, 1),
        "priority_score": st.none() | st.floats(0, 1),
    }
)


@given(_JOBS)
def test_every_job_is_decided_and_decided_the_same_way_again(job: dict[str, Any]) -> None:
    """The rules are total over their input, and draw nothing by chance."""
    decision = Rules().decide(job)

    assert decision.route in ("core", "expert")
    assert decision.reason.replace("_", "").isalpha()
    assert Rules().decide(job) == decision
    if job["slot_performance"] is not None and job["slot_performance"] < 0.5:
        assert decision.route == "core"
    if job["kind"] == "reply" and decision.route == "expert":
        assert job["priority_score"] >= 0.8


@given(_JOBS, st.floats(0, 1), st.floats(0, 1))
def test_a_better_slot_is_never_routed_worse(job: dict[str, Any], one: float, other: float) -> None:
    """More performance takes no job from the expert."""
    low, high = sorted((one, other))
    routes = [Rules().decide({**job, "slot_performance": performance}).route for performance in (low, high)]

    assert routes != ["expert", "core"]


@given(st.none() | st.floats(0.5, 1), st.integers(0, 10**6))
def test_the_share_of_deep_dives_is_within_its_band(performance: float | None, begin: int) -> None:
    """Of 2,000 jobs in a row between 30 and 50 in a hundred, give or take five standard errors."""
    rules = Rules()
    share = rules.expert_share(performance)
    job = {"kind": "single", "slot": "deep_dive", "slot_performance": performance}
    n = 2000
    k = sum(rules.decide({**job, "id": f"post-{begin + turn}"}).route == "expert" for turn in range(n))

    assert 0.3 <= share <= 0.5
    assert abs(k / n - share) < 5 * (share * (1 - share) / n) ** 0.5


@given(st.integers(0, 10**6))
def test_a_third_is_assigned_and_the_arms_are_even(begin: int) -> None:
    """About 35 in a hundred eligible jobs; the arm does not follow from who is assigned."""
    rules, n = Rules(), 3000
    hooks = {"A": "a", "B": "b"}
    arms = [rules.arm({"id": f"p{begin + turn}", "slot": "framework", "hooks": hooks}) for turn in range(n)]
    assigned = [arm for arm in arms if arm]

    assert abs(len(assigned) / n - 0.35) < 5 * (0.35 * 0.65 / n) ** 0.5
    assert abs(assigned.count("A") / len(assigned) - 0.5) < 5 * 0.5 / len(assigned) ** 0.5
    assert rules.arm({"id": "p", "slot": "news", "hooks": hooks}) is None


@given(st.text(), st.text())
def test_a_draw_is_a_number_below_one(what: str, unit: str) -> None:
    """Whatever it is drawn for."""
    assert 0 <= drawn(what, unit) < 1


# Properties of the reference pipeline: the budget, under every order of events


class _Stepped(DayStore):
    """A store whose every answer waits until the scheduler lets it through."""

    def __init__(self, day: Day, wait: Callable[[], Coroutine[Any, Any, None]]) -> None:
        super().__init__(day)
        self._wait = wait

    async def read(self) -> Day:
        await self._wait()
        return self._day

    async def write(self, day: Day) -> None:
        await self._wait()
        self._day = day


class _Scheduler:
    """Lets one waiting step go on at a time, in an order that hypothesis chooses."""

    def __init__(self, choose: Callable[[int], int]) -> None:
        self._choose = choose
        self._waiting: list[asyncio.Future[None]] = []

    async def step(self) -> None:
        here = asyncio.get_running_loop().create_future()
        self._waiting.append(here)
        await here

    async def run(self, tasks: list[asyncio.Task[None]]) -> None:
        while not all(task.done() for task in tasks):
            for _ in range(4):  # a lock that is released takes a turn or two to wake the next
                await asyncio.sleep(0)
            if self._waiting:
                self._waiting.pop(self._choose(len(self._waiting))).set_result(None)
        await asyncio.gather(*tasks)


class _Ledger:
    """What was really spent and called, kept apart from what the controller believes."""

    def __init__(self) -> None:
        self.calls = 0
        self.most_at_stake = 0
        self.at_stake = 0


def played(
    controller_of: type[BudgetController], jobs: list[tuple[bool, int, int]], choose: Callable[[int], int], limit: int
) -> _Ledger:
    """Every job (expert, worst, percent of it that it costs) at once through one controller, in the order chosen."""
    ledger = _Ledger()

    async def play() -> None:
        scheduler = _Scheduler(choose)
        controller = controller_of(_Stepped(Day(), scheduler.step), limit=limit)
        controller.expert_cap = 3

        async def job(expert: bool, worst: int, percent: int) -> None:
            if not await controller.reserve(expert=expert, worst=worst):
                return
            ledger.calls += expert
            ledger.at_stake += worst
            ledger.most_at_stake = max(ledger.most_at_stake, ledger.at_stake)
            await scheduler.step()
            cost = worst * percent // 100
            ledger.at_stake -= worst - cost
            await controller.settle(worst=worst, cost=cost)

        await scheduler.run([asyncio.ensure_future(job(*each)) for each in jobs])
        day = await DayStore.read(controller.store)
        assert day.reserved == 0 or controller_of is not BudgetController

    asyncio.run(play())
    return ledger


_CROWD = st.lists(st.tuples(st.booleans(), st.integers(1, 60), st.integers(0, 100)), min_size=1, max_size=9)


@given(_CROWD, st.integers(0, 200), st.data())
def test_in_no_order_of_events_is_more_spent_or_called_than_allowed(
    jobs: list[tuple[bool, int, int]], limit: int, data: st.DataObject
) -> None:
    """Cap and limit hold at every moment, what is under way counted at its worst; at the end nothing is set aside."""
    ledger = played(BudgetController, jobs, lambda waiting: data.draw(st.integers(0, waiting - 1)), limit)

    assert ledger.calls <= 3
    assert ledger.most_at_stake <= limit


def test_the_scheduler_finds_the_race_of_a_controller_without_its_lock() -> None:
    """The property above is able to fail: first in, first out is order enough."""
    crowd = [(True, 10, 50)] * 9
    unlocked = ROUTERS["cap-checked-without-lock"].controller

    assert played(unlocked, crowd, lambda _: 0, 1000).calls == 9
    assert played(BudgetController, crowd, lambda _: 0, 1000).calls == 3


def test_the_reserve_is_kept_for_core_calls() -> None:
    """Three quarters of the money is the expert's at most, to the micro-dollar."""
    controller = BudgetController(DayStore(Day()), limit=400)

    assert controller.fits(Day(spent=290), expert=True, worst=10)
    assert not controller.fits(Day(spent=290), expert=True, worst=11)
    assert controller.fits(Day(spent=290, reserved=100), expert=False, worst=10)
    assert not controller.fits(Day(spent=290, reserved=101), expert=False, worst=10)
    assert not controller.fits(replace(Day(), expert_calls=20), expert=True, worst=1)
