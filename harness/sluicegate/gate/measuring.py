"""What one judged trial gives to every criterion, and which of its findings are incidents, confirmed or suspected."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from sluicegate.checks import CHECKS, CheckConfig, CheckOutcome, Contribution, measure, run_check
from sluicegate.checks.fallback import has_model_fault
from sluicegate.checks.scorers import SCORED_AS
from sluicegate.frozen import frozen
from sluicegate.gate.against import told_of_crash
from sluicegate.gate.asking import is_asked
from sluicegate.gate.causes import Causes
from sluicegate.gate.counting import Channel
from sluicegate.gate.faults import Names
from sluicegate.gate.goodput import goodput
from sluicegate.gate.loads import is_of_profile
from sluicegate.gate.pinned import Pinned
from sluicegate.gate.pool import Attempt
from sluicegate.gate.second_look import is_of_a_judge
from sluicegate.gate.shortlist import Shortlist
from sluicegate.gate.units import is_bad, speaks_against
from sluicegate.gate.validity import Run
from sluicegate.ledger.loads import LoadRun
from sluicegate.model import Finding, NotMeasured, Origin, Output, Severity, Trial, Witness
from sluicegate.model.often import made_often, maker
from sluicegate.plan.metrics import EVERY_REQUEST
from sluicegate.plan.types import Criterion, Metric, MetricKind

__all__ = ["Judged", "Measuring"]


@made_often
@frozen
class Judged:
    """A trial with every result that stands."""

    trial: Trial
    case: int | None
    """Number of its case, where that is pinned."""
    at_us: int
    results: Mapping[str, str]
    """The judge's own where it looked, else as recorded."""
    ours: Mapping[str, CheckOutcome]
    """What the judge found in the recorded bytes."""
    origins: tuple[Origin, ...]
    """What the trial is evidence of."""
    reported: tuple[Finding, ...]
    """What a user's own checks found."""
    scores: Mapping[str, float]
    """What a user's own scorers said, by metric."""
    run: Run
    """Where it was recorded."""
    behind_ms: float = 0.0
    """Under load: how late the generator itself began it, where that is too late."""


_attempt = maker(Attempt)
_GRADES = (MetricKind.PROPORTION, MetricKind.INCIDENTS)


def _recorded_as(metric: Metric) -> str | None:
    """The name under which a user's own check or scorer is recorded."""
    if metric.score is not None:
        return SCORED_AS + metric.name if metric.score.is_own else None
    return metric.check


