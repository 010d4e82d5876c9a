"""Files under the plan's folder that this process opens, noted as they are: what is read may decide what is answered.

An audit hook hears every `open` of the interpreter, imports among them. What opens files by itself is not: a child
process, and libraries that do it in C or Rust.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

__all__ = ["watch_files"]

_HEARD = frozenset({"open", "os.rename", "os.remove"})
_WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
_NOBODYS = frozenset({"__pycache__", "site-packages", "dist-packages", ".git", ".sluicegate"})
"""Folders of what is installed, derived or kept as evidence."""


def watch_files(base: Path, tell: Callable[[str, bool], None]) -> None:
    """From now on tell of each file under `base`, by its path there, once when it is read and once when it is written.

    Told from whichever thread opens it, before it is open: it may not be there.
    """
    sys.addaudithook(_Files(base, tell).hear)


class _Files:
    def __init__(self, base: Path, tell: Callable[[str, bool], None]) -> None:
        self._root = os.path.join(base, "")
        prefixes = {os.path.join(prefix, "") for prefix in (sys.prefix, sys.base_prefix, sys.exec_prefix)}
        self._pythons = tuple(prefix for prefix in prefixes if prefix.startswith(self._root) and prefix != self._root)
        """Environments that lie under the folder."""
        self._tell = tell
        self._told: set[tuple[str, bool]] = set()

    def hear(self, event: str, arguments: tuple[Any, ...]) -> None:
        """The audit hook."""
        if event not in _HEARD or not arguments:
            return
        if event == "open":
            flags = arguments[-1]
            self._opened(arguments[0], isinstance(flags, int) and bool(flags & _WRITES))
        else:
            # What is made aside and then renamed is written by whoever does it.
            for path in arguments[: 2 if event == "os.rename" else 1]:
                self._opened(path, True)

    def _opened(self, path: Any, writes: bool) -> None:
        if isinstance(path, int):
            return  # open already
        try:
            whole = os.path.abspath(os.fsdecode(path))
        except (TypeError, ValueError, OSError):
            return  # no path, or one from a folder that is gone: nothing is opened, and the user's call says so itself
        if not whole.startswith(self._root) or (whole, writes) in self._told or whole.startswith(self._pythons):
            return
        self._told.add((whole, writes))
        name = whole.removeprefix(self._root)
        # `<string>` and the like: tracebacks look for the source of code that stands in no file.
        if not _NOBODYS & set(name.split(os.sep)) and not (name.startswith("<") and name.endswith(">")):
            self._tell(name, writes)
