"""Plugins that tell who is asking, and those that decide by it."""
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


if __name__ == "__main__":
    unittest.main()
