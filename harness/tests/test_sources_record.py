"""What `record` takes in, and what it refuses."""

from __future__ import annotations

import json
import sqlite3
import tracemalloc
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sluicegate.errors import InputError
from sluicegate.ledger import CountRows, Measurements, ValueRows, unit_digest
from sluicegate.model import Origin, Provenance
from sluicegate.sources.columns import Columns, RecordSpec, Unit
from sluicegate.sources.record import read_measurements
from sluicegate.sources.tables import CsvTable, FaultBook, JsonlTable, SqliteTable, Table

NOW = datetime(2026, 1, 29, 14, tzinfo=UTC)
SUBJECT = "7c" * 32
COUNTS = Columns(at="at", k="k", n="n")
VALUES = Columns(at="at", value="value")


def a_file(folder: Path, text: str | bytes, name: str = "drafts.csv") -> Path:
    path = folder / name
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return path


def a_spec(columns: Columns = COUNTS, **changes: object) -> RecordSpec:
    given = {"metric": "approval_rate", "origin": Origin.LIVE, "subject": SUBJECT, "columns": columns, **changes}
    if columns.subject is not None:
        given["subject"] = None
    return RecordSpec(**given)


def recorded(table: Table, spec: RecordSpec) -> list[Measurements]:
    with read_measurements(table, spec, now=NOW) as recording:
        return list(recording.blocks())


def faults_of(table: Table, spec: RecordSpec) -> list[str]:
    with pytest.raises(InputError) as caught:
        read_measurements(table, spec, now=NOW)
    return [str(fault) for fault in caught.value.faults]


def csv_row_fault(folder: Path, row: str, columns: Columns, header: str, **changes: object) -> str:
    path = a_file(folder, f"{header}\n{row}\n")
    (fault,) = faults_of(CsvTable(path), a_spec(columns, **changes))
    return fault


def test_counts_become_columns_with_their_source(tmp_path: Path) -> None:
    """A CSV of k and n is one block that carries metric, subject, origin, file name and digest."""
    text = "at,business,k,n\n2026-01-28T10:00:00Z,acme,8,10\n2026-01-28T13:00:00+03:00,,5,5\n"
    path = a_file(tmp_path, text)

    (block,) = recorded(CsvTable(path), a_spec(Columns(at="at", slice="business", k="k", n="n"), stage="ten"))

    at = 1_769_594_400_000_000
    assert CountRows(at=[at, at], slice=["acme", None], k=[8, 5], n=[10, 5]) == block.rows
    assert (block.metric, block.origin, block.subject, block.stage) == ("approval_rate", Origin.LIVE, SUBJECT, "ten")
    assert (block.source.name, block.source.sha256) == ("drafts.csv", sha256(text.encode()).hexdigest())
    assert block.provenance is Provenance.LIVE


def test_a_record_body_is_what_the_ledger_reads(tmp_path: Path) -> None:
    """A block written into the ledger's words reads back as itself."""
    path = a_file(tmp_path, "at,k,n\n2026-01-28T10:00:00Z,8,10\n")
    (block,) = recorded(CsvTable(path), a_spec(window=(datetime(2026, 1, 1, tzinfo=UTC), None)))

    assert block == Measurements.read(block.body())


def test_values_keep_failures_without_a_number(tmp_path: Path) -> None:
    """A failed attempt has no value and is told apart from every number."""
    rows = [
        {"at": "2026-01-28T10:00:00Z", "ms": 161.5, "failed": False},
        {"at": "2026-01-28T10:00:01Z", "ms": None, "failed": True},
    ]
    path = a_file(tmp_path, "\n".join(map(json.dumps, rows)), "latency.jsonl")

    (block,) = recorded(JsonlTable(path), a_spec(Columns(at="at", value="ms", failed="failed"), unit=Unit.MS))

    assert isinstance(block.rows, ValueRows)
    assert (list(block.rows.value), list(block.rows.failed)) == ([161.5, None], [False, True])


