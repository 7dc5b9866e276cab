"""Which mirror and key scripts/debian_source.sh takes from a machine's sources, of all ways to write them."""

import pathlib
import subprocess
import tempfile
import unittest

SCRIPT = pathlib.Path(__file__).resolve().parents[2] / "scripts" / "debian_source.sh"
CODENAME = next(line.split("=")[1].strip() for line in open("/etc/os-release") if line.startswith("VERSION_CODENAME="))

SECURITY = f"""\
Types: deb
URIs: http://mirror.example/debian-security
Suites: {CODENAME}-security
Components: main
Signed-By: /keys/other.gpg
"""

STANZA = f"""\
# made by somebody
Types: deb deb-src
URIs: http://mirror.example/debian
Suites: {CODENAME} {CODENAME}-updates
Components: main
Signed-By: /keys/debian.gpg
"""


class DebianSource(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        (self.folder / "sources.list.d").mkdir()

    def ask(self):
        return subprocess.run([SCRIPT, "sid", self.folder], capture_output=True, text=True)

    def check(self, file, text, source):
        (self.folder / file).write_text(text)
        done = self.ask()
        self.assertEqual((done.returncode, done.stdout, done.stderr), (0, source + "\n", ""))

    def test_stanza(self):
        self.check("sources.list.d/debian.sources", SECURITY + "\n" + STANZA,
                   "deb [signed-by=/keys/debian.gpg] http://mirror.example/debian sid main")

    def test_line(self):
        self.check("sources.list", f"deb-src http://x.example {CODENAME} main\ndeb http://mirror.example/debian {CODENAME} main\n",
                   "deb http://mirror.example/debian sid main")

    def test_line_with_options(self):
        self.check("sources.list.d/a.list", f"deb [arch=amd64 signed-by=/keys/a.gpg] http://mirror.example/debian {CODENAME} main contrib\n",
                   "deb [signed-by=/keys/a.gpg] http://mirror.example/debian sid main")
        self.check("sources.list.d/a.list", f"deb [trusted=yes] http://mirror.example/debian {CODENAME} main\n",
                   "deb http://mirror.example/debian sid main")

    def test_other_suites_only(self):
        (self.folder / "sources.list.d" / "security.sources").write_text(SECURITY)
        done = self.ask()
        self.assertEqual((done.returncode, done.stdout), (1, ""))
        self.assertIn(f"no source of Debian {CODENAME}", done.stderr)


if __name__ == "__main__":
    unittest.main()
