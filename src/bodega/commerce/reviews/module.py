"""Manifest of reviews."""

from pathlib import Path

from bodega.backbone.module import Module, PersonalData, public
from bodega.backbone.tables import TIME_COLUMNS
from bodega.commerce.reviews.handlers import HANDLERS
from bodega.commerce.reviews.jobs import JOBS
from bodega.commerce.reviews.routes import ROUTERS
from bodega.commerce.reviews.service import ReviewService
from bodega.commerce.reviews.tables import METADATA
from bodega.contracts.reviews import Reviews

MODULE = Module(
    name="reviews",
    metadata=METADATA,
    routers=ROUTERS,
    handlers=HANDLERS,
    jobs=JOBS,
    provides={Reviews: ReviewService},
    published={
        "reviews": public("id", "product_id", "customer_id", "rating", "status", *TIME_COLUMNS)
        | {"title": "personal", "body": "personal"},
    },
    persons={"reviews": PersonalData(user="customer_id")},
    migrations=Path(__file__).parent / "migrations",
)
