"""The files of the user's own code that a pipeline runs, as far as its words lead to them, and which nobody named."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

from sluicegate.errors import InputError
from sluicegate.plan.types import CallableTarget, CommandTarget, PipelineSpec, SubjectSpec
from sluicegate.sources.git import covered_by
from sluicegate.sources.imports import imported_files
from sluicegate.sources.subject import named_files

__all__ = ["holds", "served_files", "unnamed_files"]

_CODE = frozenset(
    [
        ".py",
        ".js",
        ".mjs",
        ".cjs",
        ".ts",
        ".mts",
        ".rb",
        ".pl",
        ".php",
        ".lua",
        ".r",
        ".jl",
        ".sh",
        ".bash",
        ".jar",
        ".exs",
        ".clj",
    ]
)


def served_files(pipeline: PipelineSpec, base: Path) -> dict[str, Path]:
    """Name to file: a callable's own module, a command's scripts, and what either imports in Python.

    Names are modules, or paths under the plan's folder. Nothing is imported or run. What an endpoint runs is not here.
    """
    paths = [base / each for each in pipeline.environment.get("PYTHONPATH", "").split(os.pathsep) if each]
    match pipeline.target:
        case CallableTarget(target=target):
            return imported_files([target.partition(":")[0]], [base, *paths])
        case CommandTarget(argv=argv, cwd=cwd):
            folder = base / cwd if cwd else base
            scripts = dict(_scripts(argv, folder, base.resolve()))
            python = {name: path for name, path in scripts.items() if path.suffix == ".py"}
            modules = _modules(argv)
            # Python looks beside the script, and for a module in the folder it was started in.
            roots = [*(path.parent for path in python.values()), *([folder] if modules else []), *paths]
            return {**imported_files(modules, roots, python), **scripts} if python or modules else scripts
        case _:
            return {}


def unnamed_files(spec: SubjectSpec, pipeline: PipelineSpec, base: Path) -> dict[str, Path]:
    """Of these the ones that no part of the subject names: no pattern matches them, and git does not hold them."""
    left = served_files(pipeline, base)
    if not left:
        return {}
    for name, patterns in spec.files.items():
        named = {path.resolve() for path in _matched(name, patterns, base).values()}
        left = {module: path for module, path in left.items() if path.resolve() not in named}
    if spec.git is not None and left:
        held = covered_by(spec.git, base, [path.resolve() for path in left.values()])
        left = {module: path for module, path in left.items() if path.resolve() not in held}
    return left


def holds(spec: SubjectSpec, base: Path) -> Callable[[Path], bool]:
    """Whether a part of the subject names a file, by its resolved path: as the files lie there now."""
    named = {path.resolve() for item in spec.files.items() for path in _matched(*item, base).values()}
    if spec.git is not None:
        named |= covered_by(spec.git, base, [base.resolve()])
    return named.__contains__


def _matched(name: str, patterns: Sequence[str], base: Path) -> Mapping[str, Path]:
    try:
        return named_files(name, patterns, base)
    except InputError:
        return {}  # told where the subject itself is read


def _scripts(argv: Sequence[str], folder: Path, base: Path) -> Iterator[tuple[str, Path]]:
    """Words of a command that are code under the plan's folder: its first file, and others by their kind.

    Any other file may be one that it writes.
    """
    is_first = True
    for number, word in enumerate(argv):
        path = folder / word
        # A program without a slash is looked for on the path alone.
        if (number == 0 and "/" not in word) or not path.is_file() or not path.resolve().is_relative_to(base):
            continue
        if is_first or path.suffix.lower() in _CODE:
            yield Path(os.path.relpath(path, base)).as_posix(), path
        is_first = False


def _modules(argv: Sequence[str]) -> list[str]:
    """Of `python -m name`, the module and what a package runs by that name."""
    program = Path(argv[0]).name if argv else ""
    if not program.startswith("python") or "-m" not in argv[:-1]:
        return []
    name = argv[argv.index("-m") + 1]
    return [name, f"{name}.__main__"] if all(part.isidentifier() for part in name.split(".")) else []
