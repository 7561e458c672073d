"""What the end-to-end tests share: a gateway, an origin, a Postgres, each in a folder of its own."""
import contextlib
import http.client
import http.server
import json
import os
import pathlib
import shutil
import signal
import socket
import ssl
import subprocess
import tempfile
import threading
import time
import unittest
import urllib.parse

from ports import free_ports

ROOT = pathlib.Path(__file__).resolve().parents[2]
BINARY = pathlib.Path(os.environ.get("TOLLGATE", ROOT / "build/release/tollgate")).resolve()
PATIENCE = 30.0  # seconds until a condition that does not come about fails the test


def wait_until(condition, what, patience=PATIENCE):
    """Polls `condition` until it is true; returns its value."""
    until = time.monotonic() + patience
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > until:
            raise AssertionError(f"waited {patience:.0f} s in vain for {what}")
        time.sleep(0.01)


class Answer:
    def __init__(self, response):
        self.status = response.status
        self.headers = response.headers
        self.body = response.read()

    @property
    def json(self):
        return json.loads(self.body)


def request(port, method, path, body=None, headers=None, tls=False, timeout=15):
    """One request on a connection of its own. A dict as body is sent as JSON, a str as a form."""
    headers = dict(headers or {})
    if isinstance(body, dict):
        body = json.dumps(body)
        headers.setdefault("Content-Type", "application/json")
    elif isinstance(body, str):
        headers.setdefault("Content-Type", "application/x-www-form-urlencoded")
    if tls:
        context = ssl.create_default_context()
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        connection = http.client.HTTPSConnection("127.0.0.1", port, timeout=timeout, context=context)
    else:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=timeout)
    try:
        connection.request(method, path, body=body, headers=headers)
        return Answer(connection.getresponse())
    finally:
        connection.close()


class Origin:
    """An HTTP server that answers what it was asked, and counts."""

    def __init__(self):
        origin = self
        self.requests = 0
        self.hold = None  # an Event: answers wait for it

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def answer(self):
                length = int(self.headers.get("Content-Length") or 0)
                body = self.rfile.read(length)
                origin.requests += 1
                if origin.hold is not None:
                    origin.hold.wait(PATIENCE)
                seen = {
                    "method": self.command,
                    "path": self.path,
                    "headers": {k.lower(): v for k, v in self.headers.items()},
                    "body": body.decode("latin-1"),
                }
                out = json.dumps(seen).encode()
                self.send_response(200)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(out)))
                self.end_headers()
                if self.command != "HEAD":
                    self.wfile.write(out)

            do_GET = do_POST = do_PUT = do_DELETE = do_HEAD = do_PATCH = answer

            def log_message(self, *args):
                pass

        class Server(http.server.ThreadingHTTPServer):
            daemon_threads = True
            request_queue_size = 512

            def handle_error(self, request, client_address):
                pass  # clients that go away in the middle are part of the tests

        self.server = Server(("127.0.0.1", 0), Handler)
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()


