"""What a deploy step is told about a verdict: each way in which it must not act on it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from sluicegate.errors import Fault
from sluicegate.ledger import Acknowledged, Attempt, RolledBack, StateView, VerdictGiven
from sluicegate.model import (
    CriterionResult,
    Decision,
    Kind,
    NotMeasured,
    Reason,
    Status,
    Verdict,
    rfc3339,
    verdict_hash,
    verdict_json,
)
from sluicegate.sources.consumer import VerifyResult, verify_verdict

NOW = datetime(2026, 1, 29, 14, tzinfo=UTC)
SUBJECT, PLAN, LOCK = "5a" * 32, "90" * 32, "10" * 32


def a_verdict(kind: Kind = Kind.PROMOTE, **changes: object) -> Verdict:
    given = {
        "plan": "pilot",
        "decision": kind.decision,
        "kind": kind,
        "reasons": (Reason(kind=kind, about="approval_rate", text="79 % of 73 drafts"),),
        "from_stage": "rag-on",
        "to_stage": "ten",
        "attempt": 2,
        "subject": SUBJECT,
        "apparatus": "ab" * 32,
        "plan_digest": PLAN,
        "lock_digest": LOCK,
        "previous_verdict": None,
        "state_head": None,
        "evidence_heads": (),
        "issued_at": rfc3339(NOW - timedelta(minutes=14)),
        "valid_until": rfc3339(NOW + timedelta(hours=3)),
        "engine": "0.1.0",
        **changes,
    }
    return Verdict(**given)


def given_in_state(verdict: Verdict) -> VerdictGiven:
    return VerdictGiven(
        hash=verdict_hash(verdict_json(verdict)),
        decision=verdict.decision,
        kind=verdict.kind,
        from_stage=verdict.from_stage,
        to_stage=verdict.to_stage,
        subject=verdict.subject,
        at=verdict.issued_at,
    )


def a_state(*events: object, **changes: object) -> StateView:
    return StateView(path=Path("state.jsonl"), events=events, head="ff" * 32, **changes)


def verified(verdict: Verdict | bytes, state: StateView | None = None, **changes: object) -> VerifyResult:
    asked = {
        "plan_digest": PLAN,
        "lock_digest": LOCK,
        "subject": SUBJECT,
        "from_stage": "rag-on",
        "to_stage": "ten",
        "max_age_s": 4 * 3600,
        "now": NOW,
        **changes,
    }
    raw = verdict if isinstance(verdict, bytes) else verdict_json(verdict)
    return verify_verdict(raw, state=state, **asked)


def test_a_matching_promote_goes_on() -> None:
    """The one way to exit 0, and it says which step and how old."""
    verdict = a_verdict()
    result = verified(verdict, a_state(given_in_state(verdict)))

    assert (result.decision, result.exit_code) == (Decision.PROMOTE, 0)
    assert result.text == "promote: rag-on → ten, issued 14 minutes ago"


def test_a_complete_last_stage_goes_on() -> None:
    """After the last stage there is no next one, on either side."""
    assert verified(a_verdict(Kind.COMPLETE, to_stage=None), to_stage=None).exit_code == 0


@pytest.mark.parametrize("kind", [kind for kind in Kind if kind.row < 12])
def test_every_other_kind_keeps_its_exit_code(kind: Kind) -> None:
    """A hold blocks with its own code and reason, a rollback says 20."""
    result = verified(a_verdict(kind))

    assert (result.kind, result.exit_code) == (kind, kind.exit_code)
    assert result.exit_code != 0
    assert "approval_rate: 79 % of 73 drafts" in result.text


@pytest.mark.parametrize("kind", [Kind.PROMOTE, Kind.ROLLBACK_INCIDENT])
@pytest.mark.parametrize(
    ("field", "other"),
    [
        ("subject", "6b" * 32),
        ("plan_digest", "6b" * 32),
        ("lock_digest", "6b" * 32),
        ("from_stage", "setup"),
        ("to_stage", "twenty-five"),
        ("to_stage", None),
    ],
)
def test_what_is_about_something_else_blocks(kind: Kind, field: str, other: str | None) -> None:
    """Another build, plan, lock or step: no promote and no rollback, and the field with both values."""
    result = verified(a_verdict(kind), **{field: other})

    assert (result.kind, result.exit_code) == (Kind.HOLD_INVALID_EVIDENCE, 30)
    assert f"{field}: expected {other or 'none'}, seen " in result.text


def test_every_field_that_differs_is_named() -> None:
    """One round tells them all."""
    text = verified(a_verdict(), subject="6b" * 32, to_stage="x").text

    assert "subject: expected" in text
    assert "to_stage: expected x, seen ten" in text


@pytest.mark.parametrize(
    ("issued", "until", "max_age_s", "said"),
    [
        (-60, -1, None, "valid_until: expired 1 second ago, at 2026-"),
        (-7200, 3600, 3600, "age: expected at most 60 minutes, seen 2 hours"),
        (60, 3600, None, "lies in the future"),
    ],
)
def test_a_promote_out_of_its_time_blocks(issued: int, until: int, max_age_s: float | None, said: str) -> None:
    """Past its validity, past the consumer's own limit, or stamped ahead of the clock."""
    times = {"issued_at": NOW + timedelta(seconds=issued), "valid_until": NOW + timedelta(seconds=until)}
    verdict = a_verdict(**{name: rfc3339(at) for name, at in times.items()})

    result = verified(verdict, max_age_s=max_age_s)

    assert result.exit_code == 30
    assert said in result.text


