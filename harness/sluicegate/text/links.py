"""Every link in a text, by the union of readers: who asks whether a text leads elsewhere wants each way it might.

A superset by regular expression reads every kind of text; Markdown and HTML have readers of their own beside it. The
HTML reader splits tags as browsers do, in one pass; `html.parser` takes the square of the length of broken markup.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from urllib.parse import unquote

from sluicegate.frozen import frozen
from sluicegate.text.addresses import address
from sluicegate.text.link_ends import ended
from sluicegate.text.patterns import Late

__all__ = ["KINDS", "Link", "links"]

KINDS = ("plain", "markdown", "html", "telegram_html", "telegram_markdown")


@frozen
class Link:
    """One way out of a text."""

    url: str
    """As a browser would take it, cut to 4,000 characters."""
    scheme: str
    """In lower case."""
    host: str | None
    """Canonical, in ASCII; None where the address names none (`javascript:`), or too much stands before it."""
    label: str
    """What is shown for it; empty where that is not known."""
    how: str
    """What read it: text | markdown | reference | autolink | an HTML tag and attribute, `img src`."""
    loads_itself: bool
    """Fetched when the text is shown, without a click."""


_TEXT = Late(
    r"(?i)(?<![A-Za-z0-9+.\-])(?:(?:https?|ftp|wss?|tg|file)\s?:[/\\]{1,6}|(?:mailto|javascript|vbscript):"
    r"|data:(?=[\w.+\-]{0,60}/?[\w.+\-]{0,60}[;,])|[a-z][a-z0-9+.\-]{1,20}://"
    r"|(?<![:/\\\w])[/\\]{2}(?=[\w.\-]{1,255}\.\w)|www\.(?=\w)|(?:t|telegram)\.me/)"
)
_END = Late(r"[^\s<>\"'`)\]}|\u3000]{1,800}")
_NAMED = Late(
    r"(?i)\bxmlns(?::[\w\-]{1,40})?\s{0,9}=\s{0,9}([\"'])https?://(?:www\.w3\.org|schemas\.microsoft\.com|ogp\.me|schema\.org)/"
    r"[\w./#\-]{0,100}\1|(?<=[\s])([\"'])https?://www\.w3\.org/TR/[\w./\-]{0,100}\2(?=\s{0,9}>)"
)
"""Names of a document's language, which nobody follows: `xmlns` and what a document type ends with."""
_BLANK_IN_SCHEME = Late(r"\A([A-Za-z]+)\s:")


def links(text: str, kind: str = "plain") -> list[Link]:
    """Every link in reading order of the readers, each address once for each way. Total, and linear in the text.

    `kind` is one of KINDS; any other is read as all of them.
    """
    found: list[Link] = []
    is_markdown, is_html = kind not in ("plain", "html", "telegram_html"), kind not in ("plain", "telegram_markdown")
    if is_html:
        found += _in_html(text)
        text = _NAMED.sub(" ", text)
    if is_markdown:
        found += _in_markdown(text)
    seen = {link.url for link in found}
    found += [link for link in _in_text(text) if link.url not in seen]
    for more in _unescaped(text):
        seen |= {link.url for link in found}
        found += [link for link in _in_text(more) if link.url not in seen]
    return list(dict.fromkeys(found))


def _unescaped(text: str) -> Iterator[str]:
    """What a redirect or a mail client still decodes: an address inside an address, entities in plain text."""
    if "%" in text:
        yield unquote(text, errors="replace")
    if "&" in text:
        yield html.unescape(text)


def _in_text(text: str) -> Iterator[Link]:
    """Also an address inside another's query."""
    for found in _TEXT.finditer(text):
        rest = _END.match(text, found.end())
        end = rest.end() if rest else found.end()
        written = ended(text[found.start() : end].rstrip(".,;:!?*_~")).rstrip(".,;:!?")
        if not rest or written.endswith(":") or len(written) <= len(found[0].rstrip(".:")):
            continue
        yield from _link(_absolute(_BLANK_IN_SCHEME.sub(r"\1:", written)), "text")


def _absolute(written: str) -> str:
    bare = written.lower()
    return f"https://{written}" if bare.startswith(("www.", "t.me/", "telegram.me/")) else written


def _link(written: str, how: str, *, label: str = "", loads: bool = False) -> Iterator[Link]:
    known = address(written)
    if known is not None:
        url, scheme, host = known
        yield Link(url=url, scheme=scheme, host=host, label=label[:300], how=how, loads_itself=loads)


# Markdown

_LONGEST_LABEL = 100
_DESTINATION = Late(r"\]\([ \t\n]{0,20}(?:<([^<>\n]{0,4000})>|((?:\\.|[^\s\\<>()]|\([^\s()]{0,500}\)){1,4000}))")
_DEFINITION = Late(
    r"(?m)^[ >\t]{0,12}\[([^\[\]\n]{1,300})\]:[ \t]{0,20}\n?[ \t]{0,20}(?:<([^<>\n]{0,4000})>|(\S{1,4000}))"
)
_AUTOLINK = Late(r"<([A-Za-z][A-Za-z0-9+.\-]{1,31}:[^<>\s]{1,4000})>")
"""A mail address in angle brackets is how mails name people, and no link here."""
_USE = Late(r"(!?)\[([^\[\]\n]{0,300})\](?:\[([^\[\]\n]{0,300})\])?")
_ESCAPED = Late(r"\\([!-/:-@\[-`{-~])")


