"""A database that goes away: no client notices, a cold start included."""
import contextlib
import pathlib
import signal
import sqlite3
import threading
import unittest

from harness import Case, Traffic, request, wait_until


class Outage(Case):
    def start(self):
        self.database = self.postgres()
        gateway = self.gateway(**self.database.settings(), pg_timeout="1000", db_update_frequency="1")
        self.assertEqual(gateway.command("migrations", "bootstrap").returncode, 0)
        gateway.start()
        self.add_route(gateway)
        return gateway

    def serves_on(self, gateway, break_it, mend_it):
        with Traffic(gateway) as traffic:
            wait_until(lambda: traffic.good > 20, "traffic")
            break_it()
            before = traffic.good
            answer = gateway.admin("POST", "/consumers", "username=during")
            self.assertEqual(answer.status, 503, answer.body)
            self.assertIn("message", answer.json)
            wait_until(lambda: gateway.admin("GET", "/status").json["database"]["reachable"] is False,
                       "the node to know")
            wait_until(lambda: traffic.good > before + 50, "traffic during the outage")
            mend_it()
            wait_until(lambda: gateway.admin("POST", "/consumers", "username=after").status == 201,
                       "writes to work again")
        self.assertEqual(traffic.bad, [])

    def test_refused(self):
        gateway = self.start()
        self.serves_on(gateway, self.database.stop, self.database.start)

    def test_frozen(self):
        gateway = self.start()
        pids = [int(p) for p in self.database.query(
            "select pid from pg_stat_activity where pid <> pg_backend_pid()").split()]
        import os

        def signal_all(number):
            for pid in [self.database.process.pid, *pids]:
                try:
                    os.kill(pid, number)
                except ProcessLookupError:
                    pass

        try:
            self.serves_on(gateway, lambda: signal_all(signal.SIGSTOP),
                           lambda: signal_all(signal.SIGCONT))
        finally:
            signal_all(signal.SIGCONT)

    def reads_from_the_copy(self, gateway):
        names = [s["name"] for s in gateway.admin("GET", "/services").json["data"]]
        self.assertEqual(names, ["posts"])
        answer = gateway.admin("GET", "/services/posts", expect=200)
        self.assertIn("the node's own copy", answer.headers.get("Warning", ""))
        self.assertEqual(gateway.admin("GET", "/routes?tags=none", expect=200).json["data"], [])
        self.assertEqual(gateway.admin("GET", "/services/none").status, 404)

    def test_reads_are_answered_from_the_copy_while_the_database_is_away(self):
        gateway = self.start()
        self.assertNotIn("Warning", gateway.admin("GET", "/services/posts").headers)
        self.database.stop()
        self.reads_from_the_copy(gateway)
        self.assertEqual(gateway.admin("POST", "/consumers", "username=x").status, 503)
        self.database.start()
        wait_until(lambda: "Warning" not in gateway.admin("GET", "/services/posts").headers,
                   "reads to come from the database again")

    def test_reads_do_not_wait_for_a_locked_database(self):
        gateway = self.start()
        gateway.stop()
        gateway.settings["PG_READ_WAIT"] = "250"
        gateway.settings["PG_TIMEOUT"] = "600000"  # longer than this test has
        gateway.start()
        with self.database.locked("entities"):
            writer = threading.Thread(
                target=lambda: request(gateway.admin_port, "POST", "/consumers", "username=late", timeout=600))
            writer.start()
            self.reads_from_the_copy(gateway)
        writer.join()
        self.assertEqual(gateway.admin("GET", "/consumers/late").status, 200)

    def test_cold_start_without_the_database(self):
        gateway = self.start()
        self.assertEqual(gateway.stop(), 0)
        self.database.stop()
        gateway.start()
        self.assertEqual(gateway.proxy("GET", "/posts").status, 200)
        self.assertEqual(gateway.admin("POST", "/consumers", "username=x").status, 503)
        self.database.start()
        wait_until(lambda: gateway.admin("POST", "/consumers", "username=x").status == 201,
                   "writes to work again")

    def test_cold_start_before_a_database_that_does_not_answer(self):
        gateway = self.start()
        self.assertEqual(gateway.stop(), 0)
        self.database.process.send_signal(signal.SIGSTOP)  # takes connections, says nothing
        gateway.settings["PG_TIMEOUT"] = "600000"  # longer than this test has
        gateway.settings["PG_START_WAIT"] = "250"
        gateway.start()
        self.assertEqual(gateway.proxy("GET", "/posts").status, 200)
        self.assertIn("serving the last good configuration", gateway.output())
        self.database.process.send_signal(signal.SIGCONT)
        wait_until(lambda: gateway.admin("POST", "/consumers", "username=x").status == 201,
                   "writes to work again")

    def test_a_start_asks_for_what_came_since_and_not_for_everything(self):
        first = self.start()
        second = self.gateway("second", **self.database.settings()).start()
        kept = first.admin("GET", "/services/posts").json["id"]
        second.stop()
        self.add_route(first, "more", "/more")
        first.admin("DELETE", "/routes/posts", expect=204)
        # No revision tells of this: who reads everything stumbles over it.
        self.database.query(f"update entities set doc = 'oops' where id = '{kept}'")
        second.start()
        self.assertEqual(second.proxy("GET", "/more").status, 200)
        self.assertEqual(second.proxy("GET", "/posts").status, 404)
        status = second.admin("GET", "/status").json["configuration"]
        self.assertEqual((status["problems"], status["revision"]),
                         ([], first.admin("GET", "/status").json["configuration"]["revision"]))

    def test_a_start_notices_that_the_database_is_another_one(self):
        gateway = self.start()
        service = gateway.admin("GET", "/services/posts").json["id"]
        gateway.stop()
        # The same numbers, another history: a copy that somebody restored and wrote on.
        self.database.query("update revisions set token = 'other'; update entities set doc = replace(doc, "
                            f"'\"path\":\"/posts\"', '\"path\":\"/of-the-other\"') where id = '{service}'")
        gateway.start()
        self.assertIn("is not the one that this node runs: taking everything over anew", gateway.output())
        self.assertTrue(gateway.proxy("GET", "/posts").json["path"].startswith("/of-the-other"))

    def test_a_copy_that_is_damaged_is_made_anew(self):
        gateway = self.start()
        self.assertEqual(gateway.stop(), 0)
        copy = pathlib.Path(gateway.prefix) / "last-good.db"
        with contextlib.closing(sqlite3.connect(copy)) as database, database:
            # The last of them: others have been taken over by then.
            database.execute("update entities set doc = 'oops' where rowid = (select max(rowid) from entities)")
        gateway.start()
        self.assertEqual(gateway.proxy("GET", "/posts").status, 200)
        self.assertTrue(copy.with_name("last-good.db.damaged").exists())
        self.assertIn("is not JSON", gateway.output())
        self.assertEqual(gateway.stop(), 0)
        copy.write_bytes(b"no database at all" * 1000)
        gateway.start()
        self.assertEqual(gateway.proxy("GET", "/posts").status, 200)
        self.assertIn("file is not a database", gateway.output())
        self.assertEqual(gateway.stop(), 0)
        self.database.stop()
        gateway.start()
        self.assertEqual(gateway.proxy("GET", "/posts").status, 200)

    def test_a_plugin_that_cannot_be_read_refuses_what_it_guards(self):
        gateway = self.start()
        self.add_route(gateway, "open", "/open")
        plugin = gateway.admin("POST", "/services/posts/plugins", "name=key-auth", expect=201).json["id"]
        self.assertEqual(gateway.proxy("GET", "/posts").status, 401)
        gateway.stop()
        self.database.query(f"update entities set doc = '' where id = '{plugin}'")

        def refuses_and_says_so():
            self.assertEqual(gateway.proxy("GET", "/posts").status, 503)
            self.assertEqual(gateway.proxy("GET", "/open").status, 200)
            problems = gateway.admin("GET", "/status").json["configuration"]["problems"]
            self.assertEqual([plugin in text for text in problems], [True], problems)

        # Nobody told of this change: only who reads everything sees it.
        gateway.forget_copy()
        gateway.start()
        refuses_and_says_so()
        gateway.stop()
        gateway.start()  # what could not be read is read anew
        refuses_and_says_so()
        gateway.stop()
        self.database.stop()
        gateway.start()  # from its own copy
        refuses_and_says_so()
        self.database.start()
        wait_until(lambda: gateway.admin("DELETE", f"/plugins/{plugin}").status == 204,
                   "writes to work again")
        self.assertEqual(gateway.proxy("GET", "/posts").status, 200)

    def test_two_nodes_see_each_other(self):
        first = self.start()
        second = self.gateway("second", **self.database.settings())
        second.start()
        self.assertEqual(second.proxy("GET", "/posts").status, 200)
        self.add_route(first, "more", "/more")
        wait_until(lambda: second.proxy("GET", "/more").status == 200, "the other node", patience=3)
        second.admin("DELETE", "/routes/more", expect=204)
        wait_until(lambda: first.proxy("GET", "/more").status == 404, "the first node", patience=3)

    def test_unmigrated_database_is_an_error_with_its_remedy(self):
        database = self.postgres()
        gateway = self.gateway(**database.settings())
        gateway.spawn()
        self.assertEqual(gateway.process.wait(30), 1)
        self.assertIn("migrations bootstrap", gateway.output())
        self.assertNotIn(database.PASSWORD, gateway.output())


if __name__ == "__main__":
    unittest.main()
