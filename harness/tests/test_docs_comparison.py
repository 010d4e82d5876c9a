"""What docs/comparison.md says of `compare`, scorers and baselines is run as it stands there."""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path

import click

sys.path.insert(0, str(Path(__file__).parent))
from docs_examples import blocks, keys_of, needs_docs, page, run, tables

sys.path.pop(0)

from sluicegate.cli.compare import compare
from sluicegate.model import Case, Output
from sluicegate.pipelines.own_scorer import OwnScorer
from sluicegate.plan.own_scores import SCORE_KEYS
from sluicegate.plan.scoring import BUILT_IN_SCORERS
from sluicegate.session.known_failures import known_failures

pytestmark = needs_docs

PAGE = "comparison.md"
CITIES = ("Ankara", "Paris", "Rome", "Oslo")


def test_the_examples_go_as_the_page_says(tmp_path: Path) -> None:
    """Each command ends with the code beside it, 0 where none is named."""
    (tmp_path / "rollout.yaml").write_text(blocks(page(PAGE), "yaml")[0].text)
    (tmp_path / "words_of.py").write_text(blocks(page(PAGE), "python")[0].text)
    program = "CITIES = {cities!r}\n\n\ndef answer(input):\n    return {{'city': CITIES[input['n'] % {known}]}}\n"
    (tmp_path / "capitals.py").write_text(program.format(cities=CITIES, known=2))
    (tmp_path / "better.py").write_text(program.format(cities=CITIES, known=4))
    (tmp_path / "golden").mkdir()
    cases = [{"id": f"c-{n}", "input": {"n": n}, "expected_output": {"city": CITIES[n % 4]}} for n in range(60)]
    (tmp_path / "golden" / "capitals.jsonl").write_text("".join(json.dumps(case) + "\n" for case in cases))

    (block,) = blocks(page(PAGE), "sh")
    for line in block.text.splitlines():
        command, _, said = line.partition("#")
        if command.startswith("cp "):
            _, source, target = command.split()
            (tmp_path / target).write_bytes((tmp_path / source).read_bytes())
            continue
        done = run(command.strip(), tmp_path, env={"COLUMNS": "80"})
        expected = re.search(r"exit (\d+)", said)
        # The plan has no other lines: collecting the base is all that its first run is for.
        assert done.returncode == (int(expected[1]) if expected else 0), f"{command}\n{done.stdout}{done.stderr}"
        if "compare" in command:
            assert max(map(len, done.stdout.splitlines())) <= 80


def test_options_exits_and_scorers_are_the_code_s() -> None:
    """No option, exit code or scorer is left out, and none is made up."""
    found = tables(page(PAGE))
    codes = [row[0] for row in found[0][1:]]
    options = {option.opts[0] for option in compare.params if isinstance(option, click.Option)}

    assert codes == ["0", "10", "20", "30", "2"]
    assert set(keys_of(found[1])) == options
    assert set(keys_of(found[2])) == {*BUILT_IN_SCORERS, "module:attribute"}
    assert all(f"`{key}`" in page(PAGE) for key in SCORE_KEYS)


def test_the_scorers_and_the_known_failures_of_the_page_are_taken(tmp_path: Path) -> None:
    namespace: dict[str, object] = {}
    exec(blocks(page(PAGE), "python")[0].text, namespace)
    case = Case(id="a", input={"n": 1}, expected_output={"city": "Paris"})
    for name in ("closeness", "same_city"):
        scorer = OwnScorer(namespace[name], name)
        assert scorer.score(case, Output(structured={"city": "Paris"})) == 1.0
        assert scorer.score(case, Output(structured={"city": "Rome"})) < 1.0
    (tmp_path / "known.yaml").write_text(blocks(page(PAGE), "yaml")[1].text)
    assert [each.owner for each in known_failures(tmp_path / "known.yaml")] == ["ann"]
