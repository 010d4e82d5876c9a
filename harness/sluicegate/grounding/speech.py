"""How a thing is said: as a rule for everybody, as what somebody else said, denied, or under a label."""

from __future__ import annotations

import re

from sluicegate.grounding.wording import concepts_of

__all__ = ["is_general", "is_negated", "is_reported", "label_before"]

_GENERAL = re.compile(
    r"\b(?:orders|parcels|customers|items|returns are|usually|generally|typically|normally|always|standard|every|"
    r"each|any|all|if|unless|per"
    r"|bestellungen|pakete|kunden|artikel|normalerweise|üblicherweise|immer|jede[rs]?|alle|wenn|falls|pro"
    r"|commandes|clients|articles|généralement|normalement|toujours|chaque|tout|toute|tous|toutes|si|par"
    r"|pedidos|clientes|artículos|generalmente|normalmente|siempre|cada|todo|toda|todos|todas|por"
    r"|заказы|клиенты|товары|обычно|всегда|каждый|каждая|все|если"
    r"|siparişler|müşteriler|ürünler|genellikle|her zaman|her|tüm|bütün|eğer|\w+(?:m[ae]zs[ae]|[ıiuüae]rs[ae]))\b",
    re.IGNORECASE,
)
_REPORTED = re.compile(
    r"\b(?:you (?:wrote|said|mentioned|asked|told|expected|saw|paid|report\w*|describe\w*|quote\w*)"
    r"|sie (?:schrieben|schreiben|sagten|erwähnten|fragten|erwarteten)"
    r"|vous (?:avez écrit|écrivez|mentionnez|demandez|avez dit)"
    r"|usted (?:escribió|mencionó|preguntó)|вы (?:написали|писали|указали|спросили|упомянули)"
    r"|yazdığınız|belirttiğiniz|sorduğunuz)\b",
    re.IGNORECASE,
)
_NOT = re.compile(
    r"\b(?:not|never|no longer|instead of|rather than|n['’]t|nicht|nie|kein\w*|statt|anstatt|ne|pas|jamais|"
    r"au lieu de|no|nunca|en lugar de|не|вместо|değil|yerine)\b|n['’]t\b",
    re.IGNORECASE,
)
_PART = re.compile(r"[;,:]")
_LABEL = re.compile(r"(?:^|[,;\n(•*-])\s*([^\W\d_][\w ./-]{0,40}?)\s*[:=]\s*[#€$£]?$")


def is_general(sentence: str) -> bool:
    """Whether it speaks of everybody's orders, or under a condition."""
    return _GENERAL.search(sentence) is not None


def is_reported(before: str) -> bool:
    """Whether what follows is told as what the reader said."""
    return _REPORTED.search(before) is not None


def is_negated(text: str, start: int, at: int) -> bool:
    """Whether a `not` stands shortly before a place, in the same part of the sentence."""
    return _NOT.search(_PART.split(text[max(start, at - 40) : at])[-1]) is not None


def label_before(text: str, start: int, at: int) -> frozenset[str]:
    """What a label right before a place speaks of: `total: 5`; nothing where none stands there."""
    found = _LABEL.search(text[max(start, at - 60) : at])
    return concepts_of(found[1].strip()) if found is not None else frozenset()
