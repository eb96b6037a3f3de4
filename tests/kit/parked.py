"""Events that a consumer could not take, as rows."""

from collections.abc import Callable
from uuid import UUID, uuid4

import psycopg

CONSUMER = "notifications.confirm_order"
ERROR = "SmtpRefused: <b>no such host</b>"
Park = Callable[..., UUID]

LOG = """INSERT INTO backbone.event_log ("offset", partition, event_id, type, version, key,
    occurred_at, correlation_id, actor, payload) VALUES (%s, 0, %s, 'orders.order_placed', 1, %s,
    now(), 'c', 'customer:7', '{"order_id": "o1"}')"""
PARK = """INSERT INTO backbone.parked_events
    (consumer, "offset", partition, key, attempts, state, error, parked_at)
    VALUES (%s, %s, 0, %s, 8, %s, %s, now() + make_interval(secs => %s))"""


def parking(connection: psycopg.Connection) -> Park:
    """One more event that a consumer could not take, at each call; of the same key, it waits."""
    offset = iter(range(1, 1000))

    def park(key: UUID, *, consumer: str = CONSUMER, state: str = "dead") -> UUID:
        event, at = uuid4(), next(offset)
        connection.execute(LOG, [at, event, key])
        connection.execute(PARK, [consumer, at, key, state, ERROR, at])
        return event

    return park
