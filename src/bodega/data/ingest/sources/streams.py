"""What every kind of source lets sources.yml say about itself and its streams."""

import os
import re
from collections.abc import Mapping
from datetime import timedelta
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, SecretStr, model_validator

from bodega.data.ingest.sources.contract import (
    Column,
    Personal,
    SchemaContract,
    Stream,
    field_name,
)
from bodega.data.ingest.sources.errors import SourcesMalformed
from bodega.data.ingest.sources.schedule import Every

Name = Annotated[str, Field(pattern="^[a-z][a-z0-9_]{0,39}$")]
_DURATION = re.compile(r"(\d+) (minute|hour|day|week)s?")


class Strict(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Secret(Strict):
    """A secret's place: never the secret. `known` is what the settings have read already."""

    env: str = Field(pattern="^[A-Za-z_][A-Za-z0-9_]*$")
    known: SecretStr | None = Field(None, exclude=True)

    @model_validator(mode="before")
    @classmethod
    def _never_in_the_file(cls, given: Any) -> Any:
        written = isinstance(given, Mapping) and isinstance(given.get("known"), str)
        if written or not isinstance(given, Mapping | Secret):
            raise ValueError("secrets are named, not written: {env: NAME_OF_A_VARIABLE}")
        return given

    def reveal(self, environment: Mapping[str, str] | None = None) -> str:
        """Raises SourcesMalformed when the variable is not set."""
        if self.known is not None and self.known.get_secret_value():
            return self.known.get_secret_value()
        value = (os.environ if environment is None else environment).get(self.env, "")
        if not value:
            raise SourcesMalformed(f"Set {self.env} in the environment: a source refers to it")
        return value


def duration(given: Any) -> Any:
    """`3 days`. Raises ValueError."""
    if not isinstance(given, str):
        return given
    found = _DURATION.fullmatch(given.strip())
    if found is None:
        raise ValueError("a length of time is written as `30 minutes`, `6 hours`, `3 days`")
    return timedelta(**{f"{found[2]}s": int(found[1])})


def _one_mode(given: Any) -> Any:
    return {"columns": given, "types": given} if isinstance(given, str) else given


def columns_of_mapping(given: Any) -> Any:
    """`{price: decimal(12,2), day: {type: date, format: "%d.%m.%Y"}}`."""
    if not isinstance(given, Mapping):
        return given
    return [
        {"name": name, **(said if isinstance(said, Mapping) else {"type": said})}
        for name, said in given.items()
    ]


class StreamConfig(Strict):
    """A stream, of whatever kind."""

    key: tuple[str, ...] = ()
    version: str | None = None
    missing: Literal["keep", "delete"] = "keep"
    deleted: str | None = None
    known_at: str | None = None
    fields: Annotated[tuple[Column, ...], BeforeValidator(columns_of_mapping)] = ()
    contract: Annotated[SchemaContract, BeforeValidator(_one_mode)] = SchemaContract()
    personal: Personal | None = None

    @model_validator(mode="after")
    def _whole(self) -> "StreamConfig":
        if self.missing == "delete" and not self.key:
            raise ValueError("`missing: delete` needs a `key`")
        if self.version and not self.key:
            raise ValueError("`version` needs a `key`")
        if self.personal is not None:
            self._sealable(self.personal)
        named = (c.name for c in self.fields)
        roles = (self.version, self.deleted, self.known_at)
        whose = () if self.personal is None else (*self.personal.sealed, self.personal.user)
        for name in (*named, *self.key, *filter(None, (*roles, *whose))):
            if name != field_name(name):
                raise ValueError(f"{name!r} is called `{field_name(name)}` in the lake: say that")
        return self

    def _sealable(self, personal: Personal) -> None:
        typed = {column.name for column in self.fields if column.type != "string"}
        asked = {self.version, self.deleted, self.known_at, *typed}
        if wrong := [name for name in personal.sealed if name in asked]:
            raise ValueError(
                f"{wrong[0]!r} is personal: it is sealed, so nothing can be made of it"
            )

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
            personal=self.personal,
        )


class Scheduled(Strict):
    """A source, of whatever kind."""

    schedule: Every | None = None
    description: str = ""


class Parallel(Scheduled):
    """Its streams know nothing of each other: so many are read at the same time."""

    parallel: int = Field(1, ge=1, le=16)


class Remote(Parallel):
    """An API: reading it is mostly waiting."""

    parallel: int = Field(4, ge=1, le=16)
