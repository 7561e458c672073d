"""Routes as whoever wants to pass them by asks for them."""
import socket
import unittest

from harness import Case


class Regexes(Case):
    def get(self, gateway, target, host="127.0.0.1"):
        """The status of a request whose target goes out as it is."""
        with socket.create_connection(("127.0.0.1", gateway.proxy_port), timeout=15) as client:
            client.sendall(b"GET " + target + b" HTTP/1.1\r\nHost: " + host.encode() + b"\r\nConnection: close\r\n\r\n")
            answer = b""
            while part := client.recv(65536):
                answer += part
        return int(answer.split(b" ")[1])

    def test_no_byte_passes_by_a_guarded_regex(self):
        gateway = self.gateway().start()
        self.add_route(gateway, "open", "/")
        gateway.admin("POST", "/services/open/routes", {"name": "secure", "paths": ["~/secure/(?<x>.+)$"]}, expect=201)
        gateway.admin("POST", "/routes/secure/plugins", "name=key-auth", expect=201)
        self.assertEqual(self.get(gateway, b"/other/%ff"), 200)
        for path in (b"a", b"%ff", b"%C3%A9", b"%e2%80%a8", b"%85", b"a%ff%fe", b"%80"):
            self.assertEqual(self.get(gateway, b"/secure/" + path), 401, path)
        for path in (b"a%0a", b"%0a", b"a%0d", b"a%00", b"%7f", b"a%1Fb"):
            self.assertEqual(self.get(gateway, b"/secure/" + path), 400, path)

    def test_a_host_with_its_final_dot_is_the_same_host(self):
        gateway = self.gateway().start()
        self.add_route(gateway, "open", "/")
        gateway.admin("POST", "/services/open/routes", {"name": "secret", "hosts": ["secret.example"]}, expect=201)
        gateway.admin("POST", "/routes/secret/plugins", "name=key-auth", expect=201)
        for host in ("secret.example", "secret.example.", "SECRET.example.:80"):
            self.assertEqual(self.get(gateway, b"/", host), 401, host)

    def test_one_regex_too_many_is_told(self):
        gateway = self.gateway().start()
        self.add_route(gateway, "first", "/literal")
        paths = [f"~/[a-z]+/item{i}$" for i in range(100)]
        made = gateway.admin("POST", "/services/first/routes", {"name": "many", "paths": paths}, expect=201)
        self.assertNotIn("Warning", made.headers)
        more = gateway.admin("POST", "/services/first/routes", {"name": "more", "paths": ["~/[a-z]+/x$"]}, expect=201)
        self.assertIn("100 others", more.headers["Warning"])
        literal = gateway.admin("POST", "/services/first/routes", {"paths": ["~/users/[a-z]+$"]}, expect=201)
        self.assertNotIn("Warning", literal.headers)
        self.assertEqual(self.get(gateway, b"/abc/item99"), 200)
        self.assertEqual(self.get(gateway, b"/abc/item100"), 404)

    def test_a_regex_that_is_too_large_is_refused(self):
        gateway = self.gateway().start()
        self.add_route(gateway, "first", "/literal")
        path = "~/" + "(a[bc]d){1000}" * 40
        answer = gateway.admin("POST", "/services/first/routes", {"paths": [path]})
        self.assertEqual(answer.status, 400)
        self.assertIn("too large", str(answer.json))


if __name__ == "__main__":
    unittest.main()
