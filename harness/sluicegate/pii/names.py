"""Names of people nobody told us about: words around them, titles, and common given names and surnames.

A list of names is small beside the names there are, so words around a name count most: "my name is", "Dear", a
sign-off, "Name:". Written in capitals is no need behind the plainest of these words.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from sluicegate.model.finding import Witness
from sluicegate.pii.hits import Hit, Layer
from sluicegate.pii.name_before import PARTICLES, Cue, cue, titled_particles
from sluicegate.pii.name_cues import (
    AFTER,
    COMMON,
    GREETING,
    INSIDE,
    NOT_A_NAME,
    PART_OF,
    PLACE_WORDS,
    TITLE,
)
from sluicegate.pii.name_lists import DOUBTFUL, NOUNS, SUFFIXES, SURE_SUFFIXES, Alone, Lists, kinds, lists_of_names
from sluicegate.pii.name_said import SAYS_OTHERWISE, at_name, otherwise, owned
from sluicegate.pii.reading import Reading
from sluicegate.pii.word_list import CAPITAL_LETTER, listed

__all__ = ["ENTITIES", "name_hits"]

ENTITIES = frozenset({"PERSON"})

_PARTICLE = r"(?:v[oa][nm]|de[rlnms]?|d[aiou]s?|della|zu[rm]?|l[aeo]s?|[ae]l|bin|ibn|ben|te[rn]|[eyi]|St\.)"
_CAPITAL = rf"{CAPITAL_LETTER}[^\W\d_]*(?:['’\-][^\W\d_]+)*"
_SEQUENCE = re.compile(
    rf"{CAPITAL_LETTER}(?<![@/\\#\w].)[^\W\d_]*(?:['’\-][^\W\d_]+)*"
    rf"(?:[ \t](?:{_PARTICLE} ){{0,2}}(?:{CAPITAL_LETTER}\.|{_CAPITAL})){{0,5}}"
)
_SEQUENCE_ASCII = re.compile(_SEQUENCE.pattern.replace(CAPITAL_LETTER, "[A-Z]").replace(r"[^\W\d_]", "[A-Za-z]"))
_WORD = re.compile(r"[^\W\d_]+(?:['’\-][^\W\d_]+)*\.?")
_LOWER_NAME = re.compile(r"[^\W\d_]{2,}(?:['’\-][^\W\d_]+)*(?: [^\W\d_]{2,}(?:['’\-][^\W\d_]+)*){0,2}")
_POSSESSIVE = re.compile(r"['’]s\Z")
_LINE_END = re.compile(r"[ \t,]*(?:\r?\n|\\n|\Z)")
_NEXT_LINE = re.compile(r"[ \t]*(?:\r?\n|\\n){1,2}[>\s]*(?:[0-9]|[^\n]{0,40}[0-9@])")


def name_hits(reading: Reading) -> Iterator[Hit]:
    """Persons."""
    text, lowered = reading.text, reading.lowered
    lists = lists_of_names()
    for found in (_SEQUENCE_ASCII if text.isascii() else _SEQUENCE).finditer(text):
        start, end = found.span()
        words = lowered[start:end]
        # Most capitals only begin a sentence.
        if words in _NO_NAME:
            continue
        if text[end : end + 1] in _GOES_ON and end < len(text):
            words = words.rpartition(" ")[0]
            if not words or words in _NO_NAME:
                continue
        several = " " in words or "\t" in words
        hit = _judged(text, start, words.split(), lists) if several else _judged_alone(text, start, words, lists)
        if hit is not None:
            yield hit
    if "name" in lowered:
        yield from _spoken(text, at_name(reading, lists.given))
    if reading.marks & SAYS_OTHERWISE:
        yield from _spoken(text, otherwise(reading))
    if text.islower():
        yield from _small(text, lists.given, lists.family)


def _small(text: str, given: frozenset[str], family: frozenset[str]) -> Iterator[Hit]:
    """Where nobody wrote a capital: a given name, and the word behind it when it may be a surname."""
    found = list(_WORD.finditer(text))
    for one, two in zip(found, [*found[1:], None], strict=True):
        word = _POSSESSIVE.sub("", one[0]).rstrip(".")
        if word not in given or word in COMMON or word in DOUBTFUL or len(word) < 4 or PART_OF.match(text, one.end()):
            continue
        if INSIDE.search(text, max(0, one.start() - 3), one.start()):
            continue
        if _SAINT_BEFORE.search(text, max(0, one.start() - 6), one.start()):
            continue
        end = one.start() + len(word)
        follower = (
            "" if two is None or text[one.end() : two.start()] != " " else _POSSESSIVE.sub("", two[0]).rstrip(".")
        )
        if (
            follower
            and follower not in COMMON
            and (follower in family or follower in given or follower.endswith(SUFFIXES))
        ):
            end = one.end() + 1 + len(follower)
        yield _hit(one.start(), end, 0.45)


def _judged_alone(text: str, start: int, word: str, lists: Lists) -> Hit | None:
    """What one capitalised word says."""
    if word.endswith(("'s", "’s")):
        word = word[:-2]
        if word in COMMON:
            return None
    kind = _KINDS[word]
    if kind is _NOBODY:
        return None
    end = start + len(word)
    said = cue(text, start)
    if said is _SMALL_WORD and (lead := titled_particles(text, start)) is not None:
        return _hit(lead, end, 0.85)
    # Where everything is in capitals a capital says nothing.
    if kind is _BEHIND_A_CUE and (said is not _CUE or _is_shouted(text, start)):
        return None
    if kind is not _LISTED_NAME and not _may_stand(text, start, end):
        return None
    score = _score_alone(text, word, (start, end), lists, cued=said is _CUE)
    return None if score is None else _hit(start, end, score)


def _may_stand(text: str, start: int, end: int) -> bool:
    """Whether one word that is on no list is worth a closer look."""
    if text[max(0, start - 6) : start] == "name: " and not owned(text, start - 6):
        return False
    return text[end : end + 1] != " " or not _greeted(text, start)


def _is_shouted(text: str, at: int) -> bool:
    """Whether everything around a place is in capitals."""
    return text[max(0, at - 40) : at + 40].isupper()


def _is_cued(text: str, place: tuple[int, int], words: list[str], lists: Lists) -> bool:
    """Whether the words before say that a name follows; where everything is in capitals, only a listed one."""
    start, end = place
    if len(words) == 1 and _is_shouted(text, start) and words[0] not in lists.given and words[0] not in lists.family:
        return False
    return cue(text, start, several=len(words) > 1 and not text[start:end].isupper()) is _CUE


def _greeted(text: str, start: int) -> bool:
    """Whether a greeting and its comma stand before: "Hola, Quiero devolver" goes on with a sentence."""
    return text[start - 2 : start] in (", ", "! ") and GREETING.search(text, max(0, start - 16), start) is not None


def _judged(text: str, start: int, words: list[str], lists: Lists) -> Hit | None:
    """What one sequence of capitalised words says; `words` in lower case, with one blank between."""
    lowered = words
    for place, word in enumerate(words):
        if word.endswith("."):
            lowered = [*lowered[:place], word.rstrip("."), *lowered[place + 1 :]]
        elif word.endswith(("'s", "’s")):
            lowered = [*lowered[:place], word[:-2]]
            break
    first, titled = _first(lowered, lists)
    if first >= len(lowered):
        return None
    last = _last(lowered, first)
    if last < first:
        return None
    titled = titled or lowered[last + 1 : last + 2] in _TITLES_BEHIND
    begin = start + sum(map(len, words[:first])) + first if first else start
    stop = begin + sum(map(len, words[first:last])) + last - first + len(lowered[last])
    # The full stop of an initial belongs to the name.
    if len(lowered[last]) == 1 and text[stop : stop + 1] == ".":
        stop += 1
    # A given name and one to three words need no cue.
    whole = 0 < last - first < 4 and lowered[first] in lists.given and lowered[first] not in DOUBTFUL
    cued = titled or (not whole and _is_cued(text, (begin, stop), lowered[first : last + 1], lists))
    score = _score(text, lowered[first : last + 1], (begin, stop), lists, cued=cued, ends=last + 1 == len(lowered))
    return None if score is None else _hit(begin, stop, score)


def _first(lowered: list[str], lists: Lists) -> tuple[int, bool]:
    """The first word that can begin a name, and whether a title stood before it."""
    titled = False
    for place, word in enumerate(lowered):
        if word in TITLE:
            titled = True
        elif len(lowered) > place + 3 and word not in lists.given and _names_behind(lowered, place, lists):
            titled = False
        elif (
            word not in COMMON
            or (titled and place + 1 < len(lowered) and (word in PARTICLES or word == "lo"))
            or (word in lists.given and _is_surname(lowered[place + 1 : place + 2], lists))
        ):
            return place, titled
        else:
            titled = False
    return len(lowered), titled


def _names_behind(lowered: list[str], place: int, lists: Lists) -> bool:
    """Whether a small word and somebody's given name and surname follow: "Bewerbung von Nadine Riedl"."""
    behind = lowered[place + 1 : place + 4]
    return len(behind) == 3 and behind[0] in _OF and behind[1] in lists.given and behind[1] not in DOUBTFUL


