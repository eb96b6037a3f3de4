"""Saved cards in memory: three test cards' worth of behaviour."""

from bodega.contracts.payment_methods import MethodSetup, SavedMethod
from bodega.kernel.errors import Unavailable
from bodega.kernel.ids import CommandId, UserId

BANK_OF_SETUPS = "https://bank.test/setup"


class FakePaymentMethods:
    """`pm_card_authenticationRequired` asks at the bank, a declined card fails."""

    def __init__(self) -> None:
        self.kept: dict[UserId, list[SavedMethod]] = {}
        self.setups: dict[str, tuple[UserId, MethodSetup]] = {}
        self.commands: dict[CommandId, MethodSetup] = {}
        self.away = False
        self.asked: dict[str, MethodSetup] = {}

    def confirm(self, setup_id: str) -> None:
        """The customer agrees at the bank."""
        self.setups[setup_id] = self.setups[setup_id][0], self.asked[setup_id]

    def keep(self, customer_id: UserId, last4: str = "4242") -> SavedMethod:
        token = f"pm_kept{len(self.kept.get(customer_id, []))}of{customer_id.hex}"
        method = SavedMethod(token=token, brand="visa", last4=last4, exp_month=8, exp_year=2034)
        self.kept.setdefault(customer_id, []).append(method)
        return method

    async def begin_setup(
        self,
        *,
        command_id: CommandId,
        customer_id: UserId,
        payment_token: str | None = None,
        return_url: str | None = None,
    ) -> MethodSetup:
        if command_id not in self.commands:
            self.commands[command_id] = self._set_up(customer_id, payment_token)
        return self.commands[command_id]

    def _set_up(self, customer_id: UserId, token: str | None) -> MethodSetup:
        id_ = f"seti_{len(self.setups)}"
        if token == "pm_card_authenticationRequired":
            setup = MethodSetup(id=id_, status="requires_action", action_url=BANK_OF_SETUPS)
            done = MethodSetup(id=id_, status="saved", method=self.keep(customer_id, "3184"))
            self.setups[id_] = customer_id, setup
            self.asked[id_] = done
        elif token and "Declined" in token:
            setup = MethodSetup(id=id_, status="failed", failure_code="card_declined")
        else:
            setup = MethodSetup(id=id_, status="saved", method=self.keep(customer_id))
        return setup

    async def setup(self, *, customer_id: UserId, setup_id: str) -> MethodSetup | None:
        owner, setup = self.setups.get(setup_id, (None, None))
        return setup if owner == customer_id else None

    async def methods(self, customer_id: UserId) -> list[SavedMethod]:
        if self.away:
            raise Unavailable
        return list(self.kept.get(customer_id, []))

    async def remove(self, *, customer_id: UserId, token: str) -> bool:
        if self.away:
            raise Unavailable
        before = self.kept.get(customer_id, [])
        self.kept[customer_id] = [method for method in before if method.token != token]
        return len(self.kept[customer_id]) < len(before)