def _in_markdown(text: str) -> Iterator[Link]:
    for found in _DESTINATION.finditer(text):
        is_image, label = _label_before(text, found.start())
        written = html.unescape(_ESCAPED.sub(r"\1", found[1] if found[1] is not None else found[2]))
        yield from _link(written, "markdown", label=label, loads=is_image)
    defined = {_name(found[1]): found[2] or found[3] or "" for found in _DEFINITION.finditer(text)}
    if defined:
        yield from _references(text, defined)
    for found in _AUTOLINK.finditer(text):
        yield from _link(found[1], "autolink", label=found[1])


def _references(text: str, defined: dict[str, str]) -> Iterator[Link]:
    """Each definition, as an image where one use of it is; a definition nobody uses leads out all the same."""
    images = {
        _name(name)
        for found in _USE.finditer(text)
        if found[1]
        for name in (found[3], found[2])
        if name and _name(name) in defined
    }
    for name, written in defined.items():
        url = html.unescape(_ESCAPED.sub(r"\1", written))
        yield from _link(url, "reference", label=name, loads=name in images)


def _name(label: str) -> str:
    return " ".join(label.split()).casefold()


def _label_before(text: str, end: int) -> tuple[bool, str]:
    """Whether an image begins before the bracket at `end`, and the words between. Looks back a bounded way."""
    depth, floor = 1, max(0, end - _LONGEST_LABEL)
    for at in range(end - 1, floor - 1, -1):
        if text[at] == "]":
            depth += 1
        elif text[at] == "[":
            depth -= 1
            if depth == 0:
                return at > 0 and text[at - 1] == "!", text[at + 1 : end]
    return False, text[floor:end]


# HTML

_TAG = Late(r"<([A-Za-z][^\s/>]{0,50})")
_ATTRIBUTE = Late(
    r"[\s/]*+(?:(>)|([^\s/>=\"'][^\s/>=]{0,100}+|[\"'][^\s/>=]{0,100}+|=)[^\s/>=]*+"
    r"(?:\s*+=\s*+(?:\"([^\"]*+)\"?|'([^']*+)'?|([^\s>]*+)))?)"
)
_CSS = Late(r"(?i)url\(\s{0,20}[\"']?([^\"')\s]{1,4000})|@import\s{1,20}[\"']([^\"']{1,4000})")
_ESCAPED_IN_CSS = Late(r"\\([0-9A-Fa-f]{1,6})[ \t\r\n\f]?")
_REFRESH = Late(r"(?i)url\s{0,5}=\s{0,5}[\"']?([^\"'\s]{1,4000})")
_LINKS = frozenset(
    {"href", "src", "srcset", "action", "formaction", "poster", "data", "background", "cite", "longdesc", "manifest"}
    | {"ping", "xlink:href", "codebase", "classid", "usemap", "profile", "lowsrc", "dynsrc", "imagesrcset", "icon"}
)
_CLICKED = frozenset({"a", "area", "base", "form", "button", "blockquote", "q", "del", "ins"})
"""Tags whose addresses are gone to, not loaded; what other tags name is fetched."""


def _in_html(text: str) -> Iterator[Link]:
    at = 0
    while (tag := _TAG.search(text, at)) is not None:
        name, at = tag[1].lower(), tag.end()
        given: dict[str, str] = {}
        while (part := _ATTRIBUTE.match(text, at)) is not None and part.end() > at:
            at = part.end()
            if part[1]:
                break
            value = next((item for item in part.group(3, 4, 5) if item is not None), "")
            if len(given) < 1000:
                given.setdefault(part[2].lower(), html.unescape(value))
        label = _shown_text(text, at) if name == "a" else ""
        yield from _of_tag(name, given, label)
    for read in dict.fromkeys((text, _ESCAPED_IN_CSS.sub(_unescaped_in_css, text))):
        for css in _CSS.finditer(read):
            yield from _link(css[1] or css[2], "css url", loads=True)


def _unescaped_in_css(found: re.Match[str]) -> str:
    point = int(found[1], 16)
    return chr(point) if 0 < point < 0x110000 and not 0xD800 <= point < 0xE000 else "\ufffd"


def _shown_text(text: str, at: int) -> str:
    end = text.find("<", at, at + 301)
    return html.unescape(text[at : end if end >= 0 else at + 300])


def _of_tag(name: str, given: dict[str, str], label: str) -> Iterator[Link]:
    loads = name not in _CLICKED and not (name == "link" and "canonical" in given.get("rel", ""))
    for key, value in given.items():
        if key in ("srcset", "imagesrcset"):
            for part in value.split(",")[:100]:
                yield from _link(part.strip().partition(" ")[0], f"{name} {key}", loads=True)
        elif key in _LINKS:
            yield from _link(value, f"{name} {key}", label=label, loads=loads or key == "background")
    if name == "meta" and (found := _REFRESH.search(given.get("content", ""))):
        yield from _link(found[1], "meta refresh", loads=True)
