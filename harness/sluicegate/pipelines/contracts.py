"""The published contracts: JSON Schema 2020-12 for what goes in and out, made from the words themselves."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from sluicegate.errors import Fault, InputError, nearest
from sluicegate.model import Case, Crash, Json, Mail, Observation, Output
from sluicegate.pipelines.schemas import closed_object, schema_of
from sluicegate.sets.manifest import Manifest

__all__ = ["CONTRACTS", "contract_schema"]

_DIALECT = "https://json-schema.org/draft/2020-12/schema"


def contract_schema(name: str) -> Json:
    """The schema of the contract `name`, one of CONTRACTS. Raises InputError for another name."""
    make = _MAKERS.get(name)
    if make is None:
        known = f"Known are {', '.join(CONTRACTS)}."
        raise InputError(Fault(where="contract", what=f"'{name}' is none.", mend=nearest(name, CONTRACTS) or known))
    return make()


def _of(kind: type) -> Callable[[], Json]:
    return lambda: _document(kind.__name__, *schema_of(kind))


def _command() -> Json:
    return _titled("Command", "The canonical input of the domain `command`.", {"type": "string"})


def _free(title: str) -> Callable[[], Json]:
    text = f"The canonical input of the domain `{title.lower()}`: fields of the user's own."
    return lambda: _titled(title, text, {"type": "object"})


def _mail() -> Json:
    """The canonical mail has every field; a mail in a case file may leave out those at their default."""
    schema, definitions = schema_of(Mail)
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
    return _titled("CommandRequest", said, closed_object(properties, required=list(properties)))


def _command_response() -> Json:
    """Output's fields beside the id, or anything the conversion rules read under `output`."""
    schema, definitions = schema_of(Output)
    properties = {
        "id": {"type": "string", "description": "The id of the request."},
        **schema["properties"],
        "error": _ERROR,
        "output": {"description": "Instead of the other fields: text, an Output, or a structured answer."},
    }
    document = _document("CommandResponse", closed_object(properties, required=["id"]), definitions)
    document["description"] = "One line on the standard output of a command."
    return document


def _http_request() -> Json:
    said = "The body of a request where the plan gives no template. The run travels in the header x-sluicegate-run."
    return _titled("HttpRequest", said, {key: item for key, item in _INPUT.items() if key != "description"})


def _recording_row() -> Json:
    properties = {
        "case_id": {"type": "string", "minLength": 1},
        "repeat": {"type": ["integer", "null"], "minimum": 0, "description": "Without it rows are counted."},
        "output": {"description": "Text, an Output (see the contract `output`), or a structured answer."},
    }
    row = {**closed_object(properties, required=["case_id", "output"]), "additionalProperties": True}
    return _titled("RecordingRow", "One line of a recording where the plan maps nothing.", row)


_INPUT: dict[str, Json] = {
    "description": "The canonical input: the case's own `input`, or the mail, command, job or record it is given."
}
_ERROR: dict[str, Json] = {
    "description": "What went wrong, as the pipeline reports it: text, or an object with code and message.",
    "type": ["string", "object", "null"],
}


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
    "golden_manifest": _of(Manifest),
}

CONTRACTS = tuple(_MAKERS)
"""The names `contract_schema` knows."""
