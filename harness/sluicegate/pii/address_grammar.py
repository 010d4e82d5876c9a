"""The grammar of postal addresses: streets, house numbers, units, postcodes, towns and countries in a row."""

from __future__ import annotations

import re

from sluicegate.pii.name_cues import COMMON
from sluicegate.pii.street_words import COUNTRIES, COUNTRY_FIRST
from sluicegate.pii.word_list import CAPITAL_LETTER, listed

__all__ = ["CAPITAL", "HOUSE", "IN_TOWNS", "PARTICLE", "POSTCODE", "SMALL", "STREET", "lead", "tail"]

CAPITAL = rf"{CAPITAL_LETTER}[\w'’.\-]*"
PARTICLE = (
    r"(?:de|la|las|los|el|du|des|d[eo]s?|da|del|della|dei|degli|delle|di|van|von|der|den|dem|the|of|y|e|i|et|zu|am|im|an|al|le|les|"
    r"l'|nad|pod|ob|pri|u|na|upon|on|by|sur|sous|lès|aan|op|bei|in|pri)"
)
HOUSE = (
    r"[0-9]{1,5}(?:[-/][0-9]{1,4}|[-/ ](?:hs|bis|ter)\b|-[IVX]{1,4}\b|/[A-Za-z]\b)?(?: ?[a-zA-Z](?![\w'’]|\. ?[0-9]))?"
)
SMALL = (
    "(?:ul|al|os|pl|rue|avenue|av|place|boulevard|chemin|allées?|impasse|quai|cours|ruelle|sentier|via|viale|piazza|corso|calle|avenida|"
    "plaza|paseo|rua|travessa|carrer|strada|trg)"
)
STREET = (
    rf"(?:{SMALL}\.? (?:{PARTICLE} ){{0,2}})?(?:{CAPITAL}|C/|[0-9]{{1,3}}(?:st|nd|rd|th))(?:[ ](?:{PARTICLE} "
    rf"){{0,2}}(?:{CAPITAL}|[0-9]{{1,3}}(?:st|nd|rd|th)|(?:street|road|avenue|lane|drive|way|rue|ulica|ulice|vej|gade|"
    rf"vei|veg|väg|gata|út|köz|sor|gate|plass|allé|tänav|tee|utca|tér|trg|třída|náměstí)\b|(?:u|krt)\.(?= ))){{0,5}}"
)


_SEP = re.compile(r"(?:[ \t]*(?:,|;|\\n|\r?\n>?)){0,3}[ \t>]*")
_COUNTED_UNIT = (
    r"#[ ]?[0-9]{1,5}\b|[0-9]{1,2}(?:st|nd|rd|th) floor|"
    r"[0-9]{1,2}\.?[ºª°](?: ?(?:[A-Z]|izq|izda|dcha|dta|esq|dto|frente)\b\.?)?"
)
_COUNTED_UNIT_AT = re.compile(_COUNTED_UNIT, re.IGNORECASE)
_UNIT = re.compile(
    r"(?:apt|apartment|suite|ste|unit|flat|floor|fl|room|rm|building|bldg|block|level|piso|planta|pta|puerta|"
    r"esc|etage|étage|appartement|appt|bât|wohnung|whg|stiege|"
    r"top|tür|og|eg|lgh|dør|dv\.|sal|th|tv|interno|int|scala|lok|m\.|byt|ap|bl|sc|et)\.?[ "
    rf"]?#?[0-9][\w\-/]{{0,5}}\b|{_COUNTED_UNIT}|(?:bajo|entresuelo|ático|parter)\b",
    re.IGNORECASE,
)
_NAME = rf"{CAPITAL_LETTER}(?:[^\W\d_]|['’.\-])*(?!\w)"
_TOWN = rf"{_NAME}(?:[ \-](?:{PARTICLE}[ ]){{0,2}}{_NAME}){{0,4}}"
_TOWN_AT = re.compile(_TOWN)
_TOWN_ANY = re.compile(r"[^\W\d_]{3,}(?:[ \-][^\W\d_]{2,}){0,3}(?=[ ]*(?:,|\n|\\n|\Z))")
_UK = r"[A-Z]{1,2}[0-9][A-Z0-9]? ?[0-9][A-Z]{2}"
POSTCODE = re.compile(
    rf"(?:{_UK}|[A-Z][0-9][A-Z] ?[0-9][A-Z][0-9]|(?:[A-Z]{{1,2}}[- ])?[0-9]{{5}}(?:-[0-9]{{3,4}})?|[0-9]{{3}} "
    rf"[0-9]{{2}}|[0-9]{{2}}-[0-9]{{3}}|[0-9]{{4}}-[0-9]{{3}}|[0-9]{{4}} ?[A-Z]{{2}}\b|"
    r"(?:[A-Z]{1,2}-)?[0-9]{4}|[0-9]{6}|[A-Z][0-9]{2} ?[A-Z0-9]{4})(?![\w]|[.,:\-/ ][0-9]|-[A-Za-z])",
    re.IGNORECASE,
)
_STATE = re.compile(
    r"(?:[A-Z]{2,3}|[A-Z][a-z]+(?: [A-Z][a-z]+)?)(?= {1,2}[0-9]{4,5}\b)|[A-Z]{2,3}(?=[ ]*(?:\n|,|\Z))|"
    r"(?:A[LKZR]|C[AOT]|D[EC]|FL|GA|HI|I[DLNA]|K[SY]|LA|M[EDAINSOT]|N[EVHJMYCD]|O[HKR]|PA|RI|S[CD]|T[NX]|UT|V[TA]|"
    r"W[AVIY]|[FAD]PO A[AEP])\b|\([A-Z]{2}\)"
)

