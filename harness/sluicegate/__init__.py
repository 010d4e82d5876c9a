"""Sluicegate: promote, hold or roll back the next step of an AI pipeline's rollout. Unknown is never promote."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sluicegate.errors import InputError, MissingExtraError, SluicegateError
    from sluicegate.model import (
        Capability,
        Case,
        Estimate,
        Expect,
        Finding,
        Given,
        Mail,
        NotMeasured,
        Observation,
        Output,
        RunContext,
        Severity,
        Trial,
        Usage,
    )
    from sluicegate.resources import VERSION

    __version__ = VERSION
    from sluicegate.session.evaluate import Report, aevaluate, evaluate

__all__ = [
    "Capability",
    "Case",
    "Estimate",
    "Expect",
    "Finding",
    "Given",
    "InputError",
    "Mail",
    "MissingExtraError",
    "NotMeasured",
    "Observation",
    "Output",
    "Report",
    "RunContext",
    "Severity",
    "SluicegateError",
    "Trial",
    "Usage",
    "__version__",
    "aevaluate",
    "evaluate",
]

_HOMES = {
    "__version__": ("sluicegate.resources", "VERSION"),
    "InputError": ("sluicegate.errors", "InputError"),
    "MissingExtraError": ("sluicegate.errors", "MissingExtraError"),
    "SluicegateError": ("sluicegate.errors", "SluicegateError"),
    "Report": ("sluicegate.session.evaluate", "Report"),
    "aevaluate": ("sluicegate.session.evaluate", "aevaluate"),
    "evaluate": ("sluicegate.session.evaluate", "evaluate"),
}


def __dir__() -> list[str]:
    """The public names, loaded or not."""
    return sorted(__all__)


def __getattr__(name: str) -> object:
    """Public names load on first use, so that importing sluicegate costs nothing."""
    if name not in __all__:
        raise AttributeError(f"module 'sluicegate' has no attribute '{name}'")
    from importlib import import_module

    module, attribute = _HOMES.get(name, ("sluicegate.model", name))
    value: object = getattr(import_module(module), attribute)
    globals()[name] = value
    return value
