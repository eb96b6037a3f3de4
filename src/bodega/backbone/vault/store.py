"""Keys and aliases in PostgreSQL, for processes that work without the event loop (ingest)."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import psycopg

from bodega.backbone.vault.keys import AliasKey, MasterKeys, PersonKey, new_key
from bodega.kernel.ids import new_id

_KNOWN = """
SELECT a.alias, a.key_id, a.erased_at, k.wrapped
FROM vault.aliases a LEFT JOIN vault.keys k ON k.id = a.key_id
WHERE a.alias = ANY(%s)
"""
_ADD_ALIAS = """
INSERT INTO vault.aliases (alias, key_id) VALUES (%s, %s)
ON CONFLICT (alias) DO UPDATE SET key_id = EXCLUDED.key_id WHERE vault.aliases.key_id IS NULL
"""
_ADD_KEY = "INSERT INTO vault.keys (id, wrapped, master) VALUES (%s, %s, %s)"
_ALIAS_KEY = "SELECT wrapped FROM vault.alias_keys"
_ALIASES_EXIST = "SELECT EXISTS (SELECT FROM vault.aliases WHERE alias LIKE 'mail:%')"
_ADD_ALIAS_KEY = """
INSERT INTO vault.alias_keys (id, wrapped, master) VALUES (1, %s, %s) ON CONFLICT DO NOTHING
"""
_ALONE = "SELECT pg_advisory_xact_lock(hashtextextended('vault.keys', 0))"


@dataclass(frozen=True, slots=True)
class Person:
    """What a batch says of one person: every alias, and when the row happened."""

    aliases: tuple[str, ...]
    occurred_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class _Alias:
    key: PersonKey | None
    erased_at: datetime | None


_Known = dict[str, _Alias]
_Connection = psycopg.Connection[tuple[Any, ...]]


class Vault:
    """Finds and makes keys. One connection a call: calls are few, a batch each."""

    def __init__(self, dsn: str, masters: MasterKeys) -> None:
        self._dsn = dsn
        self._masters = masters
        self._alias_key: AliasKey | None = None

    def keys_of(self, persons: Sequence[Person]) -> list[PersonKey | None]:
        """A key for each; new ones are made. None for what happened before its person was erased.
        Raises WrongMasterKey, psycopg.Error."""
        wanted = {alias for person in persons for alias in person.aliases}
        with psycopg.connect(self._dsn) as con:
            known = self._read(con, wanted)
            if any(_key(known, person) is None for person in persons):
                con.execute(_ALONE)
                known = self._read(con, wanted)
            self._complete(con, persons, known)
            return [_key(known, person) for person in persons]

    def open_keys(self, key_ids: Iterable[UUID]) -> Mapping[UUID, PersonKey]:
        """The keys that still exist."""
        with psycopg.connect(self._dsn) as con:
            rows = con.execute(
                "SELECT id, wrapped FROM vault.keys WHERE id = ANY(%s)", [list(key_ids)]
            ).fetchall()
        return {row[0]: PersonKey(row[0], self._masters.unwrap(row[1])) for row in rows}

    def find(self, alias: str) -> UUID | None:
        """The key of whoever is known by `alias`."""
        with psycopg.connect(self._dsn) as con:
            row = con.execute(
                "SELECT key_id FROM vault.aliases WHERE alias = %s", [alias]
            ).fetchone()
        return row[0] if row else None

    def note_reveal(self, *, key_id: UUID, actor: str, reason: str) -> None:
        """Committed before anything is shown."""
        with psycopg.connect(self._dsn) as con:
            con.execute(
                "INSERT INTO vault.reveals (id, actor, key_id, reason) VALUES (%s, %s, %s, %s)",
                [new_id(), actor, key_id, reason],
            )

    def mail_alias(self, email: str) -> str:
        """Raises WrongMasterKey, psycopg.Error."""
        if self._alias_key is None:
            with psycopg.connect(self._dsn) as con:
                self._alias_key = alias_key(con, self._masters)
        return self._alias_key.mail_alias(email)

    def _read(self, con: _Connection, aliases: set[str]) -> _Known:
        rows = con.execute(_KNOWN, [list(aliases)]).fetchall()
        return {
            alias: _Alias(
                PersonKey(key_id, self._masters.unwrap(wrapped)) if wrapped else None, erased_at
            )
            for alias, key_id, erased_at, wrapped in rows
        }

    def _complete(
        self,
        con: _Connection,
        persons: Sequence[Person],
        known: _Known,
    ) -> None:
        """Every alias of every person has a key, or says since when it must have none."""
        keys: list[tuple[object, ...]] = []
        named: list[tuple[object, ...]] = []
        for person in persons:
            lacking = [alias for alias in person.aliases if _lacks(known.get(alias))]
            if not lacking or _erased(known, person):
                continue
            key = _key(known, person)
            if key is None:
                key = PersonKey(new_id(), new_key())
                keys.append((key.id, self._masters.wrap(key.secret), self._masters.name))
            for alias in lacking:
                before = known.get(alias)
                known[alias] = _Alias(key, before.erased_at if before else None)
                named.append((alias, key.id))
        with con.cursor() as cursor:
            cursor.executemany(_ADD_KEY, keys)
            cursor.executemany(_ADD_ALIAS, named)


def alias_key(con: _Connection, masters: MasterKeys) -> AliasKey:
    """The key of this shop's aliases; the first who asks makes it. Raises WrongMasterKey."""
    row = con.execute(_ALIAS_KEY).fetchone()
    if row is None:
        (exist,) = con.execute(_ALIASES_EXIST).fetchone() or (False,)
        made = AliasKey.first(masters, aliases_exist=exist)
        con.execute(_ADD_ALIAS_KEY, [masters.wrap(made.secret), masters.name])
        row = con.execute(_ALIAS_KEY).fetchone()
    assert row is not None
    return AliasKey(masters.unwrap(row[0]))


def _erased(known: _Known, person: Person) -> bool:
    """The row tells of a time before its person was erased."""
    at = person.occurred_at
    said = (known[alias].erased_at for alias in person.aliases if alias in known)
    return any(erased is not None and (at is None or at <= erased) for erased in said)


def _lacks(alias: _Alias | None) -> bool:
    return alias is None or alias.key is None


def _key(known: _Known, person: Person) -> PersonKey | None:
    if _erased(known, person):
        return None
    found = (known[alias].key for alias in person.aliases if alias in known)
    return next((key for key in found if key is not None), None)