def test_a_rollback_does_not_grow_old() -> None:
    """Late evidence never turns a rollback into a hold: it stands until it is acknowledged."""
    old = {"issued_at": rfc3339(NOW - timedelta(days=3)), "valid_until": rfc3339(NOW - timedelta(days=2))}
    verdict = a_verdict(Kind.ROLLBACK_THRESHOLD, **old)

    assert verified(verdict, a_state(given_in_state(verdict))).exit_code == 20


def a_rollback(subject: str = SUBJECT) -> RolledBack:
    return RolledBack(stage="rag-on", subject=subject, at=rfc3339(NOW), by="dana")


def test_a_verdict_the_state_does_not_know_blocks() -> None:
    """A verdict of another rollout, or one made by hand, was never recorded here."""
    for kind in (Kind.PROMOTE, Kind.ROLLBACK_INCIDENT):
        result = verified(a_verdict(kind), a_state(given_in_state(a_verdict(attempt=1))))

        assert result.exit_code == 30
        assert "seen none" in result.text


def test_an_old_promote_cannot_be_played_again() -> None:
    """A newer verdict or a rollback carried out takes its force away."""
    verdict = a_verdict()
    for later in (given_in_state(a_verdict(attempt=3)), a_rollback(), a_rollback("6b" * 32)):
        result = verified(verdict, a_state(given_in_state(verdict), later))

        assert result.exit_code == 30
        assert "to be the last word" in result.text


def test_a_verdict_recorded_twice_counts_from_its_last_record() -> None:
    """The same bytes judged again are the newest word."""
    verdict = a_verdict()
    events = [given_in_state(verdict), given_in_state(a_verdict(attempt=1)), given_in_state(verdict)]

    assert verified(verdict, a_state(*events)).exit_code == 0


def test_a_rollback_stands_until_done_or_acknowledged() -> None:
    """Later verdicts do not call it back; carrying it out, or a human who has seen it, ends it."""
    verdict = a_verdict(Kind.ROLLBACK_INCIDENT)
    mine = given_in_state(verdict)
    seen = Acknowledged(subject="6b" * 32, at=rfc3339(NOW), by="dana")

    assert verified(verdict, a_state(mine, given_in_state(a_verdict(Kind.HOLD_SUSPECT)))).exit_code == 20
    assert verified(verdict, a_state(mine, a_rollback("6b" * 32))).exit_code == 20
    assert verified(verdict, a_state(mine, a_rollback())).exit_code == 30
    assert verified(verdict, a_state(mine, seen)).exit_code == 30


@pytest.mark.parametrize("lost", [{"missing": True}, {"broken": Fault(where="state.jsonl:3", what="was changed.")}])
def test_a_lost_state_holds_a_promote_and_keeps_a_rollback(lost: dict[str, object]) -> None:
    """A deleted or damaged state file is no reason to go on, and none to stay."""
    assert verified(a_verdict(), a_state(**lost)).kind is Kind.HOLD_NO_STATE
    assert verified(a_verdict(Kind.ROLLBACK_INCIDENT), a_state(**lost)).exit_code == 20


def test_without_a_state_file_replay_is_said_to_be_unchecked() -> None:
    """A plan may name none; the text does not claim more than was checked."""
    assert "replay not checked" in verified(a_verdict()).text


@pytest.mark.parametrize("kind", [Kind.PROMOTE, Kind.ROLLBACK_INCIDENT])
@pytest.mark.parametrize(
    ("field", "other"),
    [
        ("decision", "hold"),
        ("kind", "hold.suspect"),
        ("from_stage", "setup"),
        ("to_stage", None),
        ("subject", "6b" * 32),
    ],
)
def test_a_state_that_says_otherwise_of_the_verdict_blocks(kind: Kind, field: str, other: str | None) -> None:
    """The record of these very bytes names another decision or step: one of the two was made up."""
    verdict = a_verdict(kind)

    result = verified(verdict, a_state(replace(given_in_state(verdict), **{field: other})))

    assert result.exit_code == 30
    assert f"state's record of {field}: expected {getattr(verdict, field)}, seen {other or 'none'}" in result.text


