"""What the user's code logs while it answers, by call: records of `logging`, as many as a reader can look at."""

from __future__ import annotations

import asyncio
import logging
import sys
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from sluicegate.model import from_micros, now_utc, rfc3339
from sluicegate.pipelines.elsewhere import CALL

__all__ = ["MOST_CHARS", "MOST_LINES", "LogCapture", "flush_exporters"]

MOST_LINES = 200
"""Of one call."""
MOST_CHARS = 16_001
"""Of one line, and of one field of a record: one more than evidence keeps at most, so that a cut shows."""
_MOST_FIELDS = 20
_MOST_CAUSES = 5
_FLUSH_MS = 1_000
_PROVIDERS = (("opentelemetry.trace", "get_tracer_provider"), ("opentelemetry._logs", "get_logger_provider"))
_USUAL = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime"}
"""What every record has; anything else was put there by the user's code."""


@dataclass(slots=True)
class _Lines:
    """One call's lines so far."""

    run_id: str
    records: list[tuple[logging.LogRecord, str, int]] = field(default_factory=list)
    """With its text, and among how many calls nobody knows whose it is; 0 where it is this one's."""
    own: int = 0
    more: int = 0


class LogCapture:
    """Keeps the records of each call that is under way."""

    def __init__(self) -> None:
        self._open: dict[int, _Lines] = {}
        self._between: list[tuple[logging.LogRecord, str, int]] = []
        """Records of no call while none was under way, for the next: of a thread started without its context."""

    def install(self) -> None:
        """Hear every record that some handler may be given, for as long as the process lives.

        No handler of our own: one would be lost with the next `dictConfig`, would hear nothing of loggers that do not
        propagate, and would keep the user's `basicConfig` from doing anything.
        """
        handed_on = logging.Logger.callHandlers

        def heard(logger: logging.Logger, record: logging.LogRecord) -> None:
            self._take(logger, record)
            handed_on(logger, record)

        setattr(logging.Logger, "callHandlers", heard)  # noqa: B010 - assigned directly it would be no method to mypy

    def begin(self, number: int, run_id: str) -> None:
        """A call begins; `run_id` is empty where the callable is not told."""
        self._open[number] = _Lines(run_id, self._between)
        self._between = []

    def end(self, number: int) -> tuple[list[list[Any]], int]:
        """Its lines as rows for `log_lines.lines_of`, and how many more there were."""
        lines = self._open.pop(number, None)
        return ([], 0) if lines is None else ([_row(*kept) for kept in lines.records], lines.more)

    def _take(self, logger: logging.Logger, record: logging.LogRecord) -> None:
        try:
            text = _text(logger, record)
        except Exception:  # noqa: BLE001 - a message that cannot be made is the user's to hear of, from logging itself
            text = str(record.msg)[:MOST_CHARS]
        lines = self._lines(text)
        if lines is None:
            self._stray(record, text)
        elif lines.own < MOST_LINES:
            lines.own += 1
            lines.records.append((record, text, 0))
        else:
            lines.more += 1

    def _stray(self, record: logging.LogRecord, text: str) -> None:
        """With every call that may have written it, for what stands in it may be of any."""
        under_way = tuple(self._open.values())
        for records in [lines.records for lines in under_way] or [self._between]:
            if len(records) < 2 * MOST_LINES:
                records.append((record, text, max(1, len(under_way))))

    def _lines(self, text: str) -> _Lines | None:
        """By the context; a thread without one may still name its run."""
        number = CALL.get()
        if number is not None:
            return self._open.get(number)
        return next((lines for lines in tuple(self._open.values()) if lines.run_id and lines.run_id in text), None)


def _text(logger: logging.Logger, record: logging.LogRecord) -> str:
    """The line as the user's own handlers write it, which is where most ids are put in; else the message."""
    current: logging.Logger | None = logger
    while current is not None:
        for handler in current.handlers:
            if handler.formatter is not None:
                try:
                    return handler.formatter.format(record)[:MOST_CHARS]
                except Exception:  # noqa: BLE001, S112 - its filter, which adds what it formats, has not run yet
                    continue
        current = current.parent if current.propagate else None
    raised = record.exc_info[1] if isinstance(record.exc_info, tuple) else None
    return f"{record.getMessage()}{''.join(_raised(raised))}"[:MOST_CHARS]


def _raised(error: BaseException | None) -> Iterator[str]:
    """What exceptions say, as handlers write it below the message; frames say nothing that somebody told."""
    for _ in range(_MOST_CAUSES):
        if error is None:
            return
        yield f"\n{type(error).__name__}: {error}"
        error = error.__cause__ or error.__context__


def _row(record: logging.LogRecord, text: str, among: int) -> list[Any]:
    """Only now, at the end: filters of handlers have put in by now what they put in."""
    extra = [(name, value) for name, value in tuple(vars(record).items()) if name not in _USUAL]
    fields = {_plain(str(name)[:100]): _said(value) for name, value in extra[:_MOST_FIELDS]}
    return [_at(record), _plain(record.name), _plain(record.levelname), _plain(text), fields, among]


def _said(value: object) -> str:
    try:
        return _plain(str(value)[:MOST_CHARS])
    except Exception:  # noqa: BLE001 - an object of the user's that cannot be shown
        return type(value).__name__


def _plain(text: object) -> str:
    """Without lone surrogates, which no message can carry."""
    return str(text).encode("utf-8", "backslashreplace").decode()


def _at(record: logging.LogRecord) -> str:
    try:
        return rfc3339(from_micros(int(record.created * 1e6)))
    except (TypeError, ValueError, OverflowError):  # the user's code may write into a record what it likes
        return rfc3339(now_utc())


async def flush_exporters() -> None:
    """Let OpenTelemetry, where the user's code has it, send what it holds; its batches would come after their run."""
    for module, getter in _PROVIDERS:
        loaded = sys.modules.get(module)
        flush = getattr(getattr(loaded, getter, lambda: None)(), "force_flush", None)
        if flush is not None:
            with suppress(Exception):  # an exporter that fails shows as spans that never came
                await asyncio.to_thread(flush, _FLUSH_MS)
