"""States of orders, parcels and payments: the words for each in six languages, and which of them imply others."""

from __future__ import annotations

import re
from collections.abc import Iterator

from sluicegate.frozen import frozen
from sluicegate.grounding.phrases import phrases_in
from sluicegate.grounding.places import Places, folded, matches_at
from sluicegate.grounding.wording import words

__all__ = [
    "Said",
    "agrees",
    "denies",
    "is_known",
    "is_loose",
    "is_weak",
    "may_name",
    "of_payment",
    "said_in",
    "state_of",
]

_FORMS: dict[str, str] = {
    "processing": "being processed|in processing|processing|in progress|being prepared|in bearbeitung|wird "
    "bearbeitet|bearbeitet"
    "|en cours de traitement|en préparation|en proceso|en preparación|обрабатывается|в обработке|hazırlanıyor|"
    "işleniyor|confirmed|bestätigt",
    "packed": "packed|packaged|ready to ship|ready for dispatch|verpackt|gepackt|versandbereit|emballée?|preparée?|"
    "empaquetad[oa]|embalad[oa]"
    "|упакован[аоы]?|собран[аоы]?|paketlendi",
    "shipped": "shipped|dispatched|sent out|on its way|on the way|handed to the carrier|left our warehouse|versandt|"
    "verschickt|versendet"
    "|abgeschickt|unterwegs|expédiée?s?|envoyée?s?|enviad[oa]s?|despachad[oa]|в пути|отправлен[аоы]?|отгружен[аоы]?|"
    "kargoya verildi"
    "|gönderildi|yola çıktı|yolda",
    "in transit": "in transit|in the carrier's network|im transport|auf dem transportweg|en transit|en tránsito|в "
    "доставке|taşınıyor",
    "out for delivery": "out for delivery|with the courier today|in zustellung|en cours de livraison|en reparto|"
    "передан[ао]? курьеру"
    "|dağıtımda|dağıtıma çıktı",
    "delivered": "delivered|handed over to you|zugestellt|geliefert|ausgeliefert|livrée?s?|entregad[oa]s?"
    "|доставлен[аоы]?|вручен[аоы]?|teslim edildi",
    "awaiting stock": "awaiting stock|out of stock|back-?ordered|on back-?order|waiting for stock|nicht vorrätig|"
    "nicht auf lager"
    "|rupture de stock|en attente de stock|agotad[oa]|sin existencias|нет в наличии|stokta yok|stok bekleniyor",
    "awaiting payment": "awaiting payment|unpaid|not paid|payment is pending|unbezahlt|zahlung offen|impayée?|en "
    "attente de paiement"
    "|pendiente de pago|impagad[oa]|не оплачен[аоы]?|ожидает оплаты|ödenmedi|ödeme bekliyor",
    "paid": "paid|bezahlt|payée?s?|réglée?s?|pagad[oa]s?|оплачен[аоы]?|ödendi",
    "cancelled": "cancell?ed|storniert|annullée?s?|annulée?s?|cancelad[oa]s?|anulad[oa]s?|отмен[её]н[аоы]?|iptal "
    "edildi",
    "refunded": "refunded|reimbursed|erstattet|zurückerstattet|remboursée?s?|reembolsad[oa]s?|возвращены деньги|"
    "деньги возвращены"
    "|iade edildi|para iadesi yapıldı",
    "returned": "returned to us|been returned|was returned|returned|retourniert|zurückgesandt|retournée?s?|"
    "devuelt[oa]s?|возвращ[её]н[аоы]?",
    "delayed": "delayed|late|verspätet|verzögert|retardée?s?|en retard|retrasad[oa]s?|задержан[аоы]?|задерживается|"
    "gecikti|gecikmeli",
    "lost": "lost|verloren gegangen|verloren|perdue?s?|perdid[oa]s?|extraviad[oa]s?|потерян[аоы]?|утерян[аоы]?|"
    "kayıp|kayboldu",
    "on hold": "on hold|angehalten|zurückgehalten|en espera|suspendue?s?|приостановлен[аоы]?|beklemede",
}  # fmt: skip
_MEANT_BY = {
    "completed complete done closed finished fulfilled resolved abgeschlossen erledigt terminé terminée clôturé "
    "finalizado completado завершён завершен выполнен tamamlandı": frozenset(
        {"processing", "packed", "shipped", "in transit", "out for delivery", "delivered", "paid"}
    ),
    "open pending active new received accepted created placed offen neu": frozenset(
        {"processing", "packed", "awaiting payment"}
    ),
    "shp shpd": frozenset({"shipped"}), "dlv dlvd": frozenset({"delivered"}), "pck pkd": frozenset({"packed"}),
    "can canc cxl": frozenset({"cancelled"}), "rfd": frozenset({"refunded"}), "rtn": frozenset({"returned"}),
    "trn": frozenset({"in transit"}), "ofd": frozenset({"out for delivery"}), "prc": frozenset({"processing"}),
    "backorder": frozenset({"awaiting stock"}),
}  # fmt: skip
"""Words of back ends that may stand for one state or another: they support, and contradict nothing."""
_MAY_BE = {word: states for words, states in _MEANT_BY.items() for word in words.split()}
_PARTLY = re.compile(
    r"\b(?:partial(?:ly)?|partly|in part|teilweise|partiellement|en partie|parcial(?:mente)?|en parte|частично"
    r"|kısmen)\b",
    re.IGNORECASE,
)
_STANDING = words(
    "active confirmed scheduled booked enabled running aktiv bestätigt gebucht actif confirmé confirmée activo activa "
    "confirmado confirmada активна активен подтверждён подтвержден подтверждена aktif onaylandı"
)
"""States of a subscription, a booking, an appointment that stands."""
_STAGES = ("processing", "packed", "shipped", "in transit", "out for delivery", "delivered")
_BESIDE = frozenset({"delayed", "paid", "awaiting payment", "on hold"})
"""States that stand beside the way of a parcel instead of on it."""

