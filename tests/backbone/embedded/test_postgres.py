"""The embedded PostgreSQL starts anywhere, keeps what it was given, and explains what is wrong."""

import os
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import psycopg
import pytest

from bodega.backbone.embedded import ports
from bodega.backbone.embedded.errors import (
    DiskFull,
    FolderInUse,
    FolderNotWritable,
    NewerData,
    OlderData,
    PortInUse,
    ServerFailed,
)
from bodega.backbone.embedded.postgres import EmbeddedPostgres
from bodega.backbone.embedded.process import RunAs, processes_in
from tests.kit.clusters import PASSWORD, copied_cluster

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else")


def ask(server: EmbeddedPostgres, query: str) -> object:
    with psycopg.connect(server.url, autocommit=True) as connection:
        cursor = connection.execute(query.encode())
        row = cursor.fetchone() if cursor.description else None
        return row[0] if row else None


def sale(server: EmbeddedPostgres) -> None:
    ask(server, "CREATE TABLE IF NOT EXISTS sales (id int)")
    ask(server, "INSERT INTO sales VALUES (1)")


def test_it_serves_an_ordinary_role_that_owns_its_database(shared: EmbeddedPostgres) -> None:
    assert ask(shared, "SELECT current_user::text") == "bodega"
    assert ask(shared, "SELECT rolsuper FROM pg_roles WHERE rolname = current_user") is False
    ask(shared, "CREATE SCHEMA shop")
    ask(shared, "CREATE EXTENSION pg_trgm")
    ask(shared, "CREATE DATABASE another")


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("wal_level", "logical"),
        ("listen_addresses", "127.0.0.1"),
        ("unix_socket_directories", ""),
        ("max_connections", "80"),
        ("max_slot_wal_keep_size", "4GB"),
        ("TimeZone", "UTC"),
        ("server_encoding", "UTF8"),
    ],
)
def test_it_is_configured_for_the_shop(shared: EmbeddedPostgres, setting: str, value: str) -> None:
    assert ask(shared, f"SHOW {setting}") == value


def test_text_sorts_by_code_point_and_folds_case_beyond_ascii(shared: EmbeddedPostgres) -> None:
    query = "SELECT datlocprovider::text || datlocale FROM pg_database WHERE datname = 'bodega'"
    assert ask(shared, query) == "bC.UTF-8"
    assert ask(shared, "SELECT upper('ärger')") == "ÄRGER"


def test_the_change_feed_can_be_decoded_by_the_ordinary_role(shared: EmbeddedPostgres) -> None:
    query = "SELECT slot_name::text FROM pg_create_logical_replication_slot('feed', 'pgoutput')"
    assert ask(shared, query) == "feed"


def test_nobody_enters_without_the_password(shared: EmbeddedPostgres) -> None:
    with pytest.raises(psycopg.OperationalError, match="password"):
        psycopg.connect(shared.url.replace("first", "wrong"))


def test_a_restart_keeps_data_and_port(postgres: EmbeddedPostgres) -> None:
    sale(postgres)
    before = postgres.url
    assert postgres.stop()
    assert not postgres.running
    assert postgres.start() == before
    assert ask(postgres, "SELECT count(*) FROM sales") == 1


def test_it_recovers_from_kill_9_of_the_server(place: Path) -> None:
    with copied_cluster(place / "postgres") as server:
        sale(server)
        assert server.pid
        os.kill(server.pid, signal.SIGKILL)
        server.restart()
        assert ask(server, "SELECT count(*) FROM sales") == 1
        assert "automatic recovery" in server.log.read_text()


def test_kill_9_of_the_parent_leaves_no_server_and_a_start_at_once_works(place: Path) -> None:
    code = (
        "import time; from pathlib import Path\n"
        "from bodega.backbone.embedded.postgres import EmbeddedPostgres\n"
        f"server = EmbeddedPostgres(Path('{place}/postgres'), password='{PASSWORD}')\n"
        "server.start(); print(server.pid, flush=True); time.sleep(60)\n"
    )
    copied_cluster(place / "postgres")
    parent = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
    assert parent.stdout
    with parent.stdout:
        pid = int(parent.stdout.readline())
    parent.kill()
    parent.wait()
    with EmbeddedPostgres(place / "postgres", password=PASSWORD) as server:
        at_work = set(processes_in(server.data, program="postgres"))
        assert server.pid in at_work
        assert pid not in at_work


def test_a_stale_pid_file_that_names_a_living_stranger_is_no_obstacle(
    postgres: EmbeddedPostgres,
) -> None:
    postgres.stop()
    stale = f"{os.getpid()}\n{postgres.data}\n1700000000\n{postgres.port}\n\n127.0.0.1\n"
    (postgres.data / "postmaster.pid").write_text(stale)
    postgres.start()
    assert ask(postgres, "SELECT 1") == 1


