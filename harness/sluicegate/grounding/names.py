"""Names by their capitals: what a text calls by a name, known or not. German, which writes every noun so, has none."""

from __future__ import annotations

import re
from collections.abc import Iterator

from sluicegate.grounding.sentences import sentences

__all__ = ["names_in"]

_NAME = re.compile(r"(?<![\w.-])[A-ZÀ-ÞА-ЯЁÇĞİÖŞÜ][^\W\d_]+(?:[-'’. ][A-ZÀ-ÞА-ЯЁÇĞİÖŞÜ][^\W\d_]*\.?)*(?!\w)")
_LEADING = re.compile(
    r"^(?:The|A|An|In|On|At|He|She|It|They|We|You|I|This|That|These|Those|His|Her|Their|Our|Your|My|As|With|For|"
    r"After|Before|While|When|If"
    r"|However|Meanwhile|Both|Each|No|Not|But|And|Despite|Although|Also|Next|Up|Dear|Hello|Hi|Kind|Best|Regards|"
    r"Thank|Please)\b[ ,]*"
)


def names_in(text: str, language: str) -> Iterator[tuple[int, int]]:
    """Start and end of each name; one that begins a sentence counts where it has two words or more."""
    if language == "de":
        return
    starts = {start for start, _ in sentences(text)}
    for found in _NAME.finditer(text):
        start = found.start()
        lead = _LEADING.match(found[0])
        if lead is not None:
            start += lead.end()
        said = text[start : found.end()].rstrip(" .'’-")
        if len(said) > 2 and (start not in starts or " " in said):
            yield start, start + len(said)
