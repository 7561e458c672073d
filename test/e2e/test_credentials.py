"""Keys, passwords and secrets at rest: what a dump shows, what a restart, another secret or mode does."""
import json
import os
import pathlib
import signal
import subprocess
import unittest

from harness import Case, Postgres, wait_until

KEYS = 300
PASSWORDS = 40
SECRET = "a secret for this test, long enough to be one"


def everything_below(folder):
    """The bytes of all files, the write-ahead log included."""
    return b"\0".join(p.read_bytes() for p in sorted(pathlib.Path(folder).rglob("*")) if p.is_file())


class Credentials(Case):
    def create(self, gateway):
        """A consumer with many credentials; returns the texts that must not be found anywhere."""
        gateway.admin("POST", "/consumers", {"username": "alice"}, expect=201)
        keys = [f"known-key-{i:04}-of-alice" for i in range(KEYS)]
        for key in keys[:-2]:
            answer = gateway.admin("POST", "/consumers/alice/key-auth", {"key": key}, expect=201)
            self.assertEqual(answer.json["key"], key)
        gateway.admin("PUT", f"/consumers/alice/key-auth/{keys[-2]}", {}, expect=200)
        gateway.admin("POST", f"/consumers/alice/key-auth?key={keys[-1]}", {"key": keys[-1]}, expect=201)
        made = gateway.admin("POST", "/consumers/alice/key-auth", {}, expect=201).json["key"]
        secrets = keys + [made]
        for i in range(PASSWORDS):
            password = f"known-password-{i:04}"
            answer = gateway.admin("POST", "/consumers/alice/basic-auth",
                                   {"username": f"user{i}", "password": password}, expect=201)
            self.assertTrue(answer.json["password"].startswith("$tollgate$scrypt$"), answer.json)
            secrets.append(password)
        for kind in ("jwt", "hmac-auth"):
            secret = f"known-{kind}-secret"
            body = {"secret": secret, **({"username": "h"} if kind == "hmac-auth" else {"key": "j"})}
            gateway.admin("POST", f"/consumers/alice/{kind}", body, expect=201)
            secrets.append(secret)
        for number, redis in enumerate(({"redis": {"host": "127.0.0.1", "password": "known-plugin-password"}},
                                        {"redis_host": "127.0.0.1", "redis_password": "known-older-password"})):
            made = gateway.admin("POST", "/plugins", {"name": "rate-limiting", "enabled": False, "config": {
                "hour": 1, **redis}, **({"consumer": {"username": "alice"}} if number else {})}, expect=201).json
            self.assertIn(made["config"]["redis"]["password"], str(redis))
            self.assertEqual(made["config"]["redis_password"], made["config"]["redis"]["password"])
            self.assertEqual(gateway.admin("GET", f"/plugins/{made['id']}").json["config"], made["config"])
            secrets.append(made["config"]["redis_password"])
        refused = gateway.admin("PATCH", f"/plugins/{made['id']}",
                                {"config": {"redis_password": "$tollgate$sha256$x"}}, expect=400).json
        self.assertIn("must not begin with", refused["fields"]["config"]["redis"]["password"])
        # Changed and deleted ones, which stand in the history only.
        gateway.admin("POST", "/consumers/alice/key-auth", {"key": "known-key-deleted"}, expect=201)
        gateway.admin("DELETE", "/consumers/alice/key-auth/known-key-deleted", expect=204)
        user = gateway.admin("GET", "/consumers/alice/basic-auth").json["data"][0]["id"]
        gateway.admin("PATCH", f"/basic-auths/{user}", {"password": "known-password-new"}, expect=200)
        return keys, secrets + ["known-key-deleted", "known-password-new"]

    def protect_route(self, gateway):
        self.add_route(gateway)
        gateway.admin("POST", "/services/posts/plugins", {"name": "key-auth"}, expect=201)

    def assert_keys_work(self, gateway, keys):
        for key in keys[::29] + keys[-2:]:
            self.assertEqual(gateway.proxy("GET", "/posts", headers={"apikey": key}).status, 200, key)
        self.assertEqual(gateway.proxy("GET", "/posts", headers={"apikey": "guess"}).status, 401)

    def assert_absent(self, dump, secrets):
        for secret in secrets:
            self.assertNotIn(secret.encode(), dump, secret)

    def life(self, gateway, dump):
        """`dump` gives all bytes of the database."""
        self.protect_route(gateway)
        keys, secrets = self.create(gateway)
        self.assert_keys_work(gateway, keys)
        listed = gateway.admin("GET", "/consumers/alice/key-auth?size=1000").body.decode()
        self.assertIn("$tollgate$", listed)
        self.assert_absent(listed.encode(), keys)
        by_key = gateway.admin("GET", f"/key-auths/{keys[0]}", expect=200).json
        duplicate = gateway.admin("POST", "/consumers/alice/key-auth", {"key": keys[0]}, expect=409).json
        self.assertEqual(duplicate["fields"], {"key": keys[0]})
        refused = gateway.admin("POST", "/consumers/alice/key-auth", {"key": by_key["key"]}, expect=400).json
        self.assertIn("must not begin with $tollgate$", refused["fields"]["key"])
        # Neither what stands in a dump nor a part of it opens anything.
        for stored in (by_key["key"], by_key["key"].rsplit("$", 1)[1]):
            self.assertEqual(gateway.proxy("GET", "/posts", headers={"apikey": stored}).status, 401)
        gateway.admin("PATCH", f"/key-auths/{by_key['id']}", {"tags": ["t"]}, expect=200)
        self.assertEqual(gateway.admin("GET", "/consumers/alice/jwt").json["data"][0]["secret"],
                         "known-jwt-secret")
        self.assertEqual(gateway.proxy("GET", f"/posts?a=1&apikey={keys[1]}").status, 200)
        self.assertEqual(gateway.proxy("GET", f"/posts?apikey={keys[1]}x").status, 401)
        gateway.stop()
        self.assert_absent(dump(), secrets)
        self.assert_absent(everything_below(gateway.prefix), secrets)
        self.assert_absent(gateway.output().encode(), secrets)
        gateway.start()
        self.assert_keys_work(gateway, keys)
        return keys

    def test_the_embedded_store_and_its_folder_hold_no_credential(self):
        gateway = self.gateway(proxy_access_log="/dev/stdout", credential_password_cost="10").start()
        keys = self.life(gateway, lambda: everything_below(gateway.prefix))
        secret = pathlib.Path(gateway.prefix, "credential.secret")
        self.assertEqual(secret.stat().st_mode & 0o777, 0o600)
        self.assertIn("/posts?a=1&apikey=*** HTTP/1.1", gateway.output())
        self.assert_lost_secret_is_told(gateway, secret, keys)

    def assert_lost_secret_is_told(self, gateway, secret, keys):
        gateway.stop()
        kept = secret.read_bytes()
        secret.unlink()
        gateway.start()
        self.assertFalse(secret.exists(), "a new one would hide the loss")
        told = gateway.admin("GET", "/status").json["credentials"]
        self.assertEqual(told["usable"], False)
        self.assertIn("credential.secret", told["message"])
        self.assertIn("credential.secret is missing", gateway.output())
        self.assertEqual(gateway.proxy("GET", "/posts", headers={"apikey": keys[0]}).status, 401)
        refused = gateway.admin("POST", "/consumers/alice/key-auth", {"key": "new"}, expect=503).json
        self.assertIn("tollgate credentials adopt", refused["message"])
        gateway.admin("POST", "/consumers", {"username": "bob"}, expect=201)
        gateway.stop()
        secret.write_bytes(kept)
        secret.chmod(0o600)
        gateway.start()
        self.assertNotIn("credentials", gateway.admin("GET", "/status").json)
        self.assert_keys_work(gateway, keys)
        gateway.stop()
        secret.unlink()
        self.assertEqual(gateway.command("credentials", "adopt").returncode, 0)
        gateway.start()
        gateway.admin("POST", "/consumers/alice/key-auth", {"key": "after the loss"}, expect=201)
        self.assertEqual(gateway.proxy("GET", "/posts", headers={"apikey": "after the loss"}).status, 200)

    def pg_dump(self, postgres):
        env = {**os.environ, "PGPASSWORD": Postgres.PASSWORD}
        return subprocess.run([postgres.bin / "pg_dump", "-h", "127.0.0.1", "-p", str(postgres.port), "-U",
                               "kong", "postgres"], env=env, capture_output=True, check=True).stdout

    def test_postgres_and_the_last_good_copy_hold_no_credential(self):
        postgres = self.postgres()
        settings = {**postgres.settings(), "credential_password_cost": "10"}
        gateway = self.gateway(proxy_access_log="/dev/stdout", credential_secret=SECRET, **settings)
        self.assertEqual(gateway.command("migrations", "bootstrap").returncode, 0)
        gateway.start()
        keys = self.life(gateway, lambda: self.pg_dump(postgres))
        self.assertNotIn(SECRET.encode(), everything_below(gateway.prefix))
        self.assertNotIn(SECRET, json.dumps(gateway.admin("GET", "/").json))
        other = self.gateway("other", credential_secret=SECRET[::-1], **settings).start()
        self.assertIn("this node has", other.admin("GET", "/status").json["credentials"]["message"])
        other.stop()
        other.start()  # from its own copy
        self.assertIn("it writes no credentials", other.admin("GET", "/status").json["credentials"]["message"])
        self.assertEqual(other.proxy("GET", "/posts", headers={"apikey": keys[0]}).status, 401)
        self.assertEqual(other.admin("POST", "/consumers/alice/key-auth", {"key": "x"}).status, 503)
        # Without its database the node starts from its copy, and the keys work.
        gateway.stop(signal.SIGKILL)
        postgres.stop()
        gateway.start()
        self.assert_keys_work(gateway, keys)

    def test_postgres_without_a_secret_warns_and_a_secret_can_be_added(self):
        postgres = self.postgres()
        settings = {**postgres.settings(), "credential_password_cost": "10"}
        gateway = self.gateway(**settings)
        self.assertEqual(gateway.command("migrations", "bootstrap").returncode, 0)
        gateway.start()
        self.assertIn("no credential_secret is set", gateway.output())
        self.protect_route(gateway)
        gateway.admin("POST", "/consumers", {"username": "alice"}, expect=201)
        kept = {}
        for key in ("first-known-key", "second-known-key"):
            made = gateway.admin("POST", "/consumers/alice/key-auth", {"key": key}, expect=201).json
            kept[key] = gateway.admin("GET", f"/key-auths/{made['id']}").json["key"]
        self.assertTrue(kept["first-known-key"].startswith("$tollgate$sha256$"))
        gateway.stop()
        file = self.folder / "secret"
        file.write_text(SECRET + "\n")
        gateway.settings["CREDENTIAL_SECRET_FILE"] = str(file)
        gateway.start()
        for key in kept:
            self.assertEqual(gateway.proxy("GET", "/posts", headers={"apikey": key}).status, 200)
        gateway.admin("POST", "/consumers/alice/key-auth", {"key": "first-known-key"}, expect=409)
        done = gateway.command("credentials", "convert")
        self.assertEqual((done.returncode, done.stdout.split(",")[0]), (0, "2 of 2 credentials converted"),
                         done.stderr)
        self.assertNotIn(b"$tollgate$sha256$", self.pg_dump(postgres))
        status = gateway.command("credentials", "status").stdout
        self.assertIn("hmac-sha256 under secret", status)
        wait_until(lambda: gateway.proxy("GET", "/posts", headers={"apikey": "first-known-key"}).status == 200,
                   "the key to work in its new form")

    def test_plain_storage_is_kongs_way_and_can_be_left(self):
        gateway = self.gateway(credential_storage="plain", credential_password_cost="10").start()
        self.protect_route(gateway)
        gateway.admin("POST", "/consumers",
                      {"username": "u", "id": "00000000-0000-4000-8000-000000000100"}, expect=201)
        key = gateway.admin("POST", "/consumers/u/key-auth", {"key": "a-plain-key"}, expect=201).json
        self.assertEqual(gateway.admin("GET", f"/key-auths/{key['id']}").json["key"], "a-plain-key")
        basic = gateway.admin("POST", "/consumers/u/basic-auth", {"username": "bu", "password": "pw"},
                              expect=201).json
        self.assertEqual(basic["password"], "f5bebdbfe7cb52d5039b5b6205b89622c0cfe499")
        tagged = gateway.admin("PATCH", f"/basic-auths/{basic['id']}", {"tags": ["t"]}, expect=200).json
        self.assertEqual(tagged["password"], basic["password"])
        gateway.stop()
        self.assertIn(b"a-plain-key", everything_below(gateway.prefix))
        gateway.settings["CREDENTIAL_STORAGE"] = "protected"
        gateway.start()
        self.assertEqual(gateway.proxy("GET", "/posts", headers={"apikey": "a-plain-key"}).status, 200)
        gateway.admin("POST", "/consumers/u/key-auth", {"key": "a-plain-key"}, expect=409)
        refused = gateway.command("credentials", "convert")
        self.assertIn("stop it first", refused.stderr)
        gateway.stop()
        done = gateway.command("credentials", "convert")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assert_absent(everything_below(gateway.prefix), ["a-plain-key", basic["password"]])
        gateway.start()
        self.assertEqual(gateway.proxy("GET", "/posts", headers={"apikey": "a-plain-key"}).status, 200)

    def test_bad_secrets_are_refused_by_name(self):
        for settings, text in (
                ({"credential_secret": "short"}, "credential_secret: is no secret of 32 to 4096 characters"),
                ({"credential_secret_file": "/nonexistent"}, "credential_secret_file /nonexistent"),
                ({"credential_secret": SECRET, "credential_secret_file": "/x"}, "are both set; keep one"),
                ({"credential_storage": "clear"}, "credential_storage has an invalid value: 'clear'"),
                ({"credential_password_cost": "30"}, "credential_password_cost has an invalid value: '30'")):
            with self.subTest(text):
                done = self.gateway(**settings).command("run")
                self.assertEqual(done.returncode, 1)
                self.assertIn(text, done.stderr)
                self.assertNotIn("short'", done.stderr)

    def test_without_a_database_keys_are_digests_in_memory(self):
        gateway = self.gateway(database="off").start()
        self.assertNotIn("credentials", gateway.admin("GET", "/status").json)


if __name__ == "__main__":
    unittest.main()
