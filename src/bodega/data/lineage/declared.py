"""What the layers above the lake say of themselves: tables they publish, questions they ask."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Literal

from pydantic import BaseModel, ConfigDict

Layer = Literal[
    "source", "bronze", "staging", "silver", "intermediate", "gold", "metric", "number", "feature",
    "model",
]  # fmt: skip
Types = Mapping[str, Mapping[str, str]]  # by relation and column
Class = Literal["public", "personal", "secret"]


class _Declared(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class SourceColumn(_Declared):
    """`kind` is its class: a secret one never leaves its source."""

    name: str
    type: str = ""
    kind: Class = "public"
    description: str = ""


class SourceTable(_Declared):
    """A table, or a stream, as its source has it; it arrives in `bronze.<bronze>`: as envelopes of
    its changes, or record by record."""

    id: str
    bronze: str
    owner: str
    comes_as: Literal["changes", "records"] = "changes"
    description: str = ""
    columns: Sequence[SourceColumn]


class Brought(_Declared):
    """What one stream says of a mapped table: its fields by column."""

    bronze: str
    fields: Mapping[str, str]


class MappedTable(_Declared):
    """Silver of declared sources, `mapped.<name>`; `brought` in order of precedence."""

    name: str
    columns: Mapping[str, str]
    brought: Sequence[Brought] = ()


class Use(_Declared):
    """Somebody who reads gold: `sql` is one SELECT whose columns are the figures. It may read other
    uses by their id. `page` is where people see it."""

    id: str
    layer: Layer
    sql: str
    owner: str
    label: str = ""
    description: str = ""
    grain: str = ""
    unit: str = ""
    page: str = ""
    columns: dict[str, str] = {}


class Declared(_Declared):
    """Everything outside the models."""

    sources: Sequence[SourceTable] = ()
    mapped: Sequence[MappedTable] = ()
    uses: Sequence[Use] = ()

    def fingerprint(self) -> str:
        """The same in whatever order columns were told."""
        said = json.dumps(self.model_dump(mode="json"), sort_keys=True)
        return hashlib.sha256(said.encode()).hexdigest()
