"""Numbers in text: cards, IBANs, numbers of states, phones, hosts; and business numbers that are none of them."""

from __future__ import annotations

import pytest

from sluicegate.pii.evaluation import alarms
from sluicegate.pii.generators import BUSINESS
from sluicegate.pii.scan import Scanner


@pytest.fixture(scope="module")
def scanner() -> Scanner:
    return Scanner()


def _told(scanner: Scanner, text: str) -> list[tuple[str, str]]:
    return [(hit.entity, text[hit.start : hit.end]) for hit in scanner.scan(text)]


@pytest.mark.parametrize(
    ("text", "entity", "value"),
    [
        ("paid by card 4111 1111 1111 1111 today", "CREDIT_CARD", "4111 1111 1111 1111"),
        ("paid by 4111-1111-1111-1111 today", "CREDIT_CARD", "4111-1111-1111-1111"),
        ("my card 501800000009", "CREDIT_CARD", "501800000009"),
        ("card 2223003122003222", "CREDIT_CARD", "2223003122003222"),
        ("card 6304000000000000000", "CREDIT_CARD", "6304000000000000000"),
        ("IBAN DE89 3704 0044 0532 0130 00.", "IBAN_CODE", "DE89 3704 0044 0532 0130 00"),
        ("to gb29nwbk60161331926819 please", "IBAN_CODE", "gb29nwbk60161331926819"),
        ("SSN 078-05-1120", "US_SSN", "078-05-1120"),
        ("num. sécu 2 95 10 99 126 111 93", "FR_NIR", "2 95 10 99 126 111 93"),
        ("mijn BSN is 111222333", "NL_BSN", "111222333"),
        ("85.07.30-033.28", "BE_NATIONAL_NUMBER", "85.07.30-033.28"),
        ("SVNR 1237 010180", "AT_SVNR", "1237 010180"),
        ("756.9217.0769.85", "CH_AHV", "756.9217.0769.85"),
        ("CPR 211062-5629", "DK_CPR", "211062-5629"),
        ("fødselsnummer 15108695088", "NO_FODSELSNUMMER", "15108695088"),
        ("personnummer 880320-0016", "SE_PERSONNUMMER", "880320-0016"),
        ("hetu 131052-308T", "FI_PERSONAL_IDENTITY_CODE", "131052-308T"),
        ("NIF 501964843", "PT_NIF", "501964843"),
        ("PPS 6433435OA", "IE_PPS", "6433435OA"),
        ("CNP 1630615123457", "RO_CNP", "1630615123457"),
        ("rodné číslo 710319/2745", "CZ_RODNE_CISLO", "710319/2745"),
        ("NHS number 943 476 5870", "UK_NHS", "943 476 5870"),
        ('{"nhs_number": "9434765870"}', "UK_NHS", "9434765870"),
        ("nhsNumber=9434765870", "UK_NHS", "9434765870"),
        ('numéro_national="85073003328"', "BE_NATIONAL_NUMBER", "85073003328"),
        ("NI number AB 12 34 56 C", "UK_NINO", "AB 12 34 56 C"),
        ("Steuer-ID 36 574 261 809", "DE_TAX_ID", "36 574 261 809"),
        ("DNI 54362315-K", "ES_NIF", "54362315-K"),
        ("NIE X-2482300-W", "ES_NIE", "X-2482300-W"),
        ("CF RCCMNL83S18D969H", "IT_FISCAL_CODE", "RCCMNL83S18D969H"),
        ("PESEL 44051401359", "PL_PESEL", "44051401359"),
        ("TC kimlik no 17291716060", "TR_NATIONAL_ID", "17291716060"),
        ("from 192.168.7.12 again", "IP_ADDRESS", "192.168.7.12"),
        ("from 2001:db8::8a2e:370:7334 again", "IP_ADDRESS", "2001:db8::8a2e:370:7334"),
        ("nic 00:1b:44:11:3a:b7 up", "MAC_ADDRESS", "00:1b:44:11:3a:b7"),
        ("mail jörg.o'neil+x@exämple.test now", "EMAIL_ADDRESS", "jörg.o'neil+x@exämple.test"),
        ("user.email=jane@example.test", "EMAIL_ADDRESS", "jane@example.test"),
        ('mail "odd one"@example.test now', "EMAIL_ADDRESS", '"odd one"@example.test'),
    ],
)
def test_numbers_are_told_with_their_kind_and_place(scanner: Scanner, text: str, entity: str, value: str) -> None:
    """One hit, of the right kind, on exactly the characters of the value."""
    assert _told(scanner, text) == [(entity, value)]


