"""Customers, payment methods and SetupIntents of the provider double."""

from bodega.commerce.payments.adapters.double_bench import Bench
from bodega.commerce.payments.adapters.double_cards import BY_NUMBER, CARDS, Card
from bodega.commerce.payments.adapters.double_requests import (
    Answer,
    Params,
    Refusal,
    metadata_of,
    missing,
)
from bodega.commerce.payments.adapters.double_store import Object, new_object_id


def card_of(bench: Bench, params: Params, *, owned: bool = True) -> Card:
    """The card behind a token: a test card, or a method somebody saved; a saved one pays only for
    the customer who keeps it."""
    token = params.get("payment_method", "")
    if token in CARDS:
        return CARDS[token]
    kept = bench.store.get("payment_method", token)
    if kept is None:
        raise _unknown(token)
    if owned and kept["customer"] != params.get("customer"):
        raise Refusal(
            400,
            type="invalid_request_error",
            code="payment_method_unexpected_state",
            param="payment_method",
            message="The payment method belongs to a customer: name that customer.",
        )
    return BY_NUMBER[kept["card"]["brand"], kept["card"]["last4"]]


def create_customer(bench: Bench, params: Params) -> Answer:
    customer = {
        "id": new_object_id("cus"),
        "object": "customer",
        "created": bench.now(),
        "email": params.get("email"),
        "livemode": False,
        "metadata": metadata_of(params),
        "name": params.get("name"),
    }
    bench.emit("customer.created", customer)
    return Answer(200, customer)


def detach(bench: Bench, reference: str) -> Answer:
    method = bench.get("payment_method", reference)
    if method["customer"] is None:
        raise Refusal(
            400,
            type="invalid_request_error",
            message="The payment method you provided is not attached to a customer.",
        )
    method["customer"] = None
    bench.emit("payment_method.detached", method)
    return Answer(200, method)


def create_setup(bench: Bench, params: Params) -> Answer:
    reference = new_object_id("seti")
    token = params.get("payment_method")
    if token:
        card_of(bench, params)
    setup: Object = {
        "id": reference,
        "object": "setup_intent",
        "client_secret": f"{reference}_secret_{new_object_id('x')[2:]}",
        "created": bench.now(),
        "customer": params.get("customer"),
        "last_setup_error": None,
        "livemode": False,
        "metadata": metadata_of(params),
        "next_action": None,
        "payment_method": token,
        "payment_method_types": ["card"],
        "status": "requires_confirmation" if token else "requires_payment_method",
        "usage": params.get("usage", "off_session"),
    }
    bench.emit("setup_intent.created", setup)
    if params.get("confirm") == "true":
        return confirm_setup(bench, setup, params)
    return bench.shown(setup, params)


def confirm_setup(bench: Bench, setup: Object, params: Params) -> Answer:
    token = params.get("payment_method") or setup["payment_method"]
    if not token:
        raise missing("payment_method")
    setup["payment_method"] = token
    card = card_of(bench, {**params, "payment_method": token})
    if card.decline is not None and not card.challenge:
        raise Refusal(402, final=True, **_refused(bench, setup, card.decline.code))
    if card.challenge:
        setup |= {"status": "requires_action", "next_action": _page(bench, setup, params)}
        bench.emit("setup_intent.requires_action", setup)
    else:
        _keep(bench, setup, card)
    return bench.shown(setup, params)


def act_setup(bench: Bench, setup: Object, *, agreed: bool) -> str:
    """What the customer did on the challenge page; where they go on from there."""
    if setup["status"] == "requires_action":
        where = setup["next_action"]["redirect_to_url"]["return_url"]
        setup |= {"next_action": None, "double_return_url": where}
        card = card_of(bench, {"payment_method": setup["payment_method"]}, owned=False)
        if agreed:
            _keep(bench, setup, card)
        else:
            _refused(bench, setup, "setup_intent_authentication_failure")
    good = setup["status"] == "succeeded"
    where = str(setup.get("double_return_url") or "")
    query = f"setup_intent={setup['id']}&redirect_status={'succeeded' if good else 'failed'}"
    return f"{where}{'&' if '?' in where else '?'}{query}"


def _page(bench: Bench, setup: Object, params: Params) -> Object:
    back = params.get("return_url")
    if not back:
        return {"type": "use_stripe_sdk", "use_stripe_sdk": {"type": "three_d_secure_redirect"}}
    url = f"{bench.address()}/_double/authenticate/{setup['id']}"
    return {"type": "redirect_to_url", "redirect_to_url": {"return_url": back, "url": url}}


def _keep(bench: Bench, setup: Object, card: Card) -> None:
    method = attach(bench, setup["customer"], card)
    setup |= {"status": "succeeded", "payment_method": method["id"], "last_setup_error": None}
    bench.emit("setup_intent.succeeded", setup)


def attach(bench: Bench, customer: str | None, card: Card) -> Object:
    """The token becomes a method of its own, kept for the customer."""
    method: Object = {
        "id": new_object_id("pm"),
        "object": "payment_method",
        "card": {
            "brand": card.brand,
            "last4": card.last4,
            "exp_month": 8,
            "exp_year": 2034,
            "country": "US",
            "funding": "credit",
        },
        "created": bench.now(),
        "customer": customer,
        "livemode": False,
        "metadata": {},
        "type": "card",
    }
    bench.emit("payment_method.attached", method)
    return method


def _refused(bench: Bench, setup: Object, code: str) -> Object:
    error: Object = {"type": "card_error", "code": code, "message": "Your card was declined."}
    setup |= {
        "status": "requires_payment_method",
        "payment_method": None,
        "last_setup_error": dict(error),
    }
    bench.emit("setup_intent.setup_failed", setup)
    return {**error, "setup_intent": dict(setup)}


def _unknown(token: str) -> Refusal:
    return Refusal(
        400,
        type="invalid_request_error",
        code="resource_missing",
        param="payment_method",
        message=f"No such PaymentMethod: '{token}'",
    )
