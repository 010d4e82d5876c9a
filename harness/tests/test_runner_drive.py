"""Driving a pipeline: every trial once, every wait overlapped, nothing kept, no call ending another."""

from __future__ import annotations

import asyncio
import itertools
import sys
import time

import pytest

from sluicegate.model import (
    Capability,
    Case,
    Crash,
    CrashKind,
    Given,
    Observation,
    Output,
    Provenance,
    RunContext,
    Trial,
)
from sluicegate.pipelines.callable import CallablePipeline
from sluicegate.runner import Progress, drive, identity


class Memory:
    """A recorder that remembers what it was told, in order."""

    def __init__(self):
        self.said = []

    def intend(self, case, repeat, run_id):
        self.said.append(("intend", case.id, repeat, run_id))

    def record(self, trial, run_id):
        self.said.append(("record", trial.case.id, trial.repeat, run_id))
        self.trials.append(trial)

    @property
    def trials(self) -> list[Trial]:
        return self.__dict__.setdefault("_trials", [])


class Pipe:
    """A pipeline made of one function."""

    capabilities: frozenset[Capability] = frozenset()

    def __init__(self, answer):
        self._answer = answer

    async def call(self, case: Case, context: RunContext) -> Output:
        return await self._answer(case, context)

    async def aclose(self) -> None:
        pass


async def _echo(case, _context):
    return Output(content=case.input)


def _cases(count, repeats=1):
    return [(Case(id=f"c{n}", input=f"i{n}"), repeat) for n in range(count) for repeat in range(repeats)]


def _drive(answer, trials, **more):
    memory = more.pop("recorder", None) or Memory()
    counts = asyncio.run(drive(Pipe(answer), trials, recorder=memory, nonce="n", **more))
    return memory, counts


def test_deliveries_with_inputs_of_their_own_are_one_trial():
    """One after the other, or all at once; the outputs stand in the order of the inputs."""
    under_way, most = 0, 0

    async def answer(case, context):
        nonlocal under_way, most
        under_way += 1
        most = max(most, under_way)
        await asyncio.sleep(0.01 * (3 - case.input))
        under_way -= 1
        return Output(content=f"{case.input}/{context.delivery}/{case.given.times}")

    for at_once, together in ((False, 1), (True, 3)):
        most = 0
        crowd = Case(id="crowd", given=Given(inputs=(0, 1, 2), at_once=at_once))
        memory, counts = _drive(answer, [(crowd, 0)])

        (trial,) = memory.trials
        assert [output.content for output in trial.outputs] == ["0/0/3", "1/1/3", "2/2/3"]
        assert most == together
        assert counts.run == 1
        assert trial.case == crowd


def test_a_crowd_that_is_given_up_leaves_no_call_behind():
    """Cancelling waits for every delivery of it."""
    ended = []

    async def answer(case, context):
        try:
            await asyncio.sleep(60)
        finally:
            ended.append(context.delivery)
        return Output()

    async def cancelled():
        crowd = Case(id="crowd", given=Given(deliveries=3, at_once=True))
        driving = asyncio.create_task(drive(Pipe(answer), [(crowd, 0)], recorder=Memory(), nonce="n"))
        await asyncio.sleep(0.05)
        driving.cancel()
        with pytest.raises(asyncio.CancelledError):
            await driving

    asyncio.run(cancelled())
    assert sorted(ended) == [0, 1, 2]


def test_every_trial_is_intended_before_it_is_called_and_recorded_after():
    """Repeats too, each under its own run id."""
    called = []

    async def answer(case, context):
        called.append(("call", case.id, context.run_id))
        assert memory.said[-1][:2] == ("intend", case.id)
        return await _echo(case, context)

    memory = Memory()
    _, counts = _drive(answer, _cases(3, repeats=2), recorder=memory, concurrency=1)

    assert [said[:3] for said in memory.said] == [
        (what, f"c{n}", repeat) for n in range(3) for repeat in range(2) for what in ("intend", "record")
    ]
    assert len({said[3] for said in memory.said}) == 6
    assert (counts.planned, counts.run, counts.crashed) == (6, 6, 0)


