"""Start, signals, drain, configuration trouble."""
import pathlib
import signal
import socket
import subprocess
import threading
import unittest

from harness import BINARY, Case, request, wait_until


class Life(Case):
    def test_sigterm_finishes_requests_under_way_and_exits_0(self):
        gateway = self.gateway().start()
        self.add_route(gateway)
        self.origin.hold = threading.Event()
        answers = []
        client = threading.Thread(target=lambda: answers.append(gateway.proxy("GET", "/posts").status))
        client.start()
        wait_until(lambda: self.origin.requests == 1, "the request to reach the origin")
        gateway.send_signal(signal.SIGTERM)
        wait_until(lambda: refused(gateway.proxy_port), "new connections to be refused")
        self.assertIsNone(gateway.process.poll())
        self.origin.hold.set()
        client.join()
        self.assertEqual(answers, [200])
        self.assertEqual(gateway.stop(), 0)

    def test_idle_connections_do_not_hold_up_the_end(self):
        gateway = self.gateway().start()
        with socket.create_connection(("127.0.0.1", gateway.proxy_port)) as idle:
            idle.settimeout(20)

            def without_request():
                server = gateway.admin("GET", "/status").json["server"]
                return server["connections_accepted"] - server["total_requests"]

            wait_until(lambda: without_request() == 1, "the connection to be accepted")
            gateway.send_signal(signal.SIGINT)
            self.assertEqual(idle.recv(1), b"")
        self.assertEqual(gateway.stop(), 0)

    def test_drain_ends_at_its_limit(self):
        gateway = self.gateway(drain_timeout="1").start()
        self.add_route(gateway)
        self.origin.hold = threading.Event()
        self.addCleanup(self.origin.hold.set)
        client = socket.create_connection(("127.0.0.1", gateway.proxy_port))
        self.addCleanup(client.close)
        client.sendall(b"GET /posts HTTP/1.1\r\nHost: a\r\n\r\n")
        wait_until(lambda: self.origin.requests == 1, "the request to reach the origin")
        self.assertEqual(gateway.stop(), 0)

    def test_sighup_keeps_serving(self):
        gateway = self.gateway().start()
        self.add_route(gateway)
        for _ in range(3):
            gateway.send_signal(signal.SIGHUP)
            self.assertEqual(gateway.proxy("GET", "/posts").status, 200)
        self.assertEqual(gateway.command("reload").stdout, "Tollgate reloaded\n")

    def test_health_and_quit(self):
        gateway = self.gateway()
        self.assertEqual(gateway.command("health").returncode, 1)
        gateway.start()
        health = gateway.command("health")
        self.assertEqual((health.returncode, health.stdout),
                         (0, f"Tollgate is healthy at {gateway.prefix}\n"))
        self.assertEqual(gateway.command("quit").stdout, "Tollgate stopped (gracefully)\n")
        self.assertEqual(gateway.process.wait(10), 0)

    def linked(self, gateway, name, *arguments):
        """What the program does where it is called by another name."""
        link = pathlib.Path(gateway.prefix).parent / name
        if not link.exists():
            link.symlink_to(BINARY)
        return subprocess.run([link, *arguments], env=gateway.environment(), text=True, timeout=60,
                              capture_output=True)

    def test_what_is_written_for_kong_finds_its_words(self):
        gateway = self.gateway()
        self.assertIn(f"Error: Kong is not running at {gateway.prefix}",
                      self.linked(gateway, "kong", "health").stderr)
        self.assertEqual(self.linked(gateway, "kong", "prepare").returncode, 0)
        self.assertIn(f"Error: nginx not running in prefix: {gateway.prefix}",
                      self.linked(gateway, "kong", "stop").stderr)
        self.assertEqual(self.linked(gateway, "kong", "migrations", "bootstrap").returncode, 0)
        started = self.linked(gateway, "kong", "start")
        self.assertEqual((started.returncode, started.stdout), (0, "Kong started\n"), started.stderr)
        try:
            self.assertEqual(gateway.admin("GET", "/status").status, 200)
            again = self.linked(gateway, "kong", "start")
            self.assertIn(f"Error: Kong is already running in {gateway.prefix}", again.stderr)
            health = self.linked(gateway, "kong", "health")
            self.assertEqual((health.returncode, health.stdout),
                             (0, f"nginx.......running\n\nKong is healthy at {gateway.prefix}\n"))
            restarted = self.linked(gateway, "docker-entrypoint.sh", "kong", "health")
            self.assertEqual(restarted.stdout, health.stdout)
            self.assertEqual(self.linked(gateway, "kong", "restart").stdout,
                             "Kong stopped\nKong started\n")
        finally:
            stopped = self.linked(gateway, "kong", "stop")
        self.assertEqual((stopped.returncode, stopped.stdout), (0, "Kong stopped\n"))

    def test_a_start_that_fails_says_why(self):
        gateway = self.gateway(proxy_listen="nonsense")
        done = self.linked(gateway, "kong", "start")
        self.assertEqual(done.returncode, 1)
        self.assertIn("proxy_listen", done.stderr)

    def test_the_entry_point_of_the_image_serves_and_runs_other_programs(self):
        gateway = self.gateway()
        entry = pathlib.Path(gateway.prefix).parent / "docker-entrypoint.sh"
        entry.symlink_to(BINARY)
        for command in (["kong", "docker-start"], ["kong", "start"], ["run"]):
            process = subprocess.Popen([entry, *command], env=gateway.environment(),
                                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            try:
                wait_until(lambda: self.linked(gateway, "kong", "health").returncode == 0,
                           f"{command} to serve in the foreground")
                self.assertIsNone(process.poll())
            finally:
                process.terminate()
                self.assertEqual(process.wait(30), 0)
        self.assertEqual(self.linked(gateway, "docker-entrypoint.sh", "sh", "-c", "echo other").stdout,
                         "other\n")
        self.assertIn("No such command", self.linked(gateway, "kong", "sh", "-c", "echo other").stderr)

    def test_a_second_node_in_the_same_prefix_is_refused(self):
        gateway = self.gateway().start()
        done = gateway.command("run")
        self.assertEqual(done.returncode, 1)
        self.assertIn(f"Error: a node runs in the prefix {gateway.prefix} already", done.stderr)

    def test_an_address_in_use_is_named(self):
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))
            taken.listen()
            port = taken.getsockname()[1]
            done = self.gateway(proxy_listen=f"127.0.0.1:{port}").command("run")
        self.assertEqual(done.returncode, 1)
        self.assertIn(f"127.0.0.1:{port}", done.stderr)
        self.assertIn("another program listens there", done.stderr)

    def test_bad_settings_and_commands_are_refused_in_one_line(self):
        done = self.gateway(log_level="loud").command("run")
        self.assertEqual(done.returncode, 1)
        self.assertIn("Error: log_level has an invalid value: 'loud'", done.stderr)
        done = self.gateway().command("dance")
        self.assertEqual((done.returncode, done.stderr.splitlines()[0]),
                         (1, "Error: No such command: dance"))
        self.assertEqual(self.gateway().command("version").stdout, "3.10.0\n")

    def test_certificates_that_cannot_be_read_are_named_at_the_start(self):
        for settings, name in (
                ({"lua_ssl_trusted_certificate": "/nonexistent.pem"}, "lua_ssl_trusted_certificate"),
                ({"client_ssl": "on", "client_ssl_cert": "/nonexistent.pem",
                  "client_ssl_cert_key": "/nonexistent.key"}, "client_ssl_cert")):
            with self.subTest(name):
                done = self.gateway(name, **settings).command("run")
                self.assertEqual(done.returncode, 1)
                self.assertIn(name, done.stderr)

    def test_node_file_is_checked_and_served(self):
        gateway = self.gateway()
        node = self.folder / "node.yaml"
        node.write_text(f"""
listeners:
- name: web
  bind: ["127.0.0.1:{gateway.proxy_port}"]
  filter_chains:
  - filters: [{{name: http, config: {{filters: [{{name: plugins}}, {{name: router}}]}}}}]
- name: admin
  bind: ["127.0.0.1:{gateway.admin_port}"]
  filter_chains:
  - filters: [{{name: http, config: {{filters: [{{name: admin-api}}]}}}}]
- name: raw
  bind: ["127.0.0.1:{gateway.tls_port}"]
  filter_chains:
  - filters: [{{name: tcp-proxy, config: {{host: 127.0.0.1, port: {self.origin.port}}}}}]
""")
        done = gateway.command("check", str(node))
        self.assertEqual((done.returncode, done.stdout), (0, f"configuration at {node} is valid\n"))
        gateway.start("--node", str(node))
        self.add_route(gateway)
        self.assertEqual(gateway.proxy("GET", "/posts").status, 200)
        self.assertEqual(request(gateway.tls_port, "GET", "/raw").json["path"], "/raw")
        node.write_text("listeners:\n- name: web\n  bnd: []\n")
        done = gateway.command("check", str(node))
        self.assertEqual(done.returncode, 1)
        self.assertIn("listeners[0].bnd: unknown field", done.stderr)


def refused(port):
    try:
        socket.create_connection(("127.0.0.1", port), 1).close()
        return False
    except OSError:
        return True


if __name__ == "__main__":
    unittest.main()
