"""Certificates of the store: shown by server name, and used towards upstreams, without a restart."""
import http.client
import socket
import ssl
import subprocess
import threading
import unittest

from harness import Case


class Authority:
    """A certificate authority of the test, with what openssl makes of it."""

    def __init__(self, folder):
        self.folder = folder
        folder.mkdir()
        self.run("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
                 "-days", "30", "-subj", "/CN=Test CA", "-addext", "basicConstraints=critical,CA:TRUE",
                 "-keyout", "ca.key", "-out", "ca.crt")
        self.pem = (folder / "ca.crt").read_text()

    def run(self, *arguments):
        subprocess.run(["openssl", *arguments], cwd=self.folder, check=True, capture_output=True)

    def issue(self, name, kind="ec", host="localhost"):
        """A pair whose common name is `name`, valid for `host`: (certificate, key) in PEM."""
        key = ["ec", "-pkeyopt", "ec_paramgen_curve:prime256v1"] if kind == "ec" else ["rsa:2048"]
        self.run("req", "-newkey", *key, "-nodes", "-subj", f"/CN={name}", "-keyout", f"{name}.key",
                 "-out", f"{name}.csr")
        (self.folder / "san").write_text(f"subjectAltName=DNS:{host},IP:127.0.0.1")
        self.run("x509", "-req", "-in", f"{name}.csr", "-CA", "ca.crt", "-CAkey", "ca.key",
                 "-CAcreateserial", "-days", "30", "-extfile", "san", "-out", f"{name}.crt")
        return tuple((self.folder / f"{name}.{end}").read_text() for end in ("crt", "key"))


def shown(port, server_name, *options):
    """The common name of the certificate that a client of that server name is shown."""
    name = ["-servername", server_name] if server_name else ["-noservername"]
    done = subprocess.run(
        ["openssl", "s_client", "-connect", f"127.0.0.1:{port}", *name, *options],
        input="", capture_output=True, text=True, timeout=15, check=False)
    for line in done.stdout.splitlines():
        if line.startswith("subject="):
            return line.rsplit("CN = ")[-1].rsplit("CN=")[-1]
    raise AssertionError(done.stdout + done.stderr)


class ByServerName(Case):
    def setUp(self):
        super().setUp()
        self.authority = Authority(self.folder / "authority")
        self.node = self.gateway().start()

    def add(self, name, snis, **more):
        cert, key = self.authority.issue(name)
        return self.node.admin("POST", "/certificates", {"cert": cert, "key": key, "snis": snis, **more},
                               expect=201).json["id"]

    def shown(self, server_name, *options):
        return shown(self.node.tls_port, server_name, *options)

    def test_the_documented_order(self):
        self.add("exact", ["www.example.com"])
        self.add("left", ["*.example.com"])
        self.add("right", ["www.example.*"])
        for server_name, expected in [
            ("www.example.com", "exact"), ("WWW.Example.COM", "exact"), ("api.example.com", "left"),
            ("www.example.org", "right"), ("a.b.example.com", "localhost"), ("example.com", "localhost"),
            ("other.org", "localhost"), ("", "localhost"),
        ]:
            self.assertEqual(self.shown(server_name), expected, server_name)
        self.add("any", ["*"])
        self.assertEqual(self.shown("other.org"), "any")
        self.assertEqual(self.shown("api.example.com"), "left")
        self.assertEqual(self.shown(""), "localhost")

    def test_a_write_counts_for_the_next_connection(self):
        first = self.add("first", ["a.test"])
        second = self.add("second", [])
        for turn in range(20):
            owner, name = ((second, "second"), (first, "first"))[turn % 2]
            self.node.admin("PATCH", "/snis/a.test", {"certificate": {"id": owner}}, expect=200)
            self.assertEqual(self.shown("a.test"), name)
        cert, key = self.authority.issue("renewed")
        self.node.admin("PATCH", f"/certificates/{first}", {"cert": cert, "key": key}, expect=200)
        self.assertEqual(self.shown("a.test"), "renewed")
        self.node.admin("DELETE", f"/certificates/{first}", expect=204)
        self.assertEqual(self.shown("a.test"), "localhost")
        self.node.admin("GET", "/snis/a.test", expect=404)

    def test_ecdsa_for_those_who_can_rsa_for_the_others(self):
        other_cert, other_key = self.authority.issue("rsa", "rsa")
        self.add("ecdsa", ["both.test"], cert_alt=other_cert, key_alt=other_key)
        self.assertEqual(self.shown("both.test"), "ecdsa")
        self.assertEqual(self.shown("both.test", "-tls1_2", "-cipher", "ECDHE-RSA-AES128-GCM-SHA256"), "rsa")
        self.assertEqual(self.shown("both.test", "-tls1_2", "-cipher", "ECDHE-ECDSA-AES128-GCM-SHA256"),
                         "ecdsa")

    def test_established_connections_do_not_notice(self):
        certificate = self.add("old", ["a.test"])
        self.add_route(self.node)
        context = ssl.create_default_context(cadata=self.authority.pem)
        context.check_hostname = False
        raw = socket.create_connection(("127.0.0.1", self.node.tls_port), timeout=15)
        with context.wrap_socket(raw, server_hostname="a.test") as client:
            def ask():
                client.sendall(b"GET /posts HTTP/1.1\r\nHost: a.test\r\n\r\n")
                answer = http.client.HTTPResponse(client)
                answer.begin()
                answer.read()
                return answer.status
            self.assertEqual(ask(), 200)
            self.node.admin("DELETE", f"/certificates/{certificate}", expect=204)
            self.assertEqual(self.shown("a.test"), "localhost")
            self.assertEqual(ask(), 200)

    def test_they_are_there_after_a_restart(self):
        self.add("kept", ["a.test"])
        self.assertEqual(self.node.stop(), 0)
        self.node.start()
        self.assertEqual(self.shown("a.test"), "kept")

    def test_what_is_refused(self):
        cert, key = self.authority.issue("one")
        _, other = self.authority.issue("two")
        answer = self.node.admin("POST", "/certificates", {"cert": cert, "key": other}, expect=400)
        self.assertEqual(answer.json["message"], "schema violation (certificate does not match key)")
        answer = self.node.admin("POST", "/certificates", {"cert": cert, "key": "x"}, expect=400)
        self.assertIn("invalid key: ", answer.json["fields"]["key"])
        answer = self.node.admin("POST", "/ca_certificates", {"cert": cert}, expect=400)
        self.assertIn("missing the \"CA\" basic constraint", answer.json["message"])


