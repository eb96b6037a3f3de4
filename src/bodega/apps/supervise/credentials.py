"""Secrets that the first start makes up and `secrets.json` (readable by its owner only) keeps."""

import secrets

from bodega.apps.supervise.folder import DataFolder
from bodega.backbone.vault.errors import RotationUnderWay

NAMES = (
    "postgres_password",
    "valkey_password",
    "secret_key",
    "internal_token",
    "payments_webhook_secret",
    "lake_master_key",
)

FORMER = "lake_master_key_former"


def credentials(folder: DataFolder) -> dict[str, str]:
    """All of NAMES, made up where missing."""
    kept = {name: str(value) for name, value in folder.read(folder.secrets_file).items()}
    missing = [name for name in NAMES if name not in kept]
    if missing:
        kept |= {name: secrets.token_urlsafe(32) for name in missing}
        folder.write(folder.secrets_file, kept)
    return kept


def new_master_key(folder: DataFolder) -> None:
    """A new one beside the one of now, in force from the next start on. Raises RotationUnderWay."""
    kept = credentials(folder)
    if FORMER in kept:
        raise RotationUnderWay
    anew = {"lake_master_key": secrets.token_urlsafe(32), FORMER: kept["lake_master_key"]}
    folder.write(folder.secrets_file, kept | anew)


def forget_former_master_key(folder: DataFolder) -> None:
    """Once nothing hangs on it any more."""
    kept = credentials(folder)
    if kept.pop(FORMER, None):
        folder.write(folder.secrets_file, kept)
