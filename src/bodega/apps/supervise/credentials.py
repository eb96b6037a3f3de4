"""Secrets that the first start makes up and `secrets.json` (readable by its owner only) keeps."""

import secrets

from bodega.apps.supervise.folder import DataFolder

NAMES = (
    "postgres_password",
    "valkey_password",
    "secret_key",
    "internal_token",
    "payments_webhook_secret",
    "lake_master_key",
)


def credentials(folder: DataFolder) -> dict[str, str]:
    """All of NAMES, made up where missing."""
    kept = {name: str(value) for name, value in folder.read(folder.secrets_file).items()}
    missing = [name for name in NAMES if name not in kept]
    if missing:
        kept |= {name: secrets.token_urlsafe(32) for name in missing}
        folder.write(folder.secrets_file, kept)
    return kept
