"""Every query of checkout."""

from bodega.commerce.checkout.repository.asking import (
    fate_of_cart,
    find_of_cart,
    find_saga,
    find_workflow,
    held_sagas,
    latest_workflows,
)
from bodega.commerce.checkout.repository.leasing import (
    lease,
    make_due,
    postpone,
    request_stop,
    wake,
)
from bodega.commerce.checkout.repository.moving import (
    begin_undo,
    begin_wait,
    complete,
    decide,
    fail,
    go_on,
    insert_saga,
)
from bodega.commerce.checkout.repository.rows import Offer, Saga

__all__ = [
    "Offer",
    "Saga",
    "begin_undo",
    "begin_wait",
    "complete",
    "decide",
    "fail",
    "fate_of_cart",
    "find_of_cart",
    "find_saga",
    "find_workflow",
    "go_on",
    "held_sagas",
    "insert_saga",
    "latest_workflows",
    "lease",
    "make_due",
    "postpone",
    "request_stop",
    "wake",
]
