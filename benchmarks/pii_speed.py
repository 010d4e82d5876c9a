"""How fast the scanner reads, every detector on, beside stock Presidio in the same process: G11.

Dense: 500 characters of sentences full of personal data. Sparse: 20 kB of encyclopedia prose. The sets are read from a
folder of shared development data when it is there; without it the packaged evaluation set and prose made of it serve.

    python -m benchmarks.pii_speed [DATA]
"""

from __future__ import annotations

import json
import random
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from benchmarks.side_by_side import Goal, verdicts

DATA = Path(__file__).parents[2] / "shared" / "data"
_ROUNDS = 4


def texts(data: Path) -> dict[str, list[str]]:
    """Texts of each kind, the same in every run."""
    rows, prose = _dense_rows(data), _prose(data)
    shuffled = random.Random(5).sample(rows, len(rows))
    return {"dense 500": _cut("\n".join(shuffled), 500, 120), "sparse 20 kB": _cut(prose, 20_000, 6)}


def _dense_rows(data: Path) -> list[str]:
    path = data / "pii" / "presidio_research_pr_generated_large.json"
    if path.exists():
        return [row["full_text"] for row in json.loads(path.read_text(encoding="utf-8"))]
    from sluicegate.pii.evaluation import sentences

    return [sentence.text for sentence in sentences(seed=5, each=6) if sentence.spans]


def _prose(data: Path) -> str:
    path = data / "grounding" / "begin_test_wow.tsv"
    if path.exists():
        lines = path.read_text(encoding="utf-8").splitlines()[1:]
        return " ".join(dict.fromkeys(line.split("\t")[2] for line in lines if line.count("\t") > 1))
    from sluicegate.pii.evaluation import sentences

    return " ".join(sentence.text for sentence in sentences(seed=6, each=60) if not sentence.spans)


def _cut(text: str, size: int, most: int) -> list[str]:
    return [text[at : at + size] for at in range(0, min(len(text) - size + 1, size * most), size)]


def stock() -> Any:
    """Presidio as it comes without a model: its English registry, spaCy's tokenizer, lower case as lemma."""
    import spacy
    from presidio_analyzer import AnalyzerEngine, RecognizerRegistry
    from presidio_analyzer.nlp_engine import SpacyNlpEngine
    from spacy.language import Language

    @Language.component("lower_case_lemmas")  # type: ignore[misc]  # untyped decorator
    def lower(doc: Any) -> Any:
        for token in doc:
            token.lemma_ = token.lower_
        return doc

    class Blank(SpacyNlpEngine):  # type: ignore[misc]  # untyped base
        def load(self) -> None:
            self.nlp = {"en": spacy.blank("en")}
            self.nlp["en"].add_pipe("lower_case_lemmas")

    engine = Blank()
    engine.load()
    registry = RecognizerRegistry()
    registry.load_predefined_recognizers(languages=["en"], nlp_engine=engine)
    # Its mail recogniser asks the network for a list of domains; the packaged copy of that list does here.
    _offline()
    return AnalyzerEngine(registry=registry, nlp_engine=engine, supported_languages=["en"])


def _offline() -> None:
    import tldextract
    from presidio_analyzer.predefined_recognizers.generic import email_recognizer

    email_recognizer.tldextract = tldextract.TLDExtract(suffix_list_urls=(), fallback_to_snapshot=True)
    email_recognizer.tldextract.extract = email_recognizer.tldextract


def measure(data: Path = DATA) -> list[Goal]:
    """Characters a CPU second, ours against Presidio's, in turn; the best of each."""
    from sluicegate.pii.scan import COVERED, Scanner

    scanner, presidio = Scanner(entities=COVERED), stock()
    programs: dict[str, Callable[[str], object]] = {
        "ours": scanner.scan,
        "stock": lambda text: presidio.analyze(text, "en", score_threshold=0.35),
    }
    goals = []
    for kind, given in texts(data).items():
        best = dict.fromkeys(programs, 0.0)
        for _ in range(_ROUNDS):
            for name, scan in programs.items():
                best[name] = max(best[name], _rate(scan, given))
        said = ", ".join(f"{name} {rate / 1e3:,.0f} kchar/s" for name, rate in best.items())
        print(f"{kind}: {len(given)} texts, {said}", flush=True)
        goals.append(
            Goal(
                "G11",
                f"PII scan of {kind}, all detectors, against stock Presidio",
                best["ours"] / best["stock"],
                10,
                "×",
                True,
            )
        )
    return goals


def _rate(scan: Callable[[str], object], given: Sequence[str]) -> float:
    began = time.process_time()
    for text in given:
        scan(text)
    return sum(map(len, given)) / (time.process_time() - began)


def main(asked: Sequence[str]) -> int:
    return verdicts(measure(Path(asked[0]) if asked else DATA))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
