"""Lines of the file → rows, or the reason why a line is none."""

import csv
import gzip
import io
import re
import zlib
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import lru_cache
from pathlib import Path
from typing import BinaryIO, NamedTuple, cast

from bodega.data.ingest.online_retail.errors import BrokenFile, EmptyFile, WrongHeader

COLUMNS = (
    "InvoiceNo", "StockCode", "Description", "Quantity",
    "InvoiceDate", "UnitPrice", "CustomerID", "Country",
)  # fmt: skip
MAX_LINE = 64 * 1024
MAX_QUANTITY = 2**31 - 1
EARLIEST_YEAR = 1980
MAX_TOTAL = Decimal(10**13)

_WHOLE = re.compile(r"-?[0-9]{1,10}(\.0*)?")
_CACHED = 20_000
_DECIMAL = re.compile(r"-?[0-9]{1,9}(\.[0-9]{1,8})?")
_KEY = re.compile(r"[^\x00-\x1f]{1,40}")
_FORMATS = ("%m/%d/%Y %H:%M", "%Y-%m-%d %H:%M")


class Row(NamedTuple):
    """One invoice line as the file has it; `customer` and `description` are '' where empty."""

    line: int
    invoice: str
    code: str
    description: str
    quantity: int
    at: datetime
    price: Decimal
    customer: str
    country: str


class Reject(NamedTuple):
    """A line that is no row, why, and its text."""

    line: int
    reason: str
    text: str


Progress = Callable[[int], None]
"""Told how many bytes of the file have been read."""


def read_rows(path: Path, *, now: datetime, progress: Progress) -> Iterator[Row | Reject]:
    """Every line after the header, in file order; one physical line is one row, so that a broken
    quote spoils no other line. Raises WrongHeader, EmptyFile, BrokenFile."""
    latest = now + timedelta(days=1)
    lines = _lines(path, progress)
    first = next(lines, "")
    if first == "":
        raise EmptyFile(f"{path.name} is empty: it needs at least the header line")
    _demand_header(path, first)
    for number, text in enumerate(lines, start=2):
        if text is None:
            yield Reject(number, "line too long", "")
        elif text.strip("\r\n"):
            yield _row(number, text, latest)
        else:
            yield Reject(number, "empty line", "")


def _lines(path: Path, progress: Progress) -> Iterator[str | None]:
    """Decoded lines; None for one longer than MAX_LINE. UTF-8, else Latin-1, line by line."""
    number = 0
    try:
        with path.open("rb") as raw, _opened(raw) as file:
            while line := file.readline(MAX_LINE):
                number += 1
                if number % 4096 == 0:
                    progress(raw.tell())
                if len(line) == MAX_LINE and not line.endswith(b"\n"):
                    _skip_line(file)
                    yield None
                else:
                    yield _decoded(line)
            progress(raw.tell())
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise BrokenFile(
            f"{path.name} cannot be unpacked behind line {number} ({error}): nothing was imported;"
            " fetch a complete copy"
        ) from error
    except OSError as error:
        raise BrokenFile(f"{path} cannot be read: {error.strerror or error}") from error


def _opened(raw: BinaryIO) -> BinaryIO:
    """The bytes as they are, or unpacked when they begin like gzip, whatever the name says."""
    packed = raw.read(2) == b"\x1f\x8b"
    raw.seek(0)
    if not packed:
        return raw
    unpacked = cast("io.RawIOBase", gzip.GzipFile(fileobj=raw))
    return io.BufferedReader(unpacked, 2 * MAX_LINE)


def _skip_line(file: BinaryIO) -> None:
    while (rest := file.readline(MAX_LINE)) and not rest.endswith(b"\n"):
        pass


def _decoded(line: bytes) -> str:
    try:
        return line.decode()
    except UnicodeDecodeError:
        return line.decode("latin-1")


def _demand_header(path: Path, first: str | None) -> None:
    names = _fields((first or "").lstrip("\ufeff")) or []
    if tuple(name.strip() for name in names) != COLUMNS:
        raise WrongHeader(
            f"{path.name} is no Online Retail file: its first line must be {','.join(COLUMNS)}"
        )


def _fields(text: str) -> list[str] | None:
    if '"' not in text:
        return text.split(",")
    try:
        return next(csv.reader((text,), strict=True), [])
    except csv.Error:
        return None


def _row(number: int, text: str, latest: datetime) -> Row | Reject:
    fields = _fields(text)
    if fields is None:
        return Reject(number, "broken quotes", text)
    if len(fields) != len(COLUMNS):
        return Reject(number, "wrong number of columns", text)
    invoice, code, description, quantity, at, price, customer, country = map(str.strip, fields)
    units, each, moment = _quantity(quantity), _price(price), _moment(at)
    if units is None or each is None or moment is None:
        wrong = "quantity" if units is None else "price" if each is None else "date"
        return Reject(number, f"bad {wrong}", text)
    reason = _bad_keys(invoice, code, customer) or _out_of_range(units, each, moment, latest)
    if reason is None and "\x00" in text:
        reason = "control character"
    if reason is not None:
        return Reject(number, reason, text)
    who = customer.removesuffix(".0")
    return Row(number, invoice, code, description, units, moment, each, who, country)


def _bad_keys(invoice: str, code: str, customer: str) -> str | None:
    if not _is_key(invoice):
        return "bad invoice number"
    if not _is_key(code):
        return "bad stock code"
    return "bad customer" if customer and not _is_key(customer) else None


@lru_cache(maxsize=_CACHED)
def _is_key(text: str) -> bool:
    return _KEY.fullmatch(text) is not None


def _out_of_range(units: int, each: Decimal, moment: datetime, latest: datetime) -> str | None:
    if moment > latest:
        return "date in the future"
    if moment.year < EARLIEST_YEAR:
        return "date too long ago"
    return "amount out of range" if abs(each * units) > MAX_TOTAL else None


@lru_cache(maxsize=_CACHED)
def _quantity(text: str) -> int | None:
    """A whole number other than zero, perhaps written `6.0`."""
    if not _WHOLE.fullmatch(text):
        return None
    value = int(text.partition(".")[0])
    return value if value and abs(value) <= MAX_QUANTITY else None


@lru_cache(maxsize=_CACHED)
def _price(text: str) -> Decimal | None:
    return Decimal(text) if _DECIMAL.fullmatch(text) else None


@lru_cache(maxsize=_CACHED)
def _moment(text: str) -> datetime | None:
    """The file states no zone: its times are taken as UTC."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return _other_moment(text)
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


def _other_moment(text: str) -> datetime | None:
    for form in _FORMATS:
        try:
            return datetime.strptime(text, form).replace(tzinfo=UTC)
        except ValueError:
            continue
    return None
