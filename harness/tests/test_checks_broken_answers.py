"""Half a text, a refusal and the word for nothing are presented by no answer, wherever in it they stand."""

from __future__ import annotations

import pytest

from sluicegate.checks import CHECKS, CheckConfig, run_check
from sluicegate.checks.broken_answers import edges
from sluicegate.doubles import Doubles, Latencies
from sluicegate.model import Capability, Case, Fault, Given, Mail, Message, ModelScript, Observation, Output, Trial

CONFIG = CheckConfig(capabilities=frozenset({Capability.MODEL}))
CASE = Case(id="c", given=Given(faults=(Fault(kind="cut"),)))
REPLY = "Your parcel number 7 is on its way to the depot and will be with you tomorrow at noon."
OTHER = "The depot opens at eight in the morning and closes at six, on Sundays it does not open."
REFUSAL = "I cannot help with that"


def call(text: str, fault: str | None = None, at: str = "2026-01-29T12:00:00Z") -> Observation:
    detail = {"protocol": "openai.chat", "status": 200, "fault": fault, "prompt_digest": "p", **edges(text)}
    return Observation(run_id="0" * 16, double="model", action="m", at=at, detail=detail)


def judged(output: Output, *calls: Observation):
    return run_check(CHECKS["fallback.whole"], Trial(case=CASE, outputs=(output,), observations=calls), CONFIG)


@pytest.mark.parametrize(
    "output",
    [
        Output(content=REPLY[:48]),
        Output(content=f"Dear Ann,\n{REPLY[:60]}"),
        Output(content=REPLY[:48], model="m"),
        Output(structured={"text": REPLY[:48]}),
        Output(content="See below.", mail=Mail(body=REPLY[:48])),
        Output(mail=Mail(body="See html.", html=f"<p>{REPLY[:48]}</p>")),
        Output(messages=(Message(role="assistant", content=REPLY[:48]),)),
    ],
)
def test_half_a_text_is_found_without_a_model_that_is_named(output: Output) -> None:
    """The call broke off, and what came of it is shown; whether another call was answered does not matter."""
    assert judged(output, call(REPLY, "cut")).result == "fail"
    assert judged(output, call(OTHER), call(REPLY, "malformed")).result == "fail"
    assert judged(output, call(REPLY), call(REPLY, "cut")).result == "fail"


@pytest.mark.parametrize(
    ("output", "calls"),
    [
        (Output(content=REPLY), (call(REPLY, "cut"), call(REPLY))),
        (Output(content=REPLY[:48]), (call(REPLY, "cut"), call(REPLY))),
        (Output(content=OTHER), (call(REPLY, "cut"), call(OTHER))),
        (Output(content="Sorry, we cannot answer now."), (call(REPLY, "cut"),)),
        (Output(content=REPLY), (call(REPLY), call(REPLY, "cut"))),
        (Output(content="Your parcel is late."), (call("Your parcel", "cut"),)),
    ],
)
def test_a_whole_text_or_another_one_is_an_answer(output: Output, calls: tuple[Observation, ...]) -> None:
    """The try that came whole mends the one before it; words of the pipeline's own are no model's."""
    assert judged(output, *calls).result == "pass"


@pytest.mark.parametrize(
    "output",
    [
        Output(content=REFUSAL),
        Output(content="<p>I can&#8203;not <b>help</b> with that.</p>"),
        Output(content="Dear Ann", mail=Mail(body=f"{REFUSAL}.")),
        Output(mail=Mail(body="see html", html=f"<p>{REFUSAL}.</p>")),
        Output(messages=(Message(role="assistant", content=REFUSAL),)),
        Output(metadata={"telegram": {"text": f"{REFUSAL}.", "buttons": []}}),
    ],
)
def test_a_refusal_is_found_wherever_it_stands(output: Output) -> None:
    """Without its full stop, marked up, in a mail beside a text, in a message."""
    assert judged(output, call("", "refuse")).result == "fail"
    assert judged(output, call(OTHER)).result == "pass"


@pytest.mark.parametrize("word", ["None", "null", " undefined ", "None.", ""])
def test_the_word_for_nothing_is_no_answer(word: str) -> None:
    """A filtered answer has no text; what a program writes for it is shown to somebody."""
    assert judged(Output(content=word), call("", "content_filter")).result == "fail"
    assert judged(Output(content="None of the parcels is late."), call("", "content_filter")).result == "pass"


@pytest.mark.asyncio
async def test_the_model_server_notes_both_ends_where_an_answer_is_to_break_off() -> None:
    """By digest; in other cases nothing of the text is kept."""
    import httpx

    told = []
    doubles = Doubles(latencies=Latencies(model_ms=0))
    await doubles.start()
    try:
        for number, faults in enumerate([(Fault(kind="cut", on_call=2),), ()]):
            run = f"{number:016x}"
            given = Given(model=ModelScript(replies=(REPLY,)), faults=faults)
            url = doubles.open_run(run, Case(id="c", given=given))["OPENAI_BASE_URL"]
            async with httpx.AsyncClient() as client:
                body = {"model": "m", "messages": [{"role": "user", "content": "q"}]}
                await client.post(f"{url}/chat/completions", json=body)
            (seen,) = doubles.close_run(run)
            told.append({name: seen.detail[name] for name in ("begins", "ends") if name in seen.detail})
    finally:
        await doubles.stop()

    assert told == [edges(REPLY), {}]
