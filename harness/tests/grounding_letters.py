"""Sound replies written by hand, in five languages and in shapes that no generator here makes.

Each is right by its records: whoever calls one of them wrong raises a false alarm. LETTERS were written before the
judge was made to read them, FRESH after that, and nothing was changed for them.
"""

from __future__ import annotations

from typing import Any

from sluicegate.grounding import Source
from sluicegate.grounding.owners import Party

__all__ = ["ADA", "FRESH", "LETTERS", "evidence_of"]

ADA = Party(email="ada@mail.example", name="Ada Finch")
FIRST: dict[str, Any] = {
    "order_id": "41001", "status": "packed", "total": "62.57 EUR", "due": "2026-02-03", "ordered": "2026-01-20",
    "item": "desk lamp", "customer": "Ada Finch", "email": "ada@mail.example",
}  # fmt: skip
SECOND: dict[str, Any] = {
    "order_id": "41008", "status": "delivered", "total": "19.90 EUR", "due": "2026-01-26", "ordered": "2026-01-12",
    "item": "oak stool", "customer": "Ada Finch", "email": "ada@mail.example",
}  # fmt: skip
BOTH = (FIRST, SECOND)
_QUOTING = """Order 41001 is packed.

On 28 January 2026 Ada Finch wrote:
> order 41001 was delivered on 9 February
> and cost 99 EUR"""
ASKED = "Hello, what about my orders 41001 and 41008? You charged me 99 EUR and promised 9 February."


def with_(**more: Any) -> tuple[dict[str, Any], ...]:
    """The first order with other fields."""
    return ({**FIRST, **more},)


