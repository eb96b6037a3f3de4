"""Where a shop's time goes: processor seconds by process, and what its API waited for."""

import os
import re
from dataclasses import dataclass

import httpx

from tests.kit.tree import Tree

_HERTZ = os.sysconf("SC_CLK_TCK")
_SAMPLE = re.compile(r"^(bodega_\w+)(?:\{(.*)\})? (\S+)$", re.MULTILINE)


@dataclass(frozen=True)
class Spent:
    """Seconds since the processes began."""

    processor: dict[str, float]
    waited: dict[str, float]

    def since(self, before: "Spent") -> "Spent":
        return Spent(
            {name: spent - before.processor[name] for name, spent in self.processor.items()},
            {name: spent - before.waited.get(name, 0) for name, spent in self.waited.items()},
        )


def spent(shop: Tree) -> Spent:
    rows = shop.status()["processes"]
    processor = {row["name"]: processor_of(row["pid"]) for row in rows}
    return Spent({**processor, "load": sum(os.times()[:2])}, _waited(shop.url))


def processor_of(root: int) -> float:
    """Seconds of a process, of its living children (a server forks one a connection) and of those
    it has waited for."""
    children: dict[int, list[int]] = {}
    used: dict[int, float] = {}
    for name in os.listdir("/proc"):
        if name.isdigit():
            try:
                with open(f"/proc/{name}/stat") as stat:
                    fields = stat.read().rpartition(")")[2].split()
            except (FileNotFoundError, ProcessLookupError):
                continue
            children.setdefault(int(fields[1]), []).append(int(name))
            used[int(name)] = sum(map(int, fields[11:15])) / _HERTZ
    todo, total = [root], 0.0
    while todo:
        one = todo.pop()
        total += used.get(one, 0)
        todo += children.get(one, [])
    return total


def _waited(url: str) -> dict[str, float]:
    """The API's own sums: the database, services of others, steps of checkouts."""
    found: dict[str, float] = {}
    for name, labels, value in _SAMPLE.findall(httpx.get(f"{url}/metrics").text):
        if name == "bodega_database_seconds_total":
            found["database"] = float(value)
        elif name == "bodega_outside_seconds_sum":
            found["provider"] = found.get("provider", 0) + float(value)
        elif name == "bodega_checkout_step_seconds_sum":
            found[labels.partition('"')[2].rstrip('"')] = float(value)
    return found