@pytest.mark.parametrize(
    "text",
    [
        "order 111222333 shipped",
        "order number 4532015112830366",
        "Tracking 1Z999AA10123456784",
        "tracking number 9400 1000 0000 0000 0000 00",
        "Bestellung 36574261809 ist da",
        "ISBN 978-3-16-148410-0",
        "EAN 4006381333931",
        "v1.2.3.4 and version 10.20.30.40",
        "commit 3f786850e387550fdab836ed7e6dc881de23001b",
        "from 2024-01-05 10:30:22 to 2024-02-06",
        "costs 1.234.567 EUR or 1,234,567.89",
        "image@2x.png",
        "12345678901234567890",
        "between 1998 - 2004",
        "Amazon order 123-1234567-1234567",
        "注文4532015112830366を発送しました",
        "Заказ 4532015112830366 отправлен",
        'orderNumber: "4532015112830366"',
        "shipment_id=4532015112830366",
        "x = 63112 * 716 / 0.30598563",
        "SN 0769871555",
        "segment 68923-68929",
        "bad::face and cf::add",
        "lat=89.308891, lon=-175.0763460",
        "52.5200066 -13.4049540",
        "array([0.17483999, 0.40990147])",
        "paragraph 1.4.3.4 and figure 2.1.3.4",
        "http://127.0.0.1:5432",
        "git@github.com:acme/repo.git",
    ],
)
def test_business_numbers_are_nobodys(scanner: Scanner, text: str) -> None:
    """Orders, parcels, books, versions, hashes, dates, amounts, coordinates and the machine itself raise no alarm."""
    assert _told(scanner, text) == []


def test_the_nearest_word_names_a_number(scanner: Scanner) -> None:
    """A card paid for an order is a card; an order placed by card is an order."""
    assert _told(scanner, "order 7: the card is 4532015112830366") == [("CREDIT_CARD", "4532015112830366")]
    assert _told(scanner, "paid by card, order number 4532015112830366") == []


def test_numbers_with_weak_check_digits_need_a_word_that_names_them(scanner: Scanner) -> None:
    """One in eleven of all numbers of nine digits is a valid BSN."""
    assert _told(scanner, "we saw 111222333 of them") == []
    assert _told(scanner, "burgerservicenummer: 111222333") == [("NL_BSN", "111222333")]


@pytest.mark.parametrize(
    "text",
    [
        "Call +44 7700 900123 now",
        "reach me at (415) 555-0132",
        "Tel. 030/1234567",
        "mobile 0171 1234567",
        "06 12 34 56 78",
        "tel 001-234-567-8901x123",
        "móvil 612 345 678",
        "phone: 555 12345",
        "06-10446904-Office",
        "тел. 8-926-267-22-61",
    ],
)
def test_phones_are_told_however_they_are_grouped(scanner: Scanner, text: str) -> None:
    """International, national as the country prints it, or beside a word for phones."""
    assert [entity for entity, _ in _told(scanner, text)] == ["PHONE_NUMBER"]


@pytest.mark.parametrize(
    ("text", "entity", "value"),
    [
        ("カード番号は4111 1111 1111 1111です。", "CREDIT_CARD", "4111 1111 1111 1111"),
        ("카드4111111111111111로 결제", "CREDIT_CARD", "4111111111111111"),
        ("DE89 3704 0044 0532 0130 00へ返金", "IBAN_CODE", "DE89 3704 0044 0532 0130 00"),
        ("電話番号は+81 3-3411-1652です。", "PHONE_NUMBER", "+81 3-3411-1652"),
        ("電話番号は０３－３２１１－４５６７です。", "PHONE_NUMBER", "０３－３２１１－４５６７"),
        ("携帯番号は(03) 3717-4699です", "PHONE_NUMBER", "(03) 3717-4699"),
        ("从93.121.170.241登录", "IP_ADDRESS", "93.121.170.241"),
        ("2001:4860:6e66::4eからログイン", "IP_ADDRESS", "2001:4860:6e66::4e"),
        ("パスワード：gr8-Tulpe!77", "SECRET", "gr8-Tulpe!77"),
        ("キーAKIA32UAEK4L7UYQMPPUが使えません", "SECRET", "AKIA32UAEK4L7UYQMPPU"),
    ],
)
def test_letters_that_are_written_without_spaces_end_no_number_and_no_key(
    scanner: Scanner, text: str, entity: str, value: str
) -> None:
    """Kana, Han, Hangul and Thai touch what they name, in digits of either width."""
    assert _told(scanner, text) == [(entity, value)]


