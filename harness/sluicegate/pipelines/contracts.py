"""The published contracts: JSON Schema 2020-12 for what goes in and out, made from the words themselves."""

from __future__ import annotations

import ast
import inspect
import textwrap
import types
from collections.abc import Callable, Mapping
from dataclasses import MISSING, fields, is_dataclass
from enum import Enum
from functools import cache
from typing import Any, Union, get_args, get_origin, get_type_hints

from sluicegate.errors import InputError, nearest
from sluicegate.model import Case, Crash, Json, Mail, Observation, Output

__all__ = ["CONTRACTS", "contract_schema"]

_DIALECT = "https://json-schema.org/draft/2020-12/schema"


def contract_schema(name: str) -> Json:
    """The schema of the contract `name`, one of CONTRACTS. Raises InputError for another name."""
    make = _MAKERS.get(name)
    if make is None:
        from sluicegate.errors import Fault

        known = f"Known are {', '.join(CONTRACTS)}."
        raise InputError(Fault(where="contract", what=f"'{name}' is none.", mend=nearest(name, CONTRACTS) or known))
    return make()


def _of(kind: type) -> Callable[[], Json]:
    return lambda: _document(kind.__name__, *_schema_and_definitions(kind))


def _command() -> Json:
    return _titled("Command", "The canonical input of the domain `command`.", {"type": "string"})


def _free(title: str) -> Callable[[], Json]:
    text = f"The canonical input of the domain `{title.lower()}`: fields of the user's own."
    return lambda: _titled(title, text, {"type": "object"})


def _mail() -> Json:
    """The canonical mail has every field; a mail in a case file may leave out those at their default."""
    schema, definitions = _schema_and_definitions(Mail)
    for part in (schema, *definitions.values()):
        part["required"] = list(part["properties"])
    return _document("Mail", schema, definitions)


def _command_request() -> Json:
    text = {"type": "string"}
    properties = {
        "id": {**text, "description": "To be echoed in the answer."},
        "run_id": {**text, "description": "For attribution: pass it on as x-sluicegate-run."},
        "traceparent": {**text, "description": "W3C trace context of this run."},
        "delivery": {"type": "integer", "minimum": 0, "description": "Which delivery of the same input this is."},
        "now": {"type": ["string", "null"], "description": "What the clock says in this case, RFC 3339 UTC."},
        "endpoints": {
            "type": "object",
            "additionalProperties": text,
            "description": "Doubles of this run by variable name, e.g. OPENAI_BASE_URL.",
        },
        "input": _INPUT,
    }
    said = "One line on the standard input of a command."
    return _titled("CommandRequest", said, _closed(properties, required=list(properties)))


def _command_response() -> Json:
    """Output's fields beside the id, or anything the conversion rules read under `output`."""
    schema, definitions = _schema_and_definitions(Output)
    properties = {
        "id": {"type": "string", "description": "The id of the request."},
        **schema["properties"],
        "error": _ERROR,
        "output": {"description": "Instead of the other fields: text, an Output, or a structured answer."},
    }
    document = _document("CommandResponse", _closed(properties, required=["id"]), definitions)
    document["description"] = "One line on the standard output of a command."
    return document


def _http_request() -> Json:
    said = "The body of a request where the plan gives no template. The run travels in the header x-sluicegate-run."
    return _titled("HttpRequest", said, {key: item for key, item in _INPUT.items() if key != "description"})


def _recording_row() -> Json:
    schema, definitions = _schema_and_definitions(Output)
    definitions["Output"] = {**schema, "properties": {**schema["properties"], "error": _ERROR}}
    properties = {
        "case_id": {"type": "string", "minLength": 1},
        "repeat": {"type": ["integer", "null"], "minimum": 0, "description": "Without it rows are counted."},
        "output": {"anyOf": [{"$ref": "#/$defs/Output"}, {"type": "string"}, {}]},
    }
    row = {**_closed(properties, required=["case_id", "output"]), "additionalProperties": True}
    document = _document("RecordingRow", row, definitions)
    document["description"] = "One line of a recording where the plan maps nothing."
    return document


