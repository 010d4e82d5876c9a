"""How a thing is said: as a rule for everybody, as what somebody else said, denied, or under a label."""

from __future__ import annotations

import re

from sluicegate.grounding.quotes import quotes_in
from sluicegate.grounding.wording import concepts_of, stem, words

__all__ = [
    "closed",
    "has_a_subject",
    "is_general",
    "is_negated",
    "is_of_another",
    "is_reported",
    "is_supposed",
    "label_before",
    "quoted_in",
]

_GENERAL = re.compile(
    r"\b(?:orders are|parcels|customers|returns are|usually|generally|typically|normally|always|standard|every|"
    r"each|any|if|unless|per (?:order|item|parcel|piece|unit|person|customer|night|day|week|month|year|kilo\w*)"
    r"|kunden|normalerweise|üblicherweise|immer|jede[rs]?|wenn|falls(?! (?:due|on|in|within|to|under|below)\b)"
    r"|pro (?:bestellung|artikel|paket|stück|person|kunde|nacht|tag|woche|monat|jahr)"
    r"|clients|généralement|normalement|toujours|chaque|tout|toute|si"
    r"|par (?:commande|article|colis|pièce|personne|client|nuit|jour|semaine|mois|an)"
    r"|clientes|generalmente|normalmente|siempre|cada|todo|toda"
    r"|por (?:pedido|artículo|paquete|pieza|unidad|persona|cliente|noche|día|semana|mes|año)"
    r"|клиенты|обычно|всегда|каждый|каждая|если"
    r"|siparişler|müşteriler|ürünler|genellikle|her (?:zaman|gün|hafta|ay|yıl|sipariş|ürün|müşteri)|eğer"
    r"|\w+(?:m[ae]zs[ae]|[ıiuüae]rs[ae])"
    r"|(?:all|alle|tous|toutes|todos|todas|все|tüm|bütün)"
    r"(?! (?:of )?(?:your|the|its|ihre[nr]?|vos|sus|ваши|siparişiniz\w*|ürünleriniz\w*)\b)"
    r"|(?<!\bof )(?<!\bthe )(?<!\byour )(?<!\d )(?:items|orders)"
    r"|(?<!\bder )(?<!\bihre )(?<!\bihren )(?<!\bihrer )(?<!\bihr )(?<!\d )(?:bestellungen|pakete|artikel)"
    r"|(?<!\bvos )(?<!\d )(?:commandes|articles)|(?<!\bsus )(?<!\d )(?:pedidos|artículos)"
    r"|(?<!\bваши )(?<!\d )(?:заказы|товары))\b",
    re.IGNORECASE,
)
_COURTESY = re.compile(
    r"\b(?:(?:if|should) you (?:have|need|want|would like|wish|require)\b[^.;!?\n]{0,40}?"
    r"\b(?:questions?|help|assistance|anything|concerns?|information|support)|at any time|any time"
    r"|any (?:other |further |more |additional )?(?:questions?|concerns?|queries|issues?)"
    r"|(?:wenn|falls|sollten) sie (?:noch |weitere |irgendwelche )*(?:fragen|hilfe)"
    r"|(?:alle|jede) (?:weiteren? )?fragen?|wenn sie möchten"
    r"|si vous avez (?:d['’]autres |des |la moindre |une )?questions?|si (?:besoin|nécessaire)"
    r"|tout (?:de suite|à fait)|à tout moment|toute (?:autre )?(?:question|demande|information)"
    r"|si (?:usted )?tienen? (?:alguna |más |otra |cualquier )*(?:pregunta|duda)s?|(?:en|sobre|ante) todo"
    r"|если у вас (?:есть |будут |возникнут |остались |ещё |еще |другие |какие-либо )*вопрос\w*"
    r"|soru\w* (?:olursa|varsa)"
    r"|all (?:set|good|done|clear|booked|sorted)|(?:in|at) all)\b"
    r"|(?:\A|(?<=[\d€$£₽₺]))\s(?:each|cada un[oa])\b",
    re.IGNORECASE,
)
"""What is wished at the end of a letter, and a price of each: no condition, and no rule for everybody."""
_REPORTED = re.compile(
    r"\b(?:you (?:were (?:told|promised|quoted|given)|thought|assumed|hoped|wrote|write|said|say|mention\w*|asked|"
    r"told|expected|expect|saw|paid|report\w*|"
    r"describe\w*|quote\w*|speak|believe\w*)"
    r"|(?:according to|as per) your (?:mail|e-?mail|message|letter|note|words|photo)"
    r"|sie (?:schrieben|schreiben|sagten|sagen|erwähnten|erwähnen|fragten|fragen|erwarteten|erwarten|nennen|meinen)"
    r"|(?:laut|nach) ihrer (?:nachricht|e-?mail|mail)|laut ihrem schreiben"
    r"|vous (?:avez écrit|écrivez|mentionnez|demandez|avez dit|dites|parlez|indiquez|attendiez)"
    r"|(?:on|nous) vous (?:avait|avions) (?:dit|annoncé|indiqué|promis)"
    r"|selon (?:vous|votre (?:message|courriel|e-?mail))"
    r"|usted (?:escribió|mencionó|preguntó|menciona|dice|escribe|indica)|según (?:usted|su (?:mensaje|correo))"
    r"|вы (?:написали|пишете|писали|указали|указываете|спросили|упомянули|говорите)"
    r"|(?:по вашим словам|судя по вашему письму)"
    r"|yazdığınız|belirttiğiniz|sorduğunuz)\b",
    re.IGNORECASE,
)
_SUPPOSED = re.compile(
    r"\W*(?:sollten?|hätten?|wären?|should|had|were|si|s['’]il|если|случись)\b[^,;:]*", re.IGNORECASE
)
_ASIDE = re.compile(r"\b(?:as|like|wie|comme|como|как)\s*$", re.IGNORECASE)
_ASKED = re.compile(r"ask|frag|demand|pregunt|спрос|sordu", re.IGNORECASE)
_NOT = re.compile(
    r"\b(?:not|never|no longer|instead of|rather than|n['’]t|nicht|nie|kein\w*|statt|anstatt|ne|pas|jamais|"
    r"au lieu de|no|nunca|en lugar de|не|вместо|değil|yerine)\b|n['’]t\b",
    re.IGNORECASE,
)
_ANOTHER = re.compile(
    r"\b(?:(?:the|your|its|an)?other(?: one| ones| order| parcel)?"
    r"|(?<!\bat )(?<!\bon )the (?:second|latter|former|previous|earlier|last)|"
    r"replacement|a new one"
    r"|vs|versus|compared (?:to|with)|of the two|im vergleich|comparée?s?|frente a|по сравнению"
    r"|andere[nrs]?|zweite[nrs]?|letztere[nrs]?|vorherige[nrs]?|ersatz\w*"
    r"|l['’]autre|autres?|seconde?|deuxième|dernière?|précédente?|remplacement"
    r"|otr[oa]s?|segund[oa]|últim[oa]|anterior|reemplazo|друг\w+|втор\w+|последн\w+|предыдущ\w+|замен\w+"
    r"|diğer\w*|öbür\w*|ikinci\w*|önceki\w*)\b",
    re.IGNORECASE,
)
_BELOW = re.compile(
    r"^[ >]*(?:-{3,} ?\w[^\n]{0,60}-{3,}|_{8,}"
    r"|(?:on|am|le|el|в|вт|пн|ср|чт|пт|сб|вс)\b[^\n]{4,160}"
    r"(?:wrote|schrieb[^\n]{0,60}|a écrit|escribió|пишет|написал[аи]?)\s?:"
    r"|(?:from|von|de|от|kimden|gönderen) ?:[^\n]{1,160}\n[ >]*"
    r"(?:sent|date|to|gesendet|datum|an|envoyé|à|enviado|fecha|para|отправлено|дата|кому|tarih|kime) ?:)",
    re.IGNORECASE | re.MULTILINE,
)
"""Where an earlier mail is quoted below: a line of its own, or the head of that mail."""
_COSTS = re.compile(r"([^\W\d_]+)\s+(?:costs?|kostet|kosten|coûte|coûtent|cuesta|cuestan|стоит|стоят)\b", re.IGNORECASE)
_PRONOUNS = words(
    "it this that which they these he she er sie es das dies diese dieser dieses il elle ils elles cela ça ceci qui "
    "esto eso este esta que и это он она оно они который которая которое"
)
_PART = re.compile(r"[;,:]")
_LABEL = re.compile(r"(?:^|[,;\n(•*-])\s*([^\W\d_][\w ./-]{0,40}?)\s*[:=]\s*[#€$£]?$")


