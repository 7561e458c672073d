"""Who may use the Admin API, and filters that a listener names: tokens, client certificates, refusals."""
import json
import pathlib
import re
import signal
import ssl
import subprocess
import unittest
import urllib.parse

from harness import BINARY, ROOT, Case, free_ports, request, wait_until


def bearer(token):
    return {"Authorization": f"Bearer {token}"}


class AccessCase(Case):
    def new_token(self, name, *scopes):
        """Returns the token and its line for the tokens file."""
        command = [BINARY, "token", "new", "--name", name]
        for scope in scopes:
            command += ["--scope", scope]
        done = subprocess.run(command, capture_output=True, text=True, timeout=30, check=True)
        token = re.search(r"^tgt_\S+$", done.stdout, re.M).group()
        line = re.search(r"^- \{.*\}$", done.stdout, re.M).group()
        self.assertNotIn(token, line)
        return token, line

    def tokens_file(self, *lines, certificates=()):
        path = self.folder / "tokens.yaml"
        text = "tokens:\n" + "".join(f"{line}\n" for line in lines)
        if certificates:
            text += "certificates:\n" + "".join(f"- {json.dumps(c)}\n" for c in certificates)
        path.write_text(text)
        path.chmod(0o600)
        return path

    def started(self, gateway, *arguments):
        """Starts a gateway whose Admin API may refuse us."""
        gateway.spawn(*arguments)

        def answers():
            self.assertIsNone(gateway.process.poll(), gateway.output())
            try:
                return request(gateway.admin_port, "GET", "/status").status in (200, 401)
            except OSError:
                return False

        wait_until(answers, lambda: "the gateway to answer:\n" + gateway.output())
        return gateway


