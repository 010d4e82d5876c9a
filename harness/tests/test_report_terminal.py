"""The gate's last words on a terminal."""

from __future__ import annotations

import json
import re
import shlex
import unicodedata
from dataclasses import replace
from pathlib import Path

import pytest

from sluicegate.model import (
    CriterionResult,
    Estimate,
    Finding,
    Kind,
    LineShown,
    Origin,
    Reason,
    Status,
    Verdict,
    decode,
)
from sluicegate.report.terminal import render_terminal

EXAMPLES = Path(__file__).parent / "report_examples"


def example(name: str) -> Verdict:
    return decode(Verdict, json.loads((EXAMPLES / f"{name}.json").read_text(encoding="utf-8")))


def columns(line: str) -> int:
    return sum(2 if unicodedata.east_asian_width(ch) in "WF" else 1 for ch in line if not unicodedata.combining(ch))


HOLD = """\
 HOLD  insufficient                   email-rag-pilot · rag-on → ten · attempt 2
 subject 7c1f…e2  plan 90ab…11  evidence 3f4d…77
 valid until 2026-01-29 14:00 UTC

 – release-manager
     nobody has approved the step to ten
     sluicegate record --attest release-manager --by NAME rollout.yaml

 ✓ draft.success_rate        0.973     401 of 412 drafts, live  target ≥ 0.95
                             shown above alert 0.90
 ✓ grounding.hallucinations  0 of 712  drafts with an incident, suite and live
                             target = 0, max rate ≤ 0.01
                             rate < 0.0045 at 95 % (detector recall .93)
 ✓ retrieval.latency p95     161 ms    n 96 minutes, live  target ≤ 200 ms
                             shown below alert 500 ms
 – approval_rate             0.795     58 of 73 drafts, 100 needed, live
                             insufficient  target ≥ 0.70  alert below 0.60
                             rollback below 0.55 (20 points below setup)
                             0.62 to 0.92 at 95 %
     acme 0.833, 45 of 54 drafts, pass
     zenith not measured, no matured review yet, no data
     27 more matured reviews, about 2 days at this pace
 – error_rate                not measured  load  no data  target ≤ 0.05
                             rollback above 0.10
     no load run since rag-on was entered. Run: sluicegate load rollout.yaml

 ✓ 8 suites, 1,948 checks, 0 failed, 0 skipped

 note: apparatus changed since attempt 1: golden set orders.jsonl

 next: sluicegate gate rollout.yaml --wait 72h
 report report.html
 verdict verdict.json
"""


def test_a_hold_says_what_is_missing_and_what_to_do() -> None:
    """The whole output: verdict first, every criterion with its figures, the next command last."""
    shown = render_terminal(example("hold"), paths={"report": "report.html", "verdict": "verdict.json"})

    assert shown == HOLD


def test_a_rollback_shows_the_incident_before_everything_else() -> None:
    """Case, masked witness, rerun command and the plan's steps stand above the criteria."""
    shown = render_terminal(example("rollback"))
    order = ["ROLLBACK", "case r2-0041", "rerun: sluicegate collect", "roll back with:", "./ops/flag", "approval_rate"]

    places = [shown.index(text) for text in order]
    assert places == sorted(places)
    assert "alice@" not in shown


def test_a_promote_is_short() -> None:
    """Nothing but what was shown; no reasons, no next."""
    shown = render_terminal(example("promote"))

    assert shown.startswith(" PROMOTE ")
    assert "next:" not in shown
    assert "✗" not in shown


