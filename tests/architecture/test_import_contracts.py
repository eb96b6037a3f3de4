"""Every import contract holds, and breaks when somebody plants a violation of it."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

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
    "acyclic": ("backbone/settings.py", "import bodega.backbone.db"),
}
EXHAUSTIVE = ("newcomer/__init__.py", "import bodega.kernel.clock")


def lint(source: Path, *only: str) -> subprocess.CompletedProcess[str]:
    chosen = [option for contract in only for option in ("--contract", contract)]
    script = "from importlinter.cli import lint_imports_command; lint_imports_command()"
    return subprocess.run(
        [sys.executable, "-c", script, "--no-cache", "--config", str(CONFIG), *chosen],
        cwd=source,
        env={**os.environ, "PYTHONPATH": str(source)},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    ignored = shutil.ignore_patterns("__pycache__", "*.html", "*.css", "*.sql", "target")
    shutil.copytree(ROOT / "src" / "bodega", tmp_path / "bodega", ignore=ignored)
    return tmp_path


def plant(copy: Path, file: str, line: str) -> None:
    path = copy / "bodega" / file
    path.parent.mkdir(exist_ok=True)
    with path.open("a") as target:
        target.write(f"\n{line}\n")


def test_every_contract_is_kept() -> None:
    result = lint(ROOT / "src")
    assert result.returncode == 0, result.stdout


def test_every_contract_has_a_planted_violation() -> None:
    configured = set(re.findall(r'^id = "([a-z-]+)"', CONFIG.read_text(), re.MULTILINE))
    assert configured == set(VIOLATIONS)


@pytest.mark.parametrize("contract", VIOLATIONS)
def test_a_planted_violation_is_caught(contract: str, copy: Path) -> None:
    plant(copy, *VIOLATIONS[contract])
    result = lint(copy, contract)
    assert result.returncode == 1, result.stdout
    assert "BROKEN" in result.stdout


def test_a_package_outside_the_layers_is_caught(copy: Path) -> None:
    plant(copy, *EXHAUSTIVE)
    result = lint(copy, "flow")
    assert result.returncode == 1
    assert "newcomer" in result.stdout