class Tokens(AccessCase):
    def test_scopes_decide_and_every_refusal_says_why(self):
        reader, read_line = self.new_token("grafana", "read")
        writer, write_line = self.new_token("deploy", "write:services", "read:node")
        gateway = self.started(self.gateway(admin_tokens_file=str(self.tokens_file(read_line, write_line))))

        for headers in ({}, {"Authorization": "Basic eDp5"}):
            answer = gateway.admin("GET", "/services", headers=headers)
            self.assertEqual(answer.status, 401)
            self.assertTrue(answer.json["message"].startswith("Unauthorized"))
            self.assertEqual(answer.headers["Content-Type"], "application/json; charset=utf-8")
            self.assertTrue(answer.headers["WWW-Authenticate"].startswith("Bearer realm="))
        wrong = gateway.admin("GET", "/services", headers=bearer("tgt_wrong-one"))
        self.assertEqual(wrong.status, 401)
        self.assertIn('error="invalid_token"', wrong.headers["WWW-Authenticate"])

        self.assertEqual(gateway.admin("GET", "/services", headers=bearer(reader)).status, 200)
        self.assertEqual(gateway.admin("GET", "/status", headers={"Kong-Admin-Token": reader}).status, 200)
        refused = gateway.admin("POST", "/services", "name=a&url=http://127.0.0.1:1", bearer(reader))
        self.assertEqual(refused.status, 403)
        self.assertIn("grafana", refused.json["message"])
        self.assertIn("insufficient_scope", refused.headers["WWW-Authenticate"])

        made = gateway.admin("POST", "/services", "name=a&url=http://127.0.0.1:1", bearer(writer))
        self.assertEqual(made.status, 201)
        self.assertEqual(gateway.admin("GET", "/", headers=bearer(writer)).status, 200)
        revision = gateway.admin("GET", "/revisions/1", headers=bearer(reader)).json
        self.assertEqual((revision["actor"], revision["reason"], revision["address"]),
                         ("deploy", "POST /services", "127.0.0.1"))
        for method, path in (("POST", "/services/a/routes"), ("GET", "/consumers"), ("POST", "/config"), ("GET", "/revisions/1"), ("POST", "/revisions/1/revert"),
                             ("PATCH", "/services/../consumers"), ("DELETE", "/plugins/x")):
            answer = gateway.admin(method, path, "paths[]=/x" if method != "GET" else None, bearer(writer))
            self.assertEqual(answer.status, 403, (method, path))
        gateway.stop()
        log = gateway.output()
        self.assertIn("admin-auth: 'grafana' lacks write:services for POST from 127.0.0.1", log)
        for secret in (reader, writer, "tgt_wrong-one"):
            self.assertNotIn(secret, log)

    def test_the_admin_api_behind_the_gateway_takes_a_key_and_a_token(self):
        """As fly/README.md has it: any consumer's key passes the gateway, the token opens the API."""
        token, line = self.new_token("operator", "*")
        tokens = json.dumps({"tokens": [json.loads(line[2:])]})
        gateway = self.started(self.gateway(admin_tokens=tokens))

        def admin(path, body):
            answer = gateway.admin("POST", path, body, bearer(token))
            self.assertEqual(answer.status, 201, answer.body)

        admin("/services", f"name=admin-api&url=http://127.0.0.1:{gateway.admin_port}")
        admin("/services/admin-api/plugins", "name=key-auth&config.hide_credentials=true")
        admin("/consumers", "username=alice")
        admin("/consumers/alice/key-auth", "key=sekret")
        admin("/services/admin-api/routes", "paths[]=/admin-api")
        path, key = "/admin-api/services", {"apikey": "sekret"}
        self.assertEqual(gateway.proxy("GET", path).status, 401)
        self.assertEqual(gateway.proxy("GET", path, headers=bearer(token)).status, 401)
        refused = gateway.proxy("GET", path, headers=key)
        self.assertEqual((refused.status, refused.json), (401, {"message": "Unauthorized"}))
        self.assertEqual(gateway.proxy("GET", path, headers={**key, **bearer(token)}).status, 200)
        self.assertNotIn(json.loads(line[2:])["sha256"].encode(),
                         gateway.admin("GET", "/", headers=bearer(token)).body)

    def test_failures_are_logged_so_often_a_minute_and_no_more(self):
        gateway = self.started(self.gateway(admin_tokens_file=str(self.tokens_file())))
        for _ in range(40):
            self.assertEqual(gateway.admin("GET", "/services").status, 401)
        gateway.stop()
        lines = [line for line in gateway.output().splitlines() if "admin-auth: no token" in line]
        self.assertLessEqual(len(lines), 20)  # ten each, should a minute have begun meanwhile
        self.assertGreaterEqual(len(lines), 10)

    def test_a_reload_takes_new_tokens_up_and_keeps_the_old_ones_if_the_file_is_bad(self):
        first, first_line = self.new_token("first", "*")
        second, second_line = self.new_token("second", "*")
        path = self.tokens_file(first_line)
        gateway = self.started(self.gateway(admin_tokens_file=str(path)))

        def status(token):
            return gateway.admin("GET", "/services", headers=bearer(token)).status

        self.assertEqual((status(first), status(second)), (200, 401))
        self.tokens_file(second_line)
        gateway.send_signal(signal.SIGHUP)
        wait_until(lambda: status(second) == 200, "the new token")
        self.assertEqual(status(first), 401)
        path.write_text("tokens:\n- {name: x}\n")
        gateway.send_signal(signal.SIGHUP)
        wait_until(lambda: "what was read before stays in force" in gateway.output(), "the complaint")
        self.assertIn("tokens[0].scopes", gateway.output())
        self.assertEqual(status(second), 200)

    def test_a_file_that_others_may_read_is_refused(self):
        path = self.tokens_file()
        path.chmod(0o644)
        gateway = self.gateway(admin_tokens_file=str(path)).spawn()
        self.assertEqual(gateway.process.wait(30), 1)
        self.assertIn("chmod 600", gateway.output())

    def test_a_token_with_an_unknown_scope_is_not_made(self):
        done = subprocess.run([BINARY, "token", "new", "--name", "a", "--scope", "write:servces"],
                              capture_output=True, text=True, timeout=30, check=False)
        self.assertEqual(done.returncode, 1)
        self.assertIn("write:servces", done.stderr)
        self.assertEqual(done.stdout, "")


