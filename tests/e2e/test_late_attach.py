"""Calls that began before the exporter: counted within one scrape of each start, gone when they end. Programs that are
built by several versions of Go; then the stand-in for Resonance."""

import json
import pathlib
import re
import threading
import unittest

import exposition
import gofixture
import resonance
from exporter import start_exporter
from support import TestCase, required, run, wait_until

PROBES = """\
services:
  it: { match: { exe: "@EXE@" } }
metrics:
  serving: { type: gauge, help: Calls that block. }
  serve_duration_ms: { type: histogram, help: Their durations., unit: ms, buckets: [60000] }
  reading: { type: gauge, help: Calls in a system call. }
  nesting: { type: gauge, help: Calls that call themselves. }
  nesting_outermost: { type: gauge, help: The first of each. }
  talking: { type: gauge, help: Calls with other probed calls inside. }
  spinning: { type: gauge, help: Calls that need the CPU all the time. }
  tagging: { type: gauge, help: Calls with an argument as label., labels: [name] }
  step_duration_ms: { type: histogram, help: Durations of the calls inside., unit: ms, buckets: [60000] }
probes:
  - { name: serve, service: it, function: main.(*conn).serve, record: [{ metric: serving, in_flight: true }, serve_duration_ms] }
  - { name: read, service: it, function: main.(*conn).read, record: [{ metric: reading, in_flight: true }] }
  - { name: nested, service: it, function: main.(*conn).nested, record: [{ metric: nesting, in_flight: true }] }
  - name: nested outermost
    service: it
    function: main.(*conn).nested
    outermost: true
    record: [{ metric: nesting_outermost, in_flight: true }]
  - { name: talk, service: it, function: main.(*conn).talk, record: [{ metric: talking, in_flight: true }] }
  - { name: spin, service: it, function: main.(*conn).spin, record: [{ metric: spinning, in_flight: true }] }
  - { name: step, service: it, function: main.(*conn).step, record: [step_duration_ms] }
  - name: tagged
    service: it
    function: main.(*conn).tagged
    signature: func(name string) int64
    labels: { name: { value: name } }
    record: [{ metric: tagging, in_flight: true }]
"""

FLAVOURS = {
    "stripped": ("-ldflags=-s -w",),
    "pie": ("-buildmode=pie", "-ldflags=-s -w"),
    "race": ("-race",),
    "unoptimized": ("-gcflags=all=-N -l",),
}

GAUGES = ("serving", "reading", "nesting", "nesting_outermost", "talking")


class Records:
    """The map of goroutines of a running exporter, with one binary attached."""

    def __init__(self, pid):
        ids = set()
        for info in pathlib.Path(f"/proc/{pid}/fdinfo").iterdir():
            try:
                ids.update(re.findall(r"^map_id:\s+(\d+)$", info.read_text(), re.MULTILINE))
            except FileNotFoundError:
                pass  # a descriptor that was closed meanwhile
        maps = [json.loads(self.bpftool("map", "show", "id", number)) for number in ids]
        (self.id,) = [entry["id"] for entry in maps if entry["name"] == "goroutines"]

    @staticmethod
    def bpftool(*arguments):
        return run(required("bpftool"), "-j", *arguments).stdout

    def entries(self):
        """(key, value) as lists of bytes."""
        return [([int(byte, 16) for byte in entry["key"]], [int(byte, 16) for byte in entry["value"]])
                for entry in json.loads(self.bpftool("map", "dump", "id", self.id))]

    def goroutines(self):
        return {int.from_bytes(key[8:16], "little") for key, _ in self.entries()}

    def copy_first_to(self, goroutine):
        key, value = self.entries()[0]
        key[8:16] = goroutine.to_bytes(8, "little")
        self.bpftool("map", "update", "id", self.id, "key", *key, "value", *value)


class Pages(threading.Thread):
    """One page after another: which values of a series they have, None where it is missing."""

    def __init__(self, exporter, series):
        super().__init__(daemon=True)
        self.exporter, self.series = exporter, series
        self.values, self.going = set(), True
        self.start()

    def run(self):
        while self.going:
            self.values.add(self.exporter.samples().get(self.series))

    def stop(self):
        self.going = False
        self.join()
        return self.values


