"""What must never be found in the shop's books, whatever buyers, staff, time and crashes did."""

from collections.abc import Mapping

import psycopg

# True at every moment, in the middle of things too.
ALWAYS: Mapping[str, str] = {
    "a level is below zero, or promises more than there is": """
        SELECT variant_id, location, on_hand, allocated FROM inventory.levels
        WHERE on_hand < 0 OR allocated < 0 OR allocated > greatest(on_hand, 0) + allowance""",
    "a level differs from its ledger": """
        SELECT variant_id, location FROM inventory.levels l WHERE (on_hand, allocated) <> (
            SELECT coalesce(sum(m.quantity), 0), coalesce(sum(m.promised), 0)
            FROM inventory.movements m
            WHERE m.variant_id = l.variant_id AND m.location = l.location)""",
    "live holds are worth more than what is free": """
        SELECT l.variant_id FROM inventory.levels l GROUP BY l.variant_id
        HAVING sum(l.on_hand + l.allowance - l.allocated) < (
            SELECT coalesce(sum(r.quantity), 0) FROM inventory.reservations r
            WHERE r.variant_id = l.variant_id AND r.status = 'held' AND r.expires_at > now())""",
    "an order whose lines do not add up": """
        SELECT o.number FROM orders.orders o JOIN orders.order_lines l ON l.order_id = o.id
        GROUP BY o.id, o.number, o.total_amount HAVING sum(l.total_amount) <> o.total_amount""",
    "an entry of the ledger that does not balance": """
        SELECT entry_id FROM payments.ledger_lines GROUP BY entry_id HAVING sum(amount) <> 0""",
}

# True once everything that was begun has come to its end.
SETTLED: Mapping[str, str] = {
    "a checkout, an operation or a payment that has not ended": """
        SELECT 'checkout', id FROM checkout.checkouts WHERE state NOT IN ('completed', 'failed')
        UNION ALL
        SELECT 'operation', id FROM orders.operations WHERE state IN ('running', 'undoing')
        UNION ALL
        SELECT 'payment', id FROM payments.payments WHERE status IN
            ('authorising', 'requires_action', 'authorised', 'capturing', 'voiding')""",
    "a reservation outlives its checkout or its expiry": """
        SELECT id FROM inventory.reservations WHERE status = 'held'""",
    "kept money without exactly one live order": """
        SELECT p.id FROM payments.payments p
        LEFT JOIN payments.refunds r ON r.payment_id = p.id AND r.status = 'succeeded'
        WHERE p.status NOT IN ('declined', 'voided') AND NOT EXISTS (
            SELECT 1 FROM orders.operations e JOIN orders.orders o ON o.id = e.order_id
            WHERE e.state = 'done' AND o.status <> 'cancelled'
              AND e.plan ->> 'charge_id' = p.checkout_id::text)
        GROUP BY p.id HAVING p.amount_amount > coalesce(sum(r.amount_amount), 0)
          AND (SELECT count(*) FROM orders.orders o WHERE o.checkout_id = p.checkout_id
               AND o.status <> 'cancelled') <> 1""",
    "a live order that nobody paid": """
        SELECT o.number FROM orders.orders o
        WHERE o.checkout_id IS NOT NULL AND o.status <> 'cancelled' AND NOT EXISTS (
            SELECT 1 FROM payments.payments p WHERE p.checkout_id = o.checkout_id
              AND p.status NOT IN ('declined', 'voided'))
          AND NOT EXISTS (
            SELECT 1 FROM orders.return_requests q WHERE q.exchange_order_id = o.id)""",
    "a live order whose goods are not promised": """
        SELECT o.number FROM orders.orders o JOIN orders.order_lines l ON l.order_id = o.id
        WHERE o.checkout_id IS NOT NULL AND o.status <> 'cancelled' AND l.kind = 'product'
        GROUP BY o.id, l.variant_id, o.number
        HAVING sum(l.quantity - l.cancelled) <> (
            SELECT coalesce(sum(a.quantity), 0) FROM inventory.allocations a
            WHERE a.checkout_id = o.checkout_id AND a.variant_id = l.variant_id)""",
    "goods promised to an order that is not live": """
        SELECT a.checkout_id FROM inventory.allocations a
        WHERE a.sent < a.quantity AND NOT EXISTS (
            SELECT 1 FROM orders.orders o
            WHERE o.checkout_id = a.checkout_id AND o.status <> 'cancelled')""",
    "a checkout that ended otherwise than its order": """
        SELECT c.id FROM checkout.checkouts c
        WHERE c.state = 'failed' AND EXISTS (
            SELECT 1 FROM orders.orders o WHERE o.checkout_id = c.id AND o.status <> 'cancelled')
           OR c.state = 'completed' AND NOT EXISTS (
            SELECT 1 FROM orders.orders o WHERE o.checkout_id = c.id)""",
    "a promotion counted for a checkout that failed": """
        SELECT r.checkout_id FROM pricing.redemptions r
        JOIN checkout.checkouts c ON c.id = r.checkout_id
        WHERE c.state = 'failed' AND r.released_at IS NULL""",
    "a conflict with the provider": "SELECT kind, expected, seen FROM payments.conflicts",
}