LETTERS: tuple[tuple[str, str, tuple[dict[str, Any], ...]], ...] = (
    ("en", "Order 41001 is packed; the other one, delivered on 26 January, cost 19.90 EUR.", BOTH),
    ("en", "Together with 41008, order 41001 brings you to 82.47 EUR this month.", BOTH),
    ("en", "I am sorry that order 41001 was delivered damaged, as your photo shows; a new one is packed.", BOTH),
    ("en", "Neither of the two was cancelled: 41001 is packed and 41008 was delivered.", BOTH),
    ("en", "You mention 99 EUR for order 41001. Our books say 62.57 EUR, so we owe you 36.43 EUR.", BOTH),
    ("en", "Order 41001 is packed. It left the bench on 26 January, the day your stool arrived.", BOTH),
    ("en", "A quarter of 62.57 EUR, that is 15.64 EUR, is what we give back for the scratch on order 41001.", (FIRST,)),
    ("en", _QUOTING, BOTH),
    ("de", "Ihre Bestellung 41001 ist gepackt; die andere wurde am 26. Januar zugestellt und kostete 19,90 €.", BOTH),
    ("de", "Weder 41001 noch 41008 wurde storniert.", BOTH),
    ("de", "Für die Bestellung 41001 zahlen Sie 62,57 €, davon 9,99 € Mehrwertsteuer, netto also 52,58 €.", (FIRST,)),
    ("de", "Beide Bestellungen, 41001 und 41008, machen zusammen 82,47 € aus.", BOTH),
    ("de", "Von den 62,57 € der Bestellung 41001 haben wir 20,00 € erstattet, es bleiben 42,57 €.",
     with_(status="partially_refunded", refund="20.00 EUR")),
    ("de", "Die Bestellung 41001 wurde am 30. Januar beim Nachbarn abgegeben und damit zugestellt.",
     with_(status="completed", completed_at="2026-01-30T16:20:00Z")),
    ("de", "Die Lampe (39,90 €) und der Schirm (22,67 €) der Bestellung 41001 sind gepackt.",
     with_(items=[{"name": "Lampe", "price": "39.90 EUR"}, {"name": "Schirm", "price": "22.67 EUR"}])),
    ("de", "Laut Ihrer Nachricht wurde 41001 schon geliefert; bei uns steht: gepackt.", BOTH),
    ("fr", "Votre commande 41001 est emballée ; l'autre, livrée le 26 janvier, a coûté 19,90 €.", BOTH),
    ("fr", "Ni la commande 41001 ni la commande 41008 n'ont été annulées.", BOTH),
    ("fr", "La commande 41001 revient à 62,57 €, soit 52,58 € hors taxe et 9,99 € de TVA.", (FIRST,)),
    ("fr", "Les deux commandes 41001 et 41008 font ensemble 82,47 €.", BOTH),
    ("fr", "Pour la commande 41001, 2 lampes à 20,00 € l'unité, soit 40,00 €.",
     with_(total="40.00 EUR", items=[{"name": "lampe", "price": "20.00 EUR", "quantity": 2}])),
    ("fr", "Votre commande 41001 a été livrée en partie : la lampe est arrivée, l'abat-jour suit.",
     with_(status="partially_delivered", items=[{"name": "lampe"}, {"name": "abat-jour"}])),
    ("fr", "Vous parlez du 9 février pour la commande 41001 ; nous prévoyons le 3 février.", BOTH),
    ("fr", "La commande 41001 coûte 62,57 € ; avec la remise de 10 % elle vous reviendra à 56,31 €.",
     with_(discount="10 %")),
    ("es", "Su pedido 41001 está embalado; el otro, entregado el 26 de enero, costó 19,90 €.", BOTH),
    ("es", "Ni el pedido 41001 ni el 41008 han sido cancelados.", BOTH),
    ("es", "El pedido 41001 cuesta 62,57 €, es decir, 52,58 € más 9,99 € de IVA.", (FIRST,)),
    ("es", "Los dos pedidos, 41001 y 41008, suman 82,47 €.", BOTH),
    ("es", "Sentimos que el pedido 41001 no haya sido entregado el 26 de enero como esperaba.", BOTH),
    ("es", "Le devolvimos 20,00 € de los 62,57 € del pedido 41001.",
     with_(status="refund_partial", refunded_amount="20.00 EUR")),
    ("es", "El pedido 41001 llegará entre el 2 y el 5 de febrero.", with_(due_from="2026-02-02", due_to="2026-02-05")),
    ("es", "El pedido 41001 cuesta 62,57 €.", with_(total={"amount": 6257, "currency": "EUR"})),
    ("ru", "Ваш заказ 41001 упакован, а другой доставлен 26 января и стоил 19,90 €.", BOTH),
    ("ru", "Ни заказ 41001, ни заказ 41008 не отменён.", BOTH),
    ("ru", "Заказ 41001 стоит 62,57 €: 52,58 € и НДС 9,99 €.", (FIRST,)),
    ("ru", "Вместе заказы 41001 и 41008 стоят 82,47 €.", BOTH),
    ("ru", "Заказ 41001 частично возвращён: вернули 20,00 € из 62,57 €.",
     with_(status="partially refunded", refund="20.00 EUR")),
    ("ru", "Вы пишете, что заказ 41001 доставлен и стоит 99 €; у нас он упакован.", BOTH),
    ("ru", "Заказ 41001 доставлен.", with_(status="done")),
    ("ru", "Лампа из заказа 41001 отправлена, абажур ждёт на складе.",
     with_(status="partially_shipped", items=[
         {"name": "лампа", "status": "shipped"}, {"name": "абажур", "status": "backordered"}])),
)  # fmt: skip
"""Language, reply, and the records it is made from."""

PARCELS = with_(
    status="shipped", shipments=[
        {"parcel": "P-771", "carrier": "Northway", "status": "delivered", "weight": "2.4 kg", "eta": "2026-01-27"},
        {"parcel": "P-772", "carrier": "Swiftgo", "status": "in transit", "weight": "1.1 kg", "eta": "2026-02-02"},
    ],
)  # fmt: skip
PLAN = with_(
    total="360.00 EUR", monthly="30.00 EUR", instalments=12, paid_so_far="90.00 EUR", next_payment="2026-02-15"
)
EXCHANGED = with_(item="oak stool", replaced_item="desk lamp", status="packed", previous_total="49.90 EUR")

