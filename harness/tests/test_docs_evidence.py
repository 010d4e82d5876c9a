"""docs/evidence.md says what the commands, the gate and its statistics do: examples are run, tables are the code's."""

from __future__ import annotations

import json
import re
import sys
from dataclasses import fields
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from math import floor
from pathlib import Path

import click
import pytest

sys.path.insert(0, str(Path(__file__).parent))
from docs_examples import a_rollout, blocks, keys_of, needs_docs, page, run, section, tables

sys.path.pop(0)

from sluicegate.cli.app import cli
from sluicegate.cli.record import measurements
from sluicegate.ledger import state
from sluicegate.model import Kind
from sluicegate.plan.document import json_value, parse_document
from sluicegate.plan.metrics import AVAILABLE_SUITES, BUILT_IN, KNOWN_SUITES
from sluicegate.plan.types import Metric, MetricKind
from sluicegate.sources.columns import Columns
from sluicegate.stats import betting, binomial

pytestmark = needs_docs

PAGE = "evidence.md"
ALPHA = Fraction(1, 20)


def part(heading: str) -> str:
    return section(PAGE, heading)


# The tables


KINDS_WITH_A_SCALE = (MetricKind.DISTRIBUTION, MetricKind.CONTROLLED)
KINDS_WITH_A_DIRECTION = (MetricKind.INCIDENTS, MetricKind.SPLIT)


def entry(metric: Metric) -> str:
    """A metric as the page shows it: kind, what the kind leaves open, and what n counts."""
    said = [metric.kind.value]
    if metric.kind not in KINDS_WITH_A_DIRECTION:
        said.append(metric.better.value)
    said.append(f"per {metric.unit}")
    if metric.kind in KINDS_WITH_A_SCALE:
        said.append(metric.scale.value)
    return ", ".join(said)


def alike(metrics: list[Metric]) -> dict[str, list[str]]:
    """Names of metrics by what is said of them."""
    found: dict[str, list[str]] = {}
    for metric in metrics:
        found.setdefault(entry(metric), []).append(f"`{metric.name}`")
    return found


def recorded_text() -> str:
    """The tables between the marks, from the code."""
    recorded = [metric for metric in BUILT_IN.values() if metric.measured_by == "record"]
    later = [metric for metric in BUILT_IN.values() if not metric.available]
    lines = ["| known from records only | kind |", "|---|---|"]
    lines += [f"| {', '.join(names)} | {said} |" for said, names in alike(recorded).items()]
    lines += ["", "| later: the suite | its metrics |", "|---|---|"]
    for suite in dict.fromkeys(str(metric.suite) for metric in later):
        of_suite = alike([metric for metric in later if metric.suite == suite])
        listed = "; ".join(f"{', '.join(names)} ({said})" for said, names in of_suite.items())
        lines.append(f"| `{suite}` | {listed} |")
    return "\n".join(lines) + "\n"


def test_the_metrics_known_from_records_are_the_code_s() -> None:
    """Every one, with kind, direction, unit and scale."""
    written = page(PAGE).partition("<!-- metrics -->\n")[2].partition("<!-- /metrics -->")[0]

    assert written == recorded_text()


def test_the_metrics_that_are_counted_are_the_code_s() -> None:
    """No metric is in two tables or in none; each says where it comes from."""
    rows = tables(part("## The built-in metrics"))[0][1:]
    counted = [m for m in BUILT_IN.values() if m.measured_by == "builtin" and m.available]

    assert sorted(name for row in rows for name in keys_of([row, row])) == sorted(metric.name for metric in counted)
    for row in rows:
        assert {entry(BUILT_IN[name]) for name in keys_of([row, row])} == {row[1]}
        suites = {BUILT_IN[name].suite for name in keys_of([row, row])}
        assert suites in ({None}, *({suite} for suite in AVAILABLE_SUITES if f"suite `{suite}`" in row[2]))
    others = [m for m in BUILT_IN.values() if m.measured_by == "record" or not m.available]
    assert len(counted) + len(others) == len(BUILT_IN)
    assert {metric.suite for metric in others if metric.suite} <= set(KNOWN_SUITES)


def test_the_order_of_evaluation_is_the_code_s() -> None:
    """Every kind on its row, with its exit code, in the order of the gate."""
    rows = [
        (int(row[0]), kind, int(code))
        for row in tables(part("## The order of evaluation"))[0][1:]
        for kind, code in zip(re.findall(r"`([a-z_.]+)`", row[1]), row[3].split(","), strict=True)
    ]

    assert rows == [(kind.row, kind.value, kind.exit_code) for kind in Kind]


