"""A draft as bytes, the ways programs make them: a careful one, and seven that people write.

A pipeline that only returns a draft leaves the sending to its user, so its draft is judged as each of these would send
it. They run the standard library as it is installed here, against an imagined server; none of them raises.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

from sluicegate.frozen import frozen
from sluicegate.mail.careful import Draft, careful
from sluicegate.mail.posting import Posted, Sent, posted

__all__ = ["BUILDERS", "Builder", "Draft", "Posted", "Sent", "built"]


@frozen
class Builder:
    """One way to send a draft."""

    name: str
    says: str
    build: Callable[[Draft], Posted]


def built(draft: Draft) -> dict[str, Posted]:
    """The draft by every builder, by name. Total."""
    return {name: builder.build(draft) for name, builder in BUILDERS.items()}


def _written(name: str, address: str) -> str:
    return f"{name} <{address}>" if name else address


def _to(draft: Draft) -> list[str]:
    names = (*draft.names, *("" for _ in draft.mail.to))
    return [_written(name, address) for name, address in zip(names, draft.mail.to, strict=False)]


def _trusted(draft: Draft) -> list[str]:
    mail = draft.mail
    return list(draft.recipients if draft.recipients is not None else (*mail.to, *mail.cc, *mail.bcc))


def _fields(draft: Draft) -> list[tuple[str, str]]:
    """Header names and values as one writes them who thinks of no attack."""
    mail = draft.mail
    fields = [("From", mail.sender or draft.sender), ("To", ", ".join(_to(draft)))]
    fields += [("Cc", ", ".join(mail.cc))] if mail.cc else []
    fields += [("Reply-To", ", ".join(mail.reply_to))] if mail.reply_to else []
    fields.append(("Subject", mail.subject or ""))
    fields += [("Message-ID", mail.message_id)] if mail.message_id else []
    return [*fields, *mail.headers.items()]


def _last(draft: Draft) -> list[tuple[str, str]]:
    return [(draft.sentinel, "end")] if draft.sentinel is not None else []


def _as_text(draft: Draft) -> str | bytes:
    """The whole mail from one template: text, whose line ends `smtplib` mends, or bytes where it is not ASCII."""
    mail = draft.mail
    kind, body = ("html", mail.html) if mail.html is not None and mail.body is None else ("plain", mail.body or "")
    body = _LINE_END.sub("\r\n", body)
    fields = [*_fields(draft), ("MIME-Version", "1.0")]
    if not mail.attachments:
        fields += [("Content-Type", f"text/{kind}; charset=utf-8"), *_last(draft)]
        text = "".join(f"{name}: {value}\r\n" for name, value in fields) + f"\r\n{body}"
        return text if text.isascii() else text.encode("utf-8")
    fields += [("Content-Type", 'multipart/mixed; boundary="=_parts"'), *_last(draft)]
    text = "".join(f"{name}: {value}\r\n" for name, value in fields)
    text += f"\r\n--=_parts\r\nContent-Type: text/{kind}; charset=utf-8\r\n\r\n{body}\r\n"
    for one in mail.attachments:
        said = _LINE_END.sub("\r\n", one.text or "")
        text += f"--=_parts\r\nContent-Type: {one.media_type}\r\n"
        text += f'Content-Disposition: attachment; filename="{one.name}"\r\n\r\n{said}\r\n'
    text += "--=_parts--\r\n"
    return text if text.isascii() else text.encode("utf-8")


_LINE_END = re.compile("\r?\n")


def _options(data: str | bytes, *addresses: str) -> tuple[str, ...]:
    return () if data.isascii() and "".join(addresses).isascii() else ("SMTPUTF8",)


def _template(draft: Draft) -> Posted:
    def send(client: Any) -> None:
        data = _as_text(draft)
        client.sendmail(draft.sender, _trusted(draft), data, _options(data, draft.sender, *_trusted(draft)))

    return posted(send)


def _template_by_headers(draft: Draft) -> Posted:
    def send(client: Any) -> None:
        from email import message_from_bytes

        data = _as_text(draft)
        raw = data if isinstance(data, bytes) else data.encode("utf-8")
        client.send_message(message_from_bytes(raw), mail_options=_options(data))

    return posted(send)


def _message(draft: Draft) -> Any:
    """A message of the old interface (`email.mime`)."""
    from email.mime.application import MIMEApplication
    from email.mime.multipart import MIMEMultipart
    from email.mime.text import MIMEText

    mail = draft.mail
    made: Any = MIMEText(mail.body or "", "plain", "utf-8")
    if mail.html is not None:
        made = MIMEMultipart("alternative")
        for kind, text in (("plain", mail.body or ""), ("html", mail.html)):
            made.attach(MIMEText(text, kind, "utf-8"))
    if mail.attachments:
        outer = MIMEMultipart()
        outer.attach(made)
        for one in mail.attachments:
            part = MIMEApplication((one.text or "").encode("utf-8"))
            part.add_header("Content-Disposition", "attachment", filename=one.name)
            outer.attach(part)
        made = outer
    for name, value in (*_fields(draft), *(("Bcc", one) for one in mail.bcc), *_last(draft)):
        made[name] = value
    return made


def _legacy(draft: Draft) -> Posted:
    return posted(lambda client: client.send_message(_message(draft)))


def _legacy_as_string(draft: Draft) -> Posted:
    def send(client: Any) -> None:
        client.sendmail(draft.sender, _trusted(draft), _message(draft).as_string())

    return posted(send)


def _modern(draft: Draft) -> Posted:
    def send(client: Any) -> None:
        client.send_message(_email_message(draft, "default", dict(_fields(draft))))

    return posted(send)


def _email_message(draft: Draft, policy: str, fields: Mapping[str, Any]) -> Any:
    """A message of the new interface (`EmailMessage`)."""
    from email import policy as policies
    from email.message import EmailMessage

    mail = draft.mail
    made = EmailMessage(policy=getattr(policies, policy))
    for name, value in fields.items():
        made[name] = value
    if mail.bcc:
        made["Bcc"] = ", ".join(mail.bcc)
    made.set_content(mail.body or "")
    if mail.html is not None:
        made.add_alternative(mail.html, subtype="html")
    for one in mail.attachments:
        made.add_attachment(
            (one.text or "").encode("utf-8"), maintype="application", subtype="octet-stream", filename=one.name
        )
    for name, value in _last(draft):
        made[name] = value
    return made


def _as_drafted(draft: Draft) -> Posted:
    def send(client: Any) -> None:
        mail = draft.mail
        rcpt = [*mail.to, *mail.cc, *mail.bcc]
        data = _as_text(draft)
        client.sendmail(draft.sender, rcpt, data, _options(data, draft.sender, *rcpt))

    return posted(send)


def _by_the_book(draft: Draft) -> Posted:
    """`policy.SMTP`, addresses as `Address`, the envelope from elsewhere: what the documentation recommends."""

    def send(client: Any) -> None:
        from email.headerregistry import Address
        from email.utils import parseaddr

        def one(entry: str, name: str = "") -> Any:
            shown, address = (name, entry) if name else parseaddr(entry)
            return Address(display_name=shown, addr_spec=address or entry)

        mail = draft.mail
        names = (*draft.names, *("" for _ in mail.to))
        fields: dict[str, Any] = dict(_fields(draft))
        fields["From"] = one(mail.sender or draft.sender)
        fields["To"] = [one(entry, name) for entry, name in zip(mail.to, names, strict=False)]
        made = _email_message(draft, "SMTP", fields)
        del made["Bcc"]
        rcpt = [parseaddr(entry)[1] or entry for entry in _trusted(draft)]
        data = made.as_bytes()
        client.sendmail(draft.sender, rcpt, data, _options(data, draft.sender, *rcpt))

    return posted(send)


BUILDERS: Mapping[str, Builder] = MappingProxyType(
    {
        one.name: one
        for one in (
            Builder(name="careful", says="addresses and texts written anew, doubt refused", build=careful),
            Builder(name="template", says="one text template, sent to recipients of its own", build=_template),
            Builder(
                name="template_by_headers",
                says="one text template, sent to whom its headers name",
                build=_template_by_headers,
            ),
            Builder(name="legacy", says="email.mime and send_message", build=_legacy),
            Builder(name="legacy_as_string", says="email.mime, as_string and sendmail", build=_legacy_as_string),
            Builder(name="modern", says="EmailMessage and send_message", build=_modern),
            Builder(name="as_drafted", says="one text template, sent to the draft's own recipients", build=_as_drafted),
            Builder(
                name="by_the_book", says="EmailMessage, policy.SMTP, Address, recipients of its own", build=_by_the_book
            ),
        )
    }
)
"""By name: how a program may send a draft."""
