"""The id of a message: a copy of a case is a message of its own, so its id is not the original's."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from hashlib import sha256
from typing import Any

from sluicegate.model import Case, encode

__all__ = ["own_ids", "request_word", "with_own_id"]

_NAMES = frozenset({"messageid", "mailid"})


def with_own_id(case: Case, word: str) -> Case:
    """`own_ids` of a case that is renamed once."""
    renamed = own_ids(case)
    return case if renamed is None else renamed(word)


def request_word(run_id: str) -> str:
    """What a request under load has in its ids: letters alone, and nothing in which the run's own id could be seen."""
    return "".join(chr(ord("a") + byte % 26) for byte in sha256(run_id.encode()).digest()[:10])


def own_ids(case: Case) -> Callable[[str], Case] | None:
    """What puts a word into the message ids of the case's mail and of its input's first level: `<m1.twice@shop.test>`.

    A pipeline that remembers messages by their id would else answer a copy from what the original left. An id that the
    case says in another place too (a script, what is expected) stays as it is: the two belong together. None where
    there is nothing to rename.
    """
    ids: list[str] = []

    def noted(identity: str) -> str:
        ids.append(identity)
        return ""

    rest = _with_ids(case, noted)
    said = list(_texts(encode(replace(rest, id="")))) if ids else []
    if not ids or any(identity in text for identity in ids for text in said):
        return None
    return lambda word: _with_ids(case, lambda identity: _renamed(identity, word))


def _with_ids(case: Case, change: Callable[[str], str]) -> Case:
    mail, given = case.given.mail, case.given
    if mail is not None:
        told = change(mail.message_id) if mail.message_id else mail.message_id
        given = replace(given, mail=replace(mail, message_id=told, headers=_changed(mail.headers, change)))
    asked = case.input
    return replace(case, given=given, input=_changed(asked, change) if isinstance(asked, Mapping) else asked)


def _changed(members: Mapping[str, Any], change: Callable[[str], str]) -> Mapping[str, Any]:
    return {name: change(value) if _is_id(name, value) else value for name, value in members.items()}


def _is_id(name: str, value: object) -> bool:
    return isinstance(value, str) and bool(value) and name.casefold().replace("-", "").replace("_", "") in _NAMES


def _renamed(identity: str, word: str) -> str:
    local, at, domain = identity.rpartition("@")
    return f"{local}.{word}@{domain}" if at else f"{identity}.{word}"


def _texts(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        yield from (text for item in value.values() for text in _texts(item))
    elif isinstance(value, (list, tuple)):
        yield from (text for item in value for text in _texts(item))
