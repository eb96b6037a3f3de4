"""Personal columns are sealed under their person's key before a change reaches any disk."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

import psycopg

from bodega.backbone.changes.envelope import Change
from bodega.backbone.changes.errors import SinkUnavailable
from bodega.backbone.changes.sink import Batch, Checkpoint, Sink
from bodega.backbone.module import PersonalData
from bodega.backbone.vault.errors import WrongMasterKey
from bodega.backbone.vault.keys import PersonKey, user_alias
from bodega.backbone.vault.store import Person, Vault


class SealedSink:
    """Hands batches on to `sink`, sealed. `personal` says per table which columns are personal and
    which name the person; a value whose person is unknown, or erased, becomes null."""

    def __init__(self, sink: Sink, vault: Vault, personal: Mapping[str, PersonalData]) -> None:
        self._sink = sink
        self._vault = vault
        self._personal = personal

    def checkpoint(self) -> Checkpoint:
        return self._sink.checkpoint()

    def save(self, checkpoint: Checkpoint) -> None:
        self._sink.save(checkpoint)

    def rest(self) -> None:
        self._sink.rest()

    def write(self, batch: Batch) -> None:
        """Raises SinkUnavailable while keys cannot be had: nothing is written in the clear."""
        changes = dict(batch.changes)
        for table, data in self._personal.items():
            if changes.get(table):
                try:
                    changes[table] = self._sealed(changes[table], data)
                except (psycopg.Error, WrongMasterKey) as error:
                    raise SinkUnavailable(f"No keys for {table}: {error}") from error
        self._sink.write(replace(batch, changes=changes))

    def _sealed(self, changes: Sequence[Change], data: PersonalData) -> list[Change]:
        """What a row is and, where a table has REPLICA IDENTITY FULL, what it was."""
        images = [image for change in changes for image in (change.before, change.after)]
        rows = [_personal_row(image, data) for image in images]
        told = [row for row in rows if row is not None]
        persons = {at: self._person(row, data) for at, row in enumerate(told)}
        named = [at for at, person in persons.items() if person.aliases]
        found = self._vault.keys_of([persons[at] for at in named])
        keys = dict(zip(named, found, strict=True))
        sealed = iter([_seal(row, keys.get(at), data) for at, row in enumerate(told)])
        kept = [
            image if row is None else next(sealed) for image, row in zip(images, rows, strict=True)
        ]
        return [
            change._replace(before=before, after=after)
            for change, before, after in zip(changes, kept[::2], kept[1::2], strict=True)
        ]

    def _person(self, row: Mapping[str, Any], data: PersonalData) -> Person:
        aliases = []
        if data.user and row.get(data.user):
            aliases.append(user_alias(row[data.user]))
        if data.mail and row.get(data.mail):
            aliases.append(self._vault.mail_alias(row[data.mail]))
        at = row.get("occurred_at")
        return Person(tuple(aliases), datetime.fromisoformat(at) if at else None)


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
