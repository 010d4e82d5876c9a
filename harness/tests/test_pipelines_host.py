"""Callables in a runner process: real processes, killed in every way."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import time
from pathlib import Path

import psutil
import pytest

from sluicegate.errors import InputError
from sluicegate.model import Capability, Case, Crash, CrashKind, Given, Mail, Output, RunContext, Usage
from sluicegate.pipelines.build import make_pipeline, notes_of, open_pipeline
from sluicegate.pipelines.remote import HostedCallable
from sluicegate.pipelines.target import load_target
from sluicegate.plan.types import CallableTarget, PipelineSpec

pytestmark = pytest.mark.asyncio

CONTEXT = RunContext(
    run_id="ab" * 8,
    traceparent="00-ab",
    endpoints={"OPENAI_BASE_URL": "http://x/r/ab"},
    now="now",
    delivery=1,
    repeat=2,
)

DRAFTS = """
import asyncio, os, signal, sys, time
AT_IMPORT = os.environ.get("OPENAI_BASE_URL")
print("imported")

async def draft(text):
    if text == "exit": os._exit(0)
    if text == "kill": os.kill(os.getpid(), signal.SIGKILL)
    if text == "segfault":
        import ctypes; ctypes.string_at(0)
    if text == "quit": sys.exit(3)
    if text == "raise": raise ValueError("bad text")
    if text == "block": time.sleep(60)
    if text == "hang": await asyncio.sleep(60)
    if text == "noise": print("x" * 200_000); print("y" * 200_000, file=sys.stderr)
    if text == "last words": print("out of money", file=sys.stderr); sys.stderr.flush(); os._exit(7)
    if text == "late": asyncio.get_running_loop().call_soon(sys.exit, 5); await asyncio.sleep(60)
    if text == "idle death": asyncio.get_running_loop().call_later(0.1, os._exit, 4)
    if text == "close the socket": os.closerange(3, 64); await asyncio.sleep(60)
    if text == "nan": return {"a": float("nan")}
    if text == "large": return "x" * 11_000_000
    if text == "large but fine": return "x" * 9_000_000
    if text == "set": return {"a": {1}}
    if text == "env": return {"at import": AT_IMPORT, "cwd": os.getcwd(), "first": sys.path[0]}
    if text == "pid": return str(os.getpid())
    if text == "child":
        import subprocess
        return str(subprocess.Popen(["sleep", "60"]).pid)
    await asyncio.sleep(0.2 if text == "slow" else 0)
    return text

def told(text, context, case):
    return {"text": text, "context": [context.run_id, context.now, context.delivery, context.repeat,
            dict(context.endpoints)], "case": case.id, "subject": case.given.mail and case.given.mail.subject}

def sync(text): return text

class Object:
    async def __call__(self, text): return text
    async def aclose(self): open("closed", "w").write("yes")
thing = Object()
number = 5
"""


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    """A user's folder with a module."""
    (tmp_path / "shop_drafts.py").write_text(DRAFTS)
    (tmp_path / "orjson.py").write_text("raise RuntimeError('the user has a module of this name')\n")
    return tmp_path


def hosted(shop: Path, attribute: str = "draft", *, timeout_s: float = 10.0, **environment: str) -> HostedCallable:
    """A pipeline as the plan makes it."""
    spec = PipelineSpec(target=CallableTarget(target=f"shop_drafts:{attribute}"), timeout_s=timeout_s)
    pipeline = make_pipeline(spec, base=shop, endpoints=environment)
    assert isinstance(pipeline, HostedCallable)
    return pipeline


async def ask(pipeline: HostedCallable, *texts: str) -> list[Output]:
    """All at once."""
    return await asyncio.gather(*[pipeline.call(Case(id=text, input=text), CONTEXT) for text in texts])


def crash_of(output: Output) -> Crash:
    """The crash it is."""
    assert output.error is not None, output
    return output.error


async def test_the_doubles_addresses_stand_before_user_code_is_imported(shop: Path) -> None:
    """Clients read their base URL while they are imported; the user's folder is first on the path, after ours."""
    pipeline = hosted(shop, OPENAI_BASE_URL="http://127.0.0.1:9/v1")
    (output,) = await ask(pipeline, "env")
    await pipeline.aclose()

    assert output.structured == {"at import": "http://127.0.0.1:9/v1", "cwd": str(shop), "first": str(shop)}


