"""A user's file as text: found, readable, bounded in size, UTF-8, and without control characters."""

from __future__ import annotations

import re
import stat
from pathlib import Path

from sluicegate.errors import Fault, InputError, misspelt, nearest

__all__ = ["neighbour", "read_bytes", "read_text", "regular_file"]

_USUAL = "rollout.yaml"
_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\x80-\x84\x86-\x9f\ufffe\uffff\ud800-\udfff]")


def regular_file(path: Path, what: str, *, siblings: str = "*", mend: str = "") -> Fault | None:
    """Why `path` is not a file to read, or None. A pipe or device would hang the reader, so only files will do."""
    where = str(path)
    try:
        mode = path.stat().st_mode
    except FileNotFoundError:
        return Fault(
            where=where, what=f"There is no such file; expected {what}.", mend=neighbour(path, siblings) or mend
        )
    except (OSError, ValueError) as error:
        return Fault(where=where, what=f"Cannot be read: {_reason(error)}.")
    if stat.S_ISDIR(mode):
        return Fault(where=where, what=f"Is a directory; expected {what}.", mend="Name the file in it.")
    if not stat.S_ISREG(mode):
        return Fault(where=where, what=f"Is not a regular file; expected {what}.")
    return None


def read_bytes(path: Path, what: str, *, limit: int, siblings: str = "*", mend: str = "") -> bytes:
    """The file's bytes, at most `limit`. Raises InputError; `mend` is for a file that is missing."""
    fault = regular_file(path, what, siblings=siblings, mend=mend)
    if fault is None:
        try:
            with path.open("rb") as file:
                data = file.read(limit + 1)
        except OSError as error:
            fault = Fault(where=str(path), what=f"Cannot be read: {_reason(error)}.")
        else:
            if len(data) <= limit:
                return data
            fault = Fault(where=str(path), what=f"Is larger than {limit // 1024} KiB; too large for {what}.")
    raise InputError(fault)


def read_text(data: bytes, name: str, *, limit: int, what: str) -> str:
    """`data` as UTF-8 text, a byte order mark dropped. Raises InputError with the line of the first bad byte."""
    if len(data) > limit:
        raise InputError(Fault(where=name, what=f"Is larger than {limit // 1024} KiB; too large for {what}."))
    if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        raise InputError(Fault(where=f"{name}:1", what="Is UTF-16.", mend="Save it as UTF-8."))
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        seen = f"byte 0x{data[error.start]:02x}"
        what = f"Is not UTF-8 ({seen})." if 0 not in data else f"Is binary, not text ({seen})."
        raise InputError(Fault(where=f"{name}:{line}", what=what, mend="Save it as UTF-8.")) from None
    if (found := _CONTROL.search(text)) is not None:
        line = text.count("\n", 0, found.start()) + 1
        what = f"Holds the control character U+{ord(found[0]):04X}; expected text."
        raise InputError(Fault(where=f"{name}:{line}", what=what, mend="Remove it."))
    return text


def neighbour(path: Path, siblings: str) -> str:
    """`Did you mean 'rollout.yaml'?`: of the files beside `path` that match, the likeliest; empty where none is alike.

    Where any file may be meant (`*`), it is one of the same kind.
    """
    try:
        names = [entry.name for entry in path.parent.glob(siblings)]
    except (OSError, ValueError):
        return ""
    if siblings == "*":
        return nearest(path.name, [name for name in names if Path(name).suffix == path.suffix])
    # A plan is called rollout.yaml; another name has to be much alike to be meant instead.
    alike = misspelt(path.stem, [Path(name).stem for name in names])
    meant = next((name for name in names if alike and Path(name).stem == alike), "")
    return nearest(meant or (_USUAL if _USUAL in names else path.name), names)


def _reason(error: Exception) -> str:
    return (error.strerror or "unknown reason") if isinstance(error, OSError) else str(error)
