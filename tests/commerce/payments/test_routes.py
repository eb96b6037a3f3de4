"""Payments over HTTP: staff read, nobody writes."""

from uuid import uuid4

from bodega.backbone.module import Context
from bodega.contracts.payments import Payments
from bodega.kernel.ids import CheckoutId, new_id
from bodega.kernel.money import Money
from tests.kit.doors import Doors


async def test_staff_read_a_payment_with_its_history(doors: Doors, context: Context) -> None:
    staff = await doors.staff(await doors.admin())
    payment = await context.container.get(Payments).authorise(
        checkout_id=CheckoutId(new_id()),
        amount=Money(amount=599, currency="GBP"),
        payment_token="pm_card_visa",
    )
    found = (await staff.get(f"/api/v1/admin/payments/{payment.id}")).json()
    assert found["status"] == "authorised"
    assert [step["after"] for step in found["transitions"]] == ["authorising", "authorised"]
    assert "token" not in str(found)


async def test_an_unknown_payment_is_404(doors: Doors) -> None:
    staff = await doors.staff(await doors.admin())
    answer = await staff.get(f"/api/v1/admin/payments/{uuid4()}")
    assert (answer.status_code, answer.json()["code"]) == (404, "payment_not_found")


async def test_customers_and_guests_see_no_payment(doors: Doors) -> None:
    path = f"/api/v1/admin/payments/{uuid4()}"
    assert (await doors.guest().get(path)).status_code == 401
    assert (await (await doors.customer()).get(path)).status_code == 403
