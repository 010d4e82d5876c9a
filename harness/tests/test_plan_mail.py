"""`mail:` of a plan: how mails are taken that the pipeline sends."""

from __future__ import annotations

from pathlib import Path

import jsonschema
import pytest

from sluicegate.errors import InputError
from sluicegate.plan.reader import read_plan_bytes
from sluicegate.plan.schema import plan_schema
from sluicegate.plan.types import MailSpec, Plan
from sluicegate.session.surroundings import surroundings
from sluicegate.session.workspace import Workspace

BASE = """\
schema_version: 1
name: shop
pipeline: PIPELINE
subject: {version: one}
cases: cases.jsonl
stages: [{name: preflight, exposure: {live: false}, requires: {suites: [tracing]}}]
"""
SENDER = "{callable: 'shop:answer', capabilities: [mail]}"


def read(*more: str, pipeline: str = SENDER) -> Plan:
    text = BASE.replace("PIPELINE", pipeline) + "".join(f"{line}\n" for line in more)
    return read_plan_bytes(text.encode(), Path("rollout.yaml"))


def test_the_words_are_read() -> None:
    """Strict where nothing is said of it; nothing where there is no `mail`."""
    assert read("mail: {sink: lenient}").mail == MailSpec(sink="lenient")
    assert read("mail: {sink: strict}").mail == read("mail: {}").mail == MailSpec()
    assert read().mail is None


@pytest.mark.parametrize(
    ("line", "pipeline", "said"),
    [
        ("mail: {sink: lax}", SENDER, "'sink' is 'lax'. Write one of: strict, lenient."),
        ("mail: {sink: lenent}", SENDER, "Did you mean 'lenient'?"),
        ("mail: {snk: strict}", SENDER, "unknown key 'snk'. Did you mean 'sink'?"),
        ("mail: strict", SENDER, "mail is 'strict'; expected a mapping."),
        ("mail: {}", "shop:answer", "'mail' is there, and the pipeline does not declare that it sends any."),
        ("mail: {}", "{recording: runs.jsonl}", "'mail' stands beside a recording, which sends nothing."),
    ],
)
def test_a_mistake_is_named_with_its_mend(line: str, pipeline: str, said: str) -> None:
    """At its line."""
    with pytest.raises(InputError) as refused:
        read(line, pipeline=pipeline)

    assert said in str(refused.value)
    assert "rollout.yaml:7" in str(refused.value)


def test_editors_know_the_same_words() -> None:
    """The schema takes what the reader takes, and refuses the rest."""
    schema = plan_schema()["properties"]["mail"]

    jsonschema.validate({"sink": "lenient"}, schema)
    for wrong in ({"sink": "lax"}, {"snk": "strict"}, "strict"):
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate(wrong, schema)


@pytest.mark.parametrize("told", [True, False])
def test_a_service_has_to_be_told_where_the_sink_is(tmp_path: Path, *, told: bool) -> None:
    """It was started by somebody else, and its environment knows nothing; `plan check` says so."""
    request = "request: {to: '${endpoint.SLUICEGATE_SMTP}'}" if told else "method: POST"
    pipeline = f"{{http: {{url: 'http://127.0.0.1:9/', {request}}}, capabilities: [mail]}}"
    plan = tmp_path / "rollout.yaml"
    plan.write_text(BASE.replace("PIPELINE", pipeline) + "mail: {}\n", encoding="utf-8")
    notes = [note for note in surroundings(Workspace(plan)) if note.about == "mail"]

    assert [(note.line, "${endpoint.SLUICEGATE_SMTP}" in note.text) for note in notes] == ([] if told else [(7, True)])
