"""A file as people have them: a dozen services behind the same handful of plugins."""
import json
import unittest

from harness import Case

SERVICES = ("auth", "rest", "graphql", "realtime", "storage", "functions", "analytics", "pg", "meta",
            "dashboard", "studio", "mail")


class Together(Case):
    def document(self):
        """Open services have cors only; the others want a key of a group as well."""
        url = f"http://127.0.0.1:{self.origin.port}"
        services = []
        for name in SERVICES:
            plugins = [
                {"name": "cors", "config": {"origins": ["https://app.test", r"https://.*\.app\.test"],
                                            "credentials": True, "max_age": 600}},
                {"name": "request-transformer",
                 "config": {"add": {"headers": [f"X-Service:{name}", "X-Asked:$(headers.host)"]},
                            "replace": {"headers": ["Authorization:Bearer $(query_params.token or 'none')"]},
                            "remove": {"querystring": ["token"]}}}]
            if name not in ("auth", "mail"):
                plugins += [{"name": "key-auth", "config": {"hide_credentials": True}},
                            {"name": "acl", "config": {"hide_groups_header": True,
                                                       "allow": ["admin"] if name == "pg" else ["admin", "anon"]}}]
            services.append({"name": name, "url": f"{url}/{name}/v1", "plugins": plugins,
                             "routes": [{"name": name, "strip_path": True, "paths": [f"/{name}/v1/"]}]})
        return {
            "_format_version": "3.0", "services": services,
            "consumers": [{"username": user, "keyauth_credentials": [{"key": f"key-of-{user}"}],
                           "acls": [{"group": group}]}
                          for user, group in (("public", "anon"), ("operator", "admin"))],
            "plugins": [{"name": "correlation-id", "config": {"echo_downstream": True}},
                        {"name": "ip-restriction", "config": {"allow": ["127.0.0.0/8", "::1"]}},
                        {"name": "bot-detection", "config": {}},
                        {"name": "request-size-limiting", "config": {"allowed_payload_size": 1}},
                        {"name": "response-transformer", "config": {"remove": {"headers": ["Server"]},
                                                                    "add": {"json": ["through:gateway"]}}}]}

    def setUp(self):
        super().setUp()
        path = self.folder / "kong.json"
        path.write_text(json.dumps(self.document()))
        self.node = self.gateway(database="off", declarative_config=str(path)).start()

    def ask(self, path, key=None, method="GET", **headers):
        headers = {name.replace("_", "-"): value for name, value in headers.items()}
        headers.setdefault("User-Agent", "Mozilla/5.0")
        if key:
            headers["apikey"] = key
        return self.node.proxy(method, path, headers=headers)

    def test_every_service_is_reached_by_those_who_may(self):
        for name in SERVICES:
            with self.subTest(name):
                path = f"/{name}/v1/x?token=t&a=1"
                answer = self.ask(path, "key-of-operator", Authorization="mine", Origin="https://x.app.test")
                self.assertEqual(answer.status, 200, answer.body)
                seen = answer.json
                self.assertEqual(seen["path"], f"/{name}/v1/x?a=1")
                self.assertEqual(seen["headers"]["x-service"], name)
                self.assertEqual(seen["headers"]["authorization"], "Bearer t")
                self.assertEqual(seen["headers"]["x-asked"], f"127.0.0.1:{self.node.proxy_port}")
                self.assertEqual(seen["headers"]["kong-request-id"], answer.headers["Kong-Request-ID"])
                self.assertEqual("apikey" in seen["headers"], name in ("auth", "mail"))
                self.assertEqual(seen["through"], "gateway")
                self.assertIsNone(answer.headers["Server"])
                self.assertEqual(answer.headers["Access-Control-Allow-Origin"], "https://x.app.test")

    def test_who_may_not_is_told_why_by_the_first_that_refuses(self):
        for path, key, more, status in (
                ("/rest/v1/", None, {}, 401), ("/rest/v1/", "wrong", {}, 401),
                ("/rest/v1/", "key-of-public", {}, 200), ("/pg/v1/", "key-of-public", {}, 403),
                ("/auth/v1/", None, {}, 200), ("/auth/v1/", None, {"User_Agent": "Googlebot/2.1"}, 403),
                ("/nowhere", None, {}, 404)):
            with self.subTest(path=path, key=key, more=more):
                answer = self.ask(path, key, Origin="https://app.test", **more)
                self.assertEqual(answer.status, status, answer.body)
                self.assertTrue(answer.headers["Kong-Request-ID"])
                allowed = None if status == 404 else "https://app.test"
                self.assertEqual(answer.headers["Access-Control-Allow-Origin"], allowed)
        preflight = self.ask("/pg/v1/x", method="OPTIONS", Origin="https://app.test",
                             Access_Control_Request_Method="DELETE")
        self.assertEqual((preflight.status, preflight.headers["Access-Control-Max-Age"]), (200, "600"))
        answer = self.node.proxy("POST", "/auth/v1/x", b"x" * 1_048_577, {"User-Agent": "Mozilla/5.0"})
        self.assertEqual(answer.status, 413)


if __name__ == "__main__":
    unittest.main()
