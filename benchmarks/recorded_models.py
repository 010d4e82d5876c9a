"""Real outputs of four language models, with human error labels, replayed through `sluicegate collect` and `judge`.

`python -m benchmarks.recorded_models [DATA]`: DATA is the folder that holds `grounding/quintd_rows.jsonl` and
`grounding/quintd_sources.jsonl` (1,200 outputs on 300 JSON sources). Nothing of it is kept.
"""

from __future__ import annotations

import csv
import json
import os
import subprocess
import sys
import tempfile
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import permutations
from pathlib import Path
from shutil import copytree
from typing import Any

from sluicegate.stats.wilson import newcombe_difference

DATA = Path(__file__).parents[2] / "shared" / "data"
SLUICEGATE = str(Path(sys.executable).with_name("sluicegate"))

FACTS = {"gpt-3.5": 130, "zephyr": 83, "mistral": 68, "llama2": 49}
"""Outputs without a labelled error, of 300."""

PLAN = """\
schema_version: 1
name: recorded-models
state: state.jsonl
timezone: UTC
pipeline: {recording: answers.jsonl}
subject:
  answers: {files: answers.jsonl}
golden: cases.jsonl

metrics:
  error_free: {kind: proportion, better: higher, unit: output, rule: {field: metadata.labelled_errors, equals: 0}}
  reviewed: {kind: proportion, better: higher, unit: output, record: true}

stages:
  - name: replay
    exposure: {live: false}
    criteria:
      error_free: {from: golden, promote: 40 %, alert: 30 %, rollback: 22 %, min: 300}

  - name: serving
    exposure: {live: true, percent: 10}
    criteria:
      error_free: {from: golden, promote: 40 %, alert: 30 %, rollback: 22 %, min: 300}
      reviewed: {from: live, promote: 40 %, alert: 30 %, rollback: 22 %, min: 100}

  - name: compared
    exposure: {live: true, percent: 25}
    criteria:
      error_free:
        {from: golden, promote: {drop: 3 points, than: replay}, rollback: {drop: 8 points, than: replay}, min: 300}
      reviewed: {from: live, alert: 5 %, min: 100}
"""


@dataclass(frozen=True, slots=True)
class Rows:
    """What one model answered: source id, answer, number of labelled errors."""

    rows: Sequence[tuple[str, str, int]]

    @property
    def error_free(self) -> int:
        """Outputs without a labelled error."""
        return sum(errors == 0 for _, _, errors in self.rows)


@dataclass(frozen=True, slots=True)
class Workplace:
    """A folder with the plan and the cases; models come and go in it."""

    root: Path

    def run(self, *args: str) -> tuple[int, str]:
        """`sluicegate args`; 2 and 40 would be a mistake of this program."""
        env = {**os.environ, "NO_COLOR": "1"}
        done = subprocess.run([SLUICEGATE, *args], cwd=self.root, env=env, capture_output=True, text=True, check=False)
        if done.returncode not in (0, 10, 20, 30):
            raise SystemExit(f"sluicegate {' '.join(args)}: {done.stdout}{done.stderr}")
        return done.returncode, done.stdout

    def serve(self, model: str, answers: Rows) -> None:
        """Put a model's recorded answers where the plan looks for them."""
        with (self.root / "answers.jsonl").open("w", encoding="utf-8") as file:
            for case_id, text, errors in answers.rows:
                output = {"content": text, "model": model, "metadata": {"labelled_errors": errors}}
                file.write(json.dumps({"case_id": case_id, "output": output}) + "\n")

    def judged(self, stage: str) -> tuple[int, Mapping[str, Any]]:
        """Collect at a stage, judge it: exit code and verdict."""
        self.run("collect", "rollout.yaml", "--stage", stage)
        code, verdict = self.run("judge", "rollout.yaml", "--stage", stage, "--format", "json")
        return code, json.loads(verdict)

    def enter(self, stage: str, answers: Rows) -> None:
        """Enter a live stage and hand in the labels as reviews, one a minute since, in the order of the file."""
        began = datetime.now(UTC) - timedelta(minutes=len(answers.rows) + 5)
        self.run("record", "entry", "rollout.yaml", "--stage", stage, "--now", f"{began:%Y-%m-%dT%H:%M:%SZ}")
        with (self.root / f"{stage}.csv").open("w", newline="", encoding="utf-8") as file:
            writer = csv.writer(file)
            writer.writerow(("at", "passed"))
            for minute, (_, _, errors) in enumerate(answers.rows, start=1):
                writer.writerow(((began + timedelta(minutes=minute)).isoformat(), str(errors == 0).lower()))
        columns = ("--column", "at=at", "--column", "passed=passed")
        given = ("--metric", "reviewed", "--file", f"{stage}.csv", "--stage", stage, *columns)
        self.run("record", "measurements", "rollout.yaml", *given)