def is_general(sentence: str) -> bool:
    """Whether it speaks of everybody's orders, or under a condition."""
    return _GENERAL.search(_COURTESY.sub(" ", sentence)) is not None


def is_reported(before: str) -> bool:
    """Whether what follows is told as what the reader said.

    `As you asked, …` and `You asked about 41001: …` end where the answer begins.
    """
    said = before.rpartition(";")[2]
    for found in _REPORTED.finditer(said):
        after = said[found.end() :]
        if _ASIDE.search(said, 0, found.start()) is not None:
            over = "," in after
        else:
            over = ":" in after and _ASKED.search(found[0]) is not None
        if not over:
            return True
    return False


def is_supposed(before: str) -> bool:
    """Whether what follows is in the part of a sentence that begins as a condition: `Should it not come by …`."""
    return _SUPPOSED.fullmatch(before) is not None


def is_negated(text: str, start: int, at: int) -> bool:
    """Whether a `not` stands shortly before a place, in the same part of the sentence."""
    return _NOT.search(_PART.split(text[max(start, at - 40) : at])[-1]) is not None


def has_a_subject(text: str, start: int, at: int) -> bool:
    """Whether something is said to cost what follows, by a name that tells no field: `Parking costs 14 EUR`."""
    found = _COSTS.search(text, start, at)
    return found is not None and concepts_of(found[1]) <= {stem(found[1])} and found[1].lower() not in _PRONOUNS


def label_before(text: str, start: int, at: int) -> frozenset[str]:
    """What a label right before a place speaks of: `total: 5`; nothing where none stands there."""
    found = _LABEL.search(text[max(start, at - 60) : at])
    return concepts_of(found[1].strip()) if found is not None else frozenset()


def is_of_another(sentence: str) -> bool:
    """Whether something besides what is named is spoken of: `the other one`, `the replacement`."""
    return _ANOTHER.search(sentence) is not None


def closed(before: str) -> int:
    """Where, in what stands before a place, a bracket ends that was opened earlier: its words are of what it holds."""
    at = before.rfind(")")
    return at + 1 if at >= 0 and before.count("(") < before.count(")") else 0


def quoted_in(text: str) -> list[tuple[int, int]]:
    """What is given as the words of others: quotations, lines behind `>`, and an earlier mail quoted below."""
    spans = list(quotes_in(text))
    if (below := _BELOW.search(text)) is not None:
        spans.append((below.start(), len(text)))
    return spans
