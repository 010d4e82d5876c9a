"""Which contradicted claims are proven: bound exactly to another record, or to the record of somebody else.

A false alarm takes a good build back, so a proof leaves nothing to be read into it. Another record: the sentence names
one record by its identifier and says one value of its sort; that value stands, exactly, in the same field of another
record and nowhere in its own, in no text and no request; and every word of the sentence is known here, so that none of
them can mean another thing. Another owner: address and name of the record are both somebody else's, and the request
names neither. A value that is nowhere, a state, a count: whatever seems wrong about it, somebody should look.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

from sluicegate.grounding.anchors import Segment
from sluicegate.grounding.claims import Claim, Kind, When
from sluicegate.grounding.facts import Fact, is_identity
from sluicegate.grounding.index import Evidence, Record
from sluicegate.grounding.matching import comparable, equal
from sluicegate.grounding.owners import Party
from sluicegate.grounding.texts import Texts, normal
from sluicegate.grounding.wording import concepts_of, field_words, words

__all__ = ["is_another_owner", "is_another_record"]

_TELLING = frozenset({Kind.MONEY, Kind.DATE, Kind.IDENTIFIER, Kind.EMAIL, Kind.PHONE, Kind.URL})
"""Values that two records share by chance rarely enough; states, counts, shares and names are many records'."""
_DATED = frozenset({Kind.DATE, Kind.TIME})
_SUBJECTS = frozenset({"order", "invoice", "customer", "tracking"})
_PLAIN = words(
    "the your our this that a an is are was were has have had been be being it its of for in on at to by with and as "
    "number no id comes come came amounts amounted totals will should we you us can confirm currently now which "
    "today here please note thank thanks hello dear reach find made put stands runs"
    " die der das den dem des ihre ihr ihrer ihren ihrem sie wir ist sind war hat haben wurde wird am im um für von "
    "vom mit auf bei beim über zu zum zur und nummer sich beläuft beträgt liegt erhalten bestätigen können derzeit "
    "aktuell sollte heute lautet gerade"
    " le la les l de du des d votre vos notre est a été au aux pour et un une numéro s'élève à sera devrait nous vous "
    "avons confirmons confirmer pouvons actuellement laquelle lequel dont par en ce cette aujourd'hui y"
    " el los las del de al su sus ha han sido es está en con y un una número asciende será por que hemos esperamos "
    "podemos confirmar confirmamos actualmente debería nos hoy le lo se"
    " ваш вашего ваша вашему ваше вы мы вас вам и на в во по от за к до составляет составила составит номер был была "
    "было будет сейчас можем подтвердить подтверждаем должен должна сегодня это уже"
    " bir bu ve için ile olan olarak şu an numaralı tarihinde siparişinizin siparişiniz siparişin siparişi sizin "
    "edildi edilecek olacak bugün"
)
"""Words that change nothing about what a value is of."""
_WORD = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)*")
_MARKS = re.compile(r"[\d?%“”„\"«»+±=×*/&~<>]|\s[-–—]\s|n['’]t")
_PARTS = re.compile(
    r"[;,:]|\b(?:and|while|but|und|während|aber|et|mais|y|e|mientras|pero|и|а|но|ve|ise|ama)\b", re.IGNORECASE
)
_OPENING = words(
    "the that this those your our a an one another der die das den dem ein eine einen ihre ihr jene le la les un une "
    "celle celui votre el los las una su lo ваш ваша ваше тот та bu şu"
)
"""Words that something is begun with to be told of."""
_LEAST_SHARED = 3


def is_another_record(text: str, claim: Claim, segment: Segment, evidence: Evidence, texts: Texts) -> bool:
    """Whether a contradicted claim is, beyond what words can mean, the value of another record."""
    if claim.kind not in _TELLING or claim.about or claim.bound or not (segment.explicit and segment.by_id):
        return False
    if isinstance(claim.value, When) and (claim.value.day is None or claim.value.month is None):
        return False
    if len(segment.groups) != 1 or segment.unknown or texts.attests(claim) or texts.in_request(claim):
        return False
    fields = _fields_elsewhere(claim, segment, evidence)
    own = [fact for record in segment.scope for fact in record.facts if fact.field in fields]
    mine = {fact.field for fact in own if not equal(claim, fact)}
    once = {name for name in mine if len({fact.value for fact in own if fact.field == name}) == 1}
    return any(_is_plainly_of(name, text, claim, segment) for name in sorted(once))


def _fields_elsewhere(claim: Claim, segment: Segment, evidence: Evidence) -> set[str]:
    """The fields that hold the value in records like the one spoken of, and not tied to it."""
    reach = {record.number for record in segment.scope}
    named = [record for group in segment.groups for record in group]
    found: set[str] = set()
    for record in evidence.records:
        if record.number in reach or not _is_another(_identified(record, reach), named, segment.scope):
            continue
        for fact in record.facts:
            if fact.kind is claim.kind and comparable(claim, fact) and equal(claim, fact) in ("exact", "date_of_time"):
                found.add(fact.field)
    return found


def _identified(record: Record, reach: set[int]) -> Record | None:
    """The record, or what it belongs to besides what is spoken of, that says which one it is."""
    above: Record | None = record
    while above is not None and above.number not in reach:
        if above.ids:
            return above
        above = above.parent
    return None


def _is_another(other: Record | None, named: Sequence[Record], scope: Sequence[Record]) -> bool:
    """Whether it is a second one of the same kind: an invoice, or what names the order, may speak of the order too."""
    if other is None or not named:
        return False
    alike = all((record.kind, record.id_fields[:1]) == (other.kind, other.id_fields[:1]) for record in named)
    mine = {identity for record in named for identity in record.ids}
    return alike and not _mention([other, *other.children], mine) and not _mention(scope, {*other.ids})


