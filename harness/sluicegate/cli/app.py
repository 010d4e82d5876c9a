"""The command `sluicegate` and its exit codes."""

from __future__ import annotations

import errno
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

import click

from sluicegate.cli.errors import exit_code_of, say, settle
from sluicegate.errors import SluicegateError
from sluicegate.resources import VERSION

__all__ = ["cli", "run"]

_COMMANDS = {
    "init": ("sluicegate.cli.start", "init", "Write a plan, a pipeline, cases and a CI file that run as they stand."),
    "plan": ("sluicegate.cli.plan", "plan", "Check a plan, write its lock, export its JSON Schema."),
    "collect": ("sluicegate.cli.gate", "collect", "Run the stage's cases and keep the evidence."),
    "record": ("sluicegate.cli.record", "record", "Take in measurements, attestations and stage entries."),
    "load": ("sluicegate.cli.load", "load", "Send a load profile of the plan, and keep every request as evidence."),
    "judge": ("sluicegate.cli.gate", "judge", "Decide on the evidence that is there."),
    "gate": ("sluicegate.cli.gate", "gate", "Collect what is missing, then judge."),
    "verify": ("sluicegate.cli.deploy", "verify", "Ask a verdict whether this step may be taken."),
    "compare": ("sluicegate.cli.compare", "compare", "A candidate's run against a base's, on the same cases."),
    "status": ("sluicegate.cli.deploy", "status", "Where the rollout stands."),
    "subject": ("sluicegate.cli.deploy", "subject", "The digest of what serves."),
    "report": ("sluicegate.cli.deploy", "report", "Draw a verdict again in another format."),
    "golden": ("sluicegate.cli.golden", "golden", "Check, import, extend and review golden sets."),
    "opinion": ("sluicegate.cli.opinion", "opinion", "Calibrate a judge model, and ask it. No verdict reads it."),
    "doubles": ("sluicegate.cli.doubles", "doubles", "Serve the doubles to a service outside."),
    "demo": ("sluicegate.cli.start", "demo", "Gate a reference pipeline, sound or with a planted defect."),
}


class _HungUpError(Exception):
    """Whoever read the output has closed it. Click makes an exit code 1 of the OSError, and hears of this nothing."""


@contextmanager
def _noticed() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        if error.errno != errno.EPIPE:
            raise
        raise _HungUpError from error


class _Lazy(click.Group):
    """Loads a command's room when it is called, so that `--help` costs nothing."""

    def make_context(self, *args: Any, **kwargs: Any) -> click.Context:
        with _noticed():
            return super().make_context(*args, **kwargs)

    def invoke(self, ctx: click.Context) -> Any:
        with _noticed():
            return super().invoke(ctx)

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in _COMMANDS:
            return None
        from importlib import import_module

        module, name, _ = _COMMANDS[cmd_name]
        found: click.Command = getattr(import_module(module), name)
        return found

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, text) for name, (_, _, text) in _COMMANDS.items()])

    def resolve_command(self, ctx: click.Context, args: list[str]) -> Any:
        try:
            return super().resolve_command(ctx, args)
        except click.UsageError as error:
            from sluicegate.errors import nearest

            raise click.UsageError(f"{error.message} {nearest(args[0], _COMMANDS)}".rstrip(), ctx) from None


@click.group(cls=_Lazy, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(VERSION, "--version", prog_name="sluicegate", message="%(prog)s %(version)s")
def cli() -> None:
    """Promote, hold or roll back the next step of an AI pipeline's rollout.

    Exit codes: 0 promote or complete, 10 hold, 20 rollback, 30 evidence or state unusable, 40 plan, lock
    or golden set invalid, 2 usage or a pipeline that cannot be opened, 130 interrupted.
    """


def run() -> None:
    """Run the command line and exit."""
    try:
        code = cli.main(standalone_mode=False)
    except click.exceptions.Abort as abort:
        say(_stopped(abort.__cause__))
        code = 130
    except click.ClickException as error:
        with suppress(OSError):
            error.show()
        code = error.exit_code
    except KeyboardInterrupt as interrupt:
        say(_stopped(interrupt))
        code = 130
    except SluicegateError as error:
        say(str(error))
        code = exit_code_of(error)
    except _HungUpError:
        sys.stderr.close()
        code = 141
    except OSError as error:
        if error.filename is not None:
            raise
        say(f"the output cannot be written: {error.strerror}.")
        code = 1
    settle()
    sys.exit(code or 0)


def _stopped(interrupt: BaseException | None) -> str:
    """What the interrupted command says of itself; that nothing is lost is true of all."""
    said = interrupt.args[0] if interrupt is not None and interrupt.args else None
    return said if isinstance(said, str) else "stopped; what was recorded is kept"
