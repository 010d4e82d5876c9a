"""The HTML page: one file that runs nothing, fetches nothing and hides nothing."""

from __future__ import annotations

import json
import re
from base64 import b64encode
from collections import Counter
from dataclasses import replace
from hashlib import sha256
from html import escape
from html.parser import HTMLParser
from pathlib import Path
from xml.etree import ElementTree

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sluicegate.model import (
    CriterionResult,
    Estimate,
    Finding,
    Kind,
    LineShown,
    NotMeasured,
    Origin,
    Reason,
    Status,
    Verdict,
    decode,
)
from sluicegate.report.chart import chart_of
from sluicegate.report.html import render_html
from sluicegate.report.view import view_of

EXAMPLES = Path(__file__).parent / "report_examples"
NAMES = ["promote", "hold", "rollback"]
VOID = {"meta", "br", "rect", "line", "circle"}


def example(name: str) -> Verdict:
    return decode(Verdict, json.loads((EXAMPLES / f"{name}.json").read_text(encoding="utf-8")))


class _Page(HTMLParser):
    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: Counter[str] = Counter()
        self.attributes: set[str] = set()
        self.ids: Counter[str] = Counter()
        self.referred: set[str] = set()
        self.open: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags[tag] += 1
        self.attributes |= {name for name, _ in attrs}
        given = dict(attrs)
        if "id" in given:
            self.ids[str(given["id"])] += 1
        self.referred |= set(str(given.get("aria-labelledby") or "").split())
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


@pytest.mark.parametrize("name", NAMES)
def test_the_page_can_do_nothing(name: str) -> None:
    """No script, no link, no image, no form, no inline style or handler, and a policy that would forbid them."""
    text = render_html(example(name))
    page = _Page(text)

    assert not set(page.tags) & {"script", "a", "img", "link", "iframe", "form", "object", "embed", "use", "image"}
    assert not {item for item in page.attributes if item.startswith("on")} | page.attributes & {"style", "href", "src"}
    assert "url(" not in text
    assert "default-src 'none'" in text


@pytest.mark.parametrize("name", NAMES)
def test_the_policy_allows_exactly_the_pages_own_style(name: str) -> None:
    """The hash in the policy is that of the one style element."""
    text = render_html(example(name))
    (style,) = re.findall(r"<style>(.*?)</style>", text, re.DOTALL)

    assert f"style-src 'sha256-{b64encode(sha256(style.encode()).digest()).decode()}'" in text
    assert text.index("Content-Security-Policy") < text.index("<style>")


@pytest.mark.parametrize("name", NAMES)
def test_the_page_is_well_formed_and_can_be_read_aloud(name: str) -> None:
    """Tags close, ids are unique and known, every drawing has a title, every table heads."""
    page = _Page(render_html(example(name)))

    assert page.open == []
    assert set(page.ids.values()) == {1}
    assert page.referred <= set(page.ids)
    assert page.tags["title"] == page.tags["svg"] + 1
    assert page.tags["th"] > 0


def test_verdict_and_reasons_come_first() -> None:
    """What was decided, why, what to do; then the evidence."""
    text = render_html(example("rollback"))
    order = ["<h1>Rollback", 'id="why"', "r2-0041", "Next", 'id="back"', "./ops/flag", 'id="criteria"', 'id="suites"']
    places = [text.index(words) for words in [*order, 'id="findings"', 'id="bound"']]

    assert places == sorted(places)


def test_the_next_step_has_the_commands_that_show_a_cause() -> None:
    """As the last lines in the terminal have: each finding with the command that runs its case alone."""
    page = render_html(example("rollback"))
    view = view_of(example("rollback"))
    box = page.partition('<div class="next">')[2].partition("</div>")[0]

    assert view.causes
    assert all(f"<code>{escape(cause.rerun)}</code>" in box for cause in view.causes)
    assert "<ul>" not in render_html(example("promote")).partition('<div class="next">')[2].partition("</div>")[0]


def test_the_same_verdict_gives_the_same_bytes() -> None:
    """No clock, no random id."""
    assert render_html(example("hold")) == render_html(example("hold"))


ATTACKS = [
    "<script>alert(1)</script>",
    "</title></style><script>x</script>",
    '"><svg onload=alert(1)>',
    "' onmouseover='x",
    "{{ 7*7 }}{% raw %}",
    "]]>--><!--",
    "&lt;b&gt;",
    "\x1b[31m\u202e\x00\ud800",
    "4111 1111 1111 1111 bob@mail.test",
    "x" * 1_000_000,
]


