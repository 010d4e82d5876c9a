"""`python -m sluicegate.pipelines.scoring_host`: a user's own scorers, asked line by line in a process of their own.

One JSON object a line in: `{"load": {metric: target}}` first, then `{"metric", "case", "output"}`. One a line out:
`{"ready": true}` or `{"faults": […]}`, then `{"score": number}` or `{"error": text}`. What a scorer prints goes to
standard error, so that it cannot be taken for an answer.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import orjson

from sluicegate.errors import InputError
from sluicegate.model import Case, Output, decode
from sluicegate.pipelines.crashes import line_of, raised_line, secrets_of
from sluicegate.pipelines.own_scorer import OwnScorer
from sluicegate.pipelines.own_source import read_sources
from sluicegate.pipelines.target import load_target

__all__ = ["main"]

_LONGEST = 300


def main() -> None:
    """Answer until standard input ends."""
    answers = os.fdopen(os.dup(1), "wb", buffering=0)
    os.dup2(2, 1)
    base = Path.cwd()
    sys.path.insert(0, str(base))
    read_sources()
    scorers: dict[str, OwnScorer] = {}
    for line in sys.stdin.buffer:
        asked = orjson.loads(line)
        answer = _loaded(asked["load"], scorers, base) if "load" in asked else _scored(asked, scorers, base)
        answers.write(orjson.dumps(answer) + b"\n")


def _loaded(targets: Mapping[str, str], scorers: dict[str, OwnScorer], base: Path) -> dict[str, Any]:
    faults = []
    for metric, target in targets.items():
        try:
            scorers[metric] = OwnScorer(load_target(target, base=base), target)
        except InputError as error:
            faults += [
                {"where": f"metric '{metric}'", "what": item.what.strip(), "mend": item.mend} for item in error.faults
            ]
    return {"faults": faults} if faults else {"ready": True}


def _scored(asked: Mapping[str, Any], scorers: Mapping[str, OwnScorer], base: Path) -> dict[str, Any]:
    try:
        case, output = decode(Case, asked["case"]), decode(Output, asked["output"])
        return {"score": scorers[asked["metric"]].score(case, output)}
    except BaseException as error:  # noqa: BLE001 - a scorer may raise anything, SystemExit included; none is a 0
        return {"error": line_of(raised_line(error, base=base), limit=_LONGEST, secrets=secrets_of())}


if __name__ == "__main__":
    main()