def test_a_run_id_is_the_same_whenever_it_is_asked_and_the_trace_begins_with_it():
    """So that a resumed run gives a trial the identity it had."""
    run_id, traceparent = identity("n", "c1", 2)

    assert (run_id, traceparent) == identity("n", "c1", 2)
    assert len(run_id) == 16
    version, trace, span, flags = traceparent.split("-")
    assert (version, len(trace), len(span), flags) == ("00", 32, 16, "01")
    assert trace.startswith(run_id)
    others = {identity(*asked)[0] for asked in [("m", "c1", 2), ("n", "c2", 2), ("n", "c1", 1), ("n", "c1\0002", 0)]}
    assert len(others | {run_id}) == 5


def test_all_waits_are_overlapped_up_to_the_concurrency_and_not_beyond():
    """64 calls that wait, 16 at once: never one more, and all 16 whenever there is enough to do."""
    running = peak = 0

    async def answer(case, context):
        nonlocal running, peak
        running += 1
        peak = max(peak, running)
        await asyncio.sleep(0.05)
        running -= 1
        return await _echo(case, context)

    _drive(answer, _cases(64), concurrency=16)

    assert peak == 16


@pytest.mark.parametrize("raised", [ValueError("boom"), SystemExit(0), KeyboardInterrupt(), asyncio.CancelledError()])
def test_whatever_one_call_raises_is_that_trials_crash(raised):
    """SystemExit and KeyboardInterrupt out of a pipeline must not end the others."""

    async def answer(case, context):
        if case.id == "c1":
            raise raised
        return await _echo(case, context)

    memory, counts = _drive(answer, _cases(4), concurrency=2)

    assert (counts.run, counts.crashed) == (4, 1)
    crashed = next(trial for trial in memory.trials if trial.crashed)
    assert crashed.case.id == "c1"
    assert crashed.output.error.kind is CrashKind.EXCEPTION
    assert type(raised).__name__ in crashed.output.error.message


def test_pytest_skip_inside_a_pipeline_is_a_crash():
    """A skipped case would look like one that was never asked."""

    async def answer(_case, _context):
        pytest.skip("not today")

    _, counts = _drive(answer, _cases(1))

    assert counts.crashed == 1


def test_an_adapter_that_answers_with_something_else_is_a_crash():
    """Nothing untyped reaches the ledger."""

    async def answer(_case, _context):
        return "text"

    memory, _ = _drive(answer, _cases(1))

    assert memory.trials[0].output.error.kind is CrashKind.GARBAGE


def test_latency_is_measured_around_the_call():
    """Whatever waits elsewhere is not counted."""

    async def answer(case, context):
        await asyncio.sleep(0.03)
        return await _echo(case, context)

    memory, _ = _drive(answer, _cases(3))

    assert all(29 < trial.output.latency_ms < 200 for trial in memory.trials)
    assert all(trial.output.content.startswith("i") for trial in memory.trials)


def test_a_recorded_latency_stays_and_a_missing_one_is_not_made_up():
    """A replay says nothing about latency; an adapter that measured nearer is believed; a crash has none."""
    outputs = {
        "c0": Output(content="x", provenance=Provenance.REPLAYED),
        "c1": Output(content="x", provenance=Provenance.REPLAYED, latency_ms=7.0),
        "c2": Output(content="x", latency_ms=5.0),
        "c3": Output(error=Crash(kind=CrashKind.TIMEOUT, message="slow")),
    }

    async def answer(case, _context):
        return outputs[case.id]

    memory, _ = _drive(answer, _cases(4))

    seen = {trial.case.id: trial.output.latency_ms for trial in memory.trials}
    assert seen == {"c0": None, "c1": 7.0, "c2": 5.0, "c3": None}


