"""The files connector: what is new among the files that match, read once each."""

import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa

from bodega.data.ingest.sources.contract import Finding, Page, State, Stream
from bodega.data.ingest.sources.errors import SourceUnknown
from bodega.data.ingest.sources.files.formats import Chunk, Reading, describe, read_file
from bodega.data.ingest.sources.files.places import Found, Place, digest
from bodega.data.ingest.sources.infer import infer_columns
from bodega.kernel.errors import BodegaError


@dataclass(frozen=True, slots=True)
class FileStream:
    """A stream and where its files lie."""

    stream: Stream
    place: Place
    reading: Reading


class FilesSource:
    """Answers `Source`. Its state: the files that were read, by name and by content, and how far
    into the file that was being read."""

    def __init__(self, streams: Mapping[str, FileStream]) -> None:
        self._streams = streams

    def check(self) -> list[Finding]:
        return [self._checked(name, given) for name, given in self._streams.items()]

    def discover(self) -> list[Stream]:
        return [self._discovered(given) for given in self._streams.values()]

    def read(self, stream: str, state: State) -> Iterator[Page]:
        given = self._streams.get(stream)
        if given is None:
            raise SourceUnknown(f"There is no stream {stream!r}")
        return _Readings(given, state).pages()

    def stamps(self) -> list[tuple[str, str]]:
        """Every file that matches, with a stamp that changes when the file may have."""
        return [
            (file.name, file.stamp)
            for given in self._streams.values()
            for file in given.place.found()
        ]

    def _checked(self, name: str, given: FileStream) -> Finding:
        try:
            files = given.place.found()
            if not files:
                return Finding(name, ok=False, says="no file matches")
            said = _described(given, files[-1])
        except BodegaError as error:
            return Finding(name, ok=False, says=error.detail)
        size = sum(file.size for file in files)
        return Finding(name, ok=True, says=f"{len(files)} files, {size:,} bytes; {said}")

    def _discovered(self, given: FileStream) -> Stream:
        files = given.place.found()
        if not files:
            return given.stream
        newest = files[-1]
        with (
            tempfile.TemporaryDirectory(prefix="bodega-source-") as scratch,
            given.place.local(newest) as path,
        ):
            chunk = next(read_file(path, given.reading, skip=0, scratch=Path(scratch)), None)
            said = describe(path, given.reading, Path(scratch))
        known = {column.name for column in given.stream.columns}
        found = [] if chunk is None else infer_columns(chunk.rows, chunk.hints, known)
        columns = (*given.stream.columns, *found)
        return given.stream.model_copy(update={"columns": columns, "notes": (said,)})


def _described(given: FileStream, file: Found) -> str:
    with (
        tempfile.TemporaryDirectory(prefix="bodega-source-") as scratch,
        given.place.local(file) as path,
    ):
        return describe(path, given.reading, Path(scratch))


class _Readings:
    """The pages of every file that is new or has changed."""

    def __init__(self, given: FileStream, state: State) -> None:
        self._given = given
        self._files: dict[str, list[str]] = dict(state.get("files", {}))
        self._partial: tuple[str, str, int] | None = (
            tuple(state["partial"]) if state.get("partial") else None
        )
        self._done = self._total = 0

    def pages(self) -> Iterator[Page]:
        files = self._given.place.found()
        while fresh := [file for file in files if self._may_be_new(file)]:
            self._total += sum(file.size for file in fresh)
            for file in fresh:
                yield from self._file(file)
                self._done += file.size

    def _may_be_new(self, file: Found) -> bool:
        known = self._files.get(file.name)
        return known is None or known[0] != file.stamp

    def _file(self, file: Found) -> Iterator[Page]:
        with self._given.place.local(file) as path:
            content = digest(path)
            twin = self._read_before(content)
            if twin is not None:
                self._files[file.name] = [file.stamp, content]
                same = "unchanged" if twin == file.name else f"the same content as {twin}"
                yield Page(pa.table({}), self._state(), note=f"{file.name}: {same}, not read again")
                return
            yield from self._content(file, path, content)

    def _read_before(self, content: str) -> str | None:
        return next((name for name, (_, seen) in self._files.items() if seen == content), None)

    def _content(self, file: Found, path: Path, content: str) -> Iterator[Page]:
        skip = 0
        if self._partial is not None and self._partial[:2] == (file.name, content):
            skip = self._partial[2]
        begins, read = skip == 0, skip
        waiting: Chunk | None = None
        with tempfile.TemporaryDirectory(prefix="bodega-source-") as scratch:
            for chunk in read_file(path, self._given.reading, skip=skip, scratch=Path(scratch)):
                if waiting is not None:
                    read += len(waiting.rows) + _unread(waiting)
                    self._partial = (file.name, content, read)
                    yield self._page(file, waiting, begins=begins, done=self._done)
                    begins = False
                waiting = chunk
        self._partial = None
        self._forget_twins(file)
        self._files[file.name] = [file.stamp, content]
        last = waiting or Chunk(pa.table({}))
        yield self._page(file, last, begins=begins, ends=True, done=self._done + file.size)

    def _forget_twins(self, file: Found) -> None:
        """Without a key, rows count for the file they were read from: what they were replaced by is
        no word on other files that said the same, which are read now."""
        _, said = self._files.pop(file.name, ("", ""))
        if self._given.stream.key:
            return
        for name in [name for name, (_, seen) in self._files.items() if seen == said]:
            del self._files[name]

    def _page(
        self, file: Found, chunk: Chunk, *, begins: bool, done: int, ends: bool = False
    ) -> Page:
        return Page(
            rows=chunk.rows,
            state=self._state(),
            origin=file.name,
            hints=chunk.hints,
            rejects=chunk.rejects,
            whole=True,
            begins=begins,
            ends=ends,
            done=done,
            total=self._total,
        )

    def _state(self) -> State:
        state: dict[str, object] = {"files": dict(self._files)}
        if self._partial is not None:
            state["partial"] = list(self._partial)
        return state


def _unread(chunk: Chunk) -> int:
    """Lines that count for where a file goes on though they were set aside."""
    return sum(1 for reject in chunk.rejects if reject.reason == "line: not a JSON object")