def test_options_and_columns_are_the_command_s() -> None:
    """Of `record measurements`; the group of options that say which file and metric stand in the example."""
    roles, options = tables(part("## Recording measurements"))
    named = {f"--{name.lstrip('-')}" for name in keys_of(options)}
    known = {each for each in measurements.params if isinstance(each, click.Option)}
    elsewhere = {"--metric", "--file", "--column", "--release", "--evidence", "--now"}

    assert sorted(keys_of(roles)) == sorted(item.name for item in fields(Columns))
    assert named | elsewhere == {option.opts[0] for option in known}
    defaults = {name: row[2] for row in options[1:] for name in keys_of([row, row])}
    for option in known:
        if option.opts[0] in defaults and isinstance(option.default, str):
            assert defaults[option.opts[0]] == f"`{option.default}`"


def test_every_command_is_named() -> None:
    """In the table, or where it is shown; of the rest other pages speak."""
    text = page(PAGE)
    listed = keys_of(tables(text.partition("\n## ")[0])[0])

    commands = set(cli.list_commands(click.Context(cli)))
    assert set(listed) <= commands <= {*listed, "record", "plan", "init", "demo", "doubles", "golden"}
    assert {f"record {name}" for name in cli.get_command(click.Context(cli), "record").commands} <= set(
        re.findall(r"record \w+", text)
    )


def test_the_records_of_a_state_file_are_the_code_s() -> None:
    """Each kind, in the order of the code."""
    said = page(PAGE).partition("<!-- state -->")[2].partition("<!-- /state -->")[0]

    assert re.findall(r"`([^`]+)`", said) == list(state._KINDS)


def fewest(line: Fraction, share: Fraction) -> int:
    """Pinned units of which this share holds until more than the line is shown."""
    n = 1
    while (needed := binomial.fewest_above(n, line, ALPHA)) is None or floor(n * share) < needed:
        n += 1
    return n


def percent(text: str) -> Fraction:
    found = re.search(r"([\d.]+) %", text)
    assert found is not None
    return Fraction(found[1]) / 100


def test_the_table_of_samples_is_computed() -> None:
    """From the very functions the gate uses."""
    for row in tables(part("## Statistics"))[0][1:]:
        line, share = percent(row[0]), percent(row[3])
        assert [int(cell) for cell in (row[1], row[2], row[4], row[5])] == [
            fewest(line, Fraction(1)),
            betting.units_needed(Fraction(1), float(line), ALPHA),
            fewest(line, share),
            betting.units_needed(share, float(line), ALPHA),
        ]


def test_figures_in_prose_are_computed() -> None:
    """0 of 59 and 0 of 299; p95 has no bound below 59; restarts every 50 units."""
    from sluicegate.stats import quantile, restarts

    assert [round(float(binomial.upper_bound(0, n, 0.05)), 3) for n in (59, 299)] == [0.05, 0.01]
    assert (quantile.units_for_bound(0.95), restarts.BLOCK) == (59, 50)


# The examples


def reviews(folder: Path) -> None:
    """Four hundred drafts of two shops in three days, nine of ten approved."""
    begin = datetime.now(UTC) - timedelta(hours=70)
    rows = (
        f"{begin + timedelta(minutes=10 * n):%Y-%m-%dT%H:%M:%SZ},{'no' if n % 10 == 0 else 'yes'},"
        f"{('acme', 'zenith')[n // 2 % 2]},d{n}\n"
        for n in range(410)
    )
    (folder / "reviews.csv").write_text("drafted_at,approved,shop,draft\n" + "".join(rows))


def commands(text: str) -> list[str]:
    """Each command of the `sh` blocks, continued lines joined."""
    return [
        line
        for block in blocks(text, "sh")
        for line in block.text.replace("\\\n", " ").splitlines()
        if line.startswith("sluicegate")
    ]


@pytest.fixture(scope="module")
def walked(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, tuple[int, str]]]:
    """The first examples of the page, run one after the other in the plan of docs/plan.md."""
    folder = a_rollout(tmp_path_factory.mktemp("rollout"))
    reviews(folder)
    said: dict[str, tuple[int, str]] = {}
    for command in commands(page(PAGE).partition("\n## ")[0]):
        begins = "record measurements" not in command and not any("record measurements" in each for each in said)
        done = run(command, folder, clock=-timedelta(hours=72) if begins else None)
        said[command] = done.returncode, done.stdout + done.stderr
    return folder, said


