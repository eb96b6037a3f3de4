"""A new master key: every person stays known, and the old key opens nothing any more."""

import json
from collections.abc import Callable
from pathlib import Path

import psycopg
import pytest
from typer.testing import CliRunner

from bodega.apps import cli
from bodega.apps.supervise.credentials import credentials
from bodega.apps.supervise.folder import DataFolder
from bodega.backbone.settings import Settings
from bodega.backbone.vault.errors import MasterKeyIsYours, RotationUnderWay, WrongMasterKey
from bodega.backbone.vault.keys import MasterKey, MasterKeys
from bodega.backbone.vault.store import Person, Vault

Bodega = Callable[..., str]


@pytest.fixture
def folder(settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> DataFolder:
    monkeypatch.setenv("BODEGA_DATA_DIR", str(tmp_path))
    monkeypatch.setenv("BODEGA_DATABASE_URL", settings.dsn)
    monkeypatch.chdir(tmp_path)
    return DataFolder(tmp_path)


@pytest.fixture
def bodega(folder: DataFolder, monkeypatch: pytest.MonkeyPatch) -> Bodega:
    def run(*arguments: str, told: dict[str, str] | None = None) -> str:
        """`told` is what the supervisor tells its processes."""
        env = {f"BODEGA_{name.upper()}": value for name, value in (told or {}).items()}
        done = CliRunner().invoke(cli.app, ["lake", "keys", *arguments], env=env)
        if done.exception and not isinstance(done.exception, SystemExit):
            raise done.exception
        return done.stdout

    return run


def masters(kept: dict[str, str]) -> MasterKeys:
    former = kept.get("lake_master_key_former")
    return MasterKeys(
        MasterKey.of(kept["lake_master_key"]), MasterKey.of(former) if former else None
    )


def told(folder: DataFolder) -> dict[str, str]:
    return {k: v for k, v in credentials(folder).items() if k.startswith("lake_master_key")}


def test_after_a_rotation_the_new_key_opens_all_and_the_old_one_nothing(
    settings: Settings, folder: DataFolder, bodega: Bodega
) -> None:
    before = masters(credentials(folder))
    vault = Vault(settings.dsn, before)
    people = [Person((f"user:{number}",)) for number in range(1200)]
    keys = vault.keys_of(people)
    alias = vault.mail_alias("ada@example.com")

    bodega("new")
    with pytest.raises(RotationUnderWay):
        bodega("new")
    during = masters(told(folder))
    assert Vault(settings.dsn, during).keys_of(people) == keys
    Vault(settings.dsn, during).keys_of([Person(("user:new",))])

    assert bodega("rewrap", told=told(folder)) == "1,201 keys wrapped anew.\n"
    assert "lake_master_key_former" not in credentials(folder)
    after = Vault(settings.dsn, masters(credentials(folder)))
    assert after.keys_of(people) == keys
    assert after.mail_alias(" ADA@example.com") == alias
    with pytest.raises(WrongMasterKey):
        vault.keys_of(people)
    listed = json.loads(bodega("status", "--json", told=told(folder)))
    assert [(row["is"], row["keys"]) for row in listed] == [("current", 1202)]
    assert bodega("rewrap", told=told(folder)) == "0 keys wrapped anew.\n"


def test_nothing_is_wrapped_anew_before_the_shop_was_restarted(
    settings: Settings, folder: DataFolder, bodega: Bodega
) -> None:
    in_force = told(folder)
    bodega("new")
    with pytest.raises(RotationUnderWay, match="restart"):
        bodega("rewrap", told=in_force)
    assert "lake_master_key_former" in credentials(folder)


def test_a_key_of_another_shop_stops_the_rewrapping_and_loses_nothing(
    settings: Settings, folder: DataFolder, bodega: Bodega
) -> None:
    Vault(settings.dsn, MasterKeys(MasterKey.of("another"))).keys_of([Person(("user:1",))])
    bodega("new")
    with pytest.raises(WrongMasterKey):
        bodega("rewrap", told=told(folder))
    assert "lake_master_key_former" in credentials(folder)
    with psycopg.connect(settings.dsn) as con:
        assert con.execute("SELECT count(*) FROM vault.keys").fetchone() == (1,)


def test_a_master_key_from_the_settings_is_replaced_there(bodega: Bodega) -> None:
    with pytest.raises(MasterKeyIsYours, match="BODEGA_LAKE_MASTER_KEY_FORMER"):
        bodega("new", told={"lake_master_key": "mine" * 10})
