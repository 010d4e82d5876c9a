"""Running a load profile of a plan: Locust in a process of its own, its shards taken in when it has ended."""

from __future__ import annotations

import os
import secrets
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path

from sluicegate.doubles.scripts import check_spells
from sluicegate.errors import Fault, InputError, MissingExtraError, nearest
from sluicegate.ledger.load_shard import ShardOpened
from sluicegate.model import Case, from_micros
from sluicegate.pipelines.http_request import RequestTemplate
from sluicegate.plan.arrivals import lasts_us, read_trace
from sluicegate.plan.lines import BASELINE
from sluicegate.plan.load import LoadJob, LoadSpec, Profile, TraceArrival, not_a_test_target
from sluicegate.plan.types import CallableTarget, CommandTarget, HttpTarget, Plan, Stage
from sluicegate.session.correlating import follows
from sluicegate.session.load_cases import load_cases
from sluicegate.session.load_evidence import SERVED, LoadRan, Sending, loading, take_in
from sluicegate.session.load_generators import Ended, LoadProgress, generate
from sluicegate.session.load_identity import load_digest, shown_target
from sluicegate.session.load_import import ShardSet, runs_in
from sluicegate.session.load_standing import standing
from sluicegate.session.workspace import Workspace

__all__ = ["job_for", "load_spec", "profile_named", "run_load", "shards_at_hand", "take_shards", "unplayable"]


def unplayable(plan: Plan, profile: Profile) -> list[Fault]:
    """What no double can do of the faults of a profile, and of its redelivered messages."""
    where = f"load profile '{profile.name}'"
    if isinstance(plan.pipeline.target, HttpTarget):
        what = "has faults or redelivered messages, and an address is loaded as it is: no double stands around it."
        asks = profile.spells or profile.redelivered
        return [Fault(where=where, what=what, mend="Leave them out.")] if asks else []
    try:
        check_spells(profile.spells, [tool.name for tool in plan.tools], where=where)
    except InputError as error:
        return list(error.faults)
    return []


def load_spec(plan: Plan) -> LoadSpec:
    """The plan's `load:`. Raises InputError where there is none."""
    if plan.load is None:
        mend = "Write load: {profiles: {ten: {users: 10, for: 60 s}}}."
        raise InputError(Fault(where=str(plan.path), what="the plan has no load:.", mend=mend))
    return plan.load


def profile_named(plan: Plan, name: str, *, option: str = "--profile") -> Profile:
    """The profile of that name, asked for by `option`. Raises InputError."""
    spec = load_spec(plan)
    try:
        return spec.profile(name)
    except KeyError:
        names = [profile.name for profile in spec.profiles]
        mend = nearest(name, names) or f"The plan has {', '.join(names)}."
        raise InputError(Fault(where=option, what=f"'{name}' is no load profile.", mend=mend)) from None


def job_for(plan: Path, profile: str | None, shards: Path | None = None) -> LoadJob:
    """What a generator is told that somebody starts with Locust itself. Raises InputError.

    Without `profile` it is the only one. `shards` is the folder for them, `load-shards` here without it. Only for plans
    whose pipeline is an address.
    """
    workspace = Workspace(plan)
    names, target = [each.name for each in load_spec(workspace.plan).profiles], workspace.plan.pipeline.target
    if profile is None and len(names) > 1:
        mend = f"Add --load-profile NAME: {', '.join(names)}."
        raise InputError(Fault(where="--plan", what="the plan has several profiles, and none is named.", mend=mend))
    profile = names[0] if profile is None else profile
    found = profile_named(workspace.plan, profile, option="--load-profile")
    if not isinstance(target, HttpTarget):
        what = "the pipeline has no address: something has to stand it up for load."
        mend = f"Run: sluicegate load {plan} --profile {profile}"
        raise InputError(Fault(where=str(plan), what=what, mend=mend))
    folder = (shards or Path("load-shards")).resolve()
    return _job(workspace, found, target, _cases(workspace), shards=folder, nonce=secrets.token_hex(16))


