"""What can go wrong with lineage and catalogue.

CatalogueMissing     nothing is known yet: no build was published since the models changed
ColumnUnknown        the catalogue has no such table or column
SqlUntraceable       a statement cannot be followed to its columns
"""

from difflib import get_close_matches

from bodega.kernel.errors import Invalid, NotFound


class CatalogueMissing(NotFound):
    code = "lake_catalogue_missing"
    title = (
        "The lake's catalogue is not made yet: run `bodega lake build`, or wait for the pipelines"
    )


class ColumnUnknown(NotFound):
    code = "lake_column_unknown"
    title = "The lake has no such table or column"

    def __init__(self, name: str, known: list[str]) -> None:
        near = get_close_matches(name, known, n=3, cutoff=0.5)
        hint = f"did you mean {', '.join(near)}?" if near else "see `bodega lake catalogue`."
        super().__init__(f"The lake has no table or column {name}: {hint}")


class SqlUntraceable(Invalid):
    code = "lineage_untraceable"
    title = "The SQL cannot be followed to its columns"

    def __init__(self, what: str, reason: object) -> None:
        super().__init__(f"{what} cannot be followed to its columns: {reason}")
