"""The format suite: a Telegram message that is shown as it was meant: text, entities, buttons, callbacks, language.

The message is a mapping `{text, parse_mode | entities, buttons}`, as sendMessage takes it (`reply_markup` stands for
`buttons`), or as sendPhoto does (`caption`, `caption_entities`), in `structured`, or under `message`, `messages` or
`telegram` of `structured` and `metadata`; each of them is judged, one in a list too. A case may name in its
`metadata.callbacks` the actions that are handled: each must be on a button, and no button may have another. An action
is the callback data up to its first `:`, `|`, `/`, `?`, `=` or blank.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from sluicegate.checks.check import Check, CheckConfig, NotJudged, Problem, Suite, always, deliveries, finding
from sluicegate.checks.entities import entity_problems
from sluicegate.checks.language import asked_language, spoken_otherwise
from sluicegate.checks.telegram import PARSE_MODES, Parsed, ParseError, parsed, units
from sluicegate.checks.telegram_messages import Message, messages_of
from sluicegate.checks.urls import host_of, opens_in_telegram
from sluicegate.checks.values import seen
from sluicegate.model import Case, Finding, Severity, Trial

__all__ = ["CHECKS", "MAX_TEXT", "SUITE"]

MAX_TEXT = 4096
"""UTF-16 units of a message after parsing."""
MAX_CAPTION = 1024
"""The same, of the words under a photo or file."""
MAX_CALLBACK = 64
"""Bytes."""
MAX_IN_ROW = 8
MAX_BUTTONS = 100
_MAX_ENTITIES = 100
_PAGES = ("web_app", "login_url")
_ACTS = (
    "callback_data", "url", *_PAGES, "switch_inline_query", "switch_inline_query_current_chat",
    "switch_inline_query_chosen_chat", "copy_text", "callback_game", "pay",
)  # fmt: skip
"""What a button may do, each alone."""

_ACTION = re.compile(r"[^:|/?= ]*")
_CYRILLIC = re.compile(r"[\u0400-\u052f]")
_LATIN_WORD = re.compile(r"[A-Za-z]{3}")
_INITIALS = re.compile(r"\b[A-Z]{2,4}\b")
"""PDF, RSS, FAQ: the same in each language."""
_NOT_LETTERS = re.compile(r"[^\w ]|[\d_]")
_TONGUES = frozenset({
    "english", "deutsch", "français", "español", "italiano", "português", "nederlands", "polski", "türkçe", "čeština",
    "svenska", "dansk", "suomi", "русский", "українська", "беларуская", "български", "қазақша",
})  # fmt: skip
"""A language is offered in its own words, to whoever does not read the others."""
_IN_CYRILLIC = ("ru", "uk", "be", "bg")


def _text(message: Message, _case: Case) -> Iterator[Problem]:
    text, place = message.words, f"{message.place}.{message.field}"
    if not isinstance(text, str):
        yield Problem(place=place, expected="must be text", seen=seen(text))
        return
    mode = message.value.get("parse_mode")
    if mode not in (None, "") and (not isinstance(mode, str) or mode.casefold() not in _MODES):
        expected = f"must be one of {', '.join(PARSE_MODES)}"
        yield Problem(place=f"{message.place}.parse_mode", expected=expected, seen=seen(mode))
        return
    try:
        shown = parsed(text, message.parse_mode)
    except ParseError as refused:
        mend = "Escape what is data before it is put between marks."
        expected = f"must be valid {message.parse_mode}; Telegram refuses the message otherwise"
        yield Problem(place=place, expected=expected, seen=f"{refused}: {text[:80]}", mend=mend)
        return
    yield from _lengths(shown, place, MAX_TEXT if message.field == "text" else MAX_CAPTION)
    yield from _entities(message, text)


def _lengths(shown: Parsed, place: str, most: int) -> Iterator[Problem]:
    if most == MAX_TEXT and not shown.text.strip():  # a picture needs no words
        yield Problem(place=place, expected="must not be empty once it is parsed", seen="nothing, or only blanks")
    length = units(shown.text)
    if length > most:
        mend = "Split it into several messages, or say less."
        expected = f"must be at most {most} UTF-16 units after parsing"
        yield Problem(place=place, expected=expected, seen=f"{length}", mend=mend)
    for span in shown.spans:
        if span.kind == "text_link" and not opens_in_telegram(span.url):
            expected = "must link to an http or https address"
            yield Problem(place=place, expected=expected, seen=seen(span.url), mend="Write https://host/path.")


def _entities(message: Message, text: str) -> Iterator[Problem]:
    name = "entities" if message.field == "text" else "caption_entities"
    given, place = message.value.get(name), f"{message.place}.{name}"
    if given is None:
        return
    if not isinstance(given, (list, tuple)):
        yield Problem(place=place, expected="must be a list", seen=seen(given))
        return
    if given and message.parse_mode is not None:
        expected = "must not stand beside a parse_mode: Telegram reads only one of them"
        yield Problem(place=place, expected=expected, seen=seen(message.parse_mode))
    if len(given) > _MAX_ENTITIES:
        expected = f"must be at most {_MAX_ENTITIES}; Telegram leaves out the others"
        yield Problem(place=place, expected=expected, seen=str(len(given)))
    yield from entity_problems(given[:_MAX_ENTITIES], text, place)


def _buttons(message: Message, _case: Case) -> Iterator[Problem]:
    if message.markup is not None and not isinstance(message.markup, Mapping):
        place = f"{message.place}.reply_markup"
        yield Problem(place=place, expected="must be an object, or one as JSON text", seen=seen(message.markup))
    for place, rows in message.keyboards():
        yield from _rows(place, rows)
    for where, button in message.buttons():
        yield from _button(where, button)


def _rows(place: str, rows: Any) -> Iterator[Problem]:
    if not isinstance(rows, (list, tuple)) or not all(isinstance(row, (list, tuple)) for row in rows):
        yield Problem(place=place, expected="must be a list of rows", seen=seen(rows))
        return
    for at, row in enumerate(rows):
        if len(row) > MAX_IN_ROW:
            yield Problem(place=f"{place}[{at}]", expected=f"must hold at most {MAX_IN_ROW}", seen=str(len(row)))
    count = sum(map(len, rows))
    if count > MAX_BUTTONS:
        yield Problem(place=place, expected=f"must be at most {MAX_BUTTONS} in all", seen=str(count))
    if not all(isinstance(button, Mapping) for row in rows for button in row):
        yield Problem(place=place, expected="must hold buttons {text, callback_data | url}", seen=seen(rows))


def _button(place: str, button: Mapping[str, Any]) -> Iterator[Problem]:
    label = button.get("text")
    if not isinstance(label, str) or not label.strip():
        yield Problem(place=f"{place}.text", expected="must be a label one can read", seen=seen(label))
    given = [name for name in _ACTS if button.get(name) not in (None, False)]
    if len(given) != 1:
        expected = "must have one thing to do, as callback_data or url"
        yield Problem(place=place, expected=expected, seen=" and ".join(given) or "none")
    data = button.get("callback_data")
    if data is not None:
        size = len(data.encode(errors="replace")) if isinstance(data, str) else 0
        if not 1 <= size <= MAX_CALLBACK:
            told = f"{size} bytes: {seen(data)}"
            mend = "Put a short key in, and keep the rest under it."
            expected = f"must be 1 to {MAX_CALLBACK} bytes"
            yield Problem(place=f"{place}.callback_data", expected=expected, seen=told, mend=mend)
    url = button.get("url")
    if url is not None and not opens_in_telegram(url):
        yield Problem(place=f"{place}.url", expected="must be an address that Telegram opens", seen=seen(url))
    for name in _PAGES:
        page = button.get(name)
        if page is not None and not (isinstance(page, Mapping) and host_of(str(page.get("url"))) is not None):
            expected = "must hold the url of a page"
            yield Problem(place=f"{place}.{name}", expected=expected, seen=seen(page))


def _callbacks(messages: Sequence[Message], case: Case) -> Iterator[Problem]:
    """Of all messages of an answer together: one of them has the button."""
    handled = case.metadata["callbacks"]
    found: dict[str, str] = {}
    for place, button in (each for message in messages for each in message.buttons()):
        data = button.get("callback_data")
        if isinstance(data, str):
            found.setdefault(_action(data), place)
    for action in sorted(set(handled) - set(found)):
        first = messages[0]
        place = next((place for place, _ in first.keyboards()), f"{first.place}.buttons")
        told = ", ".join(sorted(found)) or "no callback"
        yield Problem(place=place, expected=f"must hold a button for '{action}'", seen=told)
    for action in sorted(set(found) - set(handled)):
        expected = "must have a callback that something handles"
        told = f"'{action}'; handled are {', '.join(sorted(handled)) or 'none'}"
        yield Problem(place=f"{found[action]}.callback_data", expected=expected, seen=told)


def _action(data: str) -> str:
    match = _ACTION.match(data)
    return match[0] if match else data


def _language(message: Message, case: Case) -> Iterator[Problem]:
    language = asked_language(case)
    if language is None:
        return
    text = message.words
    if isinstance(text, str):
        try:
            other = spoken_otherwise(parsed(text, message.parse_mode).text, language)
        except ParseError:
            other = None
        if other is not None:
            expected = f"must be in the language of the request ({language})"
            yield Problem(place=f"{message.place}.{message.field}", expected=expected, seen=other)
    for place, button in message.buttons():
        label = button.get("text")
        # A button that leads to an address may bear the name of whose it is.
        if isinstance(label, str) and button.get("url") is None and _is_foreign(label, language):
            expected = f"the label must be in the language of the request ({language})"
            yield Problem(place=f"{place}.text", expected=expected, seen=label[:60])


def _is_foreign(label: str, language: str) -> bool:
    if _NOT_LETTERS.sub("", label).strip().casefold() in _TONGUES:
        return False
    label = _INITIALS.sub("", label)
    cyrillic = bool(_CYRILLIC.search(label))
    if language in _IN_CYRILLIC:
        return not cyrillic and bool(_LATIN_WORD.search(label))
    return cyrillic


_Judge = Callable[[Sequence[Message], Case], Iterator[Problem]]


def _per(judge: Callable[[Message, Case], Iterator[Problem]]) -> _Judge:
    """A judge of one message as one of all."""
    return lambda messages, case: (problem for message in messages for problem in judge(message, case))


def _each(name: str, judge: _Judge, *, expected: bool = False) -> Callable[[Trial, CheckConfig], list[Finding]]:
    """A check of every delivery's messages; `expected`: an answer without one is a finding too."""

    def run(trial: Trial, _config: CheckConfig) -> list[Finding]:
        found: list[Finding] = []
        judged = False
        for delivery, output, crashed in deliveries(name, trial):
            messages = [] if crashed else messages_of(output)
            if crashed is not None:
                judged = True
                found.append(crashed)
            elif messages:
                judged = True
                problems: Sequence[Problem] = tuple(judge(messages, trial.case))
                found += [
                    finding(name, trial, each, delivery=delivery, severity=Severity.INCIDENT) for each in problems
                ]
            elif expected:
                judged = True
                mend = "Return metadata.telegram: {text, entities | parse_mode, buttons}."
                problem = Problem(expected="must come with a message for Telegram", seen="none", mend=mend)
                found.append(finding(name, trial, problem, delivery=delivery, severity=Severity.INCIDENT))
        if not judged:
            raise NotJudged("no answer of this case comes with a message for Telegram")
        return found

    return run


