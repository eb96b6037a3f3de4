"""Personal fields of a source are sealed under their person's key before a page goes anywhere."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

import psycopg
import pyarrow as pa

from bodega.backbone.module import PersonalData
from bodega.backbone.vault.errors import WrongMasterKey
from bodega.backbone.vault.keys import PersonKey
from bodega.data.ingest.seal import Keys, person_of
from bodega.data.ingest.sources.contract import (
    Finding,
    Page,
    Personal,
    Reject,
    Source,
    State,
    Stream,
)
from bodega.data.ingest.sources.errors import SourceUnreachable


def personal_data(personal: Mapping[str, Personal]) -> dict[str, PersonalData]:
    """By table, of sources of row changes."""
    return {
        table: PersonalData(columns=told.sealed, user=told.user, mail=told.mail)
        for table, told in personal.items()
    }


class SealedSource:
    """Hands on one `stream` of `source`, its personal fields sealed. A value whose person is
    unknown, or erased, is empty; of lines that cannot be split nobody knows whose they are, so
    their text is not kept."""

    def __init__(self, source: Source, keys: Keys, stream: Stream) -> None:
        assert stream.personal is not None
        self._source, self._keys, self._stream = source, keys, stream
        self._personal: Personal = stream.personal

    def check(self) -> list[Finding]:
        return self._source.check()

    def discover(self) -> list[Stream]:
        return self._source.discover()

    def read(self, stream: str, state: State) -> Iterator[Page]:
        """Raises SourceUnreachable while keys cannot be had: nothing is kept in the clear."""
        for page in self._source.read(stream, state):
            try:
                yield self._sealed(page)
            except (psycopg.Error, WrongMasterKey) as error:
                raise SourceUnreachable(f"No keys for {self._stream.name}: {error}") from error

    def _sealed(self, page: Page) -> Page:
        names = [n for n in self._personal.sealed if n in page.rows.column_names]
        keys = self._keys_of(page.rows) if names else []
        rows = page.rows
        for name in names:
            sealed = [
                None if value in (None, "") or key is None else key.seal(name, value)
                for value, key in zip(_values(rows, name), keys, strict=True)
            ]
            rows = rows.set_column(
                rows.column_names.index(name), name, pa.array(sealed, pa.string())
            )
        return replace(
            page,
            rows=rows,
            hints={**page.hints, **dict.fromkeys(names, "string")},
            rejects=tuple(Reject("", reject.reason) for reject in page.rejects),
        )

    def _keys_of(self, rows: pa.Table) -> list[PersonKey | None]:
        """Of each row; asked for once a person."""
        users, mails, instants = (
            _values(rows, name) if name and name in rows.column_names else [None] * len(rows)
            for name in (self._personal.user, self._personal.mail, self._stream.known_at)
        )
        persons = [
            person_of(self._keys, user=user, mail=mail, at=at)
            for user, mail, at in zip(users, mails, instants, strict=True)
        ]
        named = list(dict.fromkeys(person for person in persons if person.aliases))
        found = dict(zip(named, self._keys.keys_of(named), strict=True)) if named else {}
        return [found.get(person) for person in persons]


def _values(rows: pa.Table, name: str) -> list[Any]:
    """As they will be sealed: text and what JSON has stay, anything else is written as text."""
    return [
        value if isinstance(value, str | int | float | bool | None) else _text(value)
        for value in rows[name].to_pylist()
    ]


def _text(value: Any) -> str:
    return json.dumps(value, default=str) if isinstance(value, dict | list) else str(value)
