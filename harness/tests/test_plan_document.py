"""YAML as a plan reads it: version 1.2, strict, with the line of everything."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sluicegate.errors import InputError
from sluicegate.plan.document import json_value, parse_document

sys.path.insert(0, str(Path(__file__).parent))
from plan_texts import PATH, a_plan, faults_of, sole_fault


def value(text: str) -> object:
    root, faults = parse_document(text.encode(), "plan.yaml")
    assert faults == []
    return json_value(root)


def faults(text: str | bytes) -> list[str]:
    data = text.encode() if isinstance(text, str) else text
    try:
        return [str(fault) for fault in parse_document(data, "plan.yaml")[1]]
    except InputError as error:
        return [str(fault) for fault in error.faults]


# Values


def test_plain_scalars_follow_the_core_schema() -> None:
    """null, truth values, whole and decimal numbers are recognised; all else, and all quoted, is text."""
    text = "{a: null, b: ~, c: , d: true, e: FALSE, f: -12, g: 0.5, h: 1e3, i: text, j: '12', k: \"true\", l: 1.2.3}"

    assert value(text) == {
        "a": None,
        "b": None,
        "c": None,
        "d": True,
        "e": False,
        "f": -12,
        "g": 0.5,
        "h": 1000.0,
        "i": "text",
        "j": "12",
        "k": "true",
        "l": "1.2.3",
    }


def test_numbers_beyond_floats_stay_text() -> None:
    """No value becomes infinite by being read."""
    assert value(f"a: 1e999\nb: {'9' * 400}") == {"a": "1e999", "b": "9" * 400}


def test_dates_block_texts_and_keys_are_text() -> None:
    """A date is no timestamp, a number as key is a word."""
    assert value("10: 2026-01-29\nb: |\n  two\n  lines\n") == {"10": "2026-01-29", "b": "two\nlines\n"}


@pytest.mark.parametrize("word", ["yes", "No", "ON", "off"])
def test_truth_words_of_yaml_1_1_are_refused(word: str) -> None:
    """Other readers take them for true or false; the mend names both ways out."""
    truth = "true" if word.lower() in {"yes", "on"} else "false"
    what = f"plan.yaml:2: '{word}' is a truth value to YAML 1.1 and text to YAML 1.2."

    assert faults(f"a:\n  - {word}") == [f'{what} Write {truth}, or quote it: "{word}".']


@pytest.mark.parametrize(
    ("number", "mend"),
    [
        ("1:30", 'Quote it: "1:30".'),
        ("0100", 'Write 100, or quote it: "0100".'),
        ("00", 'Write 0, or quote it: "00".'),
        ("1_000", "Write 1000, or quote it."),
        ("0x1F", "Write it in decimal, or quote it."),
        ("0o17", "Write it in decimal, or quote it."),
        (".inf", "Write a number."),
        ("-.Inf", "Write a number."),
        (".NaN", "Write a number."),
    ],
)
def test_numbers_that_readers_disagree_about_are_refused(number: str, mend: str) -> None:
    """Base 60, octal, grouped and not finite numbers."""
    (fault,) = faults(f"a: {number}")

    assert fault.startswith(f"plan.yaml:1: '{number}' is ")
    assert fault.endswith(mend)


def test_quoting_ends_every_surprise() -> None:
    """Quoted, the same words are text."""
    assert value('{a: "yes", b: \'0100\', c: "1:30", d: ".nan"}') == {"a": "yes", "b": "0100", "c": "1:30", "d": ".nan"}


# Structure


def test_a_key_written_twice_is_refused() -> None:
    """Readers take the first or the last; the fault names both lines."""
    assert faults("a: 1\nb: 2\na: 3") == ["plan.yaml:3: 'a' is written twice; first on line 1. Remove one."]


def test_a_merge_takes_what_is_not_written() -> None:
    """Own keys win wherever `<<` stands; of several merged mappings the first wins."""
    text = "x: &x {a: 1, b: 1}\ny: &y {b: 2, c: 2}\nz: {c: 3, <<: [*x, *y], d: 3}"

    assert value(text)["z"] == {"c": 3, "a": 1, "b": 1, "d": 3}


def test_a_merged_entry_keeps_its_line() -> None:
    """A fault in a shared set is shown where it is written."""
    root, _ = parse_document(b"x: &x\n  a: 1\nz:\n  <<: *x\n  b: 2", "plan.yaml")

    entries = root.entries["z"].node.entries
    assert {name: entry.line for name, entry in entries.items()} == {"a": 2, "b": 5}


def test_only_mappings_merge() -> None:
    """A list or a word cannot be merged."""
    assert faults("a: &a [1]\nb:\n  <<: *a\nc: {<<: [word]}") == [
        "plan.yaml:3: '<<' merges mappings, and this is none. Write <<: *name of an anchored mapping.",
        "plan.yaml:4: '<<' merges mappings, and this is none. Write <<: *name of an anchored mapping.",
    ]


def test_aliases_share_a_node() -> None:
    """An alias is the anchored value."""
    assert value("a: &a [1, {b: 2}]\nc: *a") == {"a": [1, {"b": 2}], "c": [1, {"b": 2}]}


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("a: *week\nb: 1", "plan.yaml:1: '*week' names no anchor above it."),
        ("week: &week 1\na: *weak", "plan.yaml:2: '*weak' names no anchor above it. Did you mean 'week'?"),
        ("a: &a\n  b: [*a]", "plan.yaml:2: '*a' contains itself. Remove the alias."),
        ("a: &a 1\nb: &a 2", "plan.yaml:2: The anchor '&a' is defined twice. Give it another name."),
        ("? [a]\n: 1", "plan.yaml:1: A key is a list or a mapping; keys are words. Write key: value."),
        ("a: !env HOME", "plan.yaml:1: A tag ('!env') stands here; plans are plain data. Remove it."),
        ("a: 1\n---\nb: 2", "plan.yaml:2: A second document starts here. Keep one plan in one file."),
        (
            "%YAML 1.1\n---\na: 1",
            "plan.yaml:2: The file says it is YAML 1.1; plans are YAML 1.2. Remove the %YAML line.",
        ),
    ],
)
def test_structure_that_hides_something_is_refused(text: str, fault: str) -> None:
    """Loose aliases, cycles, repeated anchors, odd keys, tags, further documents, another version."""
    assert faults(text) == [fault]


def test_yaml_1_2_may_be_said() -> None:
    """The directive of the version that is read is welcome."""
    assert value("%YAML 1.2\n---\na: 1\n...\n") == {"a": 1}


def test_a_page_of_nested_aliases_is_refused() -> None:
    """A billion laughs costs nothing."""
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 12)]

    (fault,) = faults("\n".join(lines))
    assert fault == "plan.yaml:5: Stands for more than 50000 values once aliases are followed. Write less."


@pytest.mark.parametrize("text", ["[" * 5000, "{a: " * 3000, "- " * 3000, "a: " + "[" * 60 + "]" * 60])
def test_absurd_nesting_is_refused(text: str) -> None:
    """Depth ends in a fault, not in the interpreter's recursion limit."""
    (fault,) = faults(text)

    assert fault == "plan.yaml:1: Nested deeper than 40 levels. Flatten it."