class Gateway:
    """`tollgate run` with its own prefix and ports. start() may be called again after stop()."""

    def __init__(self, prefix, workers=2, **settings):
        self.prefix = str(prefix)
        self.admin_port, self.proxy_port, self.tls_port, self.status_port = free_ports(4)
        self.settings = {
            "PREFIX": self.prefix,
            "PROXY_LISTEN": f"127.0.0.1:{self.proxy_port}, 127.0.0.1:{self.tls_port} ssl http2",
            "ADMIN_LISTEN": f"127.0.0.1:{self.admin_port}",
            "STATUS_LISTEN": f"127.0.0.1:{self.status_port}",
            "NGINX_WORKER_PROCESSES": str(workers),
            "PROXY_ACCESS_LOG": "off",
        }
        self.settings.update({k.upper(): v for k, v in settings.items()})
        self.process = None
        self.log = tempfile.TemporaryFile()

    def environment(self):
        env = {k: v for k, v in os.environ.items() if not k.startswith(("KONG_", "TOLLGATE_"))}
        env.update({f"KONG_{k}": v for k, v in self.settings.items()})
        return env

    def command(self, *arguments, **options):
        """Runs another command of the binary with the same settings."""
        return subprocess.run([BINARY, *arguments], env=self.environment(), capture_output=True,
                              text=True, timeout=60, check=False, **options)

    def spawn(self, *arguments):
        self.process = subprocess.Popen([BINARY, "run", *arguments], env=self.environment(),
                                        stdout=self.log, stderr=self.log)
        return self

    def start(self, *arguments):
        self.spawn(*arguments)
        wait_until(self.answers, lambda: "the gateway to answer:\n" + self.output())
        return self

    def answers(self):
        if self.process.poll() is not None:
            raise AssertionError("the gateway ended by itself:\n" + self.output())
        try:
            return self.admin("GET", "/status").status == 200
        except OSError:
            return False

    def output(self):
        # The gateway writes where this file's offset stands: to read must not move it.
        file = self.log.fileno()
        return os.pread(file, os.fstat(file).st_size, 0).decode(errors="replace")

    def admin(self, method, path, body=None, headers=None, expect=None):
        answer = request(self.admin_port, method, path, body, headers)
        if expect is not None and answer.status != expect:
            raise AssertionError(f"{method} {path}: {answer.status} {answer.body!r}")
        return answer

    def proxy(self, method, path, body=None, headers=None, tls=False):
        try:
            return request(self.tls_port if tls else self.proxy_port, method, path, body, headers, tls)
        except ConnectionRefusedError as error:
            raise ConnectionRefusedError(f"{error}; {self.state()}") from None

    def state(self):
        """What to know of a gateway that does not do as it should."""
        code = self.process.poll() if self.process else None
        return f"exit code {code}, ports {self.settings['PROXY_LISTEN']}, log:\n{self.output()}"

    def send_signal(self, number):
        self.process.send_signal(number)

    def forget_copy(self):
        """The next start reads everything from the database, also what no revision tells of."""
        for path in pathlib.Path(self.prefix).glob("last-good.db*"):
            path.unlink()

    def stop(self, number=signal.SIGTERM):
        """Ends it; returns the exit code."""
        if self.process is None:
            return None
        if self.process.poll() is None:
            self.process.send_signal(number)
            try:
                self.process.wait(PATIENCE)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
                raise AssertionError("the gateway does not end:\n" + self.output()) from None
        code = self.process.returncode
        self.process = None
        return code


class Traffic:
    """Clients that ask without pause; counts what was not answered with 200."""

    def __init__(self, gateway, path="/posts", clients=4):
        self.good, self.bad = 0, []
        self.stopping = threading.Event()
        self.gateway, self.path = gateway, path
        self.threads = [threading.Thread(target=self.run) for _ in range(clients)]
        for thread in self.threads:
            thread.start()

    def run(self):
        while not self.stopping.is_set():
            try:
                status = self.gateway.proxy("GET", self.path).status
            except OSError as error:
                status = repr(error)
            if status == 200:
                self.good += 1
            else:
                self.bad.append(status)

    def stop(self):
        self.stopping.set()
        for thread in self.threads:
            thread.join()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()


def postgres_folder():
    found = sorted(pathlib.Path("/usr/lib/postgresql").glob("*/bin/postgres"))
    return found[-1].parent if found else None


