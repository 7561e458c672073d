"""What log plugins send: the record of each request, to files and to servers that the test runs."""
import http.server
import json
import os
import queue
import select
import signal
import socket
import ssl
import subprocess
import threading
import unittest

from harness import Case, free_ports, wait_until


class Collector:
    """Takes what is sent to it: (method, path, headers, parsed body). `statuses` are answered in turn, then 200."""

    def __init__(self, port=0):
        self.got = queue.Queue()
        self.statuses = []
        collector = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def take(self):
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                status = collector.statuses.pop(0) if collector.statuses else 200
                collector.got.put((self.command, self.path, dict(self.headers.items()), json.loads(body), status))
                self.send_response(status)
                self.send_header("Content-Length", "0")
                self.end_headers()

            do_POST = do_PUT = do_PATCH = take

            def log_message(self, *args):
                pass

        class Server(http.server.ThreadingHTTPServer):
            daemon_threads = True

        self.server = Server(("127.0.0.1", port), Handler)
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def next(self):
        return self.got.get(timeout=60)

    def close(self):
        self.server.shutdown()
        self.server.server_close()


class Logs(Case):
    def node(self, **settings):
        gateway = self.gateway(workers=1, **settings).start()
        self.add_route(gateway)
        return gateway

    def collector(self, port=0):
        collector = Collector(port)
        self.addCleanup(collector.close)
        return collector

    def plugin(self, gateway, name, under="", **config):
        answer = gateway.admin("POST", f"{under}/plugins", {"name": name, "config": config}, expect=201)
        return answer.json["id"]

    def lines(self, path, count):
        def there():
            if not os.path.exists(path):
                return None
            with open(path, encoding="utf-8") as file:
                found = file.read().splitlines()
            return found if len(found) >= count else None

        return [json.loads(line) for line in wait_until(there, lambda: f"{count} lines in {path}")]


