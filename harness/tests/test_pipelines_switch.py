"""The user's own switch: a command or a callable that sets a flag, and every way it can fail."""

from __future__ import annotations

import asyncio
import json
import sys
from pathlib import Path
from typing import Any

import pytest

from sluicegate.errors import InputError
from sluicegate.pipelines.switch import CallableSwitch, CommandSwitch

CHANGE: dict[str, Any] = {"flag": "rag", "percent": 5}


def by_command(folder: Path, program: str, *, timeout_s: float = 20, argv: tuple[str, ...] | None = None) -> str | None:
    (folder / "set.py").write_text(program)
    command = argv or (sys.executable, "set.py")
    switch = CommandSwitch(command, base=folder, environment={"WHERE": "here"}, timeout_s=timeout_s)
    return asyncio.run(switch.change(CHANGE))


def test_a_command_gets_the_change_and_is_done_at_exit_code_0(tmp_path: Path) -> None:
    """As JSON on standard input, in its folder, with the variables of the pipeline."""
    program = "import os, sys; open(os.environ['WHERE'], 'w').write(sys.stdin.read())"

    assert by_command(tmp_path, program) is None
    assert json.loads((tmp_path / "here").read_text()) == CHANGE


@pytest.mark.parametrize(
    ("program", "said"),
    [
        ("import sys; sys.exit('no such flag')", "ended with exit code 1: no such flag"),
        ("import os; os.abort()", "ended with exit code -6"),
        ("import time; time.sleep(60)", "did not end within 0.5 s"),
    ],
)
def test_a_command_that_fails_says_how(tmp_path: Path, program: str, said: str) -> None:
    """Its last words, its signal, or that it was too slow; it is ended then."""
    assert said in str(by_command(tmp_path, program, timeout_s=0.5 if "sleep" in program else 20))


def test_a_command_that_is_not_there_says_so(tmp_path: Path) -> None:
    """Without a traceback."""
    assert "./ops/flag cannot be started" in str(by_command(tmp_path, "", argv=("./ops/flag",)))


def test_a_callable_is_called_in_a_process_of_its_own(tmp_path: Path) -> None:
    """With the change as its input; what it raises is what went wrong."""
    (tmp_path / "shop_ops.py").write_text(
        "import os\n"
        "def set_flag(input):\n"
        "    if input['percent'] > 100:\n"
        "        raise ValueError('too much')\n"
        "    open('set', 'w').write(f\"{os.getpid()} {input['flag']}\")\n"
    )

    async def go() -> tuple[str | None, str | None]:
        switch = CallableSwitch("shop_ops:set_flag", base=tmp_path, environment={}, timeout_s=20)
        try:
            return await switch.change(CHANGE), await switch.change({**CHANGE, "percent": 101})
        finally:
            await switch.aclose()

    done, failed = asyncio.run(go())

    assert done is None
    assert "ValueError: too much" in str(failed)
    assert (tmp_path / "set").read_text().endswith(" rag")


def test_a_callable_that_cannot_be_imported_is_the_users_mistake(tmp_path: Path) -> None:
    """Said as of any target, before the first case."""
    switch = CallableSwitch("no_such_module:set_flag", base=tmp_path, environment={}, timeout_s=20)

    with pytest.raises(InputError, match="no_such_module"):
        asyncio.run(switch.open())
