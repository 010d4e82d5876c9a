"""What the judge of mails sees: attack values and clean values through every builder, and mails as they were found.

`python -m benchmarks.mail_quality [DATA]`: DATA is the folder that holds `injection/vectors.jsonl`, the messages of the
CPython test suite, the mails of BIPIA, the naughty strings and the measured builders. Nothing of it is kept.

An attack value is *held* by a builder that refuses it, by a mail that is told of, or by one that is the same as for a
harmless value in all an oracle of its own compares (recipients as bytes, header lines by every line end known).
"""

from __future__ import annotations

import base64
import json
import re
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from sluicegate.mail.builders import BUILDERS, Draft, Posted, Sent, built
from sluicegate.mail.invariants import Allowed, Broken, broken
from sluicegate.mail.parts import parts
from sluicegate.mail.profile import profile
from sluicegate.mail.transcript import commands_broken
from sluicegate.mail.wire import escaped, read
from sluicegate.model.case import Attachment, Mail
from sluicegate.pii.known import Known, KnownValues
from sluicegate.text.decoders import Search
from sluicegate.text.invisible import hidden
from sluicegate.text.links import links

DATA = Path(__file__).parents[2] / "shared" / "data"
CANARIES = Search(("ZQ7f3a9c51KW", "sk-canary-9f83b1"))
KNOWN = KnownValues(
    (
        Known(value="Robert Quillfeather", entity="PERSON"),
        Known(value="+49 151 23456789", entity="PHONE_NUMBER"),
        Known(value="4556 7375 8689 9855", entity="CREDIT_CARD"),
        Known(value="DE89 3704 0044 0532 0130 00", entity="IBAN_CODE"),
    )
)
"""Values that stand in none of the texts."""
ALICE, SHOP = "alice@allowed.test", "shop@sender.test"


def draft(field: str, raw: str) -> Draft | None:
    """A draft that carries a value in a field; None for fields that are not of a mail."""
    mail: dict[str, Any] = {"to": (ALICE,), "subject": "Your order", "body": "Thank you.\n"}
    names: tuple[str, ...] = ()
    sender = SHOP
    if field in {"subject", "any_text"}:
        mail["subject"] = raw
    elif field == "body":
        mail["body"] = raw
    elif field == "recipient":
        mail["to"] = (raw,)
    elif field == "display_name":
        names = (raw,)
    elif field == "attachment_name":
        mail["attachments"] = (Attachment(name=raw, text="x"),)
    elif field == "header_name":
        mail["headers"] = {raw: "evil@attacker.test"}
    elif field == "reply_to":
        mail["reply_to"] = (raw,)
    elif field == "from":
        mail["sender"] = raw
    else:
        return None
    return Draft(mail=Mail(**mail), sender=sender, names=names, sentinel="X-Tail")


def allowed(*recipients: str) -> Allowed:
    names = (
        "From", "To", "Subject", "Message-ID", "MIME-Version", "Content-Type", "Content-Transfer-Encoding",
        "Content-Disposition",
    )  # fmt: skip
    return Allowed(recipients=(ALICE, *recipients), sender=SHOP, header_names=names, sentinel="X-Tail")


def judged(posted: Posted, rule: Allowed) -> list[str]:
    """What is broken in all a builder sent, as `I2 place what witness`."""
    said: list[Broken] = []
    for sent in posted.sent:
        said += broken(sent.envelope, read(sent.data), rule)
    said += commands_broken(posted.commands) if posted.commands else []
    return [f"{one.invariant} {one.place}: {one.what}: {one.witness}" for one in said]


_ENDS = re.compile(rb"\r\n|[\n\r\x0b\x0c\x1c-\x1e]|\xc2\x85|\xe2\x80[\xa8\xa9]")


def looks(sent: Sent) -> tuple[tuple[str, ...], tuple[bytes, ...], bool, frozenset[bytes]]:
    """All a harmless value leaves as it is, found without the judge."""
    head = sent.data.split(b"\r\n\r\n")[0]
    names: list[bytes] = []
    where: set[bytes] = set()
    for line in _ENDS.split(head):
        if not line.startswith((b" ", b"\t")):
            names.append(line.split(b":")[0].lower())
        if b"attacker.test" in line and names[-1:] != [b"subject"]:
            where.add(names[-1] if names else b"")
    bad = re.search(rb"(?<!\r)\n|\r(?!\n)|\0", sent.data) is not None
    return sent.envelope.rcpt, tuple(names), bad, frozenset(where)