class PublicBind(AccessCase):
    def check(self, text):
        path = self.folder / "node.yaml"
        path.write_text(text)
        return subprocess.run([BINARY, "check", str(path)], capture_output=True, text=True, timeout=30,
                              check=False, cwd=self.folder)

    def node(self, bind, extra="", filters="{name: admin-api}"):
        return (f"listeners:\n- name: admin\n  bind: ['{bind}']\n  {extra}\n  filter_chains:\n"
                f"  - filters: [{{name: http, config: {{filters: [{filters}]}}}}]\n")

    def test_an_open_admin_api_does_not_start(self):
        (port,) = free_ports(1)
        for address in (f"0.0.0.0:{port}", f"[::]:{port}"):
            gateway = self.gateway(admin_listen=address).spawn()
            self.assertEqual(gateway.process.wait(30), 1, gateway.output())
            lines = [line for line in gateway.output().splitlines() if "Admin API" in line]
            self.assertEqual(len(lines), 1, gateway.output())
            for word in ("admin_listen", address, "KONG_ADMIN_LISTEN=127.0.0.1:8001",
                         "KONG_ADMIN_TOKENS_FILE=/", "KONG_ADMIN_TOKENS='tokens: [",
                         "KONG_ADMIN_ALLOW_UNAUTHENTICATED=on"):
                self.assertIn(word, gateway.output())

    def test_what_is_wanted_in_so_many_words_is_accepted(self):
        self.tokens_file()
        refused = self.check(self.node("10.1.2.3:8001"))
        self.assertEqual(refused.returncode, 1)
        self.assertIn("listeners[0].bind", refused.stderr)
        self.assertIn("allow_unauthenticated: true", refused.stderr)
        guard = "{name: admin-auth, config: {tokens_file: tokens.yaml}}, {name: admin-api}"
        for text in (self.node("10.1.2.3:8001", "allow_unauthenticated: true"),
                     self.node("10.1.2.3:8001", filters=guard),
                     self.node("127.8.8.8:8001"), self.node("[::1]:8001")):
            done = self.check(text)
            self.assertEqual(done.returncode, 0, done.stderr)
        gateway = self.gateway(admin_listen="0.0.0.0:8001", admin_allow_unauthenticated="on")
        printed = gateway.command("config", "default")
        self.assertIn("allow_unauthenticated: true", printed.stdout)
        gateway = self.gateway(admin_listen="0.0.0.0:8001", admin_tokens_file=str(self.folder / "tokens.yaml"))
        self.assertIn("admin-auth", gateway.command("config", "default").stdout)


class Certificates(AccessCase):
    def openssl(self, *arguments):
        subprocess.run(["openssl", *map(str, arguments)], cwd=self.folder, check=True, timeout=60,
                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def authority(self, name):
        self.openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                     "-keyout", f"{name}.key", "-out", f"{name}.pem", "-days", "2", "-subj", f"/CN={name}")

    def client(self, authority, name, subject, alternative):
        (self.folder / f"{name}.ext").write_text(f"subjectAltName={alternative}\n")
        self.openssl("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout",
                     f"{name}.key", "-out", f"{name}.csr", "-subj", subject)
        self.openssl("x509", "-req", "-in", f"{name}.csr", "-CA", f"{authority}.pem", "-CAkey",
                     f"{authority}.key", "-CAcreateserial", "-days", "2", "-extfile", f"{name}.ext",
                     "-out", f"{name}.pem")

    def ask(self, port, method, path, certificate=None, headers=None, body=None):
        import http.client
        context = ssl.create_default_context()
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        if certificate:
            context.load_cert_chain(self.folder / f"{certificate}.pem", self.folder / f"{certificate}.key")
        connection = http.client.HTTPSConnection("127.0.0.1", port, timeout=15, context=context)
        try:
            headers = dict(headers or {})
            if body:
                headers["Content-Type"] = "application/x-www-form-urlencoded"
            connection.request(method, path, body, headers)
            answer = connection.getresponse()
            return answer.status, answer.read()
        finally:
            connection.close()

    def test_a_certificate_is_a_name_with_scopes(self):
        self.authority("ours")
        self.authority("theirs")
        self.client("ours", "ops", "/O=Example/CN=ops", "DNS:ops.test")
        self.client("ours", "robot", "/CN=robot", "URI:spiffe://test/robot")
        self.client("ours", "nobody", "/CN=nobody", "DNS:nobody.test")
        self.client("theirs", "forged", "/CN=ops", "DNS:ops.test")
        token, line = self.new_token("token", "read")
        tokens = self.tokens_file(line, certificates=[
            {"name": "operator", "scopes": ["*"], "common_name": "ops"},
            {"name": "robot", "scopes": ["read:services"], "uri": "spiffe://test/robot"}])
        plain, tls = free_ports(2)
        gateway = self.gateway(admin_listen=f"127.0.0.1:{plain}, 127.0.0.1:{tls} ssl",
                               admin_tokens_file=str(tokens),
                               admin_ssl_client_ca=str(self.folder / "ours.pem"))
        gateway.admin_port = plain
        self.started(gateway)
        made = self.ask(tls, "POST", "/services", "ops", body="name=a&url=http://127.0.0.1:1")
        self.assertEqual(made[0], 201, made)
        for _ in range(2):  # a second connection does not resume the first one's session
            self.assertEqual(self.ask(tls, "GET", "/services", "robot")[0], 200)
        self.assertEqual(self.ask(tls, "GET", "/consumers", "robot")[0], 403)
        self.assertEqual(self.ask(tls, "GET", "/services", "nobody")[0], 401)
        self.assertEqual(self.ask(tls, "GET", "/services")[0], 401)
        self.assertEqual(self.ask(tls, "GET", "/services", headers=bearer(token))[0], 200)
        self.assertEqual(self.ask(tls, "GET", "/services", "ops", headers=bearer("tgt_no"))[0], 401)
        with self.assertRaises(OSError):
            self.ask(tls, "GET", "/services", "forged")
        self.assertIn("tokens file does not name", gateway.output())

    def test_certificates_need_a_file_that_says_what_they_may(self):
        self.authority("ours")
        gateway = self.gateway(admin_ssl_client_ca=str(self.folder / "ours.pem")).spawn()
        self.assertEqual(gateway.process.wait(30), 1)
        self.assertIn("admin_tokens_file", gateway.output())


