"""RotoWire: NUMBER and NAME errors that people marked in generated basketball reports."""

from __future__ import annotations

import csv
import json
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Any

from benchmarks.grounding_tally import HALVES, NUMERIC, Tally
from benchmarks.side_by_side import Goal
from sluicegate.grounding.binding import judge
from sluicegate.grounding.claims import Kind, Ruling
from sluicegate.grounding.index import Evidence, Source

__all__ = ["rotowire"]

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
    tallies = {half: [Tally(), Tally()] for half in HALVES}
    with (folder / "rotowire_accuracy_games.csv").open(encoding="utf-8") as lines:
        for game in csv.DictReader(lines):
            box = boxes_by_id.get(game["TEXT_ID"])
            if box is not None:
                half = HALVES[int(game["TEXT_ID"][1:]) % 2]
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
            [item.claim for item in rulings if item.claim.kind in NUMERIC and str(item.claim.value) not in occurring],
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
