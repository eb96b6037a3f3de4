"""How much misspelling is forgiven, and what the index finds."""

from pathlib import Path
from uuid import UUID, uuid4

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bodega.commerce.search.adapters.index import IndexReader, IndexWriter
from bodega.commerce.search.domain import Entry, typos_allowed

TITLES = [
    "Red Mug",
    "Blue mug for café au lait",
    "WHITE HANGING HEART T-LIGHT HOLDER",
    "Garden chair",
]


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root: Path = tmp_path_factory.mktemp("index") / "search"
    IndexWriter(root).rebuild(entry(title, sku=f"SKU-{n}") for n, title in enumerate(TITLES))
    return root


IDS: dict[UUID, str] = {}


def entry(title: str, sku: str = "") -> Entry:
    product_id = uuid4()
    IDS[product_id] = title
    return Entry(product_id, title, "Home", "A fine thing", sku)


def found(root: Path, query: str) -> list[str]:
    return [IDS[product_id] for product_id, _ in IndexReader(root).find(query, 10)]


@pytest.mark.parametrize(
    ("word", "typos"), [("tea", 0), ("tray", 1), ("hanging", 1), ("christmas", 2)]
)
def test_longer_words_forgive_more(word: str, typos: int) -> None:
    assert typos_allowed(word) == typos


@pytest.mark.parametrize(
    ("query", "first"),
    [
        ("red mug", "Red Mug"),
        ("RED MUG", "Red Mug"),
        ("cafe", "Blue mug for café au lait"),
        ("hanign heart", "WHITE HANGING HEART T-LIGHT HOLDER"),
        ("t-light", "WHITE HANGING HEART T-LIGHT HOLDER"),
        ("gard", "Garden chair"),
        ("red zzzzzz", "Red Mug"),
        ("SKU-3", "Garden chair"),
    ],
)
def test_the_best_match_comes_first(root: Path, query: str, first: str) -> None:
    assert found(root, query)[0] == first


def test_the_shorter_title_ranks_before_the_longer(root: Path) -> None:
    assert found(root, "mug") == ["Red Mug", "Blue mug for café au lait"]


@pytest.mark.parametrize("query", ["", "   ", "\x00", "zzzzzz", "(((", '"'])
def test_what_matches_nothing_finds_nothing(root: Path, query: str) -> None:
    assert found(root, query) == []


@settings(max_examples=60, deadline=None)
@given(query=st.text(st.characters(), max_size=300))
def test_any_text_is_a_valid_query(root: Path, query: str) -> None:
    assert len(found(root, query)) <= len(TITLES)


@pytest.mark.parametrize(
    "query", ["title:red AND NOT (", "mug~99999", "red^1e308", "[a TO z]", "*", "/.*/", "-mug"]
)
def test_query_languages_are_plain_words(root: Path, query: str) -> None:
    assert set(found(root, query)) <= set(TITLES)


def test_without_an_index_nothing_is_found(tmp_path: Path) -> None:
    assert IndexWriter(tmp_path / "search").missing
    assert found(tmp_path / "search", "mug") == []


def test_an_open_reader_follows_updates_and_rebuilds(tmp_path: Path) -> None:
    root = tmp_path / "search"
    writer, reader = IndexWriter(root), IndexReader(root)
    first = entry("Old lamp")
    writer.rebuild([first])
    assert [item for item, _ in reader.find("lamp", 5)] == [first.product_id]
    writer.update([first.product_id], [first._replace(title="New torch")])
    assert reader.find("lamp", 5) == []
    assert [item for item, _ in reader.find("torch", 5)] == [first.product_id]
    other = entry("Candle")
    writer.rebuild([other])
    assert reader.find("torch", 5) == []
    assert [item for item, _ in reader.find("candle", 5)] == [other.product_id]
    assert [path.name for path in root.iterdir() if path.is_dir()] == [
        (root / "current").read_text()
    ]


def test_a_lost_folder_counts_as_missing(tmp_path: Path) -> None:
    root = tmp_path / "search"
    writer = IndexWriter(root)
    writer.rebuild([entry("Lamp")])
    assert not writer.missing
    (root / (root / "current").read_text() / "meta.json").unlink()
    assert writer.missing
