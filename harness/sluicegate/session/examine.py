"""Built-in checks of each trial as it ends: the suites that pin its case, asked once."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping

from sluicegate.checks import CHECKS, SUITES, Check, CheckConfig, run_check
from sluicegate.ledger import Checked
from sluicegate.model import Finding, Trial
from sluicegate.model.often import maker

__all__ = ["examiner"]


def examiner(suites: Mapping[str, Collection[str]], config: CheckConfig) -> Callable[[Trial], Checked | None]:
    """A function from a trial to the results of every check some suite puts to its case, or None without any.

    `suites` maps a suite to the ids of its cases; names without built-in checks are passed over. What
    their detectors load is loaded here: during the run the pipeline would wait for it.
    """
    for name in suites:
        if name in SUITES:
            SUITES[name].warmed()
    asked = [(frozenset(SUITES[name].checks), ids) for name, ids in suites.items() if name in SUITES]
    known: dict[tuple[bool, ...], tuple[tuple[str, Check], ...]] = {}
    alike: dict[tuple[object, ...], dict[str, str]] = {}
    """Most trials have the results of one before: they are one object, which whoever counts them knows again."""

    def examine(trial: Trial) -> Checked | None:
        case_id = trial.case.id
        reads = tuple([case_id in ids for _, ids in asked])
        checks = known.get(reads)
        if checks is None:
            names = {name for (own, _), is_read in zip(asked, reads, strict=True) if is_read for name in own}
            checks = known[reads] = tuple((name, CHECKS[name]) for name in sorted(names))
        if not checks:
            return None
        results: dict[str, str] = {}
        findings: tuple[Finding, ...] = ()
        for name, check in checks:
            said = run_check(check, trial, config)
            results[name] = str(said.result)  # an enum's `value` is looked up anew each time
            findings += said.findings
        key = (reads, *results.values())
        results = alike.setdefault(key, results) if len(alike) < _MOST_ALIKE else alike.get(key, results)
        return _checked(case_id=case_id, repeat=trial.repeat, results=results, findings=findings)

    return examine


_MOST_ALIKE = 256
_checked = maker(Checked)
