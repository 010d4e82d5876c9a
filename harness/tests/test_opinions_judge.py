"""Judge models against the model server double: quotes, stores, budgets, controls, calibration, corrected rates."""

from __future__ import annotations

import asyncio
import json
import os
import re
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from importlib.util import find_spec
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

sys.path.insert(0, str(Path(__file__).parent))
from rollout_world import called

sys.path.pop(0)

from sluicegate.checks.prices import prices_of
from sluicegate.doubles import Doubles, Latencies
from sluicegate.doubles.replies import ModelRequest
from sluicegate.errors import InputError
from sluicegate.model import Case, Fault, Given, now_utc
from sluicegate.opinions.asking import Budget, Endpoint, Judge, Judged, Store, _read
from sluicegate.opinions.calibration import calibrated, read_calibration, write_calibration
from sluicegate.opinions.program import Invalid
from sluicegate.opinions.questions import Question, controls, judge_program, read_questions
from sluicegate.plan.types import ModelPrice

RUN = "00112233445566aa"
EVIDENCE = "Order {0} of Ann was sent on 3 May.\nOrder {1} of Bob waits."
QUESTIONS = tuple(
    Question(
        id=f"q{n}",
        evidence=EVIDENCE.format(n, n + 100),
        statement=f"Order {n if n % 2 else n + 100} was sent.",
        supported=bool(n % 2),
        by="ann",
    )
    for n in range(1, 41)
)
PRICED = prices_of({"m": ModelPrice(input=1, output=1)})  # a micro-dollar a token


def fields(request: ModelRequest) -> dict[str, str]:
    parts = re.split(r"\[\[ ## (\w+) ## \]\]", request.messages[-1].content)
    return {name: value.strip() for name, value in zip(parts[1::2], parts[2::2], strict=True)}


def said(quote: str, verdict: str) -> str:
    return f"[[ ## quote ## ]]\n{quote}\n\n[[ ## verdict ## ]]\n{verdict}\n\n[[ ## completed ## ]]"


def careful(request: ModelRequest) -> str:
    """Finds the order's own line; wrong on every tenth order."""
    asked = fields(request)
    found = re.search(r"Order (\d+) was", asked["statement"])
    line = next((line for line in asked["evidence"].splitlines() if found and f"Order {found[1]} " in line), "")
    right = "sent" in line
    if found and found[1].endswith("0"):
        right = not right
    return said(line, "supported" if right else "unsupported")


def agreeable(request: ModelRequest) -> str:
    return said(fields(request)["evidence"].splitlines()[0], "supported")


@dataclass
class World:
    """A judge, and what the endpoint saw."""

    folder: Path
    model: Callable[[ModelRequest], str] = careful
    faults: tuple[Fault, ...] = ()
    budget: Budget = field(default_factory=lambda: Budget(calls=1000))
    calls: int = 0

    async def asked(self, questions: tuple[Question, ...] = QUESTIONS, **changes: object) -> tuple[Judge, Judged]:
        doubles = Doubles(latencies=Latencies(model_ms=0), template=self.model)
        await doubles.start()
        try:
            base = doubles.open_run(RUN, Case(id="judge", given=Given(faults=self.faults)))["OPENAI_BASE_URL"]
            judge = Judge(
                changes.get("program", judge_program()), "m", endpoint=Endpoint(base=base, key="k"),
                store=Store(self.folder), budget=self.budget, price_of=changes.get("price_of", PRICED),
            )  # fmt: skip
            judged = await judge.ask(questions)
            self.calls = len(doubles.close_run(RUN))
        finally:
            await doubles.stop()
        return judge, judged


# One opinion


def test_without_words_of_the_evidence_nothing_is_supported() -> None:
    """Letter by letter, runs of blanks aside; an empty quote, a paraphrase and a crumb are none."""
    question = Question(id="q", evidence="Sent on 3 May,\n by  truck.", statement="It was sent.")

    def of(quote: str, verdict: str = "supported") -> bool | None:
        return _read(judge_program(), question, said(quote, verdict)).supported

    assert of("3 May, by truck.") is True
    assert of('"Sent on 3 May"') is True
    assert [of(quote) for quote in ("", "sent on May 3", "3", "Sent on 3 May by truck")] == [False] * 4
    assert of("Sent", "unsupported") is False


