"""Names and addresses that nobody told: by the words around them, by lists, by the grammar of addresses."""

from __future__ import annotations

import pytest

from sluicegate.pii.scan import Scanner


@pytest.fixture(scope="module")
def scanner() -> Scanner:
    return Scanner(entities=["PERSON", "ADDRESS"])


def _told(scanner: Scanner, text: str) -> list[tuple[str, str]]:
    return [(hit.entity, text[hit.start : hit.end]) for hit in scanner.scan(text)]


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("My name is Zorvald Quintrell and I wait.", "Zorvald Quintrell"),
        ("my name is zorvald quintrell", "zorvald quintrell"),
        ("Dear Mr. Quintrell,", "Quintrell"),
        ("Kind regards,\nZorvald van Quintrell", "Zorvald van Quintrell"),
        ("Name: Zorvald M. Quintrell\nDate: today", "Zorvald M. Quintrell"),
        ("We met Anna Quintrell there.", "Anna Quintrell"),
        ("ich heiße Zorvald", "Zorvald"),
        ('{"customer_name": "Zorvald Quintrell"}', "Zorvald Quintrell"),
        ("fullName='Zorvald Quintrell'", "Zorvald Quintrell"),
        ("I’m Zorvald Quintrell", "Zorvald Quintrell"),
        ("Ich bin Zorvald Quintrell und warte.", "Zorvald Quintrell"),
        ("Soy Zorvald Quintrell y quería preguntar.", "Zorvald Quintrell"),
        ("Beste Zorvald van den Quintrell,\n", "Zorvald van den Quintrell"),
        ("Всего доброго,\nПавел Волков", "Павел Волков"),
        ("Je m’appelle Zorvald Quintrell.", "Zorvald Quintrell"),
        ("Olá, chamo-me Zorvald Quintrell e aguardo.", "Zorvald Quintrell"),
        ("Un saludo,\nZorvald Quintrell", "Zorvald Quintrell"),
        ("Здравствуйте, меня зовут Дмитрий Ахметов и я жду.", "Дмитрий Ахметов"),
        ("С уважением,\nОльга Морозова", "Ольга Морозова"),
        ("The parcel for Frau Kowalczyk is here.", "Kowalczyk"),
        ("Ask for Zorvald's account.", "Zorvald"),
    ],
)
def test_names_are_told_by_cues_and_lists(scanner: Scanner, text: str, name: str) -> None:
    """Behind a greeting, a title, a label or a sign-off any word is a name."""
    assert _told(scanner, text) == [("PERSON", name)]


@pytest.mark.parametrize(
    "text",
    [
        "The Wilson Foundation and Martin Street Hospital",
        "In May we will mark the day; Grace period ends in August.",
        "Please Contact Customer Support On Monday Morning",
        "Thank you for your order. Our Terms Of Service apply.",
        "Paris, Berlin and Warsaw",
        "The NINO is on file; ADA and LISA are names of systems",
        "Hello, Here Is Your Invoice",
        "Viele Grüße\nIhr Kundenservice",
        "Kind regards,\nAcme Support",
        "Un saludo,\nEquipo de Soporte",
        "Cordiali saluti,\nServizio Clienti",
        "Pozdrawiam,\nDział Obsługi Klienta",
        "С уважением,\nСлужба поддержки",
        "Saygılarımla,\nMüşteri Hizmetleri",
        "Hola, Quiero devolver el pedido",
        "Part JO7178-94 rev C",
        "model claude-3-5-sonnet-20241022",
        "Дата поставки: 12 мая, срок оплаты: 14 дней",
        "TC Kimlik: 6",
        'customer_name="Quintrell Trading Ltd"',
        "fullName: String",
        "metadata:\n  name: web-server",
        "filename: report.pdf",
        "className: button",
        "- name: Deploy to production",
        "product_name: lamp",
        "Yours faithfully,\nCustomer Care",
        "Opening Hours: Monday to Friday",
        "Wichtiger Hinweis: der Versand dauert",
        "Статус Заказа: отправлен",
        "dostarczono 12 maja 2024",
        "alice_column.max()",
        "peer=up address_line: 5",
        "patient NHS number",
        "Şirket Adı: 4",
        "wysokość łączna: 5",
        "お届け日 受付: 5",
    ],
)
def test_firms_places_months_and_headings_are_no_persons(scanner: Scanner, text: str) -> None:
    """A name inside of what is named after it, and words that only look like names."""
    assert _told(scanner, text) == []


@pytest.mark.parametrize(
    "address",
    [
        "12 Brellow Street, Grimpton, IL 62704",
        "7 Quarnley Gardens, Tolbridge SW1A 2AA",
        "Brellstraße 17, 10115 Krempen",
        "221 rue de Brellon, 75009 Quarny",
        "Calle Brellas 9, 28013 Quarnada",
        "Via Brelloni 33, 20121 Quarna",
        "ul. Brellowa 5, 00-950 Quarnow",
        "Brellgatan 8, 118 46 Quarnköping",
        "Brellvej 8, 8000 Quarnhus",
        "Brellweg 4, 1016 XK Quarndam",
        "P.O. Box 1234, Grimpton, TX 75001",
    ],
)
def test_addresses_are_told_from_street_to_postcode(scanner: Scanner, address: str) -> None:
    """In the order of ten countries, whole."""
    assert _told(scanner, f"Please deliver to {address} tomorrow.") == [("ADDRESS", address)]


