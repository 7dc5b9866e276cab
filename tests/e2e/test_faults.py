"""What goes wrong around the exporter: it goes on, says what is missing, and what it counts is exact."""

import concurrent.futures
import contextlib
import os
import pathlib
import re
import shutil
import signal
import subprocess
import time
import unittest
import urllib.error
import urllib.request

import gofixture
from exporter import Exporter, start_exporter
from exposition import by_label, family, parse, series
from support import BINARY, NO_PINS, SOURCE, TestCase, run, wait_until

CONFIG = """\
services:
  alpha: {{ match: {{ exe: "{exe}", args: ["-role", "alpha"] }} }}
  beta: {{ match: {{ exe: "{exe}", args: ["-role", "beta"] }} }}
metrics:
  work_total: {{ type: counter, help: Calls., labels: [service] }}
probes:
  - name: work
    service: [alpha, beta]
    function: main.(*worker).work
    record: [work_total]
"""

WORK = series("work_total", service="alpha")
FAKETIME = "/usr/lib/x86_64-linux-gnu/faketime/libfaketime.so.1"


RATIO = """\
services:
  alpha: {{ match: {{ exe: "{exe}", args: ["-role", "alpha"] }} }}
  beta: {{ match: {{ exe: "{exe}", args: ["-role", "beta"] }} }}
metrics:
  lookups_total: {{ type: counter, help: Lookups., labels: [kind, result], max_series: 5000 }}
  hit_rate: {{ type: ratio, help: Those that hit., of: lookups_total, label: result, hit: hit, miss: miss, window: 1h }}
probes:
  - {{ name: hit, service: alpha, function: main.(*worker).work, signature: "func(kind string, number int) error",
      labels: {{ kind: kind, result: {{ const: hit }} }}, record: [lookups_total] }}
  - {{ name: miss, service: beta, function: main.(*worker).work, signature: "func(kind string, number int) error",
      labels: {{ kind: kind, result: {{ const: miss }} }}, record: [lookups_total] }}
"""


def many_probes(exe, count):
    """A config of so many probes, each with a metric of its own, of one function."""
    metrics = "".join(f"  work{i}_total: {{ type: counter, help: Calls. }}\n" for i in range(count))
    probes = "".join(f"  - {{ name: work{i}, service: alpha, function: main.(*worker).work, record: [work{i}_total] }}\n"
                     for i in range(count))
    return (f'services:\n  alpha: {{ match: {{ exe: "{exe}", args: ["-role", "alpha"] }} }}\n'
            f"metrics:\n{metrics}probes:\n{probes}")


def listening_port(pid):
    """The TCP port on which a process listens; its log need not be readable."""
    sockets = set()
    for fd in pathlib.Path(f"/proc/{pid}/fd").iterdir():
        with contextlib.suppress(OSError):
            sockets.update(re.findall(r"socket:\[(\d+)\]", os.readlink(fd)))
    for line in pathlib.Path(f"/proc/{pid}/net/tcp").read_text().splitlines()[1:]:
        fields = line.split()
        if fields[3] == "0A" and fields[9] in sockets:
            return int(fields[1].split(":")[1], 16)
    return None


