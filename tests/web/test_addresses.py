"""The address book on pages: written in the account, chosen at checkout."""

import pytest

from bodega.kernel.address import Address
from bodega.kernel.ids import UserId
from bodega.web.regions import regions, regions_of_all
from tests.web.conftest import Browser
from tests.web.shop import CUSTOMER, FakeShop
from tests.web.test_checkout import TYPED
from tests.web.test_visitors import add_mug

HERE = "/account/addresses"
HOME = {"name": "Robin", "line1": "1 Home", "city": "Leeds", "country": "GB"}
AWAY = {"name": "Robin", "line1": "2 Away", "city": "Austin", "country": "US", "region": "US-TX"}


@pytest.fixture
async def robin(browser: Browser) -> Browser:
    await browser.sign_in(CUSTOMER)
    return browser


def own(shop: FakeShop) -> UserId:
    return shop.identity.users[CUSTOMER][1].id


async def kept(shop: FakeShop) -> list[Address]:
    return [one.address for one in await shop.book.addresses(own(shop))]


async def test_an_address_is_added_changed_and_taken_out(robin: Browser, shop: FakeShop) -> None:
    assert "No addresses yet" in (await robin.get(HERE)).text
    added = await robin.send(HERE, HERE, **AWAY, for_delivery="yes")
    assert added.headers["location"] == HERE
    [saved] = await shop.book.addresses(own(shop))
    assert (saved.address.region, saved.for_delivery) == ("TX", True)
    at = f"{HERE}/{saved.id}"
    page = (await robin.get(at)).text
    assert 'value="2 Away"' in page
    assert '<option value="US-TX" selected>' in page
    await robin.send(at, at, **{**AWAY, "line1": "3 Away"})
    [changed] = await shop.book.addresses(own(shop))
    assert (changed.address.line1, changed.for_delivery) == ("3 Away", False)
    await robin.send(HERE, f"{HERE}/{changed.id}/removal")
    assert await kept(shop) == []
    assert (await robin.get(at)).status_code == 404


async def test_what_an_address_lacks_is_said_beside_the_field(
    robin: Browser, shop: FakeShop
) -> None:
    for wrong, said in (
        ({"region": "AU-WA"}, "Choose the state or province"),
        ({"city": ""}, "Enter the town or city"),
    ):
        page = await robin.send(HERE, HERE, **{**AWAY, **wrong})
        assert page.status_code == 422
        assert said in page.text
        assert 'value="2 Away"' in page.text
    assert await kept(shop) == []


async def test_checkout_starts_with_the_defaults_and_others_can_be_chosen(
    robin: Browser, shop: FakeShop
) -> None:
    await robin.send(HERE, HERE, **HOME, for_delivery="yes")
    await robin.send(HERE, HERE, **AWAY, for_billing="yes")
    await add_mug(robin, shop)
    page = (await robin.get("/checkout")).text
    assert 'name="line1" type="text" value="1 Home"' in page
    assert 'name="billing_line1" type="text" value="2 Away"' in page
    other = (await shop.book.addresses(own(shop)))[1]
    chosen = (await robin.get(f"/checkout?address={other.id}")).text
    assert 'name="line1" type="text" value="2 Away"' in chosen
    assert '<option value="TX" selected>' in chosen


async def test_the_address_of_an_order_is_kept_when_asked(robin: Browser, shop: FakeShop) -> None:
    await add_mug(robin, shop)
    done = await robin.send("/checkout", "/checkout", **TYPED, save_address="yes")
    assert done.status_code == 303, done.text
    [address] = await kept(shop)
    assert address.line1 == TYPED["line1"]


async def test_an_invoice_names_the_state_where_there_are_any(
    robin: Browser, shop: FakeShop
) -> None:
    await add_mug(robin, shop)
    billing = {f"billing_{name}": value for name, value in AWAY.items()} | {"billing_differs": "y"}
    missing = {**billing, "billing_region": ""}
    asked = await robin.send("/checkout", "/checkout", **TYPED, **missing)
    assert asked.status_code == 422
    assert "Choose the state or province" in asked.text
    done = await robin.send("/checkout", "/checkout", **TYPED, **billing)
    assert done.status_code == 303, done.text
    [request] = shop.checkouts.requests
    assert request.billing_address is not None
    assert request.billing_address.region == "TX"


def test_regions_are_codes_of_their_country_once_each() -> None:
    assert {"US", "CA", "AU", "BR", "IN", "MX"} <= regions_of_all().keys()
    for country, found in regions_of_all().items():
        codes = [code for code, _ in found]
        assert len(set(codes)) == len(codes)
        assert all(Address(**{**HOME, "country": country, "region": code}) for code in codes)
    assert regions("GB") == []
