"""Pages: Jinja2 templates with autoescape, and what every page shows of its visitor."""

from functools import cache
from pathlib import Path
from typing import Any

from fastapi import Request
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.responses import HTMLResponse, RedirectResponse, Response

from bodega.backbone.settings import Settings
from bodega.kernel.errors import NotFound
from bodega.kernel.ids import new_id
from bodega.kernel.principal import GUEST, Role
from bodega.web.artwork import artwork_address
from bodega.web.assets import asset_address
from bodega.web.cookies import CART_DAYS, DAY, drop_cookie, put_cookie, read_cookie
from bodega.web.formats import formats
from bodega.web.forms import csrf_token
from bodega.web.rooms import GROUPS, room_of

FLASHES = {
    "evidence-sent": "The evidence is on its way to the bank.",
    "stock-moved": "The stock is moved, and the ledger says why.",
    "resolved": "Noted: the conflict is resolved.",
    "added": "Added to your cart.",
    "updated": "Your cart is up to date.",
    "removed": "Taken out of your cart.",
    "saved": "Put aside for later.",
    "back": "Back in your cart.",
    "noted": "Your note is kept.",
    "coupon": "Your code is in your cart.",
    "coupon-gone": "Your code is taken out.",
    "seen": "Thank you: these are the prices now.",
    "welcome": "Welcome! Your account is ready.",
    "signed-in": "You are signed in.",
    "signed-out": "You are signed out.",
    "order-cancelled": "The order is cancelled and the money on its way back.",
    "order-rest-cancelled": "What was not sent is cancelled, and its money on its way back.",
    "order-later": "This takes a moment longer: look again shortly.",
    "change-left": "Your order stays as it is, and nothing was charged.",
    "order-sent": "The parcel is on its way.",
    "order-tracked": "Recorded.",
    "order-refunded": "The money is on its way back.",
    "return-requested": "We have got your wish and will answer it.",
    "return-withdrawn": "You keep the goods.",
    "return-handled": "The return has moved on.",
    "accepted": "Accepted: the money is taken.",
    "refused": "Refused: the order is cancelled and nothing was charged.",
    "saved-now": "Your changes are kept.",
    "card-saved": "Your card is kept for next time.",
    "card-removed": "The card is forgotten.",
    "address-kept": "The address is in your book.",
    "address-removed": "The address is taken out of your book.",
    "promotion-made": "The promotion is made.",
    "order-edited": "The order is changed and the difference settled.",
    "return-opened": "The return is open: approve it when the goods may come.",
    "transfer-sent": "The units are on their way.",
    "purchase-drafted": "Drafted: nothing is ordered until you say so.",
    "nobody-offers": "No supplier offers what is needed: enter offers first.",
    "coupons-made": "The codes are made.",
    "rows-driven": "Driven again: the rows count now, each once.",
    "rows-dropped": "Given up: the rows are listed no more.",
    "workflow-retried": "It is tried again now.",
    "workflow-cancelled": "It will be stopped.",
    "stuck-replayed": "They are tried again now; those behind them follow.",
    "stuck-dropped": "Given up: the next of its key goes on.",
}


@cache
def environment() -> Environment:
    found = Environment(
        loader=FileSystemLoader(Path(__file__).parent / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    found.globals.update(
        asset=asset_address,
        artwork=artwork_address,
        new_id=new_id,
        room_groups=GROUPS,
        room_of=room_of,
    )
    return found


def render(request: Request, template: str, *, status: int = 200, **data: Any) -> HTMLResponse:
    """The page; a flash it shows is then forgotten."""
    flash = read_cookie(request, "flash")
    shown = {**_surroundings(request, flash), "status": status, **data}
    text = environment().get_template(template).render(shown)
    response = HTMLResponse(text, status, headers={"cache-control": "private, no-store"})
    if flash:
        drop_cookie(request, response, "flash")
    visit = getattr(request.state, "new_visit", None)
    if visit:
        put_cookie(request, response, "visit", visit)
    return response


def _surroundings(request: Request, flash: str | None) -> dict[str, Any]:
    settings: Settings = request.app.state.settings
    visitor = getattr(request.state, "visitor", GUEST)
    return {
        "shop_name": settings.shop_name,
        "formats": formats(settings.locale),
        "visitor": visitor,
        "signed_in": visitor.at_least(Role.CUSTOMER),
        "is_staff": visitor.at_least(Role.STAFF),
        "cart_units": getattr(request.state, "cart_units", read_cookie(request, "units")) or 0,
        "flash": FLASHES.get(flash or ""),
        "path": request.url.path,
        "csrf": lambda: csrf_token(request),
    }


def redirect(request: Request, address: str, *, flash: str | None = None) -> Response:
    """See other: a reload of the next page repeats nothing."""
    response = RedirectResponse(address, 303, headers={"cache-control": "private, no-store"})
    if flash:
        put_cookie(request, response, "flash", flash, seconds=60)
    return response


def paper(pdf: bytes | None) -> Response:
    """An invoice or a credit note. Raises NotFound when there is none."""
    if pdf is None:
        raise NotFound("There is no such document")
    headers = {"cache-control": "private, no-store"}
    return Response(pdf, media_type="application/pdf", headers=headers)


def remember_units(request: Request, response: Response, units: int) -> None:
    """The number beside the cart in the header: a hint, so that no page asks for the cart."""
    put_cookie(request, response, "units", str(units), seconds=CART_DAYS * DAY)
