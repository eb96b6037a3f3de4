"""The reference of errors, made from the code: `python -m bodega.apps.error_reference`."""

import importlib
import re
from collections.abc import Iterator
from pathlib import Path

import bodega
from bodega.kernel.errors import BodegaError

SOURCE = Path(bodega.__file__).parent
_DEFINES = re.compile(r'^    code(: ClassVar\[str\])? = "', re.MULTILINE)
_HEAD = """# Errors

Every refusal is a problem document (RFC 9457) with a stable `code`, and on the command line the
same sentence. What a module's errors mean in its own terms stands on its page under `docs/modules`.
Programs should look at `code`; sentences are for people and may be worded better.

"""


def error_kinds() -> list[type[BodegaError]]:
    """Every error with a code of its own, in the order of places and codes."""
    for path in SOURCE.rglob("*.py"):
        if _DEFINES.search(path.read_text()):
            name = ".".join(path.relative_to(SOURCE.parent).with_suffix("").parts)
            importlib.import_module(name.removesuffix(".__init__"))
    kinds = [kind for kind in set(_below(BodegaError)) if "code" in vars(kind)]
    ours = [kind for kind in kinds if kind.__module__.startswith("bodega.")]
    return sorted(ours, key=lambda kind: (place(kind), kind.code))


def _below(kind: type[BodegaError]) -> Iterator[type[BodegaError]]:
    for child in kind.__subclasses__():
        yield child
        yield from _below(child)


def place(kind: type[BodegaError]) -> str:
    """The module or area an error belongs to: `orders`, `data`, `backbone`."""
    parts = kind.__module__.split(".")
    return parts[2] if parts[1] == "commerce" else parts[1]


def error_reference() -> str:
    """Markdown: a table an area, a row an error."""
    kinds = error_kinds()
    page = _HEAD
    for area in dict.fromkeys(map(place, kinds)):
        page += f"## {area}\n| code | status | what it says |\n|---|---|---|\n"
        page += "".join(
            f"| `{kind.code}` | {kind.status} | {kind.title.replace('|', '/')} |\n"
            for kind in kinds
            if place(kind) == area
        )
        page += "\n"
    return page.rstrip() + "\n"


def main() -> None:
    """Write `docs/errors.md` of the checkout this runs in."""
    Path("docs/errors.md").write_text(error_reference())


if __name__ == "__main__":
    main()
