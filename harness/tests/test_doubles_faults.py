"""Fault scripts: which call is struck, by what, and what is said of a script that no double can play."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sluicegate.doubles.faults import KINDS, retry_after, struck
from sluicegate.doubles.runs import Run
from sluicegate.doubles.scripts import check_script
from sluicegate.errors import InputError
from sluicegate.model import Case, Fault, Given, ModelScript, RetrievalScript, ScriptedToolCall, Snippet, ToolResult

sys.path.insert(0, str(Path(__file__).parent))
from doubles_world import RUN, a_case, opened

sys.path.pop(0)


def kinds_struck(faults: tuple[Fault, ...], models: str) -> list[str | None]:
    run = Run(run_id=RUN, case=a_case(faults=faults))
    struck_by = [struck(run, "model", model)[1] for model in models]
    return [fault.kind if fault else None for fault in struck_by]


def test_the_first_fault_that_fits_strikes() -> None:
    """Several faults, each on its call; one without a number strikes every call that is left."""
    faults = (Fault(kind="cut", on_call=2), Fault(kind="empty", on_call=3, times=2), Fault(kind="slow"))

    assert kinds_struck(faults, "aaaaaa") == ["slow", "cut", "empty", "empty", "slow", "slow"]


def test_times_alone_begins_with_the_first_call() -> None:
    """A vendor that fails twice and then recovers."""
    assert kinds_struck((Fault(kind="cut", times=2),), "aaa") == ["cut", "cut", None]


def test_calls_are_counted_by_model_where_the_fault_names_one() -> None:
    """The first call of each model of a chain can be struck, whatever was asked before."""
    faults = (Fault(kind="cut", model="a", on_call=1), Fault(kind="empty", model="b", on_call=2))

    assert kinds_struck(faults, "caabcb") == [None, "cut", None, None, None, "empty"]


@given(st.lists(st.sampled_from("ab"), max_size=30), st.integers(1, 5), st.integers(1, 5))
def test_a_fault_strikes_exactly_so_often(models: list[str], on_call: int, times: int) -> None:
    """`times` calls from `on_call` on, of the model it names, however calls of others lie between."""
    hit = kinds_struck((Fault(kind="cut", model="a", on_call=on_call, times=times),), "".join(models))
    own = [kind for kind, model in zip(hit, models, strict=True) if model == "a"]

    assert not [kind for kind, model in zip(hit, models, strict=True) if model == "b" and kind]
    assert [kind is not None for kind in own] == [on_call <= n < on_call + times for n in range(1, len(own) + 1)]


def test_retry_after_is_seconds_or_a_date_that_is_never_too_early() -> None:
    """A date has whole seconds; it is rounded up."""
    when = datetime(2026, 1, 29, 14, 0, 0, 400_000, tzinfo=UTC)
    date = retry_after(Fault(kind="rate_limit", retry_after_s=2, retry_after_as="date"), when)["retry-after"]

    assert retry_after(Fault(kind="rate_limit"), when) == {"retry-after": "1"}
    assert retry_after(Fault(kind="rate_limit", retry_after_s=0.5), when) == {"retry-after": "0.5"}
    assert retry_after(Fault(kind="server_error", status=503), when) == {}
    assert retry_after(Fault(kind="server_error", status=503, retry_after_s=3), when) == {"retry-after": "3"}
    assert date == "Thu, 29 Jan 2026 14:00:03 GMT"
    assert (parsedate_to_datetime(date) - when).total_seconds() >= 2


MISTAKES: list[tuple[dict[str, Any], str]] = [
    (
        {"faults": (Fault(kind="server_eror"),)},
        "faults[0]: kind is 'server_eror', unknown for model. Did you mean 'server_error'?",
    ),
    ({"faults": (Fault(kind="cut", target="retreiver"),)}, "Did you mean 'retriever'?"),
    ({"faults": (Fault(kind="cut", target="tool:ordr"),)}, "a tool the plan does not declare. Did you mean 'order'?"),
    ({"faults": (Fault(kind="cut", target="tool"),)}, "target is 'tool'"),
    ({"faults": (Fault(kind="slow_stream", target="tool:order"),)}, "unknown for tool:order"),
    ({"faults": (Fault(kind="refuse", target="embedding"),)}, "unknown for embedding"),
    ({"faults": (Fault(kind="cut", status=500),)}, "status is 500, but a cut has a status of its own"),
    ({"faults": (Fault(kind="server_error", status=429),)}, "a 429 is kind: rate_limit"),
    ({"faults": (Fault(kind="cut", on_call=0),)}, "on_call is 0. Count from 1."),
    ({"faults": (Fault(kind="cut", times=0),)}, "times is 0. Count from 1."),
    ({"faults": (Fault(kind="slow", delay_ms=-1),)}, "delay_ms is -1"),
    ({"faults": (Fault(kind="slow", gap_ms=5),)}, "gap_ms stands beside another kind"),
    ({"faults": (Fault(kind="cut", retry_after_s=5),)}, "retry_after stands beside kind cut"),
    ({"faults": (Fault(kind="rate_limit", retry_after_as="dates"),)}, "Did you mean 'date'?"),
    ({"faults": (Fault(kind="cut", target="retriever", model="m"),)}, "retriever asks for no model"),
    (
        {"retrieval": RetrievalScript(ignores=("langage",))},
        "retrieval: ignores names 'langage', no filter. Did you mean 'language'?",
    ),
    ({"retrieval": RetrievalScript(latency_ms=-1)}, "retrieval: latency_ms is -1"),
    ({"model": ModelScript(latency_ms=-1)}, "model: latency_ms is -1"),
    ({"model": ModelScript(tool_calls=(ScriptedToolCall(name="x", turn=0),))}, "tool_calls[0].turn is 0"),
    ({"snippets": (Snippet(id="s", text="t", at="yesterday"),)}, "snippets[0].at: is 'yesterday'"),
    ({"now": "noon"}, "now: is 'noon'"),
    ({"clock_rate": -1.0}, "clock_rate: is -1.0"),
]


@pytest.mark.parametrize(("script", "said"), MISTAKES)
def test_a_script_that_cannot_be_played_is_refused_with_the_mend(script: dict[str, Any], said: str) -> None:
    """What would never happen tests nothing: one fault, at its place, with the nearest word."""
    with pytest.raises(InputError) as caught:
        check_script(Case(id="c", given=Given(**script)), {"order"})

    assert len(caught.value.faults) == 1
    assert said in str(caught.value)
    assert str(caught.value).startswith("case c: given.")


def test_all_mistakes_of_a_script_are_told_at_once() -> None:
    """One run of the plan is enough to mend them."""
    faults = (Fault(kind="x"), Fault(kind="slow", delay_ms=-1, on_call=0), Fault(kind="cut", target="db"))
    with pytest.raises(InputError) as caught:
        check_script(a_case(faults=faults))

    assert len(caught.value.faults) == 4


@pytest.mark.parametrize("target", ["tool:order", "retriever"])
@pytest.mark.parametrize("kind", sorted(KINDS["tool"]))
@pytest.mark.asyncio
async def test_every_fault_strikes_tools_and_the_retriever(target: str, kind: str) -> None:
    """What the caller sees, and what the log says of it."""
    given = {"tool_results": (ToolResult(tool="order", result={"a": "bc"}),), "snippets": (Snippet(id="s", text="t"),)}
    fault = Fault(kind=kind, target=target, delay_ms=10 if kind in ("timeout", "slow") else None)
    async with opened(a_case(**given, faults=(fault,))) as world, httpx.AsyncClient() as client:
        url = f"{world.urls['SLUICEGATE_TOOLS_URL']}/orders/1"
        if target == "retriever":
            url = f"{world.urls['SLUICEGATE_RETRIEVER_URL']}/search?query=q"
        got: Any = None
        try:
            answer = await client.get(url)
            got = answer.status_code
            got = answer.json()
        except httpx.TransportError:
            got = "broken"
        except ValueError:
            got = "torn"
        (seen,) = world.details()

    expected = {"refused_connection": "broken", "timeout": "broken", "cut": "broken", "malformed": "torn"}
    if kind == "empty":
        assert got == ("torn" if target == "tool:order" else {"snippets": [], "cache": "miss"})
    elif kind in expected:
        assert got == expected[kind]
    assert seen["fault"] == kind
    assert seen["status"] == {"rate_limit": 429, "server_error": 500, "refused_connection": None, "timeout": None}.get(
        kind, 200
    )
    assert seen["latency_ms"] == (10 if kind in ("timeout", "slow") else 0)
