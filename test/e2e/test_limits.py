"""Limits that mean what they say: bursts over many connections, and counters in Redis."""
import pathlib
import re
import shutil
import subprocess
import unittest

from harness import Case, free_ports, wait_until


class Limits(Case):
    def limited(self, config, **settings):
        gateway = self.gateway(**settings).start()
        self.add_route(gateway)
        gateway.admin("POST", "/services/posts/plugins", "name=rate-limiting&" + config, expect=201)
        return gateway

    def burst(self, gateway, connections, requests):
        done = subprocess.run(
            ["h2load", "--h1", "-c", str(connections), "-n", str(requests), "-t", "1",
             f"http://127.0.0.1:{gateway.proxy_port}/posts"],
            capture_output=True, text=True, timeout=60, check=True).stdout
        match = re.search(r"status codes: (\d+) 2xx, \d+ 3xx, (\d+) 4xx, (\d+) 5xx", done)
        self.assertIsNotNone(match, done)
        return tuple(map(int, match.groups()))

    def test_64_connections_get_exactly_100_of_a_burst(self):
        if not shutil.which("h2load"):
            self.skipTest("h2load is not installed")
        for workers in (1, 2, 4):
            for algorithm in ("token-bucket", "sliding-window"):
                with self.subTest(workers=workers, algorithm=algorithm):
                    # By the hour: a slow machine must not earn tokens during the burst.
                    gateway = self.limited(
                        f"config.hour=100&config.policy=local&config.algorithm={algorithm}",
                        workers=workers, name=f"node-{workers}-{algorithm}")
                    self.assertEqual(self.burst(gateway, 64, 640), (100, 540, 0))
                    self.assertEqual(gateway.stop(), 0)

    def test_counters_outlive_a_change_of_the_plugin(self):
        gateway = self.limited("config.hour=2&config.policy=local")
        self.assertEqual([gateway.proxy("GET", "/posts").status for _ in range(3)], [200, 200, 429])
        plugin = gateway.admin("GET", "/plugins").json["data"][0]["id"]
        gateway.admin("PATCH", f"/plugins/{plugin}", "config.error_message=slower", expect=200)
        answer = gateway.proxy("GET", "/posts")
        self.assertEqual((answer.status, answer.json["message"]), (429, "slower"))

    def test_cluster_policy_counts_in_the_store(self):
        gateway = self.limited("config.hour=2&config.policy=cluster")
        self.assertEqual([gateway.proxy("GET", "/posts").status for _ in range(4)],
                         [200, 200, 429, 429])

    def redis(self):
        if not shutil.which("redis-server"):
            self.skipTest("redis-server is not installed")
        (port,) = free_ports(1)
        server = subprocess.Popen(
            ["redis-server", "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--dir",
             str(self.folder), "--requirepass", "sekret"], stdout=subprocess.DEVNULL)
        self.addCleanup(server.wait)
        self.addCleanup(server.kill)
        wait_until(lambda: self.ask_redis(port, "ping") == "PONG", "Redis")
        return server, port

    def ask_redis(self, port, *words):
        done = subprocess.run(["redis-cli", "--no-auth-warning", "-a", "sekret", "-p", str(port),
                               *words], capture_output=True, text=True, timeout=10, check=False)
        return done.stdout.strip()

    def test_redis_counts_for_two_nodes_and_its_loss_is_tolerated(self):
        server, port = self.redis()
        config = (f"config.hour=3&config.policy=redis&config.redis.host=127.0.0.1"
                  f"&config.redis.port={port}&config.redis.password=sekret"
                  f"&config.redis.timeout=500")
        first = self.limited(config, name="first")
        second = self.limited(config, name="second")
        # Instances that are bound to different services count apart; make the second node's global.
        for node in (first, second):
            plugin = node.admin("GET", "/plugins").json["data"][0]["id"]
            node.admin("DELETE", f"/plugins/{plugin}", expect=204)
            node.admin("POST", "/plugins", "name=rate-limiting&" + config, expect=201)
        answers = [node.proxy("GET", "/posts") for node in (first, second, first, second)]
        self.assertEqual([a.status for a in answers], [200, 200, 200, 429])
        self.assertEqual(answers[0].headers["X-RateLimit-Remaining-Hour"], "2")
        keys = self.ask_redis(port, "keys", "*")
        self.assertRegex(keys, r"^ratelimit:0{8}-.*:0{8}-.*:127\.0\.0\.1:\d+:hour$")
        self.ask_redis(port, "script", "flush")
        self.assertEqual(first.proxy("GET", "/posts").status, 429)
        # Other settings make other connections; those before go with theirs.
        plugin = second.admin("GET", "/plugins").json["data"][0]["id"]
        for timeout in range(501, 521):
            second.admin("PATCH", f"/plugins/{plugin}", f"config.redis.timeout={timeout}", expect=200)
            self.assertEqual(second.proxy("GET", "/posts").status, 429)
        # A password that cannot be opened any more is no password.
        first.stop()
        (pathlib.Path(first.prefix) / "credential.secret").unlink()
        answer = first.start().proxy("GET", "/posts")
        self.assertEqual(answer.status, 200)
        self.assertNotIn("X-RateLimit-Remaining-Hour", answer.headers)
        self.assertIn("credential.secret is missing", first.output())
        server.kill()
        server.wait()
        answer = second.proxy("GET", "/posts")
        self.assertEqual(answer.status, 200)
        self.assertNotIn("X-RateLimit-Remaining-Hour", answer.headers)
        second.admin("PATCH", f"/plugins/{plugin}", "config.fault_tolerant=false", expect=200)
        answer = second.proxy("GET", "/posts")
        self.assertEqual((answer.status, answer.body),
                         (500, b'{"message":"An unexpected error occurred"}'))


if __name__ == "__main__":
    unittest.main()
