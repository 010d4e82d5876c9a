"""What a newcomer reads first: one cause told once, instructions that stand alone, words for what is left out."""

from __future__ import annotations

import json
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
    Severity,
    Status,
    Verdict,
    decode,
)
from sluicegate.report.criterion import criterion_view
from sluicegate.report.figures import said
from sluicegate.report.html import render_html
from sluicegate.report.markdown import render_markdown
from sluicegate.report.terminal import render_terminal
from sluicegate.report.view import view_of

EXAMPLES = Path(__file__).parent / "report_examples"


def a_verdict(*reasons: Reason, **more: object) -> Verdict:
    hold = decode(Verdict, json.loads((EXAMPLES / "hold.json").read_text(encoding="utf-8")))
    return replace(hold, kind=Kind.HOLD_FAILED, reasons=reasons, findings=(), findings_total=0, **more)


def a_crash(check: str, case: str, message: str = "an answer was expected; the pipeline crashed (exception)") -> Reason:
    finding = Finding(check=check, case_id=case, place="$.error", message=message, excerpt="KeyError: 'shipments'")
    return Reason(kind=Kind.HOLD_FAILED, about=check, text=f"20 findings of {check}.", finding=finding, rerun="again")


def a_share(**said_of: object) -> CriterionResult:
    given = {
        "metric": "draft.success_rate",
        "unit": "draft",
        "scale": "ratio",
        "origins": (Origin.SUITE,),
        "status": Status.PASS,
        "kind": Kind.PROMOTE,
        "measured": Estimate(value=0.95, n=100, k=95, low=0.9, high=0.98, method="clopper-pearson"),
        "lines": (LineShown(role="promote", sense="at_least", value=0.9, text="90 %"),),
        **said_of,
    }
    return CriterionResult(**given)


class TestOneCause:
    """Several checks, one crash."""

    def test_is_told_once_with_the_other_checks_under_it(self) -> None:
        """Whatever each check calls it: the same case, the same place, the same thing raised."""
        first = a_crash("crashes", "c1", "the pipeline crashed (exception)")
        verdict = a_verdict(first, a_crash("schema.language", "c1"), a_crash("schema.must", "c1"))

        (view,) = view_of(verdict).reasons

        assert view.also_fails == "also fails: schema.language, schema.must"
        for text in (render_terminal(verdict), render_markdown(verdict), render_html(verdict)):
            assert text.count("shipments") == 1
            assert "also fails" in text

    def test_cases_beyond_the_named_ones_are_counted(self) -> None:
        """Twenty incidents are named of eighty-five: all are counted, three are shown."""
        reasons = [replace(a_crash("crashes", f"c{number:02}"), cases=85) for number in range(20)]

        (view,) = view_of(a_verdict(*reasons)).reasons

        assert view.also == "the same in 84 more cases: c01, c02, c03 …"

    def test_in_other_cases_is_named_by_case(self) -> None:
        """Two checks over two cases are one reason."""
        reasons = [a_crash(check, case) for check in ("schema.must", "schema.valid") for case in ("c1", "c2")]

        (view,) = view_of(a_verdict(*reasons)).reasons

        assert (view.also, view.also_fails) == ("the same in 1 more case: c2", "also fails: schema.valid")

    def test_two_findings_of_one_case_stay_two(self) -> None:
        """At one place, by one check, with other words: nothing is lost."""
        one, two = (
            Reason(kind=Kind.HOLD_FAILED, about="c", text=text, finding=Finding(check="c", case_id="x", message=text))
            for text in ("too long", "no greeting")
        )

        assert len(view_of(a_verdict(one, two)).reasons) == 2


