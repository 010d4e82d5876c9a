"""What docs/doubles.md says is tried: addresses, faults, the script, the record, the commands."""

from __future__ import annotations

import json
import re
import sys
from dataclasses import fields
from pathlib import Path

import pytest

from sluicegate.doubles import Doubles
from sluicegate.doubles.faults import KINDS, NEVER_MS, SLOW_GAP_MS, SLOW_MS
from sluicegate.doubles.scripts import check_script
from sluicegate.model import Case, Fault, decode

sys.path.insert(0, str(Path(__file__).parent))
from docs_examples import blocks, needs_docs, page, run, section, tables
from doubles_world import SCHEMAS

sys.path.pop(0)

pytestmark = needs_docs
PAGE = "doubles.md"
RUN = "00112233445566aa"


@pytest.mark.asyncio
async def test_the_addresses_are_the_ones_of_the_table() -> None:
    """Every variable at its path, and the dummy keys of the line below."""
    table = tables(section(PAGE, "## Addresses"))[0]
    served = Doubles()
    await served.start()
    try:
        addresses = served.open_run(RUN, Case(id="c"))
        environment = served.environment()
    finally:
        await served.stop()
    keys = re.findall(r"`(\w+_API_KEY)`", section(PAGE, "## Addresses"))

    assert {row[0].strip("`"): row[1].strip("`") for row in table[1:]} == {
        name: url.partition(f"/r/{RUN}")[2] for name, url in addresses.items()
    }
    assert set(environment) == {*addresses, *keys}


def test_the_script_is_one_the_doubles_can_play() -> None:
    """Read strictly, as a case file is."""
    script = json.loads(blocks(section(PAGE, "## A script"), "json")[0].text)

    check_script(decode(Case, {"id": "c", **script}), {"order"})


def test_the_faults_are_the_ones_of_the_table() -> None:
    """Every kind, at every target it may have, with the figures that hold where a case names none."""
    text = section(PAGE, "## Faults")
    told = {row[0].strip("`"): row[1] for row in tables(text)[0][1:]}
    known = {kind: {target for target, kinds in KINDS.items() if kind in kinds} for kind in KINDS["model"]}

    assert told.keys() == known.keys()
    assert {kind: set(KINDS) if said == "all" else set(said.split(", ")) for kind, said in told.items()} == known
    assert f"({NEVER_MS:,.0f})".replace(",", " ") in text
    assert f"({SLOW_MS:,.0f})".replace(",", " ") in text
    assert f"({SLOW_GAP_MS:.0f})" in text
    assert {field.name for field in fields(Fault)} - {"kind", "target"} <= set(re.findall(r"`(\w+)", text))


def test_the_record_is_described_by_its_schemas() -> None:
    """Each name of the table is a property of the schema of its double."""
    for row in tables(section(PAGE, "## The record"))[0][1:]:
        of = SCHEMAS.values() if row[0] == "every" else [SCHEMAS[row[0]]]
        for name in re.findall(r"`(\w+)`", row[1].replace("`expect`", "").replace("`latency_ms`", "")):
            assert any(name in schema["properties"] for schema in of), name


def test_serving_and_its_control_work_as_shown(tmp_path: Path) -> None:
    """The commands of the page, on a port of their own."""
    serve, control = (block.text.strip() for block in blocks(section(PAGE, "## For a service outside"), "sh"))
    lines = (
        serve.replace("--port 8099 --plan rollout.yaml", "--port 0") + " > env.txt 2> said.txt &",
        "while ! grep -q serving said.txt; do sleep 0.1; done",
        ". ./env.txt; base=${OPENAI_BASE_URL#http://}; base=${base%/v1}",
        control.replace("127.0.0.1:8099", "$base").replace("curl ", "curl -sS -w '\\n' "),
        'kill -INT %1; wait %1; echo "exit $?"',
    )
    done = run("\n".join(("set -m", *lines)), tmp_path)
    opened, answer, read, ended, code = done.stdout.strip().splitlines()

    assert json.loads(opened)["run_id"] == RUN
    assert json.loads(answer)["choices"][0]["message"]["content"] == "Hello."
    assert json.loads(read) == json.loads(ended)
    assert len(json.loads(read)["observations"]) == 1
    assert code == "exit 0"


def test_the_example_of_an_own_test_prints_what_it_says(tmp_path: Path) -> None:
    """With OpenAI's own client."""
    code = blocks(section(PAGE, "## In a test of your own"), "python")[0].text
    (tmp_path / "example.py").write_text(code)
    done = run("python example.py", tmp_path)

    assert (done.stdout.strip(), done.stderr) == (code.rpartition("# ")[2].strip(), "")


def test_the_mail_example_prints_what_it_says(tmp_path: Path) -> None:
    """With the standard library's client."""
    code = blocks(section(PAGE, "## Mail"), "python")[0].text
    (tmp_path / "example.py").write_text(code)
    done = run("python example.py", tmp_path)

    assert (done.stdout.strip(), done.stderr) == (code.rpartition("# ")[2].strip(), "")


def test_the_ways_to_know_a_mail_are_those_of_the_schema() -> None:
    """All of them, and no other; `nothing` is what is left."""
    told = {name for row in tables(section(PAGE, "## Mail"))[0][1:] for name in re.findall(r"`(\w+)`", row[0])}

    assert told == {*SCHEMAS["mail"]["properties"]["correlation"]["properties"]["run"]["enum"]} - {"nothing"}


def test_the_page_stays_short() -> None:
    """What is longer is not read."""
    assert page(PAGE).count("\n") <= 170
