"""Addresses that no house number leads to: corners, streets without a number, named postcodes, post office boxes."""

from __future__ import annotations

import re
from collections.abc import Iterator

from sluicegate.pii.address_grammar import CAPITAL, HOUSE, PARTICLE, POSTCODE, STREET, lead, tail
from sluicegate.pii.addresses_east import eastern_addresses
from sluicegate.pii.marks import mark
from sluicegate.pii.reading import Reading
from sluicegate.pii.word_list import listed

__all__ = ["asked_for", "other_kinds"]

_BOX = re.compile(
    r"(?=[pbacsu])(?:\b(?:P\.? ?O\.? ?Box|Post ?box|Postfach|Boîte postale|B\.?P\.?|Apartado(?: de correos)?|"
    r"Casella postale|Caixa postal|Postbus|Postboks|Postboks|PL|Skrytka)\s{1,2}[0-9]{1,6}\b"
    r"|\b(?:PSC|Unit|CMR) [0-9]{2,5},? Box [0-9]{1,5}\b|\b(?:USNV|USNS|USS|USCGC) [^\W\d_]+(?=\s{1,3}[FAD]PO ))",
    re.IGNORECASE,
)

_ASKING = frozenset(
    listed(
        "address addresses adresse adressen dirección indirizzo adres endereço morada live lives lived living reside "
        "resides resided moved moving move taxi ship shipped shipping deliver delivers delivered delivery send sent "
        "return returned arrive arrived arrives located location office offices meet headquarters headquartered based "
        "visit house home billing mail mailed post posted wohne wohnt wohnhaft wohnen habite habitons vive vivo abito "
        "abita mieszkam mieszka corner nearest closest near directions direction branch store drop pick picked collect "
        "come go going drive staying stay property apartment venue stands situated relocated relocating forward "
        "forwarded bor asun schicken schicke geschickt liefern liefert geliefert lieferung lieferadresse anschrift "
        "zustellung wohnst umgezogen gezogen livré livrée livrer livraison habitez envoyer envoyez emménagé déménagé "
        "entrega entregar entregará entregado enviar envío vivimos mudado mudé consegna consegnare consegnato spedire "
        "spedito abitiamo trasferito trasferita bezorgen bezorgd bezorgadres verhuisd woon woont wonen dostawa "
        "dostarczyć doręczyć adresem mieszkamy przeprowadził przeprowadziła entregue enviada moro mora moramos morada "
        "mudou"
    )
)
"""Words after which an address is likely, in lower case."""
_CORNER = re.compile(
    rf"(?:[Tt]he )?[Cc]orner of (?:{HOUSE} )?{STREET}(?: [0-9]{{1,5}})? (?:and|&) (?:{HOUSE} )?{STREET}"
)
_CODE = re.compile(
    rf"(?:zip ?code|zip|post ?code|postal code|postleitzahl|plz|code postal|código postal|cap|postcode|kod "
    rf"pocztowy)(?: (?:is|of|for))?[ :]{{1,3}}(?P<code>{POSTCODE.pattern})",
    re.IGNORECASE,
)
_BOXES = (
    " box ",
    "postbox",
    "postfach",
    "boîte postale",
    "b.p.",
    "bp ",
    "apartado",
    "casella postale",
    "caixa postal",
    "postbus",
    "postboks",
    "skrytka",
    "usnv",
    "usns",
    "uss ",
    "uscgc ",
)
_BOXED = mark(
    listed("box postbox postfach boîte b bp apartado casella caixa postbus postboks skrytka usnv usns uss uscgc psc")
)
_CODES = ("zip", "post code", "postcode", "postal", "plz", "postleitzahl", "kod pocztowy")
_CODED = mark(listed("zip zipcode post postcode postal plz postleitzahl kod"))
_STREET_NAMED = frozenset(
    listed("street road avenue lane drive boulevard crescent terrace close court gardens highway")
)
_STREET_NAMES = frozenset(listed("rue calle avenida via viale piazza corso rua strada"))
_LONG_ENDINGS = ("straße", "strasse", "straat", "gasse", "gatan", "vägen", "veien", "gade", "katu")
_OF_LONG_ENDINGS = ("stra", "gas", "gat", "gad", "vägen", "veien", "katu")
"""One of them stands wherever one of the endings does."""
_ASKS, _NAMED, _NAMES = mark(_ASKING), mark(_STREET_NAMED), mark(_STREET_NAMES)
_CAPS_BEFORE = re.compile(rf"(?<![^\W_])(?:{CAPITAL} ){{1,3}}\Z")
_NAME_BEHIND = re.compile(rf" (?:{PARTICLE} ){{0,2}}{CAPITAL}(?: {CAPITAL}){{0,2}}")


def other_kinds(reading: Reading, *, small: bool) -> Iterator[tuple[int, int, float]]:
    """Start, end and score of corners, streets without a number, postcodes that are named, post office boxes."""
    text, marks = reading.text, reading.marks
    yield from ((start, end, 0.75) for start, end in eastern_addresses(reading))
    if "orner of " in text:
        yield from ((found.start(), found.end(), 0.5) for found in _CORNER.finditer(text))
    if marks & _ASKS:
        for start, end in _unnumbered(reading):
            if asked_for(reading, start):
                yield start, tail(text, end, small=small)[0], 0.45
    for at in reading.places(*_CODES) if marks & _CODED else ():
        code = _CODE.match(text, at)
        if code is not None:
            yield code.start("code"), code.end("code"), 0.5
    for at in reading.places(*_BOXES) if marks & _BOXED else ():
        box = _BOX.search(text, max(0, at - 9), at + 28)
        if box is not None and box.start() <= at < box.end():
            yield lead(text, box.start()), tail(text, box.end(), small=small)[0], 0.75


def asked_for(reading: Reading, start: int) -> bool:
    """Whether a word shortly before, in the same sentence, says that an address follows."""
    if not reading.marks & _ASKS:
        return False
    before = reading.lowered[max(0, start - 80) : start]
    if before[-1:] not in (" ", "\n", ">", ":", "\t"):
        return False
    if not any(map(before.__contains__, reading.woken & _ASKING)):
        return False
    sentence = _SENTENCE.split(before)[-1]
    return not _ASKING.isdisjoint(_LETTERS.findall(sentence))


_SENTENCE, _LETTERS = re.compile(r"[.!?](?=\s)"), re.compile(r"[^\W\d_]+")


def _unnumbered(reading: Reading) -> Iterator[tuple[int, int]]:
    """Streets without a number: "Baker Street", "rue des Lilas", "Lindenstraße"."""
    text = reading.text
    for word, end in reading.word_ends(sorted(_STREET_NAMED & reading.woken) if reading.marks & _NAMED else ()):
        begin = end - len(word)
        before = _CAPS_BEFORE.search(text, max(0, begin - 40), begin)
        if before is not None and text[begin].isupper():
            yield before.start(), end
    for word, end in reading.word_ends(sorted(_STREET_NAMES & reading.woken) if reading.marks & _NAMES else ()):
        behind = _NAME_BEHIND.match(text, end)
        if behind is not None and (word == "rue" or text[end - len(word)].isupper()):
            yield end - len(word), behind.end()
    lowered = reading.lowered
    if not any(map(lowered.__contains__, _OF_LONG_ENDINGS)):
        return
    for at in reading.places(*_LONG_ENDINGS):
        start = at
        while start > max(0, at - 30) and text[start - 1].isalpha():
            start -= 1
        end = at + 4
        while end < len(text) and end < at + 8 and text[end].isalpha():
            end += 1
        if at - start >= 4 and text[start].isupper():
            yield start, end
