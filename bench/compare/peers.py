"""The proxies that are compared, and the origin behind them. Each proxy has one worker on CPU 0; load
and origin run on the other CPUs, where there are any."""
import http.client
import json
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "test/e2e"))
from ports import free_ports  # noqa: E402

PATIENCE = 20.0  # seconds until a program that does not start or stop is given up
KEY = "bench-key"
LIMIT = 1_000_000_000  # a minute: counted, never reached
SMALL, LARGE = 100, 1 << 20  # bytes of the origin's answers
OTHER_CPUS = sorted(os.sched_getaffinity(0) - {0}) or [0]


def program(name):
    return shutil.which(name, path=os.environ.get("PATH", "") + ":/usr/sbin:/sbin")


def wait_for(condition, what):
    until = time.monotonic() + PATIENCE
    while not condition():
        if time.monotonic() > until:
            raise RuntimeError(f"waited in vain for {what}")
        time.sleep(0.01)


def listens(port):
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
        return True
    except OSError:
        return False


class Process:
    """A program with its output in a file, pinned to CPUs; stopped with SIGTERM."""

    def __init__(self, folder, cpus, *command, env=None):
        self.log = open(folder / f"{pathlib.Path(command[0]).name}.log", "ab")
        self.process = subprocess.Popen(list(map(str, command)), stdout=self.log, stderr=self.log,
                                        stdin=subprocess.DEVNULL, env=env,
                                        preexec_fn=lambda: os.sched_setaffinity(0, cpus))

    def pids(self):
        """Of the program and all that it started."""
        found, children = [], [self.process.pid]
        while children:
            pid = children.pop()
            found.append(pid)
            for task in pathlib.Path(f"/proc/{pid}/task").glob("*/children"):
                children += map(int, task.read_text().split())
        return found

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.log.close()


NGINX_COMMON = """daemon off; pid {run}/{name}.pid; error_log {run}/{name}.err warn;
worker_processes 1; worker_rlimit_nofile 16384;
events {{ worker_connections 16000; }}
"""
NGINX_PATHS = " ".join(f"{kind}_temp_path {{run}}/{kind};" for kind in
                       ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))


class Origin:
    """nginx with two fixed answers."""

    def __init__(self, folder):
        (self.port,) = free_ports(1)
        (folder / "www").mkdir()
        (folder / "www/small").write_text("x" * SMALL)
        (folder / "www/large").write_text("x" * LARGE)
        text = (NGINX_COMMON + "http {{ access_log off; sendfile on; tcp_nodelay on; " + NGINX_PATHS +
                " open_file_cache max=16; keepalive_requests 1000000000; keepalive_timeout 600s;"
                " server {{ listen 127.0.0.1:{port} backlog=4096; root {run}/www; }} }}\n")
        self.config = folder / "origin.conf"
        self.config.write_text(text.format(run=folder, name="origin", port=self.port))
        self.folder = folder

    def __enter__(self):
        self.process = Process(self.folder, OTHER_CPUS, program("nginx"), "-c", self.config, "-e",
                               self.folder / "origin.err")
        wait_for(lambda: listens(self.port), "the origin")
        return self

    def __exit__(self, *_):
        self.process.stop()


class Peer:
    """A proxy for one scenario: / goes to the origin, with `key` only for a known key and counted."""

    def __init__(self, run, shared, origin, tls, h2, key):
        self.run, self.shared, self.origin = run, shared, origin
        self.tls, self.h2, self.key = tls, h2, key
        (self.port,) = free_ports(1)

    def __enter__(self):
        self.process = self.start()
        wait_for(lambda: listens(self.port), type(self).__name__)
        self.configure()
        return self

    def __exit__(self, *_):
        self.process.stop()

    def configure(self):
        pass

    def launch(self, *command, env=None):
        return Process(self.run, [0], *command, env=env)