@given(text=st.text())
def test_an_answer_of_any_shape_is_an_opinion_or_none(text: str) -> None:
    """Hostile completions raise Invalid and nothing else; only the two verdicts are opinions."""
    question = Question(id="q", evidence="a", statement="b")
    for answer in (text, said("a", text), said(text, "supported"), said("", "Supported!")):
        with suppress(Invalid):
            assert _read(judge_program(), question, answer).supported in (True, False)


# A run


@pytest.mark.asyncio
async def test_each_prompt_is_asked_once_and_controls_each_time(tmp_path: Path) -> None:
    """The second run is answered from the store; a damaged entry, and another program, are asked again."""
    world = World(tmp_path)
    _, first = await world.asked()
    assert world.calls == first.calls == len(QUESTIONS) + 5
    assert (first.fooled, first.silent) == ((), ())

    again = World(tmp_path)
    _, second = await again.asked()
    assert again.calls == 5
    assert [replace(each, stored=False) for each in second.opinions] == list(first.opinions)
    assert all(each.stored for each in second.opinions)

    next(tmp_path.rglob("*.json")).write_text("{", encoding="utf-8")
    third = World(tmp_path)
    await third.asked()
    assert third.calls == 6
    other = World(tmp_path)
    await other.asked(program=replace(judge_program(), instructions="Say whether it is so."))
    assert other.calls == len(QUESTIONS) + 5


@pytest.mark.asyncio
async def test_a_judge_that_agrees_to_all_is_fooled(tmp_path: Path) -> None:
    """It quotes well and says supported to what is wrong for sure."""
    _, judged = await World(tmp_path, model=agreeable).asked()

    assert len(judged.fooled) == 5


@given(st.lists(st.tuples(st.text(max_size=30), st.text(max_size=9)), min_size=1, max_size=12), st.integers(0, 9))
def test_a_control_is_wrong_for_sure(evidence: list[tuple[str, str]], seed: int) -> None:
    """Its code stands nowhere in the evidence; no more than five, the same under the same seed."""
    questions = [Question(id=f"{n}{name}", evidence=text, statement="x") for n, (text, name) in enumerate(evidence)]
    made = controls(questions, seed)

    assert 1 <= len(made) <= 5
    assert made == controls(questions, seed)
    for control in made:
        code = control.statement.rpartition(" ")[2].rstrip(".")
        assert len(code) == 12
        assert code not in control.evidence


@pytest.mark.asyncio
async def test_what_passes_by_is_asked_again_and_the_rest_is_no_opinion(tmp_path: Path) -> None:
    """Retry-After is kept; a lasting failure, a refusal and an invalid answer give no opinion, and are not stored."""
    faults = (Fault(kind="rate_limit", on_call=1, retry_after_s=0.3), Fault(kind="malformed", on_call=2))
    started = asyncio.get_running_loop().time()
    _, judged = await World(tmp_path / "a", faults=faults).asked(QUESTIONS[:2])
    assert judged.silent == ()
    assert asyncio.get_running_loop().time() - started >= 0.3

    filtered = (Fault(kind="content_filter", times=99),)
    _, judged = await World(tmp_path / "b", faults=filtered).asked(QUESTIONS[:2])
    assert {each.why for each in judged.silent} == {"the answer is not whole (content_filter)"}
    down = (Fault(kind="server_error", status=503, times=99),)
    world = World(tmp_path / "d", faults=down)
    _, judged = await world.asked(QUESTIONS[:1])
    assert ({each.why for each in judged.silent}, world.calls) == ({"status 503"}, 6)
    _, judged = await World(tmp_path / "c", model=lambda request: "Well.").asked(QUESTIONS[:2])
    assert {each.why for each in judged.silent} == {"the answer has no field quote, verdict"}
    assert len(judged.fooled) == 2
    assert list(tmp_path.joinpath("b").rglob("*.json")) == list(tmp_path.joinpath("c").rglob("*.json")) == []


