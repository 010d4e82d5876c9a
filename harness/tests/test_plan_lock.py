"""The lock: one byte string for one content, strict to read."""

from __future__ import annotations

import json
import tracemalloc
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sluicegate.errors import InputError
from sluicegate.plan.lock import Lock, LockedStage, LockedSuite, lock_bytes, lock_digest, lock_path, read_lock

_IDS = st.text(st.characters(codec="utf-8", exclude_categories=["Cc"], exclude_characters="\ufffe\uffff"), min_size=1)
A, B = "a" * 64, "b" * 64
LOCK = Lock(
    plan_digest=A,
    stages={
        "preflight": LockedStage(
            suites={"schema": LockedSuite(checks=("schema.valid",), cases=(("order-2", B), ("order-1", A)), repeats=2)},
            tests=("tests/test_b.py::b", "tests/test_a.py::a"),
            case_files={"cases/orders.jsonl": A},
        ),
        "ten": LockedStage(),
    },
    contracts={"structured": B},
)
TEXT = f"""\
{{
  "contracts": {{
    "structured": "{B}"
  }},
  "plan_digest": "{A}",
  "schema_version": 1,
  "stages": {{
    "preflight": {{
      "case_files": {{
        "cases/orders.jsonl": "{A}"
      }},
      "suites": {{
        "schema": {{
          "cases": [
            ["order-1", "{A}"],
            ["order-2", "{B}"]
          ],
          "checks": [
            "schema.valid"
          ],
          "repeats": 2
        }}
      }},
      "tests": [
        "tests/test_a.py::a",
        "tests/test_b.py::b"
      ]
    }},
    "ten": {{
      "case_files": {{}},
      "suites": {{}},
      "tests": []
    }}
  }}
}}
"""


def faults(tmp_path: Path, data: bytes) -> list[str]:
    path = tmp_path / "rollout.lock"
    path.write_bytes(data)
    with pytest.raises(InputError) as caught:
        read_lock(path)
    return [str(fault).replace(str(path), "rollout.lock") for fault in caught.value.faults]


def changed(**parts: object) -> bytes:
    return json.dumps({**json.loads(TEXT), **parts}).encode()


def suite(**parts: object) -> bytes:
    return changed(stages={"ten": {"suites": {"schema": parts}}})


def test_a_lock_is_one_byte_string() -> None:
    """Keys and ids sorted, one case a line, a newline at the end."""
    assert lock_bytes(LOCK).decode() == TEXT


def test_a_lock_is_read_back(tmp_path: Path) -> None:
    """What is read says the same, to the byte."""
    path = tmp_path / "rollout.lock"
    path.write_bytes(lock_bytes(LOCK))

    assert lock_bytes(read_lock(path)) == lock_bytes(LOCK)
    assert lock_digest(read_lock(path)) == lock_digest(LOCK)


def test_the_order_of_cases_and_tests_changes_nothing() -> None:
    """Sorted is sorted."""
    swapped = LockedSuite(checks=("schema.valid",), cases=(("order-1", A), ("order-2", B)), repeats=2)
    stage = LockedStage(
        suites={"schema": swapped},
        tests=("tests/test_a.py::a", "tests/test_b.py::b"),
        case_files={"cases/orders.jsonl": A},
    )

    lock = Lock(plan_digest=A, stages={"ten": LockedStage(), "preflight": stage}, contracts={"structured": B})
    assert lock_bytes(lock) == lock_bytes(LOCK)


@given(st.lists(st.text(), unique=True))
def test_rows_of_cases_are_json_as_the_library_writes_it(ids: list[str]) -> None:
    """One case a line, whatever stands in its id."""
    suite = LockedSuite(cases=tuple((case_id, A) for case_id in ids))
    said = lock_bytes(Lock(plan_digest=A, stages={"s": LockedStage(suites={"x": suite})}))

    rows = [line.strip().removesuffix(",") for line in said.decode().split("\n") if line.strip().startswith('["')]
    assert rows == [json.dumps([case_id, A], ensure_ascii=False) for case_id in sorted(ids)]


def test_the_layout_of_the_file_is_not_the_lock(tmp_path: Path) -> None:
    """The digest is of what it says."""
    path = tmp_path / "rollout.lock"
    path.write_bytes(json.dumps(json.loads(TEXT)).encode())

    assert lock_digest(read_lock(path)) == lock_digest(LOCK)


@given(
    st.lists(st.tuples(_IDS, st.sampled_from([A, B])), max_size=8, unique_by=lambda pair: pair[0]),
    st.sampled_from(["as it is", "indented", "in one line", "another order"]),
)
@settings(deadline=None)
def test_a_lock_says_the_same_however_it_is_laid_out(cases: list[tuple[str, str]], layout: str) -> None:
    """Read a row at a time where it is as it was written, else as any JSON: the same lock."""
    suite = LockedSuite(cases=tuple(cases))
    data = lock_bytes(Lock(plan_digest=A, stages={"s": LockedStage(suites={"x": suite, "y": suite})}))
    said = json.loads(data)
    if layout == "another order":
        said["stages"]["s"]["suites"]["x"]["cases"].reverse()
    text = {"as it is": data.decode(), "in one line": json.dumps(said)}.get(layout) or json.dumps(said, indent=1)
    with TemporaryDirectory() as folder:
        path = Path(folder) / "rollout.lock"
        path.write_bytes(text.encode())
        assert lock_bytes(read_lock(path)) == data


