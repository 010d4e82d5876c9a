"""docs/attack-coverage.md says what the generator makes: every class by every way in, filled or explained."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
from docs_examples import needs_docs
from docs_examples import page as written

sys.path.pop(0)

from sluicegate.checks.attacks import coverage
from sluicegate.golden.attack_coverage import SEED, page, templates

pytestmark = needs_docs


def test_the_page_is_what_the_generator_makes() -> None:
    """Run `python -m sluicegate.golden.attack_coverage docs/attack-coverage.md`."""
    assert written("attack-coverage.md") == page()


def test_every_cell_has_cases_or_a_reason() -> None:
    """No cell is empty for want of a template: the reference cases have a place for every way in."""
    for cell in coverage(templates(), SEED):
        assert cell.cases or "is not carried by" in cell.why, (cell.attack, cell.carrier, cell.why)
