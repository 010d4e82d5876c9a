"""The scanner as a whole: one answer for each piece of text, total, linear, offline, and honest about what it lacks."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sluicegate.errors import InputError
from sluicegate.model import Witness
from sluicegate.pii import dates, presidio
from sluicegate.pii.evaluation import recall, sentences
from sluicegate.pii.hits import Hit, Layer, overlap_free
from sluicegate.pii.known import Known
from sluicegate.pii.name_lists import kinds
from sluicegate.pii.scan import COVERED, Scanner, UnreadError

_ALL = Scanner(entities=COVERED)


def _hit(start: int, end: int, layer: Layer, entity: str = "X") -> Hit:
    return Hit(entity=entity, start=start, end=end, score=0.5, layer=layer, witness=Witness.PATTERN)


def test_of_two_hits_on_the_same_characters_the_surer_layer_stands() -> None:
    """Known above check digits above context above pattern above cue; in one layer the longer."""
    ladder = [Layer.CUE, Layer.PATTERN, Layer.CONTEXT, Layer.CHECKSUM, Layer.KNOWN]
    for weaker, surer in pairwise(ladder):
        assert [hit.layer for hit in overlap_free([_hit(0, 9, weaker), _hit(3, 6, surer)])] == [surer]
    assert [hit.end for hit in overlap_free([_hit(0, 5, Layer.CUE), _hit(0, 9, Layer.CUE)])] == [9]
    assert len(overlap_free([_hit(0, 5, Layer.CUE), _hit(5, 9, Layer.CUE)])) == 2


@given(st.text(max_size=300) | st.text(alphabet="0123456789 -./()+@:*xXAaЯ\n\u200b", max_size=300))
@settings(max_examples=150, deadline=None)
def test_any_text_is_scanned_and_hits_share_no_character(text: str) -> None:
    """Total; every hit lies inside of the text, and no two overlap."""
    last = 0
    for hit in _ALL.scan(text):
        assert last <= hit.start < hit.end <= len(text)
        last = hit.end


@pytest.mark.parametrize(
    "piece",
    [
        *(
            "1",
            "1 ",
            "1-",
            "(1)",
            "@",
            "a@",
            "a.b@c.",
            ":",
            "::",
            "A ",
            "Aa ",
            "Mr. ",
            "12 A ",
            "-----BEGIN ",
            "key=",
            "key: a",
        ),
        *(
            "eyJ",
            "://a:",
            "curl -u ",
            "Cookie: sid=",
            "1.111 ",
            "東京都区",
            "ул. А ",
            "Aa Cad. ",
            "*",
            "x",
            "4111 ",
            "DE89",
            "ABCDE1234",
            "name is ",
            "\u0130",
            "Apt 1 ",
            "1.1.",
            "zip ",
            "THE AGENT EXPLAINED ",
            "password of the wifi ",
            "Nadine von ",
            "ul. 3 Maja ",
        ),
    ],
)
def test_time_grows_with_the_text_and_no_faster(piece: str) -> None:
    """Eight times the text takes at most some twenty times the time, on what patterns like least."""
    small, large = piece * (4000 // len(piece)), piece * (32000 // len(piece))
    _ALL.scan(small)

    def seconds(text: str) -> float:
        began = time.process_time()
        _ALL.examine(text)
        return time.process_time() - began

    short = min(seconds(small) for _ in range(3))
    assert min(seconds(large) for _ in range(3)) < max(24 * short, 0.5)


def test_four_groups_that_are_not_all_between_full_stops_are_no_host() -> None:
    """Brackets and slashes between digits are read as they stand."""
    assert [hit for hit in _ALL.scan("x 1.1(6.2.3 y 1.2/3.4.5 z 300.1.1.1") if hit.entity == "IP_ADDRESS"] == []


def test_a_recogniser_that_runs_out_of_time_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """What was not read is not clean: `examine` says so and `scan` refuses."""

    class Slow:
        def finditer(self, *_given: Any, **_named: Any) -> Any:
            raise TimeoutError

    monkeypatch.setattr(presidio, "_compiled", lambda _pattern: Slow())
    scanner = Scanner(entities=["US_PASSPORT"])

    assert "US_PASSPORT" in scanner.examine("passport 912803456").unread[0]
    with pytest.raises(UnreadError, match="longer than"):
        scanner.scan("passport 912803456")


def test_presidio_adds_numbers_that_a_word_names_and_no_others() -> None:
    """Licences, passports and bank numbers beside their word; the same digits alone are a number."""
    scanner = Scanner()
    told = {
        text: [hit.entity for hit in scanner.scan(text)]
        for text in ("My passport is 912803456", "bank account 945456787654", "The count is 912803456", "945456787654")
    }

    assert told["My passport is 912803456"] != []
    assert told["bank account 945456787654"] == ["US_BANK_NUMBER"]
    assert (told["The count is 912803456"], told["945456787654"]) == ([], [])


def test_what_nothing_covers_is_said_and_what_nobody_knows_is_refused() -> None:
    """A report lists the kinds of personal data that no detector looks for; a misspelt one is a user's fault."""
    assert {"ORGANIZATION", "OCCUPATION"} <= set(Scanner().uncovered)
    with pytest.raises(InputError, match="CREDIT_CRAD"):
        Scanner(entities=["CREDIT_CRAD"])


