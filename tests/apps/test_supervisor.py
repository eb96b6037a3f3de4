"""A supervised shop opens, stays up whatever dies, and leaves nothing behind."""

import json
import os
import shutil
import signal
import socket
import stat
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import psycopg

from bodega.apps.supervise.errors import FolderGone, ProcessFailed

if TYPE_CHECKING:
    from tests.apps.conftest import SmallShop

Patience = Callable[..., bool]


def test_a_shop_opens_step_by_step_and_says_where(open_shop: "SmallShop") -> None:
    shop = open_shop
    ready = shop.reports[-1]
    done = [report.step for report in shop.reports if report.kind == "done"]
    assert done == [
        "PostgreSQL",
        "Valkey",
        "Database schema",
        "Shop",
        "Models and metrics",
        "First gold tables",
        "First model",
    ]
    assert ready.values["shop"] == f"http://127.0.0.1:{shop.port}"
    seen = shop.inspect()
    assert seen.healthy
    assert seen.phase == "ready"
    assert {row["name"] for row in seen.processes} == {
        *("postgres", "valkey", "serving", "worker", "api", "pipelines")
    }
    assert seen.memory_mb > 20


def test_files_with_secrets_are_for_their_owner_only(open_shop: "SmallShop") -> None:
    folder = open_shop.folder
    for file in (folder.secrets_file, folder.environment_file):
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
    secrets = json.loads(folder.secrets_file.read_text())
    for log in folder.logs.glob("*.log"):
        assert not any(secret in log.read_text() for secret in secrets.values())


def test_the_next_start_is_warm_and_has_lost_nothing(
    once_open: "SmallShop", warm_shop: "SmallShop", living: Callable[[Path], list[str]]
) -> None:
    assert once_open.reports[-1].step == "Stopping"
    assert living(once_open.folder.path) == []
    assert not once_open.folder.state_file.exists()
    assert not once_open.inspect().running
    assert warm_shop.up().inspect().ports == once_open.ports | {"port": warm_shop.port}
    done = {report.step: report.text for report in warm_shop.reports if report.kind == "done"}
    url = json.loads(warm_shop.folder.environment_file.read_text())["BODEGA_DATABASE_URL"]
    assert not done.keys() & {"Database schema", "First gold tables", "First model"}
    with psycopg.connect(url) as connection:
        assert connection.execute("SELECT count(*) FROM visits").fetchone() == (1,)


def test_a_killed_process_comes_back(warm_shop: "SmallShop", patiently: Patience) -> None:
    warm_shop.up()
    before = warm_shop.pid_of("worker")
    assert before
    os.kill(before, signal.SIGKILL)
    assert warm_shop.listen("notice").text == "worker ended (killed by SIGKILL): starting again now"
    assert patiently(lambda: warm_shop.inspect().healthy and warm_shop.pid_of("worker") != before)
    assert [
        row["restarts"] for row in warm_shop.inspect().processes if row["name"] == "worker"
    ] == [1]


def test_killed_servers_come_back_where_they_were(
    warm_shop: "SmallShop", patiently: Patience
) -> None:
    warm_shop.up()
    url = json.loads(warm_shop.folder.environment_file.read_text())["BODEGA_DATABASE_URL"]
    for name in ("postgres", "valkey"):
        before = warm_shop.pid_of(name)
        assert before
        os.kill(before, signal.SIGKILL)
        assert patiently(lambda name=name, old=before: warm_shop.pid_of(name) not in (None, old))
    with psycopg.connect(url) as connection:
        assert connection.execute("SELECT count(*) FROM visits").fetchone() == (1,)


def test_kill_9_of_the_supervisor_takes_all_with_it_and_the_next_start_works(
    warm_shop: "SmallShop", patiently: Patience, living: Callable[[Path], list[str]]
) -> None:
    warm_shop.up()
    warm_shop.signal(signal.SIGKILL)
    warm_shop.finish()
    assert patiently(lambda: living(warm_shop.folder.path) == [])
    assert not warm_shop.inspect().running
    warm_shop.up()
    assert warm_shop.inspect().healthy


