"""Versions on disk."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from bodega.ml.registry.cards import Metrics, ModelCard
from bodega.ml.registry.store import Registry

AT = datetime(2026, 1, 1, tzinfo=UTC)
NONE = Metrics(k=10, queries=0, recall=0, ndcg=0)


def card(version: str) -> ModelCard:
    return ModelCard(
        name="m",
        version=version,
        trained_at=AT,
        as_of=AT,
        data={"t": 1},
        code_version="1",
        candidate="c",
        params={},
        validation={},
        metrics=NONE,
        baseline=NONE,
        rows=1,
        products=1,
        promoted=False,
        verdict="",
    )


def write(folder: Path) -> None:
    (folder / "artifact").write_text("model")


def test_a_promoted_version_is_found_and_a_withdrawn_one_is_not(tmp_path: Path) -> None:
    registry = Registry(tmp_path, "m")
    assert registry.current() is None
    folder = registry.add(card("1"), write)
    before = registry.stamp()
    registry.promote("1")
    assert registry.current() == folder
    assert registry.stamp() != before
    registry.withdraw()
    assert registry.current() is None
    assert registry.cards() == [card("1")]


def test_a_version_whose_artifact_fails_does_not_exist(tmp_path: Path) -> None:
    registry = Registry(tmp_path, "m")

    def fail(_: Path) -> None:
        raise OSError(28, "No space left on device")

    with pytest.raises(OSError, match="No space"):
        registry.add(card("1"), fail)
    assert registry.cards() == []


def test_old_versions_go_but_the_one_that_answers_stays(tmp_path: Path) -> None:
    registry = Registry(tmp_path, "m")
    for number in range(5):
        registry.add(card(str(number)), write)
    registry.promote("0")
    registry.prune(keep=2)
    assert [item.version for item in registry.cards()] == ["4", "3", "0"]