def run_load(
    workspace: Workspace,
    profile: Profile,
    *,
    stage: Stage,
    workers: int = 1,
    variables: Mapping[str, str] | None = None,
    baseline: bool = False,
    web: bool = False,
    tell: Callable[[LoadProgress], None] | None = None,
) -> LoadRan:
    """Send the profile, and take in what came back: evidence of the present subject at `stage`.

    `workers` generators share the load. `variables` are set in the environment of a callable or command, beside those
    of the stage. `baseline` makes it what lines `than: baseline` compare with. `web` serves its page meanwhile,
    on loopback. Raises InputError before anything is sent: no test target, a pipeline that cannot be opened, no cases;
    MissingExtraError without Locust; LedgerError. An interrupt stops the generators, keeps what they measured as a run
    that is not complete, and is raised again.
    """
    if find_spec("locust") is None:
        raise MissingExtraError("Load", needs="locust", extra="load")
    if workers > profile.in_flight:
        what = f"{workers} generators cannot share in_flight: {profile.in_flight} of profile '{profile.name}'."
        raise InputError(Fault(where="--processes", what=what, mend="Start fewer, or raise in_flight."))
    cases, trace = _cases(workspace), _trace(workspace, profile)
    at, nonce, target = BASELINE if baseline else stage.name, secrets.token_hex(16), shown_target(workspace.plan)
    sending = Sending(profile=profile, stage=at, cases=cases, nonce=nonce, target=target, workers=workers)
    with loading(workspace, sending) as run:
        ended = Ended()
        served: Path | None = None
        try:
            with _target(workspace, profile, stage, run.shards, variables) as (address, served):
                job = _job(workspace, profile, address, cases, shards=run.shards, nonce=nonce)
                lasts_s = lasts_us(profile, trace) / 1e6
                generate(job, ended, workers=workers, web=web, tell=tell, lasts_s=lasts_s)
        except KeyboardInterrupt:
            ended.interrupted = True
        if ended.refused:
            raise InputError([Fault(where="load", what=line) for line in ended.refused])
        shards = ShardSet(run.shards, workers=workers, nonce=ended.nonce)
        extra = ["it was stopped before the profile was over"] if ended.interrupted else ended.said
        ran = take_in(run, shards, trace=trace, served=served, extra=extra)
    if ended.interrupted:
        raise KeyboardInterrupt("stopped; what was measured is kept as a run that is not complete, which holds")
    return ran


def shards_at_hand(workspace: Workspace, folder: Path, *, baseline: bool = False) -> tuple[list[str], list[str]]:
    """The runs in a folder that are evidence of what the plan says today, the oldest first, and why others are none.

    Raises InputError where no run is: with what speaks against each.
    """
    runs, left, faults = [], [], list[Fault]()
    for opened in runs_in(folder):
        if against := _no_evidence(workspace, opened, folder, baseline=baseline):
            left.append(f"run {opened.run} left out: {against[0].what}")
            faults += against
        else:
            runs.append(opened.run)
    if faults and not runs:
        raise InputError(faults)
    return runs, left


def take_shards(
    workspace: Workspace, folder: Path, *, stage: Stage, baseline: bool = False, run: str | None = None
) -> LoadRan:
    """Take in what generators elsewhere recorded: many machines, or Locust's own page. Raises InputError, LedgerError.

    The plan has to be the one they ran: which profile it was is told by the shards, and compared with the plan's.
    `run` is the one to take of several; without it all of the folder is one.
    """
    shards = ShardSet(folder, run=run)
    first = shards.readers[0].opened
    profile = profile_named(workspace.plan, first.profile)
    cases, trace = _cases(workspace), _trace(workspace, profile)
    if fault := _not_ours(workspace, profile, cases, first, folder, baseline=baseline):
        raise InputError(fault)
    at, began = BASELINE if baseline else stage.name, from_micros(first.start_us)
    sent = Sending(
        profile=profile,
        stage=at,
        cases=cases,
        nonce=first.nonce,
        target=first.target,
        workers=first.of,
        shards=folder,
        at=began,
        subject=first.subject if baseline else None,
    )
    with loading(workspace, sent) as begun:
        stands = isinstance(workspace.plan.pipeline.target, HttpTarget)
        served = None if stands else folder / SERVED  # one that is not there is said to be missing
        return take_in(begun, shards, trace=trace, served=served, extra=())


