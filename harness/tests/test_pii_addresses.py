"""Postal addresses in text: from their first part to their last, and nothing that is none."""

from __future__ import annotations

import pytest

from sluicegate.pii.scan import COVERED, Scanner

SCANNER = Scanner(entities=COVERED)


def addresses(text: str) -> list[str]:
    return [text[hit.start : hit.end] for hit in SCANNER.scan(text) if hit.entity == "ADDRESS"]


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("I live at Trg revolucije 12, Maribor", "Trg revolucije 12, Maribor"),
        ("address: ul. miła 131, Kraków", "ul. miła 131, Kraków"),
        ("ship it to rue de la paix 12, 75002 Lyon", "rue de la paix 12, 75002 Lyon"),
        ("Budapest, Árpád fejedelem útja 3.", "Árpád fejedelem útja 3"),
        ("abito in via roma 3", "via roma 3"),
        ("via roma 3, 20121 milano", "via roma 3, 20121 milano"),
    ],
)
def test_words_of_a_street_may_be_small(text: str, address: str) -> None:
    """Where a word for street begins it, or ends the name of somebody."""
    assert addresses(text) == [address]


@pytest.mark.parametrize(
    "address",
    [
        "Calle de Alcalá, 18, 3º B, 28052 Madrid",
        "Piazza San Marco n. 36, 50123 Firenze",
        "Via dei Mille, 129/B, 80141 Napoli",
        "pl. Wolności 63/3, 61-169 Poznań",
        "Laan van Meerdervoort 28, 2595XK Den Haag",
        "Dorpsstraat 180-II, 3556 AB Utrecht",
        "al. Jerozolimskie 4, 02-108 Warszawa",
        "os. Słoneczne 78 m. 4, 31-184 Kraków",
        "Travessa do Carmo n.º 177, 3000-576 Coimbra",
        "Rua Augusta, 160, 2.º Esq., 1100-116 Lisboa",
    ],
)
@pytest.mark.parametrize(
    "around", ["Please use {} soon.", '{{"address": "{}"}}', "17;{};open", "<td>{}</td>", "<b data-to>{}</b>"]
)
def test_doors_and_floors_belong_to_it_in_a_sentence_and_in_a_record(address: str, around: str) -> None:
    """As Spain, Portugal, Italy, Poland and the Netherlands write them; quotes and tags are none of it."""
    assert addresses(around.format(address)) == [address]


@pytest.mark.parametrize(
    "address",
    [
        "ул. Ленина, д. 152, кв. 62, Москва, 111301",
        "126787, г. Казань, пр-т Победы, 132",
        "Невский проспект, дом 45, Санкт-Петербург",
        "Atatürk Caddesi No: 93, 34338 Kadıköy/İstanbul",
        "Cumhuriyet Mah. Gül Sok. No:60 D:5 06360 Çankaya Ankara",
        "〒150-0055 東京都渋谷区神南1-5-5",
        "福岡市中央区天神2-9-4",
        "大阪府大阪市北区梅田3丁目14番1号",
    ],
)
@pytest.mark.parametrize("around", ["{}", '{{"address": "{}"}}', "<td>{}</td>"])
def test_russia_turkey_and_japan_have_an_order_of_their_own(address: str, around: str) -> None:
    """From the postcode to the door, whichever comes first."""
    assert addresses(around.format(address)) == [address]


def test_a_town_may_have_a_district() -> None:
    """Its number ends no address."""
    assert addresses("my address is 5 Evropská 21, Praha 6, CZ\nCzechia 16000") == [
        "5 Evropská 21, Praha 6, CZ\nCzechia 16000"
    ]


def test_the_number_of_a_door_begins_no_phone() -> None:
    """Whatever is grouped behind it; and the name before it ends there."""
    text = "Mrs. Brittany Voronov Apt. 338 32 216 Menzies Street\nRotokauri 88775"
    found = [(hit.entity, text[hit.start : hit.end]) for hit in SCANNER.scan(text)]
    assert found == [
        ("PERSON", "Brittany Voronov"),
        ("ADDRESS", "Apt. 338 32 216 Menzies Street\nRotokauri 88775"),
    ]


