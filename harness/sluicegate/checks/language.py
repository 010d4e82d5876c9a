"""Which language a request asks for, and whether a text is written in it: told by script, without a model."""

from __future__ import annotations

import re
from collections.abc import Mapping

from sluicegate.model import Case

__all__ = ["asked_language", "spoken_otherwise"]

_MIN_LETTERS = 12
"""Fewer letters than this say nothing about a language: names, codes, "OK"."""
_CYRILLIC_SHARE = 0.4
"""News in Russian is full of Latin names; below two fifths of Cyrillic letters it is not Russian text."""
_LATIN_SHARE = 0.7

_CYRILLIC_LANGUAGES = {"ru": "Russian", "uk": "Ukrainian", "be": "Belarusian", "bg": "Bulgarian"}
_LATIN_LANGUAGES = {
    "en": "English", "de": "German", "fr": "French", "es": "Spanish", "it": "Italian", "pt": "Portuguese",
    "nl": "Dutch", "pl": "Polish", "tr": "Turkish", "cs": "Czech", "sv": "Swedish", "da": "Danish", "fi": "Finnish",
}  # fmt: skip

_CYRILLIC = re.compile(r"[\u0400-\u052f]")
_LATIN = re.compile(r"[A-Za-z\u00c0-\u024f]")
_LETTER = re.compile(r"[^\W\d_]")
# Possessive and anchored at what cannot repeat inside, so each character is read a bounded number of times.
_NOT_PROSE = re.compile(r"https?://\S++|`[^`\n]{1,200}`|[#@/]\w++|\b[\w.+\-]{1,64}@[\w.\-]{1,255}|<[^<>\n]{1,200}>")
_READ = 20_000
"""Characters read; a longer text says the same in its beginning."""


def asked_language(case: Case) -> str | None:
    """`ru`, `en`, … as the case's locale says, else as the request itself is written; None when neither tells.

    Only languages that their script tells apart from others are named; a request in Latin script counts as English
    only when the locale says so or the text is plain prose.
    """
    given = case.given.locale
    locale = given.replace("_", "-").partition("-")[0].casefold() if given else ""
    if locale and locale != "auto":
        return locale if locale in _CYRILLIC_LANGUAGES or locale in _LATIN_LANGUAGES else None
    return _written_in(_request_text(case))


def spoken_otherwise(text: str, language: str) -> str | None:
    """What `text` is written in instead of `language`, with shares; None when it fits or is too short to tell."""
    cyrillic, latin, letters = _counts(text)
    if letters < _MIN_LETTERS:
        return None
    wants_cyrillic = language in _CYRILLIC_LANGUAGES
    if not wants_cyrillic and language not in _LATIN_LANGUAGES:
        return None
    own, least = (cyrillic, _CYRILLIC_SHARE) if wants_cyrillic else (latin, _LATIN_SHARE)
    if own >= least * letters:
        return None
    name = "Cyrillic" if wants_cyrillic else "Latin"
    return f"{own} of {letters} letters are {name}: {text[:120]}"


def _written_in(text: str) -> str | None:
    if not text:
        return None
    cyrillic, latin, letters = _counts(text)
    if cyrillic >= 3 and cyrillic >= _CYRILLIC_SHARE * letters:
        return "ru"
    if letters >= _MIN_LETTERS and latin >= 0.95 * letters and not cyrillic:
        return "en"
    return None


def _counts(text: str) -> tuple[int, int, int]:
    prose = _NOT_PROSE.sub(" ", text[:_READ])
    letters = len(_LETTER.findall(prose))
    if prose.isascii():
        return 0, letters, letters
    return len(_CYRILLIC.findall(prose)), len(_LATIN.findall(prose)), letters


def _request_text(case: Case) -> str:
    """The words of a mail or command; other input only where the locale is `auto`: it may be there to be translated."""
    given = case.given
    if given.mail is not None:
        return f"{given.mail.subject or ''} {given.mail.body or ''}"
    command = given.command if given.command is not None or not given.locale else case.input
    if command is None:
        return ""
    if isinstance(command, Mapping):
        command = next((command[key] for key in ("text", "query", "question", "message") if key in command), "")
    if not isinstance(command, str):
        return ""
    # The words of a bot command are Latin whatever the user speaks, so only Cyrillic letters in one tell anything.
    if command.startswith("/"):
        return " ".join(word for word in command.split() if _CYRILLIC.search(word))
    return command
