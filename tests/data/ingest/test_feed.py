"""The whole way from PostgreSQL to bronze, with readers killed and lakes taken away."""

import json
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

import bodega
from bodega.backbone.changes.feed import ChangeFeed, FlushPolicy
from bodega.backbone.settings import load_settings
from bodega.data.ingest.bronze import BronzeSink, complete_position
from bodega.data.ingest.feed import Landings, bronze_feed
from bodega.data.lake.storage import LakeRoot
from tests.backbone.changes.databases import (
    TestDatabase,
    eventually,
    new_database,
    running,
    running_server,
)
from tests.backbone.changes.memory import effect, places_are_unique
from tests.data.ingest.bronze_tables import changes_in, rows_in
from tests.data.ingest.reader import TABLE

REPOSITORY = Path(bodega.__file__).parents[2]


@pytest.fixture
def things(database: TestDatabase) -> TestDatabase:
    database.run("CREATE TABLE things (id int PRIMARY KEY, size int)")
    return database


def new_feed(database: TestDatabase, root: LakeRoot, landings: Landings) -> ChangeFeed:
    return ChangeFeed(
        database.dsn,
        {TABLE: ("id", "size")},
        BronzeSink(root),
        slot=database.slot,
        publication="things",
        policy=FlushPolicy(seconds=0.1, rows=20),
        listener=landings.landed,
    )


def table_state(database: TestDatabase) -> dict[str, dict[str, object]]:
    rows = database.rows("SELECT id, row_to_json(t)::text FROM things t")
    return {f'{{"id":{key}}}': json.loads(row) for key, row in rows}


def test_a_sale_lands_and_is_told(things: TestDatabase, root: LakeRoot) -> None:
    landings = Landings()
    with running(new_feed(things, root, landings)):
        things.run("INSERT INTO things VALUES (1, 1)")
        eventually(lambda: len(changes_in(root, TABLE)) == 1)
        landing = landings.wait(timeout=10)
        assert landing is not None
        assert landing.tables == {TABLE}
        things.run("UPDATE things SET size = 2")
        landing = landings.wait(timeout=10)
        assert landing is not None
        assert landing.position >= max(change.lsn for change in changes_in(root, TABLE))
        assert landings.wait(timeout=0.3) is None
    assert complete_position(root) >= landing.position
    assert effect(changes_in(root, TABLE)) == table_state(things)


def point(link: Path, target: Path) -> None:
    """Change where `link` points at, in one step."""
    fresh = link.with_name("fresh-link")
    fresh.symlink_to(target)
    fresh.replace(link)


def test_a_lake_outage_delays_and_loses_nothing(
    things: TestDatabase, root: LakeRoot, tmp_path: Path
) -> None:
    (tmp_path / "disk").mkdir()
    (tmp_path / "in the way").write_text("not a folder")
    point(tmp_path / "lake", tmp_path / "disk")
    feed = new_feed(things, root, Landings())
    with running(feed):
        eventually(lambda: feed.status.state == "streaming")
        point(tmp_path / "lake", tmp_path / "in the way")
        things.run("INSERT INTO things SELECT i, i FROM generate_series(1, 200) i")
        eventually(lambda: feed.status.state == "waiting")
        point(tmp_path / "lake", tmp_path / "disk")
        eventually(lambda: effect(changes_in(root, TABLE)) == table_state(things))
    assert len(changes_in(root, TABLE)) >= 200
    assert places_are_unique(changes_in(root, TABLE))


def test_a_lake_put_back_from_an_older_copy_is_copied_again(
    things: TestDatabase, root: LakeRoot, tmp_path: Path
) -> None:
    """The server has forgotten what this copy never had: nothing may be missing silently."""
    lake, older = tmp_path / "lake", tmp_path / "older"
    with running(new_feed(things, root, Landings())):
        things.run("INSERT INTO things VALUES (1, 1)")
        eventually(lambda: len(changes_in(root, TABLE)) == 1)
    shutil.copytree(lake, older)
    with running(new_feed(things, root, Landings())):
        things.run("INSERT INTO things VALUES (2, 2)", "DELETE FROM things WHERE id = 1")
        eventually(lambda: effect(changes_in(root, TABLE)) == table_state(things))
    shutil.rmtree(lake)
    older.rename(lake)
    with running(new_feed(things, root, Landings())):
        eventually(lambda: effect(changes_in(root, TABLE)) == table_state(things))
    assert [change.op for change in changes_in(root, TABLE)][1:] == ["t", "r"]


