"""Looking at bronze tables of envelopes: what they hold now, what was set aside."""

from typing import Any

from bodega.data.ingest.sources.conform import connect
from bodega.data.ingest.sources.current import rejected_sql
from bodega.data.lake.paths import bronze_path
from bodega.data.lake.storage import LakeRoot


def envelopes(root: LakeRoot, source: str, stream: str) -> tuple[list[str], int]:
    """The files of a bronze table of envelopes, and how many there are."""
    place = bronze_path(source, stream)
    if not root.is_delta(place):
        return [], 0
    table = root.delta(place)
    return table.file_uris(), sum(table.get_add_actions(flatten=True)["num_records"].to_pylist())


def current_rows(
    root: LakeRoot, source: str, stream: str, *, limit: int
) -> tuple[list[str], list[tuple[Any, ...]]]:
    """What a followed table holds now, as text; values that an update left out are the last
    known."""
    files, _ = envelopes(root, source, stream)
    if not files:
        return [], []
    listed = ", ".join("'" + file.replace("'", "''") + "'" for file in files)
    files_sql = f"read_parquet([{listed}], union_by_name = true, hive_partitioning = false)"
    with connect(root) as con:
        con.execute(
            f"""
            create table merged as
            with rows as (
                select * from {files_sql}
                where _position >= coalesce((select max(_position) from
                    {files_sql} where _op = 't'), -1)
            ),
            members as (
                select key, unnest(json_keys(after)) as name, after, _position, _sequence
                from rows where after is not null
            ),
            newest as (select key, arg_max(_op, (_position, _sequence)) as op from rows
                       where key is not null group by key)
            select m.key, name,
                arg_max(coalesce(json_extract_string(after, '$."' || name || '"'), ''),
                        (_position, _sequence)) as value
            from members m join newest n on n.key = m.key and n.op <> 'd'
            group by m.key, name
            """
        )
        names = [
            str(row[0])
            for row in con.execute("select distinct name from merged order by 1").fetchall()
        ]
        columns = ", ".join(
            f"max(value) filter (name = '{n.replace(chr(39), chr(39) * 2)}')" for n in names
        )
        if not names:
            return [], []
        rows = con.execute(
            f"select {columns} from merged group by key order by key limit {int(limit)}"
        ).fetchall()
    return names, rows


def rejected_rows(
    root: LakeRoot, source: str, stream: str, *, limit: int
) -> tuple[list[str], list[tuple[Any, ...]]]:
    """What could not be read, and why, in the order of arrival."""
    files, _ = envelopes(root, source, stream)
    with connect(root) as con:
        sql = f"{rejected_sql(files)} order by _position, _sequence limit {int(limit)}"
        cursor = con.execute(sql)
        return [column[0] for column in cursor.description or []], cursor.fetchall()
