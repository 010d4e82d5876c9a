"""A run with a plan: the broker is started, the bundled suites join, and the last lines are the verdict."""

from __future__ import annotations

import os
import shlex
import shutil
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from sluicegate.errors import printable
from sluicegate.pytest_plugin.bundled import Suite, add_suites, asks_for_suites, bundled_suite, shard_parameters
from sluicegate.pytest_plugin.interrupts import Interrupts
from sluicegate.pytest_plugin.link import LINK, Link, Reach
from sluicegate.pytest_plugin.own_checks import declared_checks
from sluicegate.pytest_plugin.progress import followed
from sluicegate.pytest_plugin.recording import BUNDLED, Recorder

if TYPE_CHECKING:
    from sluicegate.broker.launch import Launched
    from sluicegate.session.own_checks import OwnCheck

__all__ = ["activate"]

_REFERENCE = "email-rag-pilot"
_COMPOSE = "sluicegate.session.serve:compose"


def activate(config: pytest.Config) -> None:
    """Register what this process needs: the controller's part, or a worker's. Raises UsageError without a plan."""
    if hasattr(config, "workerinput"):
        given = config.workerinput.get("sluicegate")
        if given is not None:
            config.pluginmanager.register(
                Worker(config, Reach(**given), config.workerinput["workerid"]), "sluicegate-worker"
            )
        return
    plan = config.option.sluicegate_plan or config.getini("sluicegate_plan")
    if plan or asks_for_suites(config):
        config.pluginmanager.register(Controller(config, plan or None), "sluicegate-controller")
        return
    for name in ("case", "failed", "stage", "junit"):
        if getattr(config.option, f"sluicegate_{name}"):
            raise pytest.UsageError(f"--sluicegate-{name}: needs a plan. Add --sluicegate-plan PATH.")


def _runs_nothing(config: pytest.Config) -> bool:
    """Whether pytest was asked to show something instead of running tests."""
    return any(getattr(config.option, name, False) for name in _SHOWS)


_SHOWS = ("collectonly", "showfixtures", "show_fixtures_per_test", "cacheshow")
"""Options with which a session collects at most; `--setup-plan` and `--setup-only` go through every test."""


def _end_said(report: pytest.TestReport) -> str:
    """What failed after a test, in its own words: a shared fixture ends with whatever test comes last."""
    from sluicegate.checks.masking import masked

    crash = getattr(report.longrepr, "reprcrash", None)
    said = masked(str(getattr(crash, "message", "") or report.longreprtext), limit=_END_SHOWN)
    return f"{report.nodeid}, at the end of a fixture: {said}"


_END_SHOWN = 300


class _Process:
    """What controller and workers have in common: the collection with the suites in it."""

    def __init__(self, config: pytest.Config) -> None:
        self.config = config
        self.recorder: Recorder | None = None
        self._own_checks: list[OwnCheck] = []

    def join(self, link: Link, worker: str | None) -> None:
        """Add the suites; a process that runs tests itself also records."""
        config, reach = self.config, link.reach
        config.stash[LINK] = link
        self._own_checks = declared_checks(config)
        add_suites(config, suites=reach.suites, has_cases=reach.has_cases, own_checks=bool(self._own_checks))
        if worker is not None:
            self.recorder = Recorder(link, worker=worker)
            config.pluginmanager.register(self.recorder, "sluicegate-recorder")
            if not _runs_nothing(config):
                self.recorder.open()

    def pytest_runtest_setup(self, item: pytest.Item) -> None:
        """The first test that is not skipped starts the pipeline, so that it runs ahead of the tests that read it."""
        options = item.config.option
        if self.recorder is not None and not (options.setuponly or options.setupplan):
            self.recorder.start()

    def pytest_pycollect_makemodule(self, module_path: Path, parent: pytest.Collector) -> pytest.Module | None:
        """The bundled files are collected by our own rules."""
        return Suite.made(module_path, parent) if bundled_suite(module_path) is not None else None

    def pytest_generate_tests(self, metafunc: pytest.Metafunc) -> None:
        """Under xdist a check is one item per shard of the cases; own checks are one item each."""
        if bundled_suite(metafunc.definition.path) is None:
            return
        shards, names = shard_parameters(self.config.stash[LINK].reach.shards)
        if "own_check" in metafunc.fixturenames:
            given = [(check, (shard, len(shards))) for check in self._own_checks for shard in shards]
            ids = [
                check.name if len(shards) == 1 else f"{check.name}-{name}"
                for check in self._own_checks
                for name in names
            ]
            metafunc.parametrize("own_check", given, ids=ids, indirect=True)
        elif len(shards) > 1:
            metafunc.parametrize("results", shards, ids=names, indirect=True)


