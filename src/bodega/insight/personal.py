"""Personal values in the lake, for the API's admins."""

import anyio.to_thread

from bodega.backbone.settings import Settings
from bodega.backbone.vault.keys import MasterKeys
from bodega.backbone.vault.store import Vault
from bodega.contracts.personal import Revealed
from bodega.data.lake.reveal import reveal
from bodega.data.lake.storage import LakeRoot


class LakePersonalRecords:
    """Implements `bodega.contracts.personal.PersonalRecords`."""

    def __init__(self, root: LakeRoot, settings: Settings) -> None:
        self._root = root
        self._settings = settings

    async def reveal(self, *, person: str, actor: str, reason: str) -> Revealed:
        return await anyio.to_thread.run_sync(self._reveal, person, actor, reason)

    def _reveal(self, person: str, actor: str, reason: str) -> Revealed:
        vault = Vault(self._settings.dsn, MasterKeys.of(self._settings))
        return reveal(self._root, vault, person=person, actor=actor, reason=reason)
