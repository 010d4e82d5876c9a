"""Whose record it is: the mail address it names, else its account, else the customer's name.

What may be the same person's, or their company's, is nobody else's: another tag or case of an address, an address made
of the name, the role address of the sender's own domain. What the house itself is reached by is nobody's.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator

from sluicegate.frozen import frozen
from sluicegate.grounding.claims import Kind
from sluicegate.grounding.facts import Fact
from sluicegate.grounding.index import Record
from sluicegate.grounding.wording import field_words, words

__all__ = ["PERSON", "Party", "account_class", "folded_address", "is_anothers", "is_owners", "owner_of"]

PERSON = words(
    "owner customer client user account buyer purchaser shopper member holder recipient kunde kunden besteller cliente "
    "müşteri клиент"
)
_ADDRESS = PERSON | words(
    "email emails mail mails contact kontakt correo courriel posta login username requester ordered placed bought "
    "purchased"
)
_NAME = words("name names full first last display sur surname given family vorname nachname nom prénom nombre имя ad")
_NOT_THEIRS = words(
    "support help service carrier courier driver shop store seller vendor merchant supplier agent assignee rep manager "
    "warehouse gift ship shipping shipment delivery deliver return returns sales website bank partner"
)
"""Whom a record names besides the one it is of."""
_ACCOUNT = words("id no nr number nummer key code ref reference")
_SAME = dict.fromkeys(words("customer client kunde kunden cliente müşteri клиент"), "customer") | {
    name: name for name in words("account user member")
}
_DOTLESS = words("gmail.com googlemail.com")
_LEAST_SHARED = 3


@frozen
class Party:
    """Who is answered."""

    email: str = ""
    name: str = ""
    others: tuple[str, ...] = ()
    """More addresses that are theirs: where they want answers, whose mail they forwarded."""
    accounts: tuple[tuple[str, str], ...] = ()
    """Sort of account and its number, folded, where the input tells it."""
    house: str = ""
    """The domain that was written to: its addresses are no customer's."""


def owner_of(record: Record, party: Party) -> Fact | None:
    """The fact that says a record is another's; None where it says that it is the party's, or does not say.

    Where the record gives an address, an account and a name, one of them that fits is enough.
    """
    facts = list(_told(record))
    known = party.email or party.others
    addresses = [fact for field, fact in facts if known and _is_address(field, fact) and not _is_house(fact, party)]
    accounts = [(fact, own) for field, fact in facts if (own := _mine(field, fact, party))]
    names = [fact for field, fact in facts if party.name and _is_name(field, fact)]
    if any(_fits(str(fact.value), party, names) for fact in addresses):
        return None
    if any(_number(fact.raw) in own for fact, own in accounts) or any(_shares(fact, party) for fact in names):
        return None
    return next(iter((*addresses, *(fact for fact, _ in accounts), *names)), None)


def is_anothers(address: str, party: Party) -> bool:
    """Whether a plain text that names this address speaks of somebody else: of no role, of nobody in the house."""
    local, _, domain = folded_address(address).partition("@")
    if not (party.email or party.others) or domain == party.house or _is_role(local):
        return False
    return not _fits(address, party, ())


def is_owners(field: str) -> bool:
    """Whether a field of this name holds who a record, or an input, is of."""
    leaf = set(field_words(field.rpartition(".")[2]))
    return bool(leaf & _ADDRESS) and not set(field_words(field)) & _NOT_THEIRS


def account_class(field: str) -> str:
    """Of `customer_id` and `Kundennummer`: customer; empty where the field holds no account."""
    outer, _, leaf = field.rpartition(".")
    names = [*field_words(outer.rpartition(".")[2]), *field_words(leaf)]
    if names and names[-1] == "kundennummer":
        return "customer"
    sorts = {_SAME[name] for name in names if name in _SAME}
    return sorts.pop() if len(sorts) == 1 and set(names) <= _ACCOUNT | set(_SAME) else ""


def folded_address(address: str) -> str:
    """In one case, without its tag; and without dots where they are none."""
    local, _, domain = address.casefold().strip().rpartition("@")
    local = local.partition("+")[0] or local
    return f"{local.replace('.', '') if domain in _DOTLESS else local}@{domain}"


