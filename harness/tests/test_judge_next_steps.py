"""What a verdict tells its reader to do: commands that exist, whole, and counts that count all."""

from __future__ import annotations

import re
import shlex
import sys
from importlib.resources import files
from pathlib import Path

import click
import pytest

sys.path.insert(0, str(Path(__file__).parent))
from judge_world import LEAK, World, own_test, success, twice, violations

sys.path.pop(0)

from sluicegate.cli.app import cli
from sluicegate.gate.commands import typed
from sluicegate.model import Kind, Reason
from sluicegate.report.view import view_of

PACKAGE = Path(str(files("sluicegate")))
NAMED = re.compile(r"(?:[Rr]un:?|with:|[Ww]rite:?|over:|See:|then) `?sluicegate ([a-z]+)(?: ([a-z]+))?")
"""Where the package's own words name a command to be typed."""
RECORDS = re.compile(r"""recording_command\(question, ['"]([a-z]+)""")


def _command(words: list[str]) -> click.Command | None:
    found: click.Command | None = cli
    for word in words:
        if not isinstance(found, click.Group):
            break
        found = found.get_command(click.Context(found), word)
    return found


def test_every_command_that_is_named_anywhere_exists() -> None:
    """A next step that cannot be typed is a dead end."""
    named = {
        (found[1], found[2])
        for path in PACKAGE.rglob("*.py")
        for found in NAMED.finditer(path.read_text(encoding="utf-8"))
    }
    named |= {
        ("record", found[1])
        for path in PACKAGE.rglob("*.py")
        for found in RECORDS.finditer(path.read_text(encoding="utf-8"))
    }
    assert len(named) >= 7

    strange = [words for words in named if _command([word for word in words if word]) is None]

    assert strange == []


@pytest.mark.parametrize(
    "said",
    ["Review it, then run: sluicegate plan lock", "Run: sluicegate gate", "Over: sluicegate record measurements"],
)
def test_a_command_comes_with_what_it_needs(said: str) -> None:
    """Plan, stage, metric; typed as it stands it is no usage error."""
    world = World()
    run = world.run()
    run.records.pop(3)  # an outcome: something is missing
    verdict = world.verdict(run)
    mend = next(reason.mend for reason in verdict.reasons if "sluicegate gate" in reason.mend)
    assert mend.endswith(f"Run: sluicegate gate {shlex.quote(str(world.plan.path))} --stage first")

    class Asked:
        plan, stage = world.plan, world.stage
        rerun = ("sluicegate", "gate", str(world.plan.path), "--stage", "first", "--case")
        kept = ()

    words = shlex.split(typed(Reason(kind=Kind.HOLD_INCOMPLETE, about="m", text="", mend=said), Asked).mend)
    words = words[words.index("sluicegate") + 1 :]
    depth = 2 if words[0] in ("plan", "record") else 1
    command = _command(words[:depth])
    assert command is not None
    command.make_context(" ".join(words[:depth]), words[depth:])


@pytest.mark.parametrize("lost", ["missing", "skipped"])
def test_a_required_test_that_did_not_run_names_the_command_that_runs_it(lost: str) -> None:
    """pytest, with this plan and this stage."""
    world = World(tests=("t1", "t2"))
    run = world.run()
    if lost == "missing":
        del run.records[-2]
    else:
        run.records[-2] = own_test("t2", outcome="skipped")

    reason = next(reason for reason in world.verdict(run).reasons if reason.about == "tests")

    plan = shlex.quote(str(world.plan.path))
    assert reason.mend.endswith(f"Run: pytest --sluicegate-plan {plan} --sluicegate-stage first")


@pytest.mark.parametrize("count", [3, 20, 45])
def test_incidents_of_one_kind_are_all_counted_and_a_few_are_named(count: int) -> None:
    """In how many more cases the same was found, however many of them the verdict names."""
    world = World(
        suites=("schema", "idempotency"),
        doubled=[twice(number) for number in range(50)],
        criteria=(success(), violations()),
    )
    verdict = world.verdict(world.run({f"c{number:03}~twice": LEAK for number in range(count)}))

    first = view_of(verdict).reasons[0]

    assert verdict.kind is Kind.HOLD_INCIDENT
    assert first.also.startswith(f"the same in {count - 1} more cases: c001~twice, c002~twice")
    assert len(verdict.reasons) <= 25
