"""Users and who they are allowed to be."""

from collections.abc import Sequence
from datetime import datetime
from typing import ClassVar, Protocol

from pydantic import BaseModel, ConfigDict

from bodega.kernel.address import CountryCode
from bodega.kernel.events import Event
from bodega.kernel.ids import ImportBatchId, UserId
from bodega.kernel.page import Page, PageRequest
from bodega.kernel.principal import Principal, Role


class UserView(BaseModel):
    """A user as others may see them; `email` and `name` are personal data."""

    id: UserId
    email: str | None
    name: str | None
    role: Role
    country: CountryCode | None = None


class SignedIn(BaseModel):
    """A web session just begun: `token` goes into the cookie and is shown once."""

    token: str
    principal: Principal
    user: UserView
    expires_at: datetime


class TokenPair(BaseModel):
    """Bearer tokens of the API, shown once; `expires_in` is the access token's life in seconds."""

    access_token: str
    refresh_token: str
    token_type: str = "Bearer"  # noqa: S105 - RFC 6750's name of the scheme
    expires_in: int


class ImportedUser(BaseModel):
    """A customer of another system; knows no password."""

    model_config = ConfigDict(frozen=True)

    id: UserId
    source_key: str
    country: CountryCode | None
    first_seen_at: datetime
    email: str | None = None
    name: str | None = None


class UserRegistered(Event):
    type: ClassVar[str] = "identity.user_registered"
    user_id: UserId

    @property
    def key(self) -> UserId:
        return self.user_id


class UserErased(Event):
    """The account says nothing about anybody any more, and the lake has forgotten the person."""

    type: ClassVar[str] = "identity.user_erased"
    user_id: UserId

    @property
    def key(self) -> UserId:
        return self.user_id


class UsersImported(Event):
    type: ClassVar[str] = "identity.import_completed"
    import_batch_id: ImportBatchId
    source: str
    rows: int

    @property
    def key(self) -> ImportBatchId:
        return self.import_batch_id


class Identity(Protocol):
    """Who is who. Unknown or expired credentials answer None, never an error, never a hint why."""

    async def authenticate(self, token: str) -> Principal | None:
        """The principal behind a session or bearer token."""

    async def sign_in(self, *, email: str, password: str, address: str) -> SignedIn:
        """Begin a web session. Raises `Unauthenticated`, or `TooMany` after repeated failures
        from `address` or for `email`."""

    async def sign_out(self, *, token: str) -> None:
        """End the session; an unknown token is no error."""

    async def register(self, *, email: str, password: str, name: str, address: str) -> SignedIn:
        """Create a customer and sign in. Raises `Conflict` for a known e-mail, `Rejected` for a
        weak password, `TooMany`."""

    async def issue_tokens(self, *, email: str, password: str, address: str) -> TokenPair:
        """`sign_in` for the API. Raises the same."""

    async def enrol(self, *, email: str, password: str, name: str, address: str) -> TokenPair:
        """`register` for the API. Raises the same."""

    async def refresh_tokens(self, *, refresh_token: str) -> TokenPair:
        """A new pair for a refresh token, which is then spent; spent ones end their whole family.
        Raises `Unauthenticated`."""

    async def revoke_tokens(self, *, token: str) -> None:
        """End the family of an access or refresh token; an unknown one is no error."""

    async def users(self, page: PageRequest, *, q: str = "") -> Page[UserView]:
        """Newest first, for staff; with `q` those whose e-mail or name holds it."""

    async def user(self, user_id: UserId) -> UserView | None: ...

    async def erase(self, *, person: str, actor: str) -> int:
        """Forget whoever has this user id or e-mail: the account is emptied and closed, the keys
        to what the lake holds of them are destroyed. Orders stay, as books must. How many keys
        there were; again is no error. Raises `NotFound` for an unknown id, `Conflict` for the last
        admin."""

    async def bulk_load(
        self,
        batch: Sequence[ImportedUser],
        *,
        source: str,
        import_batch_id: ImportBatchId,
    ) -> int:
        """COPY customers in, idempotent by (source, source_key); the number of new rows."""
