"""Checkout is driven by its saga row, not by events; one job looks after what was left."""

from bodega.commerce.checkout.module import MODULE


def test_left_sagas_are_looked_for_every_few_seconds() -> None:
    assert list(MODULE.handlers) == []
    [job] = MODULE.jobs
    assert (job.name, job.every_seconds) == ("checkout.resume", 2)


def test_nothing_of_a_saga_leaves_the_schema() -> None:
    assert dict(MODULE.published) == {}
