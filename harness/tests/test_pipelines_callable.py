"""Callables in this process: given what they ask for, guarded one by one, given up when they hang."""

from __future__ import annotations

import asyncio
import contextvars
import functools
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from sluicegate.errors import InputError
from sluicegate.model import Capability, Case, CrashKind, Given, Mail, Output, RunContext
from sluicegate.pipelines.build import notes_of, target_pipeline
from sluicegate.pipelines.callable import CallablePipeline
from sluicegate.pipelines.signature import asks_of

CONTEXT = RunContext(run_id="ab" * 8, traceparent="00-ab", endpoints={"OPENAI_BASE_URL": "http://x/r/ab"}, now="now")
CASE = Case(id="c-1", input="hello")

pytestmark = pytest.mark.asyncio


async def answer(function: Any, case: Case = CASE, **options: Any) -> Output:
    """The Output of one call of a fresh pipeline."""
    pipeline = CallablePipeline(function, **options)
    try:
        return await pipeline.call(case, CONTEXT)
    finally:
        await pipeline.aclose()


def both(body: Any) -> list[Any]:
    """A function as it is and as a coroutine function."""

    @functools.wraps(body)
    async def as_coroutine(*args: Any, **kwargs: Any) -> Any:
        return body(*args, **kwargs)

    return [body, as_coroutine]


async def test_a_callable_gets_what_its_signature_asks_for() -> None:
    """Input, context and case by name; otherwise input first and context second."""
    forms: list[tuple[Any, Any]] = [
        (lambda text: [text], ["hello"]),
        (lambda text, ctx: [text, ctx.run_id], ["hello", "ab" * 8]),
        (lambda context, input: [input, context.now], ["hello", "now"]),  # noqa: A006 - the name is the contract
        (lambda case: [case.id], ["c-1"]),
        (lambda text, case: [text, case.id], ["hello", "c-1"]),
        (lambda *, input: [input], ["hello"]),  # noqa: A006 - the name is the contract
        (lambda *, case, context: [case.id, context.now], ["c-1", "now"]),
        (lambda text, temperature=0.5: [text, temperature], ["hello", 0.5]),
        (lambda text="none": [text], ["hello"]),
        (lambda *args, **kwargs: [list(args), kwargs], [["hello"], {}]),
        (functools.partial(lambda model, text: [model, text], "m"), ["m", "hello"]),
        (str.upper, "HELLO"),
    ]
    for function, expected in forms:
        output = await answer(function)
        assert expected in (output.structured, output.content), asks_of(function, name="f")


@pytest.mark.parametrize(
    ("function", "said"),
    [
        (lambda: "x", "takes nothing"),
        (lambda **kwargs: "x", "takes nothing"),
        (lambda text, context, prompt: "x", "requires 'prompt', which a pipeline is not given"),
        (lambda text, *, model, key: "x", "requires 'model', 'key'"),
    ],
)
async def test_a_signature_that_asks_for_more_is_refused_with_the_mend(function: Any, said: str) -> None:
    """At construction, not at the first case."""
    with pytest.raises(InputError, match=said) as error:
        CallablePipeline(function)
    assert "Write (input), (input, context), or name a parameter case." in str(error.value)


async def test_sync_async_and_callable_objects_are_called() -> None:
    """Whatever can be called with an input is a pipeline, also a sync function that hands on a coroutine."""

    class Drafter:
        async def __call__(self, text: str) -> str:
            return text + "!"

    async def draft(text: str) -> str:
        await asyncio.sleep(0)
        return text + "!"

    def handing_on(text: str) -> Any:
        return draft(text)

    for function in (Drafter(), draft, lambda text: text + "!", handing_on):
        assert (await answer(function)).content == "hello!"


async def test_the_input_is_the_calls_own_copy() -> None:
    """A pipeline that changes its input does not change the case."""
    case = Case(id="c", input={"items": [1]})

    def greedy(given: Any) -> Any:
        given["items"].append(2)
        return given["items"]

    assert (await answer(greedy, case)).structured == [1, 2]
    assert case.input == {"items": [1]}


async def test_a_mail_case_is_given_as_its_canonical_mail() -> None:
    """Every field is there, also those the case leaves out."""
    output = await answer(lambda mail: {"got": mail}, Case(id="c", given=Given(mail=Mail(subject="Hi"))))

    assert output.structured["got"]["subject"] == "Hi"
    assert output.structured["got"]["cc"] == []


