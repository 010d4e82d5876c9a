"""One pipeline behind three doors: callable, command and HTTP service give the same results, case by case."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))
from doors_world import DOORS, Behind, Kept, Said, a_door, behind, said
from doors_world import driven as through

sys.path.pop(0)

from sluicegate.doubles import Doubles, Latencies
from sluicegate.fixtures.catalogue import VARIABLE
from sluicegate.model import Case, Trial
from sluicegate.pipelines.build import make_pipeline, open_pipeline
from sluicegate.runner import drive

ROUTER = behind("content-routing", "write_post")

NOTHING_PASSED_ON = '''
import aiohttp, asyncio, os

async def answer(input, context):
    """Asks a model and passes neither path nor header on, as a client made for another world would."""
    base = context.endpoints["OPENAI_BASE_URL"].replace(f"/r/{context.run_id}", "")
    said = {"model": "m", "messages": [{"role": "user", "content": str(input)}]}
    async with aiohttp.ClientSession() as session, session.post(f"{base}/chat/completions", json=said) as answered:
        return {"content": (await answered.json())["choices"][0]["message"]["content"]}
'''


async def driven(
    kind: str,
    folder: Path,
    cases: list[Case],
    *,
    work: str = ROUTER.work,
    environment: Mapping[str, str] | None = None,
    concurrency: int = 32,
) -> tuple[list[Trial], Doubles]:
    """Every case through the adapter, between doubles."""
    doubles = Doubles(latencies=Latencies(model_ms=0), lane=concurrency == 1)
    await doubles.start()
    kept = Kept()
    try:
        async with a_door(kind, folder, work, environment or {}, endpoints=("OPENAI_BASE_URL",)) as spec:
            pipeline = make_pipeline(spec, base=folder, endpoints=doubles.environment())
            try:
                await open_pipeline(pipeline)
                trials = ((case, 0) for case in cases)
                await drive(pipeline, trials, recorder=kept, boundary=doubles, nonce="one", concurrency=concurrency)
            finally:
                await pipeline.aclose()
    finally:
        await doubles.stop()
    return kept.trials, doubles


@pytest.mark.parametrize("defect", ["", "expert-for-every-reply", "half-of-the-tokens"])
@pytest.mark.asyncio
async def test_the_three_agree_on_every_check_and_measurement_of_every_case(defect: str, tmp_path: Path) -> None:
    """All suites of the stage, sound and with two planted defects, which each of them is caught with."""
    await agreed(defect, ROUTER.cases[::3], tmp_path)


@pytest.mark.slow
@pytest.mark.asyncio
async def test_the_three_agree_on_all_cases(tmp_path: Path, request: pytest.FixtureRequest) -> None:
    """None left out, with --slow."""
    if not request.config.getoption("--slow"):
        pytest.skip("a command answers one by one, which takes long; run with --slow")
    await agreed("", ROUTER.cases, tmp_path)


async def agreed(defect: str, cases: list[Case], tmp_path: Path) -> None:
    environment = {VARIABLE: defect} if defect else {}
    found = {}
    for kind in DOORS:
        folder = tmp_path / kind
        folder.mkdir()
        trials, doubles = await driven(kind, folder, cases, environment=environment)
        assert (doubles.unattributed, doubles.late) == (0, 0), kind
        found[kind] = said(ROUTER, trials)

    alike(ROUTER, found, cases, defect)


def alike(what: Behind, found: Mapping[str, Mapping[str, Said]], cases: Sequence[Case], defect: str) -> None:
    """The same of every case through every door; what is wrong is seen, and where nothing is, nothing is."""
    assert set(found["callable"]) == {case.id for case in cases}
    for kind in DOORS[1:]:
        differing = {key for key, value in found[kind].items() if value != found["callable"][key]}
        assert differing == set(), (kind, found[kind][min(differing)], found["callable"][min(differing)])
    failed = what.failed(found["callable"])
    planted = {each.name: each.check for each in what.reference.defects}
    assert failed >= ({planted[defect]} if defect else set())
    assert bool(failed) is bool(defect)


BEHAVING = [
    (name, answer, defect)
    for name, answer, defects in (
        ("email-rag-pilot", "draft_reply", ("", "drafts-twice")),
        ("trend-analysis", "answer_command", ("", "logs-without-id")),
    )
    for defect in defects
]


@pytest.mark.parametrize(("name", "answer", "defect"), BEHAVING)
@pytest.mark.asyncio
async def test_they_agree_on_behaviour_too(name: str, answer: str, defect: str, tmp_path: Path) -> None:
    """Retrieval, tracing, fallback, format, idempotency and budget, of calls, log lines and spans: some of each."""
    await compared(name, answer, defect, tmp_path, each=2)


@pytest.mark.slow
@pytest.mark.parametrize(("name", "answer", "defect"), BEHAVING)
@pytest.mark.asyncio
async def test_they_agree_on_all_behaviour(
    name: str, answer: str, defect: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    """Every case of every suite, with --slow."""
    if not request.config.getoption("--slow"):
        pytest.skip("a command answers one by one, which takes minutes; run with --slow")
    await compared(name, answer, defect, tmp_path, each=None)


async def compared(name: str, answer: str, defect: str, folder: Path, *, each: int | None) -> None:
    """The same cases through all three doors, between the doubles that the product puts around them."""
    what = behind(name, answer)
    cases = what.cases if each is None else what.some(each)
    found = {}
    for kind in DOORS:
        (folder / kind).mkdir()
        found[kind] = said(what, await through(what, kind, folder / kind, cases, defect=defect))
    alike(what, found, cases, defect)


PLAIN = [Case(id=f"c{number}", input=f"question {number}") for number in range(12)]


@pytest.mark.parametrize("kind", DOORS)
@pytest.mark.asyncio
async def test_what_passes_nothing_on_is_counted_for_nobody(kind: str, tmp_path: Path) -> None:
    """Behind each adapter: no case has an observation, every request is counted as of no run."""
    trials, doubles = await driven(kind, tmp_path, PLAIN, work=NOTHING_PASSED_ON)

    assert doubles.unattributed == len(PLAIN)
    assert {trial.observations for trial in trials} == {()}


@pytest.mark.parametrize("kind", DOORS)
@pytest.mark.asyncio
async def test_in_a_lane_it_is_counted_for_the_one_under_way(kind: str, tmp_path: Path) -> None:
    """One at a time, each has its own: the prompt that arrived is the case's."""
    trials, doubles = await driven(kind, tmp_path, PLAIN, work=NOTHING_PASSED_ON, concurrency=1)

    assert doubles.unattributed == 0
    for trial in trials:
        (seen,) = trial.observations
        assert seen.detail["correlation"]["run"] == "lane"
    assert len({trial.observations[0].detail["prompt_digest"] for trial in trials}) == len(PLAIN)
