"""Keep new schemas and write the page, in the checkout this runs in."""

from pathlib import Path

from bodega.ops.events.catalogue import event_kinds
from bodega.ops.events.kept import keep_new, read_kept
from bodega.ops.events.page import events_page

if __name__ == "__main__":
    kinds = event_kinds()
    for path in keep_new(kinds):
        print(f"kept {path.name}")  # noqa: T201 - a command
    Path("docs/events.md").write_text(events_page(kinds, read_kept()), encoding="utf-8")
