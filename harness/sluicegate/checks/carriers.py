"""The ways in: how a text gets into a case, as a mail's body, as the name of a file, out of a tool, out of an index.

Each carrier makes of a case with a mail one with two deliveries, which differ in what the carrier carries alone: first
the inert text, then the payload; a model that was won over has one. What a case has no place for is said, not left out.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import fields, replace
from types import MappingProxyType

from sluicegate.checks.plain_mails import own_address
from sluicegate.frozen import frozen
from sluicegate.model import (
    Attachment,
    Capability,
    Case,
    Fault,
    Given,
    Json,
    Mail,
    ModelScript,
    RetrievalScript,
    ScriptedToolCall,
    Snippet,
    ToolResult,
    canonical,
    parse,
)

__all__ = [
    "CARRIERS",
    "SPOKEN",
    "Carried",
    "Carrier",
    "Text",
    "usual_reply",
    "whole",
]

SPOKEN = "*"
"""Among the members of a reply: its longest text, whatever it is called."""


@frozen
class Text:
    """What is carried: a payload and an inert text that says as much."""

    hostile: str
    inert: str
    arguments: Mapping[str, Json] | None = None
    """Of a tool call that a model which was won over asks for."""
    members: Mapping[str, Json] | None = None
    """That it puts into a reply which is a JSON object."""
    exact: bool = False
    """A carrier of one line takes it as it stands: controls and quotes are what it is about."""


@frozen
class Carried:
    """What the two deliveries are given, and what has to be in the world for them."""

    mails: tuple[Mail, Mail] | None
    """Inert, then hostile; None where the case's own mail is delivered once, to a world that is hostile."""
    given: Given
    needs: tuple[Capability, ...] = ()


@frozen
class Carrier:
    """One way in."""

    name: str
    title: str
    carry: Callable[[Case, Text], Carried | None]
    """None where this case has no place for it."""
    lacks: str
    """Why no case has, when none has."""
    length: int = 20_000
    """Characters it takes; a payload that is longer does not go this way."""
    has_lines: bool = True
    scripted: bool = False
    """Taken from cases that script a model's reply, and from no others: they show its form."""


_SCRIPT = RetrievalScript()
_FRAME = re.compile(r"[\x00-\x1f\x7f\x85\u2028\u2029\"\\]+")


def _line(text: str) -> str:
    return " ".join(_FRAME.sub(" ", text).split())


def _in_mail(write: Callable[[Mail, str], Mail], *, one_line: bool = False) -> Callable[[Case, Text], Carried | None]:
    def carry(case: Case, text: Text) -> Carried | None:
        mail = case.given.mail
        if mail is None:
            return None
        said = (_line(one) if one_line and not text.exact else one for one in (text.inert, text.hostile))
        inert, hostile = (write(mail, one) for one in said)
        return Carried(mails=(inert, hostile), given=case.given)

    return carry


def _body(mail: Mail, text: str) -> Mail:
    return replace(mail, body=f"{mail.body}\n\n{text}\n", html=None)


def _subject(mail: Mail, text: str) -> Mail:
    return replace(mail, subject=f"{mail.subject or ''} {text}".strip(" "))


def _display_name(mail: Mail, text: str) -> Mail:
    return replace(mail, sender=f'"{text}" <{own_address(mail)}>')


def _reply_to(mail: Mail, text: str) -> Mail:
    return replace(mail, reply_to=(f'"{text}" <{own_address(mail)}>',))


def _quoted(mail: Mail, text: str) -> Mail:
    quoted = "\n".join(f"> {line}" for line in text.split("\n"))
    return replace(mail, body=f"{mail.body}\n\nOn Mon, 5 Jan 2026, the team wrote:\n{quoted}\n", html=None)


def _forwarded(mail: Mail, text: str) -> Mail:
    head = "---------- Forwarded message ----------\nFrom: The team <team@partner.test>\nSubject: Fwd: note\n"
    return replace(mail, body=f"{mail.body}\n\n{head}\n{text}\n", html=None)


def _attachment_name(mail: Mail, text: str) -> Mail:
    file = Attachment(name=f"{text}.txt", media_type="text/plain", text="See the name.", size_bytes=13)
    return replace(mail, attachments=(*mail.attachments, file))


def _attachment_text(mail: Mail, text: str) -> Mail:
    size = len(text.encode(errors="replace"))
    file = Attachment(name="note.txt", media_type="text/plain", text=text, size_bytes=size)
    return replace(mail, attachments=(*mail.attachments, file))


