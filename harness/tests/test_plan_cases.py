"""Case files: JSON lines, streamed, strict, with every fault at its line."""

from __future__ import annotations

import json
import os
import tracemalloc
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sluicegate.errors import InputError
from sluicegate.model import Capability, Case, Given, Mail, Rule
from sluicegate.plan.cases import ALIASES, read_cases

NOTHING = (
    "asks nothing: contains, equals and matches are missing, or null, which is the same. "
    "Write one of them. That a field is null is asked with equals of the object it stands in, "
    'as {"field": "structured", "equals": {"order": null}}, or by a schema under schemas.'
)


def written(tmp_path: Path, *lines: str | bytes, name: str = "cases.jsonl") -> Path:
    path = tmp_path / name
    path.write_bytes(b"".join((line.encode() if isinstance(line, str) else line) + b"\n" for line in lines))
    return path


def faults(*paths: Path) -> list[str]:
    with pytest.raises(InputError) as caught:
        list(read_cases(paths))
    return [str(fault).replace(f"{paths[0].parent}/", "") for fault in caught.value.faults]


def only_fault(tmp_path: Path, line: str | bytes) -> str:
    (fault,) = faults(written(tmp_path, '{"id": "first"}', line))
    return fault


# Reading


def test_cases_in_order(tmp_path: Path) -> None:
    """Files one after the other, blank lines and a byte order mark passed over, a file named twice read once."""
    one = written(tmp_path, b'\xef\xbb\xbf{"id": "a", "input": 1}', "", "  ", '{"id": "b"}\r')
    two = written(tmp_path, '{"id": "c", "tags": ["x"]}', name="more.jsonl")

    assert list(read_cases([one, two, one])) == [Case(id="a", input=1), Case(id="b"), Case(id="c", tags=("x",))]


def test_a_whole_case(tmp_path: Path) -> None:
    """Typed all the way down."""
    line = {
        "id": "order-1",
        "input": {"text": "where?"},
        "given": {"mail": {"sender": "a@b.test", "subject": "Order"}, "deliveries": 2, "now": "2026-01-29T14:00:00Z"},
        "expect": {
            "must": [{"field": "content", "contains": "1001"}],
            "must_not": [{"field": "content", "matches": "x+"}],
        },
        "needs": ["mail"],
        "slice": "acme",
        "metadata": {"any": [1, None]},
    }

    (case,) = read_cases([written(tmp_path, json.dumps(line))])
    assert case.given == Given(mail=Mail(sender="a@b.test", subject="Order"), deliveries=2, now="2026-01-29T14:00:00Z")
    assert case.expect.must == (Rule(field="content", contains="1001"),)
    assert (case.needs, case.slice, case.metadata) == ((Capability.MAIL,), "acme", {"any": [1, None]})


def test_names_other_tools_use(tmp_path: Path) -> None:
    """Rows of other harnesses read as they are, where they have an id."""
    lines = [
        {"name": "a", "inputs": "q", "expected_output": "g"},
        {"id": "b", "user_input": "q", "reference": "g", "retrieved_contexts": ["r"], "reference_contexts": ["c"]},
        {"id": "c", "input": "q", "target": "g", "metadata": {"m": 1}},
        {"id": "d", "query": "q", "ideal": "g", "additional_metadata": {"m": 1}},
        {"id": "e", "input": "q", "expectedOutput": "g", "retrievalContext": ["r"], "tags": ["t"]},
        {"id": "f", "input": "q", "expected": "g"},
    ]

    cases = list(read_cases([written(tmp_path, *map(json.dumps, lines))]))
    assert [case.id for case in cases] == list("abcdef")
    assert {case.input for case in cases} == {"q"}
    assert {case.expected_output for case in cases} == {"g"}
    assert (cases[1].retrieval_context, cases[1].context) == (("r",), ("c",))
    assert cases[2].metadata == cases[3].metadata == {"m": 1}
    assert set(ALIASES.values()) == {"id", "input", "expected_output", "retrieval_context", "context", "metadata"}


