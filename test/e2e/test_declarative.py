"""Declarative files: nodes without a database, and stores that are imported, exported, compared."""
import pathlib
import re
import signal
import unittest

from harness import ROOT, Case, request, wait_until

HEAD = '_format_version: "3.0"\n'


def config(origin, path="/posts", extra=""):
    return (f"{HEAD}services:\n- name: posts\n  url: http://127.0.0.1:{origin}/\n  routes:\n"
            f"  - name: posts\n    paths: [{path}]\n{extra}")


SHOP = """consumers:
- username: bob
  tags: [a, "yes"]
  keyauth_credentials:
  - key: bobs-key
  plugins:
  - name: rate-limiting
    config: {minute: 5, policy: local, redis_host: localhost, redis_password: bobs-word}
- username: "\\u00fc: #"
  custom_id: "007"
upstreams:
- name: up
  targets: [{target: "127.0.0.1:1"}]
"""


class WithoutDatabase(Case):
    def start(self, text, name="node", **settings):
        self.file = self.folder / "gateway.yaml"
        self.file.write_text(text)
        return self.gateway(name, database="off", declarative_config=str(self.file), **settings)

    def test_serves_the_file_and_takes_up_a_new_one(self):
        origin = self.origin
        gateway = self.start(config(origin.port)).start()
        self.assertEqual(gateway.proxy("GET", "/posts").status, 200)
        status = gateway.admin("GET", "/status").json
        self.assertNotIn("database", status)
        before = status["configuration_hash"]
        self.assertNotEqual(before, "0" * 32)
        self.file.write_text(config(origin.port, "/other"))
        done = gateway.command("reload")
        self.assertEqual((done.returncode, done.stdout), (0, "Tollgate reloaded\n"), done.stderr)
        wait_until(lambda: gateway.proxy("GET", "/other").status == 200, "the new file")
        self.assertEqual(gateway.proxy("GET", "/posts").status, 404)
        self.assertNotEqual(gateway.admin("GET", "/status").json["configuration_hash"], before)

    def test_a_broken_file_changes_nothing(self):
        origin = self.origin
        gateway = self.start(config(origin.port)).start()
        self.file.write_text(HEAD + "services:\n- name: x\n")
        done = gateway.command("reload")
        self.assertEqual(done.returncode, 1)
        self.assertIn(f"{self.file}:3:1: services[1].host: required field missing", done.stderr)
        gateway.send_signal(signal.SIGHUP)
        wait_until(lambda: "serves on" in gateway.output(), "the log of the node")
        self.assertIn("services[1].host: required field missing", gateway.output())
        self.assertEqual(gateway.proxy("GET", "/posts").status, 200)

    def test_a_broken_file_at_start_is_told_line_by_line(self):
        gateway = self.start(HEAD + "services:\n- name: x\n- host: a\n  port: 99999\nwhat: 1\n")
        done = gateway.command("run")
        self.assertEqual(done.returncode, 1)
        for line in (f"error parsing declarative config file {self.file}:",
                     f"{self.file}:3:1: services[1].host: required field missing",
                     f"{self.file}:5:9: services[2].port: value should be between 0 and 65535",
                     f"{self.file}:6:7: what: unknown field"):
            self.assertIn(line, done.stderr)
        missing = self.gateway("other", database="off", declarative_config="/nowhere.yaml").command("run")
        self.assertEqual(missing.returncode, 1)
        self.assertIn("/nowhere.yaml", missing.stderr)

    def test_a_posted_configuration_survives_a_restart(self):
        origin = self.origin
        gateway = self.gateway(database="off").start()
        ready = lambda: request(gateway.status_port, "GET", "/status/ready")
        self.assertEqual(ready().status, 503)
        self.assertIn("empty configuration present", ready().json["message"])
        self.assertEqual(gateway.proxy("GET", "/posts").status, 404)
        done = gateway.admin("POST", "/config", {"config": config(origin.port, extra=SHOP)})
        self.assertEqual(done.status, 201, done.body)
        self.assertEqual(gateway.proxy("GET", "/posts").status, 200)
        self.assertEqual(ready().status, 200)
        text = gateway.admin("GET", "/config").json["config"]
        sum_ = gateway.admin("GET", "/status").json["configuration_hash"]
        gateway.stop()
        kept = pathlib.Path(gateway.prefix) / "declarative.yaml"
        self.assertEqual(kept.stat().st_mode & 0o777, 0o600)
        self.assertNotIn("bobs-key", kept.read_text())
        gateway.start()
        self.assertEqual(gateway.proxy("GET", "/posts").status, 200)
        self.assertEqual(gateway.admin("GET", "/config").json["config"], text)
        self.assertEqual(gateway.admin("GET", "/status").json["configuration_hash"], sum_)
        done = gateway.admin("POST", "/config?check_hash=1",
                             {"config": config(origin.port, extra=SHOP)})
        self.assertEqual(done.status, 304)

    def test_the_file_wins_over_what_was_posted(self):
        origin = self.origin
        gateway = self.start(config(origin.port)).start()
        gateway.admin("POST", "/config", {"config": config(origin.port, "/other")}, expect=201)
        self.assertEqual(gateway.proxy("GET", "/other").status, 200)
        gateway.stop()
        gateway.start()
        self.assertEqual(gateway.proxy("GET", "/posts").status, 200)

    def test_two_nodes_agree_on_ids(self):
        first = self.start(config(1, extra=SHOP)).start()
        second = self.start(config(1, extra=SHOP), "second").start()
        for path in ("services", "routes", "consumers", "plugins", "key-auths"):
            ids = [[e["id"] for e in g.admin("GET", "/" + path).json["data"]] for g in (first, second)]
            self.assertTrue(ids[0], path)
            self.assertEqual(*ids)


