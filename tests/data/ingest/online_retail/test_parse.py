"""What counts as a row, and why a line is none."""

import gzip
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest

from bodega.data.ingest.online_retail.errors import BrokenFile, EmptyFile, WrongHeader
from bodega.data.ingest.online_retail.parse import COLUMNS, Reject, Row, read_rows
from tests.data.ingest.online_retail.shop import NOW

HEADER = ",".join(COLUMNS).encode()
GOOD = b"536365,85123A,LANTERN,6,2010-12-01 08:26:00,2.55,17850.0,United Kingdom"


def read(folder: Path, content: bytes, name: str = "retail.csv") -> list[Row | Reject]:
    path = folder / name
    path.write_bytes(content)
    return list(read_rows(path, now=NOW, progress=lambda _: None))


def parsed(folder: Path, line: bytes) -> Row | Reject:
    (only,) = read(folder, HEADER + b"\n" + line + b"\n")
    return only


def test_a_row_has_typed_values_and_its_line_number(tmp_path: Path) -> None:
    at = datetime(2010, 12, 1, 8, 26, tzinfo=UTC)
    assert parsed(tmp_path, GOOD) == Row(
        2, "536365", "85123A", "LANTERN", 6, at, Decimal("2.55"), "17850", "United Kingdom"
    )


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (b"536365,85123A,LANTERN,six,2010-12-01 08:26:00,2.55,17850,UK", "bad quantity"),
        (b"536365,85123A,LANTERN,0,2010-12-01 08:26:00,2.55,17850,UK", "bad quantity"),
        (b"536365,85123A,LANTERN,1.5,2010-12-01 08:26:00,2.55,17850,UK", "bad quantity"),
        (b"536365,85123A,LANTERN,9999999999,2010-12-01 08:26:00,2.55,1,UK", "bad quantity"),
        (b"536365,85123A,LANTERN,6,yesterday,2.55,17850,UK", "bad date"),
        (b"536365,85123A,LANTERN,6,2010-13-01 08:26:00,2.55,17850,UK", "bad date"),
        (b"536365,85123A,LANTERN,6,2199-01-01 08:26:00,2.55,17850,UK", "date in the future"),
        (b"536365,85123A,LANTERN,6,0001-01-01 08:26:00,2.55,17850,UK", "date too long ago"),
        (b"536365,85123A,LANTERN,6,2010-12-01 08:26:00,NaN,17850,UK", "bad price"),
        (b"536365,85123A,LANTERN,6,2010-12-01 08:26:00,,17850,UK", "bad price"),
        (b"1,85123A,L,2000000000,2010-12-01 08:26:00,999999,1,UK", "amount out of range"),
        (b",85123A,LANTERN,6,2010-12-01 08:26:00,2.55,17850,UK", "bad invoice number"),
        (b"536365,,LANTERN,6,2010-12-01 08:26:00,2.55,17850,UK", "bad stock code"),
        (b"1,2,L,6,2010-12-01 08:26:00,2.55," + b"9" * 41 + b",UK", "bad customer"),
        (b"536365,85123A,LAN\x00TERN,6,2010-12-01 08:26:00,2.55,17850,UK", "control character"),
        (b"536365,85123A,LANTERN,6,2010-12-01 08:26:00,2.55", "wrong number of columns"),
        (b"1,2,LAN,TERN,6,2010-12-01 08:26:00,2.55,17850,UK", "wrong number of columns"),
        (b'536365,85123A,"LANTERN,6,2010-12-01 08:26:00,2.55,17850,UK', "broken quotes"),
        (b"x" * 70_000, "line too long"),
        (b"", "empty line"),
    ],
)
def test_a_malformed_line_says_why(tmp_path: Path, line: bytes, reason: str) -> None:
    found = parsed(tmp_path, line)
    assert isinstance(found, Reject)
    assert (found.line, found.reason) == (2, reason)


def test_a_malformed_line_spoils_no_other(tmp_path: Path) -> None:
    lines = [HEADER, GOOD, b'1,2,"open', b"x" * 200_000, GOOD, b"", GOOD]
    kinds = [type(found) for found in read(tmp_path, b"\n".join(lines) + b"\n")]
    assert kinds == [Row, Reject, Reject, Row, Reject, Row]


@pytest.mark.parametrize(
    "date", ["12/1/2010 8:26", "2010-12-01T08:26:00", "2010-12-01 08:26", "2010-12-01T09:26+01:00"]
)
def test_dates_are_read_as_the_known_copies_write_them(tmp_path: Path, date: str) -> None:
    found = parsed(tmp_path, GOOD.replace(b"2010-12-01 08:26:00", date.encode()))
    assert isinstance(found, Row)
    assert found.at == datetime(2010, 12, 1, 8, 26, tzinfo=UTC)


@pytest.mark.parametrize("encoding", ["utf-8", "latin-1"])
def test_both_encodings_of_the_pound_are_read(tmp_path: Path, encoding: str) -> None:
    found = parsed(tmp_path, GOOD.replace(b"LANTERN", "VOUCHER £20".encode(encoding)))
    assert isinstance(found, Row)
    assert found.description == "VOUCHER £20"


def test_windows_line_ends_quotes_and_a_byte_order_mark_are_no_trouble(tmp_path: Path) -> None:
    quoted = GOOD.replace(b"LANTERN", b'"LANTERN, ""BIG"""')
    (found,) = read(tmp_path, b"\xef\xbb\xbf" + HEADER + b"\r\n" + quoted + b"\r\n")
    assert isinstance(found, Row)
    assert found.description == 'LANTERN, "BIG"'
    assert found.country == "United Kingdom"


@pytest.mark.parametrize("name", ["retail.csv.gz", "retail.csv"])
def test_a_packed_file_is_known_by_its_bytes(tmp_path: Path, name: str) -> None:
    assert len(read(tmp_path, gzip.compress(HEADER + b"\n" + GOOD), name)) == 1


def test_a_packed_file_cut_short_is_refused(tmp_path: Path) -> None:
    packed = gzip.compress(HEADER + b"\n" + b"\n".join([GOOD] * 5000))
    with pytest.raises(BrokenFile, match="fetch a complete copy"):
        read(tmp_path, packed[:-20])


def test_an_empty_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(EmptyFile):
        read(tmp_path, b"")


@pytest.mark.parametrize("first", [GOOD, HEADER.lower(), b"\x00\x01\x02", b"x" * 100_000])
def test_a_wrong_header_is_refused_and_the_right_one_named(tmp_path: Path, first: bytes) -> None:
    with pytest.raises(WrongHeader, match="InvoiceNo,StockCode"):
        read(tmp_path, first + b"\n" + GOOD)


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BrokenFile, match="No such file"):
        next(read_rows(tmp_path / "none.csv", now=NOW, progress=lambda _: None))
