"""A test process's line to the broker: opened when first needed, one for the whole session."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

import pytest

from sluicegate.frozen import frozen

if TYPE_CHECKING:
    from sluicegate.broker.client import Client
    from sluicegate.pytest_plugin.interrupts import Interrupts

__all__ = ["LINK", "Link", "Reach", "link_of", "needed_link", "run_ended"]


@frozen
class Reach:
    """What the controller tells every worker; plain values, since xdist carries them."""

    address: str
    token: str
    base: str
    """Folder of the plan; ids of tests and names of case files are relative to it."""
    stage: str
    suites: list[str]
    has_cases: bool
    files: list[str]
    shards: int
    rerun: str
    """What is typed before ` --sluicegate-case ID`."""
    selected: bool = False
    """Only some cases run: a check that applies to none of them says nothing, and the run cannot promote."""

    def plain(self) -> dict[str, Any]:
        """For `workerinput`."""
        return asdict(self)


@dataclass(slots=True)
class Link:
    """The connection of this process."""

    reach: Reach
    reads: list[str | None] = field(default_factory=list)
    """The groups that the collected tests read; None among them is every case of the stage."""
    fault: str = ""
    """Why there is nothing to read."""
    _client: Client | None = field(default=None)
    is_begun: bool = False
    """This process has asked for the run."""
    interrupts: Interrupts | None = None
    """Where Ctrl-C is remembered: in the process that the user started."""

    @property
    def client(self) -> Client:
        """Connected."""
        if self._client is None:
            from sluicegate.broker.client import Client

            self._client = Client(self.reach.address, self.reach.token)
        return self._client

    def begin(self) -> None:
        """Have the pipeline started, once; what keeps it from starting is kept in `fault`."""
        if self.is_begun:
            return
        self.is_begun = True
        from sluicegate.errors import SluicegateError

        try:
            self.client.begin(reads=self.reads)
        except SluicegateError as error:
            self.fault = str(error)

    def tell(self, op: str, body: Mapping[str, Any]) -> None:
        """Report a record. A broker that is gone fails no test: what it has not recorded cannot promote."""
        if self.fault:
            return
        from sluicegate.errors import SluicegateError

        try:
            self.client.tell(op, body)
        except SluicegateError as error:
            self.fault = str(error)

    @property
    def records(self) -> bool:
        """There is a ledger to report to."""
        return self.is_begun and not self.fault

    @staticmethod
    def has_ended(raised: BaseException) -> bool:
        """Whether this was raised because the run was stopped or the broker is gone, not because of what it gave."""
        from sluicegate.errors import SluicegateError

        return isinstance(raised, SluicegateError) or getattr(raised, _OF_THE_RUN, False)

    def rerun(self, case_id: str) -> str:
        """The command that runs only this case again."""
        return f"{self.reach.rerun} --sluicegate-case {shlex.quote(case_id)}"

    def heed(self) -> None:
        """Raise the KeyboardInterrupt that got lost on its way, if one did."""
        if self.is_interrupted:
            raise KeyboardInterrupt

    @property
    def is_interrupted(self) -> bool:
        """Somebody has pressed Ctrl-C here."""
        return self.interrupts is not None and self.interrupts.seen

    def close(self) -> None:
        """Hang up."""
        if self._client is not None:
            self._client.close()
            self._client = None


def run_ended(fault: Exception) -> BaseException:
    """What a test raises that cannot read on for no fault of its own: pytest shows the fault, and no traceback."""
    failed: BaseException = pytest.fail.Exception(str(fault), pytrace=False)
    setattr(failed, _OF_THE_RUN, True)
    return failed


_OF_THE_RUN = "sluicegate_run_ended"


LINK = pytest.StashKey[Link]()


def link_of(config: pytest.Config) -> Link | None:
    """The session's link, when this run has a plan."""
    return config.stash.get(LINK, None)


def needed_link(config: pytest.Config, what: str) -> Link:
    """The link of a test that cannot do without. Fails the test with the line to type."""
    link = link_of(config)
    if link is None:
        pytest.fail(f"{what}: this run has no plan. Run: pytest --sluicegate-plan rollout.yaml", pytrace=False)
    link.heed()
    if not (config.option.setuponly or config.option.setupplan):
        link.begin()
    if link.fault:
        pytest.fail(link.fault, pytrace=False)
    return link
