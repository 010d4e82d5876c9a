"""JSON Schema of `load:`, for editors; what its words mean is the reader's to say."""

from __future__ import annotations

from sluicegate.model import Json
from sluicegate.plan.load import Arrival
from sluicegate.plan.load_faults import MEDIAN_KEYS, SPELL_KEYS
from sluicegate.plan.schema_forms import map_of, object_of, ref, scalar, text, values_of, whole

__all__ = ["LOAD_SCHEMA", "PROFILE_SCHEMA"]

_RATE = r"^\s*[0-9]+(\.[0-9]+)?\s*(/|per)\s*[A-Za-z]+\s*$"


def _rate(description: str) -> Json:
    return text(description, pattern=_RATE, examples=["20/s", "600/min"])


_STEP = object_of(
    {
        "users": whole("Users who each wait for their answer", low=1),
        "rate": _rate("Arrivals: 20/s"),
        "to": _rate("The rate at the end"),
        "for": ref("duration", "How long"),
    },
    required=("for",),
)

PROFILE_SCHEMA: Json = object_of(
    {
        "users": whole("Users who each wait for their answer before they ask again", low=1),
        "rate": _rate("Arrivals that wait for nobody: 20/s"),
        "to": _rate("The rate at the end, reached evenly"),
        "for": ref("duration", "How long"),
        "stages": {"type": "array", "minItems": 1, "items": _STEP, "description": "Steps, one after the other"},
        "spike": object_of(
            {
                "base": _rate("Before and after"),
                "peak": _rate("In the spike"),
                "before": ref("duration"),
                "for": ref("duration"),
                "after": ref("duration"),
            },
            required=("base", "peak", "before", "for", "after"),
        ),
        "soak": object_of(
            {"rate": _rate("After the ramp"), "for": ref("duration"), "ramp": ref("duration")}, required=("rate", "for")
        ),
        "trace": text("Recorded arrivals (JSONL), relative to the plan"),
        "speed": scalar("Of a trace: 2 replays it in half of its time"),
        "arrivals": {
            "enum": [word for word in values_of(Arrival) if word != Arrival.TRACE.value],
            "description": "How arrivals are spaced",
        },
        "variation": scalar("Of gamma: 1 is Poisson, more comes in bursts"),
        "pause": ref("duration", "What a user waits after an answer"),
        "warm_up": ref("duration", "Sent first, and judged by nothing"),
        "cool_down": ref("duration", "Sent last, and judged by nothing"),
        "objective": {
            "description": "Goodput: the time an answer may take",
            "anyOf": [ref("duration"), object_of({"latency": ref("duration"), "ttft": ref("duration")})],
        },
        "in_flight": whole("Requests under way at most; what arrives beyond is dropped and counted", low=1),
        "max_lag": ref("duration", "A generator that begins later than this is late"),
        "sample": scalar("Share of requests whose answer is kept and judged: 10 %"),
        "seed": whole("Of the arrivals; without it the plan's"),
        "faults": {
            "type": "array",
            "minItems": 1,
            "items": object_of({key: scalar() for key in SPELL_KEYS}, required=("kind", "until")),
            "description": "What the doubles do wrong meanwhile, by the time since the load began",
        },
        "doubles": object_of(
            {key: ref("duration") for key in MEDIAN_KEYS}, description="How long the doubles take, at the median"
        ),
        "redelivered": scalar("Share of messages that are delivered twice at once: 5 %"),
        "own_ids": {"type": "boolean", "description": "Each request's message has an id of its own; true"},
    }
)
"""One profile."""

LOAD_SCHEMA: Json = object_of(
    {
        "profiles": map_of(ref("profile"), "Shapes of load, by name"),
        "allow": ref("texts", "Test targets besides loopback: staging.internal:443"),
    },
    required=("profiles",),
    description="How load is sent, and where it may be sent; run with sluicegate load",
)
"""The key `load`."""
