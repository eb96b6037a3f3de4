"""Queries to begin with, made from what is known of a table."""

from bodega.data.lineage.graph import Table

_DAYS = ("date", "order_date", "payment_date", "movement_date", "day")


def examples(id_: str, table: Table) -> list[str]:
    """Its newest rows; its money by day, or by what it is told apart by."""
    day = next((name for name in _DAYS if name in table.columns), None)
    money = next((name for name in reversed(table.columns) if name.endswith("_amount")), None)
    newest = f" order by {day} desc" if day else ""
    found = [f"select * from {id_}{newest} limit 10"]
    if money and "currency" in table.columns:
        by = f"{day}, currency" if day else "currency"
        found.append(
            f"select {by}, sum({money}) as {money} from {id_} group by {by} "
            f"order by {day or 'currency'}{' desc' if day else ''} limit 10"
        )
    else:
        found.append(f"select count(*) as rows from {id_}")
    return found
