"""Secrets in text: tokens by their issuers' formats, keys, credentials in URLs and headers, and what is called a key.

Formats come first: a literal prefix is looked for with a plain substring search, and only where it stands a pattern is
tried. What merely follows a word like `api_key =` must look random and be none of the usual stand-ins.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterator
from operator import itemgetter

from sluicegate.model.finding import Witness
from sluicegate.pii.hits import Hit, Layer
from sluicegate.pii.marks import mark
from sluicegate.pii.reading import Reading
from sluicegate.pii.secret_formats import FORMATS, Format
from sluicegate.pii.word_list import listed

__all__ = ["ENTITIES", "entropy", "secret_hits"]

ENTITIES = frozenset({"SECRET"})
"""One type for all; which kind it is stands in the hit's `detail`."""

_KEY_BLOCK = re.compile(
    r"-----BEGIN[ A-Z0-9_\-]{0,40}PRIVATE KEY(?: "
    r"BLOCK)?-----(?P<body>(?:(?!-----)[\s\S]){64,20000}?)(?:-----END[ A-Z0-9_\-]{0,40}-----|\Z|(?=-----))"
)
_JWT = re.compile(r"eyJ[A-Za-z0-9_\-]{14,4000}\.eyJ[A-Za-z0-9_/\\\-]{14,8000}\.(?:[A-Za-z0-9_/\\\-]{10,2000}={0,2})?")
_IN_URL = re.compile(r"://(?P<user>[^\s/@:'\"<>]{0,128}):(?P<password>[^\s/@'\"<>]{3,256})@(?=[\w\[])")
_HEADER = re.compile(
    r"(?:authorization|proxy-authorization|x-api-key|api-key|apikey|x-auth-token|private-token|x-vault-token|"
    r"authentication)[\"']?\s{0,3}[:=]\s{0,3}[\"']?"
    r"(?:(?:basic|bearer|token|api-token|apikey|digest)[ =])?\s{0,3}(?P<value>[\w=~@.+/\-]{8,2000})",
    re.IGNORECASE,
)
_CURL_USER = re.compile(
    r"\s(?:-u|--user)[= ]{0,3}(?P<quote>[\"']?)(?P<value>[^\s\"']{0,100}:[^\s\"']{3,200})(?P=quote)"
)

_PASSWORDS = (
    r"passwort|kennwort|mot de passe|mdp|contraseña|senha|palavra-passe|wachtwoord|hasł[oa]|парол[ья]|lösenord|"
    r"adgangskode|passord|salasana|heslo|jelszó|parolă|şifre(?:m|si|niz)?|parola|パスワード|密码|密碼|비밀번호"
)
"""What other languages call a password."""
_NAMED = re.compile(
    rf"(?P<name>keys?|secrets?|tokens?|passw(?:or)?d|passphrase|pwd|credentials?|{_PASSWORDS}|"
    r"creds)(?:[_\-]?(?:key|value|string|base64))?"
    r"[\"'`\])]{0,3}\s{0,4}(?P<sign>=>|:=|==?|:{1,3}|(?:is|ist|lautet|est|es|è|é|jest|är|er|"
    r"(?:was |is |has been )?(?:re)?set to|(?:was )?changed to)\b:?|,|>)[\s\"'`=(\[]{0,6}"
    r"(?P<value>[^\s\"'`,;<>(){}\[\]]{6,200})",
    re.IGNORECASE,
)
_PASSWORD_OF = re.compile(
    rf"(?P<name>passw(?:or)?d|{_PASSWORDS})(?: [^\W\d_]{{1,12}}){{1,4}}?"
    r"(?P<sign>\s?:|\s(?:is|ist|lautet|est|es|è|é|to|jest)\b:?)\s{1,2}[\"'`“«]?"
    r"(?P<value>[^\s\"'`,;<>(){}\[\]»”]{6,200})",
    re.IGNORECASE,
)
"""The password of the wifi is …"""
_VENDORED = re.compile(
    r"(?P<vendor>sourcegraph|cohere|meraki|sumo|sumologic|discord|etsy|mailchimp|beamer|heroku|twitter|linkedin|"
    r"dropbox|datadog|cloudflare|algolia|okta|zendesk|facebook|asana|"
    r"coinbase|codecov|fastly|snyk|travis|twitch|airtable|atlassian|jira|bitbucket|contentful|gitter|intercom|"
    r"kraken|messagebird|netlify|nytimes|rapidapi|sendbird|squarespace|trello|yandex)"
    r"[\w.\- \t]{0,24}?(?:(?:key|token|secret|password|auth|pat|access)[\w\-]{0,12})?[\"'\s]{0,3}(?:=|:|=>|:=|"
    r",)[\s\"'`=]{0,5}(?P<value>[A-Za-z0-9_=\-]{15,128})(?![\w/])",
    re.IGNORECASE,
)
_STAND_IN = re.compile(
    r"(?i)example|sample|dummy|placeholder|change_?me|your[_\-]?|x{4,}|\*{3,}|redacted|\.\.\.|insert|\bnone\b|"
    r"null|undefined|todo|fixme|"
    r"^(?:true|false|string|text|password|passwd|secret|token|value|user|username|pass|required|optional|hidden|"
    r"env|process|os|config|settings|self|this|args|kwargs|params|vault|ref)\b|"
    r"^[$%{<(@&]|\$\{|\{\{|%\(|\)$|^(.)\1+$|0123456789|abcdefgh|1234567890|deadbeef|[{}]"
)
_WORDY = re.compile(
    r"(?:[a-z]{3,}|[A-Z][a-z]{2,})(?:[_\-. /]?(?:[a-z]{2,}|[A-Z][a-z]{1,}|[A-Z]{2,}))*[0-9]{0,2}", re.ASCII
)
_HEX = re.compile(r"[0-9a-fA-F]+\Z|[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}\Z")
_PASSWORD = re.compile(rf"pass|pwd|{_PASSWORDS}", re.IGNORECASE)
_CALLS = re.compile(r"[A-Za-z_][\w]*(?:\.[A-Za-z_]\w*)+\Z|[A-Za-z]:?[\\/]|\.{0,2}/[\w./\-]+\Z|https?:")

