"""Streamed answers: server-sent events in OpenAI's form, folded into the answer they would have been unstreamed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson

from sluicegate.model import Json

__all__ = ["EventFold"]


class EventFold:
    """Feed it bytes as they come; afterwards `completion` is one chat.completion object, or `fault` says why not."""

    def __init__(self) -> None:
        self.has_text = False
        """Whether content that can be seen has come: the moment for the time to first token. Spaces are none."""
        self.pieces = 0
        """How many events brought content, so far, from the first that can be seen on."""
        self.was_cut = False
        """It ended before it said so: the fault is a broken connection, and no other form of stream."""
        self.fault: str | None = None
        """What came that is no event in this form."""
        self.reported: Json = None
        """An error the stream itself carried."""
        self._buffer = bytearray()
        self._data: list[bytes] = []
        self._content: list[str] = []
        self._calls: dict[int, dict[str, str]] = {}
        self._finish: str | None = None
        self._done = False
        self._model: str | None = None
        self._usage: Json = None

    def feed(self, chunk: bytes) -> None:
        """Take the next bytes, wherever they were cut."""
        self._buffer += chunk
        *lines, rest = self._buffer.split(b"\n")
        self._buffer = bytearray(rest)
        for line in lines:
            self._line(bytes(line).rstrip(b"\r"))

    def end(self) -> None:
        """Nothing more comes. A stream that was cut is a fault: half an answer is no answer."""
        if self._buffer:
            self._line(bytes(self._buffer).rstrip(b"\r"))
            self._buffer.clear()
        self._dispatch()
        if self.fault is None and self.reported is None and not self._done and self._finish is None:
            self.was_cut = True
            length = sum(map(len, self._content))
            self.fault = f"The stream ended without [DONE] or a finish_reason, after {length} characters of content."

    @property
    def content(self) -> str:
        """The text of all parts."""
        return "".join(self._content)

    @property
    def completion(self) -> dict[str, Json]:
        """The whole as a chat.completion object."""
        message: dict[str, Json] = {"role": "assistant", "content": self.content}
        if self._calls:
            message["tool_calls"] = [{"type": "function", "function": self._calls[at]} for at in sorted(self._calls)]
        choice = {"index": 0, "message": message, "finish_reason": self._finish}
        return {"object": "chat.completion", "model": self._model, "choices": [choice], "usage": self._usage}

    def _line(self, line: bytes) -> None:
        if not line:
            self._dispatch()
        elif line.startswith(b"data:"):
            self._data.append(line[5:].removeprefix(b" "))
        elif b"error" in line and line.startswith(b"event:"):
            self._data.append(b"")  # some servers name the event and put a plain text in its data

    def _dispatch(self) -> None:
        data = b"\n".join(part for part in self._data if part)
        named_error = bool(self._data) and self._data[0] == b""
        self._data = []
        if not data or self.fault is not None:
            return
        if data == b"[DONE]":
            self._done = True
            return
        try:
            event = orjson.loads(data)
        except orjson.JSONDecodeError:
            shown = data[:200].decode("utf-8", "replace")
            if named_error:
                self.reported = shown
            else:
                self.fault = f"The stream holds an event that is no JSON: {shown}"
            return
        if isinstance(event, Mapping):
            self._take(event, named_error=named_error)

    def _take(self, event: Mapping[str, Any], *, named_error: bool) -> None:
        if (error := event.get("error") or (event if named_error else None)) is not None:
            self.reported = error
            return
        self._model = event.get("model") or self._model
        self._usage = event.get("usage") or self._usage
        for choice in event.get("choices") or ():
            if not isinstance(choice, Mapping) or choice.get("index", 0) != 0:
                continue
            self._finish = choice.get("finish_reason") or self._finish
            delta = choice.get("delta") or {}
            if isinstance(text := delta.get("content"), str) and text:
                self.has_text = self.has_text or any(map(_is_seen, text))
                self.pieces += self.has_text
                self._content.append(text)
            for call in delta.get("tool_calls") or ():
                self._call(call)

    def _call(self, call: Mapping[str, Any]) -> None:
        made = self._calls.setdefault(call.get("index", 0), {"name": "", "arguments": ""})
        function = call.get("function") or {}
        made["name"] += function.get("name") or ""
        made["arguments"] += function.get("arguments") or ""


def _is_seen(sign: str) -> bool:
    return sign.isprintable() and not sign.isspace()
