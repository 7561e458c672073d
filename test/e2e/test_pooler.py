"""A node whose connections to the database go through pgbouncer."""
import os
import shutil
import signal
import subprocess
import unittest

from harness import PATIENCE, Case, Postgres, wait_until
from ports import free_ports


class Pooler:
    """pgbouncer before `database`, in the mode given."""

    def __init__(self, folder, database, mode):
        program = shutil.which("pgbouncer") or "/usr/sbin/pgbouncer"
        (self.port,) = free_ports(1)
        folder.mkdir()
        (folder / "users").write_text(f'"kong" "{Postgres.PASSWORD}"\n')
        (folder / "pgbouncer.ini").write_text(
            f"[databases]\n* = host=127.0.0.1 port={database.port}\n"
            f"[pgbouncer]\nlisten_addr=127.0.0.1\nlisten_port={self.port}\nunix_socket_dir=\n"
            f"auth_type=plain\nauth_file={folder}/users\npool_mode={mode}\nlogfile={folder}/log\n")
        as_user = []
        if os.geteuid() == 0:
            as_user = ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups"]
            for path in (folder, *folder.iterdir()):
                shutil.chown(path, "postgres", "postgres")
        self.process = subprocess.Popen([*as_user, program, str(folder / "pgbouncer.ini")], cwd="/",
                                        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        ready = [str(database.bin / "pg_isready"), "-q", "-h", "127.0.0.1", "-p", str(self.port)]
        wait_until(lambda: subprocess.run(ready, check=False).returncode == 0, "pgbouncer to answer")

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(PATIENCE)


class BehindAPooler(Case):
    NOTICE = "notifications (LISTEN) do not arrive"

    def fleet(self, mode, **settings):
        database = self.postgres()
        pooler = Pooler(self.folder / "pooler", database, mode)
        self.addCleanup(pooler.stop)
        nodes = []
        for i in range(2):
            node = self.gateway(f"node{i}", workers=1, **{**database.settings(), "pg_port": str(pooler.port)},
                                **settings)
            if i == 0:
                self.assertEqual(node.command("migrations", "bootstrap").returncode, 0)
            nodes.append(node.start())
        return nodes

    def test_transaction_mode_is_told_and_writes_arrive_by_looking(self):
        first, second = self.fleet("transaction", db_update_frequency="1")
        for node in (first, second):
            wait_until(lambda n=node: self.NOTICE in n.output(), "the notice")
        self.add_route(first)
        wait_until(lambda: second.proxy("GET", "/posts").status == 200, "the other node to look")
        for node in (first, second):
            self.assertEqual(node.output().count(self.NOTICE), 1)

    def test_in_session_mode_notifications_arrive_and_nothing_is_told(self):
        # The nodes look so seldom that only a notification can tell them.
        first, second = self.fleet("session", db_update_frequency="600")
        self.add_route(first)
        wait_until(lambda: second.proxy("GET", "/posts").status == 200, "the other node to hear")
        for node in (first, second):
            self.assertNotIn(self.NOTICE, node.output())


if __name__ == "__main__":
    unittest.main()
