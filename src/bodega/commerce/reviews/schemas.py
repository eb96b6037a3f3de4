"""Request bodies of reviews."""

from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, StringConstraints

from bodega.commerce.reviews.domain import plain_text
from bodega.contracts.reviews import Rating


class NewReview(BaseModel):
    model_config = ConfigDict(extra="forbid")

    rating: Rating
    title: Annotated[str, StringConstraints(max_length=120), AfterValidator(plain_text)] = ""
    body: Annotated[str, StringConstraints(max_length=5000), AfterValidator(plain_text)] = ""


class ReviewChange(BaseModel):
    """Take a review out of sight, or show it again."""

    model_config = ConfigDict(extra="forbid")

    status: Literal["published", "hidden"]
