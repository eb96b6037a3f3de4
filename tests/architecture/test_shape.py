"""What imports cannot say: sizes, one commit, docs and tests for every module, secrets kept in."""

import ast
import importlib
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from bodega.apps.modules import NAMES, modules
from bodega.kernel.events import Event

ROOT = Path(__file__).parents[2]
SOURCE = ROOT / "src" / "bodega"
MAX_FILE = 400
MAX_FUNCTION = 60
SHAPE = {
    "__init__.py", "module.py", "routes.py", "graphql.py", "schemas.py", "handlers.py", "jobs.py",
    "service.py", "repository.py", "adapters", "tables.py", "domain.py", "errors.py", "migrations",
}  # fmt: skip
PACKAGES = {"service", "repository", "routes", "domain", "tables", "schemas"}  # files that grew
REQUIRED = {"__init__.py", "module.py", "routes.py", "service.py", "errors.py"}
HEAVY = (
    "duckdb", "deltalake", "dbt", "dagster", "polars", "pyarrow", "pandas", "numpy", "scipy",
    "implicit", "sklearn", "lightgbm", "aiokafka", "fastavro",
)  # fmt: skip
RARE = ("fpdf", "fontTools", "PIL", "dbos")  # papers are drawn and jobs started now and then
SECRET_WORDS = ("password", "hash", "token", "secret", "card", "email", "name", "address", "ip")


def sources() -> list[Path]:
    return [path for path in SOURCE.rglob("*.py") if "migrations" not in path.parts]


@cache
def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text())


def functions(within: ast.AST) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    """Statements hold them, expressions never."""
    for node in ast.iter_child_nodes(within):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node
        if isinstance(node, ast.stmt | ast.ExceptHandler | ast.match_case):
            yield from functions(node)


def test_files_stay_short() -> None:
    long = [
        f"{path.relative_to(SOURCE)}: {lines}"
        for path in sources()
        if (lines := len(path.read_text().splitlines())) > MAX_FILE
    ]
    assert not long


def test_functions_stay_short() -> None:
    long = [
        f"{path.relative_to(SOURCE)}:{function.lineno} {function.name}"
        for path in sources()
        if len(path.read_text().splitlines()) > MAX_FUNCTION
        for function in functions(tree(path))
        if (function.end_lineno or 0) - function.lineno + 1 > MAX_FUNCTION
    ]
    assert not long


def test_every_file_says_why_it_exists() -> None:
    silent = [path for path in sources() if not path.read_text().startswith(('"""', 'r"""'))]
    assert not silent


def test_commit_stands_in_one_place() -> None:
    committing = {
        str(path.relative_to(SOURCE))
        for path in sources()
        if ".commit" in path.read_text()
        for node in ast.walk(tree(path))
        if isinstance(node, ast.Attribute) and node.attr == "commit"
    }
    assert committing == {"backbone/db/work.py"}


@pytest.mark.parametrize("name", NAMES)
def test_every_module_has_one_shape(name: str) -> None:
    folder = SOURCE / "commerce" / name
    found = {
        f"{path.name}.py" if path.name in PACKAGES else path.name
        for path in folder.iterdir()
        if path.name != "__pycache__"
    }
    assert found <= SHAPE
    assert found >= REQUIRED


@pytest.mark.parametrize("name", NAMES)
def test_every_module_has_contract_docs_and_tests(name: str) -> None:
    assert (SOURCE / "contracts" / f"{name}.py").is_file()
    assert (ROOT / "docs" / "modules" / f"{name}.md").is_file()
    assert list((ROOT / "tests" / "commerce" / name).glob("test_*.py"))


def test_an_event_is_named_by_the_module_that_tells_it() -> None:
    for path in sorted((SOURCE / "contracts").glob("*.py")):
        importlib.import_module(f"bodega.contracts.{path.stem}")
    ours = [kind for kind in Event.__subclasses__() if kind.__module__.startswith("bodega.")]
    told = {kind.type.split(".")[0] for kind in ours if "type" in vars(kind)}
    assert told <= set(NAMES)


def test_no_foreign_key_leaves_its_schema() -> None:
    leaving = [
        f"{table}.{key.parent.name} → {key.target_fullname}"
        for module in modules()
        if module.metadata is not None
        for table in module.metadata.tables.values()
        for key in table.foreign_keys
        if key.target_fullname.split(".")[0] != module.metadata.schema
    ]
    assert not leaving


def test_published_columns_exist_and_hold_no_secret() -> None:
    for module in modules():
        for table, columns in module.published.items():
            assert module.metadata is not None
            known = module.metadata.tables[f"{module.metadata.schema}.{table}"].columns
            assert set(columns) <= set(known.keys()), f"{module.name}.{table}"
            public = [name for name, kind in columns.items() if kind == "public"]
            leaking = [
                name for name in public if any(word in name.split("_") for word in SECRET_WORDS)
            ]
            assert not leaking, f"{module.name}.{table} publishes {leaking}"


def test_published_tables_carry_their_primary_key() -> None:
    for module in modules():
        for table, columns in module.published.items():
            assert module.metadata is not None
            known = module.metadata.tables[f"{module.metadata.schema}.{table}"]
            assert {column.name for column in known.primary_key} <= set(columns)


def test_the_shop_starts_without_what_few_requests_need() -> None:
    """One process loads them one after the other: what is not there in the end, none has loaded."""
    script = f"""
import sys
def told(*names): print(*[name for name in names if name in sys.modules])
import bodega.apps.api, bodega.backbone.jobs
told(*{HEAVY + RARE!r})
import bodega.apps.worker, bodega.apps.relay
told(*{HEAVY!r})
"""
    result = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert result.stdout.splitlines() == ["", ""]
