"""The schema suite: every answer is whole, keeps its contract, and says what its case asks for."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Any

from sluicegate.checks.check import Check, CheckConfig, Contract, Problem, Suite, deliveries, every_case, finding
from sluicegate.checks.language import asked_language, spoken_otherwise
from sluicegate.checks.limits import limit_failures
from sluicegate.checks.rules import rule_holds, rule_problems
from sluicegate.checks.truncation import cut_json, stopped_early
from sluicegate.checks.values import seen
from sluicegate.model import Capability, Case, Finding, Json, Output, Trial, encode, parse

__all__ = ["CHECKS", "SUITE"]

_JudgeOutput = Callable[[Output, Case, CheckConfig], Sequence[Problem]]


def _each(name: str, judge: _JudgeOutput) -> Callable[[Trial, CheckConfig], Iterable[Finding]]:
    """A check that judges every delivery's output; a crash is no answer and fails it."""

    def run(trial: Trial, config: CheckConfig) -> Iterable[Finding]:
        # The hot path of every run: one delivery, answered, without a problem.
        outputs = trial.outputs
        if len(outputs) == 1 and outputs[0].error is None and not judge(outputs[0], trial.case, config):
            return ()
        return findings(trial, config)

    def findings(trial: Trial, config: CheckConfig) -> Iterator[Finding]:
        for delivery, output, crashed in deliveries(name, trial):
            if crashed is not None:
                yield crashed
                continue
            for problem in judge(output, trial.case, config):
                yield finding(name, trial, problem, delivery=delivery)

    return run


def _valid(output: Output, case: Case, config: CheckConfig) -> Sequence[Problem]:
    # Nothing is built for an answer that keeps its contracts.
    found: Sequence[Problem] = ()
    for field, contract in config.contracts.items():
        value, missing = _judged(output, field, contract)
        if missing is not None:
            found = (*found, missing)
        elif problems := tuple(contract.problems(value, case)):
            found = (*found, *(replace(each, place=f"$.{field}{each.place.removeprefix('$')}") for each in problems))
    return found


def _judged(output: Output, field: str, contract: Contract) -> tuple[Json, Problem | None]:
    """The JSON value that the contract of a field reads, or the problem that there is none."""
    value = getattr(output, field)
    if value is None:
        mend = f"Return {field}, or map it from the response."
        return None, Problem(place=f"$.{field}", expected="is missing, and has a contract", mend=mend)
    if field == "content" and not contract.reads_text:
        return _parsed(value)
    return value if field in ("content", "structured") else encode(value), None


def _parsed(text: Any) -> tuple[Json, Problem | None]:
    if not isinstance(text, str):
        return None, Problem(place="$.content", expected="must be text", seen=seen(text))
    try:
        value = parse(text)
        twice = _duplicate(text)
    except (ValueError, RecursionError) as error:
        why = cut_json(text)
        expected = f"must be JSON; it is cut off: {why}" if why else "must be JSON and nothing else"
        return None, Problem(place="$.content", expected=expected, seen=f"{error}: {text[:120]}")
    if twice is not None:
        expected = "must not hold a key twice in one object: readers disagree about which counts"
        return None, Problem(place="$.content", expected=expected, seen=twice)
    return value, None


def _duplicate(text: str) -> str | None:
    found: list[str] = []

    def members(pairs: list[tuple[str, Json]]) -> None:
        counts = Counter(name for name, _ in pairs)
        found.extend(name for name, count in counts.items() if count > 1)

    # Numbers are not read: only the names matter here.
    json.loads(text, object_pairs_hook=members, parse_int=len, parse_float=len)
    return found[0] if found else None


_ANSWERED = Problem(
    place="$.error",
    expected="must be an error: the case expects one",
    seen="an answer",
    mend="Let the pipeline answer with an error, or take outcome: error from the case.",
)


def _must(output: Output, case: Case, _config: CheckConfig) -> Sequence[Problem]:
    found: Sequence[Problem] = ()
    for rule in case.expect.must:
        if rule_holds(rule, output) is not True:
            found = (*found, *rule_problems(rule, output))
    for rule in case.expect.must_not:
        if rule_holds(rule, output) is not False:
            found = (*found, *rule_problems(rule, output, forbidden=True))
    return found


_keeps_rules = _each("schema.must", _must)


def _says_what_it_must(trial: Trial, config: CheckConfig) -> Iterable[Finding]:
    """The rules, and that a case which expects an error has one: of many deliveries some may rightly be answered."""
    if trial.case.expect.outcome != "error" or trial.crashed:
        return _keeps_rules(trial, config)
    return (*_keeps_rules(trial, config), finding("schema.must", trial, _ANSWERED))