@pytest.mark.parametrize(
    "text",
    [
        "paid via bank transfer 2 times",
        "sent via email 3 days ago",
        "please send via email 2 copies",
        "Эта улица закрыта с 2019 года",
        "проспект Мира открыт, скидка 15",
        "Sokak 3 gün kapalı",
        "Улица 55 лет",
        "площадь 45 кв. м",
        "東京都は晴れです",
        "北海道限定のお菓子が5個",
        "la rue est fermée depuis 2019",
    ],
)
def test_what_is_no_address(text: str) -> None:
    """Words that are words for streets elsewhere, years, and things that are counted."""
    assert addresses(text) == []


@pytest.mark.parametrize(
    "text",
    ["Status=ok 200", "Level=info 42 ms", "Size|m 5", "Name,age 5", 'Order="x 5', "[A,t 5]", "9BcYsQ43weBNZo, 2"],
)
def test_a_field_with_a_capital_and_a_small_value_before_a_number_is_read(text: str) -> None:
    """No address, and no exception: the rest of such a line is read too."""
    assert addresses(text) == []
    assert [hit.entity for hit in SCANNER.scan(f"{text} by jane@corp.example")] == ["EMAIL_ADDRESS"]


@pytest.mark.parametrize(
    "address",
    [
        "9254 Willow Creek Dr, Columbus, OH 43254",
        "722 Sunset Blvd, Austin, TX 78731",
        "81 bis, cours Lafayette, 59000 Lille",
        "Largo do Rato 5, 4881-201 Braga",
        "ul. 3 Maja 120/9, 23-847 Warszawa",
    ],
)
def test_streets_named_by_two_such_words_or_by_a_date_are_read_to_their_town(address: str) -> None:
    """Creek and drive, the third of May, a broad place; towns that are given names too."""
    text = f"Our new place is {address} - same town."
    assert [text[hit.start : hit.end] for hit in Scanner().scan(text)] == [address]


def test_what_goes_on_as_a_code_is_no_house_number() -> None:
    """The first digit of an identifier."""
    assert addresses("eval run 3e719e01-fcd3-4e22-a424-8ac9ed336de7: accuracy=0.914") == []


def test_a_house_and_its_door_are_no_phone() -> None:
    """Behind "No:" in the field before a phone."""
    text = '{"street": "Fatih Mah. Menekşe Sok. No:116/17 35530 Bornova/İzmir", "phone": "0(212) 472 80 47"}'
    assert addresses(text) == ["Fatih Mah. Menekşe Sok. No:116/17 35530 Bornova/İzmir"]


@pytest.mark.parametrize(
    "text",
    [
        "it should arrive within 3-5 working days",
        "next steps: send the revised quote 2 and confirm the headcount of 800",
        "IT SHOULD ARRIVE WITHIN 3-5 WORKING DAYS",
        "call ext. 214 for catering.",
        "35 Minuten bei 180 Grad backen.",
        "Ask Sales Via Chat 24/7",
    ],
)
def test_in_one_case_a_word_that_asks_for_an_address_is_too_little(text: str) -> None:
    """Counts and times behind "arrive" and "send"; words that end as streets do."""
    assert addresses(text) == []


def test_in_one_case_a_street_with_its_word_is_told() -> None:
    """In small letters and in capitals."""
    assert addresses("i live at 12 baker street, london") == ["12 baker street, london"]
    assert addresses("SHIP TO 12 BAKER STREET, LONDON NW1 6XE") == ["12 BAKER STREET, LONDON NW1 6XE"]


def test_numbered_rules_are_no_streets() -> None:
    """Though something moved."""
    assert addresses("Ticket moved from Waiting to Resolved by Automation Rule 12.") == []
