"""Templates that are compiled ahead draw the page that their source draws, and are never older than it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from sluicegate.model import Verdict, decode
from sluicegate.report import html, templates
from sluicegate.report.templates import NAMES, compiled
from sluicegate.resources import data

EXAMPLES = Path(__file__).parent / "report_examples"


@pytest.mark.parametrize("name", NAMES)
def test_what_is_compiled_ahead_is_the_template_of_today(name: str) -> None:
    """Whoever changes a template compiles it: python -m sluicegate.report.templates."""
    kept = data("report", f"{name.replace('.', '_')}.py").read_text(encoding="utf-8")
    if f"compiled_by = {templates.VERSION!r}" not in kept:
        pytest.skip("another release of jinja2 compiled it, and it is not used with this one")

    assert kept == compiled(name)


@pytest.mark.parametrize("name", ["promote", "hold", "rollback"])
def test_another_release_of_jinja_draws_the_same_page(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """What one release compiled is not given to another, which compiles the template itself."""
    verdict = decode(Verdict, json.loads((EXAMPLES / f"{name}.json").read_text(encoding="utf-8")))
    ahead = html.render_html(verdict)
    monkeypatch.setattr(templates, "VERSION", "another")
    html._template.cache_clear()
    try:
        assert html._template().filename == "<template>"
        assert html.render_html(verdict) == ahead
    finally:
        html._template.cache_clear()
