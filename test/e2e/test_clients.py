"""Clients as they are: they stall, leave, send what is refused, and say what is not theirs to say."""
import contextlib
import shutil
import socket
import ssl
import subprocess
import threading
import unittest

from harness import Case, wait_until

PATIENCE = 15.0


class RawOrigin:
    """Gives each connection to `serve(connection)`, in a thread of its own."""

    def __init__(self, serve):
        self.serve = serve
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self.run, daemon=True).start()

    def run(self):
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            connection.settimeout(PATIENCE)
            threading.Thread(target=self.guarded, args=(connection,), daemon=True).start()

    def guarded(self, connection):
        with contextlib.suppress(OSError), connection:
            self.serve(connection)

    def close(self):
        self.listener.close()


def read_head(connection):
    head = b""
    while b"\r\n\r\n" not in head:
        part = connection.recv(65536)
        if not part:
            break
        head += part
    return head


def read_all(connection):
    out = b""
    while part := connection.recv(65536):
        out += part
    return out


class Clients(Case):
    def raw_origin(self, serve):
        origin = RawOrigin(serve)
        self.addCleanup(origin.close)
        return origin

    def route_to(self, gateway, port, name="s", **fields):
        extra = "".join(f"&{key}={value}" for key, value in fields.items())
        gateway.admin("POST", "/services", f"name={name}&url=http://127.0.0.1:{port}{extra}", expect=201)
        gateway.admin("POST", f"/services/{name}/routes", f"name={name}&paths[]=/{name}", expect=201)

    def connect(self, port, tls=False):
        client = socket.create_connection(("127.0.0.1", port), timeout=PATIENCE)
        self.addCleanup(client.close)
        if not tls:
            return client
        context = ssl.create_default_context()
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        client = context.wrap_socket(client)
        self.addCleanup(client.close)
        return client

    def test_a_client_that_stalls_is_told_and_the_target_stays_healthy(self):
        gateway = self.gateway(client_body_timeout="1").start()
        gateway.admin("POST", "/upstreams", {
            "name": "up", "healthchecks": {"passive": {"unhealthy": {"timeouts": 1}}}}, expect=201)
        gateway.admin("POST", "/upstreams/up/targets", f"target=127.0.0.1:{self.origin.port}", expect=201)
        gateway.admin("POST", "/services", "name=s&host=up&write_timeout=300&read_timeout=60000", expect=201)
        gateway.admin("POST", "/services/s/routes", "paths[]=/s", expect=201)
        client = self.connect(gateway.proxy_port)
        client.sendall(b"POST /s HTTP/1.1\r\nHost: h\r\nContent-Length: 1000\r\n\r\nab")
        answer = read_all(client)
        self.assertTrue(answer.startswith(b"HTTP/1.1 408 "), answer)
        self.assertIn(b"Connection: close\r\n", answer)
        self.assertEqual(gateway.proxy("GET", "/s").status, 200)
        health = gateway.admin("GET", "/upstreams/up/health").json["data"][0]["health"]
        self.assertEqual(health, "HEALTHY")

    def test_a_refusal_reaches_a_client_that_still_sends(self):
        gateway = self.gateway().start()
        self.add_route(gateway)
        gateway.admin("POST", "/services/posts/plugins", "name=key-auth", expect=201)
        block = b"x" * 65536
        for tls in (False, True):
            for size in (200_000, 4_000_000):
                for path, status in (("/posts", 401), ("/nowhere", 404)):
                    for chunked in (False, True):
                        with self.subTest(tls=tls, size=size, path=path, chunked=chunked):
                            client = self.connect(gateway.tls_port if tls else gateway.proxy_port, tls)
                            framing = "Transfer-Encoding: chunked" if chunked else f"Content-Length: {size}"
                            client.sendall(f"POST {path} HTTP/1.1\r\nHost: h\r\n{framing}\r\n\r\n".encode())
                            for sent in range(0, size, len(block)):
                                part = block[:size - sent]
                                client.sendall(b"%x\r\n%s\r\n" % (len(part), part) if chunked else part)
                            if chunked:
                                client.sendall(b"0\r\n\r\n")
                            self.assertTrue(read_head(client).startswith(b"HTTP/1.1 %d " % status))

    def test_an_early_answer_of_the_origin_reaches_the_client_whatever_becomes_of_its_body(self):
        answer = b"HTTP/1.1 413 Too Much\r\nContent-Length: 20000\r\n\r\n" + b"n" * 20000

        def closes(connection):
            read_head(connection)
            connection.sendall(answer)

        def stops_reading(connection):
            read_head(connection)
            connection.sendall(answer)
            self.ended.wait(PATIENCE)

        self.ended = threading.Event()
        self.addCleanup(self.ended.set)
        gateway = self.gateway().start()
        self.route_to(gateway, self.raw_origin(closes).port, "closes", retries=0)
        self.route_to(gateway, self.raw_origin(stops_reading).port, "stops", retries=0)
        for name in ("closes", "stops"):
            for attempt in range(10):
                with self.subTest(name=name, attempt=attempt):
                    client = self.connect(gateway.proxy_port)
                    client.sendall(f"POST /{name} HTTP/1.1\r\nHost: h\r\nContent-Length: 3000000\r\n\r\n".encode())
                    with contextlib.suppress(OSError):
                        client.sendall(b"x" * 3_000_000)
                    got = read_head(client)
                    self.assertTrue(got.startswith(b"HTTP/1.1 413 "), got[:80])
                    body = got.partition(b"\r\n\r\n")[2]
                    while len(body) < 20000:
                        part = client.recv(65536)
                        self.assertTrue(part, f"cut after {len(body)} bytes")
                        body += part

    def test_the_origins_request_ends_when_the_client_has_left(self):
        begun, ended = threading.Event(), threading.Event()

        def silent(connection):
            read_head(connection)
            begun.set()
            with contextlib.suppress(OSError):
                read_all(connection)
            ended.set()

        gateway = self.gateway().start()
        self.route_to(gateway, self.raw_origin(silent).port)
        client = self.connect(gateway.proxy_port)
        client.sendall(b"GET /s HTTP/1.1\r\nHost: h\r\n\r\n")
        self.assertTrue(begun.wait(PATIENCE))
        client.close()
        self.assertTrue(ended.wait(PATIENCE))

    def test_half_closed_clients_are_answered_where_that_is_set(self):
        gateway = self.gateway(half_closed_clients="on").start()
        self.add_route(gateway)
        self.origin.hold = threading.Event()
        client = self.connect(gateway.proxy_port)
        client.sendall(b"GET /posts HTTP/1.1\r\nHost: h\r\n\r\n")
        client.shutdown(socket.SHUT_WR)
        wait_until(lambda: self.origin.requests == 1, "the origin to be asked")
        self.origin.hold.set()
        self.assertTrue(read_all(client).startswith(b"HTTP/1.1 200 "))

    def test_a_client_takes_no_identity_away(self):
        gateway = self.gateway().start()
        self.add_route(gateway)
        gateway.admin("POST", "/services/posts/plugins", "name=key-auth", expect=201)
        gateway.admin("POST", "/consumers", "username=alice&custom_id=a-1", expect=201)
        gateway.admin("POST", "/consumers/alice/key-auth", "key=key-of-alice", expect=201)
        names = ("x-consumer-username", "x-consumer-id", "x-consumer-custom-id", "x-credential-identifier",
                 "x-forwarded-for", "x-real-ip", "x-kong-request-id", "via")
        seen = gateway.proxy("GET", "/posts", headers={
            "apikey": "key-of-alice", "Connection": "close, " + ", ".join(names),
            "X_Consumer_Username": "root"}).json["headers"]
        for name in names:
            self.assertIn(name, seen)
        self.assertEqual(seen["x-consumer-username"], "alice")
        self.assertNotIn("x_consumer_username", seen)

    def test_the_date_of_local_answers_goes_on(self):
        if not shutil.which("curl"):
            self.skipTest("curl is not installed")
        gateway = self.gateway().start()

        def date(option):
            url = f"https://127.0.0.1:{gateway.tls_port}/nowhere"
            head = subprocess.run(["curl", "-sk", option, "-o", "/dev/null", "-D", "-", url],
                                  capture_output=True, text=True, timeout=PATIENCE, check=True).stdout
            found = [line for line in head.splitlines() if line.lower().startswith("date: ")]
            self.assertEqual(len(found), 1, head)
            return found[0]

        for option in ("--http1.1", "--http2"):
            first = date(option)
            wait_until(lambda first=first, option=option: date(option) != first, f"another date {option}")


if __name__ == "__main__":
    unittest.main()
