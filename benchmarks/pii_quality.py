"""How much of personal data the scanner finds, and how often it is wrong, beside stock Presidio in the same run.

Three sets: sentences of presidio-research, split by template into a half that rules were written with and a half held
out; gitleaks' own cases; the packaged evaluation set with its held-out templates, business numbers and known values.
A hit counts when it is of the same type and covers half of value and hit together. Postal addresses of the first set
are labelled in pieces with the town as a place of its own; touching pieces count as one address, for both scanners.

    python -m benchmarks.pii_quality [DATA]
"""

from __future__ import annotations

import hashlib
import json
import sys
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from random import Random
from typing import Any

from benchmarks.pii_speed import DATA, stock
from benchmarks.side_by_side import Goal, verdicts

Labelled = tuple[str, int, int]
Scan = Callable[[str], list[Labelled]]
_TYPES = (
    "CREDIT_CARD",
    "IBAN_CODE",
    "EMAIL_ADDRESS",
    "IP_ADDRESS",
    "US_SSN",
    "PHONE_NUMBER",
    "PERSON",
    "ADDRESS",
    "DATE_TIME",
    "US_DRIVER_LICENSE",
)
_CHECKED = ("CREDIT_CARD", "IBAN_CODE")


class Tally:
    """Hits, misses and false alarms of one type."""

    def __init__(self) -> None:
        self.hit = self.missed = self.false = 0

    @property
    def precision(self) -> float:
        """Share of hits among what was told."""
        return self.hit / (self.hit + self.false) if self.hit + self.false else 0.0

    @property
    def recall(self) -> float:
        """Share of values that were found."""
        return self.hit / (self.hit + self.missed) if self.hit + self.missed else 0.0

    @property
    def f1(self) -> float:
        """Harmonic mean of both."""
        return 2 * self.hit / (2 * self.hit + self.missed + self.false) if self.hit else 0.0


def interval(k: int, n: int) -> str:
    """Two-sided 95 % Wilson interval."""
    from sluicegate.stats.wilson import wilson

    said: Any = wilson(k, n, 0.025)
    return f"[{said.low:.3f}, {said.high:.3f}]"


def tallied(rows: Iterable[tuple[str, list[Labelled]]], scan: Scan) -> dict[str, Tally]:
    """Every type's tally over labelled texts; types without a label in a set have false alarms alone."""
    found: dict[str, Tally] = {name: Tally() for name in _TYPES}
    for text, gold in rows:
        said = _joined(text, scan(text))
        open_hits = set(range(len(said)))
        for label in gold:
            if label[0] not in found:
                continue
            match = next(
                (at for at in sorted(open_hits) if said[at][0] == label[0] and _overlap(said[at], label) >= 0.5), None
            )
            if match is None:
                found[label[0]].missed += 1
            else:
                open_hits.discard(match)
                found[label[0]].hit += 1
        for at in open_hits:
            if said[at][0] in found:
                found[said[at][0]].false += 1
    return found


def _overlap(one: Labelled, two: Labelled) -> float:
    return max(0, min(one[2], two[2]) - max(one[1], two[1])) / (max(one[2], two[2]) - min(one[1], two[1]))


def _joined(text: str, labels: Iterable[Labelled]) -> list[Labelled]:
    """Touching pieces of addresses, places between them included, as one."""
    done: list[Labelled] = []
    for name, start, end in sorted(labels, key=lambda label: label[1]):
        last = done[-1] if done else None
        gap = text[last[2] : start] if last else ""
        touching = (
            last
            and {name, last[0]} <= {"ADDRESS", "LOCATION"}
            and len(gap) <= 4
            and not any(ch.isalnum() for ch in gap)
        )
        if last and touching:
            done[-1] = ("ADDRESS" if "ADDRESS" in (name, last[0]) else name, last[1], end)
        else:
            done.append((name, start, end))
    return done


def presidio_research(data: Path) -> dict[str, list[tuple[str, list[Labelled]]]]:
    """Rows of the half that rules were written with, and of the half held out; by template, not by row."""
    path = data / "pii" / "presidio_research_pr_generated_large.json"
    halves: dict[str, list[tuple[str, list[Labelled]]]] = {"developed on": [], "held out": []}
    for row in json.loads(path.read_text(encoding="utf-8")) if path.exists() else ():
        spans = [(span["entity_type"], span["start_position"], span["end_position"]) for span in row["spans"]]
        odd = hashlib.sha256(str(row["template_id"]).encode()).digest()[0] % 2
        halves["held out" if odd else "developed on"].append((row["full_text"], _joined(row["full_text"], spans)))
    return halves


