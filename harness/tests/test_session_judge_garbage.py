"""While it judges, the session looks for garbage seldom; what else runs in the process has its own way back."""

from __future__ import annotations

import gc
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))
from rollout_world import gated, prepared

sys.path.pop(0)

from sluicegate.ledger import LedgerReader, Record, read_ledger
from sluicegate.session.judge import decide
from sluicegate.session.workspace import Workspace


@pytest.fixture
def usual() -> Iterator[tuple[int, int, int]]:
    """How often this process looks, set back afterwards."""
    before = gc.get_threshold()
    yield before
    gc.set_threshold(*before)


@pytest.mark.parametrize("own", [(700, 10, 10), (0, 10, 10), (50_000, 5, 5)], ids=["usual", "never", "more-seldom"])
@pytest.mark.parametrize("fails", [False, True], ids=["judged", "unreadable"])
def test_a_judgement_leaves_the_collector_as_it_was(
    tmp_path: Path, usual: tuple[int, int, int], own: tuple[int, int, int], fails: bool
) -> None:
    """Whether it came to a verdict or not; whoever looks less often, or never, is not made to look more often."""
    workspace = Workspace(prepared(gated, tmp_path).root / "rollout.yaml")
    seen: list[tuple[int, int, int]] = []

    class Reader(LedgerReader):
        def __iter__(self) -> Iterator[Record]:
            seen.append(gc.get_threshold())
            return super().__iter__()

    def reader(path: Path) -> LedgerReader:
        if fails:
            raise MemoryError
        return Reader(path)

    gc.set_threshold(*own)
    if fails:
        with pytest.raises(MemoryError):
            decide(workspace, workspace.stage("preflight"), reader=reader)
    else:
        said = decide(workspace, workspace.stage("preflight"), reader=reader)
        assert said.decision is decide(workspace, workspace.stage("preflight"), reader=read_ledger).decision
        assert {often for often, _, _ in seen} == {own[0] and max(own[0], 20_000)}

    assert gc.get_threshold() == own
