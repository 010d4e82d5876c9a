"""Which files of the user's own code a module leads to, read from its import statements: nothing is imported."""

from __future__ import annotations

import ast
import importlib.util
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from hashlib import sha256
from importlib.machinery import all_suffixes
from pathlib import Path

__all__ = ["digest_of_files", "imported_files"]

_INSTALLED = frozenset({"site-packages", "dist-packages"})
_OURS = __name__.partition(".")[0]
_LOADS = frozenset({"import_module", "__import__"})


def imported_files(
    targets: Iterable[str], roots: Sequence[Path], scripts: Mapping[str, Path] | None = None
) -> dict[str, Path]:
    """Module to file: the targets, the scripts (by a name of their own), and all they lead to.

    Followed are import statements, and imports of a name that is written out, wherever in a file they stand: to modules
    in `roots`, which go before all else, to what else of the user's own is on the import path, and within the package
    of a target that is installed. What others wrote has a version of its own and is not followed, nor is this package.
    A file that cannot be parsed leads to nothing. What is imported under a made-up name is not seen.
    """
    waiting = list(targets)
    tops = {target.partition(".")[0] for target in waiting}
    found = dict(scripts or {})
    for path in found.values():
        waiting += _imports(path, "")
    seen = set[str]()
    while waiting:
        module = waiting.pop()
        if module in seen:
            continue
        seen.add(module)
        if (file := _beside(module, roots) or _installed(module, tops)) is not None:
            found[module] = file
            waiting += _imports(file, module)
        if "." in module:  # a package runs before what is in it
            waiting.append(module.rpartition(".")[0])
    return found


def digest_of_files(files: Mapping[str, Path]) -> str:
    """Of names and content, wherever the files lie. Raises OSError."""
    lines = (f"{name}\0{sha256(path.read_bytes()).hexdigest()}\n" for name, path in sorted(files.items()))
    return sha256("".join(lines).encode("utf-8", "surrogateescape")).hexdigest()


def _beside(module: str, roots: Sequence[Path]) -> Path | None:
    names = module.split(".")
    return next((path for root in roots if (path := _file(root, names)) is not None), None)


def _installed(module: str, tops: set[str]) -> Path | None:
    """Of the targets' own packages, and of what is on the import path without being installed by a package manager."""
    top, *rest = module.split(".")
    if top == _OURS or top in sys.stdlib_module_names:
        return None
    try:
        spec = importlib.util.find_spec(top)  # which runs nothing of a module that stands at the top
    except (ImportError, ValueError):
        return None
    if spec is None:
        return None
    places = [Path(folder) for folder in spec.submodule_search_locations or ()]
    paths = [path for place in places if (path := _file(place.parent, [place.name, *rest])) is not None]
    if spec.origin is not None and not rest and Path(spec.origin).is_file():
        paths.append(Path(spec.origin))
    return next((path for path in paths if top in tops or not _INSTALLED & set(path.parts)), None)


def _file(root: Path, names: Sequence[str]) -> Path | None:
    module = root.joinpath(*names)
    packed = (module / f"__init__{suffix}" for suffix in _SUFFIXES)
    plain = (module.with_name(f"{module.name}{suffix}") for suffix in _SUFFIXES)
    return next((each for each in (*packed, *plain) if each.is_file()), None)


_SUFFIXES = tuple(sorted(all_suffixes(), key=lambda suffix: suffix != ".py"))
"""The source goes first: where both lie there, it is what is compiled."""


def _imports(path: Path, module: str) -> Iterator[str]:
    """Every module a file may mean; of `from a import b` both a and a.b, since b may be either."""
    try:
        tree = ast.parse(path.read_bytes())
    except (SyntaxError, ValueError, RecursionError, OSError):
        return  # its import will say so
    package = module.split(".") if path.stem == "__init__" else module.split(".")[:-1]
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            above = package[: len(package) - node.level + 1] if node.level else []
            origin = ".".join([*above, *([node.module] if node.module else [])])
            if origin:
                yield origin
            yield from (f"{origin}.{alias.name}" if origin else alias.name for alias in node.names)
        elif isinstance(node, ast.Call) and (name := _loaded(node)):
            yield name


def _loaded(call: ast.Call) -> str:
    """`a.b` of `import_module("a.b")`."""
    name = getattr(call.func, "id", None) or getattr(call.func, "attr", None)
    first = call.args[0] if call.args else None
    if name in _LOADS and isinstance(first, ast.Constant) and isinstance(first.value, str):
        return first.value if all(part.isidentifier() for part in first.value.split(".")) else ""
    return ""
