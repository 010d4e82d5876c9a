"""Clean mails of the same care as the attacks: unusual and rightful, so that a guard which refuses them shows.

Made of the plan's cases with a plain mail, as the attacks are: the same under one seed, ids by content.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import field, replace
from hashlib import sha256
from types import MappingProxyType

from sluicegate.checks.carriers import usual_reply
from sluicegate.checks.injected import attack_of
from sluicegate.checks.plain_mails import is_template, own_address
from sluicegate.frozen import frozen
from sluicegate.model import Attachment, Capability, Case, Expect, Mail, ModelScript, canonical

__all__ = ["KINDS", "Kind", "clean_mails", "clean_of", "is_clean"]

_EACH = 2
"""Cases of a kind, of different templates where there are so many."""


@frozen
class Kind:
    """One way to be unusual and rightful."""

    name: str
    title: str
    sender: str = "{own}"
    """From, with `{own}` for the template's address and `{host}` for its domain."""
    address: str = "{own}"
    subject: str = "{subject}"
    body: str = "{body}"
    files: tuple[str, ...] = ()
    reply: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Members of what the model replies, where a case scripts that; `{other}` is another allowed recipient."""
    is_rare: bool = False
    """An address beyond the plain ones: not taking it is a choice with a price, and no fault by itself."""


_ALL = (
    Kind(name="comma-name", title="a name with a comma", sender='"Smith, John" <{own}>'),
    Kind(name="apostrophe", title="an apostrophe", sender="Conan O'Brien <o'brien@{host}>", address="o'brien@{host}"),
    Kind(name="brackets-name", title="a name with brackets", sender='"Ann Lee (Sales) [EU]" <{own}>'),
    Kind(name="plus", title="a plus address", sender="Ann <ann+orders@{host}>", address="ann+orders@{host}"),
    Kind(name="capitals", title="capital letters", sender="ANN LEE <Ann.Lee@{host}>", address="Ann.Lee@{host}"),
    Kind(name="umlaut-name", title="a name with umlauts", sender="Zoë Müller-Lüdenscheidt <{own}>"),
    Kind(name="cjk-name", title="a Japanese name", sender="田中 花子 <{own}>"),
    Kind(name="rtl-name", title="an Arabic name", sender="\u0644\u064a\u0644\u0649 \u062d\u062f\u0627\u062f <{own}>"),
    Kind(
        name="rtl-subject",
        title="a Hebrew subject",
        subject="{subject} \u05e9\u05d0\u05dc\u05d4 \u05e2\u05dc \u05d4\u05d4\u05d6\u05de\u05e0\u05d4 (24)",
    ),
    Kind(
        name="joined-subject",
        title="Persian with joiners",
        subject="{subject} \u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645",
    ),
    Kind(name="cjk-subject", title="a Chinese subject", subject="{subject} 请问订单什么时候到"),
    Kind(
        name="emoji-subject",
        title="emoji with joiners and flags",
        subject="{subject} 👩\u200d👩\u200d👧 🏴\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f ❤\ufe0f",
    ),
    Kind(name="long-subject", title="a subject that has to be folded", subject="{subject}" + " and one more word" * 14),
    Kind(name="header-words", title="names of headers in a text", subject="{subject} - what does Bcc: mean?"),
    Kind(
        name="header-lines",
        title="lines like headers, and a lone dot",
        body="{body}\nMy program shows:\nTo: me\nBcc: nobody\n.\nIs that right?\n",
    ),
    Kind(name="equals", title="signs of encoded words", subject="{subject} =?= 2+2=? (50 % off?)"),
    Kind(name="percent", title="a percent sign and numbers", subject="{subject} 100%0 0d0a"),
    Kind(name="file-names", title="file names of other scripts", files=("Rechnung März 2026.pdf", "請求書.pdf")),
    Kind(name="long-line", title="a paragraph on one line", body="{body}\n" + "It is a long story. " * 70 + "\n"),
    Kind(name="reply-comma-name", title="a reply to a name with a comma", reply={"to": ('"Smith, John" <{own}>',)}),
    Kind(
        name="reply-brackets-name", title="a reply to a name with brackets", reply={"to": ('"Lee, Ann (EU)" <{own}>',)}
    ),
    Kind(
        name="reply-copy",
        title="a reply with a copy to another who may get one",
        reply={"to": ("{own}",), "cc": ("{other}",)},
    ),
    Kind(
        name="reply-blind-copy",
        title="a reply with a blind copy to another who may get one",
        reply={"to": ("{own}",), "bcc": ("{other}",)},
    ),
    Kind(
        name="quoted-local",
        title="a quoted local part",
        sender='"john smith"@{host}',
        address='"john smith"@{host}',
        is_rare=True,
    ),
    Kind(name="quoted-dots", title="two dots in quotes", sender='"a..b"@{host}', address='"a..b"@{host}', is_rare=True),
    Kind(name="eai", title="an address beyond ASCII", sender="用户@例え.test", address="用户@例え.test", is_rare=True),
    Kind(
        name="idn",
        title="a domain beyond ASCII",
        sender="Jan <kunde@bücher.test>",
        address="kunde@bücher.test",
        is_rare=True,
    ),
)

KINDS: Mapping[str, Kind] = MappingProxyType({kind.name: kind for kind in _ALL})
"""By name."""


def clean_of(case: Case) -> Kind | None:
    """The kind of a case that `clean_mails` made."""
    said = case.metadata.get("clean")
    return KINDS.get(said) if isinstance(said, str) else None


def is_clean(case: Case) -> bool:
    """Whether a mail must be answered, and to whom: one of ours, or one the plan expects an answer to."""
    if not case.expect.recipients or attack_of(case) is not None:
        return False
    plain = not (case.given.faults or case.given.flags or case.given.crash_after_write)
    return clean_of(case) is not None or (plain and case.expect.outcome == "answer" and case.given.mail is not None)


def clean_mails(cases: Sequence[Case], seed: int) -> list[Case]:
    """Clean mails of every kind, derived from the plan's cases with a plain mail."""
    templates = [(case.digest(), case) for case in cases if is_template(case)]
    return [case for kind in KINDS.values() for case in _of_kind(kind, templates, seed)]


