"""Files that a process at work leaves beside a ledger: an opening line, lines, and a close that vouches for all.

A JSON object a line, by `kind`. A file without its closing line, or whose closing line disagrees with the bytes before
it, was cut or changed, and `broken` says so; the lines up to there are given out all the same. Memory is a line.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator, Mapping
from hashlib import sha256
from pathlib import Path
from typing import ClassVar, Generic, Protocol, TypeVar

import orjson

from sluicegate.errors import Fault, InputError
from sluicegate.ledger.chain import MAX_LINE_BYTES
from sluicegate.model import Json, decode

__all__ = ["ClosedLines"]


class _Opened(Protocol):
    @property
    def version(self) -> int: ...


class _Closed(Protocol):
    @property
    def lines(self) -> int: ...
    @property
    def sha256(self) -> str: ...


OpenedT = TypeVar("OpenedT", bound=_Opened)
LineT = TypeVar("LineT")
ClosedT = TypeVar("ClosedT", bound=_Closed)


class ClosedLines(Generic[OpenedT, LineT, ClosedT]):
    """Iterates the lines of a file. After that `closed` or `broken` says how it ended."""

    NAME: ClassVar[str]
    """What the file is."""
    UNCLOSED: ClassVar[str]
    """Why one may have no closing line."""
    MEND: ClassVar[str]
    VERSION: ClassVar[int]
    OPENED: type[OpenedT]
    CLOSED: type[ClosedT]
    KINDS: Mapping[str, type[LineT]]

    def __init__(self, path: Path) -> None:
        """Raises InputError for a file that does not begin as one of these, or was written by another version."""
        self.path = path
        self.closed: ClosedT | None = None
        self.broken: Fault | None = None
        """Why it is not whole; None once it was read to a closing line that agrees."""
        try:
            with path.open("rb") as file:
                said = orjson.loads(file.readline(MAX_LINE_BYTES))
            kind = said.pop("kind")
        except OSError as error:
            raise InputError(Fault(where=str(path), what=f"cannot be read: {error.strerror}.")) from None
        except (ValueError, TypeError, KeyError, AttributeError):
            kind = None
        if kind != "opened":
            raise InputError(Fault(where=str(path), what=f"does not begin as a {self.NAME}.", mend=self.MEND))
        self.opened = decode(self.OPENED, said, str(path))
        if self.opened.version != self.VERSION:
            what = f"is of version {self.opened.version}, and this release reads {self.VERSION}."
            raise InputError(Fault(where=str(path), what=what, mend="Read it with the release that wrote it."))
        if wrong := self._cannot_be(self.opened):
            raise InputError(Fault(where=str(path), what=f"{wrong}.", mend=self.MEND))

    def __iter__(self) -> Iterator[LineT]:
        self.closed, self.broken = None, None
        self._begin()
        digest, lines = sha256(), 0
        with self.path.open("rb", buffering=1 << 18) as file:
            while raw := file.readline(MAX_LINE_BYTES):
                said = self._said(raw, lines)
                if said is None:
                    return
                kind = said.pop("kind", None)
                try:
                    if kind == "closed":
                        self._close(decode(self.CLOSED, said), digest.hexdigest(), lines)
                    elif (of := self.KINDS.get(str(kind))) is not None:
                        line = decode(of, said)
                        if wrong := self._take(line):
                            self._break(wrong, lines)
                        else:
                            yield line
                    elif lines:
                        self._break(f"holds a line of kind '{kind}'", lines)
                except InputError as error:
                    self._break(f"holds a line that is none ({error})", lines)
                if self.broken is not None:
                    return
                digest.update(raw)
                lines += 1
        if self.closed is None:
            self._break(f"has no closing line: {self.UNCLOSED}", lines)

    def _cannot_be(self, opened: OpenedT) -> str:
        """Why the opening line is none, as `says …`; empty where it can be."""
        return ""

    @abstractmethod
    def _begin(self) -> None:
        """Count from nothing."""

    @abstractmethod
    def _take(self, line: LineT) -> str:
        """Count a line; why it cannot be, as `holds …`, empty where it can."""

    @abstractmethod
    def _miscounts(self, closed: ClosedT) -> str:
        """Why the close is none of what was taken, as `counts …`; empty where it agrees."""

    def _said(self, raw: bytes, line: int) -> dict[str, Json] | None:
        if self.closed is not None:
            self._break("goes on after its closing line", line)
            return None
        try:
            said = orjson.loads(raw)
        except orjson.JSONDecodeError:
            said = None
        if raw[-1:] != b"\n" or not isinstance(said, dict):
            self._break("is cut in the middle of a line", line)
            return None
        return said

    def _close(self, closed: ClosedT, digest: str, lines: int) -> None:
        if closed.sha256 != digest or closed.lines != lines:
            self._break("was changed after it was closed", lines)
        elif wrong := self._miscounts(closed):
            self._break(wrong, lines)
        else:
            self.closed = closed

    def _break(self, what: str, line: int) -> None:
        self.closed = None
        self.broken = Fault(where=f"{self.path}:{line + 1}", what=f"the {self.NAME} {what}.", mend=self.MEND)
