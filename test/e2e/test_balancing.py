"""Requests over the targets of an upstream: servers that are killed and come back, names that move."""
import collections
import http.server
import json
import socket
import ssl
import struct
import subprocess
import threading
import unittest

from harness import Case, free_ports, wait_until


class Server:
    """An origin that says its port. stop() refuses connections, start() listens again on the port."""

    def __init__(self, port=0):
        self.port = port
        self.status = 200
        self.requests = 0
        self.probes = 0
        self.hosts = collections.Counter()
        self.connections = set()
        self.peer = None  # whom the certificate of the last request named
        self.http = None
        self.start()

    def start(self):
        server = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def setup(self):
                super().setup()
                server.connections.add(self.connection)

            def do_GET(self):
                if self.path == "/probe":
                    server.probes += 1
                else:
                    server.requests += 1
                    server.hosts[self.headers["Host"]] += 1
                    if isinstance(self.connection, ssl.SSLSocket):
                        subject = (self.connection.getpeercert() or {}).get("subject")
                        server.peer = subject[0][0][1] if subject else None
                body = str(server.port).encode()
                self.send_response(server.status)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *args):
                pass

        class Listener(http.server.ThreadingHTTPServer):
            daemon_threads = True
            allow_reuse_address = True

            def handle_error(self, request, client_address):
                pass

        self.http = Listener(("127.0.0.1", self.port), Handler)
        self.port = self.http.server_address[1]
        threading.Thread(target=self.http.serve_forever, args=(0.02,), daemon=True).start()
        return self

    def stop(self):
        if self.http is None:
            return
        self.http.shutdown()
        self.http.server_close()
        for connection in list(self.connections):
            try:
                connection.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
        self.connections.clear()
        self.http = None


class NameServer:
    """A DNS server with A records of one second, which the test changes as it goes."""

    def __init__(self):
        self.names = {}
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind(("127.0.0.1", 0))
        self.port = self.socket.getsockname()[1]
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        while True:
            try:
                query, peer = self.socket.recvfrom(2048)
                self.socket.sendto(self.answer(query), peer)
            except OSError:
                return

    def answer(self, query):
        labels, at = [], 12
        while query[at]:
            labels.append(query[at + 1:at + 1 + query[at]].decode())
            at += query[at] + 1
        (kind,) = struct.unpack(">H", query[at + 1:at + 3])
        name = ".".join(labels)
        addresses = self.names.get(name, []) if kind == 1 else []
        code = 0 if name in self.names else 3
        head = query[:2] + struct.pack(">HHHHH", 0x8180 | code, 1, len(addresses), 0, 0)
        records = b"".join(b"\xc0\x0c" + struct.pack(">HHIH", 1, 1, 1, 4) + socket.inet_aton(a)
                           for a in addresses)
        return head + query[12:at + 5] + records

    def close(self):
        self.socket.close()


