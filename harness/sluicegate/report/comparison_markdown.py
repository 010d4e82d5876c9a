"""A comparison as Markdown, for a pull request: foreign text can open nothing and close nothing."""

from __future__ import annotations

from sluicegate.report.comparison import ComparisonView, metric_lines
from sluicegate.report.figures import plain, said
from sluicegate.report.markdown import escaped

__all__ = ["render_comparison_markdown"]


def render_comparison_markdown(view: ComparisonView) -> str:
    """A heading with the outcome, a paragraph of lines for each metric, the notes."""
    blocks = [f"## {view.word.capitalize()}: candidate against base\n"]
    blocks.append(f"base {escaped(plain(view.base))}, candidate {escaped(plain(view.candidate))}, {view.origin}\n")
    for compared in view.metrics:
        blocks.append(f"### {escaped(compared.metric.name)}\n")
        blocks.append(f"**{escaped(said(compared.said))}**\n")
        lines = metric_lines(compared, view.confidence)
        blocks.append("\n".join(f"{_depth(line)}- {escaped(line.strip())}" for line in lines) + "\n")
    if view.notes:
        blocks.append("### Notes\n")
        blocks.append("\n".join(f"- {escaped(said(note))}" for note in view.notes) + "\n")
    return "\n".join(blocks)


def _depth(line: str) -> str:
    return " " * (len(line) - len(line.lstrip(" ")))
