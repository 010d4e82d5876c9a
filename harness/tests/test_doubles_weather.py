"""Faults by the time since load began: each strikes while it stands, for the drawn share, and leaves nothing behind."""

from __future__ import annotations

import asyncio

import aiohttp
import pytest

from sluicegate.doubles import Doubles, Latencies
from sluicegate.doubles.scripts import check_spells
from sluicegate.doubles.weather import Weather
from sluicegate.errors import InputError
from sluicegate.model import Case, Fault, Given
from sluicegate.model.load import Spell


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


STORM = Spell(fault=Fault(kind="rate_limit", retry_after_s=0.5), from_s=5, until_s=10)
OUTAGE = Spell(fault=Fault(kind="server_error", status=503, model="gpt-5"), from_s=8, until_s=12)
RUN = "00112233445566aa"


def test_a_spell_strikes_while_it_stands_and_counts_from_the_first_call() -> None:
    """Begin and end are seconds since the load began; the first of two that stand strikes."""
    clock = Clock()
    weather = Weather([STORM, OUTAGE], clock=clock)
    seen = []
    for second in range(14):
        clock.now = 100.0 + second
        found = weather.strikes(RUN, "model", "gpt-5", 1)
        seen.append(found.kind if found else "")
    assert seen == [""] * 5 + ["rate_limit"] * 5 + ["server_error"] * 2 + [""] * 2
    clock.now = 111.0
    assert weather.strikes(RUN, "model", "another", 1) is None
    clock.now = 106.0
    assert weather.strikes(RUN, "retriever", None, 1) is None


def test_a_share_is_met_by_so_many_and_by_the_same_ones_each_time() -> None:
    """Drawn from seed, run and call; another seed draws others."""
    half = Spell(fault=STORM.fault, from_s=0, until_s=60, share=0.3)
    runs = [f"{number:016x}" for number in range(4000)]

    def struck(seed: int) -> list[bool]:
        weather = Weather([half], seed=seed)
        return [weather.strikes(run, "model", "m", 1) is not None for run in runs]

    assert struck(1) == struck(1)
    assert struck(1) != struck(2)
    assert sum(struck(1)) / len(runs) == pytest.approx(0.3, abs=0.03)


def test_the_doubles_play_it_after_a_cases_own_faults_and_recover() -> None:
    """A storm answers 429 with Retry-After and is logged as such; when it is over the same call is answered."""
    clock = Clock()
    weather = Weather([Spell(fault=STORM.fault, from_s=0, until_s=5)], clock=clock)

    async def statuses() -> tuple[list[int], list[str | None], list[object]]:
        doubles = Doubles(latencies=Latencies(model_ms=0), weather=weather)
        await doubles.start()
        own = Given(faults=(Fault(kind="server_error", on_call=1),))
        urls = doubles.open_run(RUN, Case(id="c", given=own))
        asked = {"model": "m", "messages": [{"role": "user", "content": "Hi"}]}
        found, waits = [], []
        async with aiohttp.ClientSession() as session:
            for after in (0.0, 1.0, 6.0):
                clock.now = 100.0 + after
                async with session.post(f"{urls['OPENAI_BASE_URL']}/chat/completions", json=asked) as response:
                    found.append(response.status)
                    waits.append(response.headers.get("retry-after"))
        seen = doubles.close_run(RUN)
        await doubles.stop()
        return found, waits, [item.detail["fault"] for item in seen]

    # The case's own fault is the first call's, and begins no weather.
    weather.begin()
    assert asyncio.run(statuses()) == ([500, 429, 200], [None, "0.5", None], ["server_error", "rate_limit", None])


def test_a_fault_no_double_can_play_is_refused_with_all_others() -> None:
    """As in a case: kind, target, and fields that say nothing of the kind."""
    wrong = [
        Spell(fault=Fault(kind="rate_limits"), from_s=0, until_s=1),
        Spell(fault=Fault(kind="slow", target="tool:nobody"), from_s=0, until_s=1),
        Spell(fault=Fault(kind="slow", status=503), from_s=0, until_s=1),
        STORM,
    ]
    with pytest.raises(InputError) as refused:
        check_spells(wrong, ["order"], where="load profile 'storm'")
    places = [fault.where for fault in refused.value.faults]
    assert places == [f"load profile 'storm': faults[{index}]" for index in range(3)]
    check_spells([STORM, OUTAGE], [], where="x")
