"""Personal columns are sealed under their person's key before a change reaches any disk."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any, Protocol, Self, TypeVar

import psycopg

from bodega.backbone.changes.errors import SinkUnavailable
from bodega.backbone.changes.sink import Batch, Checkpoint, Sink
from bodega.backbone.module import PersonalData
from bodega.backbone.vault.errors import WrongMasterKey
from bodega.backbone.vault.keys import PersonKey, user_alias
from bodega.backbone.vault.store import Person


class Keys(Protocol):
    """Where persons' keys are: the vault."""

    def keys_of(self, persons: Sequence[Person]) -> list[PersonKey | None]:
        """A key for each; None for what happened before its person was erased."""

    def mail_alias(self, email: str) -> str:
        """What an e-mail is known by."""


def person_of(keys: Keys, *, user: Any, mail: Any, at: Any) -> Person:
    """Whose a row is, as it says. What does not say when it was, with its zone, counts as from
    before."""
    aliases = [] if user in (None, "") else [user_alias(user)]
    if mail not in (None, ""):
        aliases.append(keys.mail_alias(str(mail)))
    return Person(tuple(aliases), _instant(at))


def _instant(said: Any) -> datetime | None:
    try:
        at = datetime.fromisoformat(str(said))
    except ValueError:
        return None
    return at if at.tzinfo else None


class NoKeys(Exception):
    """The vault does not answer, or not with this master key."""


class Imaged(Protocol):
    """A change of a row: what it was and what it is, as JSON."""

    @property
    def before(self) -> str | None: ...

    @property
    def after(self) -> str | None: ...

    def _replace(self, *, before: str | None, after: str | None) -> Self: ...


C = TypeVar("C", bound=Imaged)


class RowSealer:
    """Seals the personal columns of one table. `data` says which they are and which name the
    person; a value whose person is unknown, or erased, becomes null."""

    def __init__(self, vault: Keys, data: PersonalData) -> None:
        self._vault, self._data = vault, data

    def held_by(self, key: str) -> list[str]:
        """The personal columns that a key holds, which cannot be sealed."""
        return sorted({*self._data.columns} & json.loads(key).keys())

    def seal(self, changes: Sequence[C]) -> list[C]:
        """What a row is and, where it is told, what it was. Raises NoKeys."""
        images = [image for change in changes for image in (change.before, change.after)]
        rows = [_personal_row(image, self._data) for image in images]
        try:
            sealed = iter(self._sealed([row for row in rows if row is not None]))
        except (psycopg.Error, WrongMasterKey) as error:
            raise NoKeys(str(error).strip()) from error
        kept = [
            image if row is None else next(sealed) for image, row in zip(images, rows, strict=True)
        ]
        return [
            change._replace(before=before, after=after)
            for change, before, after in zip(changes, kept[::2], kept[1::2], strict=True)
        ]

    def _sealed(self, rows: Sequence[dict[str, Any]]) -> list[str]:
        persons = {at: self._person(row) for at, row in enumerate(rows)}
        named = [at for at, person in persons.items() if person.aliases]
        found = self._vault.keys_of([persons[at] for at in named])
        keys = dict(zip(named, found, strict=True))
        return [_seal(row, keys.get(at), self._data) for at, row in enumerate(rows)]

    def _person(self, row: Mapping[str, Any]) -> Person:
        user, mail = row.get(self._data.user or ""), row.get(self._data.mail or "")
        return person_of(self._vault, user=user, mail=mail, at=row.get("occurred_at"))


class SealedSink:
    """Hands batches on to `sink`, the personal columns of each table sealed."""

    def __init__(self, sink: Sink, vault: Keys, personal: Mapping[str, PersonalData]) -> None:
        self._sink = sink
        self._sealers = {table: RowSealer(vault, data) for table, data in personal.items()}

    def checkpoint(self) -> Checkpoint:
        return self._sink.checkpoint()

    def save(self, checkpoint: Checkpoint) -> None:
        self._sink.save(checkpoint)

    def rest(self) -> None:
        self._sink.rest()

    def write(self, batch: Batch) -> None:
        """Raises SinkUnavailable while keys cannot be had: nothing is written in the clear."""
        changes = dict(batch.changes)
        for table, sealer in self._sealers.items():
            if changes.get(table):
                try:
                    changes[table] = sealer.seal(changes[table])
                except NoKeys as error:
                    raise SinkUnavailable(f"No keys for {table}: {error}") from error
        self._sink.write(replace(batch, changes=changes))


def _personal_row(image: str | None, data: PersonalData) -> dict[str, Any] | None:
    """A row that holds personal columns; most images of what was are keys and nothing else."""
    row = json.loads(image) if image else None
    holds = isinstance(row, dict) and not row.keys().isdisjoint(data.columns)
    return row if holds else None


def _seal(row: dict[str, Any], key: PersonKey | None, data: PersonalData) -> str:
    for column in data.columns:
        if row.get(column) is not None:
            row[column] = key.seal(column, row[column]) if key else None
    return json.dumps(row, ensure_ascii=False, separators=(",", ":"))