class Files(Case):
    def run_config(self, gateway, *arguments, code=0):
        done = gateway.command("config", *map(str, arguments))
        self.assertEqual(done.returncode, code, done.stdout + done.stderr)
        return done

    def test_exports_and_imports_are_byte_identical(self):
        folder = self.folder
        file = folder / "in.yaml"
        file.write_text(config(1, extra=SHOP))
        secret = {"credential_secret": "an-example-secret-that-is-long-enough-for-it"}
        source = self.gateway("source", **secret)
        self.run_config(source, "import", file)
        self.run_config(source, "export", folder / "first.yaml")
        text = (folder / "first.yaml").read_text()
        self.assertNotIn("bobs-key", text)
        self.assertEqual((folder / "first.yaml").stat().st_mode & 0o777, 0o600)
        targets = [("embedded", self.gateway("embedded", **secret))]
        database = self.postgres()
        targets.append(("postgres", self.gateway("shared", **database.settings(), **secret)))
        self.assertEqual(targets[1][1].command("migrations", "bootstrap").returncode, 0)
        for name, target in targets:
            self.run_config(target, "import", folder / "first.yaml")
            self.run_config(target, "export", folder / f"{name}.yaml")
            self.assertEqual((folder / f"{name}.yaml").read_text(), text, name)
            self.run_config(target, "diff", folder / "first.yaml")
        off = self.gateway("off", database="off", declarative_config=str(folder / "first.yaml"), **secret)
        self.run_config(off, "export", folder / "off.yaml")
        self.assertEqual((folder / "off.yaml").read_text(), text)

    def test_a_running_node_takes_up_an_import(self):
        origin = self.origin
        gateway = self.gateway(db_update_frequency="600").start()
        file = self.folder / "in.yaml"
        file.write_text(config(origin.port, extra=SHOP))
        self.assertIn("import successful", self.run_config(gateway, "import", file).stdout)
        wait_until(lambda: gateway.proxy("GET", "/posts").status == 200, "the import to be live")
        self.assertEqual(gateway.admin("POST", "/consumers", "username=after").status, 201)
        self.assertIn("0 created, 0 updated", self.run_config(gateway, "db_import", file).stdout)

    def test_all_or_nothing(self):
        gateway = self.gateway()
        file = self.folder / "in.yaml"
        file.write_text(HEAD + "consumers:\n" + "".join(f"- username: u{i}\n" for i in range(3000)) +
                        "- custom_id: [x]\n")
        done = self.run_config(gateway, "import", file, code=1)
        self.assertIn(f"{file}:3003:", done.stderr)
        export = self.run_config(gateway, "export", "-").stdout
        self.assertNotIn("consumers", export)

    def test_diff_tells_by_its_exit_code(self):
        gateway = self.gateway()
        file = self.folder / "in.yaml"
        file.write_text(config(1, extra=SHOP))
        done = self.run_config(gateway, "diff", file, code=1)
        self.assertIn("+ services posts", done.stdout)
        self.run_config(gateway, "import", file)
        self.run_config(gateway, "diff", file)
        file.write_text(config(1, extra=SHOP.replace("bobs-key", "his-new-key")))
        done = self.run_config(gateway, "diff", file, code=1)
        self.assertNotIn("key", done.stdout.replace("keyauth_credentials", ""))
        file.write_text(config(1, extra=SHOP.replace("bobs-word", "his-new-word")))
        done = self.run_config(gateway, "diff", file, code=1)
        self.assertIn('"password":"******"', done.stdout)
        self.assertNotIn("word", done.stdout.replace("password", ""))
        file.write_text("nonsense: [")
        self.run_config(gateway, "diff", file, code=2)

    def test_init_and_parse(self):
        gateway = self.gateway()
        file = self.folder / "kong.yml"
        self.run_config(gateway, "init", file)
        self.assertIn("Will not overwrite it.", self.run_config(gateway, "init", file, code=1).stderr)
        self.assertEqual(self.run_config(gateway, "parse", file).stdout, "parse successful\n")
        file.write_text(HEAD + "services:\n- name: x\n")
        done = self.run_config(gateway, "parse", file, code=1)
        self.assertIn("Failed parsing:", done.stderr)
        self.assertIn("3:1: services[1].host: required field missing", done.stderr)
        self.run_config(gateway, "export", file, code=1)
        off = self.gateway("off", database="off")
        self.assertIn("declarative_config", self.run_config(off, "import", file, code=1).stderr)

    def test_the_page_of_plugins_is_what_the_program_says(self):
        page = (ROOT / "docs/plugins.md").read_text()
        _, here, kong, enterprise, _ = re.split(r"^## .*\n|^\| --- \| --- \|\n", page, flags=re.M)
        gateway = self.gateway()
        file = self.folder / "plugins.yaml"
        for part, expected in ((here, None), (kong, "is one of Kong's that is not here yet"),
                               (enterprise, "is one of Kong Enterprise's, which is not here")):
            names = re.findall(r"`([a-z0-9-]+)`", part)
            self.assertGreater(len(names), 2)
            file.write_text(HEAD + "plugins:\n" + "".join(f"- name: {name}\n" * 2 for name in names))
            told = gateway.command("config", "parse", str(file)).stderr
            for name in names:
                if expected is None:
                    self.assertNotIn(f"'{name}' is one of Kong", told)
                else:
                    self.assertIn(f".name: plugin '{name}' {expected} (2 places)\n", told)

    def test_a_second_import_changes_nothing(self):
        gateway = self.gateway()
        file = self.folder / "shop.yaml"
        file.write_text(HEAD + "plugins:\n- name: key-auth\n  service: s\nservices:\n- name: s\n"
                        "  host: h\n  enabled: yes\nparameters:\n- key: x\nconsumers:\n- username: u\n"
                        "  basicauth_credentials:\n  - username: a\n    password: secret-of-a\n"
                        "  jwt_secrets:\n  - {}\n")
        first = gateway.command("config", "import", str(file))
        self.assertEqual(first.returncode, 0, first.stderr)
        self.assertIn("5 created", first.stdout)
        self.assertIn(f"[warn] {file}:10:1: parameters: is of Kong's own export", first.stderr)
        self.assertEqual(gateway.command("config", "diff", str(file)).returncode, 0)
        self.assertIn("0 created, 0 updated, 5 unchanged",
                      gateway.command("config", "import", str(file)).stdout)


if __name__ == "__main__":
    unittest.main()
