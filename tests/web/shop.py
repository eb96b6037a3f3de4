"""A whole shop of fakes behind the real pages."""

from dataclasses import dataclass, field

from fastapi import FastAPI

from bodega.backbone.container import Container
from bodega.backbone.http.edge import create_app
from bodega.backbone.settings import Settings
from bodega.contracts.addresses import AddressBook
from bodega.contracts.aftersales import AfterSales
from bodega.contracts.cart import Carts
from bodega.contracts.catalog import Catalog
from bodega.contracts.checkout import Checkouts
from bodega.contracts.dictionary import Dictionary
from bodega.contracts.freshness import Freshness
from bodega.contracts.identity import Identity
from bodega.contracts.inventory import Inventory
from bodega.contracts.metrics import Metrics
from bodega.contracts.orders import Orders
from bodega.contracts.payment_methods import PaymentMethods
from bodega.contracts.pipelines import Pipelines
from bodega.contracts.quality import Quality
from bodega.contracts.recommend import Recommender
from bodega.contracts.reviews import Reviews
from bodega.contracts.search import Search
from bodega.kernel.principal import Role
from bodega.web.console.lag import lag_reader
from bodega.web.console.routes import instant
from bodega.web.console.todo import Todo, todo_reader
from bodega.web.errors import install_pages
from bodega.web.routes import ROUTERS
from tests.web.fake_book import FakeAddressBook
from tests.web.fake_dictionary import FakeDictionary
from tests.web.fake_quality import FakeQuality
from tests.web.fake_serving import (
    FakeFreshness,
    FakeLag,
    FakeMetrics,
    FakePipelines,
    FakeRecommender,
)
from tests.web.fake_vault import FakePaymentMethods
from tests.web.fakes import (
    NOW,
    FakeCarts,
    FakeCatalog,
    FakeCheckouts,
    FakeIdentity,
    FakeInventory,
    FakeOrders,
    FakeReviews,
    FakeSearch,
    product,
)

HOSTILE = "<script>alert(\"x\")</script> & 'mug'"
PASSWORD = "correct horse battery"
CUSTOMER = "robin@example.com"
STAFF = "staff@example.com"
ADMIN = "admin@example.com"


def _items() -> list:
    kitchen, pantry, desk, garden = "Kitchen", "Pantry", "Desk & paper", "Garden"
    sizes = ("Small", "Medium", "Large")
    return [
        product("Speckled stoneware mug", 1_450, category=kitchen, variants=sizes),
        product("Wild thyme honey", 890, category=pantry),
        product("Linen tea towel, set of two", 1_800, category=kitchen),
        product("Brass desk lamp", 6_400, category=desk),
        product("Olive oil from Kalamata, 500 ml", 1_395, category=pantry),
        product("Dotted notebook A5", 950, category=desk),
        product("Enamel watering can", 3_200, category=garden),
        product("Sourdough starter kit", 2_150, category=pantry),
        product(HOSTILE, 1_000, category="<b>odd</b>"),
    ] + [product(f"Terracotta pot no. {n}", 480 + 40 * n, category=garden) for n in range(1, 22)]


@dataclass
class FakeShop:
    """Every fake by name, and the application that serves them."""

    settings: Settings
    catalog: FakeCatalog = field(default_factory=lambda: FakeCatalog(_items()))
    identity: FakeIdentity = field(default_factory=FakeIdentity)
    inventory: FakeInventory = field(default_factory=FakeInventory)
    orders: FakeOrders = field(default_factory=FakeOrders)
    reviews: FakeReviews = field(default_factory=FakeReviews)
    recommender: FakeRecommender = field(default_factory=FakeRecommender)
    freshness: FakeFreshness = field(default_factory=FakeFreshness)
    dictionary: FakeDictionary = field(default_factory=FakeDictionary)
    pipelines: FakePipelines = field(default_factory=FakePipelines)
    quality: FakeQuality = field(default_factory=FakeQuality)
    todo: list[Todo] = field(default_factory=list)
    lag: list[FakeLag] = field(default_factory=lambda: [FakeLag("search.index")])

    def __post_init__(self) -> None:
        self.search = FakeSearch(self.catalog)
        self.carts = FakeCarts(self.catalog, self.inventory)
        self.metrics = FakeMetrics(self.catalog)
        self.checkouts = FakeCheckouts(self.carts, self.orders, self.inventory)
        self.methods = FakePaymentMethods()
        self.book = FakeAddressBook()
        for index, item in enumerate(self.catalog.items):
            for variant in item.variants:
                self.inventory.levels[variant.id] = (20, 3, 0, 50)[index % 4] if index else 20
        mug = self.catalog.items[0]
        self.reviews.add(mug.id, 5, "My favourite", "Heavy in the hand and keeps tea warm.")
        self.reviews.add(mug.id, 4, "Lovely glaze", "A little smaller than I thought.")
        self.recommender.bought = [item.id for item in self.catalog.items[4:8]]
        self.recommender.best = [item.id for item in self.catalog.items[1:4]]
        self.identity.add(CUSTOMER, PASSWORD, Role.CUSTOMER)
        self.identity.add(STAFF, PASSWORD, Role.STAFF, "Sam Staff")
        self.identity.add(ADMIN, PASSWORD, Role.ADMIN, "Ada Admin")
        self.app = self._application()

    def _application(self) -> FastAPI:
        container = Container()
        for protocol, fake in (
            (Catalog, self.catalog),
            (Identity, self.identity),
            (Inventory, self.inventory),
            (Orders, self.orders),
            (AfterSales, object()),  # asked by nobody here: its pages are tried in a real shop
            (Reviews, self.reviews),
            (Search, self.search),
            (Carts, self.carts),
            (Checkouts, self.checkouts),
            (PaymentMethods, self.methods),
            (AddressBook, self.book),
            (Recommender, self.recommender),
            (Metrics, self.metrics),
            (Freshness, self.freshness),
            (Dictionary, self.dictionary),
            (Pipelines, self.pipelines),
            (Quality, self.quality),
        ):
            container.bind(protocol, fake)
        app = create_app(
            self.settings,
            title=self.settings.shop_name,
            routers=ROUTERS,
            container=container,
            database=None,
            authenticate=self.identity.authenticate,
        )
        install_pages(app)

        async def lag() -> list[FakeLag]:
            return self.lag

        app.dependency_overrides[lag_reader] = lambda: lag
        app.dependency_overrides[instant] = lambda: NOW

        async def todo() -> list[Todo]:
            return self.todo

        app.dependency_overrides[todo_reader] = lambda: todo
        return app
