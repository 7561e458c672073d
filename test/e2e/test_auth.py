"""Plugins that tell who is asking, and those that decide by it."""
import base64
import email.utils
import hashlib
import hmac
import json
import subprocess
import threading
import time
import unittest

from harness import Case, wait_until


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


def base64url(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def run(*command, data=None):
    return subprocess.run(list(map(str, command)), input=data, capture_output=True, check=True, timeout=60).stdout


class Signer:
    """A key of openssl's, and what it signs as JOSE has it."""

    KEYS = {
        "RS": ("RSA", "-pkeyopt", "rsa_keygen_bits:2048"),
        "PS": ("RSA", "-pkeyopt", "rsa_keygen_bits:2048"),
        "ES": ("EC", "-pkeyopt"),
        "Ed": ("ed25519",),
    }
    CURVES = {"ES256": "P-256", "ES384": "P-384", "ES512": "P-521"}

    def __init__(self, folder, algorithm):
        self.algorithm = algorithm
        self.private, self.text = folder / f"{algorithm}.pem", folder / f"{algorithm}.txt"
        kind, *options = self.KEYS[algorithm[:2]]
        if kind == "EC":
            options.append(f"ec_paramgen_curve:{self.CURVES[algorithm]}")
        run("openssl", "genpkey", "-algorithm", kind, *options, "-out", self.private)
        self.public = run("openssl", "pkey", "-in", self.private, "-pubout").decode()

    def sign(self, text):
        self.text.write_bytes(text)
        if self.algorithm == "EdDSA":
            return run("openssl", "pkeyutl", "-sign", "-inkey", self.private, "-rawin", "-in", self.text)
        options = []
        if self.algorithm.startswith("PS"):
            options = ["-sigopt", "rsa_padding_mode:pss", "-sigopt", "rsa_pss_saltlen:digest"]
        made = run("openssl", "dgst", f"-sha{self.algorithm[2:]}", "-sign", self.private, *options, self.text)
        return self.raw(made) if self.algorithm.startswith("ES") else made

    def raw(self, der):
        """The two numbers of a SEQUENCE, each as long as the curve's."""
        size = {"ES256": 32, "ES384": 48, "ES512": 66}[self.algorithm]
        at = 2 if der[1] < 0x80 else 3
        out = b""
        for _ in range(2):
            length = der[at + 1]
            out += int.from_bytes(der[at + 2:at + 2 + length], "big").to_bytes(size, "big")
            at += 2 + length
        return out


class Secret:
    algorithm = "HS256"

    def __init__(self, secret=b"s3cret"):
        self.secret = secret

    def sign(self, text):
        return hmac.new(self.secret, text, hashlib.sha256).digest()


class Jwt(Auth):
    def setUp(self):
        super().setUp()
        self.credential = self.node.admin("POST", "/consumers/alice/jwt", {"key": "issuer", "secret": "s3cret"},
                                          expect=201).json["id"]
        self.plugin = self.add("jwt")

    def token(self, signer=Secret(), header=None, **claims):
        claims.setdefault("iss", "issuer")
        head = {"alg": signer.algorithm, "typ": "JWT", **(header or {})}
        text = ".".join(base64url(json.dumps(part).encode()) for part in (head, claims))
        return f"{text}.{base64url(signer.sign(text.encode()))}"

    def refused(self, message, token, **fields):
        answer = self.ask(401, authorization=f"Bearer {token}", **fields)
        self.assertEqual(answer.json, message if isinstance(message, dict) else {"message": message})
        self.assertEqual(answer.headers["WWW-Authenticate"], 'Bearer error="invalid_token"')

    def test_a_token_may_stand_in_many_places_and_once(self):
        self.change(self.plugin, cookie_names=["Session"], header_names=["authorization", "x-token"])
        token, other = self.token(), self.token(sub="other")
        told = self.ask(authorization=f"Bearer {token}", X_Consumer_Username="root")
        self.assertEqual(told["x-consumer-username"], "alice")
        self.assertEqual(told["x-credential-identifier"], "issuer")
        self.assertEqual(told["authorization"], f"Bearer {token}")
        self.ask(X_Token=f"bearer {token}")
        self.ask(path=f"/posts?jwt={token}")
        self.ask(cookie=f"a=b; session={token}")
        self.ask(path=f"/posts?jwt={token}&jwt={token}", cookie=f"session={token}")
        self.refused("Multiple tokens provided", token, X_Token=f"Bearer {other}")
        answer = self.ask(401, authorization=token)
        self.assertEqual(answer.json, {"message": "Unauthorized"})
        self.assertEqual(answer.headers["WWW-Authenticate"], "Bearer")
        self.assertEqual(answer.headers["Content-Type"], "application/json; charset=utf-8")

    def test_a_token_has_to_be_the_credentials(self):
        self.refused("Bad token; invalid JSON", "a.b.c")
        self.refused("Bad token; invalid alg", self.token(header={"alg": "none"}))
        self.refused("Invalid algorithm", self.token(header={"alg": "HS512"}))
        self.refused("Invalid signature", self.token(Secret(b"guess")))
        self.refused("Invalid signature", self.token()[:-4])
        self.refused("No mandatory 'iss' in claims", self.token(iss=None))
        self.refused("Invalid 'iss' in claims", self.token(iss=""))
        self.refused("No credentials found for given 'iss'", self.token(iss="x"))
        self.refused("No credentials found for given 'iss'", self.token(iss=7))
        self.change(self.plugin, key_claim_name="kid", realm="r")
        self.ask(authorization=f"Bearer {self.token(header={'kid': 'issuer'})}")
        answer = self.ask(401, authorization=f"Bearer {self.token()}")
        self.assertEqual(answer.headers["WWW-Authenticate"], 'Bearer realm="r", error="invalid_token"')
        self.node.admin("DELETE", f"/consumers/alice/jwt/{self.credential}", expect=204)
        self.ask(401, authorization=f"Bearer {self.token(header={'kid': 'issuer'})}")

    def test_times(self):
        now = int(time.time())
        self.change(self.plugin, claims_to_verify=["exp", "nbf"])
        self.ask(authorization=f"Bearer {self.token(exp=now + 600, nbf=now - 600)}")
        self.refused({"exp": "token expired", "nbf": "token not valid yet"}, self.token(exp=now - 1, nbf=now + 600))
        self.refused({"exp": "must be a number", "nbf": "must be a number"}, self.token(exp=str(now + 600)))
        self.change(self.plugin, claims_to_verify=["exp"], maximum_expiration=3600)
        self.ask(authorization=f"Bearer {self.token(exp=now + 600)}")
        self.refused({"exp": "exceeds maximum allowed expiration"}, self.token(exp=now + 7200))
        answer = self.node.admin("PATCH", f"/plugins/{self.plugin}", {"config": {"claims_to_verify": ["nbf"]}}, expect=400)
        self.assertEqual(answer.json["fields"]["config"]["claims_to_verify"], "expected to contain: exp")

    def test_signatures_of_openssl(self):
        for algorithm in ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"):
            signer = Signer(self.folder, algorithm)
            self.node.admin("POST", "/consumers/bob/jwt", {
                "key": algorithm, "algorithm": algorithm, "rsa_public_key": signer.public}, expect=201)
            token = self.token(signer, iss=algorithm)
            self.assertEqual(self.ask(authorization=f"Bearer {token}")["x-consumer-username"], "bob", algorithm)
            head, claims, signature = token.split(".")
            forged = base64url(json.dumps({"iss": algorithm, "admin": True}).encode())
            self.refused("Invalid signature", f"{head}.{forged}.{signature}")
            # The public key is no secret, and must not serve as one.
            self.refused("Invalid algorithm", self.token(Secret(signer.public.encode()), iss=algorithm))

    def test_secrets_in_base64(self):
        self.node.admin("POST", "/consumers/bob/jwt", {"key": "b", "secret": base64url(b"\x00binary\xff")}, expect=201)
        token = self.token(Secret(b"\x00binary\xff"), iss="b")
        self.refused("Invalid signature", token)
        self.change(self.plugin, secret_is_base64=True)
        self.ask(authorization=f"Bearer {token}")

    def test_preflight_and_anonymous(self):
        self.change(self.plugin, run_on_preflight=False)
        self.assertNotEqual(self.node.proxy("OPTIONS", "/posts").status, 401)
        self.change(self.plugin, anonymous="nobody")
        self.assertEqual(self.ask(authorization="Bearer x.y.z")["x-consumer-username"], "nobody")

    def test_a_token_in_the_query_is_not_logged(self):
        node = self.gateway("logging", workers=1, proxy_access_log="/dev/stdout").start()
        self.add_route(node)
        node.admin("POST", "/routes/posts/plugins", {"name": "jwt"}, expect=201)
        token = self.token()
        node.proxy("GET", f"/posts?a=1&jwt={token}")
        wait_until(lambda: "/posts?a=1&jwt=***" in node.output(), "the access log")
        self.assertNotIn(token, node.output())


class HmacAuth(Auth):
    def setUp(self):
        super().setUp()
        self.node.admin("POST", "/consumers/alice/hmac-auth", {"username": "al", "secret": "s3cret"}, expect=201)
        self.plugin = self.add("hmac-auth")

    def fields(self, names="date request-line", path="/posts", method="GET", offset=0, algorithm="sha256",
               secret="s3cret", user="al", date="Date", **others):
        now = email.utils.formatdate(time.time() + offset, usegmt=True)
        known = {date.lower(): now, "host": f"127.0.0.1:{self.node.proxy_port}", **{k.lower().replace("_", "-"): v for k, v in others.items()}}
        lines = {"request-line": f"{method} {path} HTTP/1.1", "@request-target": f"@request-target: {method.lower()} {path}"}
        text = "\n".join(f"{n}: {known[n]}" if n in known else lines.get(n, f"{n}:") for n in names.split(" "))
        made = base64.b64encode(hmac.new(secret.encode(), text.encode(), algorithm).digest()).decode()
        value = f'hmac username="{user}", algorithm="hmac-{algorithm}", headers="{names}", signature="{made}"'
        return {date: now, "Authorization": value, **others}

    def refused(self, message, fields, **request):
        answer = self.ask(401, **request, **fields)
        self.assertEqual(self.message(answer), message)
        self.assertEqual(answer.headers["WWW-Authenticate"], "hmac")

    def test_a_signed_request_passes(self):
        told = self.ask(**self.fields(), X_Consumer_Username="root")
        self.assertEqual(told["x-consumer-username"], "alice")
        self.assertEqual(told["x-credential-identifier"], "al")
        for algorithm in ("sha1", "sha384", "sha512"):
            self.ask(**self.fields(algorithm=algorithm))
        self.ask(path="/posts?a=%20b", **self.fields("date @request-target x-own absent", path="/posts?a=%20b", X_Own="1"))
        self.ask(**self.fields("x-date host", date="X-Date"))

    def test_what_was_not_signed_so_is_refused(self):
        no = "HMAC signature does not match"
        self.refused("Unauthorized", {})
        self.refused(no, self.fields(secret="guess"))
        self.refused(no, self.fields(), path="/posts?more")
        self.refused(no, {**self.fields(), "Date": email.utils.formatdate(time.time() - 20, usegmt=True)})
        self.refused("HMAC signature cannot be verified", self.fields(user="x"))
        self.refused("HMAC signature cannot be verified", self.fields(algorithm="md5"))
        self.refused("HMAC signature cannot be verified", {**self.fields(), "Authorization": "hmac x"})
        late = ("HMAC signature cannot be verified, a valid date or x-date header is required for "
                "HMAC Authentication")
        self.refused(late, self.fields(offset=-1000))
        self.refused(late, self.fields(offset=1000))
        self.change(self.plugin, clock_skew=2000, enforce_headers=["date", "@request-target"])
        self.refused("HMAC signature cannot be verified", self.fields(offset=-1000))
        self.ask(**self.fields("@request-target date", offset=-1000))

    def test_a_body_has_to_be_the_one_that_was_digested(self):
        self.change(self.plugin, validate_request_body=True)
        digest = lambda body: "SHA-256=" + base64.b64encode(hashlib.sha256(body.encode()).digest()).decode()
        post = {"method": "POST"}
        self.ask(**post, body="a=1", **self.fields("date digest", Digest=digest("a=1"), **{}))
        self.ask(**self.fields())
        no = "HMAC signature does not match"
        self.refused(no, self.fields("date digest", Digest=digest("a=1")), body="a=2", **post)
        self.refused(no, self.fields("date"), body="a=1", **post)
        big = "x" * 20_000
        self.refused(no, self.fields("date digest", Digest=digest(big)), body=big, **post)

    def test_hidden_and_anonymous(self):
        self.change(self.plugin, hide_credentials=True, anonymous="nobody")
        self.assertNotIn("authorization", self.ask(**self.fields()))
        self.assertEqual(self.ask(**self.fields(secret="guess"))["x-consumer-username"], "nobody")
        self.assertEqual(self.ask()["x-consumer-username"], "nobody")


if __name__ == "__main__":
    unittest.main()
