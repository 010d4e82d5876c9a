"""JUnit XML: three ways not to pass, and characters XML cannot hold."""

from __future__ import annotations

import json
import tracemalloc
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sluicegate.model import Finding, Kind, Status, Verdict, decode
from sluicegate.report.junit import JUnitCase, render_junit

EXAMPLES = Path(__file__).parent / "report_examples"


def example(name: str) -> Verdict:
    return decode(Verdict, json.loads((EXAMPLES / f"{name}.json").read_text(encoding="utf-8")))


def parsed(verdict: Verdict, *cases: JUnitCase) -> ElementTree.Element:
    return ElementTree.fromstring(b"".join(render_junit(verdict, cases)))


def a_case(result: str, **changes: object) -> JUnitCase:
    given = {"suite": "schema", "check": "valid", "case_id": "s-1", "result": result, **changes}
    return JUnitCase(**given)


@pytest.mark.parametrize(
    ("result", "child"),
    [
        ("pass", None),
        ("fail", "failure"),
        ("error", "error"),
        ("crashed", "error"),
        ("missing", "error"),
        ("not_applicable", "skipped"),
        ("skipped", "skipped"),
        ("a new word", "error"),
    ],
)
def test_failure_error_and_skipped_are_kept_apart(result: str, child: str | None) -> None:
    """What is wrong, what could not be judged and what was not asked are three things; an unknown word is an error."""
    suite = parsed(example("promote"), a_case(result)).find("testsuite[@name='schema']")

    assert suite is not None
    (case,) = suite.findall("testcase")
    assert [element.tag for element in case] == ([child] if child else [])
    assert (case.get("classname"), case.get("name")) == ("schema.valid", "s-1")


def test_counts_agree_with_the_cases() -> None:
    """Every suite's figures, and the sum over all."""
    results = ["pass"] * 5 + ["fail"] * 3 + ["error"] * 2 + ["not_applicable"]
    cases = [a_case(result, case_id=str(i), suite=f"s{i % 2}") for i, result in enumerate(results)]
    root = parsed(example("rollback"), *cases)

    for suite in root:
        children = [child.tag for case in suite for child in case]
        figures = {name: int(suite.get(name) or 0) for name in ("tests", "failures", "errors", "skipped")}
        tags = (children.count(tag) for tag in ("failure", "error", "skipped"))
        assert figures == dict(zip(figures, [len(suite), *tags], strict=True))
    for name in ("tests", "failures", "errors", "skipped"):
        assert int(root.get(name) or 0) == sum(int(suite.get(name) or 0) for suite in root)


def test_anything_but_a_pass_fails_the_verdict() -> None:
    """A reader that only looks at JUnit sees no green hold."""
    for name, fails in (("promote", 0), ("hold", 1), ("rollback", 1)):
        verdict = parsed(example(name)).find("testsuite[@name='verdict']/testcase[@classname='verdict']")
        assert verdict is not None
        assert len(verdict.findall("failure")) == fails


@pytest.mark.parametrize("status", [status for status in Status if status not in (Status.PASS, Status.NOT_APPLICABLE)])
def test_an_unknown_criterion_is_never_green(status: Status) -> None:
    """Insufficient, void and no data are failures or errors, never skipped."""
    criterion = replace(example("hold").criteria[0], status=status, kind=Kind.HOLD_INSUFFICIENT)
    root = parsed(replace(example("hold"), criteria=(criterion,)))

    (case,) = root.findall("testsuite/testcase[@classname='criterion']")
    assert [child.tag for child in case] in (["failure"], ["error"])


def test_a_finding_names_place_and_evidence_masked() -> None:
    """Message first, then each finding on its own line, personal data gone."""
    finding = Finding(check="pii.leaks", case_id="s-1", place="$.body", message="card 4111 1111 1111 1111", excerpt="x")
    root = parsed(example("promote"), a_case("fail", findings=(finding,)))

    failure = root.find(".//testsuite[@name='schema']/testcase/failure")
    assert failure is not None
    assert failure.get("message") == "card [card]"
    assert failure.text == "$.body: card [card] x"


@given(st.text(), st.text())
def test_any_text_makes_well_formed_xml(text: str, other: str) -> None:
    """Control characters, ]]>, half surrogates, quotes, markup: parsed back without complaint."""
    finding = Finding(check=text, case_id=other, place=text, message=other + "]]>", excerpt=text)
    case = JUnitCase(suite=text, check=other, case_id=text, result="fail", findings=(finding,))
    verdict = replace(example("hold"), plan=text, notes=(other,))

    assert parsed(verdict, case).tag == "testsuites"


@pytest.mark.parametrize(
    "text", ["]]>", "<![CDATA[", "\x00\x0b\x1b[0m", "\ud800", "\ufffe", "&amp;<b>", "x" * 1_000_000]
)
def test_hostile_text_is_held(text: str) -> None:
    """The classics, each in every place."""
    finding = Finding(check=text, case_id=text, place=text, message=text, excerpt=text)
    document = b"".join(render_junit(example("rollback"), [a_case("fail", case_id=text, findings=(finding,) * 50)]))

    assert ElementTree.fromstring(document).tag == "testsuites"
    assert b"\x1b" not in document
    assert len(document) < 100_000


def test_many_cases_in_any_order_need_little_memory() -> None:
    """Thirty thousand interleaved cases stream through a small buffer, with right counts."""

    def cases() -> Iterator[JUnitCase]:
        for index in range(30_000):
            yield a_case("pass", suite=f"suite{index % 8}", case_id=f"case-{index:06d}")

    tracemalloc.start()
    size = sum(map(len, render_junit(example("promote"), cases())))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()

    assert size > 30_000 * 60
    assert peak < 6_000_000
