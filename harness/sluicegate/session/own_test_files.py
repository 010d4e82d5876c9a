"""The text of the user's own tests: a test that may change unseen under its name pins nothing."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path, PurePosixPath
from urllib.parse import unquote

from sluicegate.model import digest_bytes
from sluicegate.plan.lock import LockedStage

__all__ = ["changed_tests", "files_of_tests"]


def files_of_tests(tests: Iterable[str], base: Path) -> dict[str, str]:
    """SHA-256 of each file that tests of these ids live in, by its path from `base`; one that is gone has none.

    A conftest.py beside them, or above them up to `base`, gives them what they judge: it is one of them.
    """
    found = {}
    files = {PurePosixPath(unquote(test.partition("::")[0])) for test in tests}
    given = {folder / "conftest.py" for file in files for folder in file.parents}
    for name in sorted(map(str, files | given)):
        try:
            if (base / name).is_file():
                found[name] = digest_bytes((base / name).read_bytes())
        except OSError:
            continue
    return found


def changed_tests(locked: LockedStage, base: Path) -> Iterator[str]:
    """What is wrong with each file of pinned tests that is not as the lock pins it."""
    seen = files_of_tests(locked.tests, base)
    if locked.tests and seen and not locked.test_files:
        yield "the lock pins your tests by their names alone, not by what they test."
        return
    for name in sorted(seen.keys() | locked.test_files.keys()):
        if seen.get(name) != locked.test_files.get(name):
            became = "changed" if name in seen else "is gone"
            yield f"the tests in {name} are not those the lock pins: the file {became}."