@pytest.mark.parametrize("attack", ATTACKS)
def test_foreign_text_changes_no_tag(attack: str) -> None:
    """In every place that quotes some, the page has the same elements as with harmless text."""

    def page(text: str) -> str:
        finding = Finding(check=text, case_id=text, place=text, message=text, excerpt=text, mend=text)
        reason = Reason(kind=Kind.HOLD_FAILED, about=text, text="!" + text, mend=text, finding=finding, rerun=text)
        base = example("rollback")
        criterion = replace(base.criteria[0], metric=text, unit=text, shown=text, flip=text)
        return render_html(
            replace(
                base,
                plan=text,
                to_stage=text,
                reasons=(reason, replace(reason, finding=None)),
                findings=(finding,),
                notes=(text,),
                criteria=(criterion,),
                rollback_steps=((text,),),
                subject_parts={text: text},
            )
        )

    hostile = page(attack)

    assert _Page(hostile).tags == _Page(page("harmless")).tags
    assert "\x1b" not in hostile
    assert "\u202e" not in hostile
    assert len(hostile) < 100_000


def test_the_drawings_are_valid_xml() -> None:
    """Each SVG stands on its own."""
    for svg in re.findall(r"<svg.*?</svg>", render_html(example("rollback")), re.DOTALL):
        assert ElementTree.fromstring(svg).tag == "svg"


def a_result(measured: Estimate | NotMeasured, *lines: LineShown, scale: str = "ratio") -> CriterionResult:
    return CriterionResult(
        metric="m",
        unit="draft",
        scale=scale,
        origins=(Origin.LIVE,),
        status=Status.PASS,
        kind=Kind.PROMOTE,
        measured=measured,
        lines=lines,
    )


def a_line(role: str, value: float, sense: str = "at_least", upper: float | None = None) -> LineShown:
    return LineShown(role=role, sense=sense, value=value, upper=upper, text=str(value))


def kinds(*lines: LineShown) -> list[str]:
    chart = chart_of(a_result(NotMeasured(reason="none"), *lines))
    assert chart
    return [zone.kind for zone in chart.zones]


def test_zones_tell_where_each_line_holds() -> None:
    """Higher is better, lower is better, inside a range, an alert on one side only."""
    three = [("promote", 0.95), ("alert", 0.9), ("rollback", 0.8)]

    assert kinds(*(a_line(*line) for line in three)) == ["rollback", "alert", "short", "good"]
    lower = [a_line("promote", 0.05, "at_most"), a_line("rollback", 0.1, "at_most")]
    assert kinds(*lower) == ["good", "short", "rollback"]
    inside = [a_line("promote", 0.2, "inside", 0.4), a_line("alert", 0.6, "at_most")]
    assert kinds(*inside) == ["short", "good", "short", "alert"]
    assert kinds(a_line("promote", 0.0, "equal"), a_line("max_rate", 0.01, "at_most")) == ["good", "short"]


def test_a_bound_that_does_not_exist_is_drawn_open() -> None:
    """An interval without an upper end runs off the axis; no number is made up for it."""
    measured = Estimate(value=612.0, n=96, low=548.0, method="order statistic")
    chart = chart_of(a_result(measured, a_line("promote", 200.0, "at_most"), scale="ms"))

    assert chart
    assert (chart.plot.open_low, chart.plot.open_high, chart.plot.high) == (False, True, 100.0)


def test_without_any_number_there_is_no_drawing() -> None:
    """Nothing measured against nothing is not drawn."""
    assert chart_of(a_result(NotMeasured(reason="none"))) is None


def test_only_commands_are_set_as_code() -> None:
    """A sentence is read, a command is copied."""
    mends = {
        "Do less.": "Do less.",
        "Then run: sluicegate gate a.yaml": "Then run: <code>sluicegate gate a.yaml</code>",
    }
    for mend, shown in mends.items():
        first = Reason(kind=Kind.HOLD_INCIDENT, about="a", text="b", mend="Do this first.")
        reason = Reason(kind=Kind.HOLD_INCIDENT, about="c", text="d", mend=mend)
        page = render_html(replace(example("hold"), reasons=(first, reason)))

        assert f"<p>{shown}</p>" in page
        assert "<span>Next</span> Do this first.</p>" in page


@settings(max_examples=60)
@given(
    st.floats(-1e6, 1e6),
    st.floats(-1e6, 1e6),
    st.floats(-1e6, 1e6),
    st.sampled_from(["at_least", "at_most", "inside", "equal"]),
)
def test_everything_drawn_lies_within_the_drawing(value: float, line: float, other: float, sense: str) -> None:
    """For any numbers, equal ones too, every place is 0 to 100 percent and labels share no row when they touch."""
    low, high = sorted((value, other))
    measured = Estimate(value=value, n=9, low=low, high=high, method="x")
    upper = max(line, other) if sense == "inside" else None
    chart = chart_of(a_result(measured, a_line("promote", line, sense, upper), a_line("alert", other), scale="number"))

    assert chart
    places = [chart.plot.dot, chart.plot.low, chart.plot.high, *(mark.x for mark in chart.marks)]
    assert all(place is not None and 0 <= place <= 100 for place in places)
    assert sum(zone.width for zone in chart.zones) == pytest.approx(100, abs=0.1)
