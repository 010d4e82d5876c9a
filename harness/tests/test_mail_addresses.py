"""Addresses: one canonical form, nothing made equal that a server may tell apart, no text a path that is none."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sluicegate.mail.addresses import canonical, path, shown_addresses

ODD = '"very.(),:;<>[]\\".VERY.\\"very@\\\\ \\"very\\".unusual"@ok.test'


@pytest.mark.parametrize(
    ("written", "form"),
    [
        ("alice@ok.test", "alice@ok.test"),
        ("Alice+tag@OK.Test", "Alice+tag@ok.test"),
        ("o'neil@ok.test", "o'neil@ok.test"),
        ('"alice"@ok.test', "alice@ok.test"),
        ('"a\\lice"@ok.test', "alice@ok.test"),
        ('"a b"@ok.test', '"a b"@ok.test'),
        (ODD, ODD),
        ("info@münchen.test", "info@xn--mnchen-3ya.test"),
        ("info@MÜNCHEN.test", "info@xn--mnchen-3ya.test"),
        ("info@XN--Mnchen-3ya.test", "info@xn--mnchen-3ya.test"),
        ("info@straße.test", "info@xn--strae-oqa.test"),
        ("用户@例子.test", "用户@xn--fsqu00a.test"),
        ("a@مثال.test", "a@xn--mgbh0fb.test"),
        ("a@परीक्षा.test", "a@xn--11b5bs3a9aj6g.test"),
        ("a@[192.0.2.1]", "a@[192.0.2.1]"),
        ("a@[IPv6:2001:DB8::1]", "a@[ipv6:2001:db8::1]"),
    ],
)
def test_a_mailbox_has_one_form(written, form):
    """Quoting that says nothing goes, the domain is in lower-case A-labels; the local part is kept."""
    assert canonical(written) == form


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "@",
        "alice",
        "alice@",
        "@ok.test",
        "a b@ok.test",
        "alice@ok.test.",
        ".a@ok.test",
        "a..b@ok.test",
        "alice@ok.test\n",
        "\nalice@ok.test",
        "alice@ok.test\u2028",
        "alice@ok.test\0",
        "alice @ ok.test",
        "<alice@ok.test>",
        "alice@ok.test, bob@ok.test",
        "alice@ok.test>",
        "alice@bob@ok.test",
        'a"b"@ok.test',
        '"a\nb"@ok.test',
        '"a@ok.test',
        "alice@o\u200bk.test",
        "alice@o\u00adk.test",
        "alice@\uff4fk.test",
        "alice@ok\u3002test",
        "alice@o\u212a.test",
        "alice@te\u017ft.test",
        "alice\uff20ok.test",
        "al\u200bice@ok.test",
        "\u202ealice@ok.test",
        "\ufeffalice@ok.test",
        "alice@xn--allowed-.test",
        "alice@xn--99999999.test",
        "alice@-ok.test",
        "alice@ok_x.test",
        "alice@[300.0.0.1]",
        "alice@[1]",
        f"{'a' * 65}@ok.test",
        f"a@{'b' * 64}.test",
        f"a@{'b.' * 130}test",
        "a@" + "é" * 5000,
    ],
)
def test_what_is_no_mailbox_has_no_form(text):
    """What would have to be mapped, trimmed or repaired first is no address."""
    assert canonical(text) is None


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("alice@ok.test", "ALICE@ok.test"),
        ("alice@ok.test", "al.ice@ok.test"),
        ("alice@ok.test", "alice+x@ok.test"),
        ("alice@ok.test", "alice@x.ok.test"),
        ("alice@ok.test", "alice@оk.test"),
        ("alice@ok.test", "аlice@ok.test"),
        ("mike@ok.test", "mi\u212ae@ok.test"),
        ("alice@strasse.test", "alice@straße.test"),
        ("jose\u0301@ok.test", "jos\u00e9@ok.test"),
    ],
)
def test_addresses_a_server_may_tell_apart_stay_apart(one, other):
    """Case and dots of the local part, tags, subdomains, look-alikes."""
    assert canonical(one) != canonical(other)


@given(st.text(max_size=60) | st.from_regex(r'\A(?:[a-zé+."\\ @]{1,20})@[a-zéA-Z.\-]{1,20}\Z'))
def test_the_form_of_a_form_is_itself(text):
    """Canonical is idempotent and total."""
    form = canonical(text)

    assert form is None or canonical(form) == form


@pytest.mark.parametrize(
    ("argument", "address", "fault"),
    [
        ("<alice@ok.test>", "alice@ok.test", False),
        ("TO:<alice@ok.test>", "alice@ok.test", False),
        ("FROM: <alice@ok.test> SIZE=10", "alice@ok.test", False),
        ("alice@ok.test", "alice@ok.test", False),
        ('<"a b>c"@ok.test>', '"a b>c"@ok.test', False),
        ("<alice@ok.test", None, True),
        ("<alice@ok.test>x", None, True),
        ("<alice@ok.test> <bob@ok.test>", "alice@ok.test", False),
        ("<alice@ok.test, bob@ok.test>", None, True),
        ("<alice@ok.test>\r\nRCPT TO:<bob@ok.test>", None, True),
        ("\n<alice@ok.test>", None, True),
        ("alice@ok.test bob@ok.test", None, True),
        ("<alice@ok.test >", None, True),
        ("<" + "a" * 2000 + "@ok.test>", None, True),
    ],
)
def test_an_argument_is_a_path_to_its_end_or_none(argument, address, fault):
    """A prefix that looks right is not enough."""
    read = path(argument)

    assert (read.address, bool(read.fault)) == (address, fault)


def test_what_stands_beside_a_path_is_told():
    """Parameters, a source route and the null path are no mailbox and are not lost."""
    assert path("<a@ok.test> NOTIFY=NEVER ORCPT=x").parameters == ("NOTIFY=NEVER", "ORCPT=x")
    assert path("<@relay.test:a@ok.test>").route == "@relay.test"
    assert path("<>").null
    assert not path("<>").fault


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("evil@x.test, Alice", ["evil@x.test"]),
        ("Alice <evil@x.test>", ["evil@x.test"]),
        ("evil\uff20x.test", ["evil@x.test"]),
        ("'o'neil@x.test'", ["o'neil@x.test"]),
        ("Sales @ Home", []),
        ("@handle", []),
        ("M@rtin", []),
        ("4 @ 2.50", []),
        ("a|b@x.test", ["a|b@x.test"]),
        ("a@b.c@d.e", ["a@b.c", "b.c@d.e"]),
    ],
)
def test_an_address_in_a_text_is_seen_as_people_see_it(text, found):
    """Words around an @ with a dot behind it; prices, handles and single signs are none."""
    assert shown_addresses(text) == found