@pytest.mark.parametrize(
    "raised", [ValueError("bad\nthing"), SystemExit(0), KeyboardInterrupt(), pytest.skip.Exception("skipped")], ids=repr
)
async def test_whatever_is_raised_is_the_crash_of_one_case(raised: BaseException) -> None:
    """SystemExit, KeyboardInterrupt and pytest.skip end no loop and no other case."""

    def draft(text: str) -> str:
        if text == "bad":
            raise raised
        return text

    for function in both(draft):
        pipeline = CallablePipeline(function)
        cases = [Case(id="a", input="ok"), Case(id="b", input="bad"), Case(id="c", input="ok")]
        outputs = await asyncio.gather(*[pipeline.call(case, CONTEXT) for case in cases])
        await pipeline.aclose()

        assert [output.error is None for output in outputs] == [True, False, True]
        error = outputs[1].error
        assert error is not None
        assert error.kind is CrashKind.EXCEPTION
        assert error.message.startswith(type(raised).__name__)
        assert f"{Path(__file__).name}:" in error.message
        assert "\n" not in error.message


async def test_an_exception_shows_no_secret_of_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Providers repeat the key they refuse."""
    monkeypatch.setenv("SHOP_API_KEY", "sk-live-1234567890")

    def draft(text: str) -> str:
        raise RuntimeError("refused key sk-live-1234567890")

    error = (await answer(draft)).error
    assert error is not None
    assert "refused key ***" in error.message
    assert "sk-live" not in error.message


async def test_a_cancellation_of_its_own_is_a_crash_and_not_a_cancelled_run() -> None:
    """User code that awaits a cancelled task does not cancel the runner."""

    async def draft(text: str) -> str:
        raise asyncio.CancelledError

    error = (await answer(draft)).error
    assert error is not None
    assert error.kind is CrashKind.CANCELLED


async def test_a_hanging_coroutine_is_a_time_out() -> None:
    """It is cancelled at its time, however many others wait."""
    cancelled: list[str] = []

    async def draft(text: str) -> str:
        try:
            await asyncio.sleep(60 if text == "hang" else 0.01)
        except asyncio.CancelledError:
            cancelled.append(text)
            raise
        return text

    pipeline = CallablePipeline(draft, timeout_s=0.2)
    began = time.monotonic()
    outputs = await asyncio.gather(*[pipeline.call(Case(id=t, input=t), CONTEXT) for t in ("hang", "a", "hang", "b")])
    await asyncio.sleep(0)

    assert [output.content for output in outputs] == [None, "a", None, "b"]
    assert outputs[0].error is not None
    assert outputs[0].error.kind is CrashKind.TIMEOUT
    assert outputs[0].error.message == "No answer within 0.2 s."
    assert cancelled == ["hang", "hang"]
    assert time.monotonic() - began < 5
    await pipeline.aclose()


async def test_a_coroutine_that_ignores_cancellation_is_left_behind_and_noted() -> None:
    """Nobody waits for it."""

    async def draft(text: str) -> str:
        for _ in range(100):
            try:
                await asyncio.sleep(0.5)
            except asyncio.CancelledError:
                continue
        return text

    pipeline = CallablePipeline(draft, timeout_s=0.1)
    output = await asyncio.wait_for(pipeline.call(CASE, CONTEXT), 3)
    await pipeline.aclose()

    assert output.error is not None
    assert output.error.kind is CrashKind.TIMEOUT
    assert notes_of(pipeline) == (f"{pipeline.name}: 1 calls went on after they were cancelled",)


async def test_a_hanging_thread_costs_its_slot_and_the_rest_goes_on() -> None:
    """A sync call cannot be cancelled: its thread is counted, and when none is left every further call says so."""
    release = threading.Event()

    def draft(text: str) -> str:
        if text == "hang":
            release.wait(30)
        return text

    pipeline = CallablePipeline(draft, timeout_s=0.2, threads=2)
    texts = ["hang", "a", "b", "c", "hang", "d"]
    outputs = await asyncio.wait_for(asyncio.gather(*[pipeline.call(Case(id=t, input=t), CONTEXT) for t in texts]), 10)

    assert [output.content for output in outputs[:4]] == [None, "a", "b", "c"]
    assert [output.error.kind for output in outputs if output.error] == [CrashKind.TIMEOUT] * 3
    last = outputs[5].error
    assert last is not None
    assert last.message == "Not called: every thread is held by a call that never returned."
    assert "2 calls have not returned" in notes_of(pipeline)[0]
    release.set()
    await asyncio.sleep(0.1)
    assert (await pipeline.call(Case(id="e", input="e"), CONTEXT)).content == "e"
    assert notes_of(pipeline) == ()
    await pipeline.aclose()


async def test_hung_threads_do_not_hold_the_exit(tmp_path: Path) -> None:
    """`asyncio.to_thread` would: its threads are joined when Python ends."""
    program = tmp_path / "hang.py"
    program.write_text(
        "import asyncio, time\n"
        "from sluicegate.model import Case, RunContext\n"
        "from sluicegate.pipelines.callable import CallablePipeline\n"
        "async def main():\n"
        "    p = CallablePipeline(lambda t: time.sleep(60), timeout_s=0.1)\n"
        "    print((await p.call(Case(id='a', input='x'), RunContext(run_id='', traceparent=''))).error.kind)\n"
        "    await p.aclose()\n"
        "asyncio.run(main())\n"
    )
    import sys

    began = time.monotonic()
    process = await asyncio.create_subprocess_exec(sys.executable, str(program), stdout=asyncio.subprocess.PIPE)
    stdout, _ = await asyncio.wait_for(process.communicate(), 20)

    assert stdout.decode().strip() == "timeout"
    assert process.returncode == 0
    assert time.monotonic() - began < 15


async def test_each_call_has_a_fresh_context() -> None:
    """Context variables of one case do not reach another."""
    seen: contextvars.ContextVar[str] = contextvars.ContextVar("seen", default="fresh")

    def draft(text: str) -> str:
        before = seen.get()
        seen.set(text)
        return before

    for function in both(draft):
        pipeline = CallablePipeline(function)
        assert [(await pipeline.call(CASE, CONTEXT)).content for _ in range(3)] == ["fresh"] * 3
        await pipeline.aclose()


async def test_cancelling_the_run_cancels_the_call() -> None:
    """Ctrl-C reaches the user's coroutine."""
    ended = asyncio.Event()

    async def draft(text: str) -> str:
        try:
            await asyncio.sleep(60)
        finally:
            ended.set()
        return text

    pipeline = CallablePipeline(draft)
    task = asyncio.create_task(pipeline.call(CASE, CONTEXT))
    await asyncio.sleep(0.05)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await asyncio.wait_for(ended.wait(), 2)
    await pipeline.aclose()


