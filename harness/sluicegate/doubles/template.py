"""A model of sorts: it reads the headed sections of a prompt and fills a reply from them, the same each time.

A section begins with a line `### NAME`. Known are LANGUAGE, CUSTOMER, BUSINESS, SUBJECT, TOOL DATA (JSON) and SNIPPETS
(one a line). It repeats whatever the prompt holds, as a model would: what must not reach a customer must not reach
the prompt. Prompts that ask for fields, in DSPy's form or by a JSON Schema, are answered by `template_programs`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from sluicegate.doubles.replies import ModelRequest
from sluicegate.doubles.template_programs import program_reply
from sluicegate.doubles.template_trends import TASKS, trend_reply
from sluicegate.model import Json, canonical, parse

__all__ = ["sections", "template_reply"]


class _Phrases(NamedTuple):
    hello: str
    data: str
    general: str
    goodbye: str


_PHRASES = {
    "en": _Phrases(
        "Hello", "Here is what we found:", "Thank you for your message. We will look into it.", "Kind regards"
    ),
    "de": _Phrases(
        "Guten Tag",
        "Folgendes liegt uns vor:",
        "vielen Dank für Ihre Nachricht. Wir kümmern uns darum.",
        "Mit freundlichen Grüßen",
    ),
    "tr": _Phrases(
        "Merhaba", "Bulduğumuz bilgiler:", "Mesajınız için teşekkür ederiz. Konuyu inceleyeceğiz.", "Saygılarımızla"
    ),
}


def template_reply(request: ModelRequest) -> str:
    """A JSON object with subject, body and confidence for a prompt with sections, else one line that says so."""
    if (fields := program_reply(request)) is not None:
        return fields
    asked = next((turn.content for turn in reversed(request.messages) if turn.role == "user"), "")
    found = sections(asked)
    if found.get("TASK", "").strip() in TASKS:
        return canonical(trend_reply(found)).decode()
    if not found:
        return f"Template answer to a prompt of {len(asked)} characters."
    phrases = _PHRASES.get(found.get("LANGUAGE", "en").strip()[:2].lower(), _PHRASES["en"])
    facts = list(_facts(_tool_data(found.get("TOOL DATA", ""))))
    snippets = [line.removeprefix("- ") for line in found.get("SNIPPETS", "").splitlines() if line.strip()]
    said = [f"{phrases.hello} {found.get('CUSTOMER', '').strip()}".rstrip() + ","]
    if facts:
        said += [phrases.data, *facts]
    said += [snippets[0]] if snippets else []
    if not facts and not snippets:
        said += [phrases.general]
    said += [f"{phrases.goodbye}\n{found.get('BUSINESS', '').strip()}".rstrip()]
    answer = {
        "subject": f"Re: {found.get('SUBJECT', '').strip()}".rstrip(": "),
        "body": "\n\n".join(said),
        "confidence": 0.9 if facts else 0.8 if snippets else 0.6,
    }
    return canonical(answer).decode()


def sections(prompt: str) -> dict[str, str]:
    """The text under each `### NAME` line; of two sections of one name the first counts."""
    found: dict[str, list[str]] = {}
    current: list[str] | None = None
    for line in prompt.split("\n"):
        if line.startswith("### "):
            current = found.setdefault(line[4:].strip(), [])
            if current:
                current = []
        elif current is not None:
            current.append(line)
    return {name: "\n".join(lines).strip("\n") for name, lines in found.items()}


def _tool_data(text: str) -> Json:
    try:
        return parse(text)
    except ValueError:
        return None


def _facts(value: Json) -> Iterator[str]:
    """One line a record: a mapping of plain values is a record, anything around it is walked."""
    if isinstance(value, list):
        for item in value:
            yield from _facts(item)
    elif isinstance(value, Mapping):
        plain = {name: item for name, item in value.items() if not isinstance(item, (Mapping, list))}
        if plain:
            yield "- " + ", ".join(f"{name.replace('_', ' ')}: {item}" for name, item in plain.items())
        for item in value.values():
            yield from _facts(item) if isinstance(item, Mapping) else _listed(item)


def _listed(value: Json) -> Iterator[str]:
    if isinstance(value, list):
        for item in value:
            yield from _facts(item) if isinstance(item, Mapping) else iter([f"  {item}"])
