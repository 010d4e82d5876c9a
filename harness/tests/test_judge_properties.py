"""Laws of the judge over generated evidence: bad evidence never helps, order says nothing, the same bytes come out."""

from __future__ import annotations

import random
import sys
from collections.abc import Callable
from copy import deepcopy
from datetime import timedelta
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sluicegate.errors import Fault
from sluicegate.gate.order import UNSAID, led_on
from sluicegate.model import Decision, Kind, Reason, Verdict, canonical, encode, read_verdict, rfc3339, verdict_json

sys.path.insert(0, str(Path(__file__).parent))
from judge_world import (
    CRASH,
    DEAD,
    GOOD,
    LEAK,
    NOW,
    WRONG,
    Memory,
    World,
    approval,
    block,
    case,
    closed,
    drafts,
    incident,
    line,
    micros,
    own_test,
    success,
    twice,
    violations,
)

sys.path.pop(0)

QUICK = settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
RANK = {Decision.PROMOTE: 0, Decision.COMPLETE: 0, Decision.HOLD: 1, Decision.ROLLBACK: 2}

hows = st.dictionaries(
    st.sampled_from([f"c{n:03}" for n in range(12)] + [f"c{n:03}~twice" for n in range(4)]),
    st.sampled_from([WRONG, DEAD, CRASH, LEAK]),
    max_size=4,
)


@st.composite
def worlds(draw) -> tuple[World, list[Memory]]:
    """A live stage with suites, own tests and recorded approvals, mostly sound."""
    live = draw(st.booleans())
    world = World(
        live=live,
        entered=NOW - timedelta(days=2),
        cases=[case(n) for n in range(12)],
        doubled=[twice(n) for n in range(4)],
        suites=("schema", "idempotency"),
        tests=("t1", "t2"),
        on_failed_tests=draw(st.booleans()),
        repeats=draw(st.integers(1, 2)),
        criteria=(
            success(rollback=line(0.3), optional=False),
            violations(max_rate=line(0.9).value),
            approval(rollback=line(0.4)),
        ),
    )
    first = world.run(draw(hows))
    ledgers = [world.recorded(block(drafts(draw(st.integers(0, 120)), draw(st.integers(0, 60))))), first]
    if draw(st.booleans()):
        ledgers.append(world.run(draw(st.one_of(st.just({}), hows)), attempt=2, nonce="m"))
    return world, ledgers


def says_how_to_go_on(verdict: Verdict) -> bool:
    """Whether whatever stops somebody has a reason, in words, and one of the reasons says what to do next."""
    words = [reason.mend or reason.rerun for reason in verdict.reasons]
    has_reason = bool(verdict.reasons) and all(reason.text and reason.about for reason in verdict.reasons)
    return verdict.exit_code == 0 or (has_reason and any(words) and UNSAID not in words)


def suite_runs(ledgers: list[Memory]) -> list[Memory]:
    return [ledger for ledger in ledgers if ledger.records and ledger.records[0][1].get("origin") == "suite"]


def unclosed(world: World, ledgers: list[Memory], rng: random.Random) -> None:
    rng.choice(ledgers).records.pop()


def damaged(world: World, ledgers: list[Memory], rng: random.Random) -> None:
    rng.choice(ledgers).broken = Fault(where="x", what="was changed")


def stale(world: World, ledgers: list[Memory], rng: random.Random) -> None:
    rng.choice(suite_runs(ledgers)).records[0][1]["at"] = rfc3339(NOW - timedelta(days=9))


def other_apparatus(world: World, ledgers: list[Memory], rng: random.Random) -> None:
    part = rng.choice(["plan_digest", "lock_digest", "apparatus"])
    rng.choice(suite_runs(ledgers)).records[0][1][part] = "9" * 64


def another_attempt_that_fails(world: World, ledgers: list[Memory], rng: random.Random) -> None:
    bad = rng.choice([WRONG, DEAD, CRASH])
    ledgers.append(world.run(lambda name: bad if rng.random() < 0.3 else GOOD, attempt=len(ledgers), nonce="z"))


