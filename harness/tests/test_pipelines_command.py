"""Programs that speak JSON lines: real ones, and everything they can do wrong."""

from __future__ import annotations

import asyncio
import os
import sys
import time
from pathlib import Path
from typing import Any

import psutil
import pytest

from sluicegate.errors import InputError
from sluicegate.model import Case, Crash, CrashKind, Given, Mail, Output, RunContext, Usage
from sluicegate.pipelines.build import make_pipeline, notes_of, open_pipeline
from sluicegate.pipelines.command import CommandPipeline
from sluicegate.plan.types import CommandTarget, PipelineSpec

pytestmark = pytest.mark.asyncio

CONTEXT = RunContext(run_id="ab" * 8, traceparent="00-ab", endpoints={"OPENAI_BASE_URL": "http://x/r/ab"}, now="now")

PROGRAM = r"""
import json, os, signal, subprocess, sys, time
for line in sys.stdin:
    request = json.loads(line)
    text, answer = request["input"], {"id": request["id"]}
    if text == "die": print("no\x1b[2J money", file=sys.stderr, flush=True); os._exit(3)
    if text == "kill": os.kill(os.getpid(), signal.SIGKILL)
    if text == "leave": sys.exit(0)
    if text == "hang": time.sleep(60)
    if text == "hang with child": subprocess.Popen(["sleep", "60"]); time.sleep(60)
    if text == "garbage": print("Loading model\x1b[31m …", flush=True); continue
    if text == "wrong id": answer["id"] = "other"
    if text == "no id": del answer["id"]
    if text == "list": print("[1]", flush=True); continue
    if text == "twice": print(json.dumps({**answer, "content": "one"}))
    if text == "nan": print('{"id": "%s", "structured": {"a": [NaN]}}' % request["id"], flush=True); continue
    if text == "deep": answer["structured"] = json.loads("[" * 500 + "]" * 500)
    if text == "long": answer["structured"] = {"n": 123456789012345678901235}
    if text == "wide":
        for _ in range(500): sys.stdout.write("x" * 100_000)
        print(flush=True); continue
    if text == "flood": sys.stderr.write("e" * 50_000_000); sys.stderr.flush()
    if text == "error": answer["error"] = {"code": "NO_DATA", "message": "nothing\nfound"}
    elif text == "own": answer["output"] = {"score": 1}
    elif text == "text": answer["output"] = "plain"
    elif text == "rich": answer.update(content="c", usage={"input_tokens": 2}, mail={"subject": "s"})
    elif text == "unknown": answer["contnt"] = "c"
    elif text == "request": answer["structured"] = request
    elif text == "env":
        answer["structured"] = {name: os.environ.get(name) for name in ("OPENAI_BASE_URL", "MORE")}
        answer["structured"]["cwd"] = os.getcwd()
    elif text == "pid": answer["content"] = str(os.getpid())
    elif text == "slow": time.sleep(0.3); answer["content"] = "slow"
    elif text in ("nothing", "long", "deep"): pass
    else: answer["content"] = text
    print(json.dumps(answer), flush=True)
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A user's folder with a program."""
    (tmp_path / "drafter.py").write_text(PROGRAM)
    return tmp_path


def command(folder: Path, *, timeout_s: float = 10.0, **options: Any) -> CommandPipeline:
    """A pipeline as the plan makes it."""
    target = CommandTarget(argv=(sys.executable, "drafter.py"), **options)
    spec = PipelineSpec(target=target, timeout_s=timeout_s, environment={"MORE": "1"})
    pipeline = make_pipeline(spec, base=folder, endpoints={"OPENAI_BASE_URL": "http://x"})
    assert isinstance(pipeline, CommandPipeline)
    return pipeline


async def ask(pipeline: CommandPipeline, *texts: str) -> list[Output]:
    """One after the other."""
    return [await pipeline.call(Case(id=text, input=text), CONTEXT) for text in texts]


def crash_of(output: Output) -> Crash:
    """The crash it is."""
    assert output.error is not None, output
    return output.error


