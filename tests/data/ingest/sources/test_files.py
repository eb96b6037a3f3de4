"""Files of every format, encoding and dialect; each content once, each line accounted for."""

import gzip
import json
from datetime import UTC, date, datetime, time
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import xlsxwriter

from bodega.data.ingest.sources.errors import SourceRefused
from bodega.data.ingest.sources.files import dialect
from bodega.data.ingest.sources.files.encoding import sniff_encoding
from tests.data.ingest.sources.conftest import Bench

PRICES = "sku,price,from\nA-1,2.50,2026-11-01\nB-2,3.10,2026-11-02\n"


def test_a_csv_is_typed_by_its_values(bench: Bench) -> None:
    bench.file(
        "p.csv",
        "Code,Units,Price EUR,On Sale,Since,At\n007,3,2.5,true,2026-11-01,2026-11-01T10:00:00Z\n",
    )
    source, stream = bench.files("p.csv")
    bench.read(source, stream)
    assert bench.rows(stream) == [
        {
            "code": "007",
            "units": 3,
            "price_eur": 2.5,
            "on_sale": True,
            "since": date(2026, 11, 1),
            "at": datetime(2026, 11, 1, 10, tzinfo=UTC),
        }
    ]


def test_declared_types_keep_every_digit(bench: Bench) -> None:
    bench.file("p.csv", PRICES)
    source, stream = bench.files("p.csv", fields={"price": "decimal(12,2)"})
    bench.read(source, stream)
    assert [row["price"] for row in bench.rows(stream)] == [Decimal("2.50"), Decimal("3.10")]


@pytest.mark.parametrize(
    ("encoding", "said"),
    [
        ("utf-8", "utf-8"),
        ("utf-8-sig", "utf-8-sig"),
        ("utf-16", "utf-16"),
        ("cp1252", "cp1252"),
    ],
)
def test_encodings_are_found_out(bench: Bench, encoding: str, said: str) -> None:
    names = ["Käse aus Österreich", "Crème brûlée", "Jalapeño", "Smørrebrød", "Größe für Füße"] * 20
    text = "sku;name\n" + "".join(f"{n};{name}\n" for n, name in enumerate(names))
    path = bench.file("p.csv", text.encode(encoding))
    assert sniff_encoding(path) == said
    source, stream = bench.files("p.csv")
    bench.read(source, stream)
    assert [row["name"] for row in bench.rows(stream)] == names


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"], ids=["comma", "semi", "tab", "bar"])
def test_dialects_are_found_out_and_reported(bench: Bench, delimiter: str) -> None:
    text = f'sku{delimiter}name\n1{delimiter}"a{delimiter}b ""c"""\n2{delimiter}"two\nlines"\n'
    bench.file("p.csv", text)
    source, stream = bench.files("p.csv")
    bench.read(source, stream)
    assert [row["name"] for row in bench.rows(stream)] == [f'a{delimiter}b "c"', "two\nlines"]
    (found,) = source.discover()
    assert "2 columns named by the first line" in found.notes[0]


def test_a_declared_dialect_is_believed(bench: Bench) -> None:
    bench.file("p.txt", "# made by hand\n1~x\n2~NULL\n")
    source, stream = bench.files(
        "p.txt",
        dialect={
            "delimiter": "~",
            "header": False,
            "skip": 1,
            "columns": ["Sku", "Name"],
            "nulls": ["NULL"],
        },
    )
    bench.read(source, stream)
    assert bench.rows(stream) == [{"sku": 1, "name": "x"}, {"sku": 2, "name": None}]


def test_lines_that_cannot_be_split_are_set_aside_with_their_text(bench: Bench) -> None:
    bench.file(
        "p.csv",
        b"sku,name,price\n1,one,1\n2,bad\xff\xfe\xc3,2\n3,three,3,extra\n4,four\n5,five,5\n",
    )
    source, stream = bench.files("p.csv", key=["sku"], dialect={"encoding": "utf-8"})
    report = bench.read(source, stream)
    assert [row["sku"] for row in bench.rows(stream)] == [1, 5]
    assert report.rejected == {
        "line: not valid UTF-8": 1,
        "line: too many values": 1,
        "line: too few values": 1,
    }
    assert any("three,3,extra" in raw for _, raw in bench.rejected(stream))


