"""Excerpts: nothing personal, nothing secret, nothing a terminal obeys, and always in linear time."""

from __future__ import annotations

import json
import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sluicegate.checks.masking import mask, mask_secrets, masked, mod97_holds
from sluicegate.pii.checkdigits import luhn


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("write to alice.smith@example.com today", "write to ***@e*** today"),
        ("<Alice> alice+tag@mail.shop.test, Bob", "<Alice> ***@m***, Bob"),
        ("a@x.test%2Cbob@y.test+carl@z.test, d", "***@x***, d"),
        ("?cc=bob.moss%40y.test&x=1", "?cc=***@y***&x=1"),
        ("q=a%20bob%40y.test", "q=a%***@y***"),
        ("4111 1111 1111 1111", "[card]"),
        ("4111-1111-1111-1111.", "[card]."),
        ("card 4111111111111111 ok", "card [card] ok"),
        ("4111\u200b1111\u00a01111\u20101111", "[card]"),
        ("378282246310005", "[card]"),
        ("order 12 4111 1111 1111 1111", "order 12 [card]"),
        ("DE89 3704 0044 0532 0130 00 is the account", "[iban] is the account"),
        ("gb82west12345698765432", "[iban]"),
        ("SSN 078-05-1120", "SSN [ssn]"),
        ("ssn: 078051120", "ssn: [ssn]"),
        ("+1 (555) 123-4567", "[phone]"),
        ("(555) 123-4567", "[phone]"),
        ("555-123-4567", "[phone]"),
        ("020 7946 0958", "[phone]"),
        ("8 (916) 123-45-67", "[phone]"),
        ("+90 532 123 45 67", "[phone]"),
        ("call 5551234567", "call [phone]"),
        ("tel 0049301234567", "tel [phone]"),
        ("0049 30 1234567", "[phone]"),
        ("0049-301234567", "[phone]"),
        ("+4930123456789", "[phone]"),
        ("01 02 20 24 12", "[phone]"),
        ("020 7946 0958: ask for Ann", "[phone]: ask for Ann"),
        ("Authorization: Bearer abc.def-123456", "Authorization: [secret]"),
        ("sk-proj-abcdefghijklmnop1234", "[secret]"),
        ("AKIAIOSFODNN7EXAMPLE", "[secret]"),
        ("ghp_abcdefghijklmnopqrstuvwxyz0123", "[secret]"),
        ("4111 1111 1111 1111ghp_abcdefghijklmnopqrstuvwxyz0123", "[card][secret]"),
        ("EVILghp_abcdefghijklmnopqrstuvwxyz0123", "EVIL[secret]"),
        ("xAKIAIOSFODNN7EXAMPLE", "x[secret]"),
        ("a task-oriented-dialogue-model", "a task-oriented-dialogue-model"),
        ('{"password": "hunter22"}', '{"password": "[secret]"}'),
        ("my password is hunter22", "my password is [secret]"),
        ("api_key=abcd1234efgh", "api_key=[secret]"),
        ("https://user:pw1@host.test/x", "https://[secret]@host.test/x"),
        ("eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.abc", "[secret]"),
    ],
)
def test_personal_data_and_secrets_are_masked(text, shown):
    """Addresses, numbers with check digits, phones and keys never reach a report."""
    assert masked(text) == shown


@pytest.mark.parametrize(
    "text",
    [
        "order 1001", "ORD-2024-000123", "tracking 1Z999AA10123456784", "invoice 2024/000123", "SKU 4411-22",
        "2024-01-15 12:00:30", "15.01.2024", "01-02-2024", "v1.2.3", "1700000000000000", "at 10:30", "12345678",
        "9400 1000 0000 0000 0000 00", "sha 3f4d77aa", "3.14159", "100,000 tokens", "RMA 900-12",
        "order 0012345678", "ORD-0012345678", "A0012345678", "lookup_order('0098765432')", "0034043416131234567",
        "tool call 1234567890", "call(12345678)", "order 5551234567", "c0012345678abf", "01.02.2024 12:30",
    ],
)  # fmt: skip
def test_order_numbers_and_dates_stay_readable(text):
    """A finding that hides the order number helps nobody."""
    assert masked(text) == text


