"""What the exporter says when something is wrong, and that nothing is attached then."""

import http.client
import json
import os
import pathlib
import re
import shutil
import signal
import socket
import tempfile
import time
import unittest

import exposition
import gofixture
from exporter import start_exporter
from support import BINARY, CONFIG, NO_PINS, SOURCE, TestCase, required, run, wait_until

INVALID = SOURCE / "tests" / "fixtures" / "configs" / "invalid"
NOBODY = ("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "--bounding-set=-all", "--inh-caps=-all")

SHOP = """\
services:
  alpha: {{ match: {{ exe: "{exe}", args: ["-role", "alpha"] }} }}
metrics:
  work_total: {{ type: counter, help: Calls., labels: [service] }}
  other_total: {{ type: counter, help: Calls., labels: [service, name] }}
probes:
  - name: work
    service: alpha
    function: main.(*worker).work
    record: [work_total]
"""

UNKNOWN_FUNCTION = """\
  - name: misspelt
    service: alpha
    function: main.(*worker).wrok
    labels: { name: { const: x } }
    record: [other_total]
"""

UNKNOWN_FIELD = """\
  - name: misspelt
    service: alpha
    function: main.(*worker).work
    labels: { name: recv.rloe }
    record: [other_total]
"""


def all_links():
    """Numbers of all BPF links of the kernel."""
    return {link["id"] for link in json.loads(run(required("bpftool"), "--json", "link", "list").stdout or "[]")}


def links_of(pid):
    """Numbers of the BPF links that a process holds."""
    found = set()
    for entry in pathlib.Path(f"/proc/{pid}/fdinfo").iterdir():
        try:
            match = re.search(r"^link_id:\s*(\d+)$", entry.read_text(), re.MULTILINE)
        except OSError:
            continue  # closed meanwhile
        if match:
            found.add(int(match[1]))
    return found


class CommandLine(TestCase):
    def exporter_run(self, *arguments):
        return run(BINARY, *arguments, check=False)

    def check_refused(self, config, expected):
        """`check` and `run` end with 2 and say exactly `expected`."""
        for command in (["check", config.name], ["run", "--config", config.name, "--web.listen-address", "127.0.0.1:0", *NO_PINS]):
            done = run(BINARY, *command, check=False, cwd=config.parent)
            said = done.stdout + done.stderr
            self.assertEqual(done.returncode, 2, f"{command}: {said}")
            self.assertEqual(said, expected, command)

    def test_every_invalid_config(self):
        configs = sorted(INVALID.glob("*.yaml"))
        self.assertGreater(len(configs), 80)
        for config in configs:
            with self.subTest(config.name):
                expected = config.with_suffix(".expected").read_text()
                self.assertRegex(expected, re.compile(rf"\A{config.name}:\d+:\d+: ", re.MULTILINE))
                self.check_refused(config, expected)

    def test_check_says_what_it_found(self):
        config = self.write("shop.yaml", SHOP.format(exe="*/shop").replace("  other_total: { type: counter, help: Calls., labels: [service, name] }\n", ""))
        done = self.exporter_run("check", config)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        self.assertEqual(done.stdout.splitlines()[0], f"{config}: 1 service, 1 metric, 1 probe")

    def test_garbled_config(self):
        text = CONFIG.read_bytes()
        for n, garbled in enumerate((b"", text[: len(text) // 2], text[:1000] + b"\xff\xfe\x00" + text[1000:], b"{" * 100000,
                                     b"- " * 50000, os.urandom(4096), b"services: {a: " * 3000)):
            config = self.dir / f"garbled{n}.yaml"
            config.write_bytes(garbled)
            done = self.exporter_run("check", config)
            self.assertEqual(done.returncode, 2, f"garbled{n}: {done.stdout}{done.stderr}")
            self.assertIn(f"garbled{n}.yaml:", done.stderr)

    def test_unreadable_config(self):
        for command in (["check"], ["run", "--config"], ["plan", "--binary", BINARY, "--config"]):
            for path in (self.dir / "missing.yaml", self.dir):
                done = self.exporter_run(*command, path)
                self.assertIn(done.returncode, (1, 2), f"{command}: {done}")
                self.assertIn(str(path), done.stderr)
                self.assertRegex(done.stderr, "No such file|[Dd]irectory")
        secret = self.write("secret.yaml", CONFIG.read_text())
        secret.chmod(0o600)
        with tempfile.TemporaryDirectory(prefix="uprobe_exporter-e2e-") as folder:
            os.chmod(folder, 0o755)
            done = run(*NOBODY, shutil.copy(BINARY, folder), "check", secret, check=False)
        self.assertNotEqual(done.returncode, 0)
        self.assertIn("Permission denied", done.stderr)

    def test_wrong_command_line(self):
        for arguments in ([], ["fly"], ["run", "--no-such-option"], ["check"], ["plan"], ["run", "--log.level", "loud"]):
            done = self.exporter_run(*arguments)
            self.assertEqual(done.returncode, 2, f"{arguments}: {done}")
            self.assertTrue(done.stderr, arguments)
        for arguments in (["--help"], ["run", "--help"], ["--version"]):
            done = self.exporter_run(*arguments)
            self.assertEqual(done.returncode, 0, f"{arguments}: {done}")
            self.assertTrue(done.stdout, arguments)

    def test_valid_config(self):
        done = self.exporter_run("check", CONFIG)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        self.assertIn("3 services", done.stdout)

    def test_listen_addresses(self):
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))
            taken.listen()
            port = taken.getsockname()[1]
            done = self.exporter_run("run", "--config", CONFIG, "--web.listen-address", f"127.0.0.1:{port}", *NO_PINS)
            self.assertEqual(done.returncode, 1, done)
            self.assertIn(f"127.0.0.1:{port}", done.stderr)
            self.assertIn("address already in use", done.stderr)
            self.assertNotIn("msg=attached", done.stderr)
        for address in ("nonsense", "127.0.0.1:99999", "127.0.0.1:-1", "no-such-host.invalid:80", "1.2.3.4:80"):
            done = self.exporter_run("run", "--config", CONFIG, "--web.listen-address", address, *NO_PINS)
            self.assertIn(done.returncode, (1, 2), f"{address}: {done}")
            self.assertIn(address.split(":")[0], done.stderr)


