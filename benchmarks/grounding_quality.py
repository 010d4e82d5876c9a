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
import hashlib
import json
import re
import sys
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import groupby
from pathlib import Path
from typing import Any

from benchmarks.pii_speed import DATA
from benchmarks.side_by_side import Goal, verdicts
from sluicegate.grounding.binding import judge
from sluicegate.grounding.claims import Kind, Ruling
from sluicegate.grounding.evaluation import counted, counted_by_sort, drafts
from sluicegate.grounding.evaluation_forms import sound_forms
from sluicegate.grounding.index import Evidence, Source
from sluicegate.grounding.support import content_words, supported_by

_NUMERIC = (Kind.MONEY, Kind.QUANTITY, Kind.PERCENTAGE, Kind.NUMBER, Kind.DATE, Kind.TIME)
_HALVES = ("developed on", "held out")


@dataclass
class Tally:
    """Flags against labels."""

    hit: int = 0
    false: int = 0
    missed: int = 0
    right: int = 0

    def add(self, flagged: bool, wrong: bool) -> None:
        """One unit."""
        name = ("hit" if wrong else "false") if flagged else ("missed" if wrong else "right")
        setattr(self, name, getattr(self, name) + 1)

    @property
    def said(self) -> str:
        """Precision, recall and F1."""
        return f"P {self.precision:.3f}  R {self.recall:.3f}  F1 {self.f1:.3f}"

    @property
    def precision(self) -> float:
        """Share of what was flagged that is wrong."""
        return self.hit / max(1, self.hit + self.false)

    @property
    def recall(self) -> float:
        """Share of what is wrong that was flagged."""
        return self.hit / max(1, self.hit + self.missed)

    @property
    def f1(self) -> float:
        """Harmonic mean of both."""
        return 2 * self.hit / max(1, 2 * self.hit + self.false + self.missed)

    @property
    def of_all(self) -> str:
        """Prevalence, and F1 of flagging everything."""
        wrong, n = self.hit + self.missed, self.hit + self.missed + self.false + self.right
        share = wrong / max(1, n)
        return f"{n} units, {share:.1%} wrong, flagging all F1 {2 * share / (1 + share):.3f}"


def auroc(scores: Sequence[float], wrong: Sequence[bool]) -> float:
    """The chance that a wrong one scores higher than a right one; ties count half."""
    ordered = sorted(zip(scores, wrong, strict=True))
    below = won = 0.0
    for _, group in groupby(ordered, key=lambda pair: pair[0]):
        marks = [mark for _, mark in group]
        won += sum(marks) * (below + (len(marks) - sum(marks)) / 2)
        below += len(marks) - sum(marks)
    bad = sum(wrong)
    return won / (bad * (len(wrong) - bad)) if bad and bad < len(wrong) else float("nan")


def half_of(key: str) -> str:
    """One of two halves, by the source and not by the row."""
    return _HALVES[hashlib.sha256(key.encode()).digest()[0] % 2]


# Own mails


