"""The manifest of a generated set: what it is, its slices, and the digest that pins it."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from hashlib import sha256
from typing import Any

__all__ = ["manifest_for"]


def manifest_for(
    name: str, lines: bytes, *, version: str, origin: str, alike: Sequence[Sequence[str]] = ()
) -> dict[str, Any]:
    """The manifest of the set `name`, whose file holds `lines`; `alike` are groups of near-duplicates on purpose."""
    slices = Counter(json.loads(line).get("slice") or "" for line in lines.splitlines())
    said: dict[str, Any] = {
        "version": version,
        "sha256": sha256(lines).hexdigest(),
        "cases": lines.count(b"\n"),
        "slices": dict(sorted(slices.items())),
        "licence": "Apache-2.0",
        "origin": origin,
    }
    if alike:
        said["alike"] = [list(group) for group in alike]
    return {"schema_version": 1, "sets": {name: said}}
