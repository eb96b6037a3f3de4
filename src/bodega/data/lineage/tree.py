"""Lineage as text: a column, and under it what it is made of or what is made of it."""

from collections.abc import Iterator

from bodega.data.lineage.graph import Catalogue, Step

_DEPTH = 40


def tree(catalogue: Catalogue, name: str, *, down: bool) -> list[str]:
    """Lines; a column shown before is not opened twice."""
    title = "goes into" if down else "comes from"
    return [f"{name} {title}", *_branches(catalogue, name, "", {name}, down=down, depth=0)]


def _branches(
    catalogue: Catalogue, name: str, indent: str, seen: set[str], *, down: bool, depth: int
) -> Iterator[str]:
    steps = catalogue.down(name) if down else catalogue.up(name)
    if not steps and not depth:
        yield f"{indent}└─ {catalogue.column(name).mark or 'nothing'}"
    for place, step in enumerate(steps):
        last = place == len(steps) - 1
        other = step.column if down else step.origin
        again = other in seen and bool(catalogue.down(other) if down else catalogue.up(other))
        said = f"{other}{_said(catalogue, step, other)}{' …' if again else ''}"
        yield f"{indent}{'└─' if last else '├─'} {said}"
        if other not in seen and depth < _DEPTH:
            seen.add(other)
            deeper = f"{indent}{'   ' if last else '│  '}"
            yield from _branches(catalogue, other, deeper, seen, down=down, depth=depth + 1)


def _said(catalogue: Catalogue, step: Step, other: str) -> str:
    column = catalogue.column(other)
    notes = [step.how] if step.how not in ("identity", "rows") else []
    notes += [column.kind] if column.kind != "public" else []
    notes += [column.mark] if column.mark else []
    return f"  ({', '.join(notes)})" if notes else ""