@pytest.mark.parametrize(
    ("written", "read"),
    [
        (f'["order-1", "{A}"],\n', f'["order-1", "{A}"]\n'),
        (f'["order-1", "{A}"],\n', f'["order-1", "{A}"],\n            ["order-1", "{B}"],\n'),
        (f'["order-1", "{A}"],\n', f'["order-1", "{A.upper()}"],\n'),
        (f'["order-1", "{A}"],\n', '["0", "#"],\n'),
        (f'["order-1", "{A}"],\n', f'["order\\u00e9-1", "{A}", "x"],\n'),
        (f'["order-2", "{B}"]\n', f'["order-2", "{B}"],\n'),
        ('"checks": [', '"cases": [\n          ["0", "#"]\n          ],\n          "checks": ['),
        (f'["order-1", "{A}"],\n            ["order-2", "{B}"]\n', '["0", "#"]\n'),
        (f'["order-1", "{A}"],\n', f'["order-\x7f1", "{A}"],\n'),
    ],
)
def test_a_row_that_no_lock_has_is_a_fault(tmp_path: Path, written: str, read: str) -> None:
    """A comma too few or too many, an id twice, a digest that is none, a third text, what stands for rows elsewhere."""
    assert written in TEXT

    assert faults(tmp_path, TEXT.replace(written, read).encode())


@pytest.mark.parametrize("digest", [A.upper(), f"{A[:-1]} ", f"{A} "])
def test_a_digest_is_one_in_any_layout(tmp_path: Path, digest: str) -> None:
    """Large letters, and a space: a byte fewer would give every later case the digest of another."""
    text = json.dumps(json.loads(TEXT.replace(f'["order-1", "{A}"]', f'["order-1", "{digest}"]')))

    assert faults(tmp_path, text.encode())


def test_no_row_stands_for_rows_of_a_model(tmp_path: Path) -> None:
    """A model may hold a list that looks like a suite's cases, and a suite what a reader once wrote for such a list."""
    model = f'"models": {{\n  "structured": {{\n    "cases": [\n      ["x", "{A}"]\n    ]\n  }}\n  }},\n  "plan_digest"'
    begins, ends = TEXT.index('[\n            ["order-1"'), TEXT.index(',\n          "checks"')
    text = TEXT[:begins] + '[["0", "#"]]' + TEXT[ends:]

    assert faults(tmp_path, text.replace('"plan_digest"', model).encode())


def test_an_escaped_id_is_read_as_what_it_says(tmp_path: Path) -> None:
    """JSON has many ways to write one."""
    path = tmp_path / "rollout.lock"
    path.write_text(TEXT.replace("order-1", "order\\u00e9\\n1"))

    assert read_lock(path).stages["preflight"].suites["schema"].cases[0] == ("orderé\n1", A)


def test_a_lock_of_many_cases_is_read_and_digested_in_little_memory(tmp_path: Path) -> None:
    """Suites share their rows, and nobody holds the file's text."""
    path = tmp_path / "rollout.lock"
    suite = LockedSuite(cases=[(f"case-{number:06}", A) for number in range(20_000)])
    lock = Lock(plan_digest=A, stages={"s": LockedStage(suites={"x": suite, "y": suite, "z": suite})})
    path.write_bytes(lock_bytes(lock))
    digest = lock_digest(lock)
    tracemalloc.start()
    found = read_lock(path)
    assert lock_digest(found) == digest
    held, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert held < 20_000 * 80
    assert peak < 20_000 * 200 < path.stat().st_size


def test_a_lock_lies_beside_its_plan() -> None:
    """Under the plan's own name."""
    assert lock_path(Path("rollout.yaml")) == Path("rollout.lock")
    assert lock_path(Path("a/plan.yml")) == Path("a/plan.lock")


