"""Use cases of identity: accounts and who is behind a token; the address book."""

from bodega.commerce.identity.service.accounts import (
    IdentityService,
    change_user,
    create_admin,
    first_admin,
    list_users,
    purge_ended,
    set_password,
)
from bodega.commerce.identity.service.addresses import AddressBookService

__all__ = [
    "AddressBookService",
    "IdentityService",
    "change_user",
    "create_admin",
    "first_admin",
    "list_users",
    "purge_ended",
    "set_password",
]
