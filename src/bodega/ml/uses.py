"""What models are made of: the features read from gold, and who learns or decides by them."""

from collections.abc import Iterator

from bodega.data.lineage.declared import Use
from bodega.ml.features.popularity import BEST
from bodega.ml.features.purchases import LINES
from bodega.ml.fraud import NAME as FRAUD
from bodega.ml.fraud.habits import CUSTOMERS, SHOP
from bodega.ml.recommend import NAME as RECOMMEND

OWNER = "models@bodega.example"


def uses() -> Iterator[Use]:
    yield Use(
        id="feature.purchases",
        layer="feature",
        sql=LINES,
        owner=OWNER,
        label="Purchases",
        description="Products sold, by basket and buyer, as known at an instant.",
        grain="one product of an order",
        columns={
            "order_id": "the basket",
            "buyer": "the account, or the order of a guest",
            "product_id": "what was bought",
            "known_us": "when the sale was known, in microseconds since 1970",
        },
    )
    yield Use(
        id="feature.best_sellers",
        layer="feature",
        sql=BEST,
        owner=OWNER,
        label="Best sellers",
        description="Products in the most orders of the recent past.",
        grain="one product",
        columns={"orders": "orders it was in"},
    )
    yield Use(
        id="feature.usual_of_the_shop",
        layer="feature",
        sql=SHOP,
        owner=OWNER,
        label="Usual for the shop",
        description="What an order of the last year usually comes to, by currency.",
        grain="one currency",
        columns={"orders": "orders of the year", "high": "the 99th percentile, in minor units"},
    )
    yield Use(
        id="feature.usual_of_customers",
        layer="feature",
        sql=CUSTOMERS,
        owner=OWNER,
        label="Usual for a customer",
        description="What a customer usually spends, and where the goods go.",
        grain="one customer and currency",
        columns={
            "orders": "orders of the year",
            "middle": "the median, in minor units",
            "countries": "countries they have ordered to",
        },
    )
    yield from _models()


def _models() -> Iterator[Use]:
    yield Use(
        id=f"model.{RECOMMEND}",
        layer="model",
        sql=(
            "select struct_pack(basket := p.order_id, buyer := p.buyer, product := p.product_id) "
            "as neighbours, b.product_id as popular "
            "from feature.purchases as p, feature.best_sellers as b"
        ),
        owner=OWNER,
        label="Bought together",
        description="Products bought with a product; best sellers while no model is good enough.",
        columns={
            "neighbours": "learnt from baskets and buyers",
            "popular": "answered when nothing is learnt of a product",
        },
    )
    yield Use(
        id=f"model.{FRAUD}",
        layer="model",
        sql=(
            "select struct_pack(shop := s.high, usual := c.middle, countries := c.countries, "
            "orders := c.orders) as score "
            "from feature.usual_of_the_shop as s, feature.usual_of_customers as c"
        ),
        owner=OWNER,
        label="Fraud score",
        description="How unusual a purchase is, for this customer and for the shop.",
        columns={
            "score": "0 to 1; what is usual comes from gold, the rest from the purchase itself"
        },
    )
