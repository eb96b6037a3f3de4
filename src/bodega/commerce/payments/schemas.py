"""Bodies of payments' routes; what staff read are its contract's values."""

from typing import Annotated

from pydantic import BaseModel, Field, StringConstraints

from bodega.contracts.payment_methods import SavedMethod


class WebhookAnswer(BaseModel):
    received: bool
    duplicate: bool


FieldName = Annotated[str, StringConstraints(pattern=r"^[a-z_]{1,60}$")]
Text = Annotated[str, StringConstraints(min_length=1, max_length=20_000)]


class Evidence(BaseModel):
    """By the provider's names of fields, such as Stripe's `uncategorized_text`."""

    evidence: dict[FieldName, Text] = Field(min_length=1, max_length=30)


class Resolution(BaseModel):
    note: str = Field(min_length=1, max_length=2000, description="what was done about it")


class MethodSaving(BaseModel):
    payment_token: str | None = Field(
        None, min_length=1, max_length=200, description="the card, as the provider's form named it"
    )
    return_url: str | None = Field(
        None, max_length=2000, pattern="^https?://", description="where the bank sends its holder"
    )


class MethodList(BaseModel):
    items: list[SavedMethod]
