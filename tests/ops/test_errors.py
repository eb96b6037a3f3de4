"""Every error is documented, and every documented error is provoked by a test."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from bodega.apps.error_reference import error_kinds, error_reference
from bodega.kernel.errors import BodegaError

ROOT = Path(__file__).parents[2]
# A row of an answers' table: its second cell names codes of errors.
ANSWER = re.compile(r"^\| ([45]\d\d)\b([^|]*)\|", re.MULTILINE)
CODE = re.compile(r"`([a-z][a-z0-9_]+)`")
# Parents of errors, raised by nobody themselves.
PARENTS = {kind for kind in error_kinds() if kind.__subclasses__()}

# Said between our own parts, to nobody else; tests see what follows from them.
SIGNALS = {"change_feed_interrupted", "payment_awaited", "publication_drift", "sign_in_needed"}
# May only shrink.
UNPROVEN: set[str] = set()


@pytest.fixture(scope="module")
def said_in_tests() -> set[str]:
    """Every name and every word of every text in the tests."""
    return {word for path in (ROOT / "tests").rglob("test_*.py") for word in _words(path)}


def _words(path: Path) -> Iterator[str]:
    if path == Path(__file__):
        return
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Name):
            yield node.id
        elif isinstance(node, ast.Attribute):
            yield node.attr
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value


def test_the_page_of_errors_is_what_the_code_says() -> None:
    page = (ROOT / "docs" / "errors.md").read_text()
    assert page == error_reference(), "run `python -m bodega.apps.error_reference`"


def test_a_code_means_the_same_status_wherever_it_is_said() -> None:
    said: dict[str, set[int]] = {}
    for kind in error_kinds():
        said.setdefault(kind.code, set()).add(kind.status)
    assert not {code: found for code, found in said.items() if len(found) > 1}


@pytest.mark.parametrize("path", sorted((ROOT / "docs/modules").glob("*.md")), ids=lambda p: p.stem)
def test_the_codes_a_module_promises_exist(path: Path) -> None:
    known = {kind.code for kind in error_kinds()}
    promised = {code for row in ANSWER.findall(path.read_text()) for code in CODE.findall(row[1])}
    assert promised <= known


def test_every_error_is_provoked_by_a_test(said_in_tests: set[str]) -> None:
    unproven = {
        kind.code
        for kind in error_kinds()
        if kind not in PARENTS and not {kind.code, kind.__name__} & said_in_tests
    }
    assert unproven == SIGNALS | UNPROVEN


def test_every_error_says_what_it_is() -> None:
    inherited = [kind.code for kind in error_kinds() if kind.title == BodegaError.title]
    assert not inherited
