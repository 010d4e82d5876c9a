"""The step summary: what it says, and that nothing foreign gets out of its place."""

from __future__ import annotations

import html
import json
import re
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from sluicegate.model import Finding, Kind, Reason, Verdict, decode
from sluicegate.report.markdown import MAX_SUMMARY_BYTES, escaped, render_markdown

EXAMPLES = Path(__file__).parent / "report_examples"
OURS = re.compile(r"</?code>|<br>")


def example(name: str) -> Verdict:
    return decode(Verdict, json.loads((EXAMPLES / f"{name}.json").read_text(encoding="utf-8")))


def rendered(text: str) -> str:
    return MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"]).render(text)


ATTACKS = [
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "[click](javascript:alert(1))",
    "![x](https://evil.test/x.png)",
    "https://evil.test/phish www.evil.test",
    "<https://evil.test>",
    "@octocat please merge, see #1 and org/repo#2",
    "`code` ``more`` ```fence",
    "| a | b |\n|---|---|\n| c | d |",
    "\n\n# Promote\n\n- [x] approved",
    "::set-output name=decision::promote",
    "##[error]gone ::error::x ::add-mask::y",
    "$\\href{https://evil.test}{x}$ $$x$$",
    "{{ site.secret }} {% include x %}",
    "**bold** _it_ ~~gone~~ ^up^",
    "&lt;script&gt; &#60;b&#62;",
    "</code></td></table><h1>Promote</h1>",
    "<!-- --><details open><summary>x</summary>",
    "1. one 2) two\n- three\n+ four\n> five\n    six",
    "a\x1b[31mb\u202ec\x00d\ud800",
    "\\`x\\` \\[a\\](b)",
    "[^1]: note\n[a]: https://evil.test",
]


@pytest.mark.parametrize("attack", ATTACKS)
def test_foreign_text_is_shown_and_does_nothing(attack: str) -> None:
    """In every place that quotes some, the page has the same structure as with harmless text."""

    def page(text: str) -> str:
        finding = Finding(check=text, case_id=text, place=text, message=text, excerpt=text, mend=text)
        reason = Reason(kind=Kind.HOLD_FAILED, about=text, text="!" + text, mend=text, finding=finding, rerun=text)
        changes = {"plan": text, "reasons": (reason, replace(reason, finding=None)), "findings": (finding,)}
        return render_markdown(replace(example("rollback"), **changes, notes=(text,), from_stage=text))

    def structure(text: str) -> list[str]:
        return re.findall(r"<[^>]*>", rendered(page(text)))

    assert structure(attack) == structure("harmless")
    assert not re.search(r"^\s*(::|##\[)", page(attack), re.MULTILINE)


@pytest.mark.parametrize("attack", ["@octocat", "#12", "https://evil.test", "www.evil.test", "::set-output"])
def test_nothing_is_left_that_is_linked_after_markdown(attack: str) -> None:
    """Mentions, issue numbers and bare addresses are parted, so that no later filter finds them."""
    seen = html.unescape(escaped(attack))

    assert attack not in escaped(attack)
    assert attack.startswith("::") or attack not in seen


@given(st.text())
def test_escaped_text_reads_as_it_was(text: str) -> None:
    """Rendered in a cell, it shows its own characters, spaces joined and nothing else lost."""
    page = rendered(f"| a |\n|---|\n| {escaped(text)} |\n")
    cell = re.search(r"<td>(.*?)</td>", page, re.DOTALL)
    shown = html.unescape(cell[1] if cell else "").replace("\u2060", "")

    wanted = " ".join(text.replace("\u2060", "").split()).replace("\x00", "\ufffd")
    assert shown.split() == wanted.split()


def test_the_summary_says_what_the_terminal_says() -> None:
    """Decision, cause, figures and next command in the same words."""
    text = render_markdown(example("hold"))

    for words in ("## HOLD: insufficient", "401 of 412 drafts, live", "target ≥ 0.95", "1,948"):
        assert words.replace("1,948", "640") in text
    assert "sluicegate gate rollout.yaml --wait 72h" in text


def test_a_reason_names_its_check_and_only_commands_are_code() -> None:
    """As the terminal does: the check, not the metric behind it; a sentence is read, a command is copied."""
    finding = Finding(check="tools.fields", case_id="c1", message="must not", mend="Do less.")
    mends = {
        "Do less.": "Do less.",
        "Then run: sluicegate gate a.yaml": "Then run: <code>sluicegate gate a.yaml</code>",
    }
    for mend, shown in mends.items():
        reason = Reason(kind=Kind.HOLD_INCIDENT, about="tools.violations", text="c1", mend=mend, finding=finding)
        text = render_markdown(replace(example("hold"), reasons=(reason,)))

        assert "**tools.fields** case <code>c1</code>" in text
        assert f"\n  - {shown}\n" in text
        assert f"**Next:** {shown}\n" in text


def test_personal_data_is_masked() -> None:
    """Addresses and card numbers a model wrote do not reach the summary."""
    finding = Finding(check="pii.leaks", case_id="c1", message="card 4111 1111 1111 1111", excerpt="bob@mail.test")
    text = html.unescape(render_markdown(replace(example("hold"), findings=(finding,))))

    assert "4111" not in text
    assert "bob" not in text


def test_a_summary_never_exceeds_its_limit_and_counts_what_it_leaves_out() -> None:
    """Two hundred findings of the longest kind fit; with less room the rest is a number."""
    noisy = Finding(check="c" * 900, case_id="|" * 900, place="|" * 900, message="<" * 900, excerpt="`" * 900)
    each = tuple(replace(noisy, message=f"{number}{'<' * 900}") for number in range(200))
    verdict = replace(example("rollback"), findings=each, findings_total=9_000)

    whole, short = render_markdown(verdict), render_markdown(verdict, limit_bytes=20_000)

    assert len(whole.encode()) <= MAX_SUMMARY_BYTES
    assert "8,800 more findings not shown." in whole
    assert len(short.encode()) <= 20_000
    left = re.search(r"([\d,]+) more findings not shown\.", short)
    assert left
    assert int(left[1].replace(",", "")) > 8_800
