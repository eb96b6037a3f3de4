"""The rooms of the console: each opens, labels its fields, and is documented and found."""

from html.parser import HTMLParser
from pathlib import Path

from bodega.web.rooms import ROOMS, room_of, rooms_like
from tests.web.conftest import Browser

TOUR = Path(__file__).parents[2] / "docs" / "console.md"
MORE = (
    "/console/promotions/new?kind=percentage",
    "/console/promotions/new?kind=buy_x_get_y",
    "/console/transfers/new",
    "/console/purchases/new",
    "/console/taxes/US",
    "/console/stock/ledger",
    "/orders/find",
)


class Fields(HTMLParser):
    """Fields that nobody has named for a screen reader."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.ids: list[str] = []
        self.named: set[str] = set()
        self.labels = 0
        self.feed(text)

    @property
    def bare(self) -> set[str]:
        return set(self.ids) - self.named

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if tag == "label":
            self.labels += 1
            self.named.add(given.get("for") or "")
        if tag in ("input", "select", "textarea") and given.get("type") != "hidden":
            self.ids.append(given.get("id") or f"a {tag} called {given.get('name')}")
            if self.labels:
                self.named.add(self.ids[-1])

    def handle_endtag(self, tag: str) -> None:
        self.labels -= tag == "label"


async def test_every_room_opens_says_which_it_is_and_names_its_fields(clerk: Browser) -> None:
    for room in ROOMS:
        page = await clerk.get(room.address)
        assert page.status_code == 200, room
        assert page.text.count(f'href="{room.address}" aria-current="page"') >= 2, room
        fields = Fields(page.text)
        assert not fields.bare, room
        assert len(fields.ids) == len(set(fields.ids)), room
    for address in MORE:
        page = await clerk.get(address)
        assert (page.status_code, Fields(page.text).bare) == (200, set()), address


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