def _told(record: Record) -> Iterator[tuple[str, Fact]]:
    """Fields and facts of the record, of what it is part of, and of the customer below it who has a number."""
    above: Record | None = record
    while above is not None:
        yield from ((fact.field, fact) for fact in above.facts)
        for child in above.children:
            if child.is_nested and set(field_words(child.kind)) & PERSON:
                yield from ((f"{child.kind}.{fact.field}", fact) for fact in child.facts)
        above = above.parent


def _is_address(field: str, fact: Fact) -> bool:
    """A whole address, not one of a note; and none that is half hidden."""
    value = str(fact.value)
    raw = fact.raw.casefold().strip().rstrip(">")
    return fact.kind is Kind.EMAIL and is_owners(field) and ".." not in value and raw.rpartition("<")[2] == value


def _is_name(field: str, fact: Fact) -> bool:
    """A customer, or a name below one; `customer_type` is none, nor is a number."""
    if fact.kind is not Kind.NAME or "@" in fact.raw or any(ch.isdigit() for ch in fact.raw):
        return False
    outer, _, leaf = field.rpartition(".")
    own = set(field_words(leaf)) - _NAME or set(field_words(outer.rpartition(".")[2])) - _NAME
    return bool(own) and own <= PERSON and not set(field_words(field)) & _NOT_THEIRS


def _mine(field: str, fact: Fact, party: Party) -> set[str]:
    """The party's numbers of the sort this field holds."""
    sort = account_class(field) if party.accounts and any(ch.isdigit() for ch in fact.raw) else ""
    return {number for own, number in party.accounts if sort and own == sort}


def _number(raw: str) -> str:
    return raw.casefold().strip().lstrip("#")


def _is_house(fact: Fact, party: Party) -> bool:
    domain = str(fact.value).rpartition("@")[2]
    return domain == party.house and domain != party.email.rpartition("@")[2].casefold()


def _fits(address: str, party: Party, names: list[Fact] | tuple[()]) -> bool:
    """Whether an address is the party's, or of their company."""
    local, _, domain = folded_address(address).partition("@")
    for own in (party.email, *party.others):
        mine = folded_address(own)
        if mine == f"{local}@{domain}":
            return True
        if mine.partition("@")[2] == domain and (
            _is_role(local) or _is_company(domain, {part for fact in names for part in _letters(fact.raw)})
        ):
            return True
    said, person = list(_letters(local)), set(_letters(party.name))
    return (
        len(said) > 1 and all(part in person or _is_initial(part, person) for part in said) and bool({*said} & person)
    )


def _shares(fact: Fact, party: Party) -> bool:
    """Whether a name may be the party's, or their company's: a word in common, initials, another script."""
    theirs, mine = set(_letters(str(fact.value))), set(_letters(party.name))
    if theirs & mine or all(len(part) == 1 for part in theirs):
        return True
    if _is_latin(theirs) != _is_latin(mine):
        return True
    return _is_company(party.email.rpartition("@")[2].casefold(), theirs)


def _is_company(domain: str, names: set[str]) -> bool:
    """Whether a domain is made of words of a name: finch-lamps.example of Finch Lamps."""
    own = {part for part in _letters(domain.rpartition(".")[0]) if len(part) >= _LEAST_SHARED}
    return bool(own & names) or any(len(part) > _LEAST_SHARED and part in "".join(own) for part in names)


def _is_role(local: str) -> bool:
    return bool(said := set(_letters(local))) and said <= _ROLES


def _is_initial(part: str, person: set[str]) -> bool:
    return len(part) == 1 and any(name.startswith(part) for name in person)


def _is_latin(parts: set[str]) -> bool:
    return all("LATIN" in unicodedata.name(ch, "") for part in parts for ch in part[:1])


def _letters(text: str) -> Iterator[str]:
    """Words of a name or of an address, without accents: Müller and Mueller are one."""
    plain = "".join(ch for ch in unicodedata.normalize("NFKD", text.casefold()) if not unicodedata.combining(ch))
    for word in re.findall(r"[^\W\d_]+", plain):
        yield re.sub(r"(?<=[aou])e", "", word)


_ROLES = frozenset(
    part
    for name in words(
        "billing accounts accounting invoice invoices finance office info contact mail hello team orders order "
        "purchasing procurement buy sales support service help returns admin rechnung rechnungen buchhaltung einkauf "
        "kontakt facturation compta comptabilité achats facturas facturación contabilidad compras administración "
        "muhasebe satinalma"
    )
    for part in _letters(name)
)
"""What stands before the @ of an address that is several people's."""
