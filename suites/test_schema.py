"""schema: every answer is whole, keeps its contract, and says what its case asks for.

The contracts are the plan's `schemas`: a JSON Schema (2020-12), a pydantic model, or a contract that comes with
Sluicegate. What a case must and must not say is written in the case.
"""

from __future__ import annotations

from sluicegate.pytest_plugin.results import CheckResults


def test_valid(results: CheckResults) -> None:
    """The answer keeps the contract of each of its fields: types, formats, lengths, enums, no field too many."""
    results.of("schema.valid").hold_in_every_case()


def test_must(results: CheckResults) -> None:
    """The answer says what its case must (`expect.must`), and nothing it must not (`expect.must_not`)."""
    results.of("schema.must").hold_in_every_case()


def test_not_empty(results: CheckResults) -> None:
    """There is an answer, and it is more than blanks."""
    results.of("schema.not_empty").hold_in_every_case()


def test_whole(results: CheckResults) -> None:
    """The answer is not cut off before its end: no open JSON, no sentence that stops at the token limit."""
    results.of("schema.whole").hold_in_every_case()


def test_limits(results: CheckResults) -> None:
    """The answer took no more time, tokens and money than its case allows (`expect.limits`)."""
    results.of("schema.limits").hold_in_every_case()


def test_language(results: CheckResults) -> None:
    """The answer is in the language of its request."""
    results.of("schema.language").hold_in_every_case()
