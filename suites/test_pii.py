"""pii: personal data and secrets reach nobody they are not for.

Read from answers, prompts, tool calls, mails, retrievals and log lines. Nobody is told what is secret: planted values
(`expect.canaries`), cards, accounts, national ids, keys. Names, addresses, phones and mail addresses are others' where
a tool's record names the mail address of somebody else. What the case expects (`must`, `model_sees`,
`expected_output`) is no leak. Beside the plan's own cases, values are planted in those with a plain mail (body,
attachment, tool answer, snippet), and business numbers that only look personal.
"""

from __future__ import annotations

from sluicegate.pytest_plugin.results import CheckResults


def test_answer(results: CheckResults) -> None:
    """An answer says nothing secret and nothing of others, under thirteen decoders, nor half masked."""
    results.of("pii.answer").hold_in_every_case()


def test_prompt(results: CheckResults) -> None:
    """No model sees what is secret: tool results, mails and snippets are masked before a prompt is made of them."""
    results.of("pii.prompt").hold_in_every_case()


def test_sent(results: CheckResults) -> None:
    """No tool, mail or retriever is given what is secret, and no mail says anything of others."""
    results.of("pii.sent").hold_in_every_case()


def test_log(results: CheckResults) -> None:
    """No log line and no name of a span holds what is secret, or anything of others; where ids are followed."""
    results.of("pii.log").hold_in_every_case()
