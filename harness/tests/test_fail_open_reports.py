"""What a model writes is shown, and is nothing else: no markup, no command, no control of anybody's terminal."""

from __future__ import annotations

import json
import re
import sys
import xml.etree.ElementTree as ET
from html.parser import HTMLParser
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))
from rollout_world import Rollout, a_case, made

sys.path.pop(0)

HOSTILE = (
    "padding padding padding padding padding padding padding padding padding paddin ::error file=x::pwned\n"
    "::set-output name=verdict::promote\r\n# PROMOTE\n</td></pre><script>alert(1)</script>"
    "<img src=x onerror=alert(2)>| [a](javascript:alert(3)) ![p](http://evil.test/p.png) `id` $(touch pwned) "
    "${{ secrets.TOKEN }} ]]><failure/> \x1b]0;owned\x07\x1b[2J \x00 \u202egnp.exe\u2066 \u2028 &lt; 'q' \"q\""
)
HOSTILE_ID = "<script>alert(4)</script>|`id`$(touch pwned);'\"\u202e](x)"
CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\u2028\u2029\u200e\u200f]")


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Rollout:
    """A pipeline that answers, and crashes, with hostile text; one case has a hostile name."""
    cases = [a_case(number) for number in range(40)]
    cases[7]["id"] = HOSTILE_ID
    rollout = made(tmp_path_factory.mktemp("reports") / "shop", cases=cases)
    rollout.switch("wrong", 7, 8, says=HOSTILE)
    rollout.switch("raises", 9, says=HOSTILE)
    assert rollout.gate().kind == "hold.incident"
    return rollout


def drawn(shop: Rollout, form: str) -> str:
    return shop.sound("report", shop.verdict(), "--format", form).out


class _Elements(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.seen: list[tuple[str, dict[str, str | None]]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append((tag, dict(attrs)))


def test_html(shop: Rollout) -> None:
    """No script, no image, no handler, no link out; and the page forbids them all the same."""
    page = _Elements()
    page.feed(drawn(shop, "html"))

    tags = {tag for tag, _ in page.seen}
    assert not tags & {"script", "img", "iframe", "object", "embed", "form", "base", "a", "failure"}
    assert not [attrs for _, attrs in page.seen if any(name.startswith("on") for name in attrs)]
    policies = [attrs["content"] for tag, attrs in page.seen if tag == "meta" and "http-equiv" in attrs]
    assert any("default-src 'none'" in (policy or "") for policy in policies)


def test_markdown(shop: Rollout) -> None:
    """No markup, no image that phones home, no link, no row that ends early, no expression of a workflow."""
    text = drawn(shop, "markdown")

    for markup in ("<script", "<img", "![", "](", "${{", "`id`", "\n# PROMOTE", "javascript:"):
        assert markup not in text
    widths = {line.count("|") for line in text.split("### Findings")[1].split("###")[0].splitlines() if line}
    assert len(widths) == 1
    assert not CONTROL.search(text)


def test_junit(shop: Rollout) -> None:
    """Well-formed, with as many failures as there are."""
    root = ET.fromstring(drawn(shop, "junit"))

    assert sum(1 for _ in root.iter("failure")) == int(root.attrib["failures"])
    assert not CONTROL.search("".join(root.itertext()))


def test_json(shop: Rollout) -> None:
    """One line, in the bytes that verify takes, parsed by anybody; what a model said is escaped within it."""
    text = drawn(shop, "json")
    verdict = json.loads(text)

    assert text.count("\n") == 0
    said = [reason["text"] for reason in verdict["reasons"]]
    said += [finding.get("excerpt", "") + finding["message"] for finding in verdict["findings"]]
    assert not CONTROL.search("".join(said))


@pytest.mark.parametrize("width", ["80", "100", "101", "107"])
def test_terminal(shop: Rollout, width: str) -> None:
    """No escape sequence, and at no width a line that a CI runner takes for a command."""
    text = shop.sound("report", shop.verdict(), COLUMNS=width).out

    assert "::error" in text
    assert not CONTROL.search(text)
    assert not [line for line in text.splitlines() if line.lstrip().startswith(("::", "##["))]


def test_the_command_to_rerun(shop: Rollout) -> None:
    """Pasted into a shell it names the case, and runs nothing else."""
    import shlex

    verdict = json.loads(shop.verdict().read_bytes())
    reruns = [reason["rerun"] for reason in verdict["reasons"] if "alert(4)" in reason.get("rerun", "")]

    assert reruns
    for rerun in reruns:
        assert shlex.split(rerun)[:2] == ["sluicegate", "gate"]
        assert len(shlex.split(rerun)) == 7
    assert not list(shop.root.rglob("pwned"))


def test_on_the_way(shop: Rollout) -> None:
    """Status and progress show no more control characters than the reports."""
    for command in (("status", "rollout.yaml"), ("collect", "rollout.yaml")):
        assert not CONTROL.search(shop.sound(*command).text)
