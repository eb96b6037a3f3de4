"""Every query of identity."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import Row, delete, func, or_, select, text, tuple_, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from bodega.backbone.bulk import copy_new
from bodega.commerce.identity.tables import addresses, sessions, tokens, users
from bodega.contracts.addresses import SavedAddress
from bodega.contracts.identity import UserView
from bodega.kernel.ids import AddressId, UserId

_ADMINS = text("SELECT pg_advisory_xact_lock(hashtextextended('identity.admins', 0))")
_VIEW = (users.c.id, users.c.email, users.c.name, users.c.role, users.c.country)
_LIVE_TOKENS = text(
    """
    SELECT token_hash FROM identity.sessions
    WHERE user_id = :user_id AND revoked_at IS NULL AND expires_at > now()
    UNION ALL
    SELECT token_hash FROM identity.tokens
    WHERE user_id = :user_id AND kind = 'access' AND revoked_at IS NULL AND expires_at > now()
    """
)
_BEHIND_TOKEN = text(
    """
    SELECT u.id, u.role, held.id AS held_id, held.expires_at FROM (
        SELECT id, user_id, expires_at, revoked_at FROM identity.sessions
        WHERE token_hash = :hash
        UNION ALL
        SELECT id, user_id, expires_at, revoked_at FROM identity.tokens
        WHERE token_hash = :hash AND kind = 'access'
    ) held JOIN identity.users u ON u.id = held.user_id
    WHERE held.revoked_at IS NULL AND held.expires_at > :now AND u.status = 'active'
    """
)


class Account(NamedTuple):
    """A user and the hash of the password, which never leaves this module."""

    user: UserView
    password_hash: str | None
    active: bool


def _view(row: Row[Any]) -> UserView:
    return UserView(id=row.id, email=row.email, name=row.name, role=row.role, country=row.country)


async def insert_user(connection: AsyncConnection, values: Mapping[str, Any]) -> bool:
    """False when the e-mail is taken."""
    statement = insert(users).values(**values).on_conflict_do_nothing(index_elements=["email"])
    return (await connection.execute(statement.returning(users.c.id))).first() is not None


async def find_account(connection: AsyncConnection, email: str) -> Account | None:
    query = select(*_VIEW, users.c.password_hash, users.c.status).where(users.c.email == email)
    row = (await connection.execute(query)).first()
    return Account(_view(row), row.password_hash, row.status == "active") if row else None


async def find_user(connection: AsyncConnection, user_id: UUID) -> UserView | None:
    row = (await connection.execute(select(*_VIEW).where(users.c.id == user_id))).first()
    return _view(row) if row else None


async def is_active(connection: AsyncConnection, user_id: UUID) -> bool:
    query = select(users.c.id).where(users.c.id == user_id, users.c.status == "active")
    return (await connection.execute(query)).first() is not None


async def find_users(
    connection: AsyncConnection,
    *,
    limit: int,
    after: tuple[datetime, UUID] | None,
    q: str = "",
) -> list[tuple[UserView, datetime]]:
    """Users, newest first, each with its sort instant for the cursor; with `q` those whose e-mail
    or name holds it."""
    query = select(*_VIEW, users.c.occurred_at).order_by(
        users.c.occurred_at.desc(), users.c.id.desc()
    )
    if q:
        named = (users.c.email, users.c.name)
        query = query.where(or_(*(column.icontains(q, autoescape=True) for column in named)))
    if after is not None:
        query = query.where(tuple_(users.c.occurred_at, users.c.id) < tuple_(*after))
    rows = await connection.execute(query.limit(limit))
    return [(_view(row), row.occurred_at) for row in rows]


async def update_user(
    connection: AsyncConnection, user_id: UUID, changes: Mapping[str, Any]
) -> bool:
    statement = update(users).where(users.c.id == user_id)
    statement = statement.values(**changes, known_at=func.now())
    return (await connection.execute(statement.returning(users.c.id))).first() is not None


async def lock_admins(connection: AsyncConnection) -> list[UUID]:
    """The active admins; whoever else asks waits until this transaction ends."""
    await connection.execute(_ADMINS)
    query = select(users.c.id).where(users.c.role == "admin", users.c.status == "active")
    return [row.id for row in await connection.execute(query)]


async def insert_session(connection: AsyncConnection, values: Mapping[str, Any]) -> None:
    await connection.execute(sessions.insert().values(**values))


async def end_session(connection: AsyncConnection, token_hash: bytes, now: datetime) -> None:
    statement = update(sessions).where(sessions.c.token_hash == token_hash).values(revoked_at=now)
    await connection.execute(statement)


async def insert_tokens(connection: AsyncConnection, rows: Sequence[Mapping[str, Any]]) -> None:
    await connection.execute(tokens.insert().values(list(rows)))


async def lock_token(connection: AsyncConnection, token_hash: bytes) -> Row[Any] | None:
    """The token's row, held until the transaction ends."""
    query = select(tokens).where(tokens.c.token_hash == token_hash).with_for_update()
    return (await connection.execute(query)).first()