def test_an_output_that_the_pipeline_gives_twice_is_not_changed():
    """Each trial has its own copy with its own latency."""
    same = Output(content="x")

    async def answer(_case, _context):
        await asyncio.sleep(0.001)
        return same

    memory, _ = _drive(answer, _cases(2))

    assert same == Output(content="x")
    assert all(trial.output.latency_ms is not None for trial in memory.trials)


def test_deliveries_of_one_trial_follow_each_other():
    """The same input twice is one trial with two outputs."""
    seen = []

    async def answer(case, context):
        seen.append(context.delivery)
        await asyncio.sleep(0)
        return Output(content=str(context.delivery))

    memory, counts = _drive(answer, [(Case(id="c", given=Given(deliveries=3)), 0)])

    assert seen == [0, 1, 2]
    assert [output.content for output in memory.trials[0].outputs] == ["0", "1", "2"]
    assert counts.run == 1


class Doubles:
    """A boundary that saw one thing per run."""

    def __init__(self):
        self.open = set()

    def open_run(self, run_id, case):
        self.open.add(run_id)
        return {"OPENAI_BASE_URL": f"http://x/r/{run_id}"}

    def close_run(self, run_id):
        self.open.remove(run_id)
        return (Observation(run_id=run_id, double="model", action="gpt", at="t"),)


def test_a_boundary_is_told_before_each_delivery_but_the_first():
    """What comes from then on may be of the delivery that begins."""
    told = []

    class Told(Doubles):
        def goes_on(self, run_id, delivery):
            assert run_id in self.open
            told.append(delivery)

    async def answer(case, context):
        assert told == list(range(1, context.delivery + 1))
        return await _echo(case, context)

    memory, _ = _drive(answer, [(Case(id="c", given=Given(deliveries=3)), 0)], boundary=Told())
    assert len(memory.trials[0].outputs) == 3
    assert told == [1, 2]


def test_each_run_has_its_endpoints_and_its_observations():
    """Opened before the first delivery, closed after the last, also when it crashed."""

    async def answer(case, context):
        assert context.endpoints == {"OPENAI_BASE_URL": f"http://x/r/{context.run_id}"}
        assert context.run_id in doubles.open
        if case.id == "c1":
            raise ValueError
        return await _echo(case, context)

    doubles = Doubles()
    memory, _ = _drive(answer, _cases(3), boundary=doubles)

    assert doubles.open == set()
    assert len(memory.trials) == 3
    assert all(trial.observations[0].run_id == identity("n", trial.case.id, 0)[0] for trial in memory.trials)


def test_the_pipelines_clock_is_the_cases_own_unless_told_otherwise():
    """`given.now`, or whatever the caller makes of it."""
    seen = []

    async def answer(case, context):
        seen.append(context.now)
        return await _echo(case, context)

    case = Case(id="c", given=Given(now="2026-01-01T00:00:00Z"))
    _drive(answer, [(case, 0)])
    _drive(answer, [(case, 0)], now_of=lambda _case: "later")

    assert seen == ["2026-01-01T00:00:00Z", "later"]


def test_stop_begins_nothing_new_and_waits_for_what_is_in_flight():
    """Drained trials have outcomes; the others have not even an intent."""
    memory = Memory()

    async def answer(case, context):
        await asyncio.sleep(0.05)
        return await _echo(case, context)

    async def run():
        stop = asyncio.Event()
        asyncio.get_running_loop().call_later(0.02, stop.set)
        return await drive(Pipe(answer), _cases(100), recorder=memory, nonce="n", concurrency=4, stop=stop)

    counts = asyncio.run(run())

    assert counts.run == 4
    assert len(memory.said) == 8


