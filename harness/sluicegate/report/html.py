"""The verdict as one HTML file: no script, no request, nothing foreign that is not escaped."""

from __future__ import annotations

from base64 import b64encode
from functools import cache
from hashlib import sha256
from typing import TYPE_CHECKING

from sluicegate.model import Verdict
from sluicegate.report.chart import chart_of
from sluicegate.report.figures import parted
from sluicegate.report.view import view_of
from sluicegate.resources import data

if TYPE_CHECKING:
    from jinja2 import Template

__all__ = ["render_html"]


def render_html(verdict: Verdict) -> str:
    """The whole report. The same verdict gives the same bytes."""
    from markupsafe import Markup

    view = view_of(verdict)
    style = _style()
    return _template().render(
        view=view,
        criteria=[(item, chart_of(result)) for item, result in zip(view.criteria, verdict.criteria, strict=True)],
        findings=view.findings(),
        tone=view.decision.lower(),
        style=Markup(style),  # noqa: S704 - our own packaged file
        style_hash=b64encode(sha256(style.encode()).digest()).decode(),
        engine=view.parts["engine"],
    )


@cache
def _style() -> str:
    return _source("report.css")


@cache
def _template() -> Template:
    from jinja2 import Environment, FunctionLoader, StrictUndefined

    environment = Environment(
        loader=FunctionLoader(_source),  # by name: what only some reports have is compiled only for them
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        optimized=False,  # the page is drawn once in a process: looking for what could be drawn quicker takes longer
    )
    environment.filters["parted"] = parted
    return environment.get_template("report.html.j2")


def _source(name: str) -> str:
    return data("report", name).read_text(encoding="utf-8")
