"""Payments is driven by checkout's saga, not by events."""

from bodega.commerce.payments.module import MODULE


def test_money_moves_only_when_the_saga_asks() -> None:
    assert list(MODULE.handlers) == []
    assert list(MODULE.jobs) == []
