"""The texts the golden mails are put together from, in three languages. People and shops are invented."""

from __future__ import annotations

from typing import NamedTuple

__all__ = ["GREETING", "PEOPLE", "PRODUCTS", "TEXTS", "Texts"]


class Texts(NamedTuple):
    """Building blocks in one language; `{order}`, `{tracking}`, `{product}` and `{name}` are filled in."""

    order_subject: tuple[str, ...]
    order: tuple[str, ...]
    order_without_number: tuple[str, ...]
    tracking_subject: tuple[str, ...]
    tracking: tuple[str, ...]
    tracking_without_number: tuple[str, ...]
    questions: tuple[tuple[str, str, str], ...]
    """Subject, question, and the snippet that answers it."""
    chatter: str
    """A sentence that makes a long mail long."""
    forwarded: str
    several: str
    goodbye: str


GREETING = {"en": "Hello", "de": "Guten Tag", "tr": "Merhaba"}
"""How a draft in this language begins."""

PEOPLE = {
    "en": ("Ada Finch", "Noel O’Hara", "Zoë Lindqvist", "Marek Dvořák", "Priya Nair", "Tom Ashdown"),
    "de": ("Jörg Weißmann", "Käthe Bäumler", "Mia Berger", "Søren Grünbaum", "Lena Hofstätter", "Uwe Krüß"),
    "tr": ("Çağla Yıldız", "İlker Şahinoğlu", "Gülşen Öztürk", "Deniz Aydın", "Büşra Kılıç", "Emre Ağaoğlu"),
}

PRODUCTS = {
    "en": ("desk lamp", "oak stool", "tea kettle", "wool rug", "hiking poles"),
    "de": ("Schreibtischlampe", "Eichenhocker", "Teekessel", "Wollteppich", "Wanderstöcke"),
    "tr": ("masa lambası", "meşe tabure", "çay demliği", "yün halı", "yürüyüş batonu"),
}

