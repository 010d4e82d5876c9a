"""Every link between the pages leads to a file, and to a heading of it."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))
from docs_examples import DOCS, needs_docs

sys.path.pop(0)

pytestmark = needs_docs

LINK = re.compile(r"\[[^\]]+\]\((?!https?:)([^)#]*)(?:#([^)]*))?\)")


def anchors(path: Path) -> set[str]:
    """Headings as GitHub names them."""
    headings = re.findall(r"^#+ (.+)$", path.read_text(encoding="utf-8"), flags=re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("name", [*sorted(path.name for path in DOCS.glob("*.md")), "../README.md"])
def test_links_lead_somewhere(name: str) -> None:
    """Fenced blocks aside."""
    path = DOCS / name
    text = re.sub(r"^```.*?^```$", "", path.read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL)
    for target, anchor in LINK.findall(text):
        found = (path.parent / target).resolve() if target else path
        assert found.exists(), target
        assert not anchor or anchor in anchors(found), f"{target}#{anchor}"


def test_every_page_is_in_the_readme() -> None:
    """The list at its end leaves out none, and says of each what it is about."""
    listed = (DOCS.parent / "README.md").read_text(encoding="utf-8").partition("\n## More\n")[2]
    for page in sorted(DOCS.glob("*.md")):
        assert re.search(rf"^- \[docs/{page.name}\]\(docs/{page.name}\): \S", listed, re.MULTILINE), page.name
