"""What the user's own marked tests did, observed where they run and told to the broker.

The outcome is taken at the innermost place, the call of the test function itself: a report can be rewritten by any
plugin before anybody reads it.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from sluicegate.pytest_plugin.bundled import bundled_suite
from sluicegate.pytest_plugin.expecting import ASSERTIONS
from sluicegate.pytest_plugin.ids import has_plain_assertion, is_own_test, shadowed, test_id
from sluicegate.pytest_plugin.link import Link
from sluicegate.pytest_plugin.reading import OUTPUTS, group_of

__all__ = ["BUNDLED", "Recorder"]

BUNDLED = "sluicegate_bundled"
"""Attribute of a report, kept by xdist: it is about a bundled test."""

_BADNESS = ("passed", "xpassed", "skipped", "xfailed", "failed", "error")


@dataclass(slots=True)
class _Attempt:
    """One attempt at one own test."""

    test_id: str
    number: int
    fixtures: set[object]
    """Definitions of the fixtures it shares with other tests: one that fails at its end fails each of them."""
    outcome: str = "passed"
    assertions: int = 0
    at_end: bool = False
    """The error came from a teardown."""

    def saw(self, outcome: str, *, at_end: bool = False) -> None:
        """Take note; the worse of two outcomes stays."""
        self.at_end = self.at_end or (at_end and self.outcome != "error")
        if _BADNESS.index(outcome) > _BADNESS.index(self.outcome):
            self.outcome = outcome


class Recorder:
    """Reports each attempt at each own test, and this process as a shard."""

    def __init__(self, link: Link, *, worker: str) -> None:
        self._link = link
        self._worker = worker
        self._attempt: _Attempt | None = None
        self._reads = False
        self._planned = self._run = 0
        self._twice: set[str] = set()
        self._passed: list[_Attempt] = []
        """Told when everything they used has come to its end."""
        self._ended: set[object] = set()
        """Definitions of the shared fixtures that ended with the present test."""

    @pytest.hookimpl(trylast=True)
    def pytest_collection_finish(self, session: pytest.Session) -> None:
        """What is left after every selection decides what has to be produced."""
        own = [item for item in session.items if is_own_test(item)]
        self._reads = bool(own) or any(_reads(item) for item in session.items)
        reads = {group for item in session.items for group in self._groups(item)}
        self._link.reads = sorted(reads, key=lambda group: (group is not None, group or ""))
        self._twice = {self._id(item) for item, _ in shadowed(own)}

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_setup(self, item: pytest.Item) -> Generator[None, None, None]:
        """Each set-up begins an attempt; a second one is a rerun, whatever the terminal shows of it."""
        if is_own_test(item):
            number = 1
            if self._attempt is not None:
                number = self._attempt.number + 1
                self._tell()
            self._attempt = _Attempt(self._id(item), number, _shared_fixtures(item))
        try:
            return (yield)
        except BaseException as raised:  # pytest's own outcomes are among them; pytest goes on to see it
            self._saw(item, raised, "error")
            raise

    @pytest.hookimpl(wrapper=True, trylast=True)
    def pytest_pyfunc_call(self, pyfuncitem: pytest.Function) -> Generator[None, object, object]:
        """Around the test function and nothing else."""
        expectations = pyfuncitem.stash.get(ASSERTIONS, None)
        try:
            result = yield
            self._count(pyfuncitem)
        except BaseException as raised:  # as above
            self._count(pyfuncitem)
            self._saw(pyfuncitem, raised, "failed")
            raise
        if expectations is not None and expectations.failed_cases and self._attempt is not None:
            self._attempt.saw("failed")
        return result

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_makereport(self, item: pytest.Item, call: pytest.CallInfo[None]) -> Generator[None, Any, Any]:
        """Marks decide between a failure and an expected one; a failing teardown is an error."""
        report = yield
        # Nothing of ours ends with an error: what fails at the end of a bundled test is a fixture of the user's.
        if bundled_suite(item.path) is not None and call.when != "teardown":
            setattr(report, BUNDLED, True)
        if call.when == "teardown" and report.failed:
            for passed in self._passed:
                if passed.fixtures & self._ended:
                    passed.saw("error", at_end=True)
        if not is_own_test(item) or self._attempt is None or type(report) is not pytest.TestReport:
            return report
        if getattr(report, "wasxfail", None) is not None:
            self._attempt.outcome = "xpassed" if report.passed else "xfailed"
        elif report.failed:
            ended = call.excinfo is not None and self._link.has_ended(call.excinfo.value)
            self._attempt.saw("error" if ended or call.when != "call" else "failed", at_end=call.when == "teardown")
        elif report.skipped:
            self._attempt.saw("skipped")
        return report

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Generator[None, object, object]:
        """The whole of an item, all its attempts included."""
        own = is_own_test(item)
        self._planned += own
        self._attempt = None
        self._ended.clear()
        try:
            return (yield)
        finally:
            if own:
                self._tell()
                self._run += 1

    def pytest_fixture_post_finalizer(self, fixturedef: pytest.FixtureDef[Any]) -> None:
        """A fixture has come to its end, well or not."""
        if fixturedef.scope != "function":
            self._ended.add(fixturedef)

    def start(self) -> None:
        """Have the pipeline started, if any test that is left reads it or counts."""
        if self._reads:
            self._link.begin()

    def open(self) -> None:
        """Say that this process takes part; until `close` the run is not whole."""
        self._link.tell("open_shard", {"name": self._worker, "planned": 0})

    def close(self) -> None:
        """The last word of this process."""
        from sluicegate.errors import SluicegateError

        for passed in self._passed:
            self._say(passed)
        self._passed.clear()
        body = {"name": self._worker, "planned": self._planned, "run": self._run, "closed": True}
        try:
            self._link.tell("close_shard", body)
            self._link.client.sync()
        except SluicegateError as error:
            self._link.fault = self._link.fault or str(error)

    def _groups(self, item: pytest.Item) -> Iterator[str | None]:
        suite = bundled_suite(item.path)
        if suite is not None:
            yield suite if suite in self._link.reach.suites else None
        elif "outputs" in getattr(item, "fixturenames", ()):
            yield group_of(item, self._link)

    def _id(self, item: pytest.Item) -> str:
        return test_id(item, Path(self._link.reach.base))

    def _saw(self, item: pytest.Item, raised: BaseException, otherwise: str) -> None:
        """What was raised out of a set-up or a test, as an outcome; a session that is broken off says nothing of it."""
        if self._attempt is None or not is_own_test(item):
            return
        if isinstance(raised, KeyboardInterrupt | pytest.exit.Exception):
            self._attempt = None
        elif isinstance(raised, pytest.xfail.Exception):
            self._attempt.saw("xfailed")
        elif isinstance(raised, pytest.skip.Exception):
            self._attempt.saw("skipped")
        else:
            self._attempt.saw("error" if self._link.has_ended(raised) else otherwise)

    def _count(self, item: pytest.Function) -> None:
        """Assertions: those of `expect`, and one for plain asserts, which nobody counts, where there was a case."""
        attempt = self._attempt
        if attempt is None or not is_own_test(item):
            return
        expectations = item.stash.get(ASSERTIONS, None)
        outputs = item.stash.get(OUTPUTS, None)
        attempt.assertions = expectations.count if expectations is not None else 0
        if has_plain_assertion(item) and (outputs is None or outputs.count):
            attempt.assertions += 1

    def _tell(self) -> None:
        attempt, self._attempt = self._attempt, None
        if attempt is None or not self._link.records or self._link.is_interrupted:
            # What a test says that was interrupted, whatever Python made of the interrupt, is no word on the pipeline.
            return
        if attempt.fixtures and attempt.outcome == "passed":
            self._passed.append(attempt)
        else:
            self._say(attempt)

    def _say(self, attempt: _Attempt) -> None:
        body = {
            "test_id": attempt.test_id,
            "outcome": attempt.outcome,
            "assertions": attempt.assertions,
            "attempt": attempt.number,
            "worker": self._worker,
            **({"at_end": True} if attempt.at_end else {}),
        }
        self._link.tell("test", body)
        if attempt.test_id in self._twice:
            # The other test of this name never ran: as two reports of one test, neither counts.
            self._link.tell("test", body)


def _shared_fixtures(item: pytest.Item) -> set[object]:
    info = getattr(item, "_fixtureinfo", None)
    definitions = getattr(info, "name2fixturedefs", {})
    return {one for several in definitions.values() for one in several if one.scope != "function"}


def _reads(item: pytest.Item) -> bool:
    return bundled_suite(item.path) is not None or "outputs" in getattr(item, "fixturenames", ())
