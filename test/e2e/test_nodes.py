"""Many nodes on one database: who is there, waiting for all, and a database that is not what it was."""
import signal
import threading
import unittest

from chaos import Chaos
from harness import Case, wait_until


class Nodes(Case):
    def fleet(self, count=2, **settings):
        self.database = self.postgres()
        nodes = []
        for i in range(count):
            nodes.append(self.gateway(f"node{i}", workers=1, **self.database.settings(), pg_timeout="2000",
                                      db_update_frequency="1", node_heartbeat="1", **settings))
            if i == 0:
                self.assertEqual(nodes[0].command("migrations", "bootstrap").returncode, 0)
            nodes[i].start()
        wait_until(lambda: len(nodes[0].admin("GET", "/nodes").json["data"]) == count, "all nodes' rows")
        return nodes

    @staticmethod
    def revision(node):
        return node.admin("GET", "/status").json["configuration"]["revision"]

    def test_a_write_waits_for_all_nodes_while_others_go_on(self):
        first, second = self.fleet()
        self.add_route(first)
        done = first.admin("POST", "/consumers?wait=all", {"username": "anna"}, expect=201)
        self.assertEqual(done.json["username"], "anna")
        self.assertIsNone(done.headers["X-Tollgate-Lagging"])
        self.assertEqual(second.proxy("GET", "/posts").status, 200)
        lagging = next(n for n in first.admin("GET", "/nodes").json["data"] if not n["self"])
        second.send_signal(signal.SIGSTOP)
        try:
            waited = []
            thread = threading.Thread(target=lambda: waited.append(first.admin(
                "POST", "/consumers?wait=all&timeout=3", {"username": "berta"})))
            thread.start()
            wait_until(lambda: first.admin("GET", "/consumers/berta").status == 200, "the write")
            first.admin("POST", "/consumers", {"username": "clara"}, expect=201)
            self.assertEqual(waited, [])  # clara did not wait for berta
            thread.join()
        finally:
            second.send_signal(signal.SIGCONT)
        self.assertEqual(waited[0].status, 202)
        self.assertEqual(waited[0].json["username"], "berta")
        self.assertIn(lagging["id"], waited[0].headers["X-Tollgate-Lagging"])
        first.admin("DELETE", "/consumers/anna?wait=all", expect=204)
        self.assertEqual(second.stop(), 0)
        states = {n["id"]: (n["state"], n["live"]) for n in first.admin("GET", "/nodes").json["data"]}
        self.assertEqual(states[lagging["id"]], ("stopped", False))
        first.admin("DELETE", "/consumers/clara?wait=all", expect=204)

    def test_the_embedded_store_has_one_node(self):
        node = self.gateway().start()
        node.admin("POST", "/consumers?wait=all", {"username": "anna"}, expect=201)
        (only,) = node.admin("GET", "/nodes").json["data"]
        self.assertTrue(only["self"] and only["live"])
        self.assertEqual(only["revision"], 1)

    def test_a_database_that_lost_revisions_takes_no_node_back(self):
        first, second = self.fleet()
        kept = int(self.database.query("SELECT coalesce(max(revision), 0) FROM revisions"))
        self.add_route(first)
        runs = self.revision(first)
        wait_until(lambda: self.revision(second) == runs, "the second node")
        self.database.query(f"DELETE FROM entities WHERE kind = 'routes'; DELETE FROM entities;"
                            f" DELETE FROM revisions WHERE revision > {kept}")
        for node in (first, second):
            wait_until(lambda n=node: n.admin("GET", "/status").json["database"].get("behind"), "the node to know")
            self.assertEqual(node.proxy("GET", "/posts").status, 200)
            self.assertIn("the database is behind", node.output())
        refused = first.admin("POST", "/consumers", {"username": "anna"})
        self.assertEqual(refused.status, 503)
        self.assertIn("/revisions/advance", refused.json["message"])
        wait_until(lambda: {n["state"] for n in first.admin("GET", "/nodes").json["data"]} == {"ahead"}, "/nodes")
        second.stop(signal.SIGKILL)
        second.start()  # not even a start goes back
        self.assertEqual(second.proxy("GET", "/posts").status, 200)
        advanced = first.admin("POST", "/revisions/advance", headers={"X-Reason": "failed over"}, expect=201).json
        self.assertGreater(advanced["revision"], runs)
        for node in (first, second):
            wait_until(lambda n=node: self.revision(n) == advanced["revision"], "the node to take it up")
            self.assertEqual(node.proxy("GET", "/posts").status, 404)
        first.admin("POST", "/consumers?wait=all", {"username": "anna"}, expect=201)

    def test_a_row_that_cannot_be_read_stops_nothing_else(self):
        (node,) = self.fleet(1)
        self.add_route(node)
        self.add_route(node, "broken", "/broken")
        bad = node.admin("GET", "/services/broken").json["id"]
        self.database.query(f"UPDATE entities SET doc = 'oops' WHERE id = '{bad}'")
        node.stop()
        node.forget_copy()
        node.start()
        self.assertEqual(node.proxy("GET", "/posts").status, 200)
        problems = node.admin("GET", "/status").json["configuration"]["problems"]
        self.assertEqual(problems, [f"services/{bad}: not a JSON object"])
        self.assertIn(bad, node.output())
        self.assertEqual(node.admin("GET", f"/services/{bad}").status, 500)
        self.assertEqual([s["name"] for s in node.admin("GET", "/services").json["data"]], ["posts"])
        node.admin("PUT", f"/services/{bad}",
                   {"name": "broken", "url": f"http://127.0.0.1:{self.origin.port}"}, expect=200)
        self.assertEqual(node.proxy("GET", "/broken").status, 200)
        self.assertEqual(node.admin("GET", "/status").json["configuration"]["problems"], [])

    def test_a_plugin_that_cannot_be_read_fails_closed(self):
        (node,) = self.fleet(1)
        self.add_route(node)
        self.add_route(node, "open", "/open")
        guard = node.admin("POST", "/routes/posts/plugins", {"name": "key-auth"}, expect=201).json["id"]
        self.assertEqual(node.proxy("GET", "/posts").status, 401)
        self.database.query(f"UPDATE entities SET doc = replace(doc, '\"name\":\"key-auth\"', '\"name\":7')"
                            f" WHERE id = '{guard}'")
        node.stop()
        node.forget_copy()
        node.start()
        refused = node.proxy("GET", "/posts")
        self.assertEqual((refused.status, refused.json["message"]), (503, "An unexpected error occurred"))
        self.assertEqual(node.proxy("GET", "/open").status, 200)
        (problem,) = node.admin("GET", "/status").json["configuration"]["problems"]
        self.assertEqual(problem, f"plugins/{guard}: name: expected a string")
        node.admin("DELETE", f"/plugins/{guard}", expect=204)
        self.assertEqual(node.proxy("GET", "/posts").status, 200)

    def test_a_node_behind_a_pruned_history_takes_everything_over(self):
        first, second = self.fleet(history_revisions="3")
        second.send_signal(signal.SIGSTOP)
        try:
            for i in range(8):
                first.admin("POST", "/consumers", {"username": f"u{i}"}, expect=201)
            first.stop()
            first.start()  # prunes first of all
            wait_until(lambda: self.database.query("SELECT count(*) FROM revisions") == "3", "pruning")
            self.add_route(first)
        finally:
            second.send_signal(signal.SIGCONT)
        wait_until(lambda: self.revision(second) == self.revision(first), "the second node")
        self.assertEqual(second.proxy("GET", "/posts").status, 200)
        self.assertEqual(first.admin("GET", "/revisions/1").status, 404)

    def test_kills_at_random_lose_nothing(self):
        """chaos.py tells more, and runs longer."""
        if self.postgres().stop() is not None:  # skips where there is none
            self.fail()
        folder = self.folder / "chaos"
        folder.mkdir(mode=0o755)
        chaos = Chaos(folder, self.origin, seed=7)
        self.addCleanup(chaos.close)
        chaos.run(writes=150, clients=4, events=7)
        chaos.verify()
        self.assertGreaterEqual(chaos.summary()["acknowledged"], 150)


if __name__ == "__main__":
    unittest.main()