class LateAttach(TestCase):
    def program(self, version="", flavour="stripped"):
        exe = gofixture.build("late", FLAVOURS[flavour], toolchain=f"go{version}" if version else "",
                              cgo="1" if flavour == "race" else "0", variant=f"late-{version}-{flavour}")
        self.config = self.write("probes.yaml", PROBES.replace("@EXE@", str(exe)))
        return gofixture.Driven(self, exe)

    def exporter(self, name):
        return start_exporter(self, self.config, "--strict", "--log.level", "debug", name=name)

    def check(self, exporter, **wanted):
        """One scrape: exactly these, all others 0."""
        samples = exporter.samples()
        found = {gauge: samples.get(exposition.series(gauge)) for gauge in GAUGES}
        self.assertEqual(found, {**dict.fromkeys(GAUGES, 0.0), **wanted}, exporter.process.tail())
        return samples

    def test_no_page_lacks_calls_while_probes_change(self):
        """The gauge is right, or it is not there while calls that began before its probe are being looked for."""
        program = self.program()
        program.ask("open 300", "open 300")
        text = self.config.read_text()
        configs = [text,
                   text.replace("serve_duration_ms] }", "serve_duration_ms, served_total] }")
                   .replace("metrics:\n", "metrics:\n  served_total: { type: counter, help: Calls. }\n"),
                   "".join(line for line in text.splitlines(True) if not re.search("name: serve,|serving:|serve_duration_ms:", line)),
                   # Another probe changes.
                   text.replace("record: [step_duration_ms] }", "record: [step_duration_ms, stepped_total] }")
                   .replace("metrics:\n", "metrics:\n  stepped_total: { type: counter, help: Calls. }\n")]
        exporter = start_exporter(self, self.config, "--web.enable-lifecycle", ready=False)
        pages = Pages(exporter, exposition.series("serving"))
        exporter.wait_ready()
        for number in (1, 3, 0, 2, 0, 3, 2, 3, 1, 0):
            config = configs[number]
            self.config.write_text(config)
            self.assertEqual(exporter.request("/-/reload", "POST").status, 200)
            if "serving:" in config:
                self.assertEqual(exporter.samples()[exposition.series("serving")], 300)
        self.assertLessEqual(pages.stop(), {None, 300.0})

    def hold_and_release(self, program):
        """Ready, killed, ready again, stopped, ready again: right at the first scrape each time."""
        program.ask("open 2500", "open 2500")
        program.ask("pipes 20", "pipes 20")
        program.ask("nest 30 7", "nest 30")
        running = {"serving": 2500, "reading": 20, "nesting": 210, "nesting_outermost": 30}
        first = self.exporter("first")
        self.check(first, **running)
        first.process.kill()
        second = self.exporter("second")
        self.check(second, **running)
        program.ask("open 100", "open 100")
        self.check(second, **{**running, "serving": 2600})
        self.assertEqual(second.stop()[0], 0)
        third = self.exporter("third")
        self.check(third, **{**running, "serving": 2600})
        program.ask("closepipes", "closepipes 0")
        program.ask("unnest", "unnest 0")
        self.check(third, serving=2600)
        program.ask("quit 50", "quit 50")
        program.ask("close 2550", "close 2550")
        samples = self.check(third)
        # When they began is not known: no durations, and none that are made up.
        self.assertEqual(samples.get(exposition.series("serve_duration_ms_count"), 0), 0)
        program.ask("open 5", "open 5")
        program.ask("close 5", "close 5")
        samples = self.check(third)
        self.assertEqual(samples[exposition.series("serve_duration_ms_count")], 5)
        self.assertEqual(samples[exposition.series("uprobe_exporter_in_flight_entries")], 0)
        program.stop()

    def test_go_1_26(self):
        self.hold_and_release(self.program())

    def test_go_1_26_position_independent(self):
        self.hold_and_release(self.program(flavour="pie"))

    def test_go_1_26_race(self):
        self.hold_and_release(self.program(flavour="race"))

    def test_go_1_26_unoptimized(self):
        self.hold_and_release(self.program(flavour="unoptimized"))

    def test_go_1_25_4(self):
        self.hold_and_release(self.program("1.25.4"))

    def test_go_1_20_14(self):
        self.hold_and_release(self.program("1.20.14"))

    def test_go_1_27_4(self):
        self.hold_and_release(self.program("1.27.4"))

    def test_calls_with_calls_inside(self):
        """Their goroutines have records already when the exporter looks: of the calls inside."""
        program = self.program()
        program.ask("talk 200", "talk 200")
        exporter = self.exporter("exporter")
        for _ in range(20):
            self.check(exporter, talking=200)
        program.ask("hush", "hush 0")
        # What has no record is known as of the last look.
        exporter.wait_for(lambda samples: samples.get(exposition.series("talking")) == 0, "a look at what has ended")
        self.check(exporter)
        program.stop()

    def test_a_sweep_ends_calls_that_are_on_no_stack(self):
        program = self.program()
        exporter = self.exporter("exporter")
        program.ask("open 3", "open 3")
        self.check(exporter, serving=3)
        # As if two calls had ended without a return that anybody saw: of a goroutine that is gone, and of one that lives
        # (the main goroutine, 1).
        records = Records(exporter.process.pid)
        for goroutine in (0x7fffffff, 1):
            records.copy_first_to(goroutine)
        self.check(exporter, serving=5)
        samples = exporter.wait_for(lambda samples: samples[exposition.series("serving")] == 3, "the next sweep")
        self.assertEqual(samples[exposition.series("uprobe_exporter_losses_total", probe="serve", reason="unwound")], 2)
        self.assertNotIn(0x7fffffff, records.goroutines())
        program.ask("close 3", "close 3")
        self.check(exporter)
        program.stop()

    def test_unknown_baseline(self):
        program = self.program()
        unknown = exposition.series("uprobe_exporter_unknown_baseline", metric="tagging")
        before = self.exporter("before")
        self.assertNotIn(unknown, before.samples())
        program.ask("tagged 3", "tagged 3")
        samples = before.samples()
        self.assertEqual(samples[exposition.series("tagging", name="a name")], 3)
        self.assertNotIn(unknown, samples)
        before.stop()
        after = self.exporter("after")
        samples = after.samples()
        self.assertNotIn(exposition.series("tagging", name="a name"), samples)
        self.assertEqual(samples[unknown], 1)
        program.ask("untag", "untag 0")
        program.stop()

    def test_calls_that_cannot_be_seen_are_said_to_be(self):
        """The stack of a goroutine that runs all the time is not to be read: until it is, nobody knows."""
        program = self.program()
        program.ask("spin 1", "spin 1")
        exporter = self.exporter("exporter")
        spinning = exposition.series("spinning")
        unknown = exposition.series("uprobe_exporter_unknown_baseline", metric="spinning")
        for _ in range(20):
            samples = exporter.samples()
            self.assertIn((samples[spinning], samples.get(unknown, 0)), [(0, 1), (1, 0), (1, 1)])
        program.ask("calm", "calm 0")
        exporter.wait_for(lambda samples: samples[spinning] == 1 and unknown not in samples, "the call")
        self.assertNotIn(unknown, exporter.samples())
        program.ask("stand", "stand 0")
        samples = exporter.samples()
        self.assertEqual((samples[spinning], samples.get(unknown)), (0, None))
        program.stop()

    def test_ten_thousand_goroutines(self):
        program = self.program()
        program.ask("open 10000", "open 10000")
        exporter = self.exporter("exporter")
        self.check(exporter, serving=10000)
        line = re.search(r'msg="calls that were running".*', exporter.process.output())[0]
        print(line)
        # Not a measurement: this machine has other work.
        self.assertLess(float(re.search(r"seconds=(\S+)", line)[1]), 10)
        program.ask("close 10000", "close 10000")
        self.check(exporter)
        program.stop()


