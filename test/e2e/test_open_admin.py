"""An Admin API that asks nobody who they are: what pages of other sites, other names and the node's own routes get."""
import socket
import unittest

from harness import Case, free_ports, request


class Pages(Case):
    def test_no_page_of_another_origin_drives_it(self):
        gateway = self.gateway(admin_gui_url="http://gui.test:8002/manager").start()
        foreign = {"Origin": "https://evil.example", "Content-Type": "application/x-www-form-urlencoded"}
        for headers in (foreign, {**foreign, "Origin": "null"}, {"Sec-Fetch-Site": "cross-site"},
                        {**foreign, "Sec-Fetch-Site": "cross-site"}):
            answer = gateway.admin("POST", "/services", "name=csrf&url=http://127.0.0.1:1", headers)
            self.assertEqual(answer.status, 403, headers)
            self.assertIn("admin_gui_url", answer.json["message"])
            self.assertNotIn("Access-Control-Allow-Origin", answer.headers)
        self.assertEqual(gateway.admin("OPTIONS", "/services", headers=foreign).status, 403)
        self.assertEqual(gateway.admin("GET", "/services", headers=foreign).status, 403)

        listed = gateway.admin("GET", "/services", headers={"Origin": "http://gui.test:8002"})
        self.assertEqual(listed.status, 200)
        self.assertEqual(listed.headers["Access-Control-Allow-Origin"], "http://gui.test:8002")
        own = {"Origin": f"http://127.0.0.1:{gateway.admin_port}", "Sec-Fetch-Site": "same-origin"}
        self.assertEqual(gateway.admin("GET", "/services", headers=own).status, 200)
        self.assertEqual(gateway.admin("GET", "/services").json["data"], [])

    def test_no_origin_is_reflected_with_credentials(self):
        gateway = self.gateway().start()
        own = f"http://127.0.0.1:{gateway.admin_port}"
        answer = gateway.admin("GET", "/services", headers={"Origin": own})
        self.assertEqual((answer.status, answer.headers["Access-Control-Allow-Origin"]), (200, "*"))

    def test_a_loopback_listener_serves_this_machines_names_only(self):
        gateway = self.gateway(admin_allowed_hosts="gateway.internal").start()
        for host, status in (("rebind.evil.example", 403), ("127.0.0.1.evil.example:8001", 403), ("[2001:db8::1]", 403), ("10.0.0.1", 403), ("localhost", 200), ("kong:8001", 200),
                             ("LOCALHOST:8001", 200), ("a.localhost", 200), ("127.0.0.2:1", 200), ("[::1]:8001", 200),
                             ("gateway.internal", 200), ("Gateway.Internal.:8001", 200)):
            answer = gateway.admin("GET", "/services", headers={"Host": host})
            self.assertEqual(answer.status, status, host)
            if status == 403:
                self.assertIn("admin_allowed_hosts", answer.json["message"])

    def test_a_listener_that_was_opened_serves_any_name_but_no_foreign_page(self):
        gateway = self.gateway(admin_allow_unauthenticated="on").start()
        self.assertEqual(gateway.admin("GET", "/services", headers={"Host": "kong:8001"}).status, 200)
        foreign = {"Host": "kong:8001", "Origin": "http://evil.example"}
        self.assertEqual(gateway.admin("GET", "/services", headers=foreign).status, 403)