_ROOTS = ("key", "secret", "token", "passw", "passphrase", "pwd", "creds", "credential")
_FOREIGN_ROOTS = tuple(re.findall(r"[^\W_]{2,}(?:[ -][^\W_]+)*(?=[|(\[]|\Z)", _PASSWORDS))
_FOREIGN_WORDS = frozenset(
    listed(
        "passwort kennwort passe mdp contraseña senha wachtwoord hasło hasła пароль пароля lösenord adgangskode "
        "passord salasana heslo jelszó parolă parola şifre şifrem şifresi şifreniz"
    )
)
_ROOTS_AND_FOREIGN = _ROOTS + _FOREIGN_ROOTS
_ROOTS_AND_UNSPACED = (*_ROOTS, "パスワード", "密码", "密碼", "비밀번호")
_SIGNS = tuple("_-.:/|%~")


def _sign_of(prefix: str) -> str:
    return next((sign for sign in _SIGNS if sign in prefix), "")


_BY_SIGN = tuple(
    (sign, tuple((place, form) for place, form in enumerate(FORMATS) if _sign_of(form.prefix) == sign))
    for sign in (*_SIGNS, "")
)
"""The formats by the first sign that their prefix holds: most texts lack most of the signs."""
_SERVICE_ACCOUNT = '"type": "service_account"'
_HEADED = mark(("authorization", "apikey", "token", "key", "curl", "authentication"))
_COOKIED, _FOREIGN = mark(("cookie",)), mark(_FOREIGN_WORDS)


def entropy(text: str) -> float:
    """Shannon entropy of the characters in bits; 0 for nothing."""
    total = len(text)
    return -sum(count / total * math.log2(count / total) for count in Counter(text).values()) if total else 0.0


