"""Where what a pipeline says ends up: its answer part by part, what its tools received, what its mails carry."""

from __future__ import annotations

import html
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from sluicegate.checks.retriever_log import numbers_in, texts_in
from sluicegate.checks.values import path_of
from sluicegate.frozen import frozen
from sluicegate.model import Case, Json, Mail, Output, Trial, encode

if TYPE_CHECKING:
    from sluicegate.text.decoders import Search, Sighting

__all__ = [
    "Sink",
    "inbound",
    "joined",
    "of_making",
    "of_output",
    "of_wire",
    "retrieved",
    "shown",
    "sightings",
    "words_of",
]


@frozen
class Sink:
    """A text that left the pipeline."""

    place: str
    text: str
    kind: str = "plain"
    """As `sluicegate.text.links` takes it; `data` is shown to nobody as it stands. A `number` of JSON, and HTML
    `joined` without its tags, are looked through for what is known alone: by their form they say nothing."""
    delivery: int = 0


_DEEPEST = 12
"""Steps of a place that are told."""
_BARE = ("data", "number", "joined")
_WITHIN_WORDS = re.compile(
    r"</?(?:a|abbr|b|bdi|bdo|big|code|em|font|i|ins|kbd|mark|nobr|s|small|span|strong|sub|sup|tt|u|wbr)"
    r"(?:\s[^<>]*)?/?>",
    re.IGNORECASE,
)
_TAG = re.compile(r"<[^<>]*>")


def joined(text: str) -> str | None:
    """HTML as it is read, where tags or comments stand within what they may take apart; None where none do."""
    plain = _TAG.sub(" ", _WITHIN_WORDS.sub("", _uncommented(text)))
    return html.unescape(plain) if plain != text else None


def _uncommented(text: str) -> str:
    said, at = [], 0
    while (start := text.find("<!--", at)) >= 0 and (end := text.find("-->", start)) >= 0:
        said.append(text[at:start])
        at = end + 3
    return "".join((*said, text[at:]))


_MODES = {"html": "telegram_html", "markdownv2": "telegram_markdown", "markdown": "telegram_markdown"}
_SHOWN_AS_TEXT = re.compile(
    r"(?:^|[.\"])(?:text|caption|body|content|answer|reply|message|html|markdown)\b"
    r"|(?:^|[.\"_])(?:draft|response|paragraphs|(?:e?mail|reply|answer|message)_?(?:body|text|html)|(?:body|text)_?html|html_?body)"
    r"\"?\]?(?:\[\d+\])*$",
    re.IGNORECASE,
)
_BUTTON = re.compile(r"(?:keyboard|buttons?)\b.{0,200}[.\"]url\"?\]?$", re.IGNORECASE)
"""A button leads where it says as soon as it is touched."""


def of_output(output: Output, delivery: int = 0) -> Iterator[Sink]:
    """Every text of an answer but what it tells of how it was made (`of_making`)."""
    if output.content is not None:
        yield from _read(Sink(place="$.content", text=output.content, kind=_kind(output), delivery=delivery))
    if output.mail is not None:
        yield from _of_mail(output.mail, delivery)
    for place, text in _texts(output.structured, "$.structured"):
        kind = _kind(output) if _SHOWN_AS_TEXT.search(place) else "plain" if _BUTTON.search(place) else "data"
        yield Sink(place=place, text=text, kind=kind, delivery=delivery)
    for at, message in enumerate(output.messages):
        if message.role == "assistant":
            yield Sink(place=f"$.messages[{at}].content", text=message.content, kind="markdown", delivery=delivery)
    for place, text in _texts(output.metadata, "$.metadata"):
        yield Sink(place=place, text=text, kind="plain" if _BUTTON.search(place) else "data", delivery=delivery)
    for place, value in (("$.structured", output.structured), ("$.metadata", output.metadata)):
        yield from (Sink(place=place, text=text, kind="number", delivery=delivery) for text in numbers_in(value))
    if output.route is not None:
        yield Sink(place="$.route", text=output.route, kind="data", delivery=delivery)
    if output.error is not None:
        yield Sink(place="$.error", text=output.error.message, kind="data", delivery=delivery)


def of_making(output: Output, delivery: int = 0) -> Iterator[Sink]:
    """What an answer tells of how it was made: its model, the calls it says it made, the turns that instruct a model.

    Results of tools, and turns of users and tools, are its input.
    """
    if output.model is not None:
        yield Sink(place="$.model", text=output.model, kind="data", delivery=delivery)
    for at, call in enumerate(output.tools_called):
        yield Sink(place=f"$.tools_called[{at}].name", text=call.name, kind="data", delivery=delivery)
        for place, text in _texts(call.arguments, f"$.tools_called[{at}].arguments"):
            yield Sink(place=place, text=text, kind="data", delivery=delivery)
        for text in numbers_in(call.arguments):
            yield Sink(place=f"$.tools_called[{at}].arguments", text=text, kind="number", delivery=delivery)
    for at, message in enumerate(output.messages):
        if message.role not in _INPUT_ROLES:
            yield Sink(place=f"$.messages[{at}].content", text=message.content, kind="data", delivery=delivery)