IN_TOWNS = frozenset(
    listed(
        "austin paris florence sydney chelsea victoria georgia virginia carolina dakota savannah brooklyn israel china "
        "india jordan new san de la le los las el and north south east west great little old park"
    )
)


def lead(text: str, start: int) -> int:
    """A unit before the street belongs to it."""
    near = text[max(0, start - 8) : start]
    if not (_DIGIT.search(near) if near.isascii() else any(map(str.isdigit, near))):
        return start
    before = _UNIT_LEADS.search(text, max(0, start - 24), start)
    return before.start() if before else start


_DIGIT = re.compile(r"[0-9]")
_UNIT_LEADS = re.compile(rf"(?:{_UNIT.pattern}),?[ \n]{{1,2}}(?:[0-9]{{1,5}} )?\Z", re.IGNORECASE)


def tail(text: str, end: int, *, small: bool) -> tuple[int, int]:
    """Where the address ends, and how many of its parts (unit, postcode with town, country) are sure ones."""
    sure = 0
    after_unit = False
    # Some countries write a full stop behind a house number.
    if text[end : end + 1] == "." and text[end + 1 : end + 2] in (",", "\n"):
        end += 1
    for _ in range(7):
        gap = _SEP.match(text, end)
        at = gap.end() if gap else end
        between = text[end:at]
        broken = after_unit or "," in between or "\n" in between or "\\n" in between
        stop, points = _part(text, at, broken=broken, small=small)
        if stop is None:
            break
        after_unit = points > 0 and (_UNIT if text[at].isalpha() else _COUNTED_UNIT_AT).match(text, at) is not None
        end = stop
        sure += points
    return end, sure


def _part(text: str, at: int, *, broken: bool, small: bool) -> tuple[int | None, int]:
    """Where one part of an address ends, and whether it is a sure one; None = nothing of an address begins here."""
    first = text[at : at + 1]
    if not first.isalnum() and first != "#":
        return None, 0
    sure = _sure_part(text, at, small=small)
    if sure is not None:
        return sure, 1
    if not small and first.islower():
        return None, 0
    town = _town(text, at, small=small)
    if town is None or broken or text[at : at + 3].isupper():
        return town, 0
    gap = _SEP.match(text, town)
    rest = gap.end() if gap else town
    leading = _LEADING.match(text, rest)
    if leading is None:
        return (town, 0) if _STATE.match(text, rest) else (None, 0)
    word = leading[0].lower()
    follows = POSTCODE.match(text, rest) or _STATE.match(text, rest)
    if not follows and (word in COUNTRY_FIRST or not word.isascii()):
        follows = COUNTRIES.match(text, rest)
    return (town, 0) if follows else (None, 0)


def _sure_part(text: str, at: int, *, small: bool) -> int | None:
    """Where a unit, a postcode with its town, a country or a state ends."""
    leading = _LEADING.match(text, at)
    if leading is None:
        return None
    given, end = leading[0], leading.end()
    word = given.lower()
    if word[0].isalpha():
        found = _UNIT.match(text, at) if word in _UNIT_FIRST else None
    else:
        found = _COUNTED_UNIT_AT.match(text, at)
    if found is None and (not word.isalpha() or text[end : end + 2].strip("- ").isdigit()):
        postcode = POSTCODE.match(text, at)
        if postcode and not _COUNTED.match(text, postcode.end()):
            stop = postcode.end()
            return (_town(text, stop + 1, small=small) if text[stop : stop + 1] == " " else None) or stop
    if found is None and word in COUNTRY_FIRST:
        found = COUNTRIES.match(text, at)
    if found is None and given[0].isupper() and (len(word) < 4 or text[end : end + 1] == " "):
        found = _STATE.match(text, at)
    return found.end() if found else None


_LEADING = re.compile(r"[^\W_]+|#")
_COUNTED = re.compile(r"[-][0-9]|[ ]?(?:items?|people|euros?|dollars?|minutes|days|hours)\b")
_UNIT_FIRST = frozenset(
    listed(
        "apt apartment suite ste unit flat floor fl room rm building bldg block level piso planta pta puerta esc "
        "etage étage appartement appt bât wohnung whg stiege top tür og eg lgh dør dv sal th tv interno "
        "bajo entresuelo ático parter int scala lok m byt ap bl sc et"
    )
)


def _town(text: str, at: int, *, small: bool) -> int | None:
    found = (_TOWN_ANY if small else _TOWN_AT).match(text, at)
    if found is None:
        return None
    end = found.start()
    for place in _TOWN_WORD.finditer(text, end, found.end()):
        word = place[0].lower()
        if word.rstrip(".") in COMMON and word not in IN_TOWNS:
            break
        end = place.end()
        if word[-1] == "." and word not in ("st.", "ste."):
            end -= 1
            break
    if end == found.start():
        return None
    district = _DISTRICT.match(text, end) if end == found.end() else None
    return district.end() if district is not None else end


_TOWN_WORD = re.compile(r"[^\s\-]+")
_DISTRICT = re.compile(r" [0-9]{1,2}(?=[ ]*(?:,|\n|\\n)[ \w])")
"""Of a large town: "Praha 6, CZ"."""
