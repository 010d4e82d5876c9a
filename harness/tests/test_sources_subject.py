"""What makes a subject another one, and what does not."""

from __future__ import annotations

import os
import subprocess
import sys
import tracemalloc
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import pytest

from sluicegate.errors import InputError
from sluicegate.plan.lock import Lock, LockedStage
from sluicegate.plan.types import CallableTarget, Exposure, PipelineSpec, Plan, Stage, SubjectSpec, ToolSpec
from sluicegate.sources.asked import said_by_command
from sluicegate.sources.subject import apparatus_digest, subject_digest


def a_tree(base: Path, **files: str) -> Path:
    for name, text in {"prompts/a.md": "one", "prompts/deep/b.md": "two", **files}.items():
        path = base / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return base


def prompts(*patterns: str) -> SubjectSpec:
    return SubjectSpec(files={"prompts": patterns or ("prompts/**/*.md",)})


def faults_of(spec: SubjectSpec, base: Path) -> str:
    with pytest.raises(InputError) as caught:
        subject_digest(spec, base)
    return str(caught.value)


def git(base: Path, *arguments: str) -> None:
    names = ("-c", "user.name=a", "-c", "user.email=a@example.test", "-c", "init.defaultBranch=main")
    clean = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    subprocess.run(["git", *names, *arguments], cwd=base, check=True, capture_output=True, env=clean)


def a_repository(base: Path) -> Path:
    a_tree(base)
    git(base, "init")
    git(base, "add", ".")
    git(base, "commit", "-m", "first")
    return base


def test_the_same_files_are_the_same_subject_anywhere(tmp_path: Path) -> None:
    """The digest depends on names and content, not on where the folder lies."""
    here, there = subject_digest(prompts(), a_tree(tmp_path / "x")), subject_digest(prompts(), a_tree(tmp_path / "y"))

    assert here == there
    assert list(here[1]) == ["prompts"]


@pytest.mark.parametrize("change", [{"prompts/a.md": "One"}, {"prompts/c.md": ""}])
def test_a_changed_or_added_file_is_another_subject(tmp_path: Path, change: dict[str, str]) -> None:
    """One letter, or one empty file more."""
    before = subject_digest(prompts(), a_tree(tmp_path))[0]

    assert before != subject_digest(prompts(), a_tree(tmp_path, **change))[0]


def test_a_renamed_file_is_another_subject(tmp_path: Path) -> None:
    """The name is part of what serves."""
    before = subject_digest(prompts(), a_tree(tmp_path))[0]
    (tmp_path / "prompts/a.md").rename(tmp_path / "prompts/z.md")

    assert before != subject_digest(prompts(), tmp_path)[0]


def test_a_file_matched_twice_counts_once(tmp_path: Path) -> None:
    """Overlapping patterns are one set of files."""
    a_tree(tmp_path)

    assert subject_digest(prompts(), tmp_path) == subject_digest(prompts("prompts/**/*.md", "prompts/*.md"), tmp_path)


def test_a_trailing_double_star_means_every_file_below(tmp_path: Path) -> None:
    """The same on every version of Python."""
    a_tree(tmp_path)

    assert subject_digest(prompts("prompts/**"), tmp_path) == subject_digest(prompts("prompts/**/*"), tmp_path)


def test_compiled_caches_are_no_part(tmp_path: Path) -> None:
    """Running the code does not make it another subject."""
    before = subject_digest(prompts("prompts/**/*"), a_tree(tmp_path))[0]
    a_tree(tmp_path, **{"prompts/__pycache__/a.cpython-311.pyc": "x"})

    assert before == subject_digest(prompts("prompts/**/*"), tmp_path)[0]


@pytest.mark.parametrize("pattern", ["prompt/*.md", "prompts/*.txt", "prompts/deep"])
def test_a_pattern_that_matches_no_file_is_an_error(tmp_path: Path, pattern: str) -> None:
    """A folder is no file either."""
    assert f"'{pattern}' matches no file" in faults_of(prompts("prompts/a.md", pattern), a_tree(tmp_path))


