"""A DSPy program as it is saved: read without DSPy, and put into the messages DSPy would send.

Fields are text, a number, or a choice. The form is that of `dspy.Predict.save("….json")` (state only) and of DSPy's
ChatAdapter, version 3.4; a test holds the messages against DSPy's own, byte for byte, where it is installed.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from sluicegate.frozen import frozen
from sluicegate.model import Json, digest_of, parse

__all__ = ["Field", "Invalid", "Program", "Signature", "read_program"]

_HEADER = re.compile(r"\[\[ ## (\w+) ## \]\]")
_MISSING = "Not supplied for this particular example. "


class Invalid(Exception):  # noqa: N818 - an event the caller answers by asking again
    """What a model said does not fit; the text says what is wrong with it, for the model to mend."""


@frozen
class Field:
    """One field of a signature."""

    name: str
    described: str
    options: tuple[str, ...] = ()
    """Of a choice; a field without them is text, or a number."""
    is_number: bool = False


@frozen
class Signature:
    """What goes in and what comes out, each in order. A saved program does not say the types; this does."""

    inputs: tuple[Field, ...]
    outputs: tuple[Field, ...]

    @property
    def fields(self) -> tuple[Field, ...]:
        """Inputs, then outputs."""
        return (*self.inputs, *self.outputs)


@frozen
class Program:
    """Instructions and examples for a signature."""

    name: str
    signature: Signature
    instructions: str
    described: Mapping[str, str]
    """By field."""
    demos: tuple[Mapping[str, Any], ...] = ()
    trained_on: tuple[str, ...] = ()
    """Ids of the examples it was made from."""

    @property
    def digest(self) -> str:
        """SHA-256 of all that shapes a prompt."""
        return digest_of(self.messages({field.name: "" for field in self.signature.inputs}))

    def messages(self, inputs: Mapping[str, str]) -> list[dict[str, str]]:
        """The chat that asks for one decision: incomplete examples first, then whole ones, then the question."""
        names = [field.name for field in self.signature.fields]
        whole = [demo for demo in self.demos if all(demo.get(name) is not None for name in names)]
        part = [demo for demo in self.demos if demo not in whole and self._is_usable(demo)]
        chat = [{"role": "system", "content": self._system()}]
        for demo in (*part, *whole):
            prefix = "" if demo in whole else "This is an example of the task, though some input or output fields are"
            chat += self._example(demo, prefix and f"{prefix} not supplied.")
        return [*chat, {"role": "user", "content": f"{self._inputs(inputs)}\n\n{self._reminder()}"}]

    def _is_usable(self, demo: Mapping[str, Any]) -> bool:
        return any(item.name in demo for item in self.signature.inputs) and any(
            item.name in demo for item in self.signature.outputs
        )

    def _system(self) -> str:
        shape = [_value(field, "{" + field.name + "}") for field in self.signature.inputs]
        shape += [_value(field, "{" + field.name + "}" + _hint(field)) for field in self.signature.outputs]
        objective = "\n        ".join(["", *self.instructions.splitlines()])
        return "\n".join(
            (
                "Your input fields are:",
                self._listed(self.signature.inputs),
                "Your output fields are:",
                self._listed(self.signature.outputs),
                "All interactions will be structured in the following way, with the appropriate values filled in.\n",
                "\n\n".join([*shape, "[[ ## completed ## ]]"]),
                f"In adhering to this structure, your objective is: {objective}",
            )
        )

    def _listed(self, fields: Sequence[Field]) -> str:
        said = (
            f"{number}. `{field.name}` ({_type(field)}): {self.described.get(field.name, '')}"
            for number, field in enumerate(fields, 1)
        )
        return "\n".join(said).strip()

    def parsed(self, completion: str) -> dict[str, str]:
        """The fields of a completion, as text. Raises Invalid where one is missing."""
        parts = _HEADER.split(completion)
        found: dict[str, str] = {}
        for name, value in zip(parts[1::2], parts[2::2], strict=True):
            found.setdefault(name, value.strip())
        missing = [field.name for field in self.signature.outputs if field.name not in found]
        if missing:
            raise Invalid(f"the answer has no field {', '.join(missing)}")
        return found

    def _example(self, demo: Mapping[str, Any], prefix: str) -> list[dict[str, str]]:
        asked = "\n\n".join([prefix, self._inputs(demo)]).strip()
        answered = [_value(field, demo.get(field.name, _MISSING)) for field in self.signature.outputs]
        said = "\n\n".join(answered).strip() + "\n\n[[ ## completed ## ]]\n"
        return [{"role": "user", "content": asked}, {"role": "assistant", "content": said}]

    def _inputs(self, values: Mapping[str, Any]) -> str:
        return "\n\n".join(_value(field, values[field.name]) for field in self.signature.inputs if field.name in values)

    def _reminder(self) -> str:
        named = []
        for field in self.signature.outputs:
            kind = _type(field)
            form = "" if kind == "str" else f" (must be formatted as a valid Python {kind})"
            named.append(f"`[[ ## {field.name} ## ]]`{form}")
        return (
            f"Respond with the corresponding output fields, starting with the field {', then '.join(named)}, and then "
            "ending with the marker for `[[ ## completed ## ]]`."
        )


def read_program(path: Path, signature: Signature) -> Program:
    """The program in a file that DSPy saved. Raises ValueError for a file of another shape."""
    state = parse(path.read_bytes())
    names = [field.name for field in signature.fields]
    try:
        told = state["signature"]
        described = [_text(field["description"]) for field in told["fields"]]
        instructions = _text(told["instructions"])
        demos = tuple({name: demo[name] for name in demo if name in names} for demo in state["demos"])
        trained_on = tuple(map(str, (state.get("metadata") or {}).get("trained_on", ())))
    except (KeyError, TypeError, AttributeError, IndexError) as error:
        raise ValueError(f"{path.name} is no saved program: {error!r}") from None
    if len(described) != len(names):
        raise ValueError(f"{path.name} has {len(described)} fields, and {len(names)} are asked for")
    return Program(
        name=path.stem, signature=signature, instructions=instructions, trained_on=trained_on, demos=demos,
        described=dict(zip(names, described, strict=True)),
    )  # fmt: skip


def _text(said: Json) -> str:
    if not isinstance(said, str):
        raise TypeError(f"{said!r} is no text")
    return said


def _value(field: Field, value: Any) -> str:
    return f"[[ ## {field.name} ## ]]\n{value}"


def _type(field: Field) -> str:
    if field.options:
        return f"Literal[{', '.join(map(repr, field.options))}]"
    return "float" if field.is_number else "str"


def _hint(field: Field) -> str:
    if field.options:
        rule = f"must exactly match (no extra characters) one of: {'; '.join(field.options)}"
    elif field.is_number:
        rule = "must be a single float value"
    else:
        return ""
    return f"        # note: the value you produce {rule}"
