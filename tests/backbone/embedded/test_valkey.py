"""The embedded Valkey starts anywhere, keeps its append-only file, and asks for its password."""

import os
import signal
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from bodega.backbone.embedded import ports
from bodega.backbone.embedded.errors import FolderInUse, NewerData, PortInUse, ServerFailed
from bodega.backbone.embedded.process import RunAs
from bodega.backbone.embedded.valkey import EmbeddedValkey


@pytest.fixture
def valkey(place: Path, run_as: RunAs) -> Iterator[EmbeddedValkey]:
    with EmbeddedValkey(place / "valkey", password="it is/secret", run_as=run_as) as server:
        yield server


@pytest.fixture
def client(valkey: EmbeddedValkey) -> Iterator[redis.Redis]:
    with redis.Redis.from_url(valkey.url, decode_responses=True) as connected:
        yield connected


def test_it_is_bounded_and_append_only(client: redis.Redis) -> None:
    assert client.config_get("maxmemory-policy") == {"maxmemory-policy": "volatile-lfu"}
    assert client.config_get("maxmemory") == {"maxmemory": str(128 * 1024 * 1024)}
    assert client.config_get("appendonly") == {"appendonly": "yes"}
    assert client.config_get("bind") == {"bind": "127.0.0.1"}


def test_nobody_enters_without_the_password(valkey: EmbeddedValkey) -> None:
    with (
        redis.Redis(port=valkey.port, retry=Retry(NoBackoff(), 0)) as stranger,
        pytest.raises(redis.AuthenticationError),
    ):
        stranger.ping()


def test_a_restart_keeps_data_and_port(valkey: EmbeddedValkey, client: redis.Redis) -> None:
    client.set("key", "value")
    before = valkey.url
    assert valkey.stop()
    assert valkey.start() == before
    assert client.get("key") == "value"


def test_kill_9_loses_nothing_that_reached_the_file(
    valkey: EmbeddedValkey, client: redis.Redis
) -> None:
    client.set("key", "value")
    assert valkey.pid
    os.kill(valkey.pid, signal.SIGKILL)
    valkey.restart()
    assert client.get("key") == "value"


def test_two_cannot_run_on_the_same_files(valkey: EmbeddedValkey) -> None:
    with pytest.raises(FolderInUse):
        EmbeddedValkey(valkey.folder, password="x", run_as=valkey.run_as).start()
    assert valkey.running


def test_a_wanted_port_that_is_taken_is_explained(place: Path) -> None:
    with socket.create_server((ports.LOOPBACK, 0)) as other:
        port = other.getsockname()[1]
        with pytest.raises(PortInUse, match="BODEGA_VALKEY_PORT"):
            EmbeddedValkey(place / "valkey", password="x", port=port).start()


def test_a_spoilt_append_only_file_is_reported_with_the_place_of_the_log(
    valkey: EmbeddedValkey, client: redis.Redis
) -> None:
    client.set("key", "value")
    valkey.stop()
    for file in (valkey.data / "appendonlydir").glob("*.manifest"):
        file.write_text("nonsense\n")
    with pytest.raises(ServerFailed, match=r"server\.log"):
        valkey.start()


def test_files_of_a_newer_server_are_explained(place: Path) -> None:
    server = EmbeddedValkey(place / "valkey", password="x")
    assert isinstance(server.explained("Can't handle RDB format version 99", ""), NewerData)
