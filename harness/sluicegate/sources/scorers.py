"""What a user's own scorers are, as digests: another scorer is another measure, and so is another helper of one."""

from __future__ import annotations

import ast
import importlib.util
from collections.abc import Iterable, Iterator
from hashlib import sha256
from pathlib import Path

from sluicegate.plan.types import Plan, Stage

__all__ = ["scorer_digests", "stage_scorers"]


def scorer_digests(plan: Plan, base: Path) -> dict[str, str]:
    """Metric to the digest of its own scorer's module and of what that imports of the user's own code.

    Followed are import statements, wherever in a file they stand: to modules beside the plan, and within the package
    of a scorer that is installed. What is imported under a made-up name, and files that are read, are not seen.
    """
    found = {}
    for name, metric in plan.metrics.items():
        if metric.score is not None and metric.score.is_own:
            files = _files(metric.score.by.partition(":")[0], base)
            lines = (f"{module}\0{sha256(path.read_bytes()).hexdigest()}\n" for module, path in sorted(files.items()))
            found[name] = sha256("".join(lines).encode()).hexdigest() if files else "not found"
    return found


def stage_scorers(plan: Plan, stage: Stage, base: Path) -> dict[str, str]:
    """Of these the ones that criteria of the stage read, by themselves or by a score of that name."""
    read = {criterion.metric.name for criterion in stage.criteria}
    if not any(
        metric.score is not None and metric.score.is_own for name, metric in plan.metrics.items() if name in read
    ):
        return {}
    return {name: digest for name, digest in scorer_digests(plan, base).items() if name in read}


def _files(target: str, base: Path) -> dict[str, Path]:
    """Module to file: the target, and all it leads to."""
    found: dict[str, Path] = {}
    waiting = [target]
    seen = set[str]()
    while waiting:
        module = waiting.pop()
        if module in seen:
            continue
        seen.add(module)
        path = _beside(module, base) or _installed(module, target)
        if path is not None:
            found[module] = path
            waiting += _imports(path, module)
        if "." in module:  # a package runs before what is in it
            waiting.append(module.rpartition(".")[0])
    return found


def _beside(module: str, base: Path) -> Path | None:
    return _file(base, module.split("."))


def _installed(module: str, target: str) -> Path | None:
    """Of the target's own package alone: what else is installed has a version of its own."""
    top, *rest = module.split(".")
    if top != target.partition(".")[0]:
        return None
    try:
        spec = importlib.util.find_spec(top)  # which runs nothing of a module that stands at the top
    except (ImportError, ValueError):
        return None
    if spec is None:
        return None
    for folder in spec.submodule_search_locations or ():
        if (path := _file(Path(folder).parent, [Path(folder).name, *rest])) is not None:
            return path
    return Path(spec.origin) if spec.origin is not None and not rest and Path(spec.origin).is_file() else None


def _file(root: Path, names: Iterable[str]) -> Path | None:
    module = root.joinpath(*names)
    return next(
        (each for each in (module / "__init__.py", module.with_name(f"{module.name}.py")) if each.is_file()), None
    )


def _imports(path: Path, module: str) -> Iterator[str]:
    """Every module a file may mean; of `from a import b` both a and a.b, since b may be either."""
    try:
        tree = ast.parse(path.read_bytes())
    except (SyntaxError, ValueError):
        return  # its import will say so
    package = module.split(".") if path.name == "__init__.py" else module.split(".")[:-1]
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            above = package[: len(package) - node.level + 1] if node.level else []
            origin = ".".join([*above, *([node.module] if node.module else [])])
            if origin:
                yield origin
            yield from (f"{origin}.{alias.name}" if origin else alias.name for alias in node.names)