class WithoutRoot(TestCase):
    def setUp(self):
        super().setUp()
        # Copies: root's folders may be closed to others.
        folder = pathlib.Path(tempfile.mkdtemp(prefix="uprobe_exporter-e2e-"))
        self.addCleanup(shutil.rmtree, folder)
        folder.chmod(0o755)
        self.exe = shutil.copy(gofixture.build("restarts"), folder)
        self.exporter = shutil.copy(BINARY, folder)
        self.config = folder / "probes.yaml"
        self.config.write_text(SHOP.format(exe=self.exe) + UNKNOWN_FUNCTION)

    def as_nobody(self, *arguments):
        return run(*NOBODY, self.exporter, *arguments, check=False)

    def test_plan(self):
        done = self.as_nobody("plan", "--config", self.config, "--binary", self.exe)
        self.assertEqual((done.returncode, done.stderr), (1, ""), "a probe is skipped")
        self.assertRegex(done.stdout, r"(?m)^service alpha$")
        self.assertIn("main.(*worker).work", done.stdout)
        self.assertIn("misspelt", done.stdout)
        self.assertRegex(done.stdout, r"no function main\.\(\*worker\)\.wrok.*main\.\(\*worker\)\.work")

    def test_plan_without_a_skipped_probe(self):
        config = self.config.with_name("right.yaml")
        config.write_text(self.config.read_text().replace("wrok", "work"))
        done = self.as_nobody("plan", "--config", config, "--binary", self.exe)
        self.assertEqual((done.returncode, done.stderr), (0, ""), done.stdout)

    def test_plan_of_what_is_no_program(self):
        for path in (self.config, self.config.parent, "/no/such/file", "/dev/null"):
            done = self.as_nobody("plan", "--config", self.config, "--binary", path)
            self.assertEqual(done.returncode, 1, f"{path}: {done}")
            self.assertIn(str(path), done.stderr)

    def test_functions(self):
        done = self.as_nobody("functions", "--binary", self.exe)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        self.assertRegex(done.stdout, r"(?m)^main\.\(\*worker\)\.work")
        self.assertNotIn("runtime.", done.stdout)
        done = self.as_nobody("functions", "--binary", self.exe, "--json", "main.(*worker).*")
        names = [function["name"] for function in json.loads(done.stdout)]
        self.assertEqual(names, sorted(names))
        self.assertIn("main.(*worker).work", names)
        self.assertEqual({name.split(".")[0] for name in names}, {"main"})
        done = self.as_nobody("functions", "--binary", self.exe, "no such function")
        self.assertEqual((done.returncode, done.stdout), (1, ""))
        done = self.as_nobody("functions")
        self.assertEqual((done.returncode, done.stdout), (2, ""), "neither a file nor a process")

    def test_features_need_what_probes_need(self):
        done = self.as_nobody("features")
        self.assertEqual((done.returncode, done.stdout), (1, ""))
        self.assertIn("CAP_BPF", done.stderr)
        done = run(BINARY, "features")
        self.assertRegex(done.stdout, r"(?m)^uprobe_multi +(yes|no)")
        self.assertRegex(done.stdout, r"(?m)^register writes +(yes|no)")

    def test_run_names_what_is_missing(self):
        done = self.as_nobody("run", "--config", self.config, "--web.listen-address", "127.0.0.1:0", *NO_PINS)
        self.assertEqual(done.returncode, 1, done)
        for capability in ("CAP_BPF", "CAP_PERFMON", "CAP_SYS_PTRACE", "CAP_DAC_READ_SEARCH"):
            self.assertIn(capability, done.stderr)
        self.assertNotIn("msg=attached", done.stderr)


