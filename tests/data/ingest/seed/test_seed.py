"""The made-up shop: believable, sound, and the same every time."""

from collections import Counter
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest

from bodega.backbone.module import Context
from bodega.backbone.settings import Settings
from bodega.contracts.catalog import Catalog
from bodega.contracts.identity import Identity
from bodega.contracts.inventory import Inventory
from bodega.contracts.orders import ImportedOrder, ImportedReturn, Orders
from bodega.data.ingest.seed.goods import goods
from bodega.data.ingest.seed.history import History
from bodega.data.ingest.seed.load import Targets, is_seeded, load_seed
from bodega.data.ingest.seed.plan import SeedPlan
from bodega.kernel.errors import Invalid

NOW = datetime(2026, 11, 21, 11, 0, tzinfo=UTC)
PLAN = SeedPlan(until=NOW, orders=2000, days=120)


def told(plan: SeedPlan, size: int = 500) -> tuple[list[ImportedOrder], list[ImportedReturn]]:
    batches = list(History(plan).batches(size))
    return [o for batch, _ in batches for o in batch], [r for _, batch in batches for r in batch]


@pytest.fixture(scope="module")
def history() -> tuple[list[ImportedOrder], list[ImportedReturn]]:
    return told(PLAN)


def test_the_same_plan_makes_the_same_shop_whatever_the_batches(
    history: tuple[list[ImportedOrder], list[ImportedReturn]],
) -> None:
    assert told(PLAN, size=77) == history
    assert list(History(PLAN).people.users()) == list(History(PLAN).people.users())


def test_another_seed_makes_another_history(
    history: tuple[list[ImportedOrder], list[ImportedReturn]],
) -> None:
    other, _ = told(SeedPlan(until=NOW, orders=2000, days=120, seed=8))
    assert {order.id for order in other}.isdisjoint(order.id for order in history[0])


def test_everything_refers_to_something_known_by_then(
    history: tuple[list[ImportedOrder], list[ImportedReturn]],
) -> None:
    made = History(PLAN)
    users = {user.id: user for user in made.people.users()}
    products = {product.id: product for product in made.products()}
    orders = {order.id: order for order in history[0]}
    for order in history[0]:
        assert order.customer_id is None or (
            users[order.customer_id].first_seen_at <= order.placed_at
        )
        for line in order.lines:
            assert line.total == line.unit_price * line.quantity
            if line.kind == "product":
                assert line.product_id
                assert products[line.product_id].first_seen_at <= order.placed_at
    for back in history[1]:
        assert back.order_id
        origin = orders[back.order_id]
        bought = {line.variant_id: line.quantity for line in origin.lines}
        assert origin.placed_at < back.returned_at <= NOW
        assert all(line.quantity <= bought[line.variant_id] for line in back.lines)
    assert len({user.email for user in users.values()}) == len(users)


def test_orders_run_up_to_now_in_order(
    history: tuple[list[ImportedOrder], list[ImportedReturn]],
) -> None:
    times = [order.placed_at for order in history[0]]
    assert all(before <= after for before, after in pairwise(times))
    assert times[0] >= PLAN.since
    assert NOW - timedelta(hours=12) < times[-1] <= NOW


def test_evenings_and_weekends_are_busy(
    history: tuple[list[ImportedOrder], list[ImportedReturn]],
) -> None:
    hours = Counter(order.placed_at.hour for order in history[0])
    days = Counter(order.placed_at.weekday() for order in history[0])
    assert hours[20] > 4 * max(hours[3], 1)
    assert days[6] > days[1]


def test_shares_are_as_stated(history: tuple[list[ImportedOrder], list[ImportedReturn]]) -> None:
    orders, returns = history
    guests = sum(order.customer_id is None for order in orders) / len(orders)
    assert 0.09 < guests < 0.15
    assert 0.04 < len(returns) / len(orders) < 0.08
    bought = Counter(order.customer_id for order in orders if order.customer_id)
    best = sorted(bought.values(), reverse=True)
    assert sum(best[: len(best) // 5]) > 0.4 * sum(best)


def test_things_that_go_together_are_bought_together(
    history: tuple[list[ImportedOrder], list[ImportedReturn]],
) -> None:
    group = {good.sku: good.group for good in goods(PLAN.products)}
    pairs = [
        group[a.sku] == group[b.sku]
        for order in history[0]
        for a, b in pairwise([line for line in order.lines if line.kind == "product"])
    ]
    assert sum(pairs) / len(pairs) > 0.25


def test_two_hundred_goods_in_ten_categories_and_more_in_other_shades() -> None:
    first = goods(200)
    assert len({good.title for good in first}) == 200
    assert set(Counter(good.category for good in first).values()) == {20}
    many = goods(2500)
    assert many[:200] == first
    assert len({good.title for good in many}) == len({good.sku for good in many}) == 2500
    assert len(goods(12)) == 12


@pytest.mark.parametrize(("currency", "amount"), [("EUR", 2400), ("JPY", 2400), ("KWD", 24000)])
def test_prices_suit_the_currency(currency: str, amount: int) -> None:
    price = History(SeedPlan(until=NOW, currency=currency)).products()[0].price
    assert (price.currency, price.amount) == (currency, amount)


@pytest.mark.parametrize("wrong", [{"orders": -1}, {"days": 0}, {"products": 1}])
def test_a_shop_of_nothing_is_refused(wrong: dict[str, int]) -> None:
    with pytest.raises(Invalid):
        SeedPlan(until=NOW, **wrong)  # type: ignore[arg-type]


async def test_an_empty_shop_is_filled_once(context: Context, settings: Settings) -> None:
    answers = context.container
    targets = Targets(
        answers.get(Identity), answers.get(Catalog), answers.get(Orders), answers.get(Inventory)
    )
    plan = SeedPlan(until=NOW, orders=60, days=20, products=30)
    said: list[tuple[str, int, int]] = []
    assert not await is_seeded(targets, plan)
    seeded = await load_seed(plan, targets, progress=lambda *given: said.append(given))
    assert await is_seeded(targets, plan)
    assert (seeded.products, seeded.customers) == (30, plan.customers)
    assert seeded.orders_and_returns >= 60
    assert said[-1] == ("orders", 60, 60)
    again = await load_seed(plan, targets, progress=lambda *_: None)
    assert (again.products, again.customers, again.orders_and_returns) == (0, 0, 0)


async def test_a_seeding_cut_short_is_not_mistaken_for_a_shop(context: Context) -> None:
    answers = context.container
    targets = Targets(
        answers.get(Identity), answers.get(Catalog), answers.get(Orders), answers.get(Inventory)
    )
    plan = SeedPlan(until=NOW, orders=10, days=5, products=5)
    await load_seed(plan, _Cut(targets), progress=lambda *_: None)  # type: ignore[arg-type]
    assert not await is_seeded(targets, plan)


class _Cut:
    """Targets whose stock never arrives."""

    def __init__(self, targets: Targets) -> None:
        self.identity, self.catalog, self.orders = (
            targets.identity,
            targets.catalog,
            targets.orders,
        )
        self.inventory = self

    async def bulk_load(self, _batch: object, **_: object) -> int:
        return 0
