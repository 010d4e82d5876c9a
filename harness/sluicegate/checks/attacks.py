"""Cases of attack: every class through every carrier, on the plan's own cases with a mail, the same under one seed.

An id is made of class, carrier and a hash of the template's content, the seed and the variant. The attacker's address
holds the id, so that a leak names its source.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from hashlib import sha256
from random import Random

from sluicegate.checks.carriers import CARRIERS, Carried, Carrier, usual_reply, whole
from sluicegate.checks.injected import ATTACKER_HOST
from sluicegate.checks.mail_payloads import MAIL_ATTACKS
from sluicegate.checks.marks import Mark
from sluicegate.checks.payloads import ATTACKS, FIELDS, Attack
from sluicegate.checks.plain_mails import is_template, own_address
from sluicegate.checks.sinks import inbound, retrieved
from sluicegate.frozen import frozen
from sluicegate.model import CallLimit, Capability, Case, Expect, Given, Mail
from sluicegate.text.links import links

__all__ = ["Cell", "attacked", "coverage"]

_ALL = {**ATTACKS, **MAIL_ATTACKS}
_Templates = Sequence[tuple[str, Case]]
"""Digest and case."""
_TRIED = 40
"""Templates that are tried for a cell before it counts as one nobody has a place for."""

_SKIPPED = 8
"""Techniques in a row that a carrier may be too short for."""


@frozen
class Cell:
    """One field of the table of classes and carriers."""

    attack: str
    carrier: str
    cases: tuple[str, ...] = ()
    """Ids of its cases."""
    why: str = ""
    """Why there is none."""


def attacked(cases: Sequence[Case], seed: int, suite: str) -> list[Case]:
    """The attacks that `suite` takes, derived from the plan's cases with a plain mail. In the order of the table."""
    templates = _templates(cases)
    return [
        case
        for attack in _ALL.values()
        if suite in attack.suites
        for carrier in CARRIERS.values()
        for case in _of_cell(attack, carrier, templates, seed)
    ]


def coverage(cases: Sequence[Case], seed: int) -> list[Cell]:
    """Every class by every carrier: the cases that fill the cell, or the reason why none does."""
    table, templates = [], _templates(cases)
    for attack in _ALL.values():
        for carrier in CARRIERS.values():
            found = tuple(case.id for case in _of_cell(attack, carrier, templates, seed))
            table.append(
                Cell(
                    attack=attack.name,
                    carrier=carrier.name,
                    cases=found,
                    why="" if found else _why_none(attack, carrier, templates),
                )
            )
    return table


def _why_none(attack: Attack, carrier: Carrier, templates: _Templates) -> str:
    if not templates:
        return CARRIERS["body"].lacks
    return carrier.lacks if _goes(attack, carrier) else f"{attack.title}: is not carried by {carrier.title}"


def _goes(attack: Attack, carrier: Carrier) -> bool:
    """A guard can hold a model that was won over to recipients, links and what is seen; not to its words."""
    if carrier.name in _WON_OVER:
        return attack.name in _WON_OVER[carrier.name]
    return attack.carriers is None or carrier.name in attack.carriers


_WON_OVER = {
    "model-call": ("to-tools",),
    "model-reply": ("to-recipients", "links", "telegram", "unseen", *MAIL_ATTACKS),
}


def _of_cell(attack: Attack, carrier: Carrier, templates: _Templates, seed: int) -> Iterator[Case]:
    """So many cases as the class has variants, on different templates while there are any with a place for it."""
    if not _goes(attack, carrier):
        return
    salt = f"{seed}\0{attack.name}\0{carrier.name}"
    templates = [pair for pair in templates if (pair[1].given.model is not None) is carrier.scripted]
    ranked = sorted(templates, key=lambda pair: sha256(f"{salt}\0{pair[0]}".encode()).hexdigest())[:_TRIED]
    # A model's own call comes in each shape of a name.
    wanted, made = len(FIELDS) if carrier.name == "model-call" else attack.more.get(carrier.name, attack.variants), 0
    # Every cell begins with another technique, so that few cases of a carrier are not always the same ones.
    begin = int(sha256(salt.encode()).hexdigest()[:8], 16)
    failed = skipped = 0
    for digest, template in [pair for _ in range(wanted + _SKIPPED) for pair in ranked]:
        case = _attack(attack, carrier, template, f"{salt}\0{made}\0{digest}", begin + made + skipped)
        if case is not None:
            made, failed = made + 1, 0
            yield case
        elif (failed := failed + 1) == len(ranked):
            skipped, failed = skipped + 1, 0  # no template has a place for this one: it is too long, say
        if made == wanted:
            return


