"""What can go wrong with the lake.

LakeError
├── LakeUnavailable     it cannot be read or written now; nothing is lost, try again
├── LakeIncomplete      files of a table that readers are given are gone
└── AccessUnrecorded    a read of personal values cannot be written down, and is refused
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


class LakeIncomplete(LakeError):
    """Of gold nothing is lost for good: it is built from bronze."""

    code = "lake_incomplete"
    title = "Files of the lake are gone: `bodega lake build --full` writes them again"

    def __init__(self, table: str, reason: object) -> None:
        said = (str(reason).strip().splitlines() or ["it cannot be opened"])[0]
        super().__init__(
            f"{table} cannot be read ({said}): `bodega lake build --full` writes it again."
        )


class AccessUnrecorded(LakeError):
    """A read of personal values that cannot be written down is not made."""

    code = "lake_access_unrecorded"
    title = "The read cannot be recorded, and so is refused"

    def __init__(self, reason: object) -> None:
        super().__init__(
            f"The read cannot be recorded, and so is refused ({reason}): make `access/` in the "
            "lake's work folder writable, or make room."
        )