def _not_empty(output: Output, _case: Case, _config: CheckConfig) -> Sequence[Problem]:
    if isinstance(output.content, str) and _speaks(output.content):
        return ()
    mail = output.mail
    texts = (*((mail.body, mail.html) if mail is not None else ()), *_said(output))
    if any(isinstance(text, str) and _speaks(text) for text in texts) or output.structured not in (None, "", [], {}):
        return ()
    if output.tools_called:
        return ()
    where = "mail.body" if mail is not None else "content"
    mend = "Return an answer, or an error that says why there is none."
    return (Problem(place=f"$.{where}", expected="must hold an answer", seen="nothing, or only blanks", mend=mend),)


def _said(output: Output) -> Iterator[str]:
    return (message.content for message in output.messages if message.role == "assistant")


def _speaks(text: str) -> bool:
    """Whether a text holds anything visible; zero-width and control characters are nothing."""
    for ch in text:  # noqa: SIM110 - a loop, because the first character says it of nearly every answer
        if ch.isprintable() and not ch.isspace():
            return True
    return False


def _whole(output: Output, _case: Case, _config: CheckConfig) -> Sequence[Problem]:
    why = stopped_early(output)
    if why is None:
        return ()
    mend = "Raise the model's token limit, or ask for a shorter answer."
    seen_end = (output.content or "")[-120:]
    return (Problem(place="$.content", expected=f"must not be cut off: {why}", seen=seen_end, mend=mend),)


def _language(output: Output, case: Case, config: CheckConfig) -> Sequence[Problem]:
    language = asked_language(case)
    return () if language is None else tuple(_spoken_otherwise(output, language, config))


def _spoken_otherwise(output: Output, language: str, config: CheckConfig) -> Iterator[Problem]:
    mail = output.mail
    texts = [("content", output.content)]
    if mail is not None:
        texts += [("mail.subject", mail.subject), ("mail.body", mail.body)]
    for field, text in texts:
        contract = config.contracts.get(field.partition(".")[0])
        if not isinstance(text, str) or (contract is not None and contract.judges_language):
            continue
        other = spoken_otherwise(text, language)
        if other is not None:
            yield Problem(
                place=f"$.{field}", expected=f"must be in the language of the request ({language})", seen=other
            )


def _limits(output: Output, case: Case, _config: CheckConfig) -> Sequence[Problem]:
    return tuple(_past_limits(output, case))


def _past_limits(output: Output, case: Case) -> Iterator[Problem]:
    limits = case.expect.limits
    for name, value, limit in limit_failures(limits, output) if limits is not None else ():
        told = "unknown" if value is None else f"{value:g}"
        yield Problem(place=f"$.{name}", expected=f"must be within the case's limit of {limit:g}", seen=told)


def _has_limits(case: Case, _capabilities: frozenset[Capability]) -> str | None:
    return None if case.expect.limits is not None else "the case sets no limits"


def _has_contract(config: CheckConfig) -> str | None:
    return None if config.contracts else "no contract: the plan names none under `schemas`"


def _has_rules(case: Case, _capabilities: frozenset[Capability]) -> str | None:
    if case.expect.must or case.expect.must_not or case.expect.outcome == "error":
        return None
    return "the case has no must and no must_not"


def _has_language(case: Case, _capabilities: frozenset[Capability]) -> str | None:
    return None if asked_language(case) else "neither locale nor request tells a language"


CHECKS: tuple[Check, ...] = (
    Check(
        name="schema.valid",
        suite="schema",
        title="The answer keeps the contract of each of its fields.",
        run=_each("schema.valid", _valid),
        ready=_has_contract,
    ),
    Check(
        name="schema.must",
        suite="schema",
        title="The answer says what its case must, and nothing it must not.",
        run=_says_what_it_must,
        applies=_has_rules,
    ),
    Check(
        name="schema.not_empty",
        suite="schema",
        title="There is an answer, and it is more than blanks.",
        run=_each("schema.not_empty", _not_empty),
    ),
    Check(
        name="schema.whole",
        suite="schema",
        title="The answer is not cut off before its end.",
        run=_each("schema.whole", _whole),
    ),
    Check(
        name="schema.limits",
        suite="schema",
        title="The answer took no more time, tokens and money than its case allows.",
        run=_each("schema.limits", _limits),
        applies=_has_limits,
    ),
    Check(
        name="schema.language",
        suite="schema",
        title="The answer is in the language of its request.",
        run=_each("schema.language", _language),
        applies=_has_language,
    ),
)

SUITE = Suite(
    name="schema",
    title="Every answer is whole, keeps its contract, and says what its case asks for.",
    checks=tuple(check.name for check in CHECKS),
    cases=every_case,
)