def test_a_few_broken_bytes_do_not_make_it_another_encoding(bench: Bench) -> None:
    good = "".join(f"{n},Café {n}\n" for n in range(50)).encode()
    bench.file("p.csv", b"sku,name\n" + good + b"99,Caf\xe9\n")
    source, stream = bench.files("p.csv", key=["sku"])
    report = bench.read(source, stream)
    assert report.rejected == {"line: not valid UTF-8": 1}
    assert bench.rows(stream)[7] == {"sku": 7, "name": "Café 7"}


@pytest.mark.parametrize("packing", ["gz", "zst"])
def test_packed_files_are_unpacked(bench: Bench, packing: str) -> None:
    if packing == "gz":
        bench.file("p.csv.gz", gzip.compress(PRICES.encode()))
    else:
        with pa.output_stream(str(bench.folder / "in" / "p.csv.zst"), compression="zstd") as file:
            file.write(PRICES.encode())
    source, stream = bench.files(f"*.{packing}")
    assert bench.read(source, stream).kept == 2


def test_a_broken_archive_is_refused_and_nothing_is_kept(bench: Bench) -> None:
    bench.file("p.csv.gz", gzip.compress(PRICES.encode() * 100)[:-30])
    source, stream = bench.files("*.gz")
    with pytest.raises(SourceRefused, match="cannot be read"):
        bench.read(source, stream)
    assert bench.rows(stream) == []


def test_ndjson_keeps_good_lines_and_sets_others_aside(bench: Bench) -> None:
    lines = [
        {"id": 1, "companyName": "A", "zip": "0123", "tags": ["x"], "ratio": 0.1},
        {"id": 2, "companyName": "B", "ratio": 3},
    ]
    text = "\n".join([*(json.dumps(line) for line in lines), "{not json", "[1]", ""])
    bench.file("p.ndjson", text)
    source, stream = bench.files("p.ndjson")
    report = bench.read(source, stream)
    assert bench.rows(stream) == [
        {"id": 1, "company_name": "A", "zip": "0123", "tags": '["x"]', "ratio": 0.1},
        {"id": 2, "company_name": "B", "zip": None, "tags": None, "ratio": 3.0},
    ]
    assert report.rejected == {"line: not a JSON object": 2}


def test_json_documents_hold_a_list_somewhere(bench: Bench) -> None:
    bench.file("a.json", '{"data": {"items": [{"id": 1, "price": 2.10}, {"id": 2, "price": 1}]}}')
    source, stream = bench.files(
        "a.json", records=["data", "items"], fields={"price": "decimal(10,2)"}
    )
    bench.read(source, stream)
    assert [row["price"] for row in bench.rows(stream)] == [Decimal("2.10"), Decimal("1.00")]
    source, stream = bench.files("a.json", records=["data", "rows"])
    with pytest.raises(SourceRefused, match=r"no 'data\.rows'"):
        bench.read(source, stream, full=True)


def test_parquet_keeps_its_types(bench: Bench) -> None:
    table = pa.table(
        {
            "Id": pa.array([1, 2], pa.uint16()),
            "Price": pa.array([Decimal("1.10"), None], pa.decimal128(9, 2)),
            "Tags": [["a"], []],
            "At": pa.array([datetime(2026, 1, 1, tzinfo=UTC)] * 2, pa.timestamp("ms", "UTC")),
        }
    )
    pq.write_table(table, bench.folder / "in" / "p.parquet")
    source, stream = bench.files("p.parquet", key=["id"])
    bench.read(source, stream)
    assert bench.rows(stream) == [
        {
            "id": 1,
            "price": Decimal("1.10"),
            "tags": '["a"]',
            "at": datetime(2026, 1, 1, tzinfo=UTC),
        },
        {"id": 2, "price": None, "tags": "[]", "at": datetime(2026, 1, 1, tzinfo=UTC)},
    ]


def test_parquet_of_bytes_and_times_is_text(bench: Bench) -> None:
    table = pa.table(
        {
            "name": pa.array(["Zoë".encode(), b"\xff\x00", None], pa.binary()),
            "opens": pa.array([time(9, 30), None, None]),
            "lasts": pa.array([90, None, None], pa.duration("s")),
        }
    )
    bench.folder.joinpath("in").mkdir(exist_ok=True)
    pq.write_table(table, bench.folder / "in" / "t.parquet")
    source, stream = bench.files("t.parquet")
    bench.read(source, stream)
    first, second, third = bench.rows(stream)
    assert (first["name"], second["name"], third["name"]) == ("Zoë", "\\xFF\\x00", None)
    assert first["opens"] == "09:30:00"


