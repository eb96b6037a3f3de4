"""From `sources.yml` to connectors: which kind is built by what."""

from collections.abc import Callable
from typing import Any

from bodega.backbone.settings import Settings
from bodega.data.ingest.sources.config import FilesConfig, FileStreamConfig, SourcesFile
from bodega.data.ingest.sources.contract import Source, Stream
from bodega.data.ingest.sources.errors import SourceUnknown
from bodega.data.ingest.sources.files.formats import Reading
from bodega.data.ingest.sources.files.places import Bucket, Folder, Place
from bodega.data.ingest.sources.files.source import FilesSource, FileStream


def build_source(name: str, file: SourcesFile, settings: Settings) -> Source:
    """The connector of one source. Raises SourceUnknown, SourcesMalformed."""
    config = file.sources.get(name)
    if config is None:
        known = ", ".join(sorted(file.sources)) or "none"
        raise SourceUnknown(f"There is no source {name!r}; declared are: {known}")
    return _BUILDERS[type(config)](config, file, settings)


def declared_streams(config: Any) -> list[Stream]:
    return [given.stream(name) for name, given in config.streams.items()]


def _files(config: FilesConfig, file: SourcesFile, _settings: Settings) -> Source:
    return FilesSource(
        {
            name: FileStream(
                given.stream(name),
                _place(given, config, file),
                Reading(given.format, given.dialect, given.records, given.sheet),
            )
            for name, given in config.streams.items()
        }
    )


def _place(given: FileStreamConfig, config: FilesConfig, file: SourcesFile) -> Place:
    if given.path.startswith("s3://"):
        return Bucket(given.path, config.s3.options())
    return Folder(file.folder.absolute(), given.path)


_BUILDERS: dict[type, Callable[[Any, SourcesFile, Settings], Source]] = {FilesConfig: _files}