def sentences_of_research(data: Path, scans: dict[str, Scan]) -> list[Goal]:
    """The table by type and half, and the goals on the half held out."""
    goals: list[Goal] = []
    for half, rows in presidio_research(data).items():
        if not rows:
            print("skipped: no pii/presidio_research_pr_generated_large.json; give the folder: pii_quality DATA")
            return []
        print(f"\npresidio-research, templates {half}: {len(rows)} rows")
        print(
            f"{'type':<18} {'n':>5}   {'ours P':>7} {'R':>6} {'95 % of R':<16} {'F1':>6}   {'stock P':>7} "
            f"{'R':>6} {'F1':>6}"
        )
        tables = {name: tallied(rows, scan) for name, scan in scans.items()}
        for name in _TYPES:
            ours, theirs = tables["ours"][name], tables["stock"][name]
            n = ours.hit + ours.missed
            if n:
                said = interval(ours.hit, n)
                print(
                    f"{name:<18} {n:>5}   {ours.precision:>7.3f} {ours.recall:>6.3f} {said:<16} {ours.f1:>6.3f} "
                    f"  {theirs.precision:>7.3f} {theirs.recall:>6.3f} {theirs.f1:>6.3f}"
                )
        if half == "held out":
            goals = [
                *(
                    Goal("PII", f"{name} F1, unseen templates", tables["ours"][name].f1, 0.995, "", True)
                    for name in (*_CHECKED, "EMAIL_ADDRESS", "US_SSN")
                    if tables["ours"][name].hit
                ),
                Goal("PII", "phone F1, unseen templates", tables["ours"]["PHONE_NUMBER"].f1, 0.85, "", True),
                Goal("PII", "unknown person F1, unseen templates", tables["ours"]["PERSON"].f1, 0.75, "", True),
                Goal("PII", "unknown address F1, unseen templates", tables["ours"]["ADDRESS"].f1, 0.80, "", True),
            ]
    return goals


def gitleaks(data: Path, scan: Scan) -> list[Goal]:
    """Literal cases: how many positives, how many false alarms; any secret told counts."""
    path = data / "pii" / "gitleaks_rule_cases.json"
    if not path.exists():
        print("skipped: no pii/gitleaks_rule_cases.json")
        return []
    cases = json.loads(path.read_text(encoding="utf-8"))
    told = [(case["label"], any(label[0] == "SECRET" for label in scan(case["text"]))) for case in cases]
    positives, negatives = sum(bool(label) for label, _ in told), sum(not label for label, _ in told)
    found, wrong = sum(bool(label and hit) for label, hit in told), sum(bool(not label and hit) for label, hit in told)
    print(f"\ngitleaks literal cases: {found} of {positives} positives, {wrong} false alarms of {negatives}")
    return [
        Goal("PII", f"gitleaks positives of {positives}", found, positives, "", True),
        Goal("PII", f"gitleaks false alarms of {negatives}", wrong, 5, ""),
    ]


def packaged() -> list[Goal]:
    """The evaluation set of the package: recall by type on held-out templates, and business numbers."""
    from sluicegate.pii.evaluation import recall, sentences
    from sluicegate.pii.generators import BUSINESS
    from sluicegate.pii.scan import Scanner

    scanner = Scanner()
    counted = recall(scanner, seed=11, each=60)
    print("\npackaged set, held-out templates: recall with 95 % interval")
    for entity, (k, n) in sorted((entity, (said.k, said.n)) for entity, said in counted.items()):
        print(f"{entity:<26} {k:>4} of {n:<4} {k / n:.3f} {interval(k, n)}")
    ids = [said for entity, said in counted.items() if entity.split("_")[0] in _COUNTRIES]
    european = sum(said.k for said in ids) / sum(said.n for said in ids)
    told = right = 0
    for sentence in sentences(
        12, each=30, held_out=True, entities=[name for name in counted if name.split("_")[0] in _COUNTRIES]
    ):
        for hit in scanner.scan(sentence.text):
            told += 1
            right += any(
                hit.start < span.end and span.start < hit.end and _same(hit.entity, span.entity)
                for span in sentence.spans
            )
    print(f"European ids, held-out templates: {right} of {told} hits are of the right kind")
    rng = Random(7)
    wrong = 0
    for _ in range(5000):
        for kind, lead in (("order", "Order"), ("tracking", "Tracking number")):
            number = BUSINESS[kind](rng)
            hits = scanner.scan(f"{lead} {number} is on its way.")
            wrong += bool(hits)
    print(f"10,000 order and tracking numbers: {wrong} alarms")
    return [
        Goal("PII", "European ids, recall, held-out templates", european, 0.98, "", True),
        Goal("PII", "European ids, precision, held-out templates", right / told, 0.98, "", True),
        Goal("PII", "false alarms on 10,000 order and tracking numbers", wrong, 0, ""),
        *known_values(),
    ]


