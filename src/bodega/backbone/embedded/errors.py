"""What can keep an embedded server from running, each with a sentence on what to do.

EmbeddedError
├── BinariesMissing     the server's programs are not installed here
├── PortInUse           somebody else listens there
├── DiskFull            no room for the server's files
├── FolderNotWritable   read-only file system, or missing permission
├── ForeignFolder       the files belong to another user
├── FolderBlocked       the unprivileged user cannot enter a parent folder
├── FolderInUse         another Bodega runs on these files
├── NewerData           the files were written by a newer server
├── OlderData           the files were written by an older, incompatible server
└── ServerFailed        anything else; quotes the server's own words
"""

from pathlib import Path

from bodega.kernel.errors import Unavailable


class EmbeddedError(Unavailable):
    code = "embedded_server"
    title = "An embedded server could not run"


class BinariesMissing(EmbeddedError):
    code = "embedded_binaries_missing"

    def __init__(self, *, server: str, where: str, setting: str) -> None:
        super().__init__(
            f"No {server} programs in {where}: run `make install` (or reinstall Bodega), "
            f"or set {setting} to a server of your own."
        )


class PortInUse(EmbeddedError):
    code = "port_in_use"

    def __init__(self, *, port: int, holder: str | None, setting: str) -> None:
        by = f" by {holder}" if holder else ""
        super().__init__(
            f"Port {port} is already in use{by}: stop that, or choose another port with {setting}.",
            port=port,
        )


class DiskFull(EmbeddedError):
    code = "disk_full"

    def __init__(self, folder: Path, *, needed_mb: int | None = None) -> None:
        needs = f" (at least {needed_mb} MB needed)" if needed_mb else ""
        super().__init__(
            f"The disk that holds {folder} is full{needs}: free some space and start again, "
            "or move the data with BODEGA_DATA_DIR."
        )


class FolderNotWritable(EmbeddedError):
    code = "folder_not_writable"

    def __init__(self, folder: Path, *, reason: str) -> None:
        super().__init__(
            f"Cannot write to {folder} ({reason}): make it writable, "
            "or choose another folder with BODEGA_DATA_DIR."
        )


class ForeignFolder(EmbeddedError):
    code = "foreign_folder"

    def __init__(self, folder: Path, *, owner: str, ourselves: str) -> None:
        super().__init__(
            f"{folder} belongs to user {owner}, and this runs as {ourselves}: start as {owner}, "
            "or choose another folder with BODEGA_DATA_DIR."
        )


class FolderBlocked(EmbeddedError):
    code = "folder_blocked"

    def __init__(self, folder: Path, *, parent: Path) -> None:
        super().__init__(
            f"Servers refuse to run as root, this host forbids user namespaces, and the user "
            f"'nobody' cannot enter {parent} to reach {folder}: start as an ordinary user, "
            "or choose a reachable folder with BODEGA_DATA_DIR, such as /var/lib/bodega."
        )


class FolderInUse(EmbeddedError):
    code = "folder_in_use"

    def __init__(self, folder: Path) -> None:
        super().__init__(
            f"Another Bodega already runs on {folder}: stop it with `bodega down`, "
            "or choose another folder with BODEGA_DATA_DIR."
        )


class NewerData(EmbeddedError):
    code = "newer_data"

    def __init__(self, folder: Path, *, found: str, ours: str) -> None:
        super().__init__(
            f"{folder} was written by {found}, newer than this installation ({ours}): "
            "upgrade Bodega, or choose another folder with BODEGA_DATA_DIR."
        )


class OlderData(EmbeddedError):
    code = "older_data"

    def __init__(self, folder: Path, *, found: str, ours: str) -> None:
        super().__init__(
            f"{folder} was written by {found} and {ours} cannot read it: point BODEGA_POSTGRES_BIN "
            "at the older programs and dump the data, or run pg_upgrade on that folder."
        )


class ServerFailed(EmbeddedError):
    code = "server_failed"

    def __init__(self, *, server: str, reason: str, log: Path) -> None:
        super().__init__(f"{server} did not start: {reason}. The whole story is in {log}.")