class Running(TestCase):
    def setUp(self):
        super().setUp()
        self.exe = gofixture.build("restarts")

    def serve(self):
        return gofixture.Driven(self, self.exe, "-role", "alpha", "-serve")

    def config(self, more="", name="probes.yaml"):
        text = SHOP.format(exe=self.exe) + more
        if not more:
            text = text.replace("  other_total: { type: counter, help: Calls., labels: [service, name] }\n", "")
        return self.write(name, text)

    def calls(self, samples):
        return exposition.by_label(samples, "work_total", "service")

    def test_skipped_probes(self):
        for name, more, suggestion in (("function", UNKNOWN_FUNCTION, "main.(*worker).work"), ("field", UNKNOWN_FIELD, "role")):
            with self.subTest(name):
                service = self.serve()
                config = self.config(more, f"{name}.yaml")
                exporter = start_exporter(self, config, name=f"exporter-{name}")
                service.ask("5", "done 5")
                samples = exporter.samples()
                self.assertEqual(self.calls(samples), {"alpha": 5})
                attached = exposition.by_label(samples, "uprobe_exporter_probe_attached", "probe")
                self.assertEqual(attached, {"work": 1, "misspelt": 0})
                warning = next(line for line in exporter.process.output().splitlines() if "probe skipped" in line)
                self.assertIn("misspelt", warning)
                self.assertIn(suggestion, warning)
                reasons = exposition.family(samples, "uprobe_exporter_probe_skipped")
                self.assertTrue(any(suggestion in dict(labels)["reason"] for labels in reasons), reasons)
                self.assertEqual(exporter.stop()[0], 0)

                done = run(BINARY, "run", "--config", config, "--web.listen-address", "127.0.0.1:0", *NO_PINS, "--strict", check=False)
                self.assertEqual(done.returncode, 1, done)
                self.assertIn("misspelt", done.stderr)
                self.assertIn("--strict", done.stderr)
                service.stop()

    def test_target_that_comes_later(self):
        exporter = start_exporter(self, self.config(), "--strict")
        exporter.wait_log("waiting")
        self.assertEqual(exporter.samples()[exposition.series("uprobe_exporter_service_processes", service="alpha")], 0)
        service = self.serve()
        exporter.wait_attached("alpha")
        service.ask("8", "done 8")
        self.assertEqual(self.calls(exporter.samples()), {"alpha": 8})
        service.stop()

    def test_routes(self):
        exporter = start_exporter(self, self.config())
        for path, status in (("/", 200), ("/metrics", 200), ("/metrics/alpha", 200), ("/-/healthy", 200), ("/-/ready", 200),
                             ("/metrics/beta", 404), ("/metrics/", 404), ("/nothing", 404), ("/metrics/../etc/passwd", 404)):
            with self.subTest(path):
                answer = exporter.request(path)
                self.assertEqual(answer.status, status)
                head = exporter.request(path, method="HEAD")
                self.assertEqual((head.status, head.body), (status, b""))
                self.assertEqual(head.headers["Content-Type"], answer.headers["Content-Type"])
                if path == "/-/healthy":
                    self.assertEqual(head.headers["Content-Length"], str(len(answer.body)))
                for method in ("POST", "PUT", "DELETE"):
                    refused = exporter.request(path, method=method)
                    self.assertEqual(refused.status, 405, f"{method} {path}")
                    self.assertEqual(refused.headers["Allow"], "GET, HEAD")
        self.assertIn("alpha", exporter.request("/metrics/beta").body.decode())
        self.assertRegex(exporter.request("/metrics").headers["Content-Type"], r"text/plain; version=0\.0\.4")
        openmetrics = exporter.request("/metrics", headers={"Accept": "application/openmetrics-text; version=1.0.0"})
        self.assertTrue(openmetrics.body.endswith(b"# EOF\n"))

    def test_hostile_requests(self):
        exporter = start_exporter(self, self.config())
        port = int(exporter.url.rsplit(":", 1)[1])
        for garbage in (b"\x00\x01\x02\r\n\r\n", b"GET " + b"a" * 200000 + b" HTTP/1.1\r\n\r\n", b"GET / HTTP/9.9\r\n\r\n",
                        b"GET /metrics HTTP/1.1\r\nHost: a\r\n" + b"X: y\r\n" * 20000 + b"\r\n"):
            with socket.create_connection(("127.0.0.1", port), timeout=60) as connection:
                try:
                    connection.sendall(garbage)
                    connection.shutdown(socket.SHUT_WR)
                    connection.recv(100)
                except OSError:
                    pass  # refused in the middle of it
        # One that says nothing holds nobody up.
        with socket.create_connection(("127.0.0.1", port)):
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
            connection.request("GET", "/-/ready")
            self.assertEqual(connection.getresponse().status, 200)
            connection.close()
        self.assertTrue(exporter.process.running())

    def test_two_exporters(self):
        service = self.serve()
        first = start_exporter(self, self.config(), name="first")
        service.ask("6", "done 6")
        second = start_exporter(self, self.config(), name="second")
        service.ask("7", "done 7")
        self.assertEqual(self.calls(first.samples()), {"alpha": 13})
        self.assertEqual(self.calls(second.samples()), {"alpha": 7})
        self.assertEqual(first.stop()[0], 0)
        service.ask("2", "done 2")
        self.assertEqual(self.calls(second.samples()), {"alpha": 9})
        service.stop()

    def test_stops_and_leaves_nothing(self):
        for sent in (signal.SIGTERM, signal.SIGINT, signal.SIGKILL):
            with self.subTest(sent.name):
                service = self.serve()
                exporter = start_exporter(self, self.config(), name=sent.name)
                service.ask("3", "done 3")
                self.assertEqual(self.calls(exporter.samples()), {"alpha": 3})
                mine = links_of(exporter.process.pid)
                self.assertLessEqual(mine, all_links())
                self.assertGreaterEqual(len(mine), 3, "links of the running exporter: two tracepoints, one probe")
                start = time.monotonic()
                exporter.process.process.send_signal(sent)
                code = exporter.process.wait()
                seconds = time.monotonic() - start
                self.assertEqual(code, -sent if sent == signal.SIGKILL else 0, exporter.process.tail())
                # Seconds on a quiet machine; five times that where others build at the same time.
                self.assertLess(seconds, 10)
                # The kernel takes links away a moment after their last descriptor.
                wait_until(lambda mine=mine: not mine & all_links(), "links that stay")
                # The service does not feel it.
                service.ask("3", "done 3")
                service.stop()

    def test_stops_while_it_attaches(self):
        """A signal during the first round is not lost."""
        service = self.serve()
        exporter = start_exporter(self, self.config(), ready=False)
        code, _ = exporter.stop()
        self.assertEqual(code, 0, exporter.process.tail())
        service.ask("1", "done 1")
        service.stop()


if __name__ == "__main__":
    unittest.main(verbosity=2)