_PAYMENT = frozenset({"paid", "awaiting payment", "refunded"})
_WEAK = frozenset({"processing", "delayed", "lost", "returned", "on hold", "paid"})
_OTHER_THINGS = re.compile(
    r"\b(?:e-?mails?|mails?|messages?|letters?|links?|invoices?|receipts?|confirmations?|replacement|nachricht|brief"
    r"|rechnung|bestätigung|ersatz"
    r"|courriels?|facture|confirmation|lien|correos?|mensajes?|factura|enlace|confirmación|письм\w+|сообщени\w+|"
    r"сч[её]т\w*|ссылк\w+"
    r"|e-posta\w*|mesaj\w*|fatura\w*|bağlantı\w*)\b",
    re.IGNORECASE,
)
"""What is sent and delivered too, and is no parcel."""
_ANY = re.compile(
    "|".join(
        f"(?P<s{n}>(?<!\\w)(?:{'|'.join(sorted(forms.split('|'), key=len, reverse=True))})(?!\\w))"
        for n, forms in enumerate(_FORMS.values())
    ),
    re.IGNORECASE,
)
_NAMES = tuple(_FORMS)


def _written(form: str) -> Iterator[str]:
    """What a form stands for: its letters that may be left out, and those of several, written out."""
    if (found := re.search(r"\[(\w+)\](\??)|(\w|-)\?", form)) is None:
        yield form
        return
    for letter in (*(found[1] or found[3]), *([""] if found[3] or found[2] else [])):
        yield from _written(form[: found.start()] + letter + form[found.end() :])


_WORDS = [
    re.findall(r"\w+", folded(said))
    for forms in _FORMS.values()
    for form in forms.split("|")
    for said in _written(form)
]
_FIRST = frozenset(found[0] for found in _WORDS)
"""The first word of each form."""
_TELLING = frozenset(max(found, key=len) for found in _WORDS)
"""The longest word of each form: where none of them stands, no state is named."""
_NOT = re.compile(
    r"\b(?:not|n[o']t|never|no|cannot|nicht|noch nicht|kein\w*|nie|ne|pas|jamais|nunca|не|ещё не|еще не|değil|"
    r"henüz)\b(?:\W+\w+){0,3}\W*$"
    r"|n['’]t(?:\W+\w+){0,3}\W*$|\bn['’](?:\w+\W+){1,3}$"
    r"|\b(?:neither|nor|none of|weder|ni|aucune?|ninguno|ninguna|ни|hiçbiri)\b",
    re.IGNORECASE,
)
_CLAUSE = re.compile(r"[,;:]|\bbut\b|\baber\b|\bmais\b|\bpero\b|\bно\b|\bama\b")
_AFTER_NOT = re.compile(r"^\W*(?:değil|yet to)", re.IGNORECASE)
_NOT_NOW = re.compile(
    r"\b(?:will|would|shall|can(?! (?:confirm|tell|see|say|inform|assure))|could|may|might|must|should|to be|be|if|"
    r"once|when|as soon as|whether|until|before|after|unless|please|soon|going to"
    r"|wird|werden|würde|kann|könn\w+|soll\w*|muss|müssen|wenn|falls|sobald|ob|bis|bevor|nachdem|demnächst|bald"
    r"|sera|serait|seront|peut|doit|si|dès que|quand|lorsque|une fois|avant|après|bientôt"
    r"|será|serán|sería|puede|debe|cuando|en cuanto|una vez|antes|después|pronto"
    r"|будет|будут|если|когда|как только|пока|после|до того|может|должен|должна|скоро"
    r"|eğer|olursa|edilirse|edilince|edildiğinde|sonra|önce|yakında|olacak)\b",
    re.IGNORECASE,
)


