"""The artifact: for every product the products bought with it, best first."""

import gzip
import json
from dataclasses import dataclass
from pathlib import Path

ARTIFACT = "neighbours.json.gz"


@dataclass(frozen=True, slots=True)
class Neighbours:
    """`near[i]` are positions in `products`, best first, never `i` itself."""

    products: list[str]
    near: list[list[int]]

    def save(self, folder: Path) -> None:
        content = json.dumps({"products": self.products, "near": self.near}).encode()
        (folder / ARTIFACT).write_bytes(gzip.compress(content, mtime=0))

    @classmethod
    def load(cls, folder: Path) -> "Neighbours":
        content = json.loads(gzip.decompress((folder / ARTIFACT).read_bytes()))
        return cls(content["products"], content["near"])
