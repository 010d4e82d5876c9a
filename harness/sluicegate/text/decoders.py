"""Known values found in a text, however they were written: thirteen decoders, and two of them after one another.

A value of fewer than six letters and digits is looked for as it is written, and without letter case, alone: anything
else would find it by chance.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from sluicegate.frozen import frozen
from sluicegate.text.patterns import Late
from sluicegate.text.views import ENCODINGS, View, format_stripped, nfkc, rot13, streamed, views

__all__ = ["DECODERS", "Search", "Sighting", "folded"]


@frozen
class Sighting:
    """A value that stands in a text."""

    value: str
    decoder: str
    """One of DECODERS, or two and more joined by "+", in the order in which they were applied."""
    start: int
    end: int
    """Place in the text as it was given; of what is encoded, the whole of the code."""


_UNSEEN = Late(r"[^\w\s\x00-\x7f]+|[\u115f\u1160\u17b4\u17b5\u3164\uffa0]+")
_DIGITS = Late(r"[^\D0-9]+")
"""Digits of other scripts, as Arabic and Indic letters write a number."""
_SEPARATORS = Late(r"[\W_]+")
_SHORTEST = 6
_NEVER = 1_000_000_000
_SHORTEST_BARE = 8


def folded(text: str) -> str:
    """What is left of a text without letter case, width, accents, digits of other scripts, and what is not seen."""
    if text.isascii():
        return text.lower()
    plain = unicodedata.normalize("NFKD", streamed(text)).casefold()
    # Capitals may fold into letters that decompose again.
    plain = _UNSEEN.sub("", unicodedata.normalize("NFKD", streamed(plain)))
    return _DIGITS.sub(lambda found: "".join(str(unicodedata.digit(ch)) for ch in found[0]), plain)


def _first(name: str) -> Callable[[str], str]:
    def decoded(text: str) -> str:
        made = [view.text for view in views(text) if view.steps == (name,)]
        return made[0] if made else text

    return decoded


DECODERS: Mapping[str, Callable[[str], str]] = MappingProxyType(
    {
        "raw": lambda text: text,
        "nfkc": nfkc,
        "casefold": str.casefold,
        "format_stripped": format_stripped,
        "percent": lambda text: _first("percent")(_first("percent")(text)),
        **{name: _first(name) for name in ENCODINGS if name != "percent"},
        "reversed": lambda text: text[::-1],
        "rot13": rot13,
        "separators_stripped": lambda text: _SEPARATORS.sub("", text),
    }
)
"""Name to what it makes of a text. Of base64 and hex every alignment is decoded, one behind the other."""

_FOLDS: Mapping[str, Callable[[str], str]] = {
    name: DECODERS[name] for name in ("raw", "casefold", "nfkc", "format_stripped")
}


@dataclass(slots=True)
class _Form:
    """A value in the forms it is looked for in."""

    value: str
    folded: str
    bare: str

    @property
    def is_long(self) -> bool:
        return len(self.folded) >= _SHORTEST


class Search:
    """Values, made ready once to be looked for in many texts."""

    def __init__(self, values: Iterable[str]) -> None:
        """Empty values stand nowhere."""
        self.values = tuple(dict.fromkeys(value for value in values if value))
        self._forms = [_form(value) for value in self.values]
        # No decoder of ASCII makes a text longer.
        self._shortest = min((len(form.bare or form.folded or form.value) for form in self._forms), default=0)
        self._least = min((len(form.bare) for form in self._forms if form.is_long), default=_NEVER)
        self._needles: dict[str, list[tuple[_Form, str]]] = {
            "": [(form, form.folded) for form in self._forms if form.folded],
            "reversed": [(form, form.folded[::-1]) for form in self._forms if form.is_long],
            "rot13": [(form, rot13(form.folded)) for form in self._forms if form.is_long],
            "reversed+rot13": [(form, rot13(form.folded)[::-1]) for form in self._forms if form.is_long],
        }
        bare = [form for form in self._forms if len(form.bare) >= _SHORTEST_BARE]
        self._bare: dict[str, list[tuple[_Form, str]]] = {
            "separators_stripped": [(form, form.bare) for form in bare],
            "separators_stripped+reversed": [(form, form.bare[::-1]) for form in bare],
            "separators_stripped+rot13": [(form, rot13(form.bare)) for form in bare],
        }

    def find(self, text: str) -> list[Sighting]:
        """Every place of each value under the simplest decoder that shows it, in order of place.

        Total. Takes time linear in the text, and in the number of values.
        """
        if not self.values or not text or (text.isascii() and len(text) < self._shortest):
            return []
        found: dict[str, list[Sighting]] = {}
        for view in views(text, self._least):
            for value, decoder, start, end in self._in(view, found):
                places = found.setdefault(value, [])
                begun, ended = view.place(start, end)
                places.append(Sighting(value=value, decoder=decoder, start=begun, end=ended))
            if len(found) == len(self.values):
                break
        whole = dict.fromkeys(sighting for places in found.values() for sighting in places)
        return sorted(whole, key=lambda sighting: (sighting.start, sighting.end, sighting.value))

    def _in(self, view: View, found: Mapping[str, object]) -> Iterator[tuple[str, str, int, int]]:
        """Value, decoder, and place in the view. A view that something was decoded for shows long values alone."""
        text, steps, known = view.text, "+".join(view.steps), set(found)
        for form in self._forms:
            if form.value in known or (steps and not form.is_long):
                continue
            for start in _places(form.value, text):
                known.add(form.value)
                yield form.value, steps or "raw", start, start + len(form.value)
        flat = folded(text)
        for name, needles in self._needles.items():
            for form, needle in needles:
                if form.value not in known and needle in flat and (form.is_long or not steps):
                    known.add(form.value)
                    yield from _named(view, form, name, needle)
        if len(known) < len(self.values) and self._bare["separators_stripped"]:
            bare = _SEPARATORS.sub("", flat)
            for name, needles in self._bare.items():
                for form, needle in needles:
                    if form.value not in known and needle in bare:
                        known.add(form.value)
                        yield form.value, _joined(view.steps, name), *_bare_place(text, needle)


def _form(value: str) -> _Form:
    plain = folded(value)
    return _Form(value=value, folded=plain, bare=_SEPARATORS.sub("", plain))


def _places(value: str, text: str) -> Iterator[int]:
    at = text.find(value)
    while at >= 0:
        yield at
        at = text.find(value, at + len(value))


def _joined(steps: tuple[str, ...], name: str) -> str:
    return "+".join([*steps, name])


def _named(view: View, form: _Form, name: str, needle: str) -> Iterator[tuple[str, str, int, int]]:
    """The sighting under the one decoder that shows it, where one does; else under those that folding is made of."""
    steps = view.steps
    if name:
        start, end = _folded_place(view.text, needle)
        yield form.value, _joined(steps, name), start, end
        return
    start, end = _folded_place(view.text, needle)
    shown = [word for word, fold in _FOLDS.items() if fold(form.value) in fold(view.text[start:end])]
    fold = next((word for word in shown if word != "raw"), "nfkc+casefold+format_stripped")
    yield form.value, _joined(steps, fold), start, end


def _folded_place(text: str, needle: str) -> tuple[int, int]:
    """Where the first stretch of `text` lies that folds to `needle`. Called for what was found, so seldom."""
    if text.isascii():
        at = text.lower().find(needle)
        return at, at + len(needle)
    return _traced(text, needle, folded)


def _bare_place(text: str, needle: str) -> tuple[int, int]:
    return _traced(text, needle, lambda part: _SEPARATORS.sub("", folded(part)))


def _traced(text: str, needle: str, fold: Callable[[str], str]) -> tuple[int, int]:
    """Character by character; all of the text where folding it piecewise gives something else."""
    said: list[str] = []
    places: list[int] = []
    for at, ch in enumerate(text):
        part = fold(ch)
        said.append(part)
        places.extend([at] * len(part))
    start = "".join(said).find(needle)
    return (places[start], places[start + len(needle) - 1] + 1) if start >= 0 else (0, len(text))