# Faults


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ('{"id": "x", "inptu": 1}',
         'cases.jsonl:2: $ has an unknown key \'inptu\'. Did you mean \'input\'?'),
        ('{"id": "x", "customer": 1}',
         'cases.jsonl:2: $ has an unknown key \'customer\'. Put it under metadata: {"metadata": {"customer": …}}.'),
        ('{"id": "x", "name": "y"}',
         "cases.jsonl:2: $ says 'id' twice, as 'id' and 'name'. Keep one; the other may go under metadata."),
        ('{"input": 1}', "cases.jsonl:2: $ lacks 'id'. Add 'id'."),
        ('{"id": 7}', "cases.jsonl:2: $.id is 7; expected text."),
        ('{"id": ""}', "cases.jsonl:2: $.id is ''. Use up to 200 characters without line breaks and without '~'."),
        ('{"id": "a~twice"}',
         "cases.jsonl:2: $.id is 'a~twice'. Use up to 200 characters without line breaks and without '~'."),
        ('{"id": "a\\nb"}',
         "cases.jsonl:2: $.id is 'a\\nb'. Use up to 200 characters without line breaks and without '~'."),
        ('{"id": "x", "id": "y"}', "cases.jsonl:2: 'id' is written twice. Remove one."),
        ('{"id": "x", "input": {"a": 1, "a" : 1}}', "cases.jsonl:2: 'a' is written twice. Remove one."),
        ('{"id": "x", "input": {"\\u0022:": 1, "a": 1, "a": 1}}', "cases.jsonl:2: 'a' is written twice. Remove one."),
        ('["x"]', 'cases.jsonl:2: Is no JSON object. Write one case a line: {"id": "…", "input": …}'),
        ('[{"id": "x"},', " at column 14. Write one case a line, without the surrounding list."),
        (
            '{"id": "x", "input": {"order": 123456789012345678901235}}',
            "Holds a whole number beyond 64 bits, which would be read as another one. Write it as text, in quotes.",
        ),
        ('{"id": "x", "input": NaN}', " JSON has no NaN and no Infinity; write null or leave the field out."),
        ('{"id": "x", "input": 1e999}', " at column 22."),
        ("{'id': 'x'}", " at column 2."),
        ('{"id": "x"', " at column 11. Write one JSON object a line."),
        (b'{"id": "\xff"}', "cases.jsonl:2: Is not UTF-8 (byte 0xff)."),
        ('{"id": "\\ud800"}', ""),
        ('{"id": "x", "given": {"deliveries": 0}}', "cases.jsonl:2: $.given.deliveries is 0. Write 1 or more."),
        ('{"id": "x", "input": 1, "given": {"inputs": [1, 2]}}',
         ("cases.jsonl:2: $.given.inputs stands beside another input or number of deliveries. "
          "Keep inputs alone: one delivery each.")),
        ('{"id": "x", "expect": {"calls": [{"target": "modell"}]}}',
         ("cases.jsonl:2: $.expect.calls[0].target is 'modell'. Write model, model:<name>, tool:<name>, "
          "retriever or mail.")),
        ('{"id": "x", "expect": {"calls": [{"target": "model", "least": 2, "most": 1}]}}',
         "cases.jsonl:2: $.expect.calls[0] asks for 2 to 1 calls. Write least ≤ most."),
        ('{"id": "x", "given": {"now": "today"}}',
         "cases.jsonl:2: $.given.now is 'today'. Write an RFC 3339 time: 2026-01-29T14:00:00Z."),
        ('{"id": "x", "given": {"mial": {}}}',
         "cases.jsonl:2: $.given has an unknown key 'mial'. Did you mean 'mail'?"),
        ('{"id": "x", "needs": ["male"]}',
         ("cases.jsonl:2: $.needs[0] is 'male'; expected one of model, mail, tools, retrieval, streaming, clock, "
         "command, job, record, flags. Did you mean 'mail'?")),
        ('{"id": "x", "expect": {"must": [{"field": "a"}]}}',
         f"cases.jsonl:2: $.expect.must[0] {NOTHING}"),
        ('{"id": "x", "expect": {"must_not": [{"field": "structured.order", "equals": null}]}}',
         f"cases.jsonl:2: $.expect.must_not[0] {NOTHING}"),
        ('{"id": "x", "expect": {"must": [{"field": "a", "equals": 1, "contains": "1"}]}}',
         "cases.jsonl:2: $.expect.must[0] has 2 of contains, equals, matches. Keep exactly one."),
        ('{"id": "x", "expect": {"must_not": [{"field": "a", "matches": "("}]}}',
         ("cases.jsonl:2: $.expect.must_not[0] '(' is no regular expression: missing ), unterminated subpattern at "
         "position 0. Correct it.")),
        ('{"id": "x", "expect": {"must_not": [{"field": "content", "contain": "a"}]}}',
         "cases.jsonl:2: $.expect.must_not[0] has an unknown key 'contain'. Did you mean 'contains'?"),
        ('{"id": "x", "expect": {"outcome": "errror"}}',
         "cases.jsonl:2: $.expect.outcome is 'errror'. Did you mean 'error'?"),
        ('{"id": "x", "expect": {"outcome": "Refusal "}}',
         "cases.jsonl:2: $.expect.outcome is 'Refusal '. Did you mean 'refusal'?"),
        ('{"id": "x", "expect": {"outcome": ""}}',
         "cases.jsonl:2: $.expect.outcome is ''. Known are answer, verification, refusal, error."),
        ("[" * 2000, " Write one case a line, without the surrounding list."),
    ],
)  # fmt: skip
def test_lines_that_are_no_case(tmp_path: Path, line: str | bytes, said: str) -> None:
    """Each is refused at its line, ending in what to write; the parser's own words are its own."""
    found = only_fault(tmp_path, line)

    assert found.startswith("cases.jsonl:2: ")
    assert found.endswith(said)