@pytest.mark.parametrize("long_lived", [True, False])
async def test_a_program_gets_the_request_and_its_answer_is_an_output(folder: Path, *, long_lived: bool) -> None:
    """The id to echo, attribution, clock, endpoints and the canonical input."""
    pipeline = command(folder, long_lived=long_lived)
    outputs = await ask(pipeline, "request", "a", "own", "text", "rich", "nothing")
    env = (await ask(pipeline, "env"))[0].structured
    mail = await pipeline.call(Case(id="m", given=Given(mail=Mail(subject="request"))), CONTEXT)
    await pipeline.aclose()

    assert outputs[0].structured == {
        "id": "ab" * 8 + "/0",
        "run_id": "ab" * 8,
        "traceparent": "00-ab",
        "delivery": 0,
        "now": "now",
        "endpoints": {"OPENAI_BASE_URL": "http://x/r/ab"},
        "input": "request",
    }
    assert [output.content for output in outputs[1:]] == ["a", None, "plain", "c", None]
    assert outputs[2].structured == {"score": 1}
    assert (outputs[4].usage, outputs[4].mail) == (Usage(input_tokens=2), Mail(subject="s"))
    assert env == {"OPENAI_BASE_URL": "http://x" if long_lived else "http://x/r/ab", "MORE": "1", "cwd": str(folder)}
    assert mail.content is None
    assert all(output.latency_ms is not None and output.latency_ms > 0 for output in outputs)


async def test_a_long_lived_program_is_one_process_and_per_case_ones_are_many(folder: Path) -> None:
    """Which of both, the plan says."""
    lasting, single = command(folder), command(folder, long_lived=False)
    ours = {output.content for output in await ask(lasting, "pid", "pid", "pid")}
    theirs = {output.content for output in await ask(single, "pid", "pid", "pid")}
    await lasting.aclose()
    await single.aclose()

    assert (len(ours), len(theirs)) == (1, 3)


async def test_as_many_processes_as_told_work_at_once_and_waiting_is_no_latency(folder: Path) -> None:
    """Four slow requests on two processes take two turns; each one's latency is its own."""
    pipeline = command(folder, processes=2)
    await asyncio.gather(*[pipeline.call(Case(id="w", input="slow"), CONTEXT) for _ in range(2)])
    began = time.monotonic()
    outputs = await asyncio.gather(*[pipeline.call(Case(id="s", input="slow"), CONTEXT) for _ in range(4)])
    took = time.monotonic() - began
    await pipeline.aclose()

    assert took > 0.55
    assert all(290 < (output.latency_ms or 0) < 0.8 * took * 1000 for output in outputs)


@pytest.mark.parametrize(
    ("text", "kind", "said"),
    [
        ("die", "died", "exit code 3; its last words: no\\x1b[2J money."),
        ("kill", "died", "signal 9 (SIGKILL)."),
        ("leave", "died", "exit code 0. If it is meant to answer one line and exit, write long_lived: false."),
        ("hang", "timeout", "no answer within 1 s."),
        ("garbage", "garbage", "expected a JSON line, got: Loading model\\x1b[31m …"),
        ("wrong id", "garbage", "expected a line with the id 'abababababababab/0', got 'other'."),
        ("no id", "garbage", "got 'None'. Echo the request's id, once per request."),
        ("list", "garbage", "expected an object with the id of the request"),
        ("nan", "not_finite", "$.structured.a[0] of the answer is NaN or infinite"),
        ("deep", "garbage", "of the answer is nested too deeply"),
        ("long", "garbage", "$.structured.n of the answer is a whole number beyond 64 bits; write it as text."),
        ("wide", "too_large", "the limit is 10,000,000 bytes"),
        ("unknown", "garbage", "has an unknown key 'contnt'. Did you mean 'content'?"),
    ],
)
async def test_what_goes_wrong_is_the_crash_of_one_case_and_the_next_meets_a_new_process(
    folder: Path, text: str, kind: str, said: str
) -> None:
    """Typed, escaped, with exit status and last words; the process group is ended, nothing leaks into the next case."""
    pipeline = command(folder, timeout_s=1.0 if text == "hang" else 20.0)
    first, pid = await ask(pipeline, "a", "pid")
    (bad,) = await ask(pipeline, text)
    after, other = await ask(pipeline, "b", "pid")
    notes = notes_of(pipeline)
    await pipeline.aclose()

    crash = crash_of(bad)
    assert crash.kind == kind
    assert said in crash.message
    assert crash.message.isprintable()
    assert (first.content, after.content) == ("a", "b")
    assert pid.content != other.content
    assert notes == (f"the command {sys.executable}: started again 1 times",)


