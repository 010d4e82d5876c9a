"""What was read of a text, kept while the texts kept together are not too long: a bound on memory, not on entries."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import ParamSpec, TypeVar

__all__ = ["kept"]

P = ParamSpec("P")
T = TypeVar("T")
_LEAST = 64
"""Characters that a short text counts as: its answer takes room, too."""


def kept(*, characters: int) -> Callable[[Callable[P, T]], Callable[P, T]]:
    """A pure function of a text, its first argument, that answers once; so many characters of texts are remembered.

    When they are full, all are forgotten: a run reads its texts one after the other, and then once more, in which no
    order of forgetting is better than another. Arguments are given by place and can be hashed.
    """

    def decorated(read: Callable[P, T]) -> Callable[P, T]:
        answers: dict[tuple[object, ...], T] = {}
        held = 0

        @wraps(read)
        def answer(*args: P.args, **named: P.kwargs) -> T:
            nonlocal held
            try:
                return answers[args]
            except KeyError:
                found = read(*args, **named)
            if (held := held + max(_LEAST, len(str(args[0])))) > characters:
                answers.clear()
                held = 0
            answers[args] = found
            return found

        return answer

    return decorated
