"""`sluicegate.evaluate`: a pipeline, cases and checks in one call; the same runner and checks as the gate's."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import field
from pathlib import Path
from typing import Any, TypeAlias

from sluicegate.checks.registry import Check, CheckConfig, resolve, run_check
from sluicegate.checks.success import success
from sluicegate.errors import Fault, InputError
from sluicegate.frozen import frozen
from sluicegate.ledger import Checked
from sluicegate.model import Case, Counts, Estimate, Finding, NotMeasured, Output, Trial, decode
from sluicegate.model.often import maker
from sluicegate.pipelines.build import target_pipeline
from sluicegate.runner import drive
from sluicegate.session.again import again
from sluicegate.session.own_checks import OwnCheck, own_check
from sluicegate.session.scratch import Discarding, Scratch, recording_to
from sluicegate.session.tallies import CaseTally, SeenIds, Values

__all__ = ["Failure", "Measured", "Report", "aevaluate", "evaluate"]

CheckLike: TypeAlias = "str | Callable[..., Any]"
CaseLike: TypeAlias = "Case | Mapping[str, Any]"

_FAILURES_KEPT = 1000
_USUAL = {"id", "input"}
_NOTHING_EXPECTED = Case(id="").expect
_usual_case = maker(Case)
_checked = maker(Checked)


@frozen
class Failure:
    """One trial that crashed, failed a check, or broke one."""

    case_id: str
    repeat: int
    findings: tuple[Finding, ...]
    output: Output
    errors: tuple[str, ...] = ()
    """Checks that raised; such a trial is not scored."""
    rerun: str = ""
    """Python that runs only this case again, imports included."""

    def __str__(self) -> str:
        said = [finding.message for finding in self.findings] or list(self.errors)
        return f"{self.case_id}: {'; '.join(said) or 'failed'}"


@frozen
class Measured:
    """One number of a report, or why there is none."""

    metric: str
    estimate: Estimate | NotMeasured


@frozen
class Report:
    """What came out of an evaluation."""

    counts: Counts
    measurements: Mapping[str, Measured]
    """Share of cases per check (repeats pooled: a case holds when every repeat did), success, errors, latency."""
    failures: Sequence[Failure] = field(default=())
    """The first thousand, in the order they ended."""
    failures_total: int = 0
    ledger: Path | None = None

    @property
    def passed(self) -> bool:
        """Every planned trial ran, was scored, and failed nothing."""
        return self.failures_total == 0 and self.counts.scored == self.counts.planned > 0

    def __str__(self) -> str:
        counts = self.counts
        run = f"{counts.run} of {counts.planned} trials run, {counts.crashed} crashed, {counts.scored} scored"
        numbers = [f"  {given.metric:<28} {_said(given.estimate)}" for given in self.measurements.values()]
        return "\n".join([f"{run}, {self.failures_total} failed", *numbers])


def evaluate(
    pipeline: Callable[..., Any] | str | Sequence[str],
    cases: Iterable[CaseLike],
    checks: Sequence[CheckLike] = (),
    *,
    concurrency: int = 32,
    repeats: int = 1,
    ledger: str | Path | None = None,
) -> Report:
    """Call `pipeline` for every case and put every check to each output.

    Args:
        pipeline: a callable (sync or async), `module:attribute`, a URL, or a command as a list of words.
        cases: `Case` objects or mappings with `id`, `input` and any other field of a case; may be a generator.
        checks: callables `(case, output) -> bool | Finding | iterable of Finding`, or names of built-in checks.
        concurrency: calls at once.
        repeats: how often each case is run; a case holds when all its repeats hold.
        ledger: a new file for the evidence; an unfinished one there is continued beside it.

    Raises InputError for cases, checks or a pipeline that cannot be used, and inside a running event loop.

    """
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        pass  # as it should be
    else:
        mend = "Write: await sluicegate.aevaluate(…)"
        raise InputError(Fault(where="evaluate", what="was called inside a running event loop.", mend=mend))
    return asyncio.run(aevaluate(pipeline, cases, checks, concurrency=concurrency, repeats=repeats, ledger=ledger))


async def aevaluate(
    pipeline: Callable[..., Any] | str | Sequence[str],
    cases: Iterable[CaseLike],
    checks: Sequence[CheckLike] = (),
    *,
    concurrency: int = 32,
    repeats: int = 1,
    ledger: str | Path | None = None,
) -> Report:
    """`evaluate` for code that is async already."""
    if not all(isinstance(count, int) and count >= 1 for count in (concurrency, repeats)):
        what = f"concurrency {concurrency}, repeats {repeats}: both are whole numbers from 1 on."
        raise InputError(Fault(where="evaluate", what=what))
    scorer = _Scorer(*_asked(checks), repeats=repeats, rerun=again(pipeline, checks))
    adapter = target_pipeline(pipeline)
    try:
        with recording_to(ledger, repeats=repeats) as recorder:
            sink = recorder or Discarding()
            trials = _trials(cases, repeats)
            await drive(
                adapter,
                recorder.remaining(trials, scorer.score) if recorder else trials,
                recorder=sink,
                nonce=recorder.nonce if recorder else secrets.token_hex(16),
                concurrency=concurrency,
                on_block=lambda block: _settled(block, scorer, sink),
            )
            if recorder:
                recorder.finish(scorer.planned)
        return scorer.report(recorder.path if recorder else None)
    finally:
        await adapter.aclose()


def _asked(checks: Sequence[CheckLike]) -> tuple[list[Check], list[OwnCheck]]:
    if isinstance(checks, str):
        raise InputError(Fault(where="checks", what=f"is the text '{checks}'.", mend=f"Write ['{checks}']."))
    names = [check for check in checks if isinstance(check, str)]
    own = [own_check(check) for check in checks if not isinstance(check, str)]
    seen: set[str] = set()
    for check in own:
        if check.name in seen:
            what = f"two checks are called '{check.name}'."
            raise InputError(Fault(where="checks", what=what, mend="Give each function a name of its own."))
        seen.add(check.name)
    return resolve(names), own


def _trials(cases: Iterable[CaseLike], repeats: int) -> Iterator[tuple[Case, int]]:
    seen = SeenIds()
    for index, given in enumerate(cases):
        case = given if isinstance(given, Case) else _case(given, index)
        if not seen.add(case.id):
            what = f"the id '{case.id}' was given before."
            raise InputError(Fault(where=f"cases[{index}]", what=what, mend="Give each case an id of its own."))
        for repeat in range(repeats):
            yield case, repeat


def _settled(block: list[Trial], scorer: _Scorer, sink: Scratch | Discarding) -> None:
    for said in [scorer.score(trial) for trial in block]:
        sink.checked(said)
    sink.flush()


def _case(given: Mapping[str, Any], index: int) -> Case:
    # Nearly every case is an id and an input: reading those by the general way would cost thrice as much.
    if type(given) is dict and given.keys() == _USUAL and type(given["id"]) is str:
        return _usual_case(id=given["id"], input=given["input"])
    return decode(Case, given, f"cases[{index}]")


class _Scorer:
    """Puts the checks to each trial and counts as trials stream by."""

    def __init__(
        self, built_in: Sequence[Check], own: Sequence[OwnCheck], *, repeats: int, rerun: Callable[[Case], str]
    ) -> None:
        self._built_in = built_in
        self._own = own
        self._rerun = rerun
        self._config = CheckConfig()
        self._tallies = {
            name: CaseTally(repeats) for name in [check.name for check in built_in] + [check.name for check in own]
        }
        self._success, self._answered = CaseTally(repeats), CaseTally(repeats)
        self._latency = Values()
        self._failures: list[Failure] = []
        self._raised: dict[str, str] = {}
        """By check, what it first raised instead of an answer."""
        self._failed = self._crashed = self._scored = 0
        self.planned = 0
        self._spotless = {check.name: "pass" for check in own}
        self._clear = 0
        """Trials that nothing is to be said of but that they passed; into the tallies they go at the end."""
        self._may_be_clear = repeats == 1 and not built_in

    def score(self, trial: Trial) -> Checked:
        """Count one trial; its results as a record."""
        self.planned += 1
        crashed = trial.crashed
        results, findings, errors = self._results(trial, crashed=crashed)
        latency_ms = trial.output.latency_ms
        self._latency.add(float("inf") if crashed or latency_ms is None else latency_ms)
        if (
            self._may_be_clear
            and results == self._spotless
            and not crashed
            and trial.case.expect is _NOTHING_EXPECTED  # no contract, no rule, no limit: it succeeded
        ):
            self._clear += 1
        else:
            self._count(trial, results, crashed=crashed)
            self._scored += not errors
            if crashed or errors or "fail" in results.values():
                self._fail(trial, findings, errors)
        return _checked(
            case_id=trial.case.id,
            repeat=trial.repeat,
            results=results,
            findings=findings,
            self_reported=bool(self._own),
        )

    def _count(self, trial: Trial, results: Mapping[str, str], *, crashed: bool) -> None:
        case_id = trial.case.id
        self._crashed += crashed
        self._success.add(case_id, success(trial, self._config, results) is True)
        self._answered.add(case_id, not crashed)
        for name, result in results.items():
            if result in ("pass", "fail"):
                self._tallies[name].add(case_id, result == "pass")

    def report(self, ledger: Path | None) -> Report:
        """Everything counted."""
        for tally in (self._success, self._answered, *self._tallies.values()):
            tally.add_clear(self._clear)
        self._scored, self._clear = self._scored + self._clear, 0
        shares = {name: self._share(name, tally) for name, tally in self._tallies.items()}
        measured: dict[str, Estimate | NotMeasured] = {
            **shares,
            "draft.success_rate": self._success.estimate(),
            "errors.rate": self._answered.estimate(failing=True),
            "latency p50": self._latency.quantile(0.5),
            "latency p95": self._latency.quantile(0.95),
        }
        return Report(
            counts=Counts(planned=self.planned, run=self.planned, crashed=self._crashed, scored=self._scored),
            measurements={name: Measured(metric=name, estimate=value) for name, value in measured.items()},
            failures=self._failures,
            failures_total=self._failed,
            ledger=ledger,
        )

    def _share(self, name: str, tally: CaseTally) -> Estimate | NotMeasured:
        share = tally.estimate()
        if isinstance(share, NotMeasured) and name in self._raised:
            mend = "A check returns True, False, a Finding or findings."
            return NotMeasured(reason=f"the check gave no answer: {self._raised[name]}", mend=mend)
        return share

    def _results(self, trial: Trial, *, crashed: bool) -> tuple[dict[str, str], tuple[Finding, ...], tuple[str, ...]]:
        results: dict[str, str] = {}
        findings: tuple[Finding, ...] = ()
        errors: tuple[str, ...] = ()
        for check in self._built_in:
            said = run_check(check, trial, self._config)
            results[check.name] = said.result.value
            findings += said.findings
            if said.result.value == "error":
                errors += (f"{check.name}: {said.reason}",)
        for own in self._own:
            result, found, error = own.ask(trial, crashed=crashed)
            results[own.name] = result
            findings += found
            if error:
                errors += (f"{own.name}: {error}",)
                self._raised.setdefault(own.name, error)
        return results, findings, errors

    def _fail(self, trial: Trial, findings: tuple[Finding, ...], errors: tuple[str, ...]) -> None:
        self._failed += 1
        if len(self._failures) < _FAILURES_KEPT:
            self._failures.append(
                Failure(
                    case_id=trial.case.id,
                    repeat=trial.repeat,
                    findings=findings,
                    output=trial.output,
                    errors=errors,
                    rerun=self._rerun(trial.case),
                )
            )


def _said(measured: Estimate | NotMeasured) -> str:
    if isinstance(measured, NotMeasured):
        return f"not measured: {measured.reason}"
    if measured.k is None:
        return f"{measured.value:.4g}  n {measured.n}"
    return f"{measured.k} of {measured.n}  [{measured.low:.4g}, {measured.high:.4g}]"