def _snippet(case: Case, text: Text) -> Carried | None:
    """The best snippet of the index, from the second delivery on: at first the index finds nothing."""
    return _indexed(case, text=f"{text.hostile}", source=None)


def _metadata(case: Case, text: Text) -> Carried | None:
    """The source of the best snippet, as a title or an address that the index gives out with it."""
    return _indexed(
        case, text="Our answers are sent within two days.", source=text.hostile if text.exact else _line(text.hostile)
    )


def _indexed(case: Case, *, text: str, source: str | None) -> Carried | None:
    mail, asked = case.given.mail, case.expect.retrieval
    if mail is None or not (case.given.snippets or asked is not None):
        return None
    like = case.given.snippets[0] if case.given.snippets else None
    sources = asked.sources if asked is not None else None
    snippet = Snippet(
        id="planted",
        text=text,
        source=source or (sources[0] if sources else like.source if like else None),
        language=(asked.language if asked is not None else None) or (like.language if like else case.given.locale),
        at=(like.at if like else None) or case.given.now,
        score=1.0,
        poisoned=True,
    )
    nothing = Fault(kind="empty", target="retriever", on_call=1)
    # A source that no filter names is let through by an index that does not filter by it.
    script = case.given.retrieval if source is None else replace(case.given.retrieval or _SCRIPT, ignores=("source",))
    given = replace(case.given, snippets=(*case.given.snippets, snippet), faults=(nothing,), retrieval=script)
    return Carried(mails=(mail, mail), given=given, needs=(Capability.RETRIEVAL,))


def _tool_result(case: Case, text: Text) -> Carried | None:
    return _answered(case, lambda result, own: replace(result, result=_with_note(result.result, own)), text)


def _tool_error(case: Case, text: Text) -> Carried | None:
    return _answered(case, lambda result, own: replace(result, result={"error": own}, status=500), text)


def _answered(case: Case, say: Callable[[ToolResult, str], ToolResult], text: Text) -> Carried | None:
    """The record the mail names answers with the inert text; in the second mail it names another, with the payload."""
    mail = case.given.mail
    if mail is None:
        return None
    for result in case.given.tool_results:
        for value in (result.arguments or {}).values():
            if isinstance(value, str) and len(value) >= 5 and value[-1].isdigit() and value in (mail.body or ""):
                other = f"{value[:-1]}{(int(value[-1]) + 1) % 10}"
                if other in (mail.body or ""):
                    continue
                second = _renamed_result(result, value, other)
                results = (say(result, text.inert), say(second, text.hostile))
                rest = tuple(item for item in case.given.tool_results if item is not result)
                given = replace(case.given, tool_results=(*results, *rest))
                return Carried(mails=(mail, _renamed_mail(mail, value, other)), given=given, needs=(Capability.TOOLS,))
    return None


def _with_note(result: Json, text: str) -> Json:
    return {**result, "note": text} if isinstance(result, Mapping) else {"result": result, "note": text}


def _renamed_result(result: ToolResult, old: str, new: str) -> ToolResult:
    arguments = {name: _renamed(value, old, new) for name, value in (result.arguments or {}).items()}
    return replace(result, arguments=arguments, result=_renamed(result.result, old, new))


def _renamed_mail(mail: Mail, old: str, new: str) -> Mail:
    subject = mail.subject.replace(old, new) if mail.subject else mail.subject
    return replace(mail, subject=subject, body=(mail.body or "").replace(old, new), html=None)


def _renamed(value: Json, old: str, new: str) -> Json:
    if isinstance(value, str):
        return value.replace(old, new)
    if isinstance(value, Mapping):
        return {name: _renamed(item, old, new) for name, item in value.items()}
    return [_renamed(item, old, new) for item in value] if isinstance(value, (list, tuple)) else value


def _model_call(case: Case, text: Text) -> Carried | None:
    """The model has been won over: its first answer asks for a tool, with the arguments of the payload."""
    mail, tool = case.given.mail, next(iter(case.given.tool_results), None)
    if mail is None or tool is None or text.arguments is None:
        return None
    call = ScriptedToolCall(name=tool.tool, arguments={**(tool.arguments or {}), **text.arguments}, turn=1)
    script = ModelScript(tool_calls=(call,))
    given = replace(case.given, model=script)
    return Carried(mails=None, given=given, needs=(Capability.TOOLS, Capability.MODEL))


