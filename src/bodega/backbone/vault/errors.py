"""What can go wrong with personal data under keys.

VaultError
├── WrongMasterKey      keys were wrapped by another master key
├── NobodyKnown         no person is known by that id or e-mail
├── MasterKeyIsYours    the owner's settings name the master key; only they can replace it
└── RotationUnderWay    a new master key waits for a restart or for `rewrap`
"""

from bodega.kernel.errors import Conflict, NotFound, Unavailable


class WrongMasterKey(Unavailable):
    code = "vault_master_key"
    title = (
        "The keys of this shop were wrapped by another master key: set BODEGA_LAKE_MASTER_KEY to it"
    )


class NobodyKnown(NotFound):
    code = "vault_nobody_known"
    title = "Nobody is known by that id or e-mail, or they were erased"


class MasterKeyIsYours(Conflict):
    code = "vault_master_key_is_yours"
    title = (
        "The master key comes from your settings: set BODEGA_LAKE_MASTER_KEY to a new one and "
        "BODEGA_LAKE_MASTER_KEY_FORMER to the one of now, restart, then `bodega lake keys rewrap`"
    )


class RotationUnderWay(Conflict):
    code = "vault_rotation_under_way"
    title = (
        "A new master key was made already: restart the shop (`bodega down`, `bodega up`), "
        "then `bodega lake keys rewrap`"
    )