def test_numbers_within_json_stay_numbers(bench: Bench) -> None:
    bench.file("n.json", '[{"id": 1, "at": {"lat": 51.50, "near": [1e3, NaN, "0.5", "\\ud800"]}}]')
    source, stream = bench.files("n.json")
    bench.read(source, stream)
    assert bench.rows(stream)[0]["at"] == '{"lat": 51.50, "near": [1e3, "NaN", "0.5", "?"]}'


def test_json_that_is_nested_too_deep_is_refused(bench: Bench) -> None:
    bench.file("deep.json", "[" * 100_000 + "]" * 100_000)
    with pytest.raises(SourceRefused, match="nested too deep"):
        bench.read_files("deep.json")


def test_members_of_ndjson_may_have_any_name(bench: Bench) -> None:
    bench.file("w.ndjson", '{"": 1, "*": 2, "x.y": 3, "a\\"b": 4, "p/q~r": 5}\n{"*": 6}\n')
    source, stream = bench.files("w.ndjson")
    bench.read(source, stream)
    first, second = bench.rows(stream)
    assert (first["x_y"], first["a_b"], first["p_q_r"]) == (3, 4, 5)
    assert sorted((first["unnamed"], first["unnamed_2"])) == [1, 2]
    assert 6 in (second["unnamed"], second["unnamed_2"])


def test_columns_are_told_apart_in_every_script(bench: Bench) -> None:
    bench.file("1.csv", "Цена,Имя,Größe,Crédit dû\n1,а,L,2\n")
    bench.file("2.csv", "Имя,Цена,Größe,Crédit dû\nб,3,S,4\n")
    source, stream = bench.files("*.csv")
    bench.read(source, stream)
    assert bench.rows(stream) == [
        {"цена": 1, "имя": "а", "große": "L", "credit_du": 2},
        {"цена": 3, "имя": "б", "große": "S", "credit_du": 4},
    ]


def test_a_line_too_long_to_read_hides_no_other(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dialect, "LONGEST_LINE", 20_000)
    bench.file("long.csv", "id;name\n1;" + "x" * 200_000 + "\n2;ok\n3;fine\n")
    source, stream = bench.files("long.csv")
    bench.read(source, stream)
    assert bench.rows(stream) == [{"id": 2, "name": "ok"}, {"id": 3, "name": "fine"}]
    assert [why for why, _ in bench.rejected(stream)] == ["line: longer than 8 MiB"]


def test_what_cannot_be_made_out_is_not_quoted(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dialect, "LONGEST_LINE", 20_000)
    bench.file("secret.csv", "hunter2," * 20_000)
    (found,) = bench.files("secret.csv")[0].check()
    assert not found.ok
    assert "hunter2" not in found.says


def test_excel_keeps_every_digit_and_leaves_titles_and_blank_rows_out(bench: Bench) -> None:
    path = bench.folder / "in" / "report.xlsx"
    with xlsxwriter.Workbook(str(path)) as book:
        page = book.add_worksheet()
        page.merge_range("A1:D1", "Third quarter")
        day = book.add_format({"num_format": "dd.mm.yyyy"})
        page.write_row("A3", ["id", "day", "amount", "code"])
        for at, (id, amount, code) in enumerate(
            [(1, 99999999999.99, "007"), (2, 1 / 3, "1.50"), (3, 1e-12, 1.5), (4, "n/a", "x")]
        ):
            page.write(3 + at + (at > 1), 0, id)
            page.write_datetime(3 + at + (at > 1), 1, datetime(2026, 7, id), day)
            page.write(3 + at + (at > 1), 2, amount)
            page.write(3 + at + (at > 1), 3, code)
    source, stream = bench.files("report.xlsx", dialect={"skip": 2}, fields={"amount": "string"})
    bench.read(source, stream)
    rows = bench.rows(stream)
    assert [row["amount"] for row in rows] == [
        "99999999999.99", "0.3333333333333333", "1e-12", "n/a",
    ]  # fmt: skip
    assert [row["code"] for row in rows] == ["007", "1.50", "1.5", "x"]
    assert [str(row["day"])[:10] for row in rows] == [f"2026-07-0{n}" for n in (1, 2, 3, 4)]

    named, stream = bench.files(
        "report.xlsx",
        dialect={"skip": 3, "header": False, "columns": ["Nr", "Tag", "Betrag", "Code"]},
        fields={"betrag": {"type": "decimal(18,2)"}},
    )
    report = bench.read(named, stream, full=True)
    assert (report.kept, report.set_aside) == (1, 3)
    assert bench.rows(stream)[0]["betrag"] == Decimal("99999999999.99")