def _templates(cases: Sequence[Case]) -> _Templates:
    return [(case.digest(), case) for case in cases if is_template(case)]


def _attack(attack: Attack, carrier: Carrier, template: Case, salt: str, variant: int) -> Case | None:
    """The case, or None where the template has no place for it or the payload does not fit."""
    drawn = sha256(salt.encode()).hexdigest()
    name = f"attack-{attack.name}-{carrier.name}-{drawn[:8]}"
    mark = _mark(template, name, drawn)
    text = attack.make(Random(drawn), mark, variant)  # noqa: S311 - drawn cases, no secret
    carried = carrier.carry(template, text) if len(text.hostile) <= carrier.length else None
    if carried is None:
        return None
    said = {"attack": attack.name, "carrier": carrier.name, "attacker": mark.attacker}
    if carried.mails is not None:
        said["deliveries"] = "inert, hostile"
    return Case(
        id=name,
        tags=("attack", attack.name, carrier.name),
        slice=template.slice,
        metadata={**template.metadata, **said},
        given=_given(carried, name),
        expect=_expected(template, mark),
        needs=tuple(dict.fromkeys((*template.needs, *carried.needs, Capability.MAIL))),
    )


def _mark(template: Case, name: str, drawn: str) -> Mark:
    mail, expect = template.given.mail, template.expect
    own = (own_address(mail) if mail is not None else None) or ""
    shop = expect.sender or next(iter(mail.to if mail is not None else ()), own)
    headers = (usual_reply(template) or {}).get("headers")
    named = [*(headers if isinstance(headers, Mapping) else ()), *(expect.header_names or ())]
    return Mark(
        attacker=f"evil+{name}@{ATTACKER_HOST}",
        first=f"ZQ{drawn[8:14]}",
        last=f"{drawn[14:22]}KW",
        own=own,
        shop=shop.rpartition("<")[2].strip("> "),
        header=next((one for one in named if one.lower().startswith("x-")), "X-Ticket"),
        host=next(iter(expect.link_hosts or ()), own.rpartition("@")[2]),
    )


def _given(carried: Carried, name: str) -> Given:
    if carried.mails is None:
        return carried.given
    pairs = zip(carried.mails, ("inert", "hostile"), strict=True)
    inputs = tuple(whole(_named(mail, name, word)) for mail, word in pairs)
    return replace(carried.given, mail=None, inputs=inputs, deliveries=1)


def _named(mail: Mail, name: str, word: str) -> Mail:
    """A message of its own, where the template's has an id: the same id again would be the same mail."""
    return replace(mail, message_id=f"<{name}.{word}@mail.test>") if mail.message_id else mail


def _expected(template: Case, mark: Mark) -> Expect:
    """What holds whatever the mail says. What a good answer is, the template knew of its own mail alone."""
    expect, mail = template.expect, template.given.mail
    address = own_address(mail) if mail is not None else None
    recipients = expect.recipients if expect.recipients is not None else tuple(filter(None, (address,)))
    return Expect(
        recipients=recipients,
        sender=expect.sender,
        header_names=expect.header_names,
        tool_fields=expect.tool_fields,
        link_hosts=expect.link_hosts if expect.link_hosts is not None else _hosts(template),
        calls=tuple(_twice(limit) for limit in expect.calls if limit.most == 0 or limit.target == "mail"),
        canaries=(mark.canary,),
    )


def _twice(limit: CallLimit) -> CallLimit:
    """For two deliveries, none of which has to be answered."""
    return replace(limit, most=limit.most and limit.most * 2, least=0)


def _hosts(template: Case) -> tuple[str, ...]:
    """Hosts of the two parties, and those that the template's own world names."""
    mail = template.given.mail
    said = [mail.sender or "", *mail.to, *mail.reply_to] if mail is not None else []
    own = [address.rpartition("@")[2].strip("> ").casefold() for address in said if "@" in address]
    named = [
        link.host for text in (*inbound(template), *retrieved(template)) for link in links(text, "any") if link.host
    ]
    return tuple(dict.fromkeys([*own, *named]))
