"""Time as text and as numbers: UTC everywhere, RFC 3339, microseconds."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

__all__ = ["from_micros", "now_utc", "parse_time", "rfc3339", "to_micros"]

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def now_utc() -> datetime:
    """The wall clock, for doors; rooms below take a time as an argument."""
    return datetime.now(UTC)


def rfc3339(at: datetime) -> str:
    """`2026-01-29T14:00:00.000000Z`. Raises ValueError for a time without a zone."""
    if at.tzinfo is None:
        raise ValueError(f"{at!r} has no time zone")
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def parse_time(text: str) -> datetime:
    """An RFC 3339 time with a zone, as UTC. Raises ValueError for anything else."""
    at = datetime.fromisoformat(text)
    if at.tzinfo is None:
        raise ValueError(f"'{text}' has no time zone; write it with Z or an offset")
    try:
        return at if at.tzinfo is UTC else at.astimezone(UTC)
    except OverflowError:
        raise ValueError(f"'{text}' is no time between the years 1 and 9999 in UTC") from None


def to_micros(at: datetime) -> int:
    """Microseconds since 1970-01-01 UTC."""
    since = at - _EPOCH
    # By its parts: dividing by a microsecond takes four times as long, and every trial has a time.
    return (since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds


def from_micros(micros: int) -> datetime:
    """The inverse of `to_micros`."""
    return _EPOCH + timedelta(microseconds=micros)
