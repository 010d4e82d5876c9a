"""Runs of words that nobody writes twice by chance: what a text is known by where only a part of it stands.

Letter case, blanks, marks, what is not seen and letters that are drawn alike do not matter. The same said in other
words is another text: no run of it is found.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping

__all__ = ["LONGEST", "compared", "runs_in", "runs_of", "words_of"]

RUN = 8
"""Words in a row that nobody writes twice by chance."""
SHORTEST, LONGEST = 10, 60
"""Letters of a text of fewer words: below, it may stand anywhere; above, half of that in a row is enough."""
_RUNS = 400
"""Of one text that are looked for; of a longer one every so many words."""
_TOLD = 50
_WORD = re.compile(r"\w+")
_TAG = re.compile(r"<[^<>]{1,200}>")


def words_of(text: str) -> str:
    """Words with a blank on either side, letter case aside; marks between them, and markup, do not matter."""
    return f" {' '.join(_WORD.findall(_TAG.sub(' ', text.casefold())))} "


def compared(text: str) -> str:
    """`words_of` as runs are compared: the words that somebody reads, whichever letters they are written in."""
    if text.isascii():
        return words_of(text)
    from sluicegate.text.lookalike import drawn, seen

    return drawn(words_of(seen(text)))


def runs_of(text: str) -> Iterator[str]:
    """What the text is known by: eight words with blanks around, or letters alone where it has fewer words."""
    if not text.isascii():
        from sluicegate.text.lookalike import seen

        text = seen(text)
    words = words_of(text).split()
    if len(words) >= RUN:
        runs = (f" {' '.join(words[start : start + RUN])} " for start in _starts(len(words) - RUN + 1))
    else:
        # Few words, or a script that puts no blanks between them: letters alone.
        letters = "".join(words)
        size = len(letters) if len(letters) <= LONGEST else LONGEST // 2
        runs = (letters[start : start + size] for start in _starts(len(letters) - size + 1 if size >= SHORTEST else 0))
    return runs


def runs_in(texts: Mapping[str, str], page: str) -> dict[str, list[int]]:
    """By name of the texts of which a run stands in the page: which of its runs do, by number, at most 50."""
    wanted: dict[str, list[tuple[str, int]]] = {}
    letters: list[tuple[str, str, int]] = []
    for name, text in texts.items():
        for number, run in enumerate(runs_of(text)):
            if run.startswith(" "):
                wanted.setdefault(compared(run), []).append((name, number))
            else:
                letters.append((compared(run).strip(), name, number))
    words = compared(page).split()
    found: dict[str, set[int]] = {}
    for start in range(len(words) - RUN + 1 if wanted else 0):
        for name, number in wanted.get(f" {' '.join(words[start : start + RUN])} ", ()):
            found.setdefault(name, set()).add(number)
    joined = "".join(words) if letters else ""
    for run, name, number in letters:
        if run in joined:
            found.setdefault(name, set()).add(number)
    return {name: sorted(numbers)[:_TOLD] for name, numbers in found.items()}


def _starts(count: int) -> Iterable[int]:
    return range(0, count, max(1, count // _RUNS))
