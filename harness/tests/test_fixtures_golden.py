"""The golden set of the email-rag pilot: what is in it, and that it is what its manifest and its program say."""

from __future__ import annotations

import json
import re
from collections import Counter
from hashlib import sha256
from pathlib import Path

import pytest

from sluicegate.golden import email_rag_cases
from sluicegate.model import Case, decode, parse
from sluicegate.resources import data

SCENARIOS = {
    "order-with-tool-data",
    "order-without-tool-data",
    "recipient-guard",
    "crlf-subject",
    "pii-in-tool-results",
    "retrieval-timeout",
    "token-overflow",
    "idempotency",
}
"""The eight automated scenarios of the release plan."""


@pytest.fixture(scope="module")
def cases() -> list[Case]:
    lines = data("golden", "email_rag.jsonl").read_bytes().splitlines()
    return [decode(Case, parse(line), f"email_rag.jsonl:{number}") for number, line in enumerate(lines, 1)]


def test_the_program_writes_the_committed_bytes_again(tmp_path: Path) -> None:
    """Same seed, same bytes; the file is never edited by hand."""
    email_rag_cases.write(tmp_path)

    for name in ("email_rag.jsonl", "manifest.json"):
        assert tmp_path.joinpath(name).read_bytes() == data("golden", name).read_bytes()


def test_the_manifest_pins_the_file() -> None:
    """Digest, count, version and licence stand beside the set."""
    lines = data("golden", "email_rag.jsonl").read_bytes()
    said = json.loads(data("golden", "manifest.json").read_text("utf-8"))["sets"]["email_rag.jsonl"]

    assert said["sha256"] == sha256(lines).hexdigest()
    assert said["cases"] == len(lines.splitlines()) >= 120
    assert said["licence"] == "Apache-2.0"
    assert re.fullmatch(r"\d+\.\d+\.\d+", said["version"])


def test_every_case_is_a_case_and_ids_and_messages_are_unique(cases: list[Case]) -> None:
    """Strictly decoded; no id, no message id, no order number twice."""
    messages = [case.given.mail.message_id for case in cases if case.given.mail and case.given.mail.message_id]

    assert len({case.id for case in cases}) == len(cases)
    assert len(set(messages)) == len(messages)
    assert len({case.digest() for case in cases}) == len(cases)


def test_the_scenarios_of_the_release_plan_are_covered(cases: list[Case]) -> None:
    """All eight, in both businesses and in every language."""
    tags = Counter(case.tags[0] for case in cases)

    assert set(tags) >= SCENARIOS
    assert min(tags.values()) >= 4
    assert {case.slice for case in cases} == {"acme", "zenith"}
    assert {case.given.locale for case in cases} == {"en", "de", "tr"}
    for tag in SCENARIOS:
        assert {case.slice for case in cases if case.tags[0] == tag} == {"acme", "zenith"}


def test_every_case_says_what_is_right(cases: list[Case]) -> None:
    """Recipients, outcome, limits, how often it sends, something it must say and something it must not."""
    for case in cases:
        expect = case.expect

        assert expect.recipients
        assert expect.outcome in ("answer", "verification", "error")
        assert expect.calls
        assert expect.limits is not None
        assert expect.must
        assert expect.must_not
    share = sum(case.expect.outcome == "verification" for case in cases) / len(cases)
    assert 0.15 < share < 0.40


def test_only_addresses_that_nobody_can_have(cases: list[Case]) -> None:
    """Every mail domain ends in .test or .example (RFC 2606)."""
    text = data("golden", "email_rag.jsonl").read_text("utf-8")
    domains = set(re.findall(r"[\w.+\-]@([\w.\-]+)", text))

    assert domains
    assert {domain.rpartition(".")[2] for domain in domains} <= {"test", "example"}