async def test_a_reported_error_is_an_answer(folder: Path) -> None:
    """The process goes on."""
    pipeline = command(folder)
    _, reported, _ = outputs = await ask(pipeline, "pid", "error", "pid")
    await pipeline.aclose()

    assert crash_of(reported) == Crash(kind=CrashKind.REPORTED, message="NO_DATA: nothing\\nfound")
    assert outputs[0].content == outputs[2].content


async def test_a_line_too_many_is_found_at_the_next_request(folder: Path) -> None:
    """Its id tells; answers are never given to the wrong case."""
    pipeline = command(folder)
    one = await pipeline.call(Case(id="1", input="twice"), CONTEXT)
    other = RunContext(run_id="cd" * 8, traceparent="")
    two = await pipeline.call(Case(id="2", input="b"), other)
    three = await pipeline.call(Case(id="3", input="c"), other)
    await pipeline.aclose()

    assert one.content == "one"
    assert crash_of(two).kind is CrashKind.GARBAGE
    assert three.content == "c"


async def test_a_stderr_flood_is_drained(folder: Path) -> None:
    """Fifty megabytes of log block nobody and are not kept."""
    pipeline = command(folder)
    (output,) = await ask(pipeline, "flood")
    await pipeline.aclose()

    assert output.content == "flood"


async def test_fifty_megabytes_in_a_line_do_not_fill_the_memory(folder: Path) -> None:
    """Reading stops at the limit."""
    import tracemalloc

    pipeline = command(folder, max_bytes=1_000_000)
    await ask(pipeline, "a")
    tracemalloc.start()
    (output,) = await ask(pipeline, "wide")
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    await pipeline.aclose()

    assert crash_of(output).kind is CrashKind.TOO_LARGE
    assert peak < 6_000_000


async def test_a_time_out_ends_the_whole_group(folder: Path) -> None:
    """Also what the program started itself."""
    pipeline = command(folder, timeout_s=1.0)
    (output,) = await ask(pipeline, "hang with child")
    await pipeline.aclose()
    await asyncio.sleep(0.1)

    assert crash_of(output).kind is CrashKind.TIMEOUT
    left = [process.info for process in psutil.process_iter(["cmdline", "cwd"])]
    assert {"cmdline": ["sleep", "60"], "cwd": str(folder)} not in left


async def test_a_program_that_never_said_a_word_is_asked_whether_it_flushes(tmp_path: Path) -> None:
    """Its answers lie in its own buffer; one that has answered before flushes, and is only late."""
    program = tmp_path / "mute.py"
    program.write_text(
        "import json, sys, time\n"
        "out = open(1, 'w', buffering=65536, closefd=False)\n"
        "for line in sys.stdin:\n"
        "    request = json.loads(line)\n"
        "    if request['input'] == 'hang': time.sleep(60)\n"
        "    answer = json.dumps({'id': request['id'], 'content': 'a'})\n"
        "    print(answer, file=out, flush=request['input'] == 'flushed')\n"
    )
    pipeline = CommandPipeline(CommandTarget(argv=(sys.executable, str(program))), base=tmp_path, timeout_s=1.0)
    (mute,) = await ask(pipeline, "kept")
    await ask(pipeline, "flushed")
    (late,) = await ask(pipeline, "hang")
    await pipeline.aclose()

    assert crash_of(mute).message.endswith(
        "no answer within 1 s. It runs and has written nothing: is each answer flushed, as by print(..., flush=True)?"
    )
    assert crash_of(late).message.endswith("no answer within 1 s.")


@pytest.mark.parametrize(
    ("script", "kind", "said"),
    [
        ('read line; echo \'{"content": "a"}\'', None, "a"),
        ('read line; printf \'{"content": "a"}\'', None, "a"),
        ('echo \'{"content": "a"}\'; exit 4', "died", "failed: exit code 4."),
        ("echo oops >&2; exit 4", "died", "failed: exit code 4; its last words: oops."),
        ("exit 0", "died", "failed: exit code 0."),
        ('echo \'{"content": "a"}\'; echo more', "garbage", "expected one line, got more: more"),
        ('echo \'{"content": "a"}\'; sleep 30', "timeout", "no answer within 2 s"),
        ('echo \'{"id": "x", "content": "a"}\'', "garbage", "expected a line with the id"),
    ],
)
async def test_a_program_per_case_answers_one_line_and_exits_with_zero(
    tmp_path: Path, script: str, kind: str | None, said: str
) -> None:
    """Anything else is a crash, an answer before a failure included."""
    target = CommandTarget(argv=("sh", "-c", script), long_lived=False)
    pipeline = CommandPipeline(target, base=tmp_path, timeout_s=2.0)
    (output,) = await ask(pipeline, "x")
    await pipeline.aclose()

    if kind is None:
        assert output.content == said
    else:
        assert crash_of(output).kind == kind
        assert said in crash_of(output).message