def test_the_walk_goes_as_the_page_says(walked: tuple[Path, dict[str, tuple[int, str]]]) -> None:
    """Every command exits with 0; the gate promotes, twice, to the stage the comment names."""
    _, said = walked
    assert len(said) == 7
    for command, (code, text) in said.items():
        assert code == 0, f"{command}\n{text}"
        if step := re.search(r"promote, (\w+ → \w+)", command):
            assert step[1] in text
            assert "PROMOTE" in text


def test_evidence_lies_where_the_page_says(walked: tuple[Path, dict[str, tuple[int, str]]]) -> None:
    """Every file of the table, by stage and attempt."""
    folder, _ = walked
    for name in keys_of(tables(page(PAGE).partition("\n## ")[0])[1]):
        path = name.replace("<stage>", "preflight").replace("<attempt>", "1")
        assert (folder / ".sluicegate" / path).is_file(), name
    assert {"verdict.json", "report.html", "report.md", "junit.xml"} <= {
        path.name for path in (folder / ".sluicegate" / "ten" / "1").iterdir()
    }


def test_what_people_vouch_for(walked: tuple[Path, dict[str, tuple[int, str]]]) -> None:
    """The commands are taken; a rolled back subject stays back, whatever is acknowledged."""
    folder, _ = walked
    for command in commands(part("## What people vouch for")):
        done = run(command, folder)
        assert done.returncode == 0, command
        # The plan of this page asks nobody to vouch, and that is said.
        assert done.stderr == "" or done.stderr.startswith("warning: no stage of the plan asks for"), command

    assert run("sluicegate judge rollout.yaml", folder).returncode == 20


def test_a_bad_row_keeps_the_whole_file_out(walked: tuple[Path, dict[str, tuple[int, str]]]) -> None:
    """Exit 2, with the line; nothing is recorded."""
    folder, _ = walked
    before = sorted((folder / ".sluicegate" / "recorded").iterdir())
    text = (folder / "reviews.csv").read_text()
    (folder / "bad.csv").write_text(f"{text}2026-01-01T00:00:00Z,perhaps,acme,x\n")
    command = next(each for each in commands(page(PAGE).partition("\n## ")[0]) if "measurements" in each)

    done = run(command.replace("reviews.csv", "bad.csv"), folder)

    assert done.returncode == 2
    assert "bad.csv:412" in done.stderr
    assert sorted((folder / ".sluicegate" / "recorded").iterdir()) == before


def test_a_file_counts_once(walked: tuple[Path, dict[str, tuple[int, str]]]) -> None:
    """Recorded again, as it is and longer; the verdict says how many units stand."""
    folder, _ = walked
    command = next(each for each in commands(page(PAGE).partition("\n## ")[0]) if "measurements" in each)

    def counted() -> int:
        verdict = json.loads(run("sluicegate judge rollout.yaml --stage ten --format json", folder).stdout)
        return verdict["criteria"][0]["measured"]["n"]

    before = counted()
    assert run(command, folder).returncode == 0
    assert counted() == before
    at = f"{datetime.now(UTC) - timedelta(hours=30):%Y-%m-%dT%H:%M:%SZ}"
    with (folder / "reviews.csv").open("a") as file:
        file.write(f"{at},yes,acme,one-more\n")
    assert run(command, folder).returncode == 0
    assert counted() == before + 1


# verify

VERDICT = ".sluicegate/preflight/verdict.json"
AGAIN = "sluicegate gate rollout.yaml --stage preflight --again"


