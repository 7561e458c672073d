"""HTTP/2 as curl speaks it: refusals while the body is still on its way, and hosts that ask for a certificate."""
import socket
import subprocess
import threading
import unittest

import http2_client as h2
from harness import Case, free_ports, wait_until
from test_certificates import Authority

TRIES = 8


def curl(*arguments, data=None):
    """Status and exit code of one `curl --http2 -k`."""
    done = subprocess.run(["curl", "-sSk", "--http2", "-o", "/dev/null", "-w", "%{http_code}", "--max-time", "20",
                           *arguments], input=data, capture_output=True, timeout=30, check=False)
    return done.stdout.decode(), done.returncode, done.stderr.decode()


class Refusals(Case):
    def setUp(self):
        super().setUp()
        self.node = self.gateway().start()
        self.add_route(self.node)
        self.node.admin("POST", "/plugins", {"name": "key-auth"}, expect=201)
        self.url = f"https://127.0.0.1:{self.node.tls_port}/posts"
        self.file = self.folder / "upload"
        self.file.write_bytes(b"x" * 3_000_000)

    def check(self, *arguments, url=None, status="401"):
        for _ in range(TRIES):
            self.assertEqual(curl(*arguments, url or self.url), (status, 0, ""))

    def test_a_small_body(self):
        self.check("-d", "x=1")

    def test_an_upload(self):
        self.check("-T", str(self.file))

    def test_a_form_with_a_file(self):
        self.check("-F", f"file=@{self.file}")

    def test_a_body_that_waits_for_100_continue(self):
        self.check("-H", "Expect: 100-continue", "-d", "x=1")
        self.check("-H", "Expect: 100-continue", "-T", str(self.file))

    def test_no_route(self):
        self.check("-T", str(self.file), url=self.url + "/../nowhere", status="404")

    def test_a_body_that_is_too_large(self):
        node = self.gateway("small", nginx_http_client_max_body_size="100k").start()
        self.add_route(node)
        url = f"https://127.0.0.1:{node.tls_port}/posts"
        self.check("-T", str(self.file), url=url, status="413")


