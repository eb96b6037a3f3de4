"""What can go wrong with the lake.

LakeError
└── LakeUnavailable     it cannot be read or written now; nothing is lost, try again
"""

from bodega.kernel.errors import Unavailable


class LakeError(Unavailable):
    code = "lake"
    title = "The lake cannot be used"


class LakeUnavailable(LakeError):
    code = "lake_unavailable"

    def __init__(self, place: str, reason: object) -> None:
        super().__init__(
            f"The lake cannot be used at {place} ({reason}): check that it exists, is writable "
            "and has room; work goes on by itself."
        )
