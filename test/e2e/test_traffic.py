"""Plugins that let requests pass or not, and that name them, through a real gateway."""
import json
import socket
import unittest

from harness import PATIENCE, Case, wait_until


class Traffic(Case):
    def serve(self, name, config, **settings):
        """A gateway whose only route has the plugin."""
        gateway = self.gateway(**settings).start()
        self.add_route(gateway)
        gateway.admin("POST", "/services/posts/plugins", {"name": name, "config": config}, expect=201)
        return gateway

    def refused(self, gateway, name, config):
        answer = gateway.admin("POST", "/plugins", {"name": name, "config": config}, expect=400)
        return answer.json["fields"]

    def exchange(self, port, request):
        """Sends bytes as they are; returns all that comes until the connection closes."""
        with socket.create_connection(("127.0.0.1", port), PATIENCE) as connection:
            connection.settimeout(PATIENCE)
            connection.sendall(request)
            out = b""
            while True:
                got = connection.recv(65536)
                if not got:
                    return out
                out += got

    # ---- cors

    def preflight(self, gateway, origin, **more):
        headers = {"Origin": origin, "Access-Control-Request-Method": "PUT"}
        headers.update({k.replace("_", "-"): v for k, v in more.items()})
        return gateway.proxy("OPTIONS", "/posts", headers=headers)

    def test_preflights_are_answered_before_anybody_asks_for_a_key(self):
        gateway = self.serve("cors", {"origins": ["http://a.test", r"https://.*\.b\.test"],
                                      "credentials": True, "max_age": 60, "private_network": True,
                                      "exposed_headers": ["X-One", "X-Two"]})
        gateway.admin("POST", "/services/posts/plugins", {"name": "key-auth"}, expect=201)
        answer = self.preflight(gateway, "https://x.b.test", Access_Control_Request_Headers="X-Q, X-Z",
                                Access_Control_Request_Private_Network="true")
        self.assertEqual((answer.status, answer.body), (200, b""))
        expected = {"Access-Control-Allow-Origin": "https://x.b.test",
                    "Access-Control-Allow-Credentials": "true",
                    "Access-Control-Allow-Headers": "X-Q, X-Z",
                    "Access-Control-Allow-Methods": "GET,HEAD,PUT,PATCH,POST,DELETE,OPTIONS,TRACE,CONNECT",
                    "Access-Control-Max-Age": "60", "Access-Control-Allow-Private-Network": "true",
                    "Vary": "Origin", "Content-Length": "0"}
        self.assertEqual({name: answer.headers[name] for name in expected}, expected)
        self.assertIsNone(self.preflight(gateway, "http://evil.test")
                          .headers["Access-Control-Allow-Origin"])
        # A refusal has the fields, too: the page may read why.
        answer = gateway.proxy("GET", "/posts", headers={"Origin": "http://a.test:80"})
        self.assertEqual(answer.status, 401)
        self.assertEqual(answer.headers["Access-Control-Allow-Origin"], "http://a.test")
        self.assertEqual(answer.headers["Access-Control-Expose-Headers"], "X-One,X-Two")
        self.assertEqual(self.origin.requests, 0)

    def test_everybody_is_allowed_by_default(self):
        gateway = self.serve("cors", {"preflight_continue": True, "allow_origin_absent": False})
        answer = gateway.proxy("GET", "/posts", headers={"Origin": "http://a.test"})
        self.assertEqual(answer.headers["Access-Control-Allow-Origin"], "*")
        self.assertIsNone(answer.headers["Vary"])
        self.assertIsNone(gateway.proxy("GET", "/posts").headers["Access-Control-Allow-Origin"])

    def test_origins_and_expressions_are_checked_when_they_are_written(self):
        gateway = self.gateway().start()
        fields = self.refused(gateway, "cors", {"origins": ["http://a.test", "*.a.test", "(?=x)"]})
        self.assertEqual(fields["config"]["origins"], [
            None, "'*.a.test' is not a valid regex",
            "'(?=x)' is not a valid regex; look-around and back-references are not supported"])
        fields = self.refused(gateway, "bot-detection", {"deny": ["ok", "("]})
        self.assertEqual(fields["config"]["deny"], [None, "not a valid regex: ("])
        fields = self.refused(gateway, "ip-restriction", {})
        self.assertEqual(fields["@entity"], ["at least one of these fields must be non-empty: "
                                             "'config.allow', 'config.deny'"])
        fields = self.refused(gateway, "ip-restriction", {"allow": ["10.0.0.0/33"]})
        self.assertEqual(fields["config"]["allow"], ["invalid ip or cidr range: '10.0.0.0/33'"])
        fields = self.refused(gateway, "redirect", {"location": "/relative"})
        self.assertEqual(fields["config"]["location"], "missing host in url")

    # ---- correlation-id

    def test_requests_get_an_id_that_all_sides_know(self):
        gateway = self.serve("correlation-id", {"echo_downstream": True}, workers=1)
        ids = []
        for number in (1, 2):
            answer = gateway.proxy("GET", "/posts")
            ids.append(answer.headers["Kong-Request-ID"])
            self.assertEqual(answer.json["headers"]["kong-request-id"], ids[-1])
            self.assertRegex(ids[-1], r"^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}#%d$" % number)
        self.assertEqual(ids[0].split("#")[0], ids[1].split("#")[0])
        answer = gateway.proxy("GET", "/posts", headers={"Kong-Request-ID": "mine"})
        self.assertEqual(answer.headers["Kong-Request-ID"], "mine")
        self.assertEqual(answer.json["headers"]["kong-request-id"], "mine")

    def test_the_other_generators_and_answers_without_an_origin(self):
        gateway = self.serve("correlation-id", {"echo_downstream": True, "generator": "uuid"})
        one, other = (gateway.proxy("GET", "/posts").headers["Kong-Request-ID"] for _ in "ab")
        self.assertNotEqual(one, other)
        self.assertRegex(one, r"^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$")
        plugin = gateway.admin("GET", "/plugins").json["data"][0]["id"]
        gateway.admin("PATCH", f"/plugins/{plugin}", {"config": {"generator": "tracker"}}, expect=200)
        tracker = gateway.proxy("GET", "/posts").headers["Kong-Request-ID"]
        self.assertRegex(tracker, r"^127\.0\.0\.1-%d-\d+-\d+-1-\d+\.\d{3}$" % gateway.proxy_port)
        gateway.admin("POST", "/services/posts/plugins",
                      {"name": "request-termination", "config": {"status_code": 418}}, expect=201)
        answer = gateway.proxy("GET", "/posts")
        self.assertEqual(answer.status, 418)
        self.assertRegex(answer.headers["Kong-Request-ID"], r"^127\.0\.0\.1-")

    def test_the_id_stands_in_the_records_of_logs(self):
        gateway = self.serve("correlation-id", {"echo_downstream": True})
        path = self.folder / "records.log"
        gateway.admin("POST", "/plugins", {"name": "file-log", "config": {"path": str(path)}}, expect=201)
        answer = gateway.proxy("GET", "/posts")
        wait_until(lambda: path.exists() and path.read_text().endswith("\n"), "a record")
        record = json.loads(path.read_text().splitlines()[-1])
        self.assertEqual(record["correlation_id"], answer.headers["Kong-Request-ID"])

    # ---- ip-restriction

    def test_addresses_are_let_in_and_kept_out(self):
        gateway = self.serve("ip-restriction", {"deny": ["127.0.0.0/8"], "status": 404,
                                                "message": "gone"})
        answer = gateway.proxy("GET", "/posts")
        self.assertEqual((answer.status, answer.json["message"]), (404, "gone"))
        plugin = gateway.admin("GET", "/plugins").json["data"][0]["id"]
        change = {"config": {"deny": None, "allow": ["10.0.0.0/8"], "status": None, "message": None}}
        gateway.admin("PATCH", f"/plugins/{plugin}", change, expect=200)
        answer = gateway.proxy("GET", "/posts", headers={"X-Forwarded-For": "10.1.1.1"})
        self.assertEqual((answer.status, answer.json["message"]),
                         (403, "IP address not allowed: 127.0.0.1"))
        wait_until(lambda: "IP address not allowed: 127.0.0.1" in gateway.output(), "a line for the operator")
        change["config"]["allow"] = ["10.0.0.0/8", "127.0.0.1"]
        gateway.admin("PATCH", f"/plugins/{plugin}", change, expect=200)
        self.assertEqual(gateway.proxy("GET", "/posts").status, 200)

    def test_the_address_is_that_of_the_client_behind_a_trusted_proxy(self):
        gateway = self.serve("ip-restriction", {"allow": ["10.0.0.0/8"]}, trusted_ips="127.0.0.1",
                             real_ip_header="X-Forwarded-For")
        for address, status in (("10.1.1.1", 200), ("11.1.1.1", 403)):
            answer = gateway.proxy("GET", "/posts", headers={"X-Forwarded-For": address})
            self.assertEqual(answer.status, status)

    # ---- bot-detection

    def test_crawlers_are_refused_unless_they_are_named(self):
        gateway = self.serve("bot-detection", {"allow": ["GoodBot"], "deny": ["^Evil"]})
        for agent, status in (("Mozilla/5.0 Firefox/121.0", 200), ("Googlebot/2.1", 403),
                              ("GoodBot/1.0", 200), ("Evil/1", 403), ("NotEvil/1", 200)):
            self.assertEqual(gateway.proxy("GET", "/posts", headers={"User-Agent": agent}).status, status)
        answer = self.exchange(gateway.proxy_port, b"GET /posts HTTP/1.1\r\nHost: x\r\nUser-Agent: a\r\n"
                                                   b"User-Agent: b\r\nConnection: close\r\n\r\n")
        self.assertIn(b" 400 ", answer.split(b"\r\n")[0])
        self.assertIn(b"Only one User-Agent header allowed", answer)

    # ---- request-size-limiting

    def post(self, gateway, fields, body):
        head = f"POST /posts HTTP/1.1\r\nHost: x\r\nConnection: close\r\n{fields}\r\n".encode()
        answer = self.exchange(gateway.proxy_port, head + body)
        return int(answer.split(b" ")[1])

    def test_bodies_are_limited_however_they_come(self):
        gateway = self.serve("request-size-limiting", {"allowed_payload_size": 10, "size_unit": "bytes"})
        self.assertEqual(gateway.proxy("POST", "/posts", "x" * 10).status, 200)
        answer = gateway.proxy("POST", "/posts", "x" * 11)
        self.assertEqual((answer.status, answer.json["message"]), (413, "Request size limit exceeded"))
        self.assertEqual(self.post(gateway, "Content-Length: 11\r\nExpect: 100-continue\r\n", b""), 417)
        chunked = "Transfer-Encoding: chunked\r\n"
        self.assertEqual(self.post(gateway, chunked, b"5\r\nhello\r\n6\r\nworld!\r\n0\r\n\r\n"), 413)
        self.assertEqual(self.post(gateway, chunked, b"3\r\nhel\r\n" * 100000 + b"0\r\n\r\n"), 413)
        self.assertEqual(gateway.proxy("GET", "/posts").status, 200)

    def test_a_length_may_be_required(self):
        gateway = self.serve("request-size-limiting", {"require_content_length": True})
        answer = gateway.proxy("GET", "/posts")
        self.assertEqual((answer.status, answer.json["message"]),
                         (411, "A valid Content-Length header is required"))
        self.assertEqual(gateway.proxy("POST", "/posts", "x").status, 200)

    # ---- redirect

    def test_redirects_with_and_without_the_path(self):
        gateway = self.serve("redirect", {"location": "https://new.test/x?y#z", "status_code": 308})
        answer = gateway.proxy("GET", "/posts/a?b=1")
        self.assertEqual((answer.status, answer.body), (308, b"redirecting"))
        self.assertEqual(answer.headers["Location"], "https://new.test/x?y#z")
        plugin = gateway.admin("GET", "/plugins").json["data"][0]["id"]
        gateway.admin("PATCH", f"/plugins/{plugin}", {"config": {"keep_incoming_path": True}}, expect=200)
        answer = gateway.proxy("GET", "/posts/a%20b?b=1")
        self.assertEqual(answer.headers["Location"], "https://new.test/posts/a%20b?b=1#z")


if __name__ == "__main__":
    unittest.main()
