"""Address lists: legitimate ones read the same by every reader, the others leave somebody with another recipient."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sluicegate.mail.lists import address_list

CLEAN = [
    ("Alice <alice@ok.test>", ("alice@ok.test",)),
    ('"Smith, John" <j@ok.test>, b@ok.test', ("j@ok.test", "b@ok.test")),
    ("undisclosed-recipients:;", ()),
    ("Team: a@ok.test, B <b@ok.test>;", ("a@ok.test", "b@ok.test")),
    ("pete(his account)@silly.test(his host)", ("pete@silly.test",)),
    ("Pete(A nice \\) chap) <pete(his account)@silly.test(his host)>", ("pete@silly.test",)),
    ('"very.unusual.@.unusual.com"@ok.test', ('"very.unusual.@.unusual.com"@ok.test',)),
    ("alice@ok.test (Alice (Sales) Smith)", ("alice@ok.test",)),
    ("J. R. Smith <j@ok.test>", ("j@ok.test",)),
    ("=?utf-8?q?J=C3=BCrgen_=28EU=29?= <j@ok.test>", ("j@ok.test",)),
    ("=?utf-8?q?Smith=2C_John?= <j@ok.test>", ("j@ok.test",)),
    ("Müller <m@münchen.test>, ü@ok.test", ("m@xn--mnchen-3ya.test", "ü@ok.test")),
    ("محمد <m@ok.test>", ("m@ok.test",)),
    ("\U0001f389 Party <p@ok.test>", ("p@ok.test",)),
    ('"" <a@ok.test>', ("a@ok.test",)),
    ('"Giant; \\"Big\\" Box" <a@ok.test>', ("a@ok.test",)),
    ("a@ok.test,, b@ok.test,", ("a@ok.test", "b@ok.test")),
    ("a@[192.0.2.1]", ("a@[192.0.2.1]",)),
    ("Who? <one@ok.test>", ("one@ok.test",)),
    ("\"o'neil\" <o'neil@ok.test>", ("o'neil@ok.test",)),
]


@pytest.mark.parametrize(("text", "addresses"), CLEAN)
def test_a_legitimate_list_is_read_alike(text, addresses):
    """Commas in quotes, comments, groups, encoded words, international addresses, quoted local parts."""
    read = address_list(text)

    assert read.addresses == addresses
    assert (read.faults, read.others, read.disagreements) == ((), (), ())


@pytest.mark.parametrize(
    "text",
    [
        "evil@x.test, Alice <alice@ok.test>",
        "X <evil@x.test>, Alice <alice@ok.test>",
        '"Alice" <evil@x.test>, "x" <alice@ok.test>',
        "=?utf-8?q?evil=40x.test=2C?= Alice <alice@ok.test>",
        '"=?utf-8?q?evil=40x.test=2C?=" <alice@ok.test>',
        "team: evil@x.test; Alice <alice@ok.test>",
        "team: evil@x.test;, alice@ok.test",
        "Alice (evil@x.test <alice@ok.test>",
        "alice@ok.test)evil@x.test",
        "alice@ok.test(x)evil@x.test",
        "alice@ok.test<evil@x.test>",
        "alice@ok.test <evil@x.test>",
        "<alice@ok.test><evil@x.test>",
        "alice@ok.test; evil@x.test",
        "alice@ok.test evil@x.test",
        '"evil@x.test> ORCPT=a@b"@ok.test',
        "=?utf-8?q?evil=40x.test=3e?=@ok.test",
        "evil@x.test@ok.test",
        "<@x.test:alice@ok.test>",
        "evil@x.test\uff0c Alice <alice@ok.test>",
        '"Alice\\" <evil@x.test>" <alice@ok.test>',
        'Alice\\" <evil@x.test> <alice@ok.test>',
        "@ <alice@ok.test>",
        "alice@ok.test (evil@x.test)",
        "evil%x.test@ok.test",
        "x.test!evil@ok.test",
    ],
)
def test_a_confusing_list_shows_another_recipient_or_is_none(text):
    """Whoever would mail somebody else than alice is heard: by our reader, by another, or as a fault."""
    read = address_list(text)

    assert set(read.addresses) != {"alice@ok.test"} or read.faults or read.others or read.disagreements


@pytest.mark.parametrize(
    "text",
    [
        "team: alice@ok.test; Alice <alice@ok.test>",
        "team: alice@ok.test",
        "alice@ok.test; alice@ok.test",
        "Alice <alice@ok.test> Smith",
        "Alice <<alice@ok.test>>",
        "<@relay.test:alice@ok.test>",
        "a@b: alice@ok.test;",
        "Alice",
    ],
)
def test_what_is_no_list_is_a_fault_even_where_only_alice_is_found(text):
    """Broken grammar is told by itself: the next reader may find somebody else."""
    assert address_list(text).faults


_atom = st.text("abcXYZ019-_!#+'éд日م", min_size=1, max_size=6)
_quoted = st.text("ab .,<>;:()é日", min_size=1, max_size=8).map(lambda text: f'"{text}"')
_local = st.lists(_atom, min_size=1, max_size=3).map(".".join) | _quoted
_domain = st.sampled_from(["ok.test", "a-b.c.test", "münchen.test", "会社.test", "[192.0.2.1]", "xn--mnchen-3ya.test"])
_spec = st.builds("{}@{}".format, _local, _domain)
_word = _atom | _quoted | st.sampled_from(["=?utf-8?q?J=C3=BCr?=", "=?utf-8?b?5pel5pys?=", "J."])
_phrase = st.lists(_word, min_size=1, max_size=3).map(" ".join)
_mailbox = _spec | st.builds("{} <{}>".format, _phrase, _spec) | st.builds("{} (see, {})".format, _spec, _atom)
_group = st.builds("{}: {};".format, _phrase, st.lists(_mailbox, max_size=2).map(", ".join))


@settings(max_examples=150)
@given(st.lists(_mailbox | _group, min_size=1, max_size=3).map(", ".join))
def test_every_list_of_the_grammar_is_read_alike(text):
    """No legitimate list makes readers disagree, so disagreement may be held against a mail."""
    read = address_list(text)

    assert (read.faults, read.disagreements) == ((), ())


@settings(max_examples=300)
@given(st.text('a@b.,;:<>()[]"\\ =?q\n\r\0é\u202e', max_size=60) | st.text(max_size=60))
def test_any_text_is_read(text):
    """Total on whatever stands in a header."""
    read = address_list(text)

    assert all("@" in address for address in read.addresses)


@pytest.mark.parametrize(
    "unit", ['"', "(", "((", "<", "<@a,", "a,", "a@", ":", "\\", '"\\', "[", "()", "=?a?q?b?= ", ";", "a@b,", "@"]
)
def test_reading_is_linear_in_the_length(unit):
    """Five times the text takes about five times as long, whatever it repeats."""
    from time import process_time

    def taken(size: int) -> float:
        text = unit * (size // len(unit))
        best = 9.0
        for _ in range(2):
            began = process_time()
            address_list(text)
            best = min(best, process_time() - began)
        return best

    assert taken(50_000) < 15 * max(taken(10_000), 0.005)  # quadratic would be twenty-five


def test_a_mark_at_the_beginning_of_an_address_is_part_of_it():
    """People leave out a mark before an address in prose; in a header that names one address it makes no second."""
    assert address_list("Ann <_ann_@b.test>").others == ()
    assert address_list("*ann@b.test").others == ()
    assert "eve@b.test" in address_list("Ann _eve@b.test <ann@b.test>").others
    assert "eve@b.test" in address_list('"_eve@b.test" <ann@b.test>').others
