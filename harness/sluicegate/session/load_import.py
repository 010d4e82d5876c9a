"""Shards of a load run into a ledger: every request counted, every kept answer a trial, and what they lack said.

Nothing a shard counts of itself is believed: requests are counted again, and of arrivals each must be there once, at
the time the profile asks for.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from hashlib import sha256
from pathlib import Path

import orjson

from sluicegate.errors import Fault, InputError
from sluicegate.frozen import frozen
from sluicegate.gate.wording import count_of
from sluicegate.ledger import LedgerWriter, LoadAccount, Measurements, Shard, Source, Void
from sluicegate.ledger.load_served import Served, ServedReader
from sluicegate.ledger.load_shard import LoadLag, LoadRequest, ShardOpened, ShardReader
from sluicegate.model import (
    Case,
    Crash,
    CrashKind,
    Origin,
    Output,
    canonical,
    digest_bytes,
    encode_shared,
    from_micros,
    now_utc,
    rfc3339,
)
from sluicegate.model.load import Spell
from sluicegate.model.load_result import LoadTally
from sluicegate.plan.arrivals import lasts_us
from sluicegate.plan.load import Profile, TraceArrival, sampled
from sluicegate.session.load_account import has_met
from sluicegate.session.load_places import Clock, Places
from sluicegate.session.load_rows import RequestRows, lag_ms
from sluicegate.session.load_tally import Tallying
from sluicegate.session.load_trials import trial_under_load

__all__ = ["NOBODY", "Imported", "Sent", "ShardSet", "import_shards", "runs_in"]

NOBODY = "nobody answered"
"""How a run is void whose every request failed to reach anybody."""
_NAMED = 3
_FLUSH = 200
"""Records held back at most: a write for each would cost more than encoding it."""


@frozen
class Sent:
    """What was to be sent, and for whom."""

    profile: Profile
    cases: Mapping[str, Case]
    """By id."""
    subject: str
    stage: str
    trace: Sequence[TraceArrival] = ()
    served: Path | None = None
    """What the doubles saw, where the harness stood the pipeline up."""
    experts: frozenset[str] = frozenset()
    """Models whose calls are counted apart."""


@frozen
class Imported:
    """What was taken in."""

    tally: LoadTally
    broken: tuple[str, ...]
    """What the shards lack; with any of it the run is not complete."""
    void: str
    """Why the run counts for nothing; empty where it counts."""

    @property
    def complete(self) -> bool:
        """Whether every generator ran to its end, and something was measured."""
        return not self.broken and self.tally.measured > 0


class ShardSet:
    """The shards of one run in a folder. Raises InputError where there is none to begin with."""

    def __init__(
        self, folder: Path, *, workers: int | None = None, nonce: str | None = None, run: str | None = None
    ) -> None:
        """`workers` and `nonce` are what a run that was started here was told; None for one from elsewhere.

        `run` leaves out what says that it is of another one. What cannot say so stays, as something that is broken.
        """
        self.readers: list[ShardReader] = []
        self.broken: list[str] = []
        faults: list[Fault] = []
        for path in sorted(folder.glob("*of*.jsonl")):
            try:
                reader = ShardReader(path)
                if run in (None, reader.opened.run):
                    self.readers.append(reader)
            except InputError as error:
                faults += error.faults
                self.broken.append(f"{path.name} {error.faults[0].what.rstrip('.')}")
        if not self.readers and workers is None:
            what = "holds no shard of a load run."
            none = Fault(where=str(folder), what=what, mend="Name the folder that Locust wrote shards into.")
            raise InputError(faults or none)
        self._agree(workers, nonce)

    @property
    def first(self) -> ShardOpened | None:
        """What the shards say of their run; None without any, which only a run that was started here can be."""
        return self.readers[0].opened if self.readers else None

    def _agree(self, workers: int | None, nonce: str | None) -> None:
        first = self.first
        of = workers or (first.of if first is not None else 1)
        for reader in self.readers:
            said = reader.opened
            others = ("run", "nonce", "subject", "target", "profile", "job", "start_us", "lasts_us", "seed", "of")
            if other := [name for name in others if first is not None and getattr(said, name) != getattr(first, name)]:
                self.broken.append(f"{reader.path.name} is of another run: it says another {', '.join(other)}")
        if first is not None and first.of != of:
            self.broken.append(f"the shards are of {count_of(first.of, 'generator')}, and {of} were started")
        if first is not None and nonce is not None and first.nonce != nonce:
            self.broken.append("the shards were there before: they are of another run")
        seen = [reader.opened.worker for reader in self.readers]
        if missing := sorted(set(range(of)) - set(seen)):
            named = ", ".join(map(str, missing[:_NAMED]))
            self.broken.append(f"{count_of(len(missing), 'shard')} of {of} missing: generator {named} wrote none")
        if len(set(seen)) < len(seen):
            self.broken.append("a shard is there twice")


def runs_in(folder: Path) -> list[ShardOpened]:
    """What the first shard of each run in a folder says, the oldest run first; of unreadable shards nothing."""
    found: dict[str, ShardOpened] = {}
    for path in sorted(folder.glob("*of*.jsonl")):
        with suppress(InputError):
            opened = ShardReader(path).opened
            found.setdefault(opened.run, opened)
    return sorted(found.values(), key=lambda opened: opened.start_us)


def import_shards(ledger: LedgerWriter, shards: ShardSet, sent: Sent, *, extra: Sequence[str] = ()) -> Imported:
    """Write what the shards hold into the ledger, short of its last record. `extra` is what else went wrong.

    Raises LedgerError.
    """
    return _Import(ledger, shards, sent, extra).run()


class _Import:
    def __init__(self, ledger: LedgerWriter, shards: ShardSet, sent: Sent, extra: Sequence[str]) -> None:
        self._ledger, self._shards, self._sent = ledger, shards, sent
        self._profile = profile = sent.profile
        self._broken = [*extra, *shards.broken]
        first = shards.first
        self._start_us = first.start_us if first is not None else 0
        self._lasts_us = lasts_us(profile, sent.trace)
        span = {"start_us": self._start_us, "lasts_us": self._lasts_us}
        self._places = Places(profile, sent.cases, sent.trace, **span)
        self._tallying = Tallying(profile, offsets=self._places.offsets, **span)
        if first is not None:
            self._check(first)
        digest = sha256(b"".join(reader.path.read_bytes()[-4096:] for reader in shards.readers)).hexdigest()
        self._rows = RequestRows(
            self._measured,
            run=first.run if first is not None else "",
            source=Source(name=f"load {profile.name}", sha256=digest),
            subject=sent.subject,
            stage=sent.stage,
            at=rfc3339(now_utc()),
        )
        self._served: dict[str, Served] = {}
        self._begun: dict[str, str] = {}
        """Digest of the case that the last intent of an id said."""
        self._held = 0

    def run(self) -> Imported:
        if self._sent.served is not None:
            self._read_served(self._sent.served)
        for reader in self._shards.readers:
            self._read(reader)
        self._broken += self._places.lacks()
        lost = bool(self._broken) or self._tallying.lost
        for at, answered in self._tallying.seconds():
            self._rows.second(at, answered, lost=lost)
        self._rows.end()
        tally, void = self._tallying.tally(), self._void()
        if void:
            begins, ends = from_micros(self._start_us), from_micros(self._start_us + self._lasts_us)
            said = Void(origin=Origin.LOAD, reason=void, begins=rfc3339(begins), ends=rfc3339(ends))
            self._ledger.append(Void.KIND, said.body())
        account = LoadAccount(tally=tally, broken=tuple(self._broken))
        self._ledger.append(LoadAccount.KIND, account.body())
        return Imported(tally=tally, broken=account.broken, void=void)

    def _check(self, first: ShardOpened) -> None:
        if first.profile != self._profile.name:
            self._broken.append(f"the shards are of profile '{first.profile}'")
        if first.lasts_us != self._lasts_us or first.seed != self._profile.seed:
            self._broken.append("the generators ran another profile than the plan's of today: length or seed differ")

    def _read(self, reader: ShardReader) -> None:
        requests, max_lag_ms = 0, self._profile.max_lag_ms
        clock = Clock(start_us=self._start_us, lasts_us=self._lasts_us, max_lag_ms=max_lag_ms)
        waiting = deque[LoadRequest]()
        for line in reader:
            if isinstance(line, LoadLag):
                self._tallying.lag(line)
                clock.take(line)
                while waiting and (waiting[0].end or 0) <= line.at:
                    self._request(waiting.popleft(), clock)
                continue
            requests += 1
            self._places.take(line, reader.opened)
            waiting.append(line)  # for what the generator says of its clock meanwhile
        for request in waiting:
            self._request(request, clock)
        name, closed = reader.path.name, reader.closed
        if reader.broken is not None:
            self._broken.append(f"{name}: {reader.broken.what.rstrip('.')}")
        elif closed is not None and not closed.complete:
            self._broken.append(f"{name}: its generator was stopped before the profile was over")
        elif said := clock.lacks():
            self._broken.append(f"{name}: {said}")
        planned = reader.opened.planned if reader.opened.planned is not None else requests
        whole = closed is not None and closed.complete
        head = closed.sha256 if closed is not None else None
        self._ledger.append(Shard.KIND, Shard(name=name, planned=planned, run=requests, closed=whole, head=head).body())

    def _request(self, request: LoadRequest, clock: Clock) -> None:
        case = self._sent.cases.get(request.case)
        phase, served = self._tallying.request(request), self._served.get(request.run_id)
        slice_name = case.slice if case is not None else None
        if served is not None:
            self._rows.spent(request, slice_name, served, self._sent.experts)
        elif self._sent.served is not None and request.status == "ok":
            self._places.unwatched()
        if phase != "measured":
            return
        # What the model server saw is what it cost, whatever the answer says.
        cost = served.cost if served is not None and (served.calls or request.cost is None) else request.cost
        behind_ms = max(lag_ms(request), clock.cost_ms(request))
        if behind_ms <= self._profile.max_lag_ms:
            behind_ms = 0.0
        self._rows.add(request, slice_name, cost, is_behind=behind_ms > 0)
        if case is not None and sampled(request.run_id, self._profile.sample):
            self._trial(request, case, served, behind_ms)

    def _void(self) -> str:
        if self._tallying.nobody():
            first = self._shards.first
            return f"{NOBODY} at {first.target if first is not None else 'the target'}"
        return self._tallying.lateness()

    def _trial(self, request: LoadRequest, case: Case, served: Served | None, behind_ms: float) -> None:
        """One kept answer, as an intent and its outcome; a request without an answer is a crash."""
        trial = trial_under_load(case, request.repeat, _output(request), served)
        self._tallying.kept += 1
        said = canonical(encode_shared(trial.case))
        digest = digest_bytes(said)
        head = {"case_id": case.id, "repeat": request.repeat, "run_id": request.run_id}
        intent = {**head, "case_digest": digest}
        if self._begun.get(case.id) != digest:
            self._begun[case.id] = digest
            intent["case"] = orjson.Fragment(said)
        self._append("intent", intent)
        outcome = {
            **head,
            "at": rfc3339(from_micros(request.intended)),
            "outputs": [encode_shared(output) for output in trial.outputs],
            "observations": encode_shared(trial.observations) if trial.observations else [],
        }
        if behind_ms:
            outcome["behind_ms"] = behind_ms
        self._append("outcome", outcome)

    def _read_served(self, path: Path) -> None:
        try:
            reader = ServedReader(path)
        except InputError as error:
            self._broken.append(f"what was served is not known: {error.faults[0].what.rstrip('.')}")
            return
        self._served = {served.run_id: served for served in reader}
        if reader.broken is not None:
            self._broken.append(f"what was served is not known to its end: {reader.broken.what.rstrip('.')}")
        elif reader.closed is not None and reader.closed.incomplete:
            self._broken.append(f"what was served is not known whole: {reader.closed.incomplete}")
        self._broken += _unmet(self._profile.spells, Counter(key for s in self._served.values() for key in s.struck))

    def _measured(self, block: Measurements) -> None:
        self._append(Measurements.KIND, block.body())

    def _append(self, kind: str, body: Mapping[str, object]) -> None:
        self._held += 1
        self._ledger.append(kind, dict(body), held=self._held % _FLUSH != 0)


def _unmet(spells: Sequence[Spell], struck: Mapping[str, int]) -> list[str]:
    """Faults that no call met: what was to be seen under them was not."""
    if spells and not struck:
        return ["no call met any of its faults, so nothing failed: look at their targets and times"]
    faults = [spell.fault for spell in spells]
    named = [f"{fault.kind} of {fault.model or fault.target}" for fault in faults if not has_met(fault, struck)]
    return [f"no call met its fault {name}: look at its target, times and share" for name in dict.fromkeys(named)]


def _output(request: LoadRequest) -> Output:
    """What came back, with its time from the intended start; a crash for what was never sent, or not kept."""
    output = request.output
    error = request.error
    if output is None:
        if request.status == "dropped":
            error = Crash(kind=CrashKind.UNREACHABLE, message="too many requests were under way; it was never sent")
        output = Output(error=error or Crash(kind=CrashKind.TIMEOUT, message="no answer"))
    elif output.error is None and request.status != "ok":
        output = replace(output, error=error or Crash(kind=CrashKind.GARBAGE, message="the answer was cut"))
    took = None if request.end is None else (request.end - request.intended) / 1000
    first = None if request.first is None else (request.first - request.intended) / 1000
    return replace(output, latency_ms=took, ttft_ms=first)