async def test_a_program_that_never_answers_is_not_started_for_ever(tmp_path: Path) -> None:
    """Five deaths without a single answer are enough."""
    marks = tmp_path / "marks"
    target = CommandTarget(argv=("sh", "-c", f"echo x >> {marks}; exit 1"))
    pipeline = CommandPipeline(target, base=tmp_path)
    outputs = await ask(pipeline, *("x" * 8))
    await pipeline.aclose()

    assert marks.read_text().count("x") == 5
    assert {crash_of(output).kind for output in outputs} == {CrashKind.DIED}
    assert "Not called: the command sh ended 5 times without a single answer." in crash_of(outputs[7]).message


async def test_no_shell_reads_the_arguments(tmp_path: Path) -> None:
    """What looks like a command in an argument is an argument."""
    echo = "import json,sys; r = json.loads(input()); print(json.dumps({'id': r['id'], 'structured': sys.argv[1:]}))"
    target = CommandTarget(argv=(sys.executable, "-c", echo, "$(touch owned)", "; touch owned", "*"), long_lived=False)
    pipeline = CommandPipeline(target, base=tmp_path)
    (output,) = await ask(pipeline, "x")
    await pipeline.aclose()

    assert output.structured == ["$(touch owned)", "; touch owned", "*"]
    assert list(tmp_path.iterdir()) == []


async def test_last_words_show_no_secret_of_the_environment(tmp_path: Path) -> None:
    """Programs print what they were configured with."""
    target = CommandTarget(argv=("sh", "-c", "echo key is $SHOP_API_KEY >&2; exit 1"))
    pipeline = CommandPipeline(target, base=tmp_path, environment={"SHOP_API_KEY": "sk-live-1234567890"})
    (output,) = await ask(pipeline, "x")
    await pipeline.aclose()

    assert "key is ***" in crash_of(output).message


@pytest.mark.parametrize(
    ("argv", "cwd", "said"),
    [
        (("no-such-program-x",), None, "program 'no-such-program-x' is not on the PATH."),
        (("drafter.py",), None, "program 'drafter.py' is not on the PATH. Write ./drafter.py for the file in {base}."),
        (("./draftr.py",), None, "program './draftr.py' does not exist in {base}. Did you mean 'drafter.py'?"),
        (("./drafter.py",), None, "program './drafter.py' is not executable. Run: chmod +x ./drafter.py"),
        (("python drafter.py",), None, "Write a list: ['python', 'drafter.py']. No shell is used."),
        ((), None, "is empty. Write the program and its arguments as a list."),
        (("sh",), "nowhere", "working directory {base}/nowhere does not exist. Correct 'cwd'."),
    ],
)
async def test_a_program_that_is_not_there_is_said_with_the_mend(
    folder: Path, argv: tuple[str, ...], cwd: str | None, said: str
) -> None:
    """Before the first case."""
    pipeline = CommandPipeline(CommandTarget(argv=argv, cwd=cwd), base=folder)
    with pytest.raises(InputError) as error:
        await open_pipeline(pipeline)

    assert said.format(base=folder) in str(error.value)
    assert str(error.value).startswith("pipeline.command: ")


async def test_a_file_that_is_no_program_is_a_clear_crash(tmp_path: Path) -> None:
    """What only the system knows is said when it says it."""
    (tmp_path / "noise").write_bytes(b"\x00\x01\x02")
    os.chmod(tmp_path / "noise", 0o755)
    pipeline = CommandPipeline(CommandTarget(argv=("./noise",)), base=tmp_path)
    (output,) = await ask(pipeline, "x")
    await pipeline.aclose()
    crash = crash_of(output)
    assert (crash.kind, crash.message) == (CrashKind.DIED, "The command ./noise cannot be started: Exec format error.")


async def test_cancelling_the_run_ends_the_process(folder: Path) -> None:
    """Its answer, should it come, belongs to nobody."""
    pipeline = command(folder)
    (pid,) = await ask(pipeline, "pid")
    task = asyncio.create_task(pipeline.call(Case(id="h", input="hang"), CONTEXT))
    await asyncio.sleep(0.1)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert not psutil.pid_exists(int(pid.content or 0))
    await pipeline.aclose()
