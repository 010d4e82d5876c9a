"""From what a pipeline returned to an Output, by rules that never fail.

- text is the content; nothing (None) is an answer without content
- an Output stays what it is; its `error` is a reported crash, whatever kind it says
- a mapping whose keys are all fields of Output is one; its `error`, text or mapping, is a reported crash
- its `usage` may be the one a provider gave: OpenAI's, Anthropic's or Gemini's names are understood
- any other mapping, list, number, true or false is structured
- pydantic models, dataclasses and other mappings count as the mapping they hold
- NaN or an infinity anywhere is the crash not_finite, with its path
- what JSON cannot hold is the crash garbage, with its path and type; so is a whole number beyond 64 bits, which would
  be read as another one, and an answer nested too deeply
- more than `max_bytes` is the crash too_large
"""

from __future__ import annotations

import json
import math
import sys
from collections.abc import Callable, Iterable, Mapping
from dataclasses import fields, is_dataclass, replace
from enum import Enum
from typing import Any

import orjson

from sluicegate.model import CrashKind, Json, Output, decode_or_faults, encode, first_non_finite, may_hold_long_number
from sluicegate.model.often import maker
from sluicegate.pipelines.crashes import crash, excerpt, raised_line
from sluicegate.pipelines.usage import is_foreign, usage_of

__all__ = [
    "MAX_BYTES",
    "as_output",
    "as_sent",
    "from_json",
    "live",
    "not_json",
    "output_of",
    "read_exactly",
    "timed",
    "too_large",
    "with_error",
]

MAX_BYTES = 10_000_000

_output = maker(Output)
_FIELDS = frozenset(item.name for item in fields(Output))
_STORE_LATENCY = vars(Output)["latency_ms"].__set__
_OPTION = orjson.OPT_PASSTHROUGH_DATACLASS
_MAX_DEPTH = 250
_AROUND = 16
"""Levels that records of evidence have around an answer."""
_PATH_SHOWN = 100
_WRAP = 'To return this mapping itself, write {"structured": …}.'


def as_output(value: Any, *, max_bytes: int = MAX_BYTES) -> Output:
    """The Output for whatever a pipeline returned; a crash where there is no usable answer."""
    if type(value) is str and len(value) * 4 <= max_bytes and (value.isascii() or _encodable(value)):
        return _output(content=value)
    if value is None:
        return Output()
    is_whole = isinstance(value, Output)
    data = _written(with_error(encode(value)) if is_whole else value, max_bytes)
    if not isinstance(data, bytes):
        return data
    plain = orjson.loads(data)
    return _too_deep(data, plain) or (output_of(plain) if is_whole else from_json(plain))


def as_sent(value: Any, *, max_bytes: int = MAX_BYTES) -> bytes | Output:
    """For another process: JSON that `from_json` makes the same Output of as `as_output` here, or that Output."""
    if type(value) is dict or type(value) is list:
        data = _written(value, max_bytes)
        if not isinstance(data, bytes) or _is_shallow(data):
            return data
    return live(as_output(value, max_bytes=max_bytes))


def _written(value: Any, max_bytes: int) -> bytes | Output:
    """The JSON of an answer, or the crash where it has none."""
    try:
        data = orjson.dumps(value, default=_plain, option=_OPTION)
    except TypeError as error:
        return _unwritable(value, error)
    if len(data) > max_bytes:
        return too_large(len(data), max_bytes)
    # orjson writes NaN and infinities as null: only an answer with a null in it can hold one.
    if b"null" in data and (path := _first_non_finite(value, "$", 0)) is not None:
        return crash(CrashKind.NOT_FINITE, f"{path} of the answer is NaN or infinite; JSON has no such number.")
    return data


def from_json(plain: Json) -> Output:
    """The Output for parsed JSON, by the rules of this room."""
    if isinstance(plain, str):
        return Output(content=plain)
    if isinstance(plain, dict) and plain and _FIELDS.issuperset(plain):
        return output_of(with_error(plain))
    return _output(structured=plain)


def with_error(plain: dict[str, Json]) -> dict[str, Json]:
    """Output's fields with `error`, text or mapping as the pipeline wrote it, as a reported crash."""
    if (reported := plain.get("error")) is None:
        return plain
    return {**plain, "error": {"kind": CrashKind.REPORTED.value, "message": _reported(reported)}}


def live(output: Output) -> Output:
    """An answer just given: its latency is measured around the call, whatever it says of itself."""
    return output if output.latency_ms is None else replace(output, latency_ms=None)


def timed(output: Output, latency_ms: float) -> Output:
    """The same object, which nobody else may hold yet, with its latency: a copy would cost as much as making it did."""
    _STORE_LATENCY(output, latency_ms)
    return output


def too_large(size_bytes: int | None, max_bytes: int) -> Output:
    """The crash of an answer beyond the limit; None where reading stopped at the limit."""
    seen = f"is {size_bytes:,} bytes" if size_bytes is not None else "is longer"
    return crash(CrashKind.TOO_LARGE, f"The answer {seen}; the limit is {max_bytes:,} bytes (max_bytes).")


def output_of(plain: Json, *, said: str = "The answer's keys are those of an Output, but", mend: str = _WRAP) -> Output:
    """The Output whose fields `plain` holds; the crash garbage, with every fault, where a field has the wrong type."""
    usage = plain.get("usage") if isinstance(plain, dict) else None
    if isinstance(plain, dict) and isinstance(usage, dict) and is_foreign(usage):
        plain = {**plain, "usage": usage_of(usage)}
    output, faults = decode_or_faults(Output, plain)
    if output is not None:
        return output
    return crash(CrashKind.GARBAGE, " ".join([said, *(str(fault) for fault in faults[:5]), mend]))


