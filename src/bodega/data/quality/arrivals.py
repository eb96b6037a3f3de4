"""What came into a bronze table of changes since it was looked at last, as a relation to profile.

Only the envelope is told: of keys and rows how many there are and whether they are empty, never
what stands in them. The cost is bounded: the newest CHANGES of the newest files are read.
"""

from bodega.data.lake.paths import BRONZE
from bodega.data.lake.storage import LakeRoot

CHANGES = 100_000

# Hashes are neither numbers nor texts to a profile: it counts them and shows none.
_HASHED = ", ".join(
    f"case when {name} is not null then hash({name}) end as {name}"
    for name in ("key", "before", "after", "txid")
)
_ENVELOPE = f"""
    _op as op, _source as source, {_HASHED},
    len(unchanged) as unchanged, to_timestamp(ts_ms / 1000) as changed_at,
    _position::ubigint as position, _sequence::ubigint as sequence, _ingested_at as ingested_at,
    (coalesce(strlen(after), 0) + coalesce(strlen(before), 0))::bigint as bytes,
    epoch(_ingested_at) - ts_ms / 1000 as seconds_on_the_way
"""


def arrivals(root: LakeRoot, name: str, *, after: int, upto: int) -> str | None:
    """SQL for the changes at positions above `after` and up to `upto`, at most the newest CHANGES;
    None where none lie in the hot files."""
    path = f"{BRONZE}/{name}"
    if not root.is_delta(path):
        return None
    files = _newest_files(root, path, after)
    if not files:
        return None
    listed = ", ".join("'" + file.replace("'", "''") + "'" for file in files)
    return (
        f"select {_ENVELOPE} from read_parquet([{listed}], union_by_name = true, "
        f"hive_partitioning = false) where _position > {int(after)} and _position <= {int(upto)} "
        f"order by _position desc limit {CHANGES}"
    )


def _newest_files(root: LakeRoot, path: str, after: int) -> list[str]:
    """Enough of them, from the newest on, for CHANGES rows."""
    actions = root.delta(path).get_add_actions(flatten=True)
    names = actions.column("path").to_pylist()
    known = actions.schema.names
    if "max._position" not in known or "num_records" not in known:
        return [root.uri(f"{path}/{name}") for name in names]
    highest = actions.column("max._position").to_pylist()
    rows = actions.column("num_records").to_pylist()
    found: list[str] = []
    taken = 0
    for at, count, name in sorted(
        zip(highest, rows, names, strict=True), key=lambda file: (-(file[0] or 0), file[2])
    ):
        if taken >= CHANGES or (at is not None and at <= after):
            break
        found.append(root.uri(f"{path}/{name}"))
        taken += count or 0
    return found