# True of orders that were paid, once what happened to them afterwards has come to its end. Orders
# pay those that replaced their goods, so they are counted together.
AFTER_THE_SALE: Mapping[str, str] = {
    "money that was kept for an order and is not what it costs": """
        WITH RECURSIVE family AS (
            SELECT o.id AS root, o.id FROM orders.orders o
            WHERE NOT EXISTS (
                SELECT 1 FROM orders.return_requests q WHERE q.exchange_order_id = o.id)
            UNION ALL
            SELECT f.root, q.exchange_order_id FROM family f
            JOIN orders.return_requests q ON q.order_id = f.id
            WHERE q.exchange_order_id IS NOT NULL)
        SELECT f.root, sum(o.total_amount - o.refunded_amount), sum(coalesce(kept.amount, 0))
        FROM family f JOIN orders.orders o ON o.id = f.id LEFT JOIN LATERAL (
            SELECT sum(p.amount_amount - coalesce((
                SELECT sum(r.amount_amount) FROM payments.refunds r
                WHERE r.payment_id = p.id AND r.status = 'succeeded'), 0)) AS amount
            FROM payments.payments p WHERE p.status = 'captured' AND (
                p.checkout_id = o.checkout_id OR p.checkout_id::text IN (
                    SELECT e.plan ->> 'charge_id' FROM orders.operations e
                    WHERE e.order_id = o.id AND e.state = 'done'))) AS kept ON true
        WHERE o.checkout_id IS NOT NULL AND EXISTS (
            SELECT 1 FROM orders.history h WHERE h.order_id = f.root AND h.status_after = 'paid')
        GROUP BY f.root
        HAVING sum(o.total_amount - o.refunded_amount) <> sum(coalesce(kept.amount, 0))""",
    "papers that do not add up to what an order costs": """
        SELECT o.number FROM orders.orders o JOIN orders.documents d ON d.order_id = o.id
        GROUP BY o.id HAVING o.total_amount - o.refunded_amount <> sum(
            CASE d.kind WHEN 'invoice' THEN d.total_amount ELSE -d.total_amount END)""",
    "taxes on credit notes that are more than what was invoiced": """
        SELECT order_id FROM orders.documents GROUP BY order_id HAVING sum(
            CASE kind WHEN 'invoice' THEN tax_amount ELSE -tax_amount END) < 0""",
    "units of a line that came back and were never sent": """
        SELECT id FROM orders.order_lines WHERE returned > fulfilled""",
}

# True once every event was handled as well.
CAUGHT_UP: Mapping[str, str] = {
    "an order that has not heard of its money": """
        SELECT o.number FROM orders.orders o JOIN payments.payments p USING (checkout_id)
        WHERE o.status = 'pending' AND p.status = 'captured'""",
    "a sale whose buyer owes something, or paid too much": """
        SELECT s.checkout_id, sum(l.amount) FROM payments.sales s
        JOIN payments.ledger_entries e ON e.checkout_id = s.checkout_id
        JOIN payments.ledger_lines l ON l.entry_id = e.id AND l.account = 'receivable'
        GROUP BY s.checkout_id HAVING sum(l.amount) <> 0""",
}

READ_MODELS = ("orders", "order_events", "customer_orders", "customers", "stock")


def digests(dsn: str) -> dict[str, tuple[int, str]]:
    """By read model: its rows, and a hash over all of them."""
    with psycopg.connect(dsn, autocommit=True) as connection:
        found = {}
        for table in READ_MODELS:
            sql = f"""SELECT count(*), md5(coalesce(string_agg(t::text, ',' ORDER BY t::text), ''))
                      FROM views.{table} t"""
            row = connection.execute(sql.encode()).fetchone()
            assert row is not None
            found[table] = (int(row[0]), str(row[1]))
    return found


def broken(dsn: str, *rules: Mapping[str, str]) -> dict[str, list[tuple[object, ...]]]:
    """What was found that must not be, by the name of the rule."""
    with psycopg.connect(dsn, autocommit=True) as connection:
        found = {
            name: connection.execute(sql.encode()).fetchmany(5)
            for group in rules
            for name, sql in group.items()
        }
    return {name: rows for name, rows in found.items() if rows}
