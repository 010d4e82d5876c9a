"""`pipeline:`, `tools:` and `schemas:`: what is tested, and what surrounds it."""

from __future__ import annotations

import re
from collections.abc import Mapping

from sluicegate.errors import nearest
from sluicegate.model import Capability, Json
from sluicegate.plan.addresses import parse_address
from sluicegate.plan.document import MappingNode, Node, ScalarNode, SequenceNode
from sluicegate.plan.table import Faults, Table, said
from sluicegate.plan.types import (
    CallableTarget,
    CommandTarget,
    HeaderValue,
    HttpTarget,
    PipelineSpec,
    RecordingTarget,
    ToolSpec,
)
from sluicegate.plan.units import duration

__all__ = ["OUTPUT_FIELDS", "PIPELINE_KEYS", "TOOL_KEYS", "environment", "read_pipeline", "read_schemas", "read_tools"]

_TARGETS = ("callable", "http", "command", "recording")
TOOL_KEYS = ("method", "path", "writes", "key", "fields")
PIPELINE_KEYS = (*_TARGETS, "capabilities", "timeout", "retries", "environment", "may_connect", "switch")
_CALLABLE = re.compile(r"[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*:[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*")
_URL = re.compile(r"https?://[^\s/?#]+[^\s]*")
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
OUTPUT_FIELDS = (
    "content",
    "structured",
    "mail",
    "messages",
    "tools_called",
    "usage",
    "model",
    "route",
    "latency_ms",
    "ttft_ms",
    "cost_microusd",
    "error",
    "provenance",
    "metadata",
)
_CONTRACT_FIELDS = ("structured", "mail", "content")
_MAX_BYTES = 10_000_000
_NOWHERE = CallableTarget(target="")
"""Stands in after a fault; the plan is refused anyway."""


def read_pipeline(node: Node, faults: Faults) -> PipelineSpec:
    """`module:attribute`, or a mapping with one of callable, http, command, recording."""
    if isinstance(node, ScalarNode):
        return PipelineSpec(target=_callable(node.text, node.line, faults))
    table = Table(node, "pipeline", faults, PIPELINE_KEYS)
    given = [name for name in _TARGETS if name in table]
    if len(given) != 1 and table.is_mapping:
        seen = f"has {len(given)} of {', '.join(_TARGETS)}."
        table.fault(None, seen, "Write exactly one, for example callable: shop.drafts:draft_reply.")
    target = _target(given[0], table, faults) if given else _NOWHERE
    seconds = table.parsed("timeout", duration)
    if seconds is not None and seconds <= 0:
        table.fault("timeout", "'timeout' is zero.", "Write a time above 0, as 30s.")
    return PipelineSpec(
        target=target,
        capabilities=_capabilities(table),
        timeout_s=30.0 if seconds is None else float(seconds),
        retries=table.whole("retries", 0, high=20),
        environment=_environment(table, target),
        may_connect=_may_connect(table, target),
        switch=_switch(table, faults),
    )


def _target(kind: str, table: Table, faults: Faults) -> CallableTarget | HttpTarget | CommandTarget | RecordingTarget:
    node = table.node(kind)
    if node is None:
        return _NOWHERE
    match kind:
        case "callable":
            return _callable(table.text("callable"), node.line, faults)
        case "http":
            return _http(node, faults)
        case "command":
            return _command(table, node, faults)
        case _:
            return _recording(table, node, faults)


def _callable(text: str, line: int, faults: Faults) -> CallableTarget:
    if not _CALLABLE.fullmatch(text.strip()):
        url = "Write {http: …}." if text.startswith("http") else "Write module:attribute, as shop.drafts:draft_reply."
        faults.add(line, f"pipeline: '{text}' is no module:attribute.", url)
    return CallableTarget(target=text.strip())


def _switch(table: Table, faults: Faults) -> CallableTarget | CommandTarget | None:
    node = table.node("switch")
    if node is None:
        return None
    if "flags" not in table.texts("capabilities", example="capabilities: [flags]"):
        table.fault("switch", "'switch' sets flags, and the capabilities do not name them.", "Add flags to them.")
    if isinstance(node, ScalarNode):
        return _callable(node.text, node.line, faults)
    return CommandTarget(argv=table.texts("switch", example="switch: [./ops/flag, set]", repeated=True))