class TestNext:
    """What to do next."""

    def test_names_the_criterion_it_is_about(self) -> None:
        """`Bring it to 95 of 100` says nothing without it."""
        mend = "Bring it to 95 of 100 drafts for the target; it is 94"
        reason = Reason(kind=Kind.HOLD_BELOW_TARGET, about="draft.success_rate", text="t", mend=mend)
        verdict = a_verdict(reason, criteria=(a_share(flip=mend, status=Status.INCONCLUSIVE),))

        assert view_of(verdict).next == f"draft.success_rate: bring{mend.removeprefix('Bring')}"

    def test_of_anything_else_is_the_mend_itself(self) -> None:
        """A lock, a suite, a state file."""
        mend = "Run: sluicegate plan lock p.yaml"
        reason = Reason(kind=Kind.HOLD_INVALID_EVIDENCE, about="lock", text="t", mend=mend)

        assert view_of(a_verdict(reason)).next == mend

    def test_is_never_cut(self) -> None:
        """Half a command helps nobody."""
        mend = f"Run: sluicegate plan lock {'/deep' * 120}/rollout.yaml"
        shown = render_terminal(a_verdict(Reason(kind=Kind.HOLD_FAILED, about="lock", text="t", mend=mend)))

        assert mend.removeprefix("Run: ").split()[-1] in shown

    def test_in_prose_is_no_shell_command(self) -> None:
        """A sentence too long for a line is wrapped, without backslashes; the command at its end can be pasted."""
        prose = "Look at the findings of every case, one after the other, and mend them; then serve a new subject."
        command = "sluicegate record entry plans/rollout.yaml --stage preflight --subject 7c --at 2026-01-29T14:00:00Z"
        plain, both = (
            render_terminal(a_verdict(Reason(kind=Kind.HOLD_FAILED, about="x", text="t", mend=mend)))
            for mend in (prose, f"{prose} Run: {command}")
        )

        assert "\\" not in plain
        assert f"then serve a new subject. Run:\n   {command.partition(' --at')[0]} \\\n" in both


class TestWords:
    """Nothing in the report needs a glossary."""

    def test_where_nothing_is_served_nothing_rolls_back(self) -> None:
        """A hold's criterion is not called `rollback`."""
        for kind, word in (
            (Kind.HOLD_INCIDENT, "incident"),
            (Kind.HOLD_THRESHOLD, "line crossed"),
            (Kind.ROLLBACK_THRESHOLD, "rollback"),
        ):
            assert criterion_view(a_share(status=Status.ROLLBACK, kind=kind)).status == word

    def test_what_is_left_out_says_why(self) -> None:
        """`31 void` means nothing to somebody who never read the code."""
        suite = criterion_view(a_share(metric="latency", void=31)).left_out
        live = criterion_view(a_share(origins=(Origin.LIVE,), void=1, foreign=2)).left_out

        assert suite == "31 trials left out: a double, a cache or a replay answered, so latency was drawn, not measured"
        assert live.startswith("1 draft left out: measured while the experiment was void, ")
        assert live.endswith("; 2 drafts left out: of another subject, stage or time")

    @pytest.mark.parametrize(
        ("shown", "proof", "statement"),
        [
            ("above alert 0.90", "shown above alert 0.90", "Shown above alert 0.90."),
            (
                "nothing: the estimate is below alert 0.92",
                "the estimate is below alert 0.92",
                "The estimate is below alert 0.92.",
            ),
            ("nothing: it is low", "nothing shown: it is low", "Nothing shown: it is low."),
            ("not yet above target 0.9", "not yet shown above target 0.9", "Not yet shown above target 0.9."),
            ("25 incidents confirmed", "25 incidents confirmed", "25 incidents confirmed."),
            ("", "0.90 to 0.98 at 95 %", ""),
        ],
    )
    def test_what_is_shown_is_a_sentence(self, shown: str, proof: str, statement: str) -> None:
        """Never `Shown nothing`, never `Shown 25 incidents confirmed. , count`."""
        view = criterion_view(a_share(shown=shown))

        assert (view.proof, view.statement) == (proof, statement)

    def test_what_the_statement_says_is_not_said_again(self) -> None:
        """The bound of zero incidents is its statement; a count is no method."""
        zero = Estimate(value=0.0, n=300, k=0, low=None, high=0.0099, method="clopper-pearson")
        max_rate = LineShown(role="max_rate", sense="at_most", value=0.02, text="2 % at most")
        view = criterion_view(a_share(measured=zero, lines=(max_rate,), shown="rate < 0.0099 at 95 %"))
        three = replace(zero, k=3, high=None, method="count")
        counted = criterion_view(a_share(measured=three, shown="3 incidents confirmed"))

        assert (view.statement, view.figures) == ("Rate < 0.0099 at 95 %.", "clopper-pearson")
        assert counted.figures == ""

    def test_evidence_is_one_digest_and_a_number(self) -> None:
        """Twenty attempts do not fill the head of the report; the last table has them all."""
        verdict = a_verdict(evidence_heads=tuple(f"{number:064x}" for number in range(20)))

        assert view_of(verdict).evidence == "0000…00 +19"
        assert render_html(verdict).count("evidence 2") == 2  # 2 and 20

    def test_a_path_is_never_broken(self) -> None:
        """It is there to be copied."""
        path = f".sluicegate/{'a-long-folder/' * 8}report.html"

        assert f" {path}\n" in render_terminal(a_verdict(), width=60, paths={"report": path})

    def test_a_long_text_is_cut_between_words(self) -> None:
        """Nothing ends in half a check id."""
        text = ", ".join(f"schema.must of case-{number:03}" for number in range(50))

        assert said(text, 100).removesuffix(" …") in text
        assert said(text, 100).split()[-2] in text.split()
        assert len(said("x" * 500, 100)) == 100


