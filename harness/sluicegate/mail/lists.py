"""The addresses of a header, by a reader of our own and by what others may read: RFC 5322 3.4 and its misreadings.

Whoever sends by the headers sends to what *its* reader finds, so a header is safe only where all of them find the same.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from functools import cache, lru_cache
from typing import Any

from sluicegate.frozen import frozen
from sluicegate.mail.addresses import MARKS, canonical, domain_of, joined, shown_addresses
from sluicegate.mail.words import spoken

__all__ = ["AddressList", "Disagreement", "Mailbox", "address_list"]


@frozen
class Mailbox:
    """One element of an address list."""

    address: str | None
    """Canonical; None when this is no mailbox."""
    name: str
    """What is shown beside the address: phrase and comments, quoting and encoded words undone."""
    text: str
    """As written, white space made one blank."""


@frozen
class Disagreement:
    """A reader of the standard library finds something else than ours."""

    reader: str
    found: tuple[str, ...]
    failed: str = ""
    """The exception it raised, by name."""


@frozen
class AddressList:
    """All that readers find in one header."""

    mailboxes: tuple[Mailbox, ...]
    groups: tuple[str, ...]
    """Names of groups, as shown."""
    faults: tuple[str, ...]
    """Where the text is no address list."""
    others: tuple[str, ...]
    """Addresses any other reader may find, beyond the mailboxes: canonical where they can be."""
    disagreements: tuple[Disagreement, ...]

    @property
    def addresses(self) -> tuple[str, ...]:
        """Canonical addresses of our own reader, in order."""
        return tuple(mailbox.address for mailbox in self.mailboxes if mailbox.address is not None)


@frozen
class _Token:
    kind: str
    """atom | quoted | comment | literal | one of `<>@,;:.` | stray"""
    text: str
    """As written."""
    said: str
    """Without quoting."""
    glued: bool
    """Nothing stands between it and the token before."""


_SPECIAL = frozenset('<>@,;:."()[]\\')
_PAIRS = {'"': '"', "(": ")", "[": "]"}
_ATOM = re.compile(r'[^\s<>@,;:."()\[\]\\]+')
_LIMITS = {"getaddresses": 8_192, "headerregistry": 1_024}
"""Characters up to which the standard library is asked: its readers are not linear in the length."""


def address_list(text: str) -> AddressList:
    """An unfolded header value as addresses. Total; our own reading is linear in its length."""
    return _often(text) if len(text) < 4096 else _read(text)


def _read(text: str) -> AddressList:
    tokens = _tokens(text)
    mailboxes, groups, faults = _elements(tokens)
    own = {mailbox.address for mailbox in mailboxes if mailbox.address is not None}
    others: dict[str, None] = {}
    disagreements: list[Disagreement] = []
    for reader, found, failed in _witnessed(text):
        others.update(dict.fromkeys(found))
        # One that breaks down on a faultless list has a fault of its own, and sends to nobody.
        if (failed and faults) or (not failed and set(found) != own):
            disagreements.append(Disagreement(reader=reader, found=found, failed=failed))
    # An address may begin with a mark that somebody leaves out.
    unmarked = {address.lstrip(MARKS) for address in own}
    others.update(dict.fromkeys(one for one in _naive(tokens) if one not in unmarked))
    for mailbox in mailboxes:
        others.update(dict.fromkeys(shown_addresses(mailbox.name)))
    for name in groups:
        others.update(dict.fromkeys(shown_addresses(name)))
    return AddressList(
        mailboxes=tuple(mailboxes),
        groups=tuple(groups),
        faults=tuple(dict.fromkeys(faults)),
        others=tuple(one for one in others if one not in own),
        disagreements=tuple(disagreements),
    )


_often = lru_cache(maxsize=256)(_read)
"""The mails of one run have few recipients."""


def _tokens(text: str) -> list[_Token]:
    found: list[_Token] = []
    at, size, end = 0, len(text), 0
    last = {opening: text.rfind(closing) for opening, closing in _PAIRS.items()}
    while at < size:
        ch = text[at]
        if ch.isspace():
            at += 1
            continue
        glued = at == end and at > 0
        if ch not in _SPECIAL:
            match = _ATOM.match(text, at)
            end = match.end() if match else at + 1
            found.append(_Token(kind="atom", text=text[at:end], said=text[at:end], glued=glued))
        elif ch in '"([':
            end, said, closed = _enclosed(text, at) if at < last[ch] else (at + 1, ch, False)
            kind = {'"': "quoted", "(": "comment", "[": "literal"}[ch] if closed else "stray"
            found.append(_Token(kind=kind, text=text[at:end], said=said, glued=glued))
        else:
            end = at + 1
            found.append(_Token(kind="stray" if ch in ")]\\" else ch, text=ch, said=ch, glued=glued))
        at = end
    return found


def _enclosed(text: str, start: int) -> tuple[int, str, bool]:
    """A quoted string, comment or domain literal: its end, what it says, whether it is closed."""
    opening = text[start]
    closing = _PAIRS[opening]
    said: list[str] = []
    depth, at = 1, start + 1
    while at < len(text):
        ch = text[at]
        if ch == "\\" and at + 1 < len(text):
            said.append(text[at + 1])
            at += 2
            continue
        if ch == closing:
            depth -= 1
            if depth == 0:
                return at + 1, "".join(said), True
        elif ch == "(" == opening:
            depth += 1
        said.append(ch)
        at += 1
    return len(text), "".join(said), False


def _elements(tokens: Sequence[_Token]) -> tuple[list[Mailbox], list[str], list[str]]:
    """Mailboxes, names of groups and faults."""
    mailboxes: list[Mailbox] = []
    groups: list[str] = []
    faults: list[str] = []
    current: list[_Token] = []
    angle = route = grouped = ended = False
    for token in tokens:
        if ended and token.kind not in {",", "comment"}:
            faults.append("text after a group")
        ended = ended and token.kind == "comment"
        if token.kind == ":" and not angle and not grouped:
            if any(one.kind in "<>@" for one in current):
                faults.append("a group whose name holds an address")
            groups.append(_shown(current))
            current, grouped = [], True
            continue
        route = route and angle and token.kind not in {":", "<"}
        if token.kind not in {",", ";"} or (token.kind == "," and route):
            route = route or (token.kind == "@" and bool(current) and current[-1].kind == "<")
            angle = token.kind == "<" or (angle and token.kind != ">")
            current.append(token)
            continue
        if token.kind == ";" and not grouped:
            faults.append("a semicolon outside a group")
        ended = grouped and token.kind == ";"
        grouped = grouped and not ended
        _close(current, mailboxes, faults)
        current, angle, route = [], False, False
    if grouped:
        faults.append("a group that does not end")
    _close(current, mailboxes, faults)
    return mailboxes, groups, faults


def _close(current: Sequence[_Token], mailboxes: list[Mailbox], faults: list[str]) -> None:
    if all(token.kind == "comment" for token in current):
        return
    mailbox, fault = _mailbox(current)
    mailboxes.append(mailbox)
    if fault:
        faults.append(fault)


def _mailbox(tokens: Sequence[_Token]) -> tuple[Mailbox, str]:
    written = " ".join(token.text for token in tokens)
    opens = [at for at, token in enumerate(tokens) if token.kind == "<"]
    closes = [at for at, token in enumerate(tokens) if token.kind == ">"]
    beside = [token for token in tokens if token.kind == "comment"]
    if not opens and not closes:
        address, fault = _addr_spec([token for token in tokens if token.kind != "comment"])
        return Mailbox(address=address, name=_shown(beside), text=written), fault
    name = _shown(tokens[: opens[0]] if opens else tokens)
    if len(opens) != 1 or len(closes) != 1 or closes[0] < opens[0]:
        return Mailbox(address=None, name=name, text=written), "angle brackets that do not pair"
    phrase, inner = tokens[: opens[0]], tokens[opens[0] + 1 : closes[0]]
    routed, inner = _routed(inner)
    after = [token for token in tokens[closes[0] + 1 :] if token.kind != "comment"]
    address, fault = _addr_spec([token for token in inner if token.kind != "comment"])
    if routed:
        fault = fault or "a source route"
    if any(token.kind in {"@", "stray"} for token in phrase):
        fault = fault or "a display name that must be quoted"
    if after:
        fault = fault or "text after an address"
    shown = _shown([*phrase, *(token for token in tokens[opens[0] :] if token.kind == "comment"), *after])
    return Mailbox(address=address, name=shown, text=written), fault


def _routed(inner: Sequence[_Token]) -> tuple[bool, Sequence[_Token]]:
    """Whether a source route stands before an address, and the address without it."""
    if not inner or inner[0].kind not in {"@", ","}:
        return False, inner
    colon = next((at for at, token in enumerate(inner) if token.kind == ":"), None)
    return (False, inner) if colon is None else (True, inner[colon + 1 :])


def _addr_spec(tokens: Sequence[_Token]) -> tuple[str | None, str]:
    """Words and dots, an @, a domain; blanks between them are old syntax that readers differ on."""
    ats = [at for at, token in enumerate(tokens) if token.kind == "@"]
    if len(ats) != 1:
        return None, "no address" if not ats else "an address with more than one @"
    left, right = tokens[: ats[0]], tokens[ats[0] + 1 :]
    if not _alternate(left) or not (_alternate(right) or (len(right) == 1 and right[0].kind == "literal")):
        return None, "no address that RFC 5322 knows"
    local = "".join(token.said for token in left)
    domain = "".join(token.text for token in right)
    if any(token.kind == "quoted" for token in right):
        return None, "a domain in quotes"
    written = f"{local}@{domain}" if all(token.kind != "quoted" for token in left) else joined(local, domain)
    address = canonical(written)
    return address, "" if address else "no address that RFC 5321 knows"


def _alternate(tokens: Sequence[_Token]) -> bool:
    """Words and dots in turn, a word first and last."""
    kinds = ["." if token.kind == "." else "word" if token.kind in {"atom", "quoted"} else "" for token in tokens]
    return len(kinds) % 2 == 1 and all(kind == ("word", ".")[at % 2] for at, kind in enumerate(kinds))


def _shown(tokens: Sequence[_Token]) -> str:
    """What tokens say to a person. Encoded words are decoded in quotes too, as many programs do."""
    said: list[str] = []
    apart = False
    for token in tokens:
        comment = token.kind == "comment"
        said.append(token.said if token.glued and not (comment or apart) else f" {token.said}")
        apart = comment
    return spoken("".join(said)).strip()


def _naive(tokens: Sequence[_Token]) -> list[str]:
    """What one finds who takes what looks like an address outside quotes."""
    outside = (" " if token.kind == "quoted" else token.text if token.glued else f" {token.text}" for token in tokens)
    return shown_addresses("".join(outside))


def _witnessed(text: str) -> Iterator[tuple[str, tuple[str, ...], str]]:
    """What readers of the standard library find: reader, addresses, and the exception it raised."""
    for reader, ask in _witnesses():
        if len(text) > _LIMITS[reader]:
            continue
        try:
            found = ask(text)
        except Exception as error:  # noqa: BLE001 - whatever it raises on a hostile header is its reading of it
            yield reader, (), type(error).__name__
            continue
        yield reader, tuple(dict.fromkeys(_form(one) for one in found if one)), ""


def _form(address: str) -> str:
    """Canonical where it can be; the standard library drops quotes of some local parts that need them."""
    local, at, domain = address.rpartition("@")
    host = domain_of(domain) if at and canonical(address) is None and '"' not in local else None
    return canonical(address) or (canonical(joined(local, host)) if host else None) or address


@cache
def _witnesses() -> tuple[tuple[str, Callable[[str], list[str]]], ...]:
    import inspect
    from email import policy
    from email.utils import getaddresses

    lenient = {"strict": False} if "strict" in inspect.signature(getaddresses).parameters else {}

    def by_getaddresses(text: str) -> list[str]:
        return [address for _, address in getaddresses([text], **lenient)]

    def by_headerregistry(text: str) -> list[str]:
        header: Any = policy.default.header_factory("To", text)
        return [one.addr_spec for one in header.addresses]

    return (("getaddresses", by_getaddresses), ("headerregistry", by_headerregistry))
