"""A shop of small programs under the real supervisor, run as a process of its own by the tests.

    python small_shop.py [stubborn|failing|broken|slow]

Speaks in reports on standard output, as `bodega up --detach` does to its parent.
"""

import sys

from bodega.apps.supervise.processes import Cast, Role
from bodega.apps.supervise.report import Report, to_pipe
from bodega.apps.supervisor import Supervisor
from bodega.backbone.settings import load_settings
from bodega.kernel.errors import BodegaError

WEB = """
import http.server, os, sys
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.send_header('Content-Length', '2')
        self.end_headers()
        self.wfile.write(b'ok')
    def log_message(self, *args): pass
port = int(os.environ['BODEGA_' + sys.argv[1]])
print('{"event": "listening", "level": "info", "port": %d}' % port, flush=True)
http.server.ThreadingHTTPServer(('127.0.0.1', port), Handler).serve_forever()
"""
WORK = "import time; time.sleep(600)"
BUILD = """
import os, pathlib, time
folder = pathlib.Path(os.environ['BODEGA_DATA_DIR'])
for name, content in (
    ('lake/published/current.json', '{"tables": {"fct_order_lines": {"rows": 7}}}'),
    ('models/first/1/card.json', '{}'),
):
    time.sleep(0.5)
    (folder / name).parent.mkdir(parents=True, exist_ok=True)
    (folder / name).write_text(content)
time.sleep(600)
"""
DEAF = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); time.sleep(600)"
CRASH = "raise SystemExit('no bread today')"
PREPARE = """
import os, psycopg
from bodega.apps.supervise.report import step, to_pipe
import sys
with step('Database schema', to_pipe(sys.stdout)) as current:
    with psycopg.connect(os.environ['BODEGA_DATABASE_URL']) as connection:
        connection.execute('CREATE TABLE IF NOT EXISTS visits (id int)')
        connection.execute('INSERT INTO visits VALUES (1)')
        current.detail = str(connection.execute('SELECT count(*) FROM visits').fetchone()[0])
"""


def role(name: str, code: str, *arguments: str, faces_people: bool = False) -> Role:
    return Role(name, (sys.executable, "-c", code, *arguments), faces_people)


def cast(manner: str) -> Cast:
    prepare = {"failing": CRASH, "slow": WORK}.get(manner, PREPARE)
    worker = {"stubborn": DEAF, "broken": CRASH}.get(manner, WORK)
    return Cast(
        prepare=(sys.executable, "-c", prepare),
        shop=(
            role("worker", worker),
            role("api", WEB, "PORT", faces_people=True),
        ),
        back=(role("serving", WEB, "SERVING_PORT"), role("pipelines", BUILD)),
    )


def main() -> int:
    settings = load_settings()
    report = to_pipe(sys.stdout)
    try:
        return Supervisor(settings, cast(sys.argv[1]), report=report, echo=None).run()
    except BodegaError as error:
        report(Report("error", text=error.detail))
        return 1


if __name__ == "__main__":
    sys.exit(main())
