"""What the made-up shop sells: name and price in hundredths, from `goods.txt`, a row being
things that are bought together."""

from dataclasses import dataclass
from pathlib import Path

_TABLE = Path(__file__).with_name("goods.txt")
_SENTENCES = {
    "Coffee & Tea": "Made for a slow morning and rinsed in seconds.",
    "Kitchen": "A tool for daily use that ages well and can be repaired.",
    "Pantry": "From a small producer we visit ourselves, in small batches.",
    "Home": "Plain, warm and made of natural materials.",
    "Garden": "For hands in the soil, in any weather.",
    "Stationery": "Good paper, good weight, good company at the desk.",
    "Bath & Body": "Without synthetic scent, kind to skin and drains.",
    "Toys & Games": "Sturdy enough to be handed down.",
    "Outdoors": "Light to carry, hard to break.",
    "Books": "Printed on uncoated paper, sewn, with a ribbon.",
}
_GRAMS = {
    "Coffee & Tea": 350,
    "Kitchen": 700,
    "Pantry": 450,
    "Home": 900,
    "Garden": 1200,
    "Stationery": 200,
    "Bath & Body": 250,
    "Toys & Games": 600,
    "Outdoors": 800,
    "Books": 420,
}
_SHADES = ("Sage", "Slate", "Ochre", "Rust", "Chalk", "Ink", "Moss", "Clay", "Plum", "Sand")


@dataclass(frozen=True, slots=True)
class Good:
    """A product to be: `price` in hundredths, `weight` in grams, `group` the row of things it is
    bought with."""

    index: int
    sku: str
    title: str
    description: str
    category: str
    price: int
    group: int
    weight: int


def goods(count: int) -> list[Good]:
    """The first `count`, the same however many are asked for, spread over all categories; beyond
    the table's two hundred come the same things in other shades."""
    base = _interleaved()
    result = []
    for index in range(count):
        turn, place = divmod(index, len(base))
        category, group, title, price = base[place]
        shade = _SHADES[(turn - 1) % len(_SHADES)] if turn else ""
        suffix = f", {shade}" + (f" {(turn - 1) // len(_SHADES) + 1}" if turn > 10 else "")
        name = title + (suffix if turn else "")
        sku = f"{category[:3].upper()}-{index + 1:04d}"
        group_here = group + turn * 1000
        sentence = f"{name}. {_SENTENCES[category]}"
        weight = _GRAMS[category] * (60 + 20 * (place % 5)) // 100
        result.append(Good(index, sku, name, sentence, category, price, group_here, weight))
    return result


def _interleaved() -> list[tuple[str, int, str, int]]:
    """(category, group, title, price): first a row of every category, then the second, …"""
    by_row: dict[int, list[tuple[str, int, str, int]]] = {}
    category, row, group = "", 0, 0
    for line in _TABLE.read_text().splitlines():
        if "|" not in line:
            category, row = line, 0
            continue
        for item in line.split("|"):
            title, _, price = item.rpartition(" ")
            by_row.setdefault(row, []).append((category, group, title, int(price)))
        row, group = row + 1, group + 1
    return [item for number in sorted(by_row) for item in by_row[number]]
