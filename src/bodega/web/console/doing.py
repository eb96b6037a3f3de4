"""Carrying out what a form asks for, and saying what stood in the way."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Annotated, TypeVar

from fastapi import Depends
from pydantic import ValidationError

from bodega.kernel.commands import Command
from bodega.kernel.errors import BodegaError
from bodega.web.access import ConsoleStaff
from bodega.web.forms import FieldOdd, ForeignForm, Posted

T = TypeVar("T")
_PLAIN = {
    "string_too_short": "Fill this in",
    "missing": "Fill this in",
    "greater_than": "Enter a larger number",
    "greater_than_equal": "Enter a larger number",
    "less_than": "Enter a smaller number",
    "less_than_equal": "Enter a smaller number",
    "string_too_long": "This is too long",
    "too_long": "That is too many",
    "too_short": "Name at least one",
}


@dataclass(frozen=True, slots=True)
class StaffForm:
    """A form that somebody on the staff sent."""

    who: ConsoleStaff
    form: Posted

    def command(self, purpose: str) -> Command:
        return Command(self.form.command_id(purpose), self.who.label)


Sent = Annotated[StaffForm, Depends(StaffForm)]


@dataclass(frozen=True, slots=True)
class Refused:
    """Shown on the page the form came from; `fields` holds a sentence per field."""

    detail: str
    status: int = 400
    code: str = ""
    fields: Mapping[str, str] = field(default_factory=dict)


async def attempt(perform: Callable[[], Awaitable[T]]) -> T | Refused:
    """What it came to. Whatever is not the asker's doing is raised."""
    try:
        return await perform()
    except ValidationError as error:
        return refused_fields(error)
    except FieldOdd as error:
        return Refused(error.detail, error.status, fields={error.field: error.detail})
    except ForeignForm:
        raise
    except BodegaError as error:
        if error.status >= 500:
            raise
        return Refused(error.detail, error.status, error.code)


def refused_fields(error: ValidationError) -> Refused:
    fields = {}
    for item in error.errors():
        name = str(item["loc"][0]) if item["loc"] else "form"
        fields[name] = _PLAIN.get(item["type"]) or _sentence(item["msg"])
    first = next(iter(fields.items()), ("form", "Check the form"))
    detail = f"{first[0].replace('_', ' ').capitalize()}: {first[1]}"
    return Refused(f"Nothing has changed. {detail}.", 422, fields=fields)


def _sentence(message: str) -> str:
    return message.removeprefix("Value error, ").removeprefix("Input s").replace("hould", "Should")