class Measuring:
    """Measures judged trials for the channels, and sorts incidents."""

    def __init__(
        self, channels: Sequence[Channel], pinned: Pinned, config: CheckConfig, loads: Mapping[str, str]
    ) -> None:
        self._channels = channels
        self._pinned = self._known = pinned
        self._config = config
        self._loads = loads
        metrics = [channel.criterion.metric for channel in channels]
        incident_suites = {metric.suite for metric in metrics if metric.kind is MetricKind.INCIDENTS}
        self.own_checks = frozenset(name for metric in metrics if (name := _recorded_as(metric)) is not None)
        """A user's checks and scorers whose results some criterion waits for."""
        self.strict = frozenset(
            name for name, check in CHECKS.items() if check.zero_tolerance or check.suite in incident_suites
        )
        """Built-in checks that are judged again in every trial."""
        self._unread = frozenset(name for name in self.strict if CHECKS[name].suite not in incident_suites)
        self._readers: dict[object, list[tuple[Channel, Origin]]] = {}
        self._unpinned: dict[str, int] = {}
        """Numbers for the cases of runs that no lock of this stage speaks of."""
        self.findings = Shortlist()
        self.causes = Causes()
        self.incidents = Shortlist()
        """Confirmed incidents of zero-tolerance checks that no criterion reads."""
        self.suspects = Shortlist()
        """Incidents that rest on a user's word, a pattern, or a case that nobody pinned."""
        self.raised = Names()
        """Metrics whose measuring raised."""

    def asks_as(self, pinned: Pinned) -> None:
        """Ask each metric of the cases it reads in the stage that `pinned` is of: what is compared must be alike."""
        self._known = pinned

    def trial(self, judged: Judged, *, lost: bool = False) -> None:
        """Count a trial for every criterion it is evidence of; a lost one can hold and cannot roll back."""
        found = [finding for outcome in judged.ours.values() if outcome.findings for finding in outcome.findings]
        if found or judged.reported:
            self._found(judged, found)
        measured: dict[str, Contribution | NotMeasured | None] = {}
        provenances = [output.provenance for output in judged.trial.outputs]
        for channel, origin in self._readers_of(judged):
            metric = channel.criterion.metric
            standing = channel.admission.trial(origin, provenances, judged.at_us)
            if standing != "valid" and not channel.admission.is_said_void(origin, judged.run, judged.at_us):
                channel.void += standing == "void"
                channel.foreign += standing == "foreign"
                continue
            if metric.name not in measured:
                measured[metric.name] = self._measured(metric, judged)
            counted = measured[metric.name]
            if standing != "valid" and not speaks_against(channel.criterion, counted):
                channel.void += 1
                continue
            if counted is not None:
                is_ours = lost or (bool(judged.behind_ms) and self._is_bad_by_us(metric, judged, counted))
                self._count(channel, origin, judged, counted, lost=is_ours)

    def _found(self, judged: Judged, found: Sequence[Finding]) -> None:
        """Take what the judge and a user's own checks found."""
        for finding in (*found, *judged.reported):
            self.findings.add(finding)
            self.causes.add(finding)
        for name in self._unread.intersection(judged.ours):
            self._unread_incidents(judged.ours[name])
        self.reported(judged.reported)

    def maker(self, case_id: str) -> str:
        """The suite that made a case; empty for a case of a file."""
        return self._pinned.maker(case_id)

    def uncounted(self, judged: Judged) -> tuple[bool, list[str]]:
        """What went wrong in a trial and no criterion counts: its crash, and the built-in checks it failed.

        A criterion counts a check when the trial would be a bad one for it with this failure alone.
        """
        if self._bad(judged, judged.results) and judged.trial.failed:
            return False, []
        failed = [name for name, result in judged.results.items() if result == "fail" and name in CHECKS]
        alone = (
            {
                other: "pass" if result == "fail" and other != name else result
                for other, result in judged.results.items()
            }
            for name in failed
        )
        crashed = judged.trial.failed
        return crashed, [
            name for name, said in zip(failed, alone, strict=True) if crashed or not self._bad(judged, said)
        ]

    def counts(self, judged: Judged, metrics: Sequence[str]) -> bool:
        """Whether a criterion of one of these metrics that has a target takes the trial, and as a bad one."""
        for channel, origin in self._readers_of(judged):
            criterion = channel.criterion
            if criterion.metric.name not in metrics or criterion.promote is None:
                continue
            if self._is_bad(channel, origin, judged):
                return True
        return False

    def _bad(self, judged: Judged, results: Mapping[str, str]) -> bool:
        """Whether a proportion or an incident criterion of the stage counts the trial as a bad one."""
        for channel in self._channels:
            metric = channel.criterion.metric
            if metric.kind not in _GRADES:
                continue
            if judged.run.load is not None and not is_of_profile(channel.criterion, judged.run, self._loads):
                continue
            admitted = (origin for origin in judged.origins if origin in channel.admission.origins)
            asked = next((each for each in admitted if is_asked(metric, each, judged.trial.case.id, self._known)), None)
            if asked is not None and self._is_bad(channel, asked, replace(judged, results=results)):
                return True
        return False

    def _is_bad(self, channel: Channel, origin: Origin, judged: Judged) -> bool:
        """Whether a criterion takes the trial, and as a bad one."""
        provenances = [output.provenance for output in judged.trial.outputs]
        if channel.admission.trial(origin, provenances, judged.at_us) != "valid" and not channel.admission.is_said_void(
            origin, judged.run, judged.at_us
        ):
            return False
        measured = self._measured(channel.criterion.metric, judged)
        return isinstance(measured, Contribution) and is_bad(channel.criterion.metric, measured)

    def foreign(self, trial: Trial) -> None:
        """A trial whose case nobody pinned proves nothing; an incident in it is for a human to look at."""
        for name in sorted(self.strict):
            for finding in run_check(CHECKS[name], trial, self._config).findings:
                if finding.severity is Severity.INCIDENT:
                    self.suspects.add(finding)

    def reported(self, findings: Iterable[Finding]) -> None:
        """Incidents that a user's own checks or tests report never roll back by themselves."""
        for finding in findings:
            if finding.severity is Severity.INCIDENT:
                self.suspects.add(finding)

    def _readers_of(self, judged: Judged) -> list[tuple[Channel, Origin]]:
        """Every channel that reads the trial, with the origin it reads it as: alike for cases of the same suites."""
        case_id, case = judged.trial.case.id, judged.case
        if self._known is not self._pinned:
            case = self._known.case(case_id)
        # Whether one is a copy of the plan's own cases hangs on its id; of any other the suites say whose it is.
        of_own = "~" in case_id and self._known.is_own(case_id)
        key = (judged.origins, None if case is None else self._known.group(case), of_own, judged.run.load)
        readers = self._readers.get(key)
        if readers is None:
            readers = self._readers[key] = []
            for channel in self._channels:
                origin = next((item for item in judged.origins if item in channel.admission.origins), None)
                if origin is Origin.LOAD and not self._asks_load(channel.criterion, judged.run):
                    continue
                if origin is not None and is_asked(channel.criterion.metric, origin, case_id, self._known):
                    readers.append((channel, origin))
        return readers

    def _asks_load(self, criterion: Criterion, run: Run) -> bool:
        """Whether the metric reads answers that a load run kept: it has the numbers of every request apart."""
        if run.load is not None and criterion.metric.name in EVERY_REQUEST:
            return False
        return is_of_profile(criterion, run, self._loads)

    def _is_bad_by_us(self, metric: Metric, judged: Judged, measured: Contribution | NotMeasured | None) -> bool:
        """Whether a trial is a bad one for no more than the load generator's own delay."""
        if not isinstance(measured, Contribution) or not is_bad(metric, measured):
            return False
        outputs = tuple(_earlier(output, judged.behind_ms) for output in judged.trial.outputs)
        again = self._measured(metric, replace(judged, trial=replace(judged.trial, outputs=outputs)))
        return isinstance(again, Contribution) and not is_bad(metric, again)

    def _measured(self, metric: Metric, judged: Judged) -> Contribution | NotMeasured | None:
        try:
            if judged.run.load is not None:
                return self._under_load(metric, judged, judged.run.load)
            return measure(metric, judged.trial, judged.results, self._config, judged.scores)
        except Exception as error:  # noqa: BLE001 - whatever measuring hostile output raises is a hold, never a traceback
            self.raised.add(f"{metric.name} ({type(error).__name__})")
            return None

    def _under_load(self, metric: Metric, judged: Judged, load: LoadRun) -> Contribution | NotMeasured | None:
        if metric.name == "goodput":
            return goodput(judged.trial, judged.results, load, self._config)
        measured = measure(metric, judged.trial, judged.results, self._config, judged.scores)
        if metric.name == "fallback.correct_rate" and not has_model_fault(judged.trial.case):
            # Nothing failed, so nothing was tried, and that it went well shows nothing.
            return None if isinstance(measured, Contribution) and not is_bad(metric, measured) else measured
        return measured

    def _count(
        self,
        channel: Channel,
        origin: Origin,
        judged: Judged,
        measured: Contribution | NotMeasured,
        *,
        lost: bool,
    ) -> None:
        grows = origin.grows
        if channel.readings is not None and not grows:
            channel.readings.add_again(judged.trial, measured)
        case, metric = judged.trial.case, channel.criterion.metric
        if isinstance(measured, NotMeasured):
            channel.unknown(measured)
            if not grows and not lost and not judged.trial.failed and is_of_a_judge(metric):
                none = Contribution(k=0, n=1)
                unit = self._unit(judged, metric)
                channel.unscored.append(_attempt(unit=unit, counted=none, at_us=judged.at_us, slice=case.slice))
            return
        attempt = _attempt(
            unit=self._unit(judged, metric),
            counted=measured,
            at_us=judged.at_us,
            slice=measured.arm if measured.arm is not None else case.slice,
        )
        if not grows:
            channel.against.add(judged.trial, measured)
        if not lost or origin is Origin.LOAD:
            channel.trial(origin, attempt, run=judged.run.number, unreached=lost)
        elif not grows:
            channel.lost.append(attempt)
        if measured.k > 0 and metric.kind is MetricKind.INCIDENTS:
            self._incident(channel, judged, lost=lost)

    def _unit(self, judged: Judged, metric: Metric) -> int:
        """A suite's copy of a case (`id~twice`) is the same unit as the case, where a metric spans suites."""
        case_id, number = judged.trial.case.id, judged.case
        if "~" in case_id and metric.suite is None:
            base = self._pinned.case(case_id.partition("~")[0])
            number = number if base is None else base
        return number if number is not None else self._unpinned.setdefault(case_id, len(self._unpinned))

    def _incident(self, channel: Channel, judged: Judged, *, lost: bool) -> None:
        metric = channel.criterion.metric
        found = [
            finding
            for name, outcome in judged.ours.items()
            if metric.suite is not None and CHECKS[name].suite == metric.suite
            for finding in outcome.findings
            if finding.severity is not Severity.WARNING
        ]
        found += [finding for finding in judged.reported if finding.check == metric.check]
        for finding in found or [_said(metric, judged, lost=lost)]:
            (channel.confirmed if finding.witness.confirms else channel.suspected).add(finding)

    def _unread_incidents(self, outcome: CheckOutcome) -> None:
        for finding in outcome.findings:
            if finding.severity is Severity.INCIDENT:
                (self.incidents if finding.witness.confirms else self.suspects).add(finding)


def _earlier(output: Output, by_ms: float) -> Output:
    """The answer with its times from when it was asked for."""
    took, first = output.latency_ms, output.ttft_ms
    return replace(
        output,
        latency_ms=None if took is None else max(0.0, took - by_ms),
        ttft_ms=None if first is None else max(0.0, first - by_ms),
    )


def _said(metric: Metric, judged: Judged, *, lost: bool) -> Finding:
    """The incident itself, where no check has words for it: a crash, a rule of the plan's own."""
    trial = judged.trial
    finding = Finding(
        check=metric.name,
        case_id=trial.case.id,
        repeat=trial.repeat,
        message=f"counts as an incident of {metric.name}",
        severity=Severity.INCIDENT,
        witness=Witness.SELF_REPORTED if lost or metric.check is not None else Witness.WIRE,
    )
    return told_of_crash(finding, trial)
