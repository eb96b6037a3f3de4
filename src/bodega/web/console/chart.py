"""Bars for money by day, laid out for an inline SVG."""

from dataclasses import dataclass
from datetime import date

from bodega.contracts.metrics import DailySales
from bodega.kernel.money import Money

WIDTH = 720
HEIGHT = 220
TOP = 12
BOTTOM = 28
LEFT = 56
_NICE = (1, 2, 2.5, 5, 10)
_LINES = 4


@dataclass(frozen=True, slots=True)
class Bar:
    """Pixels of the view box; `labelled` days get their date under the axis."""

    x: float
    y: float
    width: float
    height: float
    day: date
    net: Money
    orders: int
    labelled: bool


@dataclass(frozen=True, slots=True)
class Line:
    y: float
    value: Money


@dataclass(frozen=True, slots=True)
class Chart:
    width: int
    height: int
    left: int
    baseline: float
    bars: list[Bar]
    lines: list[Line]


def bars_of(days: list[DailySales], *, currency: str) -> Chart:
    """Net by day; days on which more went back than was sold hang below the baseline."""
    nets = [day.figures.net.amount for day in days]
    step = nice_step(max(nets, default=0), min(nets, default=0))
    highest = max(step, _up(max(nets, default=0), step))
    lowest = -_up(max(0, -min(nets, default=0)), step)
    scale = (HEIGHT - TOP - BOTTOM) / (highest - lowest)
    baseline = TOP + highest * scale
    slot = (WIDTH - LEFT) / max(1, len(days))
    every = max(1, -(-len(days) // 7))
    bars = [
        Bar(
            x=round(LEFT + index * slot + slot * 0.14, 2),
            y=round(baseline - max(net, 0) * scale, 2),
            width=round(slot * 0.72, 2),
            height=round(abs(net) * scale, 2),
            day=day.day,
            net=day.figures.net,
            orders=day.figures.orders,
            labelled=(len(days) - 1 - index) % every == 0,
        )
        for index, (day, net) in enumerate(zip(days, nets, strict=True))
    ]
    lines = [
        Line(round(baseline - value * scale, 2), Money(amount=value, currency=currency))
        for value in range(lowest, highest + 1, step)
    ]
    return Chart(WIDTH, HEIGHT, LEFT, round(baseline, 2), bars, lines)


def nice_step(highest: int, lowest: int) -> int:
    """The round distance between lines that fits about four of them."""
    span = max(highest, 0) - min(lowest, 0)
    power = 1
    while span > power * 10 * _LINES:
        power *= 10
    return next((int(power * n) or 1 for n in _NICE if power * n * _LINES >= span), power * 10)


def _up(value: int, step: int) -> int:
    return -(-value // step) * step