class OwnRoutes(Case):
    def make(self, gateway, **service):
        made = gateway.admin("POST", "/services", {"name": "admin-api", **service}, expect=201)
        route = gateway.admin("POST", "/services/admin-api/routes", "paths[]=/admin-api", expect=201)
        return made, route

    def test_a_route_there_is_refused_until_something_authenticates(self):
        gateway = self.gateway().start()
        for made in self.make(gateway, host="localhost", port=gateway.admin_port):
            self.assertIn("own Admin API", made.headers.get("Warning", ""))
        refused = gateway.proxy("GET", "/admin-api/services")
        self.assertEqual(refused.status, 403)
        self.assertIn("admin_allow_unauthenticated_routes", refused.json["message"])
        self.assertEqual(gateway.proxy("POST", "/admin-api/services", "name=x&url=http://127.0.0.1:1").status, 403)

        gateway.admin("POST", "/consumers", "username=alice", expect=201)
        gateway.admin("POST", "/consumers/alice/key-auth", "key=sekret", expect=201)
        plugin = gateway.admin("POST", "/services/admin-api/plugins", "name=key-auth", expect=201).json
        self.assertEqual(gateway.proxy("GET", "/admin-api/services").status, 401)
        answer = gateway.proxy("GET", "/admin-api/services", headers={"apikey": "sekret"})
        self.assertEqual((answer.status, [s["name"] for s in answer.json["data"]]), (200, ["admin-api"]))

        # An anonymous consumer is nobody.
        anonymous = gateway.admin("POST", "/consumers", "username=anonymous", expect=201).json["id"]
        gateway.admin("PATCH", f"/plugins/{plugin['id']}", {"config": {"anonymous": anonymous}}, expect=200)
        self.assertEqual(gateway.proxy("GET", "/admin-api/services").status, 403)

    def test_a_target_there_is_refused(self):
        gateway = self.gateway().start()
        gateway.admin("POST", "/upstreams", "name=inner", expect=201)
        target = gateway.admin("POST", "/upstreams/inner/targets", f"target=127.0.0.1:{gateway.admin_port}", expect=201)
        self.assertIn("own Admin API", target.headers.get("Warning", ""))
        self.make(gateway, host="inner")
        self.assertEqual(gateway.proxy("GET", "/admin-api/services").status, 403)

    def test_a_listener_there_gets_no_answer(self):
        gateway = self.gateway().start()
        port, = free_ports(1)
        chain = {"filters": [{"name": "tcp-proxy", "config": {"host": "127.0.0.1", "port": gateway.admin_port}}]}
        made = gateway.admin("POST", "/listeners", {"name": "tcp", "bind": [f"127.0.0.1:{port}"], "filter_chains": [chain]},
                             expect=201)
        self.assertIn("own Admin API", made.headers.get("Warning", ""))
        with socket.create_connection(("127.0.0.1", port), timeout=15) as client:
            client.sendall(b"GET /services HTTP/1.1\r\nHost: localhost\r\n\r\n")
            try:
                self.assertEqual(client.recv(4096), b"")
            except ConnectionResetError:
                pass

    def test_a_setting_allows_it(self):
        gateway = self.gateway(admin_allow_unauthenticated_routes="on").start()
        for made in self.make(gateway, host="127.0.0.1", port=gateway.admin_port):
            self.assertNotIn("Warning", made.headers)
        self.assertEqual(gateway.proxy("GET", "/admin-api/services").status, 200)

    def test_other_services_of_this_machine_are_served_without_a_word(self):
        gateway = self.gateway().start()
        self.add_route(gateway)
        self.assertEqual(gateway.proxy("GET", "/posts").status, 200)


class Files(Case):
    def test_errors_of_a_listener_say_nothing_of_the_files_it_names(self):
        gateway = self.gateway().start()
        port, = free_ports(1)
        texts = set()
        for path in ("/etc/passwd", "/nowhere/at/all", "/root"):
            tls = {"name": "tls", "config": {"certificates": [{"certificate": path, "key": path}]}}
            chain = {"filters": [tls, {"name": "tcp-proxy", "config": {"host": "127.0.0.1", "port": 9}}]}
            answer = gateway.admin("POST", "/listeners",
                                   {"name": "tls", "bind": [f"127.0.0.1:{port}"], "filter_chains": [chain]})
            self.assertEqual(answer.status, 400)
            texts.add(answer.body)
        self.assertEqual(len(texts), 1, texts)
        admin = {"filters": [{"name": "http", "config": {"filters": [
            {"name": "admin-auth", "config": {"tokens_file": "/nowhere"}}, {"name": "admin-api"}]}}]}
        answer = gateway.admin("POST", "/listeners",
                               {"name": "a", "bind": [f"127.0.0.1:{port}"], "filter_chains": [admin]})
        self.assertEqual(answer.status, 400)
        self.assertIn("node file only", str(answer.json))


if __name__ == "__main__":
    unittest.main()
