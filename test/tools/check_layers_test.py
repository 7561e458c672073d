"""Runs tools/check_layers (its path is the first argument) on small trees made for the purpose."""
import pathlib
import subprocess
import sys
import tempfile
import unittest

PROGRAM = sys.argv.pop(1)


def problems(files, readme=True):
    """The exit status and the complaints for a tree of {path: text}."""
    with tempfile.TemporaryDirectory() as folder:
        for path, text in files.items():
            file = pathlib.Path(folder, path)
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text)
            if readme:
                (file.parent / "README.md").write_text("what it is\n")
        done = subprocess.run([sys.executable, PROGRAM, folder], capture_output=True, text=True)
        return done.returncode, done.stderr


class CheckLayers(unittest.TestCase):
    def accepts(self, path, text):
        self.assertEqual(problems({path: text}), (0, ""))

    def refuses(self, path, text, word):
        status, said = problems({path: text})
        self.assertEqual(status, 1)
        self.assertIn(path, said)
        self.assertIn(word, said)

    def test_a_folder_may_use_the_layers_below_however_deep(self):
        self.accepts("source/proxy/a.cc", '#include "source/base/result.h"\n')

    def test_a_folder_may_not_use_a_layer_above(self):
        self.refuses("source/net/a.cc", '#include "source/proxy/manager.h"\n', "source/proxy")

    def test_crypto_lies_just_above_base(self):
        self.accepts("source/crypto/a.cc", '#include "source/base/result.h"\n')
        self.refuses("source/crypto/a.cc", '#include "source/net/address.h"\n', "source/net")
        self.accepts("source/store/sealed/a.cc", '#include "source/crypto/digest.h"\n')
        self.refuses("source/store/a.cc", '#include "source/tls/key_pair.h"\n', "source/tls")

    def test_siblings_without_an_edge_may_not_use_each_other(self):
        self.refuses("source/http1/a.h", '#  include "source/http2/codec.h"\n', "source/http2")

    def test_third_party_headers_stay_with_their_owner(self):
        self.accepts("source/event/a.cc", "#include <event2/event.h>\n")
        self.refuses("source/net/a.cc", "#include <event2/event.h>\n", "source/event")
        self.refuses("source/http/a.cc", "#include <openssl/ssl.h>\n", "source/tls")
        self.accepts("source/tls/a.cc", "#include <openssl/ssl.h>\n")
        self.refuses("source/tls/a.cc", "#include <openssl/evp.h>\n", "source/crypto")
        self.refuses("source/tls/a.cc", "#include <openssl/x509v3.h>\n", "source/crypto")
        self.accepts("source/crypto/a.cc", "#include <openssl/evp.h>\n")
        self.refuses("source/http1/a.cc", "#include <nghttp2/nghttp2.h>\n", "source/http2")
        self.refuses("source/store/sqlite/a.cc", "#include <libpq-fe.h>\n", "source/store/postgres")
        self.refuses("source/event2x/a.cc", "#include <event2/event.h>\n", "source/event")

    def test_protobuf_stays_off_the_data_path(self):
        self.accepts("source/config/a.cc", '#include "api/tollgate/gateway/v1/route.pb.h"\n')
        self.refuses("source/route/a.cc", '#include "api/tollgate/gateway/v1/route.pb.h"\n', "protobuf")

    def test_filters_see_interfaces_only(self):
        self.accepts("filters/http/a/a.cc", '#include "source/http/filter.h"\n')
        self.accepts("filters/http/a/a.cc", '#include "source/crypto/digest.h"\n')
        self.refuses("filters/http/a/a.cc", '#include "source/tls/key_pair.h"\n', "source/tls")
        self.refuses("filters/http/a/a.cc", '#include "source/upstream/pool.h"\n', "source/upstream")
        self.refuses("filters/http/a/a.cc", '#include "filters/http/b/b.h"\n', "another")

    def test_a_folder_of_sources_needs_a_readme(self):
        status, said = problems({"source/base/a.h": ""}, readme=False)
        self.assertEqual(status, 1)
        self.assertIn("README.md", said)


if __name__ == "__main__":
    unittest.main()
