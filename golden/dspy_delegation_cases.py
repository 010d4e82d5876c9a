"""Writes `dspy_delegation.jsonl` and its manifest: run `python -m sluicegate.golden.dspy_delegation_cases`.

The same program writes the same bytes. What is right is stated here from the kinds of work, not asked of the pipeline.
No case has scripted decisions: what the model says follows from the prompt it is given, so a better program is better.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from hashlib import sha256
from itertools import islice
from pathlib import Path
from typing import Any

from sluicegate.golden.dspy_delegation_tasks import Task, tasks

__all__ = ["cases", "manifest", "write"]

VERSION = "1.0.0"
Case = dict[str, Any]

_ARM_TEXTS = {
    "dspy": "In adhering to this structure, your objective is:",
    "instructor": "You decide for the owner of a small company what becomes of a task.",
}
_ACCOUNTS = 14
_LADDER = (0, 10, 25, 50, 100)
_PASSING: tuple[Mapping[str, Any], ...] = (
    {"kind": "rate_limit", "on_call": 1, "retry_after_s": 0.1},
    {"kind": "server_error", "on_call": 1, "status": 503},
    {"kind": "malformed", "on_call": 1},
    {"kind": "cut", "on_call": 1},
    {"kind": "empty", "on_call": 1},
)
_LASTING: tuple[Mapping[str, Any], ...] = (
    {"kind": "server_error", "status": 500, "times": 20},
    {"kind": "refused_connection", "times": 20},
    {"kind": "empty", "times": 20},
)
_RIGHT = {"reason": "Ready.", "decision": "delegate", "assignee": "data", "confidence": 0.9}
_WRONG: tuple[Mapping[str, Any], ...] = (
    {**_RIGHT, "assignee": "legal"},
    {**_RIGHT, "decision": "hire"},
    {**_RIGHT, "confidence": 95},
    {"reason": "Ready.", "decision": "delegate"},
)


def cases() -> Iterator[Case]:
    """Every case, in the order of the file."""
    yield from map(_decision, tasks())
    yield from _rollout()
    yield from _invalid()
    yield from _faults()
    yield from _logged()


def _case(name: str, tag: str, job: Mapping[str, Any], **given: Any) -> Case:
    return {
        "id": name,
        "tags": [tag],
        "needs": ["job", "model"],
        "given": {"job": dict(job), **given},
        "expect": {"outcome": "answer"},
    }


def _job(name: str, task: Task, account: str = "acme", **flags: str) -> dict[str, Any]:
    job: dict[str, Any] = {"id": name, "account": account, "task": task.text, "context": task.context}
    return {**job, "flags": flags} if flags else job


def _decision(task: Task) -> Case:
    """One task: who does it is known, and neither the answer nor the id may have been seen in training."""
    kind = task.kind
    case = _case(f"{task.id}-{kind.name}", "decision", _job(task.id, task, f"account-{task.id}"))
    case["slice"] = kind.decision
    case["expect"] |= {
        "must": [
            {"field": "structured.decision", "equals": kind.decision},
            {"field": "structured.assignee", "equals": kind.assignee},
        ],
        "must_not": [{"field": "metadata.trained_on", "contains": task.id}],
        "model_never_sees": [task.why],
    }
    return case


def _rollout() -> Iterator[Case]:
    """Up the ladder of percentages with the same accounts, and the flag off at its top."""
    every = _some(_ACCOUNTS)
    for number, task in enumerate(every, 1):
        account = f"account-{number:03d}"
        for percent in _LADDER:
            arm = "dspy" if _bucket(account) < percent * 100 else "instructor"
            yield _armed(f"dr-{number:03d}-at-{percent:03d}", task, account, arm, percent, used="true")
    for number, task in enumerate(every[:6], 1):
        yield _armed(f"dr-{number:03d}-off", task, f"account-{number:03d}", "instructor", 100, used="false")


def _armed(name: str, task: Task, account: str, arm: str, percent: int, *, used: str) -> Case:
    job = _job(name, task, account, USE_DSPY_DELEGATION=used, DSPY_ROLLOUT_PERCENTAGE=str(percent))
    case = _case(name, "rollout", job)
    case["expect"] |= {"arms": [arm], "arm_texts": dict(_ARM_TEXTS), "model_sees": [_ARM_TEXTS[arm]]}
    return case


def _bucket(account: str) -> int:
    """As the team has agreed: the first eight bytes of SHA-256 over the feature's name, a zero byte and the account."""
    return int(sha256(f"dspy_delegation\0{account}".encode()).hexdigest()[:16], 16) % 10_000