class Worker(_Process):
    """An xdist worker: reads and reports."""

    def __init__(self, config: pytest.Config, reach: Reach, name: str) -> None:
        super().__init__(config)
        self._link = Link(reach)
        self._name = name

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionstart(self) -> None:
        """Before anything is collected."""
        self.join(self._link, self._name)

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self) -> None:
        """The worker's last word; one that dies never says it."""
        if self.recorder is not None:
            self.recorder.close()
        self._link.close()


class Controller(_Process):
    """The process that the user started: it starts the broker and says the verdict."""

    def __init__(self, config: pytest.Config, plan: str | None) -> None:
        super().__init__(config)
        self._plan = plan
        self._launched: Launched | None = None
        self._link: Link | None = None
        self._folder: str | None = None
        self._closed: dict[str, Any] | None = None
        self._own_failed: dict[str, str] = {}
        """As they are told, and their node ids."""
        """Ids of the user's own tests that failed, in order."""
        self._interrupts = Interrupts()

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionstart(self, session: pytest.Session) -> None:
        """Before xdist starts its workers and before anything is collected. Raises UsageError for the user's faults."""
        from sluicegate.errors import SluicegateError

        self._interrupts.begin(session)
        self.config.pluginmanager.register(self._interrupts, "sluicegate-interrupts")
        try:
            self._link = self._start()
            self._link.interrupts = self._interrupts
        except SluicegateError as error:
            raise pytest.UsageError(str(error)) from None
        if not _runs_nothing(self.config):
            followed(self.config, self._link.reach)
        self.join(self._link, None if self._distributed() else "main")

    @pytest.hookimpl(optionalhook=True)
    def pytest_configure_node(self, node: Any) -> None:
        """Tell a worker of xdist where the broker is."""
        assert self._link is not None  # noqa: S101 - the session has started
        node.workerinput["sluicegate"] = self._link.reach.plain()

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """A failed bundled test is a fact that the verdict weighs; any other failure stands for itself."""
        if report.failed and not getattr(report, BUNDLED, False):
            self._own_failed.setdefault(
                report.nodeid if report.when != "teardown" else _end_said(report), report.nodeid
            )

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """Have the ledgers closed and judged; anything but promote fails the run."""
        if self._link is None or _runs_nothing(self.config):
            return
        if self.recorder is not None:
            self.recorder.close()
        self._closed = self._finish(session)
        if self._plan is not None:
            session.exitstatus = self._exit_status(int(session.exitstatus))

    @pytest.hookimpl(trylast=True)
    def pytest_unconfigure(self) -> None:
        """The verdict is the last thing said."""
        self._interrupts.end()
        if self._link is not None:
            self._link.close()
        if self._launched is not None:
            from sluicegate.errors import SluicegateError

            try:
                self._launched.end()
            except SluicegateError as error:
                self._say(f"sluicegate: {error}\n")
        if self._folder is not None:
            shutil.rmtree(self._folder, ignore_errors=True)
        if self._link is not None and _runs_nothing(self.config):
            self._say("\nsluicegate: nothing ran, so there is no verdict\n")
        if self._closed is not None:
            notes = "".join(f"note: {note}\n" for note in self._closed.get("notes", ()))
            self._say(f"\n{notes}{self._closed['text']}{self._although()}")

    def _start(self) -> Link:
        from sluicegate.broker.client import Client
        from sluicegate.broker.launch import launch

        option, shards = self.config.option, self._shards()
        stage = option.sluicegate_stage or self.config.getini("sluicegate_stage") or None
        evidence = self._path(option.sluicegate_evidence or self.config.getini("sluicegate_evidence"))
        if self._plan is None and evidence is None:
            evidence = self._folder = tempfile.mkdtemp(prefix="sluicegate-reference-")
        plan = self._path(self._plan)
        self._launched = launch(
            _COMPOSE,
            {
                "plan": plan,
                "reference": None if plan else _REFERENCE,
                "stage": stage,
                "evidence": evidence,
                "shards": shards,
                "cases": option.sluicegate_case,
                "failed": option.sluicegate_failed,
                "junit": self._path(option.sluicegate_junit or self.config.getini("sluicegate_junit")),
                "screen": self._screen(),
            },
        )
        with Client(self._launched.address, self._launched.token) as client:
            status = client.status()
        reach = Reach(
            address=self._launched.address,
            token=self._launched.token,
            base=status["base"],
            stage=status["stage"],
            suites=status["suites"],
            has_cases=status["has_cases"],
            files=status["files"],
            shards=shards,
            rerun=self._rerun(),
            selected=bool(option.sluicegate_case or option.sluicegate_failed),
        )
        return Link(reach)

    def _finish(self, session: pytest.Session) -> dict[str, Any] | None:
        assert self._link is not None  # noqa: S101 - asked by the caller
        from sluicegate.errors import SluicegateError

        # A session that ran nothing is on record too: the last thing known must not be an older run.
        self._link.reads = self._link.reads if self._link.is_begun else []
        self._link.begin()
        stopped = int(session.exitstatus) not in (0, 1, 5) or bool(session.shouldstop) or bool(session.shouldfail)
        try:
            try:
                return dict(self._link.client.finish(complete=not stopped))
            except KeyboardInterrupt:
                # The broker hears of it from here only: the first ends what is in flight, the next leaves it.
                session.exitstatus = pytest.ExitCode.INTERRUPTED
                self._link.client.stop()
                return dict(self._link.client.finish(complete=False))
        except SluicegateError as error:
            return {"text": f"HOLD: no verdict. {error}\n", "exit_code": 30, "recorded": False}

    def _exit_status(self, status: int) -> int:
        closed = self._closed or {}
        if status in (2, 3, 4):
            return status
        promoted = closed.get("exit_code") == 0 and closed.get("recorded") and not closed.get("faults")
        return 0 if promoted and not self._own_failed else 1

    def _although(self) -> str:
        """Own tests that failed, whatever the verdict: the last lines, so that nobody looks for what to mend first."""
        closed = self._closed or {}
        if self._plan is None or not self._own_failed:
            return ""
        first, count = next(iter(self._own_failed)), len(self._own_failed)
        said = "1 of your own tests" if count == 1 else f"{count:,} of your own tests"
        more = f" and {count - 1:,} more" if count > 1 else ""
        promotes = closed.get("exit_code") == 0
        head = f"{closed['kind'].upper()}, but {said} failed: exit 1" if promotes else f"{said} failed: mend that first"
        return f"\n {head}\n     {first}{more}\n     next: {self._alone(self._own_failed[first])}\n"

    def _alone(self, nodeid: str) -> str:
        """The command that runs one test, with what it may read."""
        path, *names = nodeid.split("::")
        path = os.path.relpath(self.config.rootpath / path, self.config.invocation_params.dir).replace(os.sep, "/")
        return printable(f"{self._rerun()} {shlex.quote('::'.join([path, *names]))}")

    def _rerun(self) -> str:
        option, words = self.config.option, ["pytest"]
        if self._plan is None:
            words.append("suites")
        for name in ("plan", "stage", "evidence"):
            if given := getattr(option, f"sluicegate_{name}"):
                words += [f"--sluicegate-{name}", given]
        return shlex.join(words)

    def _distributed(self) -> bool:
        return self.config.pluginmanager.hasplugin("dsession")

    def _shards(self) -> int:
        return max(1, len(self.config.getvalue("tx"))) if self._distributed() else 1

    def _path(self, given: str | None) -> str | None:
        return str(self.config.invocation_params.dir / given) if given else None

    def _screen(self) -> dict[str, Any]:
        from sluicegate.report.screen import screen_width

        reporter = self.config.pluginmanager.get_plugin("terminalreporter")
        encoding = getattr(sys.stdout, "encoding", None) or "ascii"
        return {
            "width": screen_width(),
            "colour": bool(getattr(reporter, "hasmarkup", False)),
            "ascii": "utf" not in encoding.lower(),
        }

    def _say(self, text: str) -> None:
        reporter = self.config.pluginmanager.get_plugin("terminalreporter")
        if reporter is not None:
            reporter.ensure_newline()
            reporter.write(text, flush=True)
        else:
            sys.stdout.write(text)
            sys.stdout.flush()
