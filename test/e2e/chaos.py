"""Four clients write through three nodes on one Postgres while nodes, the server and connections are
killed at random. Afterwards every acknowledged write is there, nothing is half-applied, all nodes run
the same revision, and a client of the node that was left alone saw no error.

    python3 test/e2e/chaos.py --writes 1000 --events 60 [--seed N]
"""
import argparse
import collections
import http.client
import json
import pathlib
import random
import signal
import sys
import tempfile
import threading
import time

from harness import Gateway, Origin, Postgres, Traffic, request, wait_until



class Client:
    """Writes entities of its own, so that it knows what must be there: by name, the sets of states
    (None: absent) that the answers so far allow."""

    def __init__(self, number, nodes, seed):
        self.number, self.nodes, self.random = number, nodes, random.Random(seed * 100 + number)
        self.services, self.consumers = {}, {}
        self.last = None
        self.acknowledged, self.unanswered, self.refused = 0, 0, collections.Counter()

    def write(self, table, name, after, method, path, body):
        before = table.get(name, {None})
        node = self.random.choice(self.nodes)
        try:
            answer = request(node.admin_port, method, path, body, {"X-Reason": "chaos"})
        except (OSError, http.client.HTTPException) as error:
            answer = None
            self.refused[type(error).__name__] += 1
        if answer is not None and answer.status in (200, 201, 204):
            self.acknowledged += 1
            table[name] = {after}
            return True
        if answer is not None and answer.status not in (404, 503):
            raise AssertionError(f"{method} {path}: {answer.status} {answer.body!r}")
        if answer is not None:
            self.refused[answer.status] += 1
            self.last = answer.body
        # Also a refusal says nothing where the node did not learn what became of its commit.
        unknown = answer is None or b"outcome unknown" in answer.body or b"write" in answer.body
        if unknown or answer.status == 404:
            self.unanswered += 1
            table[name] = before | {after}
        return False

    def step(self, index):
        kind = self.random.random()
        name = f"c{self.number}-{index}"
        known = [n for n, states in self.services.items() if states != {None}]
        if kind < 0.5 or not known:
            self.write(self.services, name, 80, "POST", "/services", {"name": name, "host": "h.test"})
        elif kind < 0.8:
            name, port = self.random.choice(known), self.random.randrange(1, 60000)
            if self.services[name] == {None} or len(self.services[name]) > 1:
                return
            self.write(self.services, name, port, "PATCH", f"/services/{name}", {"port": port})
        elif self.write(self.consumers, name, True, "POST", "/consumers", {"username": name}):
            try:  # a key goes with its consumer, in one revision
                request(self.nodes[0].admin_port, "POST", f"/consumers/{name}/key-auth", {"key": f"key-{name}"})
            except (OSError, http.client.HTTPException):
                pass
            if self.random.random() < 0.5:
                self.write(self.consumers, name, None, "DELETE", f"/consumers/{name}", None)


