"""Something a person means to do once."""

from typing import NamedTuple

from bodega.kernel.ids import CommandId


class Command(NamedTuple):
    """The same `id` again answers the recorded result; `actor` is who did it, as events name
    them."""

    id: CommandId
    actor: str
