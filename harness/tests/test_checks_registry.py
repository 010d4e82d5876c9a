"""Checks by name, run so that whatever happens is an answer."""

from __future__ import annotations

import copy
import pickle
import subprocess
import sys
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sluicegate.checks import CHECKS, SUITES, Check, CheckConfig, compile_contract, measure, resolve, run_check
from sluicegate.errors import InputError
from sluicegate.model import (
    Attachment,
    Case,
    Crash,
    CrashKind,
    Expect,
    Finding,
    Given,
    Limits,
    Mail,
    Message,
    Observation,
    Output,
    Provenance,
    Rule,
    Severity,
    ToolCall,
    Trial,
    Usage,
    encode,
)
from sluicegate.plan.metrics import AVAILABLE_SUITES, BUILT_IN
from sluicegate.plan.types import ToolSpec

TRIAL = Trial(case=Case(id="c-1"), outputs=(Output(content="ok"),))


def test_suites_and_checks_name_each_other():
    """Every check of a suite exists and says it belongs there."""
    assert set(SUITES) == AVAILABLE_SUITES
    assert {name for suite in SUITES.values() for name in suite.checks} == set(CHECKS)
    assert all(name in SUITES[CHECKS[name].suite].checks for name in CHECKS)


def test_a_suites_name_stands_for_all_its_checks():
    """In the order given, each check once."""
    names = [check.name for check in resolve(["schema.must", "schema", "schema.must"])]

    rest = ["schema.valid", "schema.not_empty", "schema.whole", "schema.limits", "schema.language"]
    assert names == ["schema.must", *rest]


def test_unknown_names_are_told_all_at_once_with_the_nearest():
    """One round of mending."""
    with pytest.raises(InputError) as raised:
        resolve(["shema", "schema", "schema.vaild", "zzz"])

    assert [fault.mend[:30] for fault in raised.value.faults] == [
        "Did you mean 'schema'?",
        "Did you mean 'schema.valid'?",
        "Built in are schema, idempoten",
    ]


def _raising(error: Exception) -> Check:
    def run(_trial, _config):
        yield Finding(check="own.check", case_id="c-1", message="seen before")
        raise error

    return Check(name="own.check", suite="own", title="raises", run=run)


@pytest.mark.parametrize(
    "error", [ValueError("4111 1111 1111 1111\x1b"), RecursionError(), MemoryError(), AssertionError()]
)
def test_a_check_that_raises_answers_error(error):
    """Never a pass, never a failure, and visible in the ledger as a warning, masked."""
    outcome = run_check(_raising(error), TRIAL, CheckConfig())

    (finding,) = outcome.findings
    assert outcome.result == "error"
    assert finding.severity is Severity.WARNING
    assert type(error).__name__ in outcome.reason
    assert "4111" not in outcome.reason
    assert "\x1b" not in outcome.reason


@pytest.mark.parametrize("error", [KeyboardInterrupt(), SystemExit(0)])
def test_what_ends_the_process_is_not_caught(error):
    """Ctrl-C belongs to the runner."""
    with pytest.raises(type(error)):
        run_check(_raising(error), TRIAL, CheckConfig())


def test_warnings_fail_nothing():
    """They are kept and shown."""
    warning = Finding(check="own.check", case_id="c-1", message="odd", severity=Severity.WARNING)
    check = Check(name="own.check", suite="own", title="warns", run=lambda _trial, _config: [warning])

    outcome = run_check(check, TRIAL, CheckConfig())

    assert (outcome.result, outcome.findings) == ("pass", (warning,))


def test_findings_are_sorted_and_told_once():
    """Two runs differ only where the pipeline did."""
    found = [Finding(check="own.check", case_id="c-1", place=place, message="m") for place in ("$.b", "$.a", "$.b")]
    check = Check(name="own.check", suite="own", title="finds", run=lambda _trial, _config: found)

    assert [finding.place for finding in run_check(check, TRIAL, CheckConfig()).findings] == ["$.a", "$.b"]