def secret_hits(reading: Reading) -> Iterator[Hit]:
    """Secrets of a text."""
    text = reading.text
    # A token is a long word; where there is none, nothing has a format.
    words = text.split()
    if max(map(len, words), default=0) > 17:
        long = " ".join([word for word in words if len(word) > 17])
        near = [
            (place, form) for sign, forms in _BY_SIGN if sign in long for place, form in forms if form.prefix in long
        ]
        for _, form in sorted(near, key=itemgetter(0)):
            yield from _formatted(text, form)
    if _SERVICE_ACCOUNT in text:
        yield _hit(at := text.find(_SERVICE_ACCOUNT), at + len(_SERVICE_ACCOUNT), "gcp service account", Layer.SECRET)
    if "-----BEGIN" in text:
        yield from _key_blocks(text)
    if "eyJ" in text:
        yield from (_hit(found.start(), found.end(), "json web token", Layer.SECRET) for found in _JWT.finditer(text))
    if "://" in text and "@" in text:
        yield from _urls(text)
    if reading.marks & _HEADED:
        yield from _headers(text)
    if reading.marks & _COOKIED:
        yield from _cookies(text)
    yield from _named(reading)
    if reading.marks & _VENDOR and ("=" in text or ":" in text):
        yield from _vendored(reading)


def _formatted(text: str, form: Format) -> Iterator[Hit]:
    at = text.find(form.prefix)
    while at >= 0:
        found = form.tail.match(text, at + len(form.prefix))
        if found is not None:
            start = _lead(text, at, form)
            if (
                start is not None
                and entropy(text[start : found.end()]) >= form.entropy
                and not _is_dummy(text[at : found.end()])
            ):
                yield _hit(start, found.end(), form.name, Layer.SECRET)
        at = text.find(form.prefix, at + 1)


def _lead(text: str, at: int, form: Format) -> int | None:
    """Where the token begins; None = the prefix is the middle of another word."""
    if form.lead is not None:
        lead = form.lead.search(text, max(0, at - 24), at)
        return lead.start() if lead else None
    first = form.prefix[0]
    before = text[at - 1 : at] if at else ""
    if before == "." and text[at - 2 : at - 1].isalnum():
        return None
    # An escaped line end may stand before a token, as in JSON: \nghp_…
    escaped = before in ("n", "r", "t") and text[at - 2 : at - 1] == "\\"
    inside = (first.isalnum() or first == "_") and (before.isalnum() or before == "_")
    return None if inside and not escaped else at


def _is_dummy(token: str) -> bool:
    return token.endswith("EXAMPLE") or "xxxxxxxx" in token.lower() or (len(set(token[-16:])) < 5 and len(token) > 24)


def _key_blocks(text: str) -> Iterator[Hit]:
    for found in _KEY_BLOCK.finditer(text):
        body = re.sub(r"\\n|[\s\\\"',+]", "", found["body"])
        if len(body) >= 64 and "..." not in body and entropy(body) > 3:
            yield _hit(found.start(), found.end(), "private key", Layer.SECRET)


def _urls(text: str) -> Iterator[Hit]:
    for found in _IN_URL.finditer(text):
        if not _STAND_IN.search(found["password"]) or re.fullmatch(r"[0-9a-f]{8,}", found["password"]):
            yield _hit(found.start("user"), found.end("password"), "password in a URL", Layer.CONTEXT)


def _headers(text: str) -> Iterator[Hit]:
    for found in _HEADER.finditer(text):
        value = found["value"]
        if (
            entropy(value) >= 2.75
            and not _STAND_IN.search(value)
            and not _CALLS.match(value)
            and (_mixed(value) or len(value) > 24)
        ):
            yield _hit(found.start("value"), found.end("value"), "authorization header", Layer.CONTEXT)
    if "curl" in text:
        for found in _CURL_USER.finditer(text):
            user, _, password = found["value"].partition(":")
            if entropy(found["value"]) >= 2 and not _STAND_IN.search(password) and not user.startswith("$"):
                yield _hit(found.start("value"), found.end("value"), "curl credentials", Layer.CONTEXT)


def _cookies(text: str) -> Iterator[Hit]:
    for header in _COOKIES.finditer(text):
        for found in _COOKIE.finditer(text, header.end(), min(len(text), header.end() + 4000)):
            if _SESSION.search(found["name"]) and _is_random(found["value"], hexadecimal=True):
                yield _hit(found.start("value"), found.end("value"), "session cookie", Layer.CONTEXT)


_COOKIES = re.compile(r"\bcookie[\"']?\s{0,3}[:=]", re.IGNORECASE)
_COOKIE = re.compile(r"(?<![\w.\-])(?P<name>[\w.\-]{2,64})=(?P<value>[\w%.+/~\-]{16,150}=?=?)(?=[;\s\"'\\]|\Z)")
_SESSION = re.compile(r"sess|sid\Z|auth|token|login|remember|jwt|ticket", re.IGNORECASE)