def _is_surname(follows: list[str], lists: Lists) -> bool:
    """Whether what follows a word that may be a name, as Mark and Grace, makes a name of it."""
    if not follows or follows[0] in NOUNS or follows[0] in COMMON:
        return False
    return follows[0] in lists.family or follows[0].endswith(SUFFIXES)


def _last(lowered: list[str], first: int) -> int:
    """The last word of the name that begins at `first`; less than `first` when it is a place or a company."""
    last = first
    for place in range(first + 1, len(lowered)):
        word = lowered[place]
        if len(word) == 1 or word in PARTICLES:
            continue
        if word in COMMON or word in TITLE:
            break
        last = place
    if len(lowered) > last + 1 and len(lowered[last + 1]) == 1:
        last += 1
    # "Dylan Street", "Wilson Inc": a name that gives its name to something.
    return last if PLACE_WORDS.isdisjoint(lowered[first : last + 2]) else first - 1


def _score(
    text: str, words: list[str], place: tuple[int, int], lists: Lists, *, cued: bool, ends: bool
) -> float | None:
    """How sure it is that these words are somebody's name; None = they are not told.

    `cued`: words before them say so; `ends`: nothing follows them.
    """
    if len(words) == 1:
        return _score_alone(text, words[0], place, lists, cued=cued)
    is_given = words[0] in lists.given or words[0].partition("-")[0] in lists.given
    if is_given and len(words) <= 4 and (words[0] not in DOUBTFUL or _is_surname(words[-1:], lists)):
        return 0.7
    if cued:
        return 0.85 if is_given or words[-1] in lists.family or len(set(words) - PARTICLES) <= 3 else None
    return _score_of_more(text, words, place, lists) if ends and len(words) <= 4 else None