@pytest.mark.asyncio
async def test_a_budget_is_never_passed(tmp_path: Path) -> None:
    """Neither in calls nor in money, with many at once; who finds no room has no opinion."""
    world = World(tmp_path / "a", budget=Budget(calls=10))
    _, judged = await world.asked()
    assert world.calls == judged.calls == 10
    assert {each.why for each in judged.silent} == {"the budget is used up"}

    world = World(tmp_path / "b", budget=Budget(calls=1000, microusd=9_000))
    _, judged = await world.asked()
    assert 0 < (judged.spent_microusd or 0) <= 9_000
    assert 0 < world.calls < len(QUESTIONS)
    with pytest.raises(InputError, match="no known price"):
        await World(tmp_path / "c", budget=Budget(calls=9, microusd=9)).asked(price_of=prices_of({"m": ModelPrice()}))


def test_where_the_model_is_comes_from_the_usual_variables() -> None:
    """The vendor's address with a key alone; nothing at all is a fault."""
    assert Endpoint.of({"OPENAI_BASE_URL": "http://h/v1/"}) == Endpoint(base="http://h/v1", key="")
    assert Endpoint.of({"OPENAI_API_KEY": "k"}).base == "https://api.openai.com/v1"
    with pytest.raises(InputError, match="OPENAI_BASE_URL"):
        Endpoint.of({})


# Calibration


@pytest.mark.asyncio
async def test_a_calibration_counts_agreement_and_binds_it(tmp_path: Path) -> None:
    """Positive is unsupported. It holds for this model, this program and this time alone, and survives its file."""
    judge, judged = await World(tmp_path).asked()
    now = now_utc().replace(microsecond=0)
    record = calibrated(judge, QUESTIONS, judged, labels=b"x", now=now, days=30)

    # Wrong on orders that end in 0: four even ones, labelled unsupported.
    assert record.agreement.counts == (16, 4, 0, 20)
    write_calibration(record, tmp_path / "c.json")
    assert read_calibration(tmp_path / "c.json") == record
    assert record.objection(judge, now) == ""
    assert "model" in replace(record, model="other").objection(judge, now)
    assert "program" in replace(record, program="0" * 64).objection(judge, now)
    for later in (timedelta(days=30), timedelta(days=-1)):
        assert "holds from" in record.objection(judge, now + later)


@pytest.mark.asyncio
async def test_a_calibration_that_proves_nothing_is_refused(tmp_path: Path) -> None:
    """Fooled by controls, silent on a label, or labels of one kind: each is said, and all at once."""
    now: datetime = now_utc()
    judge, fooled = await World(tmp_path / "a", model=agreeable).asked(QUESTIONS[::2])
    with pytest.raises(InputError, match=r"fooled by 5[^\n]*\n[^\n]*none is unsupported"):
        calibrated(judge, QUESTIONS[::2], fooled, labels=b"", now=now, days=1)
    judge, silent = await World(tmp_path / "b", budget=Budget(calls=30)).asked()
    with pytest.raises(InputError, match="got no opinion"):
        calibrated(judge, QUESTIONS, silent, labels=b"", now=now, days=1)


def test_bad_files_are_told_with_their_lines(tmp_path: Path) -> None:
    """All faults of a file at once; a record with a changed key is none."""
    path = tmp_path / "l.jsonl"
    good = {"id": "a", "evidence": "e", "statement": "s", "supported": True, "by": "ann"}
    bad = ["{", json.dumps({**good, "truth": 1}), json.dumps({"id": "b", "evidence": "e", "statement": "s"})]
    path.write_text("\n".join([json.dumps(good), json.dumps(good), *bad]), encoding="utf-8")
    with pytest.raises(InputError) as told:
        read_questions(path, labelled=True)
    assert [fault.where.partition(" ")[0].rpartition(":")[2] for fault in told.value.faults] == ["2", "3", "4", "5"]
    path.write_text('{"model": "m"}', encoding="utf-8")
    with pytest.raises(InputError, match=r"is no calibration|lacks"):
        read_calibration(path)
    with pytest.raises(InputError, match="cannot be used as a judge"):
        judge_program(path)


