"""What /status says is what happens: connections, requests, streams, refusals, origins, the node itself."""
import socket
import threading
import unittest

import http2_client as h2
from harness import Case, free_ports, request, wait_until

HEAD = b"GET /posts HTTP/1.1\r\nHost: a\r\n"


class Status(Case):
    def node(self, **settings):
        gateway = self.gateway(**settings).start()
        self.add_route(gateway)
        return gateway

    def connect(self, port):
        connection = socket.create_connection(("127.0.0.1", port), timeout=20)
        self.addCleanup(connection.close)
        return connection

    @staticmethod
    def server(gateway):
        return gateway.admin("GET", "/status").json["server"]

    @staticmethod
    def metric(gateway, name, *labels):
        """0 where nothing was counted under the labels."""
        value = gateway.admin("GET", "/status").json["metrics"]["tollgate_" + name]
        for label in labels:
            value = value.get(label, {})
        return value or 0

    def becomes(self, gateway, wanted, name, *labels):
        seen = []

        def equal():
            seen[:] = [self.metric(gateway, name, *labels)]
            return seen[0] == wanted

        wait_until(equal, lambda: f"{name} {labels} to be {wanted}, not {seen}")

    def stands(self, gateway, **wanted):
        """The connections that are there, the one that asks included: it is answered meanwhile."""
        seen = {}

        def equal():
            seen.update(self.server(gateway))
            return all(seen["connections_" + name] == value for name, value in wanted.items())

        wait_until(equal, lambda: f"{wanted}, not {seen}")


class Connections(Status):
    def test_are_counted_where_they_stand(self):
        gateway = self.node()
        self.stands(gateway, active=1, reading=0, writing=1, waiting=0)
        mute, half, tls = (self.connect(port) for port in
                           (gateway.proxy_port, gateway.proxy_port, gateway.tls_port))
        self.stands(gateway, active=4, reading=1, writing=1, waiting=2)
        half.sendall(HEAD)
        self.stands(gateway, active=4, reading=2, writing=1, waiting=1)
        self.origin.hold = threading.Event()
        self.addCleanup(self.origin.hold.set)
        half.sendall(b"\r\n")
        self.stands(gateway, active=4, reading=1, writing=2, waiting=1)
        self.origin.hold.set()
        self.assertIn(b"200 OK", half.recv(65536))
        self.stands(gateway, active=4, reading=1, writing=1, waiting=2)
        for connection in (mute, half, tls):
            connection.close()
        self.stands(gateway, active=1, reading=0, writing=1, waiting=0)

    def test_are_counted_in_all(self):
        gateway = self.node()
        before = self.server(gateway)
        for _ in range(3):
            self.connect(gateway.proxy_port)
        self.stands(gateway, waiting=3)
        after = self.server(gateway)
        new = after["connections_accepted"] - before["connections_accepted"]
        asked = after["total_requests"] - before["total_requests"]  # each on one of its own
        self.assertEqual(new, 3 + asked)
        self.assertEqual(after["connections_handled"], after["connections_accepted"])

    def test_of_http2_count_once_however_many_streams_they_carry(self):
        gateway = self.node()
        self.origin.hold = threading.Event()
        self.addCleanup(self.origin.hold.set)
        with h2.Http2Client(gateway.proxy_port) as client:
            client.send(*(client.head(stream, "GET", "/posts") for stream in (1, 3, 5)))
            self.stands(gateway, active=2, writing=2)
            self.becomes(gateway, 3, "http2_streams_total")
            self.origin.hold.set()
            ended = set()
            client.until(lambda kind, flags, stream, _: kind == h2.DATA and flags & h2.END_STREAM and
                         (ended.add(stream) or len(ended) == 3))
            self.stands(gateway, active=2, writing=1, waiting=1)

    def test_that_a_limit_ends_are_counted(self):
        gateway = self.node(header_timeout="0.2", keepalive_timeout="0.3", ssl_handshake_timeout="0.2")
        for port, start in ((gateway.proxy_port, HEAD), (gateway.proxy_port, b""), (gateway.tls_port, b"")):
            connection = self.connect(port)
            connection.sendall(start)
            self.assertEqual(connection.recv(1), b"", "it is closed")
        for limit in ("header_timeout", "ssl_handshake_timeout"):
            self.becomes(gateway, 1, "client_connections_ended_total", limit)
        self.assertGreaterEqual(self.metric(gateway, "client_connections_ended_total", "keepalive_timeout"), 1)
        self.assertEqual(gateway.admin("GET", "/status").json["connections_ended_by_limit"]["ssl_handshake_timeout"], 1)