def _score_alone(text: str, word: str, place: tuple[int, int], lists: Lists, *, cued: bool) -> float | None:
    if len(word) == 1 or word in NOT_A_NAME or _is_abbreviation(text, word, place, lists):
        return None
    return 0.85 if cued else _score_of_one(text, word, place, lists)


def _is_abbreviation(text: str, word: str, place: tuple[int, int], lists: Lists) -> bool:
    return len(word) < 5 and text[slice(*place)].isupper() and word not in lists.given and word not in lists.family


def _score_of_one(text: str, word: str, place: tuple[int, int], lists: Lists) -> float | None:
    start, end = place
    # One word in capitals is an abbreviation sooner than a name: the NINO of a letter is no Italian.
    if text[start:end].isupper():
        return None
    is_family = word in lists.family
    if is_family and _in_list(text, start, end, lists):
        return 0.45
    if len(word) > 6 and word.endswith(SURE_SUFFIXES) and not _PLACE_BEFORE.search(text, max(0, start - 12), start):
        return 0.4
    if word in lists.given and word not in COMMON and word not in DOUBTFUL and len(word) > 2:
        return None if _SAINT_BEFORE.search(text, max(0, start - 6), start) else 0.5
    return 0.45 if is_family and len(word) > 3 and AFTER.match(text, end) else None


