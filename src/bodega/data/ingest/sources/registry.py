"""From `sources.yml` to connectors: which kind is built by what."""

from collections.abc import Callable
from typing import Any

from bodega.backbone.settings import Settings
from bodega.backbone.vault.keys import MasterKeys
from bodega.backbone.vault.store import Vault
from bodega.data.ingest.sources.config import FilesConfig, FileStreamConfig, SourcesFile
from bodega.data.ingest.sources.contract import Source
from bodega.data.ingest.sources.errors import SourceUnknown
from bodega.data.ingest.sources.files.formats import Reading
from bodega.data.ingest.sources.files.places import Bucket, Folder, Place
from bodega.data.ingest.sources.files.source import FilesSource, FileStream
from bodega.data.ingest.sources.kafka.config import KafkaConfig, KafkaRecordsConfig
from bodega.data.ingest.sources.kafka.records import KafkaRecords
from bodega.data.ingest.sources.kafka.source import KafkaSource
from bodega.data.ingest.sources.known.ecb import FxConfig
from bodega.data.ingest.sources.known.fmp import FmpConfig
from bodega.data.ingest.sources.known.weather import WeatherConfig
from bodega.data.ingest.sources.postgres import PostgresConfig, PostgresSource
from bodega.data.ingest.sources.rest.declaration import RestConfig
from bodega.data.ingest.sources.rest.source import RestSource
from bodega.data.lake.storage import LakeRoot
from bodega.kernel.clock import SystemClock

Followed = PostgresSource | KafkaSource


def followed_source(name: str, file: SourcesFile, settings: Settings) -> Followed:
    """The connector of a source of a kind in FOLLOWED. Raises as `build_source`."""
    source = build_source(name, file, settings)
    assert isinstance(source, PostgresSource | KafkaSource)
    return source


def build_source(name: str, file: SourcesFile, settings: Settings) -> Source:
    """The connector of one source. Raises SourceUnknown, SourcesMalformed."""
    config = file.sources.get(name)
    if config is None:
        known = ", ".join(sorted(file.sources)) or "none"
        raise SourceUnknown(f"There is no source {name!r}; declared are: {known}")
    if isinstance(config, PostgresConfig | KafkaConfig):
        vault = Vault(settings.dsn, MasterKeys.of(settings)) if config.personal else None
        if isinstance(config, PostgresConfig):
            return PostgresSource(name, config, LakeRoot.of(settings), vault)
        return KafkaSource(name, config, LakeRoot.of(settings), vault)
    return _BUILDERS[type(config)](config, file, settings)


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


def _rest(config: RestConfig, _file: SourcesFile, settings: Settings) -> Source:
    cache = settings.data_dir / "cache" / "sources.sqlite3"
    return RestSource(config, clock=SystemClock(), cache=cache)


def _fmp(config: FmpConfig, file: SourcesFile, settings: Settings) -> Source:
    return _rest(config.rest(url=settings.fmp_url, key=settings.fmp_key), file, settings)


def _weather(config: WeatherConfig, file: SourcesFile, settings: Settings) -> Source:
    declared = config.rest(
        history_url=settings.weather_history_url, forecast_url=settings.weather_url
    )
    return _rest(declared, file, settings)


def _fx(config: FxConfig, file: SourcesFile, settings: Settings) -> Source:
    return _rest(config.rest(url=settings.fx_url), file, settings)


def _records(config: KafkaRecordsConfig, _file: SourcesFile, _settings: Settings) -> Source:
    return KafkaRecords(config)


_BUILDERS: dict[type, Callable[[Any, SourcesFile, Settings], Source]] = {
    FilesConfig: _files,
    RestConfig: _rest,
    KafkaRecordsConfig: _records,
    FmpConfig: _fmp,
    WeatherConfig: _weather,
    FxConfig: _fx,
}
