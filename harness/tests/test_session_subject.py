"""What serves: by content, by its own word when asked, or by words alone, which nothing is reused on."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread

import pytest

from sluicegate.errors import InputError
from sluicegate.plan.types import SubjectSpec
from sluicegate.session.demo import demonstration, references
from sluicegate.sources.subject import subject_digest

sys.path.insert(0, str(Path(__file__).parent))
from rollout_world import PLAN, Rollout, made, refused

sys.path.pop(0)

SUBJECT = PLAN[PLAN.index("subject:\n") : PLAN.index("cases: ")]


def with_subject(subject: str) -> str:
    """The plan's first stage alone, with another subject."""
    return PLAN[: PLAN.index("  - name: ten")].replace(SUBJECT, f"subject: {subject}\n")


def by_word(root: Path) -> Rollout:
    return made(root / "shop", with_subject("{release: v12, models: [tiny-1]}"))


class TestByWord:
    """The words stay when another build is deployed under them."""

    def test_the_gate_collects_anew(self, tmp_path: Path) -> None:
        """The service of yesterday was sound, today's is not, and the plan says v12 of both."""
        rollout = by_word(tmp_path)
        assert rollout.gate().kind == "complete"
        rollout.switch("wrong", *range(20))

        done = rollout.gate()

        assert done.kind == "hold.failed"
        assert done.verdict["attempt"] == 2

    def test_collect_does_too(self, tmp_path: Path) -> None:
        """Nothing is said to be done already."""
        rollout = by_word(tmp_path)
        for _ in range(2):
            assert "40 of 40 trials run" in rollout.sound("collect", "rollout.yaml").out
        assert rollout.ledger(attempt=2).exists()

    def test_an_interrupted_run_is_not_gone_on_with(self, tmp_path: Path) -> None:
        """Half of the answers of one build, half of another's, are those of neither."""
        rollout = by_word(tmp_path)
        assert rollout.gate().code == 0
        lines = rollout.ledger().read_bytes().splitlines(keepends=True)
        rollout.ledger().write_bytes(b"".join(lines[:31]))

        rollout.sound("collect", "rollout.yaml")

        assert not rollout.ledger(number=2).exists()
        assert rollout.ledger(attempt=2).exists()

    def test_judge_says_how_old_the_evidence_is(self, tmp_path: Path) -> None:
        """It runs nothing, so it cannot know what serves now; it says so."""
        rollout = by_word(tmp_path)
        assert rollout.gate(clock=-timedelta(hours=5)).code == 0

        done = rollout.judge()

        (note,) = (note for note in done.verdict["notes"] if "by word" in note)
        assert "by word (release, models): its evidence is about 5 hours old" in note

    def test_content_is_reused_as_before(self, tmp_path: Path) -> None:
        """What is addressed by its content is the same thing tomorrow."""
        rollout = made(tmp_path / "shop", with_subject('{code: {files: "*.py"}, release: v12}'))
        assert rollout.gate().code == 0

        done = rollout.gate()

        assert done.verdict["attempt"] == 1
        assert "by word" not in str(done.verdict["notes"])


class _Version(BaseHTTPRequestHandler):
    answer = (200, b'{"commit": "abc123"}')

    def do_GET(self) -> None:
        status, body = type(self).answer
        self.send_response(status)
        self.send_header("location", "/login")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args: object) -> None:
        pass


@pytest.fixture
def service() -> Iterator[tuple[str, type[_Version]]]:
    """An address that answers with `answer`."""
    kind = type("Version", (_Version,), {})
    server = HTTPServer(("127.0.0.1", 0), kind)
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/version", kind
    server.shutdown()
    server.server_close()
    thread.join()