def _named(reading: Reading) -> Iterator[Hit]:
    text, lowered = reading.text, reading.lowered
    roots: tuple[str, ...] = _ROOTS
    if reading.marks & _FOREIGN:
        roots = _ROOTS_AND_FOREIGN
    elif not text.isascii():
        roots = _ROOTS_AND_UNSPACED
    for at in reading.places(*[root for root in roots if root in lowered]):
        found = _NAMED.match(text, at) or _PASSWORD_OF.match(text, at)
        if found is None:
            continue
        value = _QUERY.split(found["value"], maxsplit=1)[0].rstrip(".:!?")
        before = _IDENTIFIER.search(text, max(0, at - 24), at)
        head = before[0].lower() if before else ""
        if "public" in head or (
            head[-1:].isalpha()
            and head.rsplit("_", 1)[-1].rsplit("-", 1)[-1] not in _JOINED
            and found["name"][0].islower()
        ):
            continue
        if _PASSWORD.search(found["name"]):
            tagged = found["sign"] == ">" and text.startswith("</", found.end("value"))
            good = _is_password(value, ":" if tagged else found["sign"])
        else:
            good = not found["sign"][0].isalpha() and _is_random(value)
        if good:
            start = found.start("value")
            yield _hit(start, start + len(value), "named secret", Layer.CONTEXT)


_QUERY = re.compile(r"&(?:amp;)?[A-Za-z_][\w.\-]*=")
"""The next field of a query."""
_IDENTIFIER = re.compile(r"[\w.\-]*\Z")
_JOINED = frozenset(
    listed(
        "api access auth client private secret signing encryption service account app consumer master license "
        "bearer refresh session admin root db user"
    )
)
"""What is written before key or token without a separator."""


def _vendored(reading: Reading) -> Iterator[Hit]:
    for at in reading.places(*sorted(reading.woken & _VENDORS)):
        found = _VENDORED.match(reading.text, at)
        if found is not None and _is_random(found["value"], hexadecimal=True):
            yield _hit(found.start("value"), found.end("value"), f"{found['vendor'].lower()} credential", Layer.CONTEXT)


_VENDORS = frozenset(re.findall(r"[a-z]+", _VENDORED.pattern.split("(?P<vendor>")[1].split(")")[0]))
_VENDOR = mark(_VENDORS)


def _is_password(value: str, sign: str) -> bool:
    """A password said after its name: no stand-in, no code, and not a plain word."""
    if len(value) < 6 or _STAND_IN.search(value) or _CALLS.match(value) or sign in (",", ">"):
        return False
    return entropy(value) >= 2.2 and any(ch.isdigit() for ch in value) and any(ch.isalpha() for ch in value)


def _is_random(value: str, *, hexadecimal: bool = False) -> bool:
    """Whether a value looks drawn at random: long, digits and letters mixed, no words, no stand-in."""
    if not 10 <= len(value) <= 150 or _STAND_IN.search(value) or _CALLS.match(value) or _WORDY.fullmatch(value):
        return False
    if _HEX.match(value) and not hexadecimal:
        return len(value) in (32, 40, 48, 64) and entropy(value) >= 3.3 and "-" not in value
    return _mixed(value) and entropy(value) >= (3.0 if hexadecimal else 3.5) and not _segments_are_words(value)


def _mixed(value: str) -> bool:
    return any(ch.isdigit() for ch in value) and any(ch.isalpha() for ch in value)


def _segments_are_words(value: str) -> bool:
    """foo-bar-2, com.example.v1: parts that are words or small numbers."""
    parts = [part for part in re.split(r"[_\-./=+:]", value) if part]
    wordy = sum(1 for part in parts if (part.isdigit() and len(part) < 5) or _WORDY.fullmatch(part))
    return len(parts) > 1 and wordy * 2 >= len(parts)


def _hit(start: int, end: int, detail: str, layer: Layer) -> Hit:
    score = 0.95 if layer is Layer.SECRET else 0.7
    witness = Witness.STRUCTURE if layer is Layer.SECRET else Witness.PATTERN
    return Hit(entity="SECRET", start=start, end=end, score=score, layer=layer, witness=witness, detail=detail)