@pytest.mark.parametrize("width", [60, 80, 200])
def test_a_promote_says_what_to_type_next(width: int) -> None:
    """The commands that follow a pass, whole when they are pasted; a hold has its own next step and shows none."""
    then = [
        ["sluicegate", "verify", "'my evidence/verdict.json'", "--subject", '"$(sluicegate subject rollout.yaml)"'],
        ["sluicegate", "record", "entry", "rollout.yaml", "--stage", "ten"],
    ]

    shown = render_terminal(example("promote"), width=width, then=then)

    told = shown.partition("\n next: ")[2].replace(" \\\n", "")
    pasted = [" ".join(line.split()) for line in told.splitlines()]
    assert [line for line in pasted if line.startswith("sluicegate")] == [" ".join(words) for words in then]
    assert max(map(len, shown.splitlines())) <= width
    assert "record entry" not in render_terminal(example("hold"), then=then)


@pytest.mark.parametrize("name", ["promote", "hold", "rollback"])
@pytest.mark.parametrize("width", [40, 60, 80, 120, 200])
def test_every_line_fits_the_width(name: str, width: int) -> None:
    """From half a screen to two; only one word of a command may be longer, for it cannot be broken."""
    shown = render_terminal(example(name), width=width, paths={"report": ".sluicegate/rag-on/2/report.html"})

    wide = [line for line in shown.splitlines() if columns(line) > width]
    assert [line for line in wide if len(shlex.split(line.rstrip("\\"))) > 1] == []


def test_a_command_too_long_for_a_line_can_be_pasted() -> None:
    """Continued with a backslash, an option beside its value, and the shell reads the same words."""
    rerun = "sluicegate collect rollout.yaml --stage rag-on --case 'a case with spaces' --repeat 12 --seed 4"
    finding = Finding(check="c", case_id="x", message="m")
    reason = Reason(kind=Kind.ROLLBACK_INCIDENT, about="c", text="t", finding=finding, rerun=rerun)

    shown = render_terminal(replace(example("rollback"), reasons=(reason,), findings_total=0), width=60)

    block = shown.split("rerun:")[1].split("\n\n")[0]
    assert shlex.split(block.replace("\\\n", " ")) == shlex.split(rerun)
    assert "--repeat 12" in block


def test_colour_is_an_addition_only() -> None:
    """Without the escapes the coloured text is the plain one, and plain text has none."""
    plainly = render_terminal(example("rollback"))
    coloured = render_terminal(example("rollback"), colour=True)

    assert "\x1b" not in plainly
    assert "\x1b[" in coloured
    stripped = re.sub(r"\x1b\[[0-9;]*m", "", coloured)
    assert [line.rstrip() for line in stripped.splitlines()] == plainly.splitlines()


@pytest.mark.parametrize("name", ["promote", "hold", "rollback"])
def test_an_ascii_terminal_gets_ascii(name: str) -> None:
    """Marks become words, foreign letters become escapes."""
    shown = render_terminal(example(name), ascii_only=True)

    assert shown.isascii()
    assert " ok draft.success_rate" in shown
    assert "rag-on -> ten" in shown


def a_criterion(value: float, k: int, n: int) -> CriterionResult:
    return CriterionResult(
        metric="success",
        unit="draft",
        scale="ratio",
        origins=(Origin.LIVE,),
        status=Status.ALERT,
        kind=Kind.HOLD_BELOW_TARGET,
        measured=Estimate(value=value, n=n, k=k, method="x"),
        lines=(LineShown(role="promote", sense="at_least", value=0.95, text="95 %"),),
    )


def test_a_number_below_its_target_is_never_shown_on_it() -> None:
    """9,496 of 10,000 is 0.9496, not 0.95, and the counts stand beside it."""
    shown = render_terminal(replace(example("hold"), criteria=(a_criterion(0.9496, 9496, 10_000),)))

    assert "0.9496" in shown
    assert "9,496 of 10,000 drafts" in shown


def test_zero_is_always_of_something() -> None:
    """Never a bare 0."""
    shown = render_terminal(replace(example("hold"), criteria=(a_criterion(0.0, 0, 30),)))

    assert "0 of 30" in shown


HOSTILE = "\x1b[2J\x1b]0;owned\x07\r\n ✓ PROMOTE\u202e\u2066 <b>" + "x" * 100_000
CARD = "4111 1111 1111 1111"


