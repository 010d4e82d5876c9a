"""`sluicegate verify | status | subject | report`: what a deploy step and a person ask."""

from __future__ import annotations

import json
import sys
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))
from rollout_world import Rollout, gated, made, prepared, refused

sys.path.pop(0)


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Rollout:
    """Promoted from preflight; only to ask."""
    return prepared(gated, tmp_path_factory.mktemp("deploy"))


def test_verify_says_which_step_and_how_old(shop: Rollout) -> None:
    """One line, exit 0."""
    done = shop.verify(shop.verdict(), "--max-age", "4h")

    assert done.code == 0
    assert done.out.startswith("promote: preflight → ten, issued ")


def test_verify_of_a_hold_says_why(tmp_path: Path) -> None:
    """The exit code is the verdict's, and the reasons come with it."""
    rollout = prepared(made, tmp_path)
    rollout.switch("raises", 7)
    rollout.gate()

    refused(rollout.verify(rollout.verdict()), 10, "hold.incident: preflight → ten", "crashes")


def test_status_marks_the_present_stage(shop: Rollout, tmp_path: Path) -> None:
    """Every stage, where the rollout is, what happened; also before anything has."""
    said = shop.sound("status", "rollout.yaml").out
    fresh = prepared(made, tmp_path).sound("status", "rollout.yaml").out

    assert " → preflight      not live, 1 attempt" in said
    assert "live, 10%, no attempt yet" in said
    assert "promote  preflight → ten" in said
    assert "no state file yet" in fresh


def test_a_later_stage_cannot_be_entered_before_anything_was_gated(tmp_path: Path) -> None:
    """The mend names the command to begin with."""
    rollout = prepared(made, tmp_path)

    done = rollout.run("record", "entry", "rollout.yaml", "--stage", "ten")

    refused(done, 2, "ten is not the first stage", "Begin with: sluicegate gate rollout.yaml --stage preflight.")


def test_subject_is_the_digest_and_its_parts(shop: Rollout) -> None:
    """The bare digest for a script; with --parts what it is made of."""
    digest = shop.subject()

    assert len(digest) == 64
    assert json.loads(shop.verdict().read_bytes())["subject"] == digest
    parts = shop.sound("subject", "rollout.yaml", "--parts").out.splitlines()
    assert parts[0] == digest
    assert {line.split()[0] for line in parts[1:]} == {"code", "model", "prompts"}


def test_a_subject_that_cannot_be_told(tmp_path: Path) -> None:
    """A pattern that matches nothing is an error, not an empty part."""
    rollout = prepared(made, tmp_path)
    (rollout.root / "prompts/system.md").unlink()

    refused(rollout.run("subject", "rollout.yaml"), 2, "prompts/*.md")


def test_report_in_every_form(shop: Rollout) -> None:
    """Drawn again from the file alone, to standard output or to a file."""
    drawn = {form: shop.sound("report", shop.verdict(), "--format", form).out for form in FORMS}

    assert "PROMOTE" in drawn["text"]
    assert drawn["json"].encode() == shop.verdict().read_bytes()
    assert drawn["markdown"].startswith("## PROMOTE")
    assert drawn["html"].startswith("<!doctype html>")
    assert int(ET.fromstring(drawn["junit"]).attrib["tests"]) > 40
    shop.sound("report", shop.verdict(), "--format", "html", "-o", "page.html")
    assert (shop.root / "page.html").read_text().rstrip() == drawn["html"].rstrip()
    refused(shop.run("report", shop.verdict(), "-o", "no/such/file"), 2, "no/such/file: cannot be written")


FORMS = ("text", "json", "markdown", "junit", "html")
