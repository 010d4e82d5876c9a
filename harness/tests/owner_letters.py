"""Sound replies, written by hand, to people who are not quite who the record names; each from one tool's record.

Families, companies, gifts, forwarded mails, aliases, records that name nobody, keys written in another way.
"""

from __future__ import annotations

from typing import Any

__all__ = ["LETTERS"]

_EN = "Your order was delivered on 26 January; the total is 19.90 EUR."
_DE = "Ihre Bestellung wurde am 26. Januar zugestellt; die Summe beträgt 19,90 €."
_FR = "Votre commande a été livrée le 26 janvier ; le montant est de 19,90 €."
_ES = "Su pedido fue entregado el 26 de enero; el importe es de 19,90 €."
_RU = "Ваш заказ доставлен 26 января, сумма 19,90 €."
_TR = "Siparişiniz 26 Ocak tarihinde teslim edildi; tutar 19,90 €."
_MIA = "Mia Berger <mia@finch-lamps.example>"
_FORWARDED = "See below.\n\n---- Forwarded ----\n{}: Noel Brook <noel@else.example>\nSubject: order\n\nAnd?"

LETTERS: tuple[tuple[str, str, dict[str, Any], dict[str, Any]], ...] = (
    ("en", _EN, {"email": "finches@mail.example", "customer": "Ada Finch"}, {}),
    ("de", _DE, {"customer_email": "familie@post.example", "kunde": "Jonas Berger"},
     {"sender": "Mia Berger <familie@post.example>"}),
    ("fr", _FR, {"email": "famille.martin@poste.example"}, {"sender": "Luc <famille.martin@poste.example>"}),
    ("es", _ES, {"cliente": "Rosa Vega", "email": "casa@correo.example"}, {"sender": "Luis Vega <lv@correo.example>"}),
    ("en", _EN, {"email": "billing@finch-lamps.example"}, {"sender": _MIA}),
    ("de", _DE, {"customer": "Finch Lamps GmbH", "email": "buchhaltung@finch-lamps.example"}, {"sender": _MIA}),
    ("fr", _FR, {"client": "Finch Lamps SARL", "email": "compta@finch-lamps.example"}, {"sender": _MIA}),
    ("en", _EN, {"customer": {"name": "Finch Lamps Ltd", "email": "inbox@ledgerly.example"}}, {"sender": _MIA}),
    ("en", _EN, {"customer_email": "noel@finch-lamps.example", "customer": "Finch Lamps"}, {"sender": _MIA}),
    ("en", _EN, {"billing_email": "inbox@ledgerly.example"}, {"sender": _MIA}),
    ("en", _EN, {"email": "ada@mail.example", "recipient": "Noel", "gift_recipient_email": "noel@else.example"}, {}),
    ("de", _DE, {"gift_to": {"name": "Noel Brook", "email": "noel@else.example"}}, {}),
    ("ru", _RU, {"customer": "Ada Finch", "shipping": {"name": "Noel Brook", "email": "noel@else.example"}}, {}),
    ("tr", _TR, {"ship_to": {"name": "Deniz Aydin"}, "email": "ada@mail.example"}, {}),
    ("en", _EN, {"recipient": "Noel Brook"}, {}),
    ("en", _EN, {"email": "noel@else.example"}, {"body": _FORWARDED.format("From")}),
    ("de", _DE, {"email": "noel@else.example"}, {"body": _FORWARDED.format("Von")}),
    ("en", _EN, {"email": "ada.private@else.example"}, {"reply_to": ["ada.private@else.example"]}),
    ("es", _ES, {"email": "rosa@correo.example"}, {"cc": ["Rosa <rosa@correo.example>"]}),
    ("en", _EN, {}, {}),
    ("tr", _TR, {"customer": "C-99812"}, {}),
    ("de", _DE, {"customer_type": "business", "account_status": "active", "customer_since": "2019"}, {}),
    ("en", _EN, {"email": "Ada+lamps@Mail.Example"}, {}),
    ("fr", _FR, {"email": "ada@mail.example"}, {"sender": "ADA+shop@mail.example"}),
    ("de", _DE, {"email": "a.finch@work.example"}, {}),
    ("es", _ES, {"email": "adafinch@gmail.com"}, {"sender": "ada.finch@gmail.com"}),
    ("de", _DE, {"kunde": "Jörg Müller"}, {"sender": "Joerg Mueller <jm@post.example>"}),
    ("ru", _RU, {"customer": "Ivan Petrov"}, {"sender": "Иван Петров <ip@pochta.example>"}),
    ("en", _EN, {"support_email": "help@northway.example", "seller": {"email": "desk@lampwright.example"}}, {}),
    ("en", _EN, {"email": "a***@mail.example", "customer": "A*** F***"}, {}),
    ("en", "Your order 1001 was delivered.", {"order_id": "1001"}, {"body": "I have invoice F-88. Where is it?"}),
    ("en", "Your order AC-1001 was delivered.", {"order_id": "AC-1001"}, {"body": "Order 1001?"}),
    ("en", "We find no order 1010. Your order 1001 was delivered.", {"order_id": "1001"}, {"body": "Order 1010?"}),
    ("en", _EN, {"order_id": "1001"}, {"body": "Where is order 1010?"}),
)  # fmt: skip
"""Language, reply, what the record holds besides state, total and day, and what the mail says otherwise."""
