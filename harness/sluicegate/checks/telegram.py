"""What Telegram makes of a message: its text after parsing, its entities by UTF-16 units, and what it would refuse.

Three markups are read as the Bot API describes them: HTML, MarkdownV2 and the older Markdown.
"""

from __future__ import annotations

import html
import re
from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass, field

from sluicegate.frozen import frozen

__all__ = ["PARSE_MODES", "ParseError", "Parsed", "Span", "parsed", "units"]

PARSE_MODES = ("HTML", "MarkdownV2", "Markdown")
_LONGEST = 65_536
"""Characters of markup that are read; what Telegram shows is far shorter."""
_DEEPEST = 50


class ParseError(Exception):
    """What Telegram answers 400 to, with the place in the markup, counted in UTF-8 bytes as Telegram does."""

    def __init__(self, message: str, text: str, at: int) -> None:
        super().__init__(f"{message} at byte offset {len(text[:at].encode(errors='replace'))}")


@frozen
class Span:
    """One entity, in UTF-16 units of the parsed text."""

    kind: str
    offset: int
    length: int
    url: str | None = None


@frozen
class Parsed:
    """A message as it is shown."""

    text: str
    spans: tuple[Span, ...] = ()


def units(text: str) -> int:
    """Length in UTF-16 code units, which is how Telegram counts."""
    return len(text) + sum(ch > "\uffff" for ch in text)


def parsed(text: str, parse_mode: str | None) -> Parsed:
    """The text without its markup. Raises ParseError where Telegram would refuse it."""
    if parse_mode is None:
        return Parsed(text=text)
    if len(text) > _LONGEST:
        raise ParseError(f"more than {_LONGEST} characters of markup", "", 0)
    readers: dict[str, type[_Reader]] = {"html": _Html, "markdownv2": _MarkdownV2, "markdown": _Markdown}
    reader = readers.get(parse_mode.casefold())
    if reader is None:
        raise ParseError(f"unsupported parse_mode '{parse_mode}'", "", 0)
    return reader(text).read()


@dataclass(slots=True)
class _Open:
    name: str
    kind: str
    begun: int
    at: int
    url: str | None = None


@dataclass(slots=True)
class _Reader(ABC):
    """Plain text so far, entities closed and open."""

    source: str
    at: int = 0
    out: list[str] = field(default_factory=list)
    length: int = 0
    spans: list[Span] = field(default_factory=list)
    open: list[_Open] = field(default_factory=list)

    def say(self, text: str) -> None:
        self.out.append(text)
        self.length += units(text)

    def begin(self, name: str, kind: str, at: int, url: str | None = None) -> None:
        if len(self.open) == _DEEPEST:
            raise ParseError(f"more than {_DEEPEST} marks are open", self.source, at)
        self.open.append(_Open(name, kind, self.length, at, url))

    def end(self, url: str | None = None) -> None:
        last = self.open.pop()
        if self.length > last.begun and last.kind:
            link = url or last.url
            self.spans.append(Span(kind=last.kind, offset=last.begun, length=self.length - last.begun, url=link))

    @abstractmethod
    def read(self) -> Parsed:
        """Everything, each markup in its own way."""

    def done(self) -> Parsed:
        if self.open:
            last = self.open[-1]
            raise ParseError(f"can't find the end of '{last.name}'", self.source, last.at)
        return Parsed(text="".join(self.out), spans=tuple(sorted(self.spans, key=lambda span: span.offset)))


