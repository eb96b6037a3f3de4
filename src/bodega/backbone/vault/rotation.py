"""A new master key: every key is wrapped anew by it, the lake is not touched.

Both master keys are known meanwhile (`MasterKeys`), so nothing waits, and a run that is killed goes
on where it was.
"""

from collections.abc import Callable

import psycopg

from bodega.backbone.vault.keys import MasterKeys

_BATCH = 500
_STALE = "SELECT id, wrapped FROM vault.keys WHERE master <> %s ORDER BY id LIMIT %s FOR UPDATE"
_KEEP = "UPDATE vault.keys SET wrapped = %s, master = %s WHERE id = %s"
_STALE_ALIAS_KEY = "SELECT id, wrapped FROM vault.alias_keys WHERE master <> %s FOR UPDATE"
_KEEP_ALIAS_KEY = "UPDATE vault.alias_keys SET wrapped = %s, master = %s WHERE id = %s"
_COUNTS = """
SELECT master, count(*) FROM (SELECT master FROM vault.keys UNION ALL
                              SELECT master FROM vault.alias_keys) AS wrapped
GROUP BY 1 ORDER BY 1
"""


def rewrap(dsn: str, masters: MasterKeys, progress: Callable[[int], None]) -> int:
    """How many keys were wrapped anew; `progress` is told after each batch, a transaction each.
    Raises WrongMasterKey for a key that neither master key opens."""
    done = 0
    with psycopg.connect(dsn, autocommit=True) as con:
        while True:
            with con.transaction():
                count = _some(con, masters)
            if not count:
                return done
            done += count
            progress(done)


def wrapped_by(dsn: str) -> dict[str, int]:
    """How many keys hang on each master key, by its name."""
    with psycopg.connect(dsn) as con:
        return dict(con.execute(_COUNTS).fetchall())


def _some(con: psycopg.Connection, masters: MasterKeys) -> int:
    stale = con.execute(_STALE, [masters.name, _BATCH]).fetchall()
    alias_key = con.execute(_STALE_ALIAS_KEY, [masters.name]).fetchall()
    with con.cursor() as cursor:
        for statement, rows in ((_KEEP, stale), (_KEEP_ALIAS_KEY, alias_key)):
            anew = [(masters.wrap(masters.unwrap(kept)), masters.name, id) for id, kept in rows]
            cursor.executemany(statement, anew)
    return len(stale) + len(alias_key)
