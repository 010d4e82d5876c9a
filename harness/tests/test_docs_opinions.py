"""docs/opinions.md says what the commands do: its options are theirs, its example is a label."""

from __future__ import annotations

import re
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
from docs_examples import needs_docs, page

sys.path.pop(0)

from sluicegate.cli.opinion import calibrate, opinion, rate
from sluicegate.opinions.questions import SIGNATURE, read_questions

pytestmark = needs_docs


def test_every_option_is_described_with_its_default() -> None:
    """Save --seed and --now, which say what they do; and no option that is not there."""
    text = page("opinions.md")
    known = {name: option for command in (calibrate, rate) for option in command.params for name in option.opts}
    described = set(re.findall(r"`(--[a-z-]+)", text))

    assert described <= set(known)
    assert {name for name in known if name.startswith("--")} - described <= {"--seed", "--now"}
    for name, default in re.findall(r"^\| `(--[a-z-]+)` \|.*\| `([^`|]+)` \|$", text, re.MULTILINE):
        assert str(known[name].default) == default
    assert set(opinion.commands) == {"calibrate", "rate"}


def test_the_example_is_a_label(tmp_path: Path) -> None:
    """It reads, with a label of a person; fields and verdicts are those of the program."""
    text = page("opinions.md")
    path = tmp_path / "labels.jsonl"
    path.write_text(re.search(r"```json\n(.*?)```", text, re.DOTALL)[1], encoding="utf-8")

    (label,) = read_questions(path, labelled=True)
    assert (label.supported, label.by) == (True, "ann")
    for field in SIGNATURE.fields:
        assert f"`{field.name}`" in text
        assert all(f"`{option}`" in text for option in field.options)
