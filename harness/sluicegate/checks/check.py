"""The words of a check: what it reads, what it answers, what it may be asked of."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import field, replace
from enum import StrEnum
from typing import Protocol

from sluicegate.checks.masking import masked
from sluicegate.frozen import frozen
from sluicegate.model import Capability, Case, CrashKind, Finding, Json, Output, Severity, Trial, Witness, is_crash
from sluicegate.plan.types import CorrelationSpec, ToolSpec

__all__ = [
    "LONGEST_CRASH",
    "Check",
    "CheckConfig",
    "CheckOutcome",
    "Contract",
    "NotJudged",
    "PriceOf",
    "Problem",
    "Result",
    "Suite",
    "always",
    "deliveries",
    "every_case",
    "finding",
    "is_crash",
    "needs_nothing",
    "nothing_known",
    "unmet",
]


@frozen
class Problem:
    """One rule that a value breaks, before it is tied to a check and a case."""

    place: str = "$"
    """Path into the judged value: `$.insights[0].text`."""
    expected: str
    """The rule, without the value seen, so that it reads the same in every run."""
    seen: str = ""
    """What was there instead; masked when it becomes a finding."""
    mend: str = ""


@frozen
class Contract:
    """What one field of every output must look like. Made by `contracts.compile_contract`."""

    name: str
    digest: str
    """SHA-256 of the contract's source, for the lock."""
    problems: Callable[[Json, Case], Iterable[Problem]]
    """Every rule the value breaks. The case says which language and which link hosts were asked for."""
    reads_text: bool = False
    """On `content`: judge the text itself. Otherwise the text is parsed as JSON first."""
    judges_language: bool = False
    """The contract compares the language with the request's, so `schema.language` leaves its field alone."""


class PriceOf(Protocol):
    """What one request to a model costs."""

    def __call__(
        self, model: str, input_tokens: int, output_tokens: int, /, *, cached_tokens: int = 0, at: str | None = None
    ) -> int | None:
        """Micro-dollars, rounded up; None where nobody has a price for the model. `at` is when it was asked."""
        ...


def _no_price(
    _model: str, _input_tokens: int, _output_tokens: int, /, *, cached_tokens: int = 0, at: str | None = None
) -> int | None:
    return None


@frozen
class CheckConfig:
    """What the checks of one run are told besides the trial."""

    contracts: Mapping[str, Contract] = field(default_factory=dict)
    """By output field: structured, mail or content."""
    tools: tuple[ToolSpec, ...] = ()
    capabilities: frozenset[Capability] | None = None
    """The pipeline's declared ones; None leaves that question to the caller."""
    price_of: PriceOf = _no_price
    expert_models: frozenset[str] = frozenset()
    """The dear ones, whose calls are counted apart."""
    correlation: CorrelationSpec | None = None
    """Where the id of a request is to be found again; None: in the usual places."""


class Result(StrEnum):
    """What a check says of a trial."""

    PASS = "pass"  # noqa: S105 - a result, not a password
    FAIL = "fail"
    ERROR = "error"
    """The check itself raised. Holds; never a pass, never a failure of the pipeline."""
    NOT_APPLICABLE = "not_applicable"


class NotJudged(Exception):  # noqa: N818 - an answer, not an error: the trial does not hold what the check reads
    """Raised by a check whose trial recorded too little to answer; the message is the reason, shown."""

    def __init__(self, reason: str, *, lost: bool = False) -> None:
        super().__init__(reason)
        self.lost = lost
        """Evidence that should be there is not: the result is `error`, which holds, instead of `not_applicable`."""


@frozen
class CheckOutcome:
    """The answer of one check on one trial."""

    result: Result
    findings: tuple[Finding, ...] = ()
    """Sorted; an error carries one warning that says what raised."""
    reason: str = ""
    """Why it does not apply, or what raised."""


def always(_case: Case, _capabilities: frozenset[Capability]) -> str | None:
    """Applies to every case."""
    return None


def needs_nothing(_config: CheckConfig) -> str | None:
    """Ready in every run."""
    return None


