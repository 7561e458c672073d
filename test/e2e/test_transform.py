"""Requests and responses that plugins change, through a real gateway."""
import http.server
import json
import threading
import unittest

from harness import Case, wait_until


class Scripted:
    """An origin that answers each request as it is told to."""

    def __init__(self, headers, body, status=200):
        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self):
                self.send_response(status)
                for name, value in headers:
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                if self.command != "HEAD":
                    self.wfile.write(body)

            do_HEAD = do_GET

            def log_message(self, *args):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()


class Requests(Case):
    def serve(self, config, path="~/posts/(?<user>[^/]+)"):
        gateway = self.gateway().start()
        self.add_route(gateway, path="/base")
        gateway.admin("PATCH", "/routes/posts", {"paths": [path]}, expect=200)
        gateway.admin("POST", "/services/posts/plugins",
                      {"name": "request-transformer", "config": config}, expect=201)
        return gateway

    def test_header_fields_in_the_order_of_the_steps(self):
        gateway = self.serve({
            "remove": {"headers": ["X-Gone", "Host"]}, "rename": {"headers": ["X-Old:X-New"]},
            "replace": {"headers": ["X-There:$(headers['x-old'])", "X-Absent:no", "Host:h.test:81"]},
            "add": {"headers": ["X-There:no", "X-User:u-$(uri_captures.user)-$(uri_captures[1])",
                                "X-Empty:", "X-Line:$(query_params.l)"]},
            "append": {"headers": ["X-There:more", "Transfer-Encoding:chunked"]}})
        answer = gateway.proxy("GET", "/posts/ann?l=a%0d%0aX-Smuggled:1",
                               headers={"X-Gone": "1", "X-Old": "2", "X-There": "3"})
        self.assertEqual(answer.status, 200, answer.body)
        seen = answer.json["headers"]
        self.assertNotIn("x-gone", seen)
        self.assertNotIn("x-old", seen)
        self.assertNotIn("x-absent", seen)
        self.assertNotIn("x-empty", seen)
        self.assertNotIn("x-smuggled", seen)
        self.assertNotIn("transfer-encoding", seen)
        self.assertEqual(seen["x-new"], "2")
        self.assertEqual(seen["x-there"], "more")  # the second of two lines
        self.assertEqual(seen["x-user"], "u-ann-ann")
        self.assertEqual(seen["x-line"], "a%0D%0AX-Smuggled:1")
        self.assertEqual(seen["host"], "h.test:81")

    def test_path_method_and_query(self):
        gateway = self.serve({
            "http_method": "PUT", "replace": {"uri": "/u/$(uri_captures.user)?", "querystring": ["a:r"]},
            "remove": {"querystring": ["gone"]}, "rename": {"querystring": ["old:new"]},
            "add": {"querystring": ["u:$(headers.host or 'none')"]}, "append": {"querystring": ["a:p"]}})
        answer = gateway.proxy("GET", "/posts/a%20b?a=1&gone=1&old=2&a=3&bare")
        host = f"127.0.0.1%3A{gateway.proxy_port}"
        self.assertEqual((answer.json["method"], answer.json["path"]),
                         ("PUT", f"/u/a%20b%3F?a=r&a=p&bare&new=2&u={host}"))

    def test_the_query_stays_as_it_is_where_nothing_is_said_of_it(self):
        gateway = self.serve({"add": {"headers": ["X-A:1"]}})
        self.assertTrue(gateway.proxy("GET", "/posts/x?b=%7e+&a").json["path"].endswith("?b=%7e+&a"))

    def test_bodies_of_three_types(self):
        gateway = self.serve({"remove": {"body": ["f"]}, "add": {"body": ["u:$(uri_captures.user)"]}})
        answer = gateway.proxy("POST", "/posts/ann", {"f": 1, "g": {"h": []}})
        self.assertEqual(json.loads(answer.json["body"]), {"g": {"h": []}, "u": "ann"})
        self.assertEqual(int(answer.json["headers"]["content-length"]), len(answer.json["body"]))
        self.assertEqual(gateway.proxy("POST", "/posts/ann", "f=1&g=2").json["body"], "g=2&u=ann")
        part = '--b\r\nContent-Disposition: form-data; name="{}"\r\n\r\n{}\r\n'.format
        form = {"Content-Type": "multipart/form-data; boundary=b"}
        answer = gateway.proxy("POST", "/posts/ann", (part("f", 1) + part("g", 2) + "--b--\r\n").encode(), form)
        self.assertEqual(answer.json["body"], part("g", 2) + part("u", "ann") + "--b--\r\n")
        answer = gateway.proxy("POST", "/posts/ann", b"f=1", {"Content-Type": "text/plain"})
        self.assertEqual(answer.json["body"], "f=1")
        answer = gateway.proxy("POST", "/posts/ann", b"", {"Content-Type": "application/json"})
        self.assertEqual(json.loads(answer.json["body"]), {"u": "ann"})

    def test_large_bodies_are_changed_or_refused_and_never_forgotten(self):
        gateway = self.serve({"remove": {"body": ["secret"]}})
        answer = gateway.proxy("POST", "/posts/x", {"secret": 1, "pad": "x" * 1_000_000})
        self.assertNotIn("secret", json.loads(answer.json["body"]))
        answer = gateway.proxy("POST", "/posts/x", {"secret": 1, "pad": "x" * 9_000_000})
        self.assertEqual(answer.status, 413)
        answer = gateway.proxy("POST", "/posts/x", b"x" * 9_000_000, {"Content-Type": "text/plain"})
        self.assertEqual((answer.status, len(answer.json["body"])), (200, 9_000_000))

    def test_a_form_goes_to_the_query_where_the_method_has_no_body(self):
        gateway = self.serve({"http_method": "GET"})
        answer = gateway.proxy("POST", "/posts/x?f=0", "f=1&g=2&f=3")
        self.assertEqual(answer.json["method"], "GET")
        self.assertTrue(answer.json["path"].endswith("?f=0&f=1&f=3&g=2"), answer.json["path"])

    def test_templates_that_fail_are_told_to_the_operator(self):
        gateway = self.serve({"add": {"headers": ["X-A:$(10 * uri_captures.user)"]}})
        answer = gateway.proxy("GET", "/posts/ann")
        self.assertEqual((answer.status, answer.json["message"]), (500, "An unexpected error occurred"))
        self.assertEqual(self.origin.requests, 0)
        wait_until(lambda: "failed to render the template $(10 * uri_captures.user)" in gateway.output(),
                   "a line for the operator")
        self.assertEqual(gateway.proxy("GET", "/posts/7").json["headers"]["x-a"], "70")

    def test_a_host_from_a_template_is_one_or_the_request_fails(self):
        gateway = self.serve({"replace": {"headers": ["Host:$(query_params.h)"]}})
        self.assertEqual(gateway.proxy("GET", "/posts/x?h=a.test:81").json["headers"]["host"], "a.test:81")
        self.assertEqual(gateway.proxy("GET", "/posts/x?h=a.test%20b").status, 500)

    def test_what_needs_lua_and_what_is_no_pair_is_refused_when_it_is_written(self):
        gateway = self.gateway().start()

        def fields(config):
            body = {"name": "request-transformer", "config": config}
            return gateway.admin("POST", "/plugins", body, expect=400).json["fields"]["config"]

        lua = "X-A:$((function() return 1 end)())"
        self.assertEqual(fields({"add": {"headers": [lua]}})["add"]["headers"],
                         ["value '$((function() return 1 end)())' is not in supported format, "
                          "error:a function needs Lua"])
        self.assertEqual(fields({"add": {"body": ["a:$(1 +)"]}})["add"]["body"],
                         ["value '$(1 +)' is not in supported format, error:unexpected end of expression"])
        self.assertEqual(fields({"replace": {"uri": "/$(kong.x())"}})["replace"]["uri"],
                         "value '/$(kong.x())' is not in supported format, error:'kong' needs Lua")
        self.assertEqual(fields({"rename": {"headers": ["X-A", "a b:c"]}})["rename"]["headers"],
                         ["invalid value: X-A", "'a b' is not a valid header"])
        self.assertEqual(fields({"add": {"querystring": ["a"]}})["add"]["querystring"],
                         ["key 'a' has no value"])
        self.assertEqual(fields({"http_method": "get"})["http_method"], "invalid value: get")


