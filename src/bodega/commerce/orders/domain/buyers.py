"""Who bought: a customer, or a guest whom nobody else is taken for."""

from dataclasses import dataclass

from bodega.contracts.orders import OrderView
from bodega.kernel.ids import UserId


@dataclass(frozen=True, slots=True)
class Buyer:
    """None is the guest who bought."""

    customer_id: UserId | None

    @property
    def label(self) -> str:
        """As history names them."""
        return f"customer:{self.customer_id}" if self.customer_id else "guest"

    def bought(self, order: OrderView) -> bool:
        return order.customer_id == self.customer_id
