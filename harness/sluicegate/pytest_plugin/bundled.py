"""The bundled suites as files: which of them a stage needs, and how they join the collection."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import Any

import pytest

__all__ = ["Suite", "add_suites", "asks_for_suites", "bundled_suite", "shard_parameters"]

ANSWERS, OWN = "answers", "own_checks"


@cache
def _root() -> Path:
    from sluicegate.resources import data

    return data("suites").resolve()


def bundled_suite(path: Path) -> str | None:
    """The suite of a bundled test file, or None for any other file."""
    if path.parent != _root() and path.parent.resolve() != _root() and not _is_twin(path):
        return None
    return path.stem.removeprefix("test_")


@cache
def _is_twin(path: Path) -> bool:
    """Whether this is a bundled file in another place: the checkout's, where the wheel is what is installed."""
    bundled = _root() / path.name
    return path.parent.name == "suites" and bundled.is_file() and path.read_bytes() == bundled.read_bytes()


class Suite(pytest.Module):
    """A bundled test file; found whatever the user's naming rules, and named the same wherever it is installed."""

    def funcnamefilter(self, name: str) -> bool:
        """Every test of the file."""
        return name.startswith("test_")

    @classmethod
    def made(cls, path: Path, parent: pytest.Collector) -> pytest.Module:
        """The collector of the file at `path`."""
        if path.is_relative_to(parent.config.rootpath):
            return cls.from_parent(parent, path=path)
        name = f"sluicegate/suites/{path.name}"
        # Newer versions of pytest have a type for node ids, older ones text.
        kind: Any = type(getattr(parent, "id", ""))
        return cls.from_parent(parent, path=path, nodeid=name if kind is str else kind(path=name))


def add_suites(config: pytest.Config, *, suites: Iterable[str], has_cases: bool, own_checks: bool) -> None:
    """Have the suites collected, in this process, unless the arguments name some of them already."""
    if any(_is_within(argument, config) for argument in config.args):
        return
    names = [*([ANSWERS] if has_cases else []), *suites, *([OWN] if own_checks else [])]
    config.args += [str(_root() / f"test_{name}.py") for name in names]


def asks_for_suites(config: pytest.Config) -> bool:
    """Whether the arguments name the bundled suites, as `pytest suites` in the checkout does."""
    return any("suites" in argument and _is_within(argument, config) for argument in config.args)


def shard_parameters(shards: int) -> tuple[range, list[str]]:
    """Parameters and ids that share a check out between workers."""
    return range(shards), [f"{number + 1}of{shards}" for number in range(shards)]


def _is_within(argument: str, config: pytest.Config) -> bool:
    name = argument.partition("::")[0]
    if name.startswith("sluicegate.suites"):
        return True
    path = (config.invocation_params.dir / name).resolve()
    if path == _root() or _root() in path.parents:
        return True
    first = path / f"test_{ANSWERS}.py" if path.is_dir() else path
    return first.is_file() and _is_twin(first)
