"""What can go wrong with personal data under keys.

VaultError
├── WrongMasterKey      keys were wrapped by another master key
└── NobodyKnown         no person is known by that id or e-mail
"""

from bodega.kernel.errors import NotFound, Unavailable


class WrongMasterKey(Unavailable):
    code = "vault_master_key"
    title = (
        "The keys of this shop were wrapped by another master key: set BODEGA_LAKE_MASTER_KEY to it"
    )


class NobodyKnown(NotFound):
    code = "vault_nobody_known"
    title = "Nobody is known by that id or e-mail, or they were erased"