FRESH: tuple[tuple[str, str, tuple[dict[str, Any], ...]], ...] = (
    ("en", "Parcel P-771 of order 41001 arrived on 27 January; P-772 should be with you on 2 February.", PARCELS),
    ("en", "Altogether 3.5 kg left us for order 41001, 2.4 kg of which you already have.", PARCELS),
    ("en", "You pay 12 times 30.00 EUR for order 41001, 360.00 EUR overall, and 270.00 EUR are still open.", PLAN),
    ("en", "Order 41001 used to be 49.90 EUR with the lamp; with the stool it is 62.57 EUR.", EXCHANGED),
    ("en", "Had order 41001 been delivered by 9 February as you hoped, there would be no refund of 5 EUR.", BOTH),
    ("en", "It is order 41008, not 41001, that was delivered on 26 January.", BOTH),
    ("en", "Since 41008 cost 19.90 EUR and 41001 cost 62.57 EUR, you are 17.53 EUR short of the 100 EUR bonus.", BOTH),
    ("en", "Order 41001: due 3 February (was: 30 January).", BOTH),
    ("de", "Paket P-771 zu 41001 ist seit dem 27. Januar da, P-772 ist noch unterwegs.", PARCELS),
    ("de", "Von 360,00 € für 41001 sind 90,00 € bezahlt, die nächsten 30,00 € sind am 15. Februar fällig.", PLAN),
    ("de", "Nicht 41001, sondern 41008 wurde geliefert.", BOTH),
    ("de", "Die Bestellung 41001 sollte ursprünglich am 30. Januar kommen, nun wird es der 3. Februar.", BOTH),
    ("de", "Sobald 41001 geliefert ist, haben Sie 14 Tage Zeit, also etwa bis zum 17. Februar.", BOTH),
    ("de", "Ihre beiden Bestellungen kosten im Schnitt 41,24 €.", BOTH),
    ("de", "Für 41001 schreiben wir Ihnen 5 % gut, das sind 3,13 €.", BOTH),
    ("de", "41001 geht an Sie, 41008 hat Ihre Nachbarin am 26. Januar angenommen.", BOTH),
    ("fr", "Le colis P-771 de la commande 41001 est livré, le colis P-772 arrive le 2 février.", PARCELS),
    ("fr", "Il reste 270,00 € à régler pour la commande 41001, soit neuf mensualités de 30,00 €.", PLAN),
    ("fr", "Ce n'est pas la commande 41001 mais la 41008 qui a été livrée.", BOTH),
    ("fr", "La commande 41001, prévue d'abord le 30 janvier, arrivera le 3 février.", BOTH),
    ("fr", "Aucune de vos commandes, ni 41001 ni 41008, n'a été remboursée.", BOTH),
    ("fr", "Si la commande 41001 n'est pas livrée le 9 février, nous vous offrons 10 €.", BOTH),
    ("fr", "La commande 41001 coûte 42,67 € de plus que la commande 41008.", BOTH),
    ("fr", "Vous pensiez payer 99 € pour 41001 : c'est 62,57 €.", BOTH),
    ("es", "El paquete P-771 del pedido 41001 llegó el 27 de enero; el P-772 llegará el 2 de febrero.", PARCELS),
    ("es", "Quedan por pagar 270,00 € del pedido 41001, nueve cuotas de 30,00 €.", PLAN),
    ("es", "No es el pedido 41001 sino el 41008 el que fue entregado.", BOTH),
    ("es", "El pedido 41001 cuesta 42,67 € más que el 41008.", BOTH),
    ("es", "El pedido 41001 estaba previsto para el 30 de enero y ahora llegará el 3 de febrero.", BOTH),
    ("es", "Le abonamos 5,00 € por el retraso del pedido 41001; en total pagará 57,57 €.", BOTH),
    ("es", "Ambos pedidos, 41001 y 41008, suman 82,47 € y solo 41008 fue entregado.", BOTH),
    ("es", "Si devuelve el pedido 41001 antes del 17 de febrero, le devolvemos los 62,57 €.", BOTH),
    ("ru", "Посылка P-771 по заказу 41001 доставлена 27 января, посылка P-772 ещё в пути.", PARCELS),
    ("ru", "По заказу 41001 осталось заплатить 270,00 €, девять платежей по 30,00 €.", PLAN),
    ("ru", "Доставлен не заказ 41001, а заказ 41008.", BOTH),
    ("ru", "Заказ 41001 дороже заказа 41008 на 42,67 €.", BOTH),
    ("ru", "Заказ 41001 должен был прийти 30 января, теперь ждём его 3 февраля.", BOTH),
    ("ru", "Когда заказ 41001 будет доставлен, у вас будет время до 17 февраля.", BOTH),
    ("ru", "Если бы заказ 41001 стоил 99 €, доставка была бы бесплатной.", BOTH),
    ("ru", "Заказ 41008 доставлен 26 января, а 41001 пока упакован и придёт 3 февраля.", BOTH),
)  # fmt: skip


def evidence_of(records: tuple[dict[str, Any], ...]) -> list[Source]:
    """The records as a tool gave them, and what was asked."""
    return [
        *(Source(path=f"order[{at}]", value=record) for at, record in enumerate(records)),
        Source(path="mail", value=ASKED, request=True),
    ]
