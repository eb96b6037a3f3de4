"""The embedded PostgreSQL's configuration, written anew at each start."""

from bodega.backbone.embedded.ports import LOOPBACK

_IO_WORKERS_SINCE = 18


def server_config(
    *, port: int, major: int, max_connections: int, slot_max_wal_mb: int, durable: bool
) -> str:
    """postgresql.conf; a file `custom.conf` beside it has the last word."""
    settings: dict[str, object] = {
        "listen_addresses": LOOPBACK,
        "port": port,
        "unix_socket_directories": "",
        "password_encryption": "scram-sha-256",
        "max_connections": max_connections,
        "shared_buffers": "128MB",
        "work_mem": "8MB",
        "maintenance_work_mem": "64MB",
        "effective_cache_size": "1GB",
        "random_page_cost": 1.1,
        # A plan is charged by it, too: statements about a few rows are planned once, not each time.
        "cpu_operator_cost": 0.0075,
        "jit": False,
        "max_worker_processes": 6,
        "max_parallel_workers": 2,
        "max_parallel_workers_per_gather": 1,
        "autovacuum_max_workers": 2,
        "wal_level": "logical",
        "max_wal_senders": 10,
        "max_replication_slots": 10,
        "max_slot_wal_keep_size": f"{slot_max_wal_mb}MB",
        "wal_sender_timeout": "30s",
        "max_wal_size": "1GB",
        "checkpoint_timeout": "10min",
        "timezone": "UTC",
        "log_timezone": "UTC",
        "log_destination": "stderr",
        "log_line_prefix": "%m [%p] ",
        "log_checkpoints": False,
        "datestyle": "iso, ymd",
    }
    if major >= _IO_WORKERS_SINCE:
        settings["io_workers"] = 2
    if not durable:
        settings |= {
            "fsync": False,
            "full_page_writes": False,
            "synchronous_commit": False,
            "autovacuum": False,
        }
    lines = [f"{name} = {_value(value)}" for name, value in settings.items()]
    return "\n".join([*lines, "include_if_exists = 'custom.conf'", ""])


def hba() -> str:
    """pg_hba.conf: passwords on loopback, nothing else."""
    return f"host all,replication all {LOOPBACK}/32 scram-sha-256\n"


def _value(value: object) -> str:
    if isinstance(value, bool):
        return "on" if value else "off"
    return f"'{value}'"
