"""Reviews and workflows in the console, over the real modules and servers."""

import httpx
import pytest
from fastapi import FastAPI

from bodega.apps.admin import ensure_admin
from bodega.backbone.module import Context
from bodega.backbone.settings import Settings
from bodega.contracts.checkout import Checkouts, CheckoutView
from bodega.kernel.ids import CheckoutId, new_id
from bodega.kernel.money import Money
from tests.kit.goods import filled_cart, purchase, stocked
from tests.kit.provider import RunningProvider
from tests.web.conftest import Browser


@pytest.fixture
def settings(settings: Settings, provider: RunningProvider) -> Settings:
    """A shop with a provider, and nobody who scores purchases."""
    return settings.model_copy(
        update={"payments_url": provider.url, "serving_url": "http://127.0.0.1:9"}
    )


@pytest.fixture
async def staff(app: FastAPI, client: httpx.AsyncClient, settings: Settings) -> Browser:
    browser = Browser(app)
    password = await ensure_admin(settings)
    await browser.send("/sign-in", "/sign-in", email=settings.admin_email, password=password)
    return browser


@pytest.fixture
async def held(context: Context) -> CheckoutView:
    """A dear purchase that nobody scored."""
    painting = await stocked(context, 1, price=Money(amount=95_000, currency="GBP"))
    return await context.container.get(Checkouts).submit(
        checkout_id=CheckoutId(new_id()),
        request=purchase(await filled_cart(context, painting)),
        customer_id=None,
    )


async def state(context: Context, held: CheckoutView) -> tuple[str, str | None]:
    view = await context.container.get(Checkouts).checkout(held.id)
    assert view is not None
    return view.state, view.failure_code


ENDS = {
    "accept": ("the money is taken", ("completed", None)),
    "refuse": ("nothing was charged", ("failed", "review_refused")),
}


@pytest.mark.parametrize("decision", ENDS)
async def test_staff_decide_on_what_is_held(
    staff: Browser, context: Context, held: CheckoutView, decision: str
) -> None:
    said, end = ENDS[decision]
    page = await staff.get("/console/review")
    assert f"Order {held.order_number}" in page.text
    assert "not answered in time" in page.text
    mangled = await staff.send("/console/review", f"/console/review/{held.id}", note="Enter")
    assert mangled.status_code == 400
    answer = await staff.send(
        "/console/review", f"/console/review/{held.id}", decision=decision, note="Rang them up"
    )
    assert answer.status_code == 303, answer.text
    page = await staff.get("/console/review")
    assert said in page.text
    assert "Nothing waits for a review" in page.text
    assert await state(context, held) == end


async def test_a_workflow_is_seen_and_cancelled(
    staff: Browser, context: Context, held: CheckoutView
) -> None:
    where = f"/console/workflows/{held.id}"
    assert where in (await staff.get("/console/workflows?kind=checkout")).text
    page = await staff.get(where)
    assert "for review" in page.text
    assert f"{held.total.decimal} GBP" in page.text
    assert (await staff.send(where, f"{where}/retry")).status_code == 303
    assert (await staff.send(where, f"{where}/cancel")).status_code == 303
    service = context.container.get(Checkouts)
    await service.proceed(held.id)
    assert await state(context, held) == ("failed", "checkout_cancelled")
    assert where not in (await staff.get("/console/workflows")).text
    assert where in (await staff.get("/console/workflows?all=true")).text
    again = await staff.get(where)
    assert f'action="{where}/cancel"' not in again.text


async def test_an_unknown_workflow_is_not_found(staff: Browser) -> None:
    assert (await staff.get(f"/console/workflows/{new_id()}")).status_code == 404


@pytest.mark.parametrize("path", ["/console/review", "/console/workflows"])
async def test_the_rooms_are_for_staff(app: FastAPI, client: httpx.AsyncClient, path: str) -> None:
    answer = await Browser(app).get(path)
    assert (answer.status_code, answer.headers["location"][:8]) == (303, "/sign-in")
