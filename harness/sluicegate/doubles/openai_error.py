"""An error as OpenAI words it."""

from __future__ import annotations

from collections.abc import Mapping

from sluicegate.doubles.answer import Answer, json_answer
from sluicegate.model import Json

__all__ = ["openai_error"]


def openai_error(
    status: int,
    message: str,
    *,
    code: str | None = None,
    headers: Mapping[str, str] | None = None,
    seen: dict[str, Json] | None = None,
) -> Answer:
    """`{"error": {"message", "type", "param", "code"}}`."""
    if status == 429:
        code = "rate_limit_exceeded"
    kind = "server_error" if status >= 500 else "rate_limit_exceeded" if status == 429 else "invalid_request_error"
    said = {"error": {"message": message, "type": kind, "param": None, "code": code}}
    return json_answer(said, status=status, headers=headers, seen=seen)
