"""Asking a broker, from a test worker: synchronous, standard library and orjson only."""

from __future__ import annotations

import socket
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

import orjson

from sluicegate.errors import Fault, InputError, SluicegateError

if TYPE_CHECKING:
    from sluicegate.ledger.records import Checked, Shard, TestRun
    from sluicegate.model import Finding, Trial

__all__ = ["BrokerGoneError", "Client", "Served"]


class BrokerGoneError(SluicegateError):
    """The broker ended or hung up in the middle: whatever was not recorded by then is missing."""


class Served:
    """One finished trial, as it stands in the ledger; decoded only as far as it is looked at."""

    __slots__ = ("_said", "_trial")

    def __init__(self, said: Mapping[str, Any]) -> None:
        self._said = said
        self._trial: Trial | None = None

    @property
    def case_id(self) -> str:
        """The case's id."""
        return str((self._said.get("outcome") or self._said["checked"])["case_id"])

    @property
    def repeat(self) -> int:
        """The repeat, from 0."""
        return int((self._said.get("outcome") or self._said["checked"])["repeat"])

    @property
    def results(self) -> Mapping[str, str]:
        """Built-in check name to pass, fail, error or not_applicable."""
        results: Mapping[str, str] = (self._said["checked"] or {}).get("results", {})
        return results

    @property
    def findings(self) -> tuple[Finding, ...]:
        """What the built-in checks found."""
        found = (self._said["checked"] or {}).get("findings", ())
        if not found:
            return ()
        from sluicegate.model import Finding, decode

        return tuple(decode(Finding, item) for item in found)

    @property
    def trial(self) -> Trial:
        """Case, outputs and observations; not there where only results were asked for."""
        if self._trial is None:
            from sluicegate.model import Case, Observation, Output, Trial, decode

            outcome = self._said["outcome"]
            self._trial = Trial(
                case=decode(Case, self._said["intent"]["case"]),
                repeat=outcome["repeat"],
                outputs=tuple(decode(Output, output) for output in outcome["outputs"]),
                observations=tuple(decode(Observation, seen) for seen in outcome.get("observations", ())),
            )
        return self._trial


class Client:
    """One worker's connection. Reports are sent without waiting for an answer; `sync` waits until all are taken.

    A request that was broken off (by Ctrl-C, say) leaves the connection with an answer nobody waits for, so the next
    one is sent on a new connection. Raises BrokerGoneError whenever the broker is not there (any more), InputError for
    what it refuses.
    """

    def __init__(self, address: str, token: str) -> None:
        self._address = address
        self._token = token
        self._wire = _Wire(address, token)
        self._is_usable = True

    def trials(
        self, *, group: str | None = None, shard: tuple[int, int] | None = None, results_only: bool = False
    ) -> Iterator[Served]:
        """The trials of a group (suite, golden set …; None is all) and shard (number, of how many), as they end.

        The first call of any worker starts production. The iterator ends when every trial has. It raises InputError
        when production failed and BrokerGoneError when it was stopped: no cut-off stream is taken for a whole one.
        """
        wire = _Wire(self._address, self._token)
        try:
            wire.send({"op": "trials", "group": group, "shard": shard, "results": results_only})
            while "end" not in (said := wire.receive()):
                _raise_faults(said)
                if not results_only or said["checked"] is not None:
                    yield Served(said)
            _raise_faults(said)
            if said["stopped"]:
                raise BrokerGoneError("the run was stopped before every case had run")
        finally:
            wire.close()

    def begin(self, **asked: Any) -> None:
        """Start production without reading trials; returns when the pipeline is open."""
        self._ask({"op": "begin", **asked})

    def ask(self, **asked: Any) -> Any:
        """What only this kind of job knows."""
        return self._ask({"op": "ask", **asked})["said"]

    def tell(self, op: str, body: Mapping[str, Any]) -> None:
        """Report a record by its JSON, for those who would rather not load its type: checked or test."""
        self._send({"op": op, **body})

    def checked(self, checked: Checked) -> None:
        """Report results of own checks; recorded as self-reported."""
        self._send({"op": "checked", **checked.body()})

    def test(self, test: TestRun) -> None:
        """Report how a test ended."""
        self._send({"op": "test", **test.body()})

    def open_shard(self, name: str, planned: int) -> None:
        """Say that this worker will run so many items; without `close_shard` the run is incomplete."""
        self._send({"op": "open_shard", "name": name, "planned": planned})

    def close_shard(self, shard: Shard) -> None:
        """Say what this worker ran, as its last report."""
        self._send({"op": "close_shard", **shard.body()})
        self.sync()

    def sync(self) -> None:
        """Wait until everything reported is in the ledger."""
        self._ask({"op": "sync"})

    def status(self) -> Mapping[str, Any]:
        """What the job says of itself, and whether production has ended (`produced`)."""
        status: Mapping[str, Any] = self._ask({"op": "status"})["status"]
        return status

    def stop(self) -> None:
        """Begin no more trials; asked again, leave those in flight."""
        self._ask({"op": "stop"})

    def finish(self, *, complete: bool = True) -> Mapping[str, Any]:
        """Wait for production, have the job closed, and its account of it.

        Not `complete`: stop instead of waiting, and close as incomplete.
        """
        closed: Mapping[str, Any] = self._ask({"op": "finish", "complete": complete})["closed"]
        return closed

    def close(self) -> None:
        """Hang up."""
        self._wire.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _ask(self, asked: Mapping[str, Any]) -> Mapping[str, Any]:
        with self._whole() as wire:
            wire.send(asked)
            said = wire.receive()
        _raise_faults(said)
        return said

    def _send(self, report: Mapping[str, Any]) -> None:
        with self._whole() as wire:
            wire.send(report)

    @contextmanager
    def _whole(self) -> Iterator[_Wire]:
        """The wire, for a request that ends or is the last one on it."""
        if not self._is_usable:
            self._wire.close()
            self._wire = _Wire(self._address, self._token)
        self._is_usable = False
        yield self._wire
        self._is_usable = True


class _Wire:
    """JSON lines over the socket."""

    def __init__(self, address: str, token: str) -> None:
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            self._socket.connect(address)
        except OSError as error:
            self._socket.close()
            raise BrokerGoneError(f"no broker at {address}: {error.strerror}") from error
        self._file = self._socket.makefile("rb", buffering=1 << 16)
        self.send({"token": token})
        if not self.receive().get("ok"):
            self.close()
            raise BrokerGoneError("the broker does not know this token")

    def send(self, said: Mapping[str, Any]) -> None:
        try:
            self._socket.sendall(orjson.dumps(said) + b"\n")
        except OSError as error:
            raise BrokerGoneError("the broker has ended; what was not recorded by then is missing") from error

    def receive(self) -> dict[str, Any]:
        try:
            line = self._file.readline()
        except OSError:
            line = b""
        if not line.endswith(b"\n"):
            raise BrokerGoneError("the broker has ended; what was not recorded by then is missing")
        said: dict[str, Any] = orjson.loads(line)
        return said

    def close(self) -> None:
        self._file.close()
        self._socket.close()


def _raise_faults(said: Mapping[str, Any]) -> None:
    if faults := said.get("faults"):
        raise InputError([Fault(**fault) for fault in faults])