def test_a_boolean_column_is_a_proportion_of_single_units(tmp_path: Path) -> None:
    """Each row of true or false counts as k of 1."""
    path = a_file(tmp_path, "at,ok\n2026-01-28T10:00:00Z,true\n2026-01-28T10:00:01Z,No\n2026-01-28T10:00:02Z,1\n")

    (block,) = recorded(CsvTable(path), a_spec(Columns(at="at", passed="ok")))

    assert isinstance(block.rows, CountRows)
    assert (list(block.rows.k), list(block.rows.n)) == ([1, 0, 1], [1, 1, 1])


@pytest.mark.parametrize(
    ("unit", "cell", "expected"),
    [
        (Unit.USD, "0.5", 500_000.0),
        (Unit.USD, "0.00000555", 6.0),
        (Unit.MICROUSD, "17", 17.0),
        (Unit.S, "0.161", 161.0),
        (Unit.NUMBER, "-0.15", -0.15),
    ],
)
def test_money_is_whole_micro_dollars_and_time_is_milliseconds(
    tmp_path: Path, unit: Unit, cell: str, expected: float
) -> None:
    """The unit of the column is said, and what is recorded is in the metric's own."""
    path = a_file(tmp_path, f"at,value\n2026-01-28T10:00:00Z,{cell}\n")

    (block,) = recorded(CsvTable(path), a_spec(VALUES, unit=unit))

    assert isinstance(block.rows, ValueRows)
    assert [expected] == list(block.rows.value)


def test_a_window_leaves_rows_out_and_counts_them(tmp_path: Path) -> None:
    """From is included, to is excluded, and what lies outside is counted."""
    days = [f"2026-01-{day:02d}T00:00:00Z,1,1" for day in range(1, 11)]
    path = a_file(tmp_path, "at,k,n\n" + "\n".join(days))
    window = (datetime(2026, 1, 3, tzinfo=UTC), datetime(2026, 1, 6, tzinfo=UTC))

    with read_measurements(CsvTable(path), a_spec(window=window), now=NOW) as recording:
        kept, outside = recording.rows, recording.outside

    assert (kept, outside) == (3, 7)


def test_rows_of_several_subjects_go_into_blocks_of_one_each(tmp_path: Path) -> None:
    """A release column names the subject of each row, through the names given."""
    lines = [f"2026-01-28T10:00:00Z,v{index % 3},1,1" for index in range(9)]
    path = a_file(tmp_path, "at,release,k,n\n" + "\n".join(lines))
    spec = a_spec(Columns(at="at", k="k", n="n", subject="release"), subject_names={"v1": SUBJECT})

    blocks = recorded(CsvTable(path), spec)

    assert {block.subject: len(block.rows) for block in blocks} == {"v0": 3, SUBJECT: 3, "v2": 3}


def test_many_subjects_never_lose_a_row(tmp_path: Path) -> None:
    """More subjects than blocks can be open at once make more blocks, not fewer rows."""
    lines = [f"2026-01-28T10:00:00Z,v{index % 200},1,1" for index in range(2000)]
    path = a_file(tmp_path, "at,release,k,n\n" + "\n".join(lines))

    blocks = recorded(CsvTable(path), a_spec(Columns(at="at", k="k", n="n", subject="release")))

    assert sum(len(block.rows) for block in blocks) == 2000


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ("2026-01-28T10:00:00Z,11,10", "k 11 is more than n 10"),
        ("2026-01-28T10:00:00Z,-1,10", "k is -1; expected 0 or more"),
        ("2026-01-28T10:00:00Z,0.8,1", "k is 0.8; expected a whole number"),
        ("2026-01-28T10:00:00Z,NaN,1", "k is NaN; expected a whole number"),
        ("2026-01-28T10:00:00Z,,1", "k is missing"),
        (",1,1", "the time is missing"),
        ("2026-01-28 10:00:00,1,1", "is not RFC 3339 with a zone"),
        ("yesterday,1,1", "is not RFC 3339 with a zone"),
        ("2026-01-29T14:00:01Z,1,1", "lies in the future"),
        ("2026-01-28T10:00:00Z,1", "has 2 cells; the header has 3"),
        ("2026-01-28T10:00:00Z,1,1,1", "has 4 cells; the header has 3"),
        ("0001-01-01T00:00:00+14:00,1,1", "is not RFC 3339 with a zone"),
    ],
)
def test_a_bad_count_is_a_fault_at_its_line(tmp_path: Path, row: str, said: str) -> None:
    """Every kind of bad row names file, line and what was seen."""
    fault = csv_row_fault(tmp_path, row, COUNTS, "at,k,n")

    assert fault.startswith("drafts.csv:2: ")
    assert said in fault


