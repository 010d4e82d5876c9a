"""Who is answered, as the case itself says: the sender of its mail, and the customer its input names."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from email.utils import getaddresses, parseaddr

from sluicegate.grounding.owners import PERSON, Party, account_class, folded_address, is_owners
from sluicegate.grounding.wording import field_words, words
from sluicegate.model import Case, Json, encode

__all__ = ["sender_of"]

_FROM = re.compile(r"^[>\s*]*(?:From|Reply-To|Von|De|От|Kimden)\s*:\s*(.{3,200})$", re.MULTILINE | re.IGNORECASE)
_CUSTOMER = re.compile(
    r"\b(?:customer|client|kunden?)[\s-]*(?:id|no\b\.?|number|nummer|nr\b\.?)[\s:#]*(?:is|lautet)?[\s:#]*"
    r"((?:[A-Za-z]{1,4}-?)?\d[\w-]{0,20})",
    re.IGNORECASE,
)
_SENDER = words("from sender mail email")
_NAMED = words("name full")
_SAYING = words("user account member holder recipient")
_NAME = re.compile(r"[^\W\d_][^\W\d_.'’-]*[.]?(?:[ '’-][^\W\d_]+[.]?){0,4}")
_DEEPEST = 4


def sender_of(case: Case) -> Party:
    """The party of a case; empty where the case does not say."""
    mail = case.given.mail
    name, address = parseaddr(mail.sender or "") if mail is not None else ("", "")
    told = [
        told
        for value in (case.input, *case.given.inputs, case.given.job)
        if value
        for told in _leaves(encode(value), "", 0)
    ]
    others = [other for field, value in told for other in _addresses(field, value)]
    others += [other for _, value in told if "\n" in value for other in _forwarded(value)]
    names = [value for field, value in told if _is_name(field, value)]
    if mail is not None:
        others += [other for _, other in getaddresses([*mail.reply_to, *mail.cc]) if "@" in other]
        others += _forwarded(mail.body or "")
    written_to = parseaddr(mail.to[0])[1] if mail is not None and mail.to else ""
    said = "\n".join([*(value for _, value in told), (mail.body or "") if mail is not None else ""])
    accounts = [("customer", number.casefold()) for number in _CUSTOMER.findall(said)]
    accounts += [
        (sort, value.strip().casefold().lstrip("#")) for field, value in told if (sort := account_class(field))
    ]
    return Party(
        email=address.casefold(),
        name=name or next(iter(names), ""),
        others=tuple(dict.fromkeys(map(folded_address, others))),
        accounts=tuple(dict.fromkeys(accounts)),
        house=written_to.rpartition("@")[2].casefold(),
    )


def _leaves(value: Json, field: str, depth: int) -> Iterator[tuple[str, str]]:
    """Fields of an input with their plain values, joined as those of records are."""
    if isinstance(value, Mapping):
        for name, item in value.items():
            if depth < _DEEPEST:
                yield from _leaves(item, f"{field}.{name}" if field else str(name), depth + 1)
    elif isinstance(value, (str, int)) and not isinstance(value, bool):
        yield field, str(value)


def _addresses(field: str, value: str) -> Iterator[str]:
    """The address in a field that says who writes."""
    is_writers = is_owners(field) or bool(set(field_words(field)) & _SENDER)
    if is_writers and "@" in value and "\n" not in value:
        yield from (found for _, found in getaddresses([value]) if "@" in found)


def _forwarded(text: str) -> Iterator[str]:
    """Who wrote the mails that a text passes on."""
    for line in _FROM.findall(text):
        yield from (found for _, found in getaddresses([line]) if "@" in found)


def _is_name(field: str, value: str) -> bool:
    """Whether a field holds the customer's name; under `user` a chat keeps what is said."""
    own = set(field_words(field.rpartition(".")[2]))
    is_named = "name" in own and own <= PERSON | _SENDER | _NAMED and bool(set(field_words(field)) & (PERSON | _SENDER))
    return (is_named or (bool(own) and own <= PERSON - _SAYING)) and _NAME.fullmatch(value.strip()) is not None
