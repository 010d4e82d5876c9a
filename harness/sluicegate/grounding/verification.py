"""A reply that asks the customer for what is missing, in six languages."""

from __future__ import annotations

import re

from sluicegate.grounding.sentences import sentences

__all__ = ["asks_to_verify"]

_ASKS = re.compile(
    r"\b(?:please|could you|can you|would you|let us know|kindly|we need|verify|confirm|bitte|könnten sie|benötigen|"
    r"brauchen|bestätigen"
    r"|veuillez|pourriez-vous|merci de|confirmer|vérifier|por favor|podría|indíquenos|confirmar|verificar|пожалуйста"
    r"|могли бы|сообщите|подтвердите"
    r"|lütfen|rica ederiz|misiniz|mısınız|doğrula\w*)\b",
    re.IGNORECASE,
)
_DETAIL = re.compile(
    r"\b(?:(?:order|tracking|customer|invoice|reference|booking) (?:number|no\.?|id)|e-?mail address|details|"
    r"which order|order confirmation"
    r"|(?:bestell|sendungs|kunden|rechnungs|auftrags)nummer|e-mail-adresse|angaben|bestellbestätigung"
    r"|numéro de (?:commande|suivi|client|facture)|adresse (?:e-mail|électronique)|informations"
    r"|número de (?:pedido|seguimiento|cliente|factura)|(?:dirección de )?correo electrónico|datos"
    r"|номер\w* (?:заказ\w*|отправлени\w*|посылк\w*)|(?:адрес\w* )?электронн\w+ почт\w+|данные"
    r"|(?:sipariş|takip|kargo|müşteri) numara\w*|e-posta adres\w*|bilgi\w*)\b",
    re.IGNORECASE,
)


def asks_to_verify(text: str) -> bool:
    """Whether a sentence asks for a number, an address or other details that tell who the customer is."""
    spans = sentences(text)
    return any(_ASKS.search(text, start, end) and _DETAIL.search(text, start, end) for start, end in spans)