@pytest.mark.parametrize(
    ("cell", "unit", "said"),
    [
        ("nan", Unit.NUMBER, "no number"),
        ("Infinity", Unit.NUMBER, "no number"),
        ("1e999", Unit.NUMBER, "no number"),
        ("1_000", Unit.NUMBER, "expected a number"),
        ("١٢", Unit.NUMBER, "expected a number"),
        ("12 ms", Unit.MS, "expected a number"),
        ("-1", Unit.MS, "expected 0 or more"),
        ("0.5", Unit.MICROUSD, "expected a whole number"),
        ("", Unit.NUMBER, "the value is missing"),
    ],
)
def test_a_bad_value_is_a_fault(tmp_path: Path, cell: str, unit: Unit, said: str) -> None:
    """NaN, infinity, other scripts, units in the cell and fractions of a micro-dollar are refused."""
    fault = csv_row_fault(tmp_path, f"2026-01-28T10:00:00Z,{cell}", VALUES, "at,value", unit=unit)

    assert said in fault


def test_the_same_unit_twice_is_a_fault(tmp_path: Path) -> None:
    """A unit id seen before names both lines, so that a file joined to itself cannot double the evidence."""
    rows = "at,id,k,n\n2026-01-28T10:00:00Z,d1,1,1\n2026-01-28T10:00:00Z,d2,1,1\n2026-01-28T10:00:00Z,d1,1,1\n"
    path = a_file(tmp_path, rows)

    (fault,) = faults_of(CsvTable(path), a_spec(Columns(at="at", k="k", n="n", id="id")))

    assert "drafts.csv:4: unit 'd1' stands on line 2 already" in fault


def test_faults_of_one_cause_are_folded(tmp_path: Path) -> None:
    """Eighty rows wrong in one way are three lines and a count; nothing is recorded."""
    path = a_file(tmp_path, "at,k,n\n2026-01-28T10:00:00Z,1,1\n" + "2026-01-28T10:00:00Z,2,1\n" * 80)

    faults = faults_of(CsvTable(path), a_spec())

    assert len(faults) == 4
    assert faults[-1] == "drafts.csv: 77 more like line 3, the last on line 82."


def test_times_without_a_zone_are_one_cause(tmp_path: Path) -> None:
    """An export in local time is told once what is missing, however many rows it has."""
    rows = "".join(f"2026-01-28 10:{minute:02}:07.5,1,1\n" for minute in range(50))
    path = a_file(tmp_path, f"at,k,n\n{rows}2026-01-28T10:00:00Z,7,1\n")

    faults = faults_of(CsvTable(path), a_spec())

    assert len(faults) == 5
    assert "'2026-01-28 10:00:07.5' is not RFC 3339 with a zone. Export it with its zone" in faults[0]
    assert "Export" not in faults[1]
    assert "k 7 is more than n 1" in faults[3]
    assert faults[4] == "drafts.csv: 47 more like line 2, the last on line 51."


def test_sixty_causes_end_in_a_count(tmp_path: Path) -> None:
    """What nobody would read to its end is counted."""
    book = FaultBook("x.csv")
    for number in range(60):
        book.add(number, f"is wrong in the way {'x' * number}.")

    with pytest.raises(InputError) as caught:
        book.raise_any()

    assert len(caught.value.faults) == 51
    assert "10 more faults of other kinds" in str(caught.value.faults[-1])


@pytest.mark.parametrize("name", ["subject", "stage"])
def test_an_empty_name_is_refused(name: str) -> None:
    """Nothing is recorded for a subject or stage that an unset variable named."""
    with pytest.raises(InputError, match=f"--{name}: is empty"):
        a_spec(**{name: " "}).check()


def test_ids_are_kept_as_digests(tmp_path: Path) -> None:
    """Sixteen letters a unit, of its metric; nothing of the id itself."""
    path = a_file(tmp_path, "at,id,k,n\n2026-01-28T10:00:00Z,kim@shop.test,1,1\n2026-01-28T10:00:00Z,7,0,1\n")

    (block,) = recorded(CsvTable(path), a_spec(Columns(at="at", k="k", n="n", id="id")))

    assert block.rows.id == "".join(unit_digest("approval_rate", each) for each in ("kim@shop.test", 7))
    assert block == Measurements.read(block.body())


