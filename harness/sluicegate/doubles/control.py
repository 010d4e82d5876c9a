"""Runs opened, read and ended over HTTP, for a service outside that is pointed at the doubles."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from sluicegate.doubles.answer import Answer, json_answer
from sluicegate.doubles.bodies import read_json
from sluicegate.doubles.runs import RUN_ID, Run, Runs
from sluicegate.errors import Fault, InputError
from sluicegate.model import Case, Json, Observation, decode, encode

__all__ = ["MOST_RUNS", "Control"]

MOST_RUNS = 1_000
"""Runs that may be open at once; each holds its log in memory."""

_PATH = "/_runs"
_LOCAL = ("127.0.0.1", "localhost")


class _Opener(Protocol):
    def open_run(self, run_id: str, case: Case) -> Mapping[str, str]: ...

    def close_run(self, run_id: str) -> tuple[Observation, ...]: ...

    @property
    def strays(self) -> tuple[Observation, ...]: ...


class Control:
    """`PUT /_runs/<id>` takes a script, `GET` gives the log so far, `DELETE` ends the run; `GET /_runs` lists."""

    def __init__(self, doubles: _Opener, runs: Runs) -> None:
        self._doubles = doubles
        self._runs = runs

    def owns(self, path: str) -> bool:
        """Whether a request to `path` is for the control API."""
        return path == _PATH or path.startswith(f"{_PATH}/")

    def answer(self, method: str, path: str, headers: Mapping[str, str], body: bytes | None) -> Answer:
        """Do what is asked, or say everything that is wrong with it."""
        host = headers.get("host", "").partition(":")[0]
        if host not in _LOCAL:
            # A page in a browser that resolves its own name to loopback is not the person who serves.
            return _fault(403, f"Host is '{host[:80]}'.", "Call it as 127.0.0.1 or localhost.")
        run_id = path.removeprefix(_PATH).removeprefix("/")
        if not run_id:
            return self._list() if method == "GET" else _fault(405, f"{method} of all runs.", "GET lists them.")
        if RUN_ID.fullmatch(run_id) is None:
            mend = "Write 16 digits of 0-9a-f, e.g. from `openssl rand -hex 8`; they also begin a traceparent."
            return _fault(400, f"'{run_id[:80]}' is no run id.", mend)
        return self._put(run_id, body) if method == "PUT" else self._read(method, run_id)

    def _read(self, method: str, run_id: str) -> Answer:
        run = self._runs.named(run_id)
        if run is None:
            return _fault(404, f"run {run_id} is not open.", f"Open it: PUT {_PATH}/{run_id}")
        if method not in ("GET", "DELETE"):
            return _fault(405, f"{method} of a run.", "PUT opens it, GET reads it, DELETE ends it.")
        if method == "DELETE":
            self._doubles.close_run(run_id)
        return json_answer(_told(run))

    def _put(self, run_id: str, body: bytes | None) -> Answer:
        if self._runs.named(run_id) is not None:
            return _fault(409, f"run {run_id} is open already.", "DELETE it first; its log goes with it.")
        if sum(1 for _ in self._runs) >= MOST_RUNS:
            return _fault(503, f"{MOST_RUNS} runs are open.", "DELETE those that have ended.")
        try:
            case = _case(run_id, body)
            environment = self._doubles.open_run(run_id, case)
        except InputError as error:
            return json_answer({"faults": [_said(fault) for fault in error.faults]}, status=400)
        opened = {"run_id": run_id, "case_id": case.id, "environment": dict(environment)}
        return json_answer(opened, status=201)

    def _list(self) -> Answer:
        runs = [
            {"run_id": run.run_id, "case_id": run.case.id, "observations": len(run.log) + run.dropped}
            for run in self._runs
        ]
        return json_answer(
            {
                "runs": runs,
                "unattributed": self._runs.unattributed,
                "late": self._runs.late,
                "strays": [encode(seen) for seen in self._doubles.strays],
            }
        )


def _case(run_id: str, body: bytes | None) -> Case:
    """A script is a case of which only `given` and `expect` matter. Raises InputError with all its faults."""
    if body is None:
        raise InputError(Fault(where="script", what="is too large."))
    try:
        value: Json = read_json(body) if body.strip() else {}
    except ValueError as error:
        raise InputError(Fault(where="script", what=f"is no JSON: {error}.", mend="Send a case: {…}")) from None
    if isinstance(value, Mapping):
        value = {"id": run_id, **value}
    return decode(Case, value, "script")


def _told(run: Run) -> dict[str, Json]:
    return {
        "run_id": run.run_id,
        "case_id": run.case.id,
        "calls": {name: count for name, count in sorted(run.calls.items()) if " " not in name},
        "observations": [encode(seen) for seen in run.observations()],
    }


def _fault(status: int, what: str, mend: str) -> Answer:
    return json_answer({"faults": [_said(Fault(where="/_runs", what=what, mend=mend))]}, status=status)


def _said(fault: Fault) -> dict[str, Json]:
    return {"where": fault.where, "what": fault.what, "mend": fault.mend}