_TAG = re.compile(r"""<(/?)([A-Za-z][A-Za-z0-9-]*+|(?<=/))((?:\s(?:[^<>"']|"[^"]*+"|'[^']*+')*+)?)>""")
# Anchored at the first blank of a run and possessive, so that hostile text is read once.
_ATTRIBUTE = re.compile(r"""(?<!\s)\s++([A-Za-z-]++)(?:\s*+=\s*+("[^"]*+"|'[^']*+'|[^\s"'=<>]++))?""")
_SPECIAL = re.compile("[<&]")
_REFERENCE = re.compile(r"&(?:(lt|gt|amp|quot)|#(\d{1,7})|#[xX]([0-9a-fA-F]{1,6}));")
_KINDS = {
    "b": "bold", "strong": "bold", "i": "italic", "em": "italic", "u": "underline", "ins": "underline",
    "s": "strikethrough", "strike": "strikethrough", "del": "strikethrough", "tg-spoiler": "spoiler",
    "code": "code", "pre": "pre", "blockquote": "blockquote", "a": "text_link", "tg-emoji": "custom_emoji",
    "span": "spoiler", "tg-time": "date_time",
}  # fmt: skip


class _Html(_Reader):
    def read(self) -> Parsed:
        text = self.source
        while self.at < len(text):
            ch = text[self.at]
            if ch == "<":
                self._tag()
            elif ch == "&" and (found := _REFERENCE.match(text, self.at)):
                self.say(html.unescape(found[0]))
                self.at = found.end()
            else:
                special = _SPECIAL.search(text, self.at + 1)
                end = special.start() if special else len(text)
                self.say(text[self.at : end])
                self.at = end
        return self.done()

    def _tag(self) -> None:
        found = _TAG.match(self.source, self.at)
        if found is None:
            raise ParseError("'<' begins no tag; write &lt;", self.source, self.at)
        name = found[2].lower() or (self.open[-1].name if self.open else "")  # </> ends whatever is open
        if name not in _KINDS:
            raise ParseError(f"unsupported tag '{name}'", self.source, self.at)
        if found[1]:
            if not self.open or self.open[-1].name != name:
                wanted = f"expected </{self.open[-1].name}>" if self.open else "nothing is open"
                raise ParseError(f"unexpected end tag '{name}', {wanted}", self.source, self.at)
            self.end()
        else:
            self._begin(name, dict(self._attributes(found[3])))
        self.at = found.end()

    def _attributes(self, text: str) -> Iterator[tuple[str, str]]:
        for found in _ATTRIBUTE.finditer(text):
            yield found[1].lower(), html.unescape((found[2] or "").strip("\"'"))

    def _begin(self, name: str, attributes: dict[str, str]) -> None:
        if name == "span" and attributes.get("class") != "tg-spoiler":
            raise ParseError("tag 'span' must have class \"tg-spoiler\"", self.source, self.at)
        if name == "tg-emoji" and not attributes.get("emoji-id", "").isdigit():
            raise ParseError("tag 'tg-emoji' needs an emoji-id", self.source, self.at)
        # A link without an address is shown as plain text.
        url = attributes.get("href") if name == "a" else None
        self.begin(name, "" if name == "a" and not url else _KINDS[name], self.at, url)


_FENCE_HEAD = re.compile(r"[\w+#.-]*\n")
_LINK_TAIL = re.compile(r"\]\(((?:\\.|[^\\)])*)\)", re.DOTALL)
_OLD_LINK_TAIL = re.compile(r"\(([^)]*)\)")
_RESERVED = frozenset("_*[]()~`>#+-=|{}.!")
_PAIRS = (("__", "underline"), ("||", "spoiler"), ("*", "bold"), ("_", "italic"), ("~", "strikethrough"))


