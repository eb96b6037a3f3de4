"""What children are told, by BODEGA_* variables; commands run beside them see the same."""

from collections.abc import Mapping

from bodega.apps.supervise.errors import NotRunning
from bodega.apps.supervise.folder import DataFolder
from bodega.apps.supervise.lock import running
from bodega.backbone.embedded.ports import LOOPBACK, kept_port, require_free
from bodega.backbone.settings import Settings, load_settings

PREFIX = "BODEGA_"
DEFAULT_PROVIDER_KEY = "sk_test_bodega"


def uses_provider_double(settings: Settings) -> bool:
    """No provider was named, so the local double takes the payments."""
    return not settings.model_fields_set & {"payments_url", "payments_secret_key"}


def open_ports(settings: Settings, folder: DataFolder) -> dict[str, int]:
    """The shop's port as asked for, or an error; inner ports as asked for, or free ones, kept."""
    require_free(settings.port, setting="BODEGA_PORT", host=settings.host)
    inner = {
        name: kept_port(
            folder.ports / name,
            wanted=getattr(settings, name) if name in settings.model_fields_set else 0,
            setting=f"{PREFIX}{name.upper()}",
        )
        for name in ("serving_port", "provider_port")
    }
    return {"port": settings.port, **inner}


def environment(
    settings: Settings,
    *,
    credentials: Mapping[str, str],
    ports: Mapping[str, int],
    database_url: str,
    valkey_url: str,
) -> dict[str, str]:
    """BODEGA_* for children: what was chosen at this start on top of what the owner set."""
    chosen: dict[str, object] = {
        "data_dir": settings.data_dir,
        "host": settings.host,
        "api_processes": settings.api_processes,
        "database_url": database_url,
        "valkey_url": valkey_url,
        **ports,
    }
    if "serving_url" not in settings.model_fields_set:
        chosen["serving_url"] = f"http://{LOOPBACK}:{ports['serving_port']}"
    if uses_provider_double(settings):
        double = f"http://{LOOPBACK}:{ports['provider_port']}"
        chosen["payments_url"] = double
        if "paypal_url" not in settings.model_fields_set:
            chosen["paypal_url"] = f"{double}/paypal"
        shop = LOOPBACK if settings.host in ("0.0.0.0", "::") else settings.host  # noqa: S104
        chosen["provider_webhook_url"] = f"http://{shop}:{ports['port']}/api/v1/webhooks/stripe"
    for name, value in credentials.items():
        if name in Settings.model_fields and name not in settings.model_fields_set:
            chosen[name] = value
    return {f"{PREFIX}{name.upper()}": str(value) for name, value in chosen.items()}


def connected_settings() -> Settings:
    """Settings for a command that needs the servers: those of the shop that runs here, or the
    servers that the owner named. Raises NotRunning."""
    settings = load_settings()
    folder = DataFolder(settings.data_dir)
    if running(folder.pid_file):
        told = folder.read(folder.environment_file)
        return load_settings(**{key.removeprefix(PREFIX).lower(): v for key, v in told.items()})
    if settings.database_url is None:
        raise NotRunning(settings.data_dir)
    return settings
