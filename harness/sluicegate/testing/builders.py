"""Values for tests, complete as they come: a test names only what it is about."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from sluicegate.model import Case, Json, Mail, Observation, Origin, Output, Trial, decode

__all__ = ["a_case", "a_ledger", "a_mail", "a_rollout", "a_trial", "an_output"]

_AT = "2026-01-01T00:00:00Z"


def a_case(case_id: str = "c1", **fields: Any) -> Case:
    """A case with `id` and `input`, and whatever else is given, as values or as the JSON of a case file.

    >>> a_case("c7", expect={"must": [{"field": "content", "contains": "order"}]}).expect.must[0].contains
    'order'
    """
    given = {"id": case_id, "input": {"text": f"Where is order {case_id}?"}, **fields}
    return decode(Case, _plain(given), f"a_case('{case_id}')")


def an_output(content: str | None = "Your order is on its way.", **fields: Any) -> Output:
    """An answer as a pipeline would give it; fields as values or as JSON."""
    return decode(Output, _plain({"content": content, "latency_ms": 12.0, **fields}), "an_output()")


def a_mail(to: str | Sequence[str] = "alice@shop.test", **fields: Any) -> Mail:
    """A drafted mail with sender, recipient, subject and body."""
    recipients = [to] if isinstance(to, str) else list(to)
    usual = {"sender": "support@shop.test", "subject": "Your order", "body": "It is on its way."}
    return decode(Mail, _plain({**usual, "to": recipients, **fields}), "a_mail()")


def a_trial(
    case: Case | None = None, *outputs: Output, repeat: int = 0, observations: Iterable[Observation] = ()
) -> Trial:
    """One case with its outputs, one per delivery; an answer for each delivery where none is given."""
    case = case or a_case()
    given = outputs or tuple(an_output() for _ in range(case.given.times))
    return Trial(case=case, repeat=repeat, outputs=given, observations=tuple(observations))


def a_ledger(path: Path, trials: Iterable[Trial] = (), *, closed: bool = True, **started: Any) -> Path:
    """A ledger file at `path` with these trials as evidence; returns `path`.

    `started` overrides fields of its first record, e.g. `stage="preflight"`. `closed=False` leaves it as a killed run
    does. It is written by the broker, so it is right in every other respect.
    """
    from sluicegate.broker.broker import Broker
    from sluicegate.ledger import Expected, RunStarted
    from sluicegate.model import digest_of
    from sluicegate.runner import identity

    given = list(trials)
    ids = sorted({trial.case.id for trial in given})
    first = {
        "schema_version": 1,
        "nonce": "0" * 32,
        "at": _AT,
        "origin": Origin.SUITE,
        "stage": "preflight",
        "attempt": 1,
        "subject": "0" * 64,
        "apparatus": "0" * 64,
        "plan_digest": "0" * 64,
        "lock_digest": "0" * 64,
        "engine": "0",
        "pipeline": "callable",
        "expected": Expected(cases=len(ids), trials=len(given), ids_digest=digest_of(ids)),
        **started,
    }
    broker = Broker(path, RunStarted(**first), stamp=lambda: _AT)
    for trial in given:
        run_id, _ = identity(first["nonce"], trial.case.id, trial.repeat)
        broker.intend(trial.case, trial.repeat, run_id)
        broker.record(trial, run_id)
    if closed:
        broker.close()
    return path


def a_rollout(
    cases: Iterable[Mapping[str, Json]] | int = 40,
    *,
    pipeline: str | None = None,
    requires: str = "{suites: [schema]}",
    criteria: str = "errors.rate: {from: suite, promote: 5 %, alert: 10 %, min: 10}",
    more: str = "",
) -> dict[str, str]:
    """The files of a small rollout, for `Example`: plan, cases, contract and pipeline; promoted as they stand.

    Args:
        cases: cases as JSON, or how many to make up.
        pipeline: source of `bot.py`, whose `answer` is the pipeline.
        requires: what the stage `preflight` requires, as YAML.
        criteria: one or more criteria, a line each.
        more: further lines of the plan.

    Lock it with `example.run_sluicegate("plan", "lock", "rollout.yaml")`.

    """
    rows = [_made_up(number) for number in range(cases)] if isinstance(cases, int) else list(cases)
    lines = "".join(f"      {line.strip()}\n" for line in criteria.splitlines() if line.strip())
    return {
        "rollout.yaml": _PLAN.format(requires=requires, criteria=lines, more=more),
        "cases.jsonl": "".join(json.dumps(row) + "\n" for row in rows),
        "reply.schema.json": json.dumps(_CONTRACT),
        "bot.py": pipeline or _PIPELINE,
    }


def _made_up(number: int) -> dict[str, Json]:
    return {
        "id": f"c{number:03d}",
        "input": {"n": number, "text": f"Where is order {1000 + number}?"},
        "expected_output": {"order_id": str(1000 + number)},
        "expect": {"must": [{"field": "content", "contains": str(1000 + number)}]},
    }


_PLAN = """\
schema_version: 1
name: example
timezone: UTC
pipeline: bot:answer
subject: {{code: {{files: bot.py}}}}
cases: cases.jsonl
schemas: {{structured: reply.schema.json}}
{more}
stages:
  - name: preflight
    exposure: {{live: false}}
    requires: {requires}
    criteria:
{criteria}"""

_CONTRACT = {
    "type": "object",
    "required": ["order"],
    "properties": {"order": {"type": "integer"}},
    "additionalProperties": False,
}

_PIPELINE = """\
async def answer(input):
    order = 1000 + input["n"]
    return {"content": f"Order {order} is on its way.", "structured": {"order": order}}
"""


def _plain(given: Mapping[str, Any]) -> dict[str, Any]:
    """Values among the fields as the JSON that a reader takes."""
    from sluicegate.model import encode

    return {key: encode(value) for key, value in given.items()}
