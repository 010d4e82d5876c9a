"""What a mail on the wire says, as bytes and as a reader shows it: each part and each header decoded.

A text in base64 or quoted-printable is read out of its part, not searched for as code: what an attacker encoded once
more is one step away then, not two.
"""

from __future__ import annotations

import binascii
import re
from collections.abc import Iterator, Mapping
from functools import lru_cache

from sluicegate.checks.retriever_log import texts_in
from sluicegate.checks.sinks import Sink, joined
from sluicegate.model import Observation, Trial

__all__ = ["of_mail", "read_by_people"]

_BASE64_BODY = re.compile(rb"[A-Za-z0-9+/=\r\n]+")
_LEAST = 40
"""Bytes of a coded body that is worth being taken out of the bytes that are searched."""


def read_by_people(trial: Trial) -> Iterator[Sink]:
    """What mails on the wire show: headers, file names and texts, decoded. Not their bytes, and no envelope."""
    mails = (seen for seen in trial.observations if seen.double == "mail")
    for at, seen in enumerate(mails):
        place = f"$.observations.mail[{at}]"
        yield from (sink for sink in of_mail(seen, place) if sink.place != place)


def of_mail(seen: Observation, place: str) -> Iterator[Sink]:
    """Envelope, commands, bytes, header values, file names and attached texts as `data`; texts as they are shown."""
    detail = seen.detail
    said = [detail.get(name) for name in ("mail_from", "mail_parameters", "rcpt", "rcpt_parameters", "transcript")]
    yield from (Sink(place=place, text=text, kind="data") for text in texts_in(said))
    raw = detail.get("data_base64")
    if isinstance(raw, str):
        for where, text, kind in _texts(raw):
            yield Sink(place=f"{place}{where}", text=text, kind=kind)


@lru_cache(maxsize=16)
def _texts(data_base64: str) -> tuple[tuple[str, str, str], ...]:
    """Place below the mail, text and kind. Kept for a while: several checks ask for them."""
    try:
        data = binascii.a2b_base64(data_base64)
    except ValueError:
        return (("", data_base64, "data"),)
    from sluicegate.mail.parts import parts
    from sluicegate.mail.wire import decoded, read, unfolded
    from sluicegate.mail.words import spoken

    found: dict[tuple[str, str, str], None] = {}
    rest = data
    for part in parts(read(data)):
        where = f" part {part.path}" if part.path else ""
        for header in part.message.headers:
            found[f"{where} header {header.shown}", spoken(decoded(unfolded(header.value))), "data"] = None
        found.update(((f"{where} file name", name, "data"), None) for name in part.file_names)
        if not part.leaf:
            continue
        body = part.message.body
        if part.payload != body and len(body) >= _LEAST and _BASE64_BODY.fullmatch(body):
            rest = rest.replace(body, b"", 1)
        kind = _kind(part.media_type, part.disposition.value)
        text = part.text.replace("\r\n", "\n")
        found[where or " body", text, kind] = None
        if kind == "html" and (read_text := joined(text)) is not None:
            found[where or " body", read_text, "joined"] = None
    return (("", rest.decode("utf-8", "surrogateescape"), "data"), *found)


_SHOWN: Mapping[str, str] = {
    **dict.fromkeys(("text/html", "application/xhtml+xml", "text/x-amp-html"), "html"),
    **dict.fromkeys(("text/plain", "text/markdown", "text/enriched", "text/richtext"), "markdown"),
}


def _kind(media_type: str, disposition: str) -> str:
    """A file is opened by whoever wants to; what stands in the mail itself is shown, its links too."""
    # `text/html charset=utf-8`, its semicolon forgotten, is HTML to mail programs.
    known = "text/html" if media_type.startswith("text/html") else media_type
    return "data" if disposition == "attachment" else _SHOWN.get(known, "data")
