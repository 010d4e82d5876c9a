"""Messages between a runner process and its parent: whole and in order, however the socket cuts them."""

from __future__ import annotations

import asyncio
from random import Random

import orjson
import pytest

from sluicegate.pipelines.frames import Channel, framed


def _heard(stream: bytes, cuts: Random | None) -> list[list[object]]:
    """What a channel hands on of bytes that are read in pieces of any size."""
    heard: list[list[object]] = []

    async def read() -> None:
        channel = Channel(heard.append, lambda: None)
        at = 0
        while at < len(stream):
            with channel.get_buffer(-1) as space:
                size = min(len(space), len(stream) - at, cuts.choice((1, 3, 5, 4096, 70_000)) if cuts else 1 << 30)
                space[:size] = stream[at : at + size]
            channel.buffer_updated(size)
            at += size

    asyncio.run(read())
    return heard


@pytest.mark.parametrize("seed", [None, 1, 2, 3])
def test_messages_arrive_whole_and_in_order(seed: int | None) -> None:
    """Short and long frames, one after the other, read in any pieces: a long one does not spoil those behind it."""
    random = Random(7)
    sizes = [0, 5, 300, 65_532, 65_537, 3, 1_000_000, 17, 200_000, 1, 1]
    messages = [["done", number, "x" * size] for number, size in enumerate(sizes)]
    frames, rest = [], list(messages)
    while rest:
        count = random.choice((1, 2, 3))
        frames.append(framed([orjson.dumps(message) for message in rest[:count]]))
        del rest[:count]

    assert _heard(b"".join(frames), Random(seed) if seed is not None else None) == messages


def test_what_a_long_frame_took_is_given_back() -> None:
    """One answer of a megabyte does not hold a megabyte for the rest of the run."""

    async def room() -> tuple[int, int]:
        channel = Channel(lambda _message: None, lambda: None)
        usual = len(channel.get_buffer(-1))
        frame, at = framed([orjson.dumps("x" * 1_000_000)]), 0
        while at < len(frame):
            with channel.get_buffer(-1) as space:
                size = min(len(space), len(frame) - at)
                space[:size] = frame[at : at + size]
            channel.buffer_updated(size)
            at += size
        return usual, len(channel.get_buffer(-1))

    usual, after = asyncio.run(room())
    assert after == usual
