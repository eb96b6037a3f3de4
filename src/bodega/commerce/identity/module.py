"""Manifest of identity."""

from pathlib import Path

from bodega.backbone.module import Module, PersonalData, public
from bodega.backbone.tables import SOURCE_COLUMNS, TIME_COLUMNS
from bodega.commerce.identity.adapters.known import KnownTokens
from bodega.commerce.identity.handlers import HANDLERS
from bodega.commerce.identity.jobs import JOBS
from bodega.commerce.identity.routes import ROUTERS
from bodega.commerce.identity.service import AddressBookService, IdentityService
from bodega.commerce.identity.tables import METADATA
from bodega.contracts.addresses import AddressBook
from bodega.contracts.identity import Identity

MODULE = Module(
    name="identity",
    metadata=METADATA,
    routers=ROUTERS,
    handlers=HANDLERS,
    jobs=JOBS,
    provides={
        Identity: IdentityService,
        AddressBook: AddressBookService,
        KnownTokens: KnownTokens,
    },
    published={
        "users": public("id", "role", "status", "country", *TIME_COLUMNS, *SOURCE_COLUMNS)
        | {"email": "personal", "name": "personal"},
    },
    persons={"users": PersonalData(user="id", mail="email")},
    migrations=Path(__file__).parent / "migrations",
)
