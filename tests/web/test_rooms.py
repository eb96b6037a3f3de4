"""The rooms of the console: each is open to staff, documented, and found."""

from pathlib import Path

from bodega.web.rooms import ROOMS, room_of, rooms_like
from tests.web.conftest import Browser

TOUR = Path(__file__).parents[2] / "docs" / "console.md"


async def test_every_room_opens_and_says_which_it_is(clerk: Browser) -> None:
    for room in ROOMS:
        page = await clerk.get(room.address)
        assert page.status_code == 200, room
        assert page.text.count(f'href="{room.address}" aria-current="page"') == 2, room


def test_every_room_is_in_the_tour() -> None:
    tour = TOUR.read_text()
    missing = [room.address for room in ROOMS if f"`{room.address}`" not in tour]
    assert not missing


def test_rooms_are_found_by_name_and_purpose() -> None:
    assert [room.name for room in rooms_like("coupon")] == ["Promotions"]
    assert rooms_like("") == []
    within = room_of("/console/orders/7/edit")
    assert within is not None
    assert within.name == "Orders"
    assert room_of("/cart") is None