def _mention(records: Iterable[Record], identities: set[str]) -> bool:
    """Whether a fact holds one of the identities: `replaces: 41001`."""
    raws = [fact.raw.casefold() for record in records for fact in record.facts]
    return any(identity in raw for raw in raws for identity in identities)


def _is_plainly_of(field: str, text: str, claim: Claim, segment: Segment) -> bool:
    """Whether the sentence says this field of this record and can say nothing else."""
    start, end = segment.sentence
    own = [item for item in segment.claims if start <= item.start < end]
    if (segment.start, segment.end) != (start, end) and any(mark in text[start:end] for mark in '?"“„«'):
        return False
    alike = [item for item in own if _sort(item) == _sort(claim)]
    named = [item for item in own if item.kind is Kind.IDENTIFIER and item is not claim]
    if len(alike) > 1 + (claim.kind is Kind.IDENTIFIER) or len(named) != 1:
        return False
    if any(item.kind not in (claim.kind, Kind.IDENTIFIER, Kind.STATUS, Kind.MONEY, *_DATED) for item in own):
        return False
    rest = _rest(text, segment.start, segment.end, own)
    meant = concepts_of(field)
    if _MARKS.search(rest) or _may_be_of_another(text, named[0], claim, rest, meant):
        return False
    sorts = {item.kind for item in own if item.kind is not claim.kind}
    beside = [fact.concepts for record in segment.scope for fact in record.facts if fact.kind in sorts]
    others = frozenset().union(*beside)
    told = [word.casefold() for word in _WORD.findall(rest)]
    cued = [concepts_of(word) for word in told if word not in _PLAIN]
    if any(not (concepts & (meant | others) or concepts & _SUBJECTS) for concepts in cued):
        return False
    spoken = any((concepts & meant) - _SUBJECTS for concepts in cued)
    return spoken or is_identity(field) or _is_the_only_one(field, claim, segment)


def _may_be_of_another(text: str, named: Claim, claim: Claim, rest: str, meant: frozenset[str]) -> bool:
    """Whether something else may be begun before the value: `41001 is packed, and your order of 19.90 EUR …`.

    A second word for what records are of, or a part of the sentence that does not say the field and nothing else first.
    """
    told = [concepts_of(word.casefold()) & _SUBJECTS for word in _WORD.findall(rest)]
    if any(sum(subject in said for said in told) > 1 for subject in _SUBJECTS):
        return True
    if claim.end <= named.start:
        return _PARTS.search(text, claim.end, named.start) is not None
    parts = _PARTS.split(text[named.end : claim.start])
    said = [word.casefold() for word in _WORD.findall(parts[-1])]
    spoken = [bool((concepts_of(word) & meant) - _SUBJECTS) for word in said]
    opened = any(word in _OPENING and not after for word, after in zip(said, [*spoken[1:], False], strict=False))
    return len(parts) > 1 and (opened or not any(spoken))


def _is_the_only_one(field: str, claim: Claim, segment: Segment) -> bool:
    """Whether the record has no other field of the claim's sort, which could be meant where no word names one."""
    return {fact.field for record in segment.scope for fact in record.facts if fact.kind is claim.kind} <= {field}


def _rest(text: str, start: int, end: int, claims: Iterable[Claim]) -> str:
    """What stands between the claims."""
    parts, at = [], start
    for claim in sorted(claims, key=lambda item: item.start):
        parts.append(text[at : max(at, claim.start)])
        at = max(at, claim.end)
    return " ".join([*parts, text[at:end]])


def _sort(claim: Claim) -> str:
    return "moment" if claim.kind in _DATED else claim.kind.value


# Owners

_ADDRESS = words("email e mail address customer client user account buyer owner contact kunde cliente müşteri")


def is_another_owner(owners: Sequence[Fact | None], party: Party, segment: Segment, evidence: Evidence) -> bool:
    """Whether address and name of the records spoken of are both another's, and the request names neither."""
    if not party.email or not party.name or any(owner is None for owner in owners):
        return False
    if not (segment.explicit and segment.by_id):
        return False
    facts = [fact for record in segment.scope for fact in record.facts]
    addresses = [
        fact
        for fact in facts
        if fact.kind is Kind.EMAIL and set(field_words(fact.field.rpartition(".")[2])) <= _ADDRESS
    ]
    people = [fact for fact in facts if fact.kind is Kind.NAME and _is_person(fact) and "@" not in fact.raw]
    if not addresses or not people:
        return False
    asked = normal(" ".join(text for _, text in evidence.requests))
    mine = set(_parts(party.email)) | set(_parts(party.name))
    theirs = {part for fact in (*addresses, *people) for part in _parts(str(fact.value))}
    domain = party.email.rpartition("@")[2]
    company = {part for part in _parts(domain) if part in {p for fact in people for p in _parts(str(fact.value))}}
    return not mine & theirs and not company and not any(str(fact.value) in asked for fact in (*addresses, *people))


def _is_person(fact: Fact) -> bool:
    """Whether the field is of whose record it is: customer, or a name below it."""
    return bool(set(field_words(fact.field)) & words("customer client user account buyer owner kunde cliente müşteri"))


def _parts(name: str) -> Iterator[str]:
    """Words of a name, and of what stands before the @ of an address."""
    for part in re.split(r"[\W\d_]+", name.partition("@")[0].casefold()):
        if len(part) >= _LEAST_SHARED:
            yield part