class Requests(Status):
    def test_are_counted_by_their_status(self):
        gateway = self.node()
        total = self.server(gateway)["total_requests"]
        good = self.metric(gateway, "requests_total", "2xx", "200")
        for _ in range(5):
            self.assertEqual(gateway.proxy("GET", "/posts").status, 200)
        self.assertEqual(gateway.proxy("GET", "/nowhere").status, 404)
        # Requests to the Admin API are requests, and one that asks counts itself.
        self.assertEqual(self.server(gateway)["total_requests"], total + 1 + 5 + 1 + 1)
        self.assertEqual(self.metric(gateway, "requests_total", "2xx", "200"), good + 1 + 5 + 1)
        self.becomes(gateway, 1, "requests_total", "4xx", "404")

    def test_that_the_gateway_refuses_are_counted_by_reason(self):
        gateway = self.node(nginx_http_client_max_body_size="1k", client_body_timeout="0.3")

        def raw(text):
            connection = self.connect(gateway.proxy_port)
            connection.sendall(text)
            return connection.recv(65536).split(b" ")[1]

        self.assertEqual(raw(HEAD + b"Bad Name: x\r\n\r\n"), b"400")
        self.assertEqual(raw(b"TRACE /posts HTTP/1.1\r\nHost: a\r\n\r\n"), b"405")
        self.assertEqual(raw(b"POST /posts HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nx"), b"408")
        self.assertEqual(raw(b"POST /posts HTTP/1.1\r\nHost: a\r\nContent-Length: 1025\r\n\r\n"), b"413")
        self.assertEqual(raw(b"GET /" + b"x" * 10000 + b" HTTP/1.1\r\nHost: a\r\n\r\n"), b"414")
        self.assertEqual(raw(HEAD + b"X: " + b"x" * 40000 + b"\r\n\r\n"), b"431")
        self.assertEqual(raw(b"GET /nowhere HTTP/1.1\r\nHost: a\r\n\r\n"), b"404")
        gateway.admin("POST", "/routes", "name=tls&paths[]=/tls&protocols[]=https", expect=201)
        self.assertEqual(raw(b"GET /tls HTTP/1.1\r\nHost: a\r\n\r\n"), b"426")
        for reason in ("malformed", "method_not_allowed", "body_timeout", "body_too_large", "target_too_long",
                       "head_too_large", "no_route", "wrong_protocol"):
            self.becomes(gateway, 1, "requests_refused_total", reason)
        # What a filter refuses is not the gateway's.
        gateway.admin("POST", "/plugins", {"name": "request-termination", "config": {"status_code": 404}}, expect=201)
        self.assertEqual(raw(HEAD + b"\r\n"), b"404")
        self.becomes(gateway, 2, "requests_total", "4xx", "404")
        self.assertEqual(self.metric(gateway, "requests_refused_total", "no_route"), 1)

    def test_bytes_are_counted_as_they_move(self):
        gateway = self.node(workers=1)
        connection = self.connect(gateway.proxy_port)
        sent = lambda: self.metric(gateway, "client_bytes_total", "received")
        upstream = lambda: self.metric(gateway, "upstream_bytes_total", "sent")
        before, before_upstream = sent(), upstream()
        body = b"x" * 100_000
        connection.sendall(b"POST /posts HTTP/1.1\r\nHost: a\r\nContent-Length: 100001\r\n\r\n" + body)
        wait_until(lambda: sent() - before >= 100_000, "the upload to be counted before it ends")
        wait_until(lambda: upstream() - before_upstream >= 100_000, "what the origin got to be counted")


class Streams(Status):
    def test_that_are_reset_at_once_are_charged_until_the_connection_ends(self):
        gateway = self.node()
        self.origin.hold = threading.Event()
        self.addCleanup(self.origin.hold.set)
        with h2.Http2Client(gateway.proxy_port) as client:
            try:
                for i in range(200):
                    stream = 2 * i + 1
                    client.send(client.head(stream, "GET", "/posts"),
                                h2.frame(h2.RST_STREAM, 0, stream, h2.CANCEL.to_bytes(4, "big")))
                client.until_closed()
            except OSError:  # it is closed already
                pass
        self.becomes(gateway, 1, "http2_connections_calmed_total")
        self.assertGreaterEqual(self.metric(gateway, "http2_costs_total", "early_reset"), 50)

    def test_beyond_the_limit_of_concurrent_ones_are_refused(self):
        gateway = self.node(http2_max_concurrent_streams="4")
        self.origin.hold = threading.Event()
        self.addCleanup(self.origin.hold.set)
        with h2.Http2Client(gateway.proxy_port) as client:
            # The client has not seen the limit yet: afterwards it would break the rules.
            client.send(*(client.head(2 * i + 1, "GET", "/posts") for i in range(6)))
            self.becomes(gateway, 2, "http2_streams_refused_total")
            self.assertEqual(self.metric(gateway, "http2_streams_total"), 4)

    def test_that_a_limit_ends_are_counted(self):
        gateway = self.node(send_timeout="0.3")
        with h2.Http2Client(gateway.proxy_port, initial_window=0) as client:
            client.send(client.head(1, "GET", "/posts"))
            client.until(lambda kind, *_: kind == h2.RST_STREAM)
            self.becomes(gateway, 1, "http2_streams_ended_total", "send_timeout")


