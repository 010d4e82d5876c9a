"""Pipeline, subject, tools and contracts: what is tested, what serves, and what surrounds it."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from sluicegate.model import Capability
from sluicegate.plan.types import (
    CallableTarget,
    CommandTarget,
    HeaderValue,
    HttpTarget,
    PipelineSpec,
    Plan,
    RecordingTarget,
    SubjectSpec,
    ToolSpec,
)

sys.path.insert(0, str(Path(__file__).parent))
from plan_texts import a_plan, read, sole_fault

HEAD = """\
schema_version: 1
name: shop
cases: cases/*.jsonl
schemas: {structured: reply.json}
"""
CALLABLE = "pipeline: shop.drafts:draft_reply\n"
GIT = "subject: {code: {git: HEAD}}\n"


def plan(pipeline: str = CALLABLE, subject: str = GIT, more: str = "") -> Plan:
    return read(a_plan(head=HEAD + pipeline + subject + more))


def refused(text: str) -> str:
    """The one fault of a plan with this piece in it, without its place."""
    pieces = {"pipeline": CALLABLE, "subject": GIT} | {text.partition(":")[0]: text + "\n"}
    return sole_fault(a_plan(head=HEAD + "".join(pieces.values()))).partition(": ")[2]


# Pipelines


def test_a_word_is_a_callable() -> None:
    """`module:attribute`, and the defaults around it."""
    assert plan().pipeline == PipelineSpec(target=CallableTarget(target="shop.drafts:draft_reply"))


def test_a_callable_with_everything() -> None:
    """Capabilities, time-out, retries and environment."""
    found = plan(
        "pipeline: {callable: a:b.c, capabilities: [mail, tools], timeout: 500ms, retries: 2, "
        "environment: {MODE: pilot, LEVEL: 3}}\n"
    ).pipeline

    assert found == PipelineSpec(
        target=CallableTarget(target="a:b.c"),
        capabilities=frozenset({Capability.MAIL, Capability.TOOLS}),
        timeout_s=0.5,
        retries=2,
        environment={"MODE": "pilot", "LEVEL": "3"},
    )


def test_a_switch_is_a_callable_or_a_command() -> None:
    """What sets a flag, for a pipeline that says it answers for flags."""
    found = plan("pipeline: {callable: a:b, capabilities: [flags], switch: shop.ops:set_flag}\n").pipeline
    command = plan("pipeline: {callable: a:b, capabilities: [flags], switch: [./ops/flag, set, set]}\n").pipeline

    assert found.switch == CallableTarget(target="shop.ops:set_flag")
    assert command.switch == CommandTarget(argv=("./ops/flag", "set", "set"))


def test_an_http_endpoint() -> None:
    """An address alone, or with headers from the environment and mappings both ways."""
    assert plan("pipeline: {http: http://localhost:8000/draft}\n").pipeline.target == HttpTarget(
        url="http://localhost:8000/draft"
    )
    found = plan(
        "pipeline:\n"
        "  http:\n"
        "    url: https://shop.test/draft\n"
        "    method: PUT\n"
        '    headers: {authorization: {env: TOKEN, prefix: "Bearer "}, accept: application/json}\n'
        '    request: {text: "${input.text}", n: 1, deep: [true, null, 0.5]}\n'
        '    response: {content: "$.text", usage.input_tokens: $.usage.in}\n'
        "    max_bytes: 1000\n"
    ).pipeline.target
    assert found == HttpTarget(
        url="https://shop.test/draft",
        method="PUT",
        headers={
            "authorization": HeaderValue(env="TOKEN", prefix="Bearer "),
            "accept": HeaderValue(literal="application/json"),
        },
        request={"text": "${input.text}", "n": 1, "deep": [True, None, 0.5]},
        response={"content": "$.text", "usage.input_tokens": "$.usage.in"},
        max_bytes=1000,
    )


def test_a_command() -> None:
    """An argument list, words may repeat; or a mapping."""
    assert plan("pipeline: {command: [run, -v, -v, 1]}\n").pipeline.target == CommandTarget(
        argv=("run", "-v", "-v", "1")
    )
    assert plan(
        "pipeline: {command: {argv: [run], long_lived: false, processes: 4, cwd: app, max_bytes: 9}}\n"
    ).pipeline.target == CommandTarget(argv=("run",), long_lived=False, processes=4, cwd="app", max_bytes=9)


def test_a_recording() -> None:
    """Patterns alone, or with format and mapping."""
    assert plan("pipeline: {recording: runs/*.jsonl}\n").pipeline.target == RecordingTarget(paths=("runs/*.jsonl",))
    assert plan(
        "pipeline: {recording: {paths: [a, b], format: otlp, case_id: case.id, output: {content: text}}}\n"
    ).pipeline.target == RecordingTarget(paths=("a", "b"), format="otlp", case_id="case.id", output={"content": "text"})


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("pipeline: draft_reply",
         "pipeline: 'draft_reply' is no module:attribute. Write module:attribute, as shop.drafts:draft_reply."),
        ("pipeline: http://x", "pipeline: 'http://x' is no module:attribute. Write {http: …}."),
        ("pipeline: {retries: 1}", ("pipeline: has 0 of callable, http, command, recording. "
         "Write exactly one, for example callable: shop.drafts:draft_reply.")),
        ("pipeline: {callable: a:b, http: http://x}", ("pipeline: has 2 of callable, http, command, recording. "
         "Write exactly one, for example callable: shop.drafts:draft_reply.")),
        ("pipeline: {callable: }", "pipeline: 'callable' is empty. Give it a value, or remove it."),
        ("pipeline: {callable: a:b, timeout: 0s}", "pipeline: 'timeout' is zero. Write a time above 0, as 30s."),
        ("pipeline: {callable: a:b, timeout: 30}", "pipeline: timeout: '30' is not a duration. Write 30s or 30m."),
        ("pipeline: {callable: a:b, retries: -1}",
         "pipeline: 'retries' is '-1'; expected a whole number from 0 to 20."),
        ("pipeline: {callable: a:b, capabilities: [male]}",
         "pipeline: 'capabilities' names 'male'. Did you mean 'mail'?"),
        ("pipeline: {callable: a:b, environment: {A-B: x}}",
         "pipeline: 'A-B' is no name of an environment variable."),
        ("pipeline: {http: http://x, environment: {A: x}}",
         "pipeline: 'environment' reaches callables and commands only. Remove it."),
        ("pipeline: {callable: a:b, time_out: 3s}", "pipeline: unknown key 'time_out'. Did you mean 'timeout'?"),
        ("pipeline: {http: localhost:8000}",
         "pipeline: http: 'localhost:8000' is no http address. Write http://host:port/path."),
        ("pipeline: {http: {method: PUT}}", "pipeline: http: lacks 'url'. Write url: http://localhost:8000/draft."),
        ("pipeline: {http: {url: http://x, method: LIST}}",
         "pipeline: http: 'method' is 'LIST'. Write one of: POST, PUT, PATCH, GET."),
        ("pipeline: {http: {url: http://x, headers: {a b: c}}}", "pipeline: http: headers: 'a b' is no header name."),
        ('pipeline: {http: {url: http://x, headers: {a: "b\\r\\nc: d"}}}',
         "pipeline: http: headers: 'a' holds a line break. Write it on one line."),
        ("pipeline: {http: {url: http://x, headers: {a: {prefix: b}}}}",
         ("pipeline: http: headers: a: lacks 'env'. "
          "Name the environment variable: {env: API_TOKEN, prefix: 'Bearer '}.")),
        ("pipeline: {http: {url: http://x, headers: {a: {env: A-B}}}}",
         "pipeline: http: headers: a: 'A-B' is no name of an environment variable."),
        ("pipeline: {http: {url: http://x, response: {contents: $.a}}}",
         "pipeline: http: response: 'contents' is no field of an output. Did you mean 'content'?"),
        ("pipeline: {command: run it}",
         "pipeline: 'command' is 'run it'; expected a list, no shell is used. Write [python, -m, shop.worker]."),
        ("pipeline: {command: []}", "pipeline: 'command' is an empty list. Write [python, -m, shop.worker]."),
        ("pipeline: {command: {cwd: x}}", "pipeline: command: lacks 'argv'. Write argv: [python, -m, shop.worker]."),
        ("pipeline: {recording: {format: jsonl}}", "pipeline: recording: lacks 'paths'. Write paths: runs/*.jsonl."),
        ("pipeline: {recording: {paths: a, format: csv}}",
         "pipeline: recording: 'format' is 'csv'. Write one of: jsonl, otlp."),
        ("pipeline: {callable: a:b, switch: c:d}",
         "pipeline: 'switch' sets flags, and the capabilities do not name them. Add flags to them."),
        ("pipeline: {callable: a:b, capabilities: [flags], switch: ops}",
         "pipeline: 'ops' is no module:attribute. Write module:attribute, as shop.drafts:draft_reply."),
        ("pipeline: [a:b]",
         ("pipeline is a list; expected a mapping. Known keys: callable, http, command, recording, capabilities, "
         "timeout, retries, environment, may_connect, switch.")),
    ],
)  # fmt: skip
def test_pipelines_that_cannot_be_reached(text: str, said: str) -> None:
    """Each is refused with what was seen and what to write."""
    assert refused(text) == said


# Subjects


def test_a_subject_has_parts_of_four_kinds() -> None:
    """A revision, file patterns, models and literal versions."""
    found = plan(
        subject='subject: {code: {git: HEAD}, prompts: {files: ["a/*.md", b.md]}, models: [m1, m2], index: v7}\n'
    ).subject

    assert found == SubjectSpec(
        git="HEAD", files={"prompts": ("a/*.md", "b.md")}, models=("m1", "m2"), values={"index": "v7"}
    )
    assert plan(subject="subject: {models: m1}\n").subject == SubjectSpec(models=("m1",))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("subject: {}", "subject: names nothing. Write at least code: {git: HEAD}."),
        ("subject: {code: [a, b]}", "subject: 'code' is a list. Write code: {files: […]}."),
        ("subject: {code: {git: HEAD, files: a}}",
         "subject: code: has several sources. Write git, files, http or command."),
        ("subject: {code: {git: HEAD}, more: {git: v1}}",
         "subject: more: a second part is taken from git. One revision covers the repository."),
        ("subject: {code: {gti: HEAD}, v: 1}", "subject: code: unknown key 'gti'. Did you mean 'git'?"),
        ("subject: HEAD", "subject is 'HEAD'; expected a mapping."),
    ],
)  # fmt: skip
def test_subjects_that_name_nothing(text: str, said: str) -> None:
    """A subject is at least one part, each from one source."""
    assert refused(text) == said


def test_an_empty_part_is_refused() -> None:
    """Neither git nor files."""
    assert refused("subject: {code: {}, v: 1}") == "subject: code: is empty. Write git, files, http or command."


# Tools and contracts


@pytest.mark.parametrize(
    "text",
    [
        'tools: {order: {method: GET, path: "/o/{id}", fields: [id]}, save: {path: /d, writes: true, key: id}}\n',
        (
            'tools:\n  - {name: order, method: GET, path: "/o/{id}", fields: [id]}\n'
            "  - {name: save, path: /d, writes: true, key: id}\n"
        ),
    ],
)
def test_tools_by_name_or_as_a_list(text: str) -> None:
    """Both say the same."""
    assert plan(more=text).tools == (
        ToolSpec(name="order", method="GET", path="/o/{id}", fields=("id",)),
        ToolSpec(name="save", path="/d", writes=True, key="id"),
    )


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("tools: {o: {method: GET}}", "tool 'o': lacks 'path'. Write path: \"/o/{id}\" in quotes."),
        ("tools: {o: {path: o}}", "tool 'o': 'path' is 'o'. Start it with a slash: /o."),
        ("tools: {o: {path: /o, method: LIST}}",
         "tool 'o': 'method' is 'LIST'. Write one of: GET, POST, PUT, PATCH, DELETE."),
        ("tools: {o: {path: /o, key: ids, fields: [id, x]}}",
         "tool 'o': 'key' is 'ids', which is none of its fields. Did you mean 'id'?"),
        ("tools: [{path: /o}]", "tools[0]: lacks 'name'. Give the tool a name."),
        ("tools: [{name: o, path: /o}, {name: o, path: /p}]", "tools[1]: a second tool is called 'o'. Rename one."),
        ("tools: order", "tools is 'order'; expected a mapping."),
        ("schemas: {structred: a}", "schemas: 'structred' is no field that has a contract. Did you mean 'structured'?"),
        ("schemas: {structured: {type: object}}", "schemas: 'structured' is a mapping; expected text."),
    ],
)  # fmt: skip
def test_tools_and_contracts_that_cannot_be(text: str, said: str) -> None:
    """Each is refused with what was seen and what to write."""
    pieces = HEAD.replace("schemas: {structured: reply.json}\n", "") if text.startswith("schemas") else HEAD
    fault = sole_fault(a_plan(head=pieces + CALLABLE + GIT + text + "\n")).partition(": ")[2]

    assert fault == said
