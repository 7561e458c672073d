"""Plugins that tell who is asking, and those that decide by it."""
import base64
import threading
import unittest

from harness import Case


class Auth(Case):
    """A gateway with one route, the consumers alice (key "ak") and bob ("bk"), and nobody."""

    def setUp(self):
        super().setUp()
        self.node = self.gateway(workers=1).start()
        self.add_route(self.node)
        for name in ("alice", "bob", "nobody"):
            self.node.admin("POST", "/consumers", {"username": name, "custom_id": f"c-{name}"}, expect=201)

    def add(self, name, path="/routes/posts/plugins", **config):
        return self.node.admin("POST", path, {"name": name, "config": config}, expect=201).json["id"]

    def change(self, plugin, **config):
        self.node.admin("PATCH", f"/plugins/{plugin}", {"config": config}, expect=200)

    def add_keys(self):
        for name in ("alice", "bob"):
            self.node.admin("POST", f"/consumers/{name}/key-auth", {"key": f"{name[0]}k"}, expect=201)

    def ask(self, status=200, path="/posts", method="GET", body=None, **fields):
        """What the origin was told, or the answer of the gateway."""
        headers = {name.replace("_", "-"): value for name, value in fields.items()}
        answer = self.node.proxy(method, path, body, headers)
        self.assertEqual(answer.status, status, answer.body)
        return answer.json["headers"] if status == 200 else answer

    def message(self, answer):
        return answer.json["message"]


class Acl(Auth):
    def setUp(self):
        super().setUp()
        self.add_keys()
        self.key_auth = self.add("key-auth")
        for group in ("staff", "readers"):
            self.node.admin("POST", "/consumers/alice/acls", {"group": group}, expect=201)
        self.node.admin("POST", "/consumers/bob/acls", {"group": "Staff"}, expect=201)

    def test_a_consumer_passes_by_its_groups(self):
        plugin = self.add("acl", allow=["staff", "others"])
        told = self.ask(apikey="ak")
        self.assertEqual(sorted(told["x-consumer-groups"].split(", ")), ["readers", "staff"])
        refused = self.ask(403, apikey="bk")
        self.assertEqual(self.message(refused), "You cannot consume this service")
        self.change(plugin, allow=None, deny=["staff"])
        self.ask(403, apikey="ak")
        self.assertEqual(self.ask(apikey="bk")["x-consumer-groups"], "Staff")

    def test_a_group_counts_from_the_answer_to_its_write_on(self):
        self.add("acl", allow=["late"])
        self.ask(403, apikey="bk")
        self.node.admin("PUT", "/consumers/bob/acls/late", {}, expect=200)
        self.ask(apikey="bk")
        self.node.admin("DELETE", "/consumers/bob/acls/late", expect=204)
        self.ask(403, apikey="bk")

    def test_who_is_nobody_is_told_from_who_may_not(self):
        plugin = self.add("acl", allow=["staff"])
        self.change(self.key_auth, anonymous="nobody")
        answer = self.ask(401)
        self.assertEqual(self.message(answer), "Unauthorized")
        self.assertIsNone(answer.headers["WWW-Authenticate"])
        self.change(plugin, allow=None, deny=["staff"])
        self.assertEqual(self.ask()["x-consumer-groups"], "")
        self.node.admin("DELETE", f"/plugins/{self.key_auth}", expect=204)
        self.assertEqual(self.message(self.ask(401)), "Unauthorized")

    def test_what_a_client_says_of_groups_is_replaced_or_left_alone(self):
        plugin = self.add("acl", allow=["Staff"])
        self.assertEqual(self.ask(apikey="bk", X_Consumer_Groups="root")["x-consumer-groups"], "Staff")
        self.change(plugin, hide_groups_header=True)
        self.assertEqual(self.ask(apikey="bk", X_Consumer_Groups="root")["x-consumer-groups"], "root")

    def test_one_list_is_given_and_not_both(self):
        path = "/routes/posts/plugins"
        for config in ({"allow": ["a"], "deny": ["b"]}, {"allow": [], "deny": []}, {}):
            answer = self.node.admin("POST", path, {"name": "acl", "config": config}, expect=400)
            self.assertIn("exactly one of these fields must be non-empty: 'config.allow', 'config.deny'",
                          answer.json["fields"]["@entity"])


def basic(user, password):
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()


