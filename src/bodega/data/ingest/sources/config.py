"""`sources.yml`: which sources there are, validated, with secrets by reference to the environment.

sources:
  suppliers:
    kind: files
    schedule: every 15 minutes
    streams:
      prices:
        path: suppliers/*.csv
        key: [sku]
        fields: {price: decimal(12,2), valid_from: date}
        contract: {columns: evolve, types: drop_row}
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Literal

import yaml
from pydantic import BeforeValidator, Field, ValidationError, model_validator

from bodega.data.ingest.sources.brings import filled, standard_mappings
from bodega.data.ingest.sources.contract import Stream
from bodega.data.ingest.sources.errors import SourcesMalformed
from bodega.data.ingest.sources.files.dialect import Dialect
from bodega.data.ingest.sources.kafka.config import KafkaConfig, KafkaRecordsConfig
from bodega.data.ingest.sources.known.ecb import FxConfig
from bodega.data.ingest.sources.known.fmp import FmpConfig
from bodega.data.ingest.sources.known.weather import WeatherConfig
from bodega.data.ingest.sources.mapping import MappingConfig
from bodega.data.ingest.sources.postgres import PostgresConfig
from bodega.data.ingest.sources.rest.declaration import RestConfig
from bodega.data.ingest.sources.streams import Name, Parallel, Secret, StreamConfig, Strict


class S3Config(Strict):
    """How a bucket is reached; what is left out comes from the environment (AWS_…)."""

    endpoint: str | None = None
    region: str | None = None
    access_key: Secret | None = None
    secret_key: Secret | None = None

    def options(self) -> dict[str, str]:
        found: dict[str, str] = {}
        if self.endpoint:
            scheme, _, rest = self.endpoint.rpartition("://")
            found["endpoint_override"] = rest
            found["scheme"] = scheme or "https"
        if self.region:
            found["region"] = self.region
        if self.access_key and self.secret_key:
            found["access_key"] = self.access_key.reveal()
            found["secret_key"] = self.secret_key.reveal()
        return found


class FileStreamConfig(StreamConfig):
    """`path` is a file or a pattern, from the folder of sources.yml on, or under s3://."""

    path: str = Field(min_length=1)
    format: Literal["csv", "json", "ndjson", "parquet", "excel"] | None = None
    dialect: Dialect = Dialect()
    records: tuple[str, ...] = ()
    sheet: str | int = 0


class FilesConfig(Parallel):
    kind: Literal["files"]
    s3: S3Config = S3Config()
    streams: Mapping[Name, FileStreamConfig] = Field(min_length=1)

    def declared(self) -> list[Stream]:
        return [config.stream(name) for name, config in self.streams.items()]


SourceConfig = Annotated[
    FilesConfig
    | RestConfig
    | PostgresConfig
    | KafkaConfig
    | KafkaRecordsConfig
    | FmpConfig
    | WeatherConfig
    | FxConfig,
    Field(discriminator="kind"),
]


FOLLOWED = (PostgresConfig, KafkaConfig)
"""Kinds that hand over changes, in order and with their own place in it, instead of pages."""


class SourcesFile(Strict):
    """The whole file. `folder` is where it lies: relative paths begin there."""

    sources: Mapping[Name, SourceConfig] = {}
    mappings: Annotated[Mapping[Name, MappingConfig], BeforeValidator(filled)] = {}
    folder: Path = Path()

    @model_validator(mode="after")
    def _mappings_name_streams(self) -> "SourcesFile":
        for name, mapping in self.mappings.items():
            for origin in mapping.origins:
                if self.stream(origin.stream) is None:
                    raise ValueError(f"mappings.{name}: there is no stream {origin.stream}")
        return self

    def every_mapping(self) -> dict[str, MappingConfig]:
        """Those declared, and the standard ones that sources of known kinds fill."""
        return standard_mappings(self.sources, self.mappings)

    def stream(self, name: str) -> Stream | None:
        """`source.stream` as declared."""
        source, _, stream = name.partition(".")
        config = self.sources.get(source)
        declared = config.declared() if config else []
        return next((found for found in declared if found.name == stream), None)


def read_sources(path: Path) -> SourcesFile:
    """Raises SourcesMalformed, naming each place that is wrong; no file is no sources."""
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return SourcesFile(folder=path.parent)
    except (OSError, UnicodeDecodeError) as error:
        raise SourcesMalformed(f"{path} cannot be read: {error}") from error
    except yaml.YAMLError as error:
        raise SourcesMalformed(f"{path} is not YAML: {error}") from error
    try:
        found = SourcesFile.model_validate(content or {})
    except ValidationError as error:
        raise SourcesMalformed(f"{path} breaks a rule:\n{_complaints(error)}") from error
    return found.model_copy(update={"folder": path.parent})


def _complaints(error: ValidationError) -> str:
    lines = []
    for item in error.errors():
        place = ".".join(str(part) for part in item["loc"])
        said = item["msg"].removeprefix("Value error, ")
        if item["type"] == "extra_forbidden":
            said = "there is no such setting"
        lines.append(f"  {place}: {said}")
    return "\n".join(lines)
