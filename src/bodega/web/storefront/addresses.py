"""A customer's address book: what stands in checkout's form, and what else may be chosen there."""

from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Depends, Request
from pydantic import ValidationError
from starlette.responses import Response

from bodega.backbone.http.deps import provided
from bodega.backbone.settings import Settings
from bodega.contracts.addresses import AddressBook, NewAddress, SavedAddress
from bodega.kernel.commands import Command
from bodega.kernel.errors import BodegaError, NotFound
from bodega.kernel.ids import AddressId, UserId
from bodega.kernel.principal import Principal
from bodega.web.access import Shopper
from bodega.web.formats import countries
from bodega.web.forms import Posted, PostedForm
from bodega.web.pages import redirect, render
from bodega.web.regions import regions_of_all
from bodega.web.storefront.refusals import Refusal, of_error, of_fields
from bodega.web.storefront.typed import ADDRESS, region_in, region_refused, with_region

HERE = "/account/addresses"
router = APIRouter(prefix=HERE, include_in_schema=False)

Book = Annotated[AddressBook, provided(AddressBook)]
_FLAGS = ("for_delivery", "for_billing")


@dataclass(frozen=True, slots=True)
class Writing:
    """The form that was sent, and the book it is for."""

    form: Posted
    book: Book


AtBook = Annotated[Writing, Depends(Writing)]


@router.get("")
async def show_book(request: Request, who: Shopper, book: Book) -> Response:
    return await _page(request, who, book)


@router.get("/{address_id}")
async def show_address(
    request: Request, who: Shopper, book: Book, address_id: AddressId
) -> Response:
    found = await _own(who, book, address_id)
    return await _page(request, who, book, entered_of(found), edited=address_id)


@router.post("")
async def add(request: Request, who: Shopper, writing: AtBook) -> Response:
    return await _written(request, who, writing, None)


@router.post("/{address_id}")
async def change(
    request: Request, who: Shopper, writing: AtBook, address_id: AddressId
) -> Response:
    return await _written(request, who, writing, address_id)


@router.post("/{address_id}/removal")
async def remove(
    request: Request, who: Shopper, writing: AtBook, address_id: AddressId
) -> Response:
    await writing.book.remove(_id(who), address_id)
    return redirect(request, HERE, flash="address-removed")


async def _written(
    request: Request, who: Principal, writing: Writing, address_id: AddressId | None
) -> Response:
    form, book = writing.form, writing.book
    refused = region_refused(form.text("region"), form.text("country"), "region")
    try:
        if refused is None:
            command = Command(form.command_id("address"), who.label)
            if address_id is None:
                await book.add(command, _id(who), _new(form))
            else:
                await book.change(command, _id(who), address_id, _new(form))
            return redirect(request, HERE, flash="address-kept")
    except ValidationError as error:
        refused = of_fields(error)
    except BodegaError as error:
        refused = of_error(error)
    entered = {name: form.text(name) for name in (*ADDRESS, *_FLAGS)}
    return await _page(request, who, book, entered, refused, edited=address_id)


def _new(form: PostedForm) -> NewAddress:
    """Raises pydantic's ValidationError for a field that cannot be."""
    typed = {name: form.text(name) for name in ADDRESS}
    typed["region"] = region_in(typed["region"], typed["country"])
    flags = {name: bool(form.text(name)) for name in _FLAGS}
    return NewAddress.model_validate({"address": typed, **flags})


def entered_of(saved: SavedAddress) -> dict[str, str]:
    """As the form shows it."""
    flags = {name: "yes" if getattr(saved, name) else "" for name in _FLAGS}
    return with_region(saved.address) | flags


async def _own(who: Principal, book: AddressBook, address_id: AddressId) -> SavedAddress:
    for saved in await book.addresses(_id(who)):
        if saved.id == address_id:
            return saved
    raise NotFound("There is no such address in your book")


async def _page(
    request: Request,
    who: Principal,
    book: AddressBook,
    entered: dict[str, str] | None = None,
    refusal: Refusal | None = None,
    *,
    edited: AddressId | None = None,
) -> Response:
    settings: Settings = request.app.state.settings
    empty = dict.fromkeys((*ADDRESS, *_FLAGS), "") | {"country": settings.country}
    return render(
        request,
        "storefront/addresses.html",
        status=refusal.status if refusal else 200,
        kept=await book.addresses(_id(who)),
        entered=entered or empty,
        edited=edited,
        refusal=refusal,
        countries=countries(settings.locale),
        regions=regions_of_all(),
    )


def _id(who: Principal) -> UserId:
    assert who.id is not None
    return UserId(who.id)
