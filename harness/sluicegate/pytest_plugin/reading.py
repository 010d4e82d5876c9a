"""The `outputs` fixture: the pipeline's answers, read from the broker as they come, kept by nobody."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from sluicegate.pytest_plugin.ids import MARKER
from sluicegate.pytest_plugin.link import Link, needed_link, run_ended

if TYPE_CHECKING:
    from sluicegate.model import Case, Output, Trial

__all__ = ["Outputs", "group_of", "outputs_for"]


class Outputs:
    """Iterating gives `(case, output)` for every trial, in the order in which they end; again from the first each time.

    A trial whose pipeline crashed is among them: its output has an `error` and nothing else.
    """

    def __init__(self, link: Link, group: str | None) -> None:
        self._link = link
        self._group = group
        self.count = 0
        """Outputs read so far."""

    def __iter__(self) -> Iterator[tuple[Case, Output]]:
        for trial in self.trials():
            yield trial.case, trial.output

    def trials(self) -> Iterator[Trial]:
        """The same with every delivery, the repeat, and what the doubles saw. Fails the test when the run did."""
        from sluicegate.errors import SluicegateError

        try:
            for served in self._link.client.trials(group=self._group):
                self._link.heed()
                self.count += 1
                yield served.trial
        except SluicegateError as error:
            raise run_ended(error) from None


OUTPUTS = pytest.StashKey[Outputs]()


def outputs_for(request: pytest.FixtureRequest) -> Outputs:
    """The fixture's value."""
    link = needed_link(request.config, "outputs")
    made = Outputs(link, group_of(request.node, link))
    request.node.stash[OUTPUTS] = made
    return made


def group_of(item: pytest.Item, link: Link) -> str | None:
    """What a test reads: the group its marker names, or everything."""
    marker = item.get_closest_marker(MARKER)
    golden, suite = (marker.kwargs.get("golden"), marker.kwargs.get("suite")) if marker else (None, None)
    if golden is not None:
        return f"file:{_file(str(golden), item.config.rootpath, link)}"
    return str(suite) if suite is not None else None


def _file(given: str, root: Path, link: Link) -> str:
    """The case file by the name that the lock has for it: relative to the plan, whatever the test wrote."""
    if given in link.reach.files:
        return given
    return os.path.relpath(root / given, link.reach.base).replace(os.sep, "/")
