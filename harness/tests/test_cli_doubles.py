"""`sluicegate doubles serve` from the outside."""

from __future__ import annotations

import re
import signal
import socket
import subprocess
import sys
from pathlib import Path

import httpx
import pytest
from click.testing import CliRunner

from sluicegate.cli.app import cli

DOOR = [sys.executable, "-c", "from sluicegate.cli import main; main()", "doubles", "serve"]
RUN = "00112233445566aa"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_it_serves_until_it_is_ended_and_prints_what_to_set(number: signal.Signals) -> None:
    """Lines a shell can read; scripts over HTTP; exit 0 at Ctrl-C."""
    command = [*DOOR, "--latency", "0", "--latency", "model=1", "--keep-prompts"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        lines = []
        for line in process.stdout:
            lines.append(line.strip())
            if "SLUICEGATE_TOOLS_URL" in line:
                break
        environment = dict(line.removeprefix("export ").split("=", 1) for line in lines)
        base = environment["OPENAI_BASE_URL"].removesuffix("/v1")
        opened = httpx.put(f"{base}/_runs/{RUN}", json={"given": {"model": {"replies": ["Hi."]}}}).json()
        chat = {"model": "m", "messages": [{"role": "user", "content": "Hello"}]}
        said = httpx.post(f"{opened['environment']['OPENAI_BASE_URL']}/chat/completions", json=chat).json()
        log = httpx.delete(f"{base}/_runs/{RUN}").json()
        process.send_signal(number)
        _, errors = process.communicate(timeout=20)

    assert base.startswith("http://127.0.0.1:")
    assert {"ANTHROPIC_BASE_URL", "GOOGLE_GEMINI_BASE_URL", "OPENAI_API_KEY"} <= set(environment)
    assert said["choices"][0]["message"]["content"] == "Hi."
    assert log["observations"][0]["detail"]["prompt"] == [{"role": "user", "content": "Hello"}]
    assert process.returncode == 0
    assert re.search(r"serving at http://127\.0\.0\.1:\d+ until Ctrl-C", errors)


def test_a_port_in_use_is_a_line_and_not_a_traceback() -> None:
    """Exit 2, with the mend."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        done = subprocess.run([*DOOR, "--port", str(port)], capture_output=True, text=True, timeout=60, check=False)

    assert done.returncode == 2
    assert done.stderr == (
        f"doubles: port {port} of 127.0.0.1 is in use. Choose another with --port, or leave it out for a free one.\n"
    )


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--latency", "modle=5"], "Did you mean 'model'?"),
        (["--latency", "fast"], "is no time"),
        (["--latency", "-1"], "is no time"),
        (["--port", "70000"], "70000"),
        (["--host", "0.0.0.0"], "No such option"),
    ],
)
def test_a_mistake_on_the_line_is_told_before_anything_listens(arguments: list[str], said: str) -> None:
    """There is no option to listen anywhere but on loopback."""
    done = CliRunner().invoke(cli, ["doubles", "serve", *arguments])

    assert done.exit_code == 2
    assert said in done.output


def test_a_plan_that_cannot_be_read_is_told_as_everywhere(tmp_path: Path) -> None:
    """Exit 40."""
    (tmp_path / "plan.yaml").write_text("schema_version: 1\n")
    done = subprocess.run(
        [*DOOR, "--plan", str(tmp_path / "plan.yaml")], capture_output=True, text=True, timeout=60, check=False
    )

    assert done.returncode == 40
    assert "Traceback" not in done.stderr
