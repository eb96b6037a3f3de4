"""A coupon's code as buyers type it."""

from typing import Annotated

from pydantic import StringConstraints

CouponCode = Annotated[
    str,
    StringConstraints(
        strip_whitespace=True, to_upper=True, pattern=r"^\s*[A-Za-z0-9][A-Za-z0-9_-]{1,39}\s*$"
    ),
]