class TlsOrigin:
    """An HTTPS server that asks for a client certificate and answers with its common name."""

    def __init__(self, folder, authority, pair):
        (folder / "origin.pem").write_text("".join(pair))
        (folder / "origin-ca.pem").write_text(authority.pem)
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.load_cert_chain(folder / "origin.pem")
        self.context.load_verify_locations(folder / "origin-ca.pem")
        self.context.verify_mode = ssl.CERT_OPTIONAL
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            try:
                raw, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self.serve, args=(raw,), daemon=True).start()

    def serve(self, raw):
        try:
            with self.context.wrap_socket(raw, server_side=True) as client:
                subject = dict(part[0] for part in (client.getpeercert() or {}).get("subject", ()))
                name = subject.get("commonName", "nobody").encode()
                while client.recv(65536):
                    client.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(name), name))
        except OSError:
            pass

    def close(self):
        self.listener.close()


class ToUpstreams(Case):
    def setUp(self):
        super().setUp()
        self.authority = Authority(self.folder / "authority")
        self.tls_origin = TlsOrigin(self.folder, self.authority, self.authority.issue("origin"))
        self.addCleanup(self.tls_origin.close)
        self.node = self.gateway().start()
        self.node.admin("POST", "/services", f"name=s&retries=0&url=https://127.0.0.1:{self.tls_origin.port}/",
                        expect=201)
        self.node.admin("POST", "/services/s/routes", "paths[]=/", expect=201)

    def asked(self):
        answer = self.node.proxy("GET", "/")
        return answer.body.decode() if answer.status == 200 else answer.status

    def add_certificate(self, name):
        cert, key = self.authority.issue(name)
        return self.node.admin("POST", "/certificates", {"cert": cert, "key": key}, expect=201).json["id"]

    def test_the_client_certificate_of_a_service(self):
        self.assertEqual(self.asked(), "nobody")
        certificate = self.add_certificate("client-one")
        self.node.admin("PATCH", "/services/s", {"client_certificate": {"id": certificate}}, expect=200)
        self.assertEqual(self.asked(), "client-one")
        # Kept-alive connections that were made with the old one are not used for the new one.
        cert, key = self.authority.issue("client-two")
        self.node.admin("PATCH", f"/certificates/{certificate}", {"cert": cert, "key": key}, expect=200)
        self.assertEqual(self.asked(), "client-two")
        refused = self.node.admin("DELETE", f"/certificates/{certificate}", expect=400)
        self.assertEqual(refused.json["fields"], {"@referenced_by": "services"})
        self.node.admin("PATCH", "/services/s", {"client_certificate": None}, expect=200)
        self.assertEqual(self.asked(), "nobody")

    def test_verification_by_the_authorities_of_a_service(self):
        other = Authority(self.folder / "other")
        ids = [self.node.admin("POST", "/ca_certificates", {"cert": a.pem}, expect=201).json["id"]
               for a in (self.authority, other)]
        self.node.admin("PATCH", "/services/s", {"tls_verify": True, "ca_certificates": ids[1:]}, expect=200)
        self.assertEqual(self.asked(), 502)
        self.node.admin("PATCH", "/services/s", {"ca_certificates": ids}, expect=200)
        self.assertEqual(self.asked(), "nobody")
        refused = self.node.admin("DELETE", f"/ca_certificates/{ids[0]}", expect=400)
        self.assertEqual(refused.json["code"], 19)
        # What an id stands for may change, too.
        self.node.admin("PUT", f"/ca_certificates/{ids[0]}", {"cert": Authority(self.folder / "third").pem},
                        expect=200)
        self.assertEqual(self.asked(), 502)


if __name__ == "__main__":
    unittest.main()
