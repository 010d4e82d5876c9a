"""Another request's id in a header is told, whatever stands beside it: two requests would become one."""

from __future__ import annotations

import httpx
import pytest

from sluicegate.doubles import Doubles, Latencies
from sluicegate.model import Case
from sluicegate.plan.types import CorrelationSpec

RUN, OTHER = "00112233445566aa", "ffeeddccbbaa9988"
OWN = f"00-{RUN}{'1' * 16}-{'2' * 16}-01"


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("headers", "word"),
    [
        ({"traceparent": OWN}, "own"),
        ({"traceparent": OWN, "x-request-id": RUN}, "own"),
        ({"traceparent": OWN, "x-request-id": "order-7"}, "own"),
        ({"traceparent": OWN, "x-request-id": OTHER}, "another"),
        ({"traceparent": OWN, "x-correlation-id": f"{RUN},{OTHER}"}, "another"),
    ],
)
async def test_an_id_beside_the_traceparent_is_another_request_s_or_none(headers: dict[str, str], word: str) -> None:
    """An id that nobody gave says nothing; that of a run that was given one does."""
    doubles = Doubles(latencies=Latencies(model_ms=0), follows=CorrelationSpec())
    await doubles.start()
    try:
        doubles.open_run(OTHER, Case(id="other"))
        url = doubles.open_run(RUN, Case(id="c"))["OPENAI_BASE_URL"]
        assert doubles.telemetry is not None
        doubles.telemetry.given(RUN, 0, OWN, "")
        async with httpx.AsyncClient() as client:
            body = {"model": "m", "messages": [{"role": "user", "content": "q"}]}
            await client.post(f"{url}/chat/completions", json=body, headers=headers)
        (call,) = [seen for seen in doubles.close_run(RUN) if seen.double == "model"]
    finally:
        await doubles.stop()

    assert call.detail["correlation"]["carries"] == word
