"""Which words speak of which field, in six languages: `arrives` of a due date, `Summe` of a total.

A field's name is read as words (`shippedAt`: shipped, at),
and words of both sides meet in concepts. What has no concept
here meets by the words of its own name.
"""

from __future__ import annotations

import re
from functools import lru_cache

__all__ = ["concepts_of", "cues_in", "field_words", "stem", "words"]


def words(text: str) -> frozenset[str]:
    """The words of a text, as a set: how word lists are written here."""
    return frozenset(text.split())


_CONCEPTS = {
    "total": "total amount sum gesamt gesamtbetrag gesamtsumme summe betrag rechnungsbetrag montant somme importe "
    "suma сумма итого"
    " стоимость"
    " toplam tutar tutarı tutarın tutarında charged costs cost kostet beträgt coûte cuesta стоит payable paid",
    "price": "price unit_price preis einzelpreis prix precio цена цену fiyat fiyatı costs cost kostet coûte cuesta "
    "стоит each",
    "shipping": "shipping_fee shipping_cost shipping postage freight versandkosten porto versand livraison frais "
    "envío доставка доставки kargo",
    "refund": "refund refunded reimbursement erstattung rückerstattung erstattet erstatten remboursement remboursé "
    "rembourser"
    " reembolso reembolsado reembolsar возврат возвращено iadesi iade",
    "tax": "tax vat mwst mehrwertsteuer steuer umsatzsteuer tva iva ндс kdv",
    "discount": "discount rebate coupon rabatt nachlass remise réduction descuento скидка скидку indirim",
    "balance": "balance credit outstanding guthaben saldo solde crédito баланс остаток bakiye",
    "due": "due fällig fälligkeit échéance vadesi "
    "eta expected arrival arrive arrives arriving estimated deliver_by delivery delivery_date "
    "voraussichtlich erwartet"
    " ankommen ankunft lieferung liefertermin kommt eintreffen zugestellt zustellung arrivera arrivée prévue prévu "
    "livraison livrée livré llegará llegada"
    " entrega prevista previsto entregará прибудет прибытие ожидается придёт придет доставка доставят varış "
    "teslimat ulaşacak gelecek teslim",
    "ordered": "ordered order_date created placed purchased bought bestellt aufgegeben bestelldatum commandée "
    "commandé passée passé commande_date"
    " pedido_fecha realizado comprado заказан заказана оформлен оформили sipariş_tarihi "
    "siparis_tarihi verildi oluşturuldu",
    "shipped": "shipped shipped_at dispatched dispatch ship_date sent left versandt verschickt versendet "
    "versanddatum abgeschickt"
    " expédiée expédié envoyée envoyé enviado enviada despachado отправлен отправлена отправили kargoya gönderildi "
    "çıktı",
    "delivered": "delivered delivered_at arrived handed zugestellt geliefert angekommen livrée livré entregado "
    "entregada доставлен доставлена"
    " вручен teslim_edildi",
    "paid": "paid paid_at payment bezahlt zahlung payée payé paiement pagado pago оплачен оплата ödendi ödeme",
    "return": "return returns return_by returnable rückgabe zurück zurücksenden retour retourner devolución "
    "devolver вернуть возврата"
    " iade iadesi",
    "appointment": "appointment visit slot termin rendez-vous cita визит приём randevu",
    "expires": "expires expiry valid until expiration gültig ablauf läuft expire valable caduca vence válido истекает "
    "действует doluyor geçerli",
    "count": "quantity qty count number pieces pcs items units stück anzahl artikel quantité articles cantidad "
    "artículos unidades"
    " количество штук товаров товара товар adet ürün",
    "weight": "weight weighs gewicht wiegt poids pèse peso pesa вес весит ağırlık ağırlığı",
    "size": "size height width length depth dimensions diameter größe höhe breite länge taille hauteur tamaño "
    "altura размер высота boyut",
    "carrier": "carrier courier shipper via with versanddienst paketdienst spediteur transporteur transportista "
    "перевозчик kargo_firması",
    "tracking": "tracking track tracking_id tracking_number sendungsnummer sendung suivi seguimiento трек "
    "трек-номер отслеживания takip",
    "order": "order order_id order_number bestellung bestellnummer commande pedido заказ заказа sipariş siparişi",
    "invoice": "invoice invoice_id invoice_number rechnung rechnungsnummer facture factura счёт счет fatura",
    "customer": "customer client name kunde cliente клиент müşteri",
    "temperature": "temp temperature temperatures high low warm cold degrees celsius temperatur température "
    "temperatura температура sıcaklık",
    "feels_like": "feels feels_like", "pressure": "pressure druck pression presión давление basınç",
    "humidity": "humidity humid feuchtigkeit humidité humedad влажность nem",
    "speed": "speed winds wind geschwindigkeit vitesse velocidad скорость ветра hız",
    "gust": "gust gusts gusting böen rafales ráfagas порывы",
    "rain": "rain rainfall precipitation regen pluie lluvia дождь осадки yağmur", "snow": "snow snowfall schnee "
    "neige nieve снег kar",
    "clouds": "clouds cloud cloudiness cloudy coverage wolken", "visibility": "visibility sicht",
    "probability": "pop probability chance",
    "departure": "departure departs depart abfahrt abflug départ salida отправление вылет kalkış",
    "seat": "seat sitz sitzplatz platz siège asiento место koltuk place",
    "coach": "coach carriage wagen voiture coche vagón вагон vagon",
    "row": "row reihe rang rangée fila ряд sıra", "room": "room raum zimmer salle sala кабинет oda",
    "platform": "platform gleis quai voie andén платформа peron",
    "night": "night nacht nächte nuit nuits noche noches ночь ночи ночей gece",
    "timezone": "timezone", "sunrise": "sunrise", "sunset": "sunset", "population": "population inhabitants einwohner",
}  # fmt: skip
_BY_WORD: dict[str, frozenset[str]] = {}
for _name, _words in _CONCEPTS.items():
    for _word in _words.split():
        _BY_WORD[_word] = _BY_WORD.get(_word, frozenset()) | {_name}

