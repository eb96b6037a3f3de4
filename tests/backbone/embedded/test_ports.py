"""Ports are picked, kept and, when taken, explained."""

import os
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from bodega.backbone.embedded import ports
from bodega.backbone.embedded.errors import PortInUse


@pytest.fixture
def taken() -> Iterator[int]:
    with socket.create_server((ports.LOOPBACK, 0)) as server:
        yield server.getsockname()[1]


def test_a_free_port_can_be_listened_on() -> None:
    with socket.create_server((ports.LOOPBACK, ports.free_port())):
        pass


def test_a_taken_port_is_an_error_that_names_its_holder_and_the_setting(taken: int) -> None:
    with pytest.raises(PortInUse) as caught:
        ports.require_free(taken, setting="BODEGA_PORT")
    assert f"(pid {os.getpid()})" in caught.value.detail
    assert f"Port {taken}" in caught.value.detail
    assert "BODEGA_PORT" in caught.value.detail


def test_nobody_holds_a_free_port() -> None:
    assert ports.holder(ports.free_port()) is None


def test_a_picked_port_is_kept(tmp_path: Path) -> None:
    first = ports.kept_port(tmp_path / "port", wanted=0, setting="X")
    assert ports.kept_port(tmp_path / "port", wanted=0, setting="X") == first


def test_a_kept_port_that_was_taken_meanwhile_is_replaced(tmp_path: Path, taken: int) -> None:
    (tmp_path / "port").write_text(str(taken))
    assert ports.kept_port(tmp_path / "port", wanted=0, setting="X") != taken


def test_a_spoilt_memory_is_forgotten(tmp_path: Path) -> None:
    (tmp_path / "port").write_text("what?")
    port = ports.kept_port(tmp_path / "port", wanted=0, setting="X")
    assert (tmp_path / "port").read_text() == f"{port}\n"


def test_a_wanted_port_is_taken_or_refused_but_never_replaced(tmp_path: Path, taken: int) -> None:
    with pytest.raises(PortInUse):
        ports.kept_port(tmp_path / "port", wanted=taken, setting="X")
    wanted = ports.free_port()
    assert ports.kept_port(tmp_path / "port", wanted=wanted, setting="X") == wanted