async def test_the_objects_own_closing_is_called_and_may_fail() -> None:
    """`aclose` or `close`, sync or async; what it raises is noted."""
    closed: list[str] = []

    class Good:
        def __call__(self, text: str) -> str:
            return text

        async def aclose(self) -> None:
            closed.append("good")

    class Bad:
        def __call__(self, text: str) -> str:
            return text

        def close(self) -> None:
            raise RuntimeError("cannot close")

    good, bad = CallablePipeline(Good()), CallablePipeline(Bad())
    await good.aclose()
    await bad.aclose()

    assert closed == ["good"]
    assert "closing it raised RuntimeError: cannot close (" in notes_of(bad)[0]


async def test_a_claimed_latency_is_dropped() -> None:
    """Latency is measured around the call."""
    assert (await answer(lambda text: Output(content=text, latency_ms=0.001))).latency_ms is None


async def test_a_target_of_evaluate_may_have_many_forms(tmp_path: Path) -> None:
    """A callable, module:attribute, an address, a program, or a pipeline."""
    (tmp_path / "own_shop_drafts.py").write_text("def draft(text):\n    return text\n")
    named = target_pipeline("own_shop_drafts:draft", base=tmp_path)
    assert (await named.call(CASE, CONTEXT)).content == "hello"
    assert target_pipeline(named) is named
    assert type(target_pipeline("http://127.0.0.1:1/")).__name__ == "HttpPipeline"
    assert type(target_pipeline(["cat"])).__name__ == "CommandPipeline"

    def capable(text: str) -> str:
        return text

    capable.capabilities = ["mail"]  # type: ignore[attr-defined] # how a callable declares what it can do
    assert target_pipeline(capable).capabilities == {Capability.MAIL}
    with pytest.raises(InputError, match="'mial' is none"):
        target_pipeline(capable, capabilities=["mial"])
    for wrong, said in ((42, "cannot be called"), (dict, "is the class dict"), ("nonsense", "not of the form")):
        with pytest.raises(InputError, match=said):
            target_pipeline(wrong)
