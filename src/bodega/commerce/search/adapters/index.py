"""The Tantivy index on disk: one writer (a worker's job), any number of reading processes.

`current` names the folder of the index in force, so a rebuild never shows half a catalogue: it
fills a folder of its own and then replaces that one file.
"""

import shutil
import threading
import uuid
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import Any
from uuid import UUID

import tantivy
from tantivy import Filter, Occur, Query, SchemaBuilder, TextAnalyzerBuilder, Tokenizer

from bodega.commerce.search.domain import MAX_QUERY, MAX_WORDS, Entry, typos_allowed

_WORDS = "bodega_words"
_FIELDS = {"title": 3.0, "skus": 3.0, "category": 1.5, "description": 1.0}
_HEAP = 32_000_000


@cache
def _analyzer() -> Any:
    """Words in lower case, without accents; singular and plural are told apart by typo tolerance
    and prefixes, so that no language has to be guessed."""
    builder = TextAnalyzerBuilder(Tokenizer.simple())
    for step in (Filter.remove_long(60), Filter.lowercase(), Filter.ascii_fold()):
        builder = builder.filter(step)
    return builder.build()


def _words(query: str) -> list[str]:
    valid = query[:MAX_QUERY].encode("utf-8", "ignore").decode()
    words: list[str] = _analyzer().analyze(valid)
    return words[:MAX_WORDS]


def _schema() -> Any:
    builder = SchemaBuilder().add_text_field("id", stored=True, tokenizer_name="raw")
    for name in _FIELDS:
        builder = builder.add_text_field(name, tokenizer_name=_WORDS)
    return builder.build()


def _open(folder: Path) -> Any:
    index = tantivy.Index.open(str(folder))
    index.register_tokenizer(_WORDS, _analyzer())
    return index


class Folder:
    """Where the index lives: `<data dir>/search`."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._pointer = root / "current"

    def current(self) -> Path | None:
        """The folder of the index in force, or None before the first build."""
        try:
            name = self._pointer.read_text().strip()
        except FileNotFoundError:
            return None
        folder = self._root / name
        return folder if (folder / "meta.json").exists() else None

    def fresh(self) -> Path:
        folder = self._root / uuid.uuid4().hex
        folder.mkdir(parents=True)
        return folder

    def put_in_force(self, folder: Path) -> None:
        """Readers follow at their next query; what was before goes."""
        draft = self._root / "current.draft"
        draft.write_text(folder.name)
        draft.replace(self._pointer)
        for other in self._root.iterdir():
            if other.is_dir() and other != folder:
                shutil.rmtree(other, ignore_errors=True)


class IndexWriter:
    """Changes the index; only one process may at a time."""

    def __init__(self, root: Path) -> None:
        self._folder = Folder(root)

    @property
    def missing(self) -> bool:
        return self._folder.current() is None

    def rebuild(self, entries: Iterable[Entry]) -> None:
        """A new index of `entries` alone, in force at once."""
        folder = self._folder.fresh()
        index = tantivy.Index(_schema(), path=str(folder))
        index.register_tokenizer(_WORDS, _analyzer())
        _write(index, [], entries)
        self._folder.put_in_force(folder)

    def update(self, product_ids: Iterable[UUID], entries: Iterable[Entry]) -> None:
        """Forget `product_ids`, then learn `entries`. The index must exist."""
        folder = self._folder.current()
        assert folder is not None
        _write(_open(folder), product_ids, entries)


def _write(index: Any, forget: Iterable[UUID], learn: Iterable[Entry]) -> None:
    documents = [_document(entry) for entry in learn]
    with index.writer(heap_size=_HEAP, num_threads=1) as writer:  # durable when the block ends
        for product_id in forget:
            writer.delete_documents_by_term("id", str(product_id))
        for document in documents:
            writer.add_document(document)


def _document(entry: Entry) -> Any:
    return tantivy.Document(
        id=str(entry.product_id),
        title=entry.title,
        category=entry.category,
        description=entry.description,
        skus=entry.skus,
    )


class IndexReader:
    """Answers queries from the index in force; safe to call from several threads."""

    def __init__(self, root: Path) -> None:
        self._folder = Folder(root)
        self._lock = threading.Lock()
        self._index: Any = None
        self._seen: tuple[Path, int] | None = None

    def find(self, query: str, limit: int) -> list[tuple[UUID, float]]:
        """Best first. Nothing while there is no index."""
        words = _words(query)
        index = self._up_to_date()
        if index is None or not words:
            return []
        searcher = index.searcher()
        for occur in (Occur.Must, Occur.Should):  # all the words; failing that, any
            asked = Query.boolean_query([(occur, _word(index.schema, word)) for word in words])
            hits = searcher.search(asked, limit).hits
            if hits:
                return [(UUID(searcher.doc(at)["id"][0]), score) for score, at in hits]
        return []

    def _up_to_date(self) -> Any:
        with self._lock:
            folder = self._folder.current()
            if folder is None:
                return None
            seen = (folder, (folder / "meta.json").stat().st_mtime_ns)
            if self._seen is None or self._seen[0] != folder:
                self._index = _open(folder)
            elif self._seen != seen:
                self._index.reload()
            self._seen = seen
            return self._index


def _word(schema: Any, word: str) -> Any:
    """Exact beats beginning beats misspelt, in every field by its weight."""
    ways: list[tuple[Any, Any]] = []
    typos = typos_allowed(word)
    for field, weight in _FIELDS.items():
        exact = Query.term_query(schema, field, word)
        begins = Query.fuzzy_term_query(schema, field, word, distance=0, prefix=True)
        ways.append((Occur.Should, Query.boost_query(exact, weight)))
        ways.append((Occur.Should, Query.boost_query(Query.const_score_query(begins, 0.5), weight)))
        if typos:
            misspelt = Query.fuzzy_term_query(schema, field, word, distance=typos)
            faint = Query.const_score_query(misspelt, 0.2)
            ways.append((Occur.Should, Query.boost_query(faint, weight)))
    return Query.boolean_query(ways)