@pytest.fixture(scope="module")
def promoted(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A promote of the first stage."""
    return a_promote(tmp_path_factory.mktemp("promoted"))


def a_promote(at: Path, **how: timedelta) -> Path:
    folder = a_rollout(at)
    assert run("sluicegate plan lock rollout.yaml && sluicegate gate rollout.yaml", folder, **how).returncode == 0
    return folder


@pytest.mark.parametrize(
    ("row", "change", "asked", "code", "says"),
    [
        ("plan and lock can be read", "echo >> rollout.yaml", "", 40, "another version of this plan"),
        ("it was asked properly", "", "--to tne", 2, "Did you mean 'ten'?"),
        ("the bytes are a verdict", f"echo >> {VERDICT}", "", 30, "verdict: "),
        ("`--subject`, plan", "", f"--subject {'0' * 64}", 30, "subject: expected 0000"),
        ("`--subject`, plan", "", "--to all", 30, "to_stage: expected all, seen ten"),
        ("it is not from the future", "", "--now 2020-01-01T00:00:00Z", 30, "in the future"),
        ("it is not from the future", "", "--now 2099-01-01T00:00:00Z", 30, "valid_until"),
        ("it is not from the future", "", "--max-age 0s", 30, "age: expected"),
        ("the state file is there", "rm rollout/state.jsonl", "", 30, "hold.no_state"),
        (
            "the state knows",
            f"cp {VERDICT} old; sluicegate judge rollout.yaml; mv old {VERDICT}",
            "",
            30,
            "seen verdict",
        ),
        ("the state knows", f"cp {VERDICT} old; {AGAIN}; mv old {VERDICT}", "", 30, "seen attempt 2 at preflight"),
        ("the state knows", "sluicegate record entry rollout.yaml --stage ten", "", 30, "the entry of ten"),
        ("the state knows", "sluicegate record rollback rollout.yaml --stage ten --by ann", "", 30, "the rollback of"),
        ("then the verdict's own", "", "", 0, "promote: preflight → ten"),
    ],
)
def test_verify_checks_each_row(
    promoted: Path, tmp_path: Path, *, row: str, change: str, asked: str, code: int, says: str
) -> None:
    """In a copy of the rollout; what is asked later on the line replaces what was asked before."""
    assert any(line[0].startswith(row) for line in tables(part("## verify"))[0]), row
    folder = tmp_path / "copy"
    run(f"cp -r '{promoted}' '{folder}'", tmp_path)
    if change:
        run(change, folder)

    ask = next(command for command in commands(page(PAGE)) if " verify " in command).partition("#")[0]
    done = run(f"{ask} {asked}", folder)

    assert done.returncode == code, done.stdout + done.stderr
    assert says in " ".join((done.stdout + done.stderr).split())


def test_a_rollback_does_not_grow_old(tmp_path: Path) -> None:
    """It stands in 2099 too; acknowledged, it is used up."""
    folder = a_promote(tmp_path, clock=-timedelta(hours=73))
    reviews(folder)
    text = (folder / "reviews.csv").read_text()
    (folder / "reviews.csv").write_text(text.replace(",yes,", ",no,"))
    recorded = next(each for each in commands(page(PAGE)) if "record measurements" in each)
    run("sluicegate record entry rollout.yaml --stage ten", folder, clock=-timedelta(hours=72))
    assert run(recorded, folder).returncode == 0
    assert run("sluicegate gate rollout.yaml", folder).returncode == 20
    ask = (
        "sluicegate verify .sluicegate/ten/1/verdict.json --plan rollout.yaml --from ten --to all "
        '--subject "$(sluicegate subject rollout.yaml)" --now 2099-01-01T00:00:00Z'
    )

    assert run(ask, folder).returncode == 20
    assert run("sluicegate record acknowledgement rollout.yaml --by ann", folder).returncode == 0
    assert run(ask, folder).returncode == 30


# CI


def test_the_workflow_gates_verifies_and_only_then_deploys(tmp_path: Path) -> None:
    """Every `run:` in order, with stand-ins for pip, git and the deploy."""
    folder = a_rollout(tmp_path)
    assert run("sluicegate plan lock rollout.yaml", folder).returncode == 0
    for name in ("bin/pip", "bin/git", "ops/deploy"):
        stand_in = folder / name
        stand_in.parent.mkdir(exist_ok=True)
        stand_in.write_text(f'#!/bin/sh\necho "{name} $*" >> {folder}/log\n')
        stand_in.chmod(0o755)
    (folder / "rollout").mkdir()
    root, _ = parse_document(blocks(part("## In GitHub Actions"), "yaml")[0].text.encode(), "workflow.yml")
    jobs = json_value(root)["jobs"]
    environment = {"GITHUB_STEP_SUMMARY": str(folder / "summary"), "GITHUB_SHA": "abc"}

    steps = [step["run"] for name in ("gate", "deploy") for step in jobs[name]["steps"] if "run" in step]
    for step in steps:
        done = run(f"export PATH={folder}/bin:$PATH; set -e; {step}", folder, env=environment)
        assert done.returncode == 0, step + done.stdout + done.stderr

    assert jobs["deploy"]["needs"] == "gate"
    assert [step.split()[1] for step in steps if step.startswith("sluicegate")] == ["plan", "gate", "verify", "record"]
    assert steps.index("./ops/deploy ten") > max(n for n, step in enumerate(steps) if "verify" in step)
    assert "PROMOTE" in (folder / "summary").read_text()
    again = run(next(step for step in steps if "verify" in step), folder)
    assert again.returncode == 30, "a promote is used once"
