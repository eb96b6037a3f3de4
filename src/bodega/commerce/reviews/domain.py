"""Pure rules of reviews."""

import unicodedata

_KEPT = "\n\t"


def plain_text(text: str) -> str:
    """Without control and direction-changing characters, which can disguise a text; NFC."""
    kept = (
        char for char in text if char in _KEPT or unicodedata.category(char) not in ("Cc", "Cf")
    )
    return unicodedata.normalize("NFC", "".join(kept)).strip()


def rounded(average: float | None) -> float | None:
    """To a tenth, as shops show it; the sum and the count are whole numbers in the database."""
    return None if average is None else round(average, 1)
