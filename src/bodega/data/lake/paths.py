"""Names in the lake, such as `bronze/shop__orders_orders` and `published/current.json`."""

BRONZE = "bronze"
SHOP = "shop"
SILVER = "silver"
GOLD = "gold"
PUBLISHED = "published"
CURRENT = f"{PUBLISHED}/current.json"
CATALOGUE = f"{PUBLISHED}/catalogue.json"
SETS = f"{PUBLISHED}/sets"
FEED_STATE = f"{BRONZE}/_feed.json"
ARCHIVED = f"{BRONZE}/_archived"
MAPPED = f"{SILVER}/_mapped.json"


def feed_state(source: str) -> str:
    """Where the change feed of a source remembers how far bronze is complete."""
    return FEED_STATE if source == "shop" else f"{BRONZE}/_feed_{source}.json"


def bronze_table(source: str, table: str) -> str:
    """`("shop", "orders.orders")` is `shop__orders_orders`."""
    return f"{source}__{table.replace('.', '_')}"


def bronze_path(source: str, table: str) -> str:
    return f"{BRONZE}/{bronze_table(source, table)}"
