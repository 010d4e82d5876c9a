"""The flags file: percentage flags in the format of flagd, changed as a case says while the pipeline reads it."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from sluicegate.model import Json, parse_time

__all__ = ["VARIABLE", "FlagFile", "flagd_flag"]

VARIABLE = "SLUICEGATE_FLAGS_FILE"
"""Environment variable that names the file."""

_PARTS = 10_000
"""Steps of 0.01 %; the total stays the same at every percentage, else flagd would deal everybody anew."""


def flagd_flag(change: Mapping[str, Json]) -> dict[str, Any]:
    """One flag of a flagd document. `enabled_at` is read from the evaluation context, in seconds since 1970.

    Taken back is the variant `off`, never the state DISABLED, for which flagd returns the caller's default.
    """
    variants = {"state": "ENABLED", "variants": {"on": True, "off": False}, "defaultVariant": "off"}
    if change.get("killed"):
        return variants
    rule: Json = {"fractional": [*_dealt_by(change.get("salt")), *_shares(change["percent"])]}
    cohort = change.get("off_cohort")
    if isinstance(cohort, Mapping):
        since, until = (parse_time(str(cohort[name])).timestamp() for name in ("since", "until"))
        at: Json = {"var": "enabled_at"}
        rule = {"if": [{"and": [{">=": [at, since]}, {"<": [at, until]}]}, "off", rule]}
    if units := change.get("off_units"):
        rule = {"if": [{"in": [{"var": "targetingKey"}, units]}, "off", rule]}
    return {**variants, "targeting": rule}


def _dealt_by(salt: Json) -> list[Json]:
    """By default flagd deals by the flag's name and the unit; flags that share a salt are dealt by that."""
    return [] if salt is None else [{"cat": [f"{salt}:", {"var": "targetingKey"}]}]


def _shares(percent: Any) -> list[Json]:
    on = round(float(percent) * _PARTS / 100)
    return [["on", on], ["off", _PARTS - on]]


class FlagFile:
    """A document of flags, rewritten whole at each change; readers see the former or the next one, never a part."""

    by = "flags file"

    def __init__(self, path: Path) -> None:
        self.path = path
        self._flags: dict[str, dict[str, Any]] = {}
        self._write()

    async def open(self) -> None:
        """The file is there already."""

    async def change(self, change: Mapping[str, Json]) -> str | None:
        """Set one flag. Says what went wrong where the file cannot be written."""
        self._flags[str(change["flag"])] = flagd_flag(change)
        try:
            self._write()
        except OSError as error:
            return f"{self.path} cannot be written: {error.strerror or error}"
        return None

    async def aclose(self) -> None:
        """Nothing was started."""

    def _write(self) -> None:
        beside = self.path.with_name(f"{self.path.name}.new")
        beside.write_text(json.dumps({"flags": self._flags}), encoding="utf-8")
        os.replace(beside, self.path)
