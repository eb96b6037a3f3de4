"""Where the provider double keeps its objects and idempotency keys: one SQLite file.

Write-ahead logging: what was answered survives `kill -9` of the process.
"""

import json
import secrets
import sqlite3
import string
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

Object = dict[str, Any]
_LETTERS = string.ascii_letters + string.digits
_SCHEMA = """
CREATE TABLE IF NOT EXISTS objects (
    sequence INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    kind TEXT NOT NULL,
    created INTEGER NOT NULL,
    payment_intent TEXT,
    body TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS objects_listing ON objects (kind, created, sequence);
CREATE TABLE IF NOT EXISTS idempotency_keys (
    key TEXT PRIMARY KEY,
    at REAL NOT NULL,
    kept TEXT NOT NULL
);
"""
_PUT = """
INSERT INTO objects (id, kind, created, payment_intent, body) VALUES (?, ?, ?, ?, ?)
ON CONFLICT (id) DO UPDATE SET body = excluded.body
"""
_LIST = """
SELECT body FROM objects
WHERE kind = :kind AND created BETWEEN :since AND :until
  AND (:payment_intent IS NULL OR payment_intent = :payment_intent)
  AND (:after IS NULL OR sequence < (SELECT sequence FROM objects WHERE id = :after))
ORDER BY sequence DESC LIMIT :limit
"""


def new_object_id(kind: str) -> str:
    """`pi_3NqG…`: the kind, and 24 letters and digits drawn at random."""
    return f"{kind}_" + "".join(secrets.choice(_LETTERS) for _ in range(24))


class DoubleStore:
    """Objects as JSON by id; a transaction around each request."""

    def __init__(self, path: Path | str) -> None:
        self._connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        self._connection.execute("PRAGMA journal_mode = WAL")
        self._connection.execute("PRAGMA synchronous = NORMAL")
        self._connection.executescript(_SCHEMA)

    def close(self) -> None:
        self._connection.close()

    @contextmanager
    def transaction(self) -> Iterator[None]:
        self._connection.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            self._connection.execute("ROLLBACK")
            raise
        self._connection.execute("COMMIT")

    def put(self, item: Object) -> None:
        row = (item["id"], item["object"], item["created"], item.get("payment_intent"))
        self._connection.execute(_PUT, (*row, json.dumps(item)))

    def get(self, kind: str, reference: str) -> Object | None:
        row = self._connection.execute(
            "SELECT body FROM objects WHERE id = ? AND kind = ?", (reference, kind)
        ).fetchone()
        return json.loads(row[0]) if row else None

    def list(
        self,
        kind: str,
        *,
        since: int,
        until: int,
        after: str | None,
        limit: int,
        payment_intent: str | None,
    ) -> list[Object]:
        """Newest first."""
        asked = {
            "kind": kind,
            "since": since,
            "until": until,
            "after": after,
            "limit": limit,
            "payment_intent": payment_intent,
        }
        return [json.loads(row[0]) for row in self._connection.execute(_LIST, asked)]

    def key(self, key: str, *, newer_than: float) -> Object | None:
        row = self._connection.execute(
            "SELECT kept FROM idempotency_keys WHERE key = ? AND at > ?", (key, newer_than)
        ).fetchone()
        return json.loads(row[0]) if row else None

    def keep_key(self, key: str, kept: Object, *, at: float) -> None:
        self._connection.execute(
            "INSERT OR REPLACE INTO idempotency_keys (key, at, kept) VALUES (?, ?, ?)",
            (key, at, json.dumps(kept)),
        )
