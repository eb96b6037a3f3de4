"""Who is asking, and what the roles may do."""

from enum import StrEnum
from uuid import UUID

from pydantic import BaseModel, ConfigDict


class Role(StrEnum):
    ANONYMOUS = "anonymous"
    CUSTOMER = "customer"
    STAFF = "staff"
    ADMIN = "admin"
    SYSTEM = "system"


_RANK = {
    Role.ANONYMOUS: 0,
    Role.CUSTOMER: 1,
    Role.STAFF: 2,
    Role.ADMIN: 3,
    Role.SYSTEM: 4,
}


class Principal(BaseModel):
    """The caller; `id` is None for a guest."""

    model_config = ConfigDict(frozen=True)

    id: UUID | None = None
    role: Role = Role.ANONYMOUS
    session: str | None = None

    def at_least(self, role: Role) -> bool:
        return _RANK[self.role] >= _RANK[role]

    @property
    def label(self) -> str:
        """How the actor is named in events and audit rows: no personal data."""
        return f"{self.role.value}:{self.id}" if self.id else self.role.value


GUEST = Principal()
SYSTEM = Principal(role=Role.SYSTEM)