def test_cancelling_leaves_what_is_in_flight_as_an_intent():
    """Also where the adapter answers the cancellation with a crash: the pipeline was not let finish."""
    memory = Memory()

    async def answer(_case, _context):
        try:
            await asyncio.sleep(10)
        except asyncio.CancelledError:
            return Output(error=Crash(kind=CrashKind.CANCELLED, message="cancelled"))
        return Output()

    async def run():
        task = asyncio.create_task(drive(Pipe(answer), _cases(9), recorder=memory, nonce="n", concurrency=3))
        await asyncio.sleep(0.02)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(run())

    assert [said[0] for said in memory.said] == ["intend"] * 3


def test_a_pipeline_that_never_waits_lets_the_loop_breathe():
    """A stop asked for from outside is heard, and the screen is drawn."""

    async def run():
        stop = asyncio.Event()
        asyncio.get_running_loop().call_later(0.03, stop.set)
        trials = ((Case(id=f"c{n}", input="x"), 0) for n in itertools.count())
        return await drive(Pipe(_echo), trials, recorder=Memory(), nonce="n", concurrency=2, stop=stop)

    began = time.perf_counter()
    counts = asyncio.run(run())

    assert counts.run > 10
    assert time.perf_counter() - began < 1


@pytest.mark.parametrize("where", ["intend", "record", "on_block", "trials", "open_run"])
def test_what_is_not_the_pipelines_failure_ends_the_run(where):
    """A full disk, a broken case file: the run fails with that error, and nothing more is called."""
    called = 0

    class Failing(Memory):
        def intend(self, case, repeat, run_id):
            super().intend(case, repeat, run_id)
            if where == "intend" and case.id == "c2":
                raise OSError("disk full")

        def record(self, trial, run_id):
            super().record(trial, run_id)
            if where == "record" and trial.case.id == "c2":
                raise OSError("disk full")

    class Shut(Doubles):
        def open_run(self, run_id, case):
            if where == "open_run" and case.id == "c2":
                raise OSError("disk full")
            return super().open_run(run_id, case)

    def on_block(block):
        if where == "on_block" and any(trial.case.id == "c2" for trial in block):
            raise OSError("disk full")

    def trials():
        yield from _cases(3)
        if where == "trials":
            raise OSError("disk full")
        yield from _cases(10_000)[3:]

    async def answer(case, context):
        nonlocal called
        called += 1
        await asyncio.sleep(0.001)
        return await _echo(case, context)

    began = time.perf_counter()
    with pytest.raises(OSError, match="disk full"):
        _drive(answer, trials(), recorder=Failing(), boundary=Shut(), on_block=on_block, concurrency=2)

    assert called < 100
    assert time.perf_counter() - began < 2


def test_slow_checks_are_run_one_by_one_so_that_timers_of_a_pipeline_fire_in_between():
    """A block that took long is followed by shorter ones while somebody is called; few wait, none is left out."""
    sizes, seen, begun = [], [], []

    async def answer(case, context):
        begun.append(case.id)
        return Output(content="ok")

    def on_block(block):
        sizes.append(len(block))
        seen.extend(trial.case.id for trial in block)
        assert len(begun) - len(seen) <= 64 + 2 * 32
        time.sleep(0.02)

    _drive(answer, _cases(200), recorder=Memory(), on_block=on_block, concurrency=32)
    assert sizes[0] <= 8
    assert set(sizes[4:100]) == {1}
    assert sorted(seen) == sorted(f"c{n}" for n in range(200))


def test_on_block_sees_every_trial_once_after_it_was_recorded():
    """Checks are put to recorded outputs only; the last ones too; never many are kept for it."""
    memory = Memory()
    seen = []

    def on_block(block):
        assert 1 <= len(block) <= 64
        assert all(trial in memory.trials for trial in block)
        seen.extend(trial.case.id for trial in block)

    async def answer(case, context):
        if int(case.id[1:]) % 7 == 0:
            await asyncio.sleep(0)
        return await _echo(case, context)

    _drive(answer, _cases(500), recorder=memory, on_block=on_block, concurrency=8)

    assert sorted(seen) == sorted(f"c{n}" for n in range(500))


