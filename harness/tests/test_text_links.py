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
}


@pytest.mark.parametrize(("text", "how"), [*SEEN.items(), *LOADED.items()])
def test_each_way_out_is_seen(text: str, how: str) -> None:
    """With its reader and its host."""
    found = links(f"Hello,\n{text}\nbye", "any")
    assert (how, "evil.test") in [(link.how, link.host) for link in found]
    assert any(link.loads_itself for link in found) is (text in LOADED)


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
