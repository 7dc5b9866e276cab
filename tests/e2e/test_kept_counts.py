"""Counts outlive the exporter, its configuration and its version: nothing is counted twice, and what is missing is
said to be."""

import itertools
import json
import shutil
import signal
import threading
import time
import unittest

import exposition
import gofixture
from exporter import start_exporter
from support import BINARY, TestCase, kept_pins, required, run, wait_until

CONFIG = """\
services:
  alpha: {{ match: {{ exe: "{exe}", args: ["-role", "alpha"] }} }}
metrics:
  work_total: {{ type: counter, help: Calls., labels: [kind] }}
  work_duration_ms: {{ type: histogram, help: Durations., unit: ms, labels: [], buckets: [60000] }}
  {more_metrics}
probes:
  - name: work
    service: alpha
    function: main.(*worker).work
    signature: func(kind string, number int) error
    labels:
      kind: kind
    record: [work_total]
  - name: durations
    service: alpha
    function: main.(*worker).work
    record: [work_duration_ms]
  {more_probes}
"""

MORE_METRICS = "more_total: { type: counter, help: Calls., labels: [status] }"
MORE_PROBES = """\
- name: more
    service: alpha
    function: main.(*worker).work
    signature: func(kind string, number int) error
    labels: { status: { error: "ret0 != nil", else: ok } }
    record: [more_total]
"""


class Load:
    """A service that works without a pause, and how much it has done."""

    CALLS = 1000

    def __init__(self, test, exe):
        self.process = gofixture.Driven(test, exe, "-role", "alpha", "-kinds", "3", "-serve")
        self.calls = 0
        self.going = True
        self.thread = threading.Thread(target=self._drive, daemon=True)

    def start(self):
        self.thread.start()
        return self

    def _drive(self):
        while self.going:
            self.process.ask(str(self.CALLS), f"done {self.CALLS}")
            self.calls += self.CALLS

    def stop(self):
        self.going = False
        self.thread.join()
        return self.calls