async def test_the_callable_gets_context_and_case(shop: Path) -> None:
    """Attribution, clock and endpoints of this run, and the whole case, where the signature asks for them."""
    pipeline = hosted(shop, "told")
    output = await pipeline.call(Case(id="c", input="hi", given=Given(mail=Mail(subject="S"))), CONTEXT)
    await pipeline.aclose()

    assert output.structured == {
        "text": "hi",
        "context": ["ab" * 8, "now", 1, 2, {"OPENAI_BASE_URL": "http://x/r/ab"}],
        "case": "c",
        "subject": "S",
    }


async def test_answers_keep_their_type_and_carry_a_latency_measured_there(shop: Path) -> None:
    """Text of any size, typed crashes, and a latency without the way between the processes."""
    pipeline = hosted(shop)
    outputs = await ask(pipeline, "a\u2028b", "slow", "large but fine", "nan", "large", "set", "raise", "quit", "noise")
    await pipeline.aclose()

    assert [output.content for output in outputs[:2]] == ["a\u2028b", "slow"]
    assert len(outputs[2].content or "") == 9_000_000
    assert outputs[1].latency_ms is not None
    assert 195 < outputs[1].latency_ms < 2000
    kinds = [crash_of(output).kind for output in outputs[3:8]]
    assert kinds == ["not_finite", "too_large", "garbage", "exception", "exception"]
    assert crash_of(outputs[6]).message == "ValueError: bad text (shop_drafts.py:12)"
    assert crash_of(outputs[7]).message == "SystemExit: 3 (shop_drafts.py:11)"
    assert outputs[8].content == "noise"
    assert notes_of(pipeline) == ()


@pytest.mark.parametrize(
    ("text", "how"),
    [
        ("exit", "exit code 0; its last words: imported"),
        ("kill", "signal 9 (SIGKILL); its last words: imported"),
        ("segfault", "signal 11 (SIGSEGV); its last words: Segmentation fault (*shop_drafts.py:10)"),
        ("last words", "exit code 7; its last words: *out of money"),
        ("late", "exit code 5"),
        ("close the socket", "exit code 1"),
    ],
)
async def test_a_process_that_dies_is_a_crash_of_every_call_in_flight(shop: Path, text: str, how: str) -> None:
    """With its exit status and last words; later calls crash as clearly, and nothing is tried until it survives."""
    pipeline = hosted(shop)
    await open_pipeline(pipeline)
    others = asyncio.gather(*[pipeline.call(Case(id="slow", input="slow"), CONTEXT) for _ in range(3)])
    await asyncio.sleep(0.05)
    outputs = [*(await ask(pipeline, text)), *(await others)]
    (later,) = await ask(pipeline, "after")
    await pipeline.aclose()

    for output in outputs:
        crash = crash_of(output)
        assert crash.kind is CrashKind.DIED
        assert crash.message.startswith("The runner process of shop_drafts:draft ended with 4 calls in flight: ")
        for part in how.split("*"):
            assert part in crash.message
    assert crash_of(later).kind is CrashKind.DIED
    assert crash_of(later).message.startswith("Not called: the runner process of shop_drafts:draft ended with 4 calls")
    assert notes_of(pipeline) == ()


async def test_a_process_that_ends_while_idle_is_started_again_three_times_at_most(shop: Path) -> None:
    """No case was in flight, so no case is to blame; it is counted, and not for ever."""
    pipeline = hosted(shop)
    contents: list[str | None] = []
    for _ in range(4):
        contents += [output.content for output in await ask(pipeline, "idle death")]
        await asyncio.sleep(0.6)
    (last,) = await ask(pipeline, "more")
    await pipeline.aclose()

    assert contents == ["idle death"] * 4
    assert pipeline.restarts == 3
    assert "ended 4 times idle: exit code 4" in crash_of(last).message
    assert "was started again 3 times" in notes_of(pipeline)[0]


async def test_a_hanging_call_is_a_time_out_and_costs_nothing_else(shop: Path) -> None:
    """The process answers time-outs itself and goes on."""
    pipeline = hosted(shop, timeout_s=0.3)
    hung, other = await ask(pipeline, "hang", "a")
    (after,) = await ask(pipeline, "b")
    await pipeline.aclose()

    assert crash_of(hung).kind is CrashKind.TIMEOUT
    assert (other.content, after.content) == ("a", "b")


