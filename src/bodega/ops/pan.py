"""Card numbers must not be here: a search for them in text, log files and the lake's files.

What counts: 13 to 19 digits, in one run or grouped as printed on cards, that begin as the card
networks' numbers do (ISO/IEC 7812 ranges) and pass the Luhn check. Nothing found is repeated in
full: a finding shows the first six and last four digits, as PCI DSS 3.4.1 allows.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

_RUN = re.compile(
    r"(?<![0-9A-Za-z_.+-])(?:\d{13,19}|\d{4}([ -])\d{4}\1\d{4}\1\d{1,7}|\d{4}([ -])\d{6}\2\d{4,5})"
    r"(?![0-9A-Za-z_-]|\.\d)"
)
_NETWORKS = re.compile(
    r"""4\d{12}(?:\d{3}){0,2}                                   # Visa
      | (?:5[1-5]\d{2}|222[1-9]|22[3-9]\d|2[3-6]\d{2}|27[01]\d|2720)\d{12}  # Mastercard
      | 3[47]\d{13}                                             # American Express
      | 3(?:0[0-5]|[68]\d)\d{11,16}                             # Diners
      | (?:6011|65\d{2}|64[4-9]\d)\d{12,15}                     # Discover
      | 35(?:2[89]|[3-8]\d)\d{12,15}                            # JCB
      | 62\d{14,17}                                             # UnionPay
    """,
    re.VERBOSE,
)
_NUMBER_FLOOR = 10**12


@dataclass(frozen=True, slots=True)
class Finding:
    """A number that looks like a card's, masked, and where it stands."""

    place: str
    masked: str


def card_numbers(text: str) -> Iterator[str]:
    """Every card-like number in `text`, masked."""
    for match in _RUN.finditer(text):
        digits = re.sub(r"[ -]", "", match.group())
        if _NETWORKS.fullmatch(digits) and luhn(digits):
            yield f"{digits[:6]}{'*' * (len(digits) - 10)}{digits[-4:]}"


def luhn(digits: str) -> bool:
    """ISO/IEC 7812-1, annex B."""
    doubled = (int(digit) * (1 + place % 2) for place, digit in enumerate(reversed(digits)))
    return sum(value - 9 if value > 9 else value for value in doubled) % 10 == 0


def scan_texts(texts: Iterable[tuple[str, str]]) -> Iterator[Finding]:
    """Of (place, text) pairs."""
    for place, text in texts:
        for masked in card_numbers(text):
            yield Finding(place, masked)


def scan_logs(folder: Path) -> Iterator[Finding]:
    """Every line of every file beneath `folder`."""
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        with path.open(encoding="utf-8", errors="replace") as lines:
            yield from scan_texts(
                (f"{path}:{number}", line) for number, line in enumerate(lines, start=1)
            )


def scan_lake(root: Path) -> Iterator[Finding]:
    """Every text and large number in every Parquet file, and the tables' own journals."""
    for path in sorted(root.rglob("*.json")):
        yield from scan_texts([(str(path), path.read_text(errors="replace"))])
    for path in sorted(root.rglob("*.parquet")):
        yield from scan_texts(_cells(path))


def _cells(path: Path) -> Iterator[tuple[str, str]]:
    import pyarrow.parquet

    with pyarrow.parquet.ParquetFile(path) as file:
        for batch in file.iter_batches():
            for name, column in zip(batch.schema.names, batch.columns, strict=True):
                place = f"{path}#{name}"
                yield from ((place, text) for text in map(_text, column.to_pylist()) if text)


def _text(value: object) -> str | None:
    """What a cell might hide a number in; small numbers and dates hide none."""
    if isinstance(value, str):
        return value if len(value) >= 13 else None
    if isinstance(value, int):
        return str(value) if value >= _NUMBER_FLOOR else None
    return str(value) if isinstance(value, dict | list | bytes) else None
