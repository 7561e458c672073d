"""What an operator reads where something is away: origins, Redis, readers of the log."""
import contextlib
import fcntl
import json
import os
import shutil
import signal
import socket
import subprocess
import threading
import unittest

from harness import BINARY, Case, wait_until
from ports import free_ports


class Origins(Case):
    def ask(self, gateway, name, url, status, **service):
        gateway.admin("POST", "/services", {"name": name, "url": url, "retries": 0, **service}, expect=201)
        gateway.admin("POST", f"/services/{name}/routes", {"paths": [f"/{name}"]}, expect=201)
        self.assertEqual(gateway.proxy("GET", f"/{name}").status, status)

    def expect_told(self, gateway, *parts):
        line = lambda: [l for l in gateway.output().splitlines()
                        if " [warn] " in l and all(part in l for part in parts)]
        wait_until(line, f"a line with {parts}")
        self.assertEqual(len(line()), 1, line())

    def test_an_answer_of_502_503_or_504_leaves_one_line_with_its_reason(self):
        gateway = self.gateway(workers=1, proxy_access_log="/dev/stdout", access_log_format="json").start()
        (nobody,) = free_ports(1)
        silent = socket.create_server(("127.0.0.1", 0))
        self.addCleanup(silent.close)
        self.ask(gateway, "refused", f"http://127.0.0.1:{nobody}", 502)
        self.ask(gateway, "unknown", "http://nope.invalid", 503)
        self.ask(gateway, "silent", f"http://127.0.0.1:{silent.getsockname()[1]}", 504, read_timeout=200)
        self.ask(gateway, "clear", f"https://127.0.0.1:{self.origin.port}", 502)
        for _ in range(5):
            self.assertEqual(gateway.proxy("GET", "/refused").status, 502)
        self.expect_told(gateway, "service refused", f"127.0.0.1:{nobody}", "connection_refused", "answered 502")
        self.expect_told(gateway, "service unknown", "nope.invalid", "name_", "answered 503")
        self.expect_told(gateway, "service silent", "read_timed_out", "answered 504")
        self.expect_told(gateway, "service clear", "tls_failed", "answered 502")

        def failures():
            records = [json.loads(l) for l in gateway.output().splitlines() if l.startswith("{")]
            return {r["target"]: r.get("failure") for r in records}

        wait_until(lambda: len(failures()) == 4, "the access log")
        self.assertEqual(failures()["/refused"], "connection_refused")
        self.assertEqual(failures()["/silent"], "read_timed_out")


