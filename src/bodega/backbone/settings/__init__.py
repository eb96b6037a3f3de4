"""Every setting of Bodega: `BODEGA_<AREA>_<NAME>` in the environment or `.env`, flat."""

from pathlib import Path

from pydantic import field_validator, model_validator
from pydantic_settings import SettingsConfigDict

from bodega.backbone.settings.commerce import CommerceSettings
from bodega.backbone.settings.data import DataSettings
from bodega.backbone.settings.kafka import KafkaSettings
from bodega.backbone.settings.kinds import DEV_SECRET
from bodega.backbone.settings.people import PeopleSettings
from bodega.backbone.settings.servers import ServerSettings

__all__ = ["Settings", "load_settings"]


class Settings(KafkaSettings, DataSettings, CommerceSettings, PeopleSettings, ServerSettings):
    """Defaults run the whole shop on one machine; production sets URLs and secrets."""

    model_config = SettingsConfigDict(
        env_prefix="BODEGA_",
        env_file=".env",
        env_ignore_empty=True,
        extra="ignore",
        frozen=True,
    )

    @field_validator("data_dir")
    @classmethod
    def _absolute(cls, value: Path) -> Path:
        return value.expanduser().absolute()

    @model_validator(mode="after")
    def _no_development_secrets(self) -> "Settings":
        if self.environment == "prod" and DEV_SECRET in (
            self.secret_key.get_secret_value(),
            self.internal_token.get_secret_value(),
            self.lake_master_key.get_secret_value(),
        ):
            raise ValueError(
                "set BODEGA_SECRET_KEY, BODEGA_INTERNAL_TOKEN and BODEGA_LAKE_MASTER_KEY "
                "in production"
            )
        return self

    @model_validator(mode="after")
    def _engines_are_shown_a_token(self) -> "Settings":
        for url, token, name in (
            (self.pricing_url, self.pricing_token, "PRICING"),
            (self.shipping_url, self.shipping_token, "SHIPPING"),
            (self.forecast_url, self.forecast_token, "FORECAST"),
        ):
            if url is not None and not token.get_secret_value():
                raise ValueError(f"set BODEGA_{name}_TOKEN with BODEGA_{name}_URL")
        return self

    @property
    def public_url(self) -> str:
        """Where buyers reach the shop."""
        host = "127.0.0.1" if self.host in ("0.0.0.0", "::") else self.host  # noqa: S104
        return self.shop_url or f"http://{host}:{self.port}"

    @property
    def dsn(self) -> str:
        """The database as libpq reads it; raises when no database is set or started."""
        if self.database_url is None:
            raise ValueError("no database: run `bodega up`, or set BODEGA_DATABASE_URL")
        return self.database_url.get_secret_value()

    @property
    def direct_dsn(self) -> str:
        """Past any pooler: for replication and LISTEN."""
        direct = self.database_direct_url
        return direct.get_secret_value() if direct else self.dsn

    @property
    def valkey_dsn(self) -> str:
        if self.valkey_url is None:
            raise ValueError("no Valkey: run `bodega up`, or set BODEGA_VALKEY_URL")
        return self.valkey_url.get_secret_value()

    @property
    def lake_root(self) -> str:
        return self.lake_url or str(self.data_dir / "lake")


def load_settings(**overrides: object) -> Settings:
    """From the environment and `.env`; `overrides` win. Raises pydantic's ValidationError."""
    return Settings(**overrides)  # type: ignore[arg-type]
