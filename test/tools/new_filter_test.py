"""The filter that tools/new-filter makes, which is the one that docs/writing-a-filter.md shows.

Arguments: the repository, the build folder.
"""
import json
import pathlib
import shlex
import subprocess
import sys
import tempfile
import unittest

BUILD = pathlib.Path(sys.argv.pop(2))
REPOSITORY = pathlib.Path(sys.argv.pop(1))
SIBLING = "filters/http/bot_detection/bot_detection.cc"


class NewFilter(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.root = pathlib.Path(folder.name)

    def make(self, name):
        return subprocess.run([REPOSITORY / "tools/new-filter", name, "--root", self.root],
                              capture_output=True, text=True, timeout=60)

    def test_it_compiles_as_it_is(self):
        made = self.make("loud_greeter")
        self.assertEqual(made.returncode, 0, made.stderr)
        folder = self.root / "filters/http/loud_greeter"
        self.assertEqual(sorted(each.name for each in folder.iterdir()),
                         ["CMakeLists.txt", "README.md", "loud_greeter.cc", "loud_greeter.proto"])
        self.assertIn('plugin: "loud-greeter"', (folder / "loud_greeter.proto").read_text())
        subprocess.run(["protoc", f"--cpp_out={self.root}", f"-I{self.root}", f"-I{REPOSITORY}", f"-I{REPOSITORY}/api",
                        folder / "loud_greeter.proto"], check=True, timeout=60)
        commands = json.loads((BUILD / "compile_commands.json").read_text())
        command = next(each for each in commands if each["file"].endswith(SIBLING))["command"]
        flags = shlex.split(command.replace("FILTER_FOLDER=bot_detection", "FILTER_FOLDER=loud_greeter"))
        flags = flags[:flags.index("-o")]
        compiled = subprocess.run([*flags, "-isystem", self.root, "-fsyntax-only", folder / "loud_greeter.cc"],
                                  cwd=BUILD, capture_output=True, text=True, timeout=300)
        self.assertEqual(compiled.returncode, 0, compiled.stderr)

    def test_what_is_there_stays_and_names_are_names(self):
        self.assertEqual(self.make("greeter").returncode, 0)
        again = self.make("greeter")
        self.assertNotEqual(again.returncode, 0)
        self.assertIn("is there already", again.stderr)
        for name in ("Greeter", "a-b", "../a", "_a", ""):
            self.assertNotEqual(self.make(name).returncode, 0, name)


if __name__ == "__main__":
    unittest.main()
