"""Listeners as entities: added, changed and removed while the gateway runs."""
import http.client
import signal
import socket
import unittest

from harness import Case, free_ports, request, wait_until

ROUTER = [{"name": "plugins"}, {"name": "router"}]


def listener(name, port, filters=None, tls=False):
    chain = [{"name": "tls"}] if tls else []
    chain.append({"name": "http", "config": {"filters": filters or ROUTER}})
    return {"name": name, "bind": [f"127.0.0.1:{port}"], "filter_chains": [{"filters": chain}]}


def closed(port):
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) != 0


class KeptAlive:
    """One connection that stays open between requests."""

    def __init__(self, port):
        self.connection = http.client.HTTPConnection("127.0.0.1", port, timeout=15)

    def get(self, path="/posts"):
        self.connection.request("GET", path)
        response = self.connection.getresponse()
        response.read()
        return response

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.connection.close()


class Listeners(Case):
    def start(self, **settings):
        gateway = self.gateway(**settings).start()
        self.add_route(gateway)
        return gateway

    def status(self, port, tls=False):
        return request(port, "GET", "/posts", tls=tls).status

    def test_lives_from_its_creation_to_its_deletion(self):
        gateway = self.start()
        first, second = free_ports(2)
        made = gateway.admin("POST", "/listeners", listener("extra", first), expect=201).json
        self.assertEqual(made["backlog"], 16384)
        self.assertEqual(self.status(first), 200)

        gateway.admin("PATCH", "/listeners/extra", {"bind": [f"127.0.0.1:{second}"]}, expect=200)
        self.assertEqual(self.status(second), 200)
        self.assertTrue(closed(first))

        gateway.admin("PATCH", "/listeners/extra", {"enabled": False}, expect=200)
        self.assertTrue(closed(second))
        gateway.admin("PATCH", "/listeners/extra", {"enabled": True}, expect=200)
        self.assertEqual(self.status(second), 200)

        gateway.admin("DELETE", "/listeners/extra", expect=204)
        self.assertTrue(closed(second))
        self.assertEqual(gateway.proxy("GET", "/posts").status, 200)

    def test_others_notice_nothing(self):
        gateway = self.start()
        first, second = free_ports(2)
        gateway.admin("POST", "/listeners", listener("first", first), expect=201)
        with KeptAlive(first) as steady, KeptAlive(gateway.proxy_port) as own:
            for connection in (steady, own):
                self.assertEqual(connection.get().status, 200)
            sockets = steady.connection.sock, own.connection.sock
            gateway.admin("POST", "/listeners", listener("second", second), expect=201)
            gateway.admin("PATCH", "/listeners/first", {"tags": ["still the same"]}, expect=200)
            gateway.admin("DELETE", "/listeners/second", expect=204)
            for connection in (steady, own):
                response = connection.get()
                self.assertEqual((response.status, response.getheader("Connection")), (200, "keep-alive"))
            self.assertEqual((steady.connection.sock, own.connection.sock), sockets)

    def test_connections_of_a_changed_listener_end_after_their_answer(self):
        gateway = self.start()
        (port,) = free_ports(1)
        gateway.admin("POST", "/listeners", listener("extra", port), expect=201)
        refuse = [{"name": "request-termination", "config": {"status_code": 418}}, *ROUTER]
        with KeptAlive(port) as idle:
            self.assertEqual(idle.get().status, 200)
            gateway.admin("PUT", "/listeners/extra", listener("extra", port, refuse), expect=200)
            wait_until(lambda: idle.connection.sock.recv(1) == b"", "the idle connection to end")
        self.assertEqual(self.status(port), 418)
        self.assertEqual(gateway.proxy("GET", "/posts").status, 200, "only that listener has the filter")

    def test_tls_and_plain_tcp(self):
        gateway = self.start()
        secure, tcp = free_ports(2)
        gateway.admin("POST", "/listeners", listener("secure", secure, tls=True), expect=201)
        self.assertEqual(self.status(secure, tls=True), 200)
        target = {"host": "127.0.0.1", "port": self.origin.port}
        gateway.admin("POST", "/listeners", {
            "name": "tcp", "bind": [f"127.0.0.1:{tcp}"],
            "filter_chains": [{"filters": [{"name": "tcp-proxy", "config": target}]}]}, expect=201)
        self.assertEqual(request(tcp, "GET", "/any").json["path"], "/any")

    def test_survives_a_kill(self):
        gateway = self.start()
        (port,) = free_ports(1)
        gateway.admin("POST", "/listeners", listener("extra", port), expect=201)
        gateway.stop(signal.SIGKILL)
        gateway.start()
        self.assertEqual(self.status(port), 200)

    def test_every_node_follows(self):
        database = self.postgres()
        first = self.gateway(**database.settings())
        self.assertEqual(first.command("migrations", "bootstrap").returncode, 0)
        first.start()
        self.add_route(first)
        second = self.gateway("second", **database.settings()).start()
        (port,) = free_ports(1)
        first.admin("POST", "/listeners", listener("extra", port), expect=201)
        self.assertEqual(self.status(port), 200)
        # Nodes of one machine share the address, as workers do; the second serves on alone.
        wait_until(lambda: second.admin("GET", "/listeners/extra").status == 200, "the second node")
        first.stop()
        wait_until(lambda: not closed(port), "the second node to listen")
        self.assertEqual(self.status(port), 200)

    def test_an_address_that_is_taken_at_the_start(self):
        gateway = self.start(db_update_frequency="1")
        (port,) = free_ports(1)
        gateway.admin("POST", "/listeners", listener("extra", port), expect=201)
        gateway.stop()
        with socket.socket() as other:
            other.bind(("127.0.0.1", port))
            other.listen()
            gateway.start()
            self.assertEqual(gateway.proxy("GET", "/posts").status, 200)
            self.assertIn(f"cannot listen on 127.0.0.1:{port}", gateway.output())
            self.assertIn("another program listens there", gateway.output())
        wait_until(lambda: not closed(port), "the listener to take its address")
        self.assertEqual(self.status(port), 200)

    def refused(self, gateway, body, expected):
        answer = gateway.admin("POST", "/listeners", body)
        self.assertEqual(answer.status, 400, answer.body)
        self.assertEqual(answer.json["name"], "schema violation")
        self.assertIn(expected, answer.json["message"])

    def test_what_makes_no_sense_is_refused_whole(self):
        gateway = self.start()
        free, taken = free_ports(2)
        gateway.admin("POST", "/listeners", listener("extra", taken), expect=201)
        self.refused(gateway, listener("x", taken), "belongs to the listener 'extra'")
        self.refused(gateway, listener("x", gateway.proxy_port), "belongs to a listener of the node itself")
        self.refused(gateway, listener("x", self.origin.port), "another program listens there")
        self.refused(gateway, listener("x", 0), "port 0")
        self.refused(gateway, listener("x", free, [{"name": "nope"}, {"name": "router"}]),
                     "filter_chains[0].filters[0].config.filters[0].name: unknown HTTP filter 'nope'")
        self.refused(gateway, listener("x", free, [{"name": "admin-api"}]), "node file only")
        self.refused(gateway, {"name": "x", "bind": ["nowhere"], "filter_chains": [{"filters": [
            {"name": "http", "config": {"filters": ROUTER}}]}]}, "bind[0]: expected <ip>:<port>")
        self.refused(gateway, {"name": "x", "bind": [f"127.0.0.1:{free}"]},
                     "filter_chains: required field missing")
        self.assertTrue(closed(free))
        self.assertEqual([e["name"] for e in gateway.admin("GET", "/listeners").json["data"]], ["extra"])
        self.assertEqual(self.status(taken), 200)

    def test_a_revert_is_refused_where_the_address_was_taken_meanwhile(self):
        gateway = self.start()
        (port,) = free_ports(1)
        gateway.admin("POST", "/listeners", listener("extra", port), expect=201)
        gateway.admin("DELETE", "/listeners/extra", expect=204)
        deletion = gateway.admin("GET", "/revisions?size=1").json["data"][0]["revision"]
        with socket.socket() as other:
            other.bind(("127.0.0.1", port))
            other.listen()
            answer = gateway.admin("POST", f"/revisions/{deletion}/revert")
            self.assertEqual(answer.status, 409, answer.body)
            self.assertIn("another program listens there", answer.json["message"])
        gateway.admin("POST", f"/revisions/{deletion}/revert", expect=201)
        self.assertEqual(self.status(port), 200)


if __name__ == "__main__":
    unittest.main()
