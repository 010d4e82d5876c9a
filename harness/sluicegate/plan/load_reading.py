"""`load:` of a plan: profiles of users and arrivals, each checked for itself, and where load may be sent."""

from __future__ import annotations

import re
from fractions import Fraction

from sluicegate.plan.addresses import parse_address
from sluicegate.plan.document import Node, ScalarNode, SequenceNode
from sluicegate.plan.load import Arrival, LoadSpec, Profile, Step, not_a_test_target, soak, spike
from sluicegate.plan.load_faults import read_medians, read_spells
from sluicegate.plan.table import Faults, Table, said
from sluicegate.plan.types import HttpTarget, PipelineSpec, RecordingTarget, Scale
from sluicegate.plan.units import UnitError, amount, duration, share

__all__ = ["LOAD_KEYS", "PROFILE_KEYS", "SHAPES", "check_target", "read_load"]

LOAD_KEYS = ("allow", "profiles")
SHAPES = ("users", "rate", "stages", "spike", "soak", "trace")
"""Ways to say what load it is; a profile has one of them."""
PROFILE_KEYS = (
    *SHAPES,
    "to",
    "for",
    "arrivals",
    "variation",
    "speed",
    "pause",
    "warm_up",
    "cool_down",
    "objective",
    "in_flight",
    "max_lag",
    "sample",
    "seed",
    "faults",
    "redelivered",
    "own_ids",
    "doubles",
)
_STEP_KEYS = ("users", "rate", "to", "for")
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_RATE = re.compile(r"(?P<number>[0-9]{1,9}(?:\.[0-9]{1,6})?)\s*(?:/|\bper\b)\s*(?P<unit>[A-Za-z]+)")
_PER_S = {"s": 1, "sec": 1, "second": 1, "m": 60, "min": 60, "minute": 60, "h": 3600, "hour": 3600}
_EXAMPLE = "fifty: {users: 50, for: 60 s}"
_MOST_USERS = 100_000
_LONGEST_S = 7 * 86_400.0


def read_load(table: Table | None, *, seed: int) -> LoadSpec | None:
    """`load:`; None where the plan says nothing of it. `seed` is the plan's, for profiles without their own."""
    if table is None:
        return None
    table.needs("profiles", f"Write at least one: profiles: {{{_EXAMPLE}}}.")
    profiles = table.table("profiles", label="load: profiles")
    found = [] if profiles is None else [_profile(n, each.node, table.faults, seed) for n, each in profiles.items()]
    if profiles is not None and profiles.is_mapping and not found:
        table.fault("profiles", "'profiles' is empty.", f"Write {_EXAMPLE}.")
    allow = table.texts("allow", example="allow: ['staging.internal:443']")
    for address in allow:
        try:
            parse_address(address)
        except ValueError:
            mend = "Write host, host:port or a network: staging.internal:443, 10.0.0.0/8."
            table.fault("allow", f"'{address}' is no address.", mend)
    return LoadSpec(profiles=tuple(found), allow=allow)


def check_target(plan: Table, load: LoadSpec | None, pipeline: PipelineSpec) -> None:
    """Note a pipeline that load cannot, or must not, be sent to."""
    target = pipeline.target
    if load is None:
        return
    if isinstance(target, RecordingTarget):
        plan.fault("load", "'load' stands beside a recording, which answers nobody.", "Leave it out.")
    elif isinstance(target, HttpTarget) and not target.url.startswith("${"):
        fault = not_a_test_target(target.url, load.allow)
        if fault is not None:
            plan.fault("load", fault.what, fault.mend)


def rate(text: str) -> float:
    """`20/s`, `1.5 per second`, `600/min` as arrivals a second. Raises UnitError."""
    found = _RATE.fullmatch(" ".join(text.split()))
    per = None if found is None else _PER_S.get(found["unit"].lower().rstrip("s") or "s")
    if found is None or per is None:
        raise UnitError(f"'{text}' is no rate.", f"Write {_as_rate(text)}.")
    return float(Fraction(found["number"]) / per)


def _as_rate(text: str) -> str:
    """What may have been meant: the number, where there is one that a rate can have and only the unit is not right."""
    meant = f"{text.partition('/' if '/' in text else ' ')[0].strip()}/s"
    if _RATE.fullmatch(meant):
        return f"{meant} or 600/min"
    return "it in plain digits, nine at most: 20/s or 600/min"