def test_every_source_writes_an_id_the_same_way(tmp_path: Path) -> None:
    """7, 7.0, "7" and " 7 " are one unit, from CSV, JSON lines or SQLite; 007 and v1.0 are themselves."""
    at, columns = "2026-01-28T10:00:00Z", Columns(at="at", k="k", n="n", id="id")
    rows = [7, 7.0, "7", "7.0", "7.00", " 7 ", "007", "v1.0"]
    expected = ["7"] * 6 + ["007", "v1.0"]
    found = []
    for number, unit in enumerate(rows):
        lines = a_file(tmp_path, json.dumps({"at": at, "id": unit, "k": 1, "n": 1}) + "\n", f"{number}.jsonl")
        cells = a_file(tmp_path, f"at,id,k,n\n{at},{unit},1,1\n", f"{number}.csv")
        with sqlite3.connect(tmp_path / f"{number}.db") as base:
            base.execute("CREATE TABLE units (at, id, k, n)")
            base.execute("INSERT INTO units VALUES (?, ?, 1, 1)", (at, unit))
        base.close()
        tables = (JsonlTable(lines), CsvTable(cells), SqliteTable(tmp_path / f"{number}.db", table="units"))
        found.append({block.rows.id for table in tables for block in recorded(table, a_spec(columns))})

    assert found == [{unit_digest("approval_rate", each)} for each in expected]


def test_one_unit_twice_in_two_spellings_is_a_fault(tmp_path: Path) -> None:
    """As 7 and as 7.0 in one file."""
    path = a_file(tmp_path, "at,id,k,n\n2026-01-28T10:00:00Z,7,1,1\n2026-01-28T10:00:00Z,7.0,1,1\n")

    (fault,) = faults_of(CsvTable(path), a_spec(Columns(at="at", k="k", n="n", id="id")))

    assert "unit '7' stands on line 2 already" in fault


@pytest.mark.parametrize(
    ("unit", "said"),
    [
        (7.5, "which no two sources write alike"),
        (1e300, "which no two sources write alike"),
        (2.0**53, "which no two sources write alike"),
        (True, "expected text or a whole number"),
        ([7], "expected text or a whole number"),
        ("  ", "has no id"),
        (None, "has no id"),
    ],
)
def test_an_id_that_is_ambiguous_is_a_fault(tmp_path: Path, unit: object, said: str) -> None:
    """A float beyond what is exact, a fraction, a flag, a list, nothing: refused with the line."""
    row = {"at": "2026-01-28T10:00:00Z", "id": unit, "k": 1, "n": 1}

    (fault,) = faults_of(
        JsonlTable(a_file(tmp_path, json.dumps(row), "units.jsonl")), a_spec(Columns(at="at", k="k", n="n", id="id"))
    )

    assert fault.startswith("units.jsonl:1: ")
    assert said in fault


def test_a_row_with_several_faults_tells_them_all(tmp_path: Path) -> None:
    """Time and count of one row are both named."""
    path = a_file(tmp_path, "at,k,n\nsoon,2,1\n")

    assert len(faults_of(CsvTable(path), a_spec())) == 2


@pytest.mark.parametrize(("content", "said"), [("", "has no column 'at'"), ("at,k,n\n", "holds no rows")])
def test_a_source_without_rows_is_a_fault(tmp_path: Path, content: str, said: str) -> None:
    """Nothing measured is never recorded as a measurement."""
    assert said in faults_of(CsvTable(a_file(tmp_path, content)), a_spec())[0]


def test_a_column_that_is_not_there_names_the_nearest(tmp_path: Path) -> None:
    """A mistyped column is told with the right word."""
    path = a_file(tmp_path, "created_at,approved,drafted\n")

    faults = faults_of(CsvTable(path), a_spec(Columns(at="create_at", k="approved", n="drafted")))

    assert faults == ["drafts.csv:1: has no column 'create_at'. Did you mean 'created_at'?"]


