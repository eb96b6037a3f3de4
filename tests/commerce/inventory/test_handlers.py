"""Inventory is driven by commands, not by events: expiry needs no job, sales no handler."""

from bodega.commerce.inventory.module import MODULE


def test_nothing_runs_behind_the_back_of_checkout() -> None:
    assert list(MODULE.handlers) == []
    assert list(MODULE.jobs) == []
