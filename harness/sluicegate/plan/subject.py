"""`subject:`: what serves, part by part."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from sluicegate.plan.document import MappingNode, SequenceNode
from sluicegate.plan.serving import SubjectSpec
from sluicegate.plan.table import Table

__all__ = ["read_subject"]

_SOURCES = ("git", "files", "http", "command")
_ADDRESS = re.compile(r"https?://[^/?#\s@]+(?:[/?#]\S*)?")
"""No name and password in it: the address is printed."""


@dataclass(slots=True, kw_only=True)
class _Parts:
    """What was read so far, each by the name of its part."""

    git: str | None = None
    files: dict[str, tuple[str, ...]] = field(default_factory=dict)
    services: dict[str, str] = field(default_factory=dict)
    commands: dict[str, tuple[str, ...]] = field(default_factory=dict)

    def take(self, part: str, own: Table) -> None:
        """A part that is looked at or asked for, from one source."""
        if len(list(own)) != 1:
            said = "has several sources." if list(own) else "is empty."
            own.fault(None, said, "Write git, files, http or command.")
        if "git" in own and self.git is not None:
            own.fault("git", "a second part is taken from git.", "One revision covers the repository.")
        self.git = own.optional_text("git") or self.git
        if "files" in own:
            self.files[part] = own.texts("files", example='{files: "prompts/**/*.md"}')
        if "http" in own and _ADDRESS.fullmatch(url := own.text("http")):
            self.services[part] = url
        elif "http" in own:
            own.fault("http", "'http' is no address.", 'Write http: "http://127.0.0.1:8080/version".')
        if "command" in own:
            self.commands[part] = own.texts("command", example="command: [./ops/version]", repeated=True)


def read_subject(table: Table | None) -> SubjectSpec:
    """`subject:`: parts by name; a git revision, file patterns, models, a literal version, or who says it."""
    if table is None or not table.is_mapping:
        return SubjectSpec()
    found = _Parts()
    models: tuple[str, ...] = ()
    values: dict[str, str] = {}
    for part, entry in table.items():
        if isinstance(entry.node, MappingNode):
            found.take(part, Table(entry.node, f"subject: {part}", table.faults, _SOURCES))
        elif part == "models":
            models = table.texts(part, example="models: [gpt-4o-mini-2024-07-18]")
        elif isinstance(entry.node, SequenceNode):
            table.fault(part, f"'{part}' is a list.", f"Write {part}: {{files: […]}}.")
        else:
            values[part] = table.text(part)
    if not list(table):
        table.fault(None, "names nothing.", "Write at least code: {git: HEAD}.")
    return SubjectSpec(
        git=found.git,
        files=found.files,
        models=models,
        values=values,
        services=found.services,
        commands=found.commands,
    )
