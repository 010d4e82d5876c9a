"""Which commit stands in a working tree, asked of git itself."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Sequence
from pathlib import Path

from sluicegate.errors import Fault, InputError

__all__ = ["commit_of", "covered_by"]

_WHERE = "subject.git"
_TIMEOUT_S = 60.0
# A repository's own settings must not run programs while it is asked what it holds.
_QUIET = ("-c", "core.fsmonitor=false", "-c", "core.hooksPath=/dev/null")


def commit_of(revision: str, base: Path, aside: Sequence[Path] = ()) -> str:
    """`git:<commit>` for a revision of the repository that `base` lies in, whose working tree must be clean.

    Changes below the paths in `aside` do not count as dirt. Raises InputError when there is no git, no repository,
    no such revision, or something is changed, staged or untracked.
    """
    top = Path(_git(base, "rev-parse", "--show-toplevel", fault=_no_repository(base)).rstrip("\n"))
    if revision.startswith("-") or not revision.strip():
        raise InputError(Fault(where=_WHERE, what=f"'{revision}' is not a revision.", mend="Write HEAD, or a tag."))
    unknown = Fault(where=_WHERE, what=f"'{revision}' names no commit in {top}.", mend="Write HEAD, a tag or a commit.")
    commit = _git(base, "rev-parse", "--verify", "--quiet", revision + "^{commit}", fault=unknown).strip()
    if dirt := _changed(top, aside):
        more = f" and {len(dirt) - 5} more" if len(dirt) > 5 else ""
        what = f"the working tree is dirty: {', '.join(dirt[:5])}{more}."
        raise InputError(Fault(where=_WHERE, what=what, mend="Commit, or add to .gitignore, what is part of no build."))
    return f"git:{commit}"


def covered_by(revision: str, base: Path, paths: Sequence[Path]) -> frozenset[Path]:
    """Files in or under resolved `paths` that the revision holds as they are committed here; none if it cannot tell.

    In a clean tree these are the files as they lie there.
    """
    untold = Fault(where=_WHERE, what="git cannot tell.")
    try:
        top = Path(_git(base, "rev-parse", "--show-toplevel", fault=untold).rstrip("\n")).resolve()
        inside = [str(path.relative_to(top)) for path in paths if path.is_relative_to(top)]
        if not inside or revision.startswith("-"):
            return frozenset()
        asked = ("--literal-pathspecs", "-C", str(top))
        tree = _git(base, *asked, "ls-tree", "-r", "-z", revision, "--", *inside, fault=untold)
        index = _git(base, *asked, "ls-files", "-s", "-z", "--", *inside, fault=untold)
    except InputError:
        return frozenset()  # a path within another repository, say; no repository at all is told elsewhere
    # `mode blob <object>\tpath` of the tree, `mode <object> stage\tpath` of the index.
    held = {(path, said.split()[2]) for said, _, path in _entries(tree)}
    here = {(path, said.split()[1]) for said, _, path in _entries(index)}
    return frozenset(top / path for path, _ in held & here)


def _entries(said: str) -> list[tuple[str, str, str]]:
    return [entry.partition("\t") for entry in said.split("\0") if entry]


def _changed(top: Path, aside: Sequence[Path]) -> list[str]:
    unread = Fault(where=_WHERE, what=f"git cannot tell the state of {top}.", mend="Run: git status")
    said = _git(top, "status", "--porcelain=v1", "-z", "--untracked-files=all", "--no-renames", fault=unread)
    apart = [path.resolve() for path in aside]
    changed = [entry[3:] for entry in said.split("\0") if entry]
    return [name for name in changed if not any((top / name).resolve().is_relative_to(path) for path in apart)]


def _no_repository(base: Path) -> Fault:
    mend = "Run git init and commit, or name what serves by files or values."
    return Fault(where=_WHERE, what=f"{base} is not in a git repository.", mend=mend)


def _git(folder: Path, *arguments: str, fault: Fault) -> str:
    """What git prints. Raises InputError(fault) when it fails, with what it said."""
    try:
        done = subprocess.run(  # noqa: S603 - argument list, no shell
            ["git", *_QUIET, *arguments],  # noqa: S607 - the user's own git, from PATH
            cwd=folder,
            env=_environment(),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=_TIMEOUT_S,
            check=False,
        )
    except FileNotFoundError:
        missing = Fault(where=_WHERE, what="git is not installed.", mend="Install git, or name files or values.")
        raise InputError(missing) from None
    except subprocess.TimeoutExpired:
        slow = Fault(where=_WHERE, what=f"git did not answer within {_TIMEOUT_S:.0f} s.", mend="Run: git status")
        raise InputError(slow) from None
    if done.returncode != 0:
        said = os.fsdecode(done.stderr).strip().splitlines()
        reason = f"{fault.what} ({said[0]})" if said else fault.what
        raise InputError(Fault(where=fault.where, what=reason, mend=fault.mend))
    return os.fsdecode(done.stdout)


def _environment() -> dict[str, str]:
    """Without GIT_DIR and its kin, which would point elsewhere (a hook's own environment does)."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    return kept | {"GIT_OPTIONAL_LOCKS": "0", "GIT_TERMINAL_PROMPT": "0", "LC_ALL": "C"}
