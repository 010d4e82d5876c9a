"""How well claims are judged: on own reply mails, and on recorded outputs of language models with human labels.

Own set: values of another record in reply mails of held-out templates. Quintd (phones, weather, Wikidata facts):
numbers inside a span that a person marked as wrong. RotoWire (basketball): NUMBER and NAME errors. BEGIN: answers that
are not fully attributable to a sentence. Rules were written with one half of Quintd's and RotoWire's sources and are
shown on both halves; the one threshold (BEGIN) is chosen on one half and used on the other. Baselines are asked the
same in the same run: whether a number stands anywhere in the source, flagging everything, the answer's length alone.

    python -m benchmarks.grounding_quality [DATA]
"""

from __future__ import annotations

import csv
import json
import re
import sys
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from benchmarks.grounding_rotowire import rotowire
from benchmarks.grounding_tally import HALVES, NUMERIC, Tally, auroc, half_of
from benchmarks.pii_speed import DATA
from benchmarks.side_by_side import Goal, verdicts
from sluicegate.grounding.binding import judge
from sluicegate.grounding.claims import Ruling
from sluicegate.grounding.evaluation import counted, counted_by_sort, drafts
from sluicegate.grounding.evaluation_forms import sound_forms
from sluicegate.grounding.index import Evidence, Source
from sluicegate.grounding.support import content_words, supported_by

# Own mails


def own_mails() -> list[Goal]:
    """Another record's value in mails of held-out templates, and sound mails of all templates."""
    print("\nreply mails, one wrong value each")
    goals: list[Goal] = []
    for held_out in (False, True):
        found = counted(drafts(1000, held_out=held_out, seed=1))
        precision, recall = found.k / max(1, found.k + found.alarms), found.k / found.n
        print(f"  templates {HALVES[held_out]:<13} {found.n} values  P {precision:.4f}  R {recall:.4f}")
        if held_out:
            goals = [
                Goal("grounding", "own mails, held out: precision", precision, 0.98, "", at_least=True),
                Goal("grounding", "own mails, held out: recall", recall, 0.95, "", at_least=True),
            ]
    print("  held out, by what is wrong:", counted_by_sort(drafts(1000, seed=1)))
    alarms = sum(counted(drafts(2500, held_out=held, wrong=False, seed=3)).alarms for held in (False, True))
    print(f"  5,000 sound mails: {alarms} contradictions told")
    derived = counted(sound_forms(5125, seed=3)).alarms
    print(
        f"  5,125 sound mails that say what follows, or what is not said of the record: {derived} contradictions told"
    )
    return [
        *goals,
        Goal("grounding", "contradictions told of 5,000 sound mails", alarms, 0, ""),
        Goal("grounding", "contradictions told of 5,125 sound forms", derived, 0, ""),
    ]


# Quintd


