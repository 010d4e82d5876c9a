"""What tells records apart where no field is named as identity: codes and names of each, and what is none of these."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from sluicegate.grounding import Evidence, Judgement, Ruling, Source, judge

TODAY = date(2026, 3, 17)


def ruled(text: str, *records: dict[str, Any], language: str = "en") -> dict[str, Judgement]:
    found = judge(text, Evidence([Source(path="tools.find[0]", value=list(records))]), language=language, today=TODAY)
    return {text[item.claim.start : item.claim.end]: item for item in found}


def told(text: str, *records: dict[str, Any], language: str = "en") -> set[str]:
    """What is contradicted."""
    found = ruled(text, *records, language=language)
    return {said for said, item in found.items() if item.ruling is Ruling.CONTRADICTED}


STAFF = (
    {"application_id": "APP-70706", "position": {"department_id": 10}, "interview": "2026-11-18T17:15:00+01:00"},
    {"application_id": "APP-71044", "position": {"department_id": 17}, "interview": "2026-11-17T10:45:00+01:00"},
)


@pytest.mark.parametrize("number", [0, 1])
def test_a_day_and_an_hour_are_no_short_number_of_another_record(number: int) -> None:
    """17 November and 17:15 are read as such, though 17 is the department of the other application."""
    day, hour = ("18", "17:15") if number == 0 else ("17", "10:45")
    text = f"The interview for {STAFF[number]['application_id']} is on {day} November at {hour}."
    found = ruled(text, *STAFF)
    assert all(item.ruling is Ruling.SUPPORTED for item in found.values())
    assert {f"{day} November", hour} <= found.keys() | {said.rstrip(".") for said in found}


def test_a_short_number_behind_a_word_for_it_names_its_record() -> None:
    """`No. 7` and `#7` are the record 7."""
    cases = [{"id": 7, "total": "20.00 EUR"}, {"id": 8, "total": "35.50 EUR"}]
    assert told("Case no. 7 comes to 35.50 EUR.", *cases) == {"35.50 EUR"}
    assert not told("#7 comes to 20.00 EUR, #8 to 35.50 EUR.", *cases)


def records(field: str, first: str, second: str, **nested: Any) -> tuple[dict[str, Any], ...]:
    """Two of a kind, told apart by one field; what stands below them has numbers of its own."""
    values = ((first, "486.83", 48, "2026-04-02"), (second, "912.40", 61, "2026-04-09"))
    return tuple(
        {
            field: own, "status": "open", "fee": {"amount": fee, "currency": "EUR"}, "weight_kg": weight,
            "due_on": day, "device": {"serial": f"SN{weight}4471"}, **nested,
        }
        for own, fee, weight, day in values
    )  # fmt: skip


@pytest.mark.parametrize(
    ("field", "first", "second", "text", "language"),
    [
        ("project", "PV-118", "PV-392", "Project PV-118 comes to 912.40 EUR.", "en"),
        ("docket", "13 C 901/26", "27 C 798/26", "In der Sache 13 C 901/26 betragen die Kosten 912,40 EUR.", "de"),
        ("container", "MSKU 745327-0", "MSKU 118204-6", "Container MSKU 745327-0 : frais de 912,40 €.", "fr"),
        ("chip", "276094368760448", "276093601030205", "Чип 276094368760448: 912,40 €.", "ru"),
        ("scene", "42A", "17C", "La escena 42A cuesta 912,40 €.", "es"),
        ("station", "Mill Lane 12", "Hafen 3", "Mill Lane 12 istasyonu için tutar 912,40 €.", "tr"),
        ("pet", "Luna", "Bruno", "Luna's bill comes to 912.40 EUR.", "en"),
        ("campaign", "Winter Shelter", "School Roof", "Winter Shelter has 912.40 EUR.", "en"),
    ],
)
def test_records_are_told_apart_by_the_field_they_begin_with(
    field: str, first: str, second: str, text: str, language: str
) -> None:
    """A code, or a name, that each has for itself binds what is told: the fee of the other contradicts."""
    both = records(field, first, second)
    (said,) = told(text, *both, language=language)
    assert "912" in said
    own = text.replace("912.40", "486.83").replace("912,40", "486,83")
    assert not told(own, *both, language=language)


def test_a_serial_number_below_a_record_leaves_it_its_own_code() -> None:
    """PV-118 is what it goes by, not the serial number of its device; that of the other contradicts."""
    both = records("project", "PV-118", "PV-392")
    assert told("Project PV-118 has device SN614471.", *both) == {"SN614471"}
    assert not told("Project PV-118 has device SN484471.", *both)


def test_what_two_records_share_or_measure_tells_neither() -> None:
    """An amount, a state and a value that both have are no names."""
    both = tuple({"total": f"{n}.50 EUR", "plan": "Basic 2", "load": f"{n} KG"} for n in (31, 48))
    assert not told("Basic 2 comes to 31.50 EUR with 48 KG.", *both)


def test_a_name_is_told_with_its_capital() -> None:
    """`basic` as a word is not the plan Basic."""
    both = ({"plan": "Basic", "price": "5.00 EUR"}, {"plan": "Extended", "price": "9.00 EUR"})
    assert told("Basic costs 9.00 EUR.", *both) == {"9.00 EUR"}
    assert not told("Your basic question first: it costs 9.00 EUR.", *both)


def test_what_goes_by_a_name_is_never_proven() -> None:
    """A name may be of others, too: whatever it contradicts, a human looks."""
    both = records("pet", "Luna", "Bruno")
    assert not any(item.exact for item in ruled("Luna's fee comes to 912.40 EUR.", *both).values())


def test_at_the_last_visit_is_said_of_the_same_record() -> None:
    """A time that is told as `at the last …` opens no other record, as `the last one` does."""
    both = records("pet", "Luna", "Bruno")
    assert told("Good news about Luna! At the last weigh-in it was 61 kg.", *both) == {"61 kg"}
    assert not told("Good news about Luna! The last one was 61 kg.", *both)


SLIPS = tuple(
    {"payslip_id": f"PS-{n}", "iban_last4": end, "overtime_until": until, "price_per_tonne": price}
    for n, end, until, price in (
        (118, "4431", "2026-04-02T18:30:00", 486.83),
        (119, "0907", "2026-04-02T16:15:00", 912.4),
    )
)


def test_the_end_of_an_account_is_held_against_the_records() -> None:
    """`iban_last4` is an end, as `ending in` tells it."""
    assert not told("Payslip PS-118 went to the account ending in 4431.", *SLIPS)
    assert told("Payslip PS-118 went to the account ending in 0907.", *SLIPS) == {"0907"}


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("PS-118: Überstunden bis {} Uhr.", "de"),
        ("PS-118: overtime until {}.", "en"),
        ("PS-118: fazla mesai saat {}'a kadar.", "tr"),
    ],
)
def test_an_hour_is_written_with_a_full_stop(text: str, language: str) -> None:
    """18.30 is a time of day where a word says so."""
    own, other = ("6.30 pm", "4.15 pm") if language == "en" else ("18.30", "16.15")
    assert all(item.ruling is Ruling.SUPPORTED for item in ruled(text.format(own), *SLIPS, language=language).values())
    assert any(other in said for said in told(text.format(other), *SLIPS, language=language))


def test_a_price_per_tonne_is_an_amount() -> None:
    """The unit after `per` is not the unit of the value."""
    found = ruled("PS-118 is settled at 486.83 EUR a tonne.", *SLIPS)
    assert found["486.83 EUR"].ruling is Ruling.SUPPORTED
    assert told("PS-118 is settled at 912.40 EUR a tonne.", *SLIPS) == {"912.40 EUR"}


@pytest.mark.parametrize(
    ("field", "first", "second", "text"),
    [
        ("flat", "4B", "2A", "For flat 4B the fee is 912.40 EUR."),
        ("station", "Mill Lane 12", "Hafen 3", "At Mill Lane 12 the fee was 912.40 EUR."),
        ("boat", "Albatros", "Sirocco", "Albatros owes 912.40 EUR."),
    ],
)
def test_what_stands_right_behind_an_identity_names_its_record_too(
    field: str, first: str, second: str, text: str
) -> None:
    """The flat of a lease, where nothing is said of its number; two records with one flat are told by neither."""
    both = tuple(
        {"lease": f"L-220{n}", field: value, "fee": {"amount": fee, "currency": "EUR"}}
        for n, value, fee in ((7, first, "486.83"), (8, second, "912.40"))
    )
    assert told(text, *both) == {"912.40 EUR"}
    assert not told(text.replace("912.40", "486.83"), *both)
    assert not told(text, both[0], {**both[1], field: first})


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("Application APP-1 has a fee of 486.83 EUR. Parking costs 14.10 EUR a day.", "en"),
        ("Application APP-1 is open. Parking costs 14.10 EUR.", "en"),
        ("Die Gebühr für APP-1 beträgt 486,83 €. Parken kostet 18,62 € vor Ort.", "de"),
        ("Заявка APP-1: 486,83 €. Парковка стоит 16,60 €.", "ru"),
        ("APP-1 has 486 words, 486.83 EUR. We have 71 colleagues.", "en"),
    ],
)
def test_a_value_that_stands_nowhere_is_not_held_against_what_is_told(text: str, language: str) -> None:
    """What parking costs is no word on the fee of the record; a fee that is told wrongly still is."""
    both = tuple(
        {"application_id": f"APP-{n}", "words": words, "fee": {"amount": fee, "currency": "EUR"}}
        for n, words, fee in ((1, 486, "486.83"), (2, 912, "912.40"))
    )
    assert not told(text, *both, language=language)
    assert told("Application APP-1 is open. It costs 14.10 EUR.", *both) == {"14.10 EUR"}


VISITS = (
    {"visit": "VI-301", "guests": 47, "bill": {"amount": "209.14", "currency": "EUR"}, "at": "2026-03-12T09:00:00"},
    {"visit": "VI-302", "guests": 63, "bill": {"amount": "74.88", "currency": "EUR"}, "at": "2026-03-17T09:00:00"},
)


def test_a_count_of_two_digits_of_another_record_contradicts_beside_its_name() -> None:
    """63 is the other visit's alone; it is let pass in a sentence of its own, and where 47 is told as well."""
    assert told("VI-301 is for 63.", *VISITS) == {"63"}
    assert not told("VI-301 is for 47 and has 12 chairs.", *VISITS)
    assert not told("VI-301 is confirmed. We have 63 colleagues.", *VISITS)
    assert not told("VI-301 is for 47, one of 63 this week.", *VISITS)


