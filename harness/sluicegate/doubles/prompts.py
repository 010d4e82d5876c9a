"""What of a prompt the evidence keeps: its parts by digest, and which texts of the case stood in it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice

from sluicegate.checks.masking import mask
from sluicegate.checks.word_runs import compared, runs_in
from sluicegate.doubles import tokens
from sluicegate.model import Case, Json, Message, ToolResult, digest_bytes

__all__ = ["PROMPT_LIMIT", "carried", "kept_prompt", "marked", "marks", "sections", "texts_in", "whole_text"]

PROMPT_LIMIT = 64_000
"""Characters of a prompt that are kept where prompts are kept at all."""

_HEADING = re.compile(r"^#{1,6} (.{1,80})$", re.MULTILINE)
_MOST_SECTIONS = 100
_MOST_VALUES = 200
_NEARLY = 6
"""Letters of a text that is looked for as words; a shorter one stands anywhere."""


def texts_in(value: Json) -> Iterator[str]:
    """Every text inside a parsed body, keys left out, in order. Walks without recursion: a body may nest deeply."""
    waiting = [value]
    while waiting:
        item = waiting.pop()
        if isinstance(item, str):
            yield item
        elif isinstance(item, Mapping):
            waiting.extend(reversed(list(item.values())))
        elif isinstance(item, list):
            waiting.extend(reversed(item))


def marks(case: Case, text: str) -> list[str]:
    """Texts the case expects, or not, that stand in `text`: plain or escaped as JSON."""
    expect = case.expect
    named = dict.fromkeys((*expect.model_sees, *expect.model_never_sees, *expect.arm_texts.values(), *expect.canaries))
    return [mark for mark in named if mark and _stands(mark, text)]


def marked(case: Case, text: str) -> dict[str, Json]:
    """`marks`; and `nearly`, texts that should not stand there and do but for letter case, blanks and like letters."""
    found, expect = marks(case, text), case.expect
    # What differs from a text that rightly stands there in such things alone stands there with it.
    exact = [compared(mark) for mark in found]
    sought = {
        mark: compared(mark) for mark in (*expect.model_never_sees, *expect.arm_texts.values()) if mark not in found
    }
    sought = {mark: words for mark, words in sought.items() if len(words.replace(" ", "")) >= _NEARLY}
    page = compared(text) if sought else ""
    close = [mark for mark, words in sought.items() if words in page and not any(words in each for each in exact)]
    return {"marks": found, **({"nearly": close} if close else {})}


def carried(case: Case, text: str, *, joined: str = "") -> dict[str, Json]:
    """Which of the case's snippets stand in `text`, and of each tool's result how many values of how many.

    `joined` are the same messages with the parts of each put together, for a text that was cut in two.

    A snippet that stands there more than once is told with the number, one of which only a part does with the numbers
    of its runs of words. Values are texts of three characters and numbers
    of two digits on: what is shorter stands in any text.
    """
    given, told = case.given, dict[str, Json]()
    if given.snippets:
        times = {item.id: max(_times(item.text, text), _times(item.text, joined)) for item in given.snippets}
        told["snippets"] = [name for name, count in times.items() if count]
        if repeated := {name: count for name, count in times.items() if count > 1}:
            told["repeated"] = repeated
        parts = {item.id: item.text for item in given.snippets if not times[item.id]}
        if parts and (quoted := runs_in(parts, f"{text}\n{joined}")):
            told["quoted"] = quoted
    if given.tool_results:
        told["tools"] = {
            name: [sum(_stands(value, text) for value in values), len(values)]
            for name, values in _values_by_tool(given.tool_results).items()
        }
    return told


def sections(messages: Sequence[Message]) -> list[Json]:
    """Each message, or each headed part of it, as role, name, digest and tokens; a rest too long to list is counted."""
    found: list[Json] = []
    for message in messages:
        for name, text in _parts(message.content):
            if len(found) == _MOST_SECTIONS:
                found.append({"role": "", "name": "(more)", "digest": "", "tokens": 0})
                return found
            part: dict[str, Json] = {"role": message.role[:40], "digest": digest_bytes(_bytes(text))[:16]}
            found.append({**part, **({"name": name} if name else {}), "tokens": tokens.count(text)})
    return found


def kept_prompt(messages: Sequence[Message], room: int = PROMPT_LIMIT, *, unmasked: bool = False) -> dict[str, Json]:
    """The prompt itself for who asks for it, named under `sensitive`, as it holds what a customer wrote.

    Masked, unless somebody is to judge what personal data was in it.
    """
    said, whole = list[Json](), True
    for message in messages:
        # Masked before it is cut: half a number is not recognised.
        content = whole_text(message.content) if unmasked else mask(message.content)
        text = content[:room]
        whole = whole and len(text) == len(content)
        said.append({"role": message.role[:40], "content": text})
        room -= len(text)
        if room <= 0 or len(said) == _MOST_SECTIONS:
            whole = whole and message is messages[-1]
            break
    told: dict[str, Json] = {"prompt": said, "sensitive": ["prompt"], **({} if whole else {"prompt_cut": True})}
    return {**told, "unmasked": True} if unmasked else told


def whole_text(text: str) -> str:
    """The text as a ledger can hold it: half a character has no UTF-8."""
    return text.encode(errors="replace").decode()


def _parts(content: str) -> Iterator[tuple[str | None, str]]:
    heads = list(islice(_HEADING.finditer(content), _MOST_SECTIONS))
    before = content[: heads[0].start()] if heads else content
    if before.strip() or not heads:
        yield None, before
    for at, head in enumerate(heads):
        end = heads[at + 1].start() if at + 1 < len(heads) else len(content)
        yield head[1], content[head.end() : end]


def _stands(wanted: str, text: str) -> bool:
    if wanted in text:
        return True
    escaped = json.dumps(wanted)[1:-1]
    return escaped != wanted and escaped in text


def _times(wanted: str, text: str) -> int:
    """How often it stands there; empty text stands nowhere."""
    if not wanted:
        return 0
    escaped = json.dumps(wanted)[1:-1]
    return text.count(wanted) + (text.count(escaped) if escaped != wanted else 0)


def _values_by_tool(results: Iterable[ToolResult]) -> dict[str, list[str]]:
    found: dict[str, dict[str, None]] = {}
    for result in results:
        own = found.setdefault(result.tool, {})
        for value in _leaves(result.result):
            if len(own) < _MOST_VALUES:
                own[value] = None
    return {name: list(values) for name, values in found.items()}


def _leaves(value: Json) -> Iterator[str]:
    if isinstance(value, Mapping):
        for item in value.values():
            yield from _leaves(item)
    elif isinstance(value, (list, tuple)):
        for item in value:
            yield from _leaves(item)
    elif isinstance(value, str):
        if len(value) >= 3:
            yield value
    elif isinstance(value, (int, float)) and not isinstance(value, bool) and abs(value) >= 10:
        yield str(value)


def _bytes(text: str) -> bytes:
    return text.encode(errors="replace")