def a_leak(world: World, ledgers: list[Memory], rng: random.Random) -> None:
    ledgers.append(world.run({"c001~twice": LEAK}, attempt=len(ledgers), nonce="z"))


def a_stranger(world: World, ledgers: list[Memory], rng: random.Random) -> None:
    rng.choice(suite_runs(ledgers)).records[-1:-1] = World(cases=[case(77)]).trial(case(77), rng.choice([GOOD, WRONG]))


def forged_results(world: World, ledgers: list[Memory], rng: random.Random) -> None:
    said = [body for kind, body in rng.choice(suite_runs(ledgers)).records if kind == "checked"]
    body = rng.choice(said)
    body["results"] = {name: rng.choice(["pass", "fail", "not_applicable"]) for name in body["results"]}


def unreadable(world: World, ledgers: list[Memory], rng: random.Random) -> None:
    garbage = [("outcome", {"case_id": 1}), ("rumour", {}), ("measurements", {"metric": "approval_rate"}), ("test", {})]
    rng.choice(ledgers).records.insert(1, rng.choice(garbage))


def a_second_outcome(world: World, ledgers: list[Memory], rng: random.Random) -> None:
    run = rng.choice(suite_runs(ledgers))
    run.records[-1:-1] = world.trial(rng.choice(world.cases), rng.choice([GOOD, WRONG]))


def rows_of_tomorrow(world: World, ledgers: list[Memory], rng: random.Random) -> None:
    ledgers[0].records.insert(-1, block([(micros() + 10**10, rng.randint(0, 1), 1)]))


def rejected_drafts(world: World, ledgers: list[Memory], rng: random.Random) -> None:
    rows = [(micros(timedelta(minutes=9)) + n, 0, 1) for n in range(rng.randint(1, 200))]
    ledgers[0].records.insert(-1, block(rows))


def wrong_tests(world: World, ledgers: list[Memory], rng: random.Random) -> None:
    said = rng.choice(
        [{"outcome": "skipped"}, {"outcome": "failed"}, {"outcome": "xpassed"}, {"attempt": 2}, {"assertions": 0}]
    )
    suite_runs(ledgers)[-1].records.insert(-1, own_test("t1", **{"outcome": "passed", **said}))


def a_reported_incident(world: World, ledgers: list[Memory], rng: random.Random) -> None:
    suite_runs(ledgers)[-1].records.insert(-1, own_test("t2", findings=[incident()]))


def a_dead_worker(world: World, ledgers: list[Memory], rng: random.Random) -> None:
    said = {"name": "gw0", "planned": 3, "run": 1, "closed": False, "head": None}
    suite_runs(ledgers)[-1].records.insert(-1, ("shard", said))


def lost_trials(world: World, ledgers: list[Memory], rng: random.Random) -> None:
    suite_runs(ledgers)[-1].records[-1:-1] = world.trial(rng.choice(world.cases), CRASH)


SPOILERS: list[Callable[[World, list[Memory], random.Random], None]] = [
    unclosed,
    damaged,
    stale,
    other_apparatus,
    another_attempt_that_fails,
    a_leak,
    a_stranger,
    forged_results,
    unreadable,
    a_second_outcome,
    rows_of_tomorrow,
    rejected_drafts,
    wrong_tests,
    a_reported_incident,
    a_dead_worker,
    lost_trials,
]


@QUICK
@given(made=worlds(), spoilers=st.lists(st.sampled_from(SPOILERS), min_size=1, max_size=3), seed=st.integers(0, 999))
def test_bad_evidence_never_helps(made, spoilers, seed):
    """Whatever is added or spoilt, a hold does not become a promotion, nor a rollback a hold."""
    world, ledgers = made
    before = world.verdict(*ledgers)
    spoilt = deepcopy(ledgers)
    for spoil in spoilers:
        spoil(world, spoilt, random.Random(seed))

    after = world.verdict(*spoilt)
    for verdict in (before, after):
        assert says_how_to_go_on(verdict), verdict.reasons

    assert RANK[after.decision] >= RANK[before.decision]


