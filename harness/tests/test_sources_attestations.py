"""What a person may vouch for, and in which words."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from sluicegate.errors import InputError
from sluicegate.sources.attestations import attestation_of

NOW = datetime(2026, 1, 29, 14, tzinfo=UTC)
GOOD = {"name": "security-audit", "by": "dana", "statement": "Report 12 read, no finding open."}


def faults_of(given: dict[str, object]) -> list[str]:
    with pytest.raises(InputError) as caught:
        attestation_of(given, "--attest", now=NOW)
    return [str(fault) for fault in caught.value.faults]


def test_an_attestation_is_made_now_unless_it_says_when() -> None:
    """Without `at`, the time of recording is the time of the statement."""
    made = attestation_of(GOOD, "--attest", now=NOW)

    assert (made.name, made.by, made.at) == ("security-audit", "dana", "2026-01-29T14:00:00.000000Z")


def test_times_are_kept_in_utc() -> None:
    """An offset is turned into UTC, so that expiry is compared on one clock."""
    made = attestation_of({**GOOD, "expires": "2026-02-01T03:00:00+03:00"}, "--attest", now=NOW)

    assert made.expires == "2026-02-01T00:00:00.000000Z"


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"name": None}, "lacks 'name'"),
        ({"by": "  "}, "'by' is empty"),
        ({"statement": 3}, "'statement' is 3; expected text"),
        ({"statement": "x" * 3000}, "3,000 characters"),
        ({"statement": "fine\x1b[2J"}, "do not print"),
        ({"at": "2026-01-29T15:00:00Z"}, "lies in the future"),
        ({"at": "yesterday"}, "expected an RFC 3339 time"),
        ({"expires": "2026-01-28T00:00:00Z"}, "is not after 'at'"),
        ({"expire": "2026-02-28T00:00:00Z"}, "Did you mean 'expires'?"),
    ],
)
def test_a_bad_attestation_is_a_fault(change: dict[str, object], said: str) -> None:
    """Each missing, empty, oversized, unprintable or impossible field is told."""
    (fault,) = faults_of({**GOOD, **change})

    assert said in fault
    assert "\x1b" not in fault


def test_all_faults_are_told_at_once() -> None:
    """An empty attestation lacks three things and says so in one round."""
    assert len(faults_of({})) == 3


KEY = "sk-proj-AbCdEf0123456789AbCdEf0123456789AbCdEf01"


def test_keys_are_masked_before_an_attestation_is_kept() -> None:
    """A ledger is for ever: no key in any text, no mail address in the statement; an address may say who it was."""
    given = {**GOOD, "by": f"dana@shop.test {KEY}", "statement": f"asked eve@shop.test with {KEY}"}
    made = attestation_of(given, "--attest", now=NOW)

    assert made.by == "dana@shop.test [secret]"
    assert made.statement == "asked ***@s*** with [secret]"


def test_a_fault_says_no_key() -> None:
    """What cannot be kept is shown masked."""
    [said] = faults_of({**GOOD, "statement": f"\x1b[31m{KEY}"})

    assert "AbCdEf" not in said
    assert "\\x1b[31m[secret]" in said