def test_hostile_text_moves_nothing_and_hides_nothing() -> None:
    """Escapes, fake lines, bidi marks, a card number and 100 kB of model text, in every place that quotes some."""
    text = CARD + HOSTILE
    finding = Finding(check=HOSTILE, case_id=HOSTILE, place=text, message=text, excerpt=text, mend=text)
    reason = Reason(kind=Kind.HOLD_FAILED, about=HOSTILE, text=text, mend=text, finding=finding, rerun=HOSTILE)
    verdict = replace(
        example("rollback"),
        plan=HOSTILE,
        reasons=(reason, replace(reason, finding=None)),
        findings=(finding,),
        notes=(text,),
        criteria=(replace(a_criterion(0.5, 5, 10), metric=HOSTILE, shown=text, flip=text),),
        rollback_steps=((HOSTILE, HOSTILE),),
    )

    shown = render_terminal(verdict, paths={"report": HOSTILE})

    assert all(line.isprintable() for line in shown.splitlines())
    assert "\x1b" not in shown
    assert "4111 1111" not in shown
    assert not any(line.startswith(" ✓ PROMOTE") for line in shown.splitlines())
    assert max(map(columns, shown.splitlines())) <= 80 or "rerun" in shown
    assert len(shown) < 60_000


def test_wide_letters_count_double() -> None:
    """Chinese and emoji fill two columns each."""
    shown = render_terminal(replace(example("hold"), notes=("汉字" * 60, "🚀" * 50)))

    assert max(map(columns, shown.splitlines())) <= 80


def test_suites_with_nothing_to_judge_are_listed_under_one_note() -> None:
    """A line a suite, its reason wrapped beside it; nothing is left out, and another note stays as it is."""
    notes = (
        "suite budget: 943 checks not applicable, most often because the case sets no limit of spend",
        "looked at twice",
        "suite tools: 1 check not applicable, because the case names no canary and no recipients, so an error hides",
    )
    lines = render_terminal(replace(example("hold"), notes=notes), width=60).splitlines()
    start = lines.index("     most often because")

    assert " note: looked at twice" in lines[:start]
    assert lines[start + 1 : start + 4] == [
        "     budget 943  the case sets no limit of spend",
        "     tools 1     the case names no canary and no recipients,",
        "                 so an error hides",
    ]


def test_one_suite_with_nothing_to_judge_is_a_note() -> None:
    """In a sentence."""
    note = "suite tools: 1 check not applicable, because the case says so"

    assert f" note: {note}" in render_terminal(replace(example("hold"), notes=(note,))).splitlines()


def test_a_target_met_by_the_estimate_says_so() -> None:
    """No proof, and nothing to be alarmed by."""
    verdict = example("hold")
    met = replace(verdict.criteria[0], shown="nothing: the estimate of 20 drafts")
    text = " ".join(render_terminal(replace(verdict, criteria=(met,))).split())

    assert "judged by the estimate alone, of 20 drafts" in text
    assert "nothing shown" not in text


def test_a_command_with_something_to_fill_in_is_continued_too() -> None:
    """Below its sentence, each line but the last ending in a backslash."""
    command = "sluicegate record measurements rollout.yaml --metric review.approval_rate --file … --column at=…"
    reason = Reason(kind=Kind.HOLD_INSUFFICIENT, about="review", text="none", mend=f"Hand measurements over: {command}")
    first = Reason(kind=Kind.HOLD_INSUFFICIENT, about="first", text="none", mend="Look.")
    lines = render_terminal(replace(example("hold"), reasons=(first, reason), criteria=())).splitlines()
    start = lines.index("     Hand measurements over:")
    told = lines[start + 1 : lines.index("", start)]

    assert [line.endswith(" \\") for line in told] == [True] * (len(told) - 1) + [False]
    assert " ".join(" ".join(told).replace("\\", "").split()) == command
