"""`expect(case, value)`: what an output must say; counted when asserted, reported by case when the test ends."""

from __future__ import annotations

import re
from collections.abc import Callable, Generator
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest

from sluicegate.pytest_plugin.failing import FailedCase, report_failures
from sluicegate.pytest_plugin.link import link_of

if TYPE_CHECKING:
    from sluicegate.model import Case

__all__ = ["ASSERTIONS", "Expectation", "Expectations", "expectations_for"]

ASSERTIONS = pytest.StashKey["Expectations"]()
"""Where an item keeps what its test has expected so far."""

_EXCERPT = 300
_MOST_KEPT = 1000


class Expectations:
    """The `expect` fixture of one test."""

    def __init__(self, *, rerun: Callable[[str], str], subtests: Any) -> None:
        self.count = 0
        """Assertions made, whatever they found."""
        self.failed_cases = 0
        self._failures: dict[str, list[str]] = {}
        self._rerun = rerun
        self._subtests = subtests

    def __call__(self, case: Case, value: Any) -> Expectation:
        """Begin an assertion about `value`, an output or a part of one, in this case."""
        return Expectation(case.id, value, self)

    def asserted(self, case_id: str, fault: str | None) -> None:
        """Count one assertion, and keep what it found."""
        self.count += 1
        if fault is None:
            return
        if case_id in self._failures:
            self._failures[case_id].append(fault)
            return
        self.failed_cases += 1
        if self.failed_cases <= _MOST_KEPT:
            self._failures[case_id] = [fault]

    def settle(self) -> None:
        """Report every case that failed. Raises pytest's Failed when there is one."""
        cases = [
            FailedCase(case_id=case_id, lines=tuple(faults), rerun=self._rerun(case_id))
            for case_id, faults in self._failures.items()
        ]
        total, self.failed_cases, self._failures = self.failed_cases, 0, {}
        report_failures(cases, total=total, subtests=self._subtests)


@dataclass(frozen=True, slots=True)
class Expectation:
    """One value under assertion. Each method is one assertion and returns this, so that several can be chained."""

    case_id: str
    value: Any
    _all: Expectations

    def contains(self, part: Any) -> Expectation:
        """`part` occurs in the value (as text, or as a member)."""
        return self._hold(_holds(lambda: part in self.value), f"contains {part!r}")

    def lacks(self, part: Any) -> Expectation:
        """`part` does not occur in the value; a value that is missing lacks nothing, and fails."""
        return self._hold(_holds(lambda: part not in self.value), f"does not contain {part!r}")

    def equals(self, other: Any) -> Expectation:
        """The value is `other`."""
        return self._hold(_holds(lambda: self.value == other), f"equals {other!r}")

    def matches(self, pattern: str) -> Expectation:
        """The regular expression is found in the text."""
        return self._hold(_holds(lambda: re.search(pattern, self.value)), f"matches /{pattern}/")

    def is_true(self, said: str = "is true") -> Expectation:
        """The value is true; `said` names what that means."""
        return self._hold(_holds(lambda: self.value), said)

    def _hold(self, holds: bool, said: str) -> Expectation:
        self._all.asserted(self.case_id, None if holds else f"expected: {said}\nseen: {_shown(self.value)}")
        return self


def expectations_for(request: pytest.FixtureRequest) -> Expectations:
    """The fixture's value; the item keeps it too, so that the plugin can settle it when the test ends."""
    link = link_of(request.config)
    plugins = request.config.pluginmanager
    if not plugins.hasplugin(_SETTLING):
        plugins.register(_Settling(), _SETTLING)
    made = Expectations(rerun=link.rerun if link is not None else _no_command, subtests=subtests_of(request))
    request.node.stash[ASSERTIONS] = made
    return made


_SETTLING = "sluicegate-settling"


class _Settling:
    """Reports what was expected in vain before the test counts as passed; there only once a test expects something."""

    @pytest.hookimpl(wrapper=True)
    def pytest_pyfunc_call(self, pyfuncitem: pytest.Function) -> Generator[None, object, object]:
        expectations = pyfuncitem.stash.get(ASSERTIONS, None)
        try:
            result = yield
        except BaseException:  # a failure, a skip, an interrupt: what was expected besides is told first
            if expectations is not None:
                with suppress(pytest.fail.Exception):
                    expectations.settle()
            raise
        if expectations is not None:
            expectations.settle()
        return result


def _no_command(_case_id: str) -> str:
    return ""


def subtests_of(request: pytest.FixtureRequest) -> Any:
    """Pytest's own subtests where this version has them."""
    try:
        return request.getfixturevalue("subtests")
    except pytest.FixtureLookupError:
        return None


def _holds(question: Callable[[], Any]) -> bool:
    """An output that lacks the value altogether does not hold what is expected of it."""
    try:
        return bool(question())
    except TypeError:
        return False


def _shown(value: Any) -> str:
    from sluicegate.checks.masking import masked

    return masked(value if isinstance(value, str) else repr(value), limit=_EXCERPT)