def _score_of_more(text: str, words: list[str], place: tuple[int, int], lists: Lists) -> float | None:
    start, end = place
    may_begin = words[0] not in NOT_A_NAME
    if any(word in lists.given for word in words[1:-1]) or (
        words[-1] in lists.family and words[-1] not in NOUNS and len(words) == 2 and may_begin
    ):
        return 0.5
    if AFTER.match(text, end):
        return 0.45
    if len(words) == 2 and may_begin and len(words[1]) > 4 and words[1].endswith(SUFFIXES):
        return 0.4
    if start and text[start - 1] not in "\n>" and text[max(0, start - 2) : start] != "\\n":
        return None
    first_line = start == 0 and "\n" in text and _LINE_END.match(text, end)
    return 0.45 if first_line or _NEXT_LINE.match(text, end) else None


# Read once: an enumeration is slow to be asked for a member.
_NOBODY, _LISTED_NAME, _BEHIND_A_CUE = Alone.NOBODY, Alone.LISTED, Alone.BEHIND_A_CUE
_CUE, _SMALL_WORD, _KINDS = Cue.CUE, Cue.SMALL_WORD, kinds()
_LAYER, _WITNESS = Layer.CUE, Witness.PATTERN
_NO_NAME = COMMON | TITLE
_GOES_ON = "0123456789_"
"""Behind a word that is part of a code or a field: WINTER26, ORDER_ID."""
_OF = frozenset(listed("von van de di da do del der of"))
_TITLES_BEHIND = (["hanım"], ["bey"])
_LISTED = re.compile(r"(?:,? (?:and|und|et|y|e|en|og|och|&) |, )([^\W\d_]+)")
_LISTED_BEFORE = re.compile(r"([^\W\d_]+)(?:,? (?:and|und|et|y|e|en|og|och|&) |, )\Z")
_SAINT_BEFORE = re.compile(r"(?<![^\W_])(?:ste?\.|sainte?-?|sankt|san|santa|fort|port|lake|mount) ?\Z", re.IGNORECASE)
_PLACE_BEFORE = re.compile(r"\b(?:in|from|at|near|to|of|the)\s\Z", re.IGNORECASE)


def _in_list(text: str, start: int, end: int, lists: Lists) -> bool:
    """Whether another name stands beside it: "Weber, Kowalski and Petit"."""
    for found in (_LISTED.match(text, end), _LISTED_BEFORE.search(text[max(0, start - 30) : start])):
        if found is not None and found[1][:1].isupper():
            other = found[1].lower()
            if other not in COMMON and (other in lists.family or other in lists.given):
                return True
    return False


def _spoken(text: str, places: Iterable[int]) -> Iterator[Hit]:
    """Behind "my name is" a name may be written small."""
    for place in places:
        named = _LOWER_NAME.match(text, place)
        if named is None:
            continue
        parts = list(_WORD.finditer(text, named.start(), named.end()))
        kept = 0
        for part in parts:
            word = part[0].lower().rstrip(".")
            if word in COMMON and not (word in PARTICLES and part is not parts[-1]):
                break
            kept += 1
        if not PLACE_WORDS.isdisjoint(part[0].lower() for part in parts):
            continue
        if kept and parts[0][0].lower() not in NOT_A_NAME:
            yield _hit(parts[0].start(), parts[kept - 1].end(), 0.8)


def _hit(start: int, end: int, score: float) -> Hit:
    return Hit(entity="PERSON", start=start, end=end, score=score, layer=_LAYER, witness=_WITNESS)