def test_a_shop_whose_folder_is_deleted_ends_with_one_sentence(
    warm_shop: "SmallShop", living: Callable[[Path], list[str]]
) -> None:
    warm_shop.up()
    while warm_shop.folder.path.exists():  # what is written meanwhile keeps its folder
        shutil.rmtree(warm_shop.folder.path, ignore_errors=True)
    assert warm_shop.finish() == 1
    assert warm_shop.reports[-1].text == str(FolderGone(warm_shop.folder.path))
    assert "Traceback" not in warm_shop.text()
    assert living(warm_shop.folder.path) == []


def test_a_second_supervisor_is_refused_with_the_firsts_pid(open_shop: "SmallShop") -> None:
    second = type(open_shop)(open_shop.folder.path)
    second.launch()
    assert second.finish() == 1
    second.end()
    assert "Bodega already runs" in second.text()
    assert f"pid {open_shop.inspect().pid}" in second.text()
    assert open_shop.inspect().healthy


def test_a_deaf_process_is_ended_after_its_grace(warm_shop: "SmallShop") -> None:
    warm_shop.up("stubborn")
    warm_shop.signal(signal.SIGINT)
    assert warm_shop.finish() == 0
    assert "worker did not stop within" in warm_shop.text()


def test_a_second_signal_does_not_wait(warm_shop: "SmallShop") -> None:
    warm_shop.environment["BODEGA_SHUTDOWN_SECONDS"] = "60"
    warm_shop.up("stubborn")
    warm_shop.signal(signal.SIGINT)
    warm_shop.listen("begin", step="Stopping")
    time.sleep(1.2)
    warm_shop.signal(signal.SIGINT)
    assert warm_shop.finish(seconds=15) == 0


def test_an_interrupted_start_ends_everything_and_says_so_by_its_code(shop: "SmallShop") -> None:
    shop.launch("slow")
    shop.listen("done", step="Valkey")
    shop.signal(signal.SIGINT)
    assert shop.finish() == 130


def test_a_taken_port_is_explained_before_anything_starts(shop: "SmallShop") -> None:
    with socket.create_server(("127.0.0.1", shop.port)):
        shop.launch()
        assert shop.finish() == 1
    assert f"Port {shop.port} is already in use" in shop.text()
    assert not (shop.folder.path / "postgres").exists()


def test_a_process_that_does_not_stay_up_ends_the_start_with_its_last_words(
    shop: "SmallShop",
) -> None:
    shop.launch("broken")
    assert shop.finish() == 1
    log = shop.folder.path / "logs" / "worker.log"
    said = ProcessFailed(process="worker", reason="code 1: no bread today", log=log)
    assert str(said).partition(" The whole")[0] in shop.text()


def test_a_failed_preparation_is_quoted(shop: "SmallShop") -> None:
    shop.launch("failing")
    assert shop.finish() == 1
    assert "failed: no bread today" in shop.text()
    assert "prepare.log" in shop.text()


def test_a_folder_from_the_future_is_refused(
    shop: "SmallShop", written: Callable[[Path, object], Path]
) -> None:
    written(shop.folder.version_file, {"data_version": 99, "bodega": "9.9"})
    shop.launch()
    assert shop.finish() == 1
    assert "written by Bodega 9.9, newer than this one" in shop.text()


def test_a_stale_pid_file_of_a_number_used_again_is_no_obstacle(
    warm_shop: "SmallShop", written: Callable[[Path, object], Path]
) -> None:
    written(warm_shop.folder.pid_file, {"pid": os.getpid(), "started": 1, "boot": "another"})
    assert not warm_shop.inspect().running
    warm_shop.up()
    assert warm_shop.inspect().healthy
