"""Every way out of a text is seen, with the host a browser would go to; what is no link is left alone."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sluicegate.text.links import KINDS, links

SEEN = {
    "https://evil.test/x": "text",
    "//evil.test/x": "text",
    "https:/evil.test": "text",
    "http:\\\\evil.test": "text",
    "https://a.example@evil.test/": "text",
    "https://evil.test\\@a.example/": "text",
    "https://a.example/r?u=https://evil.test/": "text",
    "https://a.example/?u=https%3A%2F%2Fevil.test": "text",
    "https://EVIL.test:443/": "text",
    "https://evil。test/": "text",
    "https://e\u200bvil.test/": "text",
    "[x](https://evil.test/)": "markdown",
    "[x](//evil.test)": "markdown",
    "[x]( <https:evil.test> )": "markdown",
    "[x][r]\n\n[r]: https://evil.test/": "reference",
    "[R]:\n  <https://evil.test>": "reference",
    "<https://evil.test/>": "autolink",
    "[x](https\\://evil.test)": "markdown",
    "[x](https&#58;//evil.test)": "markdown",
    "<a href=//evil.test>x</a>": "a href",
    '<a href="ht&#9;tps://evil.test">': "a href",
    '<form action="https://evil.test">': "form action",
    "<a\nhref='https://evil.test'": "a href",
    "[x](mailto:a@evil.test?body=1)": "markdown",
    "https&#x3a;//evil.test": "text",
    "https://evil\u3002test": "text",
    "https://a.example\u201c@evil.test/": "text",
    "//evil.test\u201c": "text",
    "*https://evil.test*": "text",
    '<p xmlns="//evil.test/x">': "text",
}
LOADED = {
    "![x](https://evil.test/p.png)": "markdown",
    "![x][r]\n\n[r]: https://evil.test/p.png": "reference",
    '<img src="https://evil.test">': "img src",
    "<img/src=//evil.test>": "img src",
    '<img srcset="https://evil.test/a 2x">': "img srcset",
    "<link rel=stylesheet href=https://evil.test>": "link href",
    '<div style="background:url(https://evil.test/)">': "css url",
    "<iframe src=https://evil.test>": "iframe src",
    '<meta http-equiv=refresh content="0;url=https://evil.test">': "meta refresh",
    "<style>@import 'https://evil.test';</style>": "css url",
    '<video poster="https://evil.test">': "video poster",
    "<svg><image xlink:href=https://evil.test>": "image xlink:href",
    '<table background="//evil.test">': "table background",
    '<div style="background:url(\\68ttps://evil.test/)">': "css url",
    "<style>a { background: url(\\2f\\2f evil.test) }</style>": "css url",
}


@pytest.mark.parametrize(("text", "how"), [*SEEN.items(), *LOADED.items()])
def test_each_way_out_is_seen(text: str, how: str) -> None:
    """With its reader and its host."""
    found = links(f"Hello,\n{text}\nbye", "any")
    assert (how, "evil.test") in [(link.how, link.host) for link in found]
    assert any(link.loads_itself for link in found) is (text in LOADED)


@pytest.mark.parametrize(
    "text",
    [
        "\u201ehttps://a.example\u201c und",
        "\u00abhttps://a.example\u00bb",
        "https://a.example\u2014thanks",
        "https://a.example\uff0c\u8c22\u8c22",
        "https://a.example\u3002\u8b1d\u8b1d",
        "\u300chttps://a.example\u300d\u3067\u3059\u3002\u306f\u3044",
        "https://a.example\u060c \u0634\u0643\u0631\u0627",
        "*https://a.example*",
        "_https://a.example_",
        "www.a.example\u201d",
    ],
)
def test_a_mark_of_the_sentence_is_no_part_of_the_host(text: str) -> None:
    """Where no blank stands between them."""
    assert {link.host for link in links(text, "any")} <= {"a.example", "www.a.example"}


@pytest.mark.parametrize(
    "host",
    [
        "a.example\u201c.evil.test",
        "a.example\u201c.evil.%74est",
        "a.example\u201c.evil.\uff54est",
        "a.example\u201c%2eevil%2etest",
        "a.example\u3002\u4e2d\u56fd",
        "a.example\uff0cx.\u4e2d\u56fd",
        "a.example\uff0cx.\u4e2d\u56fd:443",
        "a.example*.evil.test",
        "a.example\u201c.evil.t\u200best",
    ],
)
def test_a_mark_in_a_name_that_can_exist_hides_no_host(host: str) -> None:
    """However its last label is written."""
    assert {link.host for link in links(f"https://{host}/", "any")}.isdisjoint({"a.example", None})


@pytest.mark.parametrize(
    "text",
    [
        '<!DOCTYPE html PUBLIC "-//W3C//DTD XHTML 1.0 Strict//EN"\n "http://www.w3.org/TR/xhtml1/DTD/xhtml1-strict.dtd">',
        "<html xmlns='http://www.w3.org/1999/xhtml' xmlns:v=\"urn:schemas-microsoft-com:vml\">",
        '<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink = "http://www.w3.org/1999/xlink">',
    ],
)
def test_the_names_of_a_document_s_language_lead_nowhere(text: str) -> None:
    """Every mail in XHTML has them."""
    assert links(text, "html") == []


def test_an_address_without_a_scheme_is_one() -> None:
    """As mail programs and chats make links of them."""
    assert [link.host for link in links("see www.evil.test, t.me/+joinhash")] == ["www.evil.test", "t.me"]


@pytest.mark.parametrize(
    ("text", "scheme"),
    [
        ("[x](javascript:alert(1))", "javascript"),
        ("[x](data:text/html;base64,PHM=)", "data"),
        ("tg://user?id=1", "tg"),
        ('<a href="jav&#9;ascript:x">', "javascript"),
    ],
)
def test_a_scheme_without_a_host_is_told(text: str, scheme: str) -> None:
    """What runs or opens something instead of leading somewhere."""
    assert scheme in {link.scheme for link in links(text, "any")}


@pytest.mark.parametrize(
    ("host", "read"),
    [
        ("http://3221226113/", "192.0.2.129"),
        ("http://0x7f.1/", "127.0.0.1"),
        ("http://[::1]:80/", "[::1]"),
        ("https://аllowed.test", "xn--llowed-2nf.test"),
        ("https://münchen.example.", "xn--mnchen-3ya.example"),
        ("https://" + "a" * 900 + "@evil.test/", None),
    ],
)
def test_hosts_are_canonical(host: str, read: str | None) -> None:
    """Numbers as an address, other scripts in ASCII; None where the host is hidden behind too much."""
    assert read in {link.host for link in links(f"[x]({host})", "markdown")}


@pytest.mark.parametrize(
    "text",
    [
        "See you at 10:30, e.g. Monday.",
        "and/or//maybe",
        "C++ :: std",
        "the data: 5",
        "tel: 555",
        "Preis//Menge",
        "x = 1 // y",
        "a_b*c[d]e(f)g",
        "Note: this",
        "<b>bold</b> & `x` [a](b)",
        "[1]: first",
        "mail to alice@acme.example",
        "Alice <alice@acme.example>",
        "2026-01-29T10:00:00Z",
        "سلام: خوب",
        "[a][b] [c]",
        "1 < 2 > 1",
        "Bcc: is a header.\r\n.\r\n",
    ],
)
@pytest.mark.parametrize("kind", KINDS)
def test_what_is_no_link_is_left_alone(text: str, kind: str) -> None:
    """Times, paths, code and headers in a sentence."""
    assert links(text, kind) == []


def test_label_and_address_are_both_told() -> None:
    """A link that shows one host and leads to another has both."""
    found = links('<a href="https://evil.test">https://acme.example</a>', "telegram_html")
    assert [(link.host, link.label) for link in found] == [("evil.test", "https://acme.example"), ("acme.example", "")]


@given(st.text(st.characters(), max_size=200), st.sampled_from([*KINDS, "any"]))
def test_nothing_raises(text: str, kind: str) -> None:
    """Any text can be read."""
    links(text, kind)


@given(
    st.lists(st.sampled_from([*"<>[]()!/\\:'\"= \n#&;%a", "href", "http", "src", "url", "[x]:", "data"]), max_size=60)
)
def test_broken_markup_raises_nothing(parts: list[str]) -> None:
    """Pieces of markup in any order."""
    links("".join(parts), "any")


@pytest.mark.slow
@pytest.mark.parametrize(
    "unit", ["<a ", "<a b='", "[", "](", "[x]: ", "http:/", "![", "url(", "//a.b", '"', "(", "data:,"]
)
def test_hostile_text_takes_no_more_than_its_share(unit: str) -> None:
    """Ten times the text takes about ten times as long: a square would take a hundred."""
    took = []
    for n in (20_000, 200_000):
        began = time.process_time()
        links((unit * n)[:n], "any")
        took.append(time.process_time() - began)
    assert took[1] < 40 * took[0] + 0.5