@pytest.mark.parametrize(
    "text",
    [
        "Chapter 12 of Windows 10",
        "In 2019 Boeing 747 flights took 12 hours.",
        "We sold 25 Units in March 2024, up 30 from Q1",
        "see page 14, section 3",
    ],
)
def test_counts_chapters_and_models_are_no_addresses(scanner: Scanner, text: str) -> None:
    """A number beside a capital is no street."""
    assert _told(scanner, text) == []


@pytest.mark.parametrize(
    "text",
    [
        "Nur bis Sonntag: Code WINTER26",
        "Liebe Kundin, lieber Kunde, wir haben geschlossen.",
        "Consulte el artículo 12 de las Condiciones Generales.",
        "Weitere Informationen: siehe Neue Funktionen.",
        "The kitchen at Riverside Hall is closed.",
        "Meet the new Aurora Lamp in Midnight Green.",
        "Kunde fragt nach der Abschlagsänderung",
        "El cliente Premium tiene prioridad.",
        '{"first_name": "String", "last_name": null}',
        "client de Carrefour",
    ],
)
def test_codes_customers_papers_and_products_are_no_persons(scanner: Scanner, text: str) -> None:
    """What a capital or a list of names alone would make a name of."""
    assert _told(scanner, text) == []


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ('{"first_name":"Zorvald","x":1}', "Zorvald"),
        ('{"x":1,"last_name":"ten Quintrell"}', "ten Quintrell"),
        ("lastName=Quintrell;", "Quintrell"),
        ("The caller gave the last name Quintrell and hung up.", "Quintrell"),
        ("Belverslag: mevrouw van den Quintrell belt terug.", "van den Quintrell"),
        ("De heer van Quintrell is verhuisd.", "van Quintrell"),
        ("A senhora Quintrell mudou de plano.", "Quintrell"),
        ("Kundin Zorvalda Quintrell zahlt per Überweisung.", "Zorvalda Quintrell"),
        ("Resumen: la paciente Zorvalda Quintrell llamó.", "Zorvalda Quintrell"),
        ("Zorvalda Quintrell Hanım taşındı.", "Zorvalda Quintrell"),
        ("Итог: говорили с Анной Соколовой о тарифе.", "Анной Соколовой"),
        ("Protokoll: Svenja Quintrell prüft die Zahlen.", "Svenja Quintrell"),
        ("Mark Wilson and Grace Taylor joined late.", "Mark Wilson"),
    ],
)
def test_names_are_told_in_fields_behind_roles_and_in_russian(scanner: Scanner, text: str, name: str) -> None:
    """One field a name, a role before two words, a title before small words, declined given names."""
    assert ("PERSON", name) in _told(scanner, text)


@pytest.mark.parametrize(
    "text",
    [
        "Tagesordnung: 12:30 Uhr Mittagessen im Kleinen Saal",
        "Word count: 867. Tone: Friendly, Professional.",
        "<p>Discover Cashmere Scarves from $68</p>",
        "O Conselho de Ministros aprova a Lei da Habitação no outono.",
        "Top cities: New York, San Francisco and St. Louis by car.",
        "Premium müşteri Hızlı Teslimat alır.",
        "Ouvert le dimanche. Victoire Totale au match.",
    ],
)
def test_meals_laws_saints_and_names_that_are_words_are_no_persons(scanner: Scanner, text: str) -> None:
    """A given name that is a word needs a cue or a surname; a saint before it makes it a place."""
    assert _told(scanner, text) == []


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("Bewerbung von Nadine Riedl ist eingegangen.", "Nadine Riedl"),
        ("Schademelding van Nienke van Vliet, geboren in mei", "Nienke van Vliet"),
        ("Г-жа Горбунова подтвердила приём.", "Горбунова"),
        ("Escalation: guest Zorvald Quintrell in room 412", "Zorvald Quintrell"),
        ("Hello Victoire, any news?", "Victoire"),
    ],
)
def test_what_is_of_somebody_names_them_and_not_itself(scanner: Scanner, text: str, name: str) -> None:
    """A noun before "von" is none of the name."""
    assert ("PERSON", name) in _told(scanner, text)


@pytest.mark.parametrize(
    "text",
    [
        "THE AGENT EXPLAINED THE PRICE",
        "ZUSAMMENFASSUNG: KUNDE FRAGT NACH DER ABSCHLAGSÄNDERUNG",
        "Lieber Kunde, Unsere Hotline ist geschlossen.",
        "las tiendas de san sebastián y san francisco siguen abiertas",
        "that one is mine and the offer ends in may",
    ],
)
def test_in_one_case_a_cue_alone_makes_no_person(scanner: Scanner, text: str) -> None:
    """Capitals everywhere say no more than none."""
    assert _told(scanner, text) == []


@pytest.mark.parametrize(
    "text", ["Şahin Projesi ekibini tebrik ederiz!", "Senior Buyer\nT: 5", "Congrats, Project Falcon!"]
)
def test_projects_and_trades_are_no_persons(scanner: Scanner, text: str) -> None:
    """Nor is a name that a project took."""
    assert _told(scanner, text) == []