class Identity(Case):
    def test_the_origin_is_told_who_asks_in_fields_that_nobody_can_forge(self):
        gateway = self.gateway().start()
        self.add_route(gateway)
        gateway.admin("POST", "/services/posts/plugins", {"name": "key-auth"}, expect=201)
        names = {"plain": "alice", "broken": "bob\r\nX-Admin: 1"}
        for key, username in names.items():
            consumer = gateway.admin("POST", "/consumers", {"username": username, "custom_id": key}, expect=201).json
            gateway.admin("POST", f"/consumers/{consumer['id']}/key-auth", {"key": key}, expect=201)
        forged = {"X-Consumer-Username": "root", "X-Consumer-ID": "1", "X-Anonymous-Consumer": "true",
                  "X-Credential-Identifier": "2", "X-Real-IP": "9.9.9.9", "X-Forwarded-Proto": "https"}
        for key in names:
            answer = gateway.proxy("GET", "/posts", headers={"apikey": key, **forged})
            self.assertEqual(answer.status, 200)
            seen = answer.json["headers"]
            self.assertEqual(seen.get("x-consumer-username"), "alice" if key == "plain" else None)
            self.assertEqual(seen["x-consumer-custom-id"], key)
            self.assertEqual(len(seen["x-consumer-id"]), 36)
            self.assertEqual(len(seen["x-credential-identifier"]), 36)
            self.assertEqual(seen["x-real-ip"], "127.0.0.1")
            self.assertEqual(seen["x-forwarded-proto"], "http")
            self.assertNotIn("x-admin", seen)
            self.assertNotIn("x-anonymous-consumer", seen)


