"""Pure rules of stock: what may be promised, and from which locations it is best taken."""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from itertools import combinations
from uuid import UUID

from bodega.kernel.ids import LocationId

MAIN = "main"
MAIN_ID = LocationId(UUID("6d61696e-0000-7000-8000-000000000001"))
FAR = 1000
EXACT = 8

Spot = tuple[UUID, str]
Wanted = Mapping[UUID, int]


@dataclass(frozen=True, slots=True)
class Place:
    """Where stock lies; without a country, in the channel's own."""

    code: str
    country: str | None = None
    serves: tuple[str, ...] = ()
    priority: int = 100
    active: bool = True

    def distance(self, country: str, *, home: str) -> int:
        """0 in the same country, then as `serves` lists them, then far."""
        if (self.country or home) == country:
            return 0
        return 1 + self.serves.index(country) if country in self.serves else FAR


@dataclass(frozen=True, slots=True)
class Level:
    """Units of one variant at one place. `allowance` is what may be promised beyond them now;
    `held` are units of others' live reservations."""

    variant_id: UUID
    place: Place
    on_hand: int
    allocated: int = 0
    safety_stock: int = 0
    allowance: int = 0
    held: int = 0
    reorder_point: int = 0
    sent_from: date | None = None

    @property
    def spot(self) -> Spot:
        return self.variant_id, self.place.code

    @property
    def free(self) -> int:
        """Units on hand that may still be promised."""
        return max(0, self._unbound) if self.place.active else 0

    @property
    def capacity(self) -> int:
        """What may still be promised in all, on hand or not."""
        return max(0, self._unbound + self.allowance) if self.place.active else 0

    @property
    def _unbound(self) -> int:
        return self.on_hand - self.allocated - self.held - self.safety_stock


@dataclass(frozen=True, slots=True)
class Hold:
    """Units of one variant that a checkout holds at a location."""

    variant_id: UUID
    location: str
    quantity: int
    expires_at: datetime

    @property
    def spot(self) -> Spot:
        return self.variant_id, self.location


@dataclass(frozen=True, slots=True)
class Promise:
    """Units promised to an order and not sent. `queued` are units promised there before these."""

    id: UUID
    variant_id: UUID
    location: str
    open: int
    queued: int = 0

    @property
    def spot(self) -> Spot:
        return self.variant_id, self.location

    def covered(self, on_hand: int) -> int:
        """Units of these that are on hand: who was promised first is served first."""
        return min(self.open, max(0, on_hand - self.queued))


@dataclass(frozen=True, slots=True)
class Change:
    """What a movement does to a level: signed units on hand, signed units promised."""

    variant_id: UUID
    location: str
    quantity: int = 0
    promised: int = 0
    unit_cost_amount: int | None = None
    unit_cost_currency: str | None = None

    @property
    def spot(self) -> Spot:
        return self.variant_id, self.location


def merged(lines: Iterable[tuple[UUID, int]]) -> dict[UUID, int]:
    """Units wanted a variant, in the order of ids."""
    wanted: dict[UUID, int] = {}
    for variant_id, quantity in lines:
        wanted[variant_id] = wanted.get(variant_id, 0) + quantity
    return dict(sorted(wanted.items()))


def with_held(levels: Mapping[Spot, Level], held: Mapping[Spot, int]) -> list[Level]:
    return [replace(level, held=held.get(spot, 0)) for spot, level in levels.items()]


def shortfalls(wanted: Wanted, levels: Collection[Level]) -> list[UUID]:
    """The variants of which there is not enough anywhere together."""
    return [
        variant_id
        for variant_id, quantity in wanted.items()
        if sum(level.capacity for level in levels if level.variant_id == variant_id) < quantity
    ]


def plan(
    wanted: Wanted, levels: Collection[Level], *, country: str, home: str
) -> dict[Spot, int] | None:
    """The best-location rule; None when there is not enough.

    One place that has all on hand, the nearest first; else the fewest places, the nearest first;
    else the same with what may be promised beyond the units on hand.
    """
    places = sorted(
        {level.place for level in levels},
        key=lambda place: (place.distance(country, home=home), place.priority, place.code),
    )
    for offer in (_free, _capacity):
        stock = {level.spot: offer(level) for level in levels}
        chosen = _fewest(wanted, stock, [place.code for place in places])
        if chosen is not None:
            return _taken(wanted, stock, chosen)
    return None


def _free(level: Level) -> int:
    return level.free


def _capacity(level: Level) -> int:
    return level.capacity


