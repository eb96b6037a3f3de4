"""Every import contract holds, and breaks when somebody plants a violation of it.

All violations are planted at once, since each reading of the source takes seconds.
"""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
CONFIG = ROOT / "pyproject.toml"

# contract id → (file to append to, line that breaks it)
VIOLATIONS = {
    "flow": ("kernel/clock.py", "import bodega.backbone.settings"),
    "siblings": ("commerce/cart/service.py", "import bodega.commerce.orders.domain"),
    "shape": ("commerce/catalog/domain.py", "import bodega.commerce.catalog.repository"),
    "contracts-apart": ("contracts/cart.py", "import bodega.contracts.orders"),
    "compose-once": ("web/planted.py", "import bodega.commerce.catalog.module"),
    "off-the-lake": ("backbone/cache.py", "import polars"),
    "pure-domain": ("commerce/catalog/domain.py", "import sqlalchemy"),
    "sql-home": ("commerce/catalog/service.py", "import sqlalchemy"),
    "http-home": ("commerce/catalog/service.py", "import fastapi"),
    "light-shop": ("backbone/cache.py", "import duckdb"),
    "acyclic": ("backbone/settings/__init__.py", "import bodega.backbone.db"),
}
CYCLE = {"acyclic": ".settings -> .db"}  # a cycle is told by the siblings' names
NEWCOMER = ("newcomer/__init__.py", "import bodega.kernel.clock")


def lint(source: Path) -> subprocess.CompletedProcess[str]:
    script = "from importlinter.cli import lint_imports_command; lint_imports_command()"
    return subprocess.run(
        [sys.executable, "-c", script, "--no-cache", "--config", str(CONFIG)],
        cwd=source,
        env={**os.environ, "PYTHONPATH": str(source)},
        capture_output=True,
        text=True,
        check=False,
    )


def planted(folder: Path) -> Path:
    """The source with every violation at once."""
    ignored = shutil.ignore_patterns("__pycache__", "*.html", "*.css", "*.sql", "target")
    shutil.copytree(ROOT / "src" / "bodega", folder / "bodega", ignore=ignored)
    for file, line in [*VIOLATIONS.values(), NEWCOMER]:
        path = folder / "bodega" / file
        path.parent.mkdir(exist_ok=True)
        with path.open("a") as target:
            target.write(f"\n{line}\n")
    return folder


def names() -> dict[str, str]:
    """Contract id → name."""
    return dict(re.findall(r'^id = "([a-z-]+)"\nname = "(.+)"', CONFIG.read_text(), re.MULTILINE))


def importer(file: str) -> str:
    return "bodega." + file.removesuffix(".py").removesuffix("/__init__").replace("/", ".")


def test_every_contract_is_kept() -> None:
    result = lint(ROOT / "src")
    assert result.returncode == 0, result.stdout


def test_every_contract_has_a_planted_violation() -> None:
    assert set(names()) == set(VIOLATIONS)


def test_every_planted_violation_is_caught_by_its_contract(tmp_path: Path) -> None:
    result = lint(planted(tmp_path))
    assert result.returncode == 1, result.stdout
    broken = result.stdout.split("Broken contracts", 1)[1]
    parts = re.split(r"^(.+)\n-+$", broken, flags=re.MULTILINE)
    said = dict(zip(parts[1::2], parts[2::2], strict=True))
    for contract, (file, line) in VIOLATIONS.items():
        found = f"{importer(file)} -> {line.removeprefix('import ')}"
        assert CYCLE.get(contract, found) in said[names()[contract]], contract
    assert importer(NEWCOMER[0]) in said[names()["flow"]]
