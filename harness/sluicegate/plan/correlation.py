"""`correlation:`, `doubles:` and `mail:` of a plan: where an id is found again, what is kept, how mails are taken."""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType

from sluicegate.errors import InputError, nearest
from sluicegate.model import Json
from sluicegate.model.paths import parse_path
from sluicegate.plan.pipeline import OUTPUT_FIELDS
from sluicegate.plan.serving import CorrelationSpec, DoublesSpec, MailSpec
from sluicegate.plan.table import Table

__all__ = [
    "CORRELATION_KEYS",
    "DOUBLES_KEYS",
    "MAIL_KEYS",
    "SCHEMA",
    "SINKS",
    "read_correlation",
    "read_doubles",
    "read_mail",
]

CORRELATION_KEYS = ("header", "output_field", "log_field", "sinks")
DOUBLES_KEYS = ("keep_prompts",)
MAIL_KEYS = ("sink",)
SINKS = ("calls", "logs", "spans", "output")
"""Where an id can be found again."""

_MODES = ("strict", "lenient")
_HEADER = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")


def _keys(properties: Json, description: str) -> Json:
    more: Json = {"<<": {}}
    kind = {"type": "object", "additionalProperties": False, "description": description}
    return {**kind, "properties": {**properties, **more}}


_WORD = {"type": "string", "minLength": 1}
_SINK = {"enum": list(SINKS)}

SCHEMA: Mapping[str, Json] = MappingProxyType(
    {
        "correlation": _keys(
            {
                "header": {**_WORD, "description": "Header of model, tool and retriever calls that carries the id"},
                "output_field": {**_WORD, "description": "Path of the id in the output: metadata.correlation_id"},
                "log_field": {**_WORD, "description": "Field of a log record, or of a JSON log line, with the id"},
                "sinks": {
                    "description": "Where a missing id, and silence, are a failure",
                    "anyOf": [_SINK, {"type": "array", "minItems": 1, "items": _SINK, "uniqueItems": True}],
                },
            },
            "Where the id given with a request is found again; the suite tracing follows it",
        ),
        "doubles": _keys(
            {"keep_prompts": {"type": "boolean", "description": "Prompts go whole, and masked, into the evidence"}},
            "What the doubles keep",
        ),
        "mail": _keys(
            {"sink": {"enum": list(_MODES), "description": "What ends a message: CRLF.CRLF alone, or others too"}},
            "How mails are taken that the pipeline sends to SLUICEGATE_SMTP",
        ),
    }
)
"""JSON Schema of the three keys."""


def read_correlation(table: Table | None) -> CorrelationSpec | None:
    """`correlation:`; None where the plan says nothing of it."""
    if table is None:
        return None
    header = table.optional_text("header")
    if header is not None and not _HEADER.fullmatch(header):
        table.fault("header", f"'{header}' is no header name.", "Write letters, digits and hyphens: x-request-id.")
    sinks = table.texts("sinks", example="sinks: [calls, logs, spans, output]")
    for word in sinks:
        if word not in SINKS:
            hint = nearest(word, SINKS) or f"Write one of: {', '.join(SINKS)}."
            table.fault("sinks", f"'sinks' names '{word}'.", hint)
    _check_path(table)
    return CorrelationSpec(
        header=None if header is None else header.lower(),
        output_field=table.optional_text("output_field"),
        log_field=table.optional_text("log_field"),
        sinks=sinks,
    )


def _check_path(table: Table) -> None:
    """Note a path that no output can have."""
    place = table.text("output_field")
    if not place:
        return
    try:
        steps = parse_path(place).steps
    except InputError as error:
        for fault in error.faults:
            table.fault("output_field", fault.what, fault.mend)
        return
    if not steps or steps[0] not in OUTPUT_FIELDS:
        hint = nearest(str(steps[0]) if steps else "", OUTPUT_FIELDS) or "Write metadata.correlation_id."
        table.fault("output_field", f"'{place}' does not begin with a field of the output.", hint)


def read_doubles(table: Table | None) -> DoublesSpec:
    """`doubles:`; the defaults where the plan says nothing of them."""
    return DoublesSpec() if table is None else DoublesSpec(keep_prompts=table.flag("keep_prompts"))


def read_mail(table: Table | None) -> MailSpec | None:
    """`mail:`; None where the plan says nothing of it."""
    if table is None:
        return None
    return MailSpec(sink="lenient" if table.text("sink", "strict", among=_MODES) == "lenient" else "strict")
