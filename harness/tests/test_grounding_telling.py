"""What tells records apart where no field is named as identity: codes and names of each, and what is none of these."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from sluicegate.grounding import Evidence, Judgement, Ruling, Source, judge

TODAY = date(2026, 3, 17)


def ruled(text: str, *records: dict[str, Any], language: str = "en") -> dict[str, Judgement]:
    found = judge(text, Evidence([Source(path="tools.find[0]", value=list(records))]), language=language, today=TODAY)
    return {text[item.claim.start : item.claim.end]: item for item in found}


def told(text: str, *records: dict[str, Any], language: str = "en") -> set[str]:
    """What is contradicted."""
    found = ruled(text, *records, language=language)
    return {said for said, item in found.items() if item.ruling is Ruling.CONTRADICTED}


STAFF = (
    {"application_id": "APP-70706", "position": {"department_id": 10}, "interview": "2026-11-18T17:15:00+01:00"},
    {"application_id": "APP-71044", "position": {"department_id": 17}, "interview": "2026-11-17T10:45:00+01:00"},
)


@pytest.mark.parametrize("number", [0, 1])
def test_a_day_and_an_hour_are_no_short_number_of_another_record(number: int) -> None:
    """17 November and 17:15 are read as such, though 17 is the department of the other application."""
    day, hour = ("18", "17:15") if number == 0 else ("17", "10:45")
    text = f"The interview for {STAFF[number]['application_id']} is on {day} November at {hour}."
    found = ruled(text, *STAFF)
    assert all(item.ruling is Ruling.SUPPORTED for item in found.values())
    assert {f"{day} November", hour} <= found.keys() | {said.rstrip(".") for said in found}


def test_a_short_number_behind_a_word_for_it_names_its_record() -> None:
    """`No. 7` and `#7` are the record 7."""
    cases = [{"id": 7, "total": "20.00 EUR"}, {"id": 8, "total": "35.50 EUR"}]
    assert told("Case no. 7 comes to 35.50 EUR.", *cases) == {"35.50 EUR"}
    assert not told("#7 comes to 20.00 EUR, #8 to 35.50 EUR.", *cases)
