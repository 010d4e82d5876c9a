"""The MIME tree of a mail: parts in order, their headers, file names and text. Depth and number are bounded."""

from __future__ import annotations

import re

from sluicegate.frozen import frozen
from sluicegate.mail.parameters import Parameterised, parameterised
from sluicegate.mail.wire import Message, decoded, read, unfolded
from sluicegate.mail.words import in_charset, transferred

__all__ = ["DEPTH", "PARTS", "Part", "parts"]

DEPTH = 30
"""Levels that are opened; what lies deeper stays in its part as it is."""
PARTS = 500
"""Parts that are read."""


@frozen
class Part:
    """One node of the tree. The mail itself is the first one, with path "" and its own headers."""

    path: str
    """`""` for the mail, `1.2` for the second part of the first."""
    message: Message
    media_type: str
    """In lower case, `text/plain` where the part says none."""
    content: Parameterised
    disposition: Parameterised
    attached: bool
    """It lies within an attached mail: its headers are another mail's."""
    children: int = 0
    faults: tuple[str, ...] = ()
    """What two readers of the structure may take differently."""

    @property
    def leaf(self) -> bool:
        """Whether it holds no parts."""
        return self.children == 0

    @property
    def file_names(self) -> tuple[str, ...]:
        """Every way its file name is read."""
        names = (*self.disposition.parameters.get("filename", ()), *self.content.parameters.get("name", ()))
        return tuple(dict.fromkeys(names))

    @property
    def payload(self) -> bytes:
        """The body, transfer encoding undone."""
        return transferred(self.message.body, _value(self.message, "content-transfer-encoding"))

    @property
    def text(self) -> str:
        """The body as text in the character set it says, whatever it is."""
        return in_charset(self.payload, self.content.first("charset"))


@frozen
class _Waiting:
    path: str
    data: bytes
    depth: int
    attached: bool
    standard: str
    parent: int


def parts(message: Message) -> list[Part]:
    """The tree in reading order, the mail first. Total; linear in the length for each level of depth."""
    found: list[Part] = []
    waiting = [_Waiting(path="", data=b"", depth=0, attached=False, standard="text/plain", parent=-1)]
    while waiting and len(found) < PARTS:
        one = waiting.pop()
        made = message if not one.path else read(one.data)
        part, inner = _part(one, made)
        index = len(found)
        found.append(part)
        waiting.extend(
            _Waiting(
                path=f"{one.path}.{at}".lstrip("."),
                data=data,
                depth=one.depth + 1,
                attached=one.attached or part.media_type == "message/rfc822",
                standard="message/rfc822" if part.media_type == "multipart/digest" else "text/plain",
                parent=index,
            )
            for at, data in reversed(list(enumerate(inner, start=1)))
        )
    return found


def _part(one: _Waiting, message: Message) -> tuple[Part, list[bytes]]:
    said = _value(message, "content-type")
    content = parameterised(said) if said else Parameterised(value="", parameters={}, twice=())
    disposition = parameterised(_value(message, "content-disposition"))
    media_type = content.value if re.fullmatch(r"[^\s/;]+/[^\s/;]+", content.value) else one.standard
    inner: list[bytes] = []
    faults = [f"{name} is said twice" for name in (*content.twice, *disposition.twice)]
    if one.depth >= DEPTH:
        faults.append("nested deeper than is read")
    elif media_type.startswith("multipart/"):
        boundary = content.first("boundary").rstrip()
        if not boundary:
            faults.append("a multipart without a boundary")
        else:
            inner = _split(message.body, boundary.encode("utf-8", "surrogatepass"))
    elif media_type == "message/rfc822":
        inner = [transferred(message.body, _value(message, "content-transfer-encoding"))]
    part = Part(
        path=one.path,
        message=message,
        media_type=media_type,
        content=content,
        disposition=disposition,
        attached=one.attached,
        children=len(inner),
        faults=tuple(faults),
    )
    return part, inner


def _value(message: Message, name: str) -> str:
    """The first header of a name, unfolded."""
    found = message.values(name)
    return decoded(unfolded(found[0].value)) if found else ""


def _split(body: bytes, boundary: bytes) -> list[bytes]:
    """What stands between the lines of a boundary; preamble and epilogue are no parts."""
    mark = b"--" + boundary
    inner: list[bytes] = []
    start: int | None = None
    at = 0 if body.startswith(mark) else _line_start(body, mark, 0)
    while at >= 0 and len(inner) < PARTS:
        stop = body.find(b"\n", at)
        line = body[at : len(body) if stop < 0 else stop]
        rest = line[len(mark) :]
        closing = rest.startswith(b"--")
        if not rest.removeprefix(b"--").strip(b" \t\r"):
            if start is not None:
                inner.append(body[start:at].removesuffix(b"\n").removesuffix(b"\r"))
            start = None if closing or stop < 0 else stop + 1
            if closing:
                return inner
        at = -1 if stop < 0 else _line_start(body, mark, stop)
    if start is not None and len(inner) < PARTS:
        inner.append(body[start:])
    return inner


def _line_start(body: bytes, mark: bytes, after: int) -> int:
    found = body.find(b"\n" + mark, after)
    return found + 1 if found >= 0 else -1
