"""Sentences of reply mails in six languages, for the set that detection is measured on. Those held out tune nothing.

Slots are of the first order (`{order}`, `{total}`) or, with a 2,
of a second one. `{state}` is a predicate: `has shipped`.
"""

from __future__ import annotations

__all__ = ["FILLERS", "GREETINGS", "HELD_OUT", "LABELS", "STATES", "TUNED"]

TUNED: dict[str, tuple[str, ...]] = {
    "en": (
        "Your order {order} {state}.",
        "Order {order} comes to {total} and {state}.",
        "The total of order {order} is {total}.",
        "Order {order} should arrive on {due}.",
        "You ordered the {item} on {ordered} (order {order}).",
        "Order {order} {state}. It was placed on {ordered}, and the total is {total}.",
        "Order {order} travels with {carrier} under {tracking}.",
        "Order {order} {state}, while order {order2} {state2}.",
        "Order {order} costs {total} and order {order2} costs {total2}.",
        "- order id: {order}, total: {total}, due: {due}, item: {item}",
        "I have looked it up: {order} {state}, and we charged {total} for it.",
        "We expect the {item} of order {order} to reach you by {due}.",
        "Good news about {order}! The parcel {state}.",
        "With {carrier} as the carrier, order {order} is due {due}.",
        "The amount for order {order} was {total}; you placed it on {ordered}.",
        "For your two orders: {order} {state} and amounts to {total}, but {order2} {state2} and amounts to {total2}.",
        "Regarding #{order}: it {state}. Its tracking number is {tracking}.",
        "{total} is the sum of order {order}, {total2} that of order {order2}.",
        "Order: {order}\nTotal: {total}\nDelivery: {due}",
    ),
    "de": (
        "Ihre Bestellung {order} {state}.",
        "Die Bestellung {order} kostet {total}.",
        "Bestellung {order} kommt voraussichtlich am {due} an.",
        "Ihre Bestellung {order} {state}; die Summe beträgt {total}.",
        "Bestellung {order} {state}, Bestellung {order2} {state2}.",
        "zu Ihrer Frage: Der Auftrag {order} {state} und wird am {due} erwartet.",
        "Für die Bestellung {order} haben wir einen Betrag von {total} berechnet.",
        "Bestellt haben Sie {order} am {ordered}, der Gesamtbetrag ist {total}.",
        "Die Lieferung von {order} ist für den {due} geplant.",
    ),
    "fr": (
        "Votre commande {order} {state}.",
        "Le montant de la commande {order} est de {total}.",
        "La commande {order} arrivera le {due}.",
        "La commande {order} {state} et coûte {total}.",
        "concernant {order} : elle {state}, pour un total de {total}.",
        "La livraison de votre commande {order} est prévue le {due}.",
        "Vous avez passé la commande {order} le {ordered} ; la somme s'élève à {total}.",
    ),
    "es": (
        "Su pedido {order} {state}.",
        "El importe del pedido {order} es de {total}.",
        "El pedido {order} llegará el {due}.",
        "El pedido {order} {state} y cuesta {total}.",
        "sobre {order}: {state}, y el total es {total}.",
        "La entrega del pedido {order} está prevista para el {due}.",
        "El pedido {order} fue realizado el {ordered} por un importe total de {total}.",
    ),
    "ru": (
        "Ваш заказ {order} {state}.",
        "Сумма заказа {order} составляет {total}.",
        "Заказ {order} прибудет {due}.",
        "Заказ {order} {state}, его стоимость {total}.",
        "по номеру {order}: посылка {state}, итого {total}.",
        "Доставка заказа {order} ожидается {due}.",
        "Заказ {order} оформлен {ordered} на сумму {total}.",
    ),
    "tr": (
        "{order} numaralı siparişiniz {state}.",
        "{order} numaralı siparişin tutarı {total}.",
        "{order} numaralı sipariş {due} tarihinde teslim edilecek.",
        "{order} numaralı siparişiniz {state}, tutarı {total}.",
        "{order} için baktık: siparişiniz {state} ve toplam {total}.",
        "{order} numaralı siparişin tahmini teslimat günü {due}.",
        "{order} numaralı sipariş {ordered} günü verildi, toplam tutar {total}.",
    ),
}

HELD_OUT: dict[str, tuple[str, ...]] = {
    "en": (
        "Thank you for waiting: your order {order}, the {item}, {state}.",
        "We can confirm that {order} {state} and that its total amounts to {total}.",
        "Delivery of order {order} by {carrier} is planned for {due}.",
        "On {ordered} you placed order {order}, for which {total} was charged.",
        "The parcel with your {item} (order {order}) has the tracking number {tracking}.",
        "{order}: {state}, {total}, expected {due}.\n{order2}: {state2}, {total2}, expected {due2}.",
        "Both are known to us. {order} {state}; {order2} {state2}.",
        "I see {total} on order {order}, and {due} as its delivery date.",
    ),
    "de": (
        "Vielen Dank für Ihre Geduld: {order} {state}.",
        "Der Gesamtbetrag Ihrer Bestellung {order} liegt bei {total}.",
        "Voraussichtlich erhalten Sie die Bestellung {order} am {due}.",
        "Am {ordered} haben Sie {order} bestellt; der Status: sie {state}.",
        "{order} {state} und kostet {total}, {order2} {state2} und kostet {total2}.",
    ),
    "fr": (
        "Merci de votre patience : la commande {order} {state}.",
        "Pour la commande {order}, nous avons facturé un montant de {total}.",
        "Votre commande {order} devrait arriver le {due}.",
        "La commande {order}, passée le {ordered}, {state}.",
    ),
    "es": (
        "Gracias por su paciencia: el pedido {order} {state}.",
        "Por el pedido {order} hemos cobrado un importe de {total}.",
        "Esperamos entregar el pedido {order} el {due}.",
        "El pedido {order}, realizado el {ordered}, {state}.",
    ),
    "ru": (
        "Спасибо за ожидание: заказ {order} {state}.",
        "За заказ {order} списана сумма {total}.",
        "Мы ожидаем доставку заказа {order} {due}.",
        "Заказ {order}, оформленный {ordered}, {state}.",
    ),
    "tr": (
        "Beklediğiniz için teşekkürler: {order} numaralı sipariş {state}.",
        "{order} numaralı sipariş için {total} tutar tahsil edildi.",
        "{order} numaralı siparişin teslimat tarihi {due}.",
        "{ordered} tarihinde verilen {order} numaralı sipariş {state}.",
    ),
}

