"""`--collect-only --sluicegate-list FILE`: the ids of the user's marked tests, for `sluicegate plan lock`."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from sluicegate.pytest_plugin.ids import is_own_test, shadowed, test_id

__all__ = ["Listing"]


class Listing:
    """Writes the list when everything is collected; a file of tests that cannot be listed is a usage error."""

    def __init__(self, config: pytest.Config) -> None:
        self._file = Path(config.option.sluicegate_list)
        plan = config.option.sluicegate_plan
        self._base = (config.invocation_params.dir / plan).parent if plan else config.invocation_params.dir
        if not config.option.collectonly:
            raise pytest.UsageError("--sluicegate-list: needs --collect-only. Add it.")

    @pytest.hookimpl(trylast=True)
    def pytest_collection_finish(self, session: pytest.Session) -> None:
        """Every id on a line of its own."""
        own = [item for item in session.items if is_own_test(item)]
        faults = [f"{test_id(item, self._base)}: two tests have this name ({lines})." for item, lines in shadowed(own)]
        ids = [test_id(item, self._base) for item in own]
        faults += [f"{name}: {count} tests have this id." for name, count in Counter(ids).items() if count > 1]
        if session.testsfailed:
            faults.append(f"{session.testsfailed} files could not be collected.")
        if faults:
            raise pytest.UsageError("\n".join([*faults, "Give each test a name of its own."]))
        self._file.write_text("\n".join(sorted(ids)), encoding="utf-8")
