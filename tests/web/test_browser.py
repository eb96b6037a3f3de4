"""The cart and checkout in a real browser, on a phone and a desk: scripts, layout, no odd words."""

import threading
import time
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest
import uvicorn

from bodega.web.rooms import ROOMS
from tests.kit.browser import CHROMIUM, chromium, expect
from tests.kit.tree import free_port
from tests.web.conftest import shop_of
from tests.web.fakes import pounds
from tests.web.shop import PASSWORD, STAFF, FakeShop

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

pytestmark = pytest.mark.skipif(not CHROMIUM, reason="no Chromium on this machine")


@pytest.fixture(scope="module")
def open_shop() -> Iterator[tuple[FakeShop, str]]:
    """A shop of fakes on a port, and its address."""
    shop, port = shop_of(), free_port()
    server = uvicorn.Server(uvicorn.Config(shop.app, port=port, log_config=None, ws="none"))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    deadline = time.monotonic() + 10
    while not server.started and time.monotonic() < deadline:
        time.sleep(0.01)
    yield shop, f"http://127.0.0.1:{port}"
    server.force_exit = server.should_exit = True
    thread.join(timeout=10)


@pytest.fixture(scope="module")
def browser() -> "Iterator[Browser]":
    with chromium() as browser:
        yield browser


@pytest.fixture(scope="module", params=[(390, 844), (1280, 900)], ids=["phone", "desk"])
def page(
    request: pytest.FixtureRequest, browser: "Browser", open_shop: tuple[FakeShop, str]
) -> "Iterator[tuple[Page, list[str]]]":
    """A visitor's page and what went wrong in it."""
    width, height = request.param
    wrong: list[str] = []
    context = browser.new_context(
        viewport={"width": width, "height": height}, base_url=open_shop[1]
    )
    page = context.new_page()
    page.on("pageerror", lambda error: wrong.append(str(error)))
    yield page, wrong
    context.close()


def too_wide(page: "Page") -> bool:
    return bool(page.evaluate("document.documentElement.scrollWidth > window.innerWidth"))


def test_a_buyer_sees_what_changed_and_what_each_way_costs(
    page: "tuple[Page, list[str]]", open_shop: tuple[FakeShop, str]
) -> None:
    (visitor, wrong), (shop, _) = page, open_shop
    mug = shop.catalog.items[0].variants[0]
    shop.inventory.levels[mug.id] = 20
    visitor.goto("/products/speckled-stoneware-mug")
    visitor.get_by_test_id("add-to-cart").click()
    expect(visitor.get_by_test_id("total")).to_have_text("£19.40")
    basket = list(shop.carts.baskets.values())[-1]
    basket.seen[mug.id] = pounds(1_200)
    visitor.reload()
    expect(visitor.get_by_text("Was £12.00, now £14.50")).to_be_visible()
    assert not too_wide(visitor)
    visitor.get_by_role("button", name="All right").click()
    expect(visitor.get_by_text("Was £12.00")).to_be_hidden()
    visitor.get_by_test_id("to-checkout").click()
    visitor.fill("input[name=name]", "Ada Buyer")
    expect(visitor.get_by_role("button", name="Update delivery and total")).to_be_hidden()
    visitor.get_by_text("Express").click()
    expect(visitor.get_by_test_id("place-order")).to_have_text("Pay £26.50")
    expect(visitor.get_by_test_id("total")).to_have_text("£26.50")
    expect(visitor.locator("input[name=name]")).to_have_value("Ada Buyer")
    visitor.select_option("#f-country", "AQ")
    expect(visitor.get_by_text("We do not send anything there")).to_be_visible()
    visitor.select_option("#f-country", "CA")
    expect(visitor.get_by_label("State or province", exact=True)).to_be_visible()
    visitor.select_option("#f-country", "DE")
    expect(visitor.get_by_label("State or province", exact=True)).to_be_hidden()
    expect(visitor.get_by_test_id("delivery")).to_be_visible()
    expect(visitor.locator("#f-billing_name")).to_be_hidden()
    visitor.get_by_text("The invoice goes to another address").click()
    expect(visitor.locator("#f-billing_name")).to_be_visible()
    assert not too_wide(visitor)
    assert wrong == []


def test_paying_right_after_the_last_field_needs_one_click(
    page: "tuple[Page, list[str]]", open_shop: tuple[FakeShop, str]
) -> None:
    (visitor, wrong), (shop, _) = page, open_shop
    shop.inventory.levels[shop.catalog.items[0].variants[0].id] = 20
    visitor.goto("/products/speckled-stoneware-mug")
    visitor.get_by_test_id("add-to-cart").click()
    visitor.goto("/checkout")
    visitor.fill("input[name=email]", "ada@example.com")
    for name in ("name", "line1", "city"):
        visitor.fill(f"input[name={name}]", "Ada")
    visitor.fill("input[name=postal_code]", "N1 1AA")
    button = visitor.get_by_test_id("place-order")
    button.scroll_into_view_if_needed()
    box = button.bounding_box()
    assert box is not None
    visitor.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    with visitor.expect_response(lambda answer: answer.url.endswith("/checkout")):
        visitor.mouse.down()  # the field loses the focus: delivery and total are asked for again
    expect(visitor.locator("#delivery[aria-busy]")).to_have_count(0)
    visitor.mouse.up()

    expect(visitor.get_by_test_id("order-number")).to_be_visible()
    assert wrong == []


def test_staff_reach_every_room_by_hand_and_by_keyboard(page: "tuple[Page, list[str]]") -> None:
    staff, wrong = page
    staff.goto("/sign-in")
    staff.fill("#f-email", STAFF)
    staff.fill("#f-password", PASSWORD)
    staff.locator("#sign-in-form button").click()
    staff.wait_for_url("**/console")
    menu = staff.locator(".rooms-menu > summary")
    if menu.is_visible():
        menu.focus()
        staff.keyboard.press("Enter")
    links = staff.get_by_role("navigation", name="Console").get_by_role("link")
    assert links.all_inner_texts() == [room.name for room in ROOMS]
    heights = [box["height"] for link in links.all() if (box := link.bounding_box())]
    assert min(heights) >= 40
    assert not too_wide(staff)
    staff.reload()
    staff.keyboard.press("Tab")
    expect(staff.get_by_role("link", name="Skip to content")).to_be_focused()
    assert wrong == []
