"""One process tree for the journeys, seeded small, with two API processes."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.kit.tree import Tree


@pytest.fixture(scope="session")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tree]:
    """`bodega up` as a user runs it; stopped in the end, however the tests went."""
    data: Path = tmp_path_factory.mktemp("shop") / ".bodega"
    tree = Tree(
        data,
        seed_orders=300,
        # What a killed process held is taken over sooner; nothing else hangs on these.
        checkout_lease_seconds=5,
        orders_lease_seconds=5,
    )
    tree.start("--api-processes", "2")
    yield tree
    tree.stop()
