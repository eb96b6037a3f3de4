"""Zones and price lists."""

from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bodega.commerce.shipping.domain import (
    EXPRESS,
    STANDARD,
    Method,
    Tier,
    Zone,
    built_in,
    check_method,
    check_zone,
    options,
    price_of,
    zone_of,
)
from bodega.commerce.shipping.errors import MethodMalformed, ZoneMalformed
from bodega.contracts.shipping import Parcel
from bodega.kernel.ids import ShippingMethodId, new_id
from bodega.kernel.money import Money


def parcel(
    subtotal: int = 1000, *, currency: str = "GBP", weight: int = 0, country: str = "GB"
) -> Parcel:
    money = Money(amount=subtotal, currency=currency)
    return Parcel(country=country, subtotal=money, weight_grams=weight, units=1)


def method(basis: str, *tiers: tuple[int | None, int], **values: object) -> Method:
    given: dict[str, object] = {
        "id": ShippingMethodId(new_id()),
        "name": "Parcel",
        "carrier": None,
        "basis": basis,
        "currency": "GBP",
        "tiers": [Tier(*tier) for tier in tiers],
        "free_above": None,
        "min_days": 1,
        "max_days": 2,
    }
    return Method(**(given | values))  # type: ignore[arg-type]


def zone(number: int, *countries: str, prefixes: tuple[str, ...] = (), active: bool = True) -> Zone:
    return Zone(UUID(int=number), str(number), frozenset(countries), prefixes, active=active)


ZONES = [
    zone(1),
    zone(2, "GB", "IE"),
    zone(3, "GB", prefixes=("IM", "GY")),
    zone(4, "GB", prefixes=("IM9",)),
    zone(5, "US", active=False),
]


@pytest.mark.parametrize(
    ("country", "postal_code", "number"),
    [
        ("GB", "N1 1AA", 2),
        ("IE", "", 2),
        ("GB", "im1 2ab", 3),
        ("GB", "IM9 4EN", 4),
        ("GB", "i-m-9", 4),
        ("FR", "IM9", 1),
        ("US", "", 1),
    ],
)
def test_the_zone_that_says_most_about_the_address_wins(
    country: str, postal_code: str, number: int
) -> None:
    found = zone_of(ZONES, country=country, postal_code=postal_code)
    assert found
    assert found.id == UUID(int=number)


def test_where_no_zone_goes_nothing_goes() -> None:
    assert zone_of(ZONES[1:], country="FR", postal_code="") is None
    assert options(ZONES, parcel(country="FR")) == []


@pytest.mark.parametrize(
    ("weight", "price"), [(0, 390), (1000, 390), (1001, 590), (5000, 590), (5001, None)]
)
def test_a_weight_list_ends_with_its_last_tier(weight: int, price: int | None) -> None:
    by_weight = method("weight", (1000, 390), (5000, 590))
    found = price_of(by_weight, parcel(weight=weight))
    assert (found.amount if found else None) == price


@pytest.mark.parametrize(("subtotal", "price"), [(0, 590), (2000, 590), (2001, 290), (9000, 0)])
def test_a_price_list_goes_by_the_subtotal_and_may_be_free_above(subtotal: int, price: int) -> None:
    by_price = method("price", (2000, 590), (None, 290), free_above=9000)
    found = price_of(by_price, parcel(subtotal))
    assert found
    assert found.amount == price


def test_a_method_asks_nothing_in_another_currency_and_none_when_it_is_off() -> None:
    assert price_of(method("flat", (None, 490)), parcel(currency="EUR")) is None
    assert price_of(method("flat", (None, 490), active=False), parcel()) is None


@given(
    st.lists(st.tuples(st.integers(0, 10**6), st.integers(0, 10**4)), min_size=1, max_size=8),
    st.integers(0, 10**6),
)
def test_a_tier_is_the_first_that_reaches(tiers: list[tuple[int, int]], weight: int) -> None:
    rising = sorted(dict(tiers).items())
    found = price_of(method("weight", *rising), parcel(weight=weight))
    reaching = [price for limit, price in rising if weight <= limit]
    assert (found.amount if found else None) == (reaching[0] if reaching else None)


def test_options_come_cheapest_first_then_the_quickest() -> None:
    dear, slow, quick = (
        method("flat", (None, 900), name="dear"),
        method("flat", (None, 400), name="slow", max_days=9),
        method("flat", (None, 400), name="quick"),
    )
    world = Zone(UUID(int=1), "World", frozenset(), (), methods=[dear, slow, quick])
    assert [item.name for item in options([world], parcel())] == ["quick", "slow", "dear"]


@pytest.mark.parametrize(
    ("currency", "standard", "express", "free_from"),
    [("GBP", 490, 1290, 5000), ("JPY", 490, 1290, 5000), ("KWD", 4900, 12_900, 50_000)],
)
def test_the_built_in_set_has_the_same_figures_in_any_currency(
    currency: str, standard: int, express: int, free_from: int
) -> None:
    world = built_in(currency)
    below = options([world], parcel(free_from - 1, currency=currency, country="NZ"))
    assert [(item.method_id, item.price.amount) for item in below] == [
        (STANDARD, standard),
        (EXPRESS, express),
    ]
    above = options([world], parcel(free_from, currency=currency, country="NZ"))
    assert [item.price.amount for item in above] == [0, express]


@pytest.mark.parametrize(
    ("basis", "tiers", "days"),
    [
        ("flat", [(1000, 5)], (1, 2)),
        ("flat", [(None, 5), (None, 6)], (1, 2)),
        ("weight", [(None, 5), (10, 6)], (1, 2)),
        ("weight", [(10, 5), (10, 6)], (1, 2)),
        ("price", [(20, 5), (10, 6)], (1, 2)),
        ("flat", [(None, 5)], (3, 2)),
    ],
)
def test_tiers_that_make_no_price_list_are_refused(
    basis: str, tiers: list[tuple[int | None, int]], days: tuple[int, int]
) -> None:
    with pytest.raises(MethodMalformed):
        check_method(basis, [Tier(*tier) for tier in tiers], min_days=days[0], max_days=days[1])  # type: ignore[arg-type]


def test_prefixes_need_one_country_and_are_kept_plain() -> None:
    assert check_zone(["GB"], ["im-1", "IM 1", "gy"]) == ["IM1", "GY"]
    for countries in ([], ["GB", "IE"]):
        with pytest.raises(ZoneMalformed):
            check_zone(countries, ["IM"])
    with pytest.raises(ZoneMalformed):
        check_zone(["GB"], ["--"])
