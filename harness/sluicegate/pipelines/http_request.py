"""The user's own request, filled from a case: address, headers, body."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import TypeVar
from urllib.parse import quote, urlsplit

import orjson

from sluicegate.errors import Fault, InputError, nearest
from sluicegate.frozen import frozen
from sluicegate.model import Case, RunContext
from sluicegate.pipelines.inputs import ROOTS, canonical_input, scope_of
from sluicegate.pipelines.paths import Template, parse_template
from sluicegate.plan.types import HeaderValue, HttpTarget
from sluicegate.resources import VERSION

__all__ = ["Request", "RequestTemplate", "template_faults"]

T = TypeVar("T")

_AT = "pipeline.http"
_BODILESS = ("GET", "HEAD", "DELETE")
_SECRET_NAME = re.compile(r"auth|cookie|key|token|secret|passw", re.IGNORECASE)
_HEADER_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_SHORTEST_SECRET = 4
"""Shorter values are not searched for in messages: they would blank out ordinary words."""


@frozen
class Request:
    """One request, ready to send."""

    method: str
    url: str
    body: bytes | None
    headers: Mapping[str, str]

    @property
    def shown(self) -> str:
        """Method and address, without user, password and query, which may hold secrets."""
        parts = urlsplit(self.url)
        return f"{self.method} {parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"


class RequestTemplate:
    """Address, headers and body of a target, parsed. Raises InputError with every fault, and no header's value."""

    def __init__(
        self,
        target: HttpTarget,
        *,
        endpoints: Mapping[str, str],
        environment: Mapping[str, str],
        id_header: str | None = None,
    ) -> None:
        """`id_header` carries the run's id beside the usual two."""
        faults: list[Fault] = []
        self._method = target.method.upper()
        self._endpoints = dict(endpoints)
        self._id_header = id_header
        self._url = _collected(faults, lambda: _url(target.url))
        self._body = None
        if target.request is not None:
            self._body = _collected(faults, lambda: parse_template(target.request, ROOTS, where=f"{_AT}.request"))
        templates = [item for item in (self._url, self._body) if item is not None]
        faults += _unknown_endpoints(templates, self._endpoints)
        self._headers, self.secrets = _headers(target.headers, environment, faults)
        """`secrets` are the values that no message may show."""
        if faults:
            raise InputError(faults)

    def fill(self, case: Case, context: RunContext) -> Request:
        """The request for one delivery. Raises InputError when the case lacks something, TypeError for no JSON."""
        scope = scope_of(case, context, self._endpoints)
        url = self._url.fill(scope) if self._url is not None else ""
        body = None
        if self._body is not None:
            body = orjson.dumps(self._body.fill(scope))
        elif self._method not in _BODILESS:
            body = orjson.dumps(canonical_input(case))
        own = {self._id_header: context.run_id} if self._id_header else {}
        named = {"x-sluicegate-run": context.run_id, "traceparent": context.traceparent}
        headers = {**self._headers, **own, **named}
        return Request(method=self._method, url=url, body=body, headers=headers)


def template_faults(target: HttpTarget) -> list[Fault]:
    """What is wrong with the templates of a target, wherever its doubles and variables are."""
    faults: list[Fault] = []
    _collected(faults, lambda: _url(target.url))
    if target.request is not None:
        _collected(faults, lambda: parse_template(target.request, ROOTS, where=f"{_AT}.request"))
    return faults


def _collected(faults: list[Fault], make: Callable[[], T]) -> T | None:
    try:
        return make()
    except InputError as error:
        faults.extend(error.faults)
        return None


def _url(text: str) -> Template:
    where = f"{_AT}.url"
    template = parse_template(text, ROOTS, where=where, quote=_quoted)
    scheme, colon, rest = text.partition("://")
    if text.startswith("${endpoint."):
        return template
    if not colon or scheme not in ("http", "https"):
        what = f"'{text}' does not begin with http:// or https://."
        raise InputError(
            Fault(where=where, what=what, mend="Write the whole address, e.g. http://127.0.0.1:8000/draft.")
        )
    host = re.split(r"[/?#]", rest, maxsplit=1)[0]
    if not host or "${" in host:
        what = f"'{text}' takes its host from the case." if host else f"'{text}' names no host."
        mend = "Write the host; only ${endpoint.NAME} may stand for one, at the beginning."
        raise InputError(Fault(where=where, what=what, mend=mend))
    return template


def _quoted(value: str) -> str:
    if value in (".", ".."):  # no escape protects these two: every client resolves them
        what = f"a part of the address is '{value}', which would change the path."
        raise InputError(Fault(where=f"{_AT}.url", what=what, mend="Send it in the body."))
    return quote(value, safe="")


def _unknown_endpoints(templates: list[Template], endpoints: Mapping[str, str]) -> list[Fault]:
    faults: list[Fault] = []
    for path in (path for template in templates for path in template.paths if path.steps[0] == "endpoint"):
        name = str(path.steps[1]) if len(path.steps) == 2 else ""
        if name in endpoints or path.optional:
            continue
        mend = nearest(name, endpoints) or f"Known are {', '.join(sorted(endpoints))}."
        if not endpoints:
            mend = (
                f"No double stands here; under load none does. ${{endpoint.{name}?}} is left out where there is none."
            )
        faults.append(Fault(where=_AT, what=f"'${{{path.text}}}' names no endpoint.", mend=mend))
    return faults


def _headers(
    headers: Mapping[str, HeaderValue], environment: Mapping[str, str], faults: list[Fault]
) -> tuple[dict[str, str], tuple[str, ...]]:
    """The headers every request carries, and the values to keep out of every message."""
    made = {
        "content-type": "application/json",
        "accept": "application/json, text/event-stream",
        "user-agent": f"sluicegate/{VERSION}",
    }
    secrets: list[str] = []
    for name, header in headers.items():
        where = f"{_AT}.headers.{name}"
        if not _HEADER_NAME.fullmatch(name):
            faults.append(
                Fault(where=where, what=f"{name!r} is no header name.", mend="Use letters, digits and hyphens.")
            )
            continue
        value = header.literal
        if header.env is not None:
            value = environment.get(header.env)
            if value is None:
                what = f"the environment variable {header.env} is not set."
                faults.append(Fault(where=where, what=what, mend=f"Set it: export {header.env}=…"))
                continue
        full = header.prefix + (value or "")
        if not full.isascii() or not full.isprintable():
            source = f"the value of {header.env}" if header.env else "the value"
            what = f"{source} holds a line break or a character that no header can carry."
            faults.append(Fault(where=where, what=what, mend="Remove it; a file's last newline is the usual cause."))
            continue
        made[name.lower()] = full
        if header.env is not None or _SECRET_NAME.search(name):
            secrets += [item for item in (full, value) if item and len(item) >= _SHORTEST_SECRET]
    return made, tuple(secrets)