def _invalid() -> Iterator[Case]:
    """A first answer that is no decision is asked for again; when none is one, that is an error."""
    for turn, (task, wrong) in enumerate(zip(_some(8), (*_WRONG, *_WRONG), strict=True)):
        arm, percent, said = ("dspy", "100", _chat) if turn < 4 else ("instructor", "0", json.dumps)
        name = f"dv-{turn + 1:03d}-{arm}"
        replies = {"replies": [said(wrong), said(_RIGHT)]}
        case = _case(name, "invalid-answer", _job(name, task, DSPY_ROLLOUT_PERCENTAGE=percent), model=replies)
        case["expect"]["calls"] = [{"target": "model", "least": 2, "most": 2}]
        yield case
        if turn % 4 < 2:
            name = f"dv-{turn + 1:03d}-{arm}-always"
            replies = {"replies": [said(wrong)]}
            case = _case(name, "never-valid", _job(name, task, DSPY_ROLLOUT_PERCENTAGE=percent), model=replies)
            case["expect"] = {
                "outcome": "error",
                "must": [{"field": "error.message", "contains": "VALIDATION_FAILED"}],
                "calls": [{"target": "model", "least": 2, "most": 3}],
            }
            yield case


def _chat(values: Mapping[str, Any]) -> str:
    """In the form of DSPy's chat adapter."""
    return "\n\n".join([*(f"[[ ## {name} ## ]]\n{value}" for name, value in values.items()), "[[ ## completed ## ]]"])


def _faults() -> Iterator[Case]:
    """An endpoint that fails once is asked again; one that goes on failing ends in an error that says so."""
    for turn, (task, fault) in enumerate(zip(_some(10), (*_PASSING, *_PASSING), strict=True)):
        arm, percent = ("dspy", "100") if turn < 5 else ("instructor", "0")
        name = f"df-{turn + 1:03d}-{arm}-{fault['kind'].replace('_', '-')}"
        case = _case(name, "model-fault", _job(name, task, DSPY_ROLLOUT_PERCENTAGE=percent), faults=[dict(fault)])
        case["expect"]["calls"] = [{"target": "model", "least": 2, "most": 2}]
        yield case
    for turn, (task, fault) in enumerate(zip(_some(6), (*_LASTING, *_LASTING), strict=True)):
        arm, percent = ("dspy", "100") if turn < 3 else ("instructor", "0")
        name = f"df-{turn + 11:03d}-{arm}-{fault['kind'].replace('_', '-')}-lasting"
        case = _case(name, "model-down", _job(name, task, DSPY_ROLLOUT_PERCENTAGE=percent), faults=[dict(fault)])
        case["expect"] = {
            "outcome": "error",
            "must": [{"field": "error.message", "contains": "MODEL_UNAVAILABLE"}],
            "calls": [{"target": "model", "least": 2, "most": 4}],
            "limits": {"latency_ms": 7000},
        }
        yield case


def _logged() -> Iterator[Case]:
    """With the flag on, a decision leaves the line that the next training set is made of."""
    for turn, task in enumerate(_some(4), 1):
        name = f"dl-{turn:03d}"
        flags = {"LOG_DELEGATION_DECISIONS": "true", "DSPY_ROLLOUT_PERCENTAGE": "100" if turn % 2 else "0"}
        case = _case(name, "logged", _job(name, task, **flags))
        case["expect"]["must"] = [{"field": "metadata.log[0]", "matches": f'^TRAINING_DATA .*"id": "{name}"'}]
        yield case


def _some(count: int) -> Sequence[Task]:
    """Every eleventh task: of all kinds of work."""
    return tuple(islice((task for number, task in enumerate((*tasks(), *tasks())) if number % 11 == 0), count))


def manifest(lines: bytes) -> Mapping[str, Any]:
    """What the set is, and the digest that pins it."""
    return {
        "schema_version": 1,
        "sets": {
            "dspy_delegation.jsonl": {
                "version": VERSION,
                "sha256": sha256(lines).hexdigest(),
                "cases": lines.count(b"\n"),
                "licence": "Apache-2.0",
                "origin": "written for this project by sluicegate.golden.dspy_delegation_cases; nobody real",
                # One text on two paths: forced onto DSPy, and by its bucket.
                "alike": [["dv-002-dspy", "dv-002-dspy-always"]],
            }
        },
    }


def write(folder: Path) -> None:
    """Write the set and its manifest into `folder`."""
    lines = "".join(json.dumps(case, ensure_ascii=False, sort_keys=True) + "\n" for case in cases()).encode()
    folder.joinpath("dspy_delegation.jsonl").write_bytes(lines)
    said = json.dumps(manifest(lines), indent=2, sort_keys=True) + "\n"
    folder.joinpath("dspy_delegation.manifest.json").write_text(said, encoding="utf-8")


if __name__ == "__main__":
    write(Path(__file__).parent)
