"""`module:attribute` as the object it names, or what is wrong with it in the user's words."""

from __future__ import annotations

import re
import sys
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules
from types import ModuleType

from sluicegate.errors import Fault, InputError, nearest
from sluicegate.pipelines.crashes import line_of, raised_line, secrets_of

__all__ = ["checked_callable", "load_target", "split_target"]

_INSTALL = re.compile(r"pip install (?:'[^']+'|[\w.\[\],-]*\w\]?)")
"""What an import error may say itself to do."""


def split_target(target: str) -> tuple[str, str]:
    """`("shop.drafts", "draft_reply")` of `shop.drafts:draft_reply`. Raises InputError for another form."""
    module, colon, attribute = target.partition(":")
    names = module.split(".") + attribute.split(".")
    if colon and all(name.isidentifier() for name in names):
        return module, attribute
    mend = "Write module:attribute, e.g. shop.drafts:draft_reply."
    if not colon and all(name.isidentifier() for name in names[:-1]) and len(names) > 2:
        *head, last = module.split(".")
        mend = f"Write {'.'.join(head)}:{last}."
    raise InputError(Fault(where=f"pipeline '{target}'", what="is not of the form module:attribute.", mend=mend))


def load_target(target: str, *, base: Path | None = None) -> object:
    """Import the module and return the callable it names.

    Raises InputError for a module that is not there (with the nearest one), one that fails while it is imported (with
    its own exception and line), a missing attribute, and something that cannot be called.
    """
    module_name, attribute = split_target(target)
    module = _imported(target, module_name, base)
    found: object = module
    for name in attribute.split("."):
        if not hasattr(found, name):
            raise InputError(_missing(target, found, name))
        found = getattr(found, name)
    return checked_callable(found, where=f"pipeline '{target}'")


def checked_callable(found: object, *, where: str) -> object:
    """`found`, if it can be called for each case. Raises InputError for a class or anything else."""
    if isinstance(found, type):
        what = f"is the class {found.__name__}; a pipeline is a function or an object that can be called."
        mend = f"Make an instance at module level, e.g. pipeline = {found.__name__}(), and name that."
        raise InputError(Fault(where=where, what=what, mend=mend))
    if not callable(found):
        what = f"is of type {type(found).__name__} and cannot be called."
        raise InputError(Fault(where=where, what=what, mend="Name a function, sync or async, that takes the input."))
    return found


def _imported(target: str, name: str, base: Path | None) -> ModuleType:
    where = f"pipeline '{target}'"
    try:
        return import_module(name)
    except ModuleNotFoundError as error:
        if error.name and (name == error.name or name.startswith(error.name + ".")):
            raise InputError(_no_module(where, name, error.name, base)) from None
        what = f"module '{name}' cannot be imported: {_said(error, base)}."
        mend = f"Install {error.name} in this environment, or correct the import."
        raise InputError(Fault(where=where, what=what, mend=mend)) from None
    except KeyboardInterrupt:
        raise  # whoever waits for it has had enough
    except BaseException as error:  # noqa: BLE001 - user code runs at import and may raise anything, SystemExit included
        what = f"module '{name}' cannot be imported: {_said(error, base)}."
        wanted = _INSTALL.search(str(error)) if isinstance(error, ImportError) else None
        mend = f"Run: {wanted[0]}" if wanted else "Correct the module."
        raise InputError(Fault(where=where, what=what, mend=mend)) from None


def _said(error: BaseException, base: Path | None) -> str:
    return line_of(raised_line(error, base=base), limit=400, secrets=secrets_of())


def _no_module(where: str, name: str, missing: str, base: Path | None) -> Fault:
    parent, _, last = missing.rpartition(".")
    folder = (base or Path.cwd()).joinpath(*parent.split(".")) if parent else base or Path.cwd()
    known = [f"{parent}.{item.name}" if parent else item.name for item in iter_modules([str(folder)])]
    mend = nearest(missing, known) or f"Start in the folder that holds {last}.py, or install the package it is in."
    looked = f" in {folder} or on the import path" if not parent else f" in {parent}"
    full = f" (for '{name}')" if missing != name else ""
    return Fault(where=where, what=f"module '{missing}'{full} is not{looked}.", mend=mend)


def _missing(target: str, found: object, name: str) -> Fault:
    names = [item for item in dir(found) if not item.startswith("_") and callable(getattr(found, item, None))]
    held = found.__name__ if isinstance(found, ModuleType) else type(found).__name__
    what = f"{held} has no attribute '{name}'."
    if isinstance(found, ModuleType) and (path := getattr(found, "__file__", None)):
        what = f"{held} ({_relative(path)}) has no attribute '{name}'."
    own = [item for item in names if getattr(getattr(found, item), "__module__", None) == held]
    mend = nearest(name, names) or (f"It has {', '.join(own[:8])}." if own else f"Define {name} there.")
    return Fault(where=f"pipeline '{target}'", what=what, mend=mend)


def _relative(path: str) -> str:
    for root in (Path.cwd(), *(Path(entry) for entry in sys.path[:1] if entry)):
        if Path(path).is_relative_to(root):
            return str(Path(path).relative_to(root))
    return path