_WORD = re.compile(r"[^\W\d_]+(?:[-'’][^\W\d_]+)*")
_CAMEL = re.compile(r"(?<=[a-zа-я0-9])(?=[A-ZА-Я])|[^\w]+|_+")
_FILLER = words(
    "at on of the a an in is to by and id no nr date time value number num my our your for was been has have am im um"
)


@lru_cache(maxsize=4096)
def field_words(name: str) -> tuple[str, ...]:
    """A field's name as words in lower case: `shippedAt` is shipped, at."""
    return tuple(word.lower() for word in _CAMEL.split(name) if word)


@lru_cache(maxsize=4096)
def concepts_of(name: str) -> frozenset[str]:
    """What a field of this name is about: known concepts, and its words that carry meaning.

    The last name of `shipment.eta` decides; what stands before it counts where that one says nothing.
    """
    outer, _, leaf = name.rpartition(".")
    words = field_words(leaf)
    if "per" in words[1:]:  # `rate_per_night` is about a rate
        words = words[: words.index("per", 1)]
    known = _BY_WORD.get("_".join(words), frozenset()) or frozenset().union(
        *(_BY_WORD.get(word, frozenset()) for word in words)
    )
    own = known | {stem(word) for word in words if word not in _FILLER}
    return own | concepts_of(outer) if outer and not known else own


def cues_in(text: str) -> list[tuple[int, int, frozenset[str]]]:
    """Words of a text that speak of a field: start, end, and the concepts; a word without one stands for itself."""
    return [(found.start(), found.end(), _cue(found[0])) for found in _WORD.finditer(text)]


@lru_cache(maxsize=16384)
def _cue(word: str) -> frozenset[str]:
    low = word.lower()
    if low in _FILLER:
        return frozenset()
    found = _BY_WORD.get(low)
    return (found | {stem(low)}) if found is not None else frozenset({stem(low)})


def stem(word: str) -> str:
    """An English plural as its singular; all else as it is."""
    low = word.lower()
    if low.endswith("ies") and len(low) > 4:
        return low[:-3] + "y"
    if low.endswith("s") and not low.endswith("ss") and len(low) > 3:
        return low[:-1]
    return low
