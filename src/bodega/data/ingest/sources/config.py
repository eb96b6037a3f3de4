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

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, model_validator

from bodega.data.ingest.sources.contract import Column, Mode, SchemaContract, Stream
from bodega.data.ingest.sources.errors import SourcesMalformed
from bodega.data.ingest.sources.files.dialect import Dialect
from bodega.data.ingest.sources.schedule import Every

Name = Annotated[str, Field(pattern="^[a-z][a-z0-9_]{0,39}$")]


class _Strict(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Secret(_Strict):
    """A secret's place: never the secret."""

    env: str = Field(pattern="^[A-Za-z_][A-Za-z0-9_]*$")

    @model_validator(mode="before")
    @classmethod
    def _never_in_the_file(cls, given: Any) -> Any:
        if not isinstance(given, Mapping):
            raise ValueError(  # noqa: TRY004 - pydantic reports ValueErrors
                "secrets are named, not written: {env: NAME_OF_A_VARIABLE}"
            )
        return given

    def reveal(self, environment: Mapping[str, str] | None = None) -> str:
        """Raises SourcesMalformed when the variable is not set."""
        value = (os.environ if environment is None else environment).get(self.env, "")
        if not value:
            raise SourcesMalformed(f"Set {self.env} in the environment: a source refers to it")
        return value


def _one_mode(given: Any) -> Any:
    return {"columns": given, "types": given} if isinstance(given, str) else given


def _columns(given: Any) -> Any:
    """`{price: decimal(12,2), day: {type: date, format: "%d.%m.%Y"}}`."""
    if not isinstance(given, Mapping):
        return given
    return [
        {"name": name, **(said if isinstance(said, Mapping) else {"type": said})}
        for name, said in given.items()
    ]


class StreamConfig(_Strict):
    """What every kind of source lets you say about a stream."""

    key: tuple[str, ...] = ()
    version: str | None = None
    missing: Literal["keep", "delete"] = "keep"
    deleted: str | None = None
    known_at: str | None = None
    fields: Annotated[tuple[Column, ...], BeforeValidator(_columns)] = ()
    contract: Annotated[SchemaContract, BeforeValidator(_one_mode)] = SchemaContract()

    @model_validator(mode="after")
    def _whole(self) -> "StreamConfig":
        if self.missing == "delete" and not self.key:
            raise ValueError("`missing: delete` needs a `key`")
        if self.version and not self.key:
            raise ValueError("`version` needs a `key`")
        return self

    def stream(self, name: str) -> Stream:
        return Stream(
            name=name,
            columns=self.fields,
            key=self.key,
            version=self.version,
            missing=self.missing,
            deleted=self.deleted,
            known_at=self.known_at,
            contract=self.contract,
        )


class S3Config(_Strict):
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


class _Scheduled(_Strict):
    schedule: Every | None = None
    description: str = ""


class FilesConfig(_Scheduled):
    kind: Literal["files"]
    s3: S3Config = S3Config()
    streams: dict[Name, FileStreamConfig] = Field(min_length=1)


SourceConfig = Annotated[FilesConfig, Field(discriminator="kind")]


class SourcesFile(_Strict):
    """The whole file. `folder` is where it lies: relative paths begin there."""

    sources: dict[Name, SourceConfig] = {}
    folder: Path = Path()


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


__all__ = ["Mode", "Secret", "SourcesFile", "StreamConfig", "read_sources"]
