"""Bodies of payments' routes; what staff read are its contract's values."""

from pydantic import BaseModel, Field


class WebhookAnswer(BaseModel):
    received: bool
    duplicate: bool


class Resolution(BaseModel):
    note: str = Field(min_length=1, max_length=2000, description="what was done about it")