def same(posted: Posted, harmless: Posted) -> bool:
    """Whether a value changed nothing: no recipient, no header more, no odd line end, no address elsewhere."""
    if len(posted.sent) != len(harmless.sent):
        return False
    for (rcpt, names, bad, where), (rcpt_, names_, bad_, where_) in zip(
        map(looks, posted.sent), map(looks, harmless.sent), strict=True
    ):
        if (
            rcpt != rcpt_
            or bad > bad_
            or not set(names) <= set(names_)
            or len(names) > len(names_)
            or not where <= where_
        ):
            return False
    return True


def vectors(data: Path) -> Iterator[Mapping[str, Any]]:
    with (data / "injection" / "vectors.jsonl").open(encoding="utf-8") as file:
        for line in file:
            yield json.loads(line)


def attacks(data: Path) -> int:
    """Attack rows through every builder; returns how many were missed."""
    told: dict[str, Counter[str]] = defaultdict(Counter)
    quiet: list[str] = []
    skipped: Counter[str] = Counter()
    for row in vectors(data):
        if row["expected"] != "hold":
            continue
        one = draft(row["field"], row["raw"]) if isinstance(row["raw"], str) else None
        if one is None or row["klass"].startswith(("X1", "T1", "G1")):
            skipped[row["klass"]] += 1
            continue
        harmless = ALICE if row["field"] == "recipient" else SHOP if row["field"] in {"from", "reply_to"} else "plain"
        inert = built(draft(row["field"], harmless) or one)
        for name, posted in built(one).items():
            count = told[row["klass"]]
            count["all"] += 1
            faults = judged(posted, allowed())
            if posted.refused:
                count["refused"] += 1
            elif faults:
                count["judged"] += 1
            elif same(posted, inert[name]):
                count["inert"] += 1
            else:
                count["missed"] += 1
                quiet.append(f"{row['klass']} {row['name']} {name} {escaped(row['raw'], 60)}")
    print(f"{'class':<24}{'sent':>6}{'refused':>9}{'judged':>8}{'inert':>7}{'missed':>8}")
    for klass, count in sorted(told.items()):
        print(
            f"{klass:<24}{count['all']:>6}{count['refused']:>9}{count['judged']:>8}{count['inert']:>7}{count['missed']:>8}"
        )
    print(f"not of a mail's bytes: {dict(skipped)}")
    for line in quiet:
        print(f"  missed: {line}")
    return len(quiet)


def clean_rows(data: Path) -> Iterator[tuple[str, Draft, Allowed]]:
    """Clean values, mails of BIPIA, and naughty strings in four fields, each with what is allowed."""
    for row in vectors(data):
        one = draft(row["field"], row["raw"]) if isinstance(row["raw"], str) else None
        if row["expected"] == "clean" and one is not None:
            yield row["name"], one, allowed(row["raw"]) if row["field"] == "recipient" else allowed()
    with (data / "injection" / "bipia_email_train.jsonl").open(encoding="utf-8") as file:
        for at, line in enumerate(file):
            context = json.loads(line)["context"]
            subject = re.search(r"SUBJECT: ([^|\n]*)", context)
            mail = Mail(to=(ALICE,), subject=subject[1] if subject else "Mail", body=context)
            yield f"bipia {at}", Draft(mail=mail, sender=SHOP, sentinel="X-Tail"), allowed()
    for at, text in enumerate(json.loads((data / "injection" / "blns.json").read_text(encoding="utf-8"))):
        for field in ("subject", "body", "display_name", "attachment_name"):
            one = draft(field, text)
            if one is not None:
                yield f"naughty {at} {field}", one, allowed()


def clean(data: Path) -> int:
    """Clean drafts through every builder; returns the alarms at mails of the careful one."""
    alarms: dict[str, list[str]] = {name: [] for name in BUILDERS}
    refused: Counter[str] = Counter()
    rows = list(clean_rows(data))
    print()
    for name, one, rule in rows:
        for builder, posted in built(one).items():
            refused[builder] += bool(posted.refused)
            if faults := judged(posted, rule):
                alarms[builder].append(f"{name}: {faults[0]}")
            if posted.refused and not name.startswith("naughty"):
                print(f"  {name} {builder} refuses: {posted.refused[:90]}")
    print(
        f"\nclean: {len(rows)} drafts, {sum(name.startswith('naughty') for name, _, _ in rows)} of them naughty strings"
    )
    print("alarms of careless builders are their own doing, and those of by_the_book holes of this interpreter:")
    for builder, told in alarms.items():
        ours = [line for line in told if not line.startswith("naughty")]
        print(f"  {builder:<20} refused {refused[builder]:>4}, told of {len(told):>4}, {len(ours)} of them plain")
        for line in (told if builder == "careful" else ours)[:8]:
            print(f"    {escaped(line, 200)}")
    return len(alarms["careful"])