class TestAsked:
    """`{http: …}` and `{command: […]}`: the running service says what it is."""

    def test_a_new_deployment_is_a_new_subject(self, tmp_path: Path, service: tuple[str, type[_Version]]) -> None:
        """The same answer is the same subject, another one another; a long one counts by its digest."""
        url, kind = service
        spec = SubjectSpec(services={"service": url})

        first = subject_digest(spec, tmp_path)
        assert subject_digest(spec, tmp_path) == first
        assert first[1] == {"service": '{"commit": "abc123"}'}
        kind.answer = (200, b"v2\n" * 100)
        assert subject_digest(spec, tmp_path)[1]["service"].startswith("sha256:")
        assert not spec.by_word

    @pytest.mark.parametrize(
        ("answer", "said"),
        [
            ((503, b"v1"), "503"),
            ((302, b""), "302"),
            ((200, b" \n"), "said nothing"),
            ((200, b"<!doctype html><title>Log in</title>"), "answered with a page"),
        ],
    )
    def test_no_answer_is_no_version(
        self, tmp_path: Path, service: tuple[str, type[_Version]], answer: tuple[int, bytes], said: str
    ) -> None:
        """An error, a redirect, nothing, a login page: a fault that names the part and the mend."""
        url, kind = service
        kind.answer = answer

        with pytest.raises(InputError) as caught:
            subject_digest(SubjectSpec(services={"service": url}), tmp_path)

        assert str(caught.value).startswith("subject.service: ")
        assert said in str(caught.value)

    def test_nobody_there(self, tmp_path: Path, service: tuple[str, type[_Version]]) -> None:
        """Refused connections are a fault of the address, not of the build."""
        with pytest.raises(InputError, match="did not say"):
            subject_digest(SubjectSpec(services={"service": "http://127.0.0.1:9/version"}), tmp_path)

    def test_a_command(self, tmp_path: Path) -> None:
        """What it prints, run beside the plan; what fails, prints nothing or is not there is a fault."""
        (tmp_path / "VERSION").write_text("v7\n")

        assert subject_digest(SubjectSpec(commands={"build": ("cat", "VERSION")}), tmp_path)[1] == {"build": "v7"}
        for argv, said in (
            (("false",), "exited with 1"),
            (("true",), "said nothing"),
            (("no-such",), "cannot be asked"),
        ):
            with pytest.raises(InputError, match=said):
                subject_digest(SubjectSpec(commands={"build": argv}), tmp_path)

    def test_in_a_plan(self, tmp_path: Path) -> None:
        """The gate starts anew when the command says another version, and reuses what it has when it does not."""
        rollout = made(tmp_path / "shop", with_subject("{build: {command: [cat, VERSION]}}"))
        refused(rollout.run("gate", "rollout.yaml"), 2, "subject.build", "exited with 1")
        rollout.write("VERSION", "v1\n")
        assert rollout.gate().verdict["attempt"] == 1
        assert rollout.gate().verdict["attempt"] == 1
        rollout.write("VERSION", "v2\n")

        assert rollout.gate().verdict["attempt"] == 2

    def test_deployed_while_the_cases_run(self, tmp_path: Path) -> None:
        """The version is another one at the end: evidence of neither, and the next gate begins anew."""
        rollout = made(tmp_path / "shop", with_subject("{build: {command: [cat, VERSION]}}"))
        rollout.write("VERSION", "v1\n")
        deploys = '    (SWITCHES.parent / "VERSION").write_text("v2")\n    number = input["n"]\n'
        rollout.replace('    number = input["n"]\n', deploys, "bot.py")

        done = rollout.run("gate", "rollout.yaml")

        assert "another build was deployed while the cases ran" in done.err
        assert done.code == 30
        again = rollout.gate()
        assert (again.kind, again.verdict["attempt"]) == ("complete", 2)

    @pytest.mark.parametrize("part", ["{http: /version}", "{http: 'ftp://a/b'}"])
    def test_an_address_that_is_none(self, tmp_path: Path, part: str) -> None:
        """Said with the plan's other faults, by line."""
        rollout = made(tmp_path / "shop", with_subject("{release: v12}"))
        rollout.replace("{release: v12}", f"{{service: {part}}}")

        refused(rollout.run("plan", "check", "rollout.yaml"), 40, "'http' is no address")


def test_a_defect_is_a_part_of_the_subject(tmp_path: Path) -> None:
    """A demonstration's planted defect comes by the environment; its evidence is another subject's all the same."""
    for name, reference in references().items():
        sound = demonstration(name, None, tmp_path).workspace
        subjects = {demonstration(name, planted.name, tmp_path).workspace.subject for planted in reference.defects}
        assert len(subjects | {sound.subject}) == len(reference.defects) + 1
        assert "defect" not in json.dumps(dict(sound.subject_parts))
