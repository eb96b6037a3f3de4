"""Posted forms: small, from our own pages only, and the same form twice counts once.

A form carries a CSRF token: an HMAC over the visitor's session cookie, or over a random cookie
before there is a session. Another site can make a browser post here, but cannot read either.
"""

import hashlib
import hmac
import secrets
from collections.abc import Iterator
from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation
from typing import Annotated
from uuid import UUID

from fastapi import Depends, Request
from starlette.datastructures import FormData, UploadFile
from starlette.exceptions import HTTPException

from bodega.backbone.settings import Settings
from bodega.kernel.errors import Denied, Rejected
from bodega.kernel.ids import CommandId, derived_id
from bodega.web.cookies import read_cookie

CSRF_FIELD = "csrf_token"
COMMAND_FIELD = "command_id"
MAX_BODY = 64 * 1024
MAX_FIELDS = 1100  # a purchase order of 500 lines, and what stands around them


class ForeignForm(Denied):
    code = "csrf"
    title = "This form is out of date: go back, reload the page and send it again"


class FormMangled(Rejected):
    code = "form_mangled"
    title = "This form arrived damaged: go back, reload the page and send it again"


class FieldOdd(FormMangled):
    """One field cannot be read; the page says so beside it."""

    def __init__(self, field: str, detail: str) -> None:
        super().__init__(detail)
        self.field = field


class PostedForm:
    """The text fields of a form that passed the CSRF check."""

    def __init__(self, data: FormData) -> None:
        self._data = data

    def text(self, name: str) -> str:
        value = self._data.get(name, "")
        return "" if isinstance(value, UploadFile) else value.strip()

    def secret(self, name: str) -> str:
        """A password: spaces at its ends belong to it."""
        value = self._data.get(name, "")
        return "" if isinstance(value, UploadFile) else value

    def number(self, name: str) -> int:
        try:
            return int(self.text(name))
        except ValueError as error:
            raise FormMangled("Enter a whole number") from error

    def whole(self, name: str) -> int | None:
        """None when the field is empty. Raises FieldOdd."""
        text = self.text(name)
        if not text:
            return None
        if len(text) > 18 or not text.removeprefix("-").isdecimal():
            raise FieldOdd(name, "Enter a whole number")
        return int(text)

    def decimal(self, name: str) -> Decimal | None:
        """`12.5` or `12,5`; None when empty. Raises FieldOdd."""
        text = self.text(name).replace(",", ".")
        try:
            value = Decimal(text) if text else None
        except InvalidOperation as error:
            raise FieldOdd(name, "Enter a number such as 12.5") from error
        if value is not None and not value.is_finite():
            raise FieldOdd(name, "Enter a number such as 12.5")
        return value

    def day(self, name: str) -> date | None:
        try:
            return date.fromisoformat(self.text(name)) if self.text(name) else None
        except ValueError as error:
            raise FieldOdd(name, "Enter a day such as 2026-12-24") from error

    def instant(self, name: str) -> datetime | None:
        """Of a `datetime-local` field, which the console shows in UTC."""
        try:
            text = self.text(name)
            return datetime.fromisoformat(text).replace(tzinfo=UTC) if text else None
        except ValueError as error:
            raise FieldOdd(name, "Enter day and time such as 2026-12-24 18:00") from error

    def one_of(self, name: str, *known: str) -> str:
        """Which of them a button or a choice says; a form that lost it decides nothing. Raises
        FormMangled."""
        if self.text(name) not in known:
            raise FormMangled
        return self.text(name)

    def checked(self, name: str) -> bool:
        return self.text(name) == "yes"

    def all(self, name: str) -> list[str]:
        """Every value of a field that may be there several times."""
        found = (value for key, value in self._data.multi_items() if key == name)
        return [value.strip() for value in found if isinstance(value, str) and value.strip()]

    def begins(self, prefix: str) -> Iterator[tuple[str, str]]:
        """(rest of the name, name) of each filled field whose name begins with `prefix`."""
        for name in self._data:
            if name.startswith(prefix) and self.text(name):
                yield name.removeprefix(prefix), name

    def typed(self) -> dict[str, str]:
        """What stands in the text fields, to be shown again."""
        return {name: self.text(name) for name in self._data if name != CSRF_FIELD}

    def uuid(self, name: str) -> UUID:
        try:
            return UUID(self.text(name))
        except ValueError as error:
            raise FormMangled from error

    def command_id(self, purpose: str) -> CommandId:
        """The same for the same form with the same content, however often it is sent."""
        content = "\n".join(
            f"{name}={value}"
            for name, value in sorted(self._data.multi_items(), key=lambda item: item[0])
            if name != CSRF_FIELD and isinstance(value, str)
        )
        digest = hashlib.sha256(content.encode()).hexdigest()
        return CommandId(derived_id(self.uuid(COMMAND_FIELD), f"{purpose}\n{digest}"))


def csrf_token(request: Request) -> str:
    """The token for this visitor's forms; mints the pre-session cookie's value when needed
    (`request.state.new_visit`, set by whoever renders)."""
    anchor = _anchor(request)
    if anchor is None:
        request.state.new_visit = secrets.token_urlsafe(24)
        anchor = f"visit:{request.state.new_visit}"
    return _sign(request, anchor)


def _anchor(request: Request) -> str | None:
    session = read_cookie(request, "session")
    if session:
        return f"session:{session}"
    visit = read_cookie(request, "visit") or getattr(request.state, "new_visit", None)
    return f"visit:{visit}" if visit else None


def _sign(request: Request, anchor: str) -> str:
    settings: Settings = request.app.state.settings
    key = settings.secret_key.get_secret_value().encode()
    return hmac.new(key, f"csrf\n{anchor}".encode(), hashlib.sha256).hexdigest()


async def posted_form(request: Request) -> PostedForm:
    """The form, once its CSRF token is right. Raises `ForeignForm` otherwise."""
    length = request.headers.get("content-length", "")
    if not length.isdecimal():
        raise HTTPException(411, "Say how long the form is")
    if int(length) > MAX_BODY:
        raise HTTPException(413, "The form is too large")
    data = await request.form(max_files=0, max_fields=MAX_FIELDS)
    offered, anchor = data.get(CSRF_FIELD), _anchor(request)
    if anchor is None or not isinstance(offered, str):
        raise ForeignForm
    if not hmac.compare_digest(offered.encode(), _sign(request, anchor).encode()):
        raise ForeignForm
    return PostedForm(data)


Posted = Annotated[PostedForm, Depends(posted_form)]
