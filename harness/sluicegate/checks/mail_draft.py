"""The contract of a mail draft: a person could send it as it stands.

It reads a `Mail` as recorded, or an object of the same shape in `structured`. Whether a recipient is *allowed* is the
recipients suite's question; here he must be one address that every mail program reads alike.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from sluicegate.checks.check import Problem
from sluicegate.checks.json_schema import compile_schema
from sluicegate.checks.language import asked_language, spoken_otherwise
from sluicegate.checks.placeholders import placeholders
from sluicegate.checks.values import path_of
from sluicegate.frozen import frozen
from sluicegate.model import Case, Json

__all__ = ["DraftRules", "address_problem", "compiled", "draft_schema"]


@frozen
class DraftRules:
    """The settings of the contract."""

    required: tuple[str, ...] = ("to", "subject", "body")
    max_recipients: int = 100
    """to, cc and bcc together."""
    max_subject: int = 200
    """Characters."""
    max_header_bytes: int = 998
    """Of one header line, name included (RFC 5322, 2.1.1)."""
    max_body: int = 100_000
    """Characters of body and of html, each."""
    max_attachment_bytes: int = 25_000_000
    """All attachments together."""
    placeholders: bool = True
    """Refuse what a template left unfilled: {{name}}, [ORDER_ID]."""
    language: bool = True
    """Compare the body with the language of the request."""


def draft_schema(rules: DraftRules) -> dict[str, Any]:
    """The part of the contract that JSON Schema can say."""
    text = {"type": "string"}
    said = {"type": "string", "pattern": r"\S"}
    addresses = {"anyOf": [{"type": "array", "items": text}, text]}
    attachment = {"name": said, "media_type": said, "text": {"type": ["string", "null"]}, "size_bytes": _SIZE}
    properties = {
        "sender": said,
        "from": said,
        **dict.fromkeys(("to", "cc", "bcc", "reply_to"), addresses),
        "subject": {**said, "maxLength": rules.max_subject},
        "body": {**said, "maxLength": rules.max_body},
        "html": {**said, "maxLength": rules.max_body},
        "message_id": said,
        "headers": {"type": "object", "additionalProperties": text},
        "attachments": {
            "type": "array",
            "items": {
                "type": "object",
                "additionalProperties": False,
                "properties": attachment,
                "required": ["name"],
            },
        },
    }
    return {
        "type": "object",
        "additionalProperties": False,
        "properties": properties,
        "required": list(rules.required),
    }


def compiled(rules: DraftRules, where: str) -> Callable[[Json, Case], Iterable[Problem]]:
    """Every rule of the contract as one function."""
    by_schema = compile_schema(draft_schema(rules), where=where)

    def problems(value: Json, case: Case) -> Iterator[Problem]:
        yield from by_schema(value)
        if isinstance(value, Mapping):
            yield from _recipient_problems(value, rules)
            yield from _header_problems(value, rules)
            yield from _attachment_problems(value, rules)
            yield from _text_problems(value, rules, case)

    return problems


_SIZE = {"type": ["integer", "null"], "minimum": 0}
_ATOM = r"[\w!#$%&'*+/=?^`{|}~\-]{1,64}"
_ADDRESS = re.compile(rf"(?P<local>{_ATOM}(?:\.{_ATOM})*+)@(?P<domain>[^\s@<>,;:\"()\[\]\\]{{1,255}})")
_LABEL = re.compile(r"(?!-)[^\W_](?:[\w\-]{0,62})(?<![\-_])")
_NAMED = re.compile(r"(?P<name>\"[^\"\\]{0,200}\"|[^\"<>@,;:\\()\[\]]{0,200}?)\s{0,4}<(?P<address>[^<>]{1,320})>")
_HEADER_NAME = re.compile(r"[!-9;-~]{1,76}", re.ASCII)
_BREAKS = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")
"""Control characters and every line break that some reader of headers honours."""


def address_problem(text: str) -> str | None:
    """Why `text` is not one mail address (`user@host`, or `Name <user@host>`), or None."""
    if _BREAKS.search(text):
        return "must not hold control characters"
    stripped = text.strip()
    named = _NAMED.fullmatch(stripped)
    found = _ADDRESS.fullmatch(named["address"].strip() if named else stripped)
    if found is None:
        many = stripped.count("@") > 1 or "," in stripped or ";" in stripped
        return "must be exactly one mail address" if many else "must be a mail address"
    if len(found["local"]) > 64 or len(found[0]) > 254:
        return "must be a mail address of at most 64 characters before the @ and 254 in all"
    labels = found["domain"].split(".")
    if len(labels) < 2 or not all(_LABEL.fullmatch(label) for label in labels):
        return "must be a mail address with a full domain"
    return None


def _listed(value: Mapping[str, Any], name: str) -> list[tuple[str, str]]:
    """The addresses of a field with their places; one text counts as a list of one."""
    given = value.get(name)
    if isinstance(given, str):
        return [(f"$.{name}", given)]
    items = given if isinstance(given, (list, tuple)) else ()
    return [(f"$.{name}[{index}]", item) for index, item in enumerate(items) if isinstance(item, str)]


def _recipient_problems(value: Mapping[str, Any], rules: DraftRules) -> Iterator[Problem]:
    if "to" in value and "to" in rules.required and not value["to"]:
        yield Problem(place="$.to", expected="must name a recipient", mend="Write to whom the draft goes.")
    recipients = [pair for name in ("to", "cc", "bcc") for pair in _listed(value, name)]
    if len(recipients) > rules.max_recipients:
        expected = f"must have at most {rules.max_recipients} recipients"
        yield Problem(expected=expected, seen=f"{len(recipients)} recipients")
    others = [pair for name in ("reply_to", "sender", "from") for pair in _listed(value, name)]
    for place, text in [*recipients, *others][:1000]:
        why = address_problem(text)
        if why is not None:
            yield Problem(place=place, expected=why, seen=text, mend="One entry is one address: Name <user@host>.")


def _header_problems(value: Mapping[str, Any], rules: DraftRules) -> Iterator[Problem]:
    headers = value.get("headers")
    given = headers.items() if isinstance(headers, Mapping) else ()
    lines = [(path_of(("headers", name)), str(name), text) for name, text in given]
    for place, name, text in lines:
        if not _HEADER_NAME.fullmatch(name):
            yield Problem(place=place, expected="must be a header name: visible ASCII without a colon", seen=name)
        if isinstance(text, str) and _BREAKS.search(text):
            yield Problem(place=place, expected="must not hold control characters or line breaks", seen=text)
    subject = value.get("subject")
    if isinstance(subject, str):
        lines.append(("$.subject", "Subject", subject))
        if _BREAKS.search(subject):
            mend = "Take line breaks out before a header is built."
            yield Problem(
                place="$.subject", expected="must not hold control characters or line breaks", seen=subject, mend=mend
            )
    for place, name, text in lines:
        size = len(f"{name}: {text}".encode(errors="replace")) if isinstance(text, str) else 0
        if size > rules.max_header_bytes:
            expected = f"must fit a header line of {rules.max_header_bytes} bytes"
            yield Problem(place=place, expected=expected, seen=f"{size} bytes")


def _attachment_problems(value: Mapping[str, Any], rules: DraftRules) -> Iterator[Problem]:
    given = value.get("attachments")
    total = 0
    for index, item in enumerate(given if isinstance(given, (list, tuple)) else ()):
        if not isinstance(item, Mapping):
            continue
        name, size, text = item.get("name"), item.get("size_bytes"), item.get("text")
        if isinstance(name, str) and (_BREAKS.search(name) or "/" in name or "\\" in name):
            place = f"$.attachments[{index}].name"
            yield Problem(place=place, expected="must be a file name without path or control characters", seen=name)
        total += size if isinstance(size, int) else len(text) if isinstance(text, str) else 0
    if total > rules.max_attachment_bytes:
        expected = f"must hold at most {rules.max_attachment_bytes} bytes"
        yield Problem(place="$.attachments", expected=expected, seen=f"{total} bytes")


def _text_problems(value: Mapping[str, Any], rules: DraftRules, case: Case) -> Iterator[Problem]:
    for name in ("subject", "body", "html") if rules.placeholders else ():
        text = value.get(name)
        for found in placeholders(text) if isinstance(text, str) else ():
            yield Problem(
                place=f"$.{name}",
                expected="must not hold a placeholder that nobody filled in",
                seen=found,
                mend="Fill the template in, or take the sentence out.",
            )
    language = asked_language(case) if rules.language else None
    body = value.get("body")
    other = spoken_otherwise(body, language) if language and isinstance(body, str) else None
    if other is not None:
        yield Problem(place="$.body", expected=f"must be in the language of the request ({language})", seen=other)
