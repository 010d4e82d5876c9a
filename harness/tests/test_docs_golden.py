"""What docs/golden.md says is tried: its files, its commands and what they print, its tables."""

from __future__ import annotations

import json
import re
import shlex
import sys
from dataclasses import fields
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))
from docs_examples import blocks, needs_docs, page, section, tables
from rollout_world import called

sys.path.pop(0)

from sluicegate.model import Case, decode
from sluicegate.pipelines.contracts import contract_schema
from sluicegate.session.golden_import import FORMATS
from sluicegate.sets.manifest import SetEntry, manifest_of

pytestmark = needs_docs
PAGE = "golden.md"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The files of the page."""
    (tmp_path / "orders.jsonl").write_text(blocks(page(PAGE), "jsonl")[0].text)
    (tmp_path / "prompt.md").write_text(blocks(page(PAGE), "text")[0].text)
    (tmp_path / "tests.yaml").write_text(blocks(page(PAGE), "yaml")[0].text)
    return tmp_path


@pytest.mark.parametrize(("heading", "code"), [("## Check", 40), ("## From other tools", 0)])
def test_commands_print_what_the_page_says(folder: Path, heading: str, code: int) -> None:
    """At eighty columns, to the letter."""
    (command,) = blocks(section(PAGE, heading), "sh")
    (printed,) = blocks(section(PAGE, heading), "")

    done = called(*shlex.split(command.text)[1:], cwd=folder, COLUMNS="80")

    assert (done.code, done.out) == (code, printed.text)


def test_the_manifest_has_the_keys_of_the_page(folder: Path) -> None:
    """Once the set is sound, `pin` writes them, and `check` has nothing more to say."""
    lines = (folder / "orders.jsonl").read_text().splitlines()
    (folder / "orders.jsonl").write_text(
        "\n".join([lines[0], lines[2], lines[4].replace("contents", "content")]) + "\n"
    )
    (command,) = blocks(section(PAGE, "## The manifest"), "sh")
    argv = shlex.split(command.text)[1:]

    assert called(*argv, cwd=folder).code == 0

    said = [key for row in tables(section(PAGE, "## The manifest"))[0][1:] for key in re.findall(r"`([^`]+)`", row[0])]
    assert sorted(said) == sorted(item.name for item in fields(SetEntry))
    entry = manifest_of(folder / "orders.manifest.json").sets["orders.jsonl"]
    assert (entry.origin, entry.licence, dict(entry.slices)) == (argv[4], "CC0-1.0", {"orders": 1, "returns": 2})
    assert called("golden", "check", "orders.jsonl", cwd=folder).code == 0


def test_a_set_may_name_its_schema(folder: Path) -> None:
    """The header of the page is no case and survives a review; the schemas are those of the words."""
    header = re.findall(r"`(\{\"\$schema.*?\})`", page(PAGE))[0]
    rows = [{"id": "a", "input": "one", "review": "proposed"}, {"id": "b", "input": "two"}]
    path = folder / "named.jsonl"
    path.write_text("".join(f"{line}\n" for line in (header, *map(json.dumps, rows))))

    assert called("golden", "review", "named.jsonl", "--all", "--by", "ops", cwd=folder).code == 0
    assert path.read_text().splitlines()[0] == header
    assert called("golden", "check", "named.jsonl", cwd=folder).out.endswith("0 errors in 2 cases\n")
    path.write_text(path.read_text().replace('"schema_version": 1', '"schema_version": 2'))
    assert "schema_version is 2" in called("golden", "check", "named.jsonl", cwd=folder).out
    for name, contract in (("case", "case"), ("manifest", "golden_manifest")):
        assert json.loads(called("golden", "schema", "--of", name, cwd=folder).out) == contract_schema(contract)


def test_the_tables_name_what_the_code_has() -> None:
    """Every kind of fault, every format."""
    source = (Path(__file__).parents[1] / "sluicegate/session/golden_check.py").read_text()
    kinds = set(re.findall(r'kind="(\w+)"', source))

    assert {row[0].strip("`") for row in tables(section(PAGE, "## Check"))[0][1:]} == kinds
    assert [row[0].strip("`") for row in tables(section(PAGE, "## From other tools"))[0][1:]] == list(FORMATS)


def test_the_commands_on_runs_exist() -> None:
    """Their options are the door's."""
    for block in blocks(section(PAGE, "## From a run"), ""):
        for line in block.text.splitlines():
            _, door, verb, *rest = shlex.split(line)
            told = called(door, verb, "--help", cwd=Path(__file__).parent).out
            assert all(option in told for option in rest if option.startswith("--")), line


def test_the_cases_of_the_page_are_cases() -> None:
    """Whatever else is wrong with them; and the page stays short."""
    for line in blocks(page(PAGE), "jsonl")[0].text.splitlines():
        decode(Case, json.loads(line), "orders.jsonl")

    assert len(page(PAGE).splitlines()) < 150
