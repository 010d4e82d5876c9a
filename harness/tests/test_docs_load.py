"""What docs/load.md says is tried: the plan, the keys, the defaults, the commands and the limits."""

from __future__ import annotations

import re
import shlex
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
from docs_examples import blocks, keys_of, needs_docs, page, plan_of, section, tables
from rollout_world import called

sys.path.pop(0)

from sluicegate.doubles.latency import Latencies
from sluicegate.doubles.scripts import check_spells
from sluicegate.model import Kind
from sluicegate.plan.load import Profile
from sluicegate.plan.load_faults import SPELL_KEYS
from sluicegate.plan.load_reading import PROFILE_KEYS, SHAPES
from sluicegate.resources import data
from sluicegate.session import load_tally
from sluicegate.stats.knee import KneeSearch

pytestmark = needs_docs
PAGE = "load.md"
HEAD = """schema_version: 1
name: drafts
pipeline: "bot:answer"
subject: {code: {files: "*.py"}}
cases: cases.jsonl
tools: {store: {method: PUT, path: "/drafts/{id}", writes: true}}
"""


def test_the_plan_is_read_and_its_faults_can_be_played() -> None:
    """Every shape of a profile is there once, and each says what the page says of it."""
    plan = plan_of(HEAD + blocks(section(PAGE, "## From the plan"), "yaml")[0].text)
    assert plan.load is not None
    named = {profile.name: profile for profile in plan.load.profiles}

    assert set(named) == {"fifty", "steady", "rise", "peak", "long", "replay", "storm"}
    assert named["fifty"].arrival is None
    assert (named["steady"].objective_ms, named["long"].sample) == (2000, 0.1)
    storm = named["storm"]
    assert (storm.redelivered, storm.medians_ms) == (0.05, {"model": 800})
    assert [(spell.from_s, spell.until_s, spell.share) for spell in storm.spells] == [(5, 12, 0.5), (15, 18, 1)]
    check_spells(storm.spells, [tool.name for tool in plan.tools], where="storm")


def test_the_table_names_every_key_with_its_default() -> None:
    """Of a profile; keys that stand inside of others are told in their rows."""
    table = tables(section(PAGE, "## From the plan"))[0]
    said = keys_of(table)
    rows = {name: row for row in table[1:] for name in re.findall(r"`([^`]+)`", row[0])}

    assert [name for name in said if name in SHAPES] == list(SHAPES)
    assert set(said) == set(PROFILE_KEYS) - {"to", "variation", "speed"}
    assert all(f"`{name}" in " ".join(rows[place]) for name, place in
               (("to", "rate"), ("variation", "arrivals"), ("speed", "trace")))  # fmt: skip
    default = Profile(name="x")
    assert rows["in_flight"][2] == f"`{default.in_flight}`"
    assert rows["max_lag"][2] == f"`{default.max_lag_ms:g}ms`"
    assert rows["sample"][2] == f"`{100 * default.sample:g} %`"
    doubles = Latencies()
    assert rows["doubles"][2] == f"{doubles.model_ms:g}, {doubles.tool_ms:g}, {doubles.retriever_ms:g} ms"


def test_a_fault_has_the_keys_the_page_names() -> None:
    """No more and no fewer."""
    told = section(PAGE, "## What is judged").partition("A fault of a profile has")[2].partition("Load is made")[0]
    assert set(SPELL_KEYS) <= set(re.findall(r"`(\w+)`", told))


def test_the_commands_exist() -> None:
    """`sluicegate load` with its options; Locust's with ours; what init writes."""
    told = called("load", "--help", cwd=Path(__file__).parent).out
    locustfile = data("load", "locustfile.py").read_text()
    for block in blocks(page(PAGE), "sh"):
        for line in block.text.splitlines():
            program, *rest = shlex.split(line, comments=True)
            options = [word for word in rest if word.startswith("--")]
            if program == "sluicegate" and rest[0] == "load":
                assert all(option in told for option in options), line
            elif program == "locust":
                own = {"--headless", "--processes", "--host"}
                assert all(f'"{option}"' in locustfile for option in options if option not in own), line
    starter = data("session", "starter_files", "locustfile.py.txt").read_text()
    assert len(starter.splitlines()) == 2
    assert "from sluicegate.load.locustfile import *" in starter


def test_the_limits_are_those_of_the_code() -> None:
    """When a generator is late, how a knee is looked for, and the kinds of verdict."""
    late = section(PAGE, "## Open or closed")
    assert f"more than {100 * load_tally._LATE_SHARE:g} % of the requests" in late
    assert f"or {100 * load_tally._LATE_SECONDS:g} % of\nthe seconds" in late
    search = KneeSearch(start=1, least=1, most=1)
    assert (search.factor, search.within, search.repeats) == (2, 0.1, 3)
    knee = section(PAGE, "## The knee")
    assert all(word in knee for word in ("doubling", "to a tenth", "majority of three", "95 %"))
    kinds = re.findall(r"`(hold\.\w+)`", section(PAGE, "## What holds, and why"))
    assert {Kind(kind) for kind in kinds} == {
        Kind.HOLD_FAILED, Kind.HOLD_INCOMPLETE, Kind.HOLD_INVALID_EVIDENCE, Kind.HOLD_INVALID_EXPERIMENT,
    }  # fmt: skip


def test_the_page_stays_short() -> None:
    """As the others."""
    assert len(page(PAGE).splitlines()) < 150
