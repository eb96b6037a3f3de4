"""Which encoding a text file is in, and a copy in UTF-8 where it is another."""

import gzip
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, cast

from bodega.data.ingest.sources.errors import SourceRefused

_SAMPLE = 4 * 1024 * 1024
_DETECT = 64 * 1024
_MARKS = (
    (b"\xef\xbb\xbf", "utf-8-sig"),
    (b"\xff\xfe\x00\x00", "utf-32"),
    (b"\x00\x00\xfe\xff", "utf-32"),
    (b"\xff\xfe", "utf-16"),
    (b"\xfe\xff", "utf-16"),
)
_MOSTLY = 0.9


def sniff_encoding(path: Path) -> str:
    """`utf-8` also where a few bytes are broken: those lines are set aside, not guessed at."""
    with opened(path) as file:
        sample = file.read(_SAMPLE)
    for mark, name in _MARKS:
        if sample.startswith(mark):
            return name
    try:
        sample[: len(sample) - 4 if len(sample) == _SAMPLE else None].decode()
    except UnicodeDecodeError as error:
        return "utf-8" if _mostly_utf8(sample) else _detected(sample, error.start)
    return "utf-8"


def _mostly_utf8(sample: bytes) -> bool:
    """Whether bytes beyond ASCII are nearly all parts of whole UTF-8 characters."""
    text = sample.decode(errors="replace")
    broken = text.count("\ufffd")
    whole = sum(1 for sign in text if ord(sign) > 127) - broken
    return whole > 0 and whole / (whole + broken) >= _MOSTLY


def _detected(sample: bytes, around: int) -> str:
    from charset_normalizer import from_bytes

    start = max(0, around - _DETECT // 2)
    best = from_bytes(sample[start : start + _DETECT]).best()
    if best is None:
        return "cp1252"
    # Western European pages differ in signs that prices and names hardly hold; Windows' is the one
    # that files are saved in.
    western = {"latin_1", "iso8859_1", "cp1250", "cp1252", "cp850", "mac_roman", "iso8859_15"}
    return "cp1252" if best.encoding in western else best.encoding


@contextmanager
def opened(path: Path) -> Iterator[IO[bytes]]:
    """The bytes of a file, unpacked. Raises SourceRefused for a broken or unknown packing."""
    try:
        with _reader(path) as file:
            yield file
    except (OSError, EOFError) as error:
        raise SourceRefused(f"{path.name} cannot be read to its end: {error}") from error


def _reader(path: Path) -> IO[bytes]:
    if path.suffix == ".gz":
        return cast("IO[bytes]", gzip.open(path, "rb"))
    if path.suffix in (".zst", ".bz2", ".lz4"):
        import pyarrow as pa

        packing = {".zst": "zstd", ".bz2": "bz2", ".lz4": "lz4"}[path.suffix]
        return cast("IO[bytes]", pa.input_stream(str(path), compression=packing))
    return path.open("rb")


def in_utf8(path: Path, encoding: str, folder: Path) -> Path:
    """The file itself where it is UTF-8 and plain or gzipped, else an unpacked copy in UTF-8. What
    the encoding cannot say becomes an invalid byte, so that the line is set aside. Raises
    SourceRefused."""
    plain = encoding in ("utf-8", "utf-8-sig", "ascii")
    if plain and path.suffix not in (".zst", ".bz2", ".lz4"):
        return path
    target = folder / f"{path.name}.utf8"
    try:
        with opened(path) as source, target.open("wb") as copy:
            if plain:
                shutil.copyfileobj(source, copy, 1024 * 1024)
            else:
                _transcode(source, copy, encoding)
    except LookupError as error:
        raise SourceRefused(f"{encoding!r} is no encoding that Python knows") from error
    return target


def _transcode(source: IO[bytes], copy: IO[bytes], encoding: str) -> None:
    import codecs

    decoder = codecs.getincrementaldecoder(encoding)(errors="surrogateescape")
    while block := source.read(1024 * 1024):
        copy.write(decoder.decode(block).encode("utf-8", "surrogateescape"))
    copy.write(decoder.decode(b"", final=True).encode("utf-8", "surrogateescape"))