def test_without_presidio_the_line_to_type_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    """An extra that is not installed is no traceback."""
    monkeypatch.setattr("sluicegate.pii.scan.find_spec", lambda name: None)
    with pytest.raises(InputError, match=r"pip install 'sluicegate\[pii\]'"):
        Scanner()


def test_known_values_outrank_what_is_guessed() -> None:
    """The same characters are one finding, and it is the one that confirms."""
    scanner = Scanner(known=[Known(value="+44 7700 900123", entity="PHONE_NUMBER")])

    (hit,) = scanner.scan("Call +44 7700 900123")

    assert (hit.layer, hit.witness) == (Layer.KNOWN, Witness.KNOWN_VALUE)


def test_dates_and_links_are_told_only_when_asked_for() -> None:
    """They are no personal data by themselves; a date of birth is."""
    text = "On 2024-05-06 see https://example.test/a; born 30.07.1985."

    assert [hit.entity for hit in Scanner().scan(text)] == ["DATE_OF_BIRTH"]
    assert [hit.entity for hit in _ALL.scan(text)] == ["DATE_TIME", "URL", "DATE_OF_BIRTH"]


@pytest.mark.parametrize(
    "text",
    [
        "I was born on 13 March 1978.",
        "nato il 23 maggio 1973 a Bari",
        "nascido em 4 de maio de 1980",
        "geboren op 9 mei 1961",
        "urodzony 5 września 1990",
        "дата рождения: 12.10.1961",
        "родился 21 мая 1956",
        "doğum tarihi: 3 Şubat 1988",
        "生年月日：1988年2月3日",
        "1983年8月11日生まれです",
        "nací el 4 de mayo de 1982",
        "ur. 16 maja 1981",
        'span.set_attribute("dateOfBirth", "28.02.1972")',
    ],
)
def test_a_date_beside_a_word_of_birth_is_told_in_many_languages(text: str) -> None:
    """Months by their names, and fields that are written as one word."""
    assert [hit.entity for hit in Scanner().scan(text)] == ["DATE_OF_BIRTH"]


def test_the_packaged_set_is_the_same_under_a_seed_and_its_recall_is_counted() -> None:
    """Same seed, same texts; held-out templates are apart; every kind with check digits is found."""
    first, again = list(sentences(3, each=2)), list(sentences(3, each=2))
    counted = recall(
        Scanner(), seed=3, each=10, entities=["IBAN_CODE", "CREDIT_CARD", "US_SSN", "FR_NIR", "EMAIL_ADDRESS"]
    )

    assert first == again
    assert list(sentences(4, each=2)) != first
    assert {one.template for one in first if one.held_out}.isdisjoint(one.template for one in first if not one.held_out)
    assert all(said.k == said.n > 0 for said in counted.values())


_GUARD = """
import sys
def hook(event, arguments):
    if event in ("socket.connect", "socket.getaddrinfo", "socket.gethostbyname", "socket.sendto", "socket.sendmsg"):
        print("NETWORK", event, arguments, flush=True)
        raise OSError("refused")
sys.addaudithook(hook)
from sluicegate.pii.scan import COVERED, Scanner
light = "presidio_analyzer" in sys.modules or "phonenumbers" in sys.modules
scanner = Scanner(entities=COVERED)
light = light or "presidio_analyzer" in sys.modules
hits = scanner.scan("a@b.co, https://x.example.com/y, +44 7700 900123, passport 912803456, My name is Zorvald")
print(light, len(hits) > 3, "presidio_analyzer" in sys.modules, "torch" in sys.modules)
"""


def test_no_detector_speaks_to_the_network_and_presidio_comes_with_the_first_scan(tmp_path: Path) -> None:
    """Every socket is refused in a process of its own: no attempt is made, and importing stays light."""
    environment = {**os.environ, "HOME": str(tmp_path), "XDG_CACHE_HOME": str(tmp_path)}
    done = subprocess.run(
        [sys.executable, "-c", _GUARD], capture_output=True, text=True, env=environment, check=False, timeout=120
    )

    assert (done.stdout, done.returncode) == ("False True True False\n", 0), done.stderr


def test_what_is_remembered_of_words_stays_small_however_many_there_are() -> None:
    """Words are remembered a few thousand at a time, and forgetting them changes no finding."""
    letters = "abcdefghijklmnopqrst"
    strange = " ".join(f"B{one}{two}{three}q" for one in letters for two in letters for three in letters)
    said = "Dear Bxyzzyq, she was born on 3 May 1990."
    before = _ALL.scan(said)
    _ALL.scan(f"{strange}, {strange.lower()}")
    assert len(kinds()) < 5000
    assert len(dates._OF_BIRTH) < 5000
    assert _ALL.scan(said) == before != []
