"""A false alarm takes a good build back: sound replies are called wrong by nobody, and proven wrong never."""

from __future__ import annotations

import sys
from datetime import date
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).parent))
from grounding_letters import ADA, FIRST, FRESH, LETTERS, SECOND, evidence_of

sys.path.pop(0)

from sluicegate.grounding import Evidence, Judgement, Ruling, Source, judge
from sluicegate.grounding.evaluation import TODAY as DAY
from sluicegate.grounding.evaluation import Draft, drafts
from sluicegate.grounding.evaluation_forms import sound_forms
from sluicegate.grounding.owners import Party

TODAY = date(2026, 1, 29)


def wrong_in(text: str, *records: dict[str, Any], language: str = "en", party: Party = ADA) -> list[Judgement]:
    """What is contradicted."""
    evidence = Evidence(evidence_of(records))
    found = judge(text, evidence, language=language, today=TODAY, party=party)
    return [item for item in found if item.ruling is Ruling.CONTRADICTED]


def told_of(draft: Draft) -> list[Judgement]:
    found = judge(draft.text, Evidence(draft.evidence), language=draft.language, today=DAY, party=draft.party)
    return [item for item in found if item.ruling is Ruling.CONTRADICTED]


def rule_of(text: str, said: str, **more: Any) -> str:
    """By which rule the first order, with other fields, supports what is said; empty where it does not."""
    evidence = Evidence(evidence_of(({**FIRST, **more},)))
    found = judge(text, evidence, today=TODAY, party=ADA)
    return next((i.rule for i in found if text[i.claim.start : i.claim.end] == said and i.ruling == "supported"), "")


def test_letters_by_hand_are_called_wrong_by_nobody() -> None:
    """Forty, in five languages."""
    assert len(LETTERS) == 40
    assert [text for language, text, records in LETTERS if wrong_in(text, *records, language=language)] == []


def test_letters_that_nothing_was_made_for_are_proven_wrong_never() -> None:
    """Forty more: some make somebody look, and none takes a build back."""
    assert len(FRESH) == 40
    told = [wrong_in(text, *records, language=language) for language, text, records in FRESH]
    assert [item for found in told for item in found if item.exact] == []
    assert sum(map(bool, told)) <= 8


def test_sound_forms_are_contradicted_nowhere(request: pytest.FixtureRequest) -> None:
    """Sums, taxes, counts, refunds, shares, ranges, denials, quotations, words of back ends; five languages."""
    number = 5125 if request.config.getoption("--slow") else 123
    assert [draft.text for draft in sound_forms(number, seed=7) if told_of(draft)] == []


@pytest.mark.parametrize(
    ("text", "said", "rule", "more"),
    [
        ("Order 41001: 52.58 EUR plus 9.99 EUR VAT, 70.00 EUR with freight.", "70.00 EUR", "sum",
         {"net": "52.58 EUR", "vat": "9.99 EUR", "freight": "7.43 EUR"}),
        ("Order 41001: 3 lamps, 60.00 EUR.", "60.00 EUR", "product",
         {"items": [{"name": "lamp", "price": "20.00 EUR", "quantity": 3}]}),
        ("Order 41001 costs 62.58 EUR.", "62.58 EUR", "minor_units", {"total": {"amount": 6258, "currency": "EUR"}}),
        ("For order 41001 42.57 EUR remain.", "42.57 EUR", "difference", {"refund": "20.00 EUR"}),
        ("Order 41001 comes to 56.31 EUR.", "56.31 EUR", "percentage", {"discount": "10 %"}),
        ("We refunded order 41001.", "refunded", "partly", {"status": "partially_refunded"}),
        ("Order 41001 was delivered.", "delivered", "synonym", {"status": "completed"}),
        ("Order 41001 has shipped.", "shipped", "synonym", {"status": "SHP"}),
        ("Order 41001 has shipped.", "shipped", "reached", {"shipped_at": "2026-01-28T10:00:00Z"}),
        ("Order 41001 arrives on 4 February.", "4 February", "range",
         {"due": None, "due_from": "2026-02-02", "due_to": "2026-02-05"}),
        ("Order 41001: a lamp (39.90 EUR) and a shade (22.67 EUR).", "shade", "exact",
         {"items": [{"name": "lamp", "price": "39.90 EUR"}, {"name": "shade", "price": "22.67 EUR"}]}),
        ("For order 41001 22.67 EUR are for the shade, as 39.90 EUR are for the lamp.", "39.90 EUR", "part",
         {"items": [{"name": "lamp", "price": "39.90 EUR"}, {"name": "shade", "price": "22.67 EUR"}]}),
    ],
)  # fmt: skip
def test_what_follows_is_supported_by_its_rule(text: str, said: str, rule: str, more: dict[str, Any]) -> None:
    """Each derivation has a name."""
    assert rule_of(text, said, **more) == rule