@pytest.mark.parametrize("word", ["answer", "verification", "refusal", "error", "handover", "transfer", "escalated"])
def test_an_outcome_may_be_a_word_of_one_s_own(tmp_path: Path, word: str) -> None:
    """Only one that looks like ours is taken for a slip."""
    path = tmp_path / "cases.jsonl"
    path.write_text(f'{{"id": "x", "expect": {{"outcome": "{word}"}}}}\n')

    assert [case.expect.outcome for case in read_cases([path])] == [word]


def test_a_truncated_file_says_so(tmp_path: Path) -> None:
    """The usual end of a copy that broke off."""
    path = tmp_path / "cases.jsonl"
    path.write_bytes(b'{"id": "a"}\n{"id": "b", "input": "wh')

    assert faults(path) == [
        "cases.jsonl:2: Ends in the middle of a JSON object; the file seems cut off. Write one JSON object a line."
    ]


def test_a_line_of_many_megabytes_is_refused_without_being_held(tmp_path: Path) -> None:
    """A file that is no JSON lines costs a bounded amount of memory, and the line after it is still read."""
    path = tmp_path / "cases.jsonl"
    with path.open("wb") as file:
        file.write(b'{"id": "a", "input": "')
        for _ in range(48):
            file.write(b"x" * 1_000_000)
        file.write(b'"}\n{"id": 3}\n')
    tracemalloc.start()
    found = faults(path)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert found == [
        "cases.jsonl:1: Is longer than 16 MiB. One case is one line; is this file JSON lines?",
        "cases.jsonl:2: $.id is 3; expected text.",
    ]
    assert peak < 60_000_000


def test_ids_are_unique_over_all_files(tmp_path: Path) -> None:
    """A case is known by its id; the fault names both places."""
    one = written(tmp_path, '{"id": "a"}', '{"id": "b"}', '{"id": "a"}')
    two = written(tmp_path, '{"id": "b"}', '{"id": "c"}', name="more.jsonl")

    assert faults(one, two) == [
        "cases.jsonl:3: The id of this case is taken by cases.jsonl:1. Give each case its own id.",
        "more.jsonl:1: The id of this case is taken by cases.jsonl:2. Give each case its own id.",
    ]


def test_all_faults_of_all_files_up_to_fifty(tmp_path: Path) -> None:
    """Then their number."""
    one = written(tmp_path, *['{"id": 1}'] * 40)
    two = written(tmp_path, *['{"id": 1}'] * 40, name="more.jsonl")

    found = faults(one, two)
    assert len(found) == 51
    assert found[49] == "more.jsonl:10: $.id is 1; expected text."
    assert found[50] == "and 30 more faults."


