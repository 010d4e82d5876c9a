"""What serves, and what measures it, as digests: a change of any part is another subject or another apparatus.

Exposure settings (percentage, flags, cohorts) belong to neither.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import fields, is_dataclass, replace
from enum import Enum
from fractions import Fraction
from hashlib import sha256
from pathlib import Path, PurePosixPath
from typing import Any

from sluicegate.errors import Fault, InputError
from sluicegate.model import Json, canonical, digest_bytes, digest_of
from sluicegate.plan.lock import Lock, lock_digest
from sluicegate.plan.types import Plan, SubjectSpec
from sluicegate.sources.asked import said_by_command, said_by_service
from sluicegate.sources.git import commit_of
from sluicegate.sources.imports import digest_of_files

__all__ = ["apparatus_digest", "imports_part", "measuring_parts", "missing_files", "named_files", "subject_digest"]

_WHERE = "subject"
_CACHES = frozenset({"__pycache__", ".git"})


def subject_digest(
    spec: SubjectSpec, base: Path, *, aside: Iterable[Path] = (), unnamed: Mapping[str, Path] | None = None
) -> tuple[str, dict[str, str]]:
    """The subject's digest, and its parts by name: `git`, `models`, each set of files, each value, each one asked for.

    `base` is the folder of the plan; patterns are relative to it and may not leave it. What lies in `aside` (state
    file, evidence) may change without making a git tree dirty. What the pipeline runs besides, `unnamed` by the spec,
    is a part of its own: `imports`. Raises InputError with every fault found: a dirty tree, no repository, a pattern
    that matches no file, a file outside of `base`, two parts of one name, nothing named, a service or command that does
    not say what it is, a file that cannot be read.
    """
    faults: list[Fault] = []
    parts: dict[str, str] = {}
    if spec.git is not None:
        parts["git"] = _collected(faults, "", commit_of, spec.git, base, tuple(aside))
    for name, patterns in spec.files.items():
        _add(parts, name, "sha256:" + _collected(faults, "", _files_digest, name, patterns, base), faults)
    if spec.models:
        _add(parts, "models", ", ".join(sorted(set(spec.models))), faults)
    for name, value in spec.values.items():
        _add(parts, name, value, faults)
    for name, url in spec.services.items():
        _add(parts, name, _collected(faults, "", said_by_service, url, name), faults)
    for name, argv in spec.commands.items():
        _add(parts, name, _collected(faults, "", said_by_command, argv, name, base), faults)
    if not parts:
        mend = "Name what serves: code: {git: HEAD}, prompts: {files: …}, models: […]."
        faults.append(Fault(where=_WHERE, what="names nothing.", mend=mend))
    if unnamed:
        parts[imports_part(spec)] = "sha256:" + _collected(faults, "", _imports_digest, unnamed)
    if faults:
        raise InputError(faults)
    return digest_of({"parts": parts}), parts


def imports_part(spec: SubjectSpec) -> str:
    """The part of files that the pipeline runs and no other part names; one that the user calls so stays the user's."""
    is_taken = any("imports" in parts for parts in (spec.files, spec.values, spec.services, spec.commands))
    return "imports (unnamed)" if is_taken else "imports"


def missing_files(spec: SubjectSpec, base: Path) -> list[Fault]:
    """What is wrong with the files the subject names, seen without asking anybody: a gate would end with it."""
    faults: list[Fault] = []
    for name, patterns in spec.files.items():
        _collected(faults, "", _files_digest, name, patterns, base)
    return faults


def apparatus_digest(
    plan: Plan,
    *,
    lock: Lock | None,
    case_files: Mapping[str, str],
    engine: str,
    prices: str | None = None,
    scorers: Mapping[str, str] | None = None,
) -> tuple[str, dict[str, str]]:
    """The apparatus digest and its parts: plan and lock (exposure settings left out), case files, engine.

    `case_files` maps each case file's name to the SHA-256 of its content. `prices` names the price table, where one
    is read; `scorers` maps metrics to the digests of the user's own code that scores them.
    """
    parts = {
        "plan": digest_bytes(canonical(_plain(plan))),
        # The lock quotes the digest of the plan's bytes, which an exposure setting changes too.
        "lock": "" if lock is None else lock_digest(replace(lock, plan_digest="")),
        "cases": digest_of(dict(case_files)),
        "engine": engine,
        **({} if prices is None else {"prices": prices}),
        **({"scorers": digest_of(dict(scorers))} if scorers else {}),
    }
    return digest_of({"parts": parts}), parts


def measuring_parts(plan: Plan, *, contracts: Mapping[str, str], engine: str) -> dict[str, str]:
    """What decides how a trial is measured, part by part: runs that differ in any of it cannot be compared.

    Every field of the plan that is not about another question (what serves, which cases, lines and stages, how long a
    verdict lasts), its own metrics one by one, the contracts by their digest, and the engine.
    """
    parts = {"engine": engine}
    for item in fields(plan):
        if item.name not in _OF_NO_MEASURE:
            parts[item.name] = digest_of(_plain(getattr(plan, item.name)))
    parts["capabilities"] = digest_of(_plain(plan.pipeline.capabilities))
    parts |= {f"metric {name}": digest_of(_plain(metric)) for name, metric in plan.metrics.items()}
    return parts | {f"contract {name}": digest for name, digest in contracts.items()}