def test_a_lake_that_was_thrown_away_is_built_anew(
    things: TestDatabase, root: LakeRoot, tmp_path: Path
) -> None:
    things.run("INSERT INTO things VALUES (1, 1)")
    with running(new_feed(things, root, Landings())):
        eventually(lambda: len(changes_in(root, TABLE)) == 1)
        shutil.rmtree(tmp_path / "lake")
        things.run("INSERT INTO things VALUES (2, 2)")
        eventually(lambda: effect(changes_in(root, TABLE)) == table_state(things))
    assert [change.op for change in changes_in(root, TABLE)] == ["r", "r"]


@contextmanager
def reader_process(database: TestDatabase, root: LakeRoot) -> Iterator[None]:
    command = [sys.executable, "-m", "tests.data.ingest.reader"]
    process = subprocess.Popen(
        [*command, database.dsn, database.slot, root.uri("")],
        cwd=REPOSITORY,
        stderr=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
    )
    try:
        yield
    finally:
        process.send_signal(signal.SIGKILL)
        process.wait()


def load(database: TestDatabase, stop: threading.Event) -> None:
    """Small transactions, and now and then one that needs several batches."""
    with database.connect() as connection:
        number = 0
        while not stop.is_set():
            size = 120 if number % 7 == 0 else 3
            connection.execute(
                "INSERT INTO things SELECT i, 0 FROM generate_series(%s::int, %s) i",
                [number * 1000, number * 1000 + size],
            )
            connection.execute(
                "UPDATE things SET size = %s WHERE id %% 1000 < 2 AND id > %s",
                [number, number * 1000 - 5000],
            )
            connection.execute("DELETE FROM things WHERE id = %s", [number * 1000 + 1])
            number += 1
            stop.wait(0.05)


def test_readers_killed_in_the_middle_leave_every_change_once(
    things: TestDatabase, root: LakeRoot
) -> None:
    stop = threading.Event()
    loading = threading.Thread(target=load, args=(things, stop))
    loading.start()
    try:
        for _ in range(2):
            seen = rows_in(root, TABLE)
            with reader_process(things, root):
                eventually(lambda seen=seen: rows_in(root, TABLE) > seen + 100)
    finally:
        stop.set()
        loading.join()
    with reader_process(things, root):
        eventually(lambda: effect(changes_in(root, TABLE)) == table_state(things))
    changes = changes_in(root, TABLE)
    assert places_are_unique(changes)
    # A reader killed while copying begins the copy anew, behind a `t`.
    ops = [change.op for change in changes]
    begun = len(ops) - ops[::-1].index("t") if "t" in ops else 0
    created = [change.key for change in changes[begun:] if change.op in "rc"]
    assert len(created) == len(set(created))


def test_a_server_killed_in_the_middle_leaves_every_change_once(root: LakeRoot) -> None:
    with running_server() as server, new_database(server) as database:
        database.run("CREATE TABLE things (id int PRIMARY KEY, size int)")
        feed = new_feed(database, root, Landings())
        with running(feed):
            eventually(lambda: feed.status.state == "streaming")
            for first in (0, 5000):
                last = first + 4999
                database.run(
                    f"INSERT INTO things SELECT i, 1 FROM generate_series({first}, {last}) i"
                )
                server.kill()
                server.restart()
            eventually(lambda: effect(changes_in(root, TABLE)) == table_state(database))
    assert len(changes_in(root, TABLE)) == 10_000


def test_the_shops_feed_is_made_from_settings(things: TestDatabase, tmp_path: Path) -> None:
    settings = load_settings(
        data_dir=tmp_path,
        database_url=things.dsn,
        lake_flush_seconds=0.1,
        lake_flush_rows=10,
    )
    landings = Landings()
    things.run("INSERT INTO things VALUES (1, 1)")
    with running(bronze_feed(settings, {TABLE: ("id", "size")}, landings)):
        assert landings.wait(timeout=20) is not None
    root = LakeRoot(settings.lake_root)
    assert [change.op for change in changes_in(root, TABLE)] == ["r"]
