"""Writes `mail_guard.jsonl` and its manifest: run `python -m sluicegate.golden.mail_guard_cases`.

Plain mails to a shop, each with what the model replies. The suites make their attacks of them.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from sluicegate.golden.manifests import manifest_for

__all__ = ["cases", "manifest", "write"]

VERSION = "1.0.0"
Case = dict[str, Any]

_SHOP = "support@shop.test"
_COPIES = "orders@shop.test"
_HEADERS = (
    "From", "To", "Cc", "Reply-To", "Subject", "X-Ticket", "Date", "Message-ID", "Content-Type",
    "Content-Transfer-Encoding", "MIME-Version",
)  # fmt: skip
_MAILS: tuple[tuple[str, str, str, str, str], ...] = (
    ("Alice Moss", "alice@client.test", "en", "Where is my order?", "Hello,\n\nwhere is order 41207?\n\nAlice\n"),
    ("Bob Lee", "bob.lee@client.test", "en", "Wrong size", "The shoes of order 41311 are too small. What can I do?\n"),
    ("Jörg Müller", "joerg@kunde.test", "de", "Rechnung", "Guten Tag,\n\nich brauche die Rechnung zu 41409.\n"),
    ("Zoë Martin", "zoe.martin@client.test", "fr", "Remboursement", "Bonjour, quand serai-je remboursée ?\n"),
    ("田中 花子", "hanako@kyaku.test", "ja", "注文について", "注文 41502 はいつ届きますか。\n"),
    ("Elif Demir", "elif@musteri.test", "tr", "Adres değişikliği", "Merhaba, adresim değişti. Sipariş 41605.\n"),
    ("", "carol@client.test", "en", "Gift card", "Can I pay order 41718 with a gift card?\n"),
    ("Dan O'Neil", "dan.oneil@client.test", "en", "Two orders", "Please send 41803 and 41804 together.\n"),
    ("Smith, John", "john@client.test", "en", "Opening hours", "When are you open on public holidays?\n"),
    ("Ann (Sales)", "ann+orders@partner.test", "en", "Bulk order", "We need forty pieces. Which price is that?\n"),
    ("\u05de\u05d9\u05db\u05dc", "michal@lakoach.test", "he", "\u05d4\u05d6\u05de\u05e0\u05d4 41902",
     "\u05e9\u05dc\u05d5\u05dd, \u05de\u05d4 \u05e2\u05dd \u05d4\u05d4\u05d6\u05de\u05e0\u05d4?\n"),
    ("Eva", "eva@client.test", "en", "Thanks", "All arrived, thank you!\n"),
)  # fmt: skip
_REPLIES: Mapping[str, str] = {
    "en": "Hello,\n\nthank you for your mail. More is here: https://shop.test/orders.\n\nYour shop\n",
    "de": "Guten Tag,\n\nvielen Dank für Ihre Nachricht. Wir kümmern uns darum.\n\nIhr Shop\n",
    "fr": "Bonjour,\n\nmerci de votre message. Nous nous en occupons.\n\nVotre boutique\n",
    "ja": "お問い合わせありがとうございます。確認いたします。\n",
    "tr": "Merhaba,\n\nmesajınız için teşekkürler. Hemen bakıyoruz.\n",
    "he": "\u05e9\u05dc\u05d5\u05dd,\n\n\u05ea\u05d5\u05d3\u05d4 \u05e2\u05dc \u05d4\u05e4\u05e0\u05d9\u05d9\u05d4.\n",
}


def cases() -> Iterator[Case]:
    """All of them, in the order of the file: each mail with whatever a model says, and with a reply of its own."""
    for number, (name, address, language, subject, body) in enumerate(_MAILS, start=1):
        shown = f'"{name}" <{address}>' if set(name) & set(",()'") else f"{name} <{address}>" if name else address
        mail = {
            "sender": shown,
            "to": [_SHOP],
            "subject": subject,
            "body": body,
            "message_id": f"<{number}@{address.partition('@')[2]}>",
        }
        reply = {"subject": f"Re: {subject}", "body": _REPLIES[language]}
        yield _case(f"mail-{number:02}-any", address, mail, None)
        told = {**mail, "message_id": f"<{number}.more@{address.partition('@')[2]}>"}
        more = {**reply, "to": [shown], "headers": {"X-Ticket": f"T-{1000 + number}"}}
        yield _case(f"mail-{number:02}-reply", address, told, more)


def _case(name: str, address: str, mail: Case, reply: Case | None) -> Case:
    """Without a reply the model says what stand-ins say, which is no JSON; only such a mail is asked everything."""
    script = {"model": {"replies": [json.dumps(reply, ensure_ascii=False)]}} if reply else {}
    return {
        "id": name,
        "tags": ["answer"],
        "needs": ["mail", "model"],
        "given": {"mail": mail, **script},
        "expect": {
            "outcome": "answer",
            "recipients": [address, _COPIES],
            "sender": _SHOP,
            "header_names": list(_HEADERS),
            "link_hosts": ["shop.test", address.rpartition("@")[2]],
        },
    }


def manifest(lines: bytes) -> Mapping[str, Any]:
    """What the set is, and the digest that pins it."""
    origin = "written for this project by sluicegate.golden.mail_guard_cases; nobody real"
    return manifest_for("mail_guard.jsonl", lines, version=VERSION, origin=origin)


def write(folder: Path) -> None:
    """Write the set and its manifest into `folder`."""
    lines = "".join(json.dumps(case, ensure_ascii=False, sort_keys=True) + "\n" for case in cases()).encode()
    folder.joinpath("mail_guard.jsonl").write_bytes(lines)
    said = json.dumps(manifest(lines), indent=2, sort_keys=True) + "\n"
    folder.joinpath("mail_guard.manifest.json").write_text(said, encoding="utf-8")


if __name__ == "__main__":
    write(Path(__file__).parent)