def test_a_share_that_is_not_this_one_follows_from_nothing() -> None:
    """Ten percent off is not eleven; a day beyond the range, a day to come and a word nobody knows support nothing."""
    assert rule_of("Order 41001 comes to 55.68 EUR.", "55.68 EUR", discount="10 %") == ""
    assert (
        rule_of("It arrives on 6 February.", "6 February", due=None, due_from="2026-02-02", due_to="2026-02-05") == ""
    )
    assert rule_of("Order 41001 has shipped.", "shipped", shipped_at="2026-02-28") == ""
    assert rule_of("Order 41001 has shipped.", "shipped", status="stage 7") == ""


# What is proven

OTHERS = {**SECOND, "customer": "Noel Brook", "email": "noel@else.example"}


@pytest.mark.parametrize(
    ("text", "exact"),
    [
        ("The total of order 41001 is 19.90 EUR.", True),
        ("Order 41001 comes to 19.90 EUR.", True),
        ("Order 41001 is due on 26 January.", True),
        ("Order 41001 is packed and was ordered on 12 January.", True),
        ("Order 41001 comes to 63.00 EUR.", False),
        ("Order 41001 has been delivered.", False),
        ("Order 41001 holds an oak stool.", False),
        ("With the second one, order 41001 comes to 19.90 EUR less.", False),
        ("Order 41001 comes to 19.90 EUR without the voucher.", False),
        ("Your order comes to 19.90 EUR.", False),
        ("Order 41001: 62.57 EUR, 19.90 EUR.", False),
        ("Does order 41001 come to 19.90 EUR?", False),
        ("Order 41001 comes to about 19.90 EUR.", False),
    ],
)  # fmt: skip
def test_proven_is_what_can_be_read_in_one_way(text: str, exact: bool) -> None:
    """Another order's own amount or day, said of an order by its number in words that are all known: nothing else."""
    found = wrong_in(text, FIRST, SECOND)
    assert any(item.exact for item in found) is exact


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("en", "Order 41001 is packed, and your order of 12 January, which came to 19.90 EUR, was delivered."),
        ("en", "Order 41001 is packed, and your order of 19.90 EUR was delivered."),
        ("en", "Order 41001 is packed and that of 19.90 EUR was delivered."),
        ("en", "That of 19.90 EUR was delivered, 41001 is packed."),
        ("es", "El pedido 41001 está embalado, el de 19,90 € fue entregado."),
        ("de", "Die Bestellung 41001 ist verpackt, die über 19,90 € ist geliefert."),
        ("ru", "Заказ 41001 упакован, а на 19,90 € доставлен."),
        ("fr", "La commande 41001 est emballée et la commande à 19,90 € est livrée."),
    ],
)  # fmt: skip
def test_another_order_that_is_told_without_its_number_is_proven_wrong_never(language: str, text: str) -> None:
    """By its amount or day: `your order of 19.90 EUR`. Somebody may look."""
    assert not any(item.exact for item in wrong_in(text, FIRST, SECOND, language=language))


@pytest.mark.parametrize(
    "tie",
    [{"replaces": "41001"}, {"note": "split off 41001"}, {"order_id": None, "invoice_id": "F-9"}],
)
def test_a_record_that_is_tied_to_the_order_is_no_other_order(tie: dict[str, Any]) -> None:
    """What replaced it, what names it, and an invoice may speak of the order itself."""
    other = {name: value for name, value in {**SECOND, **tie}.items() if value is not None}
    assert not any(item.exact for item in wrong_in("The total of order 41001 is 19.90 EUR.", FIRST, other))


def test_a_record_of_somebody_else_is_proven_by_address_and_name() -> None:
    """Both are another's. A namesake, a colleague, somebody the customer wrote for: somebody should look."""

    def proven(owner: dict[str, Any], party: Party = ADA, asked: str = "Where is 41008?") -> bool:
        sources = [Source(path="order", value={**SECOND, **owner}), Source(path="mail", value=asked, request=True)]
        found = judge("Order 41008 was delivered.", Evidence(sources), today=TODAY, party=party)
        return any(item.exact for item in found)

    brook = {"customer": "Noel Brook", "email": "noel@else.example"}
    assert proven(brook)
    assert not proven(brook, asked="I write for Noel Brook: where is 41008?")
    assert not proven({"customer": "A. Finch", "email": "private@else.example"})
    assert not proven({"customer": "Noel Brook", "email": "ada.private@else.example"})
    assert not proven({"email": "noel@else.example"} | {"customer": ""})
    assert not proven(brook, Party(email="kitty@mail.example", name=""))
    assert not proven({"customer": "Finch Lamps", "email": "buy@else.example"})


def test_most_of_another_orders_amounts_are_proven_still() -> None:
    """In words as simple as the set's: half of what is wrong about amounts and days, or nothing would roll back."""
    told = [item for draft in drafts(60, seed=31, held_out=False) for item in told_of(draft)]
    dated = [item for item in told if item.claim.kind in ("money", "date")]
    assert sum(item.exact for item in dated) * 2 >= len(dated) > 20
