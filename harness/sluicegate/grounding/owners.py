"""Whose record it is: the mail address it names, else the customer's name."""

from __future__ import annotations

from sluicegate.frozen import frozen
from sluicegate.grounding.claims import Kind
from sluicegate.grounding.facts import Fact
from sluicegate.grounding.index import Record
from sluicegate.grounding.wording import field_words, words

__all__ = ["Party", "owner_of"]

_OWNER = words("email mail owner customer client user account buyer recipient kunde cliente müşteri")


@frozen
class Party:
    """Who is answered."""

    email: str = ""
    name: str = ""


def owner_of(record: Record, party: Party) -> Fact | None:
    """The fact that says a record is another's; None where it says that it is the party's, or does not say.

    Where the record gives an address and a name, one of them that fits is enough.
    """
    above: Record | None = record
    facts: list[Fact] = []
    while above is not None:
        facts += [fact for fact in above.facts if set(field_words(fact.field)) & _OWNER]
        above = above.parent
    addresses = [fact for fact in facts if fact.kind is Kind.EMAIL] if party.email else []
    names = [fact for fact in facts if fact.kind is Kind.NAME and "@" not in fact.raw] if party.name else []
    if any(str(fact.value) == party.email.casefold() for fact in addresses):
        return None
    mine = set(party.name.casefold().split())
    if any(mine & set(str(fact.value).split()) for fact in names):
        return None
    return next(iter((*addresses, *names)), None)
