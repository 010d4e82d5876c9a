"""What a set of cases says of itself: how many, of which slices, from where, and the digest that pins it."""

from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import field, replace
from hashlib import sha256
from pathlib import Path

from sluicegate.errors import Fault, InputError
from sluicegate.frozen import frozen
from sluicegate.model import Case, decode, encode
from sluicegate.plan.strict_json import parse_unique
from sluicegate.plan.textfile import read_bytes, read_text

__all__ = ["UNSLICED", "Manifest", "SetEntry", "drift", "entry_of", "manifest_of", "manifest_path", "write_manifest"]

_SCHEMA_VERSION = 1
_LIMIT = 4 * 1024 * 1024
UNSLICED = ""
"""The name under which a manifest counts cases without a slice."""


@frozen
class SetEntry:
    """One file of cases, as it was when somebody last looked at it."""

    cases: int
    sha256: str
    """Of the whole file, 64 hexadecimal digits."""
    origin: str
    """Where the cases come from, in words."""
    version: str = "1.0.0"
    licence: str = ""
    slices: Mapping[str, int] = field(default_factory=dict)
    """Slice to the number of its cases; the empty name counts those without one. Empty: not counted."""
    train: tuple[str, ...] = ()
    """Training rows, saved programs and prompts that must not hold a case of this set; relative to the manifest."""
    alike: tuple[tuple[str, ...], ...] = ()
    """Groups of case ids that are near-duplicates on purpose."""


@frozen
class Manifest:
    """The sets of one folder, by the name of their file."""

    schema_version: int
    sets: Mapping[str, SetEntry]


def manifest_path(file: Path) -> Path | None:
    """The manifest that names `file`: `<stem>.manifest.json` beside it, else `manifest.json` if that names it."""
    own = file.with_name(f"{file.stem}.manifest.json")
    if own.exists():
        return own
    shared = file.with_name("manifest.json")
    try:
        said = json.loads(shared.read_bytes())
    except (OSError, ValueError, RecursionError):
        return None
    sets = said.get("sets") if isinstance(said, dict) else None
    return shared if isinstance(sets, dict) and file.name in sets else None


def manifest_of(path: Path) -> Manifest:
    """The manifest at `path`, strictly read. Raises InputError with every fault."""
    text = read_text(read_bytes(path, "a manifest", limit=_LIMIT), str(path), limit=_LIMIT, what="a manifest")
    try:
        value = parse_unique(text)
    except (ValueError, RecursionError) as error:
        raise InputError(Fault(where=str(path), what=f"Is no JSON: {error}.")) from None
    manifest = decode(Manifest, value, str(path))
    if manifest.schema_version != _SCHEMA_VERSION:
        what = f"schema_version is {manifest.schema_version}; this release reads {_SCHEMA_VERSION}."
        raise InputError(Fault(where=str(path), what=what, mend="Read it with the release that wrote it."))
    return manifest


def entry_of(file: Path, cases: Iterable[Case], *, origin: str, before: SetEntry | None = None) -> SetEntry:
    """What is to be said of `file` as it stands; what only a person knows is kept from `before`."""
    slices = Counter(case.slice or UNSLICED for case in cases)
    kept = before or SetEntry(cases=0, sha256="", origin=origin)
    return replace(
        kept,
        cases=sum(slices.values()),
        sha256=sha256(file.read_bytes()).hexdigest(),
        origin=origin or kept.origin,
        slices=dict(sorted(slices.items())),
    )


def write_manifest(path: Path, name: str, entry: SetEntry) -> None:
    """Write `entry` as the set `name` of the manifest at `path`, its other sets kept; whole or not at all."""
    sets = dict(manifest_of(path).sets) if path.exists() else {}
    sets[name] = entry
    said = {"schema_version": _SCHEMA_VERSION, "sets": {key: _spelt(sets[key]) for key in sorted(sets)}}
    unfinished = path.with_name(f".{path.name}.new")
    try:
        unfinished.write_text(json.dumps(said, indent=2, sort_keys=True, ensure_ascii=False) + "\n", encoding="utf-8")
        os.replace(unfinished, path)
    except OSError as error:
        what = f"the manifest cannot be written: {error.strerror}."
        raise InputError(Fault(where=str(path), what=what, mend="Make the folder writable.")) from None


def _spelt(entry: SetEntry) -> dict[str, object]:
    """With version and licence, also where they are the usual ones: a person reads it."""
    return {"version": entry.version, "licence": entry.licence, **encode(entry)}


def drift(entry: SetEntry, slices: Mapping[str, int], digest: str) -> Iterator[str]:
    """What a file is that its manifest does not say: counts, the share of each slice, content."""
    count = sum(slices.values())
    if entry.cases != count:
        yield f"has {count} cases; its manifest says {entry.cases}."
    for name in sorted(entry.slices.keys() | slices.keys()) if entry.slices else ():
        before, after = entry.slices.get(name, 0), slices.get(name, 0)
        if before != after:
            said = f"slice '{name}'" if name else "no slice"
            was, is_now = _share(before, sum(entry.slices.values())), _share(after, count)
            yield f"{said}: {after} cases ({is_now}); its manifest says {before} ({was})."
    if entry.sha256 != digest:
        yield f"is not the file its manifest pins: SHA-256 {digest[:12]}… instead of {entry.sha256[:12]}…"


def _share(part: int, whole: int) -> str:
    return f"{part / whole:.1%}" if whole else "0.0%"
