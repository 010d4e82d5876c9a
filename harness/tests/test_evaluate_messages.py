"""What `sluicegate.evaluate` says of checks that answer wrongly, and the line that runs a failure again."""

from __future__ import annotations

import contextlib
import io
from typing import Any

import pytest

import sluicegate
from sluicegate.model import NotMeasured
from sluicegate.session.again import again


def pipeline(given: Any) -> str:
    return f"hi {given}"


def never(_case: sluicegate.Case, _output: sluicegate.Output) -> bool:
    return False


CASES: list[Any] = [{"id": "a", "input": "x"}, sluicegate.Case(id="b", input={"n": 1})]


def reason(check: Any) -> str:
    report = sluicegate.evaluate(pipeline, CASES, [check])
    measured = report.measurements[check.__name__].estimate
    assert isinstance(measured, NotMeasured)
    assert not report.passed
    return f"{measured.reason} {measured.mend}"


@pytest.mark.parametrize(("answer", "seen"), [(None, "None"), (1, "1 (int)"), ("yes", "'yes' (str)")])
def test_an_answer_of_the_wrong_type_is_named(answer: Any, seen: str) -> None:
    """Not `no case was scored`: what the check returned, and what it should."""

    def check(_case: sluicegate.Case, _output: sluicegate.Output) -> Any:
        return answer

    said = reason(check)

    assert f"the check answered {seen}; expected True, False, a Finding or findings" in said
    assert "A check returns True, False, a Finding or findings." in said


def test_a_check_that_exits_does_not_end_the_script() -> None:
    """SystemExit(0) would look like success."""

    def leaves(_case: sluicegate.Case, _output: sluicegate.Output) -> bool:
        raise SystemExit(0)

    assert "SystemExit: 0" in reason(leaves)


def test_an_async_check_is_refused_at_once() -> None:
    """Its coroutine would be true for ever."""

    async def later(_case: sluicegate.Case, _output: sluicegate.Output) -> bool:
        return True

    with pytest.raises(sluicegate.InputError, match=r"later is async; checks are plain functions\. Write def"):
        sluicegate.evaluate(pipeline, CASES, [later])


def test_an_object_with_an_async_call_is_told_too() -> None:
    """Only the answer shows it."""

    class Later:
        __name__ = "later"

        async def __call__(self, _case: sluicegate.Case, _output: sluicegate.Output) -> bool:
            return True

    assert "the check is async; checks are plain functions" in reason(Later())


@pytest.mark.parametrize("number", [0, 1])
def test_the_rerun_line_runs(number: int) -> None:
    """As it stands, for cases given as mappings and as objects; it runs the one case and says the same."""
    report = sluicegate.evaluate(pipeline, CASES, [never])
    printed = io.StringIO()

    with contextlib.redirect_stdout(printed):
        exec(report.failures[number].rerun.replace(f"from {__name__} import ", "pass; "), dict(globals()))

    assert printed.getvalue().startswith("1 of 1 trials run, 0 crashed, 1 scored, 1 failed")
    assert f"'id': '{'ab'[number]}'" in report.failures[number].rerun


def test_what_lives_in_a_module_is_imported_and_the_rest_goes_by_its_role() -> None:
    """Names that cannot be imported are said as what they are."""
    line = again(contextlib.suppress, ["schema", lambda _case, _output: True])(sluicegate.Case(id="a"))

    assert line == (
        "from contextlib import suppress; import sluicegate; "
        "print(sluicegate.evaluate(suppress, [{'id': 'a'}], ['schema', check]))"
    )


def test_a_long_case_is_looked_up() -> None:
    """A command of a megabyte is none."""
    line = again("shop:draft", [])(sluicegate.Case(id="it's", input="x" * 100_000))

    assert "for case in cases if" in line
    assert len(line) < 300


def test_the_public_names_can_be_listed() -> None:
    """`dir(sluicegate)` shows them before any is used."""
    assert sorted(sluicegate.__all__) == dir(sluicegate)