_SAVED = """
import json, sys
from pathlib import Path
from typing import Literal
from sluicegate.fixtures.dspy_delegation.dspy_path import quiet_dspy
from sluicegate.opinions.questions import judge_program
dspy = quiet_dspy()
class Support(dspy.Signature):
    'Is it so?'
    evidence: str = dspy.InputField(desc="what is known")
    statement: str = dspy.InputField(desc="what is said")
    quote: str = dspy.OutputField(desc="where")
    verdict: Literal["supported", "unsupported"] = dspy.OutputField(desc="whether")
judge = dspy.Predict(Support)
judge.demos = [dspy.Example(evidence="a b", statement="a", quote="a", verdict="supported")]
judge.save(sys.argv[1])
asked = {"evidence": "e", "statement": "s"}
mine = judge_program(Path(sys.argv[1])).messages(asked)
print(json.dumps([mine, dspy.ChatAdapter().format(judge.signature, judge.demos, asked)]))
"""


@pytest.mark.skipif(
    find_spec("dspy") is None and "CI" not in os.environ, reason="pip install 'sluicegate[dspy]'; CI has it"
)
def test_a_judge_that_dspy_saved_is_asked_as_dspy_would(tmp_path: Path) -> None:
    """Byte for byte, its examples included."""
    command = [sys.executable, "-c", _SAVED, str(tmp_path / "judge.json")]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)

    assert done.returncode == 0, done.stderr
    mine, theirs = json.loads(done.stdout)
    assert mine == theirs
    assert len(mine) == 4


# The command


@contextmanager
def endpoint(model: Callable[[ModelRequest], str]) -> Iterator[dict[str, str]]:
    """The double, served from a thread."""
    loop, doubles = asyncio.new_event_loop(), Doubles(latencies=Latencies(model_ms=0), template=model)
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    try:
        asyncio.run_coroutine_threadsafe(doubles.start(), loop).result()
        yield {"OPENAI_BASE_URL": doubles.open_run(RUN, Case(id="judge"))["OPENAI_BASE_URL"]}
    finally:
        asyncio.run_coroutine_threadsafe(doubles.stop(), loop).result()
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


def written(path: Path, questions: tuple[Question, ...], *, labelled: bool) -> None:
    rows = [{"id": q.id, "evidence": q.evidence, "statement": q.statement} for q in questions]
    if labelled:
        rows = [{**row, "supported": q.supported, "by": q.by} for row, q in zip(rows, questions, strict=True)]
    path.write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")


def test_calibrated_then_rated(tmp_path: Path) -> None:
    """Advisory without a record; with it corrected, and the true rate lies within the bounds; no prices needed."""
    written(tmp_path / "labels.jsonl", QUESTIONS, labelled=True)
    written(tmp_path / "s.jsonl", QUESTIONS[:30], labelled=False)
    rate = ("opinion", "rate", "s.jsonl", "--model", "m")
    with endpoint(careful) as where:
        alone = called(*rate, cwd=tmp_path, **where)
        made = called("opinion", "calibrate", "labels.jsonl", "--model", "m", cwd=tmp_path, **where)
        found = called(*rate, "--calibration", "calibration.json", "--format", "json", cwd=tmp_path, **where)
    with endpoint(agreeable) as where:
        fooled = called(*rate, "--store", "other", cwd=tmp_path, **where)

    assert (alone.code, "advisory: nobody has calibrated it" in alone.out) == (0, True)
    assert "corrected" not in alone.out
    assert made.code == 0, made.text
    assert re.search(r"sensitivity\s+0\.800 .* 16 of 20", made.out)
    assert re.search(r"specificity\s+1\.000 .* 20 of 20", made.out)
    told = json.loads(found.out)
    assert told["advisory"] is told["void"] is None
    assert told["corrected"]["low"] < 0.5 < told["corrected"]["high"]
    assert told["flagged"]["value"] == pytest.approx(0.4)
    assert (fooled.code, "fooled by 5 of its controls" in fooled.out) == (10, True)
    assert called(*rate, cwd=tmp_path, OPENAI_BASE_URL="", OPENAI_API_KEY="").code == 2
