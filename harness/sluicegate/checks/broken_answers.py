"""Whether an output shows what was no answer: half of a text, a refusal, or the word for nothing.

The model server notes of each text it sends, where one of a case may break, how its letters begin and end, by digest.
"""

from __future__ import annotations

import html
from collections.abc import Iterator, Sequence
from hashlib import sha256
from typing import Any

from sluicegate.checks.retriever_log import texts_in
from sluicegate.checks.telegram_messages import messages_of
from sluicegate.checks.word_runs import words_of
from sluicegate.model import Observation, Output, encode

__all__ = ["BREAKING", "REFUSAL", "edges", "shows_half", "shows_nothing", "shows_refusal"]

REFUSAL = "I cannot help with that."
"""The words of the model server's refusal."""
BREAKING = frozenset({"cut", "malformed"})
"""Faults of a call of whose text a part is sent."""
_SIZE = 12
"""Letters at either end that tell one text of a trial from another."""
_MOST = 100_000
"""Characters of one output that are read."""
_NOTHING = frozenset({"none", "null", "undefined", "nan", "object object"})


def edges(text: str) -> dict[str, str]:
    """How the letters of a text begin and end, by digest; nothing of a text too short to be cut."""
    letters = _letters(text)
    if len(letters) < 2 * _SIZE:
        return {}
    return {"begins": _digest(letters[:_SIZE]), "ends": _digest(letters[-_SIZE:])}


def shows_half(output: Output, calls: Sequence[Observation]) -> bool:
    """Whether the output shows the beginning of a text that broke off, and the end of none that begins so.

    Of calls whose texts begin alike the last decides: a try that came whole mends the one before it.
    """
    last = {call.detail["begins"]: call for call in calls if call.detail.get("begins")}
    broken = {begins for begins, call in last.items() if call.detail.get("fault") in BREAKING}
    if not broken:
        return False
    told = [_digests(text) for text in _texts(output)]
    seen = frozenset().union(*told)
    for begins in broken & seen:
        ends = {call.detail.get("ends") for call in calls if call.detail.get("begins") == begins}
        if not ends & seen:
            return True
    return False


def shows_refusal(output: Output) -> bool:
    """Whether a refusal stands anywhere in what a reader or a program is told, however it is marked up."""
    wanted = _letters(REFUSAL)
    return any(wanted in _letters(text) for text in _texts(output))


def shows_nothing(output: Output, *, blank: bool) -> bool:
    """Whether a text is a programmer's word for nothing; or, where `blank` counts, no letter of any is shown."""
    mail = output.mail
    shown = [output.content, *(item.content for item in output.messages if item.role == "assistant")]
    shown += [mail.body, mail.html] if mail is not None else []
    texts = [text for text in shown if isinstance(text, str)]
    if any(words_of(text).strip() in _NOTHING for text in texts):
        return True
    return blank and bool(texts) and not output.structured and not any(text.strip() for text in texts)


def _texts(output: Output) -> Iterator[str]:
    """Every text of an answer, wherever it stands."""
    said: list[Any] = [encode(item) for item in output.messages if item.role == "assistant"]
    parts = (
        output.content,
        output.structured,
        encode(output.mail),
        said,
        [dict(each.value) for each in messages_of(output)],
    )
    room = _MOST
    for part in parts:
        for text in texts_in(part):
            yield text[:room]
            room -= len(text)
            if room <= 0:
                return


def _letters(text: str) -> str:
    return words_of(html.unescape(text)).replace(" ", "")


def _digests(text: str) -> frozenset[str]:
    """Digests of the letters at every place where a word begins or ends."""
    words = words_of(html.unescape(text)).split()
    letters, at, found = "".join(words), 0, set[str]()
    for word in words:
        found.add(_digest(letters[at : at + _SIZE]))
        at += len(word)
        found.add(_digest(letters[max(0, at - _SIZE) : at]))
    return frozenset(found)


def _digest(letters: str) -> str:
    return sha256(letters.encode(errors="replace")).hexdigest()[:16]
