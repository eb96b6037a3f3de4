"""Messages to changes to batches, without a server."""

import json

from bodega.backbone.changes.assembler import Assembler
from bodega.backbone.changes.envelope import Change
from bodega.backbone.changes.pgoutput import (
    UNCHANGED,
    Begin,
    Column,
    Commit,
    Delete,
    Insert,
    Relation,
    Truncate,
    Update,
)
from bodega.backbone.changes.sink import Batch, Checkpoint, Kept

THINGS = Relation(
    1,
    "shop",
    "things",
    "d",
    (Column("id", 23, -1, True), Column("name", 25, -1, False)),
)
OTHERS = THINGS._replace(id=2, name="others")
NAME = "shop.things"
AT = 1_795_259_614_825_000


def assembled(*messages: object, key: tuple[str, ...] = ("id",)) -> list[Change]:
    assembler = Assembler({NAME: key})
    for message in (Begin(100, AT, 7), *messages, Commit(100, 148, AT)):
        assembler.add(message)  # type: ignore[arg-type]
    return list(assembler.take().changes.get(NAME, []))


def test_a_change_carries_its_transaction_and_its_place_in_it() -> None:
    first, second = assembled(Insert(THINGS, ["1", "a"]), Insert(THINGS, ["2", None]))
    assert first == Change(
        NAME, "c", '{"id":1}', None, '{"id":1,"name":"a"}', (), AT // 1000, 7, 100, 1
    )
    assert (second.sequence, second.after) == (2, '{"id":2,"name":null}')


def test_tables_that_are_not_wanted_count_and_are_left_out() -> None:
    (change,) = assembled(Insert(OTHERS, ["1", "a"]), Insert(THINGS, ["1", "a"]))
    assert change.sequence == 2


def test_unchanged_values_are_named_and_absent() -> None:
    (change,) = assembled(Update(THINGS, None, False, ["1", UNCHANGED]))
    assert (change.op, change.after, change.unchanged) == ("u", '{"id":1}', ("name",))
    assert change.before is None


def test_a_new_key_is_a_delete_and_a_create() -> None:
    old, new = assembled(Update(THINGS, ["1", None], True, ["2", "a"]))
    assert (old.op, old.key, old.before, old.after) == ("d", '{"id":1}', '{"id":1}', None)
    assert (new.op, new.key, new.after) == ("c", '{"id":2}', '{"id":2,"name":"a"}')
    assert (old.sequence, new.sequence) == (1, 2)


def test_where_the_log_marks_all_columns_the_primary_key_is_the_key() -> None:
    full = THINGS._replace(
        replica_identity="f", columns=tuple(c._replace(is_key=True) for c in THINGS.columns)
    )
    updated, deleted = assembled(
        Update(full, ["1", "a"], False, ["1", "b"]), Delete(full, ["1", "b"], False)
    )
    assert (updated.op, updated.key, updated.before) == ("u", '{"id":1}', '{"id":1,"name":"a"}')
    assert (deleted.key, deleted.before) == ('{"id":1}', '{"id":1,"name":"b"}')


def test_a_truncate_has_no_key() -> None:
    (change,) = assembled(Truncate((OTHERS, THINGS), False, False))
    assert (change.op, change.key, change.after, change.sequence) == ("t", None, None, 2)


def test_a_changed_relation_is_rendered_by_its_new_names() -> None:
    renamed = THINGS._replace(columns=(THINGS.columns[0], Column("title", 25, -1, False)))
    before, after = assembled(Insert(THINGS, ["1", "a"]), Insert(renamed, ["2", "b"]))
    assert (before.after, after.after) == ('{"id":1,"name":"a"}', '{"id":2,"title":"b"}')


def test_a_batch_is_complete_up_to_the_last_commit_only() -> None:
    assembler = Assembler({NAME: ("id",)}, position=50)
    for message in (Begin(100, AT, 7), Insert(THINGS, ["1", "a"])):
        assembler.add(message)
    part = assembler.take()
    assert (part.position, part.open_position, part.end_lsn, part.rows) == (50, 100, 0, 1)
    assert not assembler.empty
    for message in (Insert(THINGS, ["2", "b"]), Commit(100, 148, AT), Begin(200, AT, 8)):
        assembler.add(message)
    rest = assembler.take()
    assert (rest.position, rest.open_position, rest.end_lsn, rest.rows) == (100, 200, 148, 1)


def test_an_envelope_is_debeziums() -> None:
    (change,) = assembled(Insert(THINGS, ["1", "a"]))
    envelope = change.envelope()
    assert envelope["after"] == {"id": 1, "name": "a"}
    assert (envelope["before"], envelope["op"]) == (None, "c")
    assert json.dumps(envelope["source"]) == json.dumps(
        {
            "schema": "shop",
            "table": "things",
            "ts_ms": AT // 1000,
            "txId": 7,
            "lsn": 100,
            "sequence": 1,
            "snapshot": False,
        }
    )


def place(lsn: int, sequence: int) -> Change:
    return Change(NAME, "c", "{}", None, "{}", (), 0, 0, lsn, sequence)


def test_what_is_kept_is_taken_once_also_in_the_middle_of_a_transaction() -> None:
    changes = [place(100, 1), place(200, 1), place(200, 2)]
    kept = Kept().after(changes, Batch({}, position=100, open_position=200))
    assert kept == Kept(100, 200, 2)
    again = [*changes, place(200, 3), place(300, 1)]
    assert kept.lacking(again) == [place(200, 3), place(300, 1)]
    assert kept.after(again[3:], Batch({}, position=300)).complete == 300


def test_a_batch_that_is_behind_moves_nothing_back() -> None:
    kept = Kept(complete=500)
    assert kept.lacking([place(400, 1)]) == []
    assert kept.after([], Batch({}, position=400)).complete == 500


def test_forgetting_leaves_unknown_tables_unknown() -> None:
    checkpoint = Checkpoint("s", 10, 10, {"a": 5, "b": 6})
    forgotten = checkpoint.forgetting(["a", "c"])
    assert forgotten.copied(["a", "b", "c"]) == {"b"}
    assert "c" not in forgotten.tables
    assert forgotten.finished("a", 20).highest() == 20
