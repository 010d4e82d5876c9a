"""The string formats of JSON Schema 2020-12, each checked for real: an unchecked format would pass anything."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import date, time
from ipaddress import (
    IPv4Address,
    IPv4Interface,
    IPv4Network,
    IPv6Address,
    IPv6Interface,
    IPv6Network,
    ip_address,
    ip_interface,
    ip_network,
)

from sluicegate.model import parse

__all__ = ["ANNOTATIONS", "FORMATS", "is_date"]

_DATE = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_TIME = re.compile(r"(\d{2}):(\d{2}):(\d{2})(?:\.\d+)?(?:[zZ]|[+\-](\d{2}):(\d{2}))", re.ASCII)
_DURATION = re.compile(
    r"P(?=[\dT])(?:\d+W|(?:\d+Y)?(?:\d+M)?(?:\d+D)?(?:T(?=\d)(?:\d+H)?(?:\d+M)?(?:\d+(?:\.\d+)?S)?)?)", re.ASCII
)
_ATOM = r"[\w!#$%&'*+/=?^`{|}~\-]+"
_EMAIL = re.compile(rf"{_ATOM}(?:\.{_ATOM})*+@(?P<domain>[^\s@]++)")
_LABEL = re.compile(r"(?!-)[A-Za-z0-9\-]{1,63}(?<!-)", re.ASCII)
_URI_REFERENCE = re.compile(r"(?:[A-Za-z0-9\-._~:/?#\[\]@!$&'()*+,;=]|%[0-9A-Fa-f]{2})*+", re.ASCII)
_IRI_REFERENCE = re.compile(r"(?:[^\s\x00-\x20\x7f<>\"{}|\\^`%]|%[0-9A-Fa-f]{2})*+")
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.\-]*:", re.ASCII)
_UUID = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_POINTER = re.compile(r"(?:/(?:[^~/]|~[01])*+)*+")
_RELATIVE_POINTER = re.compile(r"(?:0|[1-9]\d*)(?:#|(?:/(?:[^~/]|~[01])*+)*+)", re.ASCII)
_TEMPLATE = re.compile(r"(?:[^\s{}<>\"\\^`|%]|%[0-9A-Fa-f]{2}|\{[^\s{}]+\})*+")


def is_date(text: str) -> bool:
    """Whether the text is YYYY-MM-DD and a day that exists: 2025-02-30 is not."""
    if not _DATE.fullmatch(text):
        return False
    try:
        date.fromisoformat(text)
    except ValueError:
        return False
    return True


def _is_time(text: str) -> bool:
    found = _TIME.fullmatch(text)
    if found is None:
        return False
    hour, minute, second, offset_hour, offset_minute = (int(part) if part else 0 for part in found.groups())
    try:
        # RFC 3339 allows a leap second; Python's time does not.
        time(hour, minute, min(second, 59))
        time(offset_hour, offset_minute)
    except ValueError:
        return False
    return second <= 60


def _is_date_time(text: str) -> bool:
    return text[10:11] in ("T", "t") and is_date(text[:10]) and _is_time(text[11:])


def _is_hostname(text: str) -> bool:
    return 0 < len(text) <= 253 and all(_LABEL.fullmatch(label) for label in text.split("."))


def _is_idn_hostname(text: str) -> bool:
    if len(text) > 1000:
        # The codec takes long texts apart in more than linear time.
        return False
    try:
        return _is_hostname(text.encode("idna").decode("ascii"))
    except UnicodeError:
        return False


def _is_email(text: str) -> bool:
    return text.isascii() and _is_idn_email(text)


def _is_idn_email(text: str) -> bool:
    found = _EMAIL.fullmatch(text)
    return found is not None and len(text) <= 254 and text.index("@") <= 64 and _is_idn_hostname(found["domain"])


def _read_by(read: Callable[[str], object]) -> Callable[[str], bool]:
    """Whether one of the standard library's readers takes the text; zones (`::1%eth0`) are local and refused."""

    def holds(text: str) -> bool:
        try:
            read(text)
        except (ValueError, RecursionError):
            return False
        return "%" not in text

    return holds


def _is_uri(text: str) -> bool:
    return _SCHEME.match(text) is not None and _URI_REFERENCE.fullmatch(text) is not None


def _is_iri(text: str) -> bool:
    return _SCHEME.match(text) is not None and _IRI_REFERENCE.fullmatch(text) is not None


def _is_regex(text: str) -> bool:
    try:
        re.compile(text)
    except (re.error, OverflowError, RecursionError):
        return False
    return True


def _is_json(text: str) -> bool:
    try:
        parse(text)
    except ValueError:
        return False
    return True


def _shaped(pattern: re.Pattern[str]) -> Callable[[str], bool]:
    return lambda text: pattern.fullmatch(text) is not None


FORMATS: Mapping[str, Callable[[str], bool]] = {
    "date": is_date,
    "time": _is_time,
    "date-time": _is_date_time,
    "duration": _shaped(_DURATION),
    "email": _is_email,
    "idn-email": _is_idn_email,
    "hostname": _is_hostname,
    "idn-hostname": _is_idn_hostname,
    "ipv4": _read_by(IPv4Address),
    "ipv6": _read_by(IPv6Address),
    "uri": _is_uri,
    "uri-reference": _shaped(_URI_REFERENCE),
    "iri": _is_iri,
    "iri-reference": _shaped(_IRI_REFERENCE),
    "uri-template": _shaped(_TEMPLATE),
    "uuid": _shaped(_UUID),
    "json-pointer": _shaped(_POINTER),
    "relative-json-pointer": _shaped(_RELATIVE_POINTER),
    "regex": _is_regex,
    # Written by pydantic into the schemas of its models.
    "ipv4interface": _read_by(IPv4Interface),
    "ipv4network": _read_by(IPv4Network),
    "ipv6interface": _read_by(IPv6Interface),
    "ipv6network": _read_by(IPv6Network),
    "ipvanyaddress": _read_by(ip_address),
    "ipvanyinterface": _read_by(ip_interface),
    "ipvanynetwork": _read_by(ip_network),
    "multi-host-uri": _is_iri,
    "json-string": _is_json,
}

ANNOTATIONS = frozenset(
    {"int32", "int64", "float", "double", "byte", "binary", "password", "path", "file-path", "directory-path"}
)
"""Names from OpenAPI and pydantic that describe storage and say nothing about the text."""
