"""Ids sort by time, clocks are aware, roles are ranked."""

from datetime import UTC, datetime, timedelta, timezone
from uuid import uuid4

import pytest

from bodega.kernel.clock import FixedClock, SystemClock, rfc3339
from bodega.kernel.ids import derived_id, new_id
from bodega.kernel.principal import GUEST, SYSTEM, Principal, Role


def test_ids_sort_in_the_order_they_were_made() -> None:
    made = [new_id() for _ in range(2000)]
    assert made == sorted(made)
    assert len(set(made)) == 2000
    assert {one.version for one in made} == {7}


def test_a_derived_id_is_always_the_same() -> None:
    parent = uuid4()
    assert derived_id(parent, "reserve") == derived_id(parent, "reserve")
    assert derived_id(parent, "reserve") != derived_id(parent, "release")
    assert derived_id(uuid4(), "reserve") != derived_id(parent, "reserve")


def test_time_is_utc_with_a_z() -> None:
    berlin = datetime(2026, 3, 14, 13, 30, tzinfo=timezone(timedelta(hours=1)))
    assert rfc3339(berlin) == "2026-03-14T12:30:00Z"
    assert SystemClock().now().tzinfo is UTC
    assert FixedClock(berlin).now() == berlin


@pytest.mark.parametrize(
    ("role", "may"),
    [
        (Role.ANONYMOUS, {Role.ANONYMOUS}),
        (Role.CUSTOMER, {Role.ANONYMOUS, Role.CUSTOMER}),
        (Role.STAFF, {Role.ANONYMOUS, Role.CUSTOMER, Role.STAFF}),
        (Role.ADMIN, {Role.ANONYMOUS, Role.CUSTOMER, Role.STAFF, Role.ADMIN}),
    ],
)
def test_a_role_may_what_lesser_roles_may(role: Role, may: set[Role]) -> None:
    assert {other for other in Role if Principal(role=role).at_least(other)} == may


def test_actors_are_named_without_personal_data() -> None:
    someone = uuid4()
    assert Principal(id=someone, role=Role.STAFF).label == f"staff:{someone}"
    assert (GUEST.label, SYSTEM.label) == ("anonymous", "system")
