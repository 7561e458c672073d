"""The five-minute walk-through, typed by a person, on both stores; no waiting between call and effect."""
import signal
import unittest

from harness import Case


class Tutorial(Case):
    def walk(self, gateway):
        self.add_route(gateway)
        answer = gateway.proxy("GET", "/posts/1?x=y")
        self.assertEqual(answer.status, 200)
        self.assertEqual(answer.json["path"], "/posts/1?x=y")

        plugin = gateway.admin("POST", "/services/posts/plugins",
                               "name=rate-limiting&config.minute=5&config.policy=local", expect=201).json
        statuses = [gateway.proxy("GET", "/posts").status for _ in range(6)]
        self.assertEqual(statuses, [200] * 5 + [429])
        limited = gateway.proxy("GET", "/posts")
        self.assertEqual(limited.json["message"], "API rate limit exceeded")
        self.assertEqual(limited.headers["RateLimit-Remaining"], "0")
        gateway.admin("DELETE", f"/plugins/{plugin['id']}", expect=204)
        self.assertEqual(gateway.proxy("GET", "/posts").status, 200)

        gateway.admin("POST", "/services/posts/plugins",
                      "name=key-auth&config.hide_credentials=true", expect=201)
        self.assertEqual(gateway.proxy("GET", "/posts").status, 401)
        gateway.admin("POST", "/consumers", "username=alice", expect=201)
        gateway.admin("POST", "/consumers/alice/key-auth", "key=sekret", expect=201)
        answer = gateway.proxy("GET", "/posts", headers={"apikey": "sekret"})
        self.assertEqual(answer.status, 200)
        self.assertEqual(answer.json["headers"]["x-consumer-username"], "alice")
        self.assertNotIn("apikey", answer.json["headers"])
        self.assertEqual(gateway.proxy("GET", "/posts", headers={"apikey": "wrong"}).status, 401)

    def lock_admin(self, gateway):
        """The Admin API behind the gateway itself: the key before the route, so it is never open."""
        gateway.admin("POST", "/services",
                      f"name=admin-api&url=http://127.0.0.1:{gateway.admin_port}", expect=201)
        gateway.admin("POST", "/services/admin-api/plugins",
                      "name=key-auth&config.hide_credentials=true", expect=201)
        gateway.admin("POST", "/services/admin-api/routes", "paths[]=/admin-api", expect=201)
        self.assertEqual(gateway.proxy("GET", "/admin-api/services").status, 401)
        answer = gateway.proxy("GET", "/admin-api/services", headers={"apikey": "sekret"})
        self.assertEqual(answer.status, 200)
        self.assertEqual({s["name"] for s in answer.json["data"]}, {"posts", "admin-api"})
        made = gateway.proxy("POST", "/admin-api/consumers", "username=bob", {"apikey": "sekret"})
        self.assertEqual(made.status, 201)

    def survives(self, gateway):
        """Killed without warning, everything acknowledged is there again."""
        self.assertEqual(gateway.stop(signal.SIGKILL), -signal.SIGKILL)
        gateway.start()
        self.assertEqual(gateway.proxy("GET", "/posts").status, 401)
        self.assertEqual(gateway.proxy("GET", "/posts", headers={"apikey": "sekret"}).status, 200)
        names = {c["username"] for c in gateway.admin("GET", "/consumers").json["data"]}
        self.assertEqual(names, {"alice", "bob"})

    def test_embedded_store(self):
        gateway = self.gateway().start()
        self.walk(gateway)
        self.lock_admin(gateway)
        self.survives(gateway)
        self.assertEqual(gateway.stop(), 0)

    def test_postgres(self):
        postgres = self.postgres()
        gateway = self.gateway(**postgres.settings())
        done = gateway.command("migrations", "bootstrap")
        self.assertEqual(done.returncode, 0, done.stderr)
        gateway.start()
        self.walk(gateway)
        self.lock_admin(gateway)
        self.survives(gateway)
        self.assertEqual(gateway.stop(), 0)


if __name__ == "__main__":
    unittest.main()