async def spend_token(connection: AsyncConnection, token_id: UUID, now: datetime) -> None:
    await connection.execute(update(tokens).where(tokens.c.id == token_id).values(used_at=now))


async def end_family(connection: AsyncConnection, family_id: UUID, now: datetime) -> list[bytes]:
    """Revoke a family; the hashes of what still lived."""
    statement = (
        update(tokens)
        .where(tokens.c.family_id == family_id, tokens.c.revoked_at.is_(None))
        .values(revoked_at=now)
        .returning(tokens.c.token_hash)
    )
    return [bytes(row.token_hash) for row in await connection.execute(statement)]


async def end_everything(connection: AsyncConnection, user_id: UUID, now: datetime) -> None:
    """Revoke every session and token of a user."""
    for table in (sessions, tokens):
        statement = update(table).where(table.c.user_id == user_id, table.c.revoked_at.is_(None))
        await connection.execute(statement.values(revoked_at=now))


async def live_tokens(connection: AsyncConnection, user_id: UUID) -> list[bytes]:
    """Hashes of a user's sessions and access tokens that still open doors."""
    rows = await connection.execute(_LIVE_TOKENS, {"user_id": user_id})
    return [bytes(row.token_hash) for row in rows]


async def behind_token(
    connection: AsyncConnection, token_hash: bytes, now: datetime
) -> Row[Any] | None:
    """The active user (id, role) a live session or access token (held_id, expires_at) is of."""
    asked = {"hash": token_hash, "now": now}
    return (await connection.execute(_BEHIND_TOKEN, asked)).first()


async def purge_ended(connection: AsyncConnection, before: datetime) -> None:
    """Delete what expired before an instant. Spent refresh tokens live as long as they would
    have, so that their reuse is seen."""
    for table in (sessions, tokens):
        await connection.execute(delete(table).where(table.c.expires_at < before))


_COLUMNS = (
    "id email name role status country occurred_at known_at import_batch_id source source_key"
)


async def copy_users(connection: AsyncConnection, rows: Iterable[Sequence[Any]]) -> int:
    """What is new is kept, what is known is left alone; the number of new users."""
    return await copy_new(connection, "identity.users", _COLUMNS.split(), rows)


async def find_addresses(connection: AsyncConnection, user_id: UserId) -> list[SavedAddress]:
    """Those that stand in forms first, then the newest."""
    chosen = (
        select(addresses)
        .where(addresses.c.user_id == user_id)
        .order_by(
            addresses.c.for_delivery.desc(), addresses.c.for_billing.desc(), addresses.c.id.desc()
        )
    )
    return [_address(row) for row in await connection.execute(chosen)]


def _address(row: Row[Any]) -> SavedAddress:
    return SavedAddress(
        id=AddressId(row.id),
        address=row.address,
        for_delivery=row.for_delivery,
        for_billing=row.for_billing,
    )


async def lock_book(connection: AsyncConnection, user_id: UserId) -> int:
    """Changes of a book wait for each other; how many addresses are in it."""
    await connection.execute(select(users.c.id).where(users.c.id == user_id).with_for_update())
    counted = select(func.count()).where(addresses.c.user_id == user_id)
    return int((await connection.execute(counted)).scalar_one())


async def release_defaults(
    connection: AsyncConnection, user_id: UserId, *, delivery: bool, billing: bool
) -> None:
    """What was the default is none any more."""
    for column, wanted in (
        (addresses.c.for_delivery, delivery),
        (addresses.c.for_billing, billing),
    ):
        if wanted:
            await connection.execute(
                update(addresses)
                .where(addresses.c.user_id == user_id, column)
                .values({column: False})
            )


async def insert_address(
    connection: AsyncConnection, user_id: UserId, values: Mapping[str, Any]
) -> None:
    await connection.execute(insert(addresses).values({"user_id": user_id, **values}))


async def update_address(
    connection: AsyncConnection, user_id: UserId, address_id: AddressId, values: Mapping[str, Any]
) -> bool:
    changed = await connection.execute(
        update(addresses)
        .where(addresses.c.user_id == user_id, addresses.c.id == address_id)
        .values(values)
    )
    return bool(changed.rowcount)


async def delete_address(
    connection: AsyncConnection, user_id: UserId, address_id: AddressId
) -> bool:
    gone = await connection.execute(
        delete(addresses).where(addresses.c.user_id == user_id, addresses.c.id == address_id)
    )
    return bool(gone.rowcount)


async def forget_addresses(connection: AsyncConnection, user_id: UserId) -> None:
    await connection.execute(delete(addresses).where(addresses.c.user_id == user_id))
