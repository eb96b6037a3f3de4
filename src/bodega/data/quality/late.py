"""Telling people of tables that are late, once for each cause, and when they are back."""

from collections.abc import Sequence

from bodega.data.lake.storage import LakeRoot
from bodega.data.operations.alerts import open_keys, raise_alert, resolve_alert
from bodega.data.quality.freshness import TableAge

PREFIX = "freshness:"
SHOP = f"{PREFIX}shop"


def tell_late(root: LakeRoot, ages: Sequence[TableAge], *, whole: bool = True) -> list[str]:
    """Raise an alert for what is late and end those that are over; the keys that are open now. The
    shop's own tables share a feed and a pipeline: they are one cause. Without `whole` tables of
    sources are not among the ages, and stay as they were."""
    late = [age for age in ages if age.state == "late"]
    groups: dict[str, list[TableAge]] = {}
    for age in late:
        groups.setdefault(_key(age), []).append(age)
    for key, found in groups.items():
        named = ", ".join(age.table for age in found[:5])
        more = f" and {len(found) - 5} more" if len(found) > 5 else ""
        why = next((age.why for age in found if age.why), "")
        title = f"{'The shop’s tables are' if key == SHOP else f'{found[0].table} is'} late"
        raise_alert(root.work, key=key, title=title, detail=f"{named}{more}. {why}".strip())
    for key in open_keys(root.work, prefix=PREFIX):
        if key not in groups and (whole or key == SHOP):
            resolve_alert(root.work, key=key, detail="up to date again")
    return sorted(groups)


def _key(age: TableAge) -> str:
    fed = age.table.startswith("bronze.shop__") or not age.table.startswith("bronze.")
    return SHOP if fed else f"{PREFIX}{age.table}"