async def test_a_blocked_event_loop_is_found_and_ended(shop: Path) -> None:
    """A process that answers nothing, not even time-outs, is stopped and said to be blocked."""
    pipeline = hosted(shop, timeout_s=0.3)
    began = time.monotonic()
    blocked, other = await ask(pipeline, "block", "a")
    (later,) = await ask(pipeline, "b")
    await pipeline.aclose()

    assert time.monotonic() - began < 20
    assert crash_of(blocked).kind is CrashKind.TIMEOUT
    assert "its event loop is blocked" in crash_of(blocked).message
    assert crash_of(other).kind is CrashKind.TIMEOUT
    assert crash_of(later).kind is CrashKind.DIED


async def test_cancelling_a_call_cancels_it_there(shop: Path) -> None:
    """The process is free for the next one."""
    pipeline = hosted(shop)
    await open_pipeline(pipeline)
    task = asyncio.create_task(pipeline.call(Case(id="h", input="hang"), CONTEXT))
    await asyncio.sleep(0.1)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert (await ask(pipeline, "a"))[0].content == "a"
    began = time.monotonic()
    await pipeline.aclose()
    assert time.monotonic() - began < 5


async def test_closing_runs_the_objects_own_closing_and_leaves_no_process(shop: Path) -> None:
    """Its aclose runs in its own loop; what it started is ended with it."""
    pipeline = hosted(shop, "thing")
    await ask(pipeline, "a")
    await pipeline.aclose()
    assert (shop / "closed").read_text() == "yes"

    pipeline = hosted(shop)
    (child, pid) = [int(output.content or 0) for output in await ask(pipeline, "child", "pid")]
    await pipeline.aclose()
    assert not _alive(pid)
    assert await _gone(child)
    (after,) = await ask(pipeline, "a")
    assert "is closed" in crash_of(after).message


async def test_the_process_dies_with_its_parent(shop: Path) -> None:
    """A killed runner leaves no orphan, even when user code blocks the loop."""
    program = shop / "parent.py"
    program.write_text(
        "import asyncio, sys\n"
        "from pathlib import Path\n"
        "from sluicegate.model import Case, RunContext\n"
        "from sluicegate.pipelines.remote import HostedCallable\n"
        "async def main():\n"
        "    p = HostedCallable('shop_drafts:draft', base=Path(sys.argv[1]))\n"
        "    c = RunContext(run_id='', traceparent='')\n"
        "    print((await p.call(Case(id='a', input='pid'), c)).content, flush=True)\n"
        "    await p.call(Case(id='b', input='block'), c)\n"
        "asyncio.run(main())\n"
    )
    parent = await asyncio.create_subprocess_exec(
        sys.executable, "-P", str(program), str(shop), stdout=asyncio.subprocess.PIPE
    )
    assert parent.stdout is not None
    pid = int(await parent.stdout.readline())
    assert _alive(pid)
    await asyncio.sleep(0.2)
    parent.send_signal(signal.SIGKILL)
    await parent.wait()
    assert await _gone(pid)


async def _gone(pid: int) -> bool:
    """A signal is delivered when the system finds the time."""
    for _ in range(100):
        if not _alive(pid):
            return True
        await asyncio.sleep(0.05)
    return False


