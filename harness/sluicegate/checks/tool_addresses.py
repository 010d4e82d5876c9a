"""Mail addresses among the arguments of a tool call: those that were decided on, not those a text merely tells of."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from functools import lru_cache
from urllib.parse import unquote

__all__ = ["decided", "names_recipients", "plain"]

_ADDRESS = re.compile(r"[^\s<>,;:\"'()\[\]]{1,64}@[^\s<>,;:\"'()\[\]@]{1,255}")
_UNSEEN = re.compile("[\u00ad\u034f\u061c\u180b-\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufe00-\ufe0f\ufeff]")
_SCHEME = re.compile(r"(?i)\s*mailto:")
_NO_LETTER = re.compile(r"[\W_]+")
_RECIPIENTS = (
    "to", "cc", "bcc", "recipient", "recipients", "replyto", "resentto", "forwardto", "sendto", "mailto", "emailto",
    "toemail", "toaddress", "toaddresses", "recipientemail", "recipientemails", "recipientaddress", "replytoaddress",
    "ccaddresses", "bccaddresses", "tolist", "cclist", "bcclist",
)  # fmt: skip
_LONGEST = 5000
_LONGEST_LIST = 1000
"""Characters of a value that may be a list of addresses and nothing else."""


def decided(value: str, steps: Sequence[str | int]) -> list[str]:
    """Addresses of a value under a name of recipients, or of one that holds addresses and nothing else.

    Each is canonical where it can be. Full width, what nobody sees, `mailto:` and percent codes hide none.
    """
    text = _readable(value)
    if "@" not in text:
        return []
    is_recipient = any(isinstance(step, str) and names_recipients(step) for step in steps)
    named, is_list = _listed(text)
    if is_list:
        return named
    found = [plain(address) for address in _ADDRESS.findall(text)]
    is_alone = len(found) == 1 and len(text.strip()) <= len(found[0]) + 2
    return list(dict.fromkeys([*named, *found])) if is_recipient else found if is_alone else []


def _readable(value: str) -> str:
    text = value[:_LONGEST]
    if "%40" in text and "@" not in text:
        text = unquote(text, errors="replace")
    if not text.isascii():
        text = unicodedata.normalize("NFKC", _UNSEEN.sub("", text))
    return _SCHEME.sub("", text, count=1)


def _listed(text: str) -> tuple[list[str], bool]:
    """Every address that a reader of address lists finds, and whether the text is such a list to its end."""
    if len(text) > _LONGEST_LIST:
        return [], False
    # Here, because reading mails takes as long to load as most suites together.
    from sluicegate.mail.addresses import canonical
    from sluicegate.mail.lists import address_list

    read = address_list(" ".join(text.replace(";", ",").split()))
    is_list = not read.faults and bool(read.mailboxes) and all(box.address for box in read.mailboxes)
    others = [found for reader in read.disagreements for found in reader.found]
    found = [
        one
        for one in (*read.addresses, *read.others, *others)
        if canonical(one) is not None and not one.startswith('""@')
    ]
    return list(dict.fromkeys(found)), is_list


@lru_cache(maxsize=1024)
def names_recipients(name: str) -> bool:
    """Whether a member of this name says who gets something."""
    from sluicegate.text.lookalike import skeleton

    return skeleton(_NO_LETTER.sub("", name)) in set(map(skeleton, _RECIPIENTS))


def plain(address: str) -> str:
    """The bare address as addresses are compared: the domain in A-labels and without letter case."""
    from sluicegate.mail.addresses import canonical

    bare = address.strip().rstrip(".")
    if (known := canonical(bare)) is not None:
        return known
    found = _ADDRESS.search(bare)
    local, _, domain = (found[0] if found else bare).rpartition("@")
    return canonical(f"{local}@{domain}") or f"{local}@{domain.casefold()}"
