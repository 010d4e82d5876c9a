"""How a pipeline's failure is said: one escaped line, no secret, the place in the user's own code."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path
from traceback import extract_tb

from sluicegate.errors import printable
from sluicegate.model import Crash, CrashKind, Output

__all__ = ["crash", "excerpt", "is_library", "line_of", "one_line", "raised_line", "secrets_of"]

_LIMIT = 500
_SECRET_NAME = re.compile(r"KEY|TOKEN|SECRET|PASSW|CREDENTIAL|AUTH", re.IGNORECASE)
_OURS = str(Path(__file__).resolve().parent)


def crash(kind: CrashKind, message: str, *, secrets: Iterable[str] = ()) -> Output:
    """An Output that is a crash; the message escaped, without the secrets, cut to 500 characters."""
    return Output(error=Crash(kind=kind, message=line_of(message, limit=_LIMIT, secrets=secrets)))


def line_of(text: str, *, limit: int, secrets: Iterable[str] = ()) -> str:
    """`text` as one escaped line of at most `limit` characters. Secrets go before the cut, so that no half stays."""
    return one_line(_without(text, secrets), limit)


def one_line(text: str, limit: int = _LIMIT) -> str:
    """`text` with control characters and line ends made visible, cut to `limit` characters."""
    said = printable(text[: 2 * limit]).replace("\n", "\\n").replace("\t", " ")
    return said if len(said) <= limit else said[: limit - 1] + "…"


def excerpt(text: str, *, limit: int = 200, secrets: Iterable[str] = ()) -> str:
    """The beginning of something a pipeline wrote: secrets and personal data masked, one line."""
    from sluicegate.checks.masking import masked

    return masked(_without(text, secrets).strip(), limit)


def raised_line(raised: BaseException, *, base: Path | None = None) -> str:
    """`ValueError: text (shop/drafts.py:12)`: the exception and the deepest line of the user's own code."""
    try:
        text = str(raised)
    except Exception:  # noqa: BLE001 - the user's own __str__ failed; the type alone is then what is known
        text = ""
    said = f"{type(raised).__name__}: {text}" if text else type(raised).__name__
    place = _place(raised, base or Path.cwd())
    return f"{said} ({place})" if place else said


def secrets_of(environment: Mapping[str, str] | None = None) -> tuple[str, ...]:
    """Values of environment variables whose names say that they are secret."""
    given = os.environ if environment is None else environment
    return tuple(value for name, value in given.items() if len(value) >= 8 and _SECRET_NAME.search(name))


def is_library(filename: str) -> bool:
    """Whether a file belongs to Python, to an installed package or to this room, and not to the user's code."""
    inside = any(filename.startswith(str(root) + os.sep) for root in _python())
    return inside or "site-packages" in filename or _is_ours(filename)


@cache
def _python() -> frozenset[str]:
    import sysconfig

    return frozenset(sysconfig.get_path(name) for name in ("stdlib", "purelib", "platlib"))


def _without(text: str, secrets: Iterable[str]) -> str:
    for secret in sorted(secrets, key=len, reverse=True):
        if secret:
            text = text.replace(secret, "***")
    return text


def _place(raised: BaseException, base: Path) -> str:
    if isinstance(raised, SyntaxError) and raised.filename:
        return f"{_short(raised.filename, base)}:{raised.lineno}"
    frames = [frame for frame in extract_tb(raised.__traceback__) if not _is_ours(frame.filename)]
    own = [frame for frame in frames if not is_library(frame.filename)] or frames
    return f"{_short(own[-1].filename, base)}:{own[-1].lineno}" if own else ""


def _is_ours(filename: str) -> bool:
    return filename.startswith((_OURS + os.sep, "<frozen"))


def _short(filename: str, base: Path) -> str:
    path = Path(filename)
    root = base.resolve()
    return str(path.relative_to(root)) if path.is_relative_to(root) else filename
