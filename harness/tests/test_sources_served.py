"""What a pipeline runs of the user's own code is part of what serves, whether or not the plan names it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from sluicegate.plan.types import CallableTarget, CommandTarget, HttpTarget, PipelineSpec, SubjectSpec
from sluicegate.sources.imports import imported_files
from sluicegate.sources.served import served_files, unnamed_files
from sluicegate.sources.subject import subject_digest

CALLED = PipelineSpec(target=CallableTarget(target="shop.bot:answer"))
TREE = {
    "shop/__init__.py": "",
    "shop/bot.py": "import json, numpy, sluicegate\nfrom . import near\nfrom helper import text\n",
    "shop/near.py": "def late():\n    import importlib\n    return importlib.import_module('shop.lazy')\n",
    "shop/lazy.py": "",
    "shop/unused.py": "",
    "helper.py": "import broken\n",
    "broken.py": "def (:\n    import unreached\n",
    "unreached.py": "",
}
FOLLOWED = {"shop", "shop.bot", "shop.near", "shop.lazy", "helper", "broken"}


def a_tree(base: Path, **files: str) -> Path:
    for name, text in {**TREE, **files}.items():
        path = base / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return base


def parts(spec: SubjectSpec, pipeline: PipelineSpec, base: Path) -> dict[str, str]:
    return subject_digest(spec, base, unnamed=unnamed_files(spec, pipeline, base))[1]


def command(*argv: str, cwd: str | None = None, **environment: str) -> PipelineSpec:
    return PipelineSpec(target=CommandTarget(argv=argv, cwd=cwd), environment=environment)


def git(base: Path, *arguments: str) -> None:
    names = ("-c", "user.name=a", "-c", "user.email=a@example.test", "-c", "init.defaultBranch=main")
    clean = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    subprocess.run(["git", *names, *arguments], cwd=base, check=True, capture_output=True, env=clean)


def test_imports_are_followed_from_the_target(tmp_path: Path) -> None:
    """Packages, relative and late imports, names written out; no library; what cannot be parsed counts whole."""
    assert set(served_files(CALLED, a_tree(tmp_path))) == FOLLOWED


@pytest.mark.parametrize("name", sorted(TREE))
def test_a_change_of_what_is_followed_is_a_new_subject(tmp_path: Path, name: str) -> None:
    """And a change of any other file is none."""
    spec = SubjectSpec(values={"release": "1"})
    before = parts(spec, CALLED, a_tree(tmp_path))
    (tmp_path / name).write_text(TREE[name] + "# changed\n")

    assert (parts(spec, CALLED, tmp_path) != before) is (name not in ("shop/unused.py", "unreached.py"))


def test_named_files_are_no_part_of_their_own(tmp_path: Path) -> None:
    """Where every file is named the subject is what it was; where one is not, that one is followed."""
    whole = SubjectSpec(files={"code": ("shop/*.py", "*.py")})
    assert list(parts(whole, CALLED, a_tree(tmp_path))) == ["code"]
    assert subject_digest(whole, tmp_path)[0] == subject_digest(whole, tmp_path, unnamed={})[0]

    assert set(unnamed_files(SubjectSpec(files={"code": ("shop/*.py",)}), CALLED, tmp_path)) == {"helper", "broken"}


def test_a_part_of_that_name_stays_the_users(tmp_path: Path) -> None:
    """No plan is refused because it calls a part `imports`."""
    named = parts(SubjectSpec(values={"imports": "v1"}), CALLED, a_tree(tmp_path))

    assert list(named) == ["imports", "imports (unnamed)"]


def test_where_the_module_is_nowhere_the_subject_is_what_was_named(tmp_path: Path) -> None:
    """A machine without the sources, and a service behind an address, have nothing to follow."""
    spec = SubjectSpec(values={"release": "1"})

    assert parts(spec, CALLED, tmp_path) == {"release": "1"}
    http = PipelineSpec(target=HttpTarget(url="http://127.0.0.1:9/"))
    assert parts(spec, http, a_tree(tmp_path)) == {"release": "1"}


def test_what_is_installed_by_a_link_is_followed_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Own code is followed along the import path; of what others wrote only the target's own package."""
    a_tree(tmp_path / "plan", **{"helper.py": "import mine_elsewhere, theirs\n"})
    for name in ("elsewhere/mine_elsewhere.py", "site-packages/theirs/__init__.py", "site-packages/theirs/deep.py"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("from . import deep\n" if "__init__" in name else "")
    monkeypatch.setattr(sys, "path", [str(tmp_path / "elsewhere"), str(tmp_path / "site-packages"), *sys.path])

    followed = set(served_files(CALLED, tmp_path / "plan"))

    assert followed == FOLLOWED - {"broken"} | {"mine_elsewhere"}
    assert set(imported_files(["theirs"], [tmp_path / "plan"])) == {"theirs", "theirs.deep"}


def test_the_path_the_plan_gives_the_pipeline(tmp_path: Path) -> None:
    """PYTHONPATH of the pipeline's environment is relative to the plan, as it is when the pipeline runs."""
    a_tree(tmp_path / "src")
    called = PipelineSpec(target=CALLED.target, environment={"PYTHONPATH": "src"})

    assert set(served_files(called, tmp_path)) == FOLLOWED


@pytest.mark.parametrize(
    ("pipeline", "followed"),
    [
        (command("python", "run.py"), {"run.py", "helper", "broken"}),
        (command("python", "-X", "dev", "../run.py", cwd="shop"), {"run.py", "helper", "broken"}),
        (command("./bot.sh"), {"bot.sh"}),
        (command("node", "--require", "./setup.js", "bot.js", "out.log"), {"setup.js", "bot.js"}),
        (command("runner", "task", "out.log"), {"task"}),
        (command("python", "-m", "shop"), {"shop", "shop.__main__"}),
        (
            command("python3.11", "-m", "bot", PYTHONPATH="shop"),
            {"bot", "near", "shop", "shop.lazy", "helper", "broken"},
        ),
        (command("bot.sh"), set()),
        (command("python", "/etc/hostname"), set()),
    ],
    ids=lambda value: " ".join(value.target.argv) if isinstance(value, PipelineSpec) else "",
)
def test_scripts_of_a_command(tmp_path: Path, pipeline: PipelineSpec, followed: set[str]) -> None:
    """Its own files under the plan's folder; what a Python script imports too. A file it may write to is none."""
    others = ("bot.sh", "setup.js", "bot.js", "out.log", "task")
    a_tree(tmp_path, **dict.fromkeys(others, "x"), **{"run.py": "import helper\n", "shop/__main__.py": ""})

    assert set(served_files(pipeline, tmp_path)) == followed


def test_git_covers_what_it_holds(tmp_path: Path) -> None:
    """An ignored file, and one that a tag holds otherwise than it lies here, is served all the same."""
    git(a_tree(tmp_path, **{".gitignore": "broken.py\n"}), "init")
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "-m", "first")
    git(tmp_path, "tag", "v1")
    os.utime(tmp_path / "helper.py", (1, 1))  # looked at by content
    assert set(unnamed_files(SubjectSpec(git="HEAD"), CALLED, tmp_path)) == {"broken"}

    (tmp_path / "helper.py").write_text("import broken, shop.near\n")
    git(tmp_path, "commit", "-am", "second")

    assert set(unnamed_files(SubjectSpec(git="HEAD"), CALLED, tmp_path)) == {"broken"}
    assert set(unnamed_files(SubjectSpec(git="v1"), CALLED, tmp_path)) == {"broken", "helper"}