def test_severity_of_a_folded_finding_is_the_first_ones() -> None:
    """An incident is told before the errors that it caused."""
    crash = a_crash("crashes", "c1")
    assert crash.finding is not None
    incident = replace(crash, finding=replace(crash.finding, severity=Severity.INCIDENT))

    (view,) = view_of(a_verdict(incident, a_crash("schema.must", "c1"))).reasons

    assert view.finding is not None
    assert view.finding.severity == "incident"


class TestFindingsAlike:
    """One reason in many cases, as the tracing suite finds it at every call of every case."""

    def test_the_first_few_are_shown_and_the_others_counted(self) -> None:
        """Whatever the number of the call, in Markdown and in HTML; what says something else keeps its line."""
        calls = [
            Finding(
                check="tracing.calls",
                case_id=f"c{case:02}",
                place=f"$.observations.model[{call}]",
                message=f"model call {call + 1} of 3 carries no id",
            )
            for case in range(12)
            for call in range(3)
        ]
        other = Finding(check="tracing.calls", case_id="c05", place="$.observations.model[0]", message="is another")
        verdict = replace(a_verdict(), findings=(*calls, other), findings_total=37)

        shown = view_of(verdict).findings()

        assert [finding.case for finding in shown] == ["c00", "c00", "c00", "c05"]
        assert shown[2].message.endswith(
            "; and 33 more like it, in 11 cases: " + ", ".join(f"c{n:02}" for n in range(1, 12))
        )
        assert sum(finding.findings for finding in shown) == 37
        for text in (render_markdown(verdict), render_html(verdict)):
            assert text.count("carries no id") == 3
        assert "37 more findings not shown" in render_markdown(verdict, limit_bytes=1_400)

    def test_incidents_alike_are_one_reason(self) -> None:
        """The third call as the first, in one line with the count of cases."""
        reasons = [
            Reason(
                kind=Kind.HOLD_INCIDENT,
                about="tracing.calls",
                text="two requests under one id",
                finding=Finding(
                    check="tracing.calls",
                    case_id=f"c{case}",
                    place=f"$.observations.model[{case}]",
                    message=f"model call {case + 1} of 9 carries the id of another request",
                    severity=Severity.INCIDENT,
                ),
            )
            for case in range(5)
        ]

        told = view_of(a_verdict(*reasons)).reasons

        assert [reason.also for reason in told] == ["the same in 4 more cases: c1, c2, c3 …"]
