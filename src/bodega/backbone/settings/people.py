"""Signing in, and mail."""

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings

from bodega.backbone.settings.kinds import Count


class PeopleSettings(BaseSettings):
    """Users, staff and what is sent to them."""

    admin_email: str = Field("admin@bodega.local", description="who the first start makes admin")
    identity_attempts: Count = Field(
        10, description="failed sign-ins for one e-mail from one address in a quarter of an hour"
    )
    identity_address_attempts: Count = Field(
        100, description="failed sign-ins from one address in a quarter of an hour"
    )
    identity_registrations: Count = Field(
        60, description="registrations from one address in an hour"
    )
    session_hours: Count = Field(24 * 14, description="life of a web session")
    access_token_minutes: Count = Field(15, description="life of an API access token")
    refresh_token_days: Count = Field(30, description="life of an API refresh token")
    mail_url: SecretStr | None = Field(
        None,
        description="smtp://user:password@host:port; empty: mails are files in objects/mail",
    )
    shop_staff_email: str = Field(
        "",
        description="mailbox that hears of disputes, payment conflicts and low stock;"
        " empty: the admin's",
    )
    mail_pay_reminder_hours: int = Field(
        24, ge=0, description="then who has not paid for a change is reminded; 0: never"
    )
    mail_from: str = Field("shop@bodega.example", description="sender of the shop's mail")
