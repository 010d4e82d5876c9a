"""format: a message is shown in Telegram as it was meant.

The message is `{text, parse_mode | entities, buttons}` in the output's `structured` or `metadata`, or there under
`message`, `telegram` or `result.message`.
"""

from __future__ import annotations

from sluicegate.pytest_plugin.results import CheckResults


def test_text(results: CheckResults) -> None:
    """Markup parses; entities lie inside the text in UTF-16 units, on what they mark; at most 4096 units in all."""
    results.of("format.text").hold_in_every_case()


def test_buttons(results: CheckResults) -> None:
    """Labels are not empty, callback data has 1 to 64 bytes, addresses are http(s), rows hold at most 8 buttons."""
    results.of("format.buttons").hold_in_every_case()


def test_callbacks(results: CheckResults) -> None:
    """Every callback the case names (`metadata.callbacks`) is on a button, and no other."""
    results.of("format.callbacks").hold_in_every_case()


def test_language(results: CheckResults) -> None:
    """Text and labels are in the language of the request."""
    results.of("format.language").hold_in_every_case()