_texts = st.text(max_size=12) | st.sampled_from(
    ["\ud800", "\0\r\n", "\u202e", "{{x}}", '{"a":', "a@b.test", "a@b.test\nBcc: c@d.test", "```", "й" * 15, "…"]
)
_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | _texts,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(_texts | st.sampled_from(["draft_id", "duplicate", "tldr", "insights"]), inner, max_size=3)
    ),
    max_leaves=6,
)
_odd = _json | st.binary(max_size=3) | st.sets(st.integers(), max_size=2) | st.builds(object) | st.dates()
_addresses = st.lists(_texts, max_size=2).map(tuple)
_attachments = st.builds(Attachment, name=_texts, text=st.none() | _texts, size_bytes=st.none() | st.integers())
_mails = st.builds(
    Mail,
    sender=st.none() | _texts,
    to=_addresses,
    cc=_addresses,
    subject=st.none() | _texts,
    body=st.none() | _texts,
    headers=st.dictionaries(_texts, _texts, max_size=2),
    attachments=st.lists(_attachments, max_size=2).map(tuple),
)
_outputs = st.builds(
    Output,
    content=st.none() | _texts,
    structured=_odd,
    mail=st.none() | _mails,
    messages=st.lists(st.builds(Message, role=_texts, content=_texts), max_size=2).map(tuple),
    tools_called=st.lists(st.builds(ToolCall, name=_texts), max_size=1).map(tuple),
    usage=st.none() | st.builds(Usage, input_tokens=st.none() | st.integers(), output_tokens=st.none() | st.integers()),
    latency_ms=st.none() | st.floats(),
    cost_microusd=st.none() | st.integers(),
    error=st.none() | st.none() | st.none() | st.builds(Crash, kind=st.sampled_from(CrashKind), message=_texts),
    provenance=st.sampled_from(Provenance),
    metadata=st.dictionaries(_texts | st.sampled_from(["finish_reason", "draft_id", "duplicate"]), _odd, max_size=2),
)
_fields = st.sampled_from(["content", "mail.subject", "structured.a", "metadata"])
_patterns = st.sampled_from(["a+", "(a+)+$"])
_cases = st.builds(
    Case,
    id=_texts,
    input=_json,
    given=st.builds(
        Given,
        locale=st.none() | _texts | st.sampled_from(["ru", "en"]),
        deliveries=st.integers(1, 2),
        command=st.none() | _texts,
    ),
    expect=st.builds(
        Expect,
        must=st.lists(st.builds(Rule, field=_fields, contains=_texts), max_size=1).map(tuple),
        must_not=st.lists(st.builds(Rule, field=_fields, matches=_patterns), max_size=1).map(tuple),
        limits=st.none() | st.builds(Limits, latency_ms=st.floats(), tokens=st.integers()),
        link_hosts=st.none() | st.just(("shop.test",)),
    ),
)
_observations = st.builds(
    Observation, run_id=st.just("0"), double=st.sampled_from(["tool", "model"]), action=st.sampled_from(["store", "x"]),
    at=st.just(""), detail=st.dictionaries(st.sampled_from(["status", "arguments", "dropped"]), _json, max_size=3),
)  # fmt: skip
_trials = st.builds(
    Trial,
    case=_cases,
    outputs=st.lists(_outputs, min_size=1, max_size=2).map(tuple),
    observations=st.lists(_observations, max_size=3).map(tuple),
)
CONFIG = CheckConfig(
    contracts={
        "structured": compile_contract("trend-analysis"),
        "mail": compile_contract("mail-draft"),
        "content": compile_contract({"type": "object", "required": ["a"]}),
    },
    tools=(ToolSpec(name="store", path="/s", writes=True),),
)


@settings(max_examples=120, deadline=None)
@given(_trials)
def test_every_check_and_measure_is_total_pure_and_deterministic(trial):
    """On any output whatever: an answer, no exception, nothing changed, and the same answer again."""
    before = repr(trial)

    for check in CHECKS.values():
        outcome = run_check(check, trial, CONFIG)
        assert "raised" not in outcome.reason
        assert outcome == run_check(check, trial, CONFIG)
        assert list(outcome.findings) == sorted(outcome.findings, key=Finding.sort_key)
        assert (outcome.result == "fail") is any(found.severity != "warning" for found in outcome.findings)
        for found in outcome.findings:
            assert len(found.excerpt) <= 200
            assert (found.excerpt + found.message + found.mend + found.place).replace(" ", "").isprintable()
    for metric in BUILT_IN.values():
        measure(metric, trial, {}, CONFIG)

    assert repr(trial) == before


def test_findings_survive_the_ledger():
    """Their encoding is plain JSON."""
    trial = replace(
        TRIAL, outputs=(Output(structured={"\ud800": float("nan")}, content="{", mail=Mail(subject="\ud800")),)
    )

    for check in CHECKS.values():
        for found in run_check(check, trial, CONFIG).findings:
            assert encode(found)
            assert found.key() == pickle.loads(pickle.dumps(found)).key()


def test_importing_checks_costs_no_heavy_library():
    """jsonschema and pydantic load when a contract is compiled, not before."""
    code = (
        "import sys, sluicegate.checks.registry, sluicegate.checks.contracts, sluicegate.checks.measures\n"
        "print(sorted({'jsonschema', 'pydantic', 'aiohttp'} & set(sys.modules)))"
    )

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert done.stdout.strip() == "[]"


def test_contracts_and_trials_may_be_shared():
    """A contract is compiled once and holds no state between values."""
    contract = CONFIG.contracts["content"]
    case = copy.deepcopy(TRIAL.case)

    assert [list(contract.problems(value, case)) for value in ({"a": 1}, {}, {"a": 1})][::2] == [[], []]