STATES: dict[str, dict[str, tuple[str, ...]]] = {
    "en": {
        "processing": ("is being processed",), "packed": ("has been packed", "is packed"),
        "shipped": ("has shipped", "has been dispatched", "was shipped"),
        "delivered": ("has been delivered", "was delivered"),
        "awaiting stock": ("is awaiting stock", "is out of stock"),
        "cancelled": ("has been cancelled", "was cancelled"),
    },
    "de": {
        "processing": ("ist in Bearbeitung",), "packed": ("ist verpackt",),
        "shipped": ("wurde versandt", "wurde verschickt"),
        "delivered": ("wurde zugestellt",), "awaiting stock": ("ist nicht vorrätig",),
        "cancelled": ("wurde storniert",),
    },
    "fr": {
        "processing": ("est en préparation",), "packed": ("est emballée",), "shipped": ("a été expédiée",),
        "delivered": ("a été livrée",), "awaiting stock": ("est en rupture de stock",), "cancelled": ("a été annulée",),
    },
    "es": {
        "processing": ("está en preparación",), "packed": ("está empaquetado",), "shipped": ("ha sido enviado",),
        "delivered": ("ha sido entregado",), "awaiting stock": ("está agotado",), "cancelled": ("ha sido cancelado",),
    },
    "ru": {
        "processing": ("обрабатывается",), "packed": ("упакован",), "shipped": ("отправлен",),
        "delivered": ("доставлен",),
        "awaiting stock": ("временно нет в наличии",), "cancelled": ("отменён",),
    },
    "tr": {
        "processing": ("hazırlanıyor",), "packed": ("paketlendi",), "shipped": ("kargoya verildi",),
        "delivered": ("teslim edildi",), "awaiting stock": ("şu an stokta yok",), "cancelled": ("iptal edildi",),
    },
}  # fmt: skip
"""How each state is said."""

FILLERS: dict[str, tuple[str, ...]] = {
    "en": (
        "You may return items within 30 days.",
        "Orders over 50 EUR ship for free.",
        "Our showroom is open from 9:00 to 17:00.",
        "We answer within 2 working days.",
        "If it has not arrived by then, please write to us again.",
        "Once your parcel has been delivered, you can rate it.",
        "Shipping usually takes 3 to 5 days and costs 4.95 EUR.",
        "Please let us know whether it was delivered.",
        "Refunds arrive within 14 days of a return.",
        "Until 31 December every gift card comes with 10 % more.",
        "You wrote that you expected it yesterday.",
    ),
    "de": (
        "Sie können Artikel innerhalb von 30 Tagen zurückgeben.",
        "Ab 50 EUR liefern wir versandkostenfrei.",
        "Unsere Ausstellung ist von 9 bis 17 Uhr geöffnet.",
        "Sobald das Paket zugestellt wurde, erhalten Sie eine Nachricht.",
        "Der Versand dauert normalerweise 3 bis 5 Tage und kostet 4,95 EUR.",
    ),
    "fr": (
        "Vous pouvez retourner un article sous 30 jours.",
        "La livraison est gratuite dès 50 EUR.",
        "Si le colis n'est pas arrivé demain, écrivez-nous.",
        "Une fois la commande livrée, vous pourrez donner votre avis.",
    ),
    "es": (
        "Puede devolver los artículos en 30 días.",
        "El envío es gratuito a partir de 50 EUR.",
        "Si no ha llegado mañana, escríbanos.",
        "Una vez entregado, podrá valorarlo.",
    ),
    "ru": (
        "Вернуть товар можно в течение 30 дней.",
        "Доставка бесплатна от 50 EUR.",
        "Если посылка не придёт завтра, напишите нам.",
        "Когда заказ будет доставлен, вы получите сообщение.",
    ),
    "tr": (
        "Ürünleri 30 gün içinde iade edebilirsiniz.",
        "50 EUR üzeri siparişlerde kargo ücretsizdir.",
        "Yarın gelmezse lütfen bize yazın.",
        "Teslim edildiğinde size haber vereceğiz.",
    ),
}
"""What is true of every order: no claim about one, and never an incident."""

GREETINGS = {
    "en": ("Hello {name},", "Kind regards\nAcme"), "de": ("Guten Tag {name},", "Mit freundlichen Grüßen\nAcme"),
    "fr": ("Bonjour {name},", "Cordialement\nAcme"), "es": ("Hola {name}:", "Un saludo\nAcme"),
    "ru": ("Здравствуйте, {name}!", "С уважением\nAcme"), "tr": ("Merhaba {name},", "Saygılarımızla\nAcme"),
}  # fmt: skip

LABELS = ("order", "total", "due", "ordered", "item", "carrier", "tracking", "state")
"""Slots that can be wrong; `order` is what the others are bound to."""
