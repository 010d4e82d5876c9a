"""Doubles opened for a test, and the vendors' own clients pointed at one of their runs."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import jsonschema

from sluicegate.doubles import Doubles, Latencies
from sluicegate.model import Case, Expect, Given, Observation
from sluicegate.plan.types import ToolSpec
from sluicegate.resources import data

RUN = "00112233445566aa"
QUICK = Latencies(model_ms=0, tool_ms=0, retriever_ms=0)
TOOLS = (ToolSpec(name="order", method="GET", path="/orders/{order_id}"),)
SCHEMAS = {
    double: json.loads(data("doubles", f"observation.{double}.json").read_text("utf-8"))
    for double in ("model", "tool", "retriever", "clock", "mail", "log", "span", "trace")
}


def a_case(case_id: str = "c1", *, expect: Expect | None = None, **given: Any) -> Case:
    return Case(id=case_id, given=Given(**given), expect=expect or Expect())


@dataclass
class Opened:
    """Doubles with one run open."""

    doubles: Doubles
    urls: Mapping[str, str]

    def seen(self) -> tuple[Observation, ...]:
        """Ends the run; every observation keeps its published schema."""
        seen = self.doubles.close_run(RUN)
        for item in seen:
            jsonschema.validate(item.detail, SCHEMAS[item.double])
        return seen

    def details(self) -> list[Mapping[str, Any]]:
        return [item.detail for item in self.seen()]


@asynccontextmanager
async def opened(case: Case, **options: Any) -> AsyncIterator[Opened]:
    served = Doubles(**{"tools": TOOLS, "latencies": QUICK, **options})
    await served.start()
    try:
        yield Opened(served, served.open_run(RUN, case))
    finally:
        await served.stop()