class ListenerFilters(AccessCase):
    def start_node(self, filters):
        gateway = self.gateway()
        node = self.folder / "node.yaml"
        node.write_text(f"""
listeners:
- name: proxy
  bind: ['127.0.0.1:{gateway.proxy_port}']
  filter_chains:
  - filters:
    - name: http
      config:
        filters: {json.dumps(filters)}
- name: admin
  bind: ['127.0.0.1:{gateway.admin_port}']
  filter_chains:
  - filters: [{{name: http, config: {{filters: [{{name: admin-api}}]}}}}]
""")
        return gateway.start("--node", str(node))

    def test_they_run_for_every_request_of_the_listener(self):
        gateway = self.start_node([
            {"name": "request-termination", "config": {"trigger": "x-closed", "message": "closed"}},
            {"name": "rate-limiting", "config": {"minute": 5, "limit_by": "ip", "algorithm": "fixed-window"}},
            {"name": "plugins"}, {"name": "router"}])
        self.add_route(gateway)
        gateway.admin("POST", "/services/posts/plugins", "name=key-auth", expect=201)
        closed = gateway.proxy("GET", "/nowhere", headers={"x-closed": "1"})
        self.assertEqual((closed.status, closed.json), (503, {"message": "closed"}))
        statuses = [gateway.proxy("GET", path).status for path in ("/posts", "/nowhere") * 3]
        if statuses[-1] == 429:  # unless a minute has just begun
            self.assertEqual(statuses, [401, 404, 401, 404, 401, 429])
            limited = gateway.proxy("GET", "/posts")
            self.assertEqual(limited.status, 429)
            self.assertEqual(limited.headers["RateLimit-Limit"], "5")
        self.assertIn("X-RateLimit-Limit-Minute", gateway.proxy("GET", "/posts").headers)

    def test_without_plugins_none_run(self):
        gateway = self.start_node([{"name": "router"}])
        self.add_route(gateway)
        gateway.admin("POST", "/services/posts/plugins", "name=key-auth", expect=201)
        self.assertEqual(gateway.proxy("GET", "/posts").status, 200)

    def test_mistakes_name_their_place(self):
        def problem(filters):
            node = self.folder / "bad.yaml"
            node.write_text("listeners:\n- name: a\n  bind: ['127.0.0.1:0']\n  filter_chains:\n"
                            "  - filters: [{name: http, config: {filters: " + filters + "}}]\n")
            done = subprocess.run([BINARY, "check", str(node)], capture_output=True, text=True,
                                  timeout=30, check=False)
            self.assertEqual(done.returncode, 1, filters)
            return done.stderr

        where = "listeners[0].filter_chains[0].filters[0].config.filters"
        for filters, place, word in (
                ("[{name: nope}, {name: router}]", "[0].name", "unknown HTTP filter 'nope'"),
                ("[{name: router}, {name: plugins}]", "[0].name", "the last filter"),
                ("[{name: plugins}]", "[0].name", "the last filter"),
                ("[{name: plugins}, {name: plugins}, {name: router}]", "[1].name", "twice"),
                ("[{name: plugins}, {name: admin-api}]", "[0].name", "router"),
                ("[{name: admin-auth, config: {tokens_file: x}}, {name: router}]", "[0].name", "key-auth"),
                ("[{name: admin-auth}, {name: admin-api}]", "[0].config.tokens_file", "required"),
                ("[{name: admin-auth, config: {tokens_file: /nowhere}}, {name: admin-api}]",
                 "[0].config.tokens_file", "/nowhere"),
                ("[{name: key-auth, config: {key_name: x}}, {name: router}]", "[0].config.key_name",
                 "unknown field"),
                ("[{name: rate-limiting}, {name: router}]", "[0].config", "at least one of"),
                ("[{name: request-termination, config: {status_code: 9}}, {name: router}]",
                 "[0].config.status_code", "between 100 and 599"),
                ("[{name: router, config: {x: 1}}]", "[0].config", "takes no configuration")):
            said = problem(filters)
            self.assertIn(where + place, said)
            self.assertIn(word, said)


class Documentation(AccessCase):
    def test_every_node_in_a_readme_is_accepted(self):
        self.authority_files()
        count = 0
        for readme in sorted((ROOT / "filters").rglob("README.md")):
            for text in re.findall(r"```yaml\n(listeners:.*?)```", readme.read_text(), re.S):
                node = self.folder / "node.yaml"
                node.write_text(text)
                done = subprocess.run([BINARY, "check", "node.yaml"], cwd=self.folder, text=True,
                                      capture_output=True, timeout=30, check=False)
                self.assertEqual(done.returncode, 0, f"{readme}: {done.stderr}")
                count += 1
        self.assertGreaterEqual(count, 2)

    def authority_files(self):
        readme = (ROOT / "filters/http/admin_auth/README.md").read_text()
        tokens = re.search(r"```yaml\n(tokens:.*?)```", readme, re.S).group(1)
        (self.folder / "tokens.yaml").write_text(tokens)
        (self.folder / "tokens.yaml").chmod(0o600)
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256",
                        "-nodes", "-keyout", "ca.key", "-out", "clients.pem", "-subj", "/CN=ca"],
                       cwd=self.folder, check=True, timeout=60, capture_output=True)


if __name__ == "__main__":
    unittest.main()
