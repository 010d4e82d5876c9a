"""Postal addresses: a street with a house number or a box, and the unit, town, postcode and country behind it.

The search begins at house numbers. A street is known by its word for street in some twenty languages; one without such
a word needs a town and a postcode, or a unit, behind it, or words like "my address is" before it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from sluicegate.model.finding import Witness
from sluicegate.pii.address_grammar import HOUSE, IN_TOWNS, PARTICLE, SMALL, STREET, lead, tail
from sluicegate.pii.addresses_other import asked_for, other_kinds
from sluicegate.pii.hits import Hit, Layer
from sluicegate.pii.marks import mark
from sluicegate.pii.name_cues import COMMON
from sluicegate.pii.reading import Reading
from sluicegate.pii.street_words import STREET_ENDINGS, STREET_LAST, STREET_LEADING
from sluicegate.pii.word_list import CAPITAL_LETTER, listed

__all__ = ["ENTITIES", "address_hits"]

ENTITIES = frozenset({"ADDRESS"})

# What may not stand before is asked behind the first digit: a pattern that begins with a set of characters runs faster.
_NUMBER = re.compile(r"[0-9](?<![\w.,/:$€£#@+\-].)[0-9]{0,4}(?![0-9]|[.,:][0-9]|%)")
_AHEAD = re.compile(
    rf"{HOUSE},? (?:{HOUSE},? )?(?P<words>{STREET})"
    r"(?:(?:,? (?:n[º°o]|nr)\.? ?[0-9]{1,5}| [0-9]{1,4}|, [0-9]{1,3})[a-zA-Z]?(?![\w]|[.,:][0-9]))?"
)
_AHEAD_ANY = re.compile(_AHEAD.pattern.replace(CAPITAL_LETTER, "[^\\W\\d_]"), re.IGNORECASE)
_UNIT_WORDS = frozenset(listed("apt apartment suite ste unit flat floor room box no appt lgh whg piso"))
_LED = frozenset(
    listed("ul ulica ulice rue calle rua strada piazza viale avenida carrer trg aleja plac prospekt ulitsa")
)
"""Before streets whose own words may all be small; no words of English."""
_LEADS = mark(_LED)
_LED_BEHIND = re.compile(
    rf"(?<![^\W_])(?:{'|'.join(sorted(_LED))})\.?(?: [0-9]{{1,2}})?(?: [^\W\d_]+){{1,4}},? (?:n[º°o]\.? ?)?\Z",
    re.IGNORECASE,
)
_YEAR = re.compile(r"(?:19|20)[0-9]{2}")
_LINE_START = re.compile(r"(?:^|\n|\\n)[>\s]*\Z")
_NOT_STREET = frozenset(
    listed(
        "chapter section page figure table version windows office iphone boeing article paragraph act step day week "
        "month year part phase level room gate flight platform season episode volume issue line order invoice "
        "ticket case ref number no top over about around only just than least until since before after within "
        "minutes hours days weeks months years people items units pieces euros dollars copies january february "
        "march april may june july august september october november december jan feb mar apr jun jul aug sep sept "
        "oct nov dec monday tuesday wednesday thursday friday saturday sunday rule rules build task group team "
        "class lot zone hall booth stand terminal grade type test item option tier stage sprint am pm gb mb kb tb "
        "kg km cm mm ml mg usd eur gbp chf dkk sek nok pln"
    )
)


def address_hits(reading: Reading) -> Iterator[Hit]:
    """Addresses from the first part that can be told to the last; those of one place may overlap."""
    text = reading.text
    small = text.islower()
    even = small or text.isupper()
    led = reading.marks & _LEADS
    done = 0
    yield from (_hit(start, end, score) for start, end, score in other_kinds(reading, small=small))
    for found in _NUMBER.finditer(text):
        if found.start() < done:
            continue
        street = (_led(text, found, done) if led else None) or _street(text, found, done, small=small)
        if street is None:
            continue
        if _before(text, found.start()) in _UNIT_WORDS:
            continue
        begin, end, strong = street
        start = lead(text, begin)
        stop, parts = tail(text, end, small=small)
        parts += start < begin
        if (
            strong
            or parts >= 2
            or ((parts or not even or reading.lowered.startswith("via ", begin)) and asked_for(reading, start))
            or (parts and _LINE_START.search(text, max(0, start - 8), start))
        ):
            done = stop
            yield _hit(start, stop, 0.75 if strong or parts > 1 else 0.5)


def _before(text: str, at: int) -> str:
    """The word before a place, in lower case."""
    return text[max(0, at - 14) : at].rstrip(" #").rpartition(" ")[2].lower().rstrip(".")


def _street(text: str, number: re.Match[str], done: int, *, small: bool) -> tuple[int, int, bool] | None:
    """The street at a house number: where it begins and ends, and whether a word for street stands in it."""
    at = number.start()
    behind = _behind(text, number, done, small=small) if _may_follow(text, at, small=small) else None
    if behind is not None and behind[2]:
        return behind
    after = text[number.end() : number.end() + 2]
    # Most numbers end a line or stand before a small word.
    hopeless = after[:1] in ("", "\n", ".", ")") or (
        after[:1] == " " and after[1:].islower() and after[1] not in _SMALL_FIRST
    )
    ahead = None if hopeless and not small else (_AHEAD_ANY if small else _AHEAD).match(text, at)
    if ahead is not None:
        end, strong = _street_end(text, ahead)
        if end is not None and (strong or behind is None):
            return at, end - (text[end - 1] == "." and not strong), strong
    return behind


def _behind(text: str, number: re.Match[str], done: int, *, small: bool) -> tuple[int, int, bool] | None:
    """A street before its number."""
    at = number.start()
    if small and _YEAR.fullmatch(number[0]):
        return None
    words = _words_before(text, max(done, at - 70), at, small=small)
    lowered = [word[0].lower().rstrip(".,") for word in words]
    first = next(
        (
            place
            for place, word in enumerate(lowered)
            if word in STREET_LEADING or _is_street(word) or words[place][0] in _ABBREVIATED
        ),
        None,
    )
    strong = first is not None or any(word in STREET_LAST for word in lowered[1:])
    led = first is not None and (lowered[first] in STREET_LEADING or words[first][0] in _ABBREVIATED)
    begin = first if first is not None and led else max(0, len(words) - 4)
    while (
        begin < len(words)
        and (lowered[begin] in COMMON or lowered[begin] in _NOT_STREET)
        and lowered[begin] not in STREET_LEADING
        and words[begin][0] not in _ABBREVIATED
    ):
        begin += 1
    if begin >= len(words) or any(word in _NOT_STREET for word in lowered[begin:]):
        return None
    if begin == len(words) - 1 and lowered[begin] in STREET_LEADING:
        return None
    if words[begin][0] == "via":  # an English word as well: "sent via email 2 times"
        if not COMMON.isdisjoint(lowered[begin + 1 :]):
            return None
        strong = False
    if not strong and words[-1][0].endswith(","):
        return None
    end = _house_end(text, number)
    return None if end is None else (words[begin].start(), end, strong)


def _led(text: str, number: re.Match[str], done: int) -> tuple[int, int, bool] | None:
    """A street that begins with its word for street, whatever its other words are like: "trg revolucije 12"."""
    at = number.start()
    found = _LED_BEHIND.search(text, max(done, at - 50), at)
    if found is None or _YEAR.fullmatch(number[0]):
        return None
    words = found[0].lower().replace(",", "").split()[1:]
    if any((word in COMMON and word not in _PARTS) or word in _NOT_STREET for word in words):
        return None
    end = _house_end(text, number)
    return None if end is None else (found.start(), end, True)


def _house_end(text: str, number: re.Match[str]) -> int | None:
    """Where a house number ends; None = it is the beginning of a longer code."""
    house = _HOUSE_AT.match(text, number.start())
    end = house.end() if house else number.end()
    # 24/7 is always.
    return None if _CODE_GOES_ON.match(text, end) or text[number.start() : end] == "24/7" else end


_SMALL_FIRST = frozenset(word[0] for word in SMALL[3:-1].split("|"))
_HOUSE_AT = re.compile(HOUSE)
_CODE_GOES_ON = re.compile(r"[^\W_]{2}")
_TOKEN = re.compile(r"[^\W_][^\s,;|<>=\"]*,?")
"""A word; quotes and brackets before it are none of it."""
_OF_A_NAME = frozenset(listed("útja tere sora köze körútja sétánya"))
"""Behind the name of somebody, whose last word is small: "Árpád fejedelem útja"."""
_ABBREVIATED = ("al.", "os.", "pl.", "Al.", "Os.", "Pl.", "Largo")  # Without the full stop they are other words.
_PARTS = frozenset(PARTICLE[3:-1].split("|")) | frozenset(listed("de des do dos"))
_SMALLS = frozenset(SMALL[3:-1].split("|")) | frozenset(listed("n nr no nº n° n.º n.° numero number"))


def _words_before(text: str, least: int, at: int, *, small: bool) -> list[re.Match[str]]:
    """The words of a street before its number: capitals, and small words that names of streets hold."""
    least = max(least, text.rfind("\n", least, at) + 1)
    found = list(_TOKEN.finditer(text, least, at))
    if least and found and found[0].start() == least and text[least - 1].isalnum():
        found = found[1:]
    first = len(found)
    for place in range(len(found) - 1, max(-1, len(found) - 7), -1):
        word = found[place][0]
        bare = word.rstrip(".,").lower()
        apart = text[found[place].end() : found[place + 1].start() if place + 1 < len(found) else at]
        if word.endswith(":") or (place < len(found) - 1 and word.endswith(",")) or apart.strip(", \t\n\u00a0"):
            break
        if word[0].isupper() or bare in _SMALLS or (small and word[0].isalpha()) or bare in STREET_LAST:
            first = place
        elif bare not in _PARTS and not (place + 1 == first < len(found) and found[first][0].rstrip(".") in _OF_A_NAME):
            break
    return found[first:]


def _may_follow(text: str, at: int, *, small: bool) -> bool:
    """Whether the word before a number may be the end of a street: it begins with a capital, or all is small."""
    if text[at - 1 : at] != " ":
        return False
    word = (text[max(0, at - 30) : at - 1].rstrip(",").rsplit(None, 1) or [""])[-1]
    if word[:1].isupper():
        return True
    if not word.isalpha():
        word = _EDGE.split(word)[-1]
    return (
        word[:1].isupper()
        or (small and word.isalpha())
        or word.lower().rstrip(".") in STREET_LAST
        or word.lower() in ("n.", "nr", "nr.", "nº", "n°", "n.º", "n.°", "no.")
    )


_EDGE = re.compile(r"[\s;|<>=*\"'(]+")


def _street_end(text: str, ahead: re.Match[str]) -> tuple[int | None, bool]:
    """Where a street behind its number ends; None = these words are no street."""
    start = ahead.start("words")
    words = list(_UNSPACED.finditer(ahead["words"]))
    lowered = [word[0].lower().rstrip(".,") for word in words]
    if lowered[0] in _NOT_STREET:
        return None, False
    whole = ahead.end()
    if lowered[0] in STREET_LEADING:
        return whole, True
    last = next((at for at, word in enumerate(lowered) if (word in STREET_LAST and at) or _is_street(word)), None)
    if last is None:
        if lowered[0] in COMMON and lowered[0] not in IN_TOWNS:
            return None, False
        return whole, any(word in STREET_LEADING for word in lowered)
    while last + 1 < len(words) and lowered[last + 1] in STREET_LAST:
        last += 1
    if last + 1 < len(words) and lowered[last + 1] in _POINTS:
        last += 1
    if last + 2 < len(words) and (lowered[last + 2] in STREET_LAST or _is_street(lowered[last + 2])):
        last += 2
    return whole if last == len(words) - 1 else start + words[last].end(), True


_LAYER, _WITNESS = Layer.CUE, Witness.PATTERN
_DOING = ("ering", "uring", "oring", "iring")
"""Ends of English words, as in catering, that are no ring."""
_UNSPACED = re.compile(r"\S+")
_POINTS = frozenset(listed("north south east west n s e w ne nw se sw"))


def _is_street(word: str) -> bool:
    return len(word) > 5 and word.endswith(STREET_ENDINGS) and word not in STREET_ENDINGS and not word.endswith(_DOING)


def _hit(start: int, end: int, score: float) -> Hit:
    return Hit(entity="ADDRESS", start=start, end=end, score=score, layer=_LAYER, witness=_WITNESS)
