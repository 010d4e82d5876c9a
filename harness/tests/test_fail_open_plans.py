"""How a bad build gets promoted elsewhere: by a plan that is missing, misread, or loosened along with the build."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))
from rollout_world import CASES, PLAN, Rollout, a_case, called, gated, made, no_promote, prepared, refused

sys.path.pop(0)


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Rollout:
    """Promoted from preflight; only to look at."""
    return prepared(gated, tmp_path_factory.mktemp("plans"))


class TestNoPlan:
    """A plan that cannot be read is no permission."""

    def test_missing_and_unreachable(self, tmp_path: Path) -> None:
        """No file, a folder, a dead link, a pipe that nobody fills: 40, with the path, at once."""
        (tmp_path / "folder.yaml").mkdir()
        (tmp_path / "dead.yaml").symlink_to(tmp_path / "gone" / "plan.yaml")
        os.mkfifo(tmp_path / "pipe.yaml")
        for name in ("gone.yaml", "folder.yaml", "dead.yaml", "pipe.yaml"):
            refused(called("gate", name, cwd=tmp_path, timeout=20), 40, name)

    @pytest.mark.parametrize(
        ("text", "said"),
        [
            ("", "is empty"),
            ("---\n", "is empty"),
            ("null\n", ""),
            ("- name: preflight\n", ""),
            ("<!doctype html>\n<html><title>Log in</title></html>\n", ""),
            ("schema_version: 1\nname: shop\n", "stages"),
            (PLAN[: PLAN.index("stages:")] + "stages: []\n", "stages"),
        ],
    )
    def test_empty(self, tmp_path: Path, text: str, said: str) -> None:
        """Nothing asked for is not everything met."""
        (tmp_path / "rollout.yaml").write_text(text)

        refused(called("gate", "rollout.yaml", cwd=tmp_path), 40, "rollout.yaml", said)

    def test_without_criteria(self, tmp_path: Path) -> None:
        """A stage that asks for nothing lets nobody through: refused on reading, or held."""
        for number, exposure in enumerate(("live: false", "live: true, percent: 10")):
            head = PLAN[: PLAN.index("stages:")]
            first = f"  - name: first\n    exposure: {{{exposure}}}\n"
            plan = f"{head}stages:\n{first}  - name: next\n    exposure: {{live: true}}\n"
            folder = tmp_path / str(number)
            folder.mkdir()
            (folder / "rollout.yaml").write_text(plan)

            done = called("gate", "rollout.yaml", cwd=folder)

            refused(done, 40, "rollout.yaml:", "first")

    def test_without_a_lock(self, tmp_path: Path) -> None:
        """Nothing says what must have run."""
        rollout = prepared(made, tmp_path)
        (rollout.root / "rollout.lock").unlink()

        for command in ("gate", "judge", "collect"):
            refused(rollout.run(command, "rollout.yaml"), 40, "rollout.lock", "sluicegate plan lock")


class TestMisread:
    """Typing errors, and what YAML makes of plain words."""

    @pytest.mark.parametrize(
        ("old", "new", "said"),
        [
            ("promote: 95 %, alert", "promot: 95 %, alert", "Did you mean 'promote'?"),
            ("draft.success_rate", "draft.sucess_rate", "Did you mean 'draft.success_rate'?"),
            ("suites: [schema]", "suites: [shema]", "Did you mean 'schema'?"),
            ("from: suite, promote: 95", "from: suit, promote: 95", "Did you mean 'suite'?"),
            ("    criteria:\n      draft", "    criterias:\n      draft", "Did you mean 'criteria'?"),
            ("slices: tenants", "slices: tenant", "Did you mean 'tenants'?"),
            ("exposure: {live: false}", "exposure: {live: no}", "live"),
            ("exposure: {live: false}", "exposure: {live: off}", "live"),
            ("percent: 10}", "percent: 0x10}", "percent"),
            ("min: 40", "min: 0100", "octal"),
            ("min: 100", "min: 1:30", "min"),
            ("min: 100", "min: 1_00", "min"),
            ("promote: 90 %", "promote: .nan", "promote"),
            ("promote: 90 %", "promote: -90 %", "promote"),
            ("promote: 90 %", "promote: ~", "promote"),
            ("  - name: half", "  - name: ten", "written twice"),
            ("schema_version: 1\n", "schema_version: 1\nname: other\n", "rollout.yaml:3"),
            ("slices: {", "slices: !!python/object/apply:os.system {", "plain data"),
        ],
    )
    def test_a_plan_that_is_not_what_it_looks_like(
        self, shop: Rollout, tmp_path: Path, old: str, new: str, said: str
    ) -> None:
        """Refused with file, line and the right word, before anything is judged."""
        assert old in PLAN
        plan = tmp_path / "rollout.yaml"
        plan.write_text(PLAN.replace(old, new, 1))

        done = refused(called("plan", "check", "rollout.yaml", cwd=tmp_path), 40, "rollout.yaml:", said)

        assert "error: " in done.out

    def test_every_door_refuses_it(self, tmp_path: Path) -> None:
        """Not only the check: gate, judge, collect, record and verify read the same plan."""
        rollout = prepared(gated, tmp_path)
        subject = rollout.subject()
        rollout.replace("promote: 95 %, alert", "promot: 95 %, alert")

        for command in (("gate",), ("judge",), ("collect",), ("status",), ("subject",), ("record", "entry")):
            stage = ("--stage", "ten") if command[0] == "record" else ()
            refused(rollout.run(*command, "rollout.yaml", *stage), 40, "rollout.yaml:")
        refused(rollout.verify(rollout.verdict(), subject=subject), 40, "rollout.yaml:")


class TestLoosened:
    """The branch that brings the build brings its own lines."""

    def test_a_plan_loosened_along_with_the_build(self, shop: Rollout, tmp_path: Path) -> None:
        """The branch promotes itself, and the protected branch does not know that plan."""
        branch = made(tmp_path / "branch", PLAN.replace("promote: 95 %, alert: 85 %", "promote: 50 %, alert: 40 %"))
        branch.write(
            "bot.py",
            (branch.root / "bot.py")
            .read_text()
            .replace("order {number} ok", "order {number} {'ok' * (number % 4 > 0)}"),
        )
        assert branch.gate().code == 0

        done = shop.verify(branch.verdict(), subject=branch.subject())

        refused(done, 30, "plan_digest: expected", "lock_digest: expected")

    def test_a_lock_loosened_along_with_the_build(self, shop: Rollout, tmp_path: Path) -> None:
        """Cases that ask for less, newly locked: the branch promotes itself, and the lock is another one."""
        cases = [a_case(number, expect={}) for number in range(CASES)]
        branch = made(tmp_path / "branch", cases=cases)
        branch.replace("order {number} ok", "order {number}", "bot.py")
        assert branch.gate().code == 0

        done = refused(shop.verify(branch.verdict(), subject=branch.subject()), 30, "lock_digest: expected")

        assert "plan_digest" not in done.text

    def test_cases_taken_out_without_a_new_lock(self, tmp_path: Path) -> None:
        """The set is not the pinned one: nothing runs."""
        rollout = prepared(made, tmp_path)
        rollout.write("cases.jsonl", "\n".join((rollout.root / "cases.jsonl").read_text().splitlines()[:33]))

        refused(rollout.gate(), 40, "7 gone", "sluicegate plan lock")

    def test_a_lock_edited_by_hand(self, tmp_path: Path) -> None:
        """A check or a case cut out of the lock does not pass the door, nor the judge."""
        for number, (old, new) in enumerate([('          "schema.must",\n', ""), ('"c07"', '"c77"')]):
            rollout = prepared(gated, tmp_path / str(number))
            rollout.replace(old, new, "rollout.lock")

            assert rollout.gate().code in (10, 30, 40)
            assert rollout.judge().code in (10, 30, 40)

    def test_a_contract_loosened(self, tmp_path: Path) -> None:
        """The schema file is pinned by the lock: one that accepts more is refused."""
        rollout = prepared(made, tmp_path)
        rollout.write("reply.schema.json", '{"type": "object"}')

        refused(rollout.gate(), 40, "contract of structured")

    def test_the_lock_of_another_plan(self, tmp_path: Path) -> None:
        """A plan changed after it was locked is not the plan that was reviewed."""
        rollout = prepared(made, tmp_path)
        rollout.replace("promote: 95 %", "promote: 90 %")

        for command in ("gate", "judge"):
            refused(rollout.run(command, "rollout.yaml"), 40, "another version of this plan")

    def test_the_lock_check_of_ci(self, tmp_path: Path) -> None:
        """`plan lock --check` says 40 for a lock that is out of date, and writes nothing."""
        rollout = prepared(made, tmp_path)
        rollout.sound("plan", "lock", "rollout.yaml", "--check")
        before = (rollout.root / "rollout.lock").read_bytes()
        rollout.replace('"n": 3', '"n": 33', "cases.jsonl")

        refused(rollout.run("plan", "lock", "rollout.yaml", "--check"), 40, "11 cases changed", "out of date")
        assert (rollout.root / "rollout.lock").read_bytes() == before


def test_no_selection_promotes(tmp_path: Path) -> None:
    """One case, however green: useful for work, never a step."""
    rollout = prepared(made, tmp_path)

    no_promote(rollout.gate("--case", "c01"), "hold.incomplete")


class TestNoWayAround:
    """Nothing that could be left on."""

    def test_no_option_makes_a_verdict_advisory(self, shop: Rollout) -> None:
        """No dry run, no warning only, no force: neither as an option of a door nor as a word of the plan."""
        for command in ("gate", "judge", "verify"):
            options = shop.sound(command, "--help").out
            for word in ("dry", "advis", "force", "ignore", "allow", "warn", "skip", "soft"):
                assert f"--{word}" not in options
        refused(shop.run("gate", "rollout.yaml", "--dry-run"), 2, "--dry-run")

    @pytest.mark.parametrize("key", ["advisory: true", "dry_run: true", "enabled: false", "mode: warn"])
    def test_no_word_of_the_plan(self, tmp_path: Path, key: str) -> None:
        """An unknown key is an error at the top, in a stage and in a criterion."""
        for old, new in (
            ("name: shop\n", f"name: shop\n{key}\n"),
            ("  - name: ten\n", f"  - name: ten\n    {key}\n"),
            ("promote: 90 %", f"promote: 90 %, {key}"),
        ):
            (tmp_path / "rollout.yaml").write_text(PLAN.replace(old, new, 1))
            name = key.partition(":")[0]
            refused(called("plan", "check", "rollout.yaml", cwd=tmp_path), 40, "rollout.yaml:", name)