def test_progress_is_kept_up_to_date():
    """For whoever draws it."""
    progress = Progress(planned=5)

    async def answer(case, context):
        assert progress.begun > progress.done
        if case.id == "c0":
            raise ValueError
        return await _echo(case, context)

    _drive(answer, _cases(5), progress=progress)

    assert (progress.begun, progress.done, progress.failed) == (5, 5, 1)


def test_a_call_that_ignores_cancellation_does_not_hold_the_run(monkeypatch):
    """The run goes without it."""
    from sluicegate.runner import drive as module

    monkeypatch.setattr(__import__("sys").modules[module.__module__], "_LETTING_GO_S", 0.1)

    async def answer(_case, _context):
        for _ in range(3):
            try:
                await asyncio.sleep(0.3)
            except asyncio.CancelledError:
                continue
        return Output()

    async def run():
        task = asyncio.create_task(drive(Pipe(answer), _cases(1), recorder=Memory(), nonce="n"))
        await asyncio.sleep(0.02)
        began = time.perf_counter()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        return time.perf_counter() - began

    assert asyncio.run(run()) < 0.4


def test_a_concurrency_of_nothing_is_refused():
    """It would wait for ever."""
    with pytest.raises(ValueError, match="concurrency is 0"):
        _drive(_echo, [], concurrency=0)


def test_no_trials_is_no_work():
    """And no error: the judge says what it thinks of it."""
    _, counts = _drive(_echo, [])

    assert (counts.planned, counts.run) == (0, 0)


class Gathering(Memory):
    """A recorder that writes when it is told."""

    def commit(self):
        self.said.append(("commit",))


def test_what_a_turn_intends_is_committed_before_any_of_it_is_called():
    """One write for all that begin together; none of them is called before it."""
    memory = Gathering()

    async def answer(case, context):
        intended = next(at for at, said in enumerate(memory.said) if said[:2] == ("intend", case.id))
        assert ("commit",) in memory.said[intended:]
        return await _echo(case, context)

    _, counts = _drive(answer, _cases(200), recorder=memory, concurrency=50)

    assert counts.run == 200
    assert counts.crashed == 0
    assert memory.said.count(("commit",)) < 50


def test_nobody_is_intended_who_is_never_called():
    """Cases that end in an error: those of the same turn stay unheard of, and can be run the next time."""
    memory = Memory()
    called = []

    async def answer(case, context):
        called.append(case.id)
        return await _echo(case, context)

    def trials():
        yield from _cases(40)
        raise OSError("the cases are gone")

    with pytest.raises(OSError, match="the cases are gone"):
        _drive(answer, trials(), recorder=memory, concurrency=32)

    assert [said[1] for said in memory.said if said[0] == "intend"] == called


class Beginning(Pipe):
    """A pipeline with a way of its own to begin a call."""

    def __init__(self, *, answers=True):
        super().__init__(None)
        self.answers = answers
        self.cancelled = 0
        self.begun = []

    def begin(self, case, context, landed):
        self.begun.append((context.delivery, landed))
        if self.answers:
            asyncio.get_running_loop().call_soon(landed, Output(content=case.input), 7.0)
        return self

    def cancel(self):
        self.cancelled += 1


def test_a_pipeline_may_have_its_own_way_to_begin_a_call():
    """It says how long the call took; deliveries follow each other all the same."""
    memory = Memory()
    pipeline = Beginning()
    trials = [(Case(id="c", input="i", given=Given(deliveries=2)), 0), *_cases(3)]

    counts = asyncio.run(drive(pipeline, trials, recorder=memory, nonce="n"))

    assert counts.run == 4
    assert sorted(delivery for delivery, _ in pipeline.begun) == [0, 0, 0, 0, 1]
    assert {output.latency_ms for trial in memory.trials for output in trial.outputs} == {7.0}


