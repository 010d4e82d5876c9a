"""Sound replies written by hand, eight in each of five languages, in shapes that no generator here makes.

Each is right by its records: whoever calls one of them wrong raises a false alarm.
"""

from __future__ import annotations

from typing import Any

from sluicegate.grounding import Source
from sluicegate.grounding.owners import Party

__all__ = ["ADA", "LETTERS", "evidence_of"]

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


def evidence_of(records: tuple[dict[str, Any], ...]) -> list[Source]:
    """The records as a tool gave them, and what was asked."""
    return [
        *(Source(path=f"order[{at}]", value=record) for at, record in enumerate(records)),
        Source(path="mail", value=ASKED, request=True),
    ]