@dataclass(slots=True)
class _MarkdownV2(_Reader):
    begins_line: bool = True
    """Nothing but marks of this line has been read."""

    def read(self) -> Parsed:
        text = self.source
        while self.at < len(text):
            if text[self.at] == "\\" and self.at + 1 < len(text) and 0 < ord(text[self.at + 1]) < 127:
                self._plain(text[self.at + 1])
                self.at += 2
            elif text[self.at] in _RESERVED:
                self._mark()
            else:
                if text[self.at] == "\n" and not text.startswith(">", self.at + 1):
                    self._end_quote()
                self._plain(text[self.at])
                self.at += 1
        self._end_quote()
        return self.done()

    def _plain(self, ch: str) -> None:
        self.say(ch)
        if ch != "\r":
            self.begins_line = ch == "\n"

    def _end_quote(self) -> None:
        """A quote ends with its last line; `||` before that end makes it one that is folded, and no spoiler."""
        if not any(item.name == ">" for item in self.open):
            return
        if self.open[-1].name == "||" and self.open[-1].begun == self.length:
            self.end()
        if self.open[-1].name == ">":
            self.end()
        else:
            last = self.open[-1]
            raise ParseError(f"can't find the end of '{last.name}'", self.source, last.at)

    def _mark(self) -> None:
        text, at = self.source, self.at
        if text[at] == "`":
            self._code()
        elif text[at] == "]" and self.open and self.open[-1].name in ("[", "!["):
            self._link()
        elif text.startswith("![", at) or text[at] == "[":
            name = "![" if text[at] == "!" else "["
            self.begin(name, "custom_emoji" if name == "![" else "text_link", at)
            self.at += len(name)
        elif text[at] == ">" and self.begins_line:
            if not any(item.name == ">" for item in self.open):
                self.begin(">", "", at)
            self.at += 1
        elif (pair := next((pair for pair in _PAIRS if text.startswith(pair[0], at)), None)) is not None:
            self._pair(*pair)
        else:
            raise ParseError(f"character '{text[at]}' is reserved and must be escaped with '\\'", text, at)

    def _pair(self, mark: str, kind: str) -> None:
        if self.open and self.open[-1].name == mark:
            self.end()
        elif any(item.name == mark for item in self.open):
            raise ParseError(f"'{mark}' ends before '{self.open[-1].name}'", self.source, self.at)
        else:
            self.begin(mark, kind, self.at)
        self.at += len(mark)

    def _code(self) -> None:
        mark = "```" if self.source.startswith("```", self.at) else "`"
        begun, self.at = self.at, self.at + len(mark)
        if mark == "```" and (found := _FENCE_HEAD.match(self.source, self.at)):
            self.at = found.end()
        self.begin(mark, "pre" if mark == "```" else "code", begun)
        while not self.source.startswith(mark, self.at):
            if self.at >= len(self.source):
                raise ParseError(f"can't find the end of '{mark}'", self.source, begun)
            if self.source[self.at] == "\\" and self.at + 1 < len(self.source):
                self.at += 1
            self.say(self.source[self.at])
            self.at += 1
            self.begins_line = False
        self.end()
        self.at += len(mark)

    def _link(self) -> None:
        if not self.source.startswith("](", self.at):
            self.open[-1].kind = ""
            self.end()
            self.at += 1
            return
        found = _LINK_TAIL.match(self.source, self.at)
        if found is None:
            raise ParseError("can't find the end of a link", self.source, self.at)
        self.end(re.sub(r"\\(.)", r"\1", found[1]))
        self.at = found.end()


class _Markdown(_Reader):
    """The older markup: no nesting, and only its own four marks are escaped."""

    def read(self) -> Parsed:
        text = self.source
        while self.at < len(text):
            ch = text[self.at]
            if ch == "\\" and text[self.at + 1 : self.at + 2] in ("_", "*", "`", "["):
                self.say(text[self.at + 1])
                self.at += 2
            elif ch in "_*`[":
                self._mark(ch)
            else:
                self.say(ch)
                self.at += 1
        return self.done()

    def _mark(self, ch: str) -> None:
        mark = "```" if self.source.startswith("```", self.at) else ch
        closing = "]" if ch == "[" else mark
        end = self.source.find(closing, self.at + len(mark))
        if end < 0:
            raise ParseError(f"can't find the end of '{mark}'", self.source, self.at)
        link = _OLD_LINK_TAIL.match(self.source, end + 1) if ch == "[" else None
        kinds = {"_": "italic", "*": "bold", "`": "code", "```": "pre"}
        self.begin(mark, ("text_link" if link else "") if ch == "[" else kinds[mark], self.at)
        self.say(self.source[self.at + len(mark) : end])
        self.end(link[1] if link else None)
        self.at = link.end() if link else end + len(closing)