def test_a_number_that_its_own_record_holds_in_small_coins_is_its_own() -> None:
    """14 cents are `rate_cents: 14`, though the other job has 14 pages."""
    jobs = ({"job": "TJ-3134", "rate_cents": 14, "pages": 42}, {"job": "TJ-4091", "rate_cents": 19, "pages": 14})
    assert not told("Job TJ-3134 is at 14 cents per word.", *jobs)


def test_today_may_be_said_of_the_letter() -> None:
    """Another visit's day is no reason to hold `today` against this one; a word for its field still is."""
    assert not told("VI-301 is settled, we checked that today.", *VISITS)
    orders = ({"order_id": "1001", "due": "2026-03-19"}, {"order_id": "1002", "due": "2026-03-17"})
    assert told("Order 1001 is due today.", *orders) == {"today"}


def test_an_invoice_over_an_amount_is_of_that_amount() -> None:
    """`Rechnung über 74,88 €` is no bound that 209.14 would meet."""
    assert told("Zu VI-301: die Rechnung über 74,88 € liegt bei.", *VISITS, language="de") == {"74,88 €"}
    assert not told("Zu VI-301: die Rechnung über 209,14 € liegt bei.", *VISITS, language="de")


def test_falls_due_is_no_condition_in_german() -> None:
    """`falls` is a condition alone, and no word for everybody where something falls due."""
    assert told("VI-301 is confirmed. The bill of 74.88 EUR falls due soon.", *VISITS) == {"74.88 EUR"}
    assert not told("VI-301: falls Sie kommen, 74,88 €.", *VISITS, language="de")