def _fewest(wanted: Wanted, stock: Mapping[Spot, int], codes: Sequence[str]) -> list[str] | None:
    """The smallest set of places that covers everything; of equals the nearest. Beyond EXACT places
    the farthest that can be spared are left out one by one, which may keep one too many."""
    useful = [code for code in codes if any(stock.get((item, code), 0) for item in wanted)]
    if not _covers(wanted, stock, useful):
        return None
    if len(useful) > EXACT:
        return _spared(wanted, stock, useful)
    sizes = range(1, len(useful) + 1)
    tries = (list(some) for size in sizes for some in combinations(useful, size))
    return next((some for some in tries if _covers(wanted, stock, some)), useful)


def _spared(wanted: Wanted, stock: Mapping[Spot, int], codes: Sequence[str]) -> list[str]:
    single = next((code for code in codes if _covers(wanted, stock, [code])), None)
    if single is not None:
        return [single]
    kept = list(codes)
    for code in reversed(codes):
        rest = [other for other in kept if other != code]
        if _covers(wanted, stock, rest):
            kept = rest
    return kept


def _covers(wanted: Wanted, stock: Mapping[Spot, int], codes: Collection[str]) -> bool:
    return all(
        sum(stock.get((variant_id, code), 0) for code in codes) >= quantity
        for variant_id, quantity in wanted.items()
    )


def _taken(wanted: Wanted, stock: Mapping[Spot, int], codes: Sequence[str]) -> dict[Spot, int]:
    """Each line from one place when one has all of it, else from the nearest on."""
    taken: dict[Spot, int] = {}
    for variant_id, quantity in wanted.items():
        whole = [code for code in codes if stock.get((variant_id, code), 0) >= quantity]
        left = quantity
        for code in whole[:1] or codes:
            units = min(left, stock.get((variant_id, code), 0))
            if units:
                taken[variant_id, code] = units
                left -= units
    return taken


def still_there(holds: Iterable[Hold], levels: Mapping[Spot, Level], *, now: datetime) -> bool:
    """Whether live holds can become promises just where they are: a correction may have taken
    units away from under them."""
    return all(
        hold.expires_at > now
        and hold.spot in levels
        and _unpromised(levels[hold.spot]) >= hold.quantity
        for hold in holds
    )


def _unpromised(level: Level) -> int:
    return level.on_hand + level.allowance - level.allocated


def drawn(
    promises: Sequence[Promise], quantity: int, of: Callable[[Promise], int]
) -> dict[UUID, int]:
    """How much to draw from each promise, in the order given, `of` each at most; what cannot be
    drawn is missing from the sum."""
    parts: dict[UUID, int] = {}
    for promise in promises:
        units = min(quantity - sum(parts.values()), of(promise))
        if units > 0:
            parts[promise.id] = units
    return parts


# From which state a purchase order may go to which.
PURCHASES = {
    "draft": {"ordered", "cancelled"},
    "ordered": {"partially_received", "received", "closed", "cancelled"},
    "partially_received": {"partially_received", "received", "closed"},
    "received": set(),
    "closed": set(),
    "cancelled": set(),
}


def may_purchase(status: str, to: str) -> bool:
    return to in PURCHASES[status]


@dataclass(frozen=True, slots=True)
class Need:
    """What there is of a variant at a location, what is on its way, and how fast it goes:
    `promised` units in the last `days`."""

    position: int
    promised: int
    days: int
    safety_stock: int = 0
    reorder_point: int = 0
    reorder_quantity: int = 0


@dataclass(frozen=True, slots=True)
class Terms:
    """How a supplier delivers."""

    lead_days: int
    pack_size: int = 1
    min_quantity: int = 1


def reorder_point(need: Need, terms: Terms) -> int:
    """The stated one, else what goes until a delivery comes, and the safety stock on top."""
    if need.reorder_point:
        return need.reorder_point
    return _ceil(need.promised * terms.lead_days, need.days) + need.safety_stock


def order_quantity(need: Need, terms: Terms, *, cover_days: int) -> int:
    """How many to order now; 0 above the reorder point.

    Enough for the delivery time and `cover_days` after it at the moving average of the last days,
    at least the level's reorder quantity, above the reorder point, and in whole packs.
    """
    point = reorder_point(need, terms)
    if need.position > point or (not point and not need.promised and need.position >= 0):
        return 0
    sold = _ceil(need.promised * (terms.lead_days + cover_days), need.days)
    target = max(sold + need.safety_stock, point + 1)
    wanted = max(target - need.position, need.reorder_quantity, terms.min_quantity)
    return _ceil(wanted, terms.pack_size) * terms.pack_size


def _ceil(dividend: int, divisor: int) -> int:
    return -(-dividend // divisor)