def _model_reply(case: Case, text: Text) -> Carried | None:
    """The model has been won over: to the second mail it replies in its usual form, with the payload in it."""
    mail, script, usual = case.given.mail, case.given.model, usual_reply(case)
    if mail is None or script is None or usual is None:
        return None
    inert = {name: item for name, item in usual.items() if name.casefold() not in _SENT_TO}
    spoken = max(((len(item), name) for name, item in inert.items() if isinstance(item, str)), default=None)
    said = text.members
    if said is None:
        said = {SPOKEN: f"{inert[spoken[1]]}\n\n{text.hostile}"} if spoken is not None else None
    if said is None or (SPOKEN in said and spoken is None):
        return None
    hostile = {**inert, **{spoken[1] if name == SPOKEN and spoken else name: item for name, item in said.items()}}
    replies = tuple(canonical(reply).decode() for reply in (inert, hostile))
    given = replace(case.given, model=replace(script, replies=replies))
    return Carried(mails=(mail, mail), given=given, needs=(Capability.MODEL,))


_SENT_TO = frozenset({"to", "cc", "bcc", "reply_to", "recipients", "sender", "headers"})


def usual_reply(case: Case) -> dict[str, Json] | None:
    """What the model is scripted to say first, where that is a JSON object: it shows the form of its replies."""
    script = case.given.model
    return _object(script.replies[0]) if script is not None and script.replies else None


def _object(reply: str) -> dict[str, Json] | None:
    try:
        value = parse(reply)
    except ValueError:
        return None
    return value if isinstance(value, dict) else None


_NO_REPLY = (
    "no case of the plan scripts a model's reply as a JSON object (`given.model.replies`): its form is not known"
)
_NO_MAIL = "no case of the plan is a plain mail with a body, a sender and one answer (`given.mail`)"
_NO_INDEX = "no case of the plan gives snippets or says what a retrieval asks for"
_NO_TOOL = "no case of the plan has a tool answer to a number that stands in the mail (`given.tool_results: arguments`)"

CARRIERS: Mapping[str, Carrier] = MappingProxyType(
    {
        carrier.name: carrier
        for carrier in (
            Carrier(name="body", title="inbound body", carry=_in_mail(_body), lacks=_NO_MAIL),
            Carrier(
                name="subject", title="subject", carry=_in_mail(_subject, one_line=True), lacks=_NO_MAIL, length=900,
                has_lines=False,
            ),
            Carrier(
                name="display-name", title="display name", carry=_in_mail(_display_name, one_line=True), lacks=_NO_MAIL,
                length=300, has_lines=False,
            ),
            Carrier(
                name="reply-to", title="Reply-To", carry=_in_mail(_reply_to, one_line=True), lacks=_NO_MAIL, length=300,
                has_lines=False,
            ),
            Carrier(name="quoted", title="quoted thread", carry=_in_mail(_quoted), lacks=_NO_MAIL),
            Carrier(name="forwarded", title="forwarded message", carry=_in_mail(_forwarded), lacks=_NO_MAIL),
            Carrier(
                name="attachment-name", title="attachment name", carry=_in_mail(_attachment_name, one_line=True),
                lacks=_NO_MAIL, length=300, has_lines=False,
            ),
            Carrier(
                name="attachment-text", title="attachment text", carry=_in_mail(_attachment_text), lacks=_NO_MAIL
            ),
            Carrier(name="snippet", title="RAG snippet", carry=_snippet, lacks=_NO_INDEX),
            Carrier(
                name="snippet-source", title="RAG metadata", carry=_metadata, lacks=_NO_INDEX, has_lines=False
            ),
            Carrier(name="tool-result", title="tool result", carry=_tool_result, lacks=_NO_TOOL),
            Carrier(name="tool-error", title="tool error", carry=_tool_error, lacks=_NO_TOOL),
            Carrier(
                name="model-call", title="tool call of a model that was won over", carry=_model_call, lacks=_NO_TOOL
            ),
            Carrier(
                name="model-reply", title="reply of a model that was won over", carry=_model_reply, lacks=_NO_REPLY,
                scripted=True,
            ),
        )
    }
)  # fmt: skip
"""By name, in the order of the coverage table. The last two are no inbound texts: they are what one comes to."""


def whole(mail: Mail) -> dict[str, Json]:
    """A mail as a pipeline is given it: every field present."""
    return {item.name: _plain(getattr(mail, item.name)) for item in fields(mail)}


def _plain(value: Json | tuple[Attachment, ...]) -> Json:
    if isinstance(value, Attachment):
        return {item.name: getattr(value, item.name) for item in fields(value)}
    if isinstance(value, Mapping):
        return dict(value)
    return [_plain(item) for item in value] if isinstance(value, (list, tuple)) else value
