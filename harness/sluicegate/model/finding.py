"""A fact found in an output."""

from __future__ import annotations

from enum import StrEnum

from sluicegate.frozen import frozen
from sluicegate.model.codec import digest_of

__all__ = ["Finding", "Severity", "Witness"]


class Severity(StrEnum):
    """How bad, in order."""

    INCIDENT = "incident"
    """Harm to a person or a rule of zero tolerance."""
    ERROR = "error"
    """The output is wrong."""
    WARNING = "warning"
    """Worth a look; fails nothing by itself."""


class Witness(StrEnum):
    """What kind of evidence a finding rests on. The first five can confirm an incident; the others make it suspect."""

    CANARY = "canary"
    KNOWN_VALUE = "known_value"
    WIRE = "wire"
    CLAIM = "claim"
    STRUCTURE = "structure"
    PATTERN = "pattern"
    OPINION = "opinion"
    SELF_REPORTED = "self_reported"

    @property
    def confirms(self) -> bool:
        """Whether the judge may find it again in recorded bytes and call it confirmed."""
        return self not in (Witness.PATTERN, Witness.OPINION, Witness.SELF_REPORTED)


@frozen
class Finding:
    """Check, case and place, with the witness and what would be right."""

    check: str
    """`suite.check`, e.g. schema.valid; for a user's own check its name."""
    case_id: str
    repeat: int = 0
    place: str = "$"
    """Path into the output."""
    message: str
    """One line: what is wrong and what was expected."""
    excerpt: str = ""
    """Masked and escaped; at most 200 characters."""
    severity: Severity = Severity.ERROR
    witness: Witness = Witness.STRUCTURE
    mend: str = ""

    def key(self) -> str:
        """Identity across runs: 16 hexadecimal digits of check, case, place and message."""
        return digest_of([self.check, self.case_id, self.place, self.message])[:16]

    def sort_key(self) -> tuple[int, str, str, int, str, str]:
        """Severity, check, case, repeat, place: so that two runs diff cleanly."""
        return (list(Severity).index(self.severity), self.check, self.case_id, self.repeat, self.place, self.message)