class Redis(Case):
    def limited(self, gateway, name, port, fault_tolerant):
        gateway.admin("POST", "/services", {"name": name, "url": f"http://127.0.0.1:{self.origin.port}"}, expect=201)
        gateway.admin("POST", f"/services/{name}/routes", {"paths": [f"/{name}"]}, expect=201)
        gateway.admin("POST", f"/services/{name}/plugins", {"name": "rate-limiting", "config": {
            "minute": 100, "policy": "redis", "fault_tolerant": fault_tolerant,
            "redis": {"host": "127.0.0.1", "port": port, "timeout": 300, "password": "never-to-be-logged"}}},
            expect=201)

    def server(self, answer):
        """Says the same to every command; b"" nothing."""
        listener = socket.create_server(("127.0.0.1", 0))
        self.addCleanup(listener.close)

        def serve(connection):
            with contextlib.suppress(OSError), connection:
                while data := connection.recv(65536):
                    connection.sendall(answer * data.count(b"*"))

        def accept():
            with contextlib.suppress(OSError):
                while True:
                    threading.Thread(target=serve, args=(listener.accept()[0],), daemon=True).start()

        threading.Thread(target=accept, daemon=True).start()
        return listener.getsockname()[1]

    def test_fault_tolerant_decides_and_an_operator_reads_of_it(self):
        gateway = self.gateway(workers=1).start()
        (nobody,) = free_ports(1)
        cases = {
            "away": (nobody, "connection refused"),
            "noauth": (self.server(b"-NOAUTH Authentication required: never-to-be-logged\r\n"), "NOAUTH"),
            "silent": (self.server(b""), "no answer in time"),
            "nonsense": (self.server(b"HTTP/1.1 400 Bad Request\r\n\r\n"), "no answer of Redis"),
        }
        for name, (port, reason) in cases.items():
            self.limited(gateway, name, port, True)
            self.limited(gateway, name + "-strict", port, False)
            for _ in range(3):
                self.assertEqual(gateway.proxy("GET", f"/{name}").status, 200, name)
            self.assertEqual(gateway.proxy("GET", f"/{name}-strict").status, 500, name)
            lines = lambda: [l for l in gateway.output().splitlines() if f"Redis 127.0.0.1:{port}:" in l]
            wait_until(lines, f"a line about {name}")
            self.assertEqual(len(lines()), 1, lines())
            self.assertIn(reason, lines()[0])
            shown = {d["name"]: d for d in gateway.admin("GET", "/status").json["dependencies"]}
            self.assertEqual(shown[f"rate-limiting: Redis 127.0.0.1:{port}"]["state"], "failing")
            self.assertIn(reason, shown[f"rate-limiting: Redis 127.0.0.1:{port}"]["reason"])
        self.assertNotIn("never-to-be-logged", gateway.output())
        self.assertNotIn("never-to-be-logged", gateway.admin("GET", "/status").body.decode())

    @unittest.skipUnless(shutil.which("redis-server"), "redis-server is not installed")
    def test_a_redis_that_comes_back_is_told_and_counts_again(self):
        gateway = self.gateway(workers=1).start()
        (port,) = free_ports(1)
        gateway.admin("POST", "/services", {"name": "s", "url": f"http://127.0.0.1:{self.origin.port}"}, expect=201)
        gateway.admin("POST", "/services/s/routes", {"paths": ["/s"]}, expect=201)
        gateway.admin("POST", "/services/s/plugins", {"name": "rate-limiting", "config": {
            "minute": 100, "policy": "redis", "redis": {"host": "127.0.0.1", "port": port}}}, expect=201)
        self.assertEqual(gateway.proxy("GET", "/s").status, 200)
        server = subprocess.Popen(["redis-server", "--port", str(port), "--bind", "127.0.0.1", "--save", "",
                                   "--dir", str(self.folder)], stdout=subprocess.DEVNULL)
        self.addCleanup(server.wait)
        self.addCleanup(server.kill)
        wait_until(lambda: "RateLimit-Remaining" in gateway.proxy("GET", "/s").headers, "Redis to count")
        (shown,) = gateway.admin("GET", "/status").json["dependencies"]
        self.assertEqual(shown["state"], "good")
        wait_until(lambda: "answers again" in gateway.output(), "the line that says so")


class FullPipes(Case):
    """One pipe that nobody reads behind both standard streams, as `tollgate run 2>&1 | sleep 90` has it."""

    def start(self, **settings):
        gateway = self.gateway(proxy_access_log="/dev/stdout", log_level="debug", **settings)
        reader, writer = os.pipe()
        self.addCleanup(os.close, reader)
        fcntl.fcntl(writer, fcntl.F_SETPIPE_SZ, 4096)
        gateway.process = subprocess.Popen([BINARY, "run"], env=gateway.environment(), stdout=writer, stderr=writer)
        os.close(writer)
        wait_until(gateway.answers, "the gateway to answer")
        self.add_route(gateway)
        for _ in range(100):  # 10 kB of lines and more
            self.assertEqual(gateway.proxy("GET", "/posts?" + "x" * 200).status, 200)
        return gateway

    def test_nothing_stops_while_the_pipe_is_full(self):
        gateway = self.start()
        for _ in range(20):
            gateway.send_signal(signal.SIGHUP)
            self.assertEqual(gateway.admin("GET", "/status").status, 200)
        gateway.admin("POST", "/services", {"name": "another", "host": "h"}, expect=201)
        self.assertEqual(gateway.proxy("GET", "/posts").status, 200)

    def test_sigterm_ends_the_process_while_the_pipe_is_full(self):
        self.assertEqual(self.start(drain_timeout="5").stop(), 0)

    def test_a_second_signal_ends_it_at_once(self):
        gateway = self.start(drain_timeout="3600")
        self.origin.hold = threading.Event()
        self.addCleanup(self.origin.hold.set)
        client = socket.create_connection(("127.0.0.1", gateway.proxy_port))
        self.addCleanup(client.close)
        seen = self.origin.requests
        client.sendall(b"GET /posts HTTP/1.1\r\nHost: a\r\n\r\n")
        wait_until(lambda: self.origin.requests > seen, "the request to reach the origin")
        gateway.send_signal(signal.SIGTERM)
        wait_until(lambda: refused(gateway.proxy_port), "new connections to be refused")
        self.assertEqual(gateway.stop(), 0)


def refused(port):
    try:
        socket.create_connection(("127.0.0.1", port), timeout=5).close()
        return False
    except OSError:
        return True


if __name__ == "__main__":
    unittest.main()
