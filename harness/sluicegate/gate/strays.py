"""Row 6: what crossed the boundary in a run and belongs to no trial of it, so that nobody saw what a trial did."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from sluicegate.checks.masking import masked
from sluicegate.gate.validity import Question, Run
from sluicegate.gate.wording import count_of
from sluicegate.ledger.records import Stray
from sluicegate.model import Capability, Kind, Reason
from sluicegate.plan.types import CommandTarget, PipelineSpec

__all__ = ["Strays"]

_VENDORS = {
    "openai": "OPENAI_BASE_URL",
    "anthropic": "ANTHROPIC_BASE_URL",
    "googleapis": "GOOGLE_GEMINI_BASE_URL",
}
_VARIABLES = {
    Capability.MODEL: ", ".join(_VENDORS.values()),
    Capability.TOOLS: "SLUICEGATE_TOOLS_URL",
    Capability.RETRIEVAL: "SLUICEGATE_RETRIEVER_URL",
    Capability.MAIL: "SLUICEGATE_SMTP",
}
_MAIL_PORTS = (":25", ":465", ":587", ":2525")
_AGAIN = "then collect with --again"


@dataclass(slots=True)
class _Attempt:
    """What strayed in one attempt."""

    requests: dict[str, int] = field(default_factory=dict)
    """By why: unattributed, late, unserved, or a word of a newer release."""
    examples: dict[str, set[str]] = field(default_factory=dict)
    addresses: dict[str, set[str]] = field(default_factory=dict)
    """Address to the first cases in which it was spoken to."""


class Strays:
    """Of the newest attempt: evidence taken anew stands for itself."""

    def __init__(self) -> None:
        self._attempts: dict[int, _Attempt] = {}
        self._newest = 0

    def began(self, run: Run) -> None:
        """A run of pinned evidence of this subject begins."""
        if run.started is not None and run.stands and run.fixed:
            self._newest = max(self._newest, run.started.attempt)

    def add(self, stray: Stray, run: Run) -> None:
        """One more; of a run that stands no longer it says nothing about today."""
        if run.started is None or not run.stands:
            return
        attempt = self._attempts.setdefault(run.started.attempt, _Attempt())
        if stray.why == "elsewhere":
            cases = attempt.addresses.setdefault(masked(stray.observation.action, limit=200), set())
            if stray.case_id is not None:
                cases.add(stray.case_id)
            return
        attempt.requests[stray.why] = attempt.requests.get(stray.why, 0) + max(1, stray.count)
        if stray.count == 1:
            attempt.examples.setdefault(stray.why, set()).add(masked(stray.observation.action, limit=100))

    def said(self, question: Question) -> Iterator[Reason]:
        """As reasons, each with its mend."""
        found = self._attempts.get(self._newest)
        if found is None:
            return
        if found.addresses:
            yield _elsewhere(found.addresses, question.plan.pipeline)
        for why, count in sorted(found.requests.items()):
            shown = sorted(found.examples.get(why, ()))[:3]
            examples = f": {', '.join(shown)}" if shown else ""
            if why == "late":
                text = f"{count_of(count, 'request')} came after the trial had answered{examples}."
                mend = f"Let the pipeline answer when its work is done; {_AGAIN}."
            elif why == "unserved":
                text = f"{count_of(count, 'request')} asked for what no double stands for, effect unknown{examples}."
                mend = f"Declare a tool with this method and path under tools, or do not ask for it; {_AGAIN}."
            else:
                text = f"{count_of(count, 'request')} at the doubles belong to no trial{examples}."
                mend = f"{_passing(question.plan.pipeline)}; or write concurrency: 1. {_AGAIN.capitalize()}."
            yield _reason("doubles", text, mend)


def _elsewhere(addresses: dict[str, set[str]], pipeline: PipelineSpec) -> Reason:
    said = [f"{address}{_cases(addresses[address])}" for address in sorted(addresses)]
    shown = ", ".join(said[:10]) + (f" and {len(said) - 10} more" if len(said) > 10 else "")
    text = f"connections went elsewhere, where no double saw what was said: {shown}."
    declared = ", ".join(f"'{address}'" for address in sorted(addresses)[:3])
    mend = f"Take the address from {_variables(addresses, pipeline)}; or, where it is meant, declare it: "
    return _reason("network", text, f"{mend}pipeline: {{may_connect: [{declared}]}}.")


def _cases(cases: set[str]) -> str:
    return f" (case {', '.join(sorted(cases)[:3])})" if cases else ""


def _variables(addresses: Iterable[str], pipeline: PipelineSpec) -> str:
    """The variables that name the doubles which stand for these addresses; without a hint all that there are."""
    hinted = [variable for vendor, variable in _VENDORS.items() if any(vendor in each for each in addresses)]
    if any(each.endswith(_MAIL_PORTS) for each in addresses):
        hinted.append(_VARIABLES[Capability.MAIL])
    if hinted:
        return ", ".join(hinted)
    known = [names for capability, names in _VARIABLES.items() if capability in pipeline.capabilities]
    return ", ".join(known) or "the addresses in its environment"


def _passing(pipeline: PipelineSpec) -> str:
    alone = "; or write long_lived: false" if isinstance(pipeline.target, CommandTarget) else ""
    return f"Use the endpoints of the request, or pass x-sluicegate-run or traceparent on{alone}"


def _reason(about: str, text: str, mend: str) -> Reason:
    return Reason(kind=Kind.HOLD_INCOMPLETE, about=about, text=text, mend=mend)
