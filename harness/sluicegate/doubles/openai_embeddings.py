"""OpenAI embeddings: unit vectors made from the words of a text, the same everywhere."""

from __future__ import annotations

import re
from array import array
from base64 import b64encode
from collections.abc import Iterator
from hashlib import blake2b
from math import sqrt
from sys import byteorder

from sluicegate.doubles import tokens
from sluicegate.doubles.answer import Answer, Call, json_answer
from sluicegate.doubles.faults import disturbed, status_of, struck
from sluicegate.doubles.latency import Latencies
from sluicegate.doubles.openai_error import openai_error
from sluicegate.doubles.prompts import marked
from sluicegate.doubles.wire import RefusedError, number, read_object, turned_away
from sluicegate.model import Json, digest_bytes

__all__ = ["Embeddings", "embedding"]

_PROTOCOL = "openai.embeddings"
_SIZES = {"text-embedding-3-large": 3072}
_SIZE = 1536
_MOST_TEXTS = 2048
_MOST_SIZE = 4096
_MOST_WORDS = 4000
_WORD = re.compile(r"\w+")
_POINTS = 8
"""Places of the vector that one word moves."""


class Embeddings:
    """`/v1/embeddings`."""

    def __init__(self, *, latencies: Latencies) -> None:
        self._latencies = latencies

    def answer(self, call: Call) -> Answer:
        """One vector a text; the observation counts, it keeps no text."""
        try:
            model, texts, size, packed = _read(call.body)
        except RefusedError as refused:
            return turned_away(call, _PROTOCOL, refused, openai_error)
        run = call.run
        turn, fault = struck(run, "embedding", model)
        local = sum(map(tokens.count, texts))
        said = local * 10 if fault is not None and fault.kind == "wrong_usage" else local
        status = status_of(fault)
        detail: dict[str, Json] = {
            "model": model[:200],
            "protocol": _PROTOCOL,
            "stream": False,
            "status": status,
            "prompt_digest": digest_bytes("\0".join(texts).encode(errors="replace")),
            "input_tokens": said if status == 200 else 0,
            "output_tokens": 0,
            "local_input_tokens": local,
            "local_output_tokens": 0,
            "texts": len(texts),
            **marked(run.case, "\n".join(texts)),
            "fault": fault.kind if fault else None,
        }
        seen = call.see("model", model[:200], detail)
        delay_ms = self._latencies.draw(self._latencies.model_ms, run.case.id, "embedding", turn)
        data = [
            {"object": "embedding", "index": index, "embedding": _written(embedding(text, model, size), packed)}
            for index, text in enumerate(texts if status == 200 else ())
        ]
        empty = fault is not None and fault.kind == "empty"
        whole = {
            "object": "list",
            "data": [] if empty else data,
            "model": model,
            "usage": {"prompt_tokens": said, "total_tokens": said},
        }
        answer = json_answer(whole, delay_ms=delay_ms, seen=seen)
        return disturbed(answer, None if empty else fault, call, error=openai_error)


def embedding(text: str, model: str, size: int) -> array[float]:
    """A unit vector: the more words two texts share, the smaller the angle between theirs."""
    moved: dict[int, float] = {}
    for word in _words(text):
        seed = blake2b(f"{model}\0{word}".encode(errors="replace"), digest_size=4 * _POINTS).digest()
        for point in range(0, len(seed), 4):
            value = int.from_bytes(seed[point : point + 4], "little")
            place = (value >> 1) % size
            moved[place] = moved.get(place, 0.0) + (1.0 if value & 1 else -1.0)
    length = sqrt(sum(value * value for value in moved.values()))
    if length == 0:
        moved, length = {0: 1.0}, 1.0
    vector = array("f", bytes(4 * size))
    for place, moves in moved.items():
        vector[place] = moves / length
    return vector


def _words(text: str) -> Iterator[str]:
    for count, match in enumerate(_WORD.finditer(text.lower())):
        if count == _MOST_WORDS:
            return
        yield match[0]
    # The whole text once more, so that one without words, or with the same words in another order, is told apart.
    yield text


def _written(vector: array[float], packed: bool) -> Json:
    if not packed:
        return vector.tolist()
    if byteorder == "big":
        vector.byteswap()
    return b64encode(vector.tobytes()).decode()


def _read(body: bytes | None) -> tuple[str, list[str], int, bool]:
    """Model, texts, size and whether vectors are packed as base64. Raises RefusedError."""
    value = read_object(body)
    model, said = value.get("model"), value.get("input")
    if not isinstance(model, str) or not model:
        raise RefusedError("You must provide a model parameter.")
    texts = _texts(said)
    if not texts or len(texts) > _MOST_TEXTS:
        raise RefusedError(f"'input' must be a text, or a list of 1 to {_MOST_TEXTS} texts or lists of tokens.")
    size = value.get("dimensions")
    if size is not None and (number(size) is None or size > _MOST_SIZE):
        raise RefusedError(f"'dimensions' must be a whole number from 1 to {_MOST_SIZE}.")
    form = value.get("encoding_format", "float")
    if form not in ("float", "base64"):
        raise RefusedError("'encoding_format' must be float or base64.")
    return model, texts, size or _SIZES.get(model, _SIZE), form == "base64"


def _texts(said: Json) -> list[str]:
    """Each text; a list of tokens stands for one."""
    if isinstance(said, str):
        said = [said]
    if not isinstance(said, list) or not said:
        return []
    if all(isinstance(item, int) for item in said):
        said = [said]
    if not all(isinstance(item, (str, list)) for item in said):
        return []
    texts = [item if isinstance(item, str) else " ".join(map(str, item)) for item in said]
    return texts if all(texts) else []
