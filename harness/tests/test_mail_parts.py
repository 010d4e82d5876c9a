"""MIME parts: what readers of mail find in a tree, bounded in depth and number, and what its parameters say."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sluicegate.mail.parameters import parameterised
from sluicegate.mail.parts import DEPTH, PARTS, parts
from sluicegate.mail.wire import read
from sluicegate.mail.words import encoded_words, in_charset, spoken, transferred


def tree(text):
    return parts(read(text.replace("\n", "\r\n").encode()))


def test_a_nested_mail_is_walked_in_reading_order():
    """Multiparts, an attached mail whose parts are marked as another mail's, text in its character set."""
    found = tree(
        "Content-Type: multipart/mixed; boundary=o\n\npreamble\n--o\n"
        "Content-Type: multipart/alternative; boundary=oo\n\n"
        "--oo\nContent-Type: text/plain; charset=iso-8859-1\nContent-Transfer-Encoding: quoted-printable\n\n"
        "caf=E9\n--oo--\n"
        "--o\nContent-Type: message/rfc822\n\nSubject: inner\n\nhello\n--o--\nepilogue\n"
    )

    assert [(part.path, part.media_type, part.attached) for part in found] == [
        ("", "multipart/mixed", False),
        ("1", "multipart/alternative", False),
        ("1.1", "text/plain", False),
        ("2", "message/rfc822", False),
        ("2.1", "text/plain", True),
    ]
    assert found[2].text == "café"
    assert found[4].text == "hello"
    assert [part.leaf for part in found] == [False, False, True, False, True]


def test_an_inner_boundary_that_begins_like_the_outer_one_is_its_own():
    """A line is a boundary when nothing but white space follows it."""
    found = tree("Content-Type: multipart/mixed; boundary=b\n\n--b\n\n--bb\nstill the first\n--b  \n\nsecond\n--b--\n")

    assert [part.text for part in found[1:]] == ["--bb\r\nstill the first", "second"]


def test_depth_and_number_are_bounded():
    """What is nested or repeated without end is read up to a bound."""
    deep = "".join(f"--b{level}\nContent-Type: multipart/mixed; boundary=b{level + 1}\n\n" for level in range(200))
    found = tree(f"Content-Type: multipart/mixed; boundary=b0\n\n{deep}")
    assert len(found) == DEPTH + 1
    assert "deeper" in found[-1].faults[0]

    assert len(tree("Content-Type: multipart/mixed; boundary=b\n\n" + "--b\n\nx\n" * 5000)) == PARTS
    assert len(tree("Content-Type: message/rfc822\n\n" * 5000)) == DEPTH + 1


@pytest.mark.parametrize(
    ("value", "names"),
    [
        ('attachment; filename="a;b=c.txt"', ("a;b=c.txt",)),
        ('attachment; filename="a\\"b.txt"', ('a"b.txt',)),
        ("attachment; FileName = a.txt (a comment; filename=b)", ("a.txt",)),
        ("attachment; filename*=utf-8''%e2%82%ac.txt; filename=\"e.txt\"", ("€.txt", "e.txt")),
        ("attachment; filename*1=\"b c\"; filename*0*=utf-8'en'a%20; filename*2*=%C3%A9", ("a b cé",)),
        ('attachment; filename="=?utf-8?q?a=0Ab?="', ("=?utf-8?q?a=0Ab?=", "a\nb")),
        ("attachment", ()),
    ],
)
def test_a_file_name_is_read_every_way_it_can_be(value, names):
    """Quoted, commented, continued, by percent and by encoded word."""
    assert parameterised(value).parameters.get("filename", ()) == names


def test_a_parameter_said_twice_is_told():
    """Readers differ on which one counts; the two forms of RFC 2231 are no repetition."""
    assert parameterised("a; filename=x; filename=y").twice == ("filename",)
    assert parameterised("a; filename=x; filename*=utf-8''y").twice == ()
    assert parameterised("a; filename*0=x; filename*0=y").twice == ("filename",)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("=?utf-8?q?caf=C3=A9?=", "café"),
        ("=?UTF-8?B?5pel?= =?utf-8?b?5pys?= x", "日本 x"),
        ("=?utf-8?q?=C3?=\r\n =?utf-8?q?=A9?=", "é"),
        ("=?iso-8859-1*en?q?caf=E9_au_lait?=", "café au lait"),
        ("=?utf-7?q?+AEA-?=", "@"),
        ("=?x?q?a=40b?=", "a@b"),
        ("=?zlib?b?eA==?=", "x"),
        ("=?utf-8?x?a?=", "=?utf-8?x?a?="),
        ("a =? b ?c?", "a =? b ?c?"),
    ],
)
def test_an_encoded_word_says_what_any_program_would_show(text, said):
    """Lenient: unknown character sets are Latin-1, characters may be split between words."""
    assert spoken(text) == said


@settings(max_examples=200)
@given(
    st.binary(max_size=80),
    st.sampled_from(["utf-8", "utf-16", "utf-7", "idna", "punycode", "hz", "", "x" * 99, "\udc80", "cp037", "base64"]),
)
def test_bytes_are_text_in_any_character_set(raw, charset):
    """No character set and no encoding makes reading fail."""
    in_charset(raw, charset)
    for encoding in ("base64", "quoted-printable", "8bit", "x"):
        transferred(raw, encoding)


@given(st.text('=?utf-8bqQ_ \r\n\t"ABé', max_size=60))
def test_any_text_is_spoken(text):
    """Words are found in order and never overlap."""
    words = encoded_words(text)

    assert all(one.end <= two.start for one, two in pairwise(words))
    spoken(text)


@settings(max_examples=200)
@given(st.text("ab;=\"\\()*'%0 é", max_size=60))
def test_any_value_has_parameters(text):
    """Total, and names are in lower case."""
    said = parameterised(text)

    assert all(name == name.lower() for name in said.parameters)


@pytest.mark.parametrize("unit", ['"\\', '"', "(", ";a=", ';a="', "*0=", "=", "%", ";a*1="])
def test_parameters_are_read_in_linear_time(unit):
    """Five times the text takes about five times as long, whatever it repeats."""
    from time import process_time

    def taken(size: int) -> float:
        began = process_time()
        parameterised("a/b; x=" + unit * (size // len(unit)))
        return process_time() - began

    assert min(taken(100_000), taken(100_000)) < 15 * max(min(taken(20_000), taken(20_000)), 0.005)