@pytest.mark.parametrize("pattern", ["/etc/passwd", "../*.md", "prompts/../../x", ""])
def test_a_pattern_that_leaves_the_folder_is_an_error(tmp_path: Path, pattern: str) -> None:
    """Absolute and climbing patterns name what another machine does not have."""
    assert "leaves the folder" in faults_of(prompts(pattern), a_tree(tmp_path))


def test_a_link_that_leads_outside_is_an_error(tmp_path: Path) -> None:
    """Neither a linked file nor a file below a linked folder may lie elsewhere."""
    base = a_tree(tmp_path / "in")
    a_tree(tmp_path / "out")
    (base / "prompts/link.md").symlink_to(tmp_path / "out/prompts/a.md")
    (base / "linked").symlink_to(tmp_path / "out/prompts")

    assert "'prompts/link.md' leads outside" in faults_of(prompts(), base)
    assert "'linked/a.md' leads outside" in faults_of(prompts("linked/*.md"), base)


def test_a_link_inside_counts_by_its_own_name_and_its_content(tmp_path: Path) -> None:
    """What it points at may change unnoticed otherwise."""
    base = a_tree(tmp_path)
    (base / "other.txt").write_text("one")
    (base / "prompts/link.md").symlink_to(base / "other.txt")
    before = subject_digest(prompts(), base)[0]
    (base / "other.txt").write_text("two")

    assert before != subject_digest(prompts(), base)[0]


def test_a_link_to_nothing_is_an_error(tmp_path: Path) -> None:
    """It matched, and there is nothing to read."""
    base = a_tree(tmp_path)
    (base / "prompts/gone.md").symlink_to(base / "nowhere")

    assert "'prompts/gone.md' is a link to nothing" in faults_of(prompts(), base)


def test_models_and_values_are_shown_as_they_are(tmp_path: Path) -> None:
    """Short parts stay readable, models in sorted order."""
    digest, parts = subject_digest(SubjectSpec(models=("b-2", "a-1"), values={"index": "v7"}), tmp_path)

    assert parts == {"models": "a-1, b-2", "index": "v7"}
    assert len(digest) == 64
    assert digest != subject_digest(SubjectSpec(models=("b-2",), values={"index": "v7"}), tmp_path)[0]


def test_a_subject_of_nothing_and_a_part_named_twice_are_errors(tmp_path: Path) -> None:
    """Unknown is never promote: what serves must be named, once."""
    assert "names nothing" in faults_of(SubjectSpec(), tmp_path)
    twice = SubjectSpec(models=("a",), values={"models": "b"})
    assert "two parts named 'models'" in faults_of(twice, tmp_path)


def test_a_clean_tree_is_its_commit(tmp_path: Path) -> None:
    """The git part names the commit itself, from any folder below."""
    base = a_repository(tmp_path)

    _, parts = subject_digest(SubjectSpec(git="HEAD"), base / "prompts")

    assert parts["git"].startswith("git:")
    assert len(parts["git"]) == 44


@pytest.mark.parametrize("change", ["modified", "staged", "untracked", "deleted"])
def test_a_dirty_tree_is_an_error(tmp_path: Path, change: str) -> None:
    """Whatever way the tree differs from its commit, and the file is named."""
    base = a_repository(tmp_path)
    name = "new.md" if change == "untracked" else "prompts/a.md"
    if change == "deleted":
        (base / name).unlink()
    else:
        (base / name).write_text("changed")
    if change == "staged":
        git(base, "add", name)

    assert f"the working tree is dirty: {name}" in faults_of(SubjectSpec(git="HEAD"), base)


def test_the_state_file_does_not_make_the_tree_dirty(tmp_path: Path) -> None:
    """What the gate itself writes is set aside; anything beside it still counts."""
    base = a_repository(tmp_path)
    state = base / "rollout/state.jsonl"
    state.parent.mkdir()
    state.write_text("{}")

    digest, _ = subject_digest(SubjectSpec(git="HEAD"), base, aside=[state])

    assert len(digest) == 64
    (state.parent / "notes.txt").write_text("x")
    with pytest.raises(InputError, match=r"dirty: rollout/notes\.txt"):
        subject_digest(SubjectSpec(git="HEAD"), base, aside=[state])


