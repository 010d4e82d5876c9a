"""The template model on structured output: it fills the fields a prompt asks for, from the prompt's own words.

Read are DSPy's chat format (`[[ ## field ## ]]`, its examples as earlier turns) and a JSON Schema under
`response_format`. It is a bag of words: an example that shares enough words with the input lends its values; else a
choice is the option whose line `option: words` in the instruction shares most words with it. So examples and
instruction change what it says, as they change a model's; how well a real model decides, it cannot tell.
"""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise
from typing import NamedTuple

from sluicegate.doubles.replies import ModelRequest
from sluicegate.model import Json, Message

__all__ = ["program_reply"]

_FIELD = re.compile(r"\[\[ ## (\w{1,64}) ## \]\]")
_LISTED = re.compile(r"^\d{1,2}\. `(\w{1,64})` \(([^\n]{1,2000}?)\)(?::|$)", re.MULTILINE)
_OUTPUTS = "Your output fields are:"
_STRUCTURE = "All interactions will be structured"
_OBJECTIVE = "your objective is:"
_WORD = re.compile(r"[^\W\d_]{4,40}")
_STEM = 5
"""Letters of a word that count, so that plan, plans and planning are near each other."""
_ALIKE = 0.3
"""Share of words from which an example is followed."""
_DEFINED = re.compile(r"^\s*[-*]?\s*`?(\w[\w -]{0,40})`?\s*:\s*(\S.*)$", re.MULTILINE)


class _Wanted(NamedTuple):
    """One field to fill."""

    name: str
    kind: str
    """choice | number | flag | text"""
    options: tuple[str, ...] = ()


class _Example(NamedTuple):
    words: frozenset[str]
    values: Mapping[str, str]


class _Asked(NamedTuple):
    """What a prompt says, whatever its form."""

    instruction: str
    wanted: tuple[_Wanted, ...]
    words: frozenset[str]
    """Of the input, as they are compared."""
    topics: str
    """A few of its words, as they stand."""
    examples: tuple[_Example, ...]


def program_reply(request: ModelRequest) -> str | None:
    """The fields, in the form they were asked for; None for a prompt of another form."""
    system = "\n".join(turn.content for turn in request.messages if turn.role == "system")
    turns = [turn for turn in request.messages if turn.role in ("user", "assistant")]
    if _OUTPUTS in system and _STRUCTURE in system:
        said = _filled(_chat(system, turns))
        return "\n\n".join([*(f"[[ ## {name} ## ]]\n{value}" for name, value in said.items()), "[[ ## completed ## ]]"])
    properties = _properties(request.asked.get("response_format"))
    if properties is None:
        return None
    said = _filled(_json(system, turns, properties))
    kinds = {name: _of_schema(name, shape).kind for name, shape in properties.items()}
    typed = {name: json.loads(value) if kinds[name] in ("number", "flag") else value for name, value in said.items()}
    return json.dumps(typed, ensure_ascii=False)


def _chat(system: str, turns: Sequence[Message]) -> _Asked:
    listed, _, rest = system.partition(_OUTPUTS)[2].partition(_STRUCTURE)
    wanted = tuple(_of_type(name, kind) for name, kind in _LISTED.findall(listed))
    examples = tuple(
        _Example(words=_words(_fields(asked.content).values()), values=_fields(answered.content))
        for asked, answered in pairwise(turns)
        if asked.role == "user" and answered.role == "assistant"
    )
    last = turns[-1].content if turns else ""
    # The reminder at the end of the question names fields in its last section: it is no input.
    inputs = _fields(last.partition("Respond with the corresponding output fields")[0]).values()
    return _Asked(
        instruction=rest.partition(_OBJECTIVE)[2], wanted=wanted, words=_words(inputs), topics=_topics(inputs),
        examples=examples,
    )  # fmt: skip


def _json(system: str, turns: Sequence[Message], properties: Mapping[str, Json]) -> _Asked:
    asked = next((turn.content for turn in turns if turn.role == "user"), "")
    wanted = tuple(_of_schema(name, shape) for name, shape in properties.items())
    return _Asked(instruction=system, wanted=wanted, words=_words([asked]), topics=_topics([asked]), examples=())


def _properties(form: Json) -> Mapping[str, Json] | None:
    """The members of the schema in `response_format`."""
    described = form.get("json_schema") if isinstance(form, Mapping) else None
    schema = described.get("schema") if isinstance(described, Mapping) else None
    found = schema.get("properties") if isinstance(schema, Mapping) else None
    return found if isinstance(found, Mapping) else None


def _of_type(name: str, said: str) -> _Wanted:
    """A field by the Python type that DSPy writes."""
    if said.startswith("Literal["):
        try:
            options = ast.literal_eval(said.removeprefix("Literal"))
        except (ValueError, SyntaxError, MemoryError, RecursionError):
            options = []
        return _Wanted(name, "choice", tuple(map(str, options)))
    return _Wanted(name, {"float": "number", "int": "number", "bool": "flag"}.get(said, "text"))


def _of_schema(name: str, shape: Json) -> _Wanted:
    """A field by its JSON Schema."""
    said = shape if isinstance(shape, Mapping) else {}
    options = said.get("enum")
    if isinstance(options, Sequence) and not isinstance(options, str):
        return _Wanted(name, "choice", tuple(map(str, options)))
    kind = said.get("type")
    known = {"number": "number", "integer": "number", "boolean": "flag"}
    return _Wanted(name, known.get(kind, "text") if isinstance(kind, str) else "text")


def _fields(text: str) -> dict[str, str]:
    """Field to value; what stands before the first marker belongs to none."""
    parts = _FIELD.split(text)
    return {name: value.strip() for name, value in zip(parts[1::2], parts[2::2], strict=True)}


def _words(texts: Iterable[str]) -> frozenset[str]:
    return frozenset(word.lower()[:_STEM] for text in texts for word in _WORD.findall(text))


def _topics(texts: Iterable[str]) -> str:
    return ", ".join(sorted({word.lower() for text in texts for word in _WORD.findall(text)})[:4])


def _filled(asked: _Asked) -> dict[str, str]:
    nearest, alike = _nearest(asked)
    lent = nearest.values if nearest is not None and alike >= _ALIKE else {}
    defined = {name.strip(): _words([words]) for name, words in _DEFINED.findall(asked.instruction)}
    said: dict[str, str] = {}
    sure = 0.8 + 0.19 * alike if lent else 0.7
    for field in asked.wanted:
        value = lent.get(field.name, "")
        if field.kind == "choice":
            fits = value in field.options
            said[field.name] = value if fits else _chosen(field.options, defined, asked.words)
        elif field.kind == "number":
            said[field.name] = f"{sure:.2f}"
        elif field.kind == "flag":
            said[field.name] = value if value in ("True", "False", "true", "false") else "false"
        else:
            said[field.name] = f"It speaks of {asked.topics or 'nothing known'}."
    return said


def _nearest(asked: _Asked) -> tuple[_Example | None, float]:
    """The example that shares most words with the input, and how many of all their words that are."""
    best: tuple[_Example | None, float] = (None, 0.0)
    for example in asked.examples:
        shared = len(example.words & asked.words)
        alike = 2 * shared / ((len(example.words) + len(asked.words)) or 1)
        if alike > best[1]:
            best = (example, alike)
    return best


def _chosen(options: Sequence[str], defined: Mapping[str, frozenset[str]], words: frozenset[str]) -> str:
    """The option whose line shares most words with the input; the first of equals."""
    if not options:
        return ""
    return max(options, key=lambda option: len(defined.get(option, frozenset()) & words))
