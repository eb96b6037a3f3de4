"""What leaves the database: one publication of listed tables and listed columns, nothing else."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from psycopg import sql

from bodega.backbone.changes.connection import Connection
from bodega.backbone.changes.errors import PublicationRefused
from bodega.backbone.changes.pgoutput import Column, Relation

ALL_CHANGES = "insert, update, delete, truncate"
INSERTS = "insert"

_TABLES = """
SELECT format('%%s.%%s', n.nspname, c.relname), c.oid::bigint, c.relreplident::text,
       a.attname, a.atttypid::bigint, a.atttypmod,
       coalesce(a.attnum = any(k.indkey::int2[]), false),
       coalesce(a.attnum = any(p.indkey::int2[]), false)
FROM pg_class c
JOIN pg_namespace n ON n.oid = c.relnamespace
JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
LEFT JOIN pg_index p ON p.indrelid = c.oid AND p.indisprimary
LEFT JOIN pg_index k ON k.indrelid = c.oid
     AND CASE c.relreplident WHEN 'd' THEN k.indisprimary WHEN 'i' THEN k.indisreplident END
WHERE c.relkind = 'r' AND a.attgenerated = ''
  AND format('%%s.%%s', n.nspname, c.relname) = any(%s)
ORDER BY 1, a.attnum
"""

_CURRENT = """
SELECT p.pubname, format('%%s.%%s', t.schemaname, t.tablename), t.attnames::text[],
       concat_ws(', ', CASE WHEN p.pubinsert THEN 'insert' END,
                       CASE WHEN p.pubupdate THEN 'update' END,
                       CASE WHEN p.pubdelete THEN 'delete' END,
                       CASE WHEN p.pubtruncate THEN 'truncate' END)
FROM pg_publication p LEFT JOIN pg_publication_tables t ON t.pubname = p.pubname
WHERE p.pubname = %s
"""


@dataclass(frozen=True, slots=True)
class PublishedTable:
    """A table as it is now, cut down to its published columns in their stored order."""

    relation: Relation
    primary_key: tuple[str, ...]

    @property
    def name(self) -> str:
        return self.relation.qualified_name

    @property
    def columns(self) -> tuple[str, ...]:
        return tuple(column.name for column in self.relation.columns)


@dataclass(frozen=True, slots=True)
class Plan:
    """What is to change. `widened` tables are published anew or with more columns than before."""

    name: str
    operations: str
    tables: Mapping[str, PublishedTable]
    exists: bool
    in_place: bool
    widened: frozenset[str]
    removed: frozenset[str]


def plan_publication(
    connection: Connection,
    name: str,
    published: Mapping[str, Sequence[str]],
    *,
    operations: str = ALL_CHANGES,
) -> Plan:
    """Compare the publication with `published` ({"schema.table": columns}).

    Tables and columns that the database does not have (a migration is on its way, or has just
    gone) are left out. Raises PublicationRefused where publishing would make writes fail.
    """
    tables = _published_tables(connection, published, operations)
    rows = connection.execute(_CURRENT, [name]).fetchall()
    current = {str(row[1]): set(row[2]) for row in rows if row[2]}  # type: ignore[call-overload]
    wanted = {table.name: set(table.columns) for table in tables.values()}
    same_operations = bool(rows) and rows[0][3] == operations
    return Plan(
        name=name,
        operations=operations,
        tables=tables,
        exists=bool(rows),
        in_place=same_operations and current == wanted,
        widened=frozenset(t for t, columns in wanted.items() if columns - current.get(t, set())),
        removed=frozenset(current.keys() - wanted.keys()),
    )


def apply_publication(connection: Connection, plan: Plan) -> None:
    """Make it so, in one transaction; running it twice changes nothing."""
    if plan.in_place:
        return
    with connection.transaction():
        connection.execute("SELECT pg_advisory_xact_lock(hashtext(%s))", [plan.name])
        for statement in _statements(plan):
            connection.execute(statement)


def ensure_publication(
    connection: Connection,
    name: str,
    published: Mapping[str, Sequence[str]],
    *,
    operations: str = ALL_CHANGES,
) -> Plan:
    """Plan and apply: for readers that need no snapshot of what was there before."""
    plan = plan_publication(connection, name, published, operations=operations)
    apply_publication(connection, plan)
    return plan


def _statements(plan: Plan) -> list[sql.Composed]:
    name = sql.Identifier(plan.name)
    tables = sql.SQL(", ").join(_clause(table) for table in plan.tables.values())
    option = sql.SQL("publish = {}").format(sql.Literal(plan.operations))
    if not plan.exists:
        what = sql.SQL("FOR TABLE {}").format(tables) if plan.tables else sql.SQL("")
        return [sql.SQL("CREATE PUBLICATION {} {} WITH ({})").format(name, what, option)]
    statements = [sql.SQL("ALTER PUBLICATION {} SET ({})").format(name, option)]
    if plan.tables:
        statements.append(sql.SQL("ALTER PUBLICATION {} SET TABLE {}").format(name, tables))
    elif plan.removed:
        gone = sql.SQL(", ").join(_table_name(table) for table in sorted(plan.removed))
        statements.append(sql.SQL("ALTER PUBLICATION {} DROP TABLE {}").format(name, gone))
    return statements


def _clause(table: PublishedTable) -> sql.Composed:
    columns = sql.SQL(", ").join(map(sql.Identifier, table.columns))
    return sql.SQL("{} ({})").format(_table_name(table.name), columns)


def _table_name(qualified: str) -> sql.Identifier:
    return sql.Identifier(*qualified.split(".", 1))


def _published_tables(
    connection: Connection, published: Mapping[str, Sequence[str]], operations: str
) -> dict[str, PublishedTable]:
    by_table: dict[str, list[tuple[object, ...]]] = {}
    for row in connection.execute(_TABLES, [list(published)]):
        by_table.setdefault(str(row[0]), []).append(row)
    tables = {name: _table(name, rows, published[name]) for name, rows in by_table.items()}
    if operations != INSERTS:
        for name, rows in by_table.items():
            _refuse_unidentified(tables[name], rows)
    return {name: table for name, table in tables.items() if table.columns}


def _table(name: str, rows: Sequence[tuple[object, ...]], wanted: Sequence[str]) -> PublishedTable:
    schema, table = name.split(".", 1)
    columns = tuple(
        Column(str(attribute), int(str(oid)), int(str(modifier)), bool(is_identity))
        for _, _, _, attribute, oid, modifier, is_identity, _ in rows
        if attribute in wanted
    )
    relation = Relation(int(str(rows[0][1])), schema, table, str(rows[0][2]), columns)
    return PublishedTable(relation, tuple(str(row[3]) for row in rows if row[7]))


def _refuse_unidentified(table: PublishedTable, rows: Sequence[tuple[object, ...]]) -> None:
    """Refuse what would make PostgreSQL refuse updates of the table: an identity that is not in
    its column list. Identity full never is, and without a list new columns would leave unasked."""
    identity = {str(row[3]) for row in rows if row[6]}
    if rows[0][2] == "f":
        raise PublicationRefused(table.name, "its replica identity is full, not its primary key")
    if not table.primary_key or not identity:
        raise PublicationRefused(table.name, "it has no primary key")
    missing = (identity | set(table.primary_key)) - set(table.columns)
    if missing:
        raise PublicationRefused(table.name, f"{', '.join(sorted(missing))} must be listed too")
