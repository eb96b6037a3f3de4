"""Sets readers saw: the last one of each minute is remembered, and can be put back."""

import fcntl
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

from bodega.data.lake.paths import SETS
from bodega.data.lake.published import Published, read_published, replace_published
from bodega.data.lake.storage import LakeRoot
from bodega.kernel.errors import Conflict, NotFound

_NAME = "%Y%m%dT%H%M"


class NoSuchSet(NotFound):
    code = "lake_set_unknown"
    title = "No published set is kept from then"

    def __init__(self, instant: datetime) -> None:
        super().__init__(
            f"No published set is kept from {instant.isoformat()}: see `bodega lake history`."
        )


class ReadersHeld(Conflict):
    code = "lake_readers_held"
    title = "Readers are held on an older set: `bodega lake restore --latest` lets them go"


@contextmanager
def _alone(root: LakeRoot) -> Iterator[None]:
    """One at a time moves the pointer."""
    root.work.mkdir(parents=True, exist_ok=True)
    with (root.work / "published.lock").open("a") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def advance(root: LakeRoot, published: Published) -> None:
    """Readers see it from now on. Raises ReadersHeld when people held them meanwhile."""
    with _alone(root):
        if read_published(root).held:
            raise ReadersHeld
        replace_published(root, published)


def remember_set(root: LakeRoot, published: Published) -> None:
    """Keep the pointer as it is now, instead of any other of the same minute."""
    if published.published_at is not None:
        name = published.published_at.astimezone(UTC).strftime(_NAME)
        root.write_json(f"{SETS}/{name}.json", published.model_dump(mode="json"))


def remembered(root: LakeRoot) -> Sequence[str]:
    """The minutes of which a set is kept, newest first."""
    names = [name[: -len(".json")] for name in root.names(SETS) if name.endswith(".json")]
    return sorted((name for name in names if not name.startswith(".")), reverse=True)


def read_set(root: LakeRoot, name: str) -> Published:
    return Published.model_validate(root.read_json(f"{SETS}/{name}.json") or {})


def set_at(root: LakeRoot, instant: datetime) -> Published:
    """What readers saw at `instant`, to the minute. Raises NoSuchSet."""
    latest = instant.astimezone(UTC).strftime(_NAME)
    for name in remembered(root):
        if name <= latest:
            return read_set(root, name)
    raise NoSuchSet(instant)


def forget_sets(root: LakeRoot, *, older_than_hours: int, now: datetime | None = None) -> None:
    """Sets whose files are no longer promised; the newest always stays."""
    limit = (now or datetime.now(UTC)) - timedelta(hours=older_than_hours)
    for name in remembered(root)[1:]:
        if name < limit.strftime(_NAME):
            root.remove(f"{SETS}/{name}.json")


def hold(root: LakeRoot, instant: datetime) -> Published:
    """Put readers back on the set of `instant` and keep them there; what is being built is not
    published. Raises NoSuchSet."""
    wanted = set_at(root, instant)
    with _alone(root):
        now = read_published(root)
        if not now.held:
            remember_set(root, now)
        held = wanted.model_copy(update={"held": True})
        replace_published(root, held)
    return held


def release(root: LakeRoot) -> Published:
    """Back to the newest set; publishing goes on from there."""
    with _alone(root):
        if not read_published(root).held:
            return read_published(root)
        newest = read_set(root, remembered(root)[0])
        replace_published(root, newest)
    return newest
