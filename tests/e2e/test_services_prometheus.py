"""Prometheus with a scrape file that was written for services, not for this exporter (services_prometheus.yml)."""

import json
import unittest

import gofixture
from support import BINARY, NO_PINS, SOURCE, TestCase, required, run, wait_until

SCRAPE_FILE = SOURCE / "tests" / "e2e" / "services_prometheus.yml"
CALLS = {"gateway": 700, "logic": 40, "task": 3}

CONFIG = """\
services:
  gateway: {{ match: {{ exe: "{exe}", args: ["-role", "gateway"] }} }}
  logic:   {{ match: {{ exe: "{exe}", args: ["-role", "logic"] }} }}
  task:    {{ match: {{ exe: "{exe}", args: ["-role", "task"] }} }}
metrics:
  work_total: {{ type: counter, help: Calls., labels: [service] }}
probes:
  - name: work
    service: [gateway, logic, task]
    function: main.(*worker).work
    record: [work_total]
"""

# Prometheus and the exporter have a network of their own, in which the three names are one address.
NETWORK = """\
ip link set lo up
mount --bind "$1" /etc/hosts
echo ready
read -r line
"""


class ServicesPrometheus(TestCase):
    def setUp(self):
        super().setUp()
        self.exe = self.dir / "service"
        self.exe.write_bytes(gofixture.build("restarts").read_bytes())
        self.exe.chmod(0o755)
        self.config = self.write("probes.yaml", CONFIG.format(exe=self.exe))
        hosts = self.write("hosts", "127.0.0.1 localhost gateway logic task\n")
        network = gofixture.Driven(self, "unshare", "--net", "--mount", "/bin/sh", "-c", NETWORK, "sh", hosts)
        self.inside = ("nsenter", f"--target={network.pid}", "--net", "--mount", "--wd=/")

    def get(self, url):
        """Status and body, or None while nobody answers."""
        done = run(*self.inside, required("curl"), "--silent", "--globoff", "--write-out", "\n%{http_code}", url, check=False)
        body, _, status = done.stdout.rpartition("\n")
        return (int(status), body) if done.returncode == 0 else None

    def start_exporter(self, *listeners):
        exporter = self.start("exporter", [*self.inside, BINARY, "run", "--config", self.config, *NO_PINS, *(
            f"--web.service-listen-address={listener}" for listener in listeners)])
        wait_until(lambda: self.get("http://localhost:19435/-/ready") == (200, "ready\n"), "the exporter", [exporter])
        return exporter

    def make_calls(self, exporter):
        for role, calls in CALLS.items():
            service = gofixture.Driven(self, self.exe, "-role", role, "-serve")
            wait_until(lambda role=role: f"msg=attached service={role} " in exporter.output(), f"attaching to {role}", [exporter])
            service.ask(str(calls), f"done {calls}")

    def query(self, expression):
        answer = self.get(f"http://localhost:9191/api/v1/query?query={expression}")
        result = json.loads(answer[1])["data"]["result"] if answer and answer[0] == 200 else []
        return {(entry["metric"].get("job"), entry["metric"].get("service")): float(entry["value"][1]) for entry in result}

    def test_the_file_works_as_it_is(self):
        exporter = self.start_exporter(":9090")
        self.make_calls(exporter)
        prometheus = self.start("prometheus", [
            *self.inside, required("prometheus"), f"--config.file={SCRAPE_FILE}", f"--storage.tsdb.path={self.dir / 'data'}",
            "--web.listen-address=127.0.0.1:9191"])
        wanted = {(role, role): float(calls) for role, calls in CALLS.items()}
        wait_until(lambda: self.query("work_total") == wanted, "the three services' calls", [exporter, prometheus])
        self.assertEqual(self.query("up"), {(role, None): 1.0 for role in CALLS})

    def test_whose_page_it_is(self):
        self.make_calls(self.start_exporter("127.0.0.1:9090", "logic=127.0.0.1:9091"))

        def counts(url):
            status, body = self.get(url)
            return status, [line for line in body.splitlines() if line.startswith("work_total")]

        for role, calls in CALLS.items():
            self.assertEqual(counts(f"http://{role}:9090/metrics"), (200, [f'work_total{{service="{role}"}} {calls}']))
        self.assertEqual(counts("http://localhost:9091/metrics"), (200, ['work_total{service="logic"} 40']))
        self.assertEqual(counts("http://localhost:9090/metrics/task"), (200, ['work_total{service="task"} 3']))
        self.assertEqual(self.get("http://gateway:9090/-/healthy"), (200, "healthy\n"))
        status, body = self.get("http://localhost:9090/metrics")
        self.assertEqual(status, 404)
        self.assertIn("configured are: gateway, logic, task", body)
        # The main address has all of them, as always.
        self.assertEqual(len(counts("http://localhost:19435/metrics")[1]), 3)

    def test_an_unknown_service_is_refused(self):
        exporter = self.start("exporter", [*self.inside, BINARY, "run", "--config", self.config, *NO_PINS,
                                           "--web.service-listen-address=cart=:9090"])
        self.assertEqual(exporter.wait(), 1)
        self.assertIn("cart=:9090: the configuration has no service of that name", exporter.output())


if __name__ == "__main__":
    unittest.main()