def test_a_price_for_each_ends_with_its_part_of_the_sentence() -> None:
    """What is told behind a semicolon is no rule for everybody, though a price per person stood before it."""
    text = "La visite VI-301 est à 209,14 € par personne ; elle est prévue le {} mars."
    assert told(text.format(17), *VISITS, language="fr") == {"17 mars"}
    assert not told(text.format(12), *VISITS, language="fr")


def test_the_name_of_a_person_right_behind_an_identity_names_the_record() -> None:
    """Two persons in a sentence are each told of their own record; two records of one person by neither."""
    people = tuple(
        {"application_id": f"APP-70{n}", "candidate": {"name": name}, "test_score": score}
        for n, name, score in ((412, "Selin Aydin", 81), (533, "Tomas Iversen", 53))
    )
    assert told("Selin Aydin got 53; Tomas Iversen came later.", *people) == {"53"}
    assert not told("Selin Aydin got 81; Tomas Iversen got 53.", *people)
    nested = tuple(
        {"order": {"number": f"OPT-10{n}"}, "customer": {"name": name}, "fit": {"at": f"2026-04-{n}T{hour}:00:00"}}
        for n, name, hour in ((14, "Selin Aydin", "09"), (21, "Tomas Iversen", "15"))
    )
    letter = "Dear Selin Aydin, thank you for waiting. The fitting is on 14 April at {}."
    assert told(letter.format("15:00"), *nested) == {"15:00"}
    assert not told(letter.format("9:00"), *nested)
    twice = (people[0], {**people[1], "candidate": {"name": "Selin Aydin"}})
    assert not told("Selin Aydin reached 53 points.", *twice)