class Faults(TestCase):
    def setUp(self):
        super().setUp()
        self.exe = gofixture.build("restarts")
        self.calls = 0

    def service(self, role="alpha", exe=None):
        return gofixture.Driven(self, exe or self.exe, "-role", role, "-serve")

    def make_calls(self, service, calls):
        service.ask(str(calls), f"done {calls}")
        self.calls += calls

    def config(self):
        return self.write("probes.yaml", CONFIG.format(exe=self.exe))

    def test_disk_full_for_the_log(self):
        programs = [shutil.copy(self.exe, self.dir / name) for name in ("first", "second")]
        disk = self.dir / "disk"
        disk.mkdir()
        run("mount", "-t", "tmpfs", "-o", "size=4k", "tmpfs", disk)
        self.addCleanup(run, "umount", "-l", disk)
        (disk / "filler").write_bytes(b"x" * 4096)
        service = self.service(exe=programs[0])
        with open(disk / "log", "ab") as log:
            process = subprocess.Popen([BINARY, "run", "--config",
                                        self.write("probes.yaml", CONFIG.format(exe=self.dir / "*")),
                                        "--web.listen-address", "127.0.0.1:0", *NO_PINS],
                                       stdin=subprocess.DEVNULL, stderr=log)
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        port = wait_until(lambda: listening_port(process.pid), "the exporter's port")

        def page(path):
            with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=60) as answer:
                return answer.read().decode()

        def is_ready():
            with contextlib.suppress(urllib.error.HTTPError):
                return page("/-/ready") == "ready\n"

        wait_until(is_ready, "attaching")
        self.make_calls(service, 1000)
        samples = parse(page("/metrics"))
        self.assertEqual(samples[WORK], 1000)
        # kernel, listening, attached, ready
        self.assertEqual(samples[series("uprobe_exporter_log_lines_lost_total")], 4)
        self.assertEqual((disk / "log").read_bytes(), b"")

        # Once there is room, the log goes on.
        (disk / "filler").unlink()
        self.service(exe=programs[1])
        wait_until(lambda: b"msg=attached" in (disk / "log").read_bytes(), "a line in the log")
        self.assertEqual(parse(page("/metrics"))[series("uprobe_exporter_log_lines_lost_total")], 4)

    def check_partly_attached(self, exporter, service, total, reason):
        """Of the probes some are attached and count every call; the others say why they are not."""
        self.make_calls(service, 1000)
        samples = exporter.samples()
        attached = by_label(samples, "uprobe_exporter_probe_attached", "probe")
        self.assertEqual(len(attached), total)
        working = {name for name, value in attached.items() if value == 1}
        self.assertTrue(0 < len(working) < total, f"{len(working)} of {total} are attached\n{exporter.process.tail()}")
        skipped = {dict(labels)["probe"]: dict(labels)["reason"]
                   for labels in family(samples, "uprobe_exporter_probe_skipped")}
        self.assertEqual(set(skipped), set(attached) - working)
        for text in skipped.values():
            self.assertRegex(text, reason)
        counted = {name for name in attached if samples.get(series(f"{name}_total"), 0) == 1000}
        self.assertEqual(counted, working)

    def test_too_few_descriptors(self):
        total = 40
        service = self.service()
        program = self.write("limited.sh", f'#!/bin/sh\nulimit -n 160\nexec {BINARY} "$@"\n')
        program.chmod(0o755)
        process = self.start("exporter", [program, "run", "--config", self.write("probes.yaml", many_probes(self.exe, total)),
                                          "--web.listen-address", "127.0.0.1:0", *NO_PINS])
        exporter = Exporter(process).wait_ready()
        self.check_partly_attached(exporter, service, total, "Too many open files")

    def test_stopped_for_half_a_minute(self):
        service = self.service()
        self.service("beta")
        exporter = start_exporter(self, self.config(), "--strict")
        exporter.process.process.send_signal(signal.SIGSTOP)
        end = time.monotonic() + 30
        short_lived = 0
        while time.monotonic() < end:
            self.make_calls(service, 20_000)
            # Each has its own series until the exporter can fold them: more than max_series would share the overflow's.
            if short_lived < 500 * 30:
                run(self.exe, "-role", "beta", "-calls", "30")
                short_lived += 30
        with self.assertRaises(TimeoutError):
            urllib.request.urlopen(exporter.url + "/metrics", timeout=2)
        exporter.process.process.send_signal(signal.SIGCONT)
        samples = exporter.wait_for(lambda samples: samples.get(series("work_total", service="beta")) == short_lived,
                                    "calls of processes that came and went")
        self.assertEqual(samples[WORK], self.calls)
        self.assertGreater(self.calls, 1_000_000)

    def test_scrapes_that_come_together_count_a_lookup_once(self):
        # Many series: a page takes a while.
        hits, misses = (gofixture.Driven(self, self.exe, "-role", role, "-kinds", "2000", "-serve") for role in ("alpha", "beta"))
        exporter = start_exporter(self, self.write("probes.yaml", RATIO.format(exe=self.exe)), "--strict")
        hits.ask("100000", "done 100000")
        exporter.samples()
        with concurrent.futures.ThreadPoolExecutor(8) as scrapers:
            for _ in range(20):
                misses.send("5000")
                for scrape in [scrapers.submit(exporter.page) for _ in range(16)]:
                    scrape.result()
                misses.expect("done 5000")
        samples = exporter.samples()
        counted = family(samples, "lookups_total")
        for result in ("hit", "miss"):
            self.assertEqual(sum(count for labels, count in counted.items() if dict(labels)["result"] == result), 100_000)
        self.assertEqual(samples[series("hit_rate")], 0.5)

    def test_clock_jumps(self):
        offset = self.write("offset", "+0")
        environment = {**os.environ, "LD_PRELOAD": FAKETIME, "FAKETIME_TIMESTAMP_FILE": str(offset), "FAKETIME_NO_CACHE": "1",
                       "FAKETIME_DONT_FAKE_MONOTONIC": "1", "FAKETIME_DONT_RESET": "1"}
        service = self.service()
        self.service("beta")
        exporter = start_exporter(self, self.config(), "--strict", env=environment)
        for jump in ("+0", "+40d", "-40d", "+0"):
            offset.write_text(jump)
            self.make_calls(service, 1000)
            self.assertEqual(exporter.samples()[WORK], self.calls)
            run(self.exe, "-role", "beta", "-calls", "10")
        exporter.wait_for(lambda samples: samples.get(series("work_total", service="beta")) == 40, "short-lived processes")

    def test_fork_without_exec(self):
        exe = gofixture.build("forks")
        program = gofixture.Driven(self, exe)
        config = self.write("probes.yaml", 'services: { forks: { match: { exe: "' + str(exe) + '" } } }\n'
                            "metrics: { work_total: { type: counter, help: Calls., labels: [service] } }\n"
                            "probes: [{ service: forks, function: main.work, record: [work_total] }]\n")
        exporter = start_exporter(self, config, "--strict")
        here, there = 0, 0
        for _ in range(50):
            program.ask("20 300", "done")
            here, there = here + 20, there + 300
        exporter.wait_for(lambda samples: samples.get(series("work_total", service="forks")) == here + there,
                          f"{here} calls and {there} of children")

    def test_pids_are_used_again(self):
        times, calls = 100, 25
        done = run("unshare", "--pid", "--mount-proc", "--fork", "--kill-child",
                   SOURCE / "tests" / "e2e" / "reuse_pids.sh", BINARY, self.config(), self.exe, times, calls)
        counted = by_label(parse(done.stdout), "work_total", "service")
        self.assertEqual(counted, {"alpha": times // 2 * calls, "beta": times // 2 * calls})


if __name__ == "__main__":
    unittest.main()
