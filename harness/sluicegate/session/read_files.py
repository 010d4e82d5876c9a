"""Files that the pipeline reads while it is measured: case files, and those that the subject does not name."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from hashlib import sha256
from pathlib import Path
from stat import S_ISREG

from sluicegate.ledger import FileRead
from sluicegate.session.workspace import Workspace
from sluicegate.sources.served import holds

__all__ = ["ReadFiles", "content_of"]


class ReadFiles:
    """Takes what a callable's process says that it opens, and hands on what was read and is nobody's part."""

    def __init__(self, workspace: Workspace, say: Callable[[FileRead], None]) -> None:
        self._workspace = workspace
        self._say = say
        self._own: set[str] = set()
        """What the pipeline writes itself is its memory, and no part of what serves."""
        self._told: dict[str, str] = {}

    def hear(self, path: str, writes: bool) -> None:
        """A file is read, or written; its path is relative to the plan's folder."""
        if writes:
            if path not in self._own and (told := _as_text(path)) in self._told:
                self._say(FileRead(path=told, content=None))
            self._own.add(path)
        elif self._is_told(path):
            content, path = content_of(self._workspace.base, path), _as_text(path)
            # Read again by a second life of the process it may hold something else: the first word stays.
            if self._told.setdefault(path, content) is content:
                self._say(FileRead(path=path, content=content))

    def switched(self) -> None:
        """Flags were set by the user's own switch: what reads otherwise now is where it keeps them, and not served."""
        for told, content in self._told.items():
            if told not in self._own and content_of(self._workspace.base, told) != content:
                self._own.add(told)
                self._say(FileRead(path=told, content=None))

    def _is_told(self, path: str) -> bool:
        """Whoever names it, or writes to it: that a case file is read is told."""
        resolved = (self._workspace.base / path).resolve()
        if resolved in self._cases:
            return True
        return path not in self._own and resolved not in self._apart and not self._held(resolved)

    @cached_property
    def _cases(self) -> frozenset[Path]:
        plan, base = self._workspace.plan, self._workspace.base
        return frozenset(path.resolve() for pattern in (*plan.cases, *plan.golden) for path in base.glob(pattern))

    @cached_property
    def _held(self) -> Callable[[Path], bool]:
        workspace = self._workspace
        return holds(workspace.plan.subject, workspace.base)

    @cached_property
    def _apart(self) -> frozenset[Path]:
        """What is looked at by other means: modules that are followed, the state file."""
        workspace = self._workspace
        others = [path for path in (workspace.plan.state, workspace.plan.path) if path is not None]
        return frozenset(path.resolve() for path in (*workspace.unnamed.values(), *others))


def content_of(base: Path, path: str) -> str:
    """SHA-256 of a file under the plan's folder as it lies there now; words where there is nothing to read."""
    try:
        if not S_ISREG((base / path).stat().st_mode):
            return "no regular file"  # which may make whoever opens it wait for ever
        with (base / path).open("rb") as file:
            content = sha256()
            while chunk := file.read(1 << 20):
                content.update(chunk)
    except OSError as error:
        return FileRead.ABSENT if isinstance(error, FileNotFoundError) else f"unreadable: {error.strerror}"
    return content.hexdigest()


def _as_text(path: str) -> str:
    """A name that is no text as one that no file has: not found again it counts as changed, and holds."""
    return path.encode("utf-8", "backslashreplace").decode()
