"""The project says the same in the words of other engines: every model parses there."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import sqlglot
from dbt.context.providers import BaseDatabaseWrapper

from bodega.data.pipelines.dbt import Project
from bodega.data.pipelines.warehouse import Warehouse

ENGINES = {"spark": "spark", "athena": "athena"}
Compiled = dict[str, str]
DUCKDBS_OWN = (
    "list_append(", "unnest(generate_series", "qualify ", "struct_pack", "json_transform",
    "arg_max(", "strftime(", "epoch_us(", "isodow(", "regexp_full_match", "::",
)  # fmt: skip


@pytest.fixture
def compiled(
    lake: Path, manifest: Any, monkeypatch: pytest.MonkeyPatch
) -> Callable[[str], Compiled]:
    """Models in the words of an engine: our macros are dispatched as its adapter would, which is
    not needed for that."""

    def compile_for(engine: str) -> Compiled:
        dispatch = BaseDatabaseWrapper.dispatch

        def ours(self: Any, name: str, macro_namespace: str | None = None, **rest: Any) -> Any:
            if macro_namespace == "bodega":  # its own, since models are compiled in threads
                self._get_adapter_macro_prefixes = lambda: [engine, "default"]
            try:
                return dispatch(self, name, macro_namespace, **rest)
            finally:
                vars(self).pop("_get_adapter_macro_prefixes", None)

        monkeypatch.setattr(BaseDatabaseWrapper, "dispatch", ours)
        plan = Project(Warehouse(lake), manifest).compile()
        return {node.name: node.sql for node in plan.nodes if node.kind == "model"}

    return compile_for


@pytest.mark.parametrize("engine", ["spark", pytest.param("athena", marks=pytest.mark.soak)])
def test_every_model_parses_in_the_words_of(
    engine: str, compiled: Callable[[str], Compiled]
) -> None:
    models = compiled(engine)
    assert len(models) > 80
    for name, sql in models.items():
        parsed = sqlglot.parse(sql, dialect=ENGINES[engine])
        assert len(parsed) == 1, name
        foreign = [word for word in DUCKDBS_OWN if word in sql.lower()]
        assert foreign == [], name