class Tollgate(Peer):
    def start(self):
        (self.admin,) = free_ports(1)
        listen = f"127.0.0.1:{self.port}" + (" ssl" if self.tls else "") + (" http2" if self.h2 else "")
        env = {k: v for k, v in os.environ.items() if not k.startswith(("KONG_", "TOLLGATE_"))}
        env.update(KONG_PREFIX=str(self.run / "prefix"), KONG_PROXY_LISTEN=listen,
                   KONG_ADMIN_LISTEN=f"127.0.0.1:{self.admin}", KONG_STATUS_LISTEN="off",
                   KONG_NGINX_WORKER_PROCESSES="1", KONG_PROXY_ACCESS_LOG="off",
                   KONG_SSL_CERT=str(self.shared / "cert.pem"),
                   KONG_SSL_CERT_KEY=str(self.shared / "key.pem"))
        return self.launch(os.environ["TOLLGATE"], "run", env=env)

    def post(self, path, **body):
        connection = http.client.HTTPConnection("127.0.0.1", self.admin, timeout=PATIENCE)
        connection.request("POST", path, json.dumps(body), {"Content-Type": "application/json"})
        answer = connection.getresponse()
        text = answer.read()
        connection.close()
        if answer.status != 201:
            raise RuntimeError(f"POST {path}: {answer.status} {text!r}")

    def configure(self):
        wait_for(lambda: listens(self.admin), "the Admin API")
        self.post("/services", name="s", url=f"http://127.0.0.1:{self.origin}")
        self.post("/services/s/routes", paths=["/"], strip_path=False)
        if self.key:
            self.post("/services/s/plugins", name="key-auth")
            self.post("/consumers", username="bench")
            self.post("/consumers/bench/key-auth", key=KEY)
            self.post("/services/s/plugins", name="rate-limiting",
                      config={"minute": LIMIT, "policy": "local"})


class Nginx(Peer):
    def start(self):
        ssl = (f"ssl_certificate {self.shared}/cert.pem; ssl_certificate_key {self.shared}/key.pem; "
               "ssl_protocols TLSv1.2 TLSv1.3;") if self.tls else ""
        guard, outside = "", ""
        if self.key:
            outside = (f'map $http_apikey $consumer {{ default ""; {KEY} bench; }} '
                       "limit_req_zone $consumer zone=limit:10m rate=100000000r/m; limit_req_status 429;")
            guard = ('if ($consumer = "") { return 401; } limit_req zone=limit burst=1000000 nodelay; '
                     "proxy_set_header X-Consumer-ID $consumer;")
        flags = (" ssl" if self.tls else "") + (" http2" if self.h2 else "")
        text = (NGINX_COMMON + "http {{ access_log off; tcp_nodelay on; " + NGINX_PATHS + """
          keepalive_requests 1000000000; keepalive_timeout 600s; proxy_http_version 1.1;
          upstream origin {{ server 127.0.0.1:{origin}; keepalive 128; keepalive_requests 1000000000; }}
          {outside}
          server {{ listen 127.0.0.1:{port}{flags} backlog=4096; {ssl}
            location / {{ {guard} proxy_set_header Connection ""; proxy_set_header Host $host;
              proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
              proxy_set_header X-Forwarded-Proto $scheme; proxy_pass http://origin; }} }} }}
        """)
        config = self.run / "nginx.conf"
        config.write_text(text.format(run=self.run, name="nginx", origin=self.origin, port=self.port,
                                      flags=flags, ssl=ssl, guard=guard, outside=outside))
        return self.launch(program("nginx"), "-c", config, "-e", self.run / "nginx.err")


class HAProxy(Peer):
    def start(self):
        bind = f"bind 127.0.0.1:{self.port} backlog 4096"
        if self.tls:
            both = self.run / "both.pem"
            both.write_text((self.shared / "cert.pem").read_text() + (self.shared / "key.pem").read_text())
            bind += f" ssl crt {both} ssl-min-ver TLSv1.2"
        if self.h2:
            bind += " alpn h2,http/1.1" if self.tls else " proto h2"
        rules = ""
        if self.key:
            (self.run / "keys").write_text(f"{KEY} bench\n")
            rules = f"""
  stick-table type string len 32 size 100k expire 2m store http_req_rate(60s)
  http-request set-var(txn.consumer) req.hdr(apikey),map_str({self.run}/keys)
  http-request return status 401 unless {{ var(txn.consumer) -m found }}
  http-request set-header X-Consumer-ID %[var(txn.consumer)]
  http-request track-sc0 var(txn.consumer)
  http-request return status 429 if {{ sc_http_req_rate(0) gt {LIMIT} }}"""
        config = self.run / "haproxy.cfg"
        config.write_text(f"""global
  nbthread 1
  maxconn 6000
defaults
  mode http
  timeout connect 5s
  timeout client 10m
  timeout server 10m
  http-reuse always
frontend front
  {bind}{rules}
  option forwardfor
  http-request set-header X-Forwarded-Proto {"https" if self.tls else "http"}
  default_backend origin
backend origin
  server origin 127.0.0.1:{self.origin}
""")
        return self.launch(program("haproxy"), "-db", "-f", config)


ALL = {"tollgate": Tollgate, "nginx": Nginx, "haproxy": HAProxy}