class Origins(Status):
    def test_connections_are_counted_with_their_reuse(self):
        gateway = self.node(workers=1)
        for _ in range(4):
            self.assertEqual(gateway.proxy("GET", "/posts").status, 200)
        self.becomes(gateway, 1, "upstream_connections_opened_total")
        self.becomes(gateway, 3, "upstream_connections_reused_total")
        self.becomes(gateway, 1, "upstream_connections_idle")
        self.becomes(gateway, 1, "upstream_connections_open")
        self.assertEqual(gateway.admin("GET", "/status").json["metrics"]["tollgate_upstream_connect_milliseconds"]["count"], 1)

    def test_failures_are_counted_with_their_reasons_and_retries(self):
        gateway = self.node()
        (nobody,) = free_ports(1)
        silent = socket.create_server(("127.0.0.1", 0))
        self.addCleanup(silent.close)
        for name, url, more, status in (
                ("refused", f"http://127.0.0.1:{nobody}", {"retries": 3}, 502),
                ("silent", f"http://127.0.0.1:{silent.getsockname()[1]}", {"retries": 0, "read_timeout": 200}, 504)):
            gateway.admin("POST", "/services", {"name": name, "url": url, **more}, expect=201)
            gateway.admin("POST", f"/services/{name}/routes", {"paths": [f"/{name}"]}, expect=201)
            self.assertEqual(gateway.proxy("GET", f"/{name}").status, status)
        self.becomes(gateway, 4, "upstream_failures_total", "connection_refused")
        self.becomes(gateway, 1, "upstream_failures_total", "read_timed_out")
        self.becomes(gateway, 3, "upstream_retries_total")
        self.becomes(gateway, 1, "requests_total", "5xx", "502")

    def test_a_request_that_meets_a_closed_connection_is_renewed(self):
        gateway = self.node(workers=1)
        closing = socket.create_server(("127.0.0.1", 0))
        self.addCleanup(closing.close)
        gone = threading.Event()

        def serve():
            first, _ = closing.accept()
            first.recv(65536)
            first.sendall(b"HTTP/1.1 204 No Content\r\n\r\n")
            first.recv(65536)  # the next request: closed without an answer
            first.close()
            second, _ = closing.accept()
            second.recv(65536)
            second.sendall(b"HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n")
            gone.wait(30)
            second.close()

        threading.Thread(target=serve, daemon=True).start()
        self.addCleanup(gone.set)
        gateway.admin("POST", "/services", f"name=c&url=http://127.0.0.1:{closing.getsockname()[1]}", expect=201)
        gateway.admin("POST", "/services/c/routes", "paths[]=/c", expect=201)
        for _ in range(2):
            self.assertEqual(gateway.proxy("GET", "/c").status, 204)
        self.becomes(gateway, 1, "upstream_requests_renewed_total")
        self.assertEqual(self.metric(gateway, "upstream_retries_total"), 0)


class Node(Status):
    def test_tells_of_itself(self):
        gateway = self.node()
        status = gateway.admin("GET", "/status").json
        metrics = status["metrics"]
        self.assertEqual(metrics["tollgate_configuration_revision"], status["configuration"]["revision"])
        self.assertEqual(metrics["tollgate_configuration_problems"], 0)
        self.assertEqual((metrics["tollgate_store_reachable"], metrics["tollgate_store_behind"]), (1, 0))
        self.assertGreater(metrics["tollgate_memory_resident_bytes"], 1_000_000)
        self.assertGreater(metrics["tollgate_heap_used_bytes"], 100_000)
        self.assertGreaterEqual(metrics["tollgate_heap_held_bytes"], metrics["tollgate_heap_used_bytes"])
        wait_until(lambda: self.metric(gateway, "event_loop_lag_milliseconds", "count") >= 3,
                   "two workers and the main thread to look how late they are")

    def test_the_status_listener_says_the_same(self):
        gateway = self.node()
        admin = gateway.admin("GET", "/status").json
        status = request(gateway.status_port, "GET", "/status").json
        self.assertEqual(status.keys(), admin.keys())
        self.assertEqual(status["metrics"].keys(), admin["metrics"].keys())
        self.assertEqual(status["server"]["total_requests"], admin["server"]["total_requests"] + 1)

    def test_a_database_that_is_away_is_told_of(self):
        postgres = self.postgres()
        gateway = self.gateway(**postgres.settings())
        self.assertEqual(gateway.command("migrations", "bootstrap").returncode, 0)
        gateway.start()
        self.assertEqual(self.metric(gateway, "store_reachable"), 1)
        postgres.stop()
        self.becomes(gateway, 0, "store_reachable")


if __name__ == "__main__":
    unittest.main()
