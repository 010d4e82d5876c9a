"""What a callable asks for by its signature: the input, the context, the case."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, Literal

from sluicegate.errors import Fault, InputError
from sluicegate.frozen import frozen
from sluicegate.model import Case, Json, RunContext

__all__ = ["Asks", "Caller", "asks_of", "is_async"]

Word = Literal["input", "context", "case"]
Caller = Callable[[Json, RunContext | None, Case | None], Any]

_WORDS: Mapping[str, Word] = {"input": "input", "context": "context", "case": "case"}


@frozen
class Asks:
    """What goes where."""

    positional: tuple[Word, ...] = ()
    keywords: Mapping[str, Word]
    """Parameter name to what it gets."""

    @property
    def words(self) -> frozenset[Word]:
        """Everything the callable is given."""
        return frozenset((*self.positional, *self.keywords.values()))

    def caller(self, function: Callable[..., Any]) -> Caller:
        """`function` as a call with all three. The two usual forms cost one call more and no argument lists."""
        if not self.keywords and self.positional == ("input",):
            return lambda given, _context, _case: function(given)
        if not self.keywords and self.positional == ("input", "context"):
            return lambda given, context, _case: function(given, context)

        def call(given: Json, context: RunContext | None, case: Case | None) -> Any:
            held = {"input": given, "context": context, "case": case}
            keywords = {name: held[word] for name, word in self.keywords.items()}
            return function(*[held[word] for word in self.positional], **keywords)

        return call


def asks_of(function: Callable[..., Any], *, name: str) -> Asks:
    """What `function` takes. A parameter named input, context or case gets that.

    Of the others, the first one by position is the input and the second, if it has no default, the context. Raises
    InputError when anything else is required, or nothing is taken.
    """
    try:
        parameters = list(inspect.signature(function).parameters.values())
    except (TypeError, ValueError):  # some builtins have no signature
        return Asks(positional=("input",), keywords={})
    positional: list[Word] = []
    keywords: dict[str, Word] = {}
    unknown: list[str] = []
    for item, word in _words(parameters):
        if word is None:
            unknown += [item.name] if _is_required(item) else []
        elif item.kind is not item.KEYWORD_ONLY and len(positional) == parameters.index(item):
            positional.append(word)
        else:
            keywords[item.name] = word
    if unknown or not (positional or keywords):
        raise InputError(_unusable(name, unknown))
    return Asks(positional=tuple(positional), keywords=keywords)


def is_async(function: Any) -> bool:
    """Whether calling it gives a coroutine."""
    while isinstance(function, partial):
        function = function.func
    if inspect.iscoroutinefunction(function):
        return True
    return inspect.iscoroutinefunction(getattr(type(function), "__call__", None))  # noqa: B004 - its kind is asked


def _words(parameters: list[inspect.Parameter]) -> list[tuple[inspect.Parameter, Word | None]]:
    named = {item.name for item in parameters}
    free: list[Word] = [word for word in (_WORDS["input"], _WORDS["context"]) if word not in named]
    pairs: list[tuple[inspect.Parameter, Word | None]] = []
    for index, item in enumerate(parameters):
        word = _WORDS.get(item.name)
        by_position = item.kind in (item.POSITIONAL_ONLY, item.POSITIONAL_OR_KEYWORD, item.VAR_POSITIONAL)
        if word is None and by_position and free:
            first = index == 0 and not named & {"input", "case"}
            if first or _is_required(item):
                word = free.pop(0)
        pairs.append((item, word))
    return pairs


def _is_required(item: inspect.Parameter) -> bool:
    return item.default is item.empty and item.kind not in (item.VAR_POSITIONAL, item.VAR_KEYWORD)


def _unusable(name: str, unknown: list[str]) -> Fault:
    what = f"requires {', '.join(map(repr, unknown))}, which a pipeline is not given." if unknown else "takes nothing."
    mend = "Write (input), (input, context), or name a parameter case. Give anything else a default."
    return Fault(where=f"pipeline '{name}'", what=what, mend=mend)
