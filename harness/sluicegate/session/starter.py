"""The first files of a new user: small, real, and promoted as they stand."""

from __future__ import annotations

from pathlib import Path

from sluicegate.errors import Fault, InputError
from sluicegate.resources import data
from sluicegate.session.lock import build_lock, write_lock
from sluicegate.session.workspace import Workspace

__all__ = ["write_starter"]

_FILES = {
    "rollout.yaml": "rollout.yaml",
    "support_bot.py": "support_bot.py.txt",
    "reply.schema.json": "reply.schema.json",
    "golden/support.jsonl": "support.jsonl",
    "locustfile.py": "locustfile.py.txt",
    ".github/workflows/sluicegate.yml": "sluicegate.yml.txt",
}
_IGNORED = "# Evidence and reports of sluicegate: kept by CI, not by git.\n.sluicegate/\n__pycache__/\n"


def write_starter(folder: Path) -> list[Path]:
    """Write the starter files and their lock. Raises InputError, writing nothing, when one of them exists."""
    targets = {folder / name: data("session", "starter_files", source) for name, source in _FILES.items()}
    lock, written = folder / "rollout.lock", [*targets]
    if there := [path for path in (*targets, lock) if path.exists()]:
        mend = "Run init in an empty folder."
        raise InputError([Fault(where=str(path), what="exists already.", mend=mend) for path in there])
    try:
        for path, source in targets.items():
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(source.read_bytes())
        ignore = folder / ".gitignore"
        if not ignore.exists():  # a repository that has one keeps it
            ignore.write_text(_IGNORED, encoding="utf-8")
            written.append(ignore)
        workspace = Workspace(folder / "rollout.yaml")
        return [*written, write_lock(workspace, build_lock(workspace))]
    except OSError as error:
        mend = "Give a folder you can write."
        raise InputError(Fault(where=str(folder), what=f"cannot be written: {error.strerror}.", mend=mend)) from None
