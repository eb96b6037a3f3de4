"""A seeded shop of its own for a benchmark, taken down in the end."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.kit.tree import Tree


@contextmanager
def open_shop(*options: str, **settings: object) -> Iterator[Tree]:
    """`bodega up` in a temporary folder; `settings` are BODEGA_* in lower case."""
    with tempfile.TemporaryDirectory(prefix="bodega-bench-") as folder:
        tree = Tree(Path(folder) / ".bodega", **settings)
        tree.start(*options)
        try:
            yield tree
        finally:
            tree.stop()
