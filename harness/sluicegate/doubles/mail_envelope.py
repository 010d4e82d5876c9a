"""MAIL and RCPT as they were sent: an argument that is kept byte for byte, and the parameters behind it."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

__all__ = ["ENVELOPE_LIMIT", "RECIPIENTS_LIMIT", "Envelope", "argument"]

ENVELOPE_LIMIT = 1_000_000
"""Characters of the recipients of one transaction; one past it is refused."""
RECIPIENTS_LIMIT = 1_000

_KEYWORDS = {"MAIL": re.compile(r"[ \t]*FROM:", re.IGNORECASE), "RCPT": re.compile(r"[ \t]*TO:", re.IGNORECASE)}
_PATH = re.compile(r'[ \t]*<(?:"(?:[^"\\]|\\.)*"|[^">])*>', re.DOTALL)
"""From the first angle bracket to the one that closes it; what stands in quotes closes nothing."""


@dataclass(slots=True)
class Envelope:
    """One transaction so far. Texts hold one character for each byte (Latin-1), so that nothing is lost."""

    mail_from: str
    mail_parameters: list[str]
    rcpt: list[str] = field(default_factory=list)
    rcpt_parameters: list[list[str]] = field(default_factory=list)
    size: int = 0
    """Characters of the recipients."""

    def add(self, said: str, parameters: list[str]) -> bool:
        """One more recipient; False where there is no room for it."""
        size = len(said) + sum(map(len, parameters))
        if self.size + size > ENVELOPE_LIMIT or len(self.rcpt) >= RECIPIENTS_LIMIT:
            return False
        self.size += size
        self.rcpt.append(said)
        self.rcpt_parameters.append(parameters)
        return True


def argument(command: str, sent: str) -> tuple[str, list[str]] | None:
    """What stands behind `FROM:` or `TO:` as it was sent, and the parameters; None without the keyword.

    Parameters are what follows a path in angle brackets and a blank. Without such a path, or with anything else behind
    it, all of it is the argument.
    """
    found = _KEYWORDS[command].match(sent)
    if found is None:
        return None
    rest = sent[found.end() :]
    path = _PATH.match(rest)
    if path is None or (path.end() < len(rest) and rest[path.end()] not in " \t"):
        return rest, []
    # Blanks alone divide parameters: whatever else stands in one is seen.
    return path[0], [word for word in re.split(r"[ \t]+", rest[path.end() :]) if word]