class Record(Logs):
    def test_tells_no_key_that_stood_in_the_query(self):
        gateway = self.node()
        path = os.path.join(gateway.prefix, "requests.log")
        self.plugin(gateway, "file-log", path=path)
        gateway.admin("POST", "/services/posts/plugins", {"name": "key-auth"}, expect=201)
        gateway.admin("POST", "/consumers", {"username": "alice"}, expect=201)
        gateway.admin("POST", "/consumers/alice/key-auth", {"key": "very-secret"}, expect=201)
        self.assertEqual(gateway.proxy("GET", "/posts?a=1&apikey=very-secret").status, 200)
        record = self.lines(path, 1)[0]
        self.assertNotIn("very-secret", json.dumps(record))
        self.assertEqual(record["request"]["querystring"]["a"], "1")
        self.assertIn("/posts?a=1&apikey=", record["request"]["uri"])

    def test_has_the_fields_of_the_reference(self):
        gateway = self.node()
        path = os.path.join(gateway.prefix, "requests.log")
        self.plugin(gateway, "file-log", path=path)
        gateway.proxy("GET", "/posts?a=1&b=x%20y&a=2&flag", headers={
            "Authorization": "Basic c2VjcmV0", "X-Two": "1", "User-Agent": "test/1"})
        record = self.lines(path, 1)[0]
        self.assertEqual(sorted(record), sorted([
            "request", "response", "latencies", "tries", "route", "service", "client_ip", "started_at", "source",
            "upstream_uri", "upstream_status", "workspace", "workspace_name"]))
        request = record["request"]
        self.assertEqual(request["method"], "GET")
        self.assertEqual(request["uri"], "/posts?a=1&b=x%20y&a=2&flag")
        self.assertEqual(request["url"], f"http://127.0.0.1:{gateway.proxy_port}{request['uri']}")
        self.assertEqual(request["querystring"], {"a": ["1", "2"], "b": "x y", "flag": True})
        self.assertEqual(request["headers"]["authorization"], "REDACTED")
        self.assertEqual(request["headers"]["host"], f"127.0.0.1:{gateway.proxy_port}")
        self.assertNotIn("x-forwarded-for", request["headers"])
        self.assertNotIn("c2VjcmV0", json.dumps(record))
        self.assertRegex(request["id"], "^[0-9a-f]{32}$")
        self.assertGreater(request["size"], 60)
        self.assertNotIn("tls", request)
        self.assertEqual(record["response"]["status"], 200)
        self.assertGreater(record["response"]["size"], 60)
        self.assertEqual(record["upstream_status"], "200")
        self.assertEqual(record["source"], "upstream")
        self.assertEqual(record["client_ip"], "127.0.0.1")
        self.assertEqual(len(record["tries"]), 1)
        self.assertEqual(record["tries"][0]["port"], self.origin.port)
        for name in ("request", "kong", "proxy", "receive"):
            self.assertGreaterEqual(record["latencies"][name], 0)
        self.assertIn("ws_id", record["route"])
        self.assertNotIn(None, record["route"].values())
        self.assertEqual(record["service"]["port"], self.origin.port)

    def test_tells_of_tls_and_of_requests_that_reach_no_origin(self):
        gateway = self.node()
        path = os.path.join(gateway.prefix, "requests.log")
        self.plugin(gateway, "file-log", path=path)
        self.assertEqual(gateway.proxy("GET", "/nowhere", tls=True).status, 404)
        record = self.lines(path, 1)[0]
        self.assertEqual(record["request"]["tls"]["client_verify"], "NONE")
        self.assertRegex(record["request"]["tls"]["version"], "^TLSv1")
        self.assertTrue(record["request"]["tls"]["cipher"])
        self.assertTrue(record["request"]["url"].startswith("https://"))
        for absent in ("tries", "route", "service", "consumer"):
            self.assertNotIn(absent, record)
        self.assertEqual(record["latencies"]["proxy"], -1)
        self.assertEqual((record["upstream_uri"], record["upstream_status"], record["source"]), ("", "", "kong"))

    def test_names_the_consumer_and_the_attempts_that_failed(self):
        gateway = self.node()
        path = os.path.join(gateway.prefix, "requests.log")
        gateway.admin("POST", "/consumers", {"username": "bob", "tags": ["vip"]}, expect=201)
        key = gateway.admin("POST", "/consumers/bob/key-auth", {"key": "k"}, expect=201).json["id"]
        down = free_ports(1)[0]
        gateway.admin("POST", "/services", {"name": "down", "url": f"http://127.0.0.1:{down}", "retries": 1}, expect=201)
        gateway.admin("POST", "/services/down/routes", {"paths": ["/down"]}, expect=201)
        self.plugin(gateway, "file-log", path=path)
        self.plugin(gateway, "key-auth", "/services/down")
        self.assertEqual(gateway.proxy("GET", "/down", headers={"apikey": "k"}).status, 502)
        record = self.lines(path, 1)[0]
        self.assertEqual(record["consumer"]["username"], "bob")
        self.assertEqual(record["consumer"]["tags"], ["vip"])
        self.assertEqual(record["authenticated_entity"], {"id": key})
        self.assertEqual(record["upstream_status"], "502, 502")
        self.assertEqual([t["state"] for t in record["tries"]], ["failed", "failed"])
        self.assertEqual([t["code"] for t in record["tries"]], [502, 502])
        self.assertEqual(record["source"], "upstream")

    def test_has_custom_fields_and_refuses_what_needs_lua(self):
        gateway = self.node()
        path = os.path.join(gateway.prefix, "requests.log")
        self.plugin(gateway, "file-log", path=path, custom_fields_by_lua={
            "request.headers": "return nil", "service": "return nil", "region": "return 'ams'",
            "a.b": "return 7", r"dotted\.name": "return true"})
        gateway.proxy("GET", "/posts")
        record = self.lines(path, 1)[0]
        self.assertNotIn("headers", record["request"])
        self.assertNotIn("service", record)
        self.assertEqual((record["region"], record["a"], record["dotted.name"]), ("ams", {"b": 7}, True))
        refused = gateway.admin("POST", "/plugins", {"name": "file-log", "config": {
            "path": path, "custom_fields_by_lua": {"x": "return kong.request.get_method()"}}})
        self.assertEqual(refused.status, 400)
        self.assertIn("needs Lua", refused.json["fields"]["config"]["custom_fields_by_lua"])


class FileLog(Logs):
    def test_follows_a_file_that_is_moved_if_told_to_reopen(self):
        gateway = self.node()
        path = os.path.join(gateway.prefix, "requests.log")
        self.plugin(gateway, "file-log", path=path, reopen=True)
        gateway.proxy("GET", "/posts?n=1")
        self.lines(path, 1)
        os.rename(path, path + ".1")
        gateway.proxy("GET", "/posts?n=2")
        self.assertEqual(self.lines(path, 1)[0]["request"]["querystring"], {"n": "2"})

    def test_writes_what_waits_before_the_process_ends(self):
        gateway = self.node()
        path = os.path.join(gateway.prefix, "requests.log")
        self.plugin(gateway, "file-log", path=path)
        for n in range(50):
            gateway.proxy("GET", f"/posts?n={n}")
        self.assertEqual(gateway.stop(signal.SIGTERM), 0)
        self.assertEqual(len(self.lines(path, 50)), 50)

    def test_a_path_that_is_none_is_refused(self):
        gateway = self.node()
        for path in ("/tmp/*.log", " /tmp/a", "a", "/tmp/a`b"):
            answer = gateway.admin("POST", "/plugins", {"name": "file-log", "config": {"path": path}})
            self.assertEqual(answer.status, 400, path)
            self.assertEqual(answer.json["fields"]["config"]["path"], "not a valid filename")

    def test_a_file_that_cannot_be_written_is_named_and_requests_go_on(self):
        gateway = self.node()
        self.plugin(gateway, "file-log", path="/nonexistent/requests.log")
        self.assertEqual(gateway.proxy("GET", "/posts").status, 200)
        wait_until(lambda: "file-log: /nonexistent/requests.log: 1 record is lost" in gateway.output(),
                   gateway.output)


