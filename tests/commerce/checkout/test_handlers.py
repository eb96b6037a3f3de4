"""Checkout reacts to one event, which only makes a saga due; one job looks after all of them."""

from bodega.commerce.checkout.module import MODULE


def test_sagas_are_looked_for_every_few_seconds() -> None:
    assert [handler.name for handler in MODULE.handlers] == ["checkout.buyer_acted"]
    [job] = MODULE.jobs
    assert (job.name, job.every_seconds) == ("checkout.resume", 2)


def test_nothing_of_a_saga_leaves_the_schema() -> None:
    assert dict(MODULE.published) == {}
