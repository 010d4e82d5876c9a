"""The model calls of a trial as the model server logged them: how many, to which models, what they cost."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator

from sluicegate.checks.check import CheckConfig, NotJudged, nothing_known
from sluicegate.checks.prices import how_to_price
from sluicegate.model import Capability, Observation, Output, Provenance, Trial

__all__ = [
    "answered",
    "asking",
    "declares_model",
    "is_readable",
    "known_calls",
    "marks_of",
    "model_calls",
    "price_of_call",
    "reporting",
    "spent",
    "whole_log",
]


def declares_model(config: CheckConfig) -> str | None:
    """Why the log of the model server is no evidence about this pipeline, or None."""
    if config.capabilities is None or Capability.MODEL in config.capabilities:
        return None
    return "the pipeline does not declare model, so its calls are not seen"


def whole_log(trial: Trial) -> None:
    """Raise NotJudged where the log is cut: what is missing from it may be anything."""
    if any("dropped" in observation.detail for observation in trial.observations):
        raise NotJudged("the doubles saw more calls than they keep", lost=True)


def model_calls(trial: Trial) -> list[Observation]:
    """Calls that ask a model for text, in order of arrival; embeddings are none.

    Raises NotJudged where the log is cut, or empty although the pipeline reports calls.
    """
    whole_log(trial)
    calls = [item for item in trial.observations if item.double == "model" and not _embeds(item)]
    if not calls and any(_reports_call(output) for output in trial.outputs):
        raise NotJudged(
            "the pipeline reports model calls and no call arrived at the model server; does it use the base URL given?",
            lost=True,
        )
    return calls


def known_calls(trial: Trial) -> list[Observation]:
    """`model_calls`; raises NotJudged where nothing is known of the pipeline as well."""
    if (unknown := nothing_known(trial)) is not None:
        raise NotJudged(unknown, lost=True)
    return model_calls(trial)


def answered(calls: Iterable[Observation]) -> Iterator[Observation]:
    """Calls that got an answer, which is what a provider bills."""
    return (call for call in calls if call.detail.get("status") == 200)


def is_readable(call: Observation) -> bool:
    """Whether the caller could read the usage: the answer came whole, and was waited for."""
    return not call.detail.get("aborted") and call.detail.get("fault") not in ("cut", "malformed")


def reporting(trial: Trial) -> list[Output]:
    """Outputs that were made for this delivery; a stored answer repeats what an earlier one reported."""
    return [output for output in trial.outputs if output.provenance in (Provenance.LIVE, Provenance.MOCKED)]


def marks_of(calls: Iterable[Observation], *, nearly: bool = False) -> list[frozenset[str]]:
    """Per call the texts of the case that stood in its prompt. Raises NotJudged where the log does not say.

    `nearly`: also those that are not to stand there and do but for letter case, blanks and like letters.
    """
    found = []
    for call in calls:
        marks = call.detail.get("marks")
        if marks is None:
            raise NotJudged("the log does not say which texts of the case stood in a prompt", lost=True)
        found.append(frozenset((*marks, *(call.detail.get("nearly") or ())) if nearly else marks))
    return found


def asking(trial: Trial, named: Collection[str]) -> list[Observation]:
    """`model_calls`, and embeddings asked of a model of `named`: whoever is asked by that name has been asked."""
    calls = model_calls(trial)
    asked = [
        item for item in trial.observations if item.double == "model" and (not _embeds(item) or item.action in named)
    ]
    return asked if len(asked) > len(calls) else calls


def price_of_call(call: Observation, config: CheckConfig) -> int:
    """Micro-dollars of one answered call. Raises NotJudged for a model nobody has a price for."""
    detail = call.detail
    price = config.price_of(
        call.action,
        _whole(detail.get("input_tokens")),
        _whole(detail.get("output_tokens")),
        cached_tokens=_whole(detail.get("cached_tokens", 0)),
        at=call.at or None,
    )
    if price is None:
        raise NotJudged(f"'{call.action}' has no price. {how_to_price(call.action)}", lost=True)
    return price


def spent(trial: Trial, config: CheckConfig) -> int:
    """What all model calls of the trial cost, embeddings too: each request priced, then summed."""
    model_calls(trial)
    asked = [item for item in trial.observations if item.double == "model"]
    return sum(price_of_call(call, config) for call in answered(asked))


def _whole(value: object) -> int:
    if isinstance(value, int) and not isinstance(value, bool) and value >= 0:
        return value
    raise NotJudged("the log has no tokens for an answered call", lost=True)


def _embeds(call: Observation) -> bool:
    return "embed" in str(call.detail.get("protocol", ""))


def _reports_call(output: Output) -> bool:
    if output.provenance not in (Provenance.LIVE, Provenance.MOCKED):
        return False
    usage = output.usage
    return output.model is not None or (usage is not None and bool(usage.input_tokens or usage.output_tokens))