class HttpLog(Logs):
    def test_sends_an_object_for_each_request(self):
        gateway, collector = self.node(), self.collector()
        self.plugin(gateway, "http-log", http_endpoint=f"http://user:pass@127.0.0.1:{collector.port}/logs/a?q=1",
                    method="PUT", headers={"X-Key": "k1"})
        gateway.proxy("GET", "/posts")
        method, path, headers, record, _ = collector.next()
        self.assertEqual((method, path), ("PUT", "/logs/a"))
        self.assertEqual(headers["Authorization"], "Basic dXNlcjpwYXNz")
        self.assertEqual(headers["Content-Type"], "application/json")
        self.assertEqual((headers["Host"], headers["X-Key"]), ("127.0.0.1", "k1"))
        self.assertEqual(record["request"]["uri"], "/posts")

    def test_sends_lists_of_the_batch_size_and_the_rest_when_the_time_is_over(self):
        gateway, collector = self.node(), self.collector()
        self.plugin(gateway, "http-log", http_endpoint=f"http://127.0.0.1:{collector.port}/",
                    queue={"max_batch_size": 3, "max_coalescing_delay": 3})
        for n in range(4):
            gateway.proxy("GET", f"/posts?n={n}")
        first, second = collector.next()[3], collector.next()[3]
        self.assertEqual([r["request"]["querystring"]["n"] for r in first], ["0", "1", "2"])
        self.assertEqual([r["request"]["querystring"]["n"] for r in second], ["3"])

    def test_sends_again_what_was_not_taken(self):
        gateway, collector = self.node(), self.collector()
        collector.statuses = [500, 302]
        self.plugin(gateway, "http-log", http_endpoint=f"http://127.0.0.1:{collector.port}/")
        gateway.proxy("GET", "/posts")
        tries = [collector.next() for _ in range(3)]
        self.assertEqual([t[4] for t in tries], [500, 302, 200])
        self.assertEqual(len({t[3]["request"]["id"] for t in tries}), 1)
        self.assertIn("returned status code 500", gateway.output())

    def test_a_server_that_is_away_gets_what_waits_when_it_is_back(self):
        gateway, port = self.node(), free_ports(1)[0]
        self.plugin(gateway, "http-log", http_endpoint=f"http://user:hush@127.0.0.1:{port}/",
                    queue={"max_retry_delay": 0.1})
        for n in range(3):
            self.assertEqual(gateway.proxy("GET", f"/posts?n={n}").status, 200)
        wait_until(lambda: "connection refused" in gateway.output(), gateway.output)
        self.assertNotIn("hush", gateway.output())
        collector = self.collector(port)
        seen = [collector.next()[3]["request"]["querystring"]["n"] for _ in range(3)]
        self.assertEqual(seen, ["0", "1", "2"])

    def test_what_waits_is_bounded_and_drops_are_counted(self):
        gateway, port = self.node(), free_ports(1)[0]
        self.plugin(gateway, "http-log", http_endpoint=f"http://127.0.0.1:{port}/",
                    queue={"max_entries": 2, "initial_retry_delay": 1000, "max_retry_delay": 1000})
        for n in range(5):
            gateway.proxy("GET", f"/posts?n={n}")

        def dropped():
            counts = gateway.admin("GET", "/status").json["metrics"]["tollgate_queue_entries_dropped_total"]
            return counts["http-log"]["max_entries"] == 3

        wait_until(dropped, lambda: gateway.admin("GET", "/status").body)
        self.assertIn("queue full, dropping old entries", gateway.output())

    def test_what_is_gathered_is_sent_when_the_process_ends(self):
        gateway, collector = self.node(), self.collector()
        self.plugin(gateway, "http-log", http_endpoint=f"http://127.0.0.1:{collector.port}/",
                    queue={"max_batch_size": 100, "max_coalescing_delay": 3600})
        gateway.proxy("GET", "/posts")
        gateway.proxy("GET", "/posts")
        self.assertEqual(gateway.stop(signal.SIGTERM), 0)
        self.assertEqual(len(collector.next()[3]), 2)

    def test_refuses_headers_that_are_its_own_and_two_credentials(self):
        gateway = self.node()
        for config, wanted in (
                ({"headers": {"Host": "a"}}, {"headers": "cannot contain 'Host' header"}),
                ({"headers": {"content-length": "1"}}, {"headers": "cannot contain 'Content-Length' header"}),
                ({"http_endpoint": "nourl"}, {"http_endpoint": "missing host in url"}),
                ({"http_endpoint": "http://u:p@h/", "headers": {"authorization": "x"}},
                 "specifying both an 'Authorization' header and user info in 'http_endpoint' is not allowed")):
            answer = gateway.admin("POST", "/plugins", {
                "name": "http-log", "config": {"http_endpoint": "http://h/", **config}})
            self.assertEqual((answer.status, answer.json["fields"]["config"]), (400, wanted))


