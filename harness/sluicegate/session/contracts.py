"""The contracts a plan names, compiled: from files, from built-in names, or from the lock for pydantic models."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from sluicegate.checks import CheckConfig
from sluicegate.checks.check import Contract
from sluicegate.checks.contracts import BUILT_IN_CONTRACTS, compile_contract
from sluicegate.checks.prices import prices_of
from sluicegate.errors import Fault, InputError, printable
from sluicegate.model import Json, parse
from sluicegate.plan.types import Plan

__all__ = ["check_config", "compile_contracts", "exported_models", "unchecked_keywords"]


def check_config(plan: Plan, contracts: Mapping[str, Contract]) -> CheckConfig:
    """What the built-in checks of this plan are told besides each trial."""
    return CheckConfig(
        contracts=contracts,
        tools=plan.tools,
        capabilities=plan.pipeline.capabilities,
        price_of=prices_of(plan.prices),
        expert_models=frozenset(name for name, price in plan.prices.items() if price.expert),
        correlation=plan.correlation,
    )


def compile_contracts(plan: Plan, base: Path, models: Mapping[str, Json]) -> dict[str, Contract]:
    """Every contract by output field; `models` holds the schemas of pydantic models. Raises InputError."""
    faults: list[Fault] = []
    found: dict[str, Contract] = {}
    for name, source in plan.schemas.items():
        try:
            where = f"schemas.{name} ({printable(source)})" if isinstance(source, str) else f"schemas.{name}"
            found[name] = compile_contract(_source(name, source, base, models), name=name, where=where)
        except InputError as error:
            faults.extend(error.faults)
    if faults:
        raise InputError(faults)
    return found


def unchecked_keywords(plan: Plan, base: Path) -> dict[str, list[str]]:
    """Output field to where its JSON Schema file has keywords that check nothing. Contracts must have compiled."""
    from sluicegate.checks.json_schema import unknown_keywords

    sources = {
        name: source
        for name, source in plan.schemas.items()
        if not isinstance(source, str) or (source not in BUILT_IN_CONTRACTS and not _is_target(source, base))
    }
    found = {name: unknown_keywords(_source(name, source, base, {})) for name, source in sources.items()}
    return {name: places for name, places in found.items() if places}


def exported_models(plan: Plan, base: Path) -> dict[str, Json]:
    """The JSON Schema of each pydantic model the plan names, exported in a process of its own."""
    return {
        name: _exported(name, source, base)
        for name, source in plan.schemas.items()
        if isinstance(source, str) and _is_target(source, base)
    }


def _source(name: str, source: Json, base: Path, models: Mapping[str, Json]) -> Json:
    if not isinstance(source, str) or source in BUILT_IN_CONTRACTS:
        return source
    if _is_target(source, base):
        if name not in models:
            what = f"the schema of '{source}' is not in the lock."
            raise InputError(Fault(where=f"schemas.{name}", what=what, mend="Run: sluicegate plan lock PLAN"))
        return models[name]
    path = base / source
    mend = (
        "Name a JSON Schema file beside the plan, module:Model, or a built-in contract: "
        f"{', '.join(BUILT_IN_CONTRACTS)}."
    )
    if path.exists() and not path.is_file():  # a pipe would be waited for for ever
        raise InputError(Fault(where=f"schemas.{name}", what=f"'{source}' is not a regular file.", mend=mend))
    try:
        return parse(path.read_bytes())
    except OSError as error:
        raise InputError(Fault(where=f"schemas.{name}", what=f"'{source}': {error.strerror}.", mend=mend)) from None
    except ValueError as error:
        what = f"'{source}' is no JSON: {printable(str(error))}."
        raise InputError(Fault(where=f"schemas.{name}", what=what, mend="Mend the file.")) from None


def _is_target(source: str, base: Path) -> bool:
    _, colon, attribute = source.partition(":")
    return bool(colon) and attribute.isidentifier() and not (base / source).exists()


_EXPORT = """
import importlib, json, sys
from sluicegate.pipelines.own_source import read_sources
read_sources()
sys.path.insert(0, sys.argv[1])
found = importlib.import_module(sys.argv[2])
for name in sys.argv[3].split("."):
    found = getattr(found, name)
from pydantic import TypeAdapter
print(json.dumps(TypeAdapter(found).json_schema()))
"""


def _exported(name: str, source: str, base: Path) -> Json:
    module, _, attribute = source.partition(":")
    command = [sys.executable, "-c", _EXPORT, str(base), module, attribute]
    done = subprocess.run(command, capture_output=True, text=True, cwd=base, timeout=120, check=False)  # noqa: S603 - the user's own model, named by the plan
    if done.returncode:
        last = printable(done.stderr.strip().rpartition("\n")[2])[:300]
        what = f"'{source}' gives no schema: {last}"
        raise InputError(Fault(where=f"schemas.{name}", what=what, mend="Name a pydantic model as module:Model."))
    # What the module prints while it is imported stands before it.
    return parse(done.stdout.rstrip().rpartition("\n")[2])
