"""Accounts, and who is behind a session or a token."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID

from bodega.backbone.db import UnitOfWork
from bodega.backbone.module import Context
from bodega.backbone.vault.erasure import alias_key
from bodega.backbone.vault.erasure import erase as erase_keys
from bodega.backbone.vault.keys import MasterKeys, user_alias
from bodega.commerce.identity import repository
from bodega.commerce.identity.adapters.attempts import Attempts
from bodega.commerce.identity.adapters.known import KnownTokens
from bodega.commerce.identity.adapters.passwords import Passwords
from bodega.commerce.identity.domain import (
    ACCESS,
    REFRESH,
    SESSION,
    check_password,
    fingerprint,
    looks_like,
    new_password,
    new_token,
    normalise_email,
)
from bodega.commerce.identity.errors import (
    EmailMalformed,
    EmailTaken,
    LastAdmin,
    TokenRefused,
    UserNotFound,
    WrongCredentials,
)
from bodega.commerce.identity.schemas import UserChange
from bodega.contracts.identity import (
    ImportedUser,
    SignedIn,
    TokenPair,
    UserErased,
    UserRegistered,
    UsersImported,
    UserView,
)
from bodega.kernel.clock import Clock
from bodega.kernel.ids import ImportBatchId, UserId, new_id
from bodega.kernel.page import Page, PageRequest, encode_cursor
from bodega.kernel.principal import Principal, Role

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncConnection


async def create_user(
    uow: UnitOfWork, *, email: str, name: str, password_hash: str, role: Role = Role.CUSTOMER
) -> UserView:
    """`email` is normalised already. Raises EmailTaken."""
    user = UserView(id=UserId(new_id()), email=email, name=name or None, role=role)
    values = user.model_dump() | {"password_hash": password_hash, "status": "active"}
    if not await repository.insert_user(uow.connection, values):
        raise EmailTaken
    uow.emit(UserRegistered(user_id=user.id))
    return user


async def change_user(
    uow: UnitOfWork, known: KnownTokens, *, user_id: UserId, change: UserChange
) -> UserView:
    """Takes effect at once, in open sessions too. Raises UserNotFound, LastAdmin."""
    changes = change.model_dump(exclude_none=True)
    admins = await repository.lock_admins(uow.connection)
    stays = changes.get("role", "admin") == "admin" and changes.get("status", "active") == "active"
    if admins == [user_id] and not stays:
        raise LastAdmin
    if changes and not await repository.update_user(uow.connection, user_id, changes):
        raise UserNotFound
    await known.ask_again(await repository.live_tokens(uow.connection, user_id))
    user = await repository.find_user(uow.connection, user_id)
    if user is None:
        raise UserNotFound
    return user


async def list_users(
    connection: "AsyncConnection", *, page: PageRequest, q: str = ""
) -> Page[UserView]:
    """Newest first."""
    found = await repository.find_users(
        connection, limit=page.limit + 1, after=page.after_instant(), q=q.strip()
    )
    shown, more = found[: page.limit], len(found) > page.limit
    cursor = encode_cursor(shown[-1][1].isoformat(), shown[-1][0].id) if more else None
    return Page(items=[user for user, _ in shown], next_cursor=cursor)


async def first_admin(uow: UnitOfWork, *, email: str) -> str | None:
    """Make an admin unless there is one; the password, told this once. Raises EmailTaken."""
    if await repository.lock_admins(uow.connection):
        return None
    return await create_admin(uow, email=email)


async def create_admin(uow: UnitOfWork, *, email: str) -> str:
    """A new admin; the password, told this once. Raises EmailTaken, EmailMalformed."""
    password = new_password()
    await create_user(
        uow,
        email=normalise_email(email),
        name="Admin",
        password_hash=await Passwords().hash(password),
        role=Role.ADMIN,
    )
    return password


async def set_password(
    uow: UnitOfWork, known: KnownTokens, *, email: str, password: str, now: datetime
) -> UserView:
    """Give a user another password and end all sessions. Raises UserNotFound, WeakPassword."""
    normal = normalise_email(email)
    check_password(password, email=normal)
    account = await repository.find_account(uow.connection, normal)
    if account is None:
        raise UserNotFound
    user = account.user
    await known.ask_again(await repository.live_tokens(uow.connection, user.id))
    changes = {"password_hash": await Passwords().hash(password)}
    await repository.update_user(uow.connection, user.id, changes)
    await repository.end_everything(uow.connection, user.id, now)
    return user


async def _find_person(uow: UnitOfWork, person: str) -> UserView | None:
    """By id or e-mail; None is a guest. Raises UserNotFound for an id, EmailMalformed."""
    try:
        user = await repository.find_user(uow.connection, UUID(person))
    except ValueError:
        account = await repository.find_account(uow.connection, normalise_email(person))
        return account.user if account else None
    if user is None:
        raise UserNotFound
    return user


async def _empty_account(
    uow: UnitOfWork, known: KnownTokens, user: UserView, *, now: datetime
) -> None:
    """Raises LastAdmin."""
    if await repository.lock_admins(uow.connection) == [user.id]:
        raise LastAdmin
    await known.ask_again(await repository.live_tokens(uow.connection, user.id))
    nobody = {"email": None, "name": None, "password_hash": None, "status": "disabled"}
    await repository.update_user(uow.connection, user.id, nobody)
    await repository.end_everything(uow.connection, user.id, now)
    await repository.forget_addresses(uow.connection, user.id)
    uow.emit(UserErased(user_id=user.id))


async def purge_ended(uow: UnitOfWork, *, now: datetime) -> None:
    """Forget sessions and tokens that ended a week ago."""
    await repository.purge_ended(uow.connection, now - timedelta(days=7))


class IdentityService:
    """Answers `bodega.contracts.identity.Identity`."""

    def __init__(self, context: Context) -> None:
        self._database = context.database
        self._known = KnownTokens(context)
        self._clock = context.clock
        self._settings = context.settings
        self._passwords = Passwords()
        self._attempts = Attempts(context.cache, context.settings)

    async def authenticate(self, token: str) -> Principal | None:
        if not looks_like(token, SESSION, ACCESS):
            return None
        token_hash = fingerprint(token)
        known = await self._known.get(token_hash)
        return known or await self._look_up(token_hash)

    async def _look_up(self, token_hash: bytes) -> Principal | None:
        now = self._clock.now()
        async with self._database.reading() as connection:
            row = await repository.behind_token(connection, token_hash, now)
        if row is None:
            return None
        principal = Principal(id=row.id, role=row.role, session=str(row.held_id))
        seconds = (row.expires_at - now).total_seconds()
        await self._known.remember(token_hash, principal, seconds=seconds)
        return principal

    async def sign_in(self, *, email: str, password: str, address: str) -> SignedIn:
        user = await self._verify(email, password, address)
        async with self._database.work(actor=_actor(user)) as uow:
            return await self._begin_session(uow, user)

    async def sign_out(self, *, token: str) -> None:
        if not looks_like(token, SESSION):
            return
        token_hash = fingerprint(token)
        async with self._database.work() as uow:
            await self._known.ask_again([token_hash])
            await repository.end_session(uow.connection, token_hash, self._clock.now())

    async def register(self, *, email: str, password: str, name: str, address: str) -> SignedIn:
        normal, hashed = await self._admit(email, password, address)
        async with self._database.work(actor=Role.ANONYMOUS.value) as uow:
            user = await create_user(uow, email=normal, name=name, password_hash=hashed)
            return await self._begin_session(uow, user)

    async def issue_tokens(self, *, email: str, password: str, address: str) -> TokenPair:
        user = await self._verify(email, password, address)
        async with self._database.work(actor=_actor(user)) as uow:
            return await self._issue(uow, user.id, new_id())

    async def enrol(self, *, email: str, password: str, name: str, address: str) -> TokenPair:
        normal, hashed = await self._admit(email, password, address)
        async with self._database.work(actor=Role.ANONYMOUS.value) as uow:
            user = await create_user(uow, email=normal, name=name, password_hash=hashed)
            return await self._issue(uow, user.id, new_id())

    async def refresh_tokens(self, *, refresh_token: str) -> TokenPair:
        pair = None
        if looks_like(refresh_token, REFRESH):
            async with self._database.work() as uow:
                pair = await self._rotate(uow, fingerprint(refresh_token))
        if pair is None:  # raised here, so that the end of a family is committed
            raise TokenRefused
        return pair

    async def revoke_tokens(self, *, token: str) -> None:
        if not looks_like(token, ACCESS, REFRESH):
            return
        async with self._database.work() as uow:
            held = await repository.lock_token(uow.connection, fingerprint(token))
            if held is not None:
                await self._end_family(uow, held.family_id)

    async def users(self, page: PageRequest, *, q: str = "") -> Page[UserView]:
        async with self._database.reading() as connection:
            return await list_users(connection, page=page, q=q)

    async def user(self, user_id: UserId) -> UserView | None:
        async with self._database.reading() as connection:
            return await repository.find_user(connection, user_id)

    async def erase(self, *, person: str, actor: str) -> int:
        async with self._database.work(actor=actor) as uow:
            user = await _find_person(uow, person)
            aliases = [] if user is None else [user_alias(user.id)]
            email = user.email if user else normalise_email(person)
            if email:
                key = await alias_key(uow.connection, MasterKeys.of(self._settings))
                aliases.append(key.mail_alias(email))
            if user is not None:
                await _empty_account(uow, self._known, user, now=self._clock.now())
            return await erase_keys(uow.connection, aliases, now=self._clock.now())

    async def bulk_load(
        self,
        batch: Sequence[ImportedUser],
        *,
        source: str,
        import_batch_id: ImportBatchId,
    ) -> int:
        async with self._database.work(actor=f"import:{source}") as uow:
            rows = (_imported_row(item, source, import_batch_id) for item in batch)
            added = await repository.copy_users(uow.connection, rows)
            uow.emit(UsersImported(import_batch_id=import_batch_id, source=source, rows=added))
        return added

    async def _verify(self, email: str, password: str, address: str) -> UserView:
        """The user with these credentials; every refusal looks and lasts the same."""
        normal = _normal_or_none(email)
        attempt = await self._attempts.sign_in(normal or email, address)
        async with self._database.reading() as connection:
            account = await repository.find_account(connection, normal) if normal else None
        known = account.password_hash if account and account.active else None
        if not await self._passwords.matches(password, known) or account is None:
            raise WrongCredentials
        await attempt.succeeded()
        return account.user

    async def _admit(self, email: str, password: str, address: str) -> tuple[str, str]:
        """The normalised e-mail and the password's hash of somebody who may register."""
        normal = normalise_email(email)
        check_password(password, email=normal)
        await self._attempts.register(address)
        return normal, await self._passwords.hash(password)

    async def _begin_session(self, uow: UnitOfWork, user: UserView) -> SignedIn:
        token, session_id = new_token(SESSION), new_id()
        expires_at = self._clock.now() + timedelta(hours=self._settings.session_hours)
        row = {
            "id": session_id,
            "user_id": user.id,
            "token_hash": fingerprint(token),
            "expires_at": expires_at,
        }
        await repository.insert_session(uow.connection, row)
        principal = Principal(id=user.id, role=user.role, session=str(session_id))
        return SignedIn(token=token, principal=principal, user=user, expires_at=expires_at)

    async def _issue(self, uow: UnitOfWork, user_id: UUID, family_id: UUID) -> TokenPair:
        access, refresh = new_token(ACCESS), new_token(REFRESH)
        life = timedelta(minutes=self._settings.access_token_minutes)
        long_life = timedelta(days=self._settings.refresh_token_days)
        of = {"user_id": user_id, "family_id": family_id}
        rows = [
            _token_row(of, "access", access, life, self._clock),
            _token_row(of, "refresh", refresh, long_life, self._clock),
        ]
        await repository.insert_tokens(uow.connection, rows)
        return TokenPair(
            access_token=access, refresh_token=refresh, expires_in=int(life.total_seconds())
        )

    async def _rotate(self, uow: UnitOfWork, token_hash: bytes) -> TokenPair | None:
        held = await repository.lock_token(uow.connection, token_hash)
        now = self._clock.now()
        if held is None or held.revoked_at is not None or held.expires_at <= now:
            return None
        if held.used_at is not None:
            await self._end_family(uow, held.family_id)
            return None
        if not await repository.is_active(uow.connection, held.user_id):
            return None
        await repository.spend_token(uow.connection, held.id, now)
        return await self._issue(uow, held.user_id, held.family_id)

    async def _end_family(self, uow: UnitOfWork, family_id: UUID) -> None:
        ended = await repository.end_family(uow.connection, family_id, self._clock.now())
        await self._known.ask_again(ended)


def _normal_or_none(email: str) -> str | None:
    """None for what no account can be called: sign-in then fails like any other."""
    try:
        return normalise_email(email)
    except EmailMalformed:
        return None


def _actor(user: UserView) -> str:
    return Principal(id=user.id, role=user.role).label


def _token_row(
    of: dict[str, UUID], kind: str, token: str, life: timedelta, clock: Clock
) -> dict[str, Any]:
    return {
        "id": new_id(),
        **of,
        "kind": kind,
        "token_hash": fingerprint(token),
        "expires_at": clock.now() + life,
    }


def _imported_row(item: ImportedUser, source: str, batch: ImportBatchId) -> Sequence[Any]:
    seen = item.first_seen_at
    return (
        item.id, item.email, item.name, Role.CUSTOMER.value, "active", item.country, seen, seen,
        batch, source, item.source_key,
    )  # fmt: skip