@pytest.mark.parametrize("revision", ["v9", "--upload-pack=touch x", "", "HEAD^{tree}"])
def test_a_revision_that_names_no_commit_is_an_error(tmp_path: Path, revision: str) -> None:
    """A missing tag, an option in disguise, nothing, and a tree."""
    fault = faults_of(SubjectSpec(git=revision), a_repository(tmp_path))

    assert "names no commit" in fault or "is not a revision" in fault


def test_no_repository_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nor does a GIT_DIR in the environment lend one."""
    repository = a_repository(tmp_path / "repository")
    (tmp_path / "plain").mkdir()
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", "")
    monkeypatch.setenv("GIT_DIR", str(repository / ".git"))

    assert "is not in a git repository" in faults_of(SubjectSpec(git="HEAD"), tmp_path / "plain")


def a_plan(**changes: object) -> Plan:
    given = {
        "path": Path("rollout.yaml"),
        "digest": "a" * 64,
        "schema_version": 1,
        "name": "pilot",
        "state": Path("state.jsonl"),
        "timezone": "UTC",
        "pipeline": PipelineSpec(target=CallableTarget(target="shop:draft")),
        "subject": SubjectSpec(models=("a",)),
        "stages": (Stage(name="ten", exposure=Exposure(live=True, percent=Fraction(1, 10))),),
        "tools": (ToolSpec(name="order", path="/orders/{id}"),),
        **changes,
    }
    return Plan(**given)


LOCK = Lock(plan_digest="a")


def apparatus(plan: Plan, lock: Lock = LOCK, **changes: str) -> str:
    return apparatus_digest(plan, lock=lock, case_files={"a.jsonl": changes.get("a", "1")}, engine="0.1.0")[0]


def test_exposure_settings_are_no_part_of_the_apparatus() -> None:
    """Another percentage or flag changes the plan's bytes and the lock's quotation of them, and nothing measured."""
    exposure = Exposure(live=True, percent=Fraction(1, 4), settings={"flags": {"x": True}})
    widened = replace(a_plan(), digest="b" * 64, stages=(Stage(name="ten", exposure=exposure),))

    assert apparatus(a_plan()) == apparatus(widened, Lock(plan_digest="b"))


@pytest.mark.parametrize(
    "other",
    [
        a_plan(repeats=3),
        a_plan(stages=(Stage(name="ten", exposure=Exposure(live=False)),)),
        a_plan(
            stages=(Stage(name="ten", exposure=Exposure(live=True, percent=Fraction(1, 10), variables={"ARM": "b"})),)
        ),
        a_plan(tools=(ToolSpec(name="order", path="/order/{id}"),)),
    ],
)
def test_what_measures_is_the_apparatus(other: Plan) -> None:
    """Repeats, whether a stage is live, the variables it sets, and the tools stood in for."""
    assert apparatus(a_plan()) != apparatus(other)


def test_lock_and_case_files_are_the_apparatus() -> None:
    """A changed pin or case file is seen."""
    assert (
        len(
            {
                apparatus(a_plan()),
                apparatus(a_plan(), replace(LOCK, stages={"ten": LockedStage()})),
                apparatus(a_plan(), a="2"),
            }
        )
        == 3
    )


PYTHON = (sys.executable, "-c")


@pytest.mark.parametrize(
    ("program", "said"),
    [
        ("import sys\nwhile True: sys.stdout.write('v' * 65536)", "said more than a version"),
        ("import sys; sys.stderr.write('x' * 3_000_000 + 'no release'); sys.exit(3)", "exited with 3."),
        ("import sys; sys.exit('no release')", "exited with 1. no release"),
        ("pass", "said nothing"),
    ],
)
def test_a_command_that_says_no_version_is_an_error_however_much_it_says(
    tmp_path: Path, program: str, said: str
) -> None:
    """What never ends is broken off, and no more of it is held than a version may have; of complaints the end is."""
    tracemalloc.start()
    with pytest.raises(InputError) as refused:
        said_by_command([*PYTHON, program], "release", tmp_path)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert said in str(refused.value)
    assert peak < 4_000_000


def test_what_a_command_prints_is_taken_while_it_complains(tmp_path: Path) -> None:
    """Warnings on standard error, megabytes of them, stop nobody."""
    program = "import sys; sys.stderr.write('w' * 2_000_000); print('v7')"

    assert said_by_command([*PYTHON, program], "release", tmp_path) == "v7"
