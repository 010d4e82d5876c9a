"""The pages of docs/ as text to be tried: fenced blocks, tables, and plans made of fragments."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest
from shifted import program, shifted_by

from sluicegate.plan.reader import read_plan_bytes
from sluicegate.plan.types import Plan

DOCS = Path(__file__).parents[2] / "docs"

needs_docs = pytest.mark.skipif(not DOCS.exists(), reason="documentation is not part of what is installed")


@dataclass(frozen=True)
class Block:
    """One fenced block."""

    language: str
    text: str
    line: int


def page(name: str) -> str:
    return (DOCS / name).read_text(encoding="utf-8")


def section(name: str, heading: str) -> str:
    """The text below a heading, up to the next of its level."""
    level = heading.partition(" ")[0]
    _, found, rest = f"\n{page(name)}".partition(f"\n{heading}\n")
    assert found, f"{name} has no heading {heading}"
    return re.split(rf"^#{{1,{len(level)}}} ", rest, maxsplit=1, flags=re.MULTILINE)[0]


def blocks(text: str, language: str | None = None) -> list[Block]:
    """Fenced blocks, of one language if named."""
    found = [
        Block(match[1], match[2], text[: match.start()].count("\n") + 1)
        for match in re.finditer(r"^```(\w*)\n(.*?)^```$", text, flags=re.MULTILINE | re.DOTALL)
    ]
    return [block for block in found if language is None or block.language == language]


def tables(text: str) -> list[list[list[str]]]:
    """Every table as rows of cells, its header first."""
    found: list[list[list[str]]] = []
    before = ""
    for line in text.splitlines():
        if line.startswith("|"):
            if not before.startswith("|"):
                found.append([])
            if not re.fullmatch(r"[|\s:-]+", line) or line.count("-") < 3:
                found[-1].append([cell.strip() for cell in line.strip("|").split("|")])
        before = line
    return found


def keys_of(table: list[list[str]]) -> list[str]:
    """Names in backticks in the first column."""
    return [name for row in table[1:] for name in re.findall(r"`([^`]+)`", row[0])]


def quoted(cell: str) -> str | None:
    """What a cell holds in backticks, if that is all it holds."""
    match = re.fullmatch(r"`([^`]+)`", cell)
    return match[1] if match else None


def whole_plan() -> str:
    """The plan that docs/plan.md begins with."""
    return blocks(page("plan.md"), "yaml")[0].text


def a_rollout(folder: Path) -> Path:
    """The whole plan in `folder`, with everything it names: sixty orders and a bot that knows them."""
    (folder / "rollout.yaml").write_text(whole_plan(), encoding="utf-8")
    (folder / "bot.py").write_text('def answer(input):\n    return {"text": "sent", "order": input["order"]}\n')
    (folder / "reply.schema.json").write_text('{"type": "object", "required": ["text", "order"]}')
    (folder / "prompts").mkdir()
    (folder / "prompts" / "reply.md").write_text("Answer.\n")
    (folder / "golden").mkdir()
    rule = '{"field": "structured.order", "equals": %d}'
    lines = [f'{{"id": "o{n}", "input": {{"order": {n}}}, "expect": {{"must": [{rule % n}]}}}}\n' for n in range(60)]
    (folder / "golden" / "orders.jsonl").write_text("".join(lines))
    return folder


def overlaid(base: str, fragment: str) -> str:
    """`base` with the top-level keys of `fragment` in the place of its own."""
    parts = dict(_top_level(base))
    parts.update(_top_level(fragment))
    return "".join(parts.values())


def _top_level(text: str) -> Iterator[tuple[str, str]]:
    for part in re.split(r"^(?=[A-Za-z_]+:)", text, flags=re.MULTILINE):
        if match := re.match(r"([A-Za-z_]+):", part):
            yield match[1], part if part.endswith("\n") else part + "\n"


def plan_of(text: str) -> Plan:
    """A plan as the reader takes it. Raises InputError."""
    return read_plan_bytes(text.encode(), Path("rollout.yaml"))


def one_line(key: str, value: str) -> str:
    return f"{key}: {value}\n"


def run(
    command: str, folder: Path, *, env: Mapping[str, str] | None = None, clock: timedelta | None = None
) -> subprocess.CompletedProcess[str]:
    """A line of shell in `folder`, with this environment's programs first; `clock` is how far its clock is ahead."""
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    if clock is not None:
        path = os.pathsep.join([str(program(Path(tempfile.mkdtemp())).parent), path])
        env = {**(env or {}), **shifted_by(clock)}
    environment = {**os.environ, "PATH": path, "NO_COLOR": "1", "COLUMNS": "100", "PYTHONUTF8": "1", **(env or {})}
    return subprocess.run(
        ["bash", "-c", command], cwd=folder, env=environment, capture_output=True, text=True, timeout=120, check=False
    )