def test_a_missing_lock_says_how_to_write_one(tmp_path: Path) -> None:
    """The mend is a command."""
    with pytest.raises(InputError) as caught:
        read_lock(tmp_path / "x.lock")

    said = "There is no such file; expected a lock. Run: sluicegate plan lock PLAN"
    assert str(caught.value) == f"{tmp_path}/x.lock: {said}"


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "rollout.lock:1: Is no JSON: Expecting value. Run: sluicegate plan lock PLAN."),
        (b"{\n,", ("rollout.lock:2: Is no JSON: Expecting property name enclosed in double quotes. "
         "Run: sluicegate plan lock PLAN.")),
        (b'{"a": NaN}', "rollout.lock: Is no JSON: it cannot be read. Run: sluicegate plan lock PLAN."),
        (b"[" * 100_000, "rollout.lock: Is no JSON: it cannot be read. Run: sluicegate plan lock PLAN."),
        (b'{"stages": {}, "stages": {}}', "rollout.lock: 'stages' is written twice. Run: sluicegate plan lock PLAN."),
        (b"\xff", "rollout.lock:1: Is not UTF-8 (byte 0xff). Save it as UTF-8."),
        (b"[]", "rollout.lock: $ is []; expected a mapping for Lock."),
        (b"{}", "rollout.lock: $ lacks 'plan_digest'. Add 'plan_digest'."),
        (changed(schema_version=2),
         "rollout.lock: Has schema_version 2; this version reads 1. Run: sluicegate plan lock PLAN."),
        (changed(plan_digest="x"), "rollout.lock: $.plan_digest is no SHA-256. Run: sluicegate plan lock PLAN."),
        (changed(contracts={"mail": "x"}),
         "rollout.lock: $.contracts.mail is no SHA-256. Run: sluicegate plan lock PLAN."),
        (changed(stage={}), "rollout.lock: $ has an unknown key 'stage'. Did you mean 'stages'?"),
        (changed(stages={"ten": {"tests": ["a", "a"]}}),
         "rollout.lock: $.stages.ten.tests names a test twice. Run: sluicegate plan lock PLAN."),
        (changed(stages={"ten": {"case_files": {"a": "b"}}}),
         "rollout.lock: $.stages.ten.case_files.a is no SHA-256. Run: sluicegate plan lock PLAN."),
        (changed(stages={"ten": {"test_files": {"a.py": "x"}}}),
         "rollout.lock: $.stages.ten.test_files.a.py is no SHA-256. Run: sluicegate plan lock PLAN."),
        (suite(repeats=0), "rollout.lock: $.stages.ten.suites.schema.repeats is 0. Run: sluicegate plan lock PLAN."),
        (suite(repeats=True), "rollout.lock: $.stages.ten.suites.schema.repeats is True; expected a whole number."),
        (suite(checks=["a", "a"]),
         "rollout.lock: $.stages.ten.suites.schema.checks names a check twice. Run: sluicegate plan lock PLAN."),
        (suite(cases=[["a"]]),
         ("rollout.lock: $.stages.ten.suites.schema.cases[0] is no pair of id and SHA-256. "
          "Run: sluicegate plan lock PLAN.")),
        (suite(cases=[[]]),
         ("rollout.lock: $.stages.ten.suites.schema.cases[0] is no pair of id and SHA-256. "
          "Run: sluicegate plan lock PLAN.")),
        (suite(cases=[["a", A], ["a", B]]),
         "rollout.lock: $.stages.ten.suites.schema.cases[1] pins 'a' twice. Run: sluicegate plan lock PLAN."),
    ],
)  # fmt: skip
def test_locks_that_cannot_be(tmp_path: Path, data: bytes, said: str) -> None:
    """Nothing Sluicegate would not write is taken for a lock."""
    assert faults(tmp_path, data) == [said]


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=100) | st.text(alphabet='{}[]":,1 stagepln_di', max_size=60).map(str.encode))
def test_any_bytes_are_a_lock_or_faults(tmp_path_factory: pytest.TempPathFactory, data: bytes) -> None:
    """No lock file ends in anything but a lock or an InputError."""
    path = tmp_path_factory.getbasetemp() / "any.lock"
    path.write_bytes(data)
    with pytest.raises(InputError):
        read_lock(path)


_NAMES = st.text(min_size=1, max_size=8).filter(lambda text: text.isprintable())
_DIGESTS = st.text("0123456789abcdef", min_size=64, max_size=64)
_SUITES = st.builds(
    LockedSuite,
    checks=st.lists(_NAMES, unique=True, max_size=3).map(tuple),
    cases=st.dictionaries(_NAMES, _DIGESTS, max_size=3).map(lambda found: tuple(found.items())),
    repeats=st.integers(1, 5),
)
_STAGES = st.builds(
    LockedStage,
    suites=st.dictionaries(_NAMES, _SUITES, max_size=2),
    tests=st.lists(_NAMES, unique=True, max_size=3).map(tuple),
    case_files=st.dictionaries(_NAMES, _DIGESTS, max_size=2),
)


@settings(max_examples=100, deadline=None)
@given(st.builds(Lock, plan_digest=_DIGESTS, stages=st.dictionaries(_NAMES, _STAGES, max_size=2)))
def test_every_lock_survives_its_file(tmp_path_factory: pytest.TempPathFactory, lock: Lock) -> None:
    """Written and read back, any lock has the same bytes."""
    path = tmp_path_factory.getbasetemp() / "every.lock"
    path.write_bytes(lock_bytes(lock))

    assert lock_bytes(read_lock(path)) == lock_bytes(lock)