class Postgres:
    """A server of its own in `folder`, as a user without privileges; SCRAM for everyone."""

    PASSWORD = "sekret-of-the-test"

    def __init__(self, folder):
        self.folder = pathlib.Path(folder)
        self.bin = postgres_folder()
        (self.port,) = free_ports(1)
        self.process = None
        self.as_user = []
        if os.geteuid() == 0:
            self.as_user = ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups"]
            shutil.chown(self.folder, "postgres", "postgres")
        password = self.folder / "password"
        password.write_text(self.PASSWORD)
        password.chmod(0o644)
        self.run(self.bin / "initdb", "-D", self.folder / "data", "-U", "kong", "-A", "scram-sha-256",
                 f"--pwfile={password}", "--no-sync", "-E", "UTF8")

    def run(self, *command):
        subprocess.run([*self.as_user, *map(str, command)], check=True, stdout=subprocess.DEVNULL,
                       stderr=subprocess.DEVNULL, cwd="/")

    def start(self):
        self.launch()
        wait_until(self.answers, "Postgres to answer")
        return self

    def launch(self):
        self.process = subprocess.Popen(
            [*self.as_user, str(self.bin / "postgres"), "-D", str(self.folder / "data"),
             "-p", str(self.port), "-c", "listen_addresses=127.0.0.1", "-c", "fsync=off",
             "-c", f"unix_socket_directories={self.folder}"],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd="/")

    def answers(self):
        done = subprocess.run([self.bin / "pg_isready", "-h", "127.0.0.1", "-p", str(self.port)],
                              stdout=subprocess.DEVNULL, check=False)
        return done.returncode == 0

    def query(self, sql):
        env = {**os.environ, "PGPASSWORD": self.PASSWORD}
        done = subprocess.run([self.bin / "psql", "-h", "127.0.0.1", "-p", str(self.port), "-U", "kong",
                               "-d", "postgres", "-Atc", sql], env=env, capture_output=True, text=True,
                              check=True)
        return done.stdout.strip()

    @contextlib.contextmanager
    def locked(self, table):
        """Nobody else can read or write the table meanwhile."""
        env = {**os.environ, "PGPASSWORD": self.PASSWORD}
        with subprocess.Popen([self.bin / "psql", "-h", "127.0.0.1", "-p", str(self.port), "-U", "kong",
                               "-d", "postgres", "-Atq"], env=env, stdin=subprocess.PIPE,
                              stdout=subprocess.PIPE, text=True) as holder:
            holder.stdin.write(f"BEGIN; LOCK TABLE {table} IN ACCESS EXCLUSIVE MODE;\n\\echo locked\n")
            holder.stdin.flush()
            if holder.stdout.readline() != "locked\n":
                raise AssertionError("the table cannot be locked")
            try:
                yield
            finally:
                holder.stdin.close()

    def settings(self):
        # A slow machine is no outage: a start or a read that finds the database there waits for it.
        return {"database": "postgres", "pg_start_wait": "60000", "pg_read_wait": "60000", "pg_host": "127.0.0.1", "pg_port": str(self.port),
                "pg_user": "kong", "pg_password": self.PASSWORD, "pg_database": "postgres"}

    def crash(self):
        """Kills it as a power cut would, and starts it again."""
        self.process.kill()
        self.process.wait(PATIENCE)

        def restarted():
            # Its processes may take a moment to notice and to let go of the shared memory.
            if self.process.poll() is not None:
                self.launch()
            return self.answers()

        wait_until(restarted, "Postgres to come back")

    def stop(self, number=signal.SIGINT):
        if self.process is None:
            return
        self.process.send_signal(signal.SIGCONT)
        self.process.send_signal(number)
        self.process.wait(PATIENCE)
        self.process = None


class Case(unittest.TestCase):
    """A folder and an origin for each test; what it starts through here is stopped after it."""

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        self.folder.chmod(0o755)
        self.origin = Origin()
        self.addCleanup(self.origin.close)

    def gateway(self, name="node", **settings):
        gateway = Gateway(self.folder / name, **settings)
        self.addCleanup(gateway.log.close)
        self.addCleanup(gateway.stop, signal.SIGKILL)
        return gateway

    def postgres(self):
        if postgres_folder() is None:
            self.skipTest("Postgres is not installed")
        folder = self.folder / "postgres"
        folder.mkdir()
        postgres = Postgres(folder)
        self.addCleanup(postgres.stop)
        return postgres.start()

    def add_route(self, gateway, name="posts", path="/posts"):
        gateway.admin("POST", "/services", f"name={name}&url=http://127.0.0.1:{self.origin.port}{path}",
                      expect=201)
        quoted = urllib.parse.quote(path)
        gateway.admin("POST", f"/services/{name}/routes", f"name={name}&paths[]={quoted}", expect=201)