class Balancing(Case):
    def server(self, port=0):
        server = Server(port)
        self.addCleanup(server.stop)
        return server

    def upstream(self, gateway, servers, name="up", **fields):
        """An upstream with these servers as targets, and a route /<name> over it."""
        gateway.admin("POST", "/upstreams", {"name": name, **fields}, expect=201)
        for server in servers:
            self.target(gateway, server, name)
        gateway.admin("POST", "/services", {"name": name, "host": name, "port": 1}, expect=201)
        gateway.admin("POST", f"/services/{name}/routes", {"name": name, "paths": [f"/{name}"]}, expect=201)

    def target(self, gateway, server, name="up", weight=100):
        port = server.port if isinstance(server, Server) else server
        gateway.admin("POST", f"/upstreams/{name}/targets",
                      {"target": f"127.0.0.1:{port}", "weight": weight}, expect=201)

    def ask(self, gateway, count=1, path="/up", headers=None):
        """Counts the answers: by port where they are 200, else by status."""
        out = collections.Counter()
        for _ in range(count):
            answer = gateway.proxy("GET", path, headers=headers)
            out[int(answer.body) if answer.status == 200 else answer.status] += 1
        return out

    def states(self, gateway, name="up"):
        data = gateway.admin("GET", f"/upstreams/{name}/health", expect=200).json["data"]
        return {int(row["target"].rsplit(":", 1)[1]): row["health"] for row in data}

    def test_every_write_is_in_effect_at_once(self):
        gateway = self.gateway(workers=1).start()
        one, two = self.server(), self.server()
        gateway.admin("POST", "/services", {"name": "up", "host": "up", "port": 1}, expect=201)
        gateway.admin("POST", "/services/up/routes", {"paths": ["/up"]}, expect=201)
        gateway.admin("POST", "/upstreams", {"name": "up"}, expect=201)
        answer = gateway.proxy("GET", "/up")
        self.assertEqual(answer.status, 503)
        self.assertEqual(answer.json["message"], "failure to get a peer from the ring-balancer")
        self.target(gateway, one)
        self.assertEqual(self.ask(gateway, 4), {one.port: 4})
        self.target(gateway, two, weight=300)
        self.assertEqual(self.ask(gateway, 8), {one.port: 2, two.port: 6})
        gateway.admin("PATCH", f"/upstreams/up/targets/127.0.0.1:{two.port}", {"weight": 0}, expect=200)
        self.assertEqual(self.ask(gateway, 4), {one.port: 4})
        gateway.admin("DELETE", f"/upstreams/up/targets/127.0.0.1:{one.port}", expect=204)
        self.assertEqual(self.ask(gateway, 2), {503: 2})
        self.assertEqual(two.hosts, {f"127.0.0.1:{two.port}": 6})
        gateway.admin("DELETE", "/upstreams/up", expect=204)
        self.assertNotIn(b"ring-balancer", gateway.proxy("GET", "/up").body, "a name like any other")

    def test_a_restart_keeps_the_targets(self):
        gateway = self.gateway().start()
        one, two = self.server(), self.server()
        self.upstream(gateway, [one, two])
        self.assertEqual(set(self.ask(gateway, 20)), {one.port, two.port})
        gateway.stop()
        gateway.start()
        self.assertEqual(set(self.ask(gateway, 20)), {one.port, two.port})

    def test_a_killed_server_costs_no_request_and_is_left_alone(self):
        gateway = self.gateway().start()
        one, two = self.server(), self.server()
        self.upstream(gateway, [one, two],
                      healthchecks={"passive": {"unhealthy": {"tcp_failures": 2}}})
        self.assertEqual(set(self.ask(gateway, 20)), {one.port, two.port})
        one.stop()
        self.assertEqual(self.ask(gateway, 30), {two.port: 30})
        self.assertEqual(self.states(gateway), {one.port: "UNHEALTHY", two.port: "HEALTHY"})
        one.start()
        self.assertEqual(self.ask(gateway, 10), {two.port: 10}, "passive checks alone never bring it back")
        gateway.admin("PUT", f"/upstreams/up/targets/127.0.0.1:{one.port}/healthy", expect=204)
        self.assertEqual(self.states(gateway)[one.port], "HEALTHY")
        self.assertEqual(set(self.ask(gateway, 20)), {one.port, two.port})
        gateway.admin("PUT", f"/upstreams/up/targets/127.0.0.1:{one.port}/127.0.0.1:{one.port}/unhealthy",
                      expect=204)
        self.assertEqual(self.ask(gateway, 10), {two.port: 10})

    def test_probes_find_who_dies_and_who_comes_back(self):
        gateway = self.gateway().start()
        one, two = self.server(), self.server()
        self.upstream(gateway, [one, two], healthchecks={"active": {
            "http_path": "/probe", "timeout": 1,
            "healthy": {"interval": 0.1, "successes": 1},
            "unhealthy": {"interval": 0.1, "tcp_failures": 1, "http_failures": 1, "timeouts": 1}}})
        wait_until(lambda: one.probes and two.probes, "probes")
        self.assertEqual(self.states(gateway), {one.port: "HEALTHY", two.port: "HEALTHY"})
        one.stop()
        wait_until(lambda: self.states(gateway)[one.port] == "UNHEALTHY", "the dead one to be found")
        self.assertEqual(self.ask(gateway, 10), {two.port: 10})
        two.status = 500
        wait_until(lambda: self.states(gateway)[two.port] == "UNHEALTHY", "the failing one to be found")
        self.assertEqual(self.ask(gateway, 2), {503: 2})
        health = gateway.admin("GET", "/upstreams/up/health?balancer_health=1").json["data"]
        self.assertEqual((health["health"], health["balancer_health"]), ("UNHEALTHY", "UNHEALTHY"))
        self.assertEqual(health["details"]["weight"], {"total": 200, "available": 0, "unavailable": 200})
        two.status = 200
        one.start()
        wait_until(lambda: set(self.states(gateway).values()) == {"HEALTHY"}, "both to come back")
        self.assertEqual(set(self.ask(gateway, 20)), {one.port, two.port})
        self.assertIn("is unhealthy", gateway.output())

    def test_a_threshold_takes_the_whole_upstream_out(self):
        gateway = self.gateway().start()
        servers = [self.server() for _ in range(4)]
        self.upstream(gateway, servers, healthchecks={
            "threshold": 50, "passive": {"unhealthy": {"tcp_failures": 1}}})
        for server in servers[:2]:
            gateway.admin("PUT", f"/upstreams/up/targets/127.0.0.1:{server.port}/unhealthy", expect=204)
        self.assertEqual(self.ask(gateway, 4), {503: 4})
        gateway.admin("PUT", f"/upstreams/up/targets/127.0.0.1:{servers[0].port}/healthy", expect=204)
        self.assertNotIn(503, self.ask(gateway, 8))

    def test_two_nodes_choose_the_same_server(self):
        servers = [self.server() for _ in range(5)]
        homes = []
        for node in ("a", "b"):
            gateway = self.gateway(node).start()
            order = servers if node == "a" else servers[::-1]
            self.upstream(gateway, order, hash_on="header", hash_on_header="X-User")
            homes.append([self.ask(gateway, headers={"X-User": f"user {i}"}) for i in range(30)])
        self.assertEqual(homes[0], homes[1])
        self.assertGreater(len({tuple(home) for home in homes[0]}), 2)

    def test_a_capture_of_the_path_decides(self):
        gateway = self.gateway().start()
        servers = [self.server() for _ in range(4)]
        self.upstream(gateway, servers, hash_on="uri_capture", hash_on_uri_capture="user")
        gateway.admin("POST", "/services/up/routes", {"paths": [r"~/u/(?<user>\w+)/"]}, expect=201)
        homes = {}
        for user in (f"user{i}" for i in range(20)):  # few may all have one home: ports are by chance
            got = self.ask(gateway, path=f"/u/{user}/x") + self.ask(gateway, 3, path=f"/u/{user}/other")
            self.assertEqual(len(got), 1, got)
            homes[user] = next(iter(got))
        self.assertGreater(len(set(homes.values())), 1)

    def test_slow_requests_go_where_fewer_are_under_way(self):
        gateway = self.gateway(workers=1).start()
        one, two = self.server(), self.server()
        self.upstream(gateway, [one, two], algorithm="least-connections")
        self.assertEqual(self.ask(gateway, 10), {one.port: 5, two.port: 5})
        self.upstream(gateway, [one, two], name="quick", algorithm="latency")
        self.assertEqual(sum(self.ask(gateway, 10, path="/quick").values()), 10)

    def test_names_of_targets_follow_their_records(self):
        names = NameServer()
        self.addCleanup(names.close)
        gateway = self.gateway(dns_resolver=f"127.0.0.1:{names.port}").start()
        server = self.server()
        names.names["app.test"] = ["127.0.0.1"]
        self.upstream(gateway, [])
        gateway.admin("POST", "/upstreams/up/targets", {"target": f"app.test:{server.port}"}, expect=201)
        self.assertEqual(self.ask(gateway), {server.port: 1}, "the first request waits for the answer")
        self.assertEqual(server.hosts, {f"app.test:{server.port}": 1})
        names.names["app.test"] = ["127.0.0.1", "127.0.0.2"]

        def addresses():
            row = gateway.admin("GET", "/upstreams/up/health").json["data"][0]
            return {address["ip"] for address in row["data"]["addresses"]}

        wait_until(lambda: addresses() == {"127.0.0.1", "127.0.0.2"}, "the new record")
        del names.names["app.test"]
        wait_until(lambda: addresses() == set(), "the name to be gone")
        row = gateway.admin("GET", "/upstreams/up/health").json["data"][0]
        self.assertEqual((row["health"], row["data"]["dns"]), ("DNS_ERROR", "dns server error: 3 name error"))
        self.assertEqual(self.ask(gateway), {503: 1})

    def certificate(self, name, subject="localhost", signer=None, authority=False):
        """Makes a key and a certificate; returns their paths."""
        key, cert = self.folder / f"{name}.key", self.folder / f"{name}.pem"
        command = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                   "-keyout", key, "-out", cert, "-days", "30", "-subj", f"/CN={subject}",
                   "-addext", f"subjectAltName=DNS:{subject}"]
        if authority:
            command += ["-addext", "basicConstraints=critical,CA:TRUE"]
        if signer is not None:
            command += ["-CA", signer[1], "-CAkey", signer[0], "-addext", "basicConstraints=CA:FALSE"]
        subprocess.run([*map(str, command)], check=True, capture_output=True, timeout=60)
        return key, cert

    def test_certificates_are_shown_and_asked_for(self):
        authority = self.certificate("authority", "authority", authority=True)
        server = self.certificate("server", "origin.test")
        shown = [self.certificate(f"client{i}", f"client{i}") for i in range(2)]
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(server[1], server[0])
        context.verify_mode = ssl.CERT_OPTIONAL
        for _, cert in shown:
            context.load_verify_locations(cert)
        origin = self.server()
        origin.http.socket = context.wrap_socket(origin.http.socket, server_side=True)
        gateway = self.gateway(workers=1).start()

        def entity(kind, **fields):
            return gateway.admin("POST", f"/{kind}", fields, expect=201).json["id"]

        ids = [entity("certificates", cert=cert.read_text(), key=key.read_text()) for key, cert in shown]
        gateway.admin("POST", "/upstreams", {"name": "up", "client_certificate": {"id": ids[0]},
                                             "host_header": "origin.test"}, expect=201)
        self.target(gateway, origin)
        gateway.admin("POST", "/services", {"name": "up", "host": "up", "protocol": "https"}, expect=201)
        gateway.admin("POST", "/services/up/routes", {"paths": ["/up"]}, expect=201)

        def peer():
            answer = gateway.proxy("GET", "/up")
            return origin.peer if answer.status == 200 else answer.status

        self.assertEqual(peer(), "client0", "the upstream's")
        gateway.admin("PATCH", "/services/up", {"client_certificate": {"id": ids[1]}}, expect=200)
        self.assertEqual(peer(), "client1", "the service's own comes first")
        gateway.admin("PATCH", "/services/up", {"client_certificate": None}, expect=200)
        self.assertEqual(peer(), "client0")
        key, cert = shown[1]
        gateway.admin("PATCH", f"/certificates/{ids[0]}", {"cert": cert.read_text(), "key": key.read_text()},
                      expect=200)
        self.assertEqual(peer(), "client1", "a certificate that is replaced")
        gateway.admin("PATCH", "/upstreams/up", {"client_certificate": None}, expect=200)
        self.assertEqual(peer(), None)
        # The origin's own certificate, against the system's authorities, a wrong one and the right one.
        gateway.admin("PATCH", "/services/up", {"tls_verify": True}, expect=200)
        self.assertEqual(peer(), 502)
        wrong = entity("ca_certificates", cert=authority[1].read_text())
        gateway.admin("PATCH", "/services/up", {"ca_certificates": [wrong]}, expect=200)
        self.assertEqual(peer(), 502)
        right = self.certificate("right", "right", authority=True)
        server = self.certificate("signed", "origin.test", signer=right)
        context.load_cert_chain(server[1], server[0])
        right_id = entity("ca_certificates", cert=right[1].read_text())
        gateway.admin("PATCH", "/services/up", {"ca_certificates": [right_id]}, expect=200)
        self.assertEqual(peer(), None)
        # Probes over TLS go by the upstream's settings.
        gateway.admin("PATCH", "/upstreams/up", {"healthchecks": {"active": {
            "type": "https", "http_path": "/probe", "https_verify_certificate": False,
            "healthy": {"interval": 0.1, "successes": 1},
            "unhealthy": {"interval": 0.1, "tcp_failures": 1}}}}, expect=200)
        wait_until(lambda: origin.probes > 1, "probes over TLS")
        self.assertEqual(self.states(gateway), {origin.port: "HEALTHY"})
        gateway.admin("PATCH", "/upstreams/up", {"healthchecks": {"active": {
            "https_verify_certificate": True}}}, expect=200)
        wait_until(lambda: self.states(gateway) == {origin.port: "UNHEALTHY"},
                   "the certificate to be found out")

    def test_marks_by_hand_reach_every_node(self):
        database = self.postgres()
        nodes = [self.gateway(name, **database.settings()) for name in ("a", "b")]
        self.assertEqual(nodes[0].command("migrations", "bootstrap").returncode, 0)
        for node in nodes:
            node.start()
        one = self.server()
        self.upstream(nodes[0], [one], healthchecks={"passive": {"unhealthy": {"tcp_failures": 1}}})
        wait_until(lambda: nodes[1].admin("GET", "/upstreams/up").status == 200
                   and self.states(nodes[1]) == {one.port: "HEALTHY"}, "the other node to know the upstream")
        for action, state in (("unhealthy", "UNHEALTHY"), ("healthy", "HEALTHY")):
            nodes[0].admin("PUT", f"/upstreams/up/targets/127.0.0.1:{one.port}/{action}", expect=204)
            self.assertEqual(self.states(nodes[0]), {one.port: state})
            wait_until(lambda: self.states(nodes[1]) == {one.port: state}, "the mark to arrive")

    def test_a_database_is_not_needed_to_balance(self):
        database = self.postgres()
        gateway = self.gateway(**database.settings(), pg_timeout="1000", db_update_frequency="1")
        self.assertEqual(gateway.command("migrations", "bootstrap").returncode, 0)
        gateway.start()
        one, two = self.server(), self.server()
        self.upstream(gateway, [one, two], healthchecks={"passive": {"unhealthy": {"tcp_failures": 1}}})
        database.stop()
        one.stop()
        self.assertEqual(self.ask(gateway, 20), {two.port: 20})


if __name__ == "__main__":
    unittest.main()
