"""The page's templates as jinja2 compiles them, done ahead: in each run it would cost as much as drawing the page.

`python -m sluicegate.report.templates` compiles them anew after one of them was changed.
"""

from __future__ import annotations

from collections.abc import MutableMapping
from importlib import import_module
from pathlib import Path
from typing import Any

import jinja2

from sluicegate.report.figures import parted
from sluicegate.resources import data

__all__ = ["NAMES", "VERSION", "Ahead", "compiled", "environment"]

NAMES = ("report.html.j2", "report_loads.html.j2")

VERSION: str = vars(jinja2).get("__version__", "unknown")
"""Of the jinja2 that is installed."""


class Ahead(jinja2.BaseLoader):
    """Takes what this release of jinja2 has compiled; any other release compiles the template itself."""

    def get_source(self, environment: jinja2.Environment, template: str) -> tuple[str, None, None]:
        """The template itself."""
        return data("report", template).read_text(encoding="utf-8"), None, None

    def load(
        self,
        environment: jinja2.Environment,
        name: str,
        globals: MutableMapping[str, Any] | None = None,  # noqa: A002 - jinja2's own word
    ) -> jinja2.Template:
        """The template, ready to be drawn."""
        module = import_module(f"sluicegate.report.{_module(name)}")
        if module.compiled_by != VERSION:
            return super().load(environment, name, globals)
        return environment.template_class.from_module_dict(environment, vars(module), globals or {})


def environment(loader: jinja2.BaseLoader) -> jinja2.Environment:
    """What the templates are written for."""
    made = jinja2.Environment(
        loader=loader, autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    made.filters["parted"] = parted
    return made


def compiled(name: str) -> str:
    """The module of a template."""
    made = environment(Ahead())
    source, _, _ = Ahead().get_source(made, name)
    code = made.compile(source, name, name, raw=True, defer_init=True)
    about = f'"""{name}, compiled by `python -m sluicegate.report.templates`: change the template instead."""'
    return f"{about}\n\ncompiled_by = {VERSION!r}\n\n{code.rstrip()}\n"


def _module(name: str) -> str:
    return name.replace(".", "_")


if __name__ == "__main__":
    for each in NAMES:
        Path(__file__).with_name(f"{_module(each)}.py").write_text(compiled(each), encoding="utf-8")