# What cannot be read at all

QUOTE = " Check the indentation, and quote values that hold ': ' or ' #'."
SIGN = " Write the number without a comparison sign; the metric's 'better' gives the direction."


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("", "plan.yaml:1: The plan is empty. Start with: schema_version: 1"),
        ("# only words\n", "plan.yaml:1: The plan is empty. Start with: schema_version: 1"),
        ("---\n...\n", "plan.yaml:1: The plan is empty. Start with: schema_version: 1"),
        ("- a\n- b", "plan.yaml:1: The plan is not a mapping of keys to values. Start with: schema_version: 1"),
        ("just words", "plan.yaml:1: The plan is not a mapping of keys to values. Start with: schema_version: 1"),
        ("a: [1, 2", "plan.yaml:1: YAML syntax: expected ',' or ']', but got '<stream end>'. Close the bracket."),
        (
            "a:\n  b: 1\n c: 2",
            "plan.yaml:3: YAML syntax: expected <block end>, but found '<block mapping start>'." + QUOTE,
        ),
        ("a: b: c", "plan.yaml:1: YAML syntax: mapping values are not allowed here." + QUOTE),
        ("a: @x", "plan.yaml:1: YAML syntax: found character '@' that cannot start any token. Quote the value."),
        ("a: {path: /x/{id}}", "plan.yaml:1: YAML syntax: expected ',' or '}', but got '{'. Quote the value."),
        ("promote: > 95 %", "plan.yaml:1: YAML syntax: expected a comment or a line break, but found '9'." + SIGN),
    ],
)
def test_files_without_a_plan_say_why(text: str, fault: str) -> None:
    """Each names the line and what to write."""
    assert faults(text) == [fault]


