"""No judge of mails, of injection or of known values is alarmed by what is merely unusual: over 5,000 clean items.

What over-blocks is found as surely as what lets through: a judge made a little stricter is alarmed at once.
"""

from __future__ import annotations

import re
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).parent))
from clean_corpus import ELSEWHERE, Item, corpus

sys.path.pop(0)

from sluicegate.checks import CHECKS, CheckConfig, run_check
from sluicegate.checks.retriever_log import texts_in
from sluicegate.model import Capability, encode
from sluicegate.pii.known import Known, KnownValues

CONFIG = CheckConfig(capabilities=frozenset({Capability.MAIL}))
ON_TEXTS = ("injection.canaries", "injection.links", "injection.invisible")
ON_MAILS = tuple(name for name in CHECKS if name.partition(".")[0] in ("headers", "recipients"))
KNOWN = KnownValues(
    Known(value=value, entity={"phone": "PHONE_NUMBER", "customer": "PERSON"}.get(kind, "KNOWN_VALUE"))
    for kind, value in ELSEWHERE.items()
)
EVERY = 32
"""Of mails as bytes, so many-th is looked through for canaries and known values; texts and drafts are all."""


def alarms(items: Sequence[Item], *, every: int = 1) -> Iterator[str]:
    """What is said of each item, one line a finding; what cannot be judged is an alarm too."""
    for at, item in enumerate(items):
        is_sent = bool(item.trial.observations)
        names = ON_MAILS if item.is_mail else ()
        if not is_sent or at % every == 0:
            names += (*ON_TEXTS, *(("pii.sent",) if is_sent else ()))
            for text in texts_in(encode(item.trial.outputs)):
                yield from (f"{item.name}: known value: {hit.entity}" for hit in KNOWN.hits(text))
        for name in names:
            outcome = run_check(CHECKS[name], item.trial, CONFIG)
            if outcome.result == "error":
                yield f"{item.name}: {name}: {outcome.reason}"
            yield from (f"{item.name}: {name}: {found.place}: {found.excerpt}" for found in outcome.findings)


def test_there_are_five_thousand_of_many_kinds() -> None:
    """Each is another one; the kinds that guards and judges stumble over are among them, with many items each."""
    items = corpus()
    kinds = Counter(item.category.removeprefix("draft-").removeprefix("text-") for item in items)

    assert len(items) >= 5_000
    assert len({item.name for item in items}) == len(items)
    assert len({repr(item.trial.outputs) + repr(item.trial.observations) for item in items}) > 0.97 * len(items)
    assert len(kinds) >= 100
    for kind in (
        "comma-name", "quoted-address", "eai-address", "idn-address", "long-subject", "long-name", "hebrew", "arabic",
        "persian", "hindi", "chinese", "japanese", "emoji", "flag-subject", "marks-subject", "with-file",
        "markdown-link",
    ):  # fmt: skip
        assert kinds[kind] >= 20, kind
    assert sum(bool(item.trial.observations) for item in items) >= 2_000


def test_no_judge_is_alarmed() -> None:
    """Headers, recipients, canaries, links, invisible characters, known values: no finding, and no case unjudged."""
    assert list(alarms(corpus(), every=EVERY)) == []


@pytest.mark.slow
def test_no_judge_is_alarmed_by_any_part_of_any_mail(request: pytest.FixtureRequest) -> None:
    """The same with every judge on every item."""
    if not request.config.getoption("--slow"):
        pytest.skip("every judge on every item takes a minute; run with --slow")
    assert list(alarms(corpus())) == []


_Made = Callable[[Callable[..., Any]], Any]
STRICTER: dict[str, tuple[str, _Made]] = {
    "sluicegate.text.invisible.hidden": (
        "text-emoji",
        lambda sound: lambda text: sound(text.replace("\u200d", "\U000e0041")),
    ),
    "sluicegate.text.links.links": (
        "text-paths",
        lambda sound: lambda text, kind: sound(re.sub(r"\b(\w+\.\w+)\b", r"http://\1", text), kind),
    ),
    "sluicegate.checks.urls._plain": ("text-idn-link", lambda _sound: lambda domain: domain),
    "sluicegate.mail.invariants.address_list": (
        "comma-name",
        lambda sound: lambda text: sound(text.replace('"', "")),
    ),
    "sluicegate.mail.invariants.path": ("quoted-address", lambda sound: lambda said: sound(said.replace('"', ""))),
    "sluicegate.mail.invariants.unprintable": ("long-subject", lambda _sound: lambda text, **_: text[99:]),
    "sluicegate.mail.invariants.bidi_controls": ("rtl-file", lambda _sound: lambda text: not text.isascii()),
    "sluicegate.mail.lists.shown_addresses": ("signs-name", lambda _sound: lambda text: [text] if "@" in text else []),
    "sluicegate.mail.invariants._LONGEST_LINE": ("longest-lines", lambda _sound: 900),
    "sluicegate.pii.known._stands_alone": ("text-english", lambda _sound: lambda *_: True),
}
"""A step of a judge, the category that must show it, and the step made stricter."""


@pytest.mark.parametrize("where", STRICTER)
def test_a_stricter_judge_is_alarmed(where: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """One step of it changed so that it over-blocks: the corpus shows it, and is silent without the change."""
    from sluicegate.checks import mails
    from sluicegate.mail import lists

    category, made = STRICTER[where]
    items = [item for item in corpus() if item.category.removeprefix("draft-") == category]
    room, _, name = where.rpartition(".")

    def forget() -> None:
        for kept in (mails._judged, mails._built, lists._often):
            kept.cache_clear()

    assert list(alarms(items)) == []
    monkeypatch.setattr(where, made(getattr(sys.modules[room], name)))
    forget()
    try:
        assert next(alarms(items), None) is not None
    finally:
        forget()