def _same(one: str, two: str) -> bool:
    return one == two or {one, two} == {"ES_NIF", "ES_NIE"}


_COUNTRIES = (
    "FR",
    "NL",
    "BE",
    "AT",
    "CH",
    "DK",
    "NO",
    "SE",
    "FI",
    "PT",
    "IE",
    "RO",
    "CZ",
    "UK",
    "DE",
    "ES",
    "IT",
    "PL",
    "TR",
)


def known_values() -> list[Goal]:
    """Names and addresses that the scanner was told, as people rewrite them, among others that it was not."""
    import unicodedata

    from sluicegate.pii.generators import address, listed_person, person
    from sluicegate.pii.known import Known
    from sluicegate.pii.scan import Scanner

    rng = Random(13)
    makers = (
        ("PERSON", lambda: person(rng) if rng.random() < 0.5 else listed_person(rng)),
        ("ADDRESS", lambda: address(rng)),
    )
    told = [Known(value=make(), entity=entity) for entity, make in makers for _ in range(60)]
    scanner = Scanner(known=told)
    rewritten: list[Callable[[str], str]] = [
        str,
        str.upper,
        str.lower,
        lambda value: value.replace(" ", "  "),
        lambda value: value.replace(", ", "\n"),
        lambda value: "".join(ch for ch in unicodedata.normalize("NFKD", value) if not unicodedata.combining(ch)),
        lambda value: (
            f"{value.split()[-1]}, {' '.join(value.split()[:-1])}" if "," not in value else value.replace(",", "")
        ),
    ]
    k = n = wrong = 0
    for known in told:
        for rewrite in rewritten:
            text = f"It was noted that {rewrite(known.value)} asked for it."
            n += 1
            k += any(hit.layer == "known" and hit.entity == known.entity for hit in scanner.scan(text))
    for _, make in makers:
        for _ in range(200):
            value = make()
            wrong += any(
                hit.layer == "known" for hit in scanner.scan(f"It was noted that {value} asked for it.")
            ) and all(value != one.value for one in told)
    print(f"known names and addresses: {k} of {n} rewritings found, {wrong} false alarms of 400")
    return [
        Goal("PII", "known names and addresses, recall", k / n, 0.99, "", True),
        Goal("PII", "known names and addresses, precision", k / (k + wrong), 0.99, "", True),
    ]


def measure(data: Path = DATA) -> list[Goal]:
    from sluicegate.pii.scan import COVERED, Scanner

    scanner, presidio = Scanner(entities=COVERED), stock()
    scans: dict[str, Scan] = {
        "ours": lambda text: [
            (_AS_LABELLED.get(hit.entity, hit.entity), hit.start, hit.end) for hit in scanner.scan(text)
        ],
        "stock": lambda text: [(hit.entity_type, hit.start, hit.end) for hit in _results(presidio, text)],
    }
    return [*sentences_of_research(data, scans), *gitleaks(data, scans["ours"]), *packaged()]


_AS_LABELLED = {"DATE_OF_BIRTH": "DATE_TIME"}
"""The labelled set has one type for both."""


def _results(presidio: Any, text: str) -> list[Any]:
    return list(presidio.analyze(text, "en", score_threshold=0.35))


def main(asked: Sequence[str]) -> int:
    return verdicts(measure(Path(asked[0]) if asked else DATA))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