_OF_NO_MEASURE = frozenset(
    {"path", "digest", "name", "state", "pipeline", "subject", "cases", "golden", "slices", "metrics", "stages"}
    | {"schemas", "concurrency", "load", "valid_for_s", "max_evidence_age_s", "daily_traffic"}
)

# Where it stands, how a number is spelt, who sees the subject and what serves are no part of what measures.
_LEFT_OUT = {"Plan": frozenset({"path", "digest", "subject"}), "Exposure": frozenset({"percent", "settings"})}
_ALWAYS_LEFT_OUT = frozenset({"line", "text"})


def _plain(value: Any) -> Json:
    """A plan as JSON: what it asks, without where it stands in a file or how it spells a number."""
    match value:
        case Enum():
            return value.value
        case Fraction():
            return f"{value.numerator}/{value.denominator}"
        case Path():
            return value.name
        case Mapping():
            return {str(key): _plain(item) for key, item in value.items()}
        case list() | tuple() | frozenset():
            items = [_plain(item) for item in value]
            return sorted(items) if isinstance(value, frozenset) else items
    return _fields(value) if is_dataclass(value) else value


def _fields(value: Any) -> Json:
    kind = type(value).__name__
    left_out = _LEFT_OUT.get(kind, frozenset()) | _ALWAYS_LEFT_OUT
    kept = [item.name for item in fields(value) if item.name not in left_out]
    return {"is": kind, **{name: _plain(getattr(value, name)) for name in kept}}


def _collected(faults: list[Fault], default: str, ask: Any, *args: Any) -> str:
    try:
        answer: str = ask(*args)
    except InputError as error:
        faults.extend(error.faults)
        return default
    return answer


def _add(parts: dict[str, str], name: str, value: str, faults: list[Fault]) -> None:
    if name in parts:
        what = f"has two parts named '{name}'."
        faults.append(Fault(where=_WHERE, what=what, mend="Give each part a name of its own."))
    parts[name] = value


def _imports_digest(files: Mapping[str, Path]) -> str:
    try:
        return digest_of_files(files)
    except OSError as error:
        what = f"'{error.filename}' cannot be read: {error.strerror}."
        mend = "Make it readable: the pipeline runs it."
        raise InputError(Fault(where=f"{_WHERE}.imports", what=what, mend=mend)) from None


def _files_digest(name: str, patterns: Sequence[str], base: Path) -> str:
    found = named_files(name, patterns, base)
    whole = sha256()
    for path in sorted(found):
        whole.update(f"{path}\0{_content_digest(found[path], name)}\n".encode("utf-8", "surrogateescape"))
    return whole.hexdigest()


def named_files(name: str, patterns: Sequence[str], base: Path) -> dict[str, Path]:
    """The files a part names, by their path under `base`. Raises InputError as `subject_digest` does."""
    faults: list[Fault] = []
    found: dict[str, Path] = {}
    root = base.resolve()
    for pattern in patterns:
        matched = _matches(name, pattern, root, faults)
        if not matched and not faults:
            what = f"'{pattern}' matches no file in {root}."
            faults.append(Fault(where=f"subject.{name}", what=what, mend="Mend the pattern, or remove the part."))
        found.update(matched)
    if faults:
        raise InputError(faults)
    return found


def _matches(name: str, pattern: str, root: Path, faults: list[Fault]) -> dict[str, Path]:
    """Files by their path under `root`, as matched: a symbolic link counts under its own name."""
    where = f"subject.{name}"
    asked = PurePosixPath(pattern)
    if not pattern or asked.is_absolute() or ".." in asked.parts:
        what = f"'{pattern}' leaves the folder of the plan."
        faults.append(Fault(where=where, what=what, mend="Name files under that folder."))
        return {}
    found = {}
    # Until Python 3.13 a trailing ** meant folders only; here it means what it looks like.
    for path in root.glob(f"{pattern}/*" if asked.name == "**" else pattern):
        shown = path.relative_to(root).as_posix()
        if _CACHES & set(path.relative_to(root).parts):
            continue
        if path.is_symlink() and not path.exists():
            faults.append(Fault(where=where, what=f"'{shown}' is a link to nothing.", mend="Mend or remove it."))
        elif not path.resolve().is_relative_to(root):
            what = f"'{shown}' leads outside, to {path.resolve()}."
            faults.append(Fault(where=where, what=what, mend="Keep what serves under the folder of the plan."))
        elif path.is_file():
            found[shown] = path
    return found


def _content_digest(path: Path, name: str) -> str:
    content = sha256()
    try:
        with path.open("rb") as file:
            while chunk := file.read(1 << 20):
                content.update(chunk)
    except OSError as error:
        what = f"'{path}' cannot be read: {error.strerror}."
        raise InputError(Fault(where=f"subject.{name}", what=what, mend="Make it readable.")) from None
    return content.hexdigest()