def test_a_lost_password_is_replaced_without_losing_data(postgres: EmbeddedPostgres) -> None:
    sale(postgres)
    postgres.stop()
    with EmbeddedPostgres(postgres.folder, password="it's \\new/", durable=False) as again:
        assert ask(again, "SELECT count(*) FROM sales") == 1


def test_two_cannot_run_on_the_same_files(shared: EmbeddedPostgres) -> None:
    with pytest.raises(FolderInUse):
        EmbeddedPostgres(shared.folder, password="first").start()
    assert ask(shared, "SELECT 1") == 1


def test_a_wanted_port_that_is_taken_is_explained(place: Path) -> None:
    with socket.create_server((ports.LOOPBACK, 0)) as other:
        port = other.getsockname()[1]
        server = EmbeddedPostgres(place / "postgres", password="x", port=port, durable=False)
        with pytest.raises(PortInUse, match="BODEGA_POSTGRES_PORT"):
            server.start()


def test_a_port_lost_between_look_and_launch_is_replaced(
    postgres: EmbeddedPostgres, monkeypatch: pytest.MonkeyPatch
) -> None:
    postgres.stop()
    monkeypatch.setattr(ports, "is_free", lambda *_, **__: True)
    with socket.create_server((ports.LOOPBACK, 0)) as other:
        (postgres.folder / "port").write_text(str(other.getsockname()[1]))
        with pytest.raises(PortInUse):
            postgres.start()
    postgres.start()
    assert ask(postgres, "SELECT 1") == 1


@pytest.mark.parametrize(("version", "error"), [("99", NewerData), ("9", OlderData)])
def test_files_of_another_version_are_explained(
    postgres: EmbeddedPostgres, version: str, error: type[Exception]
) -> None:
    postgres.stop()
    (postgres.data / "PG_VERSION").write_text(f"{version}\n")
    with pytest.raises(error, match=f"PostgreSQL {version}"):
        postgres.start()


def test_a_start_that_broke_off_in_the_middle_is_done_again(place: Path) -> None:
    half = place / "postgres" / "data.new"
    half.mkdir(parents=True)
    (half / "PG_VERSION").write_text("18\n")
    with EmbeddedPostgres(place / "postgres", password="x", durable=False) as server:
        assert ask(server, "SELECT 1") == 1
    assert not half.exists()


def test_a_disk_that_fills_up_is_explained_and_nothing_is_lost(
    tmpfs: Callable[..., Path],
) -> None:
    disk = tmpfs(200)
    server = copied_cluster(disk / "postgres")
    with server:
        sale(server)
    hog = disk / "hog"
    with hog.open("wb") as file:
        file.write(bytes(shutil.disk_usage(disk).free))
    with pytest.raises(DiskFull, match="free some space"):
        server.start()
    hog.unlink()
    with server:
        assert ask(server, "SELECT count(*) FROM sales") == 1


def test_a_disk_that_turned_read_only_is_explained(tmpfs: Callable[..., Path]) -> None:
    disk = tmpfs(200)
    server = copied_cluster(disk / "postgres", durable=False)
    server.start()
    server.stop()
    subprocess.run(["mount", "-o", "remount,ro", str(disk)], check=True)
    with pytest.raises(FolderNotWritable, match="read-only"):
        server.start()


@as_root
def test_as_root_it_runs_in_every_way_and_files_change_hands(place: Path) -> None:
    for run_as in (RunAs.NOBODY, RunAs.NAMESPACE, RunAs.NOBODY):
        server = EmbeddedPostgres(place / "postgres", password="x", run_as=run_as, durable=False)
        with server:
            sale(server)
            assert server.pid
            uid = os.stat(f"/proc/{server.pid}").st_uid
            assert uid == (65534 if run_as is RunAs.NOBODY else 0)
    with server:
        assert ask(server, "SELECT count(*) FROM sales") == 3


def test_a_broken_configuration_is_quoted_with_the_place_of_the_log(
    postgres: EmbeddedPostgres,
) -> None:
    postgres.stop()
    (postgres.data / "custom.conf").write_text("shared_buffers = 'nonsense'\n")
    with pytest.raises(ServerFailed, match=r"PostgreSQL did not start: .*server\.log"):
        postgres.start()
    (postgres.data / "custom.conf").write_text("work_mem = '9MB'\n")
    postgres.start()
    assert ask(postgres, "SHOW work_mem") == "9MB"


@pytest.mark.parametrize(
    ("words", "error"),
    [
        ("FATAL: could not write lock file: No space left on device", DiskFull),
        ("could not open file: Read-only file system", FolderNotWritable),
        ("could not bind: Address already in use", PortInUse),
        ("FATAL: database files are incompatible with server", NewerData),
        ("FATAL: something new\n", ServerFailed),
    ],
)
def test_the_servers_own_words_become_errors_of_ours(
    place: Path, words: str, error: type[Exception]
) -> None:
    server = EmbeddedPostgres(place / "postgres", password="x")
    assert type(server.explained(words, "it ended")) is error