def answers_of(data: Path) -> dict[str, Rows]:
    """Each model's answers."""
    found: dict[str, list[tuple[str, str, int]]] = defaultdict(list)
    for row in _lines(data / "grounding" / "quintd_rows.jsonl"):
        found[row["model"]].append((row["source_sha"], row["response"], len(row["labels"])))
    return {model: Rows(found[model]) for model in FACTS}


def prepared(root: Path, data: Path, first: Rows) -> Workplace:
    """Plan, cases and lock; the lock pins cases, so it is the same for every model."""
    place = Workplace(root)
    (root / "rollout.yaml").write_text(PLAN, encoding="utf-8")
    with (root / "cases.jsonl").open("w", encoding="utf-8") as file:
        for source in _lines(data / "grounding" / "quintd_sources.jsonl"):
            file.write(json.dumps({"id": source["source_sha"], "input": source["source"]}) + "\n")
    place.serve("", first)
    place.run("plan", "lock", "rollout.yaml")
    return place


def one_by_one(start: Workplace, answers: Mapping[str, Rows], scratch: Path) -> Iterator[str]:
    """Every model against promote, alert and rollback lines, before anybody sees it and at a live stage."""
    yield f"{'model':<9} {'error-free':>10}  {'share':>5}  {'5 % bounds':<14} {'replay (exit)':<26} serving (exit)"
    for model, rows in answers.items():
        place = Workplace(Path(copytree(start.root, scratch / model)))
        place.serve(model, rows)
        code, verdict = place.judged("replay")
        measured = verdict["criteria"][0]["measured"]
        if (measured["k"], measured["n"]) != (FACTS[model], 300):
            raise SystemExit(f"{model}: {measured['k']} of {measured['n']}, expected {FACTS[model]} of 300")
        place.enter("serving", rows)
        live_code, live = place.judged("serving")
        bounds = f"{measured['low']:.3f} {measured['high']:.3f}"
        first, second = f"{verdict['kind']} ({code})", f"{live['kind']} ({live_code})"
        share = f"{measured['k']:>3} of {measured['n']}  {measured['value']:.3f}"
        yield f"{model:<9} {share}  {bounds:<14} {first:<26} {second}"


def side_by_side(start: Workplace, answers: Mapping[str, Rows], scratch: Path) -> Iterator[str]:
    """Every model after every other: how far below the one before, and what the gate says of it."""
    yield f"{'before':<9} {'after':<9} {'difference':>10}  {'5 % bounds (Newcombe)':<22} compared (exit)"
    recorded: dict[str, Workplace] = {}
    for before, after in permutations(answers, 2):
        if before not in recorded:
            place = Workplace(Path(copytree(start.root, scratch / f"before-{before}")))
            place.serve(before, answers[before])
            place.judged("replay")
            recorded[before] = place
        place = Workplace(Path(copytree(recorded[before].root, scratch / f"{before}-{after}")))
        place.serve(after, answers[after])
        place.enter("compared", answers[after])
        code, verdict = place.judged("compared")
        k, n = answers[after].error_free, len(answers[after].rows)
        said = newcombe_difference(k, n, answers[before].error_free, len(answers[before].rows), 0.05)
        difference = k / n - answers[before].error_free / len(answers[before].rows)
        bounds = f"{said.low:+.3f} {said.high:+.3f}"
        yield f"{before:<9} {after:<9} {difference:>+10.3f}  {bounds:<22} {verdict['kind']} ({code})"


def _lines(path: Path) -> Iterator[Any]:
    with path.open(encoding="utf-8") as file:
        yield from map(json.loads, file)


def main(asked: Sequence[str]) -> int:
    data = Path(asked[0]) if asked else DATA
    if not (data / "grounding" / "quintd_rows.jsonl").exists():
        print(f"skipped: no grounding/quintd_rows.jsonl in {data}; give the folder: recorded_models DATA")
        return 0
    answers = answers_of(data)
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch, "start")
        folder.mkdir()
        start = prepared(folder, data, answers["gpt-3.5"])
        for part in (one_by_one, side_by_side):
            for line in part(start, answers, Path(scratch)):
                print(line, flush=True)
            print()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
