"""The retrievals of a trial as the retriever logged them, and which snippets the model server saw in prompts."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime, timedelta

from sluicegate.checks.check import CheckConfig, NotJudged, nothing_known
from sluicegate.checks.model_calls import declares_model, model_calls, whole_log
from sluicegate.model import Asked, Capability, Case, Json, Observation, Snippet, Trial, encode, parse_time

__all__ = [
    "declares_retrieval",
    "delivered",
    "got",
    "in_prompts",
    "normal",
    "now_of",
    "numbers_in",
    "outside",
    "own_texts",
    "prompts_of",
    "retrievals",
    "texts_in",
    "whole",
]

_LEAST_NUMBER = 100_000
"""A shorter number stands anywhere by chance."""


def declares_retrieval(config: CheckConfig) -> str | None:
    """Why the log of the retriever is no evidence about this pipeline, or None."""
    if config.capabilities is None or Capability.RETRIEVAL in config.capabilities:
        return None
    return "the pipeline does not declare retrieval, so its retrievals are not seen"


def retrievals(trial: Trial) -> list[Observation]:
    """Every retrieval in order of arrival. Raises NotJudged where nothing is known, or the log is cut."""
    if (unknown := nothing_known(trial)) is not None:
        raise NotJudged(unknown, lost=True)
    whole_log(trial)
    return [item for item in trial.observations if item.double == "retriever"]


def delivered(call: Observation) -> bool:
    """Whether snippets were sent to a caller who was still there; the connection may have broken in the middle."""
    return call.detail.get("status") == 200 and not call.detail.get("aborted")


def whole(call: Observation) -> bool:
    """Whether the caller could read the answer."""
    return delivered(call) and call.detail.get("fault") not in ("cut", "malformed")


def got(calls: Iterable[Observation]) -> frozenset[str]:
    """Ids of the snippets that reached the caller."""
    return frozenset(str(name) for call in calls if delivered(call) for name in call.detail.get("returned") or ())


def in_prompts(trial: Trial, config: CheckConfig) -> list[tuple[Observation, Mapping[str, int]]]:
    """Each model call with the case's snippets in its prompt, by id, and how often each text stood there.

    Raises NotJudged where prompts are not seen, or the log does not say what stood in them.
    """
    if (reason := declares_model(config)) is not None:
        raise NotJudged(reason)
    found: list[tuple[Observation, Mapping[str, int]]] = []
    for call in model_calls(trial):
        carried = call.detail.get("carried")
        if not isinstance(carried, Mapping) or "snippets" not in carried:
            if call.detail.get("refused"):
                continue
            raise NotJudged("the log does not say which snippets stood in a prompt", lost=True)
        times = carried.get("repeated") or {}
        found.append((call, {name: int(times.get(name, 1)) for name in carried["snippets"]}))
    return found


def prompts_of(trial: Trial, config: CheckConfig) -> list[tuple[Observation, Mapping[str, int]]]:
    """The same; none of a pipeline that declares no model, whose answer alone can tell."""
    return in_prompts(trial, config) if declares_model(config) is None else []


def now_of(trial: Trial, calls: Iterable[Observation]) -> datetime | None:
    """The time in the case, else when the first retrieval came."""
    said = trial.case.given.now or next((call.at for call in calls if call.at), None)
    return parse_time(said) if said else None


def outside(snippet: Snippet, asked: Asked, now: datetime | None) -> str | None:
    """Which of the case's filters the snippet does not pass; what has no language, source or time passes none."""
    if asked.language is not None and (snippet.language or "").casefold() != asked.language.casefold():
        return f"language {asked.language}"
    if asked.sources is not None and snippet.source not in asked.sources:
        return f"sources {', '.join(asked.sources) or 'none'}"
    if asked.window_s is not None and now is not None:
        at = parse_time(snippet.at) if snippet.at else None
        if at is None or at < now - timedelta(seconds=asked.window_s):
            return f"window of {asked.window_s:,} s"
    return None


def normal(text: str) -> str:
    """What two texts have in common that differ in blanks and letter case alone."""
    return " ".join(text.split()).casefold()


def own_texts(case: Case) -> list[str]:
    """Texts a pipeline may have from elsewhere than the retriever: its input and its tools."""
    given = case.given
    elsewhere = (case.input, given.mail, given.command, given.job, given.record, given.inputs, given.tool_results)
    return [text for value in elsewhere for text in texts_in(encode(value))]


def numbers_in(value: Json) -> Iterator[str]:
    """Every number inside a value that is long enough to name somebody, as its digits."""
    waiting: list[Json] = [value]
    while waiting:
        item = waiting.pop()
        if isinstance(item, Mapping):
            waiting.extend(item.values())
        elif isinstance(item, (list, tuple)):
            waiting.extend(item)
        elif isinstance(item, (int, float)) and _LEAST_NUMBER <= abs(item) < float("inf") and item == int(item):
            yield str(int(item))


def texts_in(value: Json) -> Iterator[str]:
    """Every text inside a value in order, keys too, since a key may carry what a value may not. Without recursion."""
    waiting: list[Json] = [value]
    while waiting:
        item = waiting.pop()
        if isinstance(item, str):
            yield item
        elif isinstance(item, Mapping):
            waiting.extend(reversed(list(item.values())))
            yield from (key for key in item if isinstance(key, str))
        elif isinstance(item, (list, tuple)):
            waiting.extend(reversed(item))
