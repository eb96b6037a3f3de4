"""HTTP of identity.

The POSTs that answer secrets take neither a unit of work nor an Idempotency-Key: a recorded answer
would store the secret. Trying one again is harmless.
"""

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request, status

from bodega.backbone.http.deps import (
    Admin,
    Anyone,
    PageQuery,
    SagaClaim,
    SignedIn,
    Staff,
    Work,
    provided,
)
from bodega.backbone.http.router import admin_router, api_router
from bodega.commerce.identity import service
from bodega.commerce.identity.adapters.known import KnownTokens
from bodega.commerce.identity.errors import UserNotFound
from bodega.commerce.identity.schemas import (
    Credentials,
    EraseRequest,
    RefreshRequest,
    Registration,
    RevealRequest,
    RevokeRequest,
    UserChange,
)
from bodega.contracts.addresses import AddressBook, NewAddress, SavedAddress
from bodega.contracts.identity import Identity, TokenPair, UserView
from bodega.contracts.personal import PersonalRecords, Revealed
from bodega.kernel.commands import Command
from bodega.kernel.ids import AddressId, CommandId, UserId, new_id
from bodega.kernel.page import Page
from bodega.kernel.principal import Principal

auth = api_router("identity", "/auth")
me = api_router("identity", "/me")
book = api_router("identity", "/me/addresses")
staff = admin_router("identity", "/users")

Users = Annotated[Identity, provided(Identity)]
Book = Annotated[AddressBook, provided(AddressBook)]
Records = Annotated[PersonalRecords, provided(PersonalRecords)]
Known = Annotated[KnownTokens, provided(KnownTokens)]


def peer(request: Request) -> str:
    """The address a request comes from, as far as the trusted proxies tell."""
    return request.client.host if request.client else "unknown"


Peer = Annotated[str, Depends(peer)]


@auth.post("/register", status_code=status.HTTP_201_CREATED)
async def register(who: Anyone, users: Users, address: Peer, new: Registration) -> TokenPair:
    """Create a customer."""
    password = new.password.get_secret_value()
    return await users.enrol(email=new.email, password=password, name=new.name, address=address)


@auth.post("/token")
async def issue(who: Anyone, users: Users, address: Peer, asked: Credentials) -> TokenPair:
    """Tokens for an e-mail and a password."""
    password = asked.password.get_secret_value()
    return await users.issue_tokens(email=asked.email, password=password, address=address)


@auth.post("/refresh")
async def refresh(who: Anyone, users: Users, asked: RefreshRequest) -> TokenPair:
    """A new pair for a refresh token; each works once."""
    return await users.refresh_tokens(refresh_token=asked.refresh_token.get_secret_value())


@auth.post("/revoke", status_code=status.HTTP_204_NO_CONTENT)
async def revoke(who: Anyone, users: Users, asked: RevokeRequest) -> None:
    """End the tokens of one sign-in (RFC 7009: an unknown token is no error)."""
    await users.revoke_tokens(token=asked.token.get_secret_value())


@me.get("")
async def get_me(who: SignedIn, users: Users) -> UserView:
    user = await users.user(UserId(who.id)) if who.id else None
    if user is None:
        raise UserNotFound
    return user


@book.get("")
async def list_addresses(who: SignedIn, kept: Book) -> list[SavedAddress]:
    """The caller's address book, the defaults first."""
    return await kept.addresses(_id(who))


@book.post("", status_code=status.HTTP_201_CREATED)
async def add_address(who: SignedIn, claim: SagaClaim, kept: Book, new: NewAddress) -> SavedAddress:
    return await kept.add(Command(CommandId(claim.id), who.label), _id(who), new)


@book.put("/{address_id}")
async def change_address(
    who: SignedIn, kept: Book, address_id: AddressId, new: NewAddress
) -> SavedAddress:
    command = Command(CommandId(new_id()), who.label)
    return await kept.change(command, _id(who), address_id, new)


@book.delete("/{address_id}", status_code=status.HTTP_204_NO_CONTENT)
async def remove_address(who: SignedIn, kept: Book, address_id: AddressId) -> None:
    await kept.remove(_id(who), address_id)


def _id(who: Principal) -> UserId:
    assert who.id is not None
    return UserId(who.id)


@staff.get("")
async def list_users(
    who: Staff,
    users: Users,
    page: PageQuery,
    q: Annotated[str, Query(max_length=200)] = "",
) -> Page[UserView]:
    """Newest first; with `q` those whose e-mail or name holds it."""
    return await users.users(page, q=q)


@staff.patch("/{user_id}")
async def change_user(
    who: Admin, uow: Work, known: Known, user_id: UserId, change: UserChange
) -> UserView:
    """Change a role, or close an account; open sessions follow at once."""
    return await service.change_user(uow, known, user_id=user_id, change=change)


@staff.post("/erase", status_code=status.HTTP_204_NO_CONTENT)
async def erase(who: Admin, users: Users, asked: EraseRequest) -> None:
    """Forget a customer for good: the account, and what the lake holds of them. Orders stay, as
    books must. Asking again is harmless."""
    await users.erase(person=asked.person, actor=who.label)


@staff.post("/reveal")
async def reveal(who: Admin, records: Records, asked: RevealRequest) -> Revealed:
    """What the lake holds of a customer, in the clear. Who asked, and why, is kept."""
    return await records.reveal(person=asked.person, actor=who.label, reason=asked.reason)


ROUTERS: list[APIRouter] = [auth, me, book, staff]