def test_excel_reads_the_named_sheet(bench: Bench) -> None:
    with xlsxwriter.Workbook(str(bench.folder / "in" / "p.xlsx")) as book:
        book.add_worksheet("notes").write_row(0, 0, ["nothing"])
        sheet = book.add_worksheet("prices")
        sheet.write_row(0, 0, ["Sku", "Price", "From"])
        sheet.write_row(1, 0, ["A-1", 2.5])
        day = book.add_format({"num_format": "yyyy-mm-dd"})
        sheet.write_datetime(1, 2, datetime(2026, 11, 1), day)
    source, stream = bench.files("p.xlsx", sheet="prices", fields={"from": "date"})
    bench.read(source, stream)
    assert bench.rows(stream) == [{"sku": "A-1", "price": 2.5, "from": date(2026, 11, 1)}]
    source, stream = bench.files("p.xlsx", sheet="none")
    with pytest.raises(SourceRefused, match="none"):
        bench.read(source, stream, full=True)


def test_the_same_content_is_not_read_twice_under_any_name(bench: Bench) -> None:
    bench.file("monday.csv", PRICES)
    source, stream = bench.files("*.csv")
    assert bench.read(source, stream).kept == 2
    bench.file("tuesday.csv", PRICES)
    report = bench.read(source, stream)
    assert (report.rows, len(bench.rows(stream))) == (0, 2)
    assert report.notes == ["tuesday.csv: the same content as monday.csv, not read again"]


def test_of_two_files_that_said_the_same_one_may_change(bench: Bench) -> None:
    source, stream = bench.files("*.csv")
    bench.file("monday.csv", "sku\nA\n")
    bench.file("tuesday.csv", "sku\nA\n")
    assert bench.read(source, stream).kept == 1
    bench.file("monday.csv", "sku\nB\nC\n")
    assert bench.read(source, stream).kept == 3
    assert sorted(row["sku"] for row in bench.rows(stream)) == ["A", "B", "C"]
    assert bench.read(source, stream).rows == 0


def test_a_file_that_changed_replaces_what_it_said_before(bench: Bench) -> None:
    bench.file("p.csv", PRICES)
    source, stream = bench.files("*.csv")
    bench.read(source, stream)
    bench.file("q.csv", "sku,price,from\nZ,1.00,2026-11-03\n")
    bench.file("p.csv", PRICES.replace("2.50", "2.75").replace("B-2,3.10,2026-11-02\n", ""))
    bench.read(source, stream)
    assert [(row["sku"], row["price"]) for row in bench.rows(stream)] == [("A-1", 2.75), ("Z", 1.0)]


def test_a_file_without_a_row_is_no_error(bench: Bench) -> None:
    bench.file("p.csv", "sku,price\n")
    source, stream = bench.files("p.csv")
    assert bench.read(source, stream).rows == 0
    assert bench.rows(stream) == []


def test_a_name_that_says_nothing_wants_a_format(bench: Bench) -> None:
    bench.file("export.dat", PRICES)
    source, stream = bench.files("export.dat")
    with pytest.raises(SourceRefused, match="format"):
        bench.read(source, stream)
    assert bench.read_files("export.dat", format="csv").kept == 2


def test_check_says_what_was_made_out(bench: Bench) -> None:
    bench.file("p.csv", PRICES)
    source, _ = bench.files("*.csv")
    (finding,) = source.check()
    assert finding.ok
    assert "1 files" in finding.says
    assert "comma-separated" in finding.says
    (finding,) = bench.files("*.parquet")[0].check()
    assert (finding.ok, finding.says) == (False, "no file matches")


def test_patterns_cross_folders_only_when_told(bench: Bench) -> None:
    for name in ("a.csv", "x/b.csv", "x/y/c.csv"):
        bench.file(name, f"sku\n{name}\n")
    assert bench.read_files("*.csv").kept == 1
    assert bench.read_files("**/*.csv", full=True).kept == 3


def test_real_files_are_read_whole(bench: Bench, shared_data: Path) -> None:
    source, stream = bench.files(
        str(shared_data / "weather" / "seattle-weather.csv"), key=["date"], fields={"date": "date"}
    )
    assert bench.read(source, stream).kept == 1461
    olist = str(shared_data / "olist-sample" / "olist_order_items_dataset.csv.zst")
    source, stream = bench.files(
        olist, key=["order_id", "order_item_id"], fields={"price": "decimal(12,2)"}
    )
    report = bench.read(source, stream, full=True)
    assert (report.rejected, report.kept) == ({}, report.rows)
