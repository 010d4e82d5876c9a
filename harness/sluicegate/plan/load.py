"""`load:` as typed values: profiles of users and arrivals, and where load may be sent."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import field
from enum import StrEnum
from urllib.parse import urlsplit

from sluicegate.errors import Fault
from sluicegate.frozen import frozen
from sluicegate.model import Case, digest_of
from sluicegate.model.load import Spell
from sluicegate.plan.addresses import Allowed, parse_address
from sluicegate.plan.serving import HttpTarget

__all__ = [
    "Arrival",
    "LoadJob",
    "LoadSpec",
    "Profile",
    "Step",
    "TraceArrival",
    "not_a_test_target",
    "phase_of",
    "profile_digest",
    "sampled",
    "soak",
    "spike",
]

_LOOPBACK = "localhost"


class Arrival(StrEnum):
    """How arrivals of an open profile are spaced."""

    POISSON = "poisson"
    CONSTANT = "constant"
    GAMMA = "gamma"
    """Bursts: gaps of a gamma distribution with `variation` above 1."""
    TRACE = "trace"
    """As recorded."""


@frozen
class Step:
    """A time with one number of users, or with a rate that may change evenly."""

    for_s: float
    """Above 0."""
    users: int | None = None
    """Closed: users who each wait for their answer before they ask again."""
    rate: float | None = None
    """Open: arrivals a second, at the step's start where `to_rate` is given."""
    to_rate: float | None = None
    """The rate at the step's end; None: `rate` throughout."""


@frozen
class TraceArrival:
    """One recorded arrival."""

    at_us: int
    """Microseconds since the trace's first arrival."""
    case_id: str | None = None
    """None: the next case in turn."""


@frozen
class Profile:
    """One shape of load. Closed without an `arrival`, and then every step has users; else every step has a rate."""

    name: str
    steps: tuple[Step, ...] = ()
    """One after the other; empty for a trace, which has its own length."""
    arrival: Arrival | None = None
    variation: float = 1.0
    """Gamma: coefficient of variation of the gaps; 1 is Poisson, 0 constant."""
    trace: str | None = None
    """Path of the recorded arrivals, relative to the plan."""
    speed: float = 1.0
    """Of a trace: 2 replays it in half of its time."""
    pause_s: float = 0.0
    """Closed: what each user waits between an answer and the next request."""
    warm_up_s: float = 0.0
    """Requests meant to begin in the first so many seconds are sent and recorded, and judged by nothing."""
    cool_down_s: float = 0.0
    """The same for the last so many seconds."""
    in_flight: int = 1000
    """Requests under way at most, shared out between workers; what arrives beyond it is dropped and counted."""
    max_lag_ms: float = 20.0
    """A generator that begins later than this is late."""
    sample: float = 1.0
    """Share of requests, 0..1, whose output is kept whole, so that the judge can check its content."""
    seed: int = 0
    objective_ms: float | None = None
    """Goodput: the whole answer within so many milliseconds of the intended start."""
    objective_ttft_ms: float | None = None
    """Goodput: the first content within so many milliseconds of the intended start."""
    spells: tuple[Spell, ...] = ()
    """Faults of the doubles by the time since the load began."""
    medians_ms: Mapping[str, float] = field(default_factory=dict)
    """Median answer time of the doubles `model`, `tool` and `retriever`, where they take longer than usual."""
    redelivered: float = 0.0
    """Share of messages, 0..1, that are delivered twice at once, as queues do."""
    own_ids: bool = True
    """Every request is a message of its own: what remembers messages by their id has not seen it."""

    @property
    def lasts_s(self) -> float:
        """How long its steps take; 0 for a trace, whose arrivals say it."""
        return sum(step.for_s for step in self.steps)


@frozen
class LoadSpec:
    """The plan's `load:`."""

    profiles: tuple[Profile, ...] = ()
    allow: tuple[str, ...] = ()
    """Test targets besides loopback: host, host:port or network, as `plan.addresses` reads them."""

    def profile(self, name: str) -> Profile:
        """The profile of that name. Raises KeyError."""
        for profile in self.profiles:
            if profile.name == name:
                return profile
        raise KeyError(name)


@frozen
class LoadJob:
    """What a generator is told: all that a Locust process needs, and nothing of the plan besides. JSON by `encode`."""

    nonce: str
    """32 hexadecimal digits, new for every job: with run, case and repeat they make a request's run id."""
    target: HttpTarget
    profile: Profile
    cases: tuple[Case, ...]
    """Asked in turn: request i asks case i mod n, at repeat i div n."""
    shards: str
    """Absolute path of the folder to write shards into."""
    allow: tuple[str, ...] = ()
    timeout_s: float = 30.0
    trace: tuple[TraceArrival, ...] = ()
    id_header: str | None = None
    """A further header that carries the run's id."""
    endpoints: tuple[tuple[str, str], ...] = field(default=())
    """What `${endpoint.NAME}` in the target stands for."""
    subject: str = ""
    """The build that is asked, of the plan this was made from; empty without a plan."""
    asked: str = ""
    """SHA-256 of what the plan's profile asks: arrivals, cases, trace, address."""


def spike(*, base: float, peak: float, before_s: float, for_s: float, after_s: float) -> tuple[Step, ...]:
    """Arrivals at `base` a second, at once at `peak`, and at once back."""
    return (Step(for_s=before_s, rate=base), Step(for_s=for_s, rate=peak), Step(for_s=after_s, rate=base))


def soak(*, rate: float, for_s: float, ramp_s: float) -> tuple[Step, ...]:
    """A ramp from nothing to `rate` within `ramp_s`, and then `rate` for `for_s`."""
    steady = Step(for_s=for_s, rate=rate)
    return (Step(for_s=ramp_s, rate=0.0, to_rate=rate), steady) if ramp_s > 0 else (steady,)


def phase_of(profile: Profile, offset_s: float, *, lasts_s: float) -> str:
    """warm_up | measured | cool_down for a request meant to begin `offset_s` after the start of a run of `lasts_s`."""
    if offset_s < profile.warm_up_s:
        return "warm_up"
    return "cool_down" if offset_s >= lasts_s - profile.cool_down_s else "measured"


def profile_digest(profile: Profile) -> str:
    """SHA-256 of everything a profile says: a run of another digest was another load."""
    return digest_of(profile)


def sampled(run_id: str, share: float) -> bool:
    """Whether this request's output is kept: the same answer in every process that knows the run's id."""
    return int(run_id[:8], 16) < share * 2**32


def not_a_test_target(url: str, allow: Iterable[str]) -> Fault | None:
    """Why load must not be sent there: it is neither on loopback nor on the plan's list. None where it may."""
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port or {"http": 80, "https": 443}.get(parts.scheme)
    except ValueError:
        host, port = None, None
    if not host or port is None:
        return Fault(where="load", what="the target is no http address.", mend="Write http://host:port/path.")
    if Allowed(parse_address(text) for text in (_LOOPBACK, *allow)).allows(host, port):
        return None
    shown = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    what = f"{shown} is neither on loopback nor named as a test target; nothing was sent."
    return Fault(where="load", what=what, mend=f"Where it is one, write load: {{allow: ['{shown}']}}.")
