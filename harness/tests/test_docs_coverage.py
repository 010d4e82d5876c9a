"""`docs/coverage.md` lists the production plans' test names, and says what the golden sets really hold."""

from __future__ import annotations

from pathlib import Path

from sluicegate.golden.coverage import CHECK_LISTS, page

PAGE = Path(__file__).parents[2] / "docs" / "coverage.md"


def test_the_page_is_the_one_the_cases_give() -> None:
    """A case added, renamed or gone shows in the page: write it again with `python -m sluicegate.golden.coverage`."""
    assert PAGE.read_text(encoding="utf-8") == page()


def test_no_name_is_without_a_case() -> None:
    """Each of the names is borne by at least one case."""
    assert "no case" not in page()


def test_the_lists_are_as_long_as_the_plans() -> None:
    """10 of schemas, 15 of validators, 10 of the model manager, 18 of integration, 11 end to end; eight and eight."""
    lengths = {of: [len(group.split()) for group in groups.values()] for of, groups in CHECK_LISTS.items()}

    assert lengths == {"trend_analysis": [10, 15, 10, 18, 11], "email_rag": [8, 8]}