class KeptCounts(TestCase):
    def setUp(self):
        super().setUp()
        self.exe = gofixture.build("restarts")
        self.pins = kept_pins(self)
        self.configure()
        self.exporters = itertools.count(1)

    def configure(self, more=False):
        text = CONFIG.format(exe=self.exe, more_metrics=MORE_METRICS if more else "", more_probes=MORE_PROBES if more else "")
        # Replaced at once, as editors and Kubernetes do.
        fresh = self.write("probes.new", text)
        self.config = self.dir / "probes.yaml"
        fresh.rename(self.config)

    def start_exporter(self, ready=True):
        return start_exporter(self, self.config, "--bpf.pin-path", self.pins, "--web.enable-lifecycle",
                              name=f"exporter{next(self.exporters)}", ready=ready)

    @staticmethod
    def counted(samples, metric="work_total"):
        return int(sum(exposition.family(samples, metric).values()))

    def check(self, exporter, calls):
        samples = exporter.samples()
        self.assertEqual(self.counted(samples), calls)
        self.assertEqual(self.counted(samples, "work_duration_ms_count"), calls)
        self.assertEqual(exposition.losses(samples), {})
        return samples

    def test_a_stopped_exporter_leaves_its_counts(self):
        load = Load(self, self.exe)
        exporter = self.start_exporter()
        load.process.ask("1000", "done 1000")
        exporter.stop()
        exporter = self.start_exporter(ready=False)
        # Not 0 while probes are being attached: that would be an alert.
        self.assertEqual(exporter.samples()[exposition.series("uprobe_exporter_service_processes", service="alpha")], 1)
        exporter.wait_ready()
        load.process.ask("500", "done 500")
        self.check(exporter, 1500)

    def test_a_process_that_ended_leaves_nothing_but_its_counts(self):
        """None of its labels was its own, so nothing has to be kept of it."""
        load = Load(self, self.exe)
        exporter = self.start_exporter()
        load.process.ask("1000", "done 1000")
        load.process.stop()
        records = next(self.pins.rglob("process_records"))
        wait_until(lambda: json.loads(run(required("bpftool"), "--json", "map", "dump", "pinned", records).stdout) == [],
                   "the end of its record", [exporter.process])
        self.check(exporter, 1000)

    def test_counts_of_a_service_that_ended_meanwhile(self):
        load = Load(self, self.exe)
        exporter = self.start_exporter()
        load.process.ask("1000", "done 1000")
        exporter.stop()
        load.process.stop()
        exporter = self.start_exporter()
        self.check(exporter, 1000)
        again = Load(self, self.exe)
        exporter.wait_attached("alpha")
        again.process.ask("10", "done 10")
        self.check(exporter, 1010)
        exporter.stop()
        self.check(self.start_exporter(), 1010)

    def units(self):
        """What is kept of binaries."""
        return sorted(path.name for path in (self.pins / "v4").glob("unit_*"))

    def release(self, version):
        """Another build of the service takes the place of the one that is installed."""
        fresh = self.dir / f"service.{version}"
        shutil.copy(self.exe, fresh)
        with open(fresh, "ab") as file:
            file.write(version.encode())
        fresh.rename(self.dir / "service")

    def test_releases_leave_one_unit_behind(self):
        self.release("v0")
        installed = self.dir / "service"
        self.write("probes.yaml", self.config.read_text().replace(str(self.exe), str(installed)))
        exporter = self.start_exporter()
        for version in range(1, 6):
            load = Load(self, installed)
            wait_until(lambda version=version: exporter.process.output().count("msg=attached ") == version, "attaching")
            load.process.ask("100", "done 100")
            self.check(exporter, version * 100)
            self.release(f"v{version}")
            load.process.stop()
        wait_until(lambda: self.units() == [], "the last release's counts are in the totals")
        self.check(exporter, 500)
        exporter.stop()
        self.check(self.start_exporter(), 500)

    def test_a_release_while_no_exporter_runs(self):
        self.release("v0")
        installed = self.dir / "service"
        self.write("probes.yaml", self.config.read_text().replace(str(self.exe), str(installed)))
        load = Load(self, installed)
        exporter = self.start_exporter()
        load.process.ask("100", "done 100")
        exporter.stop()
        load.process.stop()
        self.release("v1")
        load = Load(self, installed)
        exporter = self.start_exporter()
        load.process.ask("10", "done 10")
        self.check(exporter, 110)
        self.assertEqual(len(self.units()), 1)

    def test_the_same_configuration_is_loaded_again(self):
        exporter = self.start_exporter()
        load = Load(self, self.exe).start()
        exporter.wait_attached("alpha")
        exporter.wait_for(lambda samples: self.counted(samples) > 0, "calls")
        before = load.stop()
        missed = before - self.counted(exporter.samples())
        load = Load(self, self.exe).start()
        for _ in range(100):
            self.assertEqual(exporter.request("/-/reload", "POST").status, 200)
        made = before + load.stop() - missed
        self.assertEqual(self.counted(exporter.samples()), made)

    def test_probes_are_added_and_left_out_under_load(self):
        first = Load(self, self.exe)
        exporter = self.start_exporter()
        exporter.wait_attached("alpha")
        first.start()
        for more in itertools.islice(itertools.cycle([True, False]), 20):
            self.configure(more)
            self.assertEqual(exporter.request("/-/reload", "POST").status, 200)
        samples = self.check(exporter, first.stop())
        self.assertEqual(samples.get(exposition.series("more_total", status="ok")), None)
        # Of generations that are over nothing stays.
        wait_until(lambda: len(list(self.pins.glob("v*/unit_*/plan_*"))) == 1, "one generation's plan")

    def test_a_file_that_changes_is_loaded(self):
        load = Load(self, self.exe)
        exporter = self.start_exporter()
        load.process.ask("10", "done 10")
        self.configure(more=True)
        exporter.wait_log("configuration loaded again")
        load.process.ask("10", "done 10")
        samples = self.check(exporter, 20)
        self.assertEqual(self.counted(samples, "more_total"), 10)

    def test_a_wrong_file_changes_nothing(self):
        load = Load(self, self.exe)
        exporter = self.start_exporter()
        load.process.ask("10", "done 10")
        self.write("probes.yaml", "services: {")
        exporter.process.process.send_signal(signal.SIGHUP)
        exporter.wait_log("the configuration is wrong")
        answer = exporter.request("/-/reload", "POST")
        self.assertEqual(answer.status, 500)
        self.assertIn(b"probes.yaml:1:", answer.body)
        load.process.ask("10", "done 10")
        samples = self.check(exporter, 20)
        self.assertEqual(samples[exposition.series("uprobe_exporter_config_last_reload_successful")], 0)
        self.configure()
        exporter.wait_for(lambda found: found[exposition.series("uprobe_exporter_config_last_reload_successful")] == 1, "the repaired file")

    def test_another_exporter_takes_over_under_load(self):
        load = Load(self, self.exe)
        exporter = self.start_exporter()
        load.start()
        for _ in range(5):
            following = self.start_exporter()
            exporter.wait_log("another exporter takes over")
            exporter.wait_log("detached: another exporter has taken over")
            last = self.counted(exporter.samples())
            exporter.stop()
            self.assertGreaterEqual(self.counted(following.samples()), last)
            exporter = following
        samples = self.check(exporter, load.stop())
        self.assertEqual(samples[exposition.series("uprobe_exporter_blind_seconds_total")], 0)

    def test_an_exporter_that_is_killed_misses_no_more_than_it_says(self):
        load = Load(self, self.exe)
        exporter = self.start_exporter()
        load.start()
        for _ in range(10):
            wait_until(lambda before=self.counted(exporter.samples()): self.counted(exporter.samples()) > before, "calls")
            seen = self.counted(exporter.samples())
            exporter.process.kill()
            exporter = self.start_exporter()
            self.assertGreaterEqual(self.counted(exporter.samples()), seen)
        calls = load.stop()
        samples = exporter.samples()
        blind = samples[exposition.series("uprobe_exporter_blind_seconds_total")]
        self.assertGreater(blind, 0)
        self.assertLessEqual(self.counted(samples), calls)
        self.assertEqual(set(exposition.losses(samples)) - {"no_entry", "unwound"}, set())

    @staticmethod
    def blind(exporter):
        return exporter.samples()[exposition.series("uprobe_exporter_blind_seconds_total")]

    def test_nobody_is_blind_while_nothing_runs(self):
        exporter = self.start_exporter()
        Load(self, self.exe).process.stop()
        exporter.stop()
        gone = time.monotonic()
        wait_until(lambda: time.monotonic() - gone > 2, "some time without exporter and service")
        started = time.monotonic()
        load = Load(self, self.exe)
        exporter = self.start_exporter()
        self.assertLess(self.blind(exporter), time.monotonic() - started + 0.1)  # /proc tells starts to 10 ms
        self.assertGreater(self.blind(exporter), 0)
        load.process.ask("10", "done 10")
        self.check(exporter, 10)

    def test_a_program_that_was_never_seen_is_unwatched_until_its_probes_are_there(self):
        self.release("v0")
        installed = self.dir / "service"
        self.write("probes.yaml", self.config.read_text().replace(str(self.exe), str(installed)))
        exporter = self.start_exporter()
        self.assertEqual(self.blind(exporter), 0)
        for number in range(1, 4):
            started = time.monotonic()
            before = self.blind(exporter)
            load = Load(self, installed)
            wait_until(lambda number=number: exporter.process.output().count("msg=attached ") == number, "attaching")
            blind = self.blind(exporter) - before
            self.assertGreater(blind, 0)
            self.assertLess(blind, time.monotonic() - started + 0.1)
            # A second process of the file is counted from its first call on.
            second = Load(self, installed)
            second.process.ask("10", "done 10")
            self.assertEqual(self.blind(exporter) - before, blind)
            self.check(exporter, number * 10)
            load.process.stop()
            second.process.stop()
            self.release(f"v{number}")

    def test_unload_removes_everything(self):
        load = Load(self, self.exe)
        exporter = self.start_exporter()
        load.process.ask("10", "done 10")
        refused = run(BINARY, "unload", "--bpf.pin-path", self.pins, check=False)
        self.assertEqual(refused.returncode, 1)
        self.assertIn("an exporter is at work", refused.stderr)
        exporter.stop()
        self.assertTrue(self.pins.exists())
        run(BINARY, "unload", "--bpf.pin-path", self.pins)
        self.assertFalse(self.pins.exists())
        self.assertEqual(self.counted(self.start_exporter().samples()), 0)

    def test_pins_of_another_version_are_announced(self):
        Load(self, self.exe)
        (self.pins / "v0" / "shared").mkdir(parents=True)
        exporter = self.start_exporter()
        self.assertEqual(exporter.samples()[exposition.series("uprobe_exporter_counters_reset_total")], 1)
        self.assertFalse((self.pins / "v0").exists())


if __name__ == "__main__":
    unittest.main(verbosity=2)
