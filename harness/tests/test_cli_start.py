"""`sluicegate init | demo`: the first minutes, and the reference pipelines with everything that is planted in them."""

from __future__ import annotations

import json
import shlex
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))
from rollout_world import Done, called, refused

sys.path.pop(0)

from sluicegate.fixtures.catalogue import REFERENCES

DEFECTS = {defect.name: defect for defect in REFERENCES["email-rag-pilot"].defects}
SOME = ("drafts-twice", "exits-mid-run")
"""One that only one check sees, and one that kills its process; `empty-body` is run below."""


class TestInit:
    """A plan, a pipeline, a golden set and a CI file that run as they stand."""

    def test_runs_as_it_stands(self, tmp_path: Path) -> None:
        """Init, then the command it names: promoted."""
        done = called("init", "shop", cwd=tmp_path)

        assert done.code == 0, done.text
        assert done.out.splitlines()[-1] == "next: cd shop && sluicegate gate rollout.yaml"
        folder = tmp_path / "shop"
        assert called("plan", "lock", "rollout.yaml", "--check", cwd=folder).code == 0
        assert called("plan", "check", "rollout.yaml", cwd=folder).code == 0
        assert "PROMOTE" in called("gate", "rollout.yaml", cwd=folder).out
        assert (folder / ".github/workflows/sluicegate.yml").exists()

    def test_twice(self, tmp_path: Path) -> None:
        """Nothing is overwritten, and every file that is there is named."""
        called("init", cwd=tmp_path)
        mine = (tmp_path / "rollout.yaml").read_bytes() + b"# mine\n"
        (tmp_path / "rollout.yaml").write_bytes(mine)

        done = refused(called("init", cwd=tmp_path), 2, "rollout.yaml: exists already", "rollout.lock: exists already")

        assert len(done.err.splitlines()) == 7
        assert (tmp_path / "rollout.yaml").read_bytes() == mine


class TestDemo:
    """Gate a reference pipeline, sound or with a planted defect."""

    def test_list(self, tmp_path: Path) -> None:
        """Every reference pipeline with plan, stage and defects; the JSON holds what the text shows."""
        listed = json.loads(called("demo", "--list", "--format", "json", cwd=tmp_path).out)
        short = called("demo", "--list", cwd=tmp_path).out

        assert [reference["name"] for reference in listed] == list(REFERENCES)
        for reference in listed:
            shown = called("demo", reference["name"], "--list", cwd=tmp_path).out
            said = " ".join(shown.split())
            assert f"{len(reference['defects'])} planted defects: sluicegate demo {reference['name']} --list" in short
            assert reference["stage"] == "preflight"
            assert Path(reference["plan"]).exists()
            assert len(reference["defects"]) >= 8
            for defect in reference["defects"]:
                assert set(defect) == {"name", "suite", "check", "alone", "kind", "description"}
                assert not defect["alone"] or f"Seen by {defect['check']} alone." in said
                assert defect["name"] in shown
                assert defect["kind"] in shown

    def test_sound(self, tmp_path: Path) -> None:
        """Promoted, with nothing to configure."""
        done = called("demo", "email-rag-pilot", cwd=tmp_path, timeout=180)

        assert done.code == 0, done.text
        assert "PROMOTE" in done.out
        assert "attempt 1" in done.out

    @pytest.mark.parametrize("name", SOME)
    def test_defect(self, tmp_path: Path, name: str) -> None:
        """Some of them in every run: the stated kind, and a finding or criterion that names the cause."""
        caught(tmp_path, name)

    def test_one_case_of_a_defect_again(self, tmp_path: Path) -> None:
        """Caught; the rerun command of a finding shows the same finding, and leaves the verdict before it alone."""
        demo = ("demo", "email-rag-pilot", "--defect", "empty-body")
        first = caught(tmp_path, "empty-body")
        reruns = [reason["rerun"] for reason in first.verdict["reasons"] if reason.get("rerun")]
        words = shlex.split(reruns[0])
        stage = tmp_path / ".sluicegate/demo/email-rag-pilot/empty-body/preflight"
        newest = (stage / "verdict.json").read_bytes()
        again = called(*words[1:], "--format", "json", cwd=tmp_path)

        assert tuple(words[1:5]) == demo
        assert again.code == 10
        assert words[-1] in {reason["finding"]["case_id"] for reason in again.verdict["reasons"] if "finding" in reason}
        assert [path.name for path in stage.iterdir() if path.is_dir()] == ["1"]
        assert (stage / "verdict.json").read_bytes() == newest

    @pytest.mark.slow
    def test_every_defect(self, tmp_path: Path, request: pytest.FixtureRequest) -> None:
        """All of them, with --slow."""
        if not request.config.getoption("--slow"):
            pytest.skip("all defects take minutes; run with --slow")
        for name in DEFECTS:
            caught(tmp_path, name)


def caught(folder: Path, name: str) -> Done:
    planted = DEFECTS[name]
    done = called("demo", "email-rag-pilot", "--defect", name, "--format", "json", cwd=folder, timeout=180)

    assert done.kind == planted.kind, f"{name}: {done.said}"
    assert done.code == (20 if planted.kind.startswith("rollback") else 10)
    causes = {reason["about"] for reason in done.verdict["reasons"]}
    causes |= {reason["finding"]["check"] for reason in done.verdict["reasons"] if "finding" in reason}
    assert planted.check in causes, f"{name}: {done.said}"
    return done