TEXTS = {
    "en": Texts(
        order_subject=("Order {order}", "Question about my order", "My order {order}"),
        order=(
            "could you tell me how my order {order} is coming along? I bought a {product} last week.",
            "I have not heard anything about order {order} since I paid. Is the {product} on its way?",
            "please tell me the total of order {order}; I need it for my records.",
        ),
        order_without_number=(
            "I ordered a {product} some time ago and would like to know what became of my order.",
            "what is the state of my order? I cannot find the number any more.",
        ),
        tracking_subject=("Where is my parcel?", "Parcel {tracking}"),
        tracking=(
            "the parcel {tracking} with my {product} should have been here on Monday. Where is it?",
            "your page shows nothing for shipment {tracking}. When will it be delivered?",
        ),
        tracking_without_number=(
            "my parcel has not come. Can you track it for me, please?",
            "the shipment of my {product} seems to be lost. Who can help?",
        ),
        questions=(
            (
                "Opening hours",
                "when can I visit your showroom?",
                "Our showroom is open from 9 to 17.",
            ),
            ("Returning an item", "how long may I return something?", "You may return items within 30 days."),
            ("Gift card", "do your gift cards expire?", "Our gift cards stay valid for three years."),
            ("Care", "how do I clean a {product}?", "Clean it with a damp cloth and no detergent."),
        ),
        chatter="As I have told my neighbours more than once, the weather has been remarkable this year.",
        forwarded="---------- Forwarded message ----------",
        several="could you check these two for me: {order} and {second}?",
        goodbye="Kind regards,\n{name}",
    ),
    "de": Texts(
        order_subject=("Bestellung {order}", "Frage zu meiner Bestellung", "Meine Bestellung {order}"),
        order=(
            "wie steht es um meine Bestellung {order}? Letzte Woche habe ich {product} gekauft.",
            "seit der Zahlung habe ich zu Bestellung {order} nichts mehr gehört. Kommt {product} bald?",
            "bitte nennen Sie mir die Summe der Bestellung {order}, ich brauche sie für meine Unterlagen.",
        ),
        order_without_number=(
            "ich habe vor einiger Zeit {product} bestellt und wüsste gern, was aus der Bestellung wurde.",
            "was ist mit meiner Bestellung? Die Nummer finde ich nicht mehr.",
        ),
        tracking_subject=("Wo ist mein Paket?", "Sendung {tracking}"),
        tracking=(
            "das Paket {tracking} mit {product} hätte am Montag hier sein sollen. Wo bleibt es?",
            "Ihre Seite zeigt zur Sendung {tracking} nichts an. Wann wird sie zugestellt?",
        ),
        tracking_without_number=(
            "mein Paket ist nicht gekommen. Können Sie bitte nachsehen?",
            "die Sendung mit {product} scheint verloren zu sein. Wer kann helfen?",
        ),
        questions=(
            (
                "Öffnungszeiten",
                "wann kann ich Ihre Ausstellung besuchen?",
                "Die Ausstellung ist ab 9 Uhr offen.",
            ),
            ("Rückgabe", "wie lange kann ich etwas zurückgeben?", "Die Rückgabe ist 30 Tage lang möglich."),
            ("Gutschein", "laufen Ihre Gutscheine ab?", "Unsere Gutscheine gelten drei Jahre."),
            ("Pflege", "wie reinige ich {product}?", "Reinigen Sie es mit einem feuchten Tuch, ohne Mittel."),
        ),
        chatter="Wie ich meinen Nachbarn schon mehrfach erzählt habe, ist das Wetter in diesem Jahr außergewöhnlich.",
        forwarded="---------- Weitergeleitete Nachricht ----------",
        several="könnten Sie diese beiden prüfen: {order} und {second}?",
        goodbye="Viele Grüße\n{name}",
    ),
    "tr": Texts(
        order_subject=("Sipariş {order}", "Siparişim hakkında", "{order} numaralı siparişim"),
        order=(
            "{order} numaralı siparişim ne durumda? Geçen hafta {product} almıştım.",
            "ödemeden beri {order} numaralı sipariş hakkında haber alamadım. {product} yola çıktı mı?",
            "{order} numaralı siparişin toplam tutarını yazar mısınız? Kayıtlarım için gerekiyor.",
        ),
        order_without_number=(
            "bir süre önce {product} için sipariş vermiştim; siparişim ne oldu?",
            "siparişim ne durumda? Numarasını artık bulamıyorum.",
        ),
        tracking_subject=("Kargom nerede?", "Kargo {tracking}"),
        tracking=(
            "içinde {product} olan {tracking} numaralı kargo pazartesi gelmeliydi. Nerede kaldı?",
            "sitenizde {tracking} numaralı kargo için bilgi yok. Ne zaman teslim edilir?",
        ),
        tracking_without_number=(
            "kargom gelmedi. Bakabilir misiniz?",
            "içinde {product} olan kargo kaybolmuş gibi. Kim yardımcı olabilir?",
        ),
        questions=(
            ("Çalışma saatleri", "mağazanızı ne zaman ziyaret edebilirim?", "Mağazamız 9 ile 17 arasında açıktır."),
            ("İade", "ürünü kaç gün içinde iade edebilirim?", "İade süresi 30 gündür."),
            ("Hediye kartı", "hediye kartlarının süresi doluyor mu?", "Hediye kartlarımız üç yıl geçerlidir."),
            ("Bakım", "{product} nasıl temizlenir?", "Nemli bir bezle, deterjansız temizleyin."),
        ),
        chatter="Komşularıma da birkaç kez anlattığım gibi, bu yıl hava gerçekten olağanüstü güzel geçiyor.",
        forwarded="---------- İletilen mesaj ----------",
        several="şu ikisine bakar mısınız: {order} ve {second}?",
        goodbye="Saygılar,\n{name}",
    ),
}