def test_every_tab_in_the_indentation_is_named() -> None:
    """All at once, since an editor puts in many."""
    mend = "A tab stands in the indentation; YAML indents with spaces. Replace it by spaces."
    assert faults("a:\n\tb: 1\n\tc: 2") == [f"plan.yaml:2: {mend}", f"plan.yaml:3: {mend}"]


def test_faults_before_a_syntax_fault_are_kept() -> None:
    """What was seen until reading stopped is told as well."""
    assert [fault.partition(": ")[0] for fault in faults("a: yes\nb: [")] == ["plan.yaml:1", "plan.yaml:2"]
    assert [fault.partition(": ")[0] for fault in faults("- yes")] == ["plan.yaml:1", "plan.yaml:1"]


@pytest.mark.parametrize(
    ("data", "fault"),
    [
        (b"a: 1\nb: \xff\n", "plan.yaml:2: Is not UTF-8 (byte 0xff). Save it as UTF-8."),
        (b"\x89PNG\x00\x01", "plan.yaml:1: Is binary, not text (byte 0x89). Save it as UTF-8."),
        ("a: 1".encode("utf-16"), "plan.yaml:1: Is UTF-16. Save it as UTF-8."),
        (b"a: 1\nb: \x00", "plan.yaml:2: Holds the control character U+0000; expected text. Remove it."),
        (b"a: \x1b[31m", "plan.yaml:1: Holds the control character U+001B; expected text. Remove it."),
        (b"a" * 300_000, "plan.yaml: Is larger than 256 KiB; too large for a plan."),
    ],
)
def test_files_that_are_no_text_say_so(data: bytes, fault: str) -> None:
    """Encoding, binary data, control characters and size."""
    assert faults(data) == [fault]


def test_a_byte_order_mark_and_windows_lines_are_welcome() -> None:
    """Editors write them."""
    assert faults_of(b"\xef\xbb\xbf" + a_plan().replace("\n", "\r\n").encode()) == []


def test_control_characters_never_reach_a_message_raw() -> None:
    """A file cannot write to the terminal through a fault about it."""
    fault = sole_fault(a_plan('"k\\e[31m": 1\n'))

    assert fault.startswith("plan.yaml:10: plan: unknown key 'k\\x1b[31m'.")


# Laws


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=200))
def test_any_bytes_are_a_plan_or_faults(data: bytes) -> None:
    """No file, whatever is in it, ends in anything but a plan or an InputError that names the file."""
    for fault in faults_of(data):
        assert fault.startswith(f"{PATH}")


_WORDS = ["stages", "name", "criteria", "yes", "0.5", "é", "<<", "---", "..."]
_PIECES = st.sampled_from([*_WORDS, *"\n -:{}[],&*!|>'\"#%@\t?\\a\x85\ufeff"])


@settings(max_examples=400, deadline=None)
@given(st.lists(_PIECES, max_size=40).map("".join))
def test_any_yaml_like_text_is_a_plan_or_faults(text: str) -> None:
    """The same for texts made of YAML's own marks."""
    for fault in faults_of(text):
        assert fault.startswith(f"{PATH}")


@settings(max_examples=200, deadline=None)
@given(st.integers(0, 40), st.sampled_from(["", "[", "]", "{", "&a", "yes", "95", ":", "- 1", "null", "{drop: 5 %}"]))
def test_a_broken_line_anywhere_is_faults_not_a_crash(index: int, line: str) -> None:
    """Any one line of the small plan replaced."""
    lines = a_plan().splitlines()
    lines[index % len(lines)] = line

    faults_of("\n".join(lines))
