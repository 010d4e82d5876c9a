"""grounding: what an answer says of a record is what the record says.

Money, dates, states, quantities, identifiers and names of an answer are bound to the record its sentence speaks of, in
what the tools really gave; snippets and the request attest what they say. What a record contradicts is an incident;
what is attested nowhere lowers `grounding.evidence_coverage`.
"""

from __future__ import annotations

from sluicegate.pytest_plugin.results import CheckResults


def test_claims(results: CheckResults) -> None:
    """No claim says otherwise than the record it speaks of, nor tells a value of another record or of another's."""
    results.of("grounding.claims").hold_in_every_case()


def test_template(results: CheckResults) -> None:
    """Where the tools gave nothing, the answer asks, and states no fact."""
    results.of("grounding.template").hold_in_every_case()


def test_quotes(results: CheckResults) -> None:
    """Quotations stand word for word in what was given."""
    results.of("grounding.quotes").hold_in_every_case()


def test_refs(results: CheckResults) -> None:
    """Insights refer to evidence that is there and was returned."""
    results.of("grounding.refs").hold_in_every_case()


def test_text(results: CheckResults) -> None:
    """Advisory: words that stand nowhere and denials are shown, and fail nothing."""
    results.of("grounding.text").hold_in_every_case()