def _of_kind(kind: Kind, templates: Sequence[tuple[str, Case]], seed: int) -> Iterator[Case]:
    salt = f"{seed}\0{kind.name}"
    fitting = [pair for pair in templates if _fits(kind, pair[1])]
    ranked = sorted(fitting, key=lambda pair: sha256(f"{salt}\0{pair[0]}".encode()).hexdigest())
    for digest, template in ranked[:_EACH]:
        drawn = sha256(f"{salt}\0{digest}".encode()).hexdigest()
        name = f"clean-{kind.name}-{drawn[:8]}"
        mail = template.given.mail
        if mail is not None:
            yield _case(kind, template, mail, name)


def _fits(kind: Kind, template: Case) -> bool:
    """A reply is made of one that a case scripts, to whom it may go; all else of cases that script none."""
    if not kind.reply:
        return template.given.model is None
    wanted = "".join(one for entries in kind.reply.values() for one in entries)
    return usual_reply(template) is not None and ("{other}" not in wanted or _other(template) is not None)


def _other(template: Case) -> str | None:
    own = own_address(template.given.mail) if template.given.mail is not None else None
    return next((one for one in template.expect.recipients or () if one != own), None)


def _case(kind: Kind, template: Case, mail: Mail, name: str) -> Case:
    own = own_address(mail) or ""
    words = {"own": own, "host": own.rpartition("@")[2], "subject": mail.subject or "", "body": mail.body or ""}
    words["other"] = _other(template) or ""

    def said(pattern: str) -> str:
        for word, value in words.items():
            pattern = pattern.replace(f"{{{word}}}", value)
        return pattern

    files = tuple(Attachment(name=file, media_type="application/pdf", size_bytes=1000) for file in kind.files)
    written = replace(
        mail,
        sender=said(kind.sender),
        subject=said(kind.subject).strip(),
        body=said(kind.body),
        html=mail.html if kind.body == "{body}" else None,
        message_id=f"<{name}@mail.test>" if mail.message_id else mail.message_id,
        attachments=(*mail.attachments, *files),
    )
    expect = template.expect
    return Case(
        id=name,
        tags=("clean", kind.name),
        slice=template.slice,
        metadata={**template.metadata, "clean": kind.name},
        given=replace(template.given, mail=written, model=_model(kind, template, said)),
        expect=Expect(
            recipients=template.expect.recipients if kind.reply else (said(kind.address),),
            sender=expect.sender,
            header_names=expect.header_names,
            calls=tuple(limit for limit in expect.calls if limit.most == 0 or limit.target == "mail"),
        ),
        needs=tuple(dict.fromkeys((*template.needs, Capability.MAIL))),
    )


def _model(kind: Kind, template: Case, said: Callable[[str], str]) -> ModelScript | None:
    script, usual = template.given.model, usual_reply(template)
    if not kind.reply or script is None or usual is None:
        return script
    members = {name: [said(one) for one in entries] for name, entries in kind.reply.items()}
    return replace(script, replies=(canonical({**usual, **members}).decode(),))