class Responses(Case):
    def serve(self, config, headers, body, **more):
        origin = Scripted(headers, body, **more)
        self.addCleanup(origin.close)
        gateway = self.gateway().start()
        gateway.admin("POST", "/services", f"name=s&url=http://127.0.0.1:{origin.port}", expect=201)
        gateway.admin("POST", "/services/s/routes", "name=r&paths[]=/", expect=201)
        gateway.admin("POST", "/services/s/plugins", {"name": "response-transformer", "config": config},
                      expect=201)
        return gateway

    def test_header_fields_are_compared_with_what_came(self):
        gateway = self.serve({"remove": {"headers": ["X-A", "Server"]}, "rename": {"headers": ["X-B:X-C"]},
                              "replace": {"headers": ["X-D:new", "X-None:no"]},
                              "add": {"headers": ["X-A:no", "X-New:1"]}, "append": {"headers": ["X-D:more"]}},
                             [("X-A", "1"), ("X-B", "2"), ("X-B", "3"), ("X-D", "4")], b"text")
        answer = gateway.proxy("GET", "/")
        self.assertEqual(answer.body, b"text")
        self.assertIsNone(answer.headers["X-A"])
        self.assertIsNone(answer.headers["Server"])
        self.assertIsNone(answer.headers["X-B"])
        self.assertIsNone(answer.headers["X-None"])
        self.assertEqual(answer.headers.get_all("X-C"), ["2", "3"])
        self.assertEqual(answer.headers.get_all("X-D"), ["new", "more"])
        self.assertEqual(answer.headers["X-New"], "1")

    CHANGE = {"remove": {"json": ["k"]}, "rename": {"json": ["o:p"]},
              "add": {"json": ["n:1", "t:true", "s:5"], "json_types": ["number", "boolean"]}}

    def test_json_is_changed(self):
        gateway = self.serve(self.CHANGE, [("Content-Type", "application/json; charset=utf-8")],
                             b'{"k":1,"o":{"q":[]}}')
        answer = gateway.proxy("GET", "/")
        self.assertEqual(answer.json, {"p": {"q": []}, "n": 1, "t": True, "s": "5"})
        self.assertEqual(gateway.proxy("HEAD", "/").body, b"")

    def test_other_bodies_pass_as_they_came(self):
        gateway = self.serve(self.CHANGE, [("Content-Type", "application/json")], b'{"k":1')
        self.assertEqual(gateway.proxy("GET", "/").body, b'{"k":1')
        wait_until(lambda: "failed parsing json body" in gateway.output(), "a line for the operator")
        gateway.admin("POST", "/services/s/plugins",
                      {"name": "request-termination", "config": {"body": '{"k":1}', "content_type": "text/x"}},
                      expect=201)
        self.assertEqual(gateway.proxy("GET", "/").body, b'{"k":1}')

    def test_answers_of_the_gateway_are_changed_as_well(self):
        gateway = self.serve(self.CHANGE, [], b"")
        gateway.admin("POST", "/services/s/plugins",
                      {"name": "request-termination", "config": {"message": "no", "status_code": 403}},
                      expect=201)
        self.assertEqual(gateway.proxy("GET", "/").json, {"message": "no", "n": 1, "t": True, "s": "5"})


if __name__ == "__main__":
    unittest.main()
