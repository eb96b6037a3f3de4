"""Children are told what was chosen; what the owner set is never overruled."""

import os
from pathlib import Path

import pytest

from bodega.apps.supervise.environment import connected_settings, environment, open_ports
from bodega.apps.supervise.errors import NotRunning
from bodega.apps.supervise.folder import DataFolder
from bodega.apps.supervise.lock import RunLock
from bodega.apps.supervise.processes import cast_of
from bodega.backbone.embedded.errors import PortInUse
from bodega.backbone.embedded.ports import free_port
from bodega.backbone.settings import Settings, load_settings


@pytest.fixture(autouse=True)
def clean(monkeypatch: pytest.MonkeyPatch, data_dir: Path) -> None:
    for name in list(os.environ):
        if name.startswith("BODEGA_"):
            monkeypatch.delenv(name)
    monkeypatch.chdir(data_dir.parent)
    monkeypatch.setenv("BODEGA_DATA_DIR", str(data_dir))
    monkeypatch.setenv("BODEGA_PORT", str(free_port()))


def told(settings: Settings, **ports: int) -> dict[str, str]:
    return environment(
        settings,
        credentials={"secret_key": "made", "internal_token": "up", "postgres_password": "pw"},
        ports={"port": 1, "serving_port": 2, "provider_port": 3, **ports},
        database_url="postgresql://here",
        valkey_url="redis://here",
    )


def test_children_hear_of_servers_ports_and_made_up_secrets() -> None:
    heard = told(load_settings())
    assert heard["BODEGA_DATABASE_URL"] == "postgresql://here"
    assert heard["BODEGA_SERVING_URL"] == "http://127.0.0.1:2"
    assert heard["BODEGA_PAYMENTS_URL"] == "http://127.0.0.1:3"
    assert heard["BODEGA_PAYPAL_URL"] == "http://127.0.0.1:3/paypal"
    assert heard["BODEGA_SECRET_KEY"] == "made"
    assert "BODEGA_POSTGRES_PASSWORD" not in heard


def test_what_the_owner_set_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BODEGA_SECRET_KEY", "mine")
    monkeypatch.setenv("BODEGA_SERVING_URL", "http://models.example")
    monkeypatch.setenv("BODEGA_PAYPAL_URL", "https://api-m.paypal.com")
    assert "BODEGA_PAYPAL_URL" not in told(load_settings())
    monkeypatch.setenv("BODEGA_PAYMENTS_SECRET_KEY", "sk_live")
    heard = told(load_settings())
    assert not heard.keys() & {"BODEGA_SECRET_KEY", "BODEGA_SERVING_URL", "BODEGA_PAYMENTS_URL"}


def test_the_provider_double_runs_only_while_no_provider_is_named(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def runs() -> bool:
        return "provider" in [role.name for role in cast_of(load_settings(), seed=True).shop]

    assert runs()
    monkeypatch.setenv("BODEGA_PAYMENTS_SECRET_KEY", "sk_live")
    assert not runs()


def test_api_processes_are_numbered_when_there_are_several() -> None:
    cast = cast_of(load_settings(api_processes=2), seed=False)
    assert [role.name for role in cast.shop if role.faces_people] == ["api-1", "api-2"]
    assert cast.prepare[-1] == "--no-seed"


def test_an_inner_port_that_was_asked_for_is_not_replaced(
    monkeypatch: pytest.MonkeyPatch, data_dir: Path
) -> None:
    folder = DataFolder(data_dir)
    folder.open()
    settings = load_settings()
    assert open_ports(settings, folder) == open_ports(settings, folder)
    monkeypatch.setenv("BODEGA_SERVING_PORT", "1")
    if os.geteuid() == 0:
        assert open_ports(load_settings(), folder)["serving_port"] == 1
    else:
        with pytest.raises(PortInUse):
            open_ports(load_settings(), folder)


def test_commands_see_what_the_running_shops_processes_see(data_dir: Path) -> None:
    with pytest.raises(NotRunning, match="bodega up"):
        connected_settings()
    folder = DataFolder(data_dir)
    folder.open()
    folder.write(folder.environment_file, told(load_settings()))
    with pytest.raises(NotRunning):
        connected_settings()
    lock = RunLock(folder.pid_file)
    lock.take()
    assert connected_settings().dsn == "postgresql://here"
    assert connected_settings().secret_key.get_secret_value() == "made"
    lock.release()


def test_commands_use_a_server_that_was_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BODEGA_DATABASE_URL", "postgresql://there")
    assert connected_settings().dsn == "postgresql://there"