def test_a_name_of_several_words_may_be_small() -> None:
    """`lime granulate` can hardly be anything else."""
    notes = (
        {"delivery_note": "LS3011", "goods": "lime granulate", "total": "486.83 EUR"},
        {"delivery_note": "LS3040", "goods": "winter wheat seed", "total": "912.40 EUR"},
    )
    assert told("The lime granulate comes to 912.40 EUR.", *notes) == {"912.40 EUR"}


COPIES = (
    {"copy_order": 7577, "vehicle": {"plate": "B-KL 2207"}, "fee": "26.86 EUR", "state": "queued",
     "last_donation": {"volume_ml": 470}, "ready_on": "2026-03-22"},
    {"copy_order": 3174, "vehicle": {"plate": "HH-TX 904"}, "fee": "23.31 EUR", "state": "ready",
     "last_donation": {"volume_ml": 510}, "ready_on": "2026-03-14"},
)  # fmt: skip


@pytest.mark.parametrize("named", ["Copy order 7577", "7577", "The car B-KL 2207"])
def test_a_number_or_a_plate_of_its_own_names_the_record(named: str) -> None:
    """A number that a record begins with, where it is of an order, and the plate of a vehicle below it."""
    assert told(f"{named} comes to 23.31 EUR.", *COPIES) == {"23.31 EUR"}
    assert not told(f"{named} comes to 26.86 EUR.", *COPIES)


def test_what_is_counted_first_is_no_number_of_a_record() -> None:
    """Records that begin with a year, or with how many there are, are not told by these."""
    years = ({"year": 2024, "total": "5.00 EUR"}, {"year": 2025, "total": "9.00 EUR"})
    heads = ({"visitors": 4120, "total": "5.00 EUR"}, {"visitors": 7350, "total": "9.00 EUR"})
    assert not told("In 2024 we were 4120; the total is 9.00 EUR.", *years)
    assert not told("We had 4120 visitors and 9.00 EUR.", *heads)


def test_a_state_with_its_day_is_that_day() -> None:
    """`ready on 22 March` of what is queued: the record itself names that day so."""
    assert not told("Copy order 7577: ready 22 March.", *COPIES)
    assert "ready" in told("Copy order 7577 is ready.", *COPIES)


def test_the_last_one_that_the_record_tells_of_is_its_own() -> None:
    """`last_donation` is no other thing, so what is told of the last one is held against it."""
    text = "Заказ 7577: последняя сдача {} мл."
    assert told(text.format(510), *COPIES, language="ru") == {"510 мл"}
    assert not told(text.format(470), *COPIES, language="ru")


def test_a_sentence_ends_behind_a_day_after_its_month() -> None:
    """`on Apr 2. We usually …`: what is usual is no word on the sentence before."""
    text = "Copy order 7577 is queued. The fee is 23.31 EUR as of Apr 2. We usually wait 20 minutes."
    assert told(text, *COPIES) == {"23.31 EUR"}


def test_beside_a_name_what_a_record_of_another_kind_says_is_attested() -> None:
    """The order's amount is told in a sentence that names a tariff."""
    plans = [{"type": "Standard", "price": "4.90 EUR"}, {"type": "Express", "price": "9.90 EUR"}]
    sources = [Source(path="tools.order[0]", value={"order_id": "41001", "total": "62.57 EUR"})]
    sources.append(Source(path="tools.plans[0]", value=plans))
    text = "Your order of 62.57 EUR qualifies for Standard shipping at {} EUR."
    right, wrong = (judge(text.format(price), Evidence(sources), today=TODAY) for price in ("4.90", "9.90"))
    assert all(item.ruling is Ruling.SUPPORTED for item in right)
    assert [str(item.claim.value) for item in wrong if item.ruling is Ruling.CONTRADICTED] == ["9.90"]


RIDES = tuple({"transfer": f"T41{n}", "duration_min": minutes} for n, minutes in ((39, 101), (47, 58), (52, 30)))


@pytest.mark.parametrize("first", ["Transfer T4139 takes about 100 minutes.", "Transfer T4139 is booked."])
def test_how_long_we_wait_is_no_word_on_how_long_it_takes(first: str) -> None:
    """A span that no record holds, in a sentence that names none, is of something else; another record's is not."""
    assert not told(f"{first} Text us on arrival, we wait up to 45 minutes.", *RIDES)
    assert told("Transfer T4139 takes 58 minutes.", *RIDES) == {"58 minutes"}
    assert told("Transfer T4139 takes 45 minutes.", *RIDES) == {"45 minutes"}
