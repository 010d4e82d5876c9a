"""What a person types wrong: one clear line, the right exit code, never a traceback, and nothing changed."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from sluicegate.report.screen import screen_width, width_told

sys.path.insert(0, str(Path(__file__).parent))
from rollout_world import SLUICEGATE, Rollout, called, drafts, environment, gated, prepared, refused

sys.path.pop(0)


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Rollout:
    """Promoted from preflight, with a file of good rows; nothing here may change it."""
    rollout = prepared(gated, tmp_path_factory.mktemp("mistakes"))
    rows = drafts(20)
    rollout.write("good.csv", "at,passed\n" + "".join(f"{row['at']},true\n" for row in rows))
    rollout.write("bad.csv", "at,passed\nyesterday,true\n2026-01-01T00:00:00Z,perhaps\n2026-01-01T00:00:00,true\n")
    return rollout


RECORD = "record measurements rollout.yaml --metric approved --file good.csv --column at=at"
ATTEST = "record attestation rollout.yaml --name audit --by kim"

MISTAKES = [
    ("gaet rollout.yaml", 2, "Did you mean 'gate'?"),
    ("gate", 2, "Missing argument 'PLAN'"),
    ("gate gone.yaml", 40, "gone.yaml"),
    ("gate rollout.yaml --stage tem", 2, "Did you mean 'ten'?"),
    ("gate rollout.yaml --case c77", 2, "Did you mean 'c37'?"),
    ("gate rollout.yaml --wait 3", 2, "'3' is no duration. Write e.g. 90s"),
    ("gate rollout.yaml --now yesterday", 2, "'yesterday' is no time with a zone. Write e.g. 2026-"),
    ("gate rollout.yaml --now 2026-01-01T00:00:00", 2, "is no time with a zone"),
    ("gate rollout.yaml --evidence bot.py", 2, "bot.py"),
    ("gate rollout.yaml --format pdf", 2, "'pdf' is not one of"),
    ("gate bot.py", 40, "bot.py:"),
    ("judge rollout.yaml --stage tem", 2, "Did you mean 'ten'?"),
    ("collect rollout.yaml --stage tem", 2, "Did you mean 'ten'?"),
    ("record", 2, "measurements"),
    ("record measurements rollout.yaml", 2, "Missing option '--metric'"),
    (RECORD, 2, "do not say what is measured"),
    (f"{RECORD} --column k=k", 2, "do not say what is measured"),
    (f"{RECORD} --column passed=passd", 2, "Did you mean 'passed'?"),
    (f"{RECORD} --column value=passed", 2, "approved counts units"),
    (f"{RECORD} --column passed", 2, "'passed' is not of the form NAME=VALUE"),
    (f"{RECORD} --column past=passed", 2, "Did you mean 'at'?|'past' is not a column role"),
    (f"{RECORD} --column passed=passed --metric aproved", 2, "Did you mean 'approved'?"),
    (f"{RECORD} --column passed=passed --file gone.csv", 2, "gone.csv: cannot be opened"),
    (f"{RECORD} --column passed=passed --file bot.py", 2, "Give a .csv, .tsv, .jsonl or .sqlite file"),
    (f"{RECORD} --column passed=passed --file rollout.lock --table drafts", 2, "rollout.lock"),
    (f"{RECORD} --column passed=passed --file bad.csv", 2, "bad.csv:2|bad.csv:3|bad.csv:4"),
    (f"{RECORD} --column passed=passed --stage tem", 2, "Did you mean 'ten'?"),
    (f"{RECORD} --column passed=passed --since monday", 2, "is no time with a zone"),
    (
        f"{RECORD} --column passed=passed --since 2026-02-01T00:00:00Z --until 2026-01-01T00:00:00Z",
        2,
        "Swap from and to",
    ),
    (f"{RECORD} --column passed=passed --release v2", 2, "'v2' is not of the form NAME=VALUE"),
    (f"{RECORD} --column passed=passed --unit ms", 2, "Leave it out"),
    (ATTEST, 2, "Missing option '--statement'"),
    (f"{ATTEST} --statement ok --expires soon", 2, "'expires' is 'soon'"),
    (f"{ATTEST} --statement ok --expires 2020-01-01T00:00:00Z", 2, "is not after 'at'"),
    (f"{ATTEST} --statement ok --stage tem", 2, "Did you mean 'ten'?"),
    ("record entry rollout.yaml --stage tem", 2, "Did you mean 'ten'?"),
    ("record rollback rollout.yaml --stage ten", 2, "Missing option '--by'"),
    ("record acknowledgement rollout.yaml", 2, "Missing option '--by'"),
    (
        "verify gone.json --plan rollout.yaml --from ten --subject x",
        2,
        "gone.json: There is no such file; expected a verdict",
    ),
    ("verify bot.py --plan rollout.yaml --from tem --subject x", 2, "--from: 'tem' is no stage"),
    ("verify bot.py --plan rollout.yaml --from ten --to tem --subject x", 2, "--to: 'tem' is no stage"),
    ("verify bot.py --plan rollout.yaml --from ten --to half --subject x --max-age 4", 2, "'4' is no duration"),
    ("verify bot.py --plan rollout.yaml --from ten --to half --subject x", 30, "bot.py|not JSON|hold.invalid_evidence"),
    ("status gone.yaml", 40, "gone.yaml"),
    ("subject gone.yaml", 40, "gone.yaml"),
    ("report gone.json", 2, "gone.json: There is no such file; expected a verdict"),
    ("report bot.py", 2, "bot.py: is not JSON"),
    ("demo email-rag-pilto", 2, "Did you mean 'email-rag-pilot'?"),
    ("demo email-rag-pilot --defect drafts-twcie", 2, "Did you mean 'drafts-twice'?"),
    ("init bot.py", 2, "bot.py"),
    ("plan chek rollout.yaml", 2, "check"),
    ("plan lock gone.yaml", 40, "gone.yaml"),
]


@pytest.mark.parametrize(("line", "code", "said"), MISTAKES, ids=[line for line, _, _ in MISTAKES])
def test_a_mistake(shop: Rollout, line: str, code: int, said: str) -> None:
    """One of the words that help is on standard error; standard output stays empty, state and evidence as they were."""
    before = (shop.state.read_bytes(), sorted(shop.root.glob(".sluicegate/**/*")))

    done = refused(shop.run(*line.split()), code)

    assert any(words in done.text for words in said.split("|")), done.text
    assert done.out == "" or line.startswith("verify")
    assert len(done.text.splitlines()) <= 20
    assert (shop.state.read_bytes(), sorted(shop.root.glob(".sluicegate/**/*"))) == before


@pytest.mark.parametrize("made", ["pipe", "device", "folder"])
@pytest.mark.parametrize(
    ("line", "code"),
    [
        ("verify {}.json --plan rollout.yaml --from ten --subject x", 2),
        ("report {}.json", 2),
        ("status {}.yaml", 40),
        ("judge {}.yaml", 40),
        (f"{RECORD.replace('good.csv', '{}.csv')} --column passed=passed", 2),
        (f"{RECORD.replace('good.csv', '{}.jsonl')} --column passed=passed", 2),
        (f"{RECORD.replace('good.csv', '{}.db')} --column passed=passed --table drafts", 2),
    ],
)
def test_what_is_no_file_is_not_waited_for(shop: Rollout, line: str, code: int, made: str) -> None:
    """A named pipe has no writer, a device no end, a folder no text: said at once, whatever the door."""
    name = next(word for word in line.split() if word.startswith("{}")).format(made)
    path = shop.root / name
    try:
        match made:
            case "pipe":
                os.mkfifo(path)
            case "device":
                path.symlink_to("/dev/zero")
            case _:
                path.mkdir()

        done = refused(shop.run(*line.format(made).split()), code, name)
    finally:
        path.rmdir() if made == "folder" else path.unlink()

    assert any(said in done.err.lower() for said in ("not a regular file", "is a directory")), done.err


@pytest.mark.parametrize("columns", ["", "0", "-5", "abc", "1e9", "7", "99999999999", "9" * 5000])
def test_a_width_that_is_none(columns: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever COLUMNS says, a line has 20 to 500 characters: it stops no command and takes no memory."""
    with monkeypatch.context() as told:  # not for pytest, which draws its own lines by it
        told.setenv("COLUMNS", columns)
        width, said = screen_width(), width_told()

    assert 20 <= width <= 500
    assert (said is None) == (columns in {"", "0", "-5", "abc", "1e9", "9" * 5000})


