"""The rooms of the console, named in this one place: navigation, search and the docs read it."""

from typing import NamedTuple


class Room(NamedTuple):
    """A page of the console; `purpose` is when to use it."""

    address: str
    name: str
    purpose: str

    def holds(self, path: str) -> bool:
        return path == self.address or (
            self.address != "/console" and path.startswith(f"{self.address}/")
        )


GROUPS: tuple[tuple[str, tuple[Room, ...]], ...] = (
    ("", (Room("/console", "Today", "sales, their trend and how fresh the numbers are"),)),
    (
        "Selling",
        (
            Room("/console/orders", "Orders", "find, edit, send, refund or cancel an order"),
            Room("/console/returns", "Returns", "goods that come back, from the wish to the money"),
            Room("/console/review", "Held", "purchases in doubt: accept or refuse them"),
            Room("/console/customers", "Customers", "who buys, how much, and their orders"),
        ),
    ),
    (
        "Stock",
        (
            Room("/console/stock", "Levels", "what is there, what runs low, one variant's ledger"),
            Room("/console/purchases", "Purchases", "order from suppliers and take deliveries in"),
            Room("/console/suppliers", "Suppliers", "whom to order from and at what cost"),
            Room("/console/transfers", "Transfers", "move units from one location to another"),
            Room("/console/counts", "Counts", "hold the shelf against the books"),
            Room("/console/locations", "Locations", "warehouses and shops, as they are picked"),
            Room("/console/reports", "Reports", "value, age, turnover and days without stock"),
        ),
    ),
    (
        "Prices",
        (
            Room("/console/promotions", "Promotions", "discounts, free delivery and coupon codes"),
            Room("/console/taxes", "Taxes", "rates by country, and where tax is collected"),
            Room("/console/delivery", "Delivery", "zones, ways to send, and what they cost"),
            Room("/console/rates", "Exchange rates", "what one currency is in another, by day"),
        ),
    ),
    (
        "Data",
        (
            Room(
                "/console/dictionary",
                "Dictionary",
                "what every table and column means, where it comes from and who uses it",
            ),
            Room("/console/quality", "Quality", "late tables, failing checks, rows set aside"),
            Room(
                "/console/pipelines", "Pipelines", "what feeds the numbers: runs, trouble, alerts"
            ),
        ),
    ),
    (
        "Back office",
        (
            Room("/console/payments", "Payments", "conflicts with the provider, disputes, ledger"),
            Room("/console/workflows", "Durable jobs", "work that is under way, stuck or failed"),
            Room("/console/stuck", "Stuck events", "what a handler failed on: try again, give up"),
        ),
    ),
)
ROOMS = tuple(room for _, rooms in GROUPS for room in rooms)


def room_of(path: str) -> Room | None:
    return next((room for room in ROOMS if room.holds(path)), None)


def rooms_like(words: str) -> list[Room]:
    """Rooms whose name or purpose holds all the words."""
    wanted = words.lower().split()
    return [
        room
        for room in ROOMS
        if wanted and all(word in f"{room.name} {room.purpose}".lower() for word in wanted)
    ]