def _nothing() -> None:
    return None


def _no_notes() -> tuple[str, ...]:
    return ()


@frozen
class Check:
    """One question asked of every trial: a pure function from recorded bytes to findings."""

    name: str
    """`suite.check`, e.g. schema.valid."""
    suite: str
    title: str
    """The law in one sentence."""
    run: Callable[[Trial, CheckConfig], Iterable[Finding]]
    """An error or incident among the findings fails the trial; warnings do not."""
    applies: Callable[[Case, frozenset[Capability]], str | None] = always
    """None when it applies, else the reason why not."""
    ready: Callable[[CheckConfig], str | None] = needs_nothing
    """None when the run says enough to judge by, else what is missing: a check without its contract passes nothing."""
    zero_tolerance: bool = False


@frozen
class Suite:
    """A set of checks and the cases it puts to them."""

    name: str
    title: str
    checks: tuple[str, ...]
    cases: Callable[[Sequence[Case], int], Sequence[Case]]
    """The suite's cases, derived from the plan's under a seed."""
    installed: Callable[[], None] = _nothing
    """Raises InputError, with the line to type, where the suite needs a package that is not installed."""
    warmed: Callable[[], None] = _nothing
    """Loads what the checks would load with the first trial; raises nothing."""
    notes: Callable[[], tuple[str, ...]] = _no_notes
    """What a report must say of a suite that ran: what it cannot see."""


def every_case(cases: Sequence[Case], _seed: int) -> Sequence[Case]:
    """The cases of a suite that reads all of them as they are."""
    return cases


def unmet(case: Case, capabilities: frozenset[Capability]) -> str | None:
    """Why a pipeline of these capabilities cannot be asked this case, or None."""
    missing = sorted(set(case.needs) - capabilities) if case.needs else ()
    return f"the pipeline does not declare {', '.join(missing)}" if missing else None


def finding(
    check: str,
    trial: Trial,
    problem: Problem,
    *,
    delivery: int = 0,
    severity: Severity = Severity.ERROR,
    witness: Witness = Witness.STRUCTURE,
) -> Finding:
    """The problem as a fact about this trial, its excerpt masked and escaped."""
    message = problem.expected if delivery == 0 else f"{problem.expected} (delivery {delivery + 1})"
    return Finding(
        check=check,
        case_id=trial.case.id,
        repeat=trial.repeat,
        place=masked(problem.place, limit=300),
        message=masked(message, limit=400),
        excerpt=masked(problem.seen),
        severity=severity,
        witness=witness,
        mend=masked(problem.mend, limit=400),
    )


def deliveries(check: str, trial: Trial) -> Iterator[tuple[int, Output, Finding | None]]:
    """Every delivery with its output, and the finding that there is no answer where the pipeline crashed.

    A delivery that rightly answered with an error is left out: there is nothing in it to judge. Raises NotJudged where
    nothing is known of the pipeline.
    """
    for index, output in enumerate(trial.outputs):
        crash = output.error
        if crash is None:
            yield index, output, None
        elif crash.kind in _NOTHING_KNOWN:
            raise NotJudged(crash.message, lost=True)
        elif is_crash(output, trial.case):
            expected = f"an answer was expected; the pipeline crashed ({crash.kind})"
            problem = Problem(place="$.error", expected=expected, seen=crash.message)
            said = finding(check, trial, problem, delivery=index)
            # Whole: a process says last what it died of.
            yield index, output, replace(said, excerpt=masked(crash.message, LONGEST_CRASH))


def nothing_known(trial: Trial) -> str | None:
    """Why nothing is known of the pipeline for this trial (no row recorded, never called), or None."""
    for output in trial.outputs:
        if output.error is not None and output.error.kind in _NOTHING_KNOWN:
            return output.error.message
    return None


LONGEST_CRASH = 500
"""Characters shown of a crash's message, which has no more."""
_NOTHING_KNOWN = (CrashKind.NOT_RECORDED, CrashKind.NOT_SENT)