def said_again(verdict: Verdict) -> bytes:
    return canonical({**encode(verdict), "evidence_heads": []})


@QUICK
@given(made=worlds(), seed=st.integers(0, 999))
def test_order_of_trials_says_nothing(made, seed):
    """Trials, tests and blocks of measurements in another order give the same verdict."""
    world, ledgers = made
    rng = random.Random(seed)
    shuffled = []
    for ledger in ledgers:
        groups: dict[object, list] = {}
        for index, item in enumerate(ledger.records[1:-1]):
            key = (item[1]["case_id"], item[1]["repeat"]) if "case_id" in item[1] else index
            groups.setdefault(key, []).append(item)
        mixed = list(groups.values())
        rng.shuffle(mixed)
        shuffled.append(Memory([ledger.records[0], *(item for group in mixed for item in group), ledger.records[-1]]))

    assert said_again(world.verdict(*ledgers)) == said_again(world.verdict(*shuffled))


@QUICK
@given(made=worlds(), seed=st.integers(0, 999))
def test_interleaving_says_nothing(made, seed):
    """Trials run beside each other, so that intents, outcomes and results of several mix."""
    world, ledgers = made
    rng = random.Random(seed)
    mixed = []
    for ledger in ledgers:
        queues: dict[object, list] = {}
        for index, item in enumerate(ledger.records[1:-1]):
            key = item[1].get("case_id", index)
            queues.setdefault(key, []).append(item)
        waiting, records = list(queues.values()), []
        while waiting:
            queue = rng.choice(waiting)
            records.append(queue.pop(0))
            if not queue:
                waiting.remove(queue)
        mixed.append(Memory([ledger.records[0], *records, ledger.records[-1]]))

    assert said_again(world.verdict(*ledgers)) == said_again(world.verdict(*mixed))


@QUICK
@given(data=st.data(), repeats=st.integers(1, 2))
def test_removing_observations_of_a_pinned_set_never_helps(data, repeats):
    """Any record of a pinned trial, or any report of a pinned test, that is missing keeps the stage from being left."""
    world = World(
        repeats=repeats,
        tests=("t1", "t2"),
        doubled=[twice(n) for n in range(4)],
        suites=("schema", "idempotency"),
        criteria=(success(), violations(max_rate=line(0.9).value)),
    )
    run = world.run()
    assert world.verdict(run).decision is Decision.PROMOTE
    gone = data.draw(st.sets(st.integers(1, len(run.records) - 2), min_size=1, max_size=5))

    kept = Memory([item for index, item in enumerate(run.records) if index not in gone])

    assert world.verdict(kept).decision is Decision.HOLD


@QUICK
@given(made=worlds())
def test_same_inputs_give_the_same_bytes(made):
    """Twice judged, once written; and the strict reader takes it."""
    world, ledgers = made

    one, two = world.verdict(*ledgers), world.verdict(*deepcopy(ledgers))

    assert canonical(encode(one)) == canonical(encode(two))
    assert read_verdict(verdict_json(one)) == one


@QUICK
@given(cut=st.integers(1, 200), seed=st.integers(0, 99))
def test_any_truncation_holds(cut, seed):
    """A ledger that ends early never promotes, wherever it ends."""
    world = World(doubled=[twice(n) for n in range(4)], suites=("schema", "idempotency"))
    run = world.run()
    kept = Memory(run.records[: min(cut, len(run.records) - 1)])

    assert world.verdict(kept).decision is Decision.HOLD
    assert (
        world.verdict(Memory([*kept.records, closed()] if cut < len(run.records) - 1 else kept.records)).decision
        is Decision.HOLD
    )


def test_no_reason_stands_without_a_next_step():
    """Where no reason says what to do, the judge says that it owes it; where one does, they stay as they are."""
    mute = Reason(kind=Kind.HOLD_INSUFFICIENT, about="latency", text="no units")
    told = Reason(kind=Kind.HOLD_INCOMPLETE, about="schema", text="nothing ran", mend="Run it.")

    assert [reason.mend for reason in led_on((mute, mute))] == [UNSAID, ""]
    assert led_on((mute, told)) == (mute, told)
