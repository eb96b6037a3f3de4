"""Pure rules of the catalogue."""

import re
import unicodedata

MAX_SLUG = 80


def slugify(title: str) -> str:
    """`White Hanging Heart T-Light` → `white-hanging-heart-t-light`; never empty."""
    plain = unicodedata.normalize("NFKD", title).encode("ascii", "ignore").decode().lower()
    slug = re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:MAX_SLUG].strip("-")
    return slug or "product"
