"""What serves: by content, by its own word when asked, or by words alone, which nothing is reused on."""

from __future__ import annotations

import json
import os
import shutil
import sys
import time
from collections.abc import Iterator
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread

import pytest

from sluicegate.errors import InputError
from sluicegate.plan.types import SubjectSpec
from sluicegate.session.demo import demonstration, references
from sluicegate.session.read_files import content_of
from sluicegate.sources.subject import subject_digest

sys.path.insert(0, str(Path(__file__).parent))
from rollout_world import PLAN, YESTERDAY, Rollout, drafts, made, no_promote, refused, with_live

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

        assert done.kind == "hold.below_target"
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
    kind = "text/plain"
    drips = False

    def do_GET(self) -> None:
        status, body = type(self).answer
        self.send_response(status)
        self.send_header("location", "/login")
        self.send_header("content-type", type(self).kind)
        self.end_headers()
        for byte in body:
            self.wfile.write(bytes([byte]))
            if type(self).drips:
                time.sleep(0.02)

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
            ((203, b"v1"), "HTTP 203; expected 200"),
            ((206, b"v1"), "HTTP 206; expected 200"),
            ((200, b"\xef\xbb\xbfv1"), "a byte order mark"),
            ((200, b"\xef\xbb\xbf<html>"), "a byte order mark"),
            ((200, "v1".encode("utf-16")), "a byte order mark"),
            ((200, b"\x1f\x8b\x08v1"), "no UTF-8 text"),
            ((200, b"v\x001"), "no text"),
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

    def test_a_page_of_any_beginning(self, tmp_path: Path, service: tuple[str, type[_Version]]) -> None:
        """A page is known by its media type too."""
        url, kind = service
        kind.answer, kind.kind = (200, b"Please <b>log in</b>"), "text/html; charset=utf-8"

        with pytest.raises(InputError, match="answers with a page"):
            subject_digest(SubjectSpec(services={"service": url}), tmp_path)

    def test_a_slow_drip(
        self, tmp_path: Path, service: tuple[str, type[_Version]], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """The time-out is of the whole answer: each byte in time is no answer in time."""
        monkeypatch.setattr("sluicegate.sources.asked._TIMEOUT_S", 0.4)
        url, kind = service
        kind.answer, kind.drips = (200, b"v1 " * 1000), True
        began = time.monotonic()
        try:
            with pytest.raises(InputError, match=r"no whole answer within 0\.4 s"):
                subject_digest(SubjectSpec(services={"service": url}), tmp_path)
        finally:
            kind.drips = False

        assert time.monotonic() - began < 5

    def test_nobody_there(self, tmp_path: Path, service: tuple[str, type[_Version]]) -> None:
        """Refused connections are a fault of the address, not of the build."""
        with pytest.raises(InputError, match="did not say"):
            subject_digest(SubjectSpec(services={"service": "http://127.0.0.1:9/version"}), tmp_path)

    def test_a_command(self, tmp_path: Path) -> None:
        """What it prints, run beside the plan; what fails, prints nothing or is not there is a fault."""
        (tmp_path / "VERSION").write_text("v7\n")

        assert subject_digest(SubjectSpec(commands={"build": ("cat", "VERSION")}), tmp_path)[1] == {"build": "v7"}
        for argv, said in (
            (("printf", "\\357\\273\\277v7"), "a byte order mark"),
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

    @pytest.mark.parametrize("into", ["prompts/system.md", "prompts/b.md"], ids=["changed", "added"])
    def test_edited_while_the_cases_run(self, tmp_path: Path, into: str) -> None:
        """Some answers came from one text and some from another; what nobody touched is no reason to hold."""
        rollout = made(tmp_path / "shop", with_subject("{texts: {files: 'prompts/*.md'}}"))
        edits = f'    (SWITCHES.parent / "{into}").write_text("v2")\n    number = input["n"]\n'
        rollout.replace('    number = input["n"]\n', edits, "bot.py")

        done = rollout.run("gate", "rollout.yaml")

        assert "files of the subject (texts) changed while the cases ran" in done.err
        assert done.code in (10, 30)
        assert rollout.gate().kind == "complete"

    @pytest.mark.parametrize("part", ["{http: /version}", "{http: 'ftp://a/b'}"])
    def test_an_address_that_is_none(self, tmp_path: Path, part: str) -> None:
        """Said with the plan's other faults, by line."""
        rollout = made(tmp_path / "shop", with_subject("{release: v12}"))
        rollout.replace("{release: v12}", f"{{service: {part}}}")

        refused(rollout.run("plan", "check", "rollout.yaml"), 40, "'http' is no address")


class TestUnnamed:
    """What the pipeline runs beside what the plan names: a broken build is not promoted on the old one's evidence."""

    def test_a_helper_that_nobody_named(self, tmp_path: Path) -> None:
        """`plan check` says what is followed; a change of it is a new subject, which `judge` knows nothing of."""
        rollout = made(tmp_path / "shop", with_subject("{prompts: {files: 'prompts/*.md'}}"))
        rollout.replace('    number = input["n"]', '    import helper\n    number = input["n"]', "bot.py")
        rollout.write("helper.py", "")
        checked = " ".join(rollout.sound("plan", "check", "rollout.yaml").out.split())
        assert "names no part that holds bot, helper, which the pipeline runs: followed" in checked
        assert rollout.gate().kind == "complete"
        assert rollout.gate().verdict["attempt"] == 1
        rollout.write("helper.py", "raise RuntimeError('another build')")

        assert rollout.judge().kind == "hold.invalid_evidence"
        done = rollout.gate()
        assert (done.code, done.verdict["attempt"]) == (10, 2)

    def test_edited_while_the_cases_run(self, tmp_path: Path) -> None:
        """Half of the answers of one build, half of another's, are those of neither."""
        rollout = made(tmp_path / "shop", with_subject("{release: v12}"))
        edits = '    with open(__file__, "a") as file: file.write("# more\\n")\n    number = input["n"]\n'
        rollout.replace('    number = input["n"]\n', edits, "bot.py")

        done = rollout.run("gate", "rollout.yaml")

        assert "files of the subject (imports) changed while the cases ran" in done.err
        assert done.code == 30


READS = """\
import json
from pathlib import Path

HERE = Path(__file__).parent
says = json.loads((HERE / "says.json").read_text())["says"]
memory = HERE / "memory.txt"
try:
    exec(compile("import no_such", "<string>", "exec"))
except ImportError as error:
    import traceback

    traceback.format_exception(error)
memory.write_text((memory.read_text() if memory.exists() else "") + "started")
prompt = (HERE / "prompts" / "system.md").read_text()


def answer(input):
    return {"text": says, "order": input["n"]}
"""


class TestRead:
    """A file that is read while the cases run and that nobody named: evidence stands as long as it stays as it was."""

    @pytest.fixture
    def rollout(self, tmp_path: Path) -> Rollout:
        """Gated once; named are the code and the prompts, and not `says.json`."""
        rollout = made(tmp_path / "shop", PLAN[: PLAN.index("  - name: ten")])
        rollout.write("bot.py", READS)
        rollout.write("memory.txt", "")
        rollout.write("says.json", '{"says": "all ok"}')
        done = rollout.gate()
        assert done.kind == "complete", done.said
        (note,) = (note for note in done.verdict["notes"] if "does not name" in note)
        assert note.startswith("the pipeline read says.json, which"), "neither what is named nor what it writes itself"
        return rollout

    def test_reused_while_it_is_the_same(self, rollout: Rollout) -> None:
        """Its time and what the pipeline remembers do not matter."""
        rollout.write("says.json", '{"says": "all ok"}')
        rollout.write("memory.txt", "another")

        done = rollout.gate()

        assert (done.kind, done.verdict["attempt"]) == ("complete", 1)

    def test_changed_since(self, rollout: Rollout) -> None:
        """`judge` holds with the file's name; `gate` calls anew, and sees what the other text is worth."""
        rollout.write("says.json", '{"says": "rubbish"}')

        held = no_promote(rollout.judge(), "hold.invalid_evidence")
        assert "read says.json, which the subject does not name and which changed since" in held.said
        done = rollout.gate()
        assert (done.code, done.verdict["attempt"]) == (10, 2)
        assert "rubbish" in done.out

    def test_verify_asks_for_what_was_read(self, rollout: Rollout) -> None:
        """A promote stands on the file too: another text, or none, is refused with its name; the same text passes."""
        step = ("--plan", "rollout.yaml", "--from", "preflight", "--subject", rollout.subject())
        verdict = rollout.verdict()
        assert set(json.loads(verdict.read_bytes())["files_read"]) == {"says.json"}
        rollout.sound("verify", verdict, *step)

        rollout.write("says.json", '{"says": "rubbish"}')
        changed = rollout.run("verify", verdict, *step)
        (rollout.root / "says.json").unlink()
        gone = rollout.run("verify", verdict, *step)

        refused(changed, 30, "says.json: was read when it was measured, and holds something else now", "{files: …}")
        refused(gone, 30, "says.json: was read when it was measured, and is not there now", "sluicegate gate")

    def test_a_changed_ledger_is_named_by_file_and_line(self, rollout: Rollout) -> None:
        """The verdict says where to look."""
        lines = rollout.ledger().read_bytes().splitlines(keepends=True)
        rollout.ledger().write_bytes(b"".join([*lines[:4], lines[4].replace(b"a", b"b", 1), *lines[5:]]))

        assert "ledger-1.jsonl:5: " in no_promote(rollout.judge(), "hold.invalid_evidence").said

    def test_an_interrupted_run_does_not_go_on_with_another_text(self, rollout: Rollout) -> None:
        """Half of the answers of one text, half of another's, are those of neither."""
        shutil.rmtree(rollout.root / ".sluicegate")  # of which verdicts were given
        shutil.rmtree(rollout.root / "rollout")
        rollout.sound("collect", "rollout.yaml")
        lines = rollout.ledger().read_bytes().splitlines(keepends=True)
        rollout.ledger().write_bytes(b"".join(lines[:31]))
        rollout.write("says.json", '{"says": "also ok"}')

        rollout.sound("collect", "rollout.yaml")

        assert not rollout.ledger(number=2).exists()
        assert rollout.ledger(attempt=2).exists()


@pytest.mark.parametrize(
    ("named", "copied"), [("[bot.py]", False), ("[bot.py]", True), ("[bot.py, cases.jsonl]", False)]
)
def test_a_pipeline_that_reads_its_cases(tmp_path: Path, named: str, copied: bool) -> None:
    """What it answers may be what they expect: no promote, whether the subject names the file or not."""
    rollout = made(tmp_path / "shop", with_subject(f"{{code: {{files: {named}}}}}"))
    cases = "copy.jsonl" if copied else "cases.jsonl"
    rollout.write(cases, (rollout.root / "cases.jsonl").read_text())
    rollout.write(
        "bot.py",
        "import os\nfrom pathlib import Path\nHERE = Path(__file__).parent\n"
        f"os.listdir(HERE)\nopen(HERE / {cases!r}).close()\n"
        "def answer(input):\n    return {'text': 'all ok', 'order': input['n']}\n",
    )

    held = no_promote(rollout.gate(), "hold.invalid_experiment")

    assert f"the pipeline read the cases it is judged by ({cases})" in held.said


def test_a_file_whose_name_is_no_text(tmp_path: Path) -> None:
    """What no record can name is not passed over: it counts as changed, until the subject names it."""
    rollout = made(tmp_path / "shop", PLAN[: PLAN.index("  - name: ten")])
    name = b"menu\xe9.txt"
    rollout.root.joinpath(os.fsdecode(name)).write_text("all ok")
    rollout.write(
        "bot.py",
        "from pathlib import Path\n"
        f"says = open({name!r}).read()\n"
        "def answer(input):\n    return {'text': says, 'order': input['n']}\n",
    )

    held = no_promote(rollout.gate(), "hold.invalid_evidence")

    assert r"read menu\udce9.txt, which the subject does not name" in held.said.replace("\\\\", "\\")


def test_what_is_no_regular_file_is_not_waited_for(tmp_path: Path) -> None:
    """A pipe that nobody writes to would hold whoever opens it for ever."""
    os.mkfifo(tmp_path / "pipe")

    assert content_of(tmp_path, "pipe") == "no regular file"
    assert content_of(tmp_path, "gone") == "absent"


VERSIONED = with_live("approved: {from: live, promote: 95 %, alert: 75 %, rollback: 60 %, min: 100}").replace(
    SUBJECT, "subject: {build: {command: [cat, VERSION]}}\n"
)
STEP = ("--from", "ten", "--to", "half")


@pytest.fixture
def down(tmp_path: Path) -> Rollout:
    """At stage ten since yesterday, and what says the version is down: the build took it along."""
    rollout = made(tmp_path / "shop", VERSIONED)
    rollout.write("VERSION", "v1\n")
    assert rollout.gate(clock=YESTERDAY).code == 0
    rollout.enter("ten", clock=YESTERDAY)
    (rollout.root / "VERSION").unlink()
    return rollout


def the_subject(rollout: Rollout) -> str:
    """As the state file names it last."""
    return str(json.loads(rollout.state.read_bytes().splitlines()[-1])["subject"])


class TestUntold:
    """A bad build that took its version service down is taken back all the same; nothing is promoted meanwhile."""

    def test_a_rollback_is_recorded_of_what_was_entered(self, down: Rollout) -> None:
        """With a warning that names it, and how to name another."""
        subject = the_subject(down)

        done = down.sound("record", "rollback", "rollout.yaml", "--stage", "ten", "--by", "kim")

        assert "what serves cannot be told" in done.err
        assert f"rolled back is {subject}" in done.err
        assert the_subject(down) == subject
        assert json.loads(down.state.read_bytes().splitlines()[-1])["kind"] == "rolled_back"

    def test_what_was_noted_at_the_stage_goes_before_what_was_noted_last(self, down: Rollout) -> None:
        """Meanwhile the next build was gated elsewhere: it is not what stands at ten."""
        subject = the_subject(down)
        down.write("VERSION", "v2\n")
        assert down.gate("--stage", "preflight").code == 0
        assert (following := the_subject(down)) != subject
        (down.root / "VERSION").unlink()

        down.sound("record", "rollback", "rollout.yaml", "--stage", "half", "--by", "kim")
        assert the_subject(down) == following
        down.sound("record", "rollback", "rollout.yaml", "--stage", "preflight", "--by", "kim", "--subject", "b" * 64)
        assert the_subject(down) == "b" * 64

    def test_measurements_are_recorded_where_somebody_says_whose_they_are(self, down: Rollout) -> None:
        """By --subject, and the verdict on them is a rollback that verify passes on without a subject."""
        subject = the_subject(down)
        bad = drafts(held=lambda number: number % 4 == 0)
        refused(down.measured("approved", bad), 2, "subject.build", "--subject DIGEST", subject)

        assert down.measured("approved", bad, "--subject", subject).code == 0
        no_promote(down.judge(), "rollback.threshold")

        done = down.run("verify", down.verdict("ten"), "--plan", "rollout.yaml", *STEP, "--subject", "")
        refused(done, 20, "rollback.threshold: ten", "subject not compared")
        other = down.run("verify", down.verdict("ten"), "--plan", "rollout.yaml", *STEP, "--subject", "b" * 64)
        refused(other, 30, "subject: expected bbbb")

    def test_a_promote_needs_the_subject(self, down: Rollout) -> None:
        """Good rows are recorded too; neither judge nor verify goes on with them."""
        subject = the_subject(down)
        assert down.measured("approved", drafts(900), "--subject", subject).code == 0
        refused(down.run("judge", "rollout.yaml"), 2, "subject.build")
        refused(down.run("record", "entry", "rollout.yaml", "--stage", "half"), 2, "subject.build")
        down.write("VERSION", "v1\n")
        assert down.judge().kind == "promote"

        done = down.run("verify", down.verdict("ten"), "--plan", "rollout.yaml", *STEP, "--subject", "")

        refused(done, 30, "subject: expected the digest of what serves, given none")


def test_a_defect_is_a_part_of_the_subject(tmp_path: Path) -> None:
    """A demonstration's planted defect comes by the environment; its evidence is another subject's all the same."""
    for name, reference in references().items():
        sound = demonstration(name, None, tmp_path).workspace
        some = reference.defects[:6]
        subjects = {demonstration(name, planted.name, tmp_path).workspace.subject for planted in some}
        assert len(subjects | {sound.subject}) == len(some) + 1
        assert "defect" not in json.dumps(dict(sound.subject_parts))