def _http(node: Node, faults: Faults) -> HttpTarget:
    if isinstance(node, ScalarNode):
        return HttpTarget(url=_url(node.text, node.line, faults))
    table = Table(node, "pipeline: http", faults, ("url", "method", "headers", "request", "response", "max_bytes"))
    table.needs("url", "Write url: http://localhost:8000/draft.")
    headers = table.table("headers")
    return HttpTarget(
        url=_url(table.text("url"), table.line_of("url"), faults) if "url" in table else "",
        method=table.text("method", "POST", among=("POST", "PUT", "PATCH", "GET")),
        headers={name: _header(name, headers) for name in headers} if headers is not None else {},
        request=table.json("request"),
        response=_output_mapping(table, "response"),
        max_bytes=table.whole("max_bytes", _MAX_BYTES, low=1),
    )


def _url(text: str, line: int, faults: Faults) -> str:
    if not _URL.fullmatch(text.strip()):
        faults.add(line, f"pipeline: http: '{text}' is no http address.", "Write http://host:port/path.")
    return text.strip()


def _header(name: str, headers: Table) -> HeaderValue:
    if not re.fullmatch(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+", name):
        headers.fault(name, f"'{name}' is no header name.")
    node = headers.node(name)
    if not isinstance(node, MappingNode):
        literal = headers.text(name)
        if "\n" in literal or "\r" in literal:
            headers.fault(name, f"'{name}' holds a line break.", "Write it on one line.")
        if "${" in literal:
            what = f"'{name}' holds '${{', and nothing is filled into a header: it would be sent as it stands."
            mend = "Write {env: NAME} for a value of the environment; what a case or double gives: into url or request."
            headers.fault(name, what, mend)
        return HeaderValue(literal=literal)
    table = Table(node, f"{headers.label}: {name}", headers.faults, ("env", "prefix"))
    table.needs("env", "Name the environment variable: {env: API_TOKEN, prefix: 'Bearer '}.")
    variable = table.text("env")
    if variable and not _VARIABLE.fullmatch(variable):
        table.fault("env", f"'{variable}' is no name of an environment variable.")
    return HeaderValue(env=variable, prefix=table.text("prefix"))


def _command(table: Table, node: Node, faults: Faults) -> CommandTarget:
    example = "[python, -m, shop.worker]"
    if isinstance(node, ScalarNode):
        table.fault("command", f"'command' is {said(node)}; expected a list, no shell is used.", f"Write {example}.")
        return CommandTarget(argv=())
    if isinstance(node, SequenceNode):
        return CommandTarget(argv=table.texts("command", example=example, repeated=True))
    own = Table(node, "pipeline: command", faults, ("argv", "long_lived", "processes", "cwd", "max_bytes"))
    own.needs("argv", f"Write argv: {example}.")
    return CommandTarget(
        argv=own.texts("argv", example=example, repeated=True),
        long_lived=own.flag("long_lived", default=True),
        processes=own.whole("processes", 1, low=1, high=1024),
        cwd=own.optional_text("cwd"),
        max_bytes=own.whole("max_bytes", _MAX_BYTES, low=1),
    )


def _recording(table: Table, node: Node, faults: Faults) -> RecordingTarget:
    if not isinstance(node, MappingNode):
        return RecordingTarget(paths=table.texts("recording", example="runs/*.jsonl"))
    own = Table(node, "pipeline: recording", faults, ("paths", "format", "case_id", "output"))
    own.needs("paths", "Write paths: runs/*.jsonl.")
    return RecordingTarget(
        paths=own.texts("paths", example="runs/*.jsonl"),
        format=own.text("format", "jsonl", among=("jsonl", "otlp")),
        case_id=own.text("case_id", "case_id"),
        output=_output_mapping(own, "output"),
    )


def _output_mapping(table: Table, key: str) -> dict[str, str]:
    """Output field to path; the field may go one deeper, as `usage.input_tokens`."""
    fields = table.table(key)
    if fields is None:
        return {}
    for name in fields:
        root = re.split(r"[.\[]", name)[0]
        if root not in OUTPUT_FIELDS:
            hint = nearest(root, OUTPUT_FIELDS) or f"Fields: {', '.join(OUTPUT_FIELDS)}."
            fields.fault(name, f"'{name}' is no field of an output.", hint)
    return {name: fields.text(name) for name in fields}


def _capabilities(table: Table) -> frozenset[Capability]:
    known = [item.value for item in Capability]
    found = []
    for word in table.texts("capabilities", example="capabilities: [mail, tools]"):
        if word in known:
            found.append(Capability(word))
        else:
            hint = nearest(word, known) or f"Write one of: {', '.join(known)}."
            table.fault("capabilities", f"'capabilities' names '{word}'.", hint)
    return frozenset(found)


def environment(table: Table, key: str) -> dict[str, str]:
    """Values by the name of an environment variable."""
    found = table.text_mapping(key)
    for name in found:
        if not _VARIABLE.fullmatch(name):
            table.fault(key, f"'{name}' is no name of an environment variable.")
    return found


def _environment(table: Table, target: object) -> dict[str, str]:
    found = environment(table, "environment")
    if found and isinstance(target, (HttpTarget, RecordingTarget)):
        table.fault("environment", "'environment' reaches callables and commands only.", "Remove it.")
    return found


def _may_connect(table: Table, target: object) -> tuple[str, ...]:
    found = table.texts("may_connect", example="may_connect: [db.internal:5432]")
    for text in found:
        try:
            parse_address(text)
        except ValueError:
            mend = "Write host, host:port or a network, as db.internal:5432, localhost or 10.0.0.0/8."
            table.fault("may_connect", f"'may_connect' names '{text}', which is no address.", mend)
    if found and isinstance(target, (HttpTarget, RecordingTarget)):
        table.fault("may_connect", "'may_connect' is asked of callables and commands only.", "Remove it.")
    return found


def read_tools(node: Node | None, faults: Faults) -> tuple[ToolSpec, ...]:
    """`tools:`: name to {method, path, writes, key, fields}, or a list of the same with `name`."""
    if node is None:
        return ()
    if isinstance(node, SequenceNode):
        tables = [Table(item, f"tools[{index}]", faults, ("name", *TOOL_KEYS)) for index, item in enumerate(node.items)]
        for table in tables:
            table.needs("name", "Give the tool a name.")
        named = [(table.text("name"), table) for table in tables]
    else:
        listed = Table(node, "tools", faults)
        named = [(name, Table(entry.node, f"tool '{name}'", faults, TOOL_KEYS)) for name, entry in listed.items()]
    seen: set[str] = set()
    for name, table in named:
        if name and name in seen:
            table.fault("name", f"a second tool is called '{name}'.", "Rename one.")
        seen.add(name)
    return tuple(_tool(name, table) for name, table in named)


def _tool(name: str, table: Table) -> ToolSpec:
    table.needs("path", f'Write path: "/{name or "orders"}/{{id}}" in quotes.')
    path = table.text("path")
    if path and not path.startswith("/"):
        table.fault("path", f"'path' is '{path}'.", f"Start it with a slash: /{path}.")
    method = table.text("method", "POST", among=("GET", "POST", "PUT", "PATCH", "DELETE"))
    fields = table.texts("fields", example="fields: [order_id]") if "fields" in table else None
    key = table.optional_text("key")
    if key is not None and fields is not None and key not in fields and f"{key}[]" not in fields:
        table.fault("key", f"'key' is '{key}', which is none of its fields.", nearest(key, fields))
    return ToolSpec(name=name, method=method, path=path, writes=table.flag("writes"), key=key, fields=fields)


def read_schemas(table: Table | None) -> Mapping[str, Json]:
    """`schemas:`: output field to a schema file, a built-in contract or `module:Model`."""
    if table is None:
        return {}
    for name in table:
        if name not in _CONTRACT_FIELDS:
            hint = nearest(name, _CONTRACT_FIELDS) or f"Fields: {', '.join(_CONTRACT_FIELDS)}."
            table.fault(name, f"'{name}' is no field that has a contract.", hint)
    return {name: table.text(name) for name in table}