def test_after_a_fault_no_case_is_given_out(tmp_path: Path) -> None:
    """What follows is read for its faults only."""
    path = written(tmp_path, '{"id": "a"}', '{"id": 1}', '{"id": "c"}', '{"id": 2}')
    reading = read_cases([path])

    assert next(reading).id == "a"
    with pytest.raises(InputError) as caught:
        next(reading)
    assert len(caught.value.faults) == 2


def test_files_that_hold_no_cases(tmp_path: Path) -> None:
    """Empty, missing, a directory, a pipe."""
    empty = written(tmp_path, "", " ")
    (tmp_path / "folder").mkdir()
    os.mkfifo(tmp_path / "pipe")

    assert faults(empty) == ['cases.jsonl: Holds no case. Write one case a line: {"id": "…", "input": …}']
    assert faults(tmp_path / "case.jsonl", tmp_path / "folder", tmp_path / "pipe") == [
        "case.jsonl: There is no such file; expected a file of cases. Did you mean 'cases.jsonl'?",
        "folder: Is a directory; expected a file of cases. Name the file in it.",
        "pipe: Is not a regular file; expected a file of cases.",
    ]


# Laws


def test_memory_does_not_grow_with_the_number_of_cases(tmp_path: Path) -> None:
    """Of a case that was read only 12 bytes stay."""
    path = written(tmp_path, *(f'{{"id": "case-{n}", "input": "{"x" * 200}"}}' for n in range(5000)))
    list(read_cases([path]))
    tracemalloc.start()
    read = sum(1 for _ in read_cases([path]))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert read == 5000
    assert peak < 1_000_000


_JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)


@settings(max_examples=200, deadline=None)
@given(_JSON, st.booleans(), st.sampled_from([None, 1]))
def test_any_input_is_read_as_it_is(
    tmp_path_factory: pytest.TempPathFactory, value: object, ascii_only: bool, indent: int | None
) -> None:
    """However JSON is written on one line, its value arrives."""
    text = json.dumps({"id": "a", "input": value}, ensure_ascii=ascii_only, indent=indent).replace("\n", " ")
    path = tmp_path_factory.getbasetemp() / "value.jsonl"
    path.write_text(text, encoding="utf-8")

    (case,) = read_cases([path])
    assert case.input == value


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=80) | st.text(alphabet='{}[]":,1 idnput\\u02', max_size=60).map(str.encode))
def test_any_bytes_are_cases_or_faults(tmp_path_factory: pytest.TempPathFactory, data: bytes) -> None:
    """No file ends in anything but cases or an InputError that names it."""
    path = tmp_path_factory.getbasetemp() / "any.jsonl"
    path.write_bytes(data)
    try:
        list(read_cases([path]))
    except InputError as error:
        for fault in error.faults:
            assert fault.where.startswith(str(path))


@settings(max_examples=100, deadline=None)
@given(st.lists(st.sampled_from("abc"), min_size=1, max_size=6), st.booleans())
def test_a_repeated_key_is_always_seen(tmp_path_factory: pytest.TempPathFactory, keys: list[str], spaced: bool) -> None:
    """With whatever spaces and in whatever order the keys stand."""
    colon = " : " if spaced else ":"
    inner = ", ".join(f'"{key}"{colon}1' for key in keys)
    path = tmp_path_factory.getbasetemp() / "keys.jsonl"
    path.write_text(f'{{"id": "a", "input": {{{inner}}}}}')
    try:
        list(read_cases([path]))
        refused = False
    except InputError:
        refused = True

    assert refused is (len(set(keys)) != len(keys))


@pytest.mark.parametrize("target", ["model", "model:tiny-1", "tool:order", "retriever", "mail"])
def test_every_double_may_be_limited(tmp_path: Path, target: str) -> None:
    """What the words of a case name as the target of a limit is read."""
    path = tmp_path / "cases.jsonl"
    path.write_text(f'{{"id": "a", "input": 1, "expect": {{"calls": [{{"target": "{target}", "most": 2}}]}}}}\n')

    (case,) = read_cases([path])

    assert case.expect.calls[0].target == target
