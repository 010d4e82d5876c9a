"""Cases that set flags: who is asked what and when, what is written down, and what cannot be asked at all."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from typing import Any

import pytest

from sluicegate.errors import InputError
from sluicegate.model import (
    Capability,
    Case,
    Cohort,
    Crash,
    CrashKind,
    FlagScript,
    FlagStep,
    FlagUnit,
    Given,
    Json,
    Observation,
    Output,
    Population,
    RunContext,
)
from sluicegate.runner.flags import Flagged, flag_faults

RUN = "0123456789abcdef"
KILL = FlagStep(percent=100, killed=True, within_s=1)


class Backend:
    """Flags as they are set; every process reads them, `late_s` after they were set."""

    by = "switch"

    def __init__(self, late_s: float = 0.0, fault: str | None = None) -> None:
        self.late_s = late_s
        self.fault = fault
        self.changes: list[Mapping[str, Any]] = []
        self.ended = False
        self._flags: dict[str, Mapping[str, Any]] = {}
        self._changing = 0

    async def open(self) -> None:
        return

    async def change(self, change: Mapping[str, Json]) -> str | None:
        self._changing += 1
        assert self._changing == 1, "one change at a time"
        await asyncio.sleep(0)
        self._changing -= 1
        self.changes.append(change)
        asyncio.get_running_loop().call_later(self.late_s, self._flags.__setitem__, change["flag"], change)
        return self.fault

    async def aclose(self) -> None:
        self.ended = True

    def on(self, flag: str) -> bool:
        said = self._flags.get(flag)
        return said is not None and not said["killed"] and said["percent"] == 100


class Process:
    """Answers as the back end says, or as `answers` does."""

    capabilities = frozenset({Capability.FLAGS})

    def __init__(self, backend: Backend, answers: Callable[[Any], Output] | None = None) -> None:
        self.backend = backend
        self.answers = answers
        self.asked: list[Any] = []
        self.ended = False

    async def call(self, case: Case, _context: RunContext) -> Output:
        self.asked.append(case.input)
        if self.answers is not None:
            return self.answers(case.input)
        asked: Any = case.input
        on = [unit["id"] for unit in asked["units"]] if self.backend.on(asked["flag"]) else []
        return Output(structured={"on": on})

    async def aclose(self) -> None:
        self.ended = True


def a_case(*steps: FlagStep, **more: Any) -> Case:
    script = {"flags": ("rag",), "population": Population(size=30), "marker": "arrived", "stay_s": 0.1, **more}
    return Case(id="f-1", given=Given(flags=FlagScript(steps=steps, **script)))


def taken(
    case: Case, backend: Backend, answers: Callable[[Any], Output] | None = None
) -> tuple[Output, tuple[Observation, ...], list[Process]]:
    first, second = Process(backend, answers), Process(backend, answers)

    async def go() -> tuple[Output, tuple[Observation, ...]]:
        flagged = Flagged(first, another=lambda: second, switch=backend, endpoints={"SLUICEGATE_FLAGS_FILE": "f"})
        assert flagged.open_run(RUN, case)["SLUICEGATE_FLAGS_FILE"] == "f"
        output = await flagged.call(case, RunContext(run_id=RUN, traceparent=""))
        await flagged.aclose()
        return output, flagged.close_run(RUN)

    output, seen = asyncio.run(go())
    return output, seen, [first, second]


def of(seen: tuple[Observation, ...], action: str) -> list[Mapping[str, Any]]:
    return [item.detail for item in seen if item.action == action]


def test_everybody_is_asked_in_both_processes_and_with_both_defaults() -> None:
    """After each step; what was said is written down by number, and the change is told to the switch whole."""
    output, seen, processes = taken(a_case(FlagStep(percent=100)), backend := Backend())

    answers = [(said["process"], said["default"], said["on"], said["who"]) for said in of(seen, "answer")]
    assert sorted(answers) == [(0, False, 30, "3fffffff"), (0, True, 30, "3fffffff"), (1, False, 30, "3fffffff")]
    assert backend.changes[0] == {
        "flag": "rag", "percent": 100, "salt": None, "off_units": [], "off_cohort": None, "killed": False,
    }  # fmt: skip
    assert output.structured["on"]
    assert backend.ended
    assert all(process.ended for process in processes)


def test_a_change_is_awaited_until_it_has_arrived() -> None:
    """A marker set beside it says so; nobody is asked for the flag before."""
    _, seen, processes = taken(a_case(FlagStep(percent=100)), Backend(late_s=0.2))

    assert of(seen, "settled") == [{"flag": "rag", "step": 0, "settled": True}]
    assert processes[0].asked[0]["flag"] == "arrived-0"
    assert {said["on"] for said in of(seen, "answer")} == {30}


def test_without_a_marker_a_change_has_arrived_when_the_answers_rest() -> None:
    """For `settle_s`."""
    _, seen, _ = taken(a_case(FlagStep(percent=100), marker=None, settle_s=0.3), Backend(late_s=0.1))

    assert of(seen, "settled")[0]["settled"]
    assert {said["on"] for said in of(seen, "answer")} == {30}


def test_a_change_that_never_arrives_is_written_down() -> None:
    """And everybody is asked all the same."""
    _, seen, _ = taken(a_case(FlagStep(percent=100), watch_s=0.1), Backend(late_s=60))

    assert of(seen, "settled")[0]["settled"] is False
    assert len(of(seen, "answer")) == 3


def test_a_rollback_is_watched_in_each_process_until_it_stays_off() -> None:
    """Times are of the one who decides; it took as long as the back end is late."""
    _, seen, _ = taken(a_case(FlagStep(percent=100), KILL), Backend(late_s=0.2))

    decided = next(said["decided_ms"] for said in of(seen, "set") if said["step"] == 1)
    for process in (0, 1):
        said = [probe for probe in of(seen, "probe") if probe["process"] == process]
        off = next(probe for probe in said if probe["on"] == 0)
        assert 190 <= off["answered_ms"] - decided < 10_000
        assert said[-1]["answered_ms"] - off["answered_ms"] >= 100
        assert [probe["on"] for probe in said if probe["answered_ms"] < off["answered_ms"]].count(0) == 0


def test_a_rollback_that_does_not_come_is_watched_no_longer_than_said() -> None:
    """`watch_s`, not the promise: a broken kill of 20 minutes must not take 20 minutes."""
    kill = FlagStep(percent=100, killed=True, within_s=1200)
    _, seen, _ = taken(a_case(FlagStep(percent=100), kill, watch_s=0.3), Backend(late_s=0.0), _always_on)

    assert all(probe["on"] for probe in of(seen, "probe"))
    assert max(probe["answered_ms"] for probe in of(seen, "probe")) < 5000


def _always_on(asked: Any) -> Output:
    return Output(structured={"on": [unit["id"] for unit in asked["units"]]})


@pytest.mark.parametrize(
    "said", [None, {"on": "unit-1"}, {"on": ["nobody"]}, {"on": [1]}, {"units": []}, ["unit-1"]], ids=str
)
def test_an_answer_that_names_nobody_is_garbage(said: Any) -> None:
    """With the shape that is asked for."""
    output, _, _ = taken(a_case(FlagStep(percent=100)), Backend(), lambda _: Output(structured=said))

    assert output.error is not None
    assert output.error.kind is CrashKind.GARBAGE
    assert "structured: {on: [ids" in output.error.message


def test_a_crash_and_a_switch_that_fails_end_the_case() -> None:
    """As the crash; what was seen so far is written down."""
    gone = Output(error=Crash(kind=CrashKind.DIED, message="gone"))

    assert taken(a_case(FlagStep(percent=100)), Backend(), lambda _: gone)[0] is gone
    output, seen, _ = taken(a_case(FlagStep(percent=100)), Backend(fault="no such flag"))
    assert output.error is not None
    assert "The switch did not set rag: no such flag" in output.error.message
    assert of(seen, "set")[0]["fault"] == "no such flag"


def test_nobody_is_asked_when_the_case_is_over() -> None:
    """One process crashes in the middle of a drill; the other's questions end with it."""
    backend = Backend()
    asked = 0

    def dies_of_a_drill(question: Any) -> Output:
        nonlocal asked
        asked += 1
        on = backend.on("rag") or question["flag"] != "rag"
        if not on:
            return Output(error=Crash(kind=CrashKind.DIED, message="gone"))
        return _always_on(question)

    first, second = Process(backend, _always_on), Process(backend, dies_of_a_drill)

    async def go() -> tuple[Output, int, int]:
        flagged = Flagged(first, another=lambda: second, switch=backend)
        case = a_case(FlagStep(percent=100), KILL)
        output = await flagged.call(case, RunContext(run_id=RUN, traceparent=""))
        then = len(first.asked)
        await asyncio.sleep(0.2)
        return output, then, len(first.asked)

    output, then, later = asyncio.run(go())

    assert output.error is not None
    assert asked
    assert then == later