def test_a_column_that_no_object_has_is_told_as_in_csv(tmp_path: Path) -> None:
    """The word that is wrong, with what the objects have; a bad row among good ones is told as such."""
    path = a_file(tmp_path, '{"at": "2026-01-28T10:00:00Z", "ok": true}\n' * 3, "x.jsonl")
    faults = faults_of(JsonlTable(path), a_spec(Columns(at="at", passed="passed")))
    assert faults == ["x.jsonl:1: has no column 'passed'. It has: at, ok."]

    path.write_text('{"at": "2026-01-28T10:00:00Z", "passed": true}\n{"at": "2026-01-28T10:00:00Z"}\n')
    (fault,) = faults_of(JsonlTable(path), a_spec(Columns(at="at", passed="passed")))
    assert fault.startswith("x.jsonl:2: passed is None")


def test_jsonl_that_is_not_strict_is_a_fault_at_its_line(tmp_path: Path) -> None:
    """NaN, half an object and a list are each refused at their line."""
    lines = ['{"at": "2026-01-28T10:00:00Z", "value": NaN}', '{"at": ', "[1]", '{"at": "2026-01-28T10:00:00Z"}']
    path = a_file(tmp_path, "\n".join(lines), "x.jsonl")

    faults = faults_of(JsonlTable(path), a_spec(VALUES))

    assert [fault.rsplit(": ", 1)[0][:9] for fault in faults] == ["x.jsonl:1", "x.jsonl:2", "x.jsonl:3", "x.jsonl:4"]


def test_jsonl_reads_dotted_paths_and_refuses_typed_surprises(tmp_path: Path) -> None:
    """`review.ok` reaches inside; 1.0 and true are no counts."""
    good = a_file(tmp_path, '{"at": "2026-01-28T10:00:00Z", "review": {"ok": true}}\n\n', "good.jsonl")
    bad = a_file(tmp_path, '{"at": "2026-01-28T10:00:00Z", "k": true, "n": 1.0}\n', "bad.jsonl")

    (block,) = recorded(JsonlTable(good), a_spec(Columns(at="at", passed="review.ok")))

    assert isinstance(block.rows, CountRows)
    assert list(block.rows.k) == [1]
    assert "k is True; expected a whole number" in faults_of(JsonlTable(bad), a_spec())[0]


def test_bytes_that_are_no_utf8_are_a_fault_at_their_line(tmp_path: Path) -> None:
    """A file in another encoding is refused, not guessed."""
    path = a_file(tmp_path, b"at,k,n\n2026-01-28T10:00:00Z,1,1\n\xff\xfe,1,1\n")

    assert "drafts.csv:3: is not UTF-8" in faults_of(CsvTable(path), a_spec())[0]


def test_a_byte_order_mark_is_no_part_of_the_first_column(tmp_path: Path) -> None:
    """Spreadsheets write one; the header still reads."""
    path = a_file(tmp_path, b"\xef\xbb\xbfat,k,n\r\n2026-01-28T10:00:00Z,1,1\r\n")

    assert len(recorded(CsvTable(path), a_spec())) == 1


def test_hostile_cells_are_shown_masked_and_escaped(tmp_path: Path) -> None:
    """A fault never prints an escape sequence or an address."""
    path = a_file(tmp_path, '{"at": "\\u001b[2Jalice@shop.test\\u202e", "k": 1, "n": 1}', "x.jsonl")

    (fault,) = faults_of(JsonlTable(path), a_spec())

    assert "\x1b" not in fault
    assert "alice@" not in fault
    assert "\u202e" not in fault


def a_database(folder: Path) -> Path:
    path = folder / "pilot.sqlite"
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE drafts (at TEXT, business TEXT, approved INTEGER, drafted INTEGER)")
        rows = [(f"2026-01-{day:02d}T10:00:00Z", "acme", day, 30) for day in range(1, 11)]
        connection.executemany("INSERT INTO drafts VALUES (?, ?, ?, ?)", rows)
    connection.close()
    return path