@pytest.mark.parametrize("columns", ["0", "1e9", "99999999999"])
def test_no_width_stops_a_command(shop: Rollout, columns: str) -> None:
    """The verdict is drawn all the same."""
    drawn = shop.run("report", shop.verdict(), COLUMNS=columns)

    assert (drawn.code, "PROMOTE" in drawn.out) == (0, True)
    assert max(map(len, drawn.out.splitlines())) <= 500


@pytest.mark.parametrize(
    "command",
    [
        ("golden", "check", "a.jsonl", "--near"),
        ("opinion", "calibrate", "a.jsonl", "--model", "m", "--max-usd"),
        ("opinion", "rate", "a.jsonl", "--model", "m", "--max-usd"),
        ("load", "rollout.yaml", "--most"),
    ],
)
@pytest.mark.parametrize("number", ["nan", "inf"])
def test_no_number_is_no_bound(tmp_path: Path, command: tuple[str, ...], number: str) -> None:
    """What is neither above nor below anything would bound nothing."""
    (tmp_path / "a.jsonl").write_text('{"id": "a", "input": 1}\n')
    done = called(*command, number, cwd=tmp_path)
    assert done.code == 2
    assert command[-1] in done.err
    assert "Traceback" not in done.err


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no device that is full")
@pytest.mark.parametrize("words", ["status rollout.yaml", "plan check rollout.yaml"])
def test_an_output_that_is_full(shop: Rollout, tmp_path: Path, words: str) -> None:
    """Said in a line, with a code that is no decision."""
    root = shop.copy(tmp_path / "shop").root
    with Path("/dev/full").open("w") as full:
        argv = [SLUICEGATE, *words.split()]
        done = subprocess.run(argv, cwd=root, env=environment(), stdout=full, stderr=subprocess.PIPE, check=False)
    assert done.returncode == 1
    assert done.stderr.decode().startswith("the output cannot be written: No space left on device.")


@pytest.mark.parametrize(
    ("words", "code"),
    [
        ("status rollout.yaml", 141),
        ("plan check rollout.yaml", 141),
        ("plan schema --help", 141),
        ("--help", 141),
        ("gate rollout.yaml", 0),
        ("plan chek", 2),
        ("gate gone.yaml", 40),
    ],
)
def test_whoever_reads_may_hang_up(shop: Rollout, tmp_path: Path, words: str, code: int) -> None:
    """As `| head -1` does: 141, and never a fault of our own; a decision and a refusal keep their code."""
    root = shop.copy(tmp_path / "shop").root
    reads, writes = os.pipe()
    os.close(reads)
    argv = [SLUICEGATE, *words.split()]
    try:
        done = subprocess.run(argv, cwd=root, env=environment(), stdout=writes, stderr=writes, check=False)
    finally:
        os.close(writes)
    assert done.returncode == code