def _profile(name: str, node: Node, faults: Faults, seed: int) -> Profile:
    table = Table(node, f"load profile '{name}'", faults, PROFILE_KEYS)
    if not _NAME.fullmatch(name):
        table.fault(None, "cannot be a file name.", "Use up to 64 letters, digits, '.', '_' and '-'.")
    named = [key for key in SHAPES if key in table]
    if table.is_mapping and not named:
        table.fault(None, "says no load.", f"Write one of: {', '.join(SHAPES)}.")
    elif {"users", "rate"} <= set(named):
        table.fault("rate", "has users and a rate: users ask again when they are answered.", "Keep one of them.")
    elif len(named) > 1:
        table.fault(named[1], f"has {' and '.join(named)}; a profile has one shape.", "Keep one of them.")
    shape = named[0] if named else ""
    steps = _steps(table, shape)
    objective_ms, ttft_ms = _objective(table)
    profile = Profile(
        name=name,
        steps=steps,
        arrival=_arrival(table, shape, steps),
        variation=_number(table, "variation", 1.0, high=100.0),
        trace=table.optional_text("trace"),
        speed=_number(table, "speed", 1.0, high=1000.0),
        pause_s=_seconds(table, "pause", 0.0),
        warm_up_s=_seconds(table, "warm_up", 0.0),
        cool_down_s=_seconds(table, "cool_down", 0.0),
        in_flight=table.whole("in_flight", 1000, low=1, high=_MOST_USERS),
        max_lag_ms=_milliseconds(table, "max_lag") or 20.0,
        sample=_sample(table),
        seed=table.whole("seed", seed, high=2**63 - 1),
        objective_ms=objective_ms,
        objective_ttft_ms=ttft_ms,
        spells=read_spells(table),
        medians_ms=read_medians(table),
        redelivered=float(table.parsed("redelivered", share) or 0),
        own_ids=table.flag("own_ids", default=True),
    )
    _check(table, profile, shape)
    return profile


def _steps(table: Table, shape: str) -> tuple[Step, ...]:
    for key in ("for", "to"):
        if key in table and shape not in ("users", "rate"):
            table.fault(key, f"'{key}' belongs to users or rate.", "Remove it.")
    match shape:
        case "users" | "rate":
            table.needs("for", "Say how long: for: 60 s.")
            return (_step(table),)
        case "stages":
            return _listed(table)
        case "spike":
            return _spike(table.table("spike", ("base", "peak", "before", "for", "after"), f"{table.label}: spike"))
        case "soak":
            return _soak(table.table("soak", ("rate", "for", "ramp"), f"{table.label}: soak"))
        case _:
            return ()


def _step(table: Table) -> Step:
    users = table.optional_whole("users", low=1, high=_MOST_USERS)
    at, to = table.parsed("rate", rate), table.parsed("to", rate)
    if "to" in table and "rate" not in table:
        table.fault("to", "'to' is the rate at the end, and there is none at the start.", "Write rate: 5/s, to: 50/s.")
    if at == 0 and not to:
        table.fault("rate", "'rate' is 0: nothing would be sent.", "Write rate: 20/s.")
    return Step(for_s=_seconds(table, "for", 0.0, above=0.0), users=users, rate=at, to_rate=to)


def _listed(table: Table) -> tuple[Step, ...]:
    node, example = table.node("stages"), "Write stages: [{users: 10, for: 30 s}, {users: 50, for: 30 s}]."
    if node is None:
        return ()
    if not isinstance(node, SequenceNode) or not node.items:
        seen = "an empty list" if isinstance(node, SequenceNode) else said(node)
        table.fault("stages", f"'stages' is {seen}; expected a list of steps.", example)
        return ()
    found, kinds = [], set()
    for index, item in enumerate(node.items):
        each = Table(item, f"{table.label}: stages[{index}]", table.faults, _STEP_KEYS)
        if not each.is_mapping:
            continue
        named = [key for key in ("users", "rate") if key in each]
        if len(named) != 1:
            each.fault(None, "needs users or a rate, one of them.", example)
        each.needs("for", "Say how long: for: 30 s.")
        kinds.update(named)
        found.append(_step(each))
    if len(kinds) > 1:
        table.fault("stages", "'stages' has users and rates.", "Make two profiles of it.")
    return tuple(found)


