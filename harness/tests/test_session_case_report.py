"""The cases behind a verdict, heard while it is judged: nothing is read twice, nothing unreadable is told."""

from __future__ import annotations

from pathlib import Path

import orjson
import pytest

from sluicegate.ledger import Checked, LedgerReader, LedgerWriter
from sluicegate.model import Finding
from sluicegate.report.junit import JUnitCase, JUnitCases
from sluicegate.session.case_report import CaseReport


def _ledger(path: Path, *bodies: object) -> Path:
    with LedgerWriter(path) as writer:
        writer.append("run_started", {})
        for body in bodies:
            writer.append("checked", body.body() if isinstance(body, Checked) else body)
    return path


def _told(report: CaseReport) -> dict[str, str]:
    return _pieces(report.cases())


def _pieces(cases: JUnitCases) -> dict[str, str]:
    return {name: b"".join(suite.pieces()).decode() for name, suite in cases.suites.items()}


def _checked(case_id: str, repeat: int = 0, findings: tuple[Finding, ...] = (), **results: str) -> Checked:
    named = {name.replace("_", ".", 1): result for name, result in results.items()}
    return Checked(case_id=case_id, repeat=repeat, results=named, findings=findings)


def test_the_only_ledger_is_read_once(tmp_path, monkeypatch):
    """The judge's own reading is overheard, and says the same as reading again would."""
    found = Finding(check="schema.must", case_id="b", message="must contain 'x'")
    path = _ledger(
        tmp_path / "ledger-1.jsonl",
        _checked("a", schema_valid="pass", schema_limits="not_applicable"),
        _checked("b", repeat=1, findings=(found,), schema_valid="pass", schema_must="fail"),
    )
    again = _told(CaseReport([path]))

    report = CaseReport([path])
    heard = list(report.reader(path))
    monkeypatch.setattr(LedgerReader, "_opened", lambda self: pytest.fail("read again"))

    assert _told(report) == again
    assert len(heard) == 3
    assert 'name="b (repeat 1)">\n      <failure message="must contain \'x\'"' in again["schema"]


def test_the_newest_ledger_that_has_a_check_tells_of_it(tmp_path):
    """Checks are done again when a run is resumed."""
    old = _ledger(tmp_path / "ledger-1.jsonl", _checked("a", schema_valid="fail", schema_must="fail"))
    new = _ledger(tmp_path / "ledger-2.jsonl", _checked("a", schema_valid="pass"))
    report = CaseReport([old, new])

    assert type(report.reader(new)) is LedgerReader
    said = _told(report)["schema"]
    assert said.count("<testcase") == 2
    assert '<testcase classname="schema.valid" name="a"/>' in said
    assert said.count("<failure") == 1


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"case_id": "a", "repeat": 0, "results": {"schema.valid": "well"}, "findings": [], "self_reported": False},
        {"case_id": "a", "repeat": 0, "results": {"schema.valid": ["pass"]}, "findings": [], "self_reported": False},
        {"case_id": "a", "repeat": 0, "results": "pass", "findings": [], "self_reported": False},
        {"case_id": 1, "repeat": 0, "results": {"schema.valid": "pass"}, "findings": [], "self_reported": False},
        {"case_id": "a", "repeat": 0, "results": {"schema.valid": "pass"}, "findings": 7, "self_reported": False},
    ],
)
def test_what_cannot_be_read_is_left_to_the_judge(tmp_path, body):
    """It objects to such a record; a report that fails would take the verdict's files with it."""
    path = _ledger(tmp_path / "ledger-1.jsonl", body, _checked("b", schema_valid="pass"))

    assert _told(CaseReport([path])) == {"schema": '    <testcase classname="schema.valid" name="b"/>\n'}


@pytest.mark.parametrize("result", ["pass", "fail", "error", "not_applicable"])
@pytest.mark.parametrize("case_id", ["a", "<\"&'>", "\x1b[0m", "x" * 900, "ünï\u202e"])
def test_the_short_way_writes_the_same_bytes(result, case_id):
    """Of a check that found nothing only the id differs from case to case, whatever stands in it."""
    short, full = JUnitCases(), JUnitCases()
    for _ in range(2):
        short.add_plain(case_id, {"schema.valid": result})
        full.add(JUnitCase(suite="schema", check="schema.valid", case_id=case_id, result=result))

    assert short.suites["schema"].counts == full.suites["schema"].counts
    assert _pieces(short) == _pieces(full)


def test_a_ledger_that_is_damaged_is_told_as_far_as_it_is_vouched_for(tmp_path):
    """A line that was changed ends the verified prefix."""
    path = _ledger(tmp_path / "ledger-1.jsonl", _checked("a", schema_valid="pass"), _checked("b", schema_valid="fail"))
    lines = path.read_bytes().splitlines(keepends=True)
    record = orjson.loads(lines[-1])
    lines[-1] = orjson.dumps({**record, "prev": "0" * 64}) + b"\n"
    path.write_bytes(b"".join(lines))

    assert "b" not in _told(CaseReport([path])).get("schema", "")
