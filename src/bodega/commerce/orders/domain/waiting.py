"""How long an operation rests before it is tried again."""

from datetime import timedelta


def wait_before(attempts: int, draw: float) -> timedelta:
    """1 s, 2 s, 4 s … 5 minutes, each shortened by up to a half: `draw` is in [0, 1)."""
    whole = min(2 ** min(attempts, 9), 300)
    return timedelta(seconds=whole * (1 - draw / 2))
