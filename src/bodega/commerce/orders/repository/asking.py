"""Operations whose buyer is asked to pay: the card they hand in, and the next one after a refusal.

`attempt` in the plan counts their tries from 0; `handed_in` keeps, by command, a digest of the
card's token, so that a request that comes again is not another try.
"""

from datetime import datetime

from sqlalchemy import TextClause, text
from sqlalchemy.ext.asyncio import AsyncConnection

from bodega.commerce.orders.repository.operations import Operation, read_operation
from bodega.kernel.ids import CheckoutId, CommandId, OperationId, OrderId

_ASKED = "plan ->> 'ask_buyer' = 'true'"
_ATTEMPT = "coalesce(CAST(plan ->> 'attempt' AS int), 0)"
_ASKING = text(
    f"""SELECT * FROM orders.operations
        WHERE order_id = :order AND state = 'running' AND {_ASKED}"""  # noqa: S608
)
_LAST_ASKED = text(
    f"""SELECT * FROM orders.operations WHERE order_id = :order AND {_ASKED}
        ORDER BY started_at DESC, id DESC LIMIT 1"""  # noqa: S608
)
_ANSWERED = text(
    f"""SELECT * FROM orders.operations
        WHERE order_id = :order AND {_ASKED}
          AND plan #> ARRAY['handed_in', CAST(:command AS text)] IS NOT NULL"""  # noqa: S608
)
_HAND_IN = text(
    f"""UPDATE orders.operations SET payment_token = :token, leased_until = :now,
            failure_code = NULL, failure_detail = NULL,
            plan = plan || jsonb_build_object(
                'return_url', CAST(:return_url AS text),
                'attempt', {_ATTEMPT} + CASE WHEN payment_token IS NULL THEN 0 ELSE 1 END,
                'handed_in', coalesce(plan -> 'handed_in', '{{}}')
                    || jsonb_build_object(CAST(:command AS text), CAST(:digest AS text)))
        WHERE id = :id AND state = 'running' AND {_ASKED}
          AND plan #> ARRAY['handed_in', CAST(:command AS text)] IS NULL
          AND (payment_token IS NULL OR :instead AND payment_token <> :token
               AND {_ATTEMPT} + 1 < :tries)"""  # noqa: S608
)
_CHARGE_MOVED = text(
    f"""UPDATE orders.operations SET leased_until = :now
        WHERE state = 'running' AND {_ASKED}
          AND CAST(:charge AS text) IN (plan ->> 'charge_id', plan ->> 'exchange_id')"""  # noqa: S608
)
_ASK_AGAIN = text(
    f"""UPDATE orders.operations SET payment_token = NULL, failure_code = :code,
            failure_detail = :detail,
            plan = plan || jsonb_build_object('attempt', {_ATTEMPT} + 1)
        WHERE id = :id AND state = 'running' AND attempts = :attempts
          AND payment_token = :token RETURNING 1"""  # noqa: S608
)


async def find_asking(connection: AsyncConnection, order_id: OrderId) -> Operation | None:
    """The live one that its buyer was asked to pay for."""
    return await _one(connection, _ASKING, order=order_id)


async def find_last_asked(connection: AsyncConnection, order_id: OrderId) -> Operation | None:
    """Live or ended."""
    return await _one(connection, _LAST_ASKED, order=order_id)


async def find_answered(
    connection: AsyncConnection, order_id: OrderId, command_id: CommandId
) -> Operation | None:
    """The one, live or ended, for which that command handed a card in."""
    return await _one(connection, _ANSWERED, order=order_id, command=str(command_id))


async def _one(connection: AsyncConnection, query: TextClause, **asked: object) -> Operation | None:
    row = (await connection.execute(query, asked)).first()
    return read_operation(row) if row else None


async def hand_in_payment(
    connection: AsyncConnection,
    id: OperationId,
    *,
    token: str,
    digest: str,
    command_id: CommandId,
    return_url: str | None,
    instead: bool,
    tries: int,
    now: datetime,
) -> None:
    """Once a command, and only while no other card is being charged; `instead` of one about which
    its bank asks, that is another try."""
    asked = {
        "id": id,
        "token": token,
        "digest": digest,
        "command": str(command_id),
        "return_url": return_url,
        "instead": instead,
        "tries": tries,
        "now": now,
    }
    await connection.execute(_HAND_IN, asked)


async def ask_again(
    connection: AsyncConnection, operation: Operation, *, code: str, detail: str
) -> bool:
    """The card was refused; False when another driver has gone on meanwhile."""
    asked = {
        "id": operation.id,
        "attempts": operation.attempts,
        "token": operation.payment_token,
        "code": code,
        "detail": detail,
    }
    return (await connection.execute(_ASK_AGAIN, asked)).first() is not None


async def charge_moved(
    connection: AsyncConnection, charge_id: CheckoutId, *, now: datetime
) -> None:
    """Its buyer's bank has answered: the next sweep goes on with what waits for it."""
    await connection.execute(_CHARGE_MOVED, {"charge": str(charge_id), "now": now})