@frozen
class Said:
    """A state named in a text."""

    start: int
    end: int
    state: str
    negated: bool = False
    asserted: bool = True
    """Not under `will`, `if`, `once`, and not asked."""


def state_of(value: str) -> str:
    """The state a field's value names: `SHIPPED`, `in_transit`, `versandt`; else the value itself, folded."""
    said = re.sub(r"[_\-\s]+", " ", value).strip().lower()
    found = _ANY.fullmatch(said)
    return _named(found) if found is not None else said


def is_known(state: str) -> bool:
    """Whether it is one of the states told apart here; any other word for one is compared as it is."""
    return state in _FORMS


def is_loose(state: str) -> bool:
    """Whether it is a back end's word that may stand for several states: `completed`, `open`."""
    return state in _MAY_BE


def denies(said: str, known: str) -> bool:
    """Whether a word that names no state of a parcel is none of the one said: what is active is not cancelled."""
    return said == "cancelled" and known in _STANDING


def is_weak(state: str) -> bool:
    """Whether its words are often said of other things: `lost`, `returned`, `confirmed`."""
    return state in _WEAK


def of_payment(state: str) -> bool:
    """Whether it is a state of the payment and not of the parcel."""
    return state in _PAYMENT


def said_in(text: str, others: tuple[str, ...] = ()) -> Iterator[Said]:
    """Every state a sentence names, and whether it says so, denies it or leaves it open; `others`: a user's own."""
    is_question = text.rstrip().endswith("?")
    places = Places(text)
    for found in matches_at(_ANY, text, places.of(_FIRST)):
        yield _said(text, found.start(), found.end(), _named(found), is_question)
    if others:
        for start, end in phrases_in(places, others):
            yield _said(text, start, end, text[start:end].lower(), is_question)


def may_name(places: Places) -> bool:
    """Whether a text can name a state at all."""
    return not places.known.isdisjoint(_TELLING)


def _said(text: str, start: int, end: int, state: str, is_question: bool) -> Said:
    before, after = text[:start], text[end:]
    clause = _CLAUSE.split(before)[-1]
    negated = _NOT.search(clause) is not None or _AFTER_NOT.match(after) is not None
    hedged = _NOT_NOW.search(re.split(r"[;:]", before)[-1]) is not None or _OTHER_THINGS.search(text) is not None
    return Said(start=start, end=end, state=state, negated=negated, asserted=not (is_question or hedged))


def agrees(said: str, known: str) -> str:  # noqa: PLR0911 - one answer for each rule
    """How the state said goes with the state known: exact | synonym | partly | earlier_stage | beside; else empty."""
    if said == known:
        return "exact"
    if said in _MAY_BE.get(known, ()):
        return "synonym"
    if _PARTLY.search(known) is not None:
        whole = state_of(_PARTLY.sub("", known))
        return "partly" if said == whole or (is_known(whole) and agrees(said, whole)) else ""
    if {said, known} <= {"shipped", "in transit"}:
        return "synonym"
    if said in _STAGES and known in _STAGES:
        return "earlier_stage" if _STAGES.index(said) < _STAGES.index(known) else ""
    if said == "paid" and known in (*_STAGES, "refunded", "returned"):
        return "beside"
    if (said in _STAGES and known == "returned") or (said in _BESIDE) != (known in _BESIDE):
        return "beside"
    if {said, known} <= {"cancelled", "refunded", "returned"}:
        return "beside"
    return ""


def _named(found: re.Match[str]) -> str:
    return _NAMES[int((found.lastgroup or "s0")[1:])]
