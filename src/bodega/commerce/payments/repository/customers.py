"""Every query of the customers that providers know."""

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from bodega.commerce.payments.tables import customers
from bodega.kernel.ids import UserId


async def reference_of(connection: AsyncConnection, user_id: UserId, provider: str) -> str | None:
    """What the provider calls this customer; None when it knows none."""
    query = select(customers.c.reference).where(
        customers.c.user_id == user_id, customers.c.provider == provider
    )
    found: str | None = (await connection.execute(query)).scalar()
    return found


async def remember(
    connection: AsyncConnection, user_id: UserId, provider: str, reference: str
) -> None:
    """The first reference stays."""
    statement = insert(customers).values(user_id=user_id, provider=provider, reference=reference)
    await connection.execute(statement.on_conflict_do_nothing())
