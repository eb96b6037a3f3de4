"""Participants that die: before a call reaches them, or after it had its effect."""

import inspect
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from bodega.backbone.container import Container
from bodega.backbone.module import Context
from bodega.contracts.cart import Carts
from bodega.contracts.catalog import Catalog
from bodega.contracts.fraud import Fraud, FraudCheck, FraudDecision, FraudScore
from bodega.contracts.inventory import Inventory
from bodega.contracts.orders import Orders
from bodega.contracts.payments import Payments
from bodega.contracts.pricing import Pricing
from bodega.contracts.shipping import Shipping
from bodega.kernel.clock import FixedClock
from bodega.kernel.errors import Unavailable

DRIVEN = {
    Inventory: ("reserve", "extend", "allocate", "release"),
    Payments: ("authorise", "confirm", "capture", "void"),
    Orders: ("place", "cancel"),
    Pricing: ("redeem", "release"),
}


class Killed(BaseException):
    """The process is gone: nothing of ours catches this."""


@dataclass
class Doom:
    """Kills at the points named, once each: `2` is after the first call, `3` before the second."""

    at: Sequence[int] = ()
    passed: int = 0
    calls: list[str] = field(default_factory=list)

    def point(self, _name: str) -> None:
        self.passed += 1
        if self.passed in self.at:
            raise Killed


class Mortal:
    """Answers a Protocol through the real service, dying where doom says."""

    def __init__(self, real: object, steps: Sequence[str], doom: Doom) -> None:
        self._real, self._steps, self._doom = real, steps, doom

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._real, name)
        if name not in self._steps or not inspect.iscoroutinefunction(method):
            return method

        async def call(**arguments: Any) -> Any:
            self._doom.point(f"before {name}")
            answer = await method(**arguments)
            self._doom.calls.append(name)
            self._doom.point(f"after {name}")
            return answer

        return call


@dataclass
class Scorer:
    """Answers for fraud as the test says; `late` never answers in time."""

    decision: FraudDecision = "accept"
    late: bool = False
    asked: list[FraudCheck] = field(default_factory=list)

    async def score(self, check: FraudCheck) -> FraudScore:
        self.asked.append(check)
        if self.late:
            raise Unavailable
        reasons = ["Ordered too often"] if self.decision != "accept" else []
        return FraudScore(score=0.5, decision=self.decision, reasons=reasons, model="test-1")


def mortal(context: Context, doom: Doom, clock: FixedClock, scorer: Scorer) -> Context:
    """The same shop with mortal participants, at a time that the test moves."""
    container = Container()
    for protocol in (Carts, Catalog, Shipping):
        container.bind(protocol, context.container.get(protocol))
    container.bind(Fraud, scorer)
    for protocol, steps in DRIVEN.items():
        container.bind(protocol, Mortal(context.container.get(protocol), steps, doom))
    return replace(context, container=container, clock=clock)