def test_an_answer_after_the_cancellation_is_no_outcome():
    """The pipeline was not let finish; its doubles are closed."""
    memory = Memory()
    pipeline = Beginning(answers=False)
    doubles = Doubles()

    async def run():
        task = asyncio.create_task(drive(pipeline, _cases(3), recorder=memory, boundary=doubles, nonce="n"))
        await asyncio.sleep(0.01)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        for _, landed in pipeline.begun:
            landed(Output(), 1.0)
        await asyncio.sleep(0.01)

    asyncio.run(run())

    assert [said[0] for said in memory.said] == ["intend"] * 3
    assert pipeline.cancelled == 3
    assert doubles.open == set()


@pytest.mark.parametrize("raised", [ValueError("boom"), SystemExit(0), KeyboardInterrupt()])
def test_calls_of_a_coroutine_function_end_alone_under_the_runner(raised):
    """One raises, one hangs, one goes on after its time: each is its own trial's crash, and the others answer."""

    async def answer(text):
        if text == "i1":
            raise raised
        if text == "i2":
            await asyncio.sleep(60)
        await asyncio.sleep(0.01)
        return text

    async def run():
        pipeline = CallablePipeline(answer, timeout_s=0.2)
        try:
            return await drive(pipeline, _cases(6), recorder=memory, nonce="n", concurrency=3)
        finally:
            await pipeline.aclose()

    memory = Memory()
    counts = asyncio.run(run())

    seen = {trial.case.id: trial.output for trial in memory.trials}
    assert (counts.run, counts.crashed) == (6, 2)
    assert seen["c1"].error.kind is CrashKind.EXCEPTION
    assert seen["c2"].error.kind is CrashKind.TIMEOUT
    assert seen["c2"].latency_ms is None
    assert all(9 < seen[name].latency_ms < 150 for name in ("c0", "c3", "c4", "c5"))


def test_cancelling_the_run_cancels_the_calls_of_a_coroutine_function():
    """Each at its place, and nobody waits for one that goes on."""
    ended = []
    memory = Memory()

    async def answer(text):
        try:
            await asyncio.sleep(60)
        finally:
            ended.append(text)

    async def run():
        pipeline = CallablePipeline(answer)
        task = asyncio.create_task(drive(pipeline, _cases(9), recorder=memory, nonce="n", concurrency=3))
        await asyncio.sleep(0.02)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        await pipeline.aclose()

    asyncio.run(run())

    assert ended == ["i0", "i1", "i2"]
    assert [said[0] for said in memory.said] == ["intend"] * 3


@pytest.mark.parametrize(
    ("kind", "stands_still", "expected"),
    [
        (CrashKind.TIMEOUT, True, CrashKind.UNREACHABLE),
        (CrashKind.TIMEOUT, False, CrashKind.TIMEOUT),
        (CrashKind.EXCEPTION, True, CrashKind.EXCEPTION),
    ],
)
def test_a_machine_that_stood_still_had_no_answer_in_time_itself(monkeypatch, kind, stands_still, expected):
    """A time-out of then is nobody's fault, which holds; any other crash is what it was."""
    room = sys.modules[drive.__module__]
    monkeypatch.setattr(room, "_LOOK_S", 0.02)
    monkeypatch.setattr(room, "_STOOD_STILL_S", 0.1)

    async def answer(_case, _context):
        await asyncio.sleep(0.05)
        if stands_still:
            time.sleep(0.3)  # nothing of this process runs meanwhile, as under SIGSTOP
        await asyncio.sleep(0.01)
        return Output(error=Crash(kind=kind, message="No answer within 1 s."))

    memory, _ = _drive(answer, _cases(1))

    (output,) = memory.trials[0].outputs
    assert output.error.kind is expected
    assert ("stood still" in output.error.message) is (expected is CrashKind.UNREACHABLE)
