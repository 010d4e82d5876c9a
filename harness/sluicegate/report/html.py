"""The verdict as one HTML file: no script, no request, nothing foreign that is not escaped."""

from __future__ import annotations

from base64 import b64encode
from functools import cache
from hashlib import sha256
from typing import TYPE_CHECKING

from sluicegate.model import Verdict
from sluicegate.report.chart import chart_of
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
    return data("report", "report.css").read_text(encoding="utf-8")


@cache
def _template() -> Template:
    from sluicegate.report.templates import Ahead, environment

    return environment(Ahead()).get_template("report.html.j2")
