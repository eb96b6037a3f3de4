"""Splitting an amount over lines so that the parts are exactly the whole."""

from collections.abc import Sequence
from fractions import Fraction


def shares(amount: int, weights: Sequence[int]) -> list[int]:
    """`amount` split in proportion to `weights` (none negative) by the largest remainder; equal
    remainders go to the earlier line. An amount up to Σ weights takes no line below zero."""
    whole = sum(weights)
    if whole == 0:
        return [0] * len(weights)
    parts = [amount * weight // whole for weight in weights]
    by_remainder = sorted(range(len(weights)), key=lambda at: (-(amount * weights[at] % whole), at))
    for at in by_remainder[: amount - sum(parts)]:
        parts[at] += 1
    return parts


def rounded(value: Fraction) -> int:
    """The nearest whole number; a half goes up. `value` is not negative."""
    return (2 * value.numerator + value.denominator) // (2 * value.denominator)