def test_sqlite_reads_a_table_and_a_query_with_the_window_bound(tmp_path: Path) -> None:
    """A query may use :since and :until; a table is read whole and filtered."""
    path = a_database(tmp_path)
    window = (datetime(2026, 1, 6, tzinfo=UTC), None)
    columns = Columns(at="at", k="approved", n="drafted", slice="business")
    query = "SELECT at, business, approved, drafted FROM drafts WHERE at >= :since"

    by_query = recorded(SqliteTable(path, query=query, window=window), a_spec(columns, window=window))
    by_table = recorded(SqliteTable(path, table="drafts"), a_spec(columns, window=window))

    assert [block.rows for block in by_query] == [block.rows for block in by_table]
    assert by_query[0].source.query != by_table[0].source.query
    assert len(by_query[0].rows) == 5


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("SELECT wrong FROM drafts", "no such column"),
        ("DELETE FROM drafts", "readonly"),
        ("SELECT at, approved FROM drafts", "has no column 'n'"),
    ],
)
def test_sqlite_is_read_only_and_its_errors_are_faults(tmp_path: Path, query: str, said: str) -> None:
    """A query that writes or misspells is refused in words."""
    path = a_database(tmp_path)

    (fault, *_) = faults_of(SqliteTable(path, query=query), a_spec(Columns(at="at", k="approved", n="n")))

    assert said in fault


@pytest.mark.parametrize("name", ["missing.csv", "."])
def test_a_file_that_cannot_be_opened_is_a_fault(tmp_path: Path, name: str) -> None:
    """No such file, and a folder, are told with their path."""
    for table in (CsvTable(tmp_path / name), SqliteTable(tmp_path / name, table="t")):
        assert "cannot be opened" in faults_of(table, a_spec())[0]


@pytest.mark.parametrize(
    "columns",
    [
        {"at": "at"},
        {"at": "at", "k": "k"},
        {"at": "at", "k": "k", "n": "n", "value": "v"},
        {"k": "k", "n": "n"},
        {"at": "at", "vaule": "v"},
    ],
)
def test_columns_say_exactly_one_way_to_measure(columns: dict[str, str]) -> None:
    """Half a count, two ways, no time and an unknown role are refused."""
    with pytest.raises(InputError):
        Columns.of(columns)


def test_a_failed_column_without_a_value_is_refused() -> None:
    """What failed beside nothing would be counted as if it had held."""
    with pytest.raises(InputError, match="stands beside no value"):
        Columns.of({"at": "at", "passed": "ok", "failed": "bad"})


def test_the_subject_is_said_exactly_once(tmp_path: Path) -> None:
    """Evidence without a subject, or with two, is not recorded."""
    path = a_file(tmp_path, "at,k,n\n")

    with pytest.raises(InputError, match="subject"):
        read_measurements(CsvTable(path), RecordSpec(metric="m", origin=Origin.LIVE, columns=COUNTS), now=NOW)


def test_memory_stays_flat_in_the_number_of_rows(tmp_path: Path) -> None:
    """Eight times the rows cost no more memory than the spool in front of the disk."""

    def peak(rows: int) -> int:
        path = a_file(tmp_path, "at,id,k,n\n" + "".join(f"2026-01-28T10:00:00Z,d{i},1,1\n" for i in range(rows)))
        tracemalloc.start()
        with read_measurements(CsvTable(path), a_spec(Columns(at="at", k="k", n="n", id="id")), now=NOW) as recording:
            total = sum(len(block.rows) for block in recording.blocks())
        size = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert rows == total
        return size

    small, large = peak(3_000), peak(24_000)

    assert large - small < 3_000_000


@given(st.lists(st.tuples(st.integers(0, 50), st.integers(0, 50)), min_size=1, max_size=40))
def test_a_count_is_recorded_whole_or_not_at_all(rows: list[tuple[int, int]]) -> None:
    """Whatever the rows: all good ones together, or none."""
    from tempfile import TemporaryDirectory

    with TemporaryDirectory() as folder:
        path = a_file(Path(folder), "at,k,n\n" + "".join(f"2026-01-28T10:00:00Z,{k},{n}\n" for k, n in rows))
        good = all(k <= n for k, n in rows)
        if good:
            blocks = recorded(CsvTable(path), a_spec())
            assert sum(k for k, _ in rows) == sum(sum(block.rows.k) for block in blocks)
        else:
            wrong = sum(k > n for k, n in rows)
            assert len(faults_of(CsvTable(path), a_spec())) == (wrong if wrong <= 3 else 4)
