"""A pipeline from the plan's words, or from what a caller of `evaluate` gave."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, assert_never, cast
from urllib.parse import urlsplit

from sluicegate.errors import Fault, InputError
from sluicegate.frozen import frozen
from sluicegate.model import Capability, Pipeline
from sluicegate.pipelines.target import checked_callable, load_target
from sluicegate.plan.types import CallableTarget, CommandTarget, HttpTarget, PipelineSpec, RecordingTarget

if TYPE_CHECKING:
    from sluicegate.pipelines.callable import CallablePipeline
    from sluicegate.pipelines.log_lines import Hears

__all__ = ["Ears", "make_pipeline", "notes_of", "open_pipeline", "target_pipeline"]


@frozen
class Ears:
    """Who is told of what a pipeline does beside its answers; nobody listens to what is None."""

    noticed: Callable[[str, str | None], None] | None = None
    """The address of a connection that goes neither to a double nor to one of the spec's `may_connect`, and the id of
    the case, where they are known. Without doubles nobody watches."""
    hears: Hears | None = None
    """What a callable logs, and what a command writes to its standard error, delivery by delivery."""
    reads: Callable[[str, bool], None] | None = None
    """The path of each file under the plan's folder that a callable opens, and whether to write."""


def make_pipeline(
    spec: PipelineSpec,
    *,
    base: Path,
    endpoints: Mapping[str, str],
    ears: Ears | None = None,
    id_header: str | None = None,
    ports: Iterable[str] = (),
) -> Pipeline:
    """The adapter for a plan's pipeline. Paths are relative to `base`; `endpoints` are the doubles by variable name.

    `ports` are the addresses of doubles that a run is given beside them; `ears` hear what a process of ours does, and
    `id_header` carries the id to an endpoint. Raises InputError for what is wrong with the words themselves;
    `open_pipeline` finds the rest.
    """
    # Each adapter is loaded where it is asked for: a start pays for one of them.
    target = spec.target
    match target:
        case CallableTarget() | CommandTarget():
            return _own_process(spec, target, base=base, endpoints=endpoints, ports=ports, ears=ears or Ears())
        case HttpTarget():
            from sluicegate.pipelines.http import HttpPipeline

            return HttpPipeline(
                target,
                endpoints=endpoints,
                capabilities=spec.capabilities,
                timeout_s=spec.timeout_s,
                retries=spec.retries,
                id_header=id_header,
            )
        case RecordingTarget():
            from sluicegate.pipelines.recording import RecordingPipeline

            return RecordingPipeline(target, base=base, capabilities=spec.capabilities)
        case _:
            assert_never(target)


def _own_process(
    spec: PipelineSpec,
    target: CallableTarget | CommandTarget,
    *,
    base: Path,
    endpoints: Mapping[str, str],
    ports: Iterable[str],
    ears: Ears,
) -> Pipeline:
    """What is started here, and so can be watched and heard."""
    allowed = _allowed(spec, endpoints, ports) if ears.noticed is not None else None
    if isinstance(target, CallableTarget):
        from sluicegate.pipelines.remote import HostedCallable

        return HostedCallable(
            target.target,
            base=base,
            environment={**spec.environment, **endpoints},
            capabilities=spec.capabilities,
            timeout_s=spec.timeout_s,
            allowed=allowed,
            noticed=ears.noticed,
            hears=ears.hears,
            reads=ears.reads,
        )
    from sluicegate.pipelines.command import CommandPipeline

    return CommandPipeline(
        target,
        base=base,
        endpoints=endpoints,
        environment=spec.environment,
        capabilities=spec.capabilities,
        timeout_s=spec.timeout_s,
        allowed=allowed,
        noticed=ears.noticed,
        hears=ears.hears,
    )


def target_pipeline(
    target: object,
    *,
    base: Path | None = None,
    timeout_s: float = 30.0,
    capabilities: Iterable[Capability | str] | None = None,
) -> Pipeline:
    """The adapter for a callable, `module:attribute`, an address, a list of program and arguments, or a Pipeline.

    Callables run in this process. `capabilities` default to those the object declares in an attribute of that name.
    Raises InputError for anything else.
    """
    folder = base or Path.cwd()
    if isinstance(target, str):
        if target.startswith(("http://", "https://")):
            from sluicegate.pipelines.http import HttpPipeline

            return HttpPipeline(HttpTarget(url=target), capabilities=_capabilities(capabilities), timeout_s=timeout_s)
        if str(folder) not in sys.path:
            sys.path.insert(0, str(folder))
        found = load_target(target, base=folder)
        return _in_process(found, capabilities, timeout_s, name=target)
    if isinstance(target, list | tuple) and target and all(isinstance(item, str) for item in target):
        from sluicegate.pipelines.command import CommandPipeline

        command = CommandTarget(argv=tuple(target))
        return CommandPipeline(command, base=folder, capabilities=_capabilities(capabilities), timeout_s=timeout_s)
    if callable(getattr(target, "call", None)) and hasattr(target, "capabilities"):
        return cast("Pipeline", target)
    where = f"pipeline of type {type(target).__name__}"
    return _in_process(checked_callable(target, where=where), capabilities, timeout_s, name=None)


async def open_pipeline(pipeline: Pipeline) -> None:
    """Make ready what can be found out before the first case. Raises InputError with the mend."""
    opening = getattr(pipeline, "open", None)
    if opening is not None:
        await opening()


def notes_of(pipeline: Pipeline) -> tuple[str, ...]:
    """What happened outside any one case, one line each: restarts, lost threads, failures while closing."""
    said = getattr(pipeline, "notes", None)
    return tuple(said()) if said is not None else ()


def _allowed(spec: PipelineSpec, endpoints: Mapping[str, str], ports: Iterable[str]) -> list[str] | None:
    """Where it may connect to: the addresses among the endpoints, and those declared. None where no double stands."""
    doubles = {netloc for value in endpoints.values() if (netloc := urlsplit(value).netloc)}
    return [*sorted(doubles), *sorted(ports), *spec.may_connect] if doubles else None


def _in_process(
    found: object, capabilities: Iterable[Capability | str] | None, timeout_s: float, *, name: str | None
) -> CallablePipeline:
    from sluicegate.pipelines.callable import CallablePipeline

    declared = getattr(found, "capabilities", ()) if capabilities is None else capabilities
    return CallablePipeline(
        cast("Callable[..., Any]", found), capabilities=_capabilities(declared), timeout_s=timeout_s, name=name
    )


def _capabilities(names: Iterable[Capability | str] | None) -> frozenset[Capability]:
    known = {item.value for item in Capability}
    faults = [
        Fault(where="capabilities", what=f"'{name}' is none.", mend=f"Known are {', '.join(sorted(known))}.")
        for name in names or ()
        if str(name) not in known
    ]
    if faults:
        raise InputError(faults)
    return frozenset(Capability(str(name)) for name in names or ())