class TcpLog(Logs):
    def listen(self, port=0):
        listener = socket.create_server(("127.0.0.1", port))
        listener.settimeout(60)
        self.addCleanup(listener.close)
        return listener

    def accept(self, listener):
        connection, _ = listener.accept()
        connection.settimeout(60)
        self.addCleanup(connection.close)
        return connection, connection.makefile("r", encoding="utf-8")

    def test_sends_a_line_for_each_request_on_one_connection(self):
        gateway, listener = self.node(), self.listen()
        self.plugin(gateway, "tcp-log", host="127.0.0.1", port=listener.getsockname()[1])
        for n in range(3):
            gateway.proxy("GET", f"/posts?n={n}")
        _, lines = self.accept(listener)
        seen = [json.loads(lines.readline())["request"]["querystring"]["n"] for _ in range(3)]
        self.assertEqual(seen, ["0", "1", "2"])

    def test_a_connection_that_is_closed_is_opened_anew(self):
        gateway, listener = self.node(), self.listen()
        self.plugin(gateway, "tcp-log", host="127.0.0.1", port=listener.getsockname()[1])
        gateway.proxy("GET", "/posts?n=0")
        connection, lines = self.accept(listener)
        lines.readline()
        connection.shutdown(socket.SHUT_RDWR)
        lines.close()
        connection.close()

        def served():
            gateway.proxy("GET", "/posts?n=1")
            return select.select([listener], [], [], 0.2)[0]

        wait_until(served, "another connection")
        _, lines = self.accept(listener)
        self.assertEqual(json.loads(lines.readline())["request"]["querystring"], {"n": "1"})

    def test_a_server_that_is_away_is_named_and_requests_go_on(self):
        gateway, port = self.node(), free_ports(1)[0]
        self.plugin(gateway, "tcp-log", host="127.0.0.1", port=port)
        self.assertEqual(gateway.proxy("GET", "/posts").status, 200)
        wait_until(lambda: f"tcp-log: 127.0.0.1:{port}: connection refused; records are lost" in gateway.output(),
                   gateway.output)

    def test_sends_over_tls_with_the_name_that_is_configured(self):
        gateway = self.node()
        names = queue.Queue()
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        certificate, key = (os.path.join(gateway.prefix, name) for name in ("log.crt", "log.key"))
        subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=logs.test", "-days", "2",
                        "-keyout", key, "-out", certificate], check=True, capture_output=True, timeout=60)
        context.load_cert_chain(certificate, key)
        context.sni_callback = lambda _, name, __: names.put(name)
        listener = self.listen()
        lines = queue.Queue()

        def serve():
            connection, _ = listener.accept()
            with context.wrap_socket(connection, server_side=True) as tls, tls.makefile("r") as file:
                lines.put(file.readline())

        threading.Thread(target=serve, daemon=True).start()
        self.plugin(gateway, "tcp-log", host="127.0.0.1", port=listener.getsockname()[1], tls=True,
                    tls_sni="logs.test")
        gateway.proxy("GET", "/posts")
        self.assertEqual(json.loads(lines.get(timeout=60))["request"]["uri"], "/posts")
        self.assertEqual(names.get(timeout=60), "logs.test")


class UdpLog(Logs):
    def test_sends_a_datagram_for_each_request(self):
        gateway = self.node()
        receiver = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.addCleanup(receiver.close)
        receiver.bind(("127.0.0.1", 0))
        receiver.settimeout(60)
        self.plugin(gateway, "udp-log", host="localhost", port=receiver.getsockname()[1])
        for n in range(2):
            gateway.proxy("GET", f"/posts?n={n}")
        records = [json.loads(receiver.recv(65536)) for _ in range(2)]
        self.assertEqual([r["request"]["querystring"]["n"] for r in records], ["0", "1"])


if __name__ == "__main__":
    unittest.main()
