"""What a header may show on one line, and what a file name may pretend: I7."""

from __future__ import annotations

import re

from sluicegate.text.invisible import controls, hidden

__all__ = ["bidi_controls", "spoofing", "unprintable"]

_SAYS = {
    "control": "a control character",
    "line_separator": "a line separator",
    "surrogate": "a lone surrogate",
    "bidi": "an unbalanced bidi control",
}
_HIDES = frozenset({"tags", "variation_selectors", "interlinear"})
_PARAMETER = re.compile(r";\s?(?:file)?name\*?\s?=", re.IGNORECASE)
_BIDI = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


def unprintable(text: str, *, tab: bool = True) -> str:
    """What is wrong with a text that is shown on one line; empty when nothing is. A tab may be allowed."""
    if text.isascii() and text.isprintable():
        return ""
    for seen in controls(text.replace("\t", " ") if tab else text):
        return _SAYS[seen.kind]
    return next(("characters nobody sees" for one in hidden(text) if one.kind in _HIDES or one.decoded), "")


def bidi_controls(text: str) -> bool:
    """Whether a text holds embeddings, overrides or isolates; the marks that only say a direction are none."""
    return not _BIDI.isdisjoint(text)


_RUNS = frozenset({
    "app", "bat", "bin", "cmd", "com", "cpl", "dll", "dmg", "exe", "hta", "iso", "jar", "js", "jse", "lnk", "msc",
    "msi", "msp", "ps1", "reg", "scr", "sh", "url", "vb", "vbe", "vbs", "wsf", "wsh",
})  # fmt: skip
_SHOWN = frozenset({
    "bmp", "csv", "doc", "docx", "eml", "gif", "htm", "html", "jpeg", "jpg", "json", "mp3", "mp4", "odp", "ods",
    "odt", "pdf", "png", "ppt", "pptx", "rtf", "svg", "tif", "txt", "wav", "xls", "xlsx", "xml",
})  # fmt: skip


def spoofing(name: str) -> str:
    """What a file name pretends or reaches for; empty when nothing."""
    plain = name.strip()
    pieces = plain.replace("\\", "/").split("/")
    rooted = plain[:1] in {"/", "\\", "~"} and len(pieces) > 1
    if ".." in pieces or rooted or plain[1:3] in {":\\", ":/"}:
        return "a path out of its folder"
    endings = [piece.strip().lower() for piece in plain.split(".")[-2:]]
    if len(endings) == 2 and plain.count(".") > 1 and endings[1] in _RUNS and endings[0] in _SHOWN:
        return "a program named like a document"
    if _PARAMETER.search(name):
        return "a parameter of its own"
    return ""