def not_json(data: bytes, *, what: str, secrets: Iterable[str] = ()) -> Output:
    """The crash for bytes that orjson refused: not_finite where the only fault is NaN or an infinity, else garbage."""
    try:
        path = first_non_finite(json.loads(data))
    except (ValueError, RecursionError):
        path = None
    if path is not None:
        return crash(CrashKind.NOT_FINITE, f"{path} of the answer is NaN or infinite; JSON has no such number.")
    shown = excerpt(data[:2000].decode("utf-8", "replace"), secrets=secrets)
    return crash(CrashKind.GARBAGE, f"{what}: {shown or 'nothing'}", secrets=secrets)


def read_exactly(data: bytes, plain: Json, read: Callable[[Json], Output]) -> Output:
    """The answer that `read` makes of `data`, which orjson read as `plain`; garbage where it would be another.

    orjson reads a whole number beyond 64 bits as a float nearby: then `read` gets the number itself, and an answer that
    holds it is garbage. Nor can what is nested more than some 230 levels deep be kept, although it can be read.
    """
    if data.count(b"[") + data.count(b"{") > _MAX_DEPTH - _AROUND:
        try:
            orjson.dumps(plain)
        except TypeError as error:
            return _unwritable(plain, error)
        if (crashed := _too_deep(data, plain)) is not None:
            return crashed
    if not may_hold_long_number(data):
        return read(plain)
    try:
        exact = json.loads(data)
    except (ValueError, RecursionError):  # Python reads no number of more than 4,300 digits
        return crash(CrashKind.GARBAGE, "The answer holds a whole number beyond 64 bits; write it as text.")
    return as_output(read(exact), max_bytes=sys.maxsize)


def _reported(error: Json) -> str:
    if isinstance(error, str):
        text = error
    elif isinstance(error, dict):
        parts = [
            str(error[key]) for key in ("code", "kind", "type", "message") if isinstance(error.get(key), str | int)
        ]
        text = ": ".join(parts) or orjson.dumps(error).decode()
    else:
        text = orjson.dumps(error).decode()
    said = crash(CrashKind.REPORTED, text or "The pipeline reported an error without a message.").error
    return said.message if said else text


def _plain(value: Any) -> Any:
    """What JSON can hold of a value it does not know; called by orjson. Raises TypeError for anything else."""
    kind = type(value)
    if hasattr(kind, "model_dump"):
        return value.model_dump()
    if is_dataclass(value) and not isinstance(value, type):
        return {item.name: getattr(value, item.name) for item in fields(value)}
    if isinstance(value, Mapping):
        return dict(value)
    if isinstance(value, float):
        return float(value)
    if hasattr(kind, "tolist"):  # numpy scalars and arrays, without importing numpy
        return value.tolist()
    raise TypeError(kind.__name__)


def _first_non_finite(value: Any, path: str, depth: int) -> str | None:
    if isinstance(value, float):
        return None if math.isfinite(value) else path
    if value is None or depth > _MAX_DEPTH or isinstance(value, str | int):
        return None
    if isinstance(value, Enum):
        return _first_non_finite(value.value, path, depth + 1)
    for step, item in _below(value):
        if (found := _first_non_finite(item, path + step, depth + 1)) is not None:
            return found
    return None


def _below(value: Any) -> list[tuple[str, Any]]:
    if isinstance(value, Mapping):
        return [(f".{key}", item) for key, item in value.items()]
    if isinstance(value, list | tuple):
        return [(f"[{index}]", item) for index, item in enumerate(value)]
    try:
        return [("", _plain(value))]
    except TypeError:
        return []  # dates and identifiers, which orjson writes by itself


def _unwritable(value: Any, error: TypeError) -> Output:
    cause = error.__cause__
    if cause is not None and not isinstance(cause, TypeError):
        return crash(CrashKind.GARBAGE, f"The answer could not be read: {raised_line(cause)}")
    path, found = _first_unwritable(value, "$", 0)
    path = path if len(path) <= _PATH_SHOWN else path[:_PATH_SHOWN] + "…"
    if isinstance(found, str):
        what = f"{path} of the answer holds half of a surrogate pair, which is no text."
    elif isinstance(found, int):
        what = f"{path} of the answer is a whole number beyond 64 bits; write it as text."
    elif isinstance(found, Mapping) and (odd := [key for key in found if not isinstance(key, str)]):
        key = odd[0]
        what = f"{path} of the answer has the key {key!r} of type {type(key).__name__}; keys are text."
    elif isinstance(found, list | tuple | Mapping):
        what = f"{path} of the answer is nested too deeply or holds itself."
    else:
        name = type(found).__name__
        what = f"{path} of the answer is of type {name}, which JSON cannot hold; return text, a mapping or an Output."
    return crash(CrashKind.GARBAGE, what)


def _too_deep(data: bytes, value: Any) -> Output | None:
    """A crash where records could not hold an answer that can be written by itself; `data` is its JSON."""
    if _is_shallow(data):
        return None
    for _ in range(_AROUND):
        value = [value]
    if _writable(value):
        return None
    return crash(CrashKind.GARBAGE, "$ of the answer is nested too deeply to be kept as evidence.")


def _is_shallow(data: bytes) -> bool:
    """Whether records hold it, however its brackets are nested."""
    return data.count(b"[") + data.count(b"{") <= _MAX_DEPTH - _AROUND


def _first_unwritable(value: Any, path: str, depth: int) -> tuple[str, Any]:
    if depth < _MAX_DEPTH:
        for step, item in _below(value):
            if not _writable(item):
                return _first_unwritable(item, path + step, depth + 1)
    return path, value


def _writable(value: Any) -> bool:
    try:
        orjson.dumps(value, default=_plain, option=_OPTION)
    except TypeError:
        return False
    return True


def _encodable(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