def test_other_cases_go_straight_to_the_pipeline() -> None:
    """Without a switch, a second process or a record."""
    output, seen, (first, second) = taken(Case(id="c", input={"flag": "rag", "units": []}), Backend())

    assert output.structured == {"on": []}
    assert (len(first.asked), len(second.asked), seen) == (1, 0, ())


def test_cases_of_one_flag_wait_for_each_other_and_others_do_not() -> None:
    """Two that set the same flag would answer for each other."""
    now: list[str] = []

    class Slow(Backend):
        async def change(self, change: Mapping[str, Json]) -> str | None:
            now.append(str(change["flag"]))
            return await super().change(change)

    async def go() -> None:
        backend = Slow(late_s=0.1)
        flagged = Flagged(Process(backend), another=lambda: Process(backend), switch=backend)
        cases = [a_case(FlagStep(percent=100), flags=(flag,), marker=f"m-{flag}") for flag in ("a", "a", "b")]
        runs = [RunContext(run_id=f"{number:016d}", traceparent="") for number in range(3)]
        await asyncio.gather(*(flagged.call(case, run) for case, run in zip(cases, runs, strict=True)))

    asyncio.run(go())

    assert [flag for flag in now if flag in "ab"] == ["a", "b", "a"]


@pytest.mark.parametrize(
    ("script", "what"),
    [
        ({"steps": ()}, "is empty"),
        ({"flags": ()}, "names no flag, or one twice"),
        ({"population": None}, "there is nobody to ask for"),
        ({"units": (FlagUnit(id="unit-1"),)}, "one unit stands there twice"),
        ({"watch_s": 0.0}, "are above 0"),
        ({"steps": (FlagStep(percent=101),)}, "percent is 101"),
        ({"steps": (FlagStep(percent=float("nan")),)}, "percent is nan"),
        ({"steps": (FlagStep(percent=5, on=("unit-99",)),)}, "names unit-99, who is none of the units"),
        ({"steps": (FlagStep(percent=5, off_cohort=Cohort(since="2026-01-02T00:00:00Z", until="x")),)}, "no window"),
        ({"steps": (KILL,)}, "takes nobody back from a step of the same percentage before it"),
        ({"steps": (FlagStep(percent=50), KILL)}, "takes nobody back from a step of the same percentage before it"),
        ({"steps": (FlagStep(percent=100), FlagStep(percent=100, within_s=1))}, "takes nobody back"),
        ({"steps": (FlagStep(percent=5, on=("unit-1",), off=("unit-1",)),)}, "pins unit-1 to on and to off"),
        ({"units": (FlagUnit(id="acme", enabled_at="yesterday"),)}, "'yesterday' is no time with a zone"),
        ({"units": (FlagUnit(id="acme", enabled_at="2026-01-05"),)}, "'2026-01-05' is no time with a zone"),
        ({"population": Population(size=3, enabled_from="soon")}, "'soon' is no time with a zone"),
        (
            {"population": Population(size=3, enabled_from="2026-01-05T08:00:00Z", enabled_every_s=10**12)},
            "enables the last of 3 units outside of the years",
        ),
        (
            {
                "steps": (
                    FlagStep(percent=5, off_cohort=Cohort(since="2026-01-02T00:00:00Z", until="2026-01-03T00:00Z")),
                )
            },
            "a window in which no unit of this case was enabled",
        ),
    ],
)
def test_steps_that_show_nothing_are_refused(script: dict[str, Any], what: str) -> None:
    """Before anything runs, with the place and a mend."""
    given: dict[str, Any] = {"flags": ("rag",), "population": Population(size=30), "steps": (FlagStep(percent=5),)}
    case = Case(id="f-1", given=Given(flags=FlagScript(**{**given, **script})))

    faults = flag_faults(case)

    assert any(what in fault.what for fault in faults)
    assert all(fault.where.startswith("case f-1: given.flags") and fault.mend for fault in faults)
    with pytest.raises(InputError):
        Flagged(Process(Backend()), another=None, switch=Backend()).open_run(RUN, case)
