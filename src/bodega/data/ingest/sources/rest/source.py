"""The REST connector: request series, page by page, into pages of rows."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import httpx

from bodega.data.ingest.sources.contract import Finding, Page, State, Stream
from bodega.data.ingest.sources.errors import SourceRefused, SourceUnknown
from bodega.data.ingest.sources.http import Http, Pace
from bodega.data.ingest.sources.infer import infer_columns
from bodega.data.ingest.sources.records import rows_to_table
from bodega.data.ingest.sources.rest.answers import document_of, records_of
from bodega.data.ingest.sources.rest.auth import auth_of
from bodega.data.ingest.sources.rest.cursors import believed, comparable, less
from bodega.data.ingest.sources.rest.declaration import RestConfig, RestStreamConfig
from bodega.data.ingest.sources.rest.paging import Next, first_page, next_page
from bodega.kernel.clock import Clock
from bodega.kernel.errors import BodegaError


class RestSource:
    """Answers `Source` for a declared API, to several readers at once: they keep one pace. Its
    state: the highest cursor of each series, and the page that comes next."""

    def __init__(
        self,
        config: RestConfig,
        *,
        clock: Clock,
        cache: Path | None = None,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        self._config, self._clock = config, clock
        self._cache, self._transport = cache, transport
        self._pace = Pace(config.manners)

    def check(self) -> list[Finding]:
        return [self._checked(name) for name in self._config.streams]

    def discover(self) -> list[Stream]:
        return [self._discovered(name) for name in self._config.streams]

    def read(self, stream: str, state: State) -> Iterator[Page]:
        config = self._stream(stream)
        http = self._http()
        try:
            yield from _Series(self._config.base_url, config, http, self._clock, state).pages()
        finally:
            http.close()

    def _stream(self, name: str) -> RestStreamConfig:
        if name not in self._config.streams:
            raise SourceUnknown(f"There is no stream {name!r}")
        return self._config.streams[name]

    def _http(self) -> Http:
        return Http(
            self._config.manners,
            pace=self._pace,
            auth=auth_of(self._config.auth),
            headers=self._config.headers,
            cache=self._cache,
            transport=self._transport,
        )

    def _first(self, name: str) -> Page:
        """What a first, small question is answered with."""
        pages = self.read(name, {})
        try:
            return next(pages)
        finally:
            pages.close()  # type: ignore[attr-defined]

    def _checked(self, name: str) -> Finding:
        try:
            page = self._first(name)
        except BodegaError as error:
            return Finding(name, ok=False, says=error.detail)
        return Finding(name, ok=True, says=f"answers; {len(page.rows)} records on its first page")

    def _discovered(self, name: str) -> Stream:
        stream = self._stream(name).stream(name)
        page = self._first(name)
        found = infer_columns(page.rows, page.hints, {column.name for column in stream.columns})
        return stream.model_copy(update={"columns": (*stream.columns, *found)})


class _Series:
    """One reading: for each of `each`, its pages, from where the state says."""

    def __init__(
        self, base_url: str, config: RestStreamConfig, http: Http, clock: Clock, state: State
    ) -> None:
        self._base, self._config, self._http, self._clock = base_url, config, http, clock
        self._each = list(config.each) or [{}]
        self._cursors: dict[str, Any] = dict(state.get("cursors", {}))
        self._at = int(state.get("at", 0))
        self._next: Next | None = state.get("next")
        self._since: Any = state.get("since")
        self._high: Any = state.get("high")
        self._seen: set[str] = set()
        self._odd = 0

    def pages(self) -> Iterator[Page]:
        begins = self._at == 0 and self._next is None
        for at in range(self._at, len(self._each)):
            self._at = at
            for page in self._one(self._each[at], begins=begins):
                yield page
                begins = False

    def _one(self, each: Mapping[str, Any], *, begins: bool) -> Iterator[Page]:
        name = "/".join(str(value) for value in each.values())
        if self._next is None:
            self._since = self._start(name)
            self._high = self._known(name)
        asked = self._next or first_page(self._config.pagination)
        while True:
            answer = self._ask(asked, each)
            document = document_of(answer, self._config)
            records = records_of(document, self._config, each)
            follows = next_page(self._config.pagination, asked, answer, document, len(records))
            self._advance(records, follows, name)
            yield self._page(records, begins=begins, ends=follows is None)
            if follows is None:
                return
            asked, begins = follows, False

    def _advance(self, records: list[Any], follows: Next | None, name: str) -> None:
        """The state after this page."""
        cursor = self._config.cursor
        if cursor is not None:
            values = [row.get(cursor.field) for row in records if isinstance(row, Mapping)]
            known = [value for value in [*values, self._high] if self._believed(value)]
            self._odd += sum(1 for value in values if not self._believed(value))
            self._high = max(known, key=comparable) if known else None
        if follows is None:
            if self._high is not None:
                self._cursors[name] = self._high
            self._next, self._since, self._high = None, None, None
            self._seen.clear()
            return
        if str(follows) in self._seen:
            raise SourceRefused(f"{self._config.path}: its pages repeat, they were left")
        self._seen.add(str(follows))
        self._next = follows

    def _believed(self, value: Any) -> bool:
        """Without a key what is read again would be there twice: then days to come are believed."""
        cursor = self._config.cursor
        now = self._clock.now() if self._config.key else None
        return cursor is not None and believed(value, cursor, now=now)

    def _known(self, name: str) -> Any:
        """Where the last reading came to, unless it followed what cannot be."""
        known = self._cursors.get(name)
        return known if self._believed(known) else None

    def _page(self, records: list[Any], *, begins: bool, ends: bool) -> Page:
        rows, hints, rejects = rows_to_table(records)
        done = self._at + (1 if ends else 0)
        last = ends and done == len(self._each)
        whole = self._config.cursor is None
        return Page(
            rows=rows,
            state=self._state(0 if last else done),
            origin=self._config.path,
            hints=hints,
            rejects=rejects,
            note=self._note(),
            whole=whole,
            begins=begins,
            ends=last,
            done=done,
            total=len(self._each),
        )

    def _note(self) -> str:
        cursor = self._config.cursor
        if cursor is None or not self._odd:
            return ""
        odd, self._odd = self._odd, 0
        return f"{odd} values of {cursor.field} say nowhere to go on from, and were not followed"

    def _state(self, at: int) -> State:
        said = {
            "cursors": dict(self._cursors),
            "at": at,
            "next": self._next,
            "since": self._since if self._next else None,
            "high": self._high if self._next else None,
        }
        return {name: value for name, value in said.items() if value not in (None, {}, 0)}

    def _ask(self, asked: Next, each: Mapping[str, Any]) -> httpx.Response:
        if "url" in asked:
            return self._http.get(str(asked["url"]))
        config = self._config
        params = {name: _filled(value, each) for name, value in config.params.items()}
        cursor = config.cursor
        if cursor is not None:
            params[cursor.param] = self._since
            if cursor.until_param is not None:
                params[cursor.until_param] = self._clock.now().date().isoformat()
        params |= asked["params"]
        path = str(_filled(config.path, each, quote=True))
        absolute = path.startswith(("https://", "http://"))
        url = path if absolute else f"{self._base.rstrip('/')}/{path.lstrip('/')}"
        return self._http.get(url, params)

    def _start(self, name: str) -> Any:
        cursor = self._config.cursor
        if cursor is None:
            return None
        known = self._known(name)
        if known is None:
            return cursor.start
        return max(less(known, cursor), cursor.start, key=comparable)


def _filled(value: Any, each: Mapping[str, Any], *, quote: bool = False) -> Any:
    """`{symbol}` by its value, in an address as one part of the path."""
    if not isinstance(value, str) or "{" not in value:
        return value
    from urllib.parse import quote as quoted

    for name, given in each.items():
        text = quoted(str(given), safe="") if quote else str(given)
        value = value.replace(f"{{{name}}}", text)
    return value
