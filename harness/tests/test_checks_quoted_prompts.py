"""A part of a snippet in a prompt counts as the snippet: a run of its words, cut short or in two."""

from __future__ import annotations

import pytest

from sluicegate.checks import CHECKS, CheckConfig, run_check
from sluicegate.checks.word_runs import runs_in, runs_of
from sluicegate.doubles.prompts import carried, marked
from sluicegate.model import Asked, Capability, Case, Expect, Given, Observation, Output, Snippet, Trial

OWN = "Returns take ten days and are free of charge for everyone in the whole country."
FOREIGN = "Zenith keeps its secret recipe number seven in the blue safe under the stairs at home."
NOW = "2026-01-29T12:00:00Z"
CONFIG = CheckConfig(capabilities=frozenset({Capability.MODEL, Capability.RETRIEVAL}))


def a_case(own: str = OWN, foreign: str = FOREIGN, question: str = "How long?") -> Case:
    snippets = (Snippet(id="good", text=own, source="acme"), Snippet(id="foreign", text=foreign, source="zenith"))
    asked = Expect(retrieval=Asked(sources=("acme",)))
    return Case(id="c", input={"q": question}, given=Given(snippets=snippets, now=NOW), expect=asked)


def judged(prompt: str, case: Case | None = None):
    """The trial as the doubles would tell it of this prompt."""
    case = case or a_case()
    found = {"query": "q", "k": 3, "status": 200, "returned": ["good"], "filters": {"sources": ["acme"]}}
    asked = {"protocol": "openai.chat", "status": 200, "carried": carried(case, prompt)}
    seen = tuple(
        Observation(run_id="0" * 16, double=double, action=action, at=NOW, detail=detail)
        for double, action, detail in (("retriever", "search", found), ("model", "mini", asked))
    )
    trial = Trial(case=case, outputs=(Output(content="ok"),), observations=seen)
    return run_check(CHECKS["retrieval.fit"], trial, CONFIG)


@pytest.mark.parametrize(
    "prompt",
    [
        FOREIGN[:-5],
        FOREIGN[:-25],
        FOREIGN[10:],
        FOREIGN.upper()[3:],
        FOREIGN.replace(" ", "\n")[:-1],
        FOREIGN.replace("e", "\u0435"),
        FOREIGN.replace("ee", "e\u200be"),
        FOREIGN.replace("a", "\uff41"),
    ],
)
def test_a_foreign_snippet_cut_short_or_spelt_otherwise_is_found_in_a_prompt(prompt: str) -> None:
    """Eight words in a row are enough; letter case, blanks, marks, what is not seen and like letters aside."""
    (finding,) = judged(f"Answer shortly.\n{prompt}").findings

    assert "'foreign' stands in a prompt to mini" in finding.excerpt


@pytest.mark.parametrize("prompt", [OWN, OWN[:-5], "Zenith keeps its secret recipe.", "Answer shortly."])
def test_what_fits_and_what_is_too_short_to_tell_passes(prompt: str) -> None:
    """A pipeline may cut its own snippets; seven words may stand anywhere."""
    assert judged(prompt).result == "pass"


def test_a_foreign_snippet_in_pieces_is_found_in_an_answer() -> None:
    """Cut between letters and put into a list, it is read as the whole."""
    case, found = (
        a_case(),
        Observation(
            run_id="0" * 16, double="retriever", action="search", at=NOW, detail={"status": 200, "returned": ["good"]}
        ),
    )
    pieces = Output(structured={"facts": [FOREIGN[:30], FOREIGN[30:60], FOREIGN[60:]]})
    config = CheckConfig(capabilities=frozenset({Capability.RETRIEVAL}))
    outcome = run_check(CHECKS["retrieval.fit"], Trial(case=case, outputs=(pieces,), observations=(found,)), config)

    assert [item.excerpt for item in outcome.findings if "'foreign' stands in the answer" in item.excerpt]


def test_the_same_in_other_words_is_another_text() -> None:
    """No run of words tells it: a canary in the snippet does."""
    assert judged("The recipe of Zenith lies in a blue safe, below the stairs of a house.").result == "pass"


def test_texts_that_must_not_stand_in_a_prompt_are_told_however_they_are_spelt() -> None:
    """Apart from those that do; what a text that stands there has in common with them is its own."""
    named = Expect(
        model_never_sees=("Ann Lee-Smith", "VIP"), arm_texts={"a": "Write it short.", "b": "Write it, short!"}
    )
    case = Case(id="c", expect=named)

    assert marked(case, "for ANN lee  smith, vip") == {"marks": [], "nearly": ["Ann Lee-Smith"]}
    assert marked(case, "Ann Lee-Smith. Write it short.") == {"marks": ["Ann Lee-Smith", "Write it short."]}


def test_what_the_customer_or_a_fitting_snippet_says_as_well_is_excused() -> None:
    """The words are then no sign of the foreign one."""
    assert judged(FOREIGN[:-5], a_case(question=f"Is it true? {FOREIGN}")).result == "pass"
    assert judged(f"{OWN}", a_case(foreign=f"{OWN[:-1]} and abroad too.")).result == "pass"


def test_a_text_in_two_parts_of_one_message_is_whole() -> None:
    """Put together as a model reads it; other snippets are told by the runs that stand there."""
    case = a_case()
    halves = f"user\ntext\n{FOREIGN[:41]}\ntext\n{FOREIGN[41:]}"

    assert carried(case, halves, joined=FOREIGN)["snippets"] == ["foreign"]
    assert "quoted" not in carried(case, halves, joined=FOREIGN)
    assert carried(case, FOREIGN[:-5])["quoted"] == {"foreign": [0, 1, 2, 3, 4, 5, 6, 7]}


def test_runs_are_found_by_number_in_any_script() -> None:
    """A text of few words, or without blanks, is known by its letters."""
    chinese = "退货需要十天并且对全国所有人免费" * 5

    assert runs_in({"a": chinese, "b": "Ok then."}, f"x{chinese[:-2]}y")["a"]
    assert runs_in({"a": FOREIGN}, " ".join(FOREIGN.split()[3:11])) == {"a": [3]}
    assert len(list(runs_of("word " * 10_000))) < 500
