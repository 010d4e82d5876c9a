"""Side effects as the doubles saw them: which calls changed something, and which of them the message asked for."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping

from sluicegate.checks.mails_again import sent_any
from sluicegate.model import Case, Json, Observation, Trial, encode
from sluicegate.plan.types import ToolSpec

__all__ = [
    "DRAFT",
    "EFFECT",
    "MAILED",
    "MISSING",
    "PLANTED",
    "asked_for",
    "is_effective",
    "key_of",
    "kinds_seen",
    "named_apart",
]

EFFECT = "effect"
"""Beside the kinds of doubles: a message that was delivered again had a side effect."""

MAILED = "mailed"
"""Beside the kinds of doubles: a message that was delivered again was answered by a mail."""

DRAFT = "draft"
"""Beside the kinds of doubles: an answer held a mail, which somebody else is to send."""

PLANTED = "planted"
"""Beside the kinds of doubles: a case of the plan itself says what must not be said."""

MISSING = object()
"""The key of a write that carries none."""


def is_effective(call: Observation) -> bool:
    """Whether a call changed something: the tool answered with success, or nothing is known of its answer."""
    if call.detail.get("fault") == "refused_connection":
        return False
    status = call.detail.get("status")
    return not isinstance(status, int) or status < 400


def kinds_seen(trial: Trial, tools: Iterable[ToolSpec]) -> set[str]:
    """The kinds of doubles that saw the trial, and DRAFT for a draft.

    EFFECT and MAILED where a message that was delivered again wrote to a tool, and sent a mail.
    PLANTED where somebody planted a value in the case, other than with an attack.
    """
    kinds = {seen.double for seen in trial.observations}
    expect = trial.case.expect
    if (expect.canaries or expect.model_never_sees) and trial.case.tags[:1] not in (("attack",), ("clean",)):
        kinds.add(PLANTED)
    if any(output.mail is not None for output in trial.outputs):
        kinds.add(DRAFT)
    if "mail" in kinds and trial.case.given.times > 1 and sent_any(trial):
        kinds.add(MAILED)
    if "tool" in kinds and trial.case.given.times > 1:
        writers = {tool.name for tool in tools if tool.writes}
        made = (seen for seen in trial.observations if seen.double == "tool" and seen.action in writers)
        if any(map(is_effective, made)):
            kinds.add(EFFECT)
    return kinds


def key_of(call: Observation, field: str) -> object:
    """The value of the argument the plan names as the tool's key; MISSING where the call carries none."""
    arguments = call.detail.get("arguments")
    value = arguments.get(field) if isinstance(arguments, Mapping) else None
    return MISSING if value is None or value == "" else value


def asked_for(case: Case, key: object) -> bool:
    """Whether a key stands in the case, as a value or as a whole word: in what was asked, or what tools or model say.

    One that stands nowhere was made up on the way, and tells no two intended effects apart.
    """
    wanted = [str(leaf) for leaf in _leaves(key)]
    said = {str(leaf).casefold() for leaf in _leaves(_told(case))}
    return bool(wanted) and all(_stands(each.casefold(), said) for each in wanted)


def named_apart(case: Case, tool: str, keys: Iterable[object]) -> bool:
    """Whether the case asks for an effect under each of these keys, so that they are effects apart.

    Each key is a whole value of a tool's result, of a call the model is scripted to ask for, or of what is expected;
    or the case expects so many calls of the tool, and each key stands in it. A word that a message happens to hold
    says nothing: any word would do.
    """
    wanted = list(keys)
    script = case.given.model.tool_calls if case.given.model is not None else ()
    parts = (case.given.tool_results, [item.arguments for item in script], case.expect.must, case.expected_output)
    trusted = {str(leaf).casefold() for part in parts for leaf in _leaves(encode(part))}
    if all(leaves and trusted.issuperset(leaves) for leaves in map(_folded, wanted)):
        return True
    least = max((limit.least for limit in case.expect.calls if limit.target == f"tool:{tool}"), default=0)
    return len(wanted) <= least and all(asked_for(case, key) for key in wanted)


def _folded(key: object) -> list[str]:
    return [str(leaf).casefold() for leaf in _leaves(key)]


def _told(case: Case) -> list[Json]:
    given = case.given
    asked = (case.input, given.inputs, given.mail, given.command, given.job, given.record)
    return [encode(part) for part in (*asked, given.tool_results, given.model, given.snippets)]


def _stands(word: str, said: set[str]) -> bool:
    if word in said:
        return True
    whole = re.compile(rf"(?<!\w){re.escape(word)}(?!\w)")
    return any(word in text and whole.search(text) is not None for text in said)


def _leaves(value: object) -> Iterator[object]:
    """Every value that holds no other, but null; keys of mappings are names and no values."""
    waiting = [value]
    while waiting:
        item = waiting.pop()
        if isinstance(item, Mapping):
            waiting.extend(item.values())
        elif isinstance(item, (list, tuple)):
            waiting.extend(item)
        elif item is not None:
            yield item