_INPUT: dict[str, Json] = {
    "description": "The canonical input: the case's own `input`, or the mail, command, job or record it is given."
}
_ERROR: dict[str, Json] = {
    "description": "What went wrong, as the pipeline reports it: text, or an object with code and message.",
    "type": ["string", "object", "null"],
}


@cache
def _documented(kind: type) -> Mapping[str, str]:
    """The texts written under a dataclass's fields."""
    body = ast.parse(textwrap.dedent(inspect.getsource(kind))).body[0]
    found: dict[str, str] = {}
    if isinstance(body, ast.ClassDef):
        for before, item in zip(body.body, body.body[1:], strict=False):
            if isinstance(before, ast.AnnAssign) and isinstance(before.target, ast.Name) and isinstance(item, ast.Expr):
                if isinstance(item.value, ast.Constant) and isinstance(item.value.value, str):
                    found[before.target.id] = " ".join(item.value.value.split())
    return found


def _schema_and_definitions(kind: type) -> tuple[dict[str, Any], dict[str, Any]]:
    definitions: dict[str, Any] = {}
    schema = _object(kind, definitions)
    return schema, definitions


def _object(kind: type, definitions: dict[str, Any]) -> dict[str, Any]:
    hints, documented = get_type_hints(kind), _documented(kind)
    properties: dict[str, Any] = {}
    required: list[str] = []
    for item in fields(kind):
        schema = _schema(hints[item.name], definitions)
        if item.name in documented:
            schema = {**schema, "description": documented[item.name]}
        properties[item.name] = schema
        if item.default is MISSING and item.default_factory is MISSING:
            required.append(item.name)
    made = _closed(properties, required=required)
    made["description"] = " ".join((kind.__doc__ or "").split())
    return made


def _schema(hint: Any, definitions: dict[str, Any]) -> dict[str, Any]:
    if is_dataclass(hint) and isinstance(hint, type):
        if hint.__name__ not in definitions:
            definitions[hint.__name__] = {}  # first, for a type that holds itself
            definitions[hint.__name__] = _object(hint, definitions)
        return {"$ref": f"#/$defs/{hint.__name__}"}
    if isinstance(hint, type) and issubclass(hint, Enum):
        return {"enum": [item.value for item in hint]}
    if hint in _SCALARS:
        return {"type": _SCALARS[hint]}
    origin, arguments = get_origin(hint), get_args(hint)
    if origin in (Union, types.UnionType) and type(None) in arguments:
        inner = [argument for argument in arguments if argument is not type(None)]
        schema = _schema(inner[0], definitions) if len(inner) == 1 else {}
        if isinstance(schema.get("type"), str):
            return {**schema, "type": [schema["type"], "null"]}
        return {"anyOf": [schema, {"type": "null"}]} if schema else {}
    if origin is tuple:
        return {"type": "array", "items": _schema(arguments[0], definitions)}
    if isinstance(origin, type) and issubclass(origin, Mapping):
        return {"type": "object", "additionalProperties": _schema(arguments[1], definitions) or True}
    return {}


_SCALARS: Mapping[Any, str] = {str: "string", int: "integer", float: "number", bool: "boolean"}


def _closed(properties: Mapping[str, Any], *, required: list[str]) -> dict[str, Any]:
    made: dict[str, Any] = {"type": "object", "properties": dict(properties), "additionalProperties": False}
    if required:
        made["required"] = required
    return made


def _document(title: str, schema: dict[str, Any], definitions: dict[str, Any]) -> dict[str, Any]:
    document = {"$schema": _DIALECT, "title": title, **schema}
    if definitions:
        document["$defs"] = {name: definitions[name] for name in sorted(definitions)}
    return document


def _titled(title: str, description: str, schema: Mapping[str, Any]) -> dict[str, Any]:
    return {"$schema": _DIALECT, "title": title, "description": description, **schema}


_MAKERS: Mapping[str, Callable[[], Json]] = {
    "case": _of(Case),
    "output": _of(Output),
    "observation": _of(Observation),
    "crash": _of(Crash),
    "mail": _mail,
    "command": _command,
    "job": _free("Job"),
    "record": _free("Record"),
    "http_request": _http_request,
    "command_request": _command_request,
    "command_response": _command_response,
    "recording_row": _recording_row,
}

CONTRACTS = tuple(_MAKERS)
"""The names `contract_schema` knows."""