def quintd(data: Path) -> list[Goal]:
    """Numbers of model outputs on JSON: wrong where a labelled span holds them, flagged where not supported."""
    rows, sources = data / "grounding" / "quintd_rows.jsonl", data / "grounding" / "quintd_sources.jsonl"
    if not rows.exists():
        print("skipped: no grounding/quintd_rows.jsonl; give the folder: grounding_quality DATA")
        return []
    known = {item["source_sha"]: item["source"] for item in map(json.loads, sources.read_text("utf-8").splitlines())}
    ours: dict[tuple[str, str], Tally] = {}
    naive: dict[tuple[str, str], Tally] = {}
    evidence: dict[str, Evidence] = {}
    spent = 0.0
    scores: list[tuple[float, float, bool]] = []
    lines = rows.read_text("utf-8").splitlines()
    for row in map(json.loads, lines):
        key, text = row["source_sha"], row["response"]
        if key not in evidence:
            evidence[key] = Evidence([Source(path="source", value=_parsed(known[key]))])
        began = time.process_time()
        rulings = judge(text, evidence[key])
        spent += time.process_time() - began
        flagged = wrong = 0
        for item in rulings:
            if item.claim.kind not in NUMERIC or not any(
                ch.isdigit() for ch in text[item.claim.start : item.claim.end]
            ):
                continue
            inside = any(span["start"] < item.claim.end and item.claim.start < span["end"] for span in row["labels"])
            for name in (row["domain"], "all"):
                ours.setdefault((name, half_of(key)), Tally()).add(item.ruling is not Ruling.SUPPORTED, inside)
                naive.setdefault((name, half_of(key)), Tally()).add(
                    not _occurs(text[item.claim.start : item.claim.end], known[key]), inside
                )
            flagged += item.ruling is not Ruling.SUPPORTED
        wrong = bool(row["labels"])
        scores.append((float(flagged), float(len(text)), bool(wrong)))
    print(f"\nQuintd, numbers ({len(lines)} outputs of four models on {len(known)} sources)")
    for (name, half), tally in sorted(ours.items()):
        print(f"  {name:<12} {half:<13} {tally.of_all}")
        print(f"     ours {tally.said}   |  occurs anywhere {naive[name, half].said}")
    marks = [wrong for _, _, wrong in scores]
    print(
        f"  outputs with any label: {sum(marks) / len(marks):.1%},"
        f" AUROC flagged numbers {auroc([s for s, _, _ in scores], marks):.3f},"
        f" length alone {auroc([n for _, n, _ in scores], marks):.3f}"
    )
    print(f"  {1000 * spent / len(lines):.2f} ms an answer")
    return [
        Goal("grounding", "Quintd numbers, held-out sources: F1", ours["all", "held out"].f1, 0.50, "", at_least=True),
        Goal("grounding", "G12: an answer of Quintd", 1000 * spent / len(lines), 10, "ms"),
    ]


def _occurs(said: str, source: str) -> bool:
    """Whether every number of the claim stands somewhere in the source."""
    return all(number in source for number in re.findall(r"\d+(?:[.,]\d+)*", said))


def _parsed(source: str) -> Any:
    try:
        return json.loads(source)
    except ValueError:
        return source


# BEGIN


def begin(data: Path) -> list[Goal]:
    """Answers against the one sentence they should rest on; the threshold of one half judges the other."""
    path = data / "grounding" / "begin_test_wow.tsv"
    if not path.exists():
        print("skipped: no grounding/begin_test_wow.tsv; give the folder: grounding_quality DATA")
        return []
    with path.open(encoding="utf-8") as lines:
        rows = [row for row in csv.DictReader(lines, delimiter="\t", quoting=csv.QUOTE_NONE) if row.get("begin_label")]
    print(f"\nBEGIN ({len(rows)} answers), free text")
    scored: dict[str, list[tuple[float, float, bool]]] = {half: [] for half in HALVES}
    for row in rows:
        support = supported_by(row["response"], [row["knowledge"]])
        score = len(support.novel) + 2 * (support.denied or bool(support.opposite))
        wrong = row["begin_label"] != "Fully attributable"
        scored[half_of(row["knowledge"])].append((score, len(content_words(row["response"])), wrong))
    for half, other in (HALVES, HALVES[::-1]):
        line = max(range(1, 12), key=lambda at: _above(scored[half], at).f1)
        told = _above(scored[other], line)
        wrong = [mark for _, _, mark in scored[other]]
        print(
            f"  {other:<13} {told.of_all}\n     novel words >= {line} {told.said}"
            f"  AUROC {auroc([s for s, _, _ in scored[other]], wrong):.3f},"
            f" length alone AUROC {auroc([n for _, n, _ in scored[other]], wrong):.3f}"
        )
    return []


def _above(rows: Iterable[tuple[float, float, bool]], line: float) -> Tally:
    tally = Tally()
    for score, _, wrong in rows:
        tally.add(score >= line, wrong)
    return tally


def measure(data: Path = DATA) -> list[Goal]:
    """Every table, and the goals."""
    parts: tuple[Callable[[Path], list[Goal]], ...] = (quintd, rotowire, begin)
    return [*own_mails(), *(goal for part in parts for goal in part(data))]


if __name__ == "__main__":
    sys.exit(verdicts(measure(Path(sys.argv[1]) if len(sys.argv) > 1 else DATA)))
