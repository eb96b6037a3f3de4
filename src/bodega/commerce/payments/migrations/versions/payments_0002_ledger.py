"""A double-entry ledger that the database itself keeps balanced and append-only."""

import sqlalchemy as sa
from alembic import op

revision = "payments_0002"
down_revision = "payments_0001"
branch_labels = None
depends_on = None

RULES = """
CREATE FUNCTION payments.refuse_ledger_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'the ledger is append-only: book a correction'
        USING ERRCODE = 'integrity_constraint_violation';
END $$;
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON payments.ledger_entries
    FOR EACH ROW EXECUTE FUNCTION payments.refuse_ledger_change();
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON payments.ledger_lines
    FOR EACH ROW EXECUTE FUNCTION payments.refuse_ledger_change();

CREATE FUNCTION payments.demand_balance() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    entry uuid := CASE TG_TABLE_NAME WHEN 'ledger_lines' THEN (to_jsonb(NEW)->>'entry_id')::uuid
                                     ELSE (to_jsonb(NEW)->>'id')::uuid END;
    lines integer;
    difference numeric;
BEGIN
    SELECT count(*), coalesce(sum(amount), 0) INTO lines, difference
    FROM payments.ledger_lines WHERE entry_id = entry;
    IF lines < 2 OR difference <> 0 THEN
        RAISE EXCEPTION 'ledger entry % does not balance: % lines, % too much', entry, lines,
            difference USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER balanced AFTER INSERT ON payments.ledger_entries
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION payments.demand_balance();
CREATE CONSTRAINT TRIGGER balanced AFTER INSERT ON payments.ledger_lines
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION payments.demand_balance();
"""

# Money taken before there was a ledger.
OPENING = """
WITH taken AS (
    SELECT p.id, p.checkout_id, p.amount_currency, p.amount_amount, p.known_at
    FROM payments.payments p WHERE p.status = 'captured' AND p.amount_amount > 0
), entered AS (
    INSERT INTO payments.ledger_entries
        (id, kind, source, checkout_id, payment_id, currency, occurred_at)
    SELECT gen_random_uuid(), 'capture', 'capture:' || id, checkout_id, id, amount_currency, known_at
    FROM taken RETURNING id, payment_id
)
INSERT INTO payments.ledger_lines (entry_id, position, account, amount)
SELECT entered.id, line.position, line.account, line.sign * taken.amount_amount
FROM entered JOIN taken ON taken.id = entered.payment_id,
     (VALUES (1, 'provider_clearing', 1), (2, 'receivable', -1)) AS line(position, account, sign)
"""


def upgrade() -> None:
    op.create_table(
        "sales",
        sa.Column("checkout_id", sa.Uuid(), nullable=False),
        sa.Column("order_id", sa.Uuid(), nullable=False),
        sa.Column("currency", sa.CHAR(length=3), nullable=False),
        sa.Column("total_amount", sa.BigInteger(), nullable=False),
        sa.Column("tax_amount", sa.BigInteger(), nullable=False),
        sa.Column("cancelled", sa.Boolean(), nullable=False),
        sa.Column(
            "known_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False
        ),
        sa.PrimaryKeyConstraint("checkout_id", name=op.f("pk_sales")),
        schema="payments",
    )
    op.create_table(
        "ledger_entries",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("checkout_id", sa.Uuid(), nullable=True),
        sa.Column("payment_id", sa.Uuid(), nullable=True),
        sa.Column("currency", sa.CHAR(length=3), nullable=False),
        sa.Column(
            "occurred_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ledger_entries")),
        sa.UniqueConstraint("source", name=op.f("uq_ledger_entries_source")),
        schema="payments",
    )
    for column in ("checkout_id", "payment_id"):
        name = f"ix_ledger_entries_{column}"
        op.create_index(name, "ledger_entries", [column], unique=False, schema="payments")
    op.create_table(
        "ledger_lines",
        sa.Column("entry_id", sa.Uuid(), nullable=False),
        sa.Column("position", sa.SmallInteger(), nullable=False),
        sa.Column("account", sa.String(length=20), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.CheckConstraint(
            "account IN ('receivable', 'provider_clearing', 'fees', 'refunds', 'chargebacks', 'revenue', 'tax')",
            name=op.f("ck_ledger_lines_account"),
        ),
        sa.CheckConstraint("amount <> 0", name=op.f("ck_ledger_lines_amount")),
        sa.ForeignKeyConstraint(
            ["entry_id"], ["payments.ledger_entries.id"], name=op.f("fk_ledger_lines_entry_id")
        ),
        sa.PrimaryKeyConstraint("entry_id", "position", name=op.f("pk_ledger_lines")),
        schema="payments",
    )
    op.execute(OPENING)
    op.execute(RULES)


def downgrade() -> None:
    op.drop_table("ledger_lines", schema="payments")
    op.drop_table("ledger_entries", schema="payments")
    op.drop_table("sales", schema="payments")
    op.execute("DROP FUNCTION payments.demand_balance()")
    op.execute("DROP FUNCTION payments.refuse_ledger_change()")