def _no_evidence(workspace: Workspace, opened: ShardOpened, folder: Path, *, baseline: bool) -> list[Fault]:
    """Why a run that is told by its shards is no evidence here: nobody's profile, or not what the plan would ask."""
    if not opened.asked:
        what = f"it asked {opened.target} by no profile, as locust --host does, and is no evidence."
        mend = "Run: locust -f locustfile.py --plan PLAN --load-profile NAME"
        return [Fault(where=str(folder), what=what, mend=mend)]
    try:
        profile = profile_named(workspace.plan, opened.profile)
    except InputError as error:
        return list(error.faults)
    return _not_ours(workspace, profile, _cases(workspace), opened, folder, baseline=baseline)


def _not_ours(
    workspace: Workspace,
    profile: Profile,
    cases: Mapping[str, Case],
    first: ShardOpened,
    folder: Path,
    *,
    baseline: bool,
) -> list[Fault]:
    """Why what these shards asked is not what the plan would ask; a baseline may be another build."""
    faults = []
    if not baseline and first.subject != workspace.subject:
        what = f"the shards are of {_named(first.subject)}, and the present one is {_named(workspace.subject)}."
        mend = "Send the profile to this build; or take the shards in where the plan is as it was, or with --baseline."
        faults.append(Fault(where=str(folder), what=what, mend=mend))
    if first.asked != load_digest(workspace.plan, workspace.base, profile, cases.values()):
        what = f"what profile '{profile.name}' asks has changed since: its arrivals, cases, trace or address."
        faults.append(Fault(where=str(folder), what=what, mend="Send it anew."))
    return faults


def _named(subject: str) -> str:
    return f"subject {subject[:12]}" if subject else "no subject"


def _cases(workspace: Workspace) -> dict[str, Case]:
    return {case.id: case for case in load_cases(workspace.plan, workspace.base)}


def _trace(workspace: Workspace, profile: Profile) -> tuple[TraceArrival, ...]:
    return () if profile.trace is None else read_trace(workspace.base / profile.trace)


def _job(
    workspace: Workspace, profile: Profile, target: HttpTarget, cases: Mapping[str, Case], *, shards: Path, nonce: str
) -> LoadJob:
    plan = workspace.plan
    allow = load_spec(plan).allow
    if not target.url.startswith("${") and (fault := not_a_test_target(target.url, allow)) is not None:
        raise InputError(fault)
    RequestTemplate(target, endpoints={}, environment=os.environ)  # what cannot be filled is said before Locust starts
    followed = follows(plan, ())
    return LoadJob(
        nonce=nonce,
        target=target,
        profile=profile,
        cases=tuple(cases.values()),
        shards=str(shards),
        allow=allow,
        timeout_s=plan.pipeline.timeout_s,
        trace=_trace(workspace, profile),
        id_header=followed.header if followed is not None else None,
        subject=workspace.subject,
        asked=load_digest(plan, workspace.base, profile, cases.values()),
    )


@contextmanager
def _target(
    workspace: Workspace, profile: Profile, stage: Stage, folder: Path, variables: Mapping[str, str] | None
) -> Iterator[tuple[HttpTarget, Path | None]]:
    """Where the requests go; a callable or command stands until the block ends, and what it served lies in a file."""
    target = workspace.plan.pipeline.target
    if isinstance(target, HttpTarget):
        if faults := unplayable(workspace.plan, profile):
            raise InputError(faults)
        yield target, None
    elif isinstance(target, (CallableTarget, CommandTarget)):
        served = folder / SERVED
        with standing(workspace.plan.path, profile, served, stage=stage.name, variables=variables) as stood:
            yield stood.target, served
    else:
        raise InputError(Fault(where="pipeline", what="a recording answers nobody."))
