"""What tools/golden_needs.py (its folder is the first argument) tells of recorded cases."""
import json
import pathlib
import sys
import tempfile
import unittest

sys.path.insert(0, sys.argv.pop(1))
from golden_needs import excused, needs  # noqa: E402


def case(number, section, **fields):
    return {"id": f"x-{number}", "section": section, "target": "admin", "method": "GET", "path": "/", "status": 200,
            **fields}


def adds(number, section, name, status=201, form=False):
    body = f"config.a=1&name={name}" if form else json.dumps({"name": name})
    return case(number, section, method="POST", path="/routes/r/plugins", body=body, status=status)


class GoldenNeeds(unittest.TestCase):
    def ids(self, *cases, plugins=("key-auth",)):
        return dict(needs(cases, plugins))

    def test_a_section_waits_from_the_case_that_adds_a_plugin_which_is_not_here(self):
        self.assertEqual(
            self.ids(case(1, "a"), adds(2, "a", "cors"), case(3, "a"), case(4, "b"), adds(5, "b", "key-auth")),
            {"x-2": "plugin cors", "x-3": "plugin cors"})

    def test_what_the_set_up_adds_holds_for_the_whole_file(self):
        self.assertEqual(self.ids(adds(1, "setup", "acl"), case(2, "a"), adds(3, "a", "cors"), case(4, "b")),
                         {"x-1": "plugin acl", "x-2": "plugin acl", "x-3": "plugin acl, plugin cors",
                          "x-4": "plugin acl"})

    def test_a_plugin_that_comes_leaves_the_list(self):
        self.assertEqual(self.ids(adds(1, "a", "cors"), case(2, "a"), plugins=("cors",)), {})

    def test_a_form_names_a_plugin_and_a_refused_one_counts_for_its_own_case_only(self):
        self.assertEqual(self.ids(adds(1, "a", "cors", form=True)), {"x-1": "plugin cors"})
        self.assertEqual(self.ids(adds(1, "a", "cors", status=400), case(2, "a")), {"x-1": "plugin cors"})

    def test_protocols_without_code_are_told_from_the_case(self):
        self.assertEqual(
            self.ids(case(1, "a", steps=[{"send": "GET / HTTP/1.1\r\nUpgrade: websocket\r\n\r\n"}]),
                     case(2, "a", grpc={}), case(3, "a", target="stream-tls"), case(4, "a", path="/metrics?x=1")),
            {"x-1": "WebSocket", "x-2": "gRPC", "x-3": "stream routes", "x-4": "metrics"})

    def test_the_first_line_of_a_file_is_no_case(self):
        with tempfile.TemporaryDirectory() as folder:
            file = pathlib.Path(folder, "x.jsonl")
            file.write_text("".join(json.dumps(line) + "\n" for line in ({"file": "x"}, adds(1, "a", "cors"))))
            self.assertEqual(excused([file], ()), {"x-1": "plugin cors"})


if __name__ == "__main__":
    unittest.main()
