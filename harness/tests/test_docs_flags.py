"""What docs/flags.md says is tried: the case, the keys, the question, the change and the laws."""

from __future__ import annotations

import json
import sys
from dataclasses import MISSING, fields
from datetime import datetime
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))
from docs_examples import blocks, needs_docs, page, section, tables
from flag_world import a_trial

sys.path.pop(0)

from sluicegate.checks import CHECKS, SUITES
from sluicegate.doubles.flags import flagd_flag
from sluicegate.model import Capability, Case, FlagScript, FlagStep, Output, Population, decode
from sluicegate.runner.flags import flag_faults
from sluicegate.stats.binomial import tail_below

pytestmark = needs_docs
PAGE = "flags.md"


def keys(table: list[list[str]]) -> dict[str, str]:
    """Key to its default, one row of several keys taken apart."""
    return {key.strip(" `"): row[2].strip("`") for row in table[1:] for key in row[0].split(",")}


def test_the_case_is_one_that_can_be_asked() -> None:
    """Read strictly, as a case file is, and no step of it is refused."""
    case = decode(Case, json.loads(blocks(section(PAGE, "## A case"), "json")[0].text), "case")

    assert case.needs == (Capability.FLAGS,)
    assert flag_faults(case) == []
    script = case.given.flags
    assert script is not None
    assert sum(step.within_s is not None for step in script.steps) == 3
    told = {"population": script.population, "units": script.units, "flags": script.flags}
    assert a_trial(script.steps, **told).case.given.flags == FlagScript(steps=script.steps, **told)


def test_the_tables_name_every_key_with_its_default() -> None:
    """Of the script and of a step."""
    script, step = tables(section(PAGE, "## A case"))[:2]

    for table, kind in ((script, FlagScript), (step, FlagStep)):
        said = keys(table)
        assert set(said) == {item.name for item in fields(kind)}
        for item in fields(kind):
            if isinstance(item.default, (int, float)) and not isinstance(item.default, bool):
                assert float(said[item.name]) == item.default
            elif item.default is MISSING:
                assert said[item.name] == "needed"


def test_question_answer_and_change_are_what_is_sent() -> None:
    """As JSON, in this shape."""
    question, answer = (json.loads(block.text) for block in blocks(section(PAGE, "## The question"), "json"))
    change: dict[str, Any] = json.loads(blocks(section(PAGE, "## Who sets the flags"), "json")[0].text)

    assert set(question) == {"flag", "default", "units"}
    assert set(decode(Output, answer, "answer").structured["on"]) <= {unit["id"] for unit in question["units"]}
    assert flagd_flag(change)["defaultVariant"] == "off"
    assert set(change) == {"flag", "percent", "salt", "off_units", "off_cohort", "killed"}


def _cohort_rules(change: dict[str, Any]) -> list[dict[str, Any]]:
    rules: list[dict[str, Any]] = flagd_flag(change)["targeting"]["if"][0]["and"]
    return rules


def test_times_are_given_and_taken_as_the_page_says() -> None:
    """Text in a question, of a population with microseconds; seconds since 1970 where the file asks for a cohort."""
    said = section(PAGE, "## The question") + section(PAGE, "## Who sets the flags")
    unit = next(Population(size=1, enabled_from="2026-01-05T09:00:00+01:00").units())
    window = {"since": unit.enabled_at, "until": "2026-01-06T08:00:00Z"}
    change = {"flag": "a", "percent": 50, "salt": None, "off_units": [], "off_cohort": window, "killed": False}

    since, until = (rule[sign][1] for rule, sign in zip(_cohort_rules(change), (">=", "<"), strict=True))

    assert f"`{unit.enabled_at}`" in said
    assert since == datetime.fromisoformat(str(unit.enabled_at)).timestamp() < until
    assert "**seconds since 1970**" in said


def test_the_laws_are_the_checks_of_the_suite() -> None:
    """In their order."""
    rows = tables(section(PAGE, "## The laws"))[0][1:]

    assert [row[0].strip("`") for row in rows] == list(SUITES["rollout"].checks)
    assert all(CHECKS[row[0].strip("`")].title for row in rows)


def test_the_figure_of_the_page() -> None:
    """Nobody of 100 at 5 %, and of 500."""
    assert round(100 * tail_below(0, 100, 0.05), 1) == 0.6
    assert tail_below(0, 500, 0.05) < 5e-7 / 1e3
    assert len(page(PAGE).splitlines()) < 150