class LateOnResonance(TestCase):
    """Clients are connected before the exporter comes, and the services are busy."""

    USERS = 2000

    def test_two_thousand_connections(self):
        resonance.build()
        config = resonance.write_config(self.dir / "probes.yaml")
        stage = resonance.Stage(self).wait()
        load = resonance.Load(self, stage, since="attached", users=self.USERS)
        wait_until(lambda: f"busy connections={self.USERS}\n" in load.process.output(), "connecting", [load.process], 600)
        exporter = self.attach(config, "first")
        self.check_open(exporter)
        self.assertEqual(exporter.stop()[0], 0)
        exporter = self.attach(config, "restarted")
        self.check_open(exporter)
        exporter.process.kill()
        exporter = self.attach(config, "after kill -9")
        self.check_open(exporter)

        load.go_on("busy")
        for checkpoint in ("attached", "hold", "drained"):
            wanted = self.connections(load.reach(checkpoint))
            self.assertEqual(self.counted(exporter.samples()), wanted, exporter.process.tail())
            load.go_on(checkpoint)
        self.assertEqual(set(wanted.values()), {0})
        load.finish()
        self.assertEqual(stage.running(), stage.pids, "services were restarted: pid -> start time")

    def attach(self, config, name):
        return start_exporter(self, config, "--strict", name=name)

    def check_open(self, exporter):
        """Right on the first page that has both gateways: their ids are learnt from a ticker that fires ten times a second."""
        samples = exporter.wait_for(lambda samples: len(exposition.family(samples, "connection_count")) == 2, "gateway_id")
        half = self.USERS // 2
        self.assertEqual(self.open(samples), [half, half], exporter.process.tail())

    def open(self, samples):
        return list(exposition.family(samples, "connection_count").values())

    def connections(self, truth):
        return {(row["metric"], frozenset(row["labels"].items())): row["true"] for row in truth
                if row["metric"] in ("connection_count", "connection_active")}

    def counted(self, samples):
        return {key: number for key, number in samples.items() if key[0] in ("connection_count", "connection_active")}


if __name__ == "__main__":
    unittest.main(verbosity=2)
