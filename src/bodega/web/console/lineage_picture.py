"""A column's lineage, laid out for an inline SVG: a line of text a column, joined by curves.

Origins stand above what is made of them. Each column has a dot in a lane at the left; it keeps the
lane until everything made of it has been drawn, so that curves do not run through other dots.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from bodega.contracts.dictionary import ColumnView, Layer, LineageStep

ORDER: tuple[Layer, ...] = (
    "source",
    "bronze",
    "staging",
    "silver",
    "intermediate",
    "gold",
    "metric",
    "number",
    "feature",
    "model",
)
WIDTH = 330
ROW = 46
LANE = 14
LEFT = 10
TOP = 26
MOST = 60
_LETTERS = 44


@dataclass(frozen=True, slots=True)
class Dot:
    """One column; `at` is where its text begins."""

    name: str
    column: str
    table: str
    layer: Layer
    x: float
    y: float
    personal: bool
    chosen: bool


@dataclass(frozen=True, slots=True)
class Curve:
    """From an origin down to what is made of it, as an SVG path."""

    path: str
    how: str


@dataclass(frozen=True, slots=True)
class Picture:
    """`left_out` columns are not drawn: the picture would be too long to read."""

    width: int
    height: int
    text_x: float
    letters: int
    dots: list[Dot]
    curves: list[Curve]
    left_out: int


def picture_of(seen: ColumnView) -> Picture:
    """The nearest columns when there are too many."""
    steps = [*seen.up, *seen.down]
    nearest = dict.fromkeys([seen.name, *_nearest(seen)])
    shown = set(list(nearest)[:MOST])
    kept = [step for step in steps if step.column in shown and step.origin in shown]
    names = _in_order(shown, kept, seen.layers)
    lanes = _lanes(names, kept)
    place = {name: index for index, name in enumerate(names)}
    x = {name: LEFT + lane * LANE for name, lane in lanes.items()}
    y = {name: TOP + index * ROW for name, index in place.items()}
    text_x = LEFT + (max(lanes.values(), default=0) + 1) * LANE
    return Picture(
        width=WIDTH,
        height=TOP + len(names) * ROW - 8,
        text_x=text_x,
        letters=max(12, int(_LETTERS * (WIDTH - text_x) / WIDTH)),
        dots=[_dot(name, seen, x[name], y[name]) for name in names],
        curves=[
            Curve(_path(x[origin], y[origin], x[column], y[column]), how)
            for column, origin, how in dict.fromkeys((s.column, s.origin, s.how) for s in kept)
        ],
        left_out=len(nearest) - len(names),
    )


def _nearest(seen: ColumnView) -> Iterable[str]:
    """Both sides in turn, nearest first."""
    up = [step.origin for step in seen.up]
    down = [step.column for step in seen.down]
    for place in range(max(len(up), len(down))):
        yield from up[place : place + 1]
        yield from down[place : place + 1]


def _dot(name: str, seen: ColumnView, x: float, y: float) -> Dot:
    table, _, column = name.rpartition(".")
    return Dot(
        name=name,
        column="its rows" if column == "*" else column,
        table=table,
        layer=seen.layers[name],
        x=x,
        y=y,
        personal=seen.kinds[name] == "personal",
        chosen=name == seen.name,
    )


def _in_order(
    names: Iterable[str], steps: Sequence[LineageStep], layers: Mapping[str, Layer]
) -> list[str]:
    """Every column below all that it is made of; what belongs together stays near."""
    origins: dict[str, list[str]] = {}
    for step in steps:
        origins.setdefault(step.column, []).append(step.origin)
    done: dict[str, None] = {}

    def visit(name: str) -> None:
        if name in done:
            return
        for origin in sorted(origins.get(name, ()), key=lambda one: (_rank(layers, one), one)):
            visit(origin)
        done[name] = None

    for name in sorted(names, key=lambda one: (_rank(layers, one), one)):
        if not any(step.origin == name for step in steps):
            visit(name)
    for name in sorted(names):
        visit(name)
    return list(done)


def _rank(layers: Mapping[str, Layer], name: str) -> int:
    return ORDER.index(layers[name])


def _lanes(names: Sequence[str], steps: Sequence[LineageStep]) -> dict[str, int]:
    """A lane is free again once everything made of its column stands above."""
    place = {name: index for index, name in enumerate(names)}
    last = dict(place)
    for step in steps:
        last[step.origin] = max(last[step.origin], place[step.column])
    taken: dict[int, str] = {}
    lanes: dict[str, int] = {}
    for index, name in enumerate(names):
        for lane in [lane for lane, holder in taken.items() if last[holder] <= index]:
            del taken[lane]
        lanes[name] = next(lane for lane in range(len(names) + 1) if lane not in taken)
        taken[lanes[name]] = name
    return lanes


def _path(x1: float, y1: float, x2: float, y2: float) -> str:
    """Down its own lane, then across in the last row."""
    bend = y2 - ROW
    middle = bend + ROW / 2
    return f"M{x1} {y1}V{bend}C{x1} {middle} {x2} {middle} {x2} {y2}"
