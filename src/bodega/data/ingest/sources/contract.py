"""What a connector is, and what it hands over: streams, pages, state."""

import re
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any, Literal, Protocol

import pyarrow as pa
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

State = Mapping[str, Any]
"""JSON that only the connector understands; {} is the very beginning."""

Mode = Literal["evolve", "freeze", "drop_row", "drop_value"]
_DECIMAL = re.compile(r"decimal\((\d{1,2}),\s*(\d{1,2})\)")
_KINDS = ("string", "integer", "number", "boolean", "date", "timestamp", "json")
_NAME = r"^[^\W\d_]\w*$"
_ACCENTS = re.compile(r"(?<=[A-Za-z])[\u0300-\u036f]+")


def _a_type(text: str) -> str:
    decimal = _DECIMAL.fullmatch(text)
    if decimal and 0 <= int(decimal[2]) <= int(decimal[1]) <= 38 and int(decimal[1]) > 0:
        return f"decimal({decimal[1]},{decimal[2]})"
    if text not in _KINDS:
        raise ValueError(f"a type is one of {', '.join(_KINDS)} or decimal(precision,scale)")
    return text


FieldType = Annotated[str, AfterValidator(_a_type)]


class Column(BaseModel):
    """One field of a stream. `format` reads dates and times as `strptime` does; `source_name` is
    how the source spells it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str = Field(pattern=_NAME)
    type: FieldType = "string"
    format: str | None = None
    required: bool = False
    source_name: str | None = None


class SchemaContract(BaseModel):
    """What happens when the source strays from its fields.

    `columns`: a field nobody knew. `evolve` adds it, `freeze` stops the load before anything of
    the page is written, `drop_value` leaves it out, `drop_row` sets rows that fill it aside.
    `types`: a value that does not fit. `evolve` keeps it as text in `<field>__text`, `freeze`
    stops, `drop_value` leaves the field empty, `drop_row` sets the row aside.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    columns: Mode = "evolve"
    types: Mode = "drop_row"


class Personal(BaseModel):
    """The fields that tell of a person, and whose they are: `user` names the field with the
    customer's id, `mail` the one with the e-mail; whoever shares either is one person."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    columns: tuple[str, ...] = ()
    user: str | None = None
    mail: str | None = None

    @model_validator(mode="after")
    def _whose(self) -> "Personal":
        if self.user is None and self.mail is None:
            raise ValueError("`personal` says by `user` or `mail` whose the values are")
        return self

    @property
    def sealed(self) -> tuple[str, ...]:
        """An e-mail is personal whether that is said or not."""
        return tuple(dict.fromkeys((*self.columns, *filter(None, (self.mail,)))))


class Stream(BaseModel):
    """One kind of record of a source.

    `key` identifies a record. `version` orders copies of one record (a timestamp or counter that
    the source sets); without it the later arrival wins. `missing`: a record that a whole reading
    no longer holds is kept, or counted as deleted. `known_at` names the field that says when the
    source knew a row; without it that is when it was read. `deleted` names a field that is true
    for records the source has deleted. `personal` fields are sealed before they are kept.
    """

    model_config = ConfigDict(frozen=True)

    name: str
    columns: tuple[Column, ...] = ()
    key: tuple[str, ...] = ()
    version: str | None = None
    missing: Literal["keep", "delete"] = "keep"
    deleted: str | None = None
    known_at: str | None = None
    contract: SchemaContract = SchemaContract()
    personal: Personal | None = None
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Reject:
    """A record that cannot even be split into fields."""

    raw: str
    reason: str


@dataclass(frozen=True, slots=True)
class Page:
    """Some records, and the state that follows them.

    `rows` has a column a field, as text or typed; `hints` gives the types that the source itself
    states for text columns. `origin` says where they come from (a file, an address). `whole` marks
    readings that replace what the origin held before: the first page `begins` one and the last
    `ends` it. Pages that are not whole add to what was there and keep one origin a stream. `note`
    is for whoever started the load; `done` of `total` is for their progress bar.
    """

    rows: pa.Table
    state: State
    origin: str = ""
    hints: Mapping[str, str] = field(default_factory=dict)
    rejects: tuple[Reject, ...] = ()
    whole: bool = False
    begins: bool = False
    ends: bool = False
    note: str = ""
    done: int = 0
    total: int = 0


@dataclass(frozen=True, slots=True)
class Finding:
    """What `check` found out about one thing it tried."""

    what: str
    ok: bool
    says: str


class Source(Protocol):
    """A connector. It may be asked from any thread, one question at a time."""

    def check(self) -> list[Finding]:
        """Try what `read` will need; never raises for what it can say in a finding."""

    def discover(self) -> list[Stream]:
        """The streams as declared and found. Raises SourceUnreachable, SourceRefused."""

    def read(self, stream: str, state: State) -> Iterator[Page]:
        """Pages after `state`, each with the state that follows it. Closing the iterator ends the
        reading. Raises SourceUnreachable, SourceRefused."""


def field_name(text: str) -> str:
    """The name a field has in the lake: `companyName` and `Company Name` are `company_name`,
    `Größe` is `große`; other scripts keep their letters."""
    bare = _ACCENTS.sub("", unicodedata.normalize("NFKD", text))
    text = unicodedata.normalize("NFC", bare).strip()
    parted = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", text)
    plain = re.sub(r"[\W_]+", "_", parted.lower()).strip("_")
    if not plain:
        return "unnamed"
    return plain if plain[0].isalpha() else f"f_{plain}"


def field_names(texts: list[str]) -> list[str]:
    """As `field_name`, each once: a second `name` is `name_2`."""
    taken: set[str] = set()
    names = []
    for text in texts:
        base = name = field_name(text)
        count = 1
        while name in taken:
            count += 1
            name = f"{base}_{count}"
        taken.add(name)
        names.append(name)
    return names