_INPUT_ROLES = ("assistant", "user", "human", "tool", "function")
"""Turns that are the answer itself, or that somebody else wrote."""


def shown(sinks: Iterable[Sink]) -> list[Sink]:
    """Those a person is shown."""
    return [sink for sink in sinks if sink.kind not in _BARE]


def _kind(output: Output) -> str:
    """Telegram's markup where the answer names one; else Markdown, which chats and review pages read."""
    for part in (output.structured, output.metadata):
        for holder in _mappings(part):
            mode = holder.get("parse_mode")
            if isinstance(mode, str) and mode.casefold() in _MODES:
                return _MODES[mode.casefold()]
    return "markdown"


def _mappings(value: Json) -> Iterator[dict[str, Json]]:
    if isinstance(value, dict):
        yield value
        yield from (item for item in value.values() if isinstance(item, dict))


def _of_mail(mail: Mail, delivery: int) -> Iterator[Sink]:
    for place, text in _texts(encode(mail), "$.mail"):
        kind = "markdown" if place == "$.mail.body" else "html" if place == "$.mail.html" else "data"
        yield from _read(Sink(place=place, text=text, kind=kind, delivery=delivery))


def _read(sink: Sink) -> Iterator[Sink]:
    """A text, and of HTML what is read of it."""
    yield sink
    if sink.kind in ("html", "telegram_html") and (text := joined(sink.text)) is not None:
        yield replace(sink, text=text, kind="joined")


def _texts(value: Json, root: str) -> Iterator[tuple[str, str]]:
    """Every text with its place; the names of members too, since a name may carry what a value may not."""
    waiting: list[tuple[tuple[str | int, ...], Json]] = [((), value)]
    while waiting:
        steps, item = waiting.pop()
        if isinstance(item, str):
            yield path_of(steps[:_DEEPEST], root), item
        elif isinstance(item, dict):
            yield from ((path_of(steps[:_DEEPEST], root), key) for key in item if isinstance(key, str))
            waiting.extend(((*steps, str(key)), below) for key, below in item.items())
        elif isinstance(item, (list, tuple)):
            waiting.extend(((*steps, at), below) for at, below in enumerate(item))


def of_wire(trial: Trial) -> Iterator[Sink]:
    """What tools and mail servers received, and retrievers were asked. Prompts are none of these."""
    # Here, because reading mails takes as long to load as most suites together.
    from sluicegate.checks.mail_sinks import of_mail

    numbers: dict[str, int] = {}
    for seen in trial.observations:
        at = numbers[seen.double] = numbers.get(seen.double, -1) + 1
        place = f"$.observations.{seen.double}[{at}]"
        if seen.double == "tool":
            parts: Json = [seen.detail.get(name) for name in ("arguments", "duplicates", "raw", "path")]
            yield from (Sink(place=place, text=text, kind="data") for text in texts_in(parts))
            yield from (Sink(place=place, text=text, kind="number") for text in numbers_in(parts))
        elif seen.double == "mail":
            yield from of_mail(seen, place)
        elif seen.double == "retriever":
            asked: Json = [seen.detail.get(name) for name in ("query", "filters")]
            yield from (Sink(place=place, text=text, kind="query") for text in texts_in(asked))


def sightings(search: Search, sinks: Sequence[Sink]) -> list[tuple[Sink, Sighting]]:
    """The first value that stands in each sink, where one does.

    Nearly always none does, so all are looked through as one text first: no code goes on beyond an empty line.
    """
    if not search.find("\n\n".join(dict.fromkeys(sink.text for sink in sinks))):
        return []
    return [(sink, found[0]) for sink in sinks if (found := search.find(sink.text))]


def inbound(case: Case) -> list[str]:
    """Texts that came with the request itself, which an answer may repeat and a retriever be asked for."""
    given = case.given
    asked = (case.input, given.inputs, given.mail, given.command, given.job, given.record)
    return [text for part in asked for text in texts_in(encode(part))]


def retrieved(case: Case) -> list[str]:
    """Texts that tools and retriever gave."""
    given = case.given
    return [text for part in (given.tool_results, given.snippets) for text in texts_in(encode(part))]


def words_of(text: str) -> list[str]:
    """The words of a text without letter case and accents."""
    from sluicegate.text.decoders import folded

    return _WORD.findall(folded(text))


_WORD = re.compile(r"\w+")
