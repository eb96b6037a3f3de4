"""Settings come from the environment; production refuses what is made for development."""

from pathlib import Path

import pytest
from pydantic import ValidationError

from bodega.backbone.settings import Settings, load_settings


def test_the_environment_wins_over_the_default(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BODEGA_PORT", "8123")
    monkeypatch.setenv("BODEGA_SHOP_NAME", "")
    assert load_settings().port == 8123
    assert load_settings().shop_name == "Bodega"
    assert load_settings(port=9000).port == 9000


def test_a_dot_env_file_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / ".env").write_text("BODEGA_CURRENCY=EUR\nSOMETHING_ELSE=1\n")
    monkeypatch.chdir(tmp_path)
    assert load_settings().currency == "EUR"


@pytest.mark.parametrize(
    ("name", "value"),
    [("port", 70_000), ("currency", "euro"), ("api_processes", 0), ("environment", "live")],
)
def test_nonsense_is_refused(name: str, value: object) -> None:
    with pytest.raises(ValidationError):
        Settings(_env_file=None, **{name: value})  # type: ignore[arg-type]


def test_production_refuses_development_secrets() -> None:
    with pytest.raises(ValidationError, match="BODEGA_SECRET_KEY"):
        Settings(_env_file=None, environment="prod")
    own = {"secret_key": "a" * 32, "internal_token": "b" * 32}
    with pytest.raises(ValidationError, match="BODEGA_LAKE_MASTER_KEY"):
        Settings(_env_file=None, environment="prod", **own)
    Settings(_env_file=None, environment="prod", lake_master_key="c" * 32, **own)


def test_secrets_do_not_show() -> None:
    settings = Settings(_env_file=None, database_url="postgresql://u:hunter2@h/d")
    assert "hunter2" not in repr(settings)
    assert settings.dsn == settings.direct_dsn == "postgresql://u:hunter2@h/d"


def test_a_missing_database_says_what_to_do() -> None:
    with pytest.raises(ValueError, match="bodega up"):
        _ = Settings(_env_file=None).dsn


@pytest.mark.parametrize("name", ["pricing", "shipping"])
def test_an_outside_engine_needs_a_token(name: str) -> None:
    with pytest.raises(ValueError, match=f"BODEGA_{name.upper()}_TOKEN"):
        Settings(_env_file=None, **{f"{name}_url": "http://engine"})
    Settings(_env_file=None, **{f"{name}_url": "http://engine", f"{name}_token": "sesame"})


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"events_kafka_security": "SASL_SSL"}, "BODEGA_EVENTS_KAFKA_USER"),
        ({"events_kafka_changes": "avro"}, "BODEGA_EVENTS_KAFKA_REGISTRY_URL"),
        ({"events_kafka_consume": "other.events, bodega.events"}, "is our own topic"),
    ],
    ids=["user", "registry", "own topic"],
)
def test_kafka_is_configured_whole(given: dict[str, str], says: str) -> None:
    with pytest.raises(ValidationError, match=says):
        Settings(_env_file=None, **given)
