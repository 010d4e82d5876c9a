"""Whole runs of pytest and of the command line, in a folder of their own, and what came of them."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import field, replace
from pathlib import Path
from types import MappingProxyType

from sluicegate.frozen import frozen
from sluicegate.model import Verdict, read_verdict

__all__ = ["Example", "Result"]

_COUNTS = re.compile(r"(\d+) (passed|failed|errors?|skipped|xfailed|xpassed|deselected|rerun|warnings?)\b")
_COMMAND = "from sluicegate.cli import main; main()"
_NOTHING: Mapping[str, str] = MappingProxyType({})


@frozen
class Result:
    """How a run ended."""

    exit_code: int
    stdout: str
    stderr: str
    counts: Mapping[str, int] = field(default_factory=dict)
    """What pytest's last line counts: passed, failed, error, skipped, xfailed, xpassed, deselected, rerun, warning."""
    verdict: Verdict | None = None
    """The verdict that this run wrote."""
    folder: Path
    wall_s: float = 0.0

    @property
    def kind(self) -> str | None:
        """The verdict's kind, e.g. `hold.incomplete`."""
        return self.verdict.kind.value if self.verdict is not None else None

    def check(
        self,
        *,
        exit_code: int | None = None,
        kind: str | None = None,
        counts: Mapping[str, int] | None = None,
        says: str | Sequence[str] = (),
        says_not: str | Sequence[str] = (),
    ) -> Result:
        """Assert everything given at once; what differs is said with the whole output. Returns this result.

        `kind` may end with `*`: `hold.*`. `counts` compares the words it names. `says` looks at both streams.
        """
        said = self.stdout + self.stderr
        faults = []
        if exit_code is not None and exit_code != self.exit_code:
            faults.append(f"exit code {self.exit_code}, expected {exit_code}")
        if kind is not None and not _fits(self.kind, kind):
            faults.append(f"verdict {self.kind}, expected {kind}")
        for word, count in (counts or {}).items():
            if self.counts.get(word, 0) != count:
                faults.append(f"{self.counts.get(word, 0)} {word}, expected {count}")
        faults += [f"does not say {text!r}" for text in _texts(says) if text not in said]
        faults += [f"says {text!r}" for text in _texts(says_not) if text in said]
        if faults:
            raise AssertionError("; ".join(faults) + f"\n--- stdout\n{self.stdout}\n--- stderr\n{self.stderr}")
        return self


@frozen
class Example:
    """A project of a few files. Never changed: `with_files` gives another one in the same folder.

    >>> example = Example(files={"test_a.py": "def test_a(): pass"}, folder=tmp_path)        # doctest: +SKIP
    >>> example.run_pytest("-n", "2").check(exit_code=0, counts={"passed": 1})               # doctest: +SKIP
    """

    files: Mapping[str, str]
    folder: Path
    environment: Mapping[str, str] = field(default_factory=dict)
    timeout_s: float = 120.0

    def with_files(self, files: Mapping[str, str]) -> Example:
        """The same folder with these files as well, or instead."""
        return replace(self, files={**self.files, **files})

    def run_pytest(self, *args: str, environment: Mapping[str, str] = _NOTHING) -> Result:
        """Run `python -m pytest` with these arguments in the folder."""
        return self._run([sys.executable, "-m", "pytest", *args], environment)

    def run_sluicegate(self, *args: str, environment: Mapping[str, str] = _NOTHING) -> Result:
        """Run the command line, e.g. `run_sluicegate("plan", "lock", "rollout.yaml")`."""
        return self._run([sys.executable, "-c", _COMMAND, *args], environment)

    def write(self) -> Path:
        """Write the files that differ from what lies there, and return the folder."""
        for name, text in self.files.items():
            path = self.folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            if not path.exists() or path.read_text(encoding="utf-8") != text:
                path.write_text(text, encoding="utf-8")
        return self.folder

    def _run(self, command: Sequence[str], environment: Mapping[str, str]) -> Result:
        self.write()
        inherited = {key: value for key, value in os.environ.items() if not key.startswith(_NOT_INHERITED)}
        env = {**inherited, "COLUMNS": "100", "NO_COLOR": "1", **self.environment, **environment}
        began_ns, began = time.time_ns(), time.perf_counter()
        done = subprocess.run(  # noqa: S603 - the caller's own command in the caller's own folder
            command, cwd=self.folder, env=env, capture_output=True, text=True, check=False, timeout=self.timeout_s
        )
        return Result(
            exit_code=done.returncode,
            stdout=done.stdout,
            stderr=done.stderr,
            counts=_counts(done.stdout),
            verdict=_newest_verdict(self.folder, began_ns),
            folder=self.folder,
            wall_s=time.perf_counter() - began,
        )


_NOT_INHERITED = ("PYTEST_", "SLUICEGATE_", "COV_")
"""An outer pytest must not reach into the runs that it tests."""


def _counts(stdout: str) -> dict[str, int]:
    for line in reversed(stdout.splitlines()):
        if (found := _COUNTS.findall(line)) and " in " in line:
            return {word.removesuffix("s") if word != "passed" else word: int(count) for count, word in found}
    return {}


def _newest_verdict(folder: Path, since_ns: int) -> Verdict | None:
    found = [path for path in folder.rglob("verdict.json") if path.stat().st_mtime_ns >= since_ns - 2_000_000]
    if not found:
        return None
    newest = max(found, key=lambda path: path.stat().st_mtime_ns)
    return read_verdict(newest.read_bytes(), str(newest))


def _fits(kind: str | None, wanted: str) -> bool:
    if kind is None:
        return wanted == "none"
    return kind.startswith(wanted[:-1]) if wanted.endswith("*") else kind == wanted


def _texts(given: str | Sequence[str]) -> Sequence[str]:
    return [given] if isinstance(given, str) else given