def test_control_and_bidi_characters_are_shown_as_escapes():
    """An excerpt is one line that no terminal, report or log obeys."""
    assert masked("a\r\nBcc: x\x1b[31m\u202etxt\u2028\ttab\0\ud800") == (
        r"a\r\nBcc: x\x1b[31m\u202etxt\u2028\ttab\0\ud800"
    )


def test_a_long_text_is_cut_and_says_so():
    """At most the limit, and an ellipsis where something is missing."""
    shown = masked("x" * 500, limit=50)

    assert len(shown) == 50
    assert shown.endswith("…")


def test_a_value_cut_in_half_by_the_window_is_not_shown():
    """Four thousand masked characters must not push the first half of a card into view."""
    text = "password: " + "x" * 4070 + " 4111 1111 1111 1111"

    assert "4111" not in masked(text)


@given(st.text(max_size=300), st.integers(0, 250))
def test_an_excerpt_is_always_printable_and_short(text, limit):
    """Whatever the text, the excerpt is printable and within its limit."""
    shown = masked(text, limit=limit)

    assert len(shown) <= max(limit, 1)
    assert shown.replace(" ", "").isprintable()


@given(st.text(alphabet="0123456789 -.@abc+()=:", max_size=200))
def test_masking_twice_changes_nothing_more(text):
    """What is masked is not masked again into something else."""
    assert mask(mask(text)) == mask(mask(mask(text)))


_HOSTILE = {
    "letters": "a", "at": "@", "a@": "a@", "spaced digits": "1 ", "digits": "1", "cards": "4111 ", "words": "password ",
    "blank value": "password:" + " " * 50, "iban": "DE89", "plus": "+1 ", "brackets": "(12) ", "urls": "://a:",
    "keys": "-----BEGIN PRIVATE KEY-----", "dots": "a@b.", "zeros": "012 ", "jwt": "eyJ", "is": "token is ",
    "quotes": "'\"@", "bidi": "\u202e", "zero width": "1\u200b",
}  # fmt: skip