_MODES = frozenset(mode.casefold() for mode in PARSE_MODES)


def _names_callbacks(case: Case, _capabilities: Any) -> str | None:
    callbacks = case.metadata.get("callbacks")
    if isinstance(callbacks, (list, tuple)) and all(isinstance(name, str) for name in callbacks):
        return None
    return "the case names no callbacks under metadata.callbacks"


def _has_language(case: Case, _capabilities: Any) -> str | None:
    return None if asked_language(case) else "neither locale nor request tells a language"


def _cases(cases: Sequence[Case], _seed: int) -> list[Case]:
    """All that are answered: a message belongs to every answer."""
    return [case for case in cases if case.expect.outcome != "error"]


CHECKS: tuple[Check, ...] = tuple(
    Check(name=f"format.{name}", suite="format", title=title, run=run, applies=applies)
    for name, title, run, applies in (
        ("text", "Markup parses, entities fit, the text keeps its length.", _each("format.text", _per(_text)), always),
        ("buttons", "Buttons have labels, data of at most 64 bytes, and addresses one can open.",
         _each("format.buttons", _per(_buttons)), always),
        ("callbacks", "Every callback is there, and none that nothing handles.",
         _each("format.callbacks", _callbacks, expected=True), _names_callbacks),
        ("language", "Text and labels are in the language of the request.",
         _each("format.language", _per(_language)), _has_language),
    )
)  # fmt: skip

SUITE = Suite(
    name="format",
    title="A message is shown in Telegram as it was meant.",
    checks=tuple(check.name for check in CHECKS),
    cases=_cases,
)