def _spike(table: Table | None) -> tuple[Step, ...]:
    if table is None:
        return ()
    for key, example in (("base", "5/s"), ("peak", "50/s"), ("before", "20 s"), ("for", "10 s"), ("after", "20 s")):
        table.needs(key, f"Write {key}: {example}.")
    base, peak = table.parsed("base", rate) or 0.0, table.parsed("peak", rate) or 0.0
    if peak <= base and {"base", "peak"} <= set(table):
        table.fault("peak", "'peak' is not above 'base'.", "Write a peak that is.")
    before, lasts, after = (_seconds(table, key, 1.0, above=0.0) for key in ("before", "for", "after"))
    return spike(base=base, peak=peak, before_s=before, for_s=lasts, after_s=after)


def _soak(table: Table | None) -> tuple[Step, ...]:
    if table is None:
        return ()
    table.needs("rate", "Write rate: 20/s.")
    table.needs("for", "Say how long: for: 1h.")
    at = table.parsed("rate", rate) or 0.0
    return soak(rate=at, for_s=_seconds(table, "for", 1.0, above=0.0), ramp_s=_seconds(table, "ramp", 0.0))


def _arrival(table: Table, shape: str, steps: tuple[Step, ...]) -> Arrival | None:
    users = shape == "users" or (shape == "stages" and any(step.users is not None for step in steps))
    words = [kind.value for kind in Arrival if kind is not Arrival.TRACE]
    word = table.text("arrivals", Arrival.POISSON.value, among=words)
    if users or shape == "trace":
        if "arrivals" in table:
            why = "users come when they are answered" if users else "a trace says when they come"
            table.fault("arrivals", f"'arrivals' belongs to a rate: {why}.", "Remove it.")
        return None if users else Arrival.TRACE
    if not shape:
        return None
    kind = Arrival(word)
    if kind is Arrival.GAMMA:
        table.needs("variation", "Say how bursty: variation: 3 (1 is Poisson).")
    elif "variation" in table:
        table.fault("variation", "'variation' belongs to arrivals: gamma.", "Remove it.")
    return kind


def _check(table: Table, profile: Profile, shape: str) -> None:
    closed = profile.arrival is None
    for key, belongs in (("pause", closed), ("in_flight", not closed)):
        if key in table and shape and not belongs:
            to = "users" if key == "pause" else "a rate or a trace"
            table.fault(key, f"'{key}' belongs to {to}.", "Remove it.")
    if "speed" in table and shape != "trace":
        table.fault("speed", "'speed' belongs to a trace.", "Remove it.")
    if profile.steps and profile.lasts_s > _LONGEST_S:
        table.fault(None, "lasts longer than a week.", "Write a shorter one.")
    left_s = profile.lasts_s - profile.warm_up_s - profile.cool_down_s
    if profile.steps and profile.lasts_s > 0 and left_s < 1:
        what = f"measures nothing: warm-up and cool-down leave {left_s:g} s of {profile.lasts_s:g} s."
        table.fault("warm_up" if "warm_up" in table else "cool_down", what, "Let it last longer.")


def _objective(table: Table) -> tuple[float | None, float | None]:
    """Milliseconds to the whole answer, and to its first content; None for no such objective."""
    node = table.node("objective")
    if node is None:
        return None, None
    if isinstance(node, ScalarNode):
        return _milliseconds(table, "objective"), None
    within = table.table("objective", ("latency", "ttft"), f"{table.label}: objective")
    if within is None:
        return None, None
    if within.is_mapping and not list(within):
        within.fault(None, "is empty.", "Write objective: 2 s.")
    return _milliseconds(within, "latency"), _milliseconds(within, "ttft")


def _milliseconds(table: Table, key: str) -> float | None:
    value = table.parsed(key, lambda text: amount(text, Scale.MS))
    if value is not None and value <= 0:
        table.fault(key, f"'{key}' is not above 0.", "Write a time: 2 s.")
        return None
    return None if value is None else float(value)


def _seconds(table: Table, key: str, default: float, *, above: float | None = None) -> float:
    value = table.parsed(key, duration)
    if value is None:
        return default
    if above is not None and value <= above:
        table.fault(key, f"'{key}' is not above {above:g} s.", "Write a duration: 60 s.")
        return default
    return float(value)


def _sample(table: Table) -> float:
    value = table.parsed("sample", share)
    return 1.0 if value is None else float(value)


def _number(table: Table, key: str, default: float, *, high: float) -> float:
    text = table.scalar(key, "a number")
    if text is None:
        return default
    found = re.fullmatch(r"[0-9]{1,6}(?:\.[0-9]{1,6})?", text)
    if found is None or not 0 < float(text) <= high:
        table.fault(key, f"'{key}' is '{text}'; expected a number above 0, at most {high:g}.")
        return default
    return float(text)
