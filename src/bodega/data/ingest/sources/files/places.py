"""Where files lie: a folder, or a bucket that speaks S3."""

import hashlib
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from fnmatch import fnmatchcase
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Protocol

from bodega.data.ingest.sources.errors import SourceRefused, SourceUnreachable

if TYPE_CHECKING:
    from pyarrow import fs

_BLOCK = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Found:
    """A file that matches. `stamp` changes when the file may have."""

    name: str
    size: int
    modified: datetime

    @property
    def stamp(self) -> str:
        return f"{self.size}-{self.modified.timestamp():.6f}"


class Place(Protocol):
    """Raises SourceUnreachable, SourceRefused."""

    def found(self) -> list[Found]:
        """Files that match, in the order of their names."""

    def local(self, file: Found) -> AbstractContextManager[Path]:
        """The file on this machine's disk, while the block lasts."""


class Folder:
    """Files below `base` that match `pattern` (`*`, `**`, `?`), or the one file of that name."""

    def __init__(self, base: Path, pattern: str) -> None:
        self._base, self._pattern = base, pattern

    def found(self) -> list[Found]:
        anchor, pattern = self._base, self._pattern
        absolute = Path(pattern)
        if absolute.is_absolute():
            anchor, pattern = Path(absolute.anchor), str(absolute.relative_to(absolute.anchor))
        try:
            files = sorted(path for path in anchor.glob(pattern) if path.is_file())
            return [self._describe(path) for path in files]
        except (OSError, ValueError, NotImplementedError) as error:
            raise SourceRefused(f"{self._pattern}: {error}") from error

    def _describe(self, path: Path) -> Found:
        status = path.stat()
        name = str(path.relative_to(self._base)) if path.is_relative_to(self._base) else str(path)
        return Found(name, status.st_size, datetime.fromtimestamp(status.st_mtime, UTC))

    @contextmanager
    def local(self, file: Found) -> Iterator[Path]:
        yield self._base / file.name


class Bucket:
    """Objects of `s3://bucket/pattern`. Credentials come from `options`, else from the
    environment as every S3 client reads it."""

    def __init__(self, url: str, options: Mapping[str, str]) -> None:
        self._path = url.removeprefix("s3://")
        self._options = dict(options)
        self._files: fs.S3FileSystem | None = None

    def found(self) -> list[Found]:
        from pyarrow import fs

        fixed = PurePosixPath(*_before_wildcard(self._path))
        selector = fs.FileSelector(str(fixed), recursive=True, allow_not_found=True)
        try:
            single = self._system().get_file_info(str(fixed))
            infos = (
                [single]
                if single.type == fs.FileType.File
                else self._system().get_file_info(selector)
            )
        except OSError as error:
            raise SourceUnreachable(f"s3://{self._path}: {error}") from error
        return sorted(
            (
                Found(f"s3://{info.path}", info.size, info.mtime)
                for info in infos
                if info.type == fs.FileType.File and _matches(info.path, self._path)
            ),
            key=lambda file: file.name,
        )

    @contextmanager
    def local(self, file: Found) -> Iterator[Path]:
        with tempfile.TemporaryDirectory(prefix="bodega-source-") as folder:
            path = Path(folder) / PurePosixPath(file.name).name
            try:
                source = self._system().open_input_stream(
                    file.name.removeprefix("s3://"), compression=None
                )
                with source, path.open("wb") as copy:
                    shutil.copyfileobj(source, copy, _BLOCK)
            except OSError as error:
                raise SourceUnreachable(f"{file.name}: {error}") from error
            yield path

    def _system(self) -> "fs.S3FileSystem":
        from pyarrow import fs

        if self._files is None:
            self._files = fs.S3FileSystem(**self._options)
        return self._files


def digest(path: Path) -> str:
    """What a file is known by. Raises SourceUnreachable."""
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise SourceUnreachable(f"{path}: {error.strerror}") from error


def _before_wildcard(path: str) -> list[str]:
    parts = []
    for part in PurePosixPath(path).parts:
        if any(sign in part for sign in "*?["):
            break
        parts.append(part)
    return parts


def _matches(path: str, pattern: str) -> bool:
    """`*` stays within a folder, `**` crosses folders."""
    return _match(PurePosixPath(path).parts, PurePosixPath(pattern).parts)


def _match(parts: tuple[str, ...], patterns: tuple[str, ...]) -> bool:
    if not patterns:
        return not parts
    if patterns[0] == "**":
        return any(_match(parts[skip:], patterns[1:]) for skip in range(len(parts) + 1))
    return bool(parts) and fnmatchcase(parts[0], patterns[0]) and _match(parts[1:], patterns[1:])
