"""The user's modules as their sources say, whatever bytecode lies beside them.

Python takes bytecode for its source's where size and time of change are the same. Archives, images and reproducible
builds set that time to one value for every build: an earlier build would answer under the digest of this one.
"""

from __future__ import annotations

import os
from importlib.machinery import SourceFileLoader
from pathlib import Path
from types import CodeType

__all__ = ["read_sources"]


_OTHERS = tuple(str(root) + os.sep for root in (Path(os.__file__).parent, Path(__file__).resolve().parents[1]))
"""Python's own modules and ours, which do not change with a build."""
_INSTALLED = ("site-packages", "dist-packages")


def read_sources() -> None:
    """From now on this process compiles what nobody installed from its source, and writes no bytecode of it."""
    usual = SourceFileLoader.get_code

    def get_code(self: SourceFileLoader, fullname: str) -> CodeType | None:
        path = self.get_filename(fullname)
        if path.startswith(_OTHERS) or any(name in path for name in _INSTALLED):
            return usual(self, fullname)
        return self.source_to_code(self.get_data(path), path)

    setattr(SourceFileLoader, "get_code", get_code)  # noqa: B010 - assigned directly it would be no method to mypy
