"""Where the provider double keeps its objects and idempotency keys: one SQLite file.

Write-ahead logging: what was answered survives `kill -9` of the process.
"""

import json
import random
import sqlite3
import string
from pathlib import Path
from typing import Any

from pydantic_core import from_json

Object = dict[str, Any]
Rows = list[tuple[int, int, str]]
_LETTERS = (string.ascii_letters + string.digits).encode()
_DRAWING = random.Random()
_DRAWN = (_LETTERS * 5)[:256]
_SCHEMA = """
CREATE TABLE IF NOT EXISTS objects (
    sequence INTEGER PRIMARY KEY,
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
CREATE TABLE IF NOT EXISTS deliveries (
    sequence INTEGER PRIMARY KEY,
    event TEXT NOT NULL,
    due REAL NOT NULL,
    attempts INTEGER NOT NULL DEFAULT 0,
    state TEXT NOT NULL DEFAULT 'pending'
);
CREATE INDEX IF NOT EXISTS deliveries_due ON deliveries (due) WHERE state = 'pending';
CREATE TABLE IF NOT EXISTS modes (name TEXT PRIMARY KEY, value TEXT NOT NULL);
"""
_PUT = """
INSERT INTO objects (id, kind, created, payment_intent, body) VALUES (?, ?, ?, ?, ?)
ON CONFLICT (id) DO UPDATE SET body = excluded.body
"""
_LIST = """
SELECT body FROM objects
WHERE kind = :kind AND created BETWEEN :since AND :until
  AND (:payment_intent IS NULL OR payment_intent = :payment_intent)
  AND (:customer IS NULL OR json_extract(body, '$.customer') = :customer)
  AND (:after IS NULL OR sequence < (SELECT sequence FROM objects WHERE id = :after))
ORDER BY sequence DESC LIMIT :limit
"""

_DUE = """
SELECT deliveries.sequence, attempts, body
FROM deliveries JOIN objects ON objects.id = deliveries.event
WHERE state = 'pending' AND due <= ? ORDER BY due LIMIT ?
"""


def new_object_id(kind: str) -> str:
    """`pi_3NqG…`: the kind, and 24 letters and digits drawn at random."""
    return f"{kind}_{_DRAWING.randbytes(24).translate(_DRAWN).decode()}"


class DoubleStore:
    """Objects as JSON by id; a transaction around each request."""

    def __init__(self, path: Path | str) -> None:
        self._connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        self._connection.execute("PRAGMA journal_mode = WAL")
        self._connection.execute("PRAGMA synchronous = NORMAL")
        self._connection.executescript(_SCHEMA)

    def close(self) -> None:
        self._connection.close()

    def transaction(self) -> sqlite3.Connection:
        """A context whose end commits, or takes everything back."""
        return self._connection.execute("BEGIN IMMEDIATE").connection

    def put(self, item: Object) -> str:
        """The JSON that is kept."""
        body = json.dumps(item)
        row = (item["id"], item["object"], item["created"], item.get("payment_intent"), body)
        self._connection.execute(_PUT, row)
        return body

    def put_event(self, event: str, *, created: int, body: str) -> None:
        self._connection.execute(_PUT, (event, "event", created, None, body))

    def get(self, kind: str, reference: str) -> Object | None:
        row = self._connection.execute(
            "SELECT body FROM objects WHERE id = ? AND kind = ?", (reference, kind)
        ).fetchone()
        return from_json(row[0]) if row else None

    def any(self, reference: str) -> Object | None:
        """Whatever kind it is."""
        row = self._connection.execute(
            "SELECT body FROM objects WHERE id = ?", (reference,)
        ).fetchone()
        return from_json(row[0]) if row else None

    def list(
        self,
        kind: str,
        *,
        since: int,
        until: int,
        after: str | None,
        limit: int,
        payment_intent: str | None,
        customer: str | None = None,
    ) -> list[Object]:
        """Newest first."""
        asked = {
            "kind": kind,
            "since": since,
            "until": until,
            "after": after,
            "limit": limit,
            "payment_intent": payment_intent,
            "customer": customer,
        }
        return [from_json(row[0]) for row in self._connection.execute(_LIST, asked)]

    def key(self, key: str, *, newer_than: float) -> Object | None:
        row = self._connection.execute(
            "SELECT kept FROM idempotency_keys WHERE key = ? AND at > ?", (key, newer_than)
        ).fetchone()
        return from_json(row[0]) if row else None

    def keep_key(self, key: str, kept: str, *, at: float) -> None:
        """`kept` is JSON."""
        self._connection.execute(
            "INSERT OR REPLACE INTO idempotency_keys (key, at, kept) VALUES (?, ?, ?)",
            (key, at, kept),
        )

    def mode(self, name: str) -> Object:
        row = self._connection.execute("SELECT value FROM modes WHERE name = ?", (name,)).fetchone()
        return from_json(row[0]) if row else {}

    def keep_mode(self, name: str, value: Object) -> None:
        self._connection.execute(
            "INSERT OR REPLACE INTO modes (name, value) VALUES (?, ?)", (name, json.dumps(value))
        )

    def add_delivery(self, event: str, *, due: float) -> None:
        self._connection.execute("INSERT INTO deliveries (event, due) VALUES (?, ?)", (event, due))

    def due_deliveries(self, now: float, *, limit: int) -> Rows:
        """(sequence, attempts, the event's JSON), the longest due first."""
        return self._connection.execute(_DUE, (now, limit)).fetchall()

    def end_delivery(self, sequence: int, state: str) -> None:
        self._connection.execute(
            "UPDATE deliveries SET state = ?, attempts = attempts + 1 WHERE sequence = ?",
            (state, sequence),
        )

    def postpone_delivery(self, sequence: int, *, due: float) -> None:
        self._connection.execute(
            "UPDATE deliveries SET due = ?, attempts = attempts + 1 WHERE sequence = ?",
            (due, sequence),
        )

    def deliveries(self) -> dict[str, int]:
        """How many by state."""
        rows = self._connection.execute("SELECT state, count(*) FROM deliveries GROUP BY state")
        return dict(rows.fetchall())
