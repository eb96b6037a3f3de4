"""When a figure is odd: robust deviations from its history, and the population stability index."""

import math
from collections.abc import Mapping, Sequence
from statistics import median

_TO_SIGMA = 0.6745  # the third quartile of the standard normal: MAD * 1.4826 estimates sigma
_MEAN_TO_SIGMA = 0.7979  # sqrt(2 / pi): the mean absolute deviation of a normal of sigma 1
_FLOOR = 1e-4


def robust_z(value: float, history: Sequence[float]) -> float:
    """How many robust standard deviations `value` is from the median of `history`.

    0.6745 (x - median) / MAD, the modified z-score of Iglewicz and Hoaglin (How to Detect and
    Handle Outliers, 1993), who call 3.5 an outlier. Where more than half of the history is one
    value the MAD is 0: then the mean absolute deviation takes its place; where all of it is, any
    other value is infinitely far.
    """
    middle = median(history)
    away = [abs(x - middle) for x in history]
    spread = median(away)
    if spread:
        return _TO_SIGMA * (value - middle) / spread
    mean = sum(away) / len(away)
    if mean:
        return _MEAN_TO_SIGMA * (value - middle) / mean
    return 0.0 if math.isclose(value, middle, rel_tol=1e-9, abs_tol=1e-9) else math.inf


def stability(before: Mapping[str, float], after: Mapping[str, float]) -> float:
    """The population stability index of counts per bin: Σ (p - q) ln(p / q) over shares p, q.

    Siddiqi (Credit Risk Scorecards, 2006): below 0.1 nothing has changed, above 0.25 much has. An
    empty bin counts as a share of 0.0001.
    """
    names = {*before, *after}
    total_before, total_after = sum(before.values()), sum(after.values())
    if not total_before or not total_after:
        return 0.0
    index = 0.0
    for name in names:
        p = max(after.get(name, 0) / total_after, _FLOOR)
        q = max(before.get(name, 0) / total_before, _FLOOR)
        index += (p - q) * math.log(p / q)
    return index