class Chaos:
    def __init__(self, folder, origin, seed, log=lambda text: None):
        self.random, self.log, self.seed = random.Random(seed), log, seed
        self.events = collections.Counter()
        database = folder / "postgres"
        database.mkdir()
        self.database = Postgres(database).start()
        settings = {**self.database.settings(), "pg_timeout": "2000", "db_update_frequency": "1",
                    "node_heartbeat": "1", "history_revisions": "0"}  # all: verify() replays them
        self.nodes = [Gateway(folder / f"node{i}", workers=1, **settings) for i in range(3)]
        if self.nodes[0].command("migrations", "bootstrap").returncode != 0:
            raise AssertionError("no bootstrap")
        for node in self.nodes:
            node.start()
        url = f"http://127.0.0.1:{origin.port}/steady"
        self.nodes[0].admin("POST", "/services", {"name": "steady", "url": url}, expect=201)
        self.nodes[0].admin("POST", "/services/steady/routes", {"paths": ["/steady"]}, expect=201)

    def close(self):
        for node in self.nodes:
            node.stop(signal.SIGKILL)
            node.log.close()
        self.database.stop()

    def kill_node(self):
        node = self.random.choice(self.nodes[1:])
        node.stop(signal.SIGKILL)
        time.sleep(self.random.random() / 5)
        node.start()

    def kill_connections(self):
        try:
            self.database.query("SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                                " WHERE pid <> pg_backend_pid() AND backend_type = 'client backend'")
        except Exception:  # it may be one of those who go
            pass

    def kill_database(self):
        self.database.crash()

    def acknowledged(self):
        return sum(client.acknowledged for client in self.clients)

    def run(self, writes, clients, events):
        """Writes until at least `writes` are acknowledged and all events are over."""
        self.clients = [Client(i, self.nodes, self.seed) for i in range(clients)]
        over, problems = threading.Event(), []

        def write(client):
            try:
                index = 0
                while not problems and not (over.is_set() and self.acknowledged() >= writes):
                    client.step(index)
                    index += 1
            except Exception as error:  # pylint: disable=broad-except
                problems.append(error)
                over.set()

        traffic = Traffic(self.nodes[0], "/steady", clients=1)
        threads = [threading.Thread(target=write, args=(client,)) for client in self.clients]
        for thread in threads:
            thread.start()
        kinds = [self.kill_node, self.kill_connections, self.kill_database]
        try:
            for i in range(events):
                event = kinds[i] if i < len(kinds) else self.random.choices(kinds, (5, 3, 2))[0]
                self.log(f"{event.__name__} after {self.acknowledged()} writes")
                event()
                self.events[event.__name__] += 1
                time.sleep(self.random.random() / 2)
        finally:
            over.set()
            for thread in threads:
                thread.join()
        try:
            if problems:
                raise problems[0]
            self.settle()
        finally:
            traffic.stop()
        if traffic.bad or not traffic.good:
            raise AssertionError(f"of {traffic.good + len(traffic.bad)} requests failed: {traffic.bad[:5]}")
        self.traffic = traffic.good

    def settle(self):
        """Until all nodes run the newest revision."""
        newest = int(wait_until(lambda: self.database.query("SELECT max(revision) FROM revisions"), "Postgres"))

        def same():
            running = [n.admin("GET", "/status").json["configuration"]["revision"] for n in self.nodes]
            return running == [newest] * len(running)

        wait_until(same, f"all nodes to run revision {newest}")
        self.revision = newest
        registered = wait_until(lambda: self.registered(newest), "every node's row to say so")
        assert registered == len(self.nodes)

    def registered(self, revision):
        rows = self.nodes[0].admin("GET", "/nodes").json["data"]
        return sum(row["live"] and row["revision"] == revision for row in rows) == len(self.nodes) and len(rows)

    def verify(self):
        """What was acknowledged is there; what is there is what the history says."""
        services = dict(line.split("|") for line in self.database.query(
            "SELECT doc::json ->> 'name', doc::json ->> 'port' FROM entities WHERE kind = 'services'").split())
        consumers = set(self.database.query(
            "SELECT doc::json ->> 'username' FROM entities WHERE kind = 'consumers'").split())
        wrong = []
        for client in self.clients:
            for name, states in client.services.items():
                port = int(services[name]) if name in services else None
                if port not in states:
                    wrong.append((name, port, states))
            for name, states in client.consumers.items():
                if (True if name in consumers else None) not in states:
                    wrong.append((name, states))
        if wrong:
            raise AssertionError(f"{len(wrong)} writes are not as they were acknowledged: {wrong[:5]}")
        # Every revision as a whole: replaying all of them gives exactly what is there.
        replayed = {}
        rows = self.database.query(
            "SELECT json_build_array(kind, id, after) FROM changes ORDER BY revision, seq").splitlines()
        for kind, key, after in map(json.loads, rows):
            if after is None:
                replayed.pop((kind, key), None)
            else:
                replayed[kind, key] = json.loads(after)
        stored = {(kind, key): json.loads(doc) for kind, key, doc in map(json.loads, self.database.query(
            "SELECT json_build_array(kind, id, doc) FROM entities").splitlines())}
        if replayed != stored:
            raise AssertionError("the entities are not what the history says")
        gaps = self.database.query("SELECT count(*) = max(revision) FROM revisions")
        assert gaps == "t", "revisions are missing"

    def summary(self):
        lost = collections.Counter()
        for client in self.clients:
            lost.update(client.refused)
        return {"acknowledged": self.acknowledged(), "revision": self.revision,
                "events": dict(self.events), "not acknowledged": dict(lost), "requests without error": self.traffic}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--writes", type=int, default=1000)
    parser.add_argument("--clients", type=int, default=4)
    parser.add_argument("--events", type=int, default=60)
    parser.add_argument("--seed", type=int, default=random.randrange(10**6))
    options = parser.parse_args()
    print("seed", options.seed)
    sys.setswitchinterval(0.0002)  # else the clients wait for each other more than for the nodes
    origin = Origin()
    with tempfile.TemporaryDirectory() as folder:
        pathlib.Path(folder).chmod(0o755)
        chaos = Chaos(pathlib.Path(folder), origin, options.seed, print)
        try:
            chaos.run(options.writes, options.clients, options.events)
            chaos.verify()
            print(json.dumps(chaos.summary(), indent=2))
        finally:
            chaos.close()
            origin.close()


if __name__ == "__main__":
    main()
