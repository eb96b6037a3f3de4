"""Request bodies of identity."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, SecretStr, StringConstraints

from bodega.kernel.principal import Role

Email = Annotated[str, StringConstraints(min_length=3, max_length=320)]
Password = Annotated[SecretStr, Field(min_length=1, max_length=1000)]
Token = Annotated[SecretStr, Field(min_length=1, max_length=200)]
Name = Annotated[
    str,
    StringConstraints(strip_whitespace=True, max_length=200, pattern=r"^[^\x00-\x1f\x7f]*$"),
]


class Credentials(BaseModel):
    model_config = ConfigDict(extra="forbid")

    email: Email
    password: Password


class Registration(Credentials):
    name: Name = ""


class RefreshRequest(BaseModel):
    model_config = ConfigDict(extra="forbid")

    refresh_token: Token


class RevokeRequest(BaseModel):
    """An access or a refresh token; both of its family end."""

    model_config = ConfigDict(extra="forbid")

    token: Token


class UserChange(BaseModel):
    """Only what is given changes."""

    model_config = ConfigDict(extra="forbid")

    role: Literal[Role.CUSTOMER, Role.STAFF, Role.ADMIN] | None = None
    status: Literal["active", "disabled"] | None = None


Reason = Annotated[str, StringConstraints(strip_whitespace=True, min_length=3, max_length=400)]


class EraseRequest(BaseModel):
    """A user id, or the e-mail of an account or a guest; in the body, so that no log has it."""

    model_config = ConfigDict(extra="forbid")

    person: str = Field(min_length=3, max_length=254)


class RevealRequest(EraseRequest):
    """The reason is kept beside the name of whoever asks."""

    reason: Reason