@pytest.mark.parametrize("unit", _HOSTILE.values(), ids=_HOSTILE.keys())
def test_hostile_text_comes_to_an_end(unit):
    """Long runs of what patterns stumble over; that time stays linear in them is in the benchmarks."""
    assert mask(unit * (60_000 // len(unit)))


def test_check_digits_are_those_of_the_standards():
    """Luhn (ISO/IEC 7812) and mod 97 (ISO 7064) on published numbers."""
    assert luhn("79927398713")
    assert not luhn("79927398714")
    assert mod97_holds("GB82WEST12345698765432")
    assert not mod97_holds("GB83WEST12345698765432")


def _calls(text: str) -> int:
    """What is called to mask a text, functions of C included: its work, whatever the clock says."""
    count = 0

    def counted(_frame: object, event: str, _argument: object) -> None:
        nonlocal count
        count += event.endswith("call")

    sys.setprofile(counted)
    try:
        mask(text)
    finally:
        sys.setprofile(None)
    return count


@pytest.mark.parametrize(
    "part", ["5-", "4 ", "51 ", "4\u200b", "\x1b]", "\x1b[31m4", "a@b.de ", "\\x1b[1m6-", "+4 ", "1"]
)
def test_the_work_of_masking_is_a_few_calls_for_each_character(part: str) -> None:
    """Ten times the text is ten times the work, and every digit of a run is looked at a bounded number of times."""
    mask(f"{part} a@b.de \x1b")  # compiles
    short, long = part * 200, part * 2_000

    assert _calls(long) <= 11 * _calls(short)
    assert _calls(long) <= 20 * len(long)


def test_a_title_that_begins_in_another_breaks_it_off() -> None:
    """As terminals do; neither hides what stands in it."""
    text = "\x1b]0;\x1b]0;ann@shop.test\x07 and \x1b]0;bob@shop.test\x07"

    assert "ann@" not in mask(text)
    assert "bob@" not in mask(text)


@settings(max_examples=50)
@given(st.integers(10**13, 10**14 - 1), st.sampled_from([" ", "-", "", "."]))
def test_every_valid_card_is_masked_however_it_is_written(payload, separator):
    """Sixteen digits of an issuer with a right check digit, in groups of four."""
    digits = "4" + str(payload)
    digits += next(str(check) for check in range(10) if luhn(f"{digits}{check}"))
    text = separator.join(digits[at : at + 4] for at in range(0, 16, 4))

    assert masked(f"x {text} y") == "x [card] y"


@pytest.mark.parametrize("text", ["DE89 3704", "ZZ82 WEST 1234 5698 7654 32", "GB83 WEST 1234 5698 7654 32"])
def test_what_only_looks_like_an_account_stays(text):
    """Too short, of no country, or with wrong check digits."""
    assert masked(text) == text


def test_an_account_of_an_unknown_country_is_masked_by_its_check_digits():
    """New countries join before our table does."""
    payload = "ZZ00123412341234123412"
    check = 98 - int("".join(str(int(ch, 36)) for ch in payload[4:] + payload[:4])) % 97

    assert masked(f"to ZZ{check:02d}{payload[4:]} now") == "to [iban] now"


_KEY = "sk-proj-AbCdEf0123456789AbCdEf0123456789AbCdEf01"
_CONTROLS = {
    "colour": "\x1b[31m",
    "clear": "\x1b[2J",
    "unfinished": "\x1b[",
    "eight-bit": "\x9b31m",
    "reset": "\x1bc",
    "charset": "\x1b(B",
    "title": "\x1b]0;t\x07",
    "link": "\x1b]8;;x\x1b\\",
    "bell": "\x07",
    "bidi": "\u202e",
    "joiner": "\u200d",
    "line": "x\n",
    "null": "m\0",
    "behind a word": "A\x1b[31m",
}
_WRITTEN = {"raw": str, "repr": repr, "json": json.dumps, "twice": lambda text: repr(repr(text))}


@pytest.mark.parametrize("written", _WRITTEN.values(), ids=_WRITTEN.keys())
@pytest.mark.parametrize("control", _CONTROLS.values(), ids=_CONTROLS.keys())
def test_what_stands_behind_a_control_sequence_is_masked(control, written):
    """The letter that ends a colour is none of the key's, whether the sequence is still one or was escaped before."""
    for held in (_KEY, "ann.lee@corp-mail.com", "api_key=abcdefgh12", "4111 1111 1111 1111"):
        shown = masked(written(f"{control}{held}"))

        assert not any(part in shown for part in ("AbCdEf", "ann.lee", "corp-mail", "abcdefgh", "4111")), shown


@pytest.mark.parametrize("written", _WRITTEN.values(), ids=_WRITTEN.keys())
@pytest.mark.parametrize("name", ["colour", "clear", "eight-bit", "charset", "title", "link", "bell", "bidi", "joiner"])
def test_a_key_with_a_control_sequence_in_it_is_masked_whole(name, written):
    """A terminal shows one key, so no half of it stays."""
    shown = masked(written(f"key {_KEY[:12]}{_CONTROLS[name]}{_KEY[12:]} end"))

    assert "AbCdEf" not in shown
    assert "[secret]" in shown
    assert shown.strip("'\"").startswith("key ")
    assert shown.strip("'\"").endswith(" end")


def test_controls_beside_what_is_masked_stay_to_be_seen():
    """Only the value is hidden; what was around it is shown as an escape."""
    assert masked(f"a \x1b[31m{_KEY}\x1b[0m b\n") == "a \\x1b[31m[secret]\\x1b[0m b\\n"


def test_of_a_record_only_secrets_and_mail_addresses_are_masked():
    """Orders and digests of documents stay readable for ever; whose word it is may be an address."""
    text = f"{_KEY} ann@shop.test order 4111 1111 1111 1111"

    assert mask_secrets(text) == "[secret] ***@s*** order 4111 1111 1111 1111"
    assert mask_secrets(text, mails=False) == "[secret] ann@shop.test order 4111 1111 1111 1111"
