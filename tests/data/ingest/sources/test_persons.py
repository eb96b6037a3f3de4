"""Persons whom a declared source tells of: sealed before anything is kept, gone with their key."""

from pathlib import Path

import httpx
import pytest

pytest.importorskip("deltalake")

from bodega.apps.repair import drive_again, set_aside
from bodega.apps.sources import declared, mapped, read_all, rows_of
from bodega.backbone.settings import Settings
from bodega.backbone.vault.errors import NobodyKnown
from bodega.backbone.vault.keys import MasterKeys
from bodega.backbone.vault.store import Vault
from bodega.data.lake.reveal import reveal
from bodega.data.lake.storage import LakeRoot
from bodega.data.quality.dead import HIDDEN
from bodega.data.quality.redrive import EditRefused, Repair
from bodega.testing.lake import TestLake
from tests.data.ingest.test_seal import every_text
from tests.kit.doors import Doors

EMAIL = "ada.lovelace@example.com"
SOURCES = """
sources:
  crm:
    kind: files
    streams:
      contacts:
        path: in/*.csv
        key: [id]
        fields: {age: integer}
        personal: {mail: email, columns: [full_name]}
mappings:
  people:
    key: [id]
    columns: {id: string, who: string}
    from:
      - {stream: crm.contacts, fields: {id: id, who: email}}
"""


@pytest.fixture
def crm(settings: Settings, tmp_path: Path) -> Settings:
    (tmp_path / "in").mkdir()
    (tmp_path / "sources.yml").write_text(SOURCES)
    told = {"data_dir": tmp_path, "lake_url": None, "sources_file": tmp_path / "sources.yml"}
    return settings.model_copy(update=told)


def sent(crm: Settings, name: str, *lines: str) -> None:
    text = "\n".join(["id,email,full_name,age,country", *lines, ""])
    crm.data_dir.joinpath("in", name).write_text(text)


def held(crm: Settings) -> dict[str, dict[str, object]]:
    names, rows = rows_of(crm, "crm.contacts", rejected=False, as_of=None, limit=100)
    found = [dict(zip(names, row, strict=True)) for row in rows]
    return {str(row["id"]): row for row in found}


async def test_whom_a_source_tells_of_is_sealed_and_gone_with_the_key(
    crm: Settings, client: httpx.AsyncClient, doors: Doors
) -> None:
    vault, root = Vault(crm.dsn, MasterKeys.of(crm)), LakeRoot.of(crm)
    sent(
        crm, "1.csv", f"1,{EMAIL},Ada Lovelace,36,GB", f"2,{EMAIL.upper()},Ada,old,GB",
        "3,,Nobody Known,7,GB", f'4,{EMAIL},"Ada Lovelace',
    )  # fmt: skip
    (report,) = read_all(crm, "crm", full=False)
    assert (report.kept, report.set_aside) == (2, 2)
    mapped(crm, "people")
    for text in every_text(root.work):
        for secret in (EMAIL, EMAIL.upper(), "Ada", "Nobody Known"):
            assert secret not in text
    rows = held(crm)
    assert rows["1"]["country"] == "GB"
    assert (rows["3"]["email"], rows["3"]["full_name"]) == (None, None)
    token = str(rows["1"]["email"]).split(".")[2]
    assert [who for who, *_ in _people(root)] == [token, None]

    found = reveal(root, vault, person=EMAIL, actor="staff:1", reason="a test").rows
    assert {tuple(row.values.values()) for row in found} == {
        (EMAIL, "Ada Lovelace"),
        (EMAIL.upper(), "Ada"),
    }
    shown = set_aside(crm)
    assert all("p1." not in str(row["row"]) for row in shown)
    with pytest.raises(EditRefused, match="email is personal"):
        drive_again(crm, [shown[0]["id"]], Repair("me", "a test", {"email": EMAIL}))

    admin = await doors.admin()
    done = await admin.post("/api/v1/admin/users/erase", json={"person": EMAIL})
    assert done.status_code == 204, done.text
    with pytest.raises(NobodyKnown):
        reveal(root, vault, person=EMAIL, actor="staff:1", reason="a test")
    sent(crm, "2.csv", f"1,{EMAIL},Ada Lovelace,37,GB")
    read_all(crm, "crm", full=False)
    again = held(crm)["1"]
    assert (again["age"], again["email"], again["full_name"]) == (37, None, None)


def _people(root: LakeRoot) -> list[tuple[str | None, ...]]:
    table = root.delta("silver/people").to_pyarrow_table().sort_by("id")
    return [(row["who"],) for row in table.to_pylist()]


def test_a_line_of_persons_that_cannot_be_split_is_not_shown(tmp_path: Path) -> None:
    lake = TestLake(tmp_path)
    lake.declare(SOURCES.replace("personal:", "#"))
    lake.file("in/1.csv", f'id,email,age\n1,{EMAIL},3\n2,{EMAIL},"4\n')
    lake.read("crm.contacts")
    (row,) = set_aside(lake.settings)
    assert row["row"] == {"line": HIDDEN}


def test_the_kit_seals_as_a_shop_does_and_can_forget(tmp_path: Path) -> None:
    lake = TestLake(tmp_path)
    lake.declare(SOURCES)
    stream = declared(lake.settings).stream("crm.contacts")
    assert stream is not None
    lake.file("in/1.csv", f"id,email,full_name\n1,{EMAIL},Ada\n2,{EMAIL},Ada\n")
    lake.read("crm.contacts")
    one, two = lake.rows("crm", stream)
    assert one["email"] == two["email"] != EMAIL
    lake.keys.erase(EMAIL)
    lake.file("in/2.csv", f"id,email,full_name\n1,{EMAIL},Ada L\n")
    lake.read("crm.contacts")
    assert {row["id"]: row["full_name"] for row in lake.rows("crm", stream)}[1] is None
