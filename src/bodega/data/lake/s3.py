"""How an object store is reached: one description, told to Delta, Arrow and DuckDB."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

if TYPE_CHECKING:
    import duckdb

    from bodega.backbone.settings import Settings

_REGION = "us-east-1"


@dataclass(frozen=True, slots=True)
class S3Access:
    """What is empty is left to AWS's own environment (AWS_ACCESS_KEY_ID, instance roles …)."""

    endpoint: str = ""
    region: str = ""
    key_id: str = ""
    secret: str = ""

    @classmethod
    def of(cls, settings: "Settings") -> "S3Access":
        """BODEGA_LAKE_S3_*, and what they do not say from AWS's usual variables."""
        said = (
            (settings.lake_s3_endpoint, "AWS_ENDPOINT_URL"),
            (settings.lake_s3_region, "AWS_REGION"),
            (settings.lake_s3_key_id, "AWS_ACCESS_KEY_ID"),
            (settings.lake_s3_secret.get_secret_value(), "AWS_SECRET_ACCESS_KEY"),
        )
        return cls(*(value or os.environ.get(name, "") for value, name in said))

    @property
    def is_plain_http(self) -> bool:
        return self.endpoint.startswith("http://")

    def delta_options(self) -> dict[str, str]:
        """For delta-rs. A commit is a conditional put: of two writers one wins, none overwrites."""
        options = {
            "aws_endpoint_url": self.endpoint,
            "aws_region": self.region or _REGION,
            "aws_access_key_id": self.key_id,
            "aws_secret_access_key": self.secret,
            "aws_allow_http": "true" if self.is_plain_http else "",
            "conditional_put": "etag",
        }
        return {name: value for name, value in options.items() if value}

    def filesystem(self) -> Any:
        """For small files, by Arrow."""
        return _filesystem(self)

    def filesystem_options(self) -> dict[str, object]:
        options: Mapping[str, object] = {
            "access_key": self.key_id,
            "secret_key": self.secret,
            "region": self.region or _REGION,
            "endpoint_override": urlsplit(self.endpoint).netloc,
            "scheme": "http" if self.is_plain_http else "https",
        }
        return {name: value for name, value in options.items() if value}

    def attach(self, con: "duckdb.DuckDBPyConnection") -> None:
        """DuckDB may read s3:// with this; the secret lives in the connection only."""
        con.execute(f"load {quoted(extension())}")
        con.execute(f"create or replace secret lake ({self._duckdb_secret()})")

    def _duckdb_secret(self) -> str:
        parts = ["type s3", "provider config", f"region {quoted(self.region or _REGION)}"]
        if self.key_id:
            parts += [f"key_id {quoted(self.key_id)}", f"secret {quoted(self.secret)}"]
        if self.endpoint:
            parts += [f"endpoint {quoted(urlsplit(self.endpoint).netloc)}", "url_style 'path'"]
            parts += [f"use_ssl {'false' if self.is_plain_http else 'true'}"]
        return ", ".join(parts)


@cache
def _filesystem(access: S3Access) -> Any:
    from pyarrow import fs

    retried = fs.AwsStandardS3RetryStrategy(max_attempts=5)
    return fs.S3FileSystem(retry_strategy=retried, **access.filesystem_options())


def extension() -> str:
    """DuckDB's httpfs, from its wheel: nothing is downloaded."""
    from importlib.resources import files

    found = sorted(str(path) for path in _walk(files("duckdb_extension_httpfs")))
    return found[-1]


def _walk(folder: Any) -> list[Any]:
    found: list[Any] = []
    for entry in folder.iterdir():
        if entry.is_dir():
            found += _walk(entry)
        elif entry.name.endswith(".duckdb_extension"):
            found.append(entry)
    return found


def quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