@pytest.mark.parametrize("added", [b"\n", b"\r\n", b"\n\n"])
def test_a_line_break_behind_the_verdict(added: bytes) -> None:
    """Refused with its cause where it says go on or stay; a rollback is not lost by it."""
    promote, hold, rollback = (a_verdict(kind) for kind in (Kind.PROMOTE, Kind.HOLD_SUSPECT, Kind.ROLLBACK_INCIDENT))

    for verdict in (promote, hold):
        result = verified(verdict_json(verdict) + added, a_state(given_in_state(verdict)))
        assert result.exit_code == 30
        assert "a line break was added behind the verdict" in result.text
    assert verified(verdict_json(rollback) + added, a_state(given_in_state(rollback))).exit_code == 20
    assert verified(verdict_json(rollback) + added, a_state()).exit_code == 30
    assert verified(verdict_json(rollback) + b" ", a_state(given_in_state(rollback))).exit_code == 30


GOOD = verdict_json(a_verdict())


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"<!doctype html><title>Log in</title>",
        b"[]",
        b"null",
        GOOD[:-1],
        GOOD + b"\n",
        b" " + GOOD,
        GOOD.replace(b'"schema_version":1', b'"schema_version":2'),
        GOOD.replace(b'"schema_version":1', b'"schema_version":true'),
        GOOD.replace(b'"schema_version":1,', b""),
        GOOD.replace(b'"attempt":2', b'"attempt":2,"atempt":3'),
        GOOD.replace(b'"attempt":2', b'"attempt":3,"attempt":2'),
        GOOD.replace(b'"attempt":2', b'"attempt":NaN'),
        GOOD.replace(b'"decision":"promote"', b'"decision":"hold"'),
        GOOD.replace(b'"kind":"promote"', b'"kind":"hold.suspect"'),
        GOOD.replace(b'"to_stage":"ten"', b'"to_stage":null'),
        GOOD.replace(b'"issued_at":"2026-01-29T', b'"issued_at":"2026-01-29 '),
        GOOD.replace(b'"issued_at":"2026-01-29T', b'"issued_at":"someday'),
        GOOD.replace(b'"subject":"5a5a', b'"subject":"5A5a'),
        b'{"schema_version":1,"kind":"promote"}',
        b"[" * 100_000,
    ],
)
def test_bytes_that_are_not_exactly_a_verdict_block(raw: bytes) -> None:
    """Anything else, however close, is a hold with a reason; never a crash, never a promote."""
    result = verified(raw)

    assert (result.decision, result.exit_code) == (Decision.HOLD, 30)
    assert len(result.text.splitlines()) >= 2


def test_a_promote_beside_a_criterion_that_asks_for_less_blocks() -> None:
    """A verdict that contradicts itself is not one the judge wrote."""
    criterion = CriterionResult(
        metric="approval_rate",
        unit="draft",
        scale="ratio",
        origins=(),
        status=Status.ROLLBACK,
        kind=Kind.ROLLBACK_THRESHOLD,
        measured=NotMeasured(reason="none"),
    )

    result = verified(replace(a_verdict(), criteria=(criterion,)))

    assert "passes while a criterion asks for 'rollback.threshold'" in result.text


def test_hostile_text_in_a_verdict_reaches_no_terminal() -> None:
    """Reasons quote model output; escapes are shown, not sent."""
    reason = Reason(kind=Kind.HOLD_FAILED, about="x", text="\x1b]0;owned\x07 \u202eabc")

    assert "\x1b" not in verified(a_verdict(Kind.HOLD_FAILED, reasons=(reason,))).text


def test_a_clock_behind_the_state_takes_nothing() -> None:
    """The state has a record of an hour from now: this clock cannot say what is fresh. A rollback stands."""
    promote, rollback = a_verdict(), a_verdict(Kind.ROLLBACK_INCIDENT)
    later = Acknowledged(subject="other", at=rfc3339(NOW + timedelta(hours=1)), by="ada")
    seen = Attempt(stage="elsewhere", attempt=1, subject="other", at=rfc3339(NOW + timedelta(hours=1)))

    result = verified(promote, a_state(given_in_state(promote), later))

    assert (result.kind, result.exit_code) == (Kind.HOLD_INVALID_EVIDENCE, 30)
    assert "the clock is behind" in result.text
    assert verified(rollback, a_state(given_in_state(rollback), seen)).exit_code == 20


def test_a_state_that_goes_backwards_takes_nothing() -> None:
    """A record before the verdict is later than it: somebody dated it back, or the clock was changed."""
    promote, rollback = a_verdict(), a_verdict(Kind.ROLLBACK_INCIDENT)
    ahead = Attempt(stage="rag-on", attempt=1, subject=SUBJECT, at=rfc3339(NOW - timedelta(minutes=13)))

    result = verified(promote, a_state(ahead, given_in_state(promote)))

    assert (result.kind, result.exit_code) == (Kind.HOLD_NO_STATE, 30)
    assert verified(rollback, a_state(ahead, given_in_state(rollback))).exit_code == 20


def test_a_verdict_of_a_time_to_come_is_nobodys() -> None:
    """Asked as of then, by a clock that says now."""
    verdict = a_verdict(issued_at=rfc3339(NOW + timedelta(hours=1)))
    asked = {"now": NOW + timedelta(hours=1)}

    assert verified(verdict, **asked).exit_code == 0
    assert "lies in the future" in verified(verdict, clock=NOW, **asked).text