class EarlyAnswers(Case):
    """An origin that answers with the body still coming, and reads no more of it."""

    def setUp(self):
        super().setUp()
        listening = socket.create_server(("127.0.0.1", 0))
        self.addCleanup(listening.close)
        self.held = []
        self.addCleanup(lambda: [each.close() for each in self.held])
        threading.Thread(target=self.serve, args=(listening,), daemon=True).start()
        self.node = self.gateway().start()
        self.node.admin("POST", "/services", f"name=s&url=http://127.0.0.1:{listening.getsockname()[1]}", expect=201)
        self.node.admin("POST", "/services/s/routes", "paths[]=/", expect=201)

    def serve(self, listening):
        while True:
            try:
                connection, _ = listening.accept()
            except OSError:
                return
            head = b""
            while b"\r\n\r\n" not in head:
                head += connection.recv(4096)
            connection.sendall(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 6\r\n\r\ndenied")
            self.held.append(connection)

    def test_reach_the_client(self):
        file = self.folder / "upload"
        file.write_bytes(b"x" * 3_000_000)
        for _ in range(TRIES):
            self.assertEqual(curl("-T", str(file), f"https://127.0.0.1:{self.node.tls_port}/"), ("403", 0, ""))


class Uploads(Case):
    def test_many_at_once_over_one_connection_end(self):
        """More than a connection may hold in sum, and each of them less than is kept for another attempt."""
        node = self.gateway(http2_held_bytes="256k").start()
        self.add_route(node)
        file = self.folder / "upload"
        file.write_bytes(b"x" * 20_000)
        done = subprocess.run(["h2load", "-n80", "-c1", "-m80", "-d", file,
                               f"https://127.0.0.1:{node.tls_port}/posts"],
                              capture_output=True, text=True, timeout=60, check=False)
        self.assertIn("80 succeeded, 0 failed", done.stdout, done.stderr)


class Stalls(Case):
    """Clients that do nothing where they should: each limit is a setting, and ends the stream, not the connection."""

    def client(self, node, **options):
        client = h2.Http2Client(node.proxy_port, **options)
        self.addCleanup(client.socket.close)
        return client

    def still_served(self, client, stream):
        client.send(client.head(stream, "GET", "/posts"))
        head = client.until(lambda kind, flags, each, payload: kind == h2.HEADERS and each == stream)[-1]
        self.assertEqual(h2.status(head[3]), "200")

    def test_a_body_that_does_not_come(self):
        node = self.gateway(client_body_timeout="1", lingering_timeout="1").start()
        self.add_route(node)
        client = self.client(node)
        client.send(client.head(1, "POST", "/posts", end=False, content_length="1000"),
                    h2.frame(h2.DATA, 0, 1, b"x"))
        seen = client.until(lambda kind, *_: kind == h2.RST_STREAM)
        heads = [payload for kind, _, _, payload in seen if kind == h2.HEADERS]
        self.assertEqual([h2.status(block) for block in heads], ["408"])
        self.assertEqual(seen[-1][3], h2.NO_ERROR.to_bytes(4, "big"))
        self.still_served(client, 3)

    def test_an_answer_that_nobody_reads(self):
        node = self.gateway(send_timeout="1").start()
        self.add_route(node)
        client = self.client(node, initial_window=0)
        client.send(client.head(1, "GET", "/posts"))
        seen = client.until(lambda kind, *_: kind == h2.RST_STREAM)
        self.assertEqual([kind for kind, *_ in seen if kind == h2.DATA], [])
        self.assertEqual(seen[-1][3], h2.CANCEL.to_bytes(4, "big"))
        self.still_served(client, 3)

    def test_a_socket_that_nobody_reads(self):
        node = self.gateway(send_timeout="1").start()
        self.add_route(node)
        client = self.client(node)
        # The answers repeat what was asked: more than the buffers of both sockets take.
        client.send(h2.frame(h2.WINDOW_UPDATE, 0, 0, (1 << 30).to_bytes(4, "big")))
        client.socket.settimeout(0.2)
        stream = 1
        try:
            while stream < 200_000:
                client.send(client.head(stream, "GET", "/posts?" + "x" * 110))
                stream += 2
        except OSError:  # it reads no more either
            pass
        active = lambda: node.admin("GET", "/status").json["server"]["connections_active"]
        wait_until(lambda: active() == 1, "the gateway to close the connection: only the one that asks is left")

    def test_a_head_that_does_not_end(self):
        node = self.gateway(header_timeout="1").start()
        client = self.client(node)
        whole = client.head(1, "GET", "/posts")
        client.send(whole[:4] + bytes([h2.END_STREAM]) + whole[5:])  # no END_HEADERS, and nothing more
        client.until_closed()


class ClientCertificates(Case):
    """One listener whose chain for secret.test asks for a certificate and whose other chain does not."""

    def setUp(self):
        super().setUp()
        self.authority = Authority(self.folder / "authority")
        self.authority.issue("client")
        self.node = self.gateway().start()
        self.add_route(self.node)
        (self.port,) = free_ports(1)
        http = {"name": "http", "config": {"filters": [{"name": "plugins"}, {"name": "router"}]}}
        asks = {"name": "tls", "config": {"client_ca": str(self.folder / "authority" / "ca.crt"),
                                          "client_certificate_required": True}}
        self.node.admin("POST", "/listeners", {
            "name": "both", "bind": [f"127.0.0.1:{self.port}"],
            "filter_chains": [{"match": {"server_names": ["secret.test"]}, "filters": [asks, http]},
                              {"filters": [{"name": "tls"}, http]}]}, expect=201)

    def ask(self, server_name, host, certificate=False, version="--http2"):
        pair = ["--cert", str(self.folder / "authority" / "client.crt"),
                "--key", str(self.folder / "authority" / "client.key")] if certificate else []
        status, _, _ = curl(version, *pair, "--connect-to", f"{server_name}:443:127.0.0.1:{self.port}",
                            "-H", f"Host: {host}", f"https://{server_name}/posts")
        return status

    def test_a_host_whose_chain_asks_for_one_is_misdirected_elsewhere(self):
        for version in ("--http2", "--http1.1"):
            with self.subTest(version):
                for host in ("secret.test", "SECRET.test", "secret.test:443", "secret.test."):
                    self.assertEqual(self.ask("public.test", host, version=version), "421", host)
                self.assertEqual(self.ask("public.test", "public.test", version=version), "200")
                self.assertEqual(self.ask("public.test", "other.test", version=version), "200")
                self.assertEqual(self.ask("secret.test", "secret.test", version=version), "000")
                self.assertEqual(self.ask("secret.test", "secret.test", True, version), "200")
                self.assertEqual(self.ask("secret.test", "public.test", True, version), "421")


if __name__ == "__main__":
    unittest.main()