class BasicAuth(Auth):
    """Passwords are kept as slow hashes, as is the default."""

    def setUp(self):
        super().setUp()
        self.node.admin("POST", "/consumers/alice/basic-auth", {"username": "al", "password": "p:1"}, expect=201)
        self.node.admin("POST", "/consumers/bob/basic-auth", {"username": "bob", "password": ""}, expect=400)
        self.plugin = self.add("basic-auth")

    def test_a_consumer_passes_with_user_name_and_password(self):
        told = self.ask(authorization=basic("al", "p:1"), X_Consumer_Username="root", X_Anonymous_Consumer="true")
        self.assertEqual(told["x-consumer-username"], "alice")
        self.assertEqual(told["x-consumer-custom-id"], "c-alice")
        self.assertEqual(told["x-credential-identifier"], "al")
        self.assertNotIn("x-anonymous-consumer", told)
        self.assertIn("authorization", told)
        for wrong in (basic("al", "p:2"), basic("al", ""), basic("AL", "p:1"), basic("x", "p:1"), "Basic !", "al"):
            answer = self.ask(401, authorization=wrong)
            self.assertEqual(answer.headers["WWW-Authenticate"], 'Basic realm="service"')
            self.assertEqual(self.message(answer), "Unauthorized")
        self.ask(401)
        self.ask(401, method="OPTIONS")

    def test_the_other_field_counts_first_and_what_was_looked_at_can_be_hidden(self):
        self.change(self.plugin, hide_credentials=True)
        told = self.ask(proxy_authorization=basic("al", "p:1"), authorization="Bearer other")
        self.assertEqual(told["authorization"], "Bearer other")
        self.assertNotIn("proxy-authorization", told)
        self.assertNotIn("authorization", self.ask(proxy_authorization=basic("x", "y"), authorization=basic("al", "p:1")))
        self.ask(401, proxy_authorization=basic("al", "wrong"), authorization=basic("al", "p:1"))

    def test_a_right_password_is_remembered_until_it_changes(self):
        credential = self.node.admin("GET", "/consumers/alice/basic-auth").json["data"][0]["id"]
        for _ in range(3):
            self.ask(authorization=basic("al", "p:1"))
        self.node.admin("PATCH", f"/consumers/alice/basic-auth/{credential}", {"password": "p:2"}, expect=200)
        self.ask(401, authorization=basic("al", "p:1"))
        self.ask(authorization=basic("al", "p:2"))
        self.node.admin("DELETE", f"/consumers/alice/basic-auth/{credential}", expect=204)
        self.ask(401, authorization=basic("al", "p:2"))

    def test_many_clients_that_show_one_password_wait_for_one_check(self):
        statuses = []
        ask = lambda: statuses.append(self.node.proxy("GET", "/posts", headers={"Authorization": basic("al", "p:1")}).status)
        threads = [threading.Thread(target=ask) for _ in range(24)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(statuses, [200] * 24)

    def test_who_is_not_known_passes_as_the_anonymous_consumer(self):
        self.change(self.plugin, anonymous="nobody")
        for headers in ({}, {"authorization": basic("al", "wrong")}):
            told = self.ask(**headers)
            self.assertEqual(told["x-consumer-username"], "nobody")
            self.assertEqual(told["x-anonymous-consumer"], "true")
            self.assertNotIn("x-credential-identifier", told)
        self.assertEqual(self.ask(authorization=basic("al", "p:1"))["x-consumer-username"], "alice")
        self.change(self.plugin, anonymous="gone")
        self.assertIn("anonymous consumer gone is configured", self.message(self.ask(500)))

    def test_several_ways_in(self):
        self.add_keys()
        keys = self.add("key-auth")
        self.ask(401, authorization=basic("al", "p:1"))
        told = self.ask(authorization=basic("al", "p:1"), apikey="bk")
        self.assertEqual(told["x-consumer-username"], "alice", "the last of several that are all asked for")
        self.change(keys, anonymous="nobody")
        self.change(self.plugin, anonymous="nobody")
        self.assertEqual(self.ask(authorization=basic("al", "p:1"), apikey="bk")["x-consumer-username"], "bob")
        told = self.ask(authorization=basic("al", "p:1"))
        self.assertEqual(told["x-consumer-username"], "alice")
        self.assertNotIn("x-anonymous-consumer", told)
        self.assertEqual(self.ask()["x-consumer-username"], "nobody")

    def test_passwords_that_are_kept_as_kong_keeps_them(self):
        plain = self.gateway("plain", workers=1, credential_storage="plain").start()
        self.add_route(plain)
        plain.admin("POST", "/consumers", {"username": "alice"}, expect=201)
        plain.admin("POST", "/consumers/alice/basic-auth", {"username": "al", "password": "p"}, expect=201)
        plain.admin("POST", "/routes/posts/plugins", {"name": "basic-auth"}, expect=201)
        for password, status in (("p", 200), ("q", 401), ("p", 200)):
            answer = plain.proxy("GET", "/posts", headers={"Authorization": basic("al", password)})
            self.assertEqual(answer.status, status)


if __name__ == "__main__":
    unittest.main()
