"""A folder of files, a lake, and readings of one into the other."""

import os
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("deltalake")

from bodega.data.ingest.sources.config import FileStreamConfig
from bodega.data.ingest.sources.contract import Source, Stream
from bodega.data.ingest.sources.files.formats import Reading
from bodega.data.ingest.sources.files.places import Folder
from bodega.data.ingest.sources.files.source import FilesSource, FileStream
from bodega.data.ingest.sources.load import load
from bodega.data.ingest.sources.look import look
from bodega.data.ingest.sources.report import LoadReport
from bodega.data.lake.storage import LakeRoot
from bodega.kernel.clock import FixedClock

MONDAY = datetime(2026, 11, 16, 6, 0, tzinfo=UTC)


@dataclass
class Bench:
    """Reads streams into a lake of its own; the clock is in the test's hand."""

    folder: Path
    clock: FixedClock = field(default_factory=lambda: FixedClock(MONDAY))

    @property
    def root(self) -> LakeRoot:
        return LakeRoot(self.folder / "lake")

    def file(self, name: str, content: str | bytes) -> Path:
        path = self.folder / "in" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    def files(self, pattern: str, **said: Any) -> tuple[FilesSource, Stream]:
        config = FileStreamConfig.model_validate({"path": pattern, **said})
        stream = config.stream("rows")
        reading = Reading(config.format, config.dialect, config.records, config.sheet)
        place = Folder((self.folder / "in").absolute(), pattern)
        return FilesSource({"rows": FileStream(stream, place, reading)}), stream

    def read(self, source: Source, stream: Stream, **options: Any) -> LoadReport:
        report = load("test", source, stream, self.root, clock=self.clock, **options)
        assert report.rows == report.kept + report.unchanged + report.set_aside
        return report

    def read_files(self, pattern: str, *, full: bool = False, **said: Any) -> LoadReport:
        return self.read(*self.files(pattern, **said), full=full)

    def rows(self, stream: Stream, **options: Any) -> list[dict[str, Any]]:
        """What the stream holds now, without audit columns."""
        names, rows = look(self.root, "test", stream, **options)
        kept = [name for name in names if not name.startswith("_")]
        return [{n: dict(zip(names, row, strict=True))[n] for n in kept} for row in rows]

    def rejected(self, stream: Stream) -> list[tuple[str, str]]:
        """Why, and what."""
        names, rows = look(self.root, "test", stream, rejected=True)
        why, raw = names.index("_rejected"), names.index("_raw")
        return [(row[why], row[raw]) for row in rows]


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    (tmp_path / "in").mkdir()
    return Bench(tmp_path)


Rows = Callable[[Stream], list[dict[str, Any]]]


@pytest.fixture
def shared_data() -> Path:
    """Real data sets beside the repository; tests that need them are skipped where they are not."""
    found = Path(
        os.environ.get("BODEGA_TEST_DATA") or Path(__file__).parents[5] / "shared" / "data"
    )
    if not found.is_dir():
        pytest.skip(f"no real data at {found} (BODEGA_TEST_DATA)")
    return found