def own_mails() -> list[Goal]:
    """Another record's value in mails of held-out templates, and sound mails of all templates."""
    print("\nreply mails, one wrong value each")
    goals: list[Goal] = []
    for held_out in (False, True):
        found = counted(drafts(1000, held_out=held_out, seed=1))
        precision, recall = found.k / max(1, found.k + found.alarms), found.k / found.n
        print(f"  templates {_HALVES[held_out]:<13} {found.n} values  P {precision:.4f}  R {recall:.4f}")
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
            if item.claim.kind not in _NUMERIC or not any(
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


# RotoWire

_STATS = {
    "PTS": "points", "REB": "rebounds", "AST": "assists", "STL": "steals", "BLK": "blocks", "TO": "turnovers",
    "MIN": "minutes",
    "FGM": "field_goals_made", "FGA": "field_goals_attempted", "FG3M": "threes_made", "FG3A": "threes_attempted",
    "FTM": "free_throws_made",
    "FTA": "free_throws_attempted", "OREB": "offensive_rebounds", "DREB": "defensive_rebounds", "PF": "fouls",
}  # fmt: skip
_LINES = {
    "TEAM-PTS": "points", "TEAM-WINS": "wins", "TEAM-LOSSES": "losses", "TEAM-REB": "rebounds",
    "TEAM-AST": "assists", "TEAM-TOV": "turnovers",
    "TEAM-FG_PCT": "field_goal_percent", "TEAM-FG3_PCT": "three_point_percent", "TEAM-FT_PCT": "free_throw_percent",
    "TEAM-PTS_QTR1": "first_quarter_score", "TEAM-PTS_QTR2": "second_quarter_score",
    "TEAM-PTS_QTR3": "third_quarter_score",
    "TEAM-PTS_QTR4": "fourth_quarter_score",
}  # fmt: skip


def rotowire(data: Path) -> list[Goal]:
    """NUMBER and NAME errors of game reports: a flagged claim hits where it overlaps one."""
    folder = data / "grounding"
    if not (folder / "rotowire_accuracy_games.csv").exists():
        print("skipped: no grounding/rotowire_accuracy_games.csv; give the folder: grounding_quality DATA")
        return []
    boxes = [
        json.loads(line) for line in (folder / "rotowire_accuracy_shared_task.jsonl").read_text("utf-8").splitlines()
    ]
    boxes_by_id = {box["shared_task_text_id"]: box for box in boxes}
    gold: dict[str, list[tuple[int, int]]] = {}
    with (folder / "rotowire_accuracy_gsml.csv").open(encoding="utf-8") as lines:
        for row in csv.DictReader(lines):
            if row["TYPE"] in ("NUMBER", "NAME"):
                first, last = int(row["DOC_TOKEN_START"]) - 1, int(row["DOC_TOKEN_END"]) - 1
                gold.setdefault(row["TEXT_ID"].removesuffix(".txt"), []).append((first, last))
    # The teams of the league, by every name: of arenas and people outside the box score nothing can be said.
    lines_of = [line for box in boxes for line in (box["home_line"], box["vis_line"])]
    league = {line[key].lower() for line in lines_of for key in ("TEAM-NAME", "TEAM-CITY")}
    league |= {f"{line['TEAM-CITY']} {line['TEAM-NAME']}".lower() for line in lines_of}
    tallies = {half: [Tally(), Tally()] for half in _HALVES}
    with (folder / "rotowire_accuracy_games.csv").open(encoding="utf-8") as lines:
        for game in csv.DictReader(lines):
            box = boxes_by_id.get(game["TEXT_ID"])
            if box is not None:
                half = _HALVES[int(game["TEXT_ID"][1:]) % 2]
                _of_game(game["GENERATED_TEXT"].split(), box, gold.get(game["TEXT_ID"], []), league, tallies[half])
    print(f"\nRotoWire, NUMBER and NAME errors ({len(boxes)} reports)")
    for half, (ours, naive) in tallies.items():
        print(f"  {half:<13} ours {ours.said}   |  number occurs nowhere in the box score {naive.said}")
    best = tallies["held out"][0]
    return [
        Goal("grounding", "RotoWire NUMBER+NAME, held out: precision", best.precision, 0.75, "", at_least=True),
        Goal("grounding", "RotoWire NUMBER+NAME, held out: recall", best.recall, 0.65, "", at_least=True),
    ]


def _of_game(
    tokens: Sequence[str], box: Any, gold: Sequence[tuple[int, int]], league: set[str], tallies: Sequence[Tally]
) -> None:
    text, starts = _joined(tokens)
    spans = [(starts[first], starts[last] + len(tokens[last])) for first, last in gold]
    evidence = Evidence([Source(path="game", value=_game(box))])
    occurring = {fact.raw for record in evidence.records for fact in record.facts}
    rulings = [
        item
        for item in judge(text, evidence, names=True)
        if item.claim.kind is not Kind.STATUS and (item.claim.kind is not Kind.NAME or str(item.claim.value) in league)
    ]
    for tally, flagged in (
        (tallies[0], [item.claim for item in rulings if item.ruling is not Ruling.SUPPORTED]),
        (
            tallies[1],
            [item.claim for item in rulings if item.claim.kind in _NUMERIC and str(item.claim.value) not in occurring],
        ),
    ):
        for claim in flagged:
            hit = any(claim.start < end and start < claim.end for start, end in spans)
            tally.false += not hit
        for start, end in spans:
            tally.add(any(claim.start < end and start < claim.end for claim in flagged), wrong=True)


def _joined(tokens: Sequence[str]) -> tuple[str, list[int]]:
    """Tokens as a text with the hyphens closed up, and where each begins."""
    text, starts = "", []
    for at, token in enumerate(tokens):
        tight = token in ("-", ",", ".", ")", "'s", "n't", ":", ";", "%") or (at and tokens[at - 1] in ("-", "("))
        text += "" if tight or not text else " "
        starts.append(len(text))
        text += token
    return text, starts


def _game(box: Any) -> dict[str, Any]:
    score = box["box_score"]
    players = [
        {"player": score["PLAYER_NAME"][at], "of": score["TEAM_CITY"][at]}
        | {name: _number(score[column][at]) for column, name in _STATS.items() if column in score}
        for at in score["PLAYER_NAME"]
    ]
    teams = []
    for side in ("home", "vis"):
        line = box[f"{side}_line"]
        named = {
            "team": line["TEAM-NAME"],
            "city": line["TEAM-CITY"],
            "full_name": f"{line['TEAM-CITY']} {line['TEAM-NAME']}",
        }
        teams.append(named | {name: _number(line[column]) for column, name in _LINES.items() if column in line})
    month, day, year = map(int, box["day"].split("_"))
    played = date(2000 + year, month, day)
    return {"played_on": played.isoformat(), "teams": teams, "players": players}


def _number(value: str) -> int:
    return int(value) if value.lstrip("-").isdigit() else 0


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
    scored: dict[str, list[tuple[float, float, bool]]] = {half: [] for half in _HALVES}
    for row in rows:
        support = supported_by(row["response"], [row["knowledge"]])
        score = len(support.novel) + 2 * (support.denied or bool(support.opposite))
        wrong = row["begin_label"] != "Fully attributable"
        scored[half_of(row["knowledge"])].append((score, len(content_words(row["response"])), wrong))
    for half, other in (_HALVES, _HALVES[::-1]):
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