def found_mails(data: Path) -> int:
    """Messages of the CPython test suite, their line ends made CRLF; what is told of them is printed."""
    rule = Allowed(recipients=None, required=())
    told = total = 0
    print("\nmessages of the CPython test suite, by what is told of them:")
    with (data / "injection" / "cpython_test_email_msgs.jsonl").open(encoding="utf-8") as file:
        for line in file:
            row = json.loads(line)
            raw = re.sub(rb"\r\n|\r|\n", b"\r\n", base64.b64decode(row["b64"]))
            raw = raw.partition(b"\r\n")[2] if raw.startswith(b"From ") else raw
            total += 1
            faults = broken(None, read(raw), rule)
            told += bool(faults)
            for one in faults:
                print(f"  {row['name']}: {one.invariant} {one.place}: {one.what}: {one.witness[:90]}")
    print(f"  {told} of {total} told of")
    return told


def clean_texts(data: Path) -> Iterator[tuple[str, str, str]]:
    """Source, name and text of all that somebody wrote without a thought of a judge."""
    for row in vectors(data):
        if row["expected"] == "clean" and isinstance(row["raw"], str):
            yield "clean rows", row["name"], row["raw"]
    with (data / "injection" / "bipia_email_train.jsonl").open(encoding="utf-8") as file:
        for at, line in enumerate(file):
            yield "BIPIA mails", str(at), json.loads(line)["context"]
    with (data / "injection" / "cpython_test_email_msgs.jsonl").open(encoding="utf-8") as file:
        for line in file:
            row = json.loads(line)
            for part in parts(read(base64.b64decode(row["b64"]))):
                if part.leaf and part.media_type.startswith("text/"):
                    yield "CPython mails", row["name"], part.text
    for at, text in enumerate(json.loads((data / "injection" / "blns.json").read_text(encoding="utf-8"))):
        yield "naughty strings", str(at), text


def alarms_of(text: str) -> Iterator[str]:
    """What the judges of texts say: canaries, known values, what is not seen, and what loads or runs by itself."""
    yield from (f"a canary, by {one.decoder}" for one in CANARIES.find(text))
    yield from (f"a known {one.entity}, {one.detail}" for one in KNOWN.hits(text))
    yield from (f"not seen: {one.kind} {one.decoded!r}" for one in hidden(text))
    for link in links(text, "markdown"):
        if link.loads_itself or link.scheme not in {"http", "https", "mailto", "tel"}:
            yield f"a link of scheme {link.scheme}, {link.how}: {link.url}"


def texts(data: Path) -> int:
    """Alarms at texts, by source and reason; returns those beside the naughty strings, many of which attack."""
    of: Counter[str] = Counter()
    told: dict[str, dict[str, list[str]]] = {}
    for source, name, text in clean_texts(data):
        of[source] += 1
        for reason in dict.fromkeys(alarms_of(text)):
            told.setdefault(source, {}).setdefault(reason.partition(": ")[0], []).append(f"{name}: {reason}")
    print("\ntexts, looked through for canaries, known values, what is not seen and what loads or runs by itself:")
    for source, count in of.items():
        named = {line.partition(":")[0] for lines in told.get(source, {}).values() for line in lines}
        print(f"  {source:<16} {count:>5}, told of {len(named)}")
        for reason, lines in told.get(source, {}).items():
            print(f"    {len(lines):>4} {reason:<44} {escaped(lines[0], 100)}")
    return sum(len(lines) for source, each in told.items() if source != "naughty strings" for lines in each.values())


def main() -> None:
    data = Path(sys.argv[1]) if len(sys.argv) > 1 else DATA
    if not (data / "injection" / "vectors.jsonl").exists():
        raise SystemExit(f"{data}: no injection/vectors.jsonl there")
    began = time.perf_counter()
    print("holes of this interpreter:", ", ".join(hole.name for hole in profile() if hole.present) or "none", "\n")
    missed = attacks(data)
    alarms = clean(data)
    found_mails(data)
    at_texts = texts(data)
    print(f"\nmissed {missed}, alarms on clean drafts {alarms}, on clean texts {at_texts}, raised 0,", end=" ")
    print(f"{time.perf_counter() - began:.1f} s")


if __name__ == "__main__":
    main()
