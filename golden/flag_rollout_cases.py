"""Writes `flag_rollout.jsonl` and its manifest: run `python -m sluicegate.golden.flag_rollout_cases`.

Flags of the prefix `own_` are dealt by the pipeline's registry, all others by flagd; each law is asked of both.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from itertools import product
from pathlib import Path
from typing import Any

from sluicegate.golden.manifests import manifest_for

__all__ = ["cases", "manifest", "write"]

VERSION = "1.0.0"
Case = dict[str, Any]

_BACK_ENDS = ("rag", "own")
_ALIKE = (("flags-own-pinned", "flags-rag-pinned"),)
"""One scenario on two flags, each its own switch."""
_PINNED_ON: Mapping[str, Sequence[int]] = {
    "rag": (6, 13, 15, 41, 47),
    "own": (0, 1, 4, 9, 13, 14, 23, 34, 37, 40, 42, 43, 45, 47),
}
"""Of businesses 0 to 47, those that are on at 25 %. Written down from the first release, never computed again."""
_DRILLS = 4
"""Of each level, on each back end, each with a flag of its own."""
_START = "2026-01-05T08:00:00Z"
_WINDOW = {"since": "2026-01-05T18:00:00Z", "until": "2026-01-06T18:00:00Z"}
"""Businesses are enabled one an hour from the start on: 10 to 33 are in it, 34 is enabled as it ends."""


def cases() -> Iterator[Case]:
    """All of them, in the order of the file."""
    for end in _BACK_ENDS:
        yield _ladder(end)
        yield _case(f"{end}-apart", "independent", [f"{end}_one", f"{end}_two"], 500, [_at(25), _at(50)])
        yield _shared(end)
        yield _small(end)
        yield _pinned(end)
    yield _half_percent()
    for end, number in product(_BACK_ENDS, range(1, _DRILLS + 1)):
        yield from _drills(end, number)


def _case(name: str, tag: str, flags: Sequence[str], size: int, steps: Sequence[Case], **more: Any) -> Case:
    script = {
        "flags": list(flags),
        "population": {"size": size, "prefix": "business-"},
        "steps": list(steps),
        "marker": f"{flags[0]}.arrived",
        **more,
    }
    return {"id": f"flags-{name}", "tags": [tag], "needs": ["flags"], "given": {"flags": script}}


def _at(percent: float, **more: Any) -> Case:
    return {"percent": percent, **more}


def _ladder(end: str) -> Case:
    """Up the stages of the plan, nobody before and everybody after; and down again, where it must be as it was."""
    steps = [_at(0), _at(5), _at(25), _at(50), _at(100), _at(25)]
    return _case(f"{end}-ladder", "ladder", [f"{end}_ladder"], 600, steps)


def _shared(end: str) -> Case:
    flags = [f"{end}_drafts", f"{end}_snippets"]
    return _case(f"{end}-salt", "shared-salt", flags, 300, [_at(30)], salt=f"{end}-pilot")


def _small(end: str) -> Case:
    """Twenty businesses, the first of them by name: a share of so few may be nobody."""
    case = _case(f"{end}-small", "small", [f"{end}_small"], 18, [_at(25), _at(50), _at(100)], exposed_least=1)
    case["given"]["flags"]["units"] = [{"id": "acme-0"}, {"id": "zenith-1"}]
    return case


def _pinned(end: str) -> Case:
    on = [f"business-{number}" for number in _PINNED_ON[end]]
    off = [f"business-{number}" for number in range(48) if number not in _PINNED_ON[end]]
    return _case(f"{end}-pinned", "pinned", [f"{end}_pinned"], 48, [_at(25, on=on, off=off)])


def _half_percent() -> Case:
    """Half a percent, of enough businesses that nobody would be no chance. One of them has the registry's bucket 0."""
    return _case("own-half", "half-percent", ["own_half_5"], 3200, [_at(0), _at(0.5), _at(100)])


def _drills(end: str, number: int) -> Iterator[Case]:
    """On, taken back, on again; at each of the three levels."""
    on = _at(50)
    names = [f"business-{unit}" for unit in range(number, number + 24)]
    levels: Mapping[str, Case] = {
        "unit": {"off_units": names},
        "cohort": {"off_cohort": _WINDOW},
        "global": {"killed": True},
    }
    for level, scope in levels.items():
        name = f"{end}-{level}-{number}"
        flag = f"{end}_{level}_{number}"
        case = _case(name, f"rollback-{level}", [flag], 120, [on, _at(50, **scope, within_s=3.0), on], watch_s=8.0)
        case["given"]["flags"]["population"]["enabled_from"] = _START
        yield case


def manifest(lines: bytes) -> Mapping[str, Any]:
    """What the set is, and the digest that pins it."""
    origin = "written for this project by sluicegate.golden.flag_rollout_cases; nobody real"
    return manifest_for("flag_rollout.jsonl", lines, version=VERSION, origin=origin, alike=_ALIKE)


def write(folder: Path) -> None:
    """Write the set and its manifest into `folder`."""
    lines = "".join(json.dumps(case, ensure_ascii=False, sort_keys=True) + "\n" for case in cases()).encode()
    folder.joinpath("flag_rollout.jsonl").write_bytes(lines)
    said = json.dumps(manifest(lines), indent=2, sort_keys=True) + "\n"
    folder.joinpath("flag_rollout.manifest.json").write_text(said, encoding="utf-8")


if __name__ == "__main__":
    write(Path(__file__).parent)
