"""retrieval: what is retrieved is asked for rightly, fits, comes in time, and commands nothing.

Read from the log of the retriever, and from what the model server saw of the case's snippets in prompts. Asked are the
cases that say what a retrieval must ask for (`expect.retrieval`), give snippets, or script the retriever. Snippets are
found in prompts by their whole text; one that was shortened is not seen there.
"""

from __future__ import annotations

from sluicegate.pytest_plugin.results import CheckResults


def test_asked(results: CheckResults) -> None:
    """Each retrieval asks for the language, sources and window of the case, and for no more than it may."""
    results.of("retrieval.asked").hold_in_every_case()


def test_fit(results: CheckResults) -> None:
    """What stands in a prompt was returned in this run and passes the filters, though the retriever ignores them."""
    results.of("retrieval.fit").hold_in_every_case()


def test_distinct(results: CheckResults) -> None:
    """Of snippets that say the same, a prompt holds one."""
    results.of("retrieval.distinct").hold_in_every_case()


def test_again(results: CheckResults) -> None:
    """What was answered, from a cache or not, is not asked again in the same delivery."""
    results.of("retrieval.again").hold_in_every_case()


def test_timeout(results: CheckResults) -> None:
    """A retrieval is left after `expect.retrieval.timeout_ms`, neither much later nor much earlier."""
    results.of("retrieval.timeout").hold_in_every_case()


def test_without(results: CheckResults) -> None:
    """Where the retriever was late, failed or found nothing, there is an answer all the same."""
    results.of("retrieval.without").hold_in_every_case()


def test_poisoned(results: CheckResults) -> None:
    """What a poisoned snippet commands is not done: no canary in an answer or tool call, no tool beyond its limit."""
    results.of("retrieval.poisoned").hold_in_every_case()


def test_told(results: CheckResults) -> None:
    """The snippets an answer names (`metadata.snippets`) were returned to it in this run."""
    results.of("retrieval.told").hold_in_every_case()
