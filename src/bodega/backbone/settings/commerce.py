"""What carts, prices, payments, orders and stock go by."""

from pathlib import Path
from typing import Literal

from pydantic import Field, SecretStr, field_validator
from pydantic_settings import BaseSettings

from bodega.backbone.settings.kinds import Count, Port, Seconds


class CommerceSettings(BaseSettings):
    """The shop's rules."""

    payments_provider: Literal["stripe"] = Field("stripe", description="the provider's protocol")
    payments_url: str = Field(
        "http://127.0.0.1:8002",
        description="the provider's API; by default its local double",
    )
    payments_secret_key: SecretStr = Field(
        SecretStr("sk_test_bodega"), description="the provider's secret key"
    )
    payments_webhook_secret: SecretStr = Field(
        SecretStr("whsec_bodega"), description="signs the provider's webhooks"
    )
    payments_webhook_tolerance_seconds: Seconds = Field(
        300, description="how old a webhook's signature may be"
    )
    payments_webhook_days: Count = Field(
        30, description="how long the bodies of handled webhooks are kept"
    )
    payments_timeout_seconds: Seconds = Field(10, description="a provider call's patience")
    payments_retries: int = Field(
        2, ge=0, description="how often a lost or refused connection to the provider is tried again"
    )
    paypal_url: str = Field(
        "http://127.0.0.1:8002/paypal",
        description="PayPal's API; by default its local double",
    )
    paypal_client_id: str = Field(
        "", description="the client id of the shop at PayPal; empty: PayPal is not offered"
    )
    paypal_secret: SecretStr = Field(SecretStr("bodega"), description="its secret")
    paypal_webhook_id: str = Field(
        "", description="the id PayPal gave the shop's webhook; empty: none are taken"
    )
    provider_port: Port = Field(8002, description="port of the local provider double")
    provider_webhook_url: str | None = Field(
        None, description="where the local provider double sends its webhooks; empty: nowhere"
    )
    checkout_lease_seconds: Seconds = Field(15, description="then another process resumes a saga")
    checkout_buyer_minutes: Count = Field(
        30, description="how long a buyer may take over 3-D Secure; the stock is held as long"
    )
    checkout_review_hours: Count = Field(
        120, description="then a purchase nobody has reviewed is refused; card holds last 7 days"
    )
    fraud_timeout_seconds: Seconds = Field(0.1, description="then the policy below decides")
    fraud_open_below: int = Field(
        20_000,
        ge=0,
        description="smaller purchases (minor units) go through unscored; others are reviewed",
    )
    pricing_url: str | None = Field(
        None, description="an outside engine that answers for prices and taxes; empty: ours"
    )
    pricing_token: SecretStr = Field(SecretStr(""), description="what that engine is shown")
    pricing_cache_seconds: float = Field(
        1.0, ge=0, description="how old tax rates in a quote may be; 0 asks for them each time"
    )
    pricing_timeout_seconds: Seconds = Field(2.0, description="then prices cannot be asked: 503")
    forecast_url: str | None = Field(
        None, description="who forecasts demand for reorder points; empty: a moving average"
    )
    forecast_token: SecretStr = Field(SecretStr(""), description="what that engine is shown")
    forecast_timeout_seconds: Seconds = Field(2.0, description="then the moving average is taken")
    shipping_url: str | None = Field(
        None, description="an outside engine that answers for ways to send; empty: ours"
    )
    shipping_token: SecretStr = Field(SecretStr(""), description="what that engine is shown")
    shipping_cache_seconds: float = Field(
        1.0, ge=0, description="how old zones and shipping rates may be; 0 asks for them each time"
    )
    shipping_timeout_seconds: Seconds = Field(2.0, description="then nothing can be sent: 503")
    inventory_hold_minutes: Count = Field(15, description="life of a reservation")
    inventory_cache_seconds: float = Field(
        5.0, ge=0, description="how old the stock on a page may be; 0 turns its cache off"
    )
    orders_lease_seconds: Seconds = Field(
        15, description="then another process resumes a change of an order"
    )
    orders_return_days: Count = Field(30, description="days in which customers may return goods")
    orders_pay_hours: Count = Field(
        72, description="time a buyer has to pay what a change of the order costs more"
    )
    orders_pay_tries: Count = Field(5, description="cards a buyer may try for it")
    orders_pass_days: Count = Field(
        120, description="days in which the link in a guest's confirmation opens the order"
    )
    orders_seller_address: str = Field(
        "", description="the shop's address on invoices, lines parted by \\n"
    )
    orders_seller_tax_id: str = Field("", description="the shop's tax number on invoices")
    orders_paper_fonts: str = Field(
        "",
        description="TrueType or OpenType files, parted by commas, for what invoices hold beside"
        " Latin, Greek and Cyrillic letters",
    )
    inventory_demand_days: Count = Field(
        28, description="days of sales that suggested purchases are averaged over"
    )
    inventory_cover_days: Count = Field(14, description="days a suggested purchase should last")
    inventory_lead_days: Count = Field(
        7, description="days a delivery takes when no supplier says otherwise"
    )
    cart_max_units: Count = Field(1000, description="units of one variant a cart may hold")
    cart_max_total_units: Count = Field(5000, description="units of all variants a cart may hold")
    cart_min_total: int = Field(
        0, ge=0, description="least a cart must come to for checkout, in minor units; 0: anything"
    )
    cart_max_total: int = Field(
        0, ge=0, description="most a cart may come to for checkout, in minor units; 0: anything"
    )
    cart_coupon_tries: Count = Field(
        10, description="wrong coupon codes for one cart in a quarter of an hour"
    )
    cart_client_coupon_tries: Count = Field(
        40, description="wrong coupon codes from one address in a quarter of an hour"
    )
    cart_guest_days: Count = Field(30, description="life of a guest's cart that nobody touches")
    cart_customer_days: Count = Field(
        180, description="life of a customer's cart that nobody touches"
    )
    cart_abandoned_minutes: Count = Field(
        60, description="then an untouched cart with something in it counts as abandoned"
    )

    @field_validator("orders_paper_fonts")
    @classmethod
    def _fonts_are_there(cls, value: str) -> str:
        missing = [str(font) for font in _paths(value) if not font.is_file()]
        if missing:
            raise ValueError(f"there is no font {', '.join(missing)}")
        return value

    @property
    def paper_fonts(self) -> tuple[Path, ...]:
        """What writes that which our own fonts cannot."""
        return _paths(self.orders_paper_fonts)


def _paths(value: str) -> tuple[Path, ...]:
    return tuple(Path(part.strip()).expanduser() for part in value.split(",") if part.strip())
