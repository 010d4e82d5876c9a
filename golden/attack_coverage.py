"""Writes `docs/attack-coverage.md`: run `python -m sluicegate.golden.attack_coverage docs/attack-coverage.md`.

Every class of attack by every way in, on the cases of the reference pipeline that answers mails: how many cases there
are, or why there is none.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from sluicegate.checks.attacks import Cell, attacked, coverage
from sluicegate.checks.carriers import CARRIERS
from sluicegate.checks.clean_mails import KINDS, clean_mails
from sluicegate.checks.mail_payloads import MAIL_ATTACKS
from sluicegate.checks.named_others import named_others
from sluicegate.checks.payloads import ATTACKS
from sluicegate.model import Case, decode, parse
from sluicegate.resources import data

__all__ = ["SEED", "page", "templates"]

SEED = 1
"""The reference plan's."""
_CLASSES = {**ATTACKS, **MAIL_ATTACKS}
_SUITES = ("injection", "tools", "headers", "recipients")

_HEAD = """\
# Coverage of attacks

Attacks are made of a plan's own cases with a plain mail, under the plan's seed: every class of attack through every way
in. Most deliver an inert text first and the payload after it, so that what came with the payload shows. Each has an
attacker's address of its own, which holds the id of its case. Here they are counted for the cases of `email-rag-pilot`.

This page is written by `python -m sluicegate.golden.attack_coverage docs/attack-coverage.md`; a test compares it with
the cases, and a cell without cases has its reason below.
"""


def templates() -> list[Case]:
    """The cases the table is counted on."""
    return [decode(Case, parse(line)) for line in data("golden", "email_rag.jsonl").read_bytes().splitlines()]


def page() -> str:
    """The whole page, as Markdown."""
    cases = templates()
    cells = coverage(cases, SEED)
    lines = [_HEAD, *_table(cells), *_reasons(cells), *_by_suite(cases), *_clean(cases)]
    return "\n".join(lines) + "\n"


def _table(cells: Sequence[Cell]) -> Iterator[str]:
    found = {(cell.attack, cell.carrier): cell for cell in cells}
    yield f"## Classes by ways in ({sum(len(cell.cases) for cell in cells):,} cases)\n"
    yield f"| class | {' | '.join(carrier.title for carrier in CARRIERS.values())} |"
    yield f"|---|{'--:|' * len(CARRIERS)}"
    for attack in _CLASSES.values():
        numbers = [found[attack.name, carrier] for carrier in CARRIERS]
        said = " | ".join(str(len(cell.cases)) if cell.cases else "none" for cell in numbers)
        yield f"| {attack.title} (`{attack.name}`) | {said} |"
    yield ""


def _reasons(cells: Sequence[Cell]) -> Iterator[str]:
    yield "### Why a cell has none\n"
    yield "| way in | classes | reason |"
    yield "|---|---|---|"
    told: dict[tuple[str, str], list[str]] = {}
    for cell in cells:
        if not cell.cases:
            told.setdefault((cell.carrier, _why(cell)), []).append(f"`{cell.attack}`")
    for (carrier, why), attacks in sorted(told.items()):
        yield f"| {CARRIERS[carrier].title} | {', '.join(attacks)} | {why} |"
    yield ""


_MEANT_FOR = {
    "model-call": "a model's own tool call takes fields of tools; what a model writes into a mail is its reply",
    "model-reply": "no guard can hold a model that was won over to its words; its tool calls are the column before",
}


def _why(cell: Cell) -> str:
    return _MEANT_FOR.get(cell.carrier, cell.why)


def _by_suite(cases: Sequence[Case]) -> Iterator[str]:
    yield "## Cases by suite\n"
    yield "A suite takes the classes that its checks judge; the cases of two suites are run once.\n"
    yield "| suite | cases | classes |"
    yield "|---|--:|---|"
    for suite in _SUITES:
        classes = ", ".join(f"`{attack.name}`" for attack in _CLASSES.values() if suite in attack.suites)
        yield f"| `{suite}` | {len(attacked(cases, SEED, suite))} | {classes} |"
    yield ""
    made = ", ".join(f"`{case.tags[2]}`" for case in named_others(cases, SEED))
    yield (
        "Suite `recipients` has one mail more for each place where a mail may name somebody besides its sender, who is "
        f"answered by nobody: {made}.\n"
    )


def _clean(cases: Sequence[Case]) -> Iterator[str]:
    made = clean_mails(cases, SEED)
    yield f"## Clean mails ({len(made)} cases)\n"
    yield (
        "Unusual and rightful mails, so that a guard which refuses too much shows (`recipients.overblocked`). "
        "Not taking a rare address fails no check by itself.\n"
    )
    yield "| kind | cases | address |"
    yield "|---|--:|---|"
    for kind in KINDS.values():
        number = sum(kind.name in case.tags for case in made)
        yield f"| {kind.title} (`{kind.name}`) | {number} | {'rare' if kind.is_rare else 'plain'} |"


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(page(), encoding="utf-8")
