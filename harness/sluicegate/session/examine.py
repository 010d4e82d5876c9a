"""Built-in checks of each trial as it ends: the suites that pin its case, asked once."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from sluicegate.checks import CHECKS, SUITES, CheckConfig, run_check
from sluicegate.ledger import Checked
from sluicegate.model import Finding, Trial

__all__ = ["examiner"]


def examiner(suites: Mapping[str, frozenset[str]], config: CheckConfig) -> Callable[[Trial], Checked | None]:
    """A function from a trial to the results of every check some suite puts to its case, or None without any.

    `suites` maps a suite to the ids of its cases; names without built-in checks are passed over. What
    their detectors load is loaded here: during the run the pipeline would wait for it.
    """
    for name in suites:
        if name in SUITES:
            SUITES[name].warmed()
    asked = [(frozenset(SUITES[name].checks), ids) for name, ids in suites.items() if name in SUITES]
    known: dict[tuple[bool, ...], tuple[str, ...]] = {}

    def examine(trial: Trial) -> Checked | None:
        reads = tuple(trial.case.id in ids for _, ids in asked)
        names = known.get(reads)
        if names is None:
            names = known[reads] = tuple(
                sorted({name for (checks, _), is_read in zip(asked, reads, strict=True) if is_read for name in checks})
            )
        if not names:
            return None
        results: dict[str, str] = {}
        findings: list[Finding] = []
        for name in names:
            said = run_check(CHECKS[name], trial, config)
            results[name] = said.result.value
            findings += said.findings
        return Checked(case_id=trial.case.id, repeat=trial.repeat, results=results, findings=tuple(findings))

    return examine
