"""Where Telegram messages stand in an output, and the buttons each of them has."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from sluicegate.model import Output, parse

__all__ = ["Message", "messages_of"]

_OWN_NAME = "telegram"
_NAMES = frozenset({"message", "messages", _OWN_NAME})
_OWN_MARKS = ("parse_mode", "reply_markup")
"""Words of the Bot API: a text beside one of them is a message wherever it stands."""
_MARKS = (*_OWN_MARKS, "entities", "buttons")
"""In the usual places a text beside one of these is one too; under `telegram` a text alone is."""
_MOST, _DEEPEST = 200, 20
"""Messages of one output that are judged, and how deep they may stand."""


class Message(NamedTuple):
    """A message and where it was found."""

    place: str
    value: Mapping[str, Any]

    @property
    def field(self) -> str:
        """Where its words stand: `text`, or the `caption` of a photo or file."""
        return "text" if self.value.get("text") is not None or "caption" not in self.value else "caption"

    @property
    def words(self) -> Any:
        """What it says, as given."""
        return self.value[self.field]

    @property
    def parse_mode(self) -> str | None:
        """As given, when it is a text."""
        mode = self.value.get("parse_mode")
        return mode if isinstance(mode, str) and mode else None

    @property
    def markup(self) -> Any:
        """`reply_markup`; of a JSON text, which sendMessage takes as well, what it says."""
        markup = self.value.get("reply_markup")
        if isinstance(markup, str):
            try:
                return parse(markup)
            except ValueError:
                return markup
        return markup

    def keyboards(self) -> list[tuple[str, Any]]:
        """Every list of rows of buttons with its place: nobody can tell which of two is sent."""
        found, markup = [], self.markup
        if isinstance(markup, Mapping) and markup.get("inline_keyboard") is not None:
            found.append((f"{self.place}.reply_markup.inline_keyboard", markup["inline_keyboard"]))
        if self.value.get("buttons") is not None:
            found.append((f"{self.place}.buttons", self.value["buttons"]))
        return found

    def buttons(self) -> Iterator[tuple[str, Mapping[str, Any]]]:
        """Every button that is a mapping, with its place."""
        for place, rows in self.keyboards():
            for at, row in enumerate(rows if isinstance(rows, (list, tuple)) else ()):
                for number, button in enumerate(row if isinstance(row, (list, tuple)) else ()):
                    if isinstance(button, Mapping):
                        yield f"{place}[{at}][{number}]", button


def messages_of(output: Output) -> list[Message]:
    """Every Telegram message of an output: `structured`, or under `message`, `messages` or `telegram`, lists too.

    What has `parse_mode` or `reply_markup` beside its text is found anywhere in `structured` and `metadata`.
    """
    found: list[Message] = []
    waiting: list[tuple[str, Any, str, int]] = [
        ("$.metadata", output.metadata, "", 0),
        ("$.structured", output.structured, "message", 0),
    ]
    while waiting and len(found) < _MOST:
        place, value, name, depth = waiting.pop()
        if depth > _DEEPEST:
            continue
        if isinstance(value, (list, tuple)):
            steps = [(f"{place}[{at}]", item, name, depth + 1) for at, item in enumerate(value)]
        elif not isinstance(value, Mapping):
            continue
        elif _is_message(value, name):
            found.append(Message(place, value))
            # What stands beside the text may hold further messages; its own buttons are none.
            steps = [(f"{place}.{key}", item, str(key), depth + 1) for key, item in value.items() if key in _NAMES]
        else:
            steps = [(f"{place}.{key}", item, str(key), depth + 1) for key, item in value.items()]
        waiting.extend(reversed(steps))
    return found


def _is_message(value: Mapping[str, Any], name: str) -> bool:
    """Whether what stands under `name` is one. Captions are of pictures anywhere, so only words of the API tell."""
    has_text = "text" in value and (value["text"] is not None or "caption" not in value)
    if not has_text and not isinstance(value.get("caption"), str):
        return False
    marks = _MARKS if name in _NAMES and has_text else _OWN_MARKS
    return name == _OWN_NAME or any(mark in value for mark in marks)
