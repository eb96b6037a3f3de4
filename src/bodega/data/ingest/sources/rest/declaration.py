"""What sources.yml can say about an API."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from bodega.data.ingest.sources.contract import Stream
from bodega.data.ingest.sources.http import Manners
from bodega.data.ingest.sources.streams import Name, Remote, Secret, StreamConfig, duration


class _Strict(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Bearer(_Strict):
    kind: Literal["bearer"]
    token: Secret


class Header(_Strict):
    kind: Literal["header"]
    name: str
    value: Secret


class Query(_Strict):
    kind: Literal["query"]
    name: str
    value: Secret


class Basic(_Strict):
    kind: Literal["basic"]
    user: str
    password: Secret


class OAuth2(_Strict):
    """Client credentials: a token is asked for, kept until it expires, and asked for anew."""

    kind: Literal["oauth2"]
    token_url: str
    client_id: str
    client_secret: Secret
    scope: str = ""


Auth = Annotated[Bearer | Header | Query | Basic | OAuth2, Field(discriminator="kind")]


class NoPages(_Strict):
    kind: Literal["none"] = "none"


class ByPage(_Strict):
    """`?page=1&per_page=100`, until a page is not full."""

    kind: Literal["page"]
    param: str = "page"
    start: int = 1
    size_param: str | None = "per_page"
    size: int = Field(100, ge=1)


class ByOffset(_Strict):
    """`?offset=0&limit=100`, until a page is not full."""

    kind: Literal["offset"]
    param: str = "offset"
    size_param: str = "limit"
    size: int = Field(100, ge=1)


class ByCursor(_Strict):
    """The body names the next page at `path`; it is asked for by `param`."""

    kind: Literal["cursor"]
    path: tuple[str, ...]
    param: str = "cursor"


class ByLink(_Strict):
    """The header `Link: <…>; rel="next"`."""

    kind: Literal["link"]


class ByUrl(_Strict):
    """The body holds the address of the next page at `path`."""

    kind: Literal["url"]
    path: tuple[str, ...]


Pagination = Annotated[
    NoPages | ByPage | ByOffset | ByCursor | ByLink | ByUrl, Field(discriminator="kind")
]


class Cursor(_Strict):
    """Reading goes on at the highest `field` seen, less `lag`, said to the API by `param`; the
    first time from `start`. `until_param` says today. Days stay days, instants instants, numbers
    numbers (their lag is a number)."""

    field: str
    param: str
    start: str | int
    lag: Annotated[timedelta, BeforeValidator(duration)] = timedelta()
    number_lag: int = Field(0, ge=0)
    until_param: str | None = None

    @model_validator(mode="after")
    def _of_one_kind(self) -> "Cursor":
        if isinstance(self.start, int) and self.lag:
            raise ValueError("a cursor of numbers has a `number_lag`")
        return self


def _each(given: Any) -> Any:
    """`{symbol: [A, B]}` is `[{symbol: A}, {symbol: B}]`."""
    if isinstance(given, Mapping) and len(given) == 1:
        name, values = next(iter(given.items()))
        if isinstance(values, list | tuple):
            return [{name: value} for value in values]
    return given


class RestStreamConfig(StreamConfig):
    """`path` and `params` may name members of `each` as `{symbol}`. `records` leads to the list;
    where the answer is a list already, it is taken as it is. `inherit` copies members of the
    answer, or of `each`, to every record. `aliases` give one name to fields that the API has
    spelled in several ways. `shape: columns` is for answers that hold a list a field."""

    path: str
    params: Mapping[str, str | int | bool] = {}
    each: Annotated[tuple[Mapping[str, str | int | float], ...], BeforeValidator(_each)] = ()
    records: tuple[str, ...] = ()
    shape: Literal["records", "columns"] = "records"
    format: Literal["json", "csv"] = "json"
    inherit: tuple[str, ...] = ()
    aliases: Mapping[str, str] = {}
    pagination: Pagination = NoPages()
    cursor: Cursor | None = None


class RestConfig(Remote):
    kind: Literal["rest"] = "rest"
    base_url: str = Field(pattern="^https?://")
    auth: Auth | None = None
    headers: Mapping[str, str] = {}
    manners: Manners = Manners()
    streams: Mapping[Name, RestStreamConfig] = Field(min_length=1)

    def declared(self) -> list[Stream]:
        return [config.stream(name) for name, config in self.streams.items()]
