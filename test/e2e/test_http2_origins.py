"""Origins that speak HTTP/2: gRPC services by prior knowledge, https services that are offered it."""
import socket
import struct
import threading
import unittest

import http2_client as h2
from harness import Case


class GrpcOrigin:
    """Answers each call with what it was sent and `grpc-status: 0` in trailers; writes its frames itself."""

    PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"

    def __init__(self):
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.connections = self.calls = 0
        threading.Thread(target=self.accept, daemon=True).start()

    def close(self):
        self.listener.close()

    def accept(self):
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            self.connections += 1
            threading.Thread(target=self.serve, args=(client,), daemon=True).start()

    def serve(self, client):
        with client, client.makefile("rb") as stream:
            if stream.read(len(self.PREFACE)) != self.PREFACE:
                return
            client.sendall(h2.frame(h2.SETTINGS, 0, 0))
            bodies = {}
            while head := stream.read(9):
                size, kind, flags = int.from_bytes(head[:3], "big"), head[3], head[4]
                number = int.from_bytes(head[5:], "big") & 0x7fffffff
                payload = stream.read(size)
                if kind == h2.SETTINGS and not flags & h2.ACK:
                    client.sendall(h2.frame(h2.SETTINGS, h2.ACK, 0))
                if kind == h2.HEADERS:
                    bodies[number] = b""
                if kind == h2.DATA:
                    bodies[number] += payload
                if kind in (h2.HEADERS, h2.DATA) and flags & h2.END_STREAM:
                    self.answer(client, number, bodies.pop(number))

    def answer(self, client, number, body):
        self.calls += 1
        head = h2.literal(":status", "200") + h2.literal("content-type", "application/grpc")
        client.sendall(h2.frame(h2.HEADERS, h2.END_HEADERS, number, head) + h2.frame(h2.DATA, 0, number, body) +
                       h2.frame(h2.HEADERS, h2.END_HEADERS | h2.END_STREAM, number, h2.literal("grpc-status", "0")))


def message(text):
    return b"\0" + struct.pack(">I", len(text)) + text


class Grpc(Case):
    def setUp(self):
        super().setUp()
        self.grpc = GrpcOrigin()
        self.addCleanup(self.grpc.close)
        self.node = self.gateway(workers=1).start()
        self.node.admin("POST", "/services", {"name": "greeter", "protocol": "grpc", "host": "127.0.0.1",
                                              "port": self.grpc.port}, expect=201)
        self.node.admin("POST", "/services/greeter/routes", {"protocols": ["grpc"], "paths": ["/pkg.Greeter/"]},
                        expect=201)

    def call(self, client, stream, text):
        client.send(client.head(stream, "POST", "/pkg.Greeter/Hello", end=False, content_type="application/grpc",
                                te="trailers"),
                    h2.frame(h2.DATA, h2.END_STREAM, stream, message(text)))
        frames = client.until(lambda kind, flags, number, _: number == stream and flags & h2.END_STREAM and
                              kind in (h2.HEADERS, h2.DATA))
        return [each for each in frames if each[2] == stream and each[0] in (h2.HEADERS, h2.DATA)]

    def test_calls_pass_whole_and_share_a_connection(self):
        with h2.Http2Client(self.node.proxy_port) as client:
            for i in range(5):
                text = b"hello %d" % i
                frames = self.call(client, 2 * i + 1, text)
                self.assertEqual(h2.status(frames[0][3]), "200")
                self.assertEqual(b"".join(f[3] for f in frames if f[0] == h2.DATA), message(text))
                self.assertEqual((frames[-1][0], len(frames[-1][3]) > 0), (h2.HEADERS, True), "trailers come last")
        self.assertEqual((self.grpc.calls, self.grpc.connections), (5, 1))

    def test_nothing_is_said_to_be_unserved(self):
        self.assertNotIn("not served", self.node.output())
        self.assertEqual(self.node.admin("GET", "/status").json["metrics"]["tollgate_configuration_problems"], 0)

    def test_what_is_no_call_is_refused(self):
        answer = self.node.proxy("POST", "/pkg.Greeter/Hello", "x", {"Content-Type": "application/grpc"})
        self.assertEqual((answer.status, answer.headers.get("Upgrade")), (426, "HTTP/2"))
        self.assertEqual(self.node.proxy("POST", "/pkg.Greeter/Hello", "x").status, 415)
        self.assertEqual(self.grpc.connections, 0)


class Https(Case):
    """A second gateway is the origin that speaks HTTP/2 over TLS."""

    def setUp(self):
        super().setUp()
        self.behind = self.gateway("behind", workers=1).start()
        self.add_route(self.behind)

    def streams(self, **settings):
        front = self.gateway("front", workers=1, **settings).start()
        front.admin("POST", "/services", {"name": "s", "url": f"https://127.0.0.1:{self.behind.tls_port}"}, expect=201)
        front.admin("POST", "/services/s/routes", {"paths": ["/"], "strip_path": False}, expect=201)
        for i in range(4):
            answer = front.proxy("POST", f"/posts/{i}", "x" * 100_000)
            self.assertEqual((answer.status, len(answer.json["body"])), (200, 100_000))
        metrics = front.admin("GET", "/status").json["metrics"]
        self.assertEqual(metrics["tollgate_upstream_connections_opened_total"], 1)
        return metrics["tollgate_upstream_http2_streams_total"]

    def test_it_is_spoken_where_it_is_offered(self):
        self.assertEqual(self.streams(upstream_http2="auto"), 4)

    def test_it_is_not_offered_unless_somebody_says_so(self):
        self.assertEqual(self.streams(), 0)


if __name__ == "__main__":
    unittest.main()