def test_locales_narrow_whose_national_phones_are_known() -> None:
    """Spain groups nine digits by three; where only Germany is asked for they are a number like any other."""
    text = "Es ist die 612 345 678 gemeint."

    assert [len(Scanner(locales=[locale]).scan(text)) for locale in ("es_ES", "de_DE")] == [1, 0]


def test_clean_sentences_raise_no_alarm(scanner: Scanner) -> None:
    """Every clean template of the packaged set, with business numbers of every kind."""
    counted, wrong = alarms(scanner, seed=5, each=20)

    assert (wrong, counted.k, counted.n > 400, set(BUSINESS) >= {"order", "tracking"}) == ([], 0, True, True)


@pytest.mark.parametrize(
    "text",
    [
        "Sehr geehrte Damen und Herren, anbei das Angebot Nr. 2024-29752 über 8,991.00 Euro.",
        "Merhaba, 2025-69944 numaralı siparişiniz kargoya verildi.",
        "Bitte Zählerstand melden; Zählernummer 0211586938.",
        "Devis 2026/48213 du mois dernier",
    ],
)
def test_papers_numbered_by_their_year_and_meters_are_no_phones(scanner: Scanner, text: str) -> None:
    """A year, a stroke and a count; what an offer, a contract and a meter are called."""
    assert _told(scanner, text) == []


def test_the_name_of_the_next_field_names_the_next_value(scanner: Scanner) -> None:
    """Not the number in the field before it."""
    assert _told(scanner, '{"parcel": "405277192", "bsn": "x"}') == []
    assert _told(scanner, '{"bsn": "405277192"}') == [("NL_BSN", "405277192")]


def test_a_stroke_of_a_table_is_no_part_of_a_mail_address(scanner: Scanner) -> None:
    """Mail servers would take it; tables are more frequent."""
    text = "|Zorvald|jane@corp.example|gold|"
    assert _told(scanner, text) == [("EMAIL_ADDRESS", "jane@corp.example")]


@pytest.mark.parametrize(
    ("text", "phone"),
    [
        ("почта jane@corp.example, 8 931 481 57 74", "8 931 481 57 74"),
        ("Richiamatemi al 3328252411, grazie.", "3328252411"),
        ("Contacto: Xavier, 692271156", "692271156"),
    ],
)
def test_phones_of_russia_and_behind_words_of_contact_are_told(scanner: Scanner, text: str, phone: str) -> None:
    """With what is dialled before them, or a word that asks for a call."""
    assert ("PHONE_NUMBER", phone) in _told(scanner, text)


def test_the_number_of_a_customer_is_no_phone(scanner: Scanner) -> None:
    """Nor are ten digits in groups that only Russia would dial."""
    assert _told(scanner, "Numéro de client 0435309044, début du contrat en mai.") == []
    assert _told(scanner, "Lot 931 481 57 74") == []


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("0496934406 numaralı kayıt çözüldü.", []),
        ("0532 496 34 06 numaralı telefon", [("PHONE_NUMBER", "0532 496 34 06")]),
        ('{"to_phone":"x","to_address":"Sok. No:138/20 34718 İzmir"}', []),
        ("Juan está localizable en el 667175168.", [("PHONE_NUMBER", "667175168")]),
        ("Data urodzenia: 5 października 1946.", [("DATE_OF_BIRTH", "5 października 1946")]),
    ],
)
def test_records_and_doors_are_no_phones_and_long_months_are_months(
    scanner: Scanner, text: str, expected: list[tuple[str, str]]
) -> None:
    """Numbered by a shop, behind a street, beside a word for reaching somebody."""
    assert [told for told in _told(scanner, text) if told[0] not in ("ADDRESS", "PERSON")] == expected
