"""Requests and answers of the provider double: Stripe's form fields, errors and refusals."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from pydantic_core import to_json

from bodega.commerce.payments.adapters.double_store import Object

Params = Mapping[str, str]


@dataclass(frozen=True)
class Answer:
    """An HTTP answer; `final` ones are kept under the request's idempotency key."""

    status: int
    body: Object
    headers: Mapping[str, str] = field(default_factory=dict)
    final: bool = True

    @cached_property
    def text(self) -> str:
        """The body as it is sent, and kept."""
        return to_json(self.body).decode()


class Refusal(Exception):
    """A Stripe error; `final` when the work had begun, so that its key replays it."""

    def __init__(self, status: int, *, final: bool = False, **error: Any) -> None:
        super().__init__(error.get("message", ""))
        self.answer = Answer(status, {"error": error}, final=final)


def until(params: Params) -> int:
    """The last second listed."""
    if "created[lt]" in params:
        return int(params["created[lt]"]) - 1
    return int(params.get("created[lte]", str(2**53)))


def authenticate(authorization: str) -> None:
    scheme, _, key = authorization.partition(" ")
    if scheme.lower() != "bearer" or not key.startswith(("sk_", "rk_")):
        raise Refusal(401, type="invalid_request_error", message="Invalid API Key provided.")


def amount_of(params: Params, name: str) -> int:
    if name not in params:
        raise missing(name)
    if not params[name].isdigit() or int(params[name]) < 1:
        raise Refusal(
            400,
            type="invalid_request_error",
            code="parameter_invalid_integer",
            param=name,
            message="This value must be greater than or equal to 1.",
        )
    return int(params[name])


def metadata_of(params: Params) -> dict[str, str]:
    return nested(params, "metadata")


def nested(params: Params, name: str) -> dict[str, str]:
    """`metadata[a]=1&metadata[b]=2` as a mapping."""
    head = f"{name}["
    return {key[len(head) : -1]: params[key] for key in params if key.startswith(head)}


def missing(name: str) -> Refusal:
    return Refusal(
        400,
        type="invalid_request_error",
        code="parameter_missing",
        param=name,
        message=f"Missing required param: {name}.",
    )


def unexpected(intent: Object, verb: str) -> Refusal:
    return Refusal(
        400,
        type="invalid_request_error",
        code="payment_intent_unexpected_state",
        message=f"You cannot {verb} this PaymentIntent because it has a status of"
        f" {intent['status']}.",
        payment_intent=dict(intent),
    )