def _alive(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


@pytest.mark.parametrize(
    ("target", "said"),
    [
        ("shop_draft:draft", "module 'shop_draft' is not in {base} or on the import path. Did you mean 'shop_drafts'?"),
        ("shop_drafts:drft", "shop_drafts (shop_drafts.py) has no attribute 'drft'. Did you mean 'draft'?"),
        ("shop_drafts:number", "is of type int and cannot be called. Name a function"),
        ("shop_drafts:Object", "is the class Object; a pipeline is a function"),
        (
            "broken:draft",
            "module 'broken' cannot be imported: ValueError: no shop\\n today (broken.py:2). Correct the module.",
        ),
        ("syntax:draft", "module 'syntax' cannot be imported: SyntaxError: "),
        ("syntax:draft", "(syntax.py:1). Correct the module."),
        (
            "needs:draft",
            "No module named 'openia' (needs.py:1). Install openia in this environment, or correct the import.",
        ),
        ("quits:draft", "module 'quits' cannot be imported: SystemExit: 2 (quits.py:1). Correct the module."),
        ("exits:draft", "ended the process while it was imported: exit code 3; its last words: goodbye."),
        ("asks:draft", "requires 'prompt', which a pipeline is not given. Write (input), (input, context)"),
    ],
)
async def test_a_target_that_cannot_be_used_is_said_in_the_users_words(shop: Path, target: str, said: str) -> None:
    """Module, attribute, nearest name, mend; their own exception as one line with their file and line; no traceback."""
    (shop / "broken.py").write_text("def draft(text): return text\nraise ValueError('no shop\\n today')\n")
    (shop / "syntax.py").write_text("def draft(text) return text\n")
    (shop / "needs.py").write_text("import openia\n")
    (shop / "quits.py").write_text("raise SystemExit(2)\n")
    (shop / "exits.py").write_text("import os, sys\nprint('goodbye', file=sys.stderr, flush=True)\nos._exit(3)\n")
    (shop / "asks.py").write_text("def draft(text, context, prompt): return text\n")
    pipeline = HostedCallable(target, base=shop)

    for _ in range(2):
        with pytest.raises(InputError) as error:
            await open_pipeline(pipeline)
        assert said.format(base=shop) in str(error.value)
        assert str(error.value).startswith(f"pipeline '{target}'")
        assert "Traceback" not in str(error.value)
    await pipeline.aclose()


@pytest.mark.parametrize("target", ["shop_drafts", "shop_drafts.draft", "shop drafts:draft", ":draft", "shop_drafts:"])
async def test_a_target_of_another_form_is_refused_at_once(shop: Path, target: str) -> None:
    """Before any process is started."""
    with pytest.raises(InputError, match=r"is not of the form module:attribute\. Write"):
        HostedCallable(target, base=shop)


async def test_a_case_that_is_no_json_is_not_sent(shop: Path) -> None:
    """The case is at fault, and named."""
    pipeline = hosted(shop)
    output = await pipeline.call(Case(id="c-9", input={"a": {1}}), CONTEXT)
    await pipeline.aclose()

    assert crash_of(output).kind is CrashKind.NOT_SENT
    assert crash_of(output).message.startswith("c-9: the input cannot be written as JSON")


async def test_a_thousand_calls_at_once_come_back_to_their_own_cases(shop: Path) -> None:
    """Frames are batched both ways, and nothing is mixed up."""
    pipeline = hosted(shop)
    await open_pipeline(pipeline)
    texts = [f"text {index}" for index in range(1000)]
    outputs = await ask(pipeline, *texts)
    await pipeline.aclose()

    assert [output.content for output in outputs] == texts


async def test_a_rich_output_arrives_as_it_was_returned(shop: Path) -> None:
    """All fields cross the process border."""
    (shop / "rich.py").write_text(
        "from sluicegate.model import Mail, Output, ToolCall, Usage\n"
        "def draft(text):\n"
        "    return Output(content='c', mail=Mail(subject='s', to=('a@shop.test',)), usage=Usage(input_tokens=1),\n"
        "        tools_called=(ToolCall(name='t', arguments={'a': 1}),), model='m', cost_microusd=5,\n"
        "        metadata={'k': [1]})\n"
    )
    pipeline = HostedCallable("rich:draft", base=shop, capabilities=[Capability.MAIL])
    (output,) = await ask(pipeline, "a")
    await pipeline.aclose()

    assert output.mail == Mail(subject="s", to=("a@shop.test",))
    assert (output.content, output.model, output.cost_microusd, output.metadata) == ("c", "m", 5, {"k": [1]})
    assert output.usage == Usage(input_tokens=1)
    assert output.tools_called[0].arguments == {"a": 1}
    assert pipeline.capabilities == {Capability.MAIL}
    assert os.environ.get("OPENAI_BASE_URL") is None


async def test_an_interrupt_while_a_module_is_imported_is_no_fault_of_the_module(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever presses Ctrl-C wants to stop, not to be told to correct a file."""
    (tmp_path / "takes_long.py").write_text("raise KeyboardInterrupt\n")
    monkeypatch.syspath_prepend(tmp_path)

    with pytest.raises(KeyboardInterrupt):
        load_target("takes_long:draft", base=tmp_path)
